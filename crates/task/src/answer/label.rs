//! One label out of an answer.
//!
//! In: an answer and a schema. Out: a label with where and how it was found, or why there is none. JSON goes first: an
//! answer that begins as JSON is never searched as prose, so that a cut-off reason is not taken for a verdict.

use karat_core::{Abstention, LabelId, LabelMatch, LabelSchema, Note, Unusable, normalize_label};
use serde_json::{Map, Value as Json};

use super::clean::{clean, first_turn, unfence};
use super::fields::{CONFIDENCE, LABEL, confidence};
use super::json::{Parsed, find_all};
use super::refusal::{abstention, is_unknown};
use super::verdict::{Verdict, firm, verdict};
use super::{clip, outside};
use crate::kind::RawAnswer;

/// What was read in place of a label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Read {
    Label(LabelId),
    Abstained(Abstention),
    Unusable(Unusable),
}

/// A label out of an answer, how it was found, and as what it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LabelReading {
    pub(crate) read: Read,
    pub(crate) notes: Vec<Note>,
    pub(crate) stated: Option<f64>,
    /// The label as written, where it was written as one string.
    pub(crate) written: Option<String>,
}

impl LabelReading {
    fn new(read: Read, notes: Vec<Note>) -> Self {
        Self { read, notes, stated: None, written: None }
    }

    fn unusable(why: Unusable) -> Self {
        Self::new(Read::Unusable(why), Vec::new())
    }

    fn of(found: LabelMatch, written: &str) -> Self {
        let notes = found.note.into_iter().collect();
        Self { read: Read::Label(found.label), notes, stated: None, written: Some(written.to_owned()) }
    }

    fn is_label(&self) -> bool {
        matches!(self.read, Read::Label(_))
    }

    fn noted(mut self, first: impl IntoIterator<Item = Note>) -> Self {
        let mut first = first.into_iter().peekable();
        if first.peek().is_some() {
            self.notes.splice(0..0, first);
        }
        self
    }
}

/// Reads one label.
pub(crate) fn read_label(schema: &LabelSchema, answer: &RawAnswer) -> LabelReading {
    if let Some(words) = answer.refusal.filter(|_| answer.text.trim().is_empty()) {
        return LabelReading::new(Read::Abstained(Abstention::Refused { words: clip(words) }), Vec::new());
    }
    let cleaned = clean(answer.text);
    let reading = read_clean(schema, cleaned.text, answer.truncated_at);
    let mut reading = if cleaned.notes.is_empty() { reading } else { reading.noted(cleaned.notes) };
    if let (Read::Unusable(_), Some(words)) = (&reading.read, answer.refusal) {
        reading.read = Read::Abstained(Abstention::Refused { words: clip(words) });
    }
    reading
}

fn read_clean(schema: &LabelSchema, text: &str, truncated_at: Option<u32>) -> LabelReading {
    let truncated = |reading: LabelReading| match (truncated_at, &reading.read) {
        (Some(max_tokens), Read::Unusable(_)) => {
            LabelReading { read: Read::Unusable(Unusable::Truncated { max_tokens }), ..reading }
        }
        _ => reading,
    };
    if text.is_empty() {
        return truncated(LabelReading::unusable(Unusable::Empty));
    }
    if let Some(reading) = from_json(schema, text) {
        return truncated(reading);
    }
    if let Some(inner) = unfence(text).filter(|inner| !inner.is_empty()) {
        return truncated(from_text(schema, inner, truncated_at).noted([Note::Fenced]));
    }
    if let Some(head) = first_turn(text) {
        let reading = from_text(schema, head, None);
        if reading.is_label() {
            let what = "a made-up next question was left out".to_owned();
            return reading.noted([Note::Reshaped { what }]);
        }
    }
    truncated(from_text(schema, text, truncated_at))
}

/// The last of the JSON values that holds a label; else the last that says why not. `None` where the answer is prose.
fn from_json(schema: &LabelSchema, text: &str) -> Option<LabelReading> {
    if !text.contains(['{', '[']) {
        return None;
    }
    let found = find_all(text);
    let whole = is_json(text);
    let mut fits: Vec<(&Parsed, LabelReading)> = found
        .iter()
        .filter(|parsed| whole || parsed.value.is_object() || holds_text(&parsed.value))
        .filter_map(|parsed| Some((parsed, from_value(schema, &parsed.value)?)))
        // A bracket in prose is a list only if it holds a label.
        .filter(|(parsed, reading)| whole || parsed.value.is_object() || reading.is_label())
        .collect();
    if fits.iter().any(|(_, reading)| reading.is_label()) {
        fits.retain(|(_, reading)| reading.is_label());
    }
    let Some((parsed, reading)) = fits.pop() else {
        return whole.then(|| broken(schema, text, &found));
    };
    if fits.is_empty()
        && parsed.start == 0
        && parsed.end == text.len()
        && parsed.mends.is_empty()
        && !parsed.cut
    {
        return Some(reading);
    }
    let mut notes = outside::notes(text, parsed);
    match fits.iter().all(|(_, other)| other.read == reading.read) {
        true if fits.is_empty() => {}
        true => notes.push(Note::Repeated),
        false => notes.push(Note::Verdict { words: format!("the last of {} answers", fits.len() + 1) }),
    }
    Some(reading.noted(notes))
}

