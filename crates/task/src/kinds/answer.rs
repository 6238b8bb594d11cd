//! `answer`: a question about a passage, answered with the words of the passage that say it.
//!
//! Asked for: `{"quote": "born in Rome", "answer": "Rome"}`; both null where the passage does not say it. That is an
//! answer of its own, a value without texts. A model that declines ("I cannot tell") abstains, which is no value.

mod compare;

use karat_core::{
    Abstention, Alignment, Item, Note, Outcome, PromptLanguage, Quote, Result, Shape, Shot, Span, Task,
    TaskSpec, Unusable, Value, Written,
};
use serde_json::{Map, Value as Json, json};

use super::evidence::{Claim, Evidence, example_task, frame, framed, quote_json, without_labels};
use super::item_of;
use crate::answer::clean::{clean, first_turn, unfence};
use crate::answer::fields::{ANSWER, CONFIDENCE, EVIDENCE, START, confidence, count};
use crate::answer::json::{Parsed, find_all};
use crate::answer::refusal::{abstention, is_unknown};
use crate::answer::{clip, outside};
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates};

/// The kind `answer`.
pub(crate) struct Answer;

impl TaskKind for Answer {
    fn id(&self) -> &'static str {
        "answer"
    }

    fn about(&self) -> &'static str {
        "a question about a text, with the words that answer it"
    }

    fn shape(&self) -> Shape {
        Shape::Text
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        without_labels(self.id(), &spec)?;
        Ok(spec)
    }

    fn answer_format(&self, _task: &Task, style: &PromptStyle) -> Json {
        let words = || json!({"type": ["string", "null"]});
        frame(style, [("quote", words()), ("answer", words())])
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("answer"))
    }

    fn particulars(&self, task: &Task, language: PromptLanguage) -> Json {
        json!({"question": task.spec.question.as_ref().map(|_| question_word(language))})
    }

    fn lists_labels(&self) -> bool {
        false
    }

    fn shown(&self, task: &Task, item: &Item, language: PromptLanguage) -> Vec<(String, String)> {
        let question = task.spec.question.as_deref().and_then(|column| item.text(column));
        question.into_iter().map(|it| (question_word(language).to_owned(), it.into_owned())).collect()
    }

    fn read_answer(&self, task: &Task, item: &Item, answer: &RawAnswer) -> Reading {
        if let Some(words) = answer.refusal {
            return Reading::abstained(Abstention::Refused { words: clip(words) }, Vec::new());
        }
        let cleaned = clean(answer.text);
        let mut reading = read_clean(&task.text_of(item), cleaned.text, answer.truncated_at);
        reading.notes.splice(0..0, cleaned.notes);
        reading
    }

    /// The first of several accepted texts, with the `start` of its quote.
    fn answer_text(&self, _task: &Task, value: &Value) -> String {
        let (answer, quote) = parts(value);
        match quote_json(quote) {
            (words, Some(start)) => json!({"quote": words, "start": start, "answer": answer}).to_string(),
            (words, None) => json!({"quote": words, "answer": answer}).to_string(),
        }
    }

    fn shot_text(&self, _task: &Task, _text: &str, value: &Value, style: &ShotStyle) -> String {
        let (answer, quote) = parts(value);
        framed(style, [("quote", quote_json(quote).0), ("answer", json!(answer))])
    }

    fn label_words(&self, _task: &Task, _answer: &str, _value: &Value) -> Vec<LabelAt> {
        Vec::new()
    }

    /// One minus the F1 score of words, as SQuAD counts it (Rajpurkar et al., 2016): without case, punctuation and the
    /// articles *a*, *an*, *the*; in scripts without spaces each character is a word. The nearest two texts count where a
    /// value has several. Two values that say that the passage does not answer are the same; one that does is 1 apart.
    fn distance(&self, _task: &Task, a: &Value, b: &Value) -> f64 {
        match (a, b) {
            (Value::Text(a), Value::Text(b)) => compare::distance(&a.texts, &b.texts),
            _ => 1.0,
        }
    }

    /// The most frequent answer, by the words that the distance counts; "the passage does not say" is one of them. Of
    /// those that tie, the one nearest to all samples; where that ties too, there is no winner. The share is its votes by
    /// all votes.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        compare::vote(values)
    }

    fn read_gold(&self, task: &Task, item: &Item, cell: &Json) -> std::result::Result<Value, String> {
        gold(&task.text_of(item), cell)
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }

    /// A worked example shows one answer: the first of several accepted ones.
    fn read_shot(&self, task: &Task, shot: &Shot) -> Result<Value> {
        let first = match &shot.answer {
            Json::Array(accepted) => accepted.first().cloned().unwrap_or(Json::Null),
            one => one.clone(),
        };
        let answer = if first.is_null() { json!(UNANSWERABLE[0]) } else { first };
        crate::shots::read(self, task, &Shot { answer, ..shot.clone() })
    }
}

