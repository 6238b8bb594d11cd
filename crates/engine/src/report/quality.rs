//! How good the consensus and each annotator are on gold, and where the consensus errs.

use karat_stats::{IntervalOptions, Level, NoLabel};
use serde::Serialize;

use super::ReportOptions;
use crate::consensus::{Consensus, MemberQuality};
use crate::evaluate::{LabelRow, Number, labels_of};
use crate::panel::{Panel, Plain};
use crate::plain::Given;

/// The most draws for the F1 of labels: it stands beside the numbers that matter.
const N_RESAMPLES: u32 = 200;

/// How good the labels are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// How the consensus was found; empty for a single annotator.
    pub method: String,
    /// The same in a sentence.
    pub about: String,
    /// What the numbers are: `right`, for spans `exact F1`, for values that can be right in part `likeness`.
    pub measure: &'static str,
    /// The consensus, on gold that it had not seen.
    pub consensus: Option<Number>,
    /// The vote of the majority.
    pub majority: Option<Number>,
    /// The annotator that is surely the best: the highest lower end of its interval.
    pub best: Option<(String, Number)>,
    /// Each annotator, the best first.
    pub members: Vec<MemberQuality>,
    /// Precision, recall and F1 of each label of the consensus on gold that it had not seen.
    pub labels: Vec<LabelRow>,
    /// Items with a consensus.
    pub n_labeled: u64,
    /// Items on which several values share the top.
    pub n_tied: u64,
    /// Items without any vote.
    pub n_without: u64,
    /// What should be read with it.
    pub remarks: Vec<String>,
}

/// Takes the numbers of the consensus, and adds those of its labels.
pub(super) fn quality(panel: &Panel, found: &Consensus, options: &ReportOptions) -> Quality {
    let is_one = panel.members.len() == 1;
    let several = |number: Option<Number>| number.filter(|_| !is_one);
    let mut members = found.members.clone();
    let by = |it: &MemberQuality| it.on_gold.map_or(it.estimated.unwrap_or(0.0) - 2.0, |it| it.value);
    members.sort_by(|a, b| by(b).total_cmp(&by(a)).then_with(|| a.name.cmp(&b.name)));
    Quality {
        method: if is_one { String::new() } else { found.method.clone() },
        about: found.about.clone(),
        measure: found.measure,
        consensus: several(found.accuracy),
        majority: several(found.majority),
        best: found.best.clone().filter(|_| !is_one),
        members,
        labels: labels(panel, found, options),
        n_labeled: found.n_labeled,
        n_tied: found.n_tied,
        n_without: found.n_without,
        remarks: found.remarks.clone(),
    }
}

/// The labels of the consensus; of a single annotator, its own.
fn labels(panel: &Panel, found: &Consensus, options: &ReportOptions) -> Vec<LabelRow> {
    let only = (panel.members.len() == 1).then(|| &panel.members[0].given);
    let given = |item: usize| -> Given {
        match only {
            Some(given) => given[item].clone(),
            None => found.held[item].as_ref().and_then(|it| it.value.clone()).ok_or(NoLabel::Abstained),
        }
    };
    let settled: Vec<(&Plain, Given)> = (0..panel.n_items())
        .filter_map(|item| Some((panel.gold[item].as_ref()?, given(item))))
        .filter(|(_, given)| *given != Err(NoLabel::Pending))
        .collect();
    let asked: Vec<(&Plain, &Given)> = settled.iter().map(|(gold, given)| (*gold, given)).collect();
    let names: Vec<&str> = panel.labels.iter().map(String::as_str).collect();
    let intervals = IntervalOptions {
        level: Level::P95,
        n_resamples: options.n_resamples.min(N_RESAMPLES),
        seed: options.seed,
    };
    labels_of(panel.shape, &asked, &names, &intervals)
}
