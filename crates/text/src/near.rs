//! Texts that are nearly the same: duplicates that an id does not show, and examples that give an answer away.
//!
//! In: texts. Out: whether two are nearly the same ([`is_near`]), groups of such texts ([`near_duplicates`]), and those
//! of a pool that are nearly the same as a query ([`Near`]). Two texts are nearly the same when they are equal after
//! letters are lowered and all else is one space, or share [`LIKENESS`] of their pieces: of three letters where both
//! texts are short, else of five. A changed letter touches as many pieces as a piece is long, which in a short text is
//! much; in a long one three letters in a row are too common to tell texts apart. Candidates are found by MinHash
//! signatures in bands (A. Broder, "On the Resemblance and Containment of Documents", 1997), then checked exactly:
//! nothing is called near that only looks alike.
//!
//! Memory: 128 bytes a text for groups, up to 264 for a pool that is asked. Texts of fewer letters than a piece are
//! compared whole.
//!
//! Not here: texts that mean the same in other words (`search`), and texts of which one holds the other.

use std::collections::HashMap;
use std::sync::Arc;

use crate::random::mix;

/// The share of common pieces (Jaccard) from which two texts are nearly the same.
pub const LIKENESS: f64 = 0.8;
/// The length of a piece in letters: of texts that are both short, and of others.
const PIECES: [usize; 2] = [3, 5];
/// The most letters of a short text.
const SHORT: usize = 100;
/// A longer text may be nearly the same as one that is not short: their lengths differ by less than the likeness allows.
const NEARLY_LONG: usize = 80;
/// Two texts are compared where all hashes of a band agree: at the likeness above, 98 of 100 pairs are.
const N_BANDS: usize = 8;
const BAND: usize = 4;
/// One key for each band, by short pieces and by long ones; `None` where no other text is compared so.
type Signature = [Option<[u64; N_BANDS]>; 2];
/// In a large band each text is compared with the first so many: they lead to the same group.
const N_COMPARED: usize = 16;

/// Whether two texts are nearly the same. Exact; a text without letters is like nothing, not even itself.
///
/// ```
/// use karat_text::near::is_near;
///
/// assert!(is_near("My card has not arrived yet.", "my card has NOT arrived, yet"));
/// assert!(!is_near("My card has not arrived yet.", "My card has arrived."));
/// ```
pub fn is_near(a: &str, b: &str) -> bool {
    Pieces::of(a).is_near(&Pieces::of(b))
}

