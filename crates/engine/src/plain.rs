//! A value as the statistics take it: labels as numbers, spans as offsets, and the reason where there is none.
//!
//! Not here: how far apart two values are (`measure.rs`).

use std::sync::Arc;

use karat_core::{LabelId, LabelSchema, LabeledSpan, Outcome, OutcomeKind, Value, Written};
use karat_stats::{Class, NoLabel, Span};
use serde_json::{Map, Value as Json};

/// How much of a text stands in one line, in characters.
const CLIP: usize = 160;

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
    Whole(Whole),
}

/// A value that is compared as a whole. Two are equal where their values are; what of the text they rest on does not count.
#[derive(Debug, Clone)]
pub struct Whole(Arc<Value>);

impl Whole {
    /// The value.
    pub fn value(&self) -> &Value {
        &self.0
    }
}

impl PartialEq for Whole {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for Whole {}

/// Whether two values are the same, quotes aside.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.texts == b.texts,
        (Value::Fields(a), Value::Fields(b)) => a.fields == b.fields,
        (Value::Form(a), Value::Form(b)) => {
            let same_part = |(a, b): (&Option<Value>, &Option<Value>)| match (a, b) {
                (Some(a), Some(b)) => same(a, b),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            a.len() == b.len() && a.iter().zip(b).all(same_part)
        }
        _ => a == b,
    }
}

/// What one annotator gave for one item.
pub type Given = Result<Plain, NoLabel>;

/// A value in one line for a person.
pub(crate) fn show(schema: &LabelSchema, value: &Value) -> String {
    let name = |label: &LabelId| schema.name(*label);
    match value {
        Value::Choice(label) => name(label).to_owned(),
        Value::Choices(labels) => listed(labels.iter().map(|it| name(it).to_owned()), ", "),
        Value::Spans(spans) => {
            listed(spans.iter().map(|it| format!("{} [{}]", it.quote, name(&it.label))), ", ")
        }
        Value::Relations(graph) => {
            let words =
                |n: u32| graph.spans.get(n as usize).map_or("?", |it: &LabeledSpan| it.quote.as_str());
            let one = |it: &karat_core::Relation| {
                format!("{} -{}-> {}", words(it.from), name(&it.label), words(it.to))
            };
            listed(graph.relations.iter().map(one), "; ")
        }
        Value::Number(number) => number.get().to_string(),
        Value::Ranking(groups) => {
            let group = |it: &Vec<LabelId>| it.iter().map(name).collect::<Vec<_>>().join(" = ");
            listed(groups.iter().map(group), " > ")
        }
        Value::Text(written) => show_text(written),
        Value::Fields(filled) => show_fields(&filled.fields).unwrap_or_else(|| NONE.to_owned()),
        Value::Form(values) => {
            let part = |(part, value): (&karat_core::Part, &Option<Value>)| {
                let value = value.as_ref().map_or_else(|| "–".to_owned(), |it| show(&part.schema, it));
                format!("{}: {value}", part.name)
            };
            listed(schema.parts().iter().zip(values).map(part), "; ")
        }
    }
}

const NONE: &str = "(none)";

fn listed(parts: impl Iterator<Item = String>, between: &str) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { NONE.to_owned() } else { parts.join(between) }
}

/// The best text, and how many more there are.
fn show_text(written: &Written) -> String {
    let Some(best) = written.texts.first() else { return "(not said)".to_owned() };
    let more = match written.texts.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    clipped(best) + &more
}

/// The fields that have a value; `None` where none has.
fn show_fields(fields: &Map<String, Json>) -> Option<String> {
    let shown: Vec<String> =
        fields.iter().filter_map(|(name, value)| Some(format!("{name}: {}", show_field(value)?))).collect();
    (!shown.is_empty()).then(|| shown.join("; "))
}

fn show_field(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(clipped(text)),
        Json::Array(list) => {
            let parts: Vec<String> = list.iter().filter_map(show_field).collect();
            (!parts.is_empty()).then(|| parts.join(", "))
        }
        Json::Object(group) => show_fields(group).map(|it| format!("({it})")),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
    }
}

/// A text in one line, with a sign where it is not the whole.
fn clipped(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CLIP) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
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
        Value::Relations(_)
        | Value::Number(_)
        | Value::Ranking(_)
        | Value::Text(_)
        | Value::Fields(_)
        | Value::Form(_) => whole(value.clone()),
    }
}

