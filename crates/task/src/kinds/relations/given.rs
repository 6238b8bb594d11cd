//! Spans that a column has already, and the identifiers by which an answer names spans.
//!
//! In: an item and the column of `given`. Out: its spans, and how a model is shown them.

use karat_core::{Item, LabeledSpan, PromptLanguage, Shape, Task, Value};
use serde_json::Value as Json;

use super::entities;
use crate::align::Haystack;
use crate::answer::clip;
use crate::language::of;

/// What the list of given spans is called beside the text.
pub(super) fn word(language: PromptLanguage) -> &'static str {
    of(language, &["spans", "места", "片段"])
}

/// The identifier of the span with this number: the first is `e1`.
pub(super) fn id(n: usize) -> String {
    format!("e{}", n + 1)
}

/// The spans that the item has already, in text order; `None` where the task has no such column. The message says what is
/// wrong with the column.
pub(super) fn spans(task: &Task, item: &Item) -> Option<Result<Vec<LabeledSpan>, String>> {
    let column = task.spec.given.as_ref()?;
    let wrong = |why: String| format!("column `{column}` holds no spans: {why}");
    let read = || {
        let parsed: Json = match item.fields.get(column) {
            None | Some(Json::Null) => return Err("it is empty".to_owned()),
            Some(Json::String(text)) => {
                serde_json::from_str(text).map_err(|error| format!("`{}`: {error}", clip(text)))?
            }
            Some(cell) => cell.clone(),
        };
        let mut value = Value::from_json(&parsed, Shape::Spans, entities(task))?;
        value.check_quotes(&task.text_of(item))?;
        match value {
            Value::Spans(spans) => Ok(spans),
            _ => Ok(Vec::new()),
        }
    };
    Some(read().map_err(wrong))
}

/// How a model is shown them: one a line, with identifier, label and words; `#2` where the words stand there the second time.
pub(super) fn shown(
    task: &Task,
    text: &str,
    spans: &[LabeledSpan],
    language: PromptLanguage,
) -> (String, String) {
    let haystack = Haystack::new(text);
    let line = |(n, it): (usize, &LabeledSpan)| {
        let nth = nth(text, &haystack, it).map_or(String::new(), |nth| format!(" #{nth}"));
        format!("\n{} {}: {}{nth}", id(n), entities(task).name(it.label), it.quote)
    };
    let lines: String = spans.iter().enumerate().map(line).collect();
    (word(language).to_owned(), if lines.is_empty() { "[]".to_owned() } else { lines })
}

/// Which of several places of the same words it is, from 1; `None` where they stand once.
pub(super) fn nth(text: &str, haystack: &Haystack, it: &LabeledSpan) -> Option<usize> {
    let places = haystack.exact(&it.quote);
    let at = it.span.to_bytes(text)?;
    let nth = places.iter().position(|place| *place == at)?;
    (places.len() > 1).then_some(nth + 1)
}