/// What the question is called in the prompt.
fn question_word(language: PromptLanguage) -> &'static str {
    match language {
        PromptLanguage::En => "question",
        PromptLanguage::Ru => "вопрос",
        PromptLanguage::Zh => "问题",
    }
}

fn parts(value: &Value) -> (Option<&str>, Option<&Quote>) {
    match value {
        Value::Text(it) => {
            (it.texts.first().map(String::as_str), it.quotes.first().filter(|_| !it.texts.is_empty()))
        }
        _ => (None, None),
    }
}

/// Alone in the place of an answer: the passage does not say it. The first is what gold files write.
const UNANSWERABLE: &[&str] = &[
    "unanswerable",
    "not answerable",
    "no answer",
    "null",
    "none",
    "n/a",
    "na",
    "not mentioned",
    "not stated",
    "not specified",
    "not given",
    "not in the passage",
    "not in the text",
    "not found",
    "нет ответа",
    "ответа нет",
    "не указано",
    "не упоминается",
    "не сказано",
    "нет в тексте",
    "无答案",
    "没有答案",
    "未提及",
    "没有提到",
    "文中未提及",
    "文中没有提到",
    "未说明",
];

/// At the head of an answer in prose: the passage does not say it.
const DOES_NOT_SAY: &[&str] = &[
    "the passage does not",
    "the passage doesn't",
    "the text does not",
    "the text doesn't",
    "there is no information",
    "there is no mention",
    "it is not mentioned",
    "it is not stated",
    "not mentioned in",
    "в тексте не ",
    "в отрывке не ",
    "в тексте нет ",
    "в отрывке нет ",
    "文中没有",
    "文中未",
    "文章没有",
    "文章未",
    "短文没有",
    "文本没有",
    "文本中没有",
    "文本未",
];

fn is_unanswerable(written: &str) -> bool {
    let normal = karat_core::normalize_label(written);
    UNANSWERABLE.iter().any(|it| karat_core::normalize_label(it) == normal)
}

fn says_nothing(prose: &str) -> bool {
    let folded = crate::fold::folded_quote(prose);
    is_unanswerable(prose) || DOES_NOT_SAY.iter().any(|head| folded.starts_with(head))
}

/// What was found in an answer, before its quote is placed.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    answer: Json,
    quotes: Vec<String>,
    start: Option<u32>,
    stated: Option<f64>,
    notes: Vec<Note>,
}

