//! What was accepted under which promise, whether it stands, and what could be promised now.

use karat_core::Result;
use serde::Serialize;

use super::confidence::{Risk, risk};
use super::{Part, ReportOptions, Source};
use crate::accept::{
    AcceptOptions, Answer, AnswerVerdict, Certificate, Errors, Standing, accept, audit, certificates, inside,
};

/// The share of the gold from which the consensus learns where no promise says another.
const TEACH: f64 = 0.5;

/// What was promised.
#[derive(Debug, Clone, Serialize)]
pub struct Promises {
    /// The promises that were given, oldest first.
    pub given: Vec<Promise>,
    /// Promises kept in the same folder for other data and other labels.
    pub n_elsewhere: u64,
    /// What could be promised with the gold of now; under the terms of the last promise that holds, else the usual ones.
    pub possible: Part<Possible>,
    /// The three errors that belong together, as the gold of now says.
    pub errors: Option<Errors>,
}

/// A promise and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Promise {
    /// What was promised.
    pub certificate: Certificate,
    /// Whether it holds.
    pub standing: Standing,
    /// What an audit says of it.
    pub audit: AuditState,
}

/// What an audit says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AuditState {
    /// Items drawn.
    pub n_drawn: u64,
    /// Of these, items with gold.
    pub n_audited: u64,
    /// Of these, wrong labels.
    pub n_wrong: u64,
    /// The evidence against the promise.
    pub e_value: f64,
    /// The evidence that takes it back.
    pub e_limit: f64,
}

/// What could be promised.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Possible {
    /// Whose labels.
    pub by: String,
    /// The error that is allowed.
    pub error: f64,
    /// How sure the promise is.
    pub confidence: f64,
    /// Items without gold.
    pub n_pool: u64,
    /// Gold items that test.
    pub n_tested: u64,
    /// Items that may go.
    pub n_accepted: u64,
    /// Their share of the items without gold.
    pub coverage: Option<f64>,
    /// One answer, or one for each label.
    pub answers: Vec<Answer>,
}

/// The promises, and the curve from which they are read.
pub(super) async fn promises(source: Source<'_>, options: &ReportOptions) -> Result<(Promises, Part<Risk>)> {
    let (given, n_elsewhere) = given(source).await?;
    let panel = source.panel;
    let holds = given.iter().rev().find(|it| it.standing == Standing::Holds).map(|it| &it.certificate);
    let terms = terms(source, holds, given.last().map(|it| &it.certificate), options).await;
    let (possible, risk, errors) = match panel.n_gold() {
        0 => {
            let why = "no item has gold, so no error can be promised".to_owned();
            (Part::Missing(why.clone()), Part::Missing(why), None)
        }
        _ => match accept(panel, &terms) {
            Err(error) => (Part::Missing(error.to_string()), Part::Missing(error.to_string()), None),
            Ok(report) => {
                let curve = risk(panel, &report, threshold(holds, &report.answers));
                let possible = Possible {
                    by: report.by,
                    error: report.error,
                    confidence: report.confidence,
                    n_pool: report.n_pool,
                    n_tested: report.n_tested,
                    n_accepted: report.n_accepted,
                    coverage: report.coverage,
                    answers: report.answers,
                };
                (Part::Known(possible), Part::Known(curve), Some(report.errors))
            }
        },
    };
    Ok((Promises { given, n_elsewhere, possible, errors }, risk))
}

/// The terms of the promise that holds; without one those of the last, and else the usual ones.
async fn terms(
    source: Source<'_>,
    holds: Option<&Certificate>,
    last: Option<&Certificate>,
    options: &ReportOptions,
) -> AcceptOptions {
    // A sample whose gold is no longer that of its draw tests nothing.
    let drawn = match source.store {
        Some(store) if holds.is_none_or(|it| it.sample.is_some()) => {
            inside(store, source.panel).await.ok().flatten()
        }
        _ => None,
    };
    match holds {
        Some(it) => AcceptOptions {
            error: it.error,
            confidence: it.confidence,
            by: Some(it.by.clone()),
            per_label: it.per_label,
            for_source: it.for_source,
            teach: it.teach,
            inside: drawn,
            seed: it.seed,
        },
        // Who promised once wants the same again.
        None => AcceptOptions {
            error: last.map_or(options.error, |it| it.error),
            confidence: last.map_or(options.confidence, |it| it.confidence),
            by: None,
            per_label: false,
            for_source: false,
            teach: TEACH,
            inside: drawn,
            seed: options.seed,
        },
    }
}

/// The promises of this data or these labels, and how many there are of others.
async fn given(source: Source<'_>) -> Result<(Vec<Promise>, u64)> {
    let (Some(store), panel) = (source.store, source.panel) else {
        return Ok((Vec::new(), 0));
    };
    let (mut given, mut n_elsewhere) = (Vec::new(), 0);
    for certificate in certificates(store).await? {
        if certificate.task != panel.task.to_string() && certificate.data != panel.data.to_string() {
            n_elsewhere += 1;
            continue;
        }
        let found = audit::look(store, panel, &certificate).await?;
        given.push(Promise {
            audit: AuditState {
                n_drawn: found.n_drawn,
                n_audited: found.n_audited,
                n_wrong: found.n_wrong,
                e_value: found.e_value,
                e_limit: 1.0 / (1.0 - certificate.confidence),
            },
            standing: found.standing,
            certificate,
        });
    }
    Ok((given, n_elsewhere))
}

/// From which score on labels go: by the promise that holds, else by what could be promised.
fn threshold(holds: Option<&Certificate>, answers: &[Answer]) -> Option<(f64, Option<i64>)> {
    match (holds, answers) {
        (Some(certificate), _) => match certificate.thresholds.as_slice() {
            [(None, threshold)] => Some((*threshold, Some(certificate.id))),
            _ => None,
        },
        (None, [Answer { label: None, verdict: AnswerVerdict::Accept { threshold, .. } }]) => {
            Some((*threshold, None))
        }
        (None, _) => None,
    }
}
