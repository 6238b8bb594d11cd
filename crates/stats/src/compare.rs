//! Whether one annotator is better than another on the same items.
//!
//! In: for each item, whether the first and whether the second was right. Out: the difference of the
//! accuracies with an interval, and an exact test of whether chance explains it.
//!
//! For labels with precision and recall: the difference of F1. For many comparisons: adjusted p values. For planning and
//! stopping: how many items are needed, and evidence that may be looked at after every item.
//!
//! Not here: annotators on different items.

mod f1;
mod many;
mod means;
mod power;

pub use f1::{F1Comparison, LabelPair, compare_f1};
pub use many::holm;
pub use means::{MeanComparison, compare_means};
pub use power::{evidence, items_needed};

use crate::bootstrap::{IntervalOptions, bootstrap_grouped};
use crate::interval::{Estimate, Interval, wilson_of_share};
use crate::special::fair_coin_at_most;

/// How two annotators did on the same items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairedCounts {
    /// Items that both got right.
    pub both_right: u64,
    /// Items that only the first got right.
    pub only_first: u64,
    /// Items that only the second got right.
    pub only_second: u64,
    /// Items that neither got right.
    pub both_wrong: u64,
}

impl PairedCounts {
    /// Counts items given as (first is right, second is right). A failure is not right.
    ///
    /// ```
    /// let counts = karat_stats::PairedCounts::of([(true, true), (true, false), (true, false)]);
    /// assert_eq!((counts.both_right, counts.only_first, counts.n_items()), (1, 2, 3));
    /// ```
    pub fn of(items: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self::default();
        for item in items {
            match item {
                (true, true) => counts.both_right += 1,
                (true, false) => counts.only_first += 1,
                (false, true) => counts.only_second += 1,
                (false, false) => counts.both_wrong += 1,
            }
        }
        counts
    }

    /// The number of items.
    ///
    /// ```
    /// let counts = karat_stats::PairedCounts { both_right: 7, only_second: 2, ..Default::default() };
    /// assert_eq!(counts.n_items(), 9);
    /// ```
    pub fn n_items(&self) -> u64 {
        self.both_right + self.only_first + self.only_second + self.both_wrong
    }
}

/// The result of [`compare_paired`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// What was compared.
    pub counts: PairedCounts,
    /// Accuracy of the first minus accuracy of the second, in [-1, 1]; its `n` is the number of items.
    pub difference: Estimate,
    /// The two-sided p value of [`mcnemar_exact`].
    pub p_value: f64,
}

/// Compares two annotators on the same items: difference of accuracies and exact McNemar test.
///
/// The interval is a percentile bootstrap over items, which keeps the two answers to an item together. Where
/// the annotators never differ the resamples have no width; the interval is then what `n` items without a
/// difference still allow: `±` the upper Wilson bound of 0 in `n`. `None` where there are no items.
///
/// ```
/// use karat_stats::{IntervalOptions, Level, PairedCounts, compare_paired};
/// let counts = PairedCounts { both_right: 60, only_first: 15, only_second: 5, both_wrong: 20 };
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let comparison = compare_paired(counts, &options).unwrap();
/// assert!((comparison.difference.value - 0.10).abs() < 1e-12);
/// assert!((comparison.p_value - 0.04138946533203125).abs() < 1e-12);
/// ```
pub fn compare_paired(counts: PairedCounts, options: &IntervalOptions) -> Option<Comparison> {
    let n = counts.n_items();
    if n == 0 {
        return None;
    }
    let difference = |first: u64, second: u64| (first as f64 - second as f64) / n as f64;
    let value = difference(counts.only_first, counts.only_second);
    let groups = [counts.only_first, counts.only_second, counts.both_right + counts.both_wrong];
    let resampled =
        bootstrap_grouped(&groups, 1, |drawn, out| out[0] = Some(difference(drawn[0], drawn[1])), options);
    let interval = match resampled[0] {
        Some(interval) if interval.has_width() => interval.widened_to(value),
        _ => without_variation(value, n, options),
    };
    let p_value = mcnemar_exact(counts.only_first, counts.only_second);
    Some(Comparison { counts, difference: Estimate { value, interval, n }, p_value })
}

