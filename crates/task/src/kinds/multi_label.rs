//! `multi_label`: any number of labels for an item, also none.
//!
//! Asked for: `{"labels": ["x", "y"]}`; `[]` where none fits, `null` where the model cannot tell.

use karat_core::{
    Abstention, Item, LabelId, LabelSchema, Note, Outcome, PromptLanguage, Shape, Task, Unusable, Value,
};
use serde_json::{Map, Value as Json, json};

use super::{example_task, frame, framed, item_of};
use crate::answer::clean::{clean, unfence};
use crate::answer::fields::{CONFIDENCE, LABELS, confidence};
use crate::answer::json::find_all;
use crate::answer::label::read_word;
use crate::answer::refusal::{abstention, is_unknown};
use crate::answer::{clip, outside};
use crate::inquiry::shortlist::enumerates;
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates};

/// The kind `multi_label`.
pub(crate) struct MultiLabel;

impl TaskKind for MultiLabel {
    fn id(&self) -> &'static str {
        "multi_label"
    }

    fn about(&self) -> &'static str {
        "any number of labels for each item, also none"
    }

    fn shape(&self) -> Shape {
        Shape::Choices
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let name = match enumerates(task, style.moderates) {
            true => json!({"type": "string", "enum": task.schema.names().collect::<Vec<_>>()}),
            false => json!({"type": "string"}),
        };
        frame(style, "labels", json!({"type": ["array", "null"], "items": name}))
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("multi_label"))
    }

    fn takes_shortlist(&self) -> bool {
        true
    }

    fn read_answer(&self, task: &Task, _item: &Item, answer: &RawAnswer) -> Reading {
        if let Some(words) = answer.refusal {
            return Reading::abstained(Abstention::Refused { words: clip(words) }, Vec::new());
        }
        let cleaned = clean(answer.text);
        let mut reading = read_labels(&task.schema, cleaned.text, answer.truncated_at);
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
        let names: Vec<&str> = value.labels().iter().map(|label| task.schema.name(*label)).collect();
        framed(style, "labels", &json!(names))
    }

    /// The labels of the value that stand in the answer by their names.
    fn label_words(&self, task: &Task, answer: &str, value: &Value) -> Vec<LabelAt> {
        let from = answer.rfind("\"labels\"").unwrap_or(0);
        let place = |label: LabelId| {
            let quoted = format!("\"{}\"", task.schema.name(label));
            let start = answer[from..].find(&quoted)? + from + 1;
            Some(LabelAt { label, bytes: start..start + quoted.len() - 2 })
        };
        let places: Option<Vec<_>> = value.labels().into_iter().map(place).collect();
        places.unwrap_or_default()
    }

    /// One minus the Jaccard index: the share of labels in either that are not in both. Two empty sets are the same.
    fn distance(&self, _task: &Task, a: &Value, b: &Value) -> f64 {
        let (Value::Choices(a), Value::Choices(b)) = (a, b) else {
            return 1.0;
        };
        let both = a.iter().filter(|label| b.contains(label)).count();
        let either = a.len() + b.len() - both;
        if either == 0 { 0.0 } else { 1.0 - both as f64 / either as f64 }
    }

    /// Each label by itself: it stays with more than half of the votes. A label with just half is a tie of the sets with
    /// and without such labels. The share is the mean, over the labels that anyone named, of the part of the votes that
    /// agrees with the decision on that label; 1 where nobody named any.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        let n = values.len();
        let mut counts: Vec<(LabelId, usize)> = Vec::new();
        for label in values.iter().flat_map(Value::labels) {
            match counts.iter_mut().find(|(seen, _)| *seen == label) {
                Some((_, count)) => *count += 1,
                None => counts.push((label, 1)),
            }
        }
        if n == 0 {
            return Vote::None;
        }
        let with = |least: usize| {
            Value::choices(counts.iter().filter(|(_, k)| 2 * k >= least).map(|(id, _)| *id).collect())
        };
        let (value, with_half) = (with(n + 1), with(n));
        if value != with_half {
            return Vote::Tie(vec![value, with_half]);
        }
        let agree: usize = counts.iter().map(|(_, k)| (*k).max(n - k)).sum();
        let share = if counts.is_empty() { 1.0 } else { agree as f64 / (n * counts.len()) as f64 };
        Vote::Winner { value, share }
    }

    fn read_gold(&self, task: &Task, _item: &Item, cell: &Json) -> Result<Value, String> {
        let names: Vec<String> = match cell {
            Json::Array(list) => {
                list.iter().filter_map(|it| karat_core::cell_text(it).map(Into::into)).collect()
            }
            Json::String(text) if text.trim_start().starts_with('[') => serde_json::from_str(text)
                .map_err(|error| format!("`{}` is no list of names: {error}", clip(text)))?,
            Json::String(text) => split(text).map(str::to_owned).collect(),
            Json::Null => return Err("the cell is empty".to_owned()),
            Json::Bool(_) | Json::Number(_) => vec![cell.to_string()],
            Json::Object(_) => return Err("an object is no list of names".to_owned()),
        };
        let read = |name: &String| {
            read_word(&task.schema, name).map(|found| found.label).map_err(|why| why.to_string())
        };
        Ok(Value::choices(names.iter().map(read).collect::<Result<_, _>>()?))
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '|', '；', '\n']).map(str::trim).filter(|it| !it.is_empty())
}

