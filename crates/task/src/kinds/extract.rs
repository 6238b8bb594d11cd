//! `extract`: named, typed fields, each value with the words of the text that say it.
//!
//! Asked for: `{"fields": {"who": {"quote": "Bob Lee", "value": "Bob Lee"}, "price": null}}`. The model quotes words and
//! never counts letters; where they stand is found by `align`. Words that nobody wrote are left out (`extract/read.rs`).

mod assign;
mod compare;
mod dates;
mod form;
mod read;
mod tokens;
mod types;

use karat_core::{
    Abstention, Error, FieldSpec, FieldType, Filled, Item, Note, Outcome, PromptLanguage, Quote, Result,
    Shape, Task, TaskSpec, Unusable, Value,
};
use serde_json::{Map, Value as Json, json};

use super::evidence::{frame, framed, quote_json};
use super::item_of;
use crate::answer::clean::{clean, unfence};
use crate::answer::fields::{CONFIDENCE, FIELDS, confidence, plain};
use crate::answer::json::{Parsed, find_all};
use crate::answer::refusal::abstention;
use crate::answer::{clip, outside};
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates};
use read::Reader;
pub use tokens::field_confidence;

/// The kind `extract`.
pub(crate) struct Extract;

impl TaskKind for Extract {
    fn id(&self) -> &'static str {
        "extract"
    }

    fn about(&self) -> &'static str {
        "named, typed fields, each with the words that say it"
    }

    fn shape(&self) -> Shape {
        Shape::Fields
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        if spec.fields.is_empty() {
            return Err(Error::invalid("a task of kind `extract` needs `fields` and has none")
                .hint("name them: `fields = [{ name = \"price\", type = \"number\" }]`"));
        }
        super::evidence::without_labels(self.id(), &spec)?;
        form::check(&spec.fields, "", 0)?;
        Ok(spec)
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let mut fields = form::schema(&task.spec.fields);
        fields["type"] = json!(["object", "null"]);
        frame(style, [("fields", fields)])
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("extract"))
    }

    fn particulars(&self, task: &Task, language: PromptLanguage) -> Json {
        let fields = &task.spec.fields;
        let is_number = |it: &FieldSpec| matches!(it.of, FieldType::Number | FieldType::Integer);
        json!({
            "fields": form::lines(fields, language, 0),
            "form": form::skeleton(fields),
            "has_text": form::any(fields, &|it| it.of == FieldType::Text),
            "has_number": form::any(fields, &is_number),
            "has_list": form::any(fields, &|it| it.list),
        })
    }

    fn lists_labels(&self) -> bool {
        false
    }

    fn read_answer(&self, task: &Task, item: &Item, answer: &RawAnswer) -> Reading {
        if let Some(words) = answer.refusal {
            return Reading::abstained(Abstention::Refused { words: clip(words) }, Vec::new());
        }
        let cleaned = clean(answer.text);
        let mut reading =
            read_clean(&task.spec.fields, &task.text_of(item), cleaned.text, answer.truncated_at);
        reading.notes.splice(0..0, cleaned.notes);
        reading
    }

    /// With the `start` of each quote, which is believed where the words stand there: no text is at hand to count in.
    fn answer_text(&self, task: &Task, value: &Value) -> String {
        let fields = paired(task, value, true);
        json!({"fields": fields}).to_string()
    }

    fn shot_text(&self, task: &Task, _text: &str, value: &Value, style: &ShotStyle) -> String {
        framed(style, [("fields", paired(task, value, false))])
    }

    /// None: a record has no labels. See [`field_confidence`](crate::field_confidence).
    fn label_words(&self, _task: &Task, _answer: &str, _value: &Value) -> Vec<LabelAt> {
        Vec::new()
    }

    /// One minus the F1 score of filled fields with equal values. Words are compared without case, width and outer marks,
    /// numbers as numbers. Lists have no order: their items are matched so that as many values as possible agree (lists
    /// of more than 200 by their order). Two empty records are the same.
    fn distance(&self, task: &Task, a: &Value, b: &Value) -> f64 {
        match (a, b) {
            (Value::Fields(a), Value::Fields(b)) => {
                compare::distance(&task.spec.fields, &a.fields, &b.fields)
            }
            _ => 1.0,
        }
    }

    /// Field by field: the most frequent value, null included; of values that tie, the one whose sample is nearest to all
    /// samples, and where that ties too there is no winner. Each item of a list of values by itself: it stays with more
    /// than half of the votes. A list of groups is voted for as a whole. The share is the mean over the fields of the
    /// votes that agree.
    fn vote(&self, task: &Task, values: &[Value]) -> Vote {
        compare::vote(&task.spec.fields, values)
    }

    fn read_gold(&self, task: &Task, item: &Item, cell: &Json) -> std::result::Result<Value, String> {
        let parsed: Json = match cell {
            Json::String(cell) => serde_json::from_str(cell)
                .map_err(|error| format!("`{}` is no JSON object: {error}", clip(cell)))?,
            cell => cell.clone(),
        };
        gold(&task.spec.fields, &task.text_of(item), &parsed)
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

fn read_clean(fields: &[FieldSpec], text: &str, answer: &str, truncated_at: Option<u32>) -> Reading {
    let unusable = |why: Unusable, notes: Vec<Note>| match truncated_at {
        Some(max_tokens) => Reading::unusable(Unusable::Truncated { max_tokens }, notes),
        None => Reading::unusable(why, notes),
    };
    if answer.is_empty() {
        return unusable(Unusable::Empty, Vec::new());
    }
    let found = find_all(answer);
    let mut fits: Vec<(&Parsed, Body)> =
        found.iter().filter_map(|parsed| Some((parsed, Body::of(fields, &parsed.value)?))).collect();
    let Some((parsed, body)) = fits.pop() else {
        return without_json(fields, text, answer, truncated_at, found.is_empty());
    };
    if parsed.cut && !is_whole(fields, &answer[parsed.start..]) {
        let got = "the answer is cut off before its last field".to_owned();
        return unusable(Unusable::WrongShape { got }, outside::notes(answer, parsed));
    }
    let mut notes = outside::notes(answer, parsed);
    if let Some(cut) = notes.iter_mut().find(|it| **it == Note::CutOff) {
        *cut = Note::Mended { what: "missing brackets".to_owned() };
    }
    match fits.iter().all(|(_, other)| *other == body) {
        true if fits.is_empty() => {}
        true => notes.push(Note::Repeated),
        false => notes.push(Note::Verdict { words: format!("the last of {} answers", fits.len() + 1) }),
    }
    let Body { record, reshaped, stated } = body;
    notes.extend(reshaped.map(|what| Note::Reshaped { what }));
    let Some(record) = record else {
        return Reading::abstained(Abstention::Unknown { words: "null".to_owned() }, notes);
    };
    let mut reading = read_record(fields, text, &record);
    reading.notes.splice(0..0, notes);
    reading.stated = stated.filter(|_| matches!(reading.outcome, Outcome::Labeled(_)));
    reading
}

/// The fields of an object that holds them.
fn read_record(fields: &[FieldSpec], text: &str, record: &Map<String, Json>) -> Reading {
    let mut reader = Reader::new(text, false);
    let (filled, missing) = reader.read(fields, record);
    let (notes, problem) = reader.evidence.into_parts();
    let Some((field, got)) = missing else {
        return Reading { outcome: Outcome::Labeled(Value::Fields(filled)), notes, problem, stated: None };
    };
    let why = Unusable::MissingField { field: field.clone(), got };
    let named = problem.map(|others| match others.contains(&format!("`{field}`:")) {
        true => format!("the field `{field}` is required; {others}"),
        false => format!("{why}; {others}"),
    });
    let reading = Reading::unusable(why, notes);
    Reading { problem: named.or(reading.problem), ..reading }
}

/// Lines with a field each; words that decline; or no answer.
fn without_json(
    fields: &[FieldSpec],
    text: &str,
    answer: &str,
    truncated_at: Option<u32>,
    is_prose: bool,
) -> Reading {
    let inner = unfence(answer).unwrap_or(answer);
    if let Some(max_tokens) = truncated_at {
        return Reading::unusable(Unusable::Truncated { max_tokens }, Vec::new());
    }
    if let Some(record) = from_lines(fields, inner) {
        let mut reading = read_record(fields, text, &record);
        reading.notes.insert(0, Note::Reshaped { what: "lines for JSON".to_owned() });
        return reading;
    }
    match abstention(inner).filter(|_| is_prose) {
        Some(why) => Reading::abstained(why, Vec::new()),
        None => {
            let got = format!("the answer has no `fields`: `{}`", clip(inner));
            Reading::unusable(Unusable::WrongShape { got }, Vec::new())
        }
    }
}

/// Where the fields stand in an answer.
#[derive(Debug, Clone, PartialEq)]
struct Body {
    /// The object with the fields; `None` where it is null.
    record: Option<Map<String, Json>>,
    reshaped: Option<String>,
    stated: Option<f64>,
}

impl Body {
    /// `None` where the value has neither the fields nor a place for them.
    fn of(fields: &[FieldSpec], value: &Json) -> Option<Self> {
        let plain_body = |record| Self { record, reshaped: None, stated: None };
        let map = match (value, fields) {
            (Json::Object(map), _) => map,
            // `[{…}, {…}]` where the task has one list and nothing else.
            (Json::Array(list), [only])
                if only.list && list.iter().all(Json::is_object) && !list.is_empty() =>
            {
                let record = [(only.name.clone(), value.clone())].into_iter().collect();
                let reshaped = Some(format!("a list, for `{}`", only.name));
                return Some(Self { reshaped, ..plain_body(Some(record)) });
            }
            (Json::Array(list), _) => match &list[..] {
                [only @ Json::Object(_)] => {
                    let body = Self::of(fields, only)?;
                    return Some(Self { reshaped: Some("a list of one record".to_owned()), ..body });
                }
                _ => return None,
            },
            _ => return None,
        };
        let has_own = |map: &Map<String, Json>| fields.iter().any(|it| read::find(fields, it, map).is_some());
        let stated = CONFIDENCE.of(map).and_then(|(_, value)| confidence(value));
        if let Some((key, inner)) = FIELDS.of(map) {
            let reshaped = FIELDS.note(key).map(|_| format!("`{key}` for `fields`"));
            match inner {
                Json::Object(inner) if has_own(inner) || (inner.is_empty() && key == "fields") => {
                    return Some(Self { record: Some(inner.clone()), reshaped, stated });
                }
                Json::Null if key == "fields" => return Some(plain_body(None)),
                Json::Array(_) if !has_own(map) => {
                    let body = Self::of(fields, inner)?;
                    return Some(Self { stated, ..body });
                }
                _ => {}
            }
        }
        has_own(map).then(|| Self {
            record: Some(without_frame(fields, map)),
            reshaped: Some("the fields themselves, for `fields`".to_owned()),
            stated,
        })
    }
}

/// The fields without the reason and the confidence that stand beside them.
fn without_frame(fields: &[FieldSpec], map: &Map<String, Json>) -> Map<String, Json> {
    const FRAME: &[&str] = &["reason", "reasoning", "confidence", "explanation"];
    let is_own = |key: &str| fields.iter().any(|it| plain(&it.name) == plain(key));
    let kept = map.iter().filter(|(key, _)| is_own(key) || !FRAME.contains(&key.as_str()));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether a text that ends inside its JSON lacks nothing but the last brackets, and has every field.
fn is_whole(fields: &[FieldSpec], text: &str) -> bool {
    let closed = ["}", "}}"]
        .iter()
        .find_map(|end| serde_json::from_str::<Json>(&format!("{}{end}", text.trim_end())).ok());
    let record = closed.as_ref().and_then(|value| Body::of(fields, value)?.record);
    record.is_some_and(|map| fields.iter().all(|it| read::find(fields, it, &map).is_some()))
}

/// `who: Bob` on each line, where every line begins with the name of a field.
fn from_lines(fields: &[FieldSpec], text: &str) -> Option<Map<String, Json>> {
    let mut map = Map::new();
    for line in text.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let line = line.trim_start_matches(['-', '*', '•', ' ']);
        let (name, value) = line.split_once([':', '：'])?;
        let name = plain(name);
        let field =
            fields.iter().find(|it| plain(&it.name) == name && it.of != FieldType::Group && !it.list)?;
        let value = value.trim().trim_start_matches("**").trim();
        if map.insert(field.name.clone(), json!(value)).is_some() {
            return None;
        }
    }
    (!map.is_empty()).then_some(map)
}

/// The fields with a pair of quote and value for each value.
fn paired(task: &Task, value: &Value, with_start: bool) -> Json {
    let Value::Fields(Filled { fields, quotes }) = value else { return Json::Null };
    let quote = |path: &str| quotes.iter().find(|(at, _)| at == path).map(|(_, it)| it);
    Json::Object(pairs(&task.spec.fields, fields, "", &|path, value| {
        let (words, start) = quote_json(quote(path));
        match start.filter(|_| with_start) {
            Some(start) => json!({"quote": words, "start": start, "value": value}),
            None => json!({"quote": words, "value": value}),
        }
    }))
}

fn pairs(
    fields: &[FieldSpec],
    map: &Map<String, Json>,
    inside: &str,
    leaf: &dyn Fn(&str, &Json) -> Json,
) -> Map<String, Json> {
    let one = |field: &FieldSpec, value: &Json, path: &str| match value {
        Json::Null => Json::Null,
        Json::Object(map) => Json::Object(pairs(&field.fields, map, path, leaf)),
        value => leaf(path, value),
    };
    let field = |it: &FieldSpec| {
        let path = if inside.is_empty() { it.name.clone() } else { format!("{inside}.{}", it.name) };
        let own = match map.get(&it.name).unwrap_or(&Json::Null) {
            Json::Array(list) => {
                list.iter().enumerate().map(|(n, value)| one(it, value, &format!("{path}.{n}"))).collect()
            }
            value => one(it, value, &path),
        };
        (it.name.clone(), own)
    };
    fields.iter().map(field).collect()
}

/// A record that a person wrote: the stored form, the form of an answer, or bare values.
fn gold(fields: &[FieldSpec], text: &str, parsed: &Json) -> std::result::Result<Value, String> {
    let map =
        parsed.as_object().ok_or_else(|| format!("`{}` is no JSON object", clip(&parsed.to_string())))?;
    let is_own = |name: &str| fields.iter().any(|it| it.name == name);
    let (record, stored) = match map.get("fields") {
        Some(Json::Object(inner)) if !is_own("fields") || map.contains_key("quotes") => {
            (inner, map.get("quotes"))
        }
        _ => (map, None),
    };
    let mut reader = Reader::new(text, true);
    let (mut filled, missing) = reader.read(fields, record);
    if let (_, Some(problem)) = reader.evidence.into_parts() {
        return Err(problem);
    }
    if let Some((field, got)) = missing {
        return Err(Unusable::MissingField { field, got }.to_string());
    }
    if let Some(Json::Object(quotes)) = stored {
        filled.quotes = stored_quotes(&filled, quotes)?;
    }
    let mut value = Value::Fields(filled);
    value.check_quotes(text)?;
    Ok(value)
}

/// The quotes of a stored record in the order of its fields.
fn stored_quotes(
    filled: &Filled,
    quotes: &Map<String, Json>,
) -> std::result::Result<Vec<(String, Quote)>, String> {
    let whole = json!({"fields": filled.fields, "quotes": quotes});
    let Value::Fields(read) = Value::from_json(&whole, Shape::Fields, &karat_core::LabelSchema::none())?
    else {
        return Ok(Vec::new());
    };
    let paths = compare::paths(&filled.fields);
    if let Some((path, _)) = read.quotes.iter().find(|(path, _)| !paths.contains(path)) {
        return Err(format!("a quote stands for `{path}`, which has no value"));
    }
    let mut sorted = read.quotes;
    sorted.sort_by_key(|(path, _)| paths.iter().position(|it| it == path));
    Ok(sorted)
}

/// An order: who, when, and a list of what.
fn example_task() -> Option<Task> {
    let field = |name: &str, of: FieldType| FieldSpec { name: name.to_owned(), of, ..FieldSpec::default() };
    let item = FieldSpec {
        list: true,
        fields: vec![field("what", FieldType::Text), field("price", FieldType::Number)],
        ..field("items", FieldType::Group)
    };
    let fields = vec![field("buyer", FieldType::Text), field("day", FieldType::Date), item];
    super::evidence::example_task(&TaskSpec { kind: "extract".to_owned(), fields, ..TaskSpec::default() })
}

/// A record in its stored form, as an outcome.
fn example_record(fields: &Json, quotes: &[(&str, u32, &str)]) -> Option<Outcome> {
    let quote = |(path, start, words): &(&str, u32, &str)| {
        let end = start + words.chars().count() as u32;
        ((*path).to_owned(), json!({"start": start, "end": end, "quote": words}))
    };
    let quotes: Map<String, Json> = quotes.iter().map(quote).collect();
    let whole = json!({"fields": fields, "quotes": quotes});
    Value::from_json(&whole, Shape::Fields, &karat_core::LabelSchema::none()).ok().map(Outcome::Labeled)
}

fn examples() -> Option<Vec<Example>> {
    let task = example_task()?;
    let text = "Bob Lee bought a case for 12,50 € and a lamp for 30 € on 12 May 2024.";
    let rows = [
        (
            "the form that was asked for",
            r#"{"fields": {"buyer": {"quote": "Bob Lee", "value": "Bob Lee"}, "day": {"quote": "12 May 2024", "value": "2024-05-12"}, "items": [{"what": {"quote": "case", "value": "case"}, "price": {"quote": "12,50 €", "value": 12.5}}]}}"#,
            example_record(
                &json!({"buyer": "Bob Lee", "day": "2024-05-12", "items": [{"what": "case", "price": 12.5}]}),
                &[
                    ("buyer", 0, "Bob Lee"),
                    ("day", 57, "12 May 2024"),
                    ("items.0.what", 17, "case"),
                    ("items.0.price", 26, "12,50 €"),
                ],
            )?,
            vec![],
        ),
        (
            "nothing is said",
            r#"{"fields": {"buyer": null, "day": null, "items": []}}"#,
            example_record(&json!({"buyer": null, "day": null, "items": []}), &[])?,
            vec![],
        ),
        (
            "bare values, and a date in words",
            r#"{"buyer": "Bob Lee", "day": "12 May 2024", "items": []}"#,
            example_record(
                &json!({"buyer": "Bob Lee", "day": "2024-05-12", "items": []}),
                &[("buyer", 0, "Bob Lee"), ("day", 57, "12 May 2024")],
            )?,
            vec!["reshaped", "reshaped", "normalized"],
        ),
        (
            "words that nobody wrote",
            r#"{"fields": {"buyer": {"quote": "Ann Smith", "value": "Ann Smith"}, "day": null, "items": []}}"#,
            example_record(&json!({"buyer": null, "day": null, "items": []}), &[])?,
            vec!["mention"],
        ),
        (
            "the text cannot be read",
            r#"{"fields": null}"#,
            Outcome::Abstained(Abstention::Unknown { words: "null".into() }),
            vec![],
        ),
    ];
    let item = item_of("text", text);
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
