//! `prefer`: which of two options is better, asked in both orders.
//!
//! Asked for: `{"label": "A"}`, or `"B"`, or `"tie"` where the task allows ties. The model sees letters, never the names of
//! columns; the second question has the options the other way round. What the two answers say together:
//!
//! | answers | together |
//! |---|---|
//! | the same option, or a tie twice | that; the confidence is the mean of both, where both are known |
//! | two options | each order prefers another place: `tie` where ties are allowed, else unusable, `order_depends` |
//! | a tie and an option | the option is not confirmed: `tie` |
//! | an option, and none | unusable, `not_confirmed`: the reason names what the other answer was |
//!
//! Wherever the two answers differ, there is a note `order_differs`, so that the place's pull can be counted.

mod said;
mod words;

use std::borrow::Cow;
use std::sync::Arc;

use karat_core::{
    Item, LabelId, LabelSchema, Note, Outcome, PromptLanguage, Result, Shape, Task, TaskSpec, Unusable, Value,
};
use serde_json::{Value as Json, json};

use super::orders::both;
use super::{frame, framed, item_of, options};
use crate::answer::clean::{clean, unfence};
use crate::answer::clip;
use crate::answer::label::{LabelReading, Read, read_label, read_word};
use crate::answer::once::{label_field, of_form};
use crate::answer::refusal::abstention;
use crate::inquiry::{Heard, View};
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates};
use said::{Said, Side, said, word};

/// The kind `prefer`.
pub(crate) struct Prefer;

/// The label for two options of which neither is better.
const TIE: &str = "tie";

/// What an option may be called in front of its letter.
const NOUNS: &[&str] = &["Response", "Option", "Answer", "Assistant", "Ответ", "Вариант", "回答", "选项"];

