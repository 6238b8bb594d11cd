//! `write`: a text by the guideline: a summary, a translation, a title, another wording.
//!
//! Asked for: `{"text": "..."}`, or `{"texts": ["...", "..."]}`, the best first, where the task wants several candidates.
//! How long a text may be is a matter of the guideline: no length is checked, and none is cut.

mod compare;

use karat_core::{
    Abstention, Error, Item, Note, Outcome, PromptLanguage, Result, Shape, Task, TaskSpec, Unusable, Value,
    Written,
};
use serde_json::{Value as Json, json};

use super::evidence::{example_task, frame, framed, without_labels};
use super::item_of;
use crate::answer::clean::{clean, unfence};
use crate::answer::fields::{CONFIDENCE, TEXT, TEXTS, confidence};
use crate::answer::json::{Parsed, find_all};
use crate::answer::refusal::{is_unknown, refuses};
use crate::answer::{clip, outside};
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates};

/// More candidates are refused: each costs a whole text, and models repeat themselves long before.
const MAX_CANDIDATES: u32 = 20;

/// The kind `write`.
pub(crate) struct Write;

impl TaskKind for Write {
    fn id(&self) -> &'static str {
        "write"
    }

    fn about(&self) -> &'static str {
        "a text by the guideline: summary, translation, title"
    }

    fn shape(&self) -> Shape {
        Shape::Text
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        without_labels(self.id(), &spec)?;
        if let Some(n) = spec.candidates.filter(|n| !(1..=MAX_CANDIDATES).contains(n)) {
            return Err(Error::invalid(format!(
                "`task.candidates` is {n}, and must lie between 1 and {MAX_CANDIDATES}"
            ))
            .hint("1 is what is written without it"));
        }
        Ok(spec)
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        match n_wanted(task) {
            1 => frame(style, [("text", json!({"type": ["string", "null"]}))]),
            _ => frame(style, [("texts", json!({"type": ["array", "null"], "items": {"type": "string"}}))]),
        }
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("write"))
    }

    fn particulars(&self, task: &Task, _language: PromptLanguage) -> Json {
        json!({"candidates": n_wanted(task)})
    }

    fn lists_labels(&self) -> bool {
        false
    }

    fn read_answer(&self, task: &Task, item: &Item, answer: &RawAnswer) -> Reading {
        if let Some(words) = answer.refusal {
            return Reading::abstained(Abstention::Refused { words: clip(words) }, Vec::new());
        }
        let cleaned = clean(answer.text);
        let is_source_refusal = refuses(&task.text_of(item));
        let mut reading = read_clean(n_wanted(task), is_source_refusal, cleaned.text, answer.truncated_at);
        reading.notes.splice(0..0, cleaned.notes);
        reading
    }

    fn answer_text(&self, task: &Task, value: &Value) -> String {
        self.shot_text(task, "", value, &ShotStyle::default())
    }

    fn shot_text(&self, task: &Task, _text: &str, value: &Value, style: &ShotStyle) -> String {
        let texts: &[String] = match value {
            Value::Text(written) => &written.texts,
            _ => &[],
        };
        match (texts, n_wanted(task)) {
            ([], 1) => framed(style, [("text", Json::Null)]),
            ([], _) => framed(style, [("texts", Json::Null)]),
            ([only], 1) => framed(style, [("text", json!(only))]),
            (all, _) => framed(style, [("texts", json!(all))]),
        }
    }

    fn label_words(&self, _task: &Task, _answer: &str, _value: &Value) -> Vec<LabelAt> {
        Vec::new()
    }

    /// One minus the likeness of the best texts: the mean F1 score of their runs of 1 to 6 characters without spaces,
    /// as chrF counts them (Popović, 2015) but with precision and recall of equal weight, so that both sides count
    /// alike. Case, width and kinds of quotation marks do not count. It tells wordings apart, not meanings.
    fn distance(&self, _task: &Task, a: &Value, b: &Value) -> f64 {
        match (a, b) {
            (Value::Text(a), Value::Text(b)) => compare::distance(a.texts.first(), b.texts.first()),
            _ => 1.0,
        }
    }

    /// The sample that is most like all samples, the first of those that are equally so; nothing is blended. All other
    /// samples stay behind it as candidates, the likest first. The share is its mean likeness to all samples, itself
    /// included.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        compare::vote(values)
    }

    fn read_gold(&self, task: &Task, item: &Item, cell: &Json) -> std::result::Result<Value, String> {
        let mut value = gold(cell)?;
        value.check_quotes(&task.text_of(item))?;
        Ok(value)
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

fn n_wanted(task: &Task) -> usize {
    task.spec.candidates.unwrap_or(1).max(1) as usize
}

/// What stands in the place of the texts.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    /// `None` where it is null.
    texts: Option<Vec<String>>,
    stated: Option<f64>,
    notes: Vec<Note>,
}

