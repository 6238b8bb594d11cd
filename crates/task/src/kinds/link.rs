//! `link`: which of many known entities the words of a text mean.
//!
//! Asked for: `{"label": "Q42"}`, the identifier of an entity that is offered with the item; `"none"` where none of them is
//! meant, `null` where the model cannot tell. The entities nearest to the mention are offered; their names may be shared.

use karat_core::{
    Abstention, Item, LabelId, LabelSchema, LabelSpec, Note, Outcome, PromptLanguage, Result, Shape, Task,
    TaskSpec, Unusable, Value,
};
use serde_json::{Value as Json, json};

use super::classify::{last_after_key, plurality};
use super::{example_task, frame, framed, item_of};
use crate::answer::clean::clean;
use crate::answer::fields::LABEL;
use crate::answer::json::find_all;
use crate::answer::label::{LabelReading, Read, read_label, read_word};
use crate::fold::folded_quote;
use crate::kind::{
    Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote, needs_labels,
};
use crate::language::{of, templates};

/// The kind `link`.
pub(crate) struct Link;

/// So many entities are offered where `shortlist` does not say.
const USUAL: u32 = 20;

/// So many names of an entity are shown.
const N_NAMES: usize = 5;

/// The names of the entity that stands for "none of them".
const NIL: &[&str] = &["NIL", "nil", "none", "None", "NONE"];

impl TaskKind for Link {
    fn id(&self) -> &'static str {
        "link"
    }

    fn about(&self) -> &'static str {
        "the entity of a list that the words of a text mean"
    }

    fn shape(&self) -> Shape {
        Shape::Choice
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        let spec = needs_labels(self.id(), spec)?;
        Ok(TaskSpec { shortlist: spec.shortlist.or(Some(USUAL)), ..spec })
    }

    fn answer_format(&self, _task: &Task, style: &PromptStyle) -> Json {
        frame(style, "label", json!({"type": ["string", "null"]}))
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("link"))
    }

    fn particulars(&self, task: &Task, language: PromptLanguage) -> Json {
        let nil = nil(&task.schema).map(|id| task.schema.name(id));
        json!({"mention": task.spec.mention.as_ref().map(|_| mention_word(language)), "nil": nil})
    }

    fn takes_shortlist(&self) -> bool {
        true
    }

    fn always_offers(&self) -> bool {
        true
    }

    fn always_offered(&self, task: &Task) -> Vec<LabelId> {
        nil(&task.schema).into_iter().collect()
    }

    /// Its names, then its description.
    fn about_label(&self, label: &LabelSpec) -> String {
        let names = label.aliases.iter().take(N_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
        match (names.is_empty(), label.description.is_empty()) {
            (false, false) => format!("{names}; {}", label.description),
            (false, true) => names,
            (true, _) => label.description.clone(),
        }
    }

    fn shares_aliases(&self) -> bool {
        true
    }

    fn shown(&self, task: &Task, item: &Item, language: PromptLanguage) -> Vec<(String, String)> {
        let words = task.spec.mention.as_ref().and_then(|column| item.text(column));
        words.map(|words| (mention_word(language).to_owned(), words.into_owned())).into_iter().collect()
    }

    fn read_answer(&self, task: &Task, _item: &Item, answer: &RawAnswer) -> Reading {
        let LabelReading { read, mut notes, stated, .. } = read_label(&task.schema, answer);
        let reading = match read {
            Read::Label(label) => Reading::labeled(Value::Choice(label), notes),
            Read::Abstained(Abstention::Unknown { words }) if says_none(&words) => {
                none_of_them(&task.schema, words, notes)
            }
            Read::Unusable(Unusable::UnknownLabel { got, .. } | Unusable::NoLabel { got })
                if says_none(&got) =>
            {
                none_of_them(&task.schema, got, notes)
            }
            Read::Abstained(why) => Reading::abstained(why, notes),
            Read::Unusable(why) => match leading_id(&task.schema, answer.text) {
                Some(label) => {
                    notes.push(Note::Reshaped { what: "an identifier with more words behind it".to_owned() });
                    Reading::labeled(Value::Choice(label), notes)
                }
                None => Reading::unusable(why, notes),
            },
        };
        Reading { stated: stated.filter(|_| matches!(reading.outcome, Outcome::Labeled(_))), ..reading }
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
        let reading = read_label(&task.schema, &RawAnswer::of(answer));
        let (Value::Choice(label), Read::Label(read)) = (value, reading.read) else {
            return Vec::new();
        };
        let at =
            reading.written.filter(|_| *label == read).and_then(|written| last_after_key(answer, &written));
        at.map(|bytes| LabelAt { label: *label, bytes }).into_iter().collect()
    }

    /// 0 where the entity is the same, else 1.
    fn distance(&self, _task: &Task, a: &Value, b: &Value) -> f64 {
        f64::from(u8::from(a != b || a.shape() != Shape::Choice))
    }

    /// The most frequent entity; its share is its votes by all votes. Entities that share the top count tie.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        plurality(values)
    }

    /// An identifier, or a name that only one entity has.
    fn read_gold(&self, task: &Task, _item: &Item, cell: &Json) -> Result<Value, String> {
        let written = karat_core::cell_text(cell).ok_or("the cell is empty")?;
        let found = read_word(&task.schema, &written).map(|found| found.label);
        match (found, nil(&task.schema)) {
            (Ok(label), _) => Ok(Value::Choice(label)),
            (Err(_), Some(nil)) if says_none(&written) => Ok(Value::Choice(nil)),
            (Err(_), None) if says_none(&written) => Err(format!(
                "`{written}` is none of the labels; add a label `NIL` for what is not in the list"
            )),
            (Err(why), _) => Err(why.to_string()),
        }
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

/// What the words that are linked are called beside the text.
fn mention_word(language: PromptLanguage) -> &'static str {
    of(language, &["mention", "упоминание", "提及"])
}

