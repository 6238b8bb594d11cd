//! `number`: a number on a scale.
//!
//! Asked for: `{"number": 72}`; `null` where the model cannot tell. What is out of range, or off the steps, is unusable: a
//! number is never moved to the nearest end.

mod scale;

use karat_core::{
    Abstention, Error, Item, Note, Number as Num, Outcome, PromptLanguage, Result, Shape, Task, TaskSpec,
    Unusable, Value,
};
use serde_json::{Map, Value as Json, json};

use super::{frame, framed, item_of};
use crate::answer::clean::{clean, unfence};
use crate::answer::clip;
use crate::answer::fields::{CONFIDENCE, Field, NUMBER, confidence};
use crate::answer::number::{Found, figure, said};
use crate::answer::once::{Once, once};
use crate::answer::refusal::{abstention, is_unknown};
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates};
use scale::Scale;

/// The kind `number`.
pub(crate) struct Number;

impl TaskKind for Number {
    fn id(&self) -> &'static str {
        "number"
    }

    fn about(&self) -> &'static str {
        "a number on a scale"
    }

    fn shape(&self) -> Shape {
        Shape::Number
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        if !spec.labels.is_empty() {
            return Err(Error::invalid("a task of kind `number` has a `scale` and no `labels`")
                .hint("for named grades, use `kind = \"rating\"`"));
        }
        let Some(scale) = &spec.scale else {
            return Err(Error::invalid("a task of kind `number` needs a `scale` and has none")
                .hint("say from where to where: `scale = { min = 0, max = 100 }`"));
        };
        scale::check(scale)?;
        Ok(spec)
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let of = if Scale::of(task).is_whole() { "integer" } else { "number" };
        frame(style, "number", json!({"type": [of, "null"]}))
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("number"))
    }

    fn particulars(&self, task: &Task, _language: PromptLanguage) -> Json {
        let scale = Scale::of(task);
        let anchors: Vec<Json> = scale
            .anchors
            .iter()
            .map(|(at, words)| json!({"at": scale::digits(*at), "words": words}))
            .collect();
        json!({
            "min": scale::digits(scale.min), "max": scale::digits(scale.max), "step": scale.step.map(scale::digits),
            "whole": scale.is_whole(), "anchors": anchors,
        })
    }

    fn lists_labels(&self) -> bool {
        false
    }

    fn read_answer(&self, task: &Task, _item: &Item, answer: &RawAnswer) -> Reading {
        if let Some(words) = answer.refusal {
            return Reading::abstained(Abstention::Refused { words: clip(words) }, Vec::new());
        }
        let cleaned = clean(answer.text);
        let mut reading = read_number(&Scale::of(task), cleaned.text, answer.truncated_at);
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
        let number = match value {
            Value::Number(_) => value.to_json(&task.schema),
            _ => Json::Null,
        };
        framed(style, "number", &number)
    }

    /// None: a number is no label.
    fn label_words(&self, _task: &Task, _answer: &str, _value: &Value) -> Vec<LabelAt> {
        Vec::new()
    }

    /// The difference by the length of the scale.
    fn distance(&self, task: &Task, a: &Value, b: &Value) -> f64 {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) if a == b => 0.0,
            (Value::Number(a), Value::Number(b)) => {
                let scale = Scale::of(task);
                ((a.get() - b.get()).abs() / (scale.max - scale.min)).min(1.0)
            }
            _ => 1.0,
        }
    }

    /// The median. Of an even number of samples it is the mean of the two in the middle; where that is no step of the scale,
    /// these two tie. The share is that of the samples within one step of it, or 5 % of the scale where it has no steps, and at
    /// least that of one sample.
    fn vote(&self, task: &Task, values: &[Value]) -> Vote {
        let mut numbers: Vec<f64> = values
            .iter()
            .filter_map(|value| match value {
                Value::Number(number) => Some(number.get()),
                _ => None,
            })
            .collect();
        numbers.sort_by(f64::total_cmp);
        let n = numbers.len();
        let (Some(low), Some(high)) = (numbers.get(n.saturating_sub(1) / 2), numbers.get(n / 2)) else {
            return Vote::None;
        };
        let scale = Scale::of(task);
        let value = |number: f64| Num::new(number).map(Value::Number);
        let middle = if low == high { Some(*low) } else { scale.legal(low.midpoint(*high)) };
        let Some(median) = middle else {
            return Vote::Tie([*low, *high].into_iter().filter_map(value).collect());
        };
        let reach = scale.step.unwrap_or((scale.max - scale.min) * 0.05) * (1.0 + 1e-9);
        let near = numbers.iter().filter(|it| (**it - median).abs() <= reach).count();
        match value(median) {
            Some(value) => Vote::Winner { value, share: (near as f64 / n as f64).max(1.0 / n as f64) },
            None => Vote::None,
        }
    }

    fn read_gold(&self, task: &Task, _item: &Item, cell: &Json) -> std::result::Result<Value, String> {
        let scale = Scale::of(task);
        let got = match cell {
            Json::Null => return Err("the cell is empty".to_owned()),
            Json::String(text) if text.trim().is_empty() => return Err("the cell is empty".to_owned()),
            cell => from_scalar(&scale, cell),
        };
        match got {
            Some(Got::Number(number, _)) => Ok(Value::Number(number)),
            Some(Got::Unusable(why)) => Err(why.to_string()),
            Some(Got::Unknown(_)) | None => Err(format!("`{}` is not a number", clip(&cell.to_string()))),
        }
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

/// What was read in the place of a number.
#[derive(Debug, Clone, PartialEq)]
enum Got {
    Number(Num, Vec<Note>),
    Unknown(String),
    Unusable(Unusable),
}

fn read_number(scale: &Scale, text: &str, truncated_at: Option<u32>) -> Reading {
    if text.is_empty() {
        return Reading::unusable(Unusable::Empty, Vec::new());
    }
    let read = |value: &Json| from_value(scale, value);
    match once(text, read, |(got, _)| matches!(got, Got::Number(..))) {
        Once::Found((got, stated), mut notes) => {
            let mut reading = match got {
                Got::Number(number, more) => {
                    notes.extend(more);
                    Reading::labeled(Value::Number(number), notes)
                }
                Got::Unknown(words) => Reading::abstained(Abstention::Unknown { words }, notes),
                Got::Unusable(why) => Reading::unusable(why, notes),
            };
            reading.stated = stated.filter(|_| matches!(reading.outcome, Outcome::Labeled(_)));
            reading
        }
        Once::Without(true) => {
            let got = "the JSON of the answer is cut off before its number".to_owned();
            Reading::unusable(Unusable::WrongShape { got }, vec![Note::CutOff])
        }
        Once::Without(false) => {
            let got = "the JSON of the answer has no `number`".to_owned();
            Reading::unusable(Unusable::WrongShape { got }, Vec::new())
        }
        Once::Prose => from_text(scale, text, truncated_at.is_some()),
    }
}

/// A number out of a JSON value, with the confidence beside it; `None` where it has no place for one.
fn from_value(scale: &Scale, value: &Json) -> Option<(Got, Option<f64>)> {
    match value {
        Json::Object(map) => {
            let (key, inner) = NUMBER.of(map).or_else(|| only_number(map))?;
            let mut got = from_scalar(scale, inner)
                .or_else(|| Some(from_value(scale, inner)?.0))
                .unwrap_or_else(|| {
                    Got::Unusable(Unusable::WrongShape {
                        got: format!("`{}` is not a number", clip(&inner.to_string())),
                    })
                });
            if let Got::Number(_, notes) = &mut got {
                notes.splice(0..0, NUMBER.note(key));
            }
            let other = |field: &Field| field.of(map).filter(|(name, _)| *name != key);
            Some((got, other(&CONFIDENCE).and_then(|(_, value)| confidence(value))))
        }
        Json::Array(list) => match &list[..] {
            [only] => {
                let mut got = from_scalar(scale, only).or_else(|| Some(from_value(scale, only)?.0))?;
                if let Got::Number(_, notes) = &mut got {
                    notes.insert(0, Note::Reshaped { what: "a list of one number for a number".to_owned() });
                }
                Some((got, None))
            }
            _ => None,
        },
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

/// The only number of an object without a known key.
fn only_number(map: &Map<String, Json>) -> Option<(&str, &Json)> {
    let beside = CONFIDENCE.of(map).map(|(key, _)| key);
    let mut numbers = map.iter().filter(|(key, value)| value.is_number() && Some(key.as_str()) != beside);
    let (key, value) = numbers.next()?;
    numbers.next().is_none().then_some((key, value))
}

/// A JSON number, words, or null in the place of a number.
fn from_scalar(scale: &Scale, value: &Json) -> Option<Got> {
    Some(match value {
        Json::Null => Got::Unknown("null".to_owned()),
        Json::Number(number) => match number.as_f64().and_then(|it| scale.legal(it)).and_then(Num::new) {
            Some(number) => Got::Number(number, Vec::new()),
            None => Got::Unusable(scale.refuses(&number.to_string())),
        },
        Json::String(text) => match figure(text) {
            Found::Nothing if is_unknown(text) => Got::Unknown(clip(text)),
            Found::Nothing => from_prose(scale, text),
            found => of_found(scale, &found, text),
        },
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    })
}

fn of_found(scale: &Scale, found: &Found, text: &str) -> Got {
    let figure = match found {
        Found::Number(figure) => figure,
        Found::Other(what) => {
            let got = format!("`{}` is {what}, and not a number", clip(text));
            return Got::Unusable(Unusable::WrongShape { got });
        }
        Found::Nothing => return Got::Unusable(no_number(text)),
    };
    let lenient = figure.lenient.then(|| Note::Reshaped { what: format!("`{}` for a number", clip(text)) });
    match scale.pick(figure).map(Num::new) {
        Ok(Some(number)) => Got::Number(number, lenient.into_iter().collect()),
        Ok(None) => Got::Unusable(scale.refuses(&figure.written)),
        Err(why) => Got::Unusable(why),
    }
}

/// The number that prose gives as its answer; several that differ are none.
fn from_prose(scale: &Scale, text: &str) -> Got {
    let got: Vec<Got> = said(text).iter().map(|found| of_found(scale, found, text)).collect();
    let mut numbers: Vec<Num> = Vec::new();
    for it in &got {
        if let Got::Number(number, _) = it
            && !numbers.contains(number)
        {
            numbers.push(*number);
        }
    }
    match (&numbers[..], got.into_iter().find(|it| matches!(it, Got::Unusable(_)))) {
        ([number], None) => Got::Number(*number, vec![Note::InProse]),
        ([], Some(unusable)) => unusable,
        ([], None) => Got::Unusable(no_number(text)),
        _ => {
            let got = format!("several numbers and no verdict in `{}`", clip(text));
            Got::Unusable(Unusable::WrongShape { got })
        }
    }
}

fn no_number(text: &str) -> Unusable {
    Unusable::WrongShape { got: format!("no number in the answer `{}`", clip(text)) }
}

fn from_text(scale: &Scale, text: &str, is_cut: bool) -> Reading {
    let fenced = unfence(text);
    let inner = fenced.unwrap_or(text);
    let got = match figure(inner) {
        // What the limit cut may go on: `7` as `72`.
        _ if is_cut => from_prose(scale, inner.rsplit_once('\n').map_or("", |(whole, _)| whole)),
        Found::Nothing => from_prose(scale, inner),
        found => of_found(scale, &found, inner),
    };
    let mut reading = match got {
        Got::Number(number, notes) => Reading::labeled(Value::Number(number), notes),
        Got::Unknown(words) => Reading::abstained(Abstention::Unknown { words }, Vec::new()),
        Got::Unusable(why) => match abstention(inner) {
            Some(why) if !inner.contains(|c: char| c.is_ascii_digit()) => Reading::abstained(why, Vec::new()),
            _ => Reading::unusable(why, Vec::new()),
        },
    };
    let form = fenced.map(|_| Note::Fenced).into_iter().chain(is_cut.then_some(Note::CutOff));
    reading.notes.splice(0..0, form);
    reading
}

fn examples() -> Option<Vec<Example>> {
    let scale =
        karat_core::ScaleSpec { min: 0.0, max: 100.0, step: Some(1.0), ..karat_core::ScaleSpec::default() };
    let task =
        super::task_of(TaskSpec { kind: "number".to_owned(), scale: Some(scale), ..TaskSpec::default() })?;
    let number = |it: f64| Num::new(it).map(Value::Number).map(Outcome::Labeled);
    let rows = [
        ("the form that was asked for", r#"{"number": 72}"#, number(72.0)?, vec![]),
        ("a number as a text, of how many", r#"{"number": "72/100"}"#, number(72.0)?, vec!["reshaped"]),
        ("another key", r#"{"score": 72}"#, number(72.0)?, vec!["reshaped"]),
        ("prose that names it", "The score is 72, since it insults.", number(72.0)?, vec!["in_prose"]),
        (
            "a number past the end",
            r#"{"number": 120}"#,
            Outcome::Unusable(Unusable::OutOfScale {
                got: "120".into(),
                scale: "0 to 100 in steps of 1".into(),
            }),
            vec![],
        ),
        (
            "the model cannot tell",
            r#"{"number": null}"#,
            Outcome::Abstained(Abstention::Unknown { words: "null".into() }),
            vec![],
        ),
    ];
    let item = item_of("text", "You are all idiots.");
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