fn read_labels(schema: &LabelSchema, text: &str, truncated_at: Option<u32>) -> Reading {
    if text.is_empty() {
        return Reading::unusable(Unusable::Empty, Vec::new());
    }
    let found = find_all(text);
    let mut fits: Vec<_> =
        found.iter().filter_map(|it| Some((it, from_value(schema, &it.value, text)?))).collect();
    if let Some((parsed, mut reading)) = fits.pop() {
        let mut notes = outside::notes(text, parsed);
        match fits.iter().all(|(_, other)| other.outcome == reading.outcome) {
            true if fits.is_empty() => {}
            true => notes.push(Note::Repeated),
            false => notes.push(Note::Verdict { words: format!("the last of {} answers", fits.len() + 1) }),
        }
        reading.notes.splice(0..0, notes);
        if parsed.cut && reading.outcome == Outcome::Labeled(Value::choices(Vec::new())) {
            let got = "the answer is cut off before its first label".to_owned();
            return Reading::unusable(Unusable::WrongShape { got }, reading.notes);
        }
        if parsed.cut && !matches!(reading.outcome, Outcome::Abstained(_)) {
            let limit = truncated_at.map_or(String::new(), |limit| format!(" at {limit} tokens"));
            reading.problem.get_or_insert(format!("the answer was cut off{limit}"));
        }
        return reading;
    }
    let fenced = unfence(text);
    let inner = fenced.unwrap_or(text);
    let mut reading = if inner.starts_with(['{', '[']) {
        let got = "the JSON of the answer has no `labels`".to_owned();
        Reading::unusable(Unusable::WrongShape { got }, Vec::new())
    } else {
        from_text(schema, inner)
    };
    if fenced.is_some() {
        reading.notes.insert(0, Note::Fenced);
    }
    reading
}