impl Found {
    /// `None` where the value has no place for a text.
    fn of(value: &Json, n_wanted: usize) -> Option<Self> {
        let map = match value {
            Json::Object(map) => map,
            Json::Array(list) => {
                let texts = strings(list)?;
                let notes = vec![Note::Reshaped { what: "a bare list of texts".to_owned() }];
                return Some(Self { texts: Some(texts), stated: None, notes });
            }
            _ => return None,
        };
        let (one, several) = (TEXT.of(map), TEXTS.of(map));
        let asked = if n_wanted == 1 { ("text", one.or(several)) } else { ("texts", several.or(one)) };
        let found = asked.1.or_else(|| only_string(map))?;
        let (key, value) = found;
        let texts = match value {
            Json::Null => None,
            Json::String(text) => Some(vec![text.clone()]),
            Json::Array(list) => Some(strings(list)?),
            Json::Object(_) => Self::of(value, n_wanted)?.texts,
            Json::Bool(_) | Json::Number(_) => return None,
        };
        let note = (key != asked.0).then(|| Note::Reshaped { what: format!("`{key}` for `{}`", asked.0) });
        let stated = CONFIDENCE.of(map).and_then(|(_, it)| confidence(it));
        Some(Self { texts, stated, notes: note.into_iter().collect() })
    }
}

/// The one string of an object with no known key.
fn only_string(map: &serde_json::Map<String, Json>) -> Option<(&str, &Json)> {
    const FRAME: &[&str] = &["reason", "reasoning", "explanation"];
    let mut strings = map.iter().filter(|(key, value)| value.is_string() && !FRAME.contains(&key.as_str()));
    let (key, value) = strings.next()?;
    strings.next().is_none().then_some((key, value))
}

/// Texts of a list: strings, or objects with one.
fn strings(list: &[Json]) -> Option<Vec<String>> {
    let one = |it: &Json| match it {
        Json::String(text) => Some(text.clone()),
        Json::Object(map) => TEXT.of(map)?.1.as_str().map(str::to_owned),
        _ => None,
    };
    list.iter().map(one).collect()
}