/// Groups of two texts and more that are nearly the same, by number, in ascending order.
///
/// Texts whose numbers differ are no duplicates, however alike the rest is: "order 12 is late" and "order 13 is late".
/// Nearness is carried on: where a is near b and b is near c, all three are one group. Of pairs at the very threshold 2
/// in 100 are missed, of nearer ones fewer: at a likeness of 0.9 it is 2 in 10,000.
pub fn near_duplicates(texts: &[Arc<str>]) -> Vec<Vec<usize>> {
    let mut leader: Vec<usize> = (0..texts.len()).collect();
    let mut bands: Vec<(u64, u32)> = Vec::with_capacity(texts.len());
    let signatures: Vec<Signature> = texts.iter().map(|text| Pieces::of(text).signature()).collect();
    for (size, band) in (0..PIECES.len()).flat_map(|size| (0..N_BANDS).map(move |band| (size, band))) {
        bands.clear();
        let keyed = signatures.iter().enumerate();
        bands.extend(keyed.filter_map(|(item, of)| Some((of[size]?[band], item as u32))));
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

/// A pool of texts that is asked which of them are nearly the same as a query.
///
/// ```
/// use karat_text::near::Near;
///
/// let near = Near::build(["Where is my card?", "Top up failed", "where is my card"].map(Into::into).to_vec());
/// assert_eq!(near.of("Where is my card?!"), [0, 2]);
/// ```
#[derive(Debug, Clone)]
pub struct Near {
    texts: Vec<Arc<str>>,
    /// The hash of all letters: texts with the same one are compared once.
    wholes: Vec<u64>,
    /// For each band the keys of the texts, sorted.
    bands: Vec<Vec<(u64, u32)>>,
}

impl Near {
    /// Reads the pool.
    pub fn build(texts: Vec<Arc<str>>) -> Self {
        let mut bands = vec![Vec::new(); PIECES.len() * N_BANDS];
        let mut wholes = Vec::with_capacity(texts.len());
        for (item, text) in texts.iter().enumerate() {
            let pieces = Pieces::of(text);
            wholes.push(pieces.whole);
            for (n, key) in numbered(pieces.signature()) {
                bands[n].push((key, item as u32));
            }
        }
        for band in &mut bands {
            band.sort_unstable();
        }
        Self { texts, wholes, bands }
    }

    /// The numbers of the texts that are nearly the same as this one, in ascending order.
    ///
    /// Of texts at the very threshold 2 in 100 are missed, of nearer ones fewer; ask [`is_near`] where none may be.
    pub fn of(&self, query: &str) -> Vec<usize> {
        let query = Pieces::of(query);
        let mut found: Vec<u32> = Vec::new();
        for (n, key) in numbered(query.signature()) {
            let band = &self.bands[n];
            let from = band.partition_point(|(other, _)| *other < key);
            found.extend(band[from..].iter().take_while(|(other, _)| *other == key).map(|(_, item)| *item));
        }
        found.sort_unstable();
        found.dedup();
        let mut known: HashMap<u64, bool> = HashMap::from([(query.whole, true)]);
        let mut near = |item: usize| {
            let compare = || query.is_near(&Pieces::of(&self.texts[item]));
            *known.entry(self.wholes[item]).or_insert_with(compare)
        };
        found.into_iter().map(|item| item as usize).filter(|item| near(*item)).collect()
    }
}

/// Compares the texts of one band, and joins those that are nearly the same.
fn join(alike: &[(u64, u32)], texts: &[Arc<str>], leader: &mut [usize]) {
    let mut kept: Vec<(usize, Pieces)> = Vec::new();
    let same_numbers = |a: usize, b: usize| digits(&texts[a]).eq(digits(&texts[b]));
    for (_, item) in alike {
        let item = *item as usize;
        let own = Pieces::of(&texts[item]);
        let near = kept
            .iter()
            .find(|(other, of)| {
                find(leader, *other) == find(leader, item) || (own.is_near(of) && same_numbers(*other, item))
            })
            .map(|(other, _)| *other);
        match near {
            Some(other) => {
                let (a, b) = (find(leader, other), find(leader, item));
                leader[a.max(b)] = a.min(b);
            }
            None if kept.len() < N_COMPARED => kept.push((item, own)),
            None => {}
        }
    }
}

/// The digits of a text, in their order.
fn digits(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_numeric())
}

fn find(leader: &mut [usize], mut of: usize) -> usize {
    while leader[of] != of {
        leader[of] = leader[leader[of]];
        of = leader[of];
    }
    of
}

/// The keys with the numbers of their bands.
fn numbered(signature: Signature) -> impl Iterator<Item = (usize, u64)> {
    let of_size = |(size, keys): (usize, Option<[u64; N_BANDS]>)| {
        let keys = keys.into_iter().flatten().enumerate();
        keys.map(move |(band, key)| (size * N_BANDS + band, key))
    };
    signature.into_iter().enumerate().flat_map(of_size)
}

/// What of a text is compared.
pub(crate) struct Pieces {
    /// The hashes of all pieces of each length, of a shorter text of the whole; sorted, each once. Those that no other
    /// text is compared by are left out: the short ones of a long text.
    pieces: [Vec<u64>; 2],
    n_letters: usize,
    /// The hash of all letters.
    whole: u64,
}

impl Pieces {
    pub(crate) fn of(text: &str) -> Self {
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
        let hash = |piece: &[char]| {
            piece.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, c| mix(hash ^ u64::from(*c)))
        };
        let n_letters = letters.len();
        let pieces = |length: usize| {
            let mut pieces: Vec<u64> = match n_letters {
                0 => Vec::new(),
                n if n <= length => vec![hash(&letters)],
                _ => letters.windows(length).map(hash).collect(),
            };
            pieces.sort_unstable();
            pieces.dedup();
            pieces
        };
        let short = if n_letters <= SHORT { pieces(PIECES[0]) } else { Vec::new() };
        Self { pieces: [short, pieces(PIECES[1])], n_letters, whole: hash(&letters) }
    }

    pub(crate) fn is_near(&self, other: &Self) -> bool {
        let size = usize::from(self.n_letters.max(other.n_letters) > SHORT);
        likeness(&self.pieces[size], &other.pieces[size]) >= LIKENESS
    }

    fn signature(&self) -> Signature {
        let [short, long] = &self.pieces;
        [
            (self.n_letters <= SHORT).then(|| keys(short)).flatten(),
            (self.n_letters > NEARLY_LONG).then(|| keys(long)).flatten(),
        ]
    }
}

