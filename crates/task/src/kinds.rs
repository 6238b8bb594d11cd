//! The kinds of tasks, one file each; the table is [`KINDS`](crate::KINDS).

mod answer;
mod classify;
mod evidence;
mod extract;
mod form;
mod link;
mod match_pair;
mod multi_label;
mod number;
mod options;
mod orders;
mod prefer;
mod rank;
mod rating;
mod relations;
mod spans;
mod write;

pub(crate) use answer::Answer;
pub(crate) use classify::Classify;
pub(crate) use extract::Extract;
pub use extract::field_confidence;
pub(crate) use form::Form;
pub(crate) use link::Link;
pub(crate) use match_pair::Match;
pub(crate) use multi_label::MultiLabel;
pub(crate) use number::Number;
pub(crate) use prefer::Prefer;
pub(crate) use rank::Rank;
pub(crate) use rating::Rating;
pub(crate) use relations::Relations;
pub(crate) use spans::Spans;
pub(crate) use write::Write;

use karat_core::{DataSpec, Fields, Item, ItemId, LabelSpec, PolicySpec, Task, TaskSpec};
use serde_json::{Map, Value as Json, json};

use crate::kind::{PromptStyle, ShotStyle};

/// The frame of an answer's schema: the reason first, the answer, then the confidence, then the explanation.
pub(crate) fn frame(style: &PromptStyle, name: &str, answer: Json) -> Json {
    frame_of(style, [(name, answer)])
}

/// The same around several answers.
fn frame_of<'a>(style: &PromptStyle, answers: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
    let mut properties = Map::new();
    if style.reasoning {
        properties.insert("reason".into(), json!({"type": "string"}));
    }
    properties.extend(answers.into_iter().map(|(name, answer)| (name.to_owned(), answer)));
    if style.state_confidence {
        properties.insert("confidence".into(), json!({"type": "number"}));
    }
    if style.explain {
        properties.insert("explanation".into(), json!({"type": "string"}));
    }
    let required: Vec<&String> = properties.keys().collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The text of an answer in that frame.
fn framed(style: &ShotStyle, name: &str, answer: &Json) -> String {
    framed_of(style, [(name, answer.clone())])
}

/// The same of several answers.
fn framed_of<'a>(style: &ShotStyle, answers: impl IntoIterator<Item = (&'a str, Json)>) -> String {
    let mut map = Map::new();
    if let Some(reason) = &style.reason {
        map.insert("reason".into(), json!(reason));
    }
    map.extend(answers.into_iter().map(|(name, answer)| (name.to_owned(), answer)));
    if let Some(confidence) = style.confidence {
        map.insert("confidence".into(), json!(confidence));
    }
    if let Some(explanation) = &style.explanation {
        map.insert("explanation".into(), json!(explanation));
    }
    Json::Object(map).to_string()
}

/// A task for examples; the names are known to be good.
fn example_task(kind: &str, labels: &[(&str, &[&str])]) -> Option<Task> {
    let label = |(name, aliases): &(&str, &[&str])| LabelSpec {
        aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
        ..LabelSpec::named(*name)
    };
    let spec =
        TaskSpec { kind: kind.to_owned(), labels: labels.iter().map(label).collect(), ..TaskSpec::default() };
    Task::new(
        &spec,
        &DataSpec { text: "text".to_owned(), ..DataSpec::default() },
        &PolicySpec::default(),
        String::new(),
    )
    .ok()
}

/// The task of a spec, for examples; the spec is known to be good.
fn task_of(spec: TaskSpec) -> Option<Task> {
    let data = DataSpec { text: "text".to_owned(), ..DataSpec::default() };
    crate::make::task(spec, &data, &PolicySpec::default(), String::new()).ok().map(|(task, _)| task)
}

/// An item with a text and nothing else.
pub(crate) fn item_of(column: &str, text: &str) -> Item {
    let fields: Fields = [(column.to_owned(), json!(text))].into_iter().collect();
    Item { id: ItemId::new("example"), row: 1, fields }
}
