//! `form`: several questions over one item, asked and answered in one call.
//!
//! Asked for: an object with a key for each question, and under it what the question's own kind asks for:
//! `{"tone": {"label": "polite"}, "topics": {"labels": ["billing"]}}`. Each part is read by its kind. A question without an
//! answer leaves the others as they are.

use karat_core::{
    Abstention, Error, Item, Note, Outcome, PromptLanguage, Result, Shape, Task, TaskPart, TaskSpec,
    Unusable, Value,
};
use serde_json::{Map, Value as Json, json};

use super::{frame, item_of};
use crate::answer::clean::clean;
use crate::answer::clip;
use crate::answer::json::{Parsed, find_all};
use crate::answer::refusal::abstention;
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote, kind};
use crate::language::{of, templates};

/// The kind `form`.
pub(crate) struct Form;

impl TaskKind for Form {
    fn id(&self) -> &'static str {
        "form"
    }

    fn about(&self) -> &'static str {
        "several questions over one item, in one call"
    }

    fn shape(&self) -> Shape {
        Shape::Form
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        if spec.questions.is_empty() {
            return Err(Error::invalid("a task of kind `form` needs `questions` and has none")
                .hint("`[[task.questions]]` with `name`, `kind` and `labels`, once for each"));
        }
        for (n, question) in spec.questions.iter().enumerate() {
            let name = question.name.trim();
            if name.is_empty() || ["reason", "confidence", "explanation"].contains(&name) {
                return Err(Error::invalid(format!("`{name}` cannot be the name of a question"))
                    .hint("`reason`, `confidence` and `explanation` stand beside the answers"));
            }
            if spec.questions[..n].iter().any(|other| other.name == question.name) {
                return Err(Error::invalid(format!("two questions are called `{name}`")));
            }
        }
        Ok(spec)
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let mut whole = frame(style, "answers", Json::Null);
        let parts = task.parts.iter().filter_map(|part| {
            let own = kind(&part.task.kind).ok()?;
            Some((part.name.clone(), own.answer_format(&part.task, &PromptStyle::default())))
        });
        let parts: Vec<(String, Json)> = parts.collect();
        // In the place of one answer stand all of them: after the reason, before the confidence.
        let mut properties = Map::new();
        if let Some(Json::Object(old)) = whole.get_mut("properties").map(Json::take) {
            for (name, schema) in old {
                match name.as_str() {
                    "answers" => properties.extend(parts.clone()),
                    _ => {
                        properties.insert(name, schema);
                    }
                }
            }
        }
        whole["required"] = properties.keys().map(|name| json!(name)).collect();
        whole["properties"] = Json::Object(properties);
        whole
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("form"))
    }

    fn particulars(&self, task: &Task, language: PromptLanguage) -> Json {
        let style = PromptStyle { language, ..PromptStyle::default() };
        let part = |it: &TaskPart| {
            let own = kind(&it.task.kind).ok()?;
            let words = crate::prompt::instructions(&it.task, own, &style).ok()?;
            let listed = own.lists_labels();
            let labels = it.task.schema.specs().iter().filter(|_| listed);
            let labels: Vec<Json> = labels
                .map(|label| json!({"name": label.name, "description": label.description, "examples": label.examples}))
                .collect();
            Some(json!({"name": it.name, "ask": it.ask, "labels": labels, "instructions": words.trim()}))
        };
        json!({"parts": task.parts.iter().filter_map(part).collect::<Vec<_>>()})
    }

    fn lists_labels(&self) -> bool {
        false
    }

    fn read_answer(&self, task: &Task, item: &Item, answer: &RawAnswer) -> Reading {
        if let Some(words) = answer.refusal {
            return Reading::abstained(Abstention::Refused { words: clip(words) }, Vec::new());
        }
        let cleaned = clean(answer.text);
        let mut reading = read_form(task, item, cleaned.text, answer.truncated_at);
        reading.notes.splice(0..0, cleaned.notes);
        reading
    }

    fn answer_text(&self, task: &Task, value: &Value) -> String {
        written(task, value, |own, part, value| own.answer_text(part, value), &ShotStyle::default())
    }

    fn shot_text(&self, task: &Task, text: &str, value: &Value, style: &ShotStyle) -> String {
        written(
            task,
            value,
            |own, part, value| own.shot_text(part, text, value, &ShotStyle::default()),
            style,
        )
    }

    /// None: the labels of questions are of other schemas.
    fn label_words(&self, _task: &Task, _answer: &str, _value: &Value) -> Vec<LabelAt> {
        Vec::new()
    }

    /// The mean over the questions; a question that only one of them answers is 1 apart.
    fn distance(&self, task: &Task, a: &Value, b: &Value) -> f64 {
        let (Value::Form(a), Value::Form(b)) = (a, b) else {
            return 1.0;
        };
        let apart = |(part, (a, b)): (&TaskPart, (&Option<Value>, &Option<Value>))| match (
            a,
            b,
            kind(&part.task.kind),
        ) {
            (None, None, _) => 0.0,
            (Some(a), Some(b), Ok(own)) => own.distance(&part.task, a, b),
            _ => 1.0,
        };
        let sum: f64 = task.parts.iter().zip(a.iter().zip(b)).map(apart).sum();
        sum / task.parts.len().max(1) as f64
    }

    /// Question by question. One whose votes tie has no value; the share is the mean over the questions, a tie counting 0.
    fn vote(&self, task: &Task, values: &[Value]) -> Vote {
        if values.is_empty() {
            return Vote::None;
        }
        let (mut won, mut sum) = (Vec::new(), 0.0);
        for (n, part) in task.parts.iter().enumerate() {
            let of_part = |value: &Value| match value {
                Value::Form(parts) => parts.get(n).cloned().flatten(),
                _ => None,
            };
            let own: Vec<Value> = values.iter().filter_map(of_part).collect();
            let n_silent = values.len() - own.len();
            let vote = kind(&part.task.kind).map(|kind| kind.vote(&part.task, &own));
            match vote {
                Ok(Vote::Winner { value, share }) if own.len() >= n_silent => {
                    sum += share * own.len() as f64 / values.len() as f64;
                    won.push(Some(value));
                }
                _ => {
                    sum += if own.is_empty() { 1.0 } else { 0.0 };
                    won.push(None);
                }
            }
        }
        let share = (sum / task.parts.len().max(1) as f64).max(f64::EPSILON);
        Vote::Winner { value: Value::Form(won), share }
    }

    fn read_gold(&self, task: &Task, item: &Item, cell: &Json) -> std::result::Result<Value, String> {
        let parsed: Json = match cell {
            Json::String(cell) => serde_json::from_str(cell)
                .map_err(|error| format!("`{}` is no object with answers: {error}", clip(cell)))?,
            other => other.clone(),
        };
        let Json::Object(cells) = parsed else {
            return Err(format!("`{}` is no object with answers", clip(&cell.to_string())));
        };
        let known = |name: &String| task.parts.iter().any(|part| part.name == *name);
        if let Some(unknown) = cells.keys().find(|name| !known(name)) {
            return Err(format!("`{unknown}` is no question"));
        }
        let read = |part: &TaskPart| match cells.get(&part.name) {
            None | Some(Json::Null) => Ok(None),
            Some(cell) => {
                let own = kind(&part.task.kind).map_err(|error| error.to_string())?;
                let value = own.read_gold(&part.task, item, cell);
                value.map(Some).map_err(|why| format!("`{}`: {why}", part.name))
            }
        };
        let values: Vec<Option<Value>> =
            task.parts.iter().map(read).collect::<std::result::Result<_, _>>()?;
        match values.iter().all(Option::is_none) {
            true => Err("no question has an answer".to_owned()),
            false => Ok(Value::Form(values)),
        }
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

/// The object that holds most questions.
fn find_form(task: &Task, text: &str) -> Option<Parsed> {
    let n_named = |it: &Parsed| task.parts.iter().filter(|part| it.value.get(&part.name).is_some()).count();
    let found = find_all(text).into_iter().map(unwrapped);
    found.filter(|it| n_named(it) > 0).max_by_key(n_named)
}

/// `{"answers": {…}}` is what is in it.
fn unwrapped(mut parsed: Parsed) -> Parsed {
    if let Json::Object(map) = &parsed.value
        && map.len() == 1
        && let Some(inner @ Json::Object(_)) = map.values().next()
        && !["label", "labels", "spans"].iter().any(|key| inner.get(*key).is_some())
    {
        parsed.value = inner.clone();
    }
    parsed
}

fn read_form(task: &Task, item: &Item, text: &str, truncated_at: Option<u32>) -> Reading {
    let Some(parsed) = find_form(task, text) else {
        if let Some(why) = abstention(text) {
            return Reading::abstained(why, Vec::new());
        }
        return match (text.trim().is_empty(), truncated_at) {
            (_, Some(max_tokens)) => Reading::unusable(Unusable::Truncated { max_tokens }, Vec::new()),
            (true, None) => Reading::unusable(Unusable::Empty, Vec::new()),
            (false, None) => {
                let names: Vec<String> = task.parts.iter().map(|part| format!("`{}`", part.name)).collect();
                let got = format!("no JSON with answers to {} in `{}`", names.join(", "), clip(text));
                Reading::unusable(Unusable::WrongShape { got }, Vec::new())
            }
        };
    };
    let mut notes: Vec<Note> =
        parsed.mends.iter().map(|what| Note::Mended { what: (*what).to_owned() }).collect();
    notes.extend(parsed.cut.then_some(Note::CutOff));
    let (mut values, mut problems) = (Vec::new(), Vec::new());
    // What was being written when the answer stopped is not known.
    let last = parsed.value.as_object().and_then(|map| map.keys().next_back()).filter(|_| parsed.cut);
    for part in &task.parts {
        let said = parsed.value.get(&part.name).filter(|_| last != Some(&part.name));
        let read = said.map(|said| read_part(part, item, said));
        let (value, why) = match read {
            None => (None, Some("it is not answered".to_owned())),
            Some(reading) => {
                notes.extend(reading.notes);
                match reading.outcome {
                    Outcome::Labeled(value) => (Some(value), reading.problem),
                    Outcome::Abstained(_) => (None, None),
                    Outcome::Unusable(_) | Outcome::Failed(_) => {
                        (None, Some(reading.outcome.reason().unwrap_or_default()))
                    }
                }
            }
        };
        if let Some(why) = why {
            problems.push(format!("`{}`: {why}", part.name));
            if value.is_none() {
                notes.push(Note::PartLost { question: part.name.clone(), why });
            }
        }
        values.push(value);
    }
    finish(values, problems, notes, &parsed)
}

fn finish(values: Vec<Option<Value>>, problems: Vec<String>, notes: Vec<Note>, parsed: &Parsed) -> Reading {
    let problem = (!problems.is_empty()).then(|| problems.join("; "));
    if values.iter().any(Option::is_some) {
        let stated =
            parsed.value.get("confidence").and_then(Json::as_f64).filter(|it| (0.0..=1.0).contains(it));
        return Reading { problem, stated, ..Reading::labeled(Value::Form(values), notes) };
    }
    match problem {
        None => Reading::abstained(Abstention::Unknown { words: "null".into() }, notes),
        Some(got) => Reading::unusable(Unusable::WrongShape { got }, notes),
    }
}

/// One question: what stands under its key, read by its kind.
fn read_part(part: &TaskPart, item: &Item, said: &Json) -> Reading {
    let Ok(own) = kind(&part.task.kind) else {
        return Reading::unusable(Unusable::Empty, Vec::new());
    };
    let text = match said {
        Json::Null => return Reading::abstained(Abstention::Unknown { words: "null".into() }, Vec::new()),
        Json::String(word) => word.clone(),
        other => other.to_string(),
    };
    own.read_answer(&part.task, item, &RawAnswer::of(&text))
}

/// The answers to all questions in one object; a question without a value is null.
fn written(
    task: &Task,
    value: &Value,
    answer: impl Fn(&dyn TaskKind, &Task, &Value) -> String,
    style: &ShotStyle,
) -> String {
    let mut map = Map::new();
    if let Some(reason) = &style.reason {
        map.insert("reason".into(), json!(reason));
    }
    let parts = match value {
        Value::Form(parts) => parts.as_slice(),
        _ => &[],
    };
    for (n, part) in task.parts.iter().enumerate() {
        let value = parts.get(n).and_then(Option::as_ref);
        let text = value.zip(kind(&part.task.kind).ok()).map(|(value, own)| answer(own, &part.task, value));
        let said = text.map_or(Json::Null, |text| serde_json::from_str(&text).unwrap_or(Json::String(text)));
        map.insert(part.name.clone(), said);
    }
    if let Some(confidence) = style.confidence {
        map.insert("confidence".into(), json!(confidence));
    }
    if let Some(explanation) = &style.explanation {
        map.insert("explanation".into(), json!(explanation));
    }
    Json::Object(map).to_string()
}

fn examples() -> Option<Vec<Example>> {
    let spec: Json = json!({"kind": "form", "questions": [
        {"name": "tone", "kind": "classify", "labels": ["polite", "rude"], "ask": "How does the customer speak?"},
        {"name": "topics", "kind": "multi_label", "labels": ["billing", "delivery"]},
    ]});
    let spec: TaskSpec = serde_json::from_value(spec).ok()?;
    let data = karat_core::DataSpec { text: "text".into(), ..Default::default() };
    let task = crate::task(spec, &data, &Default::default(), String::new()).ok()?.0;
    let label = |part: usize, name: &str| task.schema.parts()[part].schema.by_name(name);
    let value = |tone: Option<&str>, topics: &[&str]| {
        let topics = topics.iter().filter_map(|name| label(1, name)).collect();
        Value::Form(vec![tone.and_then(|it| label(0, it)).map(Value::Choice), Some(Value::choices(topics))])
    };
    let full = value(Some("polite"), &["billing"]);
    let rows = [
        (
            "the form that was asked for",
            r#"{"tone": {"label": "polite"}, "topics": {"labels": ["billing"]}}"#,
            Outcome::Labeled(full.clone()),
            vec![],
        ),
        (
            "bare answers under the names of the questions",
            r#"{"tone": "polite", "topics": ["billing"]}"#,
            Outcome::Labeled(full),
            vec!["reshaped"],
        ),
        (
            "one question that the model cannot answer",
            r#"{"tone": {"label": null}, "topics": {"labels": []}}"#,
            Outcome::Labeled(value(None, &[])),
            vec![],
        ),
        (
            "one answer that is no label",
            r#"{"tone": {"label": "loud"}, "topics": {"labels": ["billing"]}}"#,
            Outcome::Labeled(value(None, &["billing"])),
            vec!["part_lost"],
        ),
    ];
    let item = item_of("text", "Could you please explain this charge?");
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
