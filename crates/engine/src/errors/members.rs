//! How often each annotator errs, over time and beside the others.

use karat_stats::{Estimate, IntervalOptions, Level, mean_of_shares};

use super::{MemberErrors, truth};
use crate::compare::number;
use crate::consensus::Consensus;
use crate::evaluate::Number;
use crate::panel::Panel;

/// Into how many parts the labels of an annotator are divided over time.
const N_PARTS: usize = 4;
/// With fewer labels a part says nothing.
const LEAST_PART: usize = 20;
/// How often items are drawn again for the interval of a mean distance.
const N_RESAMPLES: u32 = 500;

/// One row for each annotator, the one that errs most first.
pub(super) fn members(panel: &Panel, found: &Consensus) -> Vec<MemberErrors> {
    let mut rows: Vec<MemberErrors> =
        (0..panel.members.len()).map(|member| one(panel, found, member)).collect();
    let mut rates: Vec<f64> = rows.iter().filter_map(|it| Some(it.error?.value)).collect();
    rates.sort_by(f64::total_cmp);
    if let Some(median) = rates.get(rates.len() / 2).filter(|_| rates.len() > 2) {
        for row in &mut rows {
            row.stands_out = row.error.is_some_and(|it| it.low > *median);
        }
    }
    rows.sort_by(|a, b| {
        let rate = |it: &MemberErrors| it.error.map_or(-1.0, |it| it.value);
        rate(b).total_cmp(&rate(a)).then_with(|| a.name.cmp(&b.name))
    });
    rows
}

fn one(panel: &Panel, found: &Consensus, member: usize) -> MemberErrors {
    let own = &panel.members[member];
    let on_gold = (0..panel.n_items()).any(|item| panel.gold[item].is_some() && own.given[item].is_ok());
    let wrong = |item: usize| {
        let given = own.given[item].as_ref().ok()?;
        let right = if on_gold { panel.gold[item].as_ref() } else { truth(panel, found, item) };
        let right = right?;
        Some(if panel.is_whole() {
            panel.distance(given, right)
        } else {
            f64::from(u8::from(!panel.fits(given, right)))
        })
    };
    let mut judged: Vec<(i64, f64)> =
        (0..panel.n_items()).filter_map(|item| Some((own.at_ms[item], wrong(item)?))).collect();
    let over_time = over_time(&mut judged, panel.is_whole());
    let drifts = match (over_time.first(), over_time.last()) {
        (Some(first), Some(last)) => last.low > first.high,
        _ => false,
    };
    MemberErrors {
        name: own.name.clone(),
        against: if on_gold { "gold" } else { "consensus" },
        error: rate(&judged, panel.is_whole()),
        over_time,
        drifts,
        stands_out: false,
    }
}

fn rate(judged: &[(i64, f64)], is_whole: bool) -> Option<Number> {
    if is_whole {
        let options = IntervalOptions { level: Level::P95, n_resamples: N_RESAMPLES, seed: 0 };
        return mean_of_shares(&judged.iter().map(|it| it.1).collect::<Vec<_>>(), &options).map(number);
    }
    let n_wrong = judged.iter().filter(|(_, wrong)| *wrong > 0.0).count() as u64;
    Estimate::share(n_wrong, judged.len() as u64, Level::P95).map(number)
}

/// The error rate of equal parts in the order of time.
fn over_time(judged: &mut [(i64, f64)], is_whole: bool) -> Vec<Number> {
    let known = judged.iter().all(|(at, _)| *at > 0) && judged.iter().any(|(at, _)| *at != judged[0].0);
    let n_parts = N_PARTS.min(judged.len() / LEAST_PART);
    if !known || n_parts < 2 {
        return Vec::new();
    }
    judged.sort_by_key(|(at, _)| *at);
    let part = |n: usize| &judged[n * judged.len() / n_parts..(n + 1) * judged.len() / n_parts];
    (0..n_parts).filter_map(|n| rate(part(n), is_whole)).collect()
}