impl Found {
    /// `None` where the value has no place for an answer.
    fn of(value: &Json) -> Option<Self> {
        let map = match value {
            Json::Object(map) => map,
            Json::Array(list) if list.len() == 1 => {
                let mut found = Self::of(&list[0])?;
                found.notes.insert(0, Note::Reshaped { what: "a list of one answer".to_owned() });
                return Some(found);
            }
            _ => return None,
        };
        let (key, answer) = ANSWER.of(map)?;
        let quote = EVIDENCE.of(map).filter(|(other, _)| *other != key);
        let notes = ANSWER.note(key).into_iter().chain(quote.and_then(|(key, _)| EVIDENCE.note(key)));
        let mut notes: Vec<Note> = notes.collect();
        if let Json::Object(inner) = answer {
            // `{"answer": {"text": "...", "quote": "..."}}`
            let mut found = Self::of(&Json::Object(inner.clone()))?;
            found.notes.extend(notes);
            found.stated = found.stated.or_else(|| CONFIDENCE.of(map).and_then(|(_, it)| confidence(it)));
            return Some(found);
        }
        let quotes: Vec<String> = match quote.map(|(_, it)| it) {
            Some(Json::String(quote)) => vec![quote.clone()],
            Some(Json::Array(list)) => list.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
            Some(Json::Null) => Vec::new(),
            Some(_) | None => {
                notes.push(Note::Reshaped { what: "an answer without a quote".to_owned() });
                Vec::new()
            }
        };
        Some(Self {
            answer: answer.clone(),
            quotes: quotes.into_iter().filter(|it| !it.trim().is_empty()).collect(),
            start: START.of(map).and_then(|(_, it)| count(it)),
            stated: CONFIDENCE.of(map).and_then(|(_, it)| confidence(it)),
            notes,
        })
    }

    fn bare(text: &str) -> Self {
        let notes = vec![Note::Reshaped { what: "bare text for JSON".to_owned() }];
        Self { answer: json!(text), quotes: Vec::new(), start: None, stated: None, notes }
    }
}

fn read_clean(text: &str, answer: &str, truncated_at: Option<u32>) -> Reading {
    let unusable = |why: Unusable, notes: Vec<Note>| match truncated_at {
        Some(max_tokens) => Reading::unusable(Unusable::Truncated { max_tokens }, notes),
        None => Reading::unusable(why, notes),
    };
    if answer.is_empty() {
        return unusable(Unusable::Empty, Vec::new());
    }
    let inner = unfence(answer).unwrap_or(answer);
    let all = find_all(answer);
    let mut fits: Vec<(&Parsed, Found)> =
        all.iter().filter_map(|it| Some((it, Found::of(&it.value)?))).collect();
    if let Some((parsed, mut found)) = fits.pop() {
        let mut notes = outside::notes(answer, parsed);
        match fits.iter().all(|(_, other)| other.answer == found.answer) {
            true if fits.is_empty() => {}
            true => notes.push(Note::Repeated),
            false => notes.push(Note::Verdict { words: format!("the last of {} answers", fits.len() + 1) }),
        }
        found.notes.splice(0..0, notes);
        return settle(text, found);
    }
    if inner.starts_with(['{', '[']) || truncated_at.is_some() {
        let cut = all.iter().any(|it| it.cut);
        let got = if cut {
            "the answer is cut off before its `answer`"
        } else {
            "the JSON of the answer has no `answer`"
        };
        return unusable(Unusable::WrongShape { got: got.to_owned() }, Vec::new());
    }
    let said = first_turn(inner).unwrap_or(inner);
    if says_nothing(said) {
        let notes = vec![Note::Normalized { written: clip(said) }];
        return Reading::labeled(Value::Text(Written::default()), notes);
    }
    if let Some(why) = abstention(said).filter(|_| !Evidence::new(text).holds(said)) {
        return Reading::abstained(why, Vec::new());
    }
    settle(text, Found::bare(without_lead(said)))
}

/// An answer without `Answer:` before it.
fn without_lead(text: &str) -> &str {
    let lead = ["answer", "the answer is", "final answer", "ответ", "答案", "回答"];
    match text.split_once([':', '：']) {
        Some((head, rest))
            if lead.contains(&&*karat_core::normalize_label(head)) && !rest.trim().is_empty() =>
        {
            rest.trim()
        }
        _ => text,
    }
}

