//! Words and pieces of words as a sparse vector: TF-IDF.
//!
//! In: texts to learn from, then any text. Out: its vector of length 1. The words and the pieces are weighed apart, each
//! group to length 1, then together: a text has far more pieces than words, which would drown them.
//!
//! Not here: finding the nearest of many (`index`), models on top.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::RangeInclusive;

use super::pieces::Pieces;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureOptions {
    /// How many words in a row are one feature: `1..=2` counts words and pairs. `None` counts no words. In scripts
    /// without spaces a pair of characters is a word.
    pub words: Option<RangeInclusive<usize>>,
    /// How many letters in a row are one feature, inside words with a space at both ends: `3..=5` finds `карта` in
    /// `картой`. `None` counts none. In scripts without spaces it is 1 to 3 characters, whatever is set here.
    pub letters: Option<RangeInclusive<usize>>,
    /// A feature that fewer texts have is left out. 1 keeps all.
    pub min_texts: u32,
}

impl FeatureOptions {
    /// What is good for search among labels and short texts: words, and 3 to 5 letters.
    ///
    /// By `karat-proof search` the nearest example has the query's label more often than with letters alone (Banking77
    /// 81.0 and 80.9 %, AG News 77.6 and 75.7 %); the right of 77 labels is first less often where only names are
    /// searched (43.9 and 47.5 %), and as often among the first 20.
    pub fn for_search() -> Self {
        Self { words: Some(1..=1), letters: Some(3..=5), min_texts: 1 }
    }
}

/// What was learned from texts: the features, and how rare each is.
///
/// The weight of a feature is `(1 + ln n) · (1 + ln((1 + N) / (1 + m)))`: `n` times in this text, in `m` of the `N` texts
/// that were learned from; then words and letters are each brought to length 1, and so is the whole. G. Salton and C.
/// Buckley, "Term-weighting approaches in automatic text retrieval", 1988; logarithms and smoothing as scikit-learn's
/// `TfidfVectorizer(sublinear_tf=True)` has them.
/// ```
/// use karat_text::search::{FeatureOptions, Features};
///
/// let features = Features::fit(["карта не работает", "перевод не дошёл"], &FeatureOptions::for_search());
/// let (a, b) = (features.vector("с картой"), features.vector("Карты"));
/// assert!(a.dot(&b) > 0.5); // no word in common, but `карт`
/// assert!(features.vector("hello").is_empty()); // nothing that was learned
/// ```
#[derive(Debug, Clone)]
pub struct Features {
    options: FeatureOptions,
    numbers: HashMap<u64, u32, BuildHasherDefault<Ready>>,
    rarity: Vec<f32>,
}

/// A vector of which only what is not 0 is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseVec {
    /// Features by their numbers, ascending, with their weights.
    entries: Vec<(u32, f32)>,
}

impl SparseVec {
    /// Features by their numbers, ascending, with their weights, none of them 0.
    pub fn entries(&self) -> &[(u32, f32)] {
        &self.entries
    }

    /// Whether the text had no feature that was learned.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The sum of the products of weights. Of two vectors of length 1 it is their cosine, in [0, 1] up to rounding.
    pub fn dot(&self, other: &Self) -> f64 {
        let (mut a, mut b, mut sum) = (0, 0, 0.0);
        while let (Some((x, p)), Some((y, q))) = (self.entries.get(a), other.entries.get(b)) {
            if x == y {
                sum += f64::from(*p) * f64::from(*q);
            }
            a += usize::from(x <= y);
            b += usize::from(y <= x);
        }
        sum
    }
}

/// The features of all texts that were learned from, before they are weighed.
pub(super) struct Counted {
    /// For each text: where its words and where its letters end in `counts`.
    ends: Vec<(usize, usize)>,
    /// Features with how often the text has them.
    pub(super) counts: Vec<(u32, u32)>,
}

impl Counted {
    /// The vector of each text, in their order; a slice of entries for each, of length 1.
    pub(super) fn vectors(&self, features: &Features, mut each: impl FnMut(&[(u32, f32)])) {
        let mut entries: Vec<(u32, f32)> = Vec::new();
        let mut start = 0;
        for (end_of_words, end) in &self.ends {
            let counts = &self.counts[start..*end];
            entries.clear();
            entries.extend(counts.iter().map(|(number, n)| (*number, features.weight(*number, *n))));
            let (words, letters) = entries.split_at_mut(end_of_words - start);
            to_length_one(words);
            to_length_one(letters);
            to_length_one(&mut entries);
            each(&entries);
            start = *end;
        }
    }

    fn renumbered(&self, new: &Renumbered) -> Self {
        let mut kept = Self { ends: Vec::with_capacity(self.ends.len()), counts: Vec::new() };
        let mut start = 0;
        for (end_of_words, end) in &self.ends {
            let renumber = |(number, n): &(u32, u32)| Some((new.of(*number)?, *n));
            kept.counts.extend(self.counts[start..*end_of_words].iter().filter_map(renumber));
            let words = kept.counts.len();
            kept.counts.extend(self.counts[*end_of_words..*end].iter().filter_map(renumber));
            kept.ends.push((words, kept.counts.len()));
            start = *end;
        }
        kept
    }
}

