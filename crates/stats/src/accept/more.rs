//! How many more reviews would let something pass.
//!
//! In: the ranking that did not pass, the rule. Out: a number of reviews, or that none would do.
//!
//! Not here: promises. A few errors among few items say little of the rate behind them.

use super::Rule;
use super::bounds::zero_error_size;
use super::choose::{Ranking, Test, starts};
use crate::logistic::Logistic;

/// How likely the test should be to pass.
const WANTED: f64 = 0.8;

/// Beyond this many reviewed items in all, the answer is "none would do".
const MOST: u64 = 1_000_000;

/// The weight of the smooth curve in the estimate of a prefix, in items.
const WEIGHT: f64 = 20.0;

/// The fewest more reviewed items with which some start would pass with a probability of 0.8.
///
/// Sizes are tried upwards, in the end in steps of 5 %. At each, the prefixes hold the same shares of the reviewed items as now, and
/// each has as error rate its present one, drawn towards a smooth curve as if twenty more items had been seen on it; the
/// curve is a logistic regression of the loss on the rank, so a clean top of ten items is not taken for a faultless
/// annotator. The chance of a start is that of a binomial count to stay within what its test allows; losses that are
/// graded are taken for shares of wrong items, which asks for too much rather than too little. Without any scored item
/// nothing is known of errors, and the answer is what a faultless annotator would need.
pub(super) fn more_gold(ranking: &Ranking, rule: &Rule) -> Option<u64> {
    let n_now = ranking.n_gold as u64;
    if ranking.n_scored() == 0 {
        let fewest = Test::new(rule, 0).ok()?;
        return zero_error_size(rule.max_error, rule.delta / f64::from(fewest.n_starts()));
    }
    let sizes = ranking.prefixes();
    let estimate = |(n, smooth): (&usize, f64)| {
        let error = (ranking.n_wrong(*n) + WEIGHT * smooth) / (*n as f64 + WEIGHT);
        (*n as f64 / n_now as f64, error)
    };
    let prefixes: Vec<(f64, f64)> = sizes.iter().zip(smooth_errors(ranking, &sizes)).map(estimate).collect();
    let fits = |n: u64| n <= MOST && passes(&prefixes, rule, n);
    // Long steps until it passes, then short ones from the last long step that did not.
    let steps = |from: u64, by: f64| {
        std::iter::successors(Some(from), move |n| Some((n + 1).max((*n as f64 * by) as u64)))
    };
    let long = steps(n_now + 1, 1.5).take_while(|n| *n <= MOST);
    let (mut before, mut found) = (n_now + 1, None);
    for n in long {
        if fits(n) {
            found = Some(n);
            break;
        }
        before = n;
    }
    let found = found?;
    let n = steps(before, 1.05).take_while(|n| *n < found).find(|n| fits(*n)).unwrap_or(found);
    Some(n - n_now)
}

/// The mean loss of each prefix on the curve, which is fitted to the steps between the prefixes.
fn smooth_errors(ranking: &Ranking, sizes: &[usize]) -> Vec<f64> {
    let (mut ranks, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let mut before = 0;
    for n in sizes {
        let weight = (n - before) as f64;
        let loss = ((ranking.n_wrong(*n) - ranking.n_wrong(before)) / weight).clamp(0.0, 1.0);
        ranks.push((before + n) as f64 / 2.0 / ranking.n_scored() as f64);
        targets.extend([1.0 - loss, loss]);
        weights.push(weight);
        before = *n;
    }
    let curve = Logistic::fit(&ranks, &targets, &weights, 0.1);
    let mut sum = 0.0;
    let mean = |((rank, weight), n): ((&f64, &f64), &usize)| {
        sum += weight * curve.log_probabilities(&[*rank])[1].exp();
        sum / *n as f64
    };
    ranks.iter().zip(&weights).zip(sizes).map(mean).collect()
}

/// Whether some start passes with the wanted probability, at `n` reviewed items.
fn passes(prefixes: &[(f64, f64)], rule: &Rule, n: u64) -> bool {
    let Ok(test) = Test::new(rule, n as usize) else { return false };
    let large: Vec<(u64, f64)> = prefixes
        .iter()
        .map(|(share, error)| ((share * n as f64) as u64, *error))
        .filter(|(size, _)| *size >= test.least)
        .collect();
    // Where the error is above what is allowed, no number of reviews makes passing likely.
    starts(large.len(), test.n_starts())
        .map(|start| large[start])
        .any(|(size, error)| error < rule.max_error && test.chance(size, error) >= WANTED)
}
