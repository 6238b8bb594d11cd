//! `relations`: labeled pairs of places in the text, from one to the other.
//!
//! Asked for: `{"spans": [{"id": "e1", "quote": "Bob", "label": "PERSON", "occurrence": null}, …], "relations": [{"from":
//! "e1", "to": "e2", "label": "works_at"}]}`. Where a column has the spans already, they are shown with identifiers and only
//! the relations are asked for.
//!
//! Not here: reading answers (`read.rs`), and which labels a relation may join: no constraint of types is checked.

mod given;
mod join;
mod read;

use karat_core::{
    Abstention, Error, Graph, Item, LabelSchema, LabeledSpan, Outcome, PromptLanguage, Relation, Result,
    Shape, Shot, Span, Task, TaskSpec, Unusable, Value,
};
use serde_json::{Value as Json, json};

use super::{example_task, frame_of, framed_of, item_of};
use crate::align::Haystack;
use crate::answer::clip;
use crate::inquiry::shortlist::enumerates;
use crate::kind::{
    Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote, needs_labels,
};
use crate::language::{of, templates};

/// The kind `relations`.
pub(crate) struct Relations;

impl TaskKind for Relations {
    fn id(&self) -> &'static str {
        "relations"
    }

    fn about(&self) -> &'static str {
        "labeled places of the text, and labeled relations between two of them"
    }

    fn shape(&self) -> Shape {
        Shape::Relations
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        let spec = needs_labels(self.id(), spec)?;
        if spec.entities.is_empty() {
            return Err(Error::invalid("a task of kind `relations` needs `entities` and has none")
                .hint("`labels` are those of relations; name those of the related places: `entities = [\"PERSON\", \"COMPANY\"]`"));
        }
        Ok(spec)
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let name = |schema: &LabelSchema, is_listed: bool| match is_listed {
            true => json!({"type": "string", "enum": schema.names().collect::<Vec<_>>()}),
            false => json!({"type": "string"}),
        };
        let object = |properties: Json| {
            let keys: Vec<&String> = properties.as_object().into_iter().flat_map(|map| map.keys()).collect();
            json!({"type": "object", "properties": properties, "required": keys, "additionalProperties": false})
        };
        let entities = entities(task);
        let span = object(json!({
            "id": {"type": "string"},
            "quote": {"type": "string"},
            "label": name(entities, entities.len() <= crate::inquiry::shortlist::MAX_LISTED),
            "occurrence": {"type": ["integer", "null"]},
        }));
        let relation = object(json!({
            "from": {"type": "string"},
            "to": {"type": "string"},
            "label": name(&task.schema, enumerates(task, style.moderates)),
        }));
        let spans = ("spans", json!({"type": "array", "items": span}));
        let relations = ("relations", json!({"type": ["array", "null"], "items": relation}));
        match task.spec.given {
            Some(_) => frame_of(style, [relations]),
            None => frame_of(style, [spans, relations]),
        }
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("relations"))
    }

    fn particulars(&self, task: &Task, language: PromptLanguage) -> Json {
        let one = |it: &karat_core::LabelSpec| json!({"name": it.name, "description": it.description, "examples": it.examples});
        json!({
            "given": task.spec.given.as_ref().map(|_| given::word(language)),
            "entities": entities(task).specs().iter().map(one).collect::<Json>(),
        })
    }

    /// The spans that are known already, with the identifiers by which they are related.
    fn shown(&self, task: &Task, item: &Item, language: PromptLanguage) -> Vec<(String, String)> {
        match given::spans(task, item) {
            Some(Ok(spans)) => vec![given::shown(task, &task.text_of(item), &spans, language)],
            Some(Err(_)) | None => Vec::new(),
        }
    }

    fn shown_with_shot(
        &self,
        task: &Task,
        shot: &Shot,
        value: &Value,
        language: PromptLanguage,
    ) -> Vec<(String, String)> {
        let column = task.spec.given.as_deref();
        let mut beside: Vec<_> =
            shot.context.iter().filter(|(name, _)| Some(name.as_str()) != column).cloned().collect();
        if let (Some(_), Value::Relations(graph)) = (column, value) {
            beside.push(given::shown(task, &shot.text, &graph.spans, language));
        }
        beside
    }

    fn read_answer(&self, task: &Task, item: &Item, answer: &RawAnswer) -> Reading {
        read::read(task, item, answer)
    }

    /// The quotes with `start`, which is believed where the words stand there: no text is at hand to count in.
    fn answer_text(&self, task: &Task, value: &Value) -> String {
        let Value::Relations(graph) = value else {
            return json!({"relations": null}).to_string();
        };
        let span = |(n, it): (usize, &LabeledSpan)| json!({"id": given::id(n), "quote": it.quote, "label": entities(task).name(it.label), "start": it.span.start()});
        let spans: Json = graph.spans.iter().enumerate().map(span).collect();
        match task.spec.given {
            Some(_) => json!({"relations": relations(task, graph)}).to_string(),
            None => json!({"spans": spans, "relations": relations(task, graph)}).to_string(),
        }
    }

    fn shot_text(&self, task: &Task, text: &str, value: &Value, style: &ShotStyle) -> String {
        let Value::Relations(graph) = value else {
            return framed_of(style, [("relations", Json::Null)]);
        };
        let relations = ("relations", relations(task, graph));
        if task.spec.given.is_some() {
            return framed_of(style, [relations]);
        }
        let haystack = Haystack::new(text);
        let span = |(n, it): (usize, &LabeledSpan)| {
            let nth = given::nth(text, &haystack, it);
            json!({"id": given::id(n), "quote": it.quote, "label": entities(task).name(it.label), "occurrence": nth})
        };
        framed_of(style, [("spans", graph.spans.iter().enumerate().map(span).collect()), relations])
    }

    /// The labels of the relations, in order, where there are as many as relations.
    fn label_words(&self, task: &Task, answer: &str, value: &Value) -> Vec<LabelAt> {
        let mut from = answer.rfind("\"relations\"").unwrap_or(answer.len());
        let mut places = Vec::new();
        while let Some(key) = answer[from..].find("\"label\"") {
            let after = from + key + "\"label\"".len();
            let Some(start) = answer[after..].find('"').map(|n| after + n + 1) else { break };
            let Some(end) = answer[start..].find('"').map(|n| start + n) else { break };
            from = end;
            let Some(label) = task.schema.by_name(&answer[start..end]) else { return Vec::new() };
            places.push(LabelAt { label, bytes: start..end });
        }
        if places.len() == value.labels().len() { places } else { Vec::new() }
    }

    /// One minus nine tenths of the F1 score of the relations and one tenth of that of the spans. A relation is the same
    /// with the same label between the same labeled ranges in the same direction. Where neither has any, they are the same.
    fn distance(&self, _task: &Task, a: &Value, b: &Value) -> f64 {
        let (Value::Relations(a), Value::Relations(b)) = (a, b) else {
            return 1.0;
        };
        let by_spans = f1(&a.spans, &b.spans);
        let by_relations = f1(&triples(a), &triples(b));
        // Sums of tenths are not exact.
        if by_spans == 1.0 && by_relations == 1.0 { 0.0 } else { 1.0 - (0.9 * by_relations + 0.1 * by_spans) }
    }

    /// Each relation by itself: it stays with more than half of the votes; so does each span, and what a relation that stays
    /// joins stays too. The share is the mean, over the relations that anyone gave, of the part of the votes that agrees with
    /// the decision on that relation; where nobody gave any, the same over the spans; 1 where there are none of these either.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        let graphs = values.iter().filter_map(|value| match value {
            Value::Relations(graph) => Some(graph),
            _ => None,
        });
        let graphs: Vec<&Graph> = graphs.collect();
        if graphs.is_empty() {
            return Vote::None;
        }
        let n = graphs.len();
        let by_span = counted(graphs.iter().flat_map(|graph| graph.spans.iter().cloned()));
        let by_triple = counted(graphs.iter().flat_map(|graph| triples(graph)));
        let kept: Vec<&Triple> = by_triple.iter().filter(|(_, k)| 2 * k > n).map(|(it, _)| it).collect();
        let mut spans: Vec<LabeledSpan> =
            by_span.iter().filter(|(_, k)| 2 * k > n).map(|(it, _)| it.clone()).collect();
        let mut place = |span: &LabeledSpan| {
            let at = spans.iter().position(|it| it == span);
            at.unwrap_or_else(|| {
                spans.push(span.clone());
                spans.len() - 1
            }) as u32
        };
        let relation = |(from, label, to): &Triple, place: &mut dyn FnMut(&LabeledSpan) -> u32| Relation {
            from: place(from),
            to: place(to),
            label: *label,
        };
        let relations = kept.into_iter().map(|it| relation(it, &mut place)).collect();
        let share = match (
            shares(by_triple.iter().map(|(_, k)| *k), n),
            shares(by_span.iter().map(|(_, k)| *k), n),
        ) {
            (Some(share), _) | (None, Some(share)) => share,
            (None, None) => 1.0,
        };
        Vote::Winner { value: Value::Relations(Graph::new(spans, relations)), share }
    }

    /// The stored form; else spans and relations by quotes, as an answer has them.
    fn read_gold(&self, task: &Task, item: &Item, cell: &Json) -> Result<Value, String> {
        let parsed: Json = match cell {
            Json::String(cell) => serde_json::from_str(cell)
                .map_err(|error| format!("`{}` is no relations: {error}", clip(cell)))?,
            cell => cell.clone(),
        };
        read::gold(task, item, &parsed)
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }

    /// Where spans are given, an example has them in its answer or in its context.
    fn read_shot(&self, task: &Task, shot: &Shot) -> Result<Value> {
        let mut item = item_of(&task.text, &shot.text);
        item.fields.extend(shot.context.iter().map(|(name, text)| (name.clone(), json!(text))));
        if let Some(column) = &task.spec.given
            && !item.fields.contains_key(column)
            && let Some(spans) = shot.answer.get("spans")
        {
            item.fields.insert(column.clone(), spans.clone());
        }
        let value = self.read_gold(task, &item, &shot.answer).map_err(Error::invalid)?;
        let answer = self.shot_text(task, &shot.text, &value, &ShotStyle::default());
        let reading = self.read_answer(task, &item, &RawAnswer::of(&answer));
        match reading.outcome == Outcome::Labeled(value.clone()) && reading.problem.is_none() {
            true => Ok(value),
            false => Err(Error::invalid(
                reading
                    .problem
                    .or(reading.outcome.reason())
                    .unwrap_or_else(|| "it reads as another answer".to_owned()),
            )),
        }
    }
}

