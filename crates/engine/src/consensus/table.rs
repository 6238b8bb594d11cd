//! What a consensus comes to: its numbers on gold, and its table.

use karat_core::Result;
use karat_format::ColumnKind;
use karat_stats::{Estimate, Level, Majority, majority, wilson};
use serde_json::{Value as Json, json};

use super::merged::Merged;
use super::{Agreed, Consensus, MemberQuality};
use crate::beside::write_beside;
use crate::compare::number;
use crate::evaluate::Number;
use crate::panel::{Panel, Plain, Voter, class_of};
use crate::setup::Setup;

/// Counts, and compares with gold that was not seen.
pub(super) fn summary(panel: &Panel, gold: &[Option<Plain>], merged: Merged) -> Consensus {
    let Merged { method, about, items, held, posteriors, estimated, calibrated, remarks } = merged;
    let on_gold = |member: usize| {
        let rights = (0..panel.n_items()).filter_map(|item| panel.right(member, item));
        let (n_right, n) = rights.fold((0, 0), |(right, n), is| (right + u64::from(is), n + 1));
        Estimate::share(n_right, n, Level::P95).map(number)
    };
    let members: Vec<MemberQuality> = panel
        .members
        .iter()
        .enumerate()
        .map(|(n, member)| MemberQuality {
            name: member.name.clone(),
            voter: if member.voter == Voter::Person { "person" } else { "model" },
            n_votes: member.n_labeled(),
            estimated: estimated[n],
            on_gold: on_gold(n),
        })
        .collect();
    let best = members.iter().filter_map(|it| Some((it.name.clone(), it.on_gold?)));
    let best = best.max_by(|a, b| a.1.low.total_cmp(&b.1.low).then_with(|| b.0.cmp(&a.0)));
    let settled: Vec<usize> = (0..panel.n_items()).filter(|item| panel.gold[*item].is_some()).collect();
    let unseen = |item: &usize| match gold.get(*item).is_some_and(Option::is_some) {
        true => held[*item].as_ref(),
        false => Some(&items[*item]),
    };
    let credits = settled.iter().map(|item| unseen(item).map_or(0.0, |it| credit(panel, *item, it)));
    let accuracy = share_of(credits.sum(), settled.len());
    let majority = settled.iter().map(|item| majority_credit(panel, *item));
    let majority = share_of(majority.sum(), settled.len());
    Consensus {
        method,
        about,
        n_labeled: items.iter().filter(|it| it.value.is_some()).count() as u64,
        n_tied: items.iter().filter(|it| !it.tied.is_empty()).count() as u64,
        n_without: items.iter().filter(|it| it.n_votes == 0 && it.value.is_none()).count() as u64,
        items,
        held,
        posteriors,
        members,
        accuracy,
        majority,
        best,
        calibrated,
        remarks,
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
pub(crate) fn credit(panel: &Panel, item: usize, agreed: &Agreed) -> f64 {
    let Some(gold) = &panel.gold[item] else { return 0.0 };
    match (&agreed.value, class_of(gold, None)) {
        (Some(value), _) => f64::from(u8::from(value == gold)),
        (None, Some(class)) if agreed.tied.contains(&class) => 1.0 / agreed.tied.len() as f64,
        _ => 0.0,
    }
}

/// The same of the most frequent value among the annotators.
fn majority_credit(panel: &Panel, item: usize) -> f64 {
    let given: Vec<&Plain> = panel.members.iter().filter_map(|it| it.given[item].as_ref().ok()).collect();
    // Whole values are the classes here: sets and spans win where they are equal.
    let class =
        |value: &Plain| given.iter().position(|it| *it == value).map(|n| karat_stats::Class(n as u32));
    let votes: Vec<karat_stats::Class> = given.iter().filter_map(|value| class(value)).collect();
    let Some(gold) = panel.gold[item].as_ref().and_then(class) else { return 0.0 };
    match majority(&votes) {
        Majority::Winner(winner) => f64::from(u8::from(winner == gold)),
        Majority::Tie(tied) if tied.contains(&gold) => 1.0 / tied.len() as f64,
        Majority::Tie(_) | Majority::NoVotes => 0.0,
    }
}

/// Writes every item with its consensus and what each annotator gave. Returns how many rows there are.
pub async fn write_consensus(
    panel: &Panel,
    setup: Option<&Setup>,
    consensus: &Consensus,
    to: &str,
) -> Result<u64> {
    let label =
        if matches!(panel.shape, karat_core::Shape::Choice) { ColumnKind::Text } else { ColumnKind::Json };
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
            let names: Vec<String> = tied.iter().map(|it| panel.show(item, &Plain::Choice(*it))).collect();
            format!("tie: {}", names.join(", "))
        }
        _ => "no votes".to_owned(),
    }
}