impl Features {
    /// Learns the features of these texts, in one pass.
    pub fn fit<T: AsRef<str>>(texts: impl IntoIterator<Item = T>, options: &FeatureOptions) -> Self {
        Self::learn(texts, options, |_, _| {}).0
    }

    /// The vector of a text, of length 1; empty where it has no feature that was learned. Features that were not learned
    /// are left out, and do not count in the length.
    pub fn vector(&self, text: &str) -> SparseVec {
        let mut pieces = Pieces::default();
        pieces.read(text, &self.options);
        let mut entries = Vec::with_capacity(pieces.words.len() + pieces.letters.len());
        for part in [&mut pieces.words, &mut pieces.letters] {
            let start = entries.len();
            counted(part, |piece, n| {
                if let Some(number) = self.numbers.get(&piece) {
                    entries.push((*number, self.weight(*number, n)));
                }
            });
            to_length_one(&mut entries[start..]);
        }
        to_length_one(&mut entries);
        entries.sort_unstable_by_key(|(number, _)| *number);
        SparseVec { entries }
    }

    /// How many features there are; they are numbered from 0 in the order in which they were first met.
    pub fn len(&self) -> usize {
        self.rarity.len()
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.rarity.is_empty()
    }

    /// Learns, and keeps what each text has.
    pub(super) fn learn_counted<T: AsRef<str>>(
        texts: impl IntoIterator<Item = T>,
        options: &FeatureOptions,
    ) -> (Self, Counted) {
        let mut kept = Counted { ends: Vec::new(), counts: Vec::new() };
        let (features, renumbered) = Self::learn(texts, options, |words, letters| {
            kept.counts.extend_from_slice(words);
            let end_of_words = kept.counts.len();
            kept.counts.extend_from_slice(letters);
            kept.ends.push((end_of_words, kept.counts.len()));
        });
        if renumbered.0.is_some() {
            kept = kept.renumbered(&renumbered);
        }
        (features, kept)
    }

    /// The weight of a feature that a text has `n` times, before lengths.
    fn weight(&self, number: u32, n: u32) -> f32 {
        let often = if n == 1 { 1.0 } else { (1.0 + f64::from(n).ln()) as f32 };
        often * self.rarity[number as usize]
    }

    fn learn<T: AsRef<str>>(
        texts: impl IntoIterator<Item = T>,
        options: &FeatureOptions,
        mut keep: impl FnMut(&[(u32, u32)], &[(u32, u32)]),
    ) -> (Self, Renumbered) {
        let mut numbers: HashMap<u64, u32, BuildHasherDefault<Ready>> = HashMap::default();
        let mut n_having: Vec<u32> = Vec::new();
        let mut pieces = Pieces::default();
        let (mut words, mut letters) = (Vec::new(), Vec::new());
        let mut n_texts = 0_u64;
        for text in texts {
            n_texts += 1;
            pieces.read(text.as_ref(), options);
            for (part, out) in [(&mut pieces.words, &mut words), (&mut pieces.letters, &mut letters)] {
                out.clear();
                counted(part, |piece, n| {
                    let number = *numbers.entry(piece).or_insert(n_having.len() as u32);
                    if number as usize == n_having.len() {
                        n_having.push(0);
                    }
                    n_having[number as usize] += 1;
                    out.push((number, n));
                });
            }
            keep(&words, &letters);
        }
        let renumbered = Renumbered::without(&mut n_having, options.min_texts);
        numbers.retain(|_, number| match renumbered.of(*number) {
            Some(new) => {
                *number = new;
                true
            }
            None => false,
        });
        let rarity = |having: &u32| (1.0 + ((1 + n_texts) as f64 / (1.0 + f64::from(*having))).ln()) as f32;
        let rarity = n_having.iter().map(rarity).collect();
        (Self { options: options.clone(), numbers, rarity }, renumbered)
    }
}

/// The numbers of features after rare ones were left out; `None` where none was.
struct Renumbered(Option<Vec<Option<u32>>>);

impl Renumbered {
    /// Removes the features that fewer texts have.
    fn without(n_having: &mut Vec<u32>, min_texts: u32) -> Self {
        if min_texts <= 1 {
            return Self(None);
        }
        let mut next = 0;
        let new = n_having.iter().map(|having| {
            next += u32::from(*having >= min_texts);
            (*having >= min_texts).then(|| next - 1)
        });
        let new = new.collect();
        n_having.retain(|having| *having >= min_texts);
        Self(Some(new))
    }

    fn of(&self, number: u32) -> Option<u32> {
        self.0.as_ref().map_or(Some(number), |new| new[number as usize])
    }
}

/// Brings a list of weights to length 1.
fn to_length_one(entries: &mut [(u32, f32)]) {
    let square: f64 = entries.iter().map(|(_, weight)| f64::from(*weight).powi(2)).sum();
    if square > 0.0 {
        let factor = 1.0 / square.sqrt();
        for (_, weight) in entries {
            *weight = (f64::from(*weight) * factor) as f32;
        }
    }
}

/// Each piece once, with its count. The pieces are sorted.
fn counted(pieces: &mut [u64], mut each: impl FnMut(u64, u32)) {
    pieces.sort_unstable();
    for same in pieces.chunk_by(|a, b| a == b) {
        each(same[0], same.len() as u32);
    }
}

/// Keys that are hashes already.
#[derive(Debug, Clone, Copy, Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = crate::random::mix(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}
