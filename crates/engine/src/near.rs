//! Texts that are nearly the same: duplicates that an id does not show.
//!
//! In: texts. Out: groups of items whose texts are equal after letters are lowered and all else is one space, or share
//! [`LIKENESS`] of their five-letter pieces. Found by MinHash signatures in bands (A. Broder, "On the Resemblance and
//! Containment of Documents", 1997), then checked exactly: a group holds no text that only looks alike.
//!
//! Memory: 64 bytes an item. Texts of fewer letters than a piece are compared whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The share of common pieces (Jaccard) from which two texts are nearly the same.
const LIKENESS: f64 = 0.8;
/// The length of a piece, in letters.
const PIECE: usize = 5;
/// Two texts are compared where all hashes of a band agree: at the likeness above, 98 of 100 pairs are.
const N_BANDS: usize = 8;
const BAND: usize = 4;
/// In a large band each text is compared with the first so many: they lead to the same group.
const N_COMPARED: usize = 16;

/// Groups of two items and more, by number, in ascending order.
pub(crate) fn near_duplicates(texts: &[Arc<str>]) -> Vec<Vec<usize>> {
    let mut leader: Vec<usize> = (0..texts.len()).collect();
    let mut bands: Vec<(u64, u32)> = Vec::with_capacity(texts.len());
    let signatures: Vec<Option<[u64; N_BANDS]>> = texts.iter().map(|text| signature(text)).collect();
    for band in 0..N_BANDS {
        bands.clear();
        let keyed = signatures.iter().enumerate();
        bands.extend(keyed.filter_map(|(item, of)| Some(((*of)?[band], item as u32))));
        bands.sort_unstable();
        for alike in bands.chunk_by(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1) {
            join(alike, texts, &mut leader);
        }
    }
    let mut groups: HashMap<usize, Vec<usize>> = HashMap::new();
    for item in 0..texts.len() {
        groups.entry(find(&mut leader, item)).or_default().push(item);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort_unstable();
    groups
}

/// Compares the texts of one band, and joins those that are nearly the same.
fn join(alike: &[(u64, u32)], texts: &[Arc<str>], leader: &mut [usize]) {
    let mut kept: Vec<(usize, HashSet<u64>)> = Vec::new();
    for (_, item) in alike {
        let item = *item as usize;
        let own = pieces(&texts[item]);
        let near = kept
            .iter()
            .find(|(other, of)| find(leader, *other) == find(leader, item) || likeness(&own, of) >= LIKENESS);
        match near.map(|(other, _)| *other) {
            Some(other) => {
                let (a, b) = (find(leader, other), find(leader, item));
                leader[a.max(b)] = a.min(b);
            }
            None if kept.len() < N_COMPARED => kept.push((item, own)),
            None => {}
        }
    }
}

fn find(leader: &mut [usize], mut of: usize) -> usize {
    while leader[of] != of {
        leader[of] = leader[leader[of]];
        of = leader[of];
    }
    of
}

fn likeness(a: &HashSet<u64>, b: &HashSet<u64>) -> f64 {
    let common = a.intersection(b).count();
    common as f64 / (a.len() + b.len() - common).max(1) as f64
}

/// The hashes of all five-letter pieces of a text; of a shorter one, of the whole.
fn pieces(text: &str) -> HashSet<u64> {
    let mut letters: Vec<char> = Vec::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            letters.extend(c.to_lowercase());
        } else if letters.last().is_some_and(|last| *last != ' ') {
            letters.push(' ');
        }
    }
    if letters.last() == Some(&' ') {
        letters.pop();
    }
    let hash =
        |piece: &[char]| piece.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, c| mix(hash ^ u64::from(*c)));
    match letters.len() {
        0 => HashSet::new(),
        n if n <= PIECE => HashSet::from([hash(&letters)]),
        _ => letters.windows(PIECE).map(hash).collect(),
    }
}

/// One key for each band; `None` for a text without letters.
fn signature(text: &str) -> Option<[u64; N_BANDS]> {
    let pieces = pieces(text);
    if pieces.is_empty() {
        return None;
    }
    let least = |n: usize| pieces.iter().map(|piece| mix(piece ^ mix(n as u64 + 1))).min().unwrap_or(0);
    Some(std::array::from_fn(|band| {
        (0..BAND).fold(band as u64, |key, row| mix(key ^ least(band * BAND + row)))
    }))
}

/// A bijection of 64-bit words that leaves no pattern (the finalizer of SplitMix64).
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], want: &[&[usize]]) {
        let texts: Vec<Arc<str>> = texts.iter().map(|text| Arc::from(*text)).collect();
        assert_eq!(near_duplicates(&texts), want);
    }

    #[test]
    fn case_and_punctuation_make_no_difference() {
        check(&["Great phone!", "something else", "great  PHONE"], &[&[0, 2]]);
    }

    #[test]
    fn a_changed_word_in_a_long_text_is_still_nearly_the_same() {
        let text = "the quick brown fox jumps over the lazy dog while the cat sleeps on the warm stone near the river and \
                    nobody in the village knows how long it has been there";
        check(&[text, &text.replace("river", "brook"), &text[..60]], &[&[0, 1]]);
    }

    #[test]
    fn chinese_and_russian_texts_are_compared_by_letters() {
        check(
            &[
                "这个手机非常好用我很喜欢",
                "Отличный телефон",
                "这个手机非常好用，我很喜欢",
                "отличный телефон.",
            ],
            &[&[1, 3]],
        );
    }

    #[test]
    fn texts_without_letters_are_like_nothing() {
        check(&["", "!!!", "", "???"], &[]);
    }

    #[test]
    fn many_equal_texts_are_one_group() {
        let texts = vec!["always the same sentence"; 300];
        let all: Vec<usize> = (0..300).collect();
        check(&texts, &[&all]);
    }
}
