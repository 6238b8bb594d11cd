//! Labels, texts and vectors that are drawn, for numbers that no set has.
//!
//! In: how many, a seed. Out: the same for the same seed. Not here: what is searched in them.

use super::Row;

/// SplitMix64, as the crate has it for its own draws.
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// Below `n`; the bias of the remainder does not matter here.
    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.word() % n.max(1) as u64) as usize
    }
}

/// A word of two to four syllables; the first words of a language are drawn more often (Zipf).
fn words() -> Vec<String> {
    let (heads, tails) = (
        ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v"],
        ["a", "e", "i", "o", "u", "an", "el", "or"],
    );
    let mut draw = Draw(1);
    let syllable = |draw: &mut Draw| format!("{}{}", heads[draw.below(13)], tails[draw.below(8)]);
    (0..5_000).map(|_| (0..2 + draw.below(3)).map(|_| syllable(&mut draw)).collect::<String>()).collect()
}

fn one<'a>(words: &'a [String], draw: &mut Draw) -> &'a str {
    // e to a uniform number is as Zipf's law has it.
    let share = draw.below(1 << 20) as f64 / f64::from(1 << 20);
    let place = ((words.len() as f64).ln() * share).exp() as usize;
    &words[place.min(words.len() - 1)]
}

/// Names of labels, and queries with the number of the label that each is about.
pub(crate) fn labels(n: usize, n_queries: usize, seed: u64) -> (Vec<String>, Vec<(String, usize)>) {
    let words = words();
    let mut draw = Draw(seed);
    let labels: Vec<[&str; 3]> = (0..n).map(|_| std::array::from_fn(|_| one(&words, &mut draw))).collect();
    let queries = (0..n_queries).map(|_| {
        let doc = draw.below(n);
        let mut text: Vec<String> = (0..8).map(|_| one(&words, &mut draw).to_owned()).collect();
        let first = draw.below(3);
        text.insert(draw.below(8), labels[doc][first].to_owned());
        text.insert(draw.below(8), format!("{}ing", labels[doc][(first + 1) % 3]));
        (text.join(" "), doc)
    });
    let queries = queries.collect();
    (labels.iter().map(|label| label.join("_")).collect(), queries)
}

/// Texts of the first half of one row and the second half of another.
pub(super) fn halves(rows: &[Row], n: usize, seed: u64) -> Vec<String> {
    let mut draw = Draw(seed);
    let split: Vec<Vec<&str>> = rows.iter().map(|row| row.text.split_whitespace().collect()).collect();
    let mut text = || {
        let (a, b) = (&split[draw.below(split.len())], &split[draw.below(split.len())]);
        let half: Vec<&str> = a[..a.len() / 2].iter().chain(&b[b.len() / 2..]).copied().collect();
        half.join(" ")
    };
    (0..n).map(|_| text()).collect()
}

/// Vectors that point anywhere.
pub(super) fn vectors(n: usize, width: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut draw = Draw(seed);
    let mut number = || (draw.below(2_001) as f32) / 1_000.0 - 1.0;
    (0..n).map(|_| (0..width).map(|_| number()).collect()).collect()
}