/// The words in the place of the answer; `None` where it is null.
fn written(answer: &Json, evidence: &mut Evidence) -> std::result::Result<Option<String>, Unusable> {
    let words = match answer {
        Json::Null => return Ok(None),
        Json::String(text) => text.trim().to_owned(),
        Json::Number(_) | Json::Bool(_) => {
            evidence.reshaped(format!("`{answer}` for words"));
            answer.to_string()
        }
        Json::Array(list) => match &list[..] {
            [Json::String(only)] => {
                evidence.reshaped("a list of one answer");
                only.trim().to_owned()
            }
            [] => String::new(),
            _ => {
                let got = format!("{} answers came where one is asked for", list.len());
                return Err(Unusable::WrongShape { got });
            }
        },
        Json::Object(_) => String::new(),
    };
    if words.is_empty() {
        evidence.reshaped("an empty answer for null");
    }
    Ok(Some(words).filter(|it| !it.is_empty()))
}

/// The answer as a value, with its quotes placed.
fn settle(text: &str, found: Found) -> Reading {
    let Found { answer, quotes, start, stated, notes } = found;
    let mut evidence = Evidence::new(text);
    evidence.notes = notes;
    let nothing = |evidence: Evidence| Reading {
        stated,
        ..Reading::labeled(Value::Text(Written::default()), evidence.into_parts().0)
    };
    let written = match written(&answer, &mut evidence) {
        Ok(written) => written,
        Err(why) => return Reading::unusable(why, evidence.into_parts().0),
    };
    let Some(written) = written else { return nothing(evidence) };
    let claim = |quote, start| Claim { path: "answer", name: "answer", quote, start };
    let places: Vec<Option<Quote>> = quotes.iter().map(|it| evidence.place(claim(it, start))).collect();
    let has_place = places.iter().any(Option::is_some);
    if !has_place && is_unanswerable(&written) {
        evidence.note(Note::Normalized { written });
        return nothing(evidence);
    }
    let is_own = is_unknown(&written) || !evidence.holds(&written);
    if let Some(why) = abstention(&written).filter(|_| !has_place && is_own) {
        return Reading::abstained(why, evidence.into_parts().0);
    }
    let own = if has_place { None } else { evidence.place(claim(&written, None)) };
    if own.is_some() && !quotes.is_empty() {
        evidence.reshaped("the words of `answer` for a quote that is not there");
    }
    for (quote, place) in quotes.iter().zip(&places) {
        if place.is_none() && own.is_none() {
            evidence.absent("answer", quote);
        }
    }
    if quotes.is_empty() && own.is_none() {
        // `yes` stands in no passage: not asked again, but a person should look.
        let quote = clip(&written);
        evidence.note(Note::Mention { label: "answer".to_owned(), quote, alignment: Alignment::Absent });
    }
    let mut placed: Vec<Quote> = places.into_iter().flatten().chain(own).collect();
    placed.sort();
    placed.dedup();
    let (notes, problem) = evidence.into_parts();
    let outcome = Outcome::Labeled(Value::Text(Written { texts: vec![written], quotes: placed }));
    Reading { outcome, notes, problem, stated }
}

/// Gold: a text, a list of accepted ones, `{"text": […], "answer_start": […]}` as SQuAD has it, the stored form, or the
/// form of an answer.
fn gold(text: &str, cell: &Json) -> std::result::Result<Value, String> {
    let parsed = match cell {
        Json::String(cell) => match serde_json::from_str::<Json>(cell) {
            Ok(json @ (Json::Array(_) | Json::Object(_))) => json,
            _ => json!(cell.trim()),
        },
        cell => cell.clone(),
    };
    let bare = |texts: Vec<String>| {
        let mut kept: Vec<String> = Vec::new();
        for text in texts.into_iter().filter(|it| !it.trim().is_empty()) {
            if !kept.contains(&text) {
                kept.push(text);
            }
        }
        let mut evidence = Evidence::new(text);
        let claim = |quote| Claim { path: "answer", name: "answer", quote, start: None };
        let quotes = kept.first().and_then(|first| evidence.place(claim(first))).into_iter().collect();
        Value::Text(Written { texts: kept, quotes })
    };
    match &parsed {
        Json::String(words) if words.is_empty() => Err("the cell is empty".to_owned()),
        Json::Null => Err("the cell is empty".to_owned()),
        Json::String(words) if is_unanswerable(words) => Ok(Value::Text(Written::default())),
        Json::String(words) => Ok(bare(vec![words.clone()])),
        Json::Number(_) | Json::Bool(_) => Ok(bare(vec![parsed.to_string()])),
        Json::Array(list) => Ok(bare(strings(list)?)),
        Json::Object(map) => gold_object(text, map, &bare),
    }
}

