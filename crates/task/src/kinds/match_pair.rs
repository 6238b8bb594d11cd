//! `match`: whether two records are the same thing.
//!
//! Asked for: `{"label": "match"}`. Two JSON objects with the same keys are shown field by field, one value under the other;
//! anything else as two texts. They are asked about once: which record stands first has no part in the question, as it has
//! in a preference.

use std::fmt::Write as _;

use karat_core::{
    Error, Item, LabelId, LabelSpec, Note, Outcome, PromptLanguage, Result, Shape, Task, TaskSpec, Unusable,
    Value, normalize_label,
};
use serde_json::{Map, Value as Json, json};

use super::{frame, framed, item_of, options};
use crate::answer::clean::{clean, unfence};
use crate::answer::clip;
use crate::answer::label::{LabelReading, Read, read_label, read_word};
use crate::answer::once::of_form;
use crate::answer::verdict::firm;
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates, words};

/// The kind `match`.
pub(crate) struct Match;

/// The labels of a task that names none, with other words for them.
const USUAL: [(&str, &[&str]); 2] = [
    (
        "match",
        &[
            "yes",
            "true",
            "same",
            "is a match",
            "are a match",
            "a match",
            "same entity",
            "same product",
            "same thing",
            "same item",
            "refer to the same",
            "refers to the same",
            "duplicate",
            "duplicates",
            "да",
            "одно и то же",
            "один и тот же",
            "одна и та же",
            "совпадают",
            "дубликат",
            "дубликаты",
            "匹配",
            "同一",
            "相同",
            "重复",
            "是",
        ],
    ),
    (
        "no_match",
        &[
            "no",
            "false",
            "different",
            "not a match",
            "non match",
            "nonmatch",
            "not match",
            "do not match",
            "does not match",
            "don't match",
            "mismatch",
            "not the same",
            "different entities",
            "different products",
            "different items",
            "нет",
            "разные",
            "не одно и то же",
            "не совпадают",
            "различные",
            "不匹配",
            "不同",
            "不是同一",
            "不相同",
            "否",
            "不是",
        ],
    ),
];

