//! Samples that go where errors are expected, with probabilities that are known.
//!
//! In: how large the error of each item's label is expected to be. Out: a sample.
//!
//! Not here: the expected errors themselves (`calibrate.rs`).

use super::{Drawn, SampleError};
use crate::random::SplitMix64;

/// How items are drawn that have unequal probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// Each item by itself: the size of the sample varies around `n`. Items join independently, as a stream needs it.
    Poisson,
    /// By equal steps through the items in random order: `n` items in all.
    Systematic,
}

/// Draws about `n` items with probabilities that grow with the error expected of their labels.
///
/// `expected[i]` is the expected size of the error of item i's label, 0 or more: for labels that are right or wrong
/// `sqrt(P(wrong))`, or any guess; a guess that is bad makes estimates vary more, never wrong. A share `uniform`
/// of the sample is spread over all items alike: the probability is `(1 - uniform) × active + uniform × n / n_items`, where `active`
/// is proportional to `expected` but at most 1. So no probability is 0, and weights stay below `n_items / (uniform × n)`; 0.2 to 0.5
/// is usual. Where all that is expected is 0, all items are alike. In ascending order of the items.
///
/// Such a sample serves estimates that are weighted by it ([`weighted_mean`](crate::estimate::weighted_mean)). It
/// serves no promise. T. Zrnic, E. Candès, "Active Statistical Inference", 2024.
///
/// # Errors
/// More items than there are, a share outside (0, 1], or an expected error below 0 or not finite.
///
/// ```
/// use karat_stats::sample::{Draw, active};
/// let expected = [0.0, 0.0, 0.0, 1.0, 1.0];
/// let drawn = active(&expected, 2, 0.25, Draw::Systematic, 7).unwrap();
/// assert_eq!(drawn.len(), 2);
/// assert!(drawn.iter().all(|it| it.probability == if it.item < 3 { 0.1 } else { 0.85 }));
/// ```
pub fn active(
    expected: &[f64],
    n: usize,
    uniform: f64,
    draw: Draw,
    seed: u64,
) -> Result<Vec<Drawn>, SampleError> {
    let n_items = expected.len();
    if n > n_items {
        return Err(SampleError::TooMany { n, n_items });
    }
    if !(uniform > 0.0 && uniform <= 1.0) {
        return Err(SampleError::BadNumber { what: "the uniform share", got: uniform });
    }
    if let Some(got) = expected.iter().find(|it| !(it.is_finite() && **it >= 0.0)) {
        return Err(SampleError::BadNumber { what: "an expected error", got: *got });
    }
    let everywhere = n as f64 / n_items.max(1) as f64;
    let probabilities: Vec<f64> = proportional(expected, n as f64)
        .into_iter()
        .map(|active| ((1.0 - uniform) * active + uniform * everywhere).min(1.0))
        .collect();
    let mut random = SplitMix64::new(seed);
    let mut items: Vec<usize> = match draw {
        Draw::Poisson => (0..n_items).filter(|item| random.unit() < probabilities[*item]).collect(),
        Draw::Systematic => systematic(&probabilities, &mut random),
    };
    items.sort_unstable();
    let drawn = |item: usize| Drawn { item, probability: probabilities[item], stratum: 0 };
    Ok(items.into_iter().map(drawn).collect())
}

/// Probabilities proportional to `sizes` with the sum `n`, those above 1 set to 1.
fn proportional(sizes: &[f64], n: f64) -> Vec<f64> {
    // From the largest on: an item is sure to be drawn where its part of what is left is 1 or more.
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_unstable_by(|a, b| sizes[*b].total_cmp(&sizes[*a]));
    let mut sums_from = vec![0.0; sizes.len() + 1];
    for at in (0..order.len()).rev() {
        sums_from[at] = sums_from[at + 1] + sizes[order[at]];
    }
    let mut probabilities = vec![0.0; sizes.len()];
    for (at, item) in order.iter().enumerate() {
        let left = (n - at as f64).max(0.0);
        if sums_from[at] > 0.0 && sizes[*item] * left < sums_from[at] {
            let scale = left / sums_from[at];
            order[at..].iter().for_each(|item| probabilities[*item] = sizes[*item] * scale);
            break;
        }
        if sums_from[at] <= 0.0 {
            // Nothing is expected of the rest: they are alike.
            let alike = left / (sizes.len() - at) as f64;
            order[at..].iter().for_each(|item| probabilities[*item] = alike);
            break;
        }
        probabilities[*item] = 1.0;
    }
    probabilities
}

/// One random start and equal steps along the sum of the probabilities, in random order of the items.
fn systematic(probabilities: &[f64], random: &mut SplitMix64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    random.shuffle(&mut order);
    // Rounding must not cost an item: the sum is taken to be a whole number where it nearly is.
    let total: f64 = order.iter().map(|item| probabilities[*item]).sum();
    let scale = if (total - total.round()).abs() < 1e-6 && total > 0.5 { total.round() / total } else { 1.0 };
    let mut next = random.unit();
    let mut sum = 0.0;
    let mut items = Vec::new();
    for item in order {
        sum += probabilities[item] * scale;
        if sum > next {
            items.push(item);
            next += 1.0;
        }
    }
    items
}
