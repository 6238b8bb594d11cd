//! Which labels are suspect and why, in the order in which a person should look.

use karat_core::{Result, Shape};
use karat_format::ColumnKind;
use karat_stats::Class;
use karat_stats::noise::{Filter, Judged};
use serde_json::{Value as Json, json};

use super::{Errors, Of, Suspect};
use crate::beside::write_beside;
use crate::consensus::{Agreed, Consensus};
use crate::panel::{Panel, Plain};
use crate::setup::Setup;

const CONFIDENT: &str = "the annotators are confident of another label";
const DIFFERS: &str = "the annotators say otherwise";
const TIED: &str = "the annotators are divided evenly";
const DIVIDED: &str = "most annotators differ from the label";
const NOBODY: &str = "no annotator has a label";
const FAR: &str = "far from what the annotators say";
const APART: &str = "the annotators are far from each other";
const TWIN: &str = "a nearly equal text has another label";

/// Values that can be right in part are suspect from so many times the median distance on, and from half of the largest distance
/// on in any case.
const TIMES_MEDIAN: f64 = 2.0;
const FAR_IN_ANY_CASE: f64 = 0.5;

/// What a twin with another label adds at least to the suspicion.
const TWIN_SCORE: f64 = 0.5;

/// The label in question of each item.
pub(super) fn questioned<'a>(panel: &'a Panel, found: &'a Consensus, of: Of) -> Vec<Option<&'a Plain>> {
    let label = |item: usize| match of {
        Of::Gold => panel.gold[item].as_ref(),
        Of::Consensus => found.items[item].value.as_ref(),
        Of::Member(member) => panel.members[member].given[item].as_ref().ok(),
    };
    (0..panel.n_items()).map(label).collect()
}

/// The queue, and how many labels are estimated to be wrong.
pub(super) fn suspects(
    panel: &Panel,
    found: &Consensus,
    questioned: &[Option<&Plain>],
    filter: Filter,
    groups: &[Vec<usize>],
) -> (Vec<Suspect>, Option<u64>) {
    let mut suspects: Vec<Option<Suspect>> = vec![None; panel.n_items()];
    let n_wrong = match panel.shape {
        Shape::Choice => by_confident_learning(panel, found, questioned, filter, &mut suspects),
        _ => None,
    };
    if panel.is_whole() {
        by_distance(panel, found, questioned, &mut suspects);
    }
    for (item, label) in questioned.iter().enumerate().filter(|_| !panel.is_whole()) {
        let seen = found.held[item].as_ref().unwrap_or(&found.items[item]);
        let Some((reason, score)) = against(panel, seen, *label) else { continue };
        // Single labels that another one only shades are what the filter is for.
        if panel.shape == Shape::Choice && reason == DIFFERS {
            continue;
        }
        let suggested = seen.value.as_ref().filter(|it| Some(*it) != *label);
        add(panel, &mut suspects, item, *label, Finding { reason, score, suggested });
    }
    for group in groups {
        let labels: Vec<&Plain> = group.iter().filter_map(|item| questioned[*item]).collect();
        for item in group {
            let Some(label) = questioned[*item] else { continue };
            let n_other = labels.iter().filter(|it| !panel.equal(it, label)).count();
            if n_other > 0 {
                let score = TWIN_SCORE.max(n_other as f64 / labels.len() as f64);
                let suggested = found.items[*item].value.as_ref().filter(|it| !panel.equal(it, label));
                add(panel, &mut suspects, *item, Some(label), Finding { reason: TWIN, score, suggested });
            }
        }
    }
    let mut queue: Vec<Suspect> = suspects.into_iter().flatten().collect();
    queue.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then(b.reasons.len().cmp(&a.reasons.len())).then(a.idx.cmp(&b.idx))
    });
    (queue, n_wrong)
}

/// A reason to look.
struct Finding<'a> {
    reason: &'static str,
    score: f64,
    suggested: Option<&'a Plain>,
}

fn add(
    panel: &Panel,
    suspects: &mut [Option<Suspect>],
    item: usize,
    given: Option<&Plain>,
    finding: Finding<'_>,
) {
    let suspect = suspects[item].get_or_insert_with(|| Suspect {
        idx: item,
        item: panel.ids[item].to_string(),
        given: given.map(|it| panel.show(item, it)),
        suggested: None,
        score: 0.0,
        reasons: Vec::new(),
    });
    suspect.score = suspect.score.max(finding.score);
    suspect.reasons.push(finding.reason);
    if suspect.suggested.is_none() {
        suspect.suggested = finding.suggested.map(|it| panel.show(item, it));
    }
}

