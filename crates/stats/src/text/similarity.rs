//! How alike two texts are.
//!
//! In: words by number. Out: GLEU, word errors, and the table of all pairs.
//!
//! Not here: what follows from it (`medoid.rs`).

use super::{TextError, check_length};

/// The longest run of words that GLEU compares.
const LONGEST: usize = 4;

/// GLEU of two texts: of all runs of one to four words, the share that both have, in the text that has more of them.
///
/// In [0, 1]: 1 is the same text, 0 is not one common word. The order of the two changes nothing. `None` where both are
/// empty. It knows no meaning: a good translation in other words scores 0. Y. Wu et al., "Google's Neural Machine
/// Translation System", 2016.
///
/// ```
/// use karat_stats::text::gleu;
/// assert_eq!(gleu(&[1, 2, 3], &[1, 2, 3]), Some(1.0));
/// assert_eq!(gleu(&[1, 2], &[1, 3]), Some(1.0 / 3.0)); // one word of two words and one pair
/// assert_eq!(gleu(&[], &[]), None);
/// ```
pub fn gleu(one: &[u32], other: &[u32]) -> Option<f64> {
    let most = n_runs(one.len().max(other.len()));
    if most == 0 {
        return None;
    }
    let common: usize = (1..=LONGEST).map(|length| n_common(one, other, length)).sum();
    Some(common as f64 / most as f64)
}

fn n_runs(n_words: usize) -> usize {
    (1..=LONGEST).map(|length| (n_words + 1).saturating_sub(length)).sum()
}

/// How many runs of a length both texts have, each as often as in the text that has it less often.
fn n_common(one: &[u32], other: &[u32], length: usize) -> usize {
    let sorted = |words: &[u32]| {
        let mut runs: Vec<[u32; LONGEST]> = Vec::with_capacity(words.len());
        for run in words.windows(length) {
            let mut padded = [0; LONGEST];
            padded[..length].copy_from_slice(run);
            runs.push(padded);
        }
        runs.sort_unstable();
        runs
    };
    let (one, other) = (sorted(one), sorted(other));
    let (mut a, mut b, mut n) = (0, 0, 0);
    while a < one.len() && b < other.len() {
        match one[a].cmp(&other[b]) {
            std::cmp::Ordering::Less => a += 1,
            std::cmp::Ordering::Greater => b += 1,
            std::cmp::Ordering::Equal => (a, b, n) = (a + 1, b + 1, n + 1),
        }
    }
    n
}

/// The least number of words that must be put in, left out or exchanged to make one text the other.
///
/// Divided by the number of words of the right text it is the word error rate, which can exceed 1. V. I. Levenshtein,
/// "Binary Codes Capable of Correcting Deletions, Insertions, and Reversals", 1966.
///
/// ```
/// assert_eq!(karat_stats::text::word_errors(&[1, 2, 3], &[1, 9, 3, 4]), 2);
/// ```
pub fn word_errors(one: &[u32], other: &[u32]) -> u64 {
    let mut row: Vec<u64> = (0..=other.len() as u64).collect();
    for (n_before, word) in (1..).zip(one) {
        let mut diagonal = row[0];
        row[0] = n_before;
        for (idx, there) in other.iter().enumerate() {
            let exchanged = diagonal + u64::from(word != there);
            diagonal = row[idx + 1];
            row[idx + 1] = exchanged.min(diagonal + 1).min(row[idx] + 1);
        }
    }
    row[other.len()]
}

/// How alike the answers to one item are, each with each.
#[derive(Debug, Clone, PartialEq)]
pub struct Similarity {
    n: usize,
    /// Row-major.
    values: Vec<f64>,
}

impl Similarity {
    /// A table of one's own: `values` is row-major, with `n` rows and columns, each value in [0, 1]. The diagonal is
    /// not read.
    ///
    /// ```
    /// use karat_stats::text::Similarity;
    /// assert!(Similarity::new(2, vec![1.0, 0.3, 0.3, 1.0]).is_ok());
    /// assert!(Similarity::new(2, vec![1.0, 30.0, 30.0, 1.0]).is_err());
    /// ```
    pub fn new(n: usize, values: Vec<f64>) -> Result<Self, TextError> {
        check_length("similarities", values.len(), n * n)?;
        match values.iter().find(|it| !(0.0..=1.0).contains(*it)) {
            Some(got) => Err(TextError::BadNumber { what: "a similarity, in [0, 1]", got: *got }),
            None => Ok(Self { n, values }),
        }
    }

    /// By GLEU; two empty answers are the same answer.
    ///
    /// ```
    /// let similarity = karat_stats::text::Similarity::by_gleu(&[&[1, 2], &[1, 3]]);
    /// assert_eq!(similarity.of(0, 1), 1.0 / 3.0);
    /// ```
    pub fn by_gleu(answers: &[&[u32]]) -> Self {
        let n = answers.len();
        let mut values = vec![1.0; n * n];
        for one in 0..n {
            for other in 0..one {
                let value = gleu(answers[one], answers[other]).unwrap_or(1.0);
                (values[one * n + other], values[other * n + one]) = (value, value);
            }
        }
        Self { n, values }
    }

    /// The number of answers.
    pub fn n_answers(&self) -> usize {
        self.n
    }

    /// How alike two answers are, by their places.
    pub fn of(&self, one: usize, other: usize) -> f64 {
        self.values[one * self.n + other]
    }
}
