//! The one answer in the JSON of a text: the last value that holds one; and what a kind that reads further needs of it.
//!
//! In: a text, and what a kind makes of a JSON value. Out: what it made of the last value that fits, with the notes on its
//! form; or that the text is JSON and holds none. Not here: prose.

use karat_core::Note;
use serde_json::Value as Json;

use super::clean::unfence;
use super::fields::LABEL;
use super::json::{Parsed, find_all};
use super::outside;

/// What the JSON of a text holds.
pub(crate) enum Once<T> {
    /// An answer, and the notes on how it was found.
    Found(T, Vec<Note>),
    /// The text is JSON without an answer; `true` where it is cut off.
    Without(bool),
    /// The text is no JSON.
    Prose,
}

/// The last JSON value of `text` of which `read` makes something. `is_label` says whether that is an answer, or only why it
/// is none: answers go first.
pub(crate) fn once<T: PartialEq>(
    text: &str,
    read: impl Fn(&Json) -> Option<T>,
    is_label: impl Fn(&T) -> bool,
) -> Once<T> {
    let whole = unfence(text).unwrap_or(text).starts_with(['{', '[']);
    let found = if text.contains(['{', '[']) { find_all(text) } else { Vec::new() };
    let mut fits: Vec<(&Parsed, T)> = found
        .iter()
        // A bracket in prose is often none of an answer.
        .filter(|it| whole || it.value.is_object())
        .filter_map(|it| Some((it, read(&it.value)?)))
        .collect();
    if fits.iter().any(|(_, it)| is_label(it)) {
        fits.retain(|(_, it)| is_label(it));
    }
    let Some((parsed, last)) = fits.pop() else {
        return if whole { Once::Without(found.iter().any(|it| it.cut)) } else { Once::Prose };
    };
    let mut notes = outside::notes(text, parsed);
    match fits.iter().all(|(_, other)| *other == last) {
        true if fits.is_empty() => {}
        true => notes.push(Note::Repeated),
        false => notes.push(Note::Verdict { words: format!("the last of {} answers", fits.len() + 1) }),
    }
    Once::Found(last, notes)
}

/// What stands in the place of the label in the last object of an answer that has one: words, or a number as digits.
pub(crate) fn label_field(text: &str) -> Option<String> {
    let found = find_all(text);
    let map = found.iter().rev().find_map(|it| it.value.as_object().filter(|map| LABEL.of(map).is_some()))?;
    match LABEL.of(map)?.1 {
        Json::String(text) => Some(text.trim().to_owned()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The notes on the form of an answer, without those on how a label was found in it.
pub(crate) fn of_form(notes: &[Note]) -> Vec<Note> {
    let of_label = |it: &&Note| {
        !matches!(
            it,
            Note::InProse
                | Note::Verdict { .. }
                | Note::Alias { .. }
                | Note::Normalized { .. }
                | Note::Nearest { .. }
        )
    };
    notes.iter().filter(of_label).cloned().collect()
}
