//! From what an annotator says of its sureness to how often it is then right.
//!
//! In: a panel with gold and confidences. Out: for each annotator a [`Calibration`]: its curve, and how good its confidence
//! is before and after, measured on items that the curve had not seen. One curve for each source, never a mixture: .9 of one
//! model is not .9 of another. A calibration is kept as a decision, and exports use the last one of each annotator.

use std::collections::HashMap;

use karat_core::{Error, Hash, Result};
use karat_stats::calibrate::{
    Binning, CalibrateOptions, Calibrated, Calibrator, Quality, Rule, Scored, calibrate as fit, calibrator,
    combine, coverage_at_accuracy, expected_ece, quality, quality_intervals, reliability_diagram,
};
use karat_stats::{IntervalOptions, Level};
use karat_store::Store;
use serde::Serialize;
use serde_json::json;

use crate::compare::number;
use crate::evaluate::Number;
use crate::now_ms;
use crate::panel::{Panel, Voter};

/// Bins of a calibration error.
const N_BINS: usize = 15;
/// Bins of a reliability diagram: fewer, so that each holds enough.
const N_BARS: usize = 10;
/// Folds of the gold.
const N_FOLDS: usize = 10;
/// Draws for the error that perfect scores would show.
const N_DRAWS: u32 = 200;
/// The accuracy for which the coverage is told.
const TARGET: f64 = 0.9;
/// The kind of decision.
const KIND: &str = "calibration";

/// How to calibrate.
#[derive(Debug, Clone)]
pub struct CalibrationOptions {
    /// The calibrator by its name; by the amount of gold without it.
    pub method: Option<String>,
    /// The seed of folds and resampled intervals.
    pub seed: u64,
    /// How often items are drawn again for an interval.
    pub n_resamples: u32,
}

/// The confidence of one annotator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The annotator.
    pub name: String,
    /// Where its confidences come from.
    pub source: Option<&'static str>,
    /// Items with gold, a label and a confidence.
    pub n: u64,
    /// What came of it, or why nothing.
    #[serde(flatten)]
    pub outcome: CalibrationOutcome,
}

/// What came of a calibration.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationOutcome {
    /// A curve, with its proof.
    Calibrated(Box<Curve>),
    /// Nothing, and why.
    Uncalibrated(String),
}

/// A fitted curve, with how good the confidence is before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// The annotator's identity.
    #[serde(skip)]
    pub id: Hash,
    /// The name of the method.
    pub method: &'static str,
    /// Its numbers.
    pub parameters: Vec<f64>,
    /// The confidence as it came.
    pub before: Measured,
    /// The calibrated one, on items that the curve had not seen.
    pub after: Measured,
    /// What was tried, with its log loss on items not seen.
    pub candidates: Vec<(&'static str, f64)>,
    /// The log loss with agreement and length of the text beside the confidence, where that is better.
    pub combined: Option<Measured>,
}

/// How good a confidence is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Expected calibration error, 15 bins of equal width.
    pub ece: Number,
    /// What it would be if the scores were perfectly calibrated: it is never 0 with so few items.
    pub ece_by_chance: f64,
    /// The same in bins of equal mass.
    pub ece_equal_mass: f64,
    /// The Brier score.
    pub brier: Number,
    /// The log loss.
    pub log_loss: f64,
    /// How well it tells right from wrong labels: 0.5 is not at all.
    pub auroc: Option<Number>,
    /// The area under the risk-coverage curve.
    pub aurc: f64,
    /// The share of items that could be taken at 90 % accuracy, as seen on this gold: no guarantee.
    pub coverage_at_90: Option<f64>,
    /// The reliability diagram: mean score, share right, its interval and n of each bin.
    pub bars: Vec<(f64, Number)>,
}

/// Calibrates every annotator of a panel; people without confidences only where nobody has any.
pub fn calibrate(panel: &Panel, options: &CalibrationOptions) -> Result<Vec<Calibration>> {
    let rule = match &options.method {
        None => Rule::BySize,
        Some(name) => Rule::Only(calibrator(name).ok_or_else(|| {
            let names: Vec<&str> = karat_stats::calibrate::CALIBRATORS.iter().map(|it| it.name).collect();
            Error::invalid(format!("no calibrator is called `{name}`"))
                .hint(format!("there are `{}`", names.join("`, `")))
        })?),
    };
    // People seldom say how sure they are: that is no gap to be told of where models do.
    let is_any = panel.members.iter().any(|it| it.voter == Voter::Model || it.source.is_some());
    let is_asked = |member: &usize| {
        let it = &panel.members[*member];
        !is_any || it.voter == Voter::Model || it.source.is_some()
    };
    let asked = (0..panel.members.len()).filter(is_asked);
    Ok(asked.map(|member| one(panel, member, rule, options)).collect())
}

fn one(panel: &Panel, member: usize, rule: Rule, options: &CalibrationOptions) -> Calibration {
    let own = &panel.members[member];
    let items: Vec<usize> = (0..panel.n_items())
        .filter(|item| {
            panel.gold[*item].is_some() && own.given[*item].is_ok() && own.confidence[*item].is_some()
        })
        .collect();
    let scored = |item: &usize| {
        let score = own.confidence[*item].unwrap_or(0.0).clamp(0.0, 1.0);
        Scored::new(score, panel.right(member, *item) == Some(true))
    };
    let gold: Vec<Scored> = items.iter().map(scored).collect();
    let outcome = match own.source {
        None => {
            Err("it gives no confidence: ask for token probabilities, samples or a stated one".to_owned())
        }
        Some(_) => curve(panel, member, (&items, &gold), rule, options).map_err(|error| error.to_string()),
    };
    let outcome = match outcome {
        Ok(curve) => CalibrationOutcome::Calibrated(Box::new(curve)),
        Err(why) => CalibrationOutcome::Uncalibrated(why),
    };
    Calibration { name: own.name.clone(), source: own.source, n: gold.len() as u64, outcome }
}

