//! Labeled quotes out of an answer: JSON in any of its shapes, rows, or lines of words with their label.
//!
//! In: an answer and a schema. Out: the mentions, and what could not be read as one. Nothing is dropped in silence.
//!
//! Not here: where the quotes stand (`align`).

use karat_core::{LabelSchema, Note};
use serde_json::{Map, Value as Json};

use super::clip;
use super::fields::{
    AFTER, BEFORE, CONFIDENCE, OCCURRENCE, QUOTE, SPAN_LABEL, SPANS, START, confidence, count,
};
use super::label::read_word;
use crate::align::Quoted;
use crate::fold::is_quote_mark;

/// The mentions of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Gathered {
    pub(crate) mentions: Vec<Quoted>,
    /// What names no label of the schema, or is no mention: (label, words).
    pub(crate) unknown: Vec<(String, String)>,
    pub(crate) notes: Vec<Note>,
    /// Whether the answer says `null` for the list.
    pub(crate) is_null: bool,
    pub(crate) stated: Option<f64>,
}

impl Gathered {
    fn reshaped(&mut self, what: &str) {
        let note = Note::Reshaped { what: what.to_owned() };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Adds one mention by the label as written.
    fn add(&mut self, schema: &LabelSchema, written: &str, quote: &str) -> Option<&mut Quoted> {
        match read_word(schema, written) {
            Ok(found) if !quote.trim().is_empty() => {
                if let Some(note) = found.note.filter(|note| !self.notes.contains(note)) {
                    self.notes.push(note);
                }
                self.mentions.push(Quoted {
                    label: found.label,
                    written: written.to_owned(),
                    quote: quote.to_owned(),
                    occurrence: None,
                    start: None,
                    is_bare: false,
                    before: None,
                    after: None,
                });
                self.mentions.last_mut()
            }
            _ => {
                self.unknown.push((clip(written), clip(quote)));
                None
            }
        }
    }
}

/// Mentions out of one JSON value; `None` where it has no place for any.
pub(crate) fn from_value(schema: &LabelSchema, value: &Json) -> Option<Gathered> {
    let mut out = Gathered::default();
    match value {
        Json::Object(map) => {
            if let Some((key, list)) =
                SPANS.of(map).filter(|(_, list)| list.is_array() || list.is_null() || is_map(schema, list))
            {
                out.notes.extend(SPANS.note(key));
                out.stated = CONFIDENCE.of(map).and_then(|(_, value)| confidence(value));
                match list {
                    Json::Null => out.is_null = true,
                    Json::Object(map) => from_map(schema, map, &mut out),
                    list => from_list(schema, list.as_array()?, &mut out),
                }
            } else if is_map(schema, value) {
                from_map(schema, map, &mut out);
            } else if QUOTE.of(map).is_some() && label_of(schema, map).is_some() {
                out.reshaped("one mention for `spans`");
                from_element(schema, value, &mut out);
            } else {
                return None;
            }
        }
        Json::Array(row) if is_row(schema, row) => {
            out.reshaped("one mention for `spans`");
            from_row(schema, row, &mut out);
        }
        Json::Array(list) => {
            if !list.iter().all(|it| it.is_object() || it.is_array()) {
                return None;
            }
            out.reshaped("a bare list for `spans`");
            from_list(schema, list, &mut out);
        }
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => return None,
    }
    Some(out)
}

/// Whether it is one mention by itself: `["Bob", "PERSON", 0, 3]`.
fn is_row(schema: &LabelSchema, row: &[Json]) -> bool {
    let words = row.iter().take(2).filter_map(Json::as_str);
    row.iter().all(|it| it.is_string() || it.is_number())
        && words.filter(|it| read_word(schema, it).is_ok()).count() == 1
}

/// Whether a JSON value holds one mention, not a list of them.
pub(crate) fn is_single(value: &Json) -> bool {
    match value {
        Json::Object(map) => SPANS.of(map).is_none_or(|(_, list)| list.is_string()),
        Json::Array(row) => row.first().is_some_and(Json::is_string),
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Whether it is an object of the form `{label: [quotes]}`.
fn is_map(schema: &LabelSchema, value: &Json) -> bool {
    let Some(map) = value.as_object() else {
        return false;
    };
    let quotes = |it: &Json| {
        it.is_string() || it.is_null() || it.as_array().is_some_and(|list| list.iter().all(Json::is_string))
    };
    let known = map.keys().filter(|key| read_word(schema, key).is_ok()).count();
    !map.is_empty() && map.values().all(quotes) && 2 * known > map.len()
}

fn from_map(schema: &LabelSchema, map: &Map<String, Json>, out: &mut Gathered) {
    out.reshaped("a list of quotes for each label");
    for (label, quotes) in map {
        match quotes {
            Json::Array(list) => {
                for quote in list.iter().filter_map(Json::as_str) {
                    out.add(schema, label, quote);
                }
            }
            Json::String(quote) => {
                out.add(schema, label, quote);
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => {}
        }
    }
}

fn from_list(schema: &LabelSchema, list: &[Json], out: &mut Gathered) {
    for element in list {
        from_element(schema, element, out);
    }
}

fn from_element(schema: &LabelSchema, element: &Json, out: &mut Gathered) {
    match element {
        Json::Object(map) => match label_of(schema, map) {
            Some((key, label)) => {
                let quote =
                    QUOTE.of(&without(map, key)).and_then(|(_, quote)| quote.as_str().map(str::to_owned));
                let Some(quote) = quote else {
                    out.unknown.push((clip(&label), clip(&element.to_string())));
                    return;
                };
                if let Some(mention) = out.add(schema, &label, &quote) {
                    hints(map, mention);
                }
            }
            None if is_map(schema, element) => from_map(schema, map, out),
            None => out.unknown.push((String::new(), clip(&element.to_string()))),
        },
        Json::Array(row) => from_row(schema, row, out),
        Json::Null => {}
        Json::String(_) | Json::Bool(_) | Json::Number(_) => {
            out.unknown.push((String::new(), clip(&element.to_string())))
        }
    }
}

fn without(map: &Map<String, Json>, key: &str) -> Map<String, Json> {
    map.iter().filter(|(other, _)| *other != key).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The label of a mention, and the key it stands under: by its key, else as the one value that is a label.
fn label_of<'a>(schema: &LabelSchema, map: &'a Map<String, Json>) -> Option<(&'a str, String)> {
    if let Some((key, value)) = SPAN_LABEL.of(map) {
        let label = match value {
            Json::Array(list) if list.len() == 1 => list.first().and_then(Json::as_str),
            value => value.as_str(),
        };
        return Some((key, label.map_or_else(|| value.to_string(), str::to_owned)));
    }
    let mut labels = map.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
    labels.find(|(_, value)| schema.by_name(value).is_some()).map(|(key, value)| (key, value.to_owned()))
}

fn hints(map: &Map<String, Json>, mention: &mut Quoted) {
    let text = |field: &super::fields::Field| {
        let text = field.of(map).and_then(|(_, value)| value.as_str().map(str::to_owned));
        text.filter(|it| !it.trim().is_empty())
    };
    mention.occurrence = OCCURRENCE.of(map).and_then(|(_, value)| count(value));
    mention.start = START.of(map).and_then(|(_, value)| count(value));
    mention.before = text(&BEFORE);
    mention.after = text(&AFTER);
}

/// `["Bob Lee", "PERSON", 3, 10]`: the words, the label, and numbers that may tell the place.
fn from_row(schema: &LabelSchema, row: &[Json], out: &mut Gathered) {
    out.reshaped("rows for objects");
    let words: Vec<&str> = row.iter().filter_map(Json::as_str).collect();
    let is_label = |n: usize| words.get(n).is_some_and(|it| read_word(schema, it).is_ok());
    let (quote, label) = match &words[..] {
        [first, second, ..] if !is_label(1) && is_label(0) => (*second, *first),
        [first, second, ..] => (*first, *second),
        _ => {
            out.unknown.push((String::new(), clip(&Json::Array(row.to_vec()).to_string())));
            return;
        }
    };
    let start = row.iter().find(|it| it.is_number()).and_then(count);
    if let Some(mention) = out.add(schema, label, quote) {
        mention.start = start;
        mention.is_bare = true;
    }
}

/// Lines such as `Bob Lee (PERSON)`, `Bob Lee - PERSON`, `PERSON: Bob Lee; Ann Poe`. `None` where no line is one.
pub(crate) fn from_lines(schema: &LabelSchema, text: &str) -> Option<Gathered> {
    let mut out = Gathered::default();
    let lines = text.lines().map(bare_line).filter(|line| !line.is_empty());
    for line in lines {
        if let Some((quote, label)) = in_brackets(line) {
            out.add(schema, label, quote);
        } else if let Some((quote, label)) = parted(schema, line) {
            out.add(schema, label, quote);
        } else if let Some((label, quotes)) =
            line.split_once([':', '：']).filter(|(label, _)| read_word(schema, label).is_ok())
        {
            for quote in quotes.split([';', '；', '、']).filter(|it| !it.trim().is_empty()) {
                out.add(schema, label, quote.trim());
            }
        }
    }
    let found = !out.mentions.is_empty() || !out.unknown.is_empty();
    out.reshaped("lines for JSON");
    found.then_some(out)
}

/// A line without its bullet or number.
fn bare_line(line: &str) -> &str {
    let line = line.trim();
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = rest.len() < line.len() && rest.starts_with(['.', ')']);
    let line = if numbered { &rest[1..] } else { line };
    line.trim_start_matches(['-', '*', '•', ' ']).trim_end()
}

/// `words (LABEL)`, with nothing behind it.
fn in_brackets(line: &str) -> Option<(&str, &str)> {
    let open = line.strip_suffix(')')?.rfind('(')?;
    let (quote, label) = (line[..open].trim(), line[open + 1..line.len() - 1].trim());
    (!quote.is_empty() && !label.is_empty()).then_some((unwrapped(quote), label))
}

/// `words - LABEL`, `words: LABEL`, `words | LABEL`: only where the last part is a label.
fn parted<'a>(schema: &LabelSchema, line: &'a str) -> Option<(&'a str, &'a str)> {
    [" - ", " – ", " — ", ": ", "：", " | ", "\t", " -> ", " → ", " => "].iter().find_map(|mark| {
        let (quote, label) = line.rsplit_once(mark)?;
        (read_word(schema, label).is_ok() && !quote.trim().is_empty())
            .then(|| (unwrapped(quote.trim()), label.trim()))
    })
}

/// Words without bold marks and without the pair of quotation marks around them.
fn unwrapped(quote: &str) -> &str {
    let bare = quote.trim_matches('*').trim();
    let mut chars = bare.chars();
    match (chars.next(), chars.next_back()) {
        (Some(a), Some(b)) if is_quote_mark(a) && is_quote_mark(b) => chars.as_str(),
        _ => bare,
    }
}

/// Whether a text says that there is nothing to mark.
pub(crate) fn says_none(text: &str) -> bool {
    let folded = crate::fold::folded_quote(text);
    let bare = folded.trim_matches(|c: char| !c.is_alphanumeric());
    let short = bare.chars().count() < 80;
    const NONE: &[&str] = &[
        "none",
        "no entities",
        "no entity",
        "nothing",
        "empty",
        "нет",
        "нет сущностей",
        "ничего",
        "无",
        "没有",
        "无实体",
        "没有实体",
    ];
    const STARTS: &[&str] = &[
        "no entit",
        "no named entit",
        "there are no ",
        "no mentions",
        "no spans",
        "нет сущност",
        "сущностей нет",
        "没有找到",
        "未找到",
    ];
    short && (NONE.contains(&bare) || STARTS.iter().any(|it| bare.starts_with(it)))
}