impl TaskKind for Match {
    fn id(&self) -> &'static str {
        "match"
    }

    fn about(&self) -> &'static str {
        "whether two records are the same thing"
    }

    fn shape(&self) -> Shape {
        Shape::Choice
    }

    fn prepare(&self, mut spec: TaskSpec) -> Result<TaskSpec> {
        options::check(&spec, 2, 2)?;
        if spec.labels.is_empty() {
            let usual = |(name, aliases): &(&str, &[&str])| LabelSpec {
                aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
                ..LabelSpec::named(*name)
            };
            spec.labels = USUAL.iter().map(usual).collect();
        }
        match spec.labels.len() {
            1 => {
                Err(Error::invalid("a task of kind `match` needs two labels at least, and `labels` has one")
                    .hint("leave `labels` out for `match` and `no_match`"))
            }
            _ => Ok(spec),
        }
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let mut labels: Vec<Json> = task.schema.names().map(|name| json!(name)).collect();
        labels.push(Json::Null);
        frame(style, "label", json!({"type": ["string", "null"], "enum": labels}))
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("match"))
    }

    fn particulars(&self, task: &Task, _language: PromptLanguage) -> Json {
        let is_usual = task.schema.names().eq(USUAL.iter().map(|(name, _)| *name));
        let is_bare = task.schema.specs().iter().all(|it| it.description.is_empty());
        json!({"usual": is_usual && is_bare})
    }

    fn shown(&self, task: &Task, item: &Item, language: PromptLanguage) -> Vec<(String, String)> {
        pair(task, item, words(language).no_value)
    }

    fn refuses(&self, task: &Task, item: &Item) -> Option<Unusable> {
        options::refuses(task, item, 2)
    }

    fn read_answer(&self, task: &Task, _item: &Item, answer: &RawAnswer) -> Reading {
        let LabelReading { read, notes, stated, written } = read_label(&task.schema, answer);
        let mut reading = match read {
            Read::Label(label) if !is_said(task, answer, label, &notes, written.as_deref()) => {
                let why = Unusable::NoLabel { got: clip(answer.text) };
                Reading::unusable(why, of_form(&notes))
            }
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
        super::classify::choice_words(&task.schema, answer, value)
    }

    /// 0 where the labels are the same, else 1.
    fn distance(&self, _task: &Task, a: &Value, b: &Value) -> f64 {
        f64::from(u8::from(a != b || a.shape() != Shape::Choice))
    }

    /// The most frequent label; its share is its votes by all votes. Labels that share the top count tie.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        super::classify::plurality(values)
    }

    /// A label, or one of its aliases; with the usual labels also 1 and 0.
    fn read_gold(&self, task: &Task, _item: &Item, cell: &Json) -> std::result::Result<Value, String> {
        let written = karat_core::cell_text(cell).ok_or("the cell is empty")?;
        let usual = match written.trim() {
            "1" | "1.0" => task.schema.by_name(USUAL[0].0),
            "0" | "0.0" => task.schema.by_name(USUAL[1].0),
            _ => None,
        };
        match (read_word(&task.schema, &written), usual) {
            (Ok(found), _) => Ok(Value::Choice(found.label)),
            (Err(_), Some(label)) => Ok(Value::Choice(label)),
            (Err(why), None) => Err(why.to_string()),
        }
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

/// Whether prose says the label, and does not only use its word: that titles match says nothing of the records.
fn is_said(task: &Task, answer: &RawAnswer, label: LabelId, notes: &[Note], written: Option<&str>) -> bool {
    let text = clean(answer.text).text;
    let text = unfence(text).unwrap_or(text);
    let is_word = written.is_some_and(|it| !normalize_label(it).contains(' '));
    if !notes.contains(&Note::InProse) || text.contains('{') || !is_word {
        return true;
    }
    firm(text, &task.schema).is_some_and(|said| said.label == label)
}

/// The two records: field by field where both are objects with the same keys, else each in a block of its own.
fn pair(task: &Task, item: &Item, no_value: &str) -> Vec<(String, String)> {
    let cells: Vec<&Json> = task.spec.options.iter().filter_map(|column| item.fields.get(column)).collect();
    let objects: Vec<Map<String, Json>> = cells.into_iter().filter_map(object).collect();
    let [a, b] = &objects[..] else {
        return options::blocks(task, item);
    };
    let same_keys = a.len() == b.len() && a.keys().all(|key| b.contains_key(key));
    if same_keys {
        let mut table = String::new();
        for (key, value) in a {
            let other = b.get(key).unwrap_or(&Json::Null);
            // Writing into a text does not fail.
            let _ = write!(table, "{key}\n  A: {}\n  B: {}\n", cell(value, no_value), cell(other, no_value));
        }
        return vec![(String::new(), table.trim_end().to_owned())];
    }
    let block = |(place, record): (usize, &Map<String, Json>)| {
        let lines: Vec<String> =
            record.iter().map(|(key, value)| format!("{key}: {}", cell(value, no_value))).collect();
        (String::new(), options::block(&options::letter(place), &lines.join("\n")))
    };
    objects.iter().enumerate().map(block).collect()
}

/// A record, also where a file holds it as text.
fn object(cell: &Json) -> Option<Map<String, Json>> {
    let map = match cell {
        Json::Object(map) => map.clone(),
        Json::String(text) if text.trim_start().starts_with('{') => serde_json::from_str(text).ok()?,
        _ => return None,
    };
    (!map.is_empty()).then_some(map)
}

/// A value on lines that cannot be taken for the next field: what follows a line break is set in.
fn cell(value: &Json, no_value: &str) -> String {
    let text = karat_core::cell_text(value).unwrap_or_default();
    let text = text.trim();
    if text.is_empty() {
        return no_value.to_owned();
    }
    text.lines().collect::<Vec<_>>().join("\n     ")
}

fn examples() -> Option<Vec<Example>> {
    let options = vec!["left".to_owned(), "right".to_owned()];
    let task = super::task_of(TaskSpec { kind: "match".to_owned(), options, ..TaskSpec::default() })?;
    let mut item = item_of("text", "");
    item.fields.insert("left".into(), json!({"name": "Red Ale", "abv": "8.1 %"}));
    item.fields.insert("right".into(), json!({"name": "Red Imperial Ale", "abv": "8.1 %"}));
    let label = |name: &str| task.schema.by_name(name).map(Value::Choice).map(Outcome::Labeled);
    let rows = [
        ("the form that was asked for", r#"{"label": "match"}"#, label("match")?, vec![]),
        ("a truth value for a name", r#"{"label": false}"#, label("no_match")?, vec!["reshaped", "alias"]),
        ("one word", "Yes", label("match")?, vec!["normalized"]),
        ("prose that denies", "The records do not match.", label("no_match")?, vec!["in_prose"]),
        (
            "prose that only uses the word",
            "The names match.",
            Outcome::Unusable(Unusable::NoLabel { got: "The names match.".into() }),
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
mod tests {
    use super::*;

    fn task() -> Task {
        examples().unwrap()[0].task.clone()
    }

    #[track_caller]
    fn check_shown(left: Json, right: Json, want: &[&str]) {
        let mut item = item_of("text", "");
        item.fields.insert("left".into(), left);
        item.fields.insert("right".into(), right);
        let shown = Match.shown(&task(), &item, PromptLanguage::En);
        assert_eq!(shown.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), want);
    }

    #[test]
    fn records_with_the_same_keys_stand_one_value_under_the_other() {
        let table = "name\n  A: x\n  B: z\nprice\n  A: 1\n  B: (no value)";
        check_shown(json!({"name": "x", "price": 1}), json!({"price": null, "name": "z"}), &[table]);
        check_shown(json!(r#"{"name": "x", "price": 1}"#), json!(r#"{"name": "z", "price": ""}"#), &[table]);
    }

    #[test]
    fn a_value_of_several_lines_cannot_play_the_next_field() {
        check_shown(json!({"n": "x\n  B: y"}), json!({"n": "z"}), &["n\n  A: x\n       B: y\n  B: z"]);
    }

    #[test]
    fn other_records_stand_in_blocks() {
        check_shown(json!({"n": "x"}), json!({"m": "z"}), &["<A>\nn: x\n</A>", "<B>\nm: z\n</B>"]);
        check_shown(json!("Bob Lee"), json!("B. Lee"), &["<A>\nBob Lee\n</A>", "<B>\nB. Lee\n</B>"]);
    }

    #[test]
    fn labels_are_usual_or_own_and_two_at_least() {
        let spec = |labels: &[&str]| TaskSpec {
            kind: "match".into(),
            options: vec!["a".into(), "b".into()],
            labels: labels.iter().map(|it| LabelSpec::named(*it)).collect(),
            ..TaskSpec::default()
        };
        let names = |spec: TaskSpec| spec.labels.into_iter().map(|it| it.name).collect::<Vec<_>>();
        assert_eq!(names(Match.prepare(spec(&[])).unwrap()), ["match", "no_match"]);
        assert_eq!(names(Match.prepare(spec(&["same", "kin", "other"])).unwrap()), ["same", "kin", "other"]);
        assert!(Match.prepare(spec(&["same"])).unwrap_err().to_string().contains("two labels"));
    }

    #[test]
    fn gold_is_a_name_an_alias_or_a_truth_value() {
        let task = task();
        let gold = |cell: Json| Match.read_gold(&task, &item_of("text", ""), &cell);
        let name = |value: Value| task.schema.name(value.labels()[0]).to_owned();
        for (cell, want) in [
            (json!("match"), "match"),
            (json!(true), "match"),
            (json!(1), "match"),
            (json!("0"), "no_match"),
            (json!("no"), "no_match"),
            (json!("不同"), "no_match"),
        ] {
            assert_eq!(gold(cell.clone()).map(name), Ok(want.to_owned()), "{cell}");
        }
        assert!(gold(json!(null)).is_err() && gold(json!(2)).is_err());
    }
}
