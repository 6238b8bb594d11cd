//! `classify`: exactly one label for an item.
//!
//! Asked for: `{"label": "x"}`, with `reason` before and `confidence` after it where wanted; `{"label": null}` where the
//! model cannot tell.

use karat_core::{
    Abstention, Error, Item, LabelSchema, Outcome, PromptLanguage, Result, Shape, Task, TaskSpec, Unusable,
    Value,
};
use serde_json::{Value as Json, json};

use super::{example_task, frame, framed, item_of};
use crate::answer::label::{LabelReading, Read, read_label, read_word};
use crate::fold::joins;
use crate::inquiry::levels::path_distance;
use crate::inquiry::shortlist::enumerates;
use crate::kind::{
    Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote, needs_labels,
};
use crate::language::{of, templates};

/// The kind `classify`.
pub(crate) struct Classify;

impl TaskKind for Classify {
    fn id(&self) -> &'static str {
        "classify"
    }

    fn about(&self) -> &'static str {
        "exactly one label for each item"
    }

    fn shape(&self) -> Shape {
        Shape::Choice
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        match &needs_labels(self.id(), spec)? {
            spec if spec.labels.len() == 1 => Err(Error::invalid(format!(
                "a task of kind `classify` has the label `{}` and no other: there is nothing to choose",
                spec.labels[0].name
            ))
            .hint("name at least two, or ask with `multi_label` whether the one holds")),
            spec => Ok(spec.clone()),
        }
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        if !enumerates(task, style.moderates) {
            return frame(style, "label", json!({"type": ["string", "null"]}));
        }
        let mut labels: Vec<Json> = task.schema.names().map(|name| json!(name)).collect();
        labels.push(Json::Null);
        frame(style, "label", json!({"type": ["string", "null"], "enum": labels}))
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("classify"))
    }

    fn takes_shortlist(&self) -> bool {
        true
    }

    fn read_answer(&self, task: &Task, _item: &Item, answer: &RawAnswer) -> Reading {
        let LabelReading { read, notes, stated, .. } = read_label(&task.schema, answer);
        let mut reading = match read {
            Read::Label(label) => Reading::labeled(Value::Choice(label), notes),
            Read::Abstained(why) => Reading::abstained(why, notes),
            Read::Unusable(why) => Reading::unusable(why, notes),
        };
        reading.stated = stated.filter(|_| matches!(reading.outcome, Outcome::Labeled(_)));
        reading
    }

    fn answer_text(&self, task: &Task, value: &Value) -> String {
        self.shot_text(task, "", value, &ShotStyle::default())
    }

    fn shot_text(&self, task: &Task, _text: &str, value: &Value, style: &ShotStyle) -> String {
        let label = match value {
            Value::Choice(label) => json!(task.schema.name(*label)),
            _ => Json::Null,
        };
        framed(style, "label", &label)
    }

    fn label_words(&self, task: &Task, answer: &str, value: &Value) -> Vec<LabelAt> {
        choice_words(&task.schema, answer, value)
    }

    /// 0 where the labels are the same, else 1. With `levels`, the less the more levels they have in common.
    fn distance(&self, task: &Task, a: &Value, b: &Value) -> f64 {
        if let (Some(between), Value::Choice(a), Value::Choice(b)) = (&task.spec.levels, a, b) {
            return path_distance(task.schema.name(*a), task.schema.name(*b), between);
        }
        f64::from(u8::from(a != b || a.shape() != Shape::Choice))
    }

    /// The most frequent label; its share is its votes by all votes. Labels that share the top count tie.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        plurality(values)
    }

    fn read_gold(&self, task: &Task, _item: &Item, cell: &Json) -> Result<Value, String> {
        let written = karat_core::cell_text(cell).ok_or("the cell is empty")?;
        read_word(&task.schema, &written)
            .map(|found| Value::Choice(found.label))
            .map_err(|why| why.to_string())
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

/// Where the one label of an answer stands, by the words of this schema.
pub(super) fn choice_words(schema: &LabelSchema, answer: &str, value: &Value) -> Vec<LabelAt> {
    let reading = read_label(schema, &RawAnswer::of(answer));
    let (Value::Choice(label), Read::Label(read)) = (value, reading.read) else {
        return Vec::new();
    };
    let at = reading.written.filter(|_| *label == read).and_then(|written| last_after_key(answer, &written));
    at.map(|bytes| LabelAt { label: *label, bytes }).into_iter().collect()
}

/// The most frequent value, or a tie.
pub(super) fn plurality(values: &[Value]) -> Vote {
    let mut counts: Vec<(&Value, usize)> = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(seen, _)| *seen == value) {
            Some((_, n)) => *n += 1,
            None => counts.push((value, 1)),
        }
    }
    let top = counts.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let tied: Vec<Value> =
        counts.iter().filter(|(_, n)| *n == top).map(|(value, _)| (*value).clone()).collect();
    match &tied[..] {
        [] => Vote::None,
        [value] => Vote::Winner { value: value.clone(), share: top as f64 / values.len() as f64 },
        _ => Vote::Tie(tied),
    }
}

