//! One annotator's outcome on one item, never edited; and the rows in which the journal keeps what happened.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{Confidence, Hash, ItemId, LabelSchema, MicroUsd, Note, Outcome, OutcomeKind, Shape, Value};

/// One annotator's outcome on one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// The item.
    pub item: ItemId,
    /// The hash of what the annotator was shown of the item: an edited text needs a new annotation.
    pub input: Hash,
    /// The annotator.
    pub annotator: Hash,
    /// The run in which it was made.
    pub run: i64,
    /// What was produced.
    pub outcome: Outcome,
    /// How sure.
    pub confidence: Confidence,
    /// What had to be forgiven.
    pub notes: Vec<Note>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// An annotation as the journal keeps it. Label names, not ids: a journal is read without its schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnotationRow {
    /// The item's id.
    pub item: Arc<str>,
    /// See [`Annotation::input`].
    pub input: Hash,
    /// The annotator.
    pub annotator: Hash,
    /// The run.
    pub run: i64,
    /// The kind of the outcome.
    pub kind: OutcomeKind,
    /// The value, or the reason why there is none, as JSON.
    pub body: String,
    /// In [0, 1]; `None` where there is none, for the reason in `source`.
    pub confidence: Option<f64>,
    /// See [`Confidence::source`].
    pub source: String,
    /// The notes as a JSON list; `None` where there are none.
    pub notes: Option<String>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

impl Annotation {
    /// The row for the journal.
    pub fn to_row(&self, schema: &LabelSchema) -> AnnotationRow {
        let body = match &self.outcome {
            Outcome::Labeled(value) => value.to_json(schema),
            Outcome::Abstained(why) => serde_json::to_value(why).unwrap_or_default(),
            Outcome::Unusable(why) => serde_json::to_value(why).unwrap_or_default(),
            Outcome::Failed(why) => serde_json::to_value(why).unwrap_or_default(),
        };
        AnnotationRow {
            item: self.item.shared(),
            input: self.input,
            annotator: self.annotator,
            run: self.run,
            kind: self.outcome.kind(),
            body: body.to_string(),
            confidence: self.confidence.value(),
            source: self.confidence.source().to_owned(),
            notes: (!self.notes.is_empty()).then(|| serde_json::to_string(&self.notes).unwrap_or_default()),
            at_ms: self.at_ms,
        }
    }

    /// Reads a row of the journal; the message says what does not fit, for example a label that the schema lost.
    pub fn from_row(row: &AnnotationRow, shape: Shape, schema: &LabelSchema) -> Result<Self, String> {
        let told = |error: serde_json::Error| format!("the journal holds `{}`: {error}", row.body);
        let body: Json = serde_json::from_str(&row.body).map_err(told)?;
        let outcome = match row.kind {
            OutcomeKind::Labeled => Outcome::Labeled(Value::from_json(&body, shape, schema)?),
            OutcomeKind::Abstained => Outcome::Abstained(serde_json::from_value(body).map_err(told)?),
            OutcomeKind::Unusable => Outcome::Unusable(serde_json::from_value(body).map_err(told)?),
            OutcomeKind::Failed => Outcome::Failed(serde_json::from_value(body).map_err(told)?),
        };
        let confidence = Confidence::from_parts(row.confidence, &row.source)
            .ok_or_else(|| format!("the journal holds the unknown confidence source `{}`", row.source))?;
        let notes =
            row.notes.as_deref().map(serde_json::from_str).transpose().map_err(told)?.unwrap_or_default();
        Ok(Self {
            item: ItemId::new(Arc::clone(&row.item)),
            input: row.input,
            annotator: row.annotator,
            run: row.run,
            outcome,
            confidence,
            notes,
            at_ms: row.at_ms,
        })
    }
}

