//! How far annotators agree: all together, for each label, pair by pair, people with models, over time.
//!
//! In: a panel. Out: an [`AgreementReport`], every number with its interval over the items, or the reason why it is
//! undefined. No gold is needed, and agreement is not accuracy: annotators who share a mistake agree on it.

mod labels;
mod spans;
mod stand_in;
mod values;

use karat_core::{Error, Result, Shape};
use karat_stats::agreement::{Agreement, Undefined};
use karat_stats::{Estimate, IntervalOptions, Level};
use serde::Serialize;

use crate::compare::number;
use crate::evaluate::Number;
use crate::panel::{Panel, Voter};

/// How labels differ from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelScale {
    /// Different is different.
    Nominal,
    /// The order of the labels in the project counts.
    Ordinal,
    /// The labels are numbers.
    Interval,
    /// The labels are numbers with a true zero.
    Ratio,
}

/// How to compare.
#[derive(Debug, Clone, Copy)]
pub struct AgreeOptions {
    /// How labels differ; without it grades by their order, numbers by their differences, and all else different is different.
    pub scale: Option<LabelScale>,
    /// By how much a person may be better and still be replaced by a model, in [0, 1].
    pub epsilon: f64,
    /// The seed of the resampled intervals.
    pub seed: u64,
    /// How often items are drawn again for an interval.
    pub n_resamples: u32,
}

impl AgreeOptions {
    pub(crate) fn intervals(&self) -> IntervalOptions {
        IntervalOptions { level: Level::P95, n_resamples: self.n_resamples, seed: self.seed }
    }
}

/// How far annotators agree.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AgreementReport {
    /// What the shares below count: `same`, for spans `exact F1`, for values that can be right in part `likeness`.
    pub measure: &'static str,
    /// Items with a label of two annotators or more.
    pub n_compared: u64,
    /// All labels.
    pub n_labels: u64,
    /// All annotators together.
    pub overall: Vec<Row>,
    /// Each label against the rest.
    pub labels: Vec<LabelAgreement>,
    /// People with people, people with models, models with models; where there are both.
    pub groups: Vec<Between>,
    /// Each annotator with the others.
    pub members: Vec<Between>,
    /// Each two annotators.
    pub pairs: Vec<Between>,
    /// The same in the order of time, in equal parts; empty where times are not known.
    pub over_time: Vec<Row>,
    /// Whether each model may stand in for a person.
    pub stand_ins: Vec<StandIn>,
}

/// A named number, or why it is undefined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What it tells.
    pub about: &'static str,
    /// The number.
    pub number: Option<Number>,
    /// Why there is none.
    pub undefined: Option<String>,
}

/// One label against the rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelAgreement {
    /// The label.
    pub label: String,
    /// Its share among all labels: of a rare one alpha is low by nature.
    pub share: f64,
    /// Where one annotator gives it, how often another one does too.
    pub specific: Option<Number>,
    /// Krippendorff's alpha of this label against the rest; for spans the overlapping F1.
    pub alpha: Option<Number>,
}

/// Agreement between two annotators, of one with the others, or between two groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Between {
    /// The one.
    pub first: String,
    /// The other.
    pub second: String,
    /// Items that both labeled.
    pub n_items: u64,
    /// The share of pairs of labels that are the same; for spans the exact F1.
    pub same: Option<Number>,
    /// The same beyond chance; `None` for spans, where chance plays no part.
    pub kappa: Option<Number>,
}

/// Whether a model may stand in for a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StandIn {
    /// The model.
    pub model: String,
    /// What came of the test, or why there is none.
    #[serde(flatten)]
    pub outcome: StandInOutcome,
}

/// What came of the alternative annotator test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StandInOutcome {
    /// The test was made.
    Tested {
        /// Whether it beats at least half of the people.
        passes: bool,
        /// The share of people that it beats.
        winning_rate: f64,
        /// How often its label fits the other people's at least as well as a person's does.
        advantage: Number,
        /// For each person: the corrected p value of "this person is better by epsilon or more".
        people: Vec<(String, Option<f64>)>,
    },
    /// There was no test.
    NotTested(String),
}

/// Compares all annotators of a panel.
pub fn agree(panel: &Panel, options: &AgreeOptions) -> Result<AgreementReport> {
    let told = |why: Undefined| {
        Error::invalid(format!("there is no agreement to measure: {why}"))
            .hint("agreement needs items that two annotators labeled; `karat status` says who labeled what")
    };
    if !(0.0..=1.0).contains(&options.epsilon) {
        return Err(Error::invalid(format!("`--epsilon {}` is no share from 0 to 1", options.epsilon))
            .hint("0.2 for experts, 0.15 for trained people, 0.1 for a crowd"));
    }
    let is_number = |label: &&String| label.trim().parse::<f64>().is_ok_and(f64::is_finite);
    if matches!(options.scale, Some(LabelScale::Interval | LabelScale::Ratio))
        && let Some(label) = panel.labels.iter().find(|label| !is_number(label))
    {
        return Err(Error::invalid(format!("this scale takes labels for numbers, and `{label}` is none"))
            .hint("`--scale ordinal` takes the order of the labels"));
    }
    if panel.members.len() < 2 {
        return Err(told(Undefined::NoPairs));
    }
    let mut report = match panel.shape {
        Shape::Choice => labels::of_labels(panel, options).map_err(told)?,
        Shape::Choices => labels::of_sets(panel, options).map_err(told)?,
        Shape::Spans => spans::of_spans(panel, options).map_err(told)?,
        Shape::Relations | Shape::Number | Shape::Ranking | Shape::Text | Shape::Fields | Shape::Form => {
            values::of_values(panel, options).map_err(told)?
        }
    };
    if report.n_compared == 0 {
        return Err(told(Undefined::NoPairs));
    }
    report.measure = match panel.shape {
        Shape::Spans => "exact F1",
        _ if panel.is_whole() => "likeness",
        _ => "same",
    };
    if panel.shape != Shape::Spans {
        report.stand_ins = stand_in::stand_ins(panel, options);
    }
    Ok(report)
}

/// Which group a member belongs to.
fn group(voter: Voter) -> u32 {
    match voter {
        Voter::Person => 0,
        Voter::Model => 1,
    }
}

const GROUPS: [&str; 2] = ["people", "models"];

fn row(name: impl Into<String>, about: &'static str, found: Result<Estimate, Undefined>) -> Row {
    let (number, undefined) = match found {
        Ok(estimate) => (Some(number(estimate)), None),
        Err(why) => (None, Some(why.to_string())),
    };
    Row { name: name.into(), about, number, undefined }
}

fn estimate(found: Result<Agreement, Undefined>) -> Option<Number> {
    found.ok().map(|it| number(it.estimate))
}
