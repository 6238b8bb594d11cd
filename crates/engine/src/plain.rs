//! A value as the statistics take it: labels as numbers, spans as offsets, and the reason where there is none.

use std::sync::Arc;

use karat_core::{LabelId, Outcome, OutcomeKind, Task, Value};
use karat_stats::{Class, NoLabel, Span};

/// A value as the statistics take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    /// One label.
    Choice(Class),
    /// A set of labels, in ascending order.
    Choices(Vec<Class>),
    /// Spans with labels.
    Spans(Vec<Span>),
    /// A value of another shape, compared as a whole by the kind's distance.
    Whole(Arc<Value>),
}

/// What one annotator gave for one item.
pub type Given = Result<Plain, NoLabel>;

/// A value in one line for a person.
pub(crate) fn show(task: &Task, value: &Value) -> String {
    let name = |label| task.schema.name(label);
    match value {
        Value::Choice(label) => name(*label).to_owned(),
        Value::Choices(labels) if labels.is_empty() => "(none)".to_owned(),
        Value::Choices(labels) => labels.iter().map(|label| name(*label)).collect::<Vec<_>>().join(", "),
        Value::Spans(spans) if spans.is_empty() => "(none)".to_owned(),
        Value::Spans(spans) => {
            spans.iter().map(|it| format!("{} [{}]", it.quote, name(it.label))).collect::<Vec<_>>().join(", ")
        }
        _ => show_whole(task, value),
    }
}

/// A value of another shape in one line.
fn show_whole(task: &Task, value: &Value) -> String {
    value.to_json(&task.schema).to_string()
}

/// A value as numbers.
pub(crate) fn plain(value: &Value) -> Plain {
    let class = |label: LabelId| Class(label.index() as u32);
    match value {
        Value::Choice(label) => Plain::Choice(class(*label)),
        Value::Choices(labels) => Plain::Choices(labels.iter().copied().map(class).collect()),
        Value::Spans(spans) => Plain::Spans(
            spans
                .iter()
                .map(|it| Span { start: it.span.start(), end: it.span.end(), class: class(it.label) })
                .collect(),
        ),
        _ => Plain::Whole(Arc::new(value.clone())),
    }
}

fn no_label(kind: OutcomeKind) -> NoLabel {
    match kind {
        OutcomeKind::Abstained => NoLabel::Abstained,
        OutcomeKind::Unusable => NoLabel::Unusable,
        OutcomeKind::Failed => NoLabel::Failed,
        OutcomeKind::Labeled => NoLabel::Pending,
    }
}

/// What an outcome gives; `None` is an item that was not asked.
pub(crate) fn given(outcome: Option<&Outcome>) -> Given {
    match outcome {
        Some(Outcome::Labeled(value)) => Ok(plain(value)),
        Some(outcome) => Err(no_label(outcome.kind())),
        None => Err(NoLabel::Pending),
    }
}