/// The index of the outcome that stands, of one annotator on one input, oldest first: the newest that is an answer; a
/// later failure never takes an answer's place. `None` for no outcomes.
///
/// ```
/// use karat_core::{OutcomeKind::*, standing};
/// assert_eq!(standing(&[Unusable, Labeled, Failed]), Some(1));
/// assert_eq!(standing(&[Labeled, Unusable]), Some(1));
/// assert_eq!(standing(&[Failed, Failed]), Some(1));
/// ```
pub fn standing(kinds: &[OutcomeKind]) -> Option<usize> {
    let answered = kinds.iter().rposition(|kind| *kind != OutcomeKind::Failed);
    answered.or_else(|| kinds.len().checked_sub(1))
}

/// What a call used, in tokens. Zero where the provider did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Of the prompt, with those read from or written to a cache.
    pub input: u64,
    /// Of `input`, read from the provider's cache.
    pub cached_read: u64,
    /// Of `input`, written to the provider's cache.
    pub cached_write: u64,
    /// Of the answer, with those of its reasoning.
    pub output: u64,
    /// Of `output`, spent on reasoning.
    pub reasoning: u64,
}

/// One call to a model, as the journal keeps it: answered or not, with what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRow {
    /// The run.
    pub run: i64,
    /// The annotator.
    pub annotator: Hash,
    /// The item's id.
    pub item: Arc<str>,
    /// The identity of the question: endpoint, served parameters, answer format, messages and sample.
    pub request: Hash,
    /// Which sample, from 0.
    pub sample: u32,
    /// 0 for the question, 1 for the re-ask with the problem named.
    pub ask: u32,
    /// Which try of this call, from 1.
    pub attempt: u32,
    /// `ok`, or the class of the error.
    pub status: String,
    /// The error's message.
    pub message: Option<String>,
    /// The blob of the messages sent.
    pub prompt: Hash,
    /// The blob of the raw answer.
    pub answer: Option<Hash>,
    /// What it used; `None` where the provider did not say.
    pub tokens: Option<Tokens>,
    /// What it cost; where the provider did not say, the upper bound.
    pub cost: MicroUsd,
    /// The date of the price used; `None` where there is no price.
    pub priced: Option<String>,
    /// From sending to the whole answer.
    pub latency_ms: u32,
    /// The model that the server says it served.
    pub served_model: Option<String>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// One execution of a plan, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The hash of task, data and annotators.
    pub plan: Hash,
    /// `label` or `retry`.
    pub command: String,
    /// The seed.
    pub seed: u64,
    /// The hard limit over all runs of this project; `None` for no limit.
    pub max_cost: Option<MicroUsd>,
    /// When it began, in milliseconds since 1970.
    pub at_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Abstention, ConfidenceSource, Failure, NoConfidence, Unusable};

    #[test]
    fn every_outcome_survives_the_journal() {
        let schema = LabelSchema::of(&["a", "b"]).unwrap();
        let outcomes = [
            Outcome::Labeled(Value::Choice(schema.by_name("b").unwrap())),
            Outcome::Abstained(Abstention::Unknown { words: "?".into() }),
            Outcome::Unusable(Unusable::UnknownLabel { got: "c".into(), nearest: None }),
            Outcome::Failed(Failure { class: "timeout".into(), message: "no answer in 120 s".into() }),
        ];
        for outcome in outcomes {
            let confidence = match outcome.value() {
                Some(_) => Confidence::Raw(0.25, ConfidenceSource::Stated),
                None => Confidence::Unknown(NoConfidence::NoLabel),
            };
            let annotation = Annotation {
                item: ItemId::new("7"),
                input: Hash::of(b"text"),
                annotator: Hash::of(b"model"),
                run: 1,
                outcome,
                confidence,
                notes: vec![Note::Fenced],
                at_ms: 5,
            };
            let row = annotation.to_row(&schema);
            assert_eq!(Annotation::from_row(&row, Shape::Choice, &schema), Ok(annotation));
        }
    }

    #[test]
    fn a_failure_never_takes_the_place_of_an_answer() {
        use OutcomeKind::{Abstained, Failed, Labeled, Unusable};
        assert_eq!(standing(&[]), None);
        assert_eq!(standing(&[Abstained, Failed]), Some(0));
        assert_eq!(standing(&[Failed, Unusable, Labeled, Failed, Failed]), Some(2));
    }
}