/// A relation by what it joins.
type Triple = (LabeledSpan, karat_core::LabelId, LabeledSpan);

/// The labels of the spans.
fn entities(task: &Task) -> &LabelSchema {
    task.schema.entities().unwrap_or(&task.schema)
}

fn relations(task: &Task, graph: &Graph) -> Json {
    let one = |it: &Relation| json!({"from": given::id(it.from as usize), "to": given::id(it.to as usize), "label": task.schema.name(it.label)});
    graph.relations.iter().map(one).collect()
}

fn triples(graph: &Graph) -> Vec<Triple> {
    let span = |n: u32| graph.spans.get(n as usize).cloned();
    graph.relations.iter().filter_map(|it| Some((span(it.from)?, it.label, span(it.to)?))).collect()
}

/// The F1 score of two sets; 1 where both are empty.
fn f1<T: PartialEq>(a: &[T], b: &[T]) -> f64 {
    let both = a.iter().filter(|it| b.contains(it)).count();
    match a.len() + b.len() {
        0 => 1.0,
        sizes => 2.0 * both as f64 / sizes as f64,
    }
}

fn counted<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for it in all {
        match counts.iter_mut().find(|(seen, _)| *seen == it) {
            Some((_, n)) => *n += 1,
            None => counts.push((it, 1)),
        }
    }
    counts
}

