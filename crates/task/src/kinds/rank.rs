//! `rank`: two or more options in order, the best first, asked in both orders.
//!
//! Asked for: `{"ranking": ["B", "A"]}`; with `ties = true`, equals stand in a list of their own: `["B", ["A", "C"]]`. The
//! model sees letters, never the names of columns; the second question has the options the other way round. The letters are
//! those of all columns of `options`: where a cell is blank, its letter is left out.
//!
//! Both answers alike: that order. Else there is a note `order_differs`, and where ties are allowed only what both say
//! stays: options whose order depends on their places become equals (`order.rs`). Where ties are not allowed the item is
//! unusable, `order_depends`. A mean of the two orders would claim what neither confirmed.

mod order;
mod parse;

use std::borrow::Cow;
use std::sync::Arc;

use karat_core::{
    Abstention, Item, LabelId, LabelSchema, Note, Outcome, PromptLanguage, Result, Shape, Task, TaskSpec,
    Unusable, Value,
};
use serde_json::{Value as Json, json};

use super::orders::both;
use super::{frame, framed, item_of, options};
use crate::answer::clean::{clean, unfence};
use crate::answer::clip;
use crate::answer::fields::{CONFIDENCE, RANKING, confidence};
use crate::answer::once::{Once, once};
use crate::answer::refusal::{abstention, is_unknown};
use crate::inquiry::{Heard, View};
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates};
use parse::{Order, Reader};

/// The kind `rank`.
pub(crate) struct Rank;

