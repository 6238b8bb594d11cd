//! From places to a masked text: which of several overlapping finds stands, where an original stands again, the text anew.
//!
//! In: texts and hits in bytes. Out: hits in order without overlap; texts with placeholders.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Found, Hit, Key, Kind};

/// Originals of at least so many characters are masked wherever they stand, also where no rule sees them.
const MIN_REPEATED: usize = 6;

/// The longest of overlapping hits; of equally long ones the stronger kind, then the first. In order of the text.
pub(super) fn without_overlap(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (std::cmp::Reverse(hit.at.len()), hit.kind, hit.at.start));
    let mut kept: BTreeMap<usize, Hit> = BTreeMap::new();
    for hit in hits {
        let left_ends = kept.range(..hit.at.end).next_back().map_or(0, |(_, left)| left.at.end);
        if left_ends <= hit.at.start {
            kept.insert(hit.at.start, hit);
        }
    }
    kept.into_values().collect()
}

/// Adds the places where an original stands again outside of what was found: a number whose label is not repeated, an
/// address inside a longer word. After this no original of six characters or more is left in any of the texts, nor one that
/// the key knew before.
pub(super) fn add_repeats(texts: &[&str], places: &mut [Vec<Hit>], before: &Key) {
    let is_long = |original: &str| original.chars().nth(MIN_REPEATED - 1).is_some();
    let mut kinds: HashMap<&str, Kind> = before.known().filter(|(original, _)| is_long(original)).collect();
    let mut originals: Vec<&str> = kinds.keys().copied().collect();
    for (text, hits) in texts.iter().zip(places.iter()) {
        for hit in hits {
            let original = &text[hit.at.clone()];
            if is_long(original) && !kinds.contains_key(original) {
                kinds.insert(original, hit.kind);
                originals.push(original);
            }
        }
    }
    if originals.is_empty() {
        return;
    }
    let builder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&originals);
    // The only failure is a set of patterns too large for 32 bits, larger than any text that was read.
    let Ok(finder) = builder else { return };
    for (text, hits) in texts.iter().zip(places.iter_mut()) {
        let mut repeats = Vec::new();
        let mut gap = 0;
        for end in hits.iter().map(|hit| (hit.at.start, hit.at.end)).chain([(text.len(), text.len())]) {
            for again in finder.find_iter(&text[gap..end.0]) {
                let at = gap + again.start()..gap + again.end();
                let kind = kinds.get(&text[at.clone()]).copied().unwrap_or(Kind::Name);
                repeats.push(Hit { kind, at });
            }
            gap = end.1;
        }
        hits.append(&mut repeats);
        hits.sort_by_key(|hit| hit.at.start);
    }
}

/// The text with placeholders, and what was replaced.
pub(super) fn replace(text: &str, hits: &[Hit], key: &mut Key) -> (String, Vec<Found>) {
    let mut masked = String::with_capacity(text.len());
    let mut found = Vec::with_capacity(hits.len());
    let (mut at, mut n_chars) = (0, 0);
    for hit in hits {
        let (gap, original) = (&text[at..hit.at.start], &text[hit.at.clone()]);
        let placeholder = key.placeholder(hit.kind, original);
        masked.push_str(gap);
        masked.push_str(&placeholder);
        let start = n_chars + gap.chars().count() as u32;
        n_chars = start + original.chars().count() as u32;
        found.push(Found { kind: hit.kind, start, end: n_chars, placeholder });
        at = hit.at.end;
    }
    masked.push_str(&text[at..]);
    (masked, found)
}
