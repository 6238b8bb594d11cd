//! A ranking: strengths with their covariance, and what follows from them.
//!
//! In: the strengths that a model found and its inverse Hessian. Out: [`Ranking`], differences, the next pairs to ask.
//!
//! Not here: finding them (`bradley_terry.rs`, `noisy.rs`, `plackett_luce.rs`).

use super::{RankingRemark, sigmoid};
use crate::interval::{Interval, Level};
use crate::special::normal_quantile;

/// The strength of an item, in natural log odds against an item of mean strength.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strength {
    /// The strength; the mean of all items is 0.
    pub value: f64,
    /// Its standard error, of the item against the mean of all.
    pub standard_error: f64,
    /// Where the strength lies, at the level that was asked for.
    pub interval: Interval,
    /// The comparisons, or the places in orders, that the item was in.
    pub n: u64,
}

/// How much stronger one item is than another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// In natural log odds; above 0 where the first is stronger.
    pub value: f64,
    /// Its standard error: smaller than the two items' own would suggest where they were compared with each other.
    pub standard_error: f64,
    /// Where the difference lies. Where it holds 0, the order of the two is not settled.
    pub interval: Interval,
    /// The probability that the first is preferred, if there is no tie and the position plays no part.
    pub win_probability: f64,
}

/// A pair worth asking about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NextPair {
    /// The item with the lower number. Which to present first is the caller's: each in turn.
    pub a: u32,
    /// The item with the higher number.
    pub b: u32,
    /// The variance of the difference times p (1 - p), with p the probability that a is preferred: what an answer is
    /// expected to teach. Only its order means anything.
    pub worth: f64,
}

/// Items on one scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The strength of each item, by its number.
    pub strengths: Vec<Strength>,
    /// Row-major, of the centered strengths.
    covariance: Vec<f64>,
    level: Level,
    /// The rounds it took.
    pub n_rounds: u32,
    /// What the comparisons cannot bear.
    pub remarks: Vec<RankingRemark>,
}

/// Strengths nearer than this are equal: rounding settles no order.
const EQUAL: f64 = 1e-9;

impl Ranking {
    /// Centers strengths and their covariance: `covariance` is row-major with rows of `width` or more entries.
    pub(super) fn new(values: &[f64], covariance: &[f64], width: usize, level: Level) -> Self {
        let n = values.len();
        let covariance = centered(covariance, n, width);
        let mean = values.iter().sum::<f64>() / n as f64;
        let strengths = values.iter().enumerate().map(|(idx, value)| {
            let standard_error = covariance[idx * n + idx].max(0.0).sqrt();
            let value = value - mean;
            Strength { value, standard_error, interval: normal_interval(value, standard_error, level), n: 0 }
        });
        let strengths = strengths.collect();
        Self { strengths, covariance, level, n_rounds: 0, remarks: Vec::new() }
    }

    /// The items from the strongest to the weakest; items of equal strength share a place, in ascending order.
    ///
    /// An order says nothing of how far it is settled: see [`Ranking::difference`].
    pub fn order(&self) -> Vec<Vec<u32>> {
        let mut items: Vec<u32> = (0..self.strengths.len() as u32).collect();
        let value = |item: u32| self.strengths[item as usize].value;
        items.sort_by(|a, b| value(*b).total_cmp(&value(*a)).then(a.cmp(b)));
        let mut places: Vec<Vec<u32>> = Vec::new();
        for item in items {
            match places.last_mut() {
                Some(place) if value(place[0]) - value(item) < EQUAL => place.push(item),
                _ => places.push(vec![item]),
            }
        }
        places.iter_mut().for_each(|place| place.sort_unstable());
        places
    }

    /// How much stronger item `a` is than item `b`; `None` where one of them does not exist, or both are one.
    pub fn difference(&self, a: u32, b: u32) -> Option<Difference> {
        let value = self.strengths.get(a as usize)?.value - self.strengths.get(b as usize)?.value;
        let standard_error = (a != b).then(|| self.variance(a as usize, b as usize).sqrt())?;
        let interval = normal_interval(value, standard_error, self.level);
        Some(Difference { value, standard_error, interval, win_probability: sigmoid(value) })
    }

    /// The pairs whose answer is expected to teach most, best first, at most `n`: uncertain in their difference, and
    /// close, for the outcome of an uneven pair is known beforehand.
    ///
    /// Asking only the best pair again and again looks at few items: ask several, in both orders. Pairs of equal worth
    /// come in the order of their numbers.
    pub fn next_pairs(&self, n: usize) -> Vec<NextPair> {
        let n_items = self.strengths.len();
        let mut pairs = Vec::with_capacity(n_items * n_items.saturating_sub(1) / 2);
        for a in 0..n_items {
            for b in a + 1..n_items {
                let p = sigmoid(self.strengths[a].value - self.strengths[b].value);
                let worth = self.variance(a, b) * p * (1.0 - p);
                pairs.push(NextPair { a: a as u32, b: b as u32, worth });
            }
        }
        pairs.sort_by(|one, other| {
            other.worth.total_cmp(&one.worth).then((one.a, one.b).cmp(&(other.a, other.b)))
        });
        pairs.truncate(n);
        pairs
    }

    fn variance(&self, a: usize, b: usize) -> f64 {
        let at = |row: usize, column: usize| self.covariance[row * self.strengths.len() + column];
        (at(a, a) + at(b, b) - 2.0 * at(a, b)).max(0.0)
    }
}

/// The covariance of the strengths less their mean.
fn centered(covariance: &[f64], n: usize, width: usize) -> Vec<f64> {
    let row_means: Vec<f64> =
        (0..n).map(|row| covariance[row * width..row * width + n].iter().sum::<f64>() / n as f64).collect();
    let mean = row_means.iter().sum::<f64>() / n as f64;
    let mut result = vec![0.0; n * n];
    for row in 0..n {
        for column in 0..n {
            result[row * n + column] =
                covariance[row * width + column] - row_means[row] - row_means[column] + mean;
        }
    }
    result
}

pub(super) fn normal_interval(value: f64, standard_error: f64, level: Level) -> Interval {
    let half = normal_quantile(0.5 + level.get() / 2.0) * standard_error;
    Interval { low: value - half, high: value + half }
}