/// Labels out of a JSON value; `None` where it has no place for them.
fn from_value(schema: &LabelSchema, value: &Json, text: &str) -> Option<Reading> {
    match value {
        Json::Object(map) => from_object(schema, map),
        Json::Array(list) if list.iter().all(Json::is_string) && text.starts_with(['[', '`']) => {
            Some(gather(schema, &names(list), vec![reshaped("a bare list for `labels`")]))
        }
        Json::Array(_) | Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

fn from_object(schema: &LabelSchema, map: &Map<String, Json>) -> Option<Reading> {
    let Some((key, value)) = LABELS.of(map) else {
        return label_flags(schema, map, Vec::new());
    };
    let notes: Vec<Note> = LABELS.note(key).into_iter().collect();
    let mut reading = match value {
        Json::Null => Reading::abstained(Abstention::Unknown { words: "null".to_owned() }, notes),
        Json::Array(list) => gather(schema, &names(list), notes),
        Json::String(text) => {
            let mut reading = from_text(schema, text);
            reading.notes.splice(0..0, notes.into_iter().chain([reshaped("a text for a list")]));
            reading
        }
        Json::Object(inner) => label_flags(schema, inner, notes)?,
        Json::Bool(_) | Json::Number(_) => return None,
    };
    reading.stated = CONFIDENCE.of(map).and_then(|(_, value)| confidence(value));
    Some(reading)
}

/// `{"billing": true, "praise": false}`.
fn label_flags(schema: &LabelSchema, map: &Map<String, Json>, mut notes: Vec<Note>) -> Option<Reading> {
    let mut labels = Vec::new();
    for (key, value) in map {
        let label = read_word(schema, key).ok()?.label;
        if value.as_bool()? {
            labels.push(label);
        }
    }
    notes.push(reshaped("true and false for each label"));
    (!map.is_empty()).then(|| Reading::labeled(Value::choices(labels), notes))
}

fn reshaped(what: &str) -> Note {
    Note::Reshaped { what: what.to_owned() }
}

/// The names in a list; what is no name is kept as it was written, so that it is reported.
fn names(list: &[Json]) -> Vec<String> {
    let name = |it: &Json| match it {
        Json::String(text) => text.clone(),
        Json::Object(map) => match crate::answer::fields::LABEL.of(map) {
            Some((_, Json::String(text))) => text.clone(),
            _ => it.to_string(),
        },
        it => it.to_string(),
    };
    list.iter().map(name).collect()
}

/// Every name as a label. Names that are none are left out, noted, and named in the problem.
fn gather(schema: &LabelSchema, names: &[String], mut notes: Vec<Note>) -> Reading {
    let mut labels = Vec::new();
    let mut unknown: Option<Unusable> = None;
    for name in names {
        match read_word(schema, name) {
            Ok(found) if labels.contains(&found.label) => notes.push(Note::Repeated),
            Ok(found) => {
                labels.push(found.label);
                notes.extend(found.note);
            }
            Err(why) => {
                notes.push(Note::UnknownMention { label: clip(name), quote: String::new() });
                unknown.get_or_insert(why);
            }
        }
    }
    match unknown {
        Some(_) if labels.is_empty() && names.iter().all(|it| is_unknown(it)) => {
            let words = names.join(", ");
            Reading::abstained(Abstention::Unknown { words: clip(&words) }, Vec::new())
        }
        Some(why) if labels.is_empty() => Reading::unusable(why, notes),
        why => {
            let mut reading = Reading::labeled(Value::choices(labels), notes);
            reading.problem = why.map(|why| why.to_string());
            reading
        }
    }
}

/// A text that is a list of labels. Prose that only mentions labels is none.
fn from_text(schema: &LabelSchema, text: &str) -> Reading {
    let trimmed = text.trim();
    if read_word(schema, trimmed).is_err() && is_unknown(trimmed) {
        return Reading::abstained(Abstention::Unknown { words: clip(trimmed) }, Vec::new());
    }
    let list = trimmed
        .rsplit_once([':', '：'])
        .map_or(trimmed, |(head, list)| if head.len() < 40 { list } else { trimmed });
    let parts: Vec<String> = list
        .split([';', '|', ',', '\n', '；', '，', '、'])
        .map(|part| part.trim().trim_start_matches(['-', '*', '•', ' ']).to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let known = parts.iter().filter(|part| read_word(schema, part).is_ok()).count();
    if known > 0 && known == parts.len() {
        return gather(schema, &parts, vec![reshaped("a text for a list")]);
    }
    match abstention(text) {
        Some(why) => Reading::abstained(why, Vec::new()),
        None if parts.len() == 1 && parts.iter().all(|it| it.split_whitespace().count() <= 3) => {
            gather(schema, &parts, Vec::new())
        }
        None => Reading::unusable(Unusable::NoLabel { got: clip(text) }, Vec::new()),
    }
}

fn examples() -> Option<Vec<Example>> {
    let task = example_task("multi_label", &[("billing", &[]), ("bug", &["defect"]), ("praise", &[])])?;
    let labels = |names: &[&str]| {
        let ids: Option<Vec<_>> = names.iter().map(|name| task.schema.by_name(name)).collect();
        ids.map(Value::choices).map(Outcome::Labeled)
    };
    let rows = [
        (
            "the form that was asked for",
            r#"{"labels": ["billing", "bug"]}"#,
            labels(&["billing", "bug"])?,
            vec![],
        ),
        ("none of the labels fits", r#"{"labels": []}"#, labels(&[])?, vec![]),
        ("an alias in a bare list", r#"["defect"]"#, labels(&["bug"])?, vec!["reshaped", "alias"]),
        ("a text for a list", "billing, praise", labels(&["billing", "praise"])?, vec!["reshaped"]),
        (
            "true and false",
            r#"{"billing": true, "bug": false, "praise": false}"#,
            labels(&["billing"])?,
            vec!["reshaped"],
        ),
        (
            "a name that is no label is left out and noted",
            r#"{"labels": ["bug", "rant"]}"#,
            labels(&["bug"])?,
            vec!["unknown_mention"],
        ),
    ];
    let item = item_of("text", "I was charged twice, and the app crashes.");
    let example = |(about, answer, outcome, notes)| Example {
        about,
        task: task.clone(),
        item: item.clone(),
        answer,
        outcome,
        notes,
    };
    let declined = Outcome::Abstained(Abstention::Unknown { words: "null".into() });
    let declined = ("the model cannot tell", r#"{"labels": null}"#, declined, vec![]);
    Some(rows.into_iter().chain([declined]).map(example).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_is_voted_for_by_itself_and_half_is_a_tie() {
        let task = example_task("multi_label", &[("a", &[]), ("b", &[]), ("c", &[])]).unwrap();
        let schema = &task.schema;
        let set =
            |names: &[&str]| Value::choices(names.iter().map(|name| schema.by_name(name).unwrap()).collect());
        let got = MultiLabel.vote(&task, &[set(&["a", "b"]), set(&["a"]), set(&["a", "c"])]);
        assert_eq!(got, Vote::Winner { value: set(&["a"]), share: 7.0 / 9.0 });
        assert_eq!(MultiLabel.vote(&task, &[set(&["a"]), set(&[])]), Vote::Tie(vec![set(&[]), set(&["a"])]));
        assert_eq!(
            MultiLabel.vote(&task, &[set(&[]), set(&[])]),
            Vote::Winner { value: set(&[]), share: 1.0 }
        );
        assert!((MultiLabel.distance(&task, &set(&["a", "b"]), &set(&["b", "c"])) - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(MultiLabel.distance(&task, &set(&[]), &set(&[])), 0.0);
    }
}