/// The exact McNemar test: the two-sided p value for `only_first` and `only_second`, the items on which
/// exactly one of two annotators is right.
///
/// If both are equally good, each such item is the toss of a fair coin: `p = 2 P(X <= min)` with `X ~
/// Binomial(sum, ½)`, at most 1. Without such items nothing speaks for a difference and p is 1. A large p
/// value does not show that the two are equally good. Q. McNemar, "Note on the Sampling Error of the
/// Difference between Correlated Proportions or Percentages", 1947.
///
/// ```
/// assert!((karat_stats::mcnemar_exact(1, 9) - 22.0 / 1024.0).abs() < 1e-15);
/// assert_eq!(karat_stats::mcnemar_exact(4, 4), 1.0);
/// ```
pub fn mcnemar_exact(only_first: u64, only_second: u64) -> f64 {
    (2.0 * fair_coin_at_most(only_first.min(only_second), only_first + only_second)).min(1.0)
}

/// The interval where no resample differs: all items on one side, so the share of the items on another side
/// is 0 of n.
fn without_variation(value: f64, n: u64, options: &IntervalOptions) -> Interval {
    let unseen = wilson_of_share(0.0, n, options.level).high;
    Interval { low: (value - unseen).max(-1.0), high: (value + unseen).min(1.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    use super::{PairedCounts, compare_paired, mcnemar_exact};
    use crate::bootstrap::IntervalOptions;
    use crate::interval::Level;

    const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 1 };

    #[test]
    fn no_items_have_no_comparison() {
        assert_eq!(compare_paired(PairedCounts::default(), &OPTIONS), None);
    }

    #[test]
    fn annotators_that_never_differ_still_have_an_interval() {
        let counts = PairedCounts { both_right: 20, ..PairedCounts::default() };
        let difference = compare_paired(counts, &OPTIONS).unwrap().difference;
        assert_eq!(difference.value, 0.0);
        assert!(difference.interval.low < -0.1 && difference.interval.high > 0.1, "{difference:?}");
    }

    #[test]
    fn an_annotator_who_is_always_right_alone_cannot_exceed_one() {
        let counts = PairedCounts { only_first: 4, ..PairedCounts::default() };
        let comparison = compare_paired(counts, &OPTIONS).unwrap();
        assert_eq!((comparison.difference.value, comparison.difference.interval.high), (1.0, 1.0));
        assert_eq!(comparison.p_value, 0.125);
    }

    #[test]
    fn the_interval_of_many_items_is_that_of_the_normal_approximation() {
        let counts = PairedCounts { both_right: 6_000, only_first: 900, only_second: 600, both_wrong: 2_500 };
        let options = IntervalOptions { n_resamples: 4_000, ..OPTIONS };
        let difference = compare_paired(counts, &options).unwrap().difference;
        let half = 1.959_963_984_540_054 * ((0.15 - 0.03_f64.powi(2)) / 10_000.0).sqrt();
        assert!((difference.interval.low - (0.03 - half)).abs() < 6e-4, "{difference:?}");
        assert!((difference.interval.high - (0.03 + half)).abs() < 6e-4, "{difference:?}");
    }

    #[test]
    fn a_million_differences_still_have_a_p_value() {
        assert!(mcnemar_exact(500_000, 501_000) > 0.3);
        assert!(mcnemar_exact(400_000, 600_000) < 1e-300);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..Default::default() })]

        #[test]
        fn swapping_the_annotators_mirrors_the_difference(
            first in 0_u64..40, second in 0_u64..40, same in 1_u64..40,
        ) {
            let counts =
                |a, b| PairedCounts { both_right: same, only_first: a, only_second: b, both_wrong: 3 };
            let one = compare_paired(counts(first, second), &OPTIONS).unwrap();
            let other = compare_paired(counts(second, first), &OPTIONS).unwrap();
            prop_assert!((one.difference.value + other.difference.value).abs() < 1e-12);
            prop_assert!(one.p_value == other.p_value && (0.0..=1.0).contains(&one.p_value));
            prop_assert!(one.difference.interval.contains(one.difference.value));
            prop_assert!(one.difference.interval.low >= -1.0 && one.difference.interval.high <= 1.0);
        }
    }
}
