//! One spelling for characters that look alike, code point by code point, so that positions stay.
//!
//! In: a text. Out: the same number of code points with ASCII digits, letters and punctuation in place of full-width ones,
//! plain blanks and plain dashes; and the way back from bytes of the one to bytes of the other.

use std::borrow::Cow;

use super::Hit;

/// The text in one spelling; the n-th code point stands for the n-th of `text`.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| fold_char(c) == c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_char).collect())
}

fn fold_char(c: char) -> char {
    let code = c as u32;
    let ascii = match code {
        ..0xA0 => return c,
        0xFF01..=0xFF5E => code - 0xFEE0,
        0x0660..=0x0669 => code - 0x0660 + 0x30,
        0x06F0..=0x06F9 => code - 0x06F0 + 0x30,
        0xA0 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => 0x20,
        0x2010..=0x2015 | 0x2212 | 0xFE63 => 0x2D,
        0x2018 | 0x2019 | 0x02BC => 0x27,
        _ => return c,
    };
    char::from_u32(ascii).unwrap_or(c)
}

/// The same hits, in bytes of the original. They come in order and without overlap.
pub(super) fn in_original(text: &str, folded: &str, mut hits: Vec<Hit>) -> Vec<Hit> {
    if text.len() == folded.len() && text == folded {
        return hits;
    }
    let mut borders = folded
        .char_indices()
        .map(|(at, _)| at)
        .chain([folded.len()])
        .zip(text.char_indices().map(|(at, _)| at).chain([text.len()]));
    let mut now = (0, 0);
    let mut place = |wanted: usize| {
        while now.0 < wanted {
            let Some(next) = borders.next() else { break };
            now = next;
        }
        now.1
    };
    for hit in &mut hits {
        hit.at = place(hit.at.start)..place(hit.at.end);
    }
    hits
}