/// What speaks against a label, and how strongly.
fn against(panel: &Panel, seen: &Agreed, label: Option<&Plain>) -> Option<(&'static str, f64)> {
    if seen.n_votes == 0 {
        return (!panel.members.is_empty()).then_some((NOBODY, 1.0));
    }
    match (label, &seen.value) {
        (_, None) => Some((TIED, 0.5)),
        (Some(label), Some(value)) if label != value => Some((DIFFERS, seen.score)),
        (Some(_), Some(_)) => {
            let agreement = seen.agreement.unwrap_or(1.0);
            (agreement < 0.5).then_some((DIVIDED, 1.0 - seen.score.min(agreement.max(seen.score))))
        }
        (None, Some(_)) => None,
    }
}

/// Marks values that are far from what the annotators say without their gold; of the consensus itself, items on which the
/// annotators are far from it.
fn by_distance(
    panel: &Panel,
    found: &Consensus,
    questioned: &[Option<&Plain>],
    suspects: &mut [Option<Suspect>],
) {
    let mut distances: Vec<(usize, &Plain, &Plain, f64, &'static str)> = Vec::new();
    for (item, label) in questioned.iter().enumerate() {
        let seen = found.held[item].as_ref().unwrap_or(&found.items[item]);
        match (label, &seen.value) {
            _ if seen.n_votes == 0 => {
                let finding = Finding { reason: NOBODY, score: 1.0, suggested: None };
                add(panel, suspects, item, *label, finding);
            }
            (_, None) => {
                add(panel, suspects, item, *label, Finding { reason: TIED, score: 0.5, suggested: None });
            }
            (Some(label), Some(value)) if panel.equal(label, value) => {
                let apart = mean_distance(panel, item, value);
                distances.push((item, label, value, apart, APART));
            }
            (Some(label), Some(value)) => {
                distances.push((item, label, value, panel.distance(label, value), FAR));
            }
            (None, Some(_)) => {}
        }
    }
    let mut sorted: Vec<f64> = distances.iter().map(|it| it.3).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let least = (TIMES_MEDIAN * median).min(FAR_IN_ANY_CASE);
    for (item, label, value, score, reason) in distances {
        let is_off = reason == APART || !panel.fits(label, value);
        if is_off && score > least {
            let suggested = (reason == FAR).then_some(value);
            add(panel, suspects, item, Some(label), Finding { reason, score, suggested });
        }
    }
}

/// How far the votes of an item are from a value on average.
fn mean_distance(panel: &Panel, item: usize, value: &Plain) -> f64 {
    let given = panel.members.iter().filter_map(|it| it.given[item].as_ref().ok());
    let distances: Vec<f64> = given.map(|it| panel.distance(it, value)).collect();
    distances.iter().sum::<f64>() / distances.len().max(1) as f64
}

/// Marks what the filter finds; returns how many labels are estimated to be wrong.
fn by_confident_learning(
    panel: &Panel,
    found: &Consensus,
    questioned: &[Option<&Plain>],
    filter: Filter,
    suspects: &mut [Option<Suspect>],
) -> Option<u64> {
    let k = panel.labels.len();
    let (mut items, mut given, mut probabilities) = (Vec::new(), Vec::new(), Vec::new());
    for (item, label) in questioned.iter().enumerate() {
        if let (Some(Plain::Choice(class)), Some(posterior)) = (label, &found.posteriors[item]) {
            items.push(item);
            given.push(*class);
            probabilities.extend(posterior.iter());
        }
    }
    let judged = Judged::new(&given, &probabilities, k).ok()?;
    for (n, _) in judged.suspects(filter).iter().enumerate().filter(|(_, suspect)| **suspect) {
        let item = items[n];
        let posterior = &probabilities[n * k..(n + 1) * k];
        let top = (0..k).max_by(|a, b| posterior[*a].total_cmp(&posterior[*b])).unwrap_or(0);
        let suggested = Plain::Choice(Class(top as u32));
        let score = 1.0 - posterior[given[n].0 as usize];
        let finding = Finding { reason: CONFIDENT, score, suggested: Some(&suggested) };
        add(panel, suspects, item, questioned[item], finding);
    }
    Some(judged.joint().n_wrong())
}

/// Writes the rows of all suspects with the label in question, what the others say, why, and the rank. Returns how many
/// there are.
pub async fn write_suspects(panel: &Panel, setup: Option<&Setup>, errors: &Errors, to: &str) -> Result<u64> {
    let added = [
        ("karat_rank", ColumnKind::Number),
        ("karat_given", ColumnKind::Text),
        ("karat_suggested", ColumnKind::Text),
        ("karat_suspicion", ColumnKind::Number),
        ("karat_reasons", ColumnKind::Text),
    ]
    .map(|(name, kind)| (name.to_owned(), kind));
    let mut cells: std::collections::HashMap<usize, Vec<Json>> = std::collections::HashMap::new();
    for (rank, it) in errors.suspects.iter().enumerate() {
        let row = vec![
            json!(rank + 1),
            json!(it.given),
            json!(it.suggested),
            json!(it.score),
            json!(it.reasons.join("; ")),
        ];
        cells.insert(it.idx, row);
    }
    write_beside(panel, setup, to, &added, |item| cells.remove(&item?)).await
}
