//! The report of a project: what was labeled and by whom, how good it is, what may be relied on, and what to do next.
//!
//! In: a panel, and where there are some the project, its annotators and its journal. Out: a [`Report`], from which the page
//! ([`html`]) and the JSON form are drawn. Every number has its n and interval; a part without data says why. Nothing is
//! asked and nothing is changed, and the same input gives the same report: it holds no times but those of the journal.
//!
//! Not here: new statistics. All numbers come from the stages whose commands they are.

mod confidence;
mod cost;
mod divided;
pub mod html;
mod labeled;
mod next;
mod promise;
mod quality;
#[cfg(test)]
mod tests;

use karat_core::Result;
use karat_stats::Level;
use karat_store::Store;
use serde::Serialize;

pub use crate::agree::AgreementReport;
use crate::agree::{AgreeOptions, agree};
use crate::asker::Asker;
use crate::calibrate::{CalibrationOptions, calibrate};
use crate::consensus::{ConsensusOptions, consensus};
use crate::errors::{ErrorsOptions, find_errors};
use crate::panel::Panel;
use crate::setup::Setup;
pub use confidence::{Confidence, Region, Risk, RiskPoint};
pub use cost::Spent;
pub use divided::Divided;
pub use labeled::{Asked, Labeled};
pub use next::Step;
pub use promise::{AuditState, Possible, Promise, Promises};
pub use quality::Quality;

/// The version of the JSON form.
pub const REPORT_VERSION: u32 = 1;

/// By how much a person may be better and a model still stand in.
const EPSILON: f64 = 0.2;

/// What a report is about.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Who said what.
    pub panel: &'a Panel,
    /// The project, where there is one.
    pub setup: Option<&'a Setup>,
    /// The annotators of the project.
    pub askers: &'a [Asker],
    /// The journal, where there is one.
    pub store: Option<&'a Store>,
}

/// How to report.
#[derive(Debug, Clone, Copy)]
pub struct ReportOptions {
    /// The seed of folds and resampled intervals.
    pub seed: u64,
    /// How often items are drawn again for an interval.
    pub n_resamples: u32,
    /// The error among the accepted that is asked for where no promise stands.
    pub error: f64,
    /// How sure that promise is to be.
    pub confidence: f64,
}

/// A part of the report, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part<T> {
    /// What is known.
    Known(T),
    /// Why nothing is.
    Missing(String),
}

impl<T> Part<T> {
    /// What is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(known) => Some(known),
            Self::Missing(_) => None,
        }
    }

    fn of(found: Result<T>) -> Self {
        found.map_or_else(|error| Self::Missing(error.to_string()), Self::Known)
    }
}

/// Everything that is known of the labels of a project.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The version of this form.
    pub version: u32,
    /// The project's name, or that of the file of votes; may be empty.
    pub name: String,
    /// The kind of what is judged.
    pub kind: String,
    /// The question of a form, where the report is about one.
    pub question: Option<String>,
    /// The questions of a form, where the report is about whole forms.
    pub questions: Vec<String>,
    /// The level of all intervals.
    pub level: f64,
    /// The seed of the resampled intervals.
    pub seed: u64,
    /// What was labeled, by whom, and when.
    pub labeled: Labeled,
    /// How good the labels are.
    pub quality: Part<Quality>,
    /// How far annotators agree.
    pub agreement: Part<AgreementReport>,
    /// What confidences are worth.
    pub confidence: Part<Vec<Confidence>>,
    /// The error among the surest labels, by how many of them there are.
    pub risk: Part<Risk>,
    /// What was accepted under which promise.
    pub promises: Promises,
    /// What the labels cost.
    pub costs: Part<Vec<Spent>>,
    /// The items to read first.
    pub disagreements: Part<Vec<Divided>>,
    /// What to do next, the most urgent first.
    pub next: Vec<Step>,
    /// What could not be read; the first of it.
    pub problems: Vec<String>,
    /// How much could not be read.
    pub n_problems: u64,
}

/// Gathers the report.
pub async fn report(source: Source<'_>, options: &ReportOptions) -> Result<Report> {
    let panel = source.panel;
    let found = consensus(panel, &panel.gold, &ConsensusOptions { method: None, seed: options.seed });
    let calibration =
        CalibrationOptions { method: None, seed: options.seed, n_resamples: options.n_resamples };
    let curves = calibrate(panel, &calibration)?;
    let (promises, risk) = promise::promises(source, options).await?;
    let suspects = find_errors(panel, &ErrorsOptions { of: None, filter: None, seed: options.seed });
    let quality = match &found {
        Ok(found) => Part::Known(quality::quality(panel, found, options)),
        Err(error) => Part::Missing(error.to_string()),
    };
    let mut report = Report {
        version: REPORT_VERSION,
        name: panel.name.clone(),
        kind: panel.kind.clone(),
        question: panel.measure.as_ref().and_then(|it| it.question()).map(str::to_owned),
        questions: panel.measure.iter().flat_map(|it| it.questions()).map(str::to_owned).collect(),
        level: Level::P95.get(),
        seed: options.seed,
        labeled: labeled::labeled(source).await?,
        quality,
        agreement: agreement(panel, options),
        confidence: confidence::confidence(panel, found.as_ref().ok(), &curves, &calibration),
        risk,
        promises,
        costs: cost::costs(source).await?,
        disagreements: divided::divided(panel, found.as_ref().ok()),
        next: Vec::new(),
        problems: panel.problems.clone(),
        n_problems: panel.n_problems,
    };
    report.next = next::next(&report, suspects.as_ref().ok());
    Ok(report)
}

fn agreement(panel: &Panel, options: &ReportOptions) -> Part<AgreementReport> {
    if panel.members.len() < 2 {
        return Part::Missing("there is one annotator, and agreement needs two on the same items".to_owned());
    }
    let options =
        AgreeOptions { scale: None, epsilon: EPSILON, seed: options.seed, n_resamples: options.n_resamples };
    Part::of(agree(panel, &options))
}
