//! What a consensus comes to: its numbers on gold, and its table.

use karat_core::{Result, Shape};
use karat_format::ColumnKind;
use karat_stats::{
    Class, IntervalOptions, Level, Majority, NoLabel, Outcome, Pair, Span, majority, mean_of_shares,
    score_spans, wilson,
};
use serde_json::{Value as Json, json};

use super::merged::Merged;
use super::{Agreed, Consensus, MemberQuality};
use crate::beside::write_beside;
use crate::compare::number;
use crate::evaluate::Number;
use crate::export::label_column;
use crate::panel::{Member, Panel, Plain, Voter, class_of};
use crate::setup::Setup;

/// How often items are drawn again for the interval of an F1.
const N_RESAMPLES: u32 = 500;

/// Counts, and compares with gold that was not seen.
pub(super) fn summary(panel: &Panel, gold: &[Option<Plain>], merged: Merged) -> Consensus {
    let Merged { method, about, items, held, posteriors, estimated, calibrated, remarks } = merged;
    let members = qualities(panel, &estimated);
    let best = members.iter().filter_map(|it| Some((it.name.clone(), it.on_gold?)));
    let best = best.max_by(|a, b| a.1.low.total_cmp(&b.1.low).then_with(|| b.0.cmp(&a.0)));
    let settled: Vec<usize> = (0..panel.n_items()).filter(|item| panel.gold[*item].is_some()).collect();
    let unseen = |item: &usize| match gold.get(*item).is_some_and(Option::is_some) {
        true => held[*item].as_ref(),
        false => Some(&items[*item]),
    };
    let (accuracy, majority) = against_gold(panel, &settled, unseen);
    Consensus {
        method,
        about,
        n_gold: settled.len() as u64,
        n_labeled: items.iter().filter(|it| it.value.is_some()).count() as u64,
        n_tied: items.iter().filter(|it| !it.tied.is_empty()).count() as u64,
        n_without: items.iter().filter(|it| it.n_votes == 0 && it.value.is_none()).count() as u64,
        items,
        held,
        posteriors,
        members,
        measure: match panel.shape {
            Shape::Spans => "exact F1",
            _ if panel.is_whole() => "likeness",
            _ => "right",
        },
        accuracy,
        majority,
        best,
        calibrated,
        remarks,
    }
}

/// What was learned of each annotator, and how it does on the gold it was asked for.
fn qualities(panel: &Panel, estimated: &[Option<f64>]) -> Vec<MemberQuality> {
    let on_gold = |member: usize| {
        let own = &panel.members[member];
        let was_asked = |item: &usize| panel.right(member, *item).is_some();
        let items: Vec<usize> = (0..panel.n_items()).filter(was_asked).collect();
        match panel.shape {
            Shape::Spans => span_f1(panel, &items, |item| own.given[item].as_ref().ok()),
            _ if panel.is_whole() => likeness(panel, &items, |item| own.given[item].as_ref().ok()),
            _ => {
                let n_right = items.iter().filter(|item| panel.right(member, **item) == Some(true)).count();
                share_of(n_right as f64, items.len())
            }
        }
    };
    let quality = |(n, member): (usize, &Member)| MemberQuality {
        name: member.name.clone(),
        voter: if member.voter == Voter::Person { "person" } else { "model" },
        n_votes: member.n_labeled(),
        estimated: estimated[n],
        on_gold: on_gold(n),
    };
    panel.members.iter().enumerate().map(quality).collect()
}

/// How good the consensus is on these items as found without their gold, and how good the majority.
fn against_gold<'a>(
    panel: &'a Panel,
    settled: &[usize],
    unseen: impl Fn(&usize) -> Option<&'a Agreed>,
) -> (Option<Number>, Option<Number>) {
    match panel.shape {
        Shape::Spans => {
            let usual: Vec<Option<Plain>> =
                (0..panel.n_items()).map(|item| majority_value(panel, item)).collect();
            let found = |item: usize| unseen(&item)?.value.clone();
            let found: Vec<Option<Plain>> = (0..panel.n_items()).map(found).collect();
            (
                span_f1(panel, settled, |item| found[item].as_ref()),
                span_f1(panel, settled, |item| usual[item].as_ref()),
            )
        }
        _ if panel.is_whole() => {
            let found = |item: usize| unseen(&item)?.value.as_ref();
            (likeness(panel, settled, found), None)
        }
        _ => {
            let credits = settled.iter().map(|item| unseen(item).map_or(0.0, |it| credit(panel, *item, it)));
            let usual = settled.iter().map(|item| majority_credit(panel, *item));
            (share_of(credits.sum(), settled.len()), share_of(usual.sum(), settled.len()))
        }
    }
}

/// A mean of values from 0 to 1, with the interval of a share.
fn share_of(sum: f64, n: usize) -> Option<Number> {
    // Ties count in part; to the nearest whole item the interval is that of a share.
    let interval = wilson(sum.round() as u64, n as u64, Level::P95)?;
    let value = sum / n as f64;
    Some(Number { value, low: interval.low.min(value), high: interval.high.max(value), n: n as u64 })
}

/// How much of an item is right: 1, 0, or its share of a tie that holds the gold.
fn credit(panel: &Panel, item: usize, agreed: &Agreed) -> f64 {
    let Some(gold) = &panel.gold[item] else { return 0.0 };
    match (&agreed.value, class_of(gold, None)) {
        (Some(value), _) => f64::from(u8::from(value == gold)),
        (None, Some(class)) if agreed.tied.contains(&Plain::Choice(class)) => 1.0 / agreed.tied.len() as f64,
        _ => 0.0,
    }
}

