//! Spans and relations out of an answer or out of gold.
//!
//! In: an answer. Out: a graph. A relation is left out with a note where its label is none, where it names no span, or
//! where it joins a span with itself; what was left out is named in a re-ask.

use karat_core::{Abstention, Graph, Item, LabeledSpan, Note, Outcome, Shape, Task, Unusable, Value};
use serde_json::Value as Json;

use super::given;
use super::join::{FROM, LABEL, TO, graph};
use crate::answer::clean::clean;
use crate::answer::fields::{CONFIDENCE, Field, SPANS, confidence};
use crate::answer::json::{Parsed, find_all};
use crate::answer::refusal::abstention;
use crate::answer::{clip, outside};
use crate::fold::folded_quote;
use crate::kind::{RawAnswer, Reading};

const RELATIONS: Field = Field(&[
    "relations",
    "relation",
    "relationships",
    "triples",
    "triplets",
    "edges",
    "links",
    "pairs",
    "отношения",
    "связи",
    "关系",
    "三元组",
]);
/// Reads one answer.
pub(super) fn read(task: &Task, item: &Item, answer: &RawAnswer) -> Reading {
    if let Some(words) = answer.refusal {
        return Reading::abstained(Abstention::Refused { words: clip(words) }, Vec::new());
    }
    let known = match given::spans(task, item) {
        Some(Err(got)) => return Reading::unusable(Unusable::WrongShape { got }, Vec::new()),
        Some(Ok(spans)) => Some(spans),
        None => None,
    };
    let cleaned = clean(answer.text);
    let text = task.text_of(item);
    let mut reading = read_clean(task, &text, known, cleaned.text, answer.truncated_at);
    reading.notes.splice(0..0, cleaned.notes);
    if let (Outcome::Unusable(why), Some(max_tokens)) = (&reading.outcome, answer.truncated_at)
        && !matches!(why, Unusable::NotPlaced { .. })
    {
        return Reading::unusable(Unusable::Truncated { max_tokens }, reading.notes);
    }
    reading
}

/// Reads a gold value.
pub(super) fn gold(task: &Task, item: &Item, json: &Json) -> Result<Value, String> {
    let known = given::spans(task, item).transpose()?;
    let text = task.text_of(item);
    let is_stored = json["spans"].as_array().is_some_and(|spans| {
        spans.iter().all(|it| it.get("start").is_some() && it.get("end").is_some() && it.get("id").is_none())
    });
    if is_stored && json["relations"].is_array() {
        let mut value = Value::from_json(json, Shape::Relations, &task.schema)?;
        value.check_quotes(&text)?;
        let Value::Relations(graph) = &value else { return Err("it is no graph".to_owned()) };
        if let Some(bad) = graph.relations.iter().find(|it| it.from == it.to) {
            return Err(format!("`{}` joins a span with itself", task.schema.name(bad.label)));
        }
        return match known {
            Some(known) if known != graph.spans => {
                Err("its spans are not those of the column of `given`".to_owned())
            }
            _ => Ok(value),
        };
    }
    let found = found(json, known.is_some())
        .ok_or_else(|| format!("`{}` has no `spans` and `relations`", clip(&json.to_string())))?;
    let reading = graph(task, &text, known, found);
    match (reading.outcome, reading.problem) {
        (Outcome::Labeled(value), None) => Ok(value),
        (outcome, problem) => Err(problem.or(outcome.reason()).unwrap_or_default()),
    }
}

/// What an answer holds, not yet placed.
#[derive(Default)]
pub(super) struct Found {
    pub(super) spans: Vec<Json>,
    /// `None` where the answer has no such key.
    pub(super) relations: Option<Vec<Json>>,
    is_null: bool,
    pub(super) notes: Vec<Note>,
    stated: Option<f64>,
}

