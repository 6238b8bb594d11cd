//! How many more reviews would let something pass.
//!
//! In: the ranking that did not pass, the rule. Out: a number of reviews, or that none would do.
//!
//! Not here: promises. A few errors among few items say little of the rate behind them.

use super::Rule;
use super::bounds::zero_error_size;
use super::choose::{Ranking, Test, starts};

/// How likely the test should be to pass.
const WANTED: f64 = 0.8;

/// Beyond this many reviewed items in all, the answer is "none would do".
const MOST: u64 = 1_000_000;

/// The weight of the overall error rate in the estimate of a prefix, in items.
const WEIGHT: f64 = 4.0;

/// The fewest more reviewed items with which some start would pass with a probability of 0.8.
///
/// Sizes are tried upwards in steps of 5 %. At each, the prefixes hold the same shares of the reviewed items as now, and
/// each has as error rate its present one, drawn towards the rate of all reviewed items as if four more items of that
/// rate had been seen. The chance of a start is that of a binomial count to stay within what its test allows; losses
/// that are graded are taken for shares of wrong items, which asks for too much rather than too little. Without any
/// scored item nothing is known of errors, and the answer is what a faultless annotator would need.
pub(super) fn more_gold(ranking: &Ranking, rule: &Rule) -> Option<u64> {
    let n_now = ranking.n_gold as u64;
    let n_scored = ranking.n_scored();
    if n_scored == 0 {
        let fewest = Test::new(rule, 0).ok()?;
        return zero_error_size(rule.max_error, rule.delta / f64::from(fewest.n_starts()));
    }
    let overall = (ranking.n_wrong(n_scored) + 0.5) / (n_scored as f64 + 1.0);
    let prefixes: Vec<(f64, f64)> = ranking
        .prefixes()
        .into_iter()
        .map(|n| {
            let error = (ranking.n_wrong(n) + WEIGHT * overall) / (n as f64 + WEIGHT);
            (n as f64 / n_now as f64, error)
        })
        .collect();
    let mut n = n_now + 1;
    while n <= MOST {
        if passes(&prefixes, rule, n)? {
            return Some(n - n_now);
        }
        n = (n + 1).max((n as f64 * 1.05) as u64);
    }
    None
}

/// Whether some start passes with the wanted probability, at `n` reviewed items.
fn passes(prefixes: &[(f64, f64)], rule: &Rule, n: u64) -> Option<bool> {
    let test = Test::new(rule, n as usize).ok()?;
    let large: Vec<(u64, f64)> = prefixes
        .iter()
        .map(|(share, error)| ((share * n as f64) as u64, *error))
        .filter(|(size, _)| *size >= test.least)
        .collect();
    let starts = starts(large.len(), test.n_starts());
    Some(starts.map(|start| large[start]).any(|(size, error)| test.chance(size, error) >= WANTED))
}