/// A value that is compared as a whole.
pub(crate) fn whole(value: Value) -> Plain {
    Plain::Whole(Whole(Arc::new(value)))
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

#[cfg(test)]
mod tests {
    use karat_core::{Filled, Graph, LabelSchema, Number, Part, Quote, Relation, Shape};
    use serde_json::json;

    use super::*;

    fn schema() -> LabelSchema {
        LabelSchema::of(&["a", "b", "c"]).unwrap()
    }

    #[track_caller]
    fn check(value: &Value, want: &str) {
        assert_eq!(show(&schema(), value), want);
    }

    fn span(start: u32, end: u32, quote: &str) -> LabeledSpan {
        let label = schema().by_name("a").unwrap();
        LabeledSpan { span: karat_core::Span::new(start, end).unwrap(), label, quote: quote.into() }
    }

    fn fields(json: Json) -> Value {
        let Json::Object(fields) = json else { panic!("not an object") };
        Value::Fields(Filled { fields, quotes: Vec::new() })
    }

    #[test]
    fn a_number_has_no_more_digits_than_it_needs() {
        check(&Value::Number(Number::new(72.5).unwrap()), "72.5");
        check(&Value::Number(Number::new(3.0).unwrap()), "3");
    }

    #[test]
    fn a_ranking_reads_from_the_best_to_the_worst() {
        let [a, b, c] = ["a", "b", "c"].map(|name| schema().by_name(name).unwrap());
        check(&Value::ranking(vec![vec![b], vec![a, c]]), "b > a = c");
        check(&Value::ranking(Vec::new()), "(none)");
    }

    #[test]
    fn relations_stand_between_the_words_that_they_join() {
        let label = schema().by_name("b").unwrap();
        let graph = Graph::new(
            vec![span(0, 7, "Bob Lee"), span(12, 16, "ACME")],
            vec![Relation { from: 0, to: 1, label }],
        );
        check(&Value::Relations(graph), "Bob Lee -b-> ACME");
        check(&Value::Relations(Graph::default()), "(none)");
    }

    #[test]
    fn fields_without_a_value_are_left_out() {
        let value = fields(
            json!({"who": "Bob Lee", "sum": 12, "when": null, "items": [{"name": "pen", "n": 2}, {"name": null}]}),
        );
        check(&value, "who: Bob Lee; sum: 12; items: (name: pen; n: 2)");
        check(&fields(json!({"who": null, "items": []})), "(none)");
    }

    #[test]
    fn a_text_stands_in_one_line() {
        check(&Value::text("Two\n  lines"), "Two lines");
        check(&Value::text("x".repeat(200)), &format!("{}…", "x".repeat(CLIP)));
        check(
            &Value::Text(Written { texts: vec!["one".into(), "two".into()], quotes: vec![] }),
            "one (and 1 more)",
        );
        check(&Value::Text(Written::default()), "(not said)");
    }

    #[test]
    fn a_form_names_its_questions() {
        let part = |name: &str, shape| Part { name: name.into(), shape, schema: schema() };
        let form = LabelSchema::none().with_parts(vec![
            part("tone", Shape::Choice),
            part("topics", Shape::Choices),
            part("harm", Shape::Number),
        ]);
        let [a, c] = ["a", "c"].map(|name| schema().by_name(name).unwrap());
        let value = Value::Form(vec![Some(Value::Choice(a)), Some(Value::choices(vec![a, c])), None]);
        assert_eq!(show(&form, &value), "tone: a; topics: a, c; harm: –");
    }

    #[test]
    fn what_a_text_rests_on_does_not_make_it_another_text() {
        let quotes = vec![Quote { span: karat_core::Span::new(0, 3).unwrap(), quote: "Oslo".into() }];
        let with = Value::Text(Written { texts: vec!["Oslo".into()], quotes });
        assert_eq!(plain(&with), plain(&Value::text("Oslo")));
        assert_ne!(plain(&with), plain(&Value::text("Rome")));
        let form = |value: &Value| plain(&Value::Form(vec![Some(value.clone()), None]));
        assert_eq!(form(&with), form(&Value::text("Oslo")));
    }
}