fn read_clean(
    task: &Task,
    text: &str,
    known: Option<Vec<LabeledSpan>>,
    answer: &str,
    truncated_at: Option<u32>,
) -> Reading {
    if answer.is_empty() {
        return Reading::unusable(Unusable::Empty, Vec::new());
    }
    let all = find_all(answer);
    let mut fits: Vec<(&Parsed, Found)> =
        all.iter().filter_map(|parsed| Some((parsed, found(&parsed.value, known.is_some())?))).collect();
    let Some((parsed, mut last)) = fits.pop() else { return from_plain(known, answer) };
    let mut notes = outside::notes(answer, parsed);
    match fits.iter().all(|(_, other)| other.spans == last.spans && other.relations == last.relations) {
        true if fits.is_empty() => {}
        true => notes.push(Note::Repeated),
        false => notes.push(Note::Verdict { words: format!("the last of {} answers", fits.len() + 1) }),
    }
    last.notes.splice(0..0, notes);
    if last.is_null {
        return Reading::abstained(Abstention::Unknown { words: "null".to_owned() }, last.notes);
    }
    let n_relations = last.relations.as_ref().map_or(0, Vec::len);
    if parsed.cut && n_relations == 0 {
        let got = "the answer is cut off before its first relation".to_owned();
        return Reading::unusable(Unusable::WrongShape { got }, last.notes);
    }
    if last.relations.is_none() {
        let got = "the answer has no `relations`".to_owned();
        return Reading::unusable(Unusable::WrongShape { got }, last.notes);
    }
    if parsed.cut
        && let Some(relations) = &mut last.relations
    {
        // The relation in which the answer was cut is none.
        relations.pop_if(|it| {
            it.as_object()
                .is_none_or(|map| FROM.of(map).is_none() || TO.of(map).is_none() || LABEL.of(map).is_none())
        });
    }
    let stated = last.stated;
    let mut reading = graph(task, text, known, last);
    reading.stated = stated.filter(|_| matches!(reading.outcome, Outcome::Labeled(_)));
    if parsed.cut {
        let limit = truncated_at.map_or(String::new(), |limit| format!(" at {limit} tokens"));
        let problem = reading.problem.take().map_or(String::new(), |it| format!("; {it}"));
        reading.problem = Some(format!("the answer was cut off{limit}{problem}"));
    }
    reading
}

/// An answer without JSON.
fn from_plain(known: Option<Vec<LabeledSpan>>, answer: &str) -> Reading {
    if answer.starts_with(['{', '[']) || answer.starts_with("```") {
        let got = "the JSON of the answer has no `relations`".to_owned();
        return Reading::unusable(Unusable::WrongShape { got }, Vec::new());
    }
    if says_none(answer) {
        let note = Note::Reshaped { what: "words for an empty list".to_owned() };
        let graph = Graph::new(known.unwrap_or_default(), Vec::new());
        return Reading::labeled(Value::Relations(graph), vec![note]);
    }
    match abstention(answer) {
        Some(why) => Reading::abstained(why, Vec::new()),
        None => Reading::unusable(Unusable::NoLabel { got: clip(answer) }, Vec::new()),
    }
}

/// Whether a text says that nothing is related.
fn says_none(text: &str) -> bool {
    const NONE: &[&str] = &[
        "none",
        "nothing",
        "no relations",
        "no relation",
        "there are no relations",
        "no relations found",
        "нет",
        "нет отношений",
        "нет связей",
        "отношений нет",
        "связей нет",
        "无",
        "没有",
        "没有关系",
        "无关系",
    ];
    let folded = folded_quote(text);
    NONE.contains(&folded.trim_matches(|c: char| !c.is_alphanumeric()))
}

/// Spans and relations in a JSON value; `None` where it has no place for them.
fn found(value: &Json, is_given: bool) -> Option<Found> {
    let mut out = Found::default();
    match value {
        Json::Object(map) => {
            let relations = RELATIONS.of(map).filter(|(_, it)| it.is_array() || it.is_null());
            let spans = SPANS
                .of(map)
                .filter(|(key, it)| it.is_array() && relations.is_none_or(|(other, _)| other != *key));
            if relations.is_none() && (spans.is_none() || is_given) {
                return None;
            }
            if let Some((key, list)) = relations {
                out.notes.extend(RELATIONS.note(key));
                out.is_null = list.is_null();
                out.relations = Some(list.as_array().cloned().unwrap_or_default());
            }
            if let Some((key, list)) = spans.filter(|_| !is_given) {
                out.notes.extend(SPANS.note(key));
                out.spans = list.as_array().cloned().unwrap_or_default();
            }
            out.stated = CONFIDENCE.of(map).and_then(|(_, value)| confidence(value));
        }
        Json::Array(list) if is_given && !list.is_empty() && list.iter().all(is_relation) => {
            out.notes.push(Note::Reshaped { what: "a bare list for `relations`".to_owned() });
            out.relations = Some(list.clone());
        }
        Json::Array(_) | Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => return None,
    }
    Some(out)
}

fn is_relation(value: &Json) -> bool {
    value.as_object().is_some_and(|map| FROM.of(map).is_some() && TO.of(map).is_some())
}
