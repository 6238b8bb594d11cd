//! Where sentences end.
//!
//! In: a text. Out: its sentences, which cover it. Unicode's rules (UAX 29, which know `。！？` and a full stop before a small
//! letter) find places where one may end; then it is seen what they cannot know: abbreviations, initials, numbered lists,
//! and lines that are broken for width.
//!
//! Where it is not clear, two sentences stay one: a chunk that is a sentence longer does less harm than a cut name.
//!
//! Not here: headlines and tables, which are sentences as their lines are.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Words that a full stop follows inside a sentence, in small letters. Single letters need no row: `г.`, `т. е.`, `J.`
/// and `e.g.` are found by their shape.
const ABBREVIATIONS: &str = "\
    al approx apr aug ave bzw ca capt cf col corp dec dept dr eds eq est etc feb fig figs gen gov hon inc \
    jan jr lt ltd mr mrs ms mt nov nr oct pp prof rep rev sen sep sept sgt sr st vol vs абз авг акад апр бул \
    вв вып гг гл дек доц др зам изд илл им инж кв коп корп куб млн млрд наб напр нояб обл окт пер пос пп пр \
    прим пров просп проф ред рис руб сб св см соч ср ст стр табл тел тов трлн тт тыс ул февр экз янв";

/// The sentences of a text in code points: half-open, one after another, from its start to its end. The space after a
/// sentence belongs to it. An empty line, or a line break before anything but a small letter, ends a sentence too.
///
/// ```
/// use karat_text::chunk::sentences;
///
/// assert_eq!(sentences("В 2020 г. Анна, т.е. она, уехала. 你好。再见！"), [0..34, 34..37, 37..40]);
/// ```
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let parts: Vec<Range<usize>> = in_bytes(text);
    super::in_code_points(text, &parts)
}

/// The same, in bytes.
pub(super) fn in_bytes(text: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let found = text.split_sentence_bound_indices().flat_map(|(start, part)| at_dots(start, part));
    for (start, part) in found {
        let end = start + part.len();
        match parts.last_mut() {
            Some(last) if goes_on(&text[last.clone()], part) => last.end = end,
            _ => parts.push(start..end),
        }
    }
    parts
}

/// Divides after `… ` where no small letter follows: Unicode's rules do not.
fn at_dots(start: usize, part: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, dots) in part.match_indices('…') {
        let after = &part[at + dots.len()..];
        let next = after.trim_start();
        if next.len() < after.len() && next.starts_with(|c: char| !c.is_lowercase()) {
            let to = part.len() - next.len();
            parts.push((start + from, &part[from..to]));
            from = to;
        }
    }
    parts.push((start + from, &part[from..]));
    parts
}

/// Whether what comes next is still the same sentence.
fn goes_on(before: &str, next: &str) -> bool {
    if next.trim().is_empty() {
        // Empty lines stay with what they follow.
        return true;
    }
    let words = before.trim_end();
    if words.is_empty() {
        return true;
    }
    let n_breaks = before[words.len()..].matches('\n').count();
    let small = next.trim_start().chars().next().is_some_and(char::is_lowercase);
    match n_breaks {
        0 => ends_in_abbreviation(words),
        1 => small && (!words.ends_with(['.', '!', '?', '…', ':']) || ends_in_abbreviation(words)),
        _ => false,
    }
}

/// Whether the last word is an abbreviation with its full stop, an initial, or the number of a list.
fn ends_in_abbreviation(words: &str) -> bool {
    let Some(rest) = words.strip_suffix('.') else { return false };
    let start = rest.char_indices().rev().find(|(_, c)| !(c.is_alphanumeric() || *c == '.'));
    let start = start.map_or(0, |(at, c)| at + c.len_utf8());
    let word = &rest[start..];
    if word.is_empty() || word.ends_with('.') {
        return false;
    }
    let line = &rest[..start];
    let is_first = line.is_empty() || line.ends_with('\n');
    if word.chars().all(|c| c.is_ascii_digit()) {
        return is_first && word.len() <= 3;
    }
    // `I.` is more often the end of a sentence than an initial.
    let is_letter = |part: &str| {
        let mut letters = part.chars();
        letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
    };
    if word.split('.').all(is_letter) {
        return word != "I" && !word.ends_with(".m");
    }
    let small = word.rsplit('.').next().unwrap_or(word).to_lowercase();
    ABBREVIATIONS.split(' ').any(|known| known == small)
}