/// The mean part of `n` votes that agrees with the majority; `None` where there is nothing to decide.
fn shares(counts: impl Iterator<Item = usize>, n: usize) -> Option<f64> {
    let agree: Vec<usize> = counts.map(|k| k.max(n - k)).collect();
    (!agree.is_empty()).then(|| agree.iter().sum::<usize>() as f64 / (n * agree.len()) as f64)
}

fn examples() -> Option<Vec<Example>> {
    let task = example_task("relations", &[("works_at", &["employed by"]), ("founded", &[])])?;
    let entities = LabelSchema::of(&["PERSON", "COMPANY"]).ok()?;
    let [person, company] = ["PERSON", "COMPANY"].map(|name| entities.by_name(name));
    let task = Task { schema: task.schema.with_entities(entities), ..task };
    let span = |start: u32, quote: &str, label: Option<karat_core::LabelId>| {
        let span = Span::new(start, start + quote.chars().count() as u32)?;
        Some(LabeledSpan { span, label: label?, quote: quote.to_owned() })
    };
    let spans = vec![span(0, "Ann", person)?, span(13, "Acme", company)?];
    let works_at = Relation { from: 0, to: 1, label: task.schema.by_name("works_at")? };
    let graph = |relations| Outcome::Labeled(Value::Relations(Graph::new(spans.clone(), relations)));
    let rows = [
        (
            "the form that was asked for",
            r#"{"spans": [{"id": "e1", "quote": "Ann", "label": "PERSON", "occurrence": null}, {"id": "e2", "quote": "Acme", "label": "COMPANY", "occurrence": null}], "relations": [{"from": "e1", "to": "e2", "label": "works_at"}]}"#,
            graph(vec![works_at]),
            vec![],
        ),
        (
            "a relation to what is no span is left out",
            r#"{"spans": [{"id": "e1", "quote": "Ann", "label": "PERSON"}, {"id": "e2", "quote": "Acme", "label": "COMPANY"}], "relations": [{"from": "e1", "to": "e3", "label": "works_at"}]}"#,
            graph(vec![]),
            vec!["relation_lost"],
        ),
        (
            "the model cannot tell",
            r#"{"spans": [], "relations": null}"#,
            Outcome::Abstained(Abstention::Unknown { words: "null".into() }),
            vec![],
        ),
        (
            "spans without relations are half an answer",
            r#"{"spans": [{"id": "e1", "quote": "Ann", "label": "PERSON"}]}"#,
            Outcome::Unusable(Unusable::WrongShape { got: "the answer has no `relations`".into() }),
            vec![],
        ),
    ];
    let item = item_of("text", "Ann works at Acme.");
    let example = |(about, answer, outcome, notes)| Example {
        about,
        task: task.clone(),
        item: item.clone(),
        answer,
        outcome,
        notes,
    };
    Some(rows.into_iter().map(example).collect())
}

#[cfg(test)]
mod tests;
