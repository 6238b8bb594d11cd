//! A label of one of a few shapes, and its form in files and in the journal.
//!
//! Stored as JSON with label names:
//!
//! | shape | form |
//! |---|---|
//! | choice | `"billing"` |
//! | choices | `["billing","praise"]` |
//! | spans | `[{"start":3,"end":10,"label":"PERSON","quote":"Bob Lee"}]` |
//! | relations | `{"spans":[…],"relations":[{"from":0,"to":1,"label":"works_at"}]}` |
//! | number | `72.5` |
//! | ranking | `[["b"],["a","c"]]`, the best first, equals together |
//! | text | `{"texts":["…"],"quotes":[{"start":3,"end":10,"quote":"…"}]}`; no texts: the item does not say |
//! | fields | `{"fields":{"who":"Bob Lee"},"quotes":{"who":{"start":3,"end":10,"quote":"Bob Lee"}}}` |
//! | form | `{"tone":"polite","topics":["billing"],"harm":null}` |

mod json;

use serde_json::{Map, Value as Json};

use crate::{LabelId, Span};

/// The shape of a value. Closed on purpose: editors, aggregators and formats know them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Exactly one label.
    Choice,
    /// Any number of labels.
    Choices,
    /// Labeled ranges of the text.
    Spans,
    /// Labeled ranges, and labeled pairs of them.
    Relations,
    /// A number.
    Number,
    /// The options in order, the best first.
    Ranking,
    /// Words of the annotator's own, or quoted from the text.
    Text,
    /// Named, typed fields.
    Fields,
    /// Several named questions, each with a value of its own shape.
    Form,
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
    /// Labeled ranges, and labeled pairs of them.
    Relations(Graph),
    /// A number.
    Number(Number),
    /// Groups of options, the best first; options of one group are equally good. Each option once, no group empty.
    Ranking(Vec<Vec<LabelId>>),
    /// Words of the annotator's own.
    Text(Written),
    /// Named, typed fields.
    Fields(Filled),
    /// The value of each question, in the order of the schema's parts; `None` where one has no value.
    Form(Vec<Option<Value>>),
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

/// A range of the text without a label, and the words that stand there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quote {
    /// Where, in code points.
    pub span: Span,
    /// The words at that place.
    pub quote: String,
}

/// Spans and how they are related. Labels of spans are those of [`LabelSchema::entities`](crate::LabelSchema::entities).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// The spans, in text order, each once.
    pub spans: Vec<LabeledSpan>,
    /// The relations, in the order of their spans, each once.
    pub relations: Vec<Relation>,
}

/// A labeled pair of spans, from the first to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The number of the first span in its graph.
    pub from: u32,
    /// The number of the second span in its graph.
    pub to: u32,
    /// Which relation.
    pub label: LabelId,
}

/// A finite number. Two numbers are equal where their digits are: `-0` is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Number(f64);

impl Eq for Number {}

impl Number {
    /// A number; `None` where it is not finite.
    pub fn new(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self(if number == 0.0 { 0.0 } else { number }))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Words of the annotator's own, and where in the item they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// One text, or several to choose from, the best first. None at all: the item does not say what was asked.
    pub texts: Vec<String>,
    /// What of the item it rests on.
    pub quotes: Vec<Quote>,
}

/// Named fields, of the types that the schema says, and where in the item they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filled {
    /// The fields in schema order. What the item does not say is null, or an empty list.
    pub fields: Map<String, Json>,
    /// Which words a value rests on, by its path: `who`, `items.0.price`.
    pub quotes: Vec<(String, Quote)>,
}

impl Graph {
    /// Puts spans into text order and relations into theirs, each once. Relations name spans by their number in `spans`;
    /// those that name none are left out.
    pub fn new(spans: Vec<LabeledSpan>, relations: Vec<Relation>) -> Self {
        let mut sorted = spans.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let place = |n: u32| {
            let span = spans.get(n as usize)?;
            sorted.binary_search(span).ok().map(|at| at as u32)
        };
        let moved =
            |it: &Relation| Some(Relation { from: place(it.from)?, to: place(it.to)?, label: it.label });
        let mut relations: Vec<Relation> = relations.iter().filter_map(moved).collect();
        relations.sort_unstable();
        relations.dedup();
        Self { spans: sorted, relations }
    }
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

    /// Groups of options, the best first; within a group in schema order. An option named twice keeps its better place.
    pub fn ranking(groups: Vec<Vec<LabelId>>) -> Self {
        let mut seen = Vec::new();
        let mut kept = Vec::new();
        for mut group in groups {
            group.sort_unstable();
            group.dedup();
            group.retain(|label| !seen.contains(label));
            seen.extend(group.iter().copied());
            if !group.is_empty() {
                kept.push(group);
            }
        }
        Self::Ranking(kept)
    }

    /// One text of the annotator's own, without quotes.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Written { texts: vec![text.into()], quotes: Vec::new() })
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Choice(_) => Shape::Choice,
            Self::Choices(_) => Shape::Choices,
            Self::Spans(_) => Shape::Spans,
            Self::Relations(_) => Shape::Relations,
            Self::Number(_) => Shape::Number,
            Self::Ranking(_) => Shape::Ranking,
            Self::Text(_) => Shape::Text,
            Self::Fields(_) => Shape::Fields,
            Self::Form(_) => Shape::Form,
        }
    }

    /// The labels of the task's own schema that occur, in order of occurrence. Questions of a form have schemas of their
    /// own, and the spans of relations are labeled by `entities`: their labels are not listed.
    pub fn labels(&self) -> Vec<LabelId> {
        match self {
            Self::Choice(label) => vec![*label],
            Self::Choices(labels) => labels.clone(),
            Self::Spans(spans) => spans.iter().map(|span| span.label).collect(),
            Self::Relations(graph) => graph.relations.iter().map(|it| it.label).collect(),
            Self::Ranking(groups) => groups.concat(),
            Self::Number(_) | Self::Text(_) | Self::Fields(_) | Self::Form(_) => Vec::new(),
        }
    }

    /// Checks every quote against `text`, and fills those that are empty; the message names the first that differs.
    pub fn check_quotes(&mut self, text: &str) -> Result<(), String> {
        match self {
            Self::Spans(spans) => spans.iter_mut().try_for_each(|it| check(it.span, &mut it.quote, text)),
            Self::Relations(graph) => {
                graph.spans.iter_mut().try_for_each(|it| check(it.span, &mut it.quote, text))
            }
            Self::Text(written) => {
                written.quotes.iter_mut().try_for_each(|it| check(it.span, &mut it.quote, text))
            }
            Self::Fields(filled) => {
                filled.quotes.iter_mut().try_for_each(|(_, it)| check(it.span, &mut it.quote, text))
            }
            Self::Form(parts) => parts.iter_mut().flatten().try_for_each(|part| part.check_quotes(text)),
            Self::Choice(_) | Self::Choices(_) | Self::Number(_) | Self::Ranking(_) => Ok(()),
        }
    }
}

fn check(span: Span, quote: &mut String, text: &str) -> Result<(), String> {
    let (start, end) = (span.start(), span.end());
    let words = span.quote(text).ok_or_else(|| format!("span {start}..{end} reaches past the text"))?;
    if quote.is_empty() {
        *quote = words.to_owned();
    } else if quote != words {
        return Err(format!("span {start}..{end} reads `{words}` in the text, not `{quote}`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::LabelSchema;

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
