//! A promise on paper: what was promised, on which evidence, and for exactly what it holds.

use karat_core::{Hash, Result};
use karat_store::Store;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{AcceptOptions, AcceptReport, AnswerVerdict};
use crate::judged::gold_hash;
use crate::now_ms;
use crate::panel::Panel;

/// The kinds of decision.
const CERTIFICATE: &str = "certificate";
const WITHDRAWAL: &str = "withdrawal";

/// A promise that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its number: that of the decision.
    #[serde(default)]
    pub id: i64,
    /// When, in milliseconds since 1970.
    #[serde(default)]
    pub at_ms: i64,
    /// Whose labels.
    pub by: String,
    /// The error that is allowed among the accepted.
    pub error: f64,
    /// How sure the promise is.
    pub confidence: f64,
    /// Whether for items yet to come, too.
    pub for_source: bool,
    /// The seed of the division of the gold.
    pub seed: u64,
    /// The share of the gold from which the consensus learned.
    pub teach: f64,
    /// Whether each label has a promise of its own.
    pub per_label: bool,
    /// The sample that tested it, where it was drawn for this.
    #[serde(default)]
    pub sample: Option<i64>,
    /// The label and the threshold of each promise.
    pub thresholds: Vec<(Option<String>, f64)>,
    /// Items that went under it.
    pub n_accepted: u64,
    /// Gold items that tested it.
    pub n_tested: u64,
    /// The hash of schema and guideline.
    pub task: String,
    /// The hash of all that was shown.
    pub data: String,
    /// The hash of the gold.
    pub gold: String,
    /// The identity of each annotator: model, prompt and settings.
    pub annotators: Vec<(String, String)>,
}

/// Whether a promise still holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It holds.
    Holds,
    /// What it was given for has changed.
    Changed(Vec<String>),
    /// An audit showed that it was broken.
    Withdrawn(String),
}

/// Gives a promise: keeps the certificate, and returns it with its number. `None` where nothing was accepted.
pub async fn issue(
    store: &Store,
    panel: &Panel,
    report: &AcceptReport,
    options: &AcceptOptions,
) -> Result<Option<Certificate>> {
    let threshold = |it: &super::Answer| match it.verdict {
        AnswerVerdict::Accept { threshold, .. } => Some((it.label.clone(), threshold)),
        AnswerVerdict::Nothing { .. } => None,
    };
    let thresholds: Vec<_> = report.answers.iter().filter_map(threshold).collect();
    if thresholds.is_empty() {
        return Ok(None);
    }
    let mut certificate = Certificate {
        id: 0,
        at_ms: now_ms(),
        by: report.by.clone(),
        error: report.error,
        confidence: report.confidence,
        for_source: options.for_source,
        seed: options.seed,
        teach: options.teach,
        per_label: options.per_label,
        sample: options.inside.as_ref().map(|it| it.sample),
        thresholds,
        n_accepted: report.n_accepted,
        n_tested: report.n_tested,
        task: panel.task.to_string(),
        data: panel.data.to_string(),
        gold: gold_hash(panel).to_string(),
        annotators: annotators(panel),
    };
    certificate.id = store.decide(CERTIFICATE, &json!(certificate), certificate.at_ms).await?;
    Ok(Some(certificate))
}

fn annotators(panel: &Panel) -> Vec<(String, String)> {
    panel.members.iter().map(|it| (it.name.clone(), it.id.to_string())).collect()
}

/// All promises that were given, oldest first.
pub async fn certificates(store: &Store) -> Result<Vec<Certificate>> {
    let decisions = store.decisions(CERTIFICATE).await?;
    let read = |decision: karat_store::Decision| {
        let certificate: Certificate = serde_json::from_value(decision.body).ok()?;
        Some(Certificate { id: decision.id, at_ms: decision.at_ms, ..certificate })
    };
    Ok(decisions.into_iter().filter_map(read).collect())
}

/// Whether a promise holds for this panel.
pub async fn standing(store: &Store, certificate: &Certificate, panel: &Panel) -> Result<Standing> {
    for withdrawal in store.decisions(WITHDRAWAL).await? {
        if withdrawal.body["certificate"].as_i64() == Some(certificate.id) {
            let why = withdrawal.body["why"].as_str().unwrap_or("an audit broke it").to_owned();
            return Ok(Standing::Withdrawn(why));
        }
    }
    let mut changed = Vec::new();
    let differs = |hash: &Hash, kept: &str| hash.to_string() != kept;
    if differs(&panel.task, &certificate.task) {
        changed.push("the guideline or the labels".to_owned());
    }
    if differs(&panel.data, &certificate.data) {
        changed.push("the data".to_owned());
    }
    let now = annotators(panel);
    for (name, id) in &certificate.annotators {
        if !now.iter().any(|(other, other_id)| other == name && other_id == id) {
            changed.push(format!("`{name}`: its model, prompt or settings"));
        }
    }
    Ok(if changed.is_empty() { Standing::Holds } else { Standing::Changed(changed) })
}

/// Takes a promise back.
pub(super) async fn withdraw(store: &Store, certificate: &Certificate, why: &str) -> Result<()> {
    store.decide(WITHDRAWAL, &json!({"certificate": certificate.id, "why": why}), now_ms()).await?;
    Ok(())
}