/// The entity that stands for "none of them"; `None` where the task has no such.
fn nil(schema: &LabelSchema) -> Option<LabelId> {
    NIL.iter().find_map(|name| schema.by_name(name))
}

/// What "none of them" is: the entity of that name, else an abstention.
fn none_of_them(schema: &LabelSchema, written: String, mut notes: Vec<Note>) -> Reading {
    match nil(schema) {
        Some(label) => {
            notes.push(Note::Alias { written });
            Reading::labeled(Value::Choice(label), notes)
        }
        None => Reading::abstained(Abstention::Unknown { words: "none of the offered".to_owned() }, notes),
    }
}

/// Whether words in the place of an identifier say that it is none of those offered.
fn says_none(written: &str) -> bool {
    const NONE: &[&str] = &[
        "none",
        "nil",
        "none of them",
        "none of these",
        "none of the above",
        "none of the offered",
        "none of the offered entities",
        "no match",
        "not in the list",
        "ни один",
        "ни одна",
        "ни одно",
        "ни один из них",
        "ни одна из них",
        "ни одна из предложенных",
        "нет",
        "нет в списке",
        "无",
        "都不是",
        "以上都不是",
        "没有",
        "均不是",
    ];
    let folded = folded_quote(written);
    NONE.contains(&folded.trim_matches(|c: char| !c.is_alphanumeric()))
}

/// The identifier at the beginning of the label's place: `Q90 (Paris, the capital of France)`.
fn leading_id(schema: &LabelSchema, answer: &str) -> Option<LabelId> {
    let cleaned = clean(answer);
    let found = find_all(cleaned.text);
    let written = found.last()?.value.as_object().and_then(|map| LABEL.of(map))?.1.as_str()?;
    let ends = |c: char| c.is_whitespace() || [':', '(', ',', ';', '：', '（', '，'].contains(&c);
    let (head, _) = written.trim().split_once(ends)?;
    schema.by_name(head)
}

fn examples() -> Option<Vec<Example>> {
    let task = example_task(
        "link",
        &[("Q90", &["Paris", "City of Light"]), ("Q167646", &["Paris of Troy"]), ("Q142", &["France"])],
    )?;
    let label = |name: &str| task.schema.by_name(name).map(Value::Choice).map(Outcome::Labeled);
    let rows = [
        ("the form that was asked for", r#"{"label": "Q90"}"#, label("Q90")?, vec![]),
        ("a name that one entity alone has", r#"{"label": "City of Light"}"#, label("Q90")?, vec!["alias"]),
        (
            "an identifier with words behind it",
            r#"{"label": "Q90 (Paris, the capital of France)"}"#,
            label("Q90")?,
            vec!["verdict"],
        ),
        (
            "none of those offered",
            r#"{"label": "none"}"#,
            Outcome::Abstained(Abstention::Unknown { words: "none of the offered".into() }),
            vec![],
        ),
        (
            "an identifier that nobody offered",
            r#"{"label": "Q91"}"#,
            Outcome::Unusable(Unusable::UnknownLabel { got: "Q91".into(), nearest: Some("Q90".into()) }),
            vec![],
        ),
    ];
    let item = item_of("text", "Paris is the capital of France.");
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