fn read_clean(n_wanted: usize, is_source_refusal: bool, answer: &str, truncated_at: Option<u32>) -> Reading {
    let unusable = |why: Unusable, notes: Vec<Note>| match truncated_at {
        Some(max_tokens) => Reading::unusable(Unusable::Truncated { max_tokens }, notes),
        None => Reading::unusable(why, notes),
    };
    if answer.is_empty() {
        return unusable(Unusable::Empty, Vec::new());
    }
    let fenced = unfence(answer);
    let inner = fenced.unwrap_or(answer);
    let starts_as_json = inner.starts_with(['{', '[']);
    let all = find_all(answer);
    // A bracket in prose is no list of texts.
    let is_body = |it: &&Parsed| {
        it.value.is_object() || (starts_as_json && it.start == answer.find(['{', '[']).unwrap_or(0))
    };
    let mut fits: Vec<(&Parsed, Found)> =
        all.iter().filter(is_body).filter_map(|it| Some((it, Found::of(&it.value, n_wanted)?))).collect();
    fits.retain(|(it, _)| starts_as_json || has_key(&it.value));
    if let Some((parsed, mut found)) = fits.pop() {
        let mut notes = outside::notes(answer, parsed);
        match fits.iter().all(|(_, other)| other.texts == found.texts) {
            true if fits.is_empty() => {}
            true => notes.push(Note::Repeated),
            false => notes.push(Note::Verdict { words: format!("the last of {} answers", fits.len() + 1) }),
        }
        found.notes.splice(0..0, notes);
        let is_cut = parsed.cut && found.texts.as_ref().is_some_and(Vec::is_empty);
        if is_cut {
            let got = "the answer is cut off before its first text".to_owned();
            return unusable(Unusable::WrongShape { got }, found.notes);
        }
        return settle(n_wanted, is_source_refusal, found);
    }
    if starts_as_json && (truncated_at.is_some() || inner.starts_with('{')) {
        let cut = all.iter().any(|it| it.cut) || all.is_empty();
        let got = if cut {
            "the answer is cut off before its `text`"
        } else {
            "the JSON of the answer has no `text`"
        };
        return unusable(Unusable::WrongShape { got: got.to_owned() }, Vec::new());
    }
    if let Some(max_tokens) = truncated_at {
        return Reading::unusable(Unusable::Truncated { max_tokens }, Vec::new());
    }
    let (text, mut notes) = bare_text(inner);
    if fenced.is_some() {
        notes.insert(0, Note::Fenced);
    }
    settle(n_wanted, is_source_refusal, Found { texts: Some(vec![text.to_owned()]), stated: None, notes })
}

/// Whether an object in prose is an answer: it has a key for a text.
fn has_key(value: &Json) -> bool {
    value.as_object().is_some_and(|map| map.contains_key("text") || map.contains_key("texts"))
}

/// The texts as a value: each once, no more than wanted, none of them a refusal.
fn settle(n_wanted: usize, is_source_refusal: bool, found: Found) -> Reading {
    let Found { texts, stated, mut notes } = found;
    let Some(texts) = texts else {
        return Reading::abstained(Abstention::Unknown { words: "null".to_owned() }, notes);
    };
    let n_given = texts.len();
    let mut kept: Vec<String> = Vec::new();
    for text in texts.into_iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()) {
        if kept.contains(&text) {
            notes.push(Note::Repeated);
        } else {
            kept.push(text);
        }
    }
    notes.dedup();
    let Some(first) = kept.first() else { return Reading::unusable(Unusable::Empty, notes) };
    // A translation of a refusal is a text like any other.
    if refuses(first) && !is_source_refusal {
        return Reading::abstained(Abstention::Refused { words: clip(first) }, notes);
    }
    if is_unknown(first) {
        return Reading::abstained(Abstention::Unknown { words: clip(first) }, notes);
    }
    if n_wanted > 1 && kept.len() > n_wanted {
        notes.push(Note::Reshaped { what: format!("the first {n_wanted} of {n_given} texts") });
        kept.truncate(n_wanted);
    } else if kept.len() != n_wanted {
        notes.push(Note::Reshaped { what: format!("{} texts for {n_wanted}", kept.len()) });
    }
    let value = Value::Text(Written { texts: kept, quotes: Vec::new() });
    Reading { stated, ..Reading::labeled(value, notes) }
}

/// First words of a line that announces a text.
const LEAD_INS: &[&str] = &[
    "here is",
    "here's",
    "here are",
    "sure",
    "certainly",
    "of course",
    "below is",
    "the following is",
    "okay",
    "ok,",
    "summary",
    "translation",
    "title",
    "paraphrase",
    "вот",
    "конечно",
    "ниже",
    "хорошо",
    "разумеется",
    "перевод",
    "резюме",
    "заголовок",
    "краткое содержание",
    "以下是",
    "下面是",
    "这是",
    "好的",
    "当然",
    "摘要",
    "翻译",
    "译文",
    "标题",
];

/// First words of a last paragraph that takes leave.
const SIGN_OFFS: &[&str] = &[
    "let me know",
    "i hope this",
    "hope this helps",
    "feel free to",
    "please let me know",
    "надеюсь",
    "если нужно",
    "если хотите",
    "если потребуется",
    "дайте знать",
    "希望",
    "如果需要",
    "如需",
    "如有",
    "请告诉我",
];

