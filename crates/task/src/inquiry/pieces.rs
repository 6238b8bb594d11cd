//! Texts too long for one call: cut, asked about piece by piece, and put together again.
//!
//! What pieces say together, by the shape of the value:
//!
//! | shape | together |
//! |---|---|
//! | choice | the label of most pieces; a piece that cannot tell has no vote; a tie is unusable |
//! | choices, spans, relations | all that was found, each once, at its place in the whole text |
//! | number | the mean |
//! | text | the one answer that a piece gave; none: the item does not say; answers that differ: unusable |
//! | fields | of each field the value that was found first; lists joined |
//! | form | question by question |
//!
//! A piece whose answer is unusable makes the item unusable: what was lost there is not known. A ranking, and a text that is
//! written, cannot be put together from pieces.

use std::fmt;
use std::sync::Arc;

use karat_core::{
    Abstention, Confidence, ConfidenceSource, Error, Filled, Graph, Item, LabeledSpan, NoConfidence, Note,
    Number, Outcome, Quote, Relation, Result, Shape, Span, Task, Unusable, Value, Written,
};

use super::{Heard, View};
use crate::kind::{Reading, TaskKind, Vote};

/// Pieces have so many tokens at least: one character can have eight.
const MIN_TOKENS: usize = 16;

/// Counts the tokens of a text.
pub type Counter = Arc<dyn Fn(&str) -> usize + Send + Sync>;

/// How long texts are cut.
#[derive(Clone)]
pub struct Long {
    /// Texts of more tokens are cut, at the ends of sentences.
    pub max_tokens: usize,
    /// So many tokens stand in two neighboring pieces.
    pub overlap_tokens: usize,
    /// Counts tokens, as the model does or nearly so.
    pub count: Counter,
}

impl fmt::Debug for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Long").field("max_tokens", &self.max_tokens).finish_non_exhaustive()
    }
}

impl Long {
    /// The pieces of an item with their starts, in code points.
    pub(super) fn cut(&self, task: &Task, item: &Arc<Item>) -> Vec<(u32, Arc<Item>)> {
        let text = task.text_of(item);
        let pieces = self.places(&text);
        if pieces.len() < 2 {
            return vec![(0, Arc::clone(item))];
        }
        let piece = |span: &Span| {
            let words = span.quote(&text).unwrap_or_default();
            let mut fields = item.fields.clone();
            fields.insert(task.text.clone(), words.into());
            (span.start(), Arc::new(Item { fields, ..(**item).clone() }))
        };
        pieces.iter().map(piece).collect()
    }

    /// An error where the two numbers do not go together.
    pub(super) fn check(&self) -> Result<()> {
        if self.max_tokens < MIN_TOKENS || self.overlap_tokens > self.max_tokens / 2 {
            return Err(Error::invalid(format!(
                "`long` has `max_tokens = {}` and `overlap_tokens = {}`",
                self.max_tokens, self.overlap_tokens
            ))
            .hint(format!(
                "pieces have {MIN_TOKENS} tokens at least, and overlap by half of their length at most"
            )));
        }
        Ok(())
    }

    fn places(&self, text: &str) -> Vec<Span> {
        // No tokenizer makes more tokens than bytes.
        if text.len() <= self.max_tokens {
            return Vec::new();
        }
        let options = karat_text::chunk::ChunkOptions {
            max_tokens: self.max_tokens,
            overlap_tokens: self.overlap_tokens,
        };
        let chunks = karat_text::chunk::chunks(text, &options, &*self.count);
        // It fails only on what `check` refuses.
        let chunks = chunks.unwrap_or_default();
        chunks.iter().filter_map(|it| Span::new(it.start as u32, it.end as u32)).collect()
    }
}

/// What is right for one piece of an item, where `value` is right for the whole.
pub(super) fn within(task: &Task, view: &View, value: &Value) -> Option<Value> {
    let n_chars = task.text_of(&view.item).chars().count() as u32;
    let inside = |span: Span| {
        let start = span.start().checked_sub(view.start)?;
        let end = span.end().checked_sub(view.start)?;
        if end <= n_chars { Span::new(start, end) } else { None }
    };
    Some(match value {
        Value::Spans(spans) => Value::spans(
            spans
                .iter()
                .filter_map(|it| Some(LabeledSpan { span: inside(it.span)?, ..it.clone() }))
                .collect(),
        ),
        Value::Relations(graph) => {
            let kept: Vec<(u32, LabeledSpan)> = (0..)
                .zip(&graph.spans)
                .filter_map(|(n, it)| Some((n, LabeledSpan { span: inside(it.span)?, ..it.clone() })))
                .collect();
            let place = |n: u32| kept.iter().position(|(old, _)| *old == n).map(|at| at as u32);
            let moved = |it: &Relation| Some(Relation { from: place(it.from)?, to: place(it.to)?, ..*it });
            let relations = graph.relations.iter().filter_map(moved).collect();
            Value::Relations(Graph::new(kept.iter().map(|(_, it)| it.clone()).collect(), relations))
        }
        other => other.clone(),
    })
}