/// The place of `written` behind the last key that names a label. Without such a key: the last place between quotation
/// marks in JSON, else the first one.
pub(super) fn last_after_key(answer: &str, written: &str) -> Option<std::ops::Range<usize>> {
    let key = ["\"label\"", "\"answer\"", "\"category\"", "\"class\"", "\"verdict\""]
        .iter()
        .filter_map(|key| answer.rfind(key).map(|at| at + key.len()))
        .max();
    let start = match key {
        Some(from) => word_at(answer, written, from),
        None if answer.contains('{') => answer.rfind(&format!("\"{written}\"")).map(|at| at + 1),
        None => word_at(answer, written, 0),
    };
    start.map(|start| start..start + written.len())
}

/// Where `written` stands first as a word of its own: the label `A` is not in `Answer`.
fn word_at(answer: &str, written: &str, from: usize) -> Option<usize> {
    let is_word = |at: &usize| {
        let (before, after) = (&answer[..*at], &answer[at + written.len()..]);
        !joins(before.chars().next_back(), written.chars().next())
            && !joins(written.chars().next_back(), after.chars().next())
    };
    answer[from..].match_indices(written).map(|(at, _)| at + from).find(is_word)
}

fn examples() -> Option<Vec<Example>> {
    let task = example_task(
        "classify",
        &[("positive", &["pos", "позитивн*"]), ("negative", &["neg", "негативн*"]), ("neutral", &[])],
    )?;
    let label = |name: &str| task.schema.by_name(name).map(Value::Choice).map(Outcome::Labeled);
    let rows = [
        ("the form that was asked for", r#"{"label": "positive"}"#, label("positive")?, vec![]),
        (
            "a reason before the label",
            r#"{"reason": "It praises the battery.", "label": "positive"}"#,
            label("positive")?,
            vec![],
        ),
        ("a bare word in another case", "Negative.", label("negative")?, vec!["normalized"]),
        ("a code fence", "```json\n{\"label\": \"neutral\"}\n```", label("neutral")?, vec!["fenced"]),
        (
            "prose with one verdict",
            "Neutral. It expresses neither positive nor negative feelings.",
            label("neutral")?,
            vec!["in_prose"],
        ),
        ("Russian prose", "Отношение является негативным.", label("negative")?, vec!["in_prose"]),
    ];
    let item = item_of("text", "The battery lasts two days.");
    let example = |(about, answer, outcome, notes)| Example {
        about,
        task: task.clone(),
        item: item.clone(),
        answer,
        outcome,
        notes,
    };
    Some(rows.into_iter().chain(unlabeled()).map(example).collect())
}

/// Answers that are no label: what is said, the answer, the outcome, the notes.
fn unlabeled() -> [(&'static str, &'static str, Outcome, Vec<&'static str>); 3] {
    [
        (
            "the model cannot tell",
            r#"{"label": null}"#,
            Outcome::Abstained(Abstention::Unknown { words: "null".into() }),
            vec![],
        ),
        (
            "two labels and no verdict",
            "It is positive or negative.",
            Outcome::Unusable(Unusable::SeveralLabels { got: vec!["positive".into(), "negative".into()] }),
            vec![],
        ),
        (
            "a word that is no label",
            r#"{"label": "mixed"}"#,
            Outcome::Unusable(Unusable::UnknownLabel { got: "mixed".into(), nearest: None }),
            vec![],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use karat_core::Note;

    use super::*;

    #[test]
    fn equal_counts_tie_and_no_votes_are_no_vote() {
        let task = example_task("classify", &[("a", &[]), ("b", &[])]).unwrap();
        let [a, b] = ["a", "b"].map(|name| Value::Choice(task.schema.by_name(name).unwrap()));
        assert_eq!(Classify.vote(&task, &[]), Vote::None);
        assert_eq!(Classify.vote(&task, &[a.clone(), b.clone()]), Vote::Tie(vec![a.clone(), b.clone()]));
        assert_eq!(
            Classify.vote(&task, &[b.clone(), a.clone(), b.clone(), b.clone()]),
            Vote::Winner { value: b, share: 0.75 }
        );
    }

    #[test]
    fn a_refusal_in_a_field_of_its_own_is_an_abstention() {
        let task = example_task("classify", &[("a", &[])]).unwrap();
        let answer = RawAnswer { text: "", truncated_at: None, refusal: Some("I can't do that") };
        let reading = Classify.read_answer(&task, &item_of("text", "t"), &answer);
        assert_eq!(
            reading.outcome,
            Outcome::Abstained(Abstention::Refused { words: "I can't do that".into() })
        );
        assert_eq!((reading.problem, reading.notes), (None, Vec::<Note>::new()));
    }
}
