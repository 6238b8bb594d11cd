//! A label of one of a few shapes, and its form in files and in the journal.
//!
//! Stored as JSON with label names: `"billing"`, `["billing","praise"]`, or
//! `[{"start":3,"end":10,"label":"PERSON","quote":"Bob Lee"}]`.

use serde_json::{Value as Json, json};

use crate::{LabelId, LabelSchema, Span};

/// The shape of a value. Closed on purpose: editors, aggregators and formats know them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Exactly one label.
    Choice,
    /// Any number of labels.
    Choices,
    /// Labeled ranges of the text.
    Spans,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Exactly one label.
    Choice(LabelId),
    /// Any number of labels, also none; in schema order, each once.
    Choices(Vec<LabelId>),
    /// Labeled ranges of the text, also none; in text order, each once.
    Spans(Vec<LabeledSpan>),
}

/// A range of the text with its label, and the words that stand there: a position that no longer fits its text shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabeledSpan {
    /// Where, in code points.
    pub span: Span,
    /// Which label.
    pub label: LabelId,
    /// The words at that place.
    pub quote: String,
}

impl Value {
    /// Several labels, put into schema order, each once.
    pub fn choices(mut labels: Vec<LabelId>) -> Self {
        labels.sort_unstable();
        labels.dedup();
        Self::Choices(labels)
    }

    /// Spans, put into text order, each once.
    pub fn spans(mut spans: Vec<LabeledSpan>) -> Self {
        spans.sort_unstable();
        spans.dedup();
        Self::Spans(spans)
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Choice(_) => Shape::Choice,
            Self::Choices(_) => Shape::Choices,
            Self::Spans(_) => Shape::Spans,
        }
    }

    /// The labels that occur, in order of occurrence.
    pub fn labels(&self) -> Vec<LabelId> {
        match self {
            Self::Choice(label) => vec![*label],
            Self::Choices(labels) => labels.clone(),
            Self::Spans(spans) => spans.iter().map(|span| span.label).collect(),
        }
    }

    /// The stored form.
    pub fn to_json(&self, schema: &LabelSchema) -> Json {
        match self {
            Self::Choice(label) => json!(schema.name(*label)),
            Self::Choices(labels) => labels.iter().map(|label| json!(schema.name(*label))).collect(),
            Self::Spans(spans) => spans
                .iter()
                .map(|it| {
                    json!({"start": it.span.start(), "end": it.span.end(), "label": schema.name(it.label), "quote": it.quote})
                })
                .collect(),
        }
    }

    /// Reads the stored form: every label must be in `schema`; the message says what is wrong.
    pub fn from_json(json: &Json, shape: Shape, schema: &LabelSchema) -> Result<Self, String> {
        let label = |name: &Json| {
            let name = name.as_str().ok_or_else(|| format!("`{name}` is not a label name"))?;
            schema.by_name(name).ok_or_else(|| format!("`{name}` is not in the label schema"))
        };
        let list = || json.as_array().ok_or_else(|| format!("`{json}` is not a list"));
        Ok(match shape {
            Shape::Choice => Self::Choice(label(json)?),
            Shape::Choices => Self::choices(list()?.iter().map(label).collect::<Result<_, _>>()?),
            Shape::Spans => {
                let read = |it: &Json| {
                    let at = |key: &str| it[key].as_u64().and_then(|n| u32::try_from(n).ok());
                    let span = at("start").zip(at("end")).and_then(|(start, end)| Span::new(start, end));
                    let span = span.ok_or_else(|| format!("`{it}` has no `start` below its `end`"))?;
                    let quote = it["quote"].as_str().or(it["text"].as_str()).unwrap_or_default().to_owned();
                    Ok::<_, String>(LabeledSpan { span, label: label(&it["label"])?, quote })
                };
                Self::spans(list()?.iter().map(read).collect::<Result<_, _>>()?)
            }
        })
    }

    /// Checks every quote against `text`, and fills those that are empty; the message names the first that differs.
    pub fn check_quotes(&mut self, text: &str) -> Result<(), String> {
        let Self::Spans(spans) = self else { return Ok(()) };
        for it in spans {
            let (start, end) = (it.span.start(), it.span.end());
            let words =
                it.span.quote(text).ok_or_else(|| format!("span {start}..{end} reaches past the text"))?;
            if it.quote.is_empty() {
                it.quote = words.to_owned();
            } else if it.quote != words {
                return Err(format!("span {start}..{end} reads `{words}` in the text, not `{}`", it.quote));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> LabelSchema {
        LabelSchema::of(&["PERSON", "PLACE"]).unwrap()
    }

    #[test]
    fn every_shape_survives_its_stored_form() {
        let schema = schema();
        let [person, place] = ["PERSON", "PLACE"].map(|name| schema.by_name(name).unwrap());
        let span = LabeledSpan { span: Span::new(3, 10).unwrap(), label: person, quote: "Bob Lee".into() };
        for value in [Value::Choice(place), Value::choices(vec![place, person]), Value::spans(vec![span])] {
            assert_eq!(Value::from_json(&value.to_json(&schema), value.shape(), &schema), Ok(value));
        }
    }

    #[test]
    fn an_unknown_label_is_refused_by_name() {
        let got = Value::from_json(&json!("ANIMAL"), Shape::Choice, &schema());
        assert_eq!(got, Err("`ANIMAL` is not in the label schema".into()));
    }

    #[test]
    fn a_quote_that_moved_is_noticed() {
        let mut value = Value::from_json(
            &json!([{"start": 0, "end": 3, "label": "PERSON", "quote": "Bob"}]),
            Shape::Spans,
            &schema(),
        )
        .unwrap();
        assert_eq!(value.check_quotes("Bob Lee"), Ok(()));
        assert_eq!(value.check_quotes("Ann Lee"), Err("span 0..3 reads `Ann` in the text, not `Bob`".into()));
    }
}