/// Whether values of a shape can be put together from pieces.
pub(super) fn can_merge(shape: Shape, kind: &str) -> bool {
    shape != Shape::Ranking && kind != "write"
}

/// What the pieces of one item say together.
pub(super) fn merge(kind: &dyn TaskKind, task: &Task, mut pieces: Vec<(u32, Heard)>) -> Heard {
    if pieces.len() < 2 {
        return pieces.pop().map_or_else(Heard::nothing, |(_, heard)| heard);
    }
    let mut notes: Vec<Note> = Vec::new();
    for note in pieces.iter().flat_map(|(_, heard)| &heard.reading.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes.push(Note::Pieces { n: pieces.len() as u32 });
    let lost = pieces.iter().find(|(_, it)| matches!(it.reading.outcome, Outcome::Unusable(_)));
    if let Some((_, heard)) = lost {
        return Heard { reading: Reading { notes, problem: None, ..heard.reading.clone() }, ..*heard };
    }
    let found: Vec<Value> = pieces
        .iter()
        .filter_map(|(start, it)| it.reading.outcome.value().map(|value| shifted(value, *start)))
        .collect();
    if found.is_empty() {
        let first = pieces.swap_remove(0).1;
        let declined = Outcome::Abstained(Abstention::Unknown { words: "in no piece of the text".into() });
        let outcome = match first.reading.outcome {
            refused @ Outcome::Abstained(Abstention::Refused { .. }) => refused,
            _ => declined,
        };
        let reading = Reading { outcome, notes, problem: None, stated: None };
        return Heard { reading, confidence: Confidence::Unknown(NoConfidence::NoLabel) };
    }
    match together(kind, task, &found) {
        Ok(value) => {
            let confidence = least(&pieces);
            Heard { reading: Reading::labeled(value, notes), confidence }
        }
        Err(got) => {
            let reading = Reading { problem: None, ..Reading::unusable(Unusable::Tied { got }, notes) };
            Heard { reading, confidence: Confidence::Unknown(NoConfidence::NoLabel) }
        }
    }
}

/// The least confidence of the pieces with a label; unknown where one of them has none.
fn least(pieces: &[(u32, Heard)]) -> Confidence {
    let labeled = pieces.iter().filter(|(_, it)| it.reading.outcome.value().is_some());
    let mut least = Confidence::Raw(1.0, ConfidenceSource::Stated);
    let mut is_first = true;
    for (_, heard) in labeled {
        match (heard.confidence.value(), least.value()) {
            (None, _) => return heard.confidence,
            (Some(own), Some(before)) if is_first || own < before => least = heard.confidence,
            _ => {}
        }
        is_first = false;
    }
    least
}

/// A value at its place in the whole text.
fn shifted(value: &Value, start: u32) -> Value {
    let moved = |span: Span| Span::new(span.start() + start, span.end() + start).unwrap_or(span);
    let words = |it: &Quote| Quote { span: moved(it.span), quote: it.quote.clone() };
    let labeled = |it: &LabeledSpan| LabeledSpan { span: moved(it.span), ..it.clone() };
    match value {
        Value::Spans(spans) => Value::spans(spans.iter().map(labeled).collect()),
        Value::Relations(graph) => {
            Value::Relations(Graph::new(graph.spans.iter().map(labeled).collect(), graph.relations.clone()))
        }
        Value::Text(it) => {
            Value::Text(Written { texts: it.texts.clone(), quotes: it.quotes.iter().map(words).collect() })
        }
        Value::Fields(it) => Value::Fields(Filled {
            fields: it.fields.clone(),
            quotes: it.quotes.iter().map(|(path, quote)| (path.clone(), words(quote))).collect(),
        }),
        Value::Form(parts) => {
            Value::Form(parts.iter().map(|part| part.as_ref().map(|it| shifted(it, start))).collect())
        }
        other => other.clone(),
    }
}

/// The values of the pieces as one, or those that differ, as stored.
fn together(kind: &dyn TaskKind, task: &Task, found: &[Value]) -> std::result::Result<Value, Vec<String>> {
    let Some(first) = found.first() else { return Err(Vec::new()) };
    let told = |values: &[Value]| values.iter().map(|it| it.to_json(&task.schema).to_string()).collect();
    Ok(match first {
        Value::Choices(_) => Value::choices(found.iter().flat_map(Value::labels).collect()),
        Value::Spans(_) => {
            let all = found.iter().flat_map(|it| match it {
                Value::Spans(spans) => spans.clone(),
                _ => Vec::new(),
            });
            Value::spans(apart(all.collect(), task.spec.overlap))
        }
        Value::Relations(_) => graphs(found),
        Value::Number(_) => {
            let numbers: Vec<f64> = found
                .iter()
                .filter_map(|it| match it {
                    Value::Number(number) => Some(number.get()),
                    _ => None,
                })
                .collect();
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            Number::new(mean).map(Value::Number).ok_or_else(|| told(found))?
        }
        Value::Text(_) => texts(found).ok_or_else(|| told(found))?,
        Value::Fields(_) => fields(found),
        Value::Form(parts) => {
            let one = |n: usize| -> std::result::Result<Option<Value>, Vec<String>> {
                let of_part = |it: &Value| match it {
                    Value::Form(parts) => parts.get(n).cloned().flatten(),
                    _ => None,
                };
                let values: Vec<Value> = found.iter().filter_map(of_part).collect();
                let Some(part) = task.parts.get(n).filter(|_| !values.is_empty()) else { return Ok(None) };
                let Ok(own) = crate::kind::kind(&part.task.kind) else { return Ok(None) };
                together(own, &part.task, &values).map(Some)
            };
            Value::Form((0..parts.len()).map(one).collect::<std::result::Result<_, _>>()?)
        }
        Value::Choice(_) | Value::Ranking(_) => match kind.vote(task, found) {
            Vote::Winner { value, .. } => value,
            Vote::Tie(tied) => return Err(told(&tied)),
            Vote::None => return Err(told(found)),
        },
    })
}

/// Of spans that overlap where the task allows none, the longer: the shorter was cut by the border of its piece.
fn apart(mut spans: Vec<LabeledSpan>, overlap: bool) -> Vec<LabeledSpan> {
    spans.sort_unstable();
    spans.dedup();
    if overlap {
        return spans;
    }
    spans.sort_by_key(|it| (std::cmp::Reverse(it.span.len()), it.span.start(), it.label));
    let mut kept: Vec<LabeledSpan> = Vec::new();
    for span in spans {
        if !kept.iter().any(|other| other.span.overlaps(span.span)) {
            kept.push(span);
        }
    }
    kept
}

fn graphs(found: &[Value]) -> Value {
    let (mut spans, mut relations) = (Vec::new(), Vec::new());
    for value in found {
        let Value::Relations(graph) = value else { continue };
        let before = spans.len() as u32;
        spans.extend(graph.spans.iter().cloned());
        let moved = graph.relations.iter();
        relations.extend(moved.map(|it| Relation { from: it.from + before, to: it.to + before, ..*it }));
    }
    Value::Relations(Graph::new(spans, relations))
}

/// The one answer that pieces gave; `None` where they gave several.
fn texts(found: &[Value]) -> Option<Value> {
    let mut answer: Option<Written> = None;
    for value in found {
        let Value::Text(written) = value else { continue };
        match &mut answer {
            _ if written.texts.is_empty() => {}
            None => answer = Some(written.clone()),
            Some(before) if before.texts.first() == written.texts.first() => {
                before.quotes.extend(written.quotes.iter().cloned());
                before.quotes.sort_unstable();
                before.quotes.dedup();
            }
            Some(_) => return None,
        }
    }
    Some(Value::Text(answer.unwrap_or_default()))
}

/// Of each field the value that was found first; lists joined, each entry once.
fn fields(found: &[Value]) -> Value {
    let mut all = Filled::default();
    for value in found {
        let Value::Fields(filled) = value else { continue };
        for (name, cell) in &filled.fields {
            let quotes = || filled.quotes.iter().filter(|(path, _)| is_below(path, name)).cloned();
            match (all.fields.get_mut(name), cell) {
                (None, cell) => {
                    all.fields.insert(name.clone(), cell.clone());
                    all.quotes.extend(quotes());
                }
                (Some(before), cell) if before.is_null() => {
                    *before = cell.clone();
                    all.quotes.extend(quotes());
                }
                // The paths of joined entries would be others: their quotes are those of the first piece.
                (Some(serde_json::Value::Array(before)), serde_json::Value::Array(more)) => {
                    let new: Vec<_> = more.iter().filter(|it| !before.contains(it)).cloned().collect();
                    before.extend(new);
                }
                (Some(_), _) => {}
            }
        }
    }
    Value::Fields(all)
}

fn is_below(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests;
