//! What stands around the JSON of an answer, as notes.

use karat_core::Note;

use super::json::Parsed;

/// The notes that a value found in `text` earns: mended, cut off, in a fence, in prose.
pub(crate) fn notes(text: &str, parsed: &Parsed) -> Vec<Note> {
    let mut notes = Vec::new();
    let before = text[..parsed.start].trim();
    let after = text[parsed.end..].trim();
    if !before.is_empty() || !after.is_empty() {
        let (before, opened) = without_fence_open(before);
        let after_bare = after.strip_prefix("```").unwrap_or(after).trim();
        if opened {
            notes.push(Note::Fenced);
        }
        if !before.is_empty() || !after_bare.is_empty() {
            notes.push(Note::InProse);
        }
    }
    if parsed.cut {
        notes.push(Note::CutOff);
    }
    let mends: Vec<&str> =
        parsed.mends.iter().filter(|it| !parsed.cut || **it != "missing brackets").copied().collect();
    if !mends.is_empty() {
        notes.push(Note::Mended { what: mends.join(", ") });
    }
    notes
}

fn without_fence_open(before: &str) -> (&str, bool) {
    let Some(at) = before.rfind("```") else {
        return (before, false);
    };
    let language = &before[at + 3..];
    if language.chars().all(|c| c.is_ascii_alphanumeric()) {
        (before[..at].trim(), true)
    } else {
        (before, false)
    }
}
