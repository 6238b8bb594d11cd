//! What confidences are worth: reliability before and after calibration, and the error among the surest labels.

use karat_stats::calibrate::Scored;
use karat_stats::{Estimate, Level};
use serde::Serialize;

use super::Part;
use crate::accept::AcceptReport;
use crate::calibrate::{Calibration, CalibrationOptions, CalibrationOutcome, Measured, measure};
use crate::compare::number;
use crate::consensus::Consensus;
use crate::evaluate::Number;
use crate::judged::CONSENSUS;
use crate::panel::Panel;

/// The most points of a curve.
const N_POINTS: usize = 100;

/// The confidence of an annotator or of the consensus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confidence {
    /// The annotator, or `consensus`.
    pub name: String,
    /// Where its confidences come from.
    pub source: String,
    /// Items with gold, a label and a confidence.
    pub n: u64,
    /// As it came; `None` for the consensus, which has none of its own before gold calibrates it.
    pub before: Option<Measured>,
    /// Calibrated, on items that the curve had not seen.
    pub after: Option<Measured>,
    /// How it was calibrated.
    pub method: Option<&'static str>,
    /// Why it is not calibrated.
    pub why_not: Option<String>,
}

/// The error among the surest labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Risk {
    /// Whose labels.
    pub by: String,
    /// Tested items.
    pub n_tested: u64,
    /// The error that is allowed.
    pub allowed: f64,
    /// The curve, the surest labels first.
    pub points: Vec<RiskPoint>,
    /// The labels above the threshold of the promise; `None` where there is no single threshold.
    pub accepted: Option<Region>,
}

/// A point: the labels with at least this score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskPoint {
    /// The score.
    pub threshold: f64,
    /// Their share of the tested items.
    pub coverage: f64,
    /// The wrong ones among them.
    pub error: Number,
}

/// What goes without review.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Region {
    /// From this score on.
    pub threshold: f64,
    /// Their share of the tested items.
    pub coverage: f64,
    /// The certificate, where it was kept; `None` for what could be promised now.
    pub certificate: Option<i64>,
}

/// The confidences of all that have some, the consensus first.
pub(super) fn confidence(
    panel: &Panel,
    found: Option<&Consensus>,
    curves: &[Calibration],
    options: &CalibrationOptions,
) -> Part<Vec<Confidence>> {
    if panel.n_gold() == 0 {
        return Part::Missing(
            "no item has gold, so nobody can say how often a confidence is right".to_owned(),
        );
    }
    let mut all: Vec<Confidence> = found
        .filter(|_| panel.members.len() > 1)
        .and_then(|it| of_consensus(panel, it, options))
        .into_iter()
        .collect();
    all.extend(curves.iter().filter(|it| it.source.is_some()).map(of_member));
    if all.is_empty() {
        return Part::Missing(
            "no annotator gives confidences: ask for token probabilities, several samples or a stated one"
                .to_owned(),
        );
    }
    Part::Known(all)
}

fn of_consensus(panel: &Panel, found: &Consensus, options: &CalibrationOptions) -> Option<Confidence> {
    let scored = |item: usize| {
        let (gold, held) = (panel.gold[item].as_ref()?, found.held[item].as_ref()?);
        let value = held.value.as_ref()?;
        Some(Scored::new(held.score.clamp(0.0, 1.0), panel.fits(value, gold)))
    };
    let items: Vec<Scored> = (0..panel.n_items()).filter_map(scored).collect();
    let measured = measure(&items, options)?;
    let (before, after) = if found.calibrated { (None, Some(measured)) } else { (Some(measured), None) };
    Some(Confidence {
        name: CONSENSUS.to_owned(),
        source: "from the votes".to_owned(),
        n: items.len() as u64,
        why_not: after.is_none().then(|| "too little gold to calibrate it".to_owned()),
        method: after.is_some().then_some("gold"),
        before,
        after,
    })
}

fn of_member(calibration: &Calibration) -> Confidence {
    let (curve, why_not) = match &calibration.outcome {
        CalibrationOutcome::Calibrated(curve) => (Some(curve), None),
        CalibrationOutcome::Uncalibrated(why) => (None, Some(why.clone())),
    };
    Confidence {
        name: calibration.name.clone(),
        source: calibration.source.unwrap_or_default().to_owned(),
        n: calibration.n,
        before: curve.map(|it| it.before.clone()),
        after: curve.map(|it| it.after.clone()),
        method: curve.map(|it| it.method),
        why_not,
    }
}

/// The curve over the tested items of an acceptance.
pub(super) fn risk(panel: &Panel, report: &AcceptReport, threshold: Option<(f64, Option<i64>)>) -> Risk {
    let tested = (0..panel.n_items()).filter(|item| report.tested[*item]);
    let mut scored: Vec<(f64, bool)> = tested
        .map(|item| {
            let label = report.labels[item].as_ref();
            let score = label.and(report.scores[item]).unwrap_or(f64::NEG_INFINITY);
            (score, !panel.is_right(label, item))
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let n_all = scored.len();
    let mut points = Vec::new();
    let mut n_wrong = 0;
    for (n, (score, wrong)) in scored.iter().enumerate() {
        n_wrong += u64::from(*wrong);
        // Equal scores stand or fall together.
        let ends = scored.get(n + 1).is_none_or(|next| next.0 < *score);
        if let Some(error) =
            Estimate::share(n_wrong, n as u64 + 1, Level::P95).filter(|_| ends && score.is_finite())
        {
            let coverage = (n + 1) as f64 / n_all as f64;
            points.push(RiskPoint { threshold: *score, coverage, error: number(error) });
        }
    }
    let step = points.len().div_ceil(N_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let points =
        points.into_iter().enumerate().filter(|(n, _)| n % step == 0 || *n == last).map(|(_, it)| it);
    let region = |(threshold, certificate): (f64, Option<i64>)| Region {
        threshold,
        coverage: scored.iter().filter(|it| it.0 >= threshold).count() as f64 / n_all.max(1) as f64,
        certificate,
    };
    Risk {
        by: report.by.clone(),
        n_tested: n_all as u64,
        allowed: report.error,
        points: points.collect(),
        accepted: threshold.map(region),
    }
}
