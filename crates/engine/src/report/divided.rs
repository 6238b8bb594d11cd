//! The items to read first: where the annotators are sure and wrong, and where they are most divided.

use karat_stats::NoLabel;
use serde::Serialize;

use super::Part;
use crate::consensus::Consensus;
use crate::panel::{Given, Panel, Plain};

/// How many items a report shows.
const N_SHOWN: usize = 20;
/// How much of a text a report shows, in characters.
const CLIP: usize = 400;
const SURE: &str = "sure, and not the gold";
const DIVIDED: &str = "divided";

/// An item from which one learns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Divided {
    /// The item.
    pub item: String,
    /// Its text, clipped; empty where it is not known.
    pub text: String,
    /// What else was shown, in one line.
    pub context: String,
    /// The gold, where there is some.
    pub gold: Option<String>,
    /// What the annotators say together, without having seen the gold of this item.
    pub consensus: Option<String>,
    /// Why it is here.
    pub why: &'static str,
    /// The answers with the annotators that gave them, the most frequent answer first.
    pub answers: Vec<(String, Vec<String>)>,
}

/// The most instructive items: half of them sure and wrong, half of them divided, as far as there are.
pub(super) fn divided(panel: &Panel, found: Option<&Consensus>) -> Part<Vec<Divided>> {
    let mut sure = found.map_or_else(Vec::new, |found| sure_and_wrong(panel, found));
    let mut split: Vec<(f64, usize)> = (0..panel.n_items())
        .map(|item| (division(panel, item), item))
        .filter(|(division, _)| *division > 0.0)
        .collect();
    let settled = |item: usize| panel.gold[item].is_some();
    split.sort_by(|a, b| b.0.total_cmp(&a.0).then(settled(b.1).cmp(&settled(a.1))).then(a.1.cmp(&b.1)));
    if sure.is_empty() && split.is_empty() {
        let why = match panel.members.len() {
            1 => "one annotator cannot be divided, and nothing that it is sure of differs from gold",
            _ => "all annotators agree, and nothing they agree on differs from gold",
        };
        return Part::Missing(why.to_owned());
    }
    sure.truncate(N_SHOWN.saturating_sub(split.len().min(N_SHOWN / 2)));
    let is_sure = |item: usize| sure.iter().any(|(_, it)| *it == item);
    let split: Vec<usize> = split
        .into_iter()
        .map(|(_, item)| item)
        .filter(|item| !is_sure(*item))
        .take(N_SHOWN - sure.len())
        .collect();
    let sure = sure.iter().map(|(_, item)| one(panel, found, *item, SURE));
    Part::Known(sure.chain(split.iter().map(|item| one(panel, found, *item, DIVIDED))).collect())
}

/// Items whose consensus is not the gold, the surest first; the consensus had not seen their gold.
fn sure_and_wrong(panel: &Panel, found: &Consensus) -> Vec<(f64, usize)> {
    let wrong = |item: usize| {
        let (gold, held) = (panel.gold[item].as_ref()?, found.held[item].as_ref()?);
        (!panel.fits(held.value.as_ref()?, gold)).then_some((held.score, item))
    };
    let mut items: Vec<(f64, usize)> =
        (0..panel.n_items()).filter_map(wrong).filter(|(score, _)| *score > 0.5).collect();
    items.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    items
}

/// How divided the annotators are: the entropy of their labels, in nats.
fn division(panel: &Panel, item: usize) -> f64 {
    let mut counts: Vec<(&Plain, u32)> = Vec::new();
    let mut n = 0_u32;
    for plain in panel.members.iter().filter_map(|it| it.given[item].as_ref().ok()) {
        n += 1;
        match counts.iter_mut().find(|(known, _)| *known == plain) {
            Some((_, of)) => *of += 1,
            None => counts.push((plain, 1)),
        }
    }
    if counts.len() < 2 {
        return 0.0;
    }
    let share = |of: u32| f64::from(of) / f64::from(n);
    counts.iter().map(|(_, of)| -share(*of) * share(*of).ln()).sum()
}

fn one(panel: &Panel, found: Option<&Consensus>, item: usize, why: &'static str) -> Divided {
    let seen = found.map(|it| it.held[item].as_ref().unwrap_or(&it.items[item]));
    let show = |plain: &Plain| panel.show(item, plain);
    Divided {
        item: panel.ids[item].to_string(),
        text: panel.texts.get(item).map_or_else(String::new, |text| clipped(text)),
        context: panel.contexts.get(item).map_or_else(String::new, |it| clipped(it)),
        gold: panel.gold[item].as_ref().map(show),
        consensus: seen.filter(|_| panel.members.len() > 1).and_then(|it| it.value.as_ref()).map(show),
        why,
        answers: answers(panel, item),
    }
}

fn answers(panel: &Panel, item: usize) -> Vec<(String, Vec<String>)> {
    let mut answers: Vec<(String, Vec<String>)> = Vec::new();
    for member in &panel.members {
        let Some(answer) = shown(panel, item, &member.given[item]) else { continue };
        match answers.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, names)) => names.push(member.name.clone()),
            None => answers.push((answer, vec![member.name.clone()])),
        }
    }
    answers.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    answers
}

/// An answer in words; `None` where none was asked for.
fn shown(panel: &Panel, item: usize, given: &Given) -> Option<String> {
    match given {
        Ok(plain) => Some(panel.show(item, plain)),
        Err(NoLabel::Pending) => None,
        Err(NoLabel::Abstained) => Some("(abstained)".to_owned()),
        Err(NoLabel::Unusable) => Some("(unusable)".to_owned()),
        Err(NoLabel::Failed) => Some("(failed)".to_owned()),
    }
}

/// The beginning of a text, with a sign where it is not the whole.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(CLIP) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