/// The share of common pieces; both lists are sorted. 0 where there are none.
fn likeness(left: &[u64], right: &[u64]) -> f64 {
    let (mut a, mut b, mut common) = (0, 0, 0_usize);
    while let (Some(x), Some(y)) = (left.get(a), right.get(b)) {
        common += usize::from(x == y);
        a += usize::from(x <= y);
        b += usize::from(y <= x);
    }
    common as f64 / (left.len() + right.len() - common).max(1) as f64
}

/// One key for each band; `None` for a text without letters.
fn keys(pieces: &[u64]) -> Option<[u64; N_BANDS]> {
    if pieces.is_empty() {
        return None;
    }
    let least = |n: usize| {
        let salt = mix(n as u64 + 1);
        pieces.iter().map(|piece| mix(piece ^ salt)).min().unwrap_or(0)
    };
    Some(std::array::from_fn(|band| {
        (0..BAND).fold(band as u64, |key, row| mix(key ^ least(band * BAND + row)))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups, and the same by asking: a text of a group of two is near to the other, and both say so.
    #[track_caller]
    fn check(texts: &[&str], want: &[&[usize]]) {
        let texts: Vec<Arc<str>> = texts.iter().map(|text| Arc::from(*text)).collect();
        assert_eq!(near_duplicates(&texts), want);
        let near = Near::build(texts.clone());
        for (item, text) in texts.iter().enumerate() {
            let alone = [item];
            let has_letters = text.chars().any(char::is_alphanumeric);
            let group = want.iter().find(|group| group.contains(&item)).copied();
            let want = group.unwrap_or(if has_letters { &alone } else { &[] });
            assert_eq!(near.of(text), want, "`{text}`");
            let pairs: Vec<usize> = (0..texts.len()).filter(|other| is_near(text, &texts[*other])).collect();
            assert_eq!(pairs, want, "`{text}`");
        }
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
    fn a_slip_in_a_short_text_is_still_nearly_the_same() {
        let text = "Where is my new card, please tell me?";
        check(&[text, &text.replace("card", "cart"), "Where is my card?"], &[&[0, 1]]);
    }

    #[test]
    fn a_short_and_a_long_text_are_compared() {
        let text =
            "the quick brown fox jumps over the lazy dog while the cat sleeps on the warm stone near it no";
        assert!(text.len() <= SHORT);
        check(&[text, &format!("{text} longer now")], &[&[0, 1]]);
    }

    #[test]
    fn texts_with_other_numbers_are_no_duplicates() {
        check(
            &["The order 12 is late again.", "The order 13 is late again.", "the order 12 is late, again"],
            &[&[0, 2]],
        );
    }

    #[test]
    fn texts_without_letters_are_like_nothing() {
        check(&["", "!!!", "", "???"], &[]);
    }

    #[test]
    fn many_equal_texts_are_one_group() {
        let texts = vec!["always the same sentence"; 60];
        let all: Vec<usize> = (0..60).collect();
        check(&texts, &[&all]);
    }

    #[test]
    fn a_pool_is_asked_with_a_text_that_it_does_not_hold() {
        let near = Near::build(vec!["Where is my new card, please?".into(), "Where is my money?".into()]);
        assert_eq!(near.of("Where is my new card, pleas?"), [0]);
        assert_eq!(near.of("something else altogether"), [] as [usize; 0]);
    }
}