/// A text without an announcement before it and leave-taking behind it, where a line of its own sets them apart.
fn bare_text(text: &str) -> (&str, Vec<Note>) {
    let mut notes = vec![Note::Reshaped { what: "bare text for JSON".to_owned() }];
    let mut left_out = |what: &str, words: &str| {
        notes.push(Note::Reshaped { what: format!("{what} was left out: `{}`", clip(words)) });
    };
    let begins = |line: &str, table: &[&str]| {
        let folded = crate::fold::folded_quote(line.trim_start_matches(['*', '#', ' ']));
        table.iter().any(|words| folded.starts_with(words))
    };
    let mut bare = text.trim();
    if let Some((head, rest)) = bare.split_once('\n') {
        let line = head.trim().trim_end_matches('*').trim_end();
        let announces = line.ends_with([':', '：']) && line.chars().count() <= 120 && begins(line, LEAD_INS);
        if announces && !rest.trim().is_empty() {
            left_out("an announcement", line);
            bare = rest.trim();
        }
    }
    if let Some((rest, last)) = bare.rsplit_once("\n\n")
        && begins(last, SIGN_OFFS)
        && !last.trim().contains('\n')
        && !rest.trim().is_empty()
    {
        left_out("a leave-taking", last);
        bare = rest.trim();
    }
    match unfence(bare).filter(|it| !it.is_empty()) {
        Some(inner) => (inner, notes),
        None => (bare, notes),
    }
}

/// Gold: a text, a list of accepted ones, or the stored form.
fn gold(cell: &Json) -> std::result::Result<Value, String> {
    let parsed = match cell {
        Json::String(cell) => match serde_json::from_str::<Json>(cell) {
            Ok(json @ (Json::Array(_) | Json::Object(_))) if Found::of(&json, 1).is_some() => json,
            _ => json!(cell),
        },
        cell => cell.clone(),
    };
    if parsed.get("texts").is_some() && parsed.get("quotes").is_some() {
        return Value::from_json(&parsed, Shape::Text, &karat_core::LabelSchema::none());
    }
    let texts = match &parsed {
        Json::String(text) => vec![text.clone()],
        Json::Number(_) | Json::Bool(_) => vec![parsed.to_string()],
        other => {
            let found =
                Found::of(other, 1).ok_or_else(|| format!("`{}` is no text", clip(&other.to_string())))?;
            found.texts.unwrap_or_default()
        }
    };
    let mut kept: Vec<String> = Vec::new();
    for text in texts.iter().map(|it| it.trim()).filter(|it| !it.is_empty()) {
        if !kept.iter().any(|it| it == text) {
            kept.push(text.to_owned());
        }
    }
    if kept.is_empty() {
        return Err("the cell is empty".to_owned());
    }
    Ok(Value::Text(Written { texts: kept, quotes: Vec::new() }))
}

fn examples() -> Option<Vec<Example>> {
    let spec = TaskSpec { kind: "write".to_owned(), ..TaskSpec::default() };
    let task = example_task(&spec)?;
    let text = |it: &str| Outcome::Labeled(Value::text(it));
    let rows = [
        (
            "the form that was asked for",
            r#"{"text": "A case for two days."}"#,
            text("A case for two days."),
            vec![],
        ),
        (
            "prose behind an announcement",
            "Here is the summary:\n\nA case for two days.",
            text("A case for two days."),
            vec!["reshaped", "reshaped"],
        ),
        ("another key", r#"{"summary": "Чехол на два дня."}"#, text("Чехол на два дня."), vec!["reshaped"]),
        (
            "a refusal in the place of a text",
            r#"{"text": "I'm sorry, but I can't help with that."}"#,
            Outcome::Abstained(Abstention::Refused {
                words: "I'm sorry, but I can't help with that.".into(),
            }),
            vec![],
        ),
        (
            "nothing can be written",
            r#"{"text": null}"#,
            Outcome::Abstained(Abstention::Unknown { words: "null".into() }),
            vec![],
        ),
        ("no text", r#"{"text": ""}"#, Outcome::Unusable(Unusable::Empty), vec![]),
    ];
    let item = item_of("text", "The battery of the case lasts two days.");
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