/// The mean likeness to the gold of these items, an item without an answer counting 0.
fn likeness<'a>(
    panel: &'a Panel,
    items: &[usize],
    found: impl Fn(usize) -> Option<&'a Plain>,
) -> Option<Number> {
    let of = |item: &usize| match (found(*item), &panel.gold[*item]) {
        (Some(value), Some(gold)) => panel.likeness(value, gold),
        _ => 0.0,
    };
    let options = IntervalOptions { level: Level::P95, n_resamples: N_RESAMPLES, seed: 0 };
    mean_of_shares(&items.iter().map(of).collect::<Vec<_>>(), &options).map(number)
}

/// The exact F1 over all spans of these items, an item without an answer missing all of its.
fn span_f1<'a>(
    panel: &'a Panel,
    items: &[usize],
    found: impl Fn(usize) -> Option<&'a Plain>,
) -> Option<Number> {
    fn all(plain: &Plain) -> &[Span] {
        match plain {
            Plain::Spans(spans) => spans,
            _ => &[],
        }
    }
    let pair = |item: &usize| Pair {
        gold: panel.gold[*item].as_ref().map(all),
        outcome: found(*item).map_or(Outcome::NoLabel(NoLabel::Abstained), |it| Outcome::Labeled(all(it))),
    };
    let pairs: Vec<Pair<&[Span]>> = items.iter().map(pair).collect();
    let options = IntervalOptions { level: Level::P95, n_resamples: N_RESAMPLES, seed: 0 };
    let score = score_spans(&pairs, panel.labels.len() as u32, &options).ok()?;
    score.exact.micro_avg.f1.map(number)
}

/// The most frequent value among the annotators of an item, each whole; `None` for a tie.
fn majority_value(panel: &Panel, item: usize) -> Option<Plain> {
    let (given, votes) = whole_votes(panel, item);
    match majority(&votes) {
        Majority::Winner(winner) => Some(given[winner.0 as usize].clone()),
        Majority::Tie(_) | Majority::NoVotes => None,
    }
}

/// How much of an item the majority has right.
fn majority_credit(panel: &Panel, item: usize) -> f64 {
    let (given, votes) = whole_votes(panel, item);
    let gold = panel.gold[item].as_ref().and_then(|gold| given.iter().position(|it| *it == gold));
    let Some(gold) = gold.map(|n| Class(n as u32)) else { return 0.0 };
    match majority(&votes) {
        Majority::Winner(winner) => f64::from(u8::from(winner == gold)),
        Majority::Tie(tied) if tied.contains(&gold) => 1.0 / tied.len() as f64,
        Majority::Tie(_) | Majority::NoVotes => 0.0,
    }
}

/// The values of an item, and for each the number of the first that is equal: whole values are the classes here.
fn whole_votes(panel: &Panel, item: usize) -> (Vec<&Plain>, Vec<Class>) {
    let given: Vec<&Plain> = panel.members.iter().filter_map(|it| it.given[item].as_ref().ok()).collect();
    let first = |value: &&Plain| given.iter().position(|it| it == value).map(|n| Class(n as u32));
    let votes = given.iter().filter_map(first).collect();
    (given, votes)
}

/// Writes every item with its consensus and what each annotator gave. Returns how many rows there are.
pub async fn write_consensus(
    panel: &Panel,
    setup: Option<&Setup>,
    consensus: &Consensus,
    to: &str,
) -> Result<u64> {
    let label = label_column(panel.shape);
    let mut added = vec![
        ("karat_label".to_owned(), label),
        ("karat_confidence".to_owned(), ColumnKind::Number),
        ("karat_confidence_source".to_owned(), ColumnKind::Text),
        ("karat_agreement".to_owned(), ColumnKind::Number),
        ("karat_n_votes".to_owned(), ColumnKind::Number),
        ("karat_outcome".to_owned(), ColumnKind::Text),
    ];
    added.extend(panel.members.iter().map(|it| (format!("karat_{}_label", it.name), label)));
    let n_columns = added.len();
    let cells = |item: Option<usize>| {
        let Some(item) = item else {
            let mut cells = vec![Json::Null; n_columns];
            cells[5] = json!("problem");
            return Some(cells);
        };
        let agreed = &consensus.items[item];
        let mut cells = vec![
            agreed.value.as_ref().map_or(Json::Null, |value| panel.to_json(value)),
            json!(agreed.confidence),
            json!(source(consensus, agreed)),
            json!(agreed.agreement),
            json!(agreed.n_votes),
            json!(outcome(panel, item, agreed)),
        ];
        let given = panel.members.iter().map(|it| it.given[item].as_ref().ok());
        cells.extend(given.map(|given| given.map_or(Json::Null, |plain| panel.to_json(plain))));
        Some(cells)
    };
    write_beside(panel, setup, to, &added, cells).await
}

fn source(consensus: &Consensus, agreed: &Agreed) -> &'static str {
    match agreed.confidence {
        _ if agreed.settled => "gold",
        Some(_) => "consensus (calibrated)",
        None if agreed.value.is_none() => "none: no label",
        None if consensus.calibrated => "none",
        None => "none: not calibrated",
    }
}

fn outcome(panel: &Panel, item: usize, agreed: &Agreed) -> String {
    match agreed {
        Agreed { value: Some(_), .. } => "labeled".to_owned(),
        Agreed { tied, .. } if !tied.is_empty() => {
            let names: Vec<String> = tied.iter().map(|it| panel.show(item, it)).collect();
            let between = if panel.is_whole() { " | " } else { ", " };
            format!("tie: {}", names.join(between))
        }
        _ => "no votes".to_owned(),
    }
}
