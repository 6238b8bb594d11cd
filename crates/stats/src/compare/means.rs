//! Whether the mean of one annotator is higher than that of another on the same items, where answers can be right in part.
//!
//! In: for each item how good both were. Out: [`MeanComparison`].
//!
//! Not here: right or wrong alone, for which McNemar's test is exact.

use crate::bootstrap::{IntervalOptions, bootstrap};
use crate::interval::{Estimate, Interval};
use crate::random::SplitMix64;

/// How two annotators differ on the same items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanComparison {
    /// The mean of the first.
    pub first: f64,
    /// The mean of the second.
    pub second: f64,
    /// The first minus the second, with a bootstrap interval over the items.
    pub difference: Estimate,
    /// The two-sided p value of the sign-flip test.
    pub p_value: f64,
    /// Items on which the first is higher.
    pub first_higher: u64,
    /// Items on which the second is higher.
    pub second_higher: u64,
}

/// Compares the means of (first, second) over the items; `None` without items.
///
/// If neither is better, the sign of each item's difference is the toss of a coin: the p value is how often tossed signs
/// give a mean difference at least as large, over `n_resamples` tosses and the observed one, so it is never below
/// 1 / (n_resamples + 1). R. A. Fisher, "The Design of Experiments", 1935.
///
/// ```
/// use karat_stats::{IntervalOptions, Level, compare_means};
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let pairs: Vec<(f64, f64)> = (0..40).map(|n| (0.9, 0.5 + 0.01 * f64::from(n % 7))).collect();
/// let found = compare_means(&pairs, &options).unwrap();
/// assert!(found.difference.interval.low > 0.3 && found.p_value < 0.01);
/// assert_eq!(found.first_higher, 40);
/// ```
pub fn compare_means(pairs: &[(f64, f64)], options: &IntervalOptions) -> Option<MeanComparison> {
    let n = pairs.len();
    if n == 0 {
        return None;
    }
    let mut differences: Vec<f64> = pairs.iter().map(|(first, second)| first - second).collect();
    differences.sort_unstable_by(f64::total_cmp);
    let mean = |sum: f64| sum / n as f64;
    let value = mean(differences.iter().sum());
    let of_drawn = |drawn: &[usize]| Some(mean(drawn.iter().map(|idx| differences[*idx]).sum()));
    let interval = bootstrap(n, of_drawn, options).unwrap_or(Interval { low: value, high: value });
    let higher = |sign: f64| differences.iter().filter(|it| **it * sign > 0.0).count() as u64;
    Some(MeanComparison {
        first: mean(pairs.iter().map(|it| it.0).sum()),
        second: mean(pairs.iter().map(|it| it.1).sum()),
        difference: Estimate { value, interval: interval.widened_to(value), n: n as u64 },
        p_value: sign_flips(&differences, options),
        first_higher: higher(1.0),
        second_higher: higher(-1.0),
    })
}

fn sign_flips(differences: &[f64], options: &IntervalOptions) -> f64 {
    let observed = differences.iter().sum::<f64>().abs();
    // Rounding makes no difference smaller than the one that was observed.
    let least = observed * (1.0 - 1e-9);
    let mut random = SplitMix64::new(options.seed);
    let mut n_as_large = 1_u64;
    for _ in 0..options.n_resamples {
        let mut sum = 0.0;
        for of_word in differences.chunks(64) {
            let mut word = random.next_word();
            for difference in of_word {
                sum += if word & 1 == 1 { *difference } else { -*difference };
                word >>= 1;
            }
        }
        n_as_large += u64::from(sum.abs() >= least);
    }
    n_as_large as f64 / f64::from(options.n_resamples + 1)
}

#[cfg(test)]
mod tests {
    use super::compare_means;
    use crate::bootstrap::IntervalOptions;
    use crate::interval::Level;

    const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 2_000, seed: 5 };

    #[test]
    fn no_items_have_no_comparison_and_equals_have_no_difference() {
        assert_eq!(compare_means(&[], &OPTIONS), None);
        let same = compare_means(&[(0.4, 0.4), (0.9, 0.9)], &OPTIONS).unwrap();
        assert_eq!((same.difference.value, same.p_value, same.first_higher), (0.0, 1.0, 0));
    }

    /// All 256 signs of eight equal differences: two of them are as large as the observed one.
    #[test]
    fn the_p_value_is_near_that_of_all_signs() {
        let pairs = [(1.0, 0.0); 8];
        let p = compare_means(&pairs, &OPTIONS).unwrap().p_value;
        assert!((p - 2.0 / 256.0).abs() < 0.005, "{p}");
    }

    #[test]
    fn swapping_the_annotators_mirrors_the_difference() {
        let pairs = [(0.1, 0.4), (0.9, 0.3), (0.5, 0.5), (1.0, 0.2)];
        let swapped = pairs.map(|(a, b)| (b, a));
        let (one, other) =
            (compare_means(&pairs, &OPTIONS).unwrap(), compare_means(&swapped, &OPTIONS).unwrap());
        assert!((one.difference.value + other.difference.value).abs() < 1e-12);
        assert_eq!((one.first_higher, one.second_higher), (other.second_higher, other.first_higher));
    }
}