impl TaskKind for Prefer {
    fn id(&self) -> &'static str {
        "prefer"
    }

    fn about(&self) -> &'static str {
        "which of two options is better, asked in both orders"
    }

    fn shape(&self) -> Shape {
        Shape::Choice
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        options::check(&spec, 2, 2)?;
        let beside: &[&str] = if spec.ties { &[TIE] } else { &[] };
        options::as_labels(spec, beside)
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let mut labels = vec![json!("A"), json!("B")];
        labels.extend(task.spec.ties.then(|| json!(TIE)));
        labels.push(Json::Null);
        frame(style, "label", json!({"type": ["string", "null"], "enum": labels}))
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("prefer"))
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
        let called = |place: Option<usize>, letter: &str| match place {
            Some(_) => NOUNS.iter().map(|noun| format!("{noun} {letter}")).collect(),
            None => Vec::new(),
        };
        Cow::Owned(options::written(task, called))
    }

    fn refuses(&self, task: &Task, item: &Item) -> Option<Unusable> {
        options::refuses(task, item, 2)
    }

    fn views(&self, task: &Arc<Task>, item: &Arc<Item>) -> Vec<View> {
        vec![View::of(task, item), View::of(&Arc::new(options::reversed(task)), item)]
    }

    fn join(&self, task: &Task, heard: Vec<Heard>) -> Heard {
        both(task, heard, |_, _| task.schema.by_name(TIE).map(Value::Choice))
    }

    fn read_answer(&self, task: &Task, _item: &Item, answer: &RawAnswer) -> Reading {
        read_side(task, &self.written(task), answer)
    }

    fn answer_text(&self, task: &Task, value: &Value) -> String {
        self.shot_text(task, "", value, &ShotStyle::default())
    }

    fn shot_text(&self, task: &Task, _text: &str, value: &Value, style: &ShotStyle) -> String {
        let label = match value {
            Value::Choice(label) => json!(self.written(task).name(*label)),
            _ => Json::Null,
        };
        framed(style, "label", &label)
    }

    /// The place of the letter, or of `tie`.
    fn label_words(&self, task: &Task, answer: &str, value: &Value) -> Vec<LabelAt> {
        let written = self.written(task);
        super::classify::choice_words(&written, answer, value)
            .into_iter()
            .filter_map(|it| last_word(&written, answer, &it))
            .collect()
    }

    /// 0 where the labels are the same, 1 between the two options, and 1/2 between an option and a tie.
    fn distance(&self, task: &Task, a: &Value, b: &Value) -> f64 {
        let tie = task.schema.by_name(TIE).map(Value::Choice).filter(|_| task.spec.ties);
        match (a, b) {
            (Value::Choice(_), Value::Choice(_)) if a == b => 0.0,
            (Value::Choice(_), Value::Choice(_)) if tie.is_some_and(|tie| *a == tie || *b == tie) => 0.5,
            _ => 1.0,
        }
    }

    /// The most frequent label; its share is its votes by all votes. Labels that share the top count tie.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        super::classify::plurality(values)
    }

    /// The name of the column; else A, B, 1 or 2 in the order of `options`, or a word for a tie.
    fn read_gold(&self, task: &Task, _item: &Item, cell: &Json) -> std::result::Result<Value, String> {
        let written = karat_core::cell_text(cell).ok_or("the cell is empty")?;
        if let Some(label) = task.schema.by_name(written.trim()) {
            return Ok(Value::Choice(label));
        }
        let side = if written.trim() == "0" { Some(Side::Neither) } else { word(&written) };
        match side.map(|side| (side, label_of(task, side))) {
            Some((_, Some(label))) => Ok(Value::Choice(label)),
            Some((Side::Neither, None)) => {
                Err(format!("`{}` is a tie; allow them: `ties = true`", clip(&written)))
            }
            _ => read_word(&task.schema, &written)
                .map(|found| Value::Choice(found.label))
                .map_err(|why| why.to_string()),
        }
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

/// The label of a side: the option that stands there, or the tie where there are ties.
fn label_of(task: &Task, side: Side) -> Option<LabelId> {
    let place = match side {
        Side::First => 0,
        Side::Second => 1,
        Side::Neither => return task.schema.by_name(TIE).filter(|_| task.spec.ties),
    };
    options::label(task, task.spec.options.get(place)?)
}

/// The last word of a written label: the letter behind `Response`.
fn last_word(written: &LabelSchema, answer: &str, at: &LabelAt) -> Option<LabelAt> {
    let words = answer.get(at.bytes.clone())?;
    let name = written.name(at.label);
    let start =
        words.to_lowercase().rfind(&name.to_lowercase()).filter(|_| words.is_ascii()).or(words.rfind(name))?;
    let start = at.bytes.start + start;
    Some(LabelAt { label: at.label, bytes: start..start + name.len() })
}

/// A side out of an answer. What is no JSON is read by what it says of the options, not by which it names.
fn read_side(task: &Task, written: &LabelSchema, answer: &RawAnswer) -> Reading {
    let read = read_label(written, answer);
    let cleaned = clean(answer.text).text;
    let text = unfence(cleaned).unwrap_or(cleaned);
    let in_json = text.contains('{');
    let field = if in_json { label_field(text) } else { Some(text.to_owned()) };
    let found = field.filter(|it| !it.is_empty()).map(|field| {
        let side = word(&field);
        (side.map_or_else(|| said(&field), Said::One), side.is_some(), field)
    });
    let Some((side, is_word, field)) = found else {
        return reading(read);
    };
    let is_name = written.by_name(field.trim_matches(['*', '.', '`', ' '])).is_some();
    if is_name && matches!(read.read, Read::Label(_)) {
        return reading(read);
    }
    if answer.truncated_at.is_some() && !in_json {
        return cut(task, read, &field, answer.truncated_at);
    }
    let note = match is_word {
        true => Note::Alias { written: clip(&field) },
        false => Note::InProse,
    };
    match side {
        Said::One(side) => taken(task, read, side, (note, in_json)),
        Said::Several => {
            unusable(read, Unusable::SeveralLabels { got: vec!["A".into(), "B".into()] }, in_json)
        }
        Said::Nothing if in_json => match read.read {
            // What stands in the place of the label names an option, and does not say that it is better.
            Read::Label(_) if field.split_whitespace().nth(2).is_some() => {
                unusable(read, Unusable::NoLabel { got: clip(&field) }, in_json)
            }
            _ => reading(read),
        },
        Said::Nothing => match (&read.read, abstention(text)) {
            (Read::Abstained(_), _) => reading(read),
            (_, Some(why)) => Reading::abstained(why, form_notes(&read, in_json)),
            (_, None) => unusable(read, Unusable::NoLabel { got: clip(text) }, in_json),
        },
    }
}

/// A text that the token limit cut: only a first line that is a choice by itself counts.
fn cut(task: &Task, read: LabelReading, text: &str, truncated_at: Option<u32>) -> Reading {
    let head = text.split_once('\n').and_then(|(line, _)| word(line));
    match head {
        Some(side) => taken(task, read, side, (Note::CutOff, false)),
        None => unusable(read, Unusable::Truncated { max_tokens: truncated_at.unwrap_or_default() }, false),
    }
}

/// The label of a side that was said; what was read of JSON with the same label is left as it is.
fn taken(task: &Task, read: LabelReading, side: Side, (note, in_json): (Note, bool)) -> Reading {
    let Some(label) = label_of(task, side) else {
        let got = "the answer is a tie, and the task allows none".to_owned();
        return unusable(read, Unusable::WrongShape { got }, in_json);
    };
    if in_json && read.read == Read::Label(label) {
        return reading(read);
    }
    let mut notes = form_notes(&read, in_json);
    notes.push(note);
    Reading { stated: read.stated, ..Reading::labeled(Value::Choice(label), notes) }
}

fn unusable(read: LabelReading, why: Unusable, in_json: bool) -> Reading {
    Reading::unusable(why, form_notes(&read, in_json))
}

/// The notes on the form of an answer: `[[A]]` is no JSON that had to be mended.
fn form_notes(read: &LabelReading, in_json: bool) -> Vec<Note> {
    let mut notes = of_form(&read.notes);
    let outside = |it: &Note| match it {
        Note::Reshaped { what } => what.ends_with("was left out"),
        it => *it == Note::Fenced,
    };
    notes.retain(|it| in_json || outside(it));
    notes
}

fn reading(read: LabelReading) -> Reading {
    let LabelReading { read, notes, stated, .. } = read;
    let mut reading = match read {
        Read::Label(label) => Reading::labeled(Value::Choice(label), notes),
        Read::Abstained(why) => Reading::abstained(why, notes),
        Read::Unusable(why) => Reading::unusable(why, notes),
    };
    reading.stated = stated.filter(|_| matches!(reading.outcome, Outcome::Labeled(_)));
    reading
}

/// A task of two options, for examples.
fn example_task(ties: bool) -> Option<Task> {
    let spec = TaskSpec {
        kind: "prefer".to_owned(),
        options: vec!["first".to_owned(), "second".to_owned()],
        ties,
        ..TaskSpec::default()
    };
    super::task_of(spec)
}

fn examples() -> Option<Vec<Example>> {
    let task = example_task(true)?;
    let mut item = item_of("text", "Name a capital in Europe.");
    item.fields.insert("first".into(), "Paris".into());
    item.fields.insert("second".into(), "Berlin".into());
    let label = |name: &str| task.schema.by_name(name).map(Value::Choice).map(Outcome::Labeled);
    let rows = [
        ("the form that was asked for", r#"{"label": "A"}"#, label("first")?, vec![]),
        ("neither is better", r#"{"label": "tie"}"#, label("tie")?, vec![]),
        ("the form of other judging prompts", "Verdict: [[B]]", label("second")?, vec!["alias"]),
        ("prose that compares", "Response B is better than response A.", label("second")?, vec!["in_prose"]),
        ("a Russian word", "Первый", label("first")?, vec!["alias"]),
        (
            "an option that is only mentioned",
            "Answer A is wrong.",
            Outcome::Unusable(Unusable::NoLabel { got: "Answer A is wrong.".into() }),
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