fn curve(
    panel: &Panel,
    member: usize,
    (items, gold): (&[usize], &[Scored]),
    rule: Rule,
    options: &CalibrationOptions,
) -> Result<Curve, karat_stats::calibrate::CalibrateError> {
    let fit_options = CalibrateOptions { rule, n_folds: N_FOLDS, n_bins: N_BINS, seed: options.seed };
    let Calibrated { calibrator, cross_fitted, before, after, candidates } = fit(gold, &fit_options)?;
    let with = |scores: &[f64]| -> Vec<Scored> {
        gold.iter().zip(scores).map(|(it, score)| Scored { score: *score, ..*it }).collect()
    };
    let features: Vec<Option<f64>> =
        items.iter().flat_map(|item| [agreement(panel, member, *item), length(panel, *item)]).collect();
    let combined =
        combine(gold, &features, 2, &fit_options).ok().filter(|it| it.log_loss_features < it.log_loss_score);
    Ok(Curve {
        id: panel.members[member].id,
        method: calibrator.name(),
        parameters: calibrator.parameters(),
        before: measured(gold, &before, options)?,
        after: measured(&with(&cross_fitted), &after, options)?,
        candidates: candidates.into_iter().map(|it| (it.name, it.log_loss)).collect(),
        combined: combined.map(|it| measured(&with(&it.cross_fitted), &it.after, options)).transpose()?,
    })
}

/// The share of the other annotators that gave the same.
fn agreement(panel: &Panel, member: usize, item: usize) -> Option<f64> {
    let own = panel.members[member].given[item].as_ref().ok()?;
    let others = panel.members.iter().enumerate().filter(|(n, _)| *n != member);
    let others: Vec<bool> =
        others.filter_map(|(_, it)| Some(panel.fits(it.given[item].as_ref().ok()?, own))).collect();
    (!others.is_empty()).then(|| others.iter().filter(|same| **same).count() as f64 / others.len() as f64)
}

/// The logarithm of the length of the text.
fn length(panel: &Panel, item: usize) -> Option<f64> {
    panel.texts.get(item).map(|text| (text.chars().count() as f64 + 1.0).ln())
}

/// How good any scores are on items that they had not seen; `None` without items.
pub(crate) fn measure(items: &[Scored], options: &CalibrationOptions) -> Option<Measured> {
    measured(items, &quality(items, N_BINS).ok()?, options).ok()
}

fn measured(
    items: &[Scored],
    quality: &Quality,
    options: &CalibrationOptions,
) -> Result<Measured, karat_stats::calibrate::CalibrateError> {
    let intervals =
        IntervalOptions { level: Level::P95, n_resamples: options.n_resamples, seed: options.seed };
    let found = quality_intervals(items, N_BINS, &intervals)?;
    let bare = |value: f64| Number { value, low: value, high: value, n: items.len() as u64 };
    let scores: Vec<f64> = items.iter().map(|it| it.score).collect();
    let bars = reliability_diagram(items, Binning::EqualMass(N_BARS), Level::P95)?;
    Ok(Measured {
        ece: found.ece.map_or_else(|| bare(quality.ece), number),
        ece_by_chance: expected_ece(&scores, Binning::EqualWidth(N_BINS), N_DRAWS, options.seed)?,
        ece_equal_mass: quality.ece_equal_mass,
        brier: found.brier.map_or_else(|| bare(quality.brier), number),
        log_loss: quality.log_loss,
        auroc: found.auroc.map(number),
        aurc: quality.aurc,
        coverage_at_90: coverage_at_accuracy(items, TARGET)?.map(|cut| cut.coverage),
        bars: bars.into_iter().map(|bin| (bin.mean_score, number(bin.share_right))).collect(),
    })
}

/// Keeps the curves as decisions; exports use them from then on. Returns how many there are.
pub async fn keep(store: &Store, panel: &Panel, calibrations: &[Calibration]) -> Result<u64> {
    let mut n = 0;
    for calibration in calibrations {
        let CalibrationOutcome::Calibrated(curve) = &calibration.outcome else { continue };
        let body = json!({
            "annotator": curve.id.to_string(),
            "name": calibration.name,
            "source": calibration.source,
            "method": curve.method,
            "parameters": curve.parameters,
            "n_gold": calibration.n,
            "ece_before": curve.before.ece.value,
            "ece_after": curve.after.ece.value,
            "task": panel.task.to_string(),
            "data": panel.data.to_string(),
        });
        store.decide(KIND, &body, now_ms()).await?;
        n += 1;
    }
    Ok(n)
}

/// The last calibration of each annotator, by its identity.
pub async fn kept(store: &Store) -> Result<HashMap<Hash, Calibrator>> {
    let mut curves = HashMap::new();
    for decision in store.decisions(KIND).await? {
        let text = |name: &str| decision.body[name].as_str().unwrap_or_default().to_owned();
        let parameters: Option<Vec<f64>> = decision.body["parameters"]
            .as_array()
            .map(|it| it.iter().filter_map(serde_json::Value::as_f64).collect());
        let curve = parameters.and_then(|it| Calibrator::from_parameters(&text("method"), &it));
        if let (Some(id), Some(curve)) = (Hash::from_hex(&text("annotator")), curve) {
            curves.insert(id, curve);
        }
    }
    Ok(curves)
}