/// JSON without a label: what is said by name in it, or why it is no answer.
fn broken(schema: &LabelSchema, text: &str, found: &[Parsed]) -> LabelReading {
    if found.is_empty()
        && let Some(said) = firm(text, schema)
    {
        let what = "the label was read from broken JSON".to_owned();
        return LabelReading::new(Read::Label(said.label), vec![Note::Mended { what }]);
    }
    let cut = found.iter().any(|it| it.cut);
    let got = if cut {
        "the JSON of the answer is cut off before its label"
    } else {
        "the JSON of the answer has no `label`"
    };
    let notes = if cut { vec![Note::CutOff] } else { Vec::new() };
    LabelReading::new(Read::Unusable(Unusable::WrongShape { got: got.to_owned() }), notes)
}

fn is_json(text: &str) -> bool {
    unfence(text).unwrap_or(text).starts_with(['{', '['])
}

fn holds_text(value: &Json) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(|it| it.is_string() || it.is_object()))
}

/// A label out of a JSON value; `None` where it has no place for one.
fn from_value(schema: &LabelSchema, value: &Json) -> Option<LabelReading> {
    match value {
        Json::Object(map) => from_object(schema, map),
        Json::Array(list) => match &list[..] {
            [] => None,
            [only] => {
                let reading = from_value(schema, only).or_else(|| scalar(schema, only))?;
                Some(reading.noted([Note::Reshaped { what: "a list of one label for a label".to_owned() }]))
            }
            _ => several(schema, list),
        },
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

fn from_object(schema: &LabelSchema, map: &Map<String, Json>) -> Option<LabelReading> {
    let named = LABEL.of(map).map(|(key, value)| {
        let reading = from_value(schema, value).or_else(|| scalar(schema, value));
        let reading = reading
            .unwrap_or_else(|| LabelReading::unusable(Unusable::NoLabel { got: clip(&value.to_string()) }));
        reading.noted(LABEL.note(key))
    });
    let reading = match named {
        Some(reading) if !matches!(reading.read, Read::Unusable(_)) || map.contains_key("label") => {
            Some(reading)
        }
        other => only_value(schema, map).or_else(|| label_scores(schema, map)).or(other),
    };
    let mut reading = reading?;
    reading.stated = reading.stated.or_else(|| CONFIDENCE.of(map).and_then(|(_, value)| confidence(value)));
    Some(reading)
}

/// An object without a known key, one of whose values is a label.
fn only_value(schema: &LabelSchema, map: &Map<String, Json>) -> Option<LabelReading> {
    let mut labels = map.iter().filter_map(|(key, value)| {
        let written = value.as_str()?;
        let found = read_word(schema, written).ok()?;
        Some((key, written, found))
    });
    let (key, written, found) = labels.next()?;
    let same = labels.all(|(_, _, other)| other.label == found.label);
    same.then(|| {
        LabelReading::of(found, written).noted([Note::Reshaped { what: format!("`{key}` for `label`") }])
    })
}

/// `{"positive": 0.9, "negative": 0.1}`: the label with the greatest number, or the one that is true.
fn label_scores(schema: &LabelSchema, map: &Map<String, Json>) -> Option<LabelReading> {
    let mut scores: Vec<(LabelMatch, &str, f64)> = Vec::new();
    for (key, value) in map {
        let score = match value {
            Json::Bool(is) => f64::from(u8::from(*is)),
            value => value.as_f64()?,
        };
        scores.push((read_word(schema, key).ok()?, key, score));
    }
    let best = scores.iter().map(|(.., score)| *score).fold(f64::NEG_INFINITY, f64::max);
    let mut top = scores.iter().filter(|(.., score)| *score == best);
    let (found, key, score) = top.next()?;
    if top.next().is_some() || scores.len() < 2 || *score <= 0.0 {
        let names = scores.iter().map(|(found, ..)| schema.name(found.label).to_owned());
        return Some(LabelReading::unusable(Unusable::SeveralLabels { got: names.collect() }));
    }
    let mut reading = LabelReading::of(found.clone(), key);
    reading.notes.push(Note::Reshaped { what: "a number for each label".to_owned() });
    reading.stated = Some(*score).filter(|it| (0.0..1.0).contains(it));
    Some(reading)
}

/// A list of several: one label, if all are the same.
fn several(schema: &LabelSchema, list: &[Json]) -> Option<LabelReading> {
    let readings: Option<Vec<_>> =
        list.iter().map(|it| from_value(schema, it).or_else(|| scalar(schema, it))).collect();
    let readings = readings?;
    let labels: Vec<LabelId> = readings
        .iter()
        .filter_map(|it| match it.read {
            Read::Label(label) => Some(label),
            Read::Abstained(_) | Read::Unusable(_) => None,
        })
        .collect();
    let first = labels.first()?;
    if labels.len() == readings.len() && labels.iter().all(|it| it == first) {
        return readings.into_iter().next().map(|it| it.noted([Note::Repeated]));
    }
    let mut names: Vec<String> = labels.iter().map(|it| schema.name(*it).to_owned()).collect();
    names.dedup();
    Some(LabelReading::unusable(Unusable::SeveralLabels { got: names }))
}

/// A string, number, truth value or null in the place of a label.
fn scalar(schema: &LabelSchema, value: &Json) -> Option<LabelReading> {
    let written = match value {
        Json::Null => {
            let words = "null".to_owned();
            return Some(LabelReading::new(Read::Abstained(Abstention::Unknown { words }), Vec::new()));
        }
        Json::String(text) if text.trim().is_empty() => {
            return Some(LabelReading::unusable(Unusable::NoLabel { got: String::new() }));
        }
        Json::String(text) => return Some(from_words(schema, text)),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::Array(_) | Json::Object(_) => return None,
    };
    Some(match read_word(schema, &written) {
        Ok(found) => LabelReading::of(found, &written)
            .noted([Note::Reshaped { what: format!("`{written}` for a name") }]),
        Err(why) => LabelReading::unusable(why),
    })
}

/// Words in the place of a label: a label, "unknown", or a phrase that says one.
fn from_words(schema: &LabelSchema, text: &str) -> LabelReading {
    let unknown = match read_word(schema, text) {
        Ok(found) => return LabelReading::of(found, text),
        Err(unknown) => unknown,
    };
    if is_unknown(text) {
        return LabelReading::new(Read::Abstained(Abstention::Unknown { words: clip(text) }), Vec::new());
    }
    match from_prose(schema, text) {
        Some(reading) => reading,
        None => LabelReading::unusable(unknown),
    }
}

/// An answer that is no JSON.
fn from_text(schema: &LabelSchema, text: &str, truncated_at: Option<u32>) -> LabelReading {
    let n_words = text.split_whitespace().take(9).count();
    let word = if n_words < 9 { read_word(schema, text) } else { Err(Unusable::NoLabel { got: clip(text) }) };
    if let Some(max_tokens) = truncated_at {
        return match word {
            Ok(found) if !may_go_on(schema, text) => LabelReading::of(found, text).noted([Note::CutOff]),
            _ => match firm(text, schema) {
                Some(said) => LabelReading::new(Read::Label(said.label), vec![Note::CutOff, Note::InProse]),
                None => LabelReading::unusable(Unusable::Truncated { max_tokens }),
            },
        };
    }
    let unknown = match word {
        Ok(found) => return LabelReading::of(found, text),
        Err(unknown) => unknown,
    };
    if let Some(reading) = from_prose(schema, text).filter(|it| it.is_label()) {
        return reading;
    }
    if let Some(why) = abstention(text) {
        return LabelReading::new(Read::Abstained(why), Vec::new());
    }
    from_prose(schema, text).unwrap_or_else(|| match n_words {
        0..=3 => LabelReading::unusable(unknown),
        _ => LabelReading::unusable(Unusable::NoLabel { got: clip(text) }),
    })
}

/// Whether a cut-off text may be the beginning of another label.
fn may_go_on(schema: &LabelSchema, text: &str) -> bool {
    let normal = normalize_label(text);
    schema.words().any(|(word, _, _)| word != normal && word.starts_with(&normal))
}

/// A label said in prose; `None` where none is named.
fn from_prose(schema: &LabelSchema, text: &str) -> Option<LabelReading> {
    let (said, note) = match verdict(text, schema) {
        Verdict::Only(said) => (said, Note::InProse),
        Verdict::Settled(said, words) => (said, Note::Verdict { words }),
        Verdict::Several(labels) => {
            let got = labels.iter().map(|it| schema.name(*it).to_owned()).collect();
            return Some(LabelReading::unusable(Unusable::SeveralLabels { got }));
        }
        Verdict::Denied => return Some(LabelReading::unusable(Unusable::NoLabel { got: clip(text) })),
        Verdict::Nothing => return None,
    };
    let written = text.get(said.at).map(str::to_owned);
    Some(LabelReading { read: Read::Label(said.label), notes: vec![note], stated: None, written })
}

/// The schema's own reading, but for a stem that begins a whole sentence: a stem stands for one word.
pub(crate) fn read_word(schema: &LabelSchema, written: &str) -> Result<LabelMatch, Unusable> {
    let found = schema.read(written)?;
    if found.note.is_some() && written.trim().contains(char::is_whitespace) {
        let normal = normalize_label(written);
        if schema.by_normal(&normal).is_none() && schema.by_stem(&normal).is_some() && normal.contains(' ') {
            return Err(Unusable::UnknownLabel { got: clip(written), nearest: None });
        }
    }
    Ok(found)
}
