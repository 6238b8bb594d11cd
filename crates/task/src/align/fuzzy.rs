//! Words that nearly stand in a text: a lost letter, an ending of a case, a plural.
//!
//! The score is one minus the edit distance by the longer length, over folded letters without spaces. Three guards keep
//! other words out: the first letter must be the same (`biotic` is not `abiotic`), all digits must be the same
//! (`1990` is not `1991`), and below five letters nothing is near.

use std::ops::Range;

use karat_core::Alignment;

use super::find::{Haystack, Hits};
use crate::fold::{is_spaced_letter, is_unspaced};

/// The least score. One edit in six letters passes, one in five does not: `house` is not `horse`.
///
/// Measured on the 3,700 sentence answers of the biodiversity set (docs/reading.md).
const MIN_SCORE: f64 = 0.82;

/// A second place that scores within this of the best makes the quote ambiguous.
const MARGIN: f64 = 0.05;

const MIN_LETTERS: usize = 5;

/// Longer quotes must be found by stricter ways: the search takes time in the square of their length.
const MAX_LETTERS: usize = 300;

/// The place that resembles the folded quote most, if it resembles it enough and no other does.
pub(super) fn find(haystack: &Haystack, quote: &str) -> Hits {
    let absent = Hits { places: Vec::new(), how: Alignment::Absent };
    let wanted: Vec<char> = quote.chars().filter(|c| !c.is_whitespace()).collect();
    let n_letters = wanted.iter().filter(|c| c.is_alphanumeric()).count();
    if !(MIN_LETTERS..=MAX_LETTERS).contains(&n_letters) || wanted.len() > 2 * MAX_LETTERS {
        return absent;
    }
    let found = candidates(haystack, &wanted);
    let best = found.iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.start.cmp(&a.0.start)));
    let Some((at, score)) = best else { return absent };
    let apart = |other: &Range<usize>| other.end <= at.start || at.end <= other.start;
    let rivals: Vec<_> =
        found.iter().filter(|(other, near)| apart(other) && *near > score - MARGIN).collect();
    let mut places = vec![at.clone()];
    places.extend(rivals.into_iter().map(|(other, _)| other.clone()));
    places.sort_by_key(|it| it.start);
    Hits { places, how: Alignment::Fuzzy { score: (score * 1000.0).round() / 1000.0 } }
}

/// Windows of whole words with a score above the least, at most one for each first word.
fn candidates(haystack: &Haystack, wanted: &[char]) -> Vec<(Range<usize>, f64)> {
    let folded = haystack.folded();
    let words = words(&folded.text);
    let slack = wanted.len() / 4 + 1;
    let digits = |it: &[char]| it.iter().copied().filter(|c| c.is_numeric()).collect::<String>();
    let wanted_digits = digits(wanted);
    let mut found: Vec<(Range<usize>, f64)> = Vec::new();
    for (n, first) in words.iter().enumerate() {
        if folded.text[first.start..].chars().next() != wanted.first().copied() {
            continue;
        }
        let mut best: Option<(Range<usize>, f64)> = None;
        let mut window: Vec<char> = Vec::new();
        let mut end = first.start;
        for word in &words[n..] {
            window.extend(folded.text[end..word.end].chars().filter(|c| !c.is_whitespace()));
            end = word.end;
            if window.len() > wanted.len() + slack {
                break;
            }
            if window.len() + slack < wanted.len() || digits(&window) != wanted_digits {
                continue;
            }
            let score = score(wanted, &window);
            if score >= MIN_SCORE && best.as_ref().is_none_or(|(_, other)| score > *other) {
                best = folded.source(first.start..end).map(|at| (at, score)).or(best);
            }
        }
        found.extend(best.filter(|(at, _)| haystack.is_whole(at)));
    }
    found
}

fn score(a: &[char], b: &[char]) -> f64 {
    let distance = strsim::generic_levenshtein(&Chars(a), &Chars(b));
    1.0 - distance as f64 / a.len().max(b.len()) as f64
}

/// What `strsim` takes: something whose reference iterates.
struct Chars<'a>(&'a [char]);

impl<'a> IntoIterator for &Chars<'a> {
    type Item = &'a char;
    type IntoIter = std::slice::Iter<'a, char>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The words of a folded text; each letter of a script without spaces is one.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let spaced = is_spaced_letter(c);
        match words.last_mut() {
            Some(word) if spaced && open => word.end = end,
            _ if spaced || is_unspaced(c) => words.push(at..end),
            _ => {}
        }
        open = spaced;
    }
    words
}