fn gold_object(
    text: &str,
    map: &Map<String, Json>,
    bare: &dyn Fn(Vec<String>) -> Value,
) -> std::result::Result<Value, String> {
    if map.contains_key("texts") {
        let mut value =
            Value::from_json(&Json::Object(map.clone()), Shape::Text, &karat_core::LabelSchema::none())?;
        value.check_quotes(text)?;
        return Ok(value);
    }
    if let (Some(Json::Array(texts)), Some(Json::Array(starts))) = (map.get("text"), map.get("answer_start"))
    {
        let texts = strings(texts)?;
        let at = |(start, words): (&Json, &String)| {
            let start = count(start).ok_or_else(|| format!("`{start}` is no position"))?;
            let span = Span::new(start, start.saturating_add(words.chars().count() as u32));
            let span = span.ok_or_else(|| format!("`{words}` has no length"))?;
            Ok::<_, String>(Quote { span, quote: words.clone() })
        };
        let mut quotes: Vec<Quote> =
            starts.iter().zip(&texts).map(at).collect::<std::result::Result<_, _>>()?;
        quotes.sort();
        quotes.dedup();
        let Value::Text(written) = bare(texts) else { return Err("no text".to_owned()) };
        let mut value = Value::Text(Written { texts: written.texts, quotes });
        value.check_quotes(text)?;
        return Ok(value);
    }
    let found = Found::of(&Json::Object(map.clone())).ok_or("the object has neither `answer` nor `texts`")?;
    let reading = settle(text, found);
    match (reading.outcome, reading.problem) {
        (Outcome::Labeled(value), None) => Ok(value),
        (outcome, problem) => Err(problem.or(outcome.reason()).unwrap_or_default()),
    }
}

fn strings(list: &[Json]) -> std::result::Result<Vec<String>, String> {
    list.iter()
        .map(|it| it.as_str().map(str::to_owned).ok_or_else(|| format!("`{it}` is not a text")))
        .collect()
}

fn examples() -> Option<Vec<Example>> {
    let spec = TaskSpec { kind: "answer".to_owned(), ..TaskSpec::default() };
    let task = example_task(&spec)?;
    let value = |answer: &str, start: u32, words: &str| {
        let span = Span::new(start, start + words.chars().count() as u32)?;
        let quotes = vec![Quote { span, quote: words.to_owned() }];
        Some(Outcome::Labeled(Value::Text(Written { texts: vec![answer.to_owned()], quotes })))
    };
    let nothing = || Outcome::Labeled(Value::Text(Written::default()));
    let rows = [
        (
            "the form that was asked for",
            r#"{"quote": "Ann Lee was born in Rome", "answer": "Rome"}"#,
            value("Rome", 0, "Ann Lee was born in Rome")?,
            vec![],
        ),
        ("the passage does not say it", r#"{"quote": null, "answer": null}"#, nothing(), vec![]),
        (
            "words that say the same",
            "The passage does not say where she died.",
            nothing(),
            vec!["normalized"],
        ),
        ("a bare answer", "Rome", value("Rome", 20, "Rome")?, vec!["reshaped"]),
        (
            "the model declines",
            "I cannot tell.",
            Outcome::Abstained(Abstention::Unknown { words: "I cannot tell.".into() }),
            vec![],
        ),
        (
            "an answer whose words nobody wrote",
            r#"{"quote": "she moved to Oslo", "answer": "Oslo"}"#,
            Outcome::Labeled(Value::text("Oslo")),
            vec!["mention"],
        ),
    ];
    let item = item_of("text", "Ann Lee was born in Rome in 1990.");
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
