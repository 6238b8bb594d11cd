//! Values of a model's own words, and the words of the item that they rest on: what `extract`, `answer` and `write` share.
//!
//! In: quotes as an answer has them. Out: their places in the text, a note on every leniency, and what a re-ask names.
//!
//! Not here: how words are found (`align`), and what becomes of a value without evidence, which each kind decides.

use karat_core::{Alignment, DataSpec, Error, Note, PolicySpec, Quote, Result, Span, Task, TaskSpec};
use serde_json::{Map, Value as Json, json};

use crate::align::Haystack;
use crate::answer::clip;
use crate::kind::{PromptStyle, ShotStyle};

/// At most so many troubles are named in one re-ask.
const MAX_NAMED: usize = 5;

/// The schema of an answer with several keys, in the frame of reason, confidence and explanation.
pub(super) fn frame(style: &PromptStyle, answers: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let mut properties = Map::new();
    if style.reasoning {
        properties.insert("reason".into(), json!({"type": "string"}));
    }
    properties.extend(answers.into_iter().map(|(key, it)| (key.to_owned(), it)));
    if style.state_confidence {
        properties.insert("confidence".into(), json!({"type": "number"}));
    }
    if style.explain {
        properties.insert("explanation".into(), json!({"type": "string"}));
    }
    object(properties)
}

/// The schema of an object in which every key is required and no other is allowed.
pub(super) fn object(properties: Map<String, Json>) -> Json {
    let required: Vec<&String> = properties.keys().collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// An answer with several keys in that frame.
pub(super) fn framed(style: &ShotStyle, answers: impl IntoIterator<Item = (&'static str, Json)>) -> String {
    let mut map = Map::new();
    if let Some(reason) = &style.reason {
        map.insert("reason".into(), json!(reason));
    }
    map.extend(answers.into_iter().map(|(key, it)| (key.to_owned(), it)));
    if let Some(confidence) = style.confidence {
        map.insert("confidence".into(), json!(confidence));
    }
    if let Some(explanation) = &style.explanation {
        map.insert("explanation".into(), json!(explanation));
    }
    Json::Object(map).to_string()
}

/// What was quoted for one value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    /// The path of the value.
    pub(super) path: &'a str,
    /// Values of the same name: the second that quotes the same words has their second place.
    pub(super) name: &'a str,
    /// The words.
    pub(super) quote: &'a str,
    /// Where they begin, believed where they stand there.
    pub(super) start: Option<u32>,
}

/// The text that values rest on, and what was found so far.
pub(super) struct Evidence<'a> {
    haystack: Haystack<'a>,
    /// How often a name quoted the same words.
    used: Vec<(String, String)>,
    pub(super) notes: Vec<Note>,
    problems: Vec<String>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { haystack: Haystack::new(text), used: Vec::new(), notes: Vec::new(), problems: Vec::new() }
    }

    /// The place of the words; a note where they stand otherwise than quoted, or several times. `None` without a note
    /// where they do not stand there.
    pub(super) fn place(&mut self, claim: Claim) -> Option<Quote> {
        let hits = self.haystack.find(claim.quote);
        let is_near = matches!(hits.how, Alignment::Fuzzy { .. });
        if hits.places.is_empty() || (is_near && hits.places.len() > 1) {
            return None;
        }
        let nth = self.nth(&claim);
        let text = self.haystack.source;
        let begins = |at: &&std::ops::Range<usize>| {
            claim.start.is_some_and(|start| text[..at.start].chars().count() == start as usize)
        };
        let at = hits.places.iter().find(begins).or_else(|| hits.places.get(nth)).or(hits.places.last())?;
        if hits.places.len() > 1 && claim.start.is_none() || hits.how != Alignment::Exact {
            let (label, quote) = (claim.path.to_owned(), clip(claim.quote));
            self.notes.push(Note::Mention { label, quote, alignment: hits.how });
        }
        Some(Quote { span: Span::from_bytes(text, at.clone())?, quote: text.get(at.clone())?.to_owned() })
    }

    /// How many values of this name quoted the same words before.
    fn nth(&mut self, claim: &Claim) -> usize {
        let own = (claim.name.to_owned(), claim.quote.to_owned());
        let before = self.used.iter().filter(|it| **it == own).count();
        self.used.push(own);
        before
    }

    /// Whether the very words stand in the text, but for case, width and marks.
    pub(super) fn holds(&self, words: &str) -> bool {
        !words.trim().is_empty() && !self.haystack.normalized(words).is_empty()
    }

    /// Notes that words do not stand in the text, and names it in the re-ask.
    pub(super) fn absent(&mut self, path: &str, quote: &str) {
        let quote = clip(quote);
        self.problem(format!("`{path}`: `{quote}` does not stand in the text: copy the words exactly"));
        self.notes.push(Note::Mention { label: path.to_owned(), quote, alignment: Alignment::Absent });
    }

    /// Notes a leniency, once.
    pub(super) fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Notes that something has another form than asked for, once.
    pub(super) fn reshaped(&mut self, what: impl Into<String>) {
        self.note(Note::Reshaped { what: what.into() });
    }

    /// What a re-ask names.
    pub(super) fn problem(&mut self, problem: String) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// The notes, and all problems in one sentence.
    pub(super) fn into_parts(mut self) -> (Vec<Note>, Option<String>) {
        let n_more = self.problems.len().saturating_sub(MAX_NAMED);
        self.problems.truncate(MAX_NAMED);
        if n_more > 0 {
            self.problems.push(format!("and {n_more} more"));
        }
        let problem = (!self.problems.is_empty()).then(|| self.problems.join("; "));
        (self.notes, problem)
    }
}

/// A quote as answers write it, with the start that only our own answers have.
pub(super) fn quote_json(quote: Option<&Quote>) -> (Json, Option<u32>) {
    match quote {
        Some(it) => (json!(it.quote), Some(it.span.start())),
        None => (Json::Null, None),
    }
}

/// An error where a task of a kind without labels has some.
pub(super) fn without_labels(kind: &str, spec: &TaskSpec) -> Result<()> {
    if spec.labels.is_empty() && spec.labels_file.is_none() {
        return Ok(());
    }
    Err(Error::invalid(format!("a task of kind `{kind}` has no labels, and `labels` names some")).hint(
        "leave `labels` out, or take a kind that chooses among labels: `classify`, `multi_label`, `spans`",
    ))
}

/// A task for examples; its settings are known to be good.
pub(super) fn example_task(spec: &TaskSpec) -> Option<Task> {
    let data = DataSpec { text: "text".to_owned(), ..DataSpec::default() };
    Task::new(spec, &data, &PolicySpec::default(), String::new()).ok()
}