impl TaskKind for Rank {
    fn id(&self) -> &'static str {
        "rank"
    }

    fn about(&self) -> &'static str {
        "several options, the best first, asked in both orders"
    }

    fn shape(&self) -> Shape {
        Shape::Ranking
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        options::check(&spec, 2, options::MAX_OPTIONS)?;
        options::as_labels(spec, &[])
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let letters: Vec<String> = (0..task.spec.options.len()).map(options::letter).collect();
        let one = json!({"type": "string", "enum": letters});
        let step = match task.spec.ties {
            true => json!({"anyOf": [one, {"type": "array", "items": one}]}),
            false => one,
        };
        frame(style, "ranking", json!({"type": ["array", "null"], "items": step}))
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("rank"))
    }

    fn particulars(&self, task: &Task, _language: PromptLanguage) -> Json {
        json!({"ties": task.spec.ties})
    }

    fn lists_labels(&self) -> bool {
        false
    }

    fn shown(&self, task: &Task, item: &Item, _language: PromptLanguage) -> Vec<(String, String)> {
        options::blocks(task, item)
    }

    fn written<'a>(&self, task: &'a Task) -> Cow<'a, LabelSchema> {
        Cow::Owned(options::written(task, |_, _| Vec::new()))
    }

    fn refuses(&self, task: &Task, item: &Item) -> Option<Unusable> {
        options::refuses(task, item, 2)
    }

    fn views(&self, task: &Arc<Task>, item: &Arc<Item>) -> Vec<View> {
        vec![View::of(task, item), View::of(&Arc::new(options::reversed(task)), item)]
    }

    fn join(&self, task: &Task, heard: Vec<Heard>) -> Heard {
        both(task, heard, |a, b| match (a, b) {
            (Value::Ranking(a), Value::Ranking(b)) if task.spec.ties => {
                order::confirmed(a, b).map(Value::ranking)
            }
            _ => None,
        })
    }

    fn read_answer(&self, task: &Task, item: &Item, answer: &RawAnswer) -> Reading {
        if let Some(words) = answer.refusal {
            return Reading::abstained(Abstention::Refused { words: clip(words) }, Vec::new());
        }
        let cleaned = clean(answer.text);
        let mut reading = read_ranking(&Reader::letters(task, item), cleaned.text);
        reading.notes.splice(0..0, cleaned.notes);
        if let (Outcome::Unusable(_), Some(max_tokens)) = (&reading.outcome, answer.truncated_at) {
            return Reading::unusable(Unusable::Truncated { max_tokens }, reading.notes);
        }
        reading
    }

    fn answer_text(&self, task: &Task, value: &Value) -> String {
        self.shot_text(task, "", value, &ShotStyle::default())
    }

    fn shot_text(&self, task: &Task, _text: &str, value: &Value, style: &ShotStyle) -> String {
        let written = self.written(task);
        let step = |group: &Vec<LabelId>| match &group[..] {
            [only] => json!(written.name(*only)),
            several => several.iter().map(|label| json!(written.name(*label))).collect(),
        };
        let steps = match value {
            Value::Ranking(groups) => groups.iter().map(step).collect(),
            _ => Json::Null,
        };
        framed(style, "ranking", &steps)
    }

    /// The letters in the order in which they stand, where each stands once between quotation marks behind the key.
    fn label_words(&self, task: &Task, answer: &str, value: &Value) -> Vec<LabelAt> {
        let written = self.written(task);
        let key = "\"ranking\"";
        let Some(from) = answer.rfind(key).map(|at| at + key.len()) else {
            return Vec::new();
        };
        let place = |label: LabelId| {
            let quoted = format!("\"{}\"", written.name(label));
            let mut places = answer[from..].match_indices(&quoted);
            let start = from + places.next()?.0 + 1;
            places.next().is_none().then(|| LabelAt { label, bytes: start..start + quoted.len() - 2 })
        };
        let mut places =
            value.labels().into_iter().map(place).collect::<Option<Vec<_>>>().unwrap_or_default();
        places.sort_by_key(|it| it.bytes.start);
        places
    }

    /// The share of pairs whose order differs; a pair that only one of them holds for equal counts half.
    fn distance(&self, _task: &Task, a: &Value, b: &Value) -> f64 {
        match (a, b) {
            (Value::Ranking(a), Value::Ranking(b)) => order::distance(a, b),
            _ => 1.0,
        }
    }

    /// By the mean of the ranks; options of the same mean are equal, and where the task allows no equals, the samples that
    /// differ tie. The share is one minus the mean distance between the samples and the result.
    fn vote(&self, task: &Task, values: &[Value]) -> Vote {
        let orders: Vec<&Order> = values
            .iter()
            .filter_map(|value| match value {
                Value::Ranking(groups) => Some(groups),
                _ => None,
            })
            .collect();
        if orders.is_empty() {
            return Vote::None;
        }
        let mean = order::mean(&orders);
        if !task.spec.ties && mean.iter().any(|group| group.len() > 1) {
            let mut tied: Vec<Value> = Vec::new();
            values.iter().for_each(|it| {
                if !tied.contains(it) {
                    tied.push(it.clone())
                }
            });
            return Vote::Tie(tied);
        }
        let apart: f64 = orders.iter().map(|it| order::distance(it, &mean)).sum();
        Vote::Winner { value: Value::ranking(mean), share: 1.0 - apart / orders.len() as f64 }
    }

    /// Names of columns, or letters in the order of `options`, as JSON or as `b > a = c`.
    fn read_gold(&self, task: &Task, item: &Item, cell: &Json) -> std::result::Result<Value, String> {
        let parsed: Json = match cell {
            Json::Null => return Err("the cell is empty".to_owned()),
            Json::String(text) if text.trim().is_empty() => return Err("the cell is empty".to_owned()),
            Json::String(text) => serde_json::from_str(text).unwrap_or_else(|_| cell.clone()),
            cell => cell.clone(),
        };
        let reader = Reader::names(task, item);
        let read = |json: &Json| match json {
            Json::String(text) => reader.text(text),
            other => reader.json(other).map(|(order, _)| order),
        };
        let order =
            read(&parsed).unwrap_or_else(|| Err(Unusable::NoLabel { got: clip(&parsed.to_string()) }));
        order.map(Value::ranking).map_err(|why| why.to_string())
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

/// What was read: an order, `None` for a null, or why there is none; the notes; the confidence beside it.
type Got = (Option<std::result::Result<Order, Unusable>>, Vec<Note>, Option<f64>);

fn read_ranking(reader: &Reader, text: &str) -> Reading {
    if text.is_empty() {
        return Reading::unusable(Unusable::Empty, Vec::new());
    }
    let is_label = |(order, _, _): &Got| matches!(order, Some(Ok(_)));
    match once(text, |value| from_value(reader, value), is_label) {
        Once::Found((order, more, stated), mut notes) => {
            notes.extend(more);
            let mut reading = match order {
                None => Reading::abstained(Abstention::Unknown { words: "null".to_owned() }, notes),
                Some(Ok(order)) => Reading::labeled(Value::ranking(order), notes),
                Some(Err(why)) => Reading::unusable(why, notes),
            };
            reading.stated = stated.filter(|_| matches!(reading.outcome, Outcome::Labeled(_)));
            reading
        }
        Once::Without(cut) => {
            let got = match cut {
                true => "the JSON of the answer is cut off before its ranking",
                false => "the JSON of the answer has no `ranking`",
            };
            let notes = if cut { vec![Note::CutOff] } else { Vec::new() };
            Reading::unusable(Unusable::WrongShape { got: got.to_owned() }, notes)
        }
        Once::Prose => from_text(reader, text),
    }
}

/// An order out of a JSON value; `None` where it has no place for one.
fn from_value(reader: &Reader, value: &Json) -> Option<Got> {
    let Json::Object(map) = value else {
        let (order, note) = reader.json(value)?;
        let bare = reshaped("a bare list for `ranking`");
        return Some((Some(order), [bare].into_iter().chain(note).collect(), None));
    };
    let Some((key, inner)) = RANKING.of(map) else {
        let (order, note) = reader.json(value)?;
        return Some((Some(order), note.into_iter().collect(), None));
    };
    let mut notes: Vec<Note> = RANKING.note(key).into_iter().collect();
    let order = match inner {
        Json::Null => None,
        Json::String(text) if is_unknown(text) => None,
        Json::String(text) => {
            notes.push(reshaped("a text for a list"));
            Some(reader.text(text).unwrap_or_else(|| Err(Unusable::NoLabel { got: clip(text) })))
        }
        other => {
            let (order, note) = reader.json(other)?;
            notes.extend(note);
            Some(order)
        }
    };
    let stated = CONFIDENCE.of(map).filter(|(name, _)| *name != key).and_then(|(_, value)| confidence(value));
    Some((order, notes, stated))
}

fn from_text(reader: &Reader, text: &str) -> Reading {
    let fenced = unfence(text);
    let inner = fenced.unwrap_or(text);
    let mut reading = match reader.text(inner) {
        Some(Ok(order)) => Reading::labeled(Value::ranking(order), vec![reshaped("a text for a list")]),
        Some(Err(why)) => Reading::unusable(why, Vec::new()),
        None if is_unknown(inner) => {
            Reading::abstained(Abstention::Unknown { words: clip(inner) }, Vec::new())
        }
        None => match abstention(inner) {
            Some(why) => Reading::abstained(why, Vec::new()),
            None => Reading::unusable(Unusable::NoLabel { got: clip(inner) }, Vec::new()),
        },
    };
    if fenced.is_some() {
        reading.notes.insert(0, Note::Fenced);
    }
    reading
}

fn reshaped(what: &str) -> Note {
    Note::Reshaped { what: what.to_owned() }
}

fn examples() -> Option<Vec<Example>> {
    let options: Vec<String> = ["short", "long", "rude"].map(str::to_owned).into();
    let spec = TaskSpec { kind: "rank".to_owned(), options, ties: true, ..TaskSpec::default() };
    let task = super::task_of(spec)?;
    let mut item = item_of("text", "Say hello.");
    for (name, text) in [("short", "Hello!"), ("long", "Hello, how do you do?"), ("rude", "What?")] {
        item.fields.insert(name.into(), text.into());
    }
    let order = |groups: &[&[&str]]| {
        let group =
            |names: &&[&str]| names.iter().map(|name| task.schema.by_name(name)).collect::<Option<Vec<_>>>();
        groups.iter().map(group).collect::<Option<Vec<_>>>().map(Value::ranking).map(Outcome::Labeled)
    };
    let rows = [
        (
            "the form that was asked for",
            r#"{"ranking": ["B", "A", "C"]}"#,
            order(&[&["long"], &["short"], &["rude"]])?,
            vec![],
        ),
        (
            "two are equally good",
            r#"{"ranking": [["A", "B"], "C"]}"#,
            order(&[&["short", "long"], &["rude"]])?,
            vec![],
        ),
        ("signs for a list", "B > A > C", order(&[&["long"], &["short"], &["rude"]])?, vec!["reshaped"]),
        (
            "a rank for each letter",
            r#"{"ranking": {"A": 2, "B": 1, "C": 3}}"#,
            order(&[&["long"], &["short"], &["rude"]])?,
            vec!["reshaped"],
        ),
        (
            "an option is missing",
            r#"{"ranking": ["B", "A"]}"#,
            Outcome::Unusable(Unusable::WrongShape { got: "the ranking leaves out `C`".into() }),
            vec![],
        ),
        (
            "an option is invented",
            r#"{"ranking": ["B", "A", "D"]}"#,
            Outcome::Unusable(Unusable::UnknownLabel { got: "D".into(), nearest: None }),
            vec![],
        ),
    ];
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
