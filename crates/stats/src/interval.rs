//! How far a number can be trusted: an estimate with its `n` and its interval.
//!
//! In: successes and trials. Out: [`Interval`], [`Estimate`], the Wilson score interval of a share.
//!
//! Not here: intervals of statistics that are no shares (`bootstrap.rs`).

use crate::special::normal_quantile;

/// A closed range that covers the true value with a known probability, its [`Level`]. Invariant: `low <=
/// high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies inside, ends included.
    ///
    /// ```
    /// let interval = karat_stats::Interval { low: 0.2, high: 0.4 };
    /// assert!(interval.contains(0.2) && !interval.contains(0.5));
    /// ```
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether the ends differ: resamples that never vary tell nothing.
    pub(crate) fn has_width(self) -> bool {
        self.low < self.high
    }

    /// The smallest interval that also holds `value`: a skewed statistic can leave its resamples'
    /// percentiles.
    pub(crate) fn widened_to(self, value: f64) -> Self {
        Self { low: self.low.min(value), high: self.high.max(value) }
    }
}

/// A number with what is needed to judge it. Where the number is undefined there is no estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The number itself.
    pub value: f64,
    /// Where the true value lies, at the level that was asked for; it always contains `value`.
    pub interval: Interval,
    /// How many items, labels or spans the number stands on: the denominator of a share.
    pub n: u64,
}

impl Estimate {
    /// The share `k` of `n` with its Wilson interval; `None` where `n` is 0 or `k` exceeds it.
    ///
    /// ```
    /// use karat_stats::{Estimate, Level};
    /// let accuracy = Estimate::share(8, 10, Level::P95).unwrap();
    /// assert_eq!((accuracy.value, accuracy.n), (0.8, 10));
    /// assert!(Estimate::share(0, 0, Level::P95).is_none());
    /// ```
    pub fn share(k: u64, n: u64, level: Level) -> Option<Self> {
        wilson(k, n, level).map(|interval| Self { value: k as f64 / n as f64, interval, n })
    }
}

/// The probability with which an interval covers the true value, strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level(f64);

impl Level {
    /// 95 %, the level of every number in a report unless it says otherwise.
    pub const P95: Self = Self(0.95);

    /// A level of one's own; `None` unless `0 < level < 1`.
    ///
    /// ```
    /// use karat_stats::Level;
    /// assert_eq!(Level::new(0.95), Some(Level::P95));
    /// assert_eq!(Level::new(95.0), None);
    /// ```
    pub fn new(level: f64) -> Option<Self> {
        (0.0 < level && level < 1.0).then_some(Self(level))
    }

    /// The probability itself.
    ///
    /// ```
    /// assert_eq!(karat_stats::Level::P95.get(), 0.95);
    /// ```
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The Wilson score interval of a share: `k` successes in `n` independent trials.
///
/// With `z` the normal quantile of the level and `p = k / n`: the center is `(p + z²/2n) / (1 + z²/n)`, the
/// half width `z √(p (1 - p) / n + z²/4n²) / (1 + z²/n)`. It stays inside [0, 1] and is honest where the
/// textbook interval has no width: 10 of 10 gives [0.72, 1]. `None` where it is undefined: `n` is 0, or `k >
/// n`.
///
/// It assumes that the trials are independent: spans of one text or votes on one item are not. E. B. Wilson,
/// "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
///
/// ```
/// use karat_stats::{Level, wilson};
/// let interval = wilson(10, 10, Level::P95).unwrap();
/// assert!((interval.low - 0.7224672001371107).abs() < 1e-12);
/// assert_eq!(interval.high, 1.0);
/// ```
pub fn wilson(k: u64, n: u64, level: Level) -> Option<Interval> {
    (n > 0 && k <= n).then(|| wilson_of_share(k as f64 / n as f64, n, level))
}

/// The same for a mean in [0, 1] of `n` independent values: no wider spread is possible than that of zeros
/// and ones, so the interval is at least as wide as it must be.
pub(crate) fn wilson_of_share(share: f64, n: u64, level: Level) -> Interval {
    let z = normal_quantile(0.5 + level.get() / 2.0);
    let n = n as f64;
    let pull = z * z / n;
    let center = (share + pull / 2.0) / (1.0 + pull);
    let half = (z / (1.0 + pull)) * (share * (1.0 - share) / n + pull / (4.0 * n)).sqrt();
    // At the ends the formula gives exactly 0 or 1 but for rounding.
    let low = if share == 0.0 { 0.0 } else { (center - half).max(0.0) };
    let high = if share == 1.0 { 1.0 } else { (center + half).min(1.0) };
    Interval { low, high }.widened_to(share)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    use super::{Level, wilson};

    #[test]
    fn no_trials_or_too_many_successes_have_no_interval() {
        assert_eq!(wilson(0, 0, Level::P95), None);
        assert_eq!(wilson(3, 2, Level::P95), None);
    }

    #[test]
    fn a_level_outside_zero_to_one_is_refused() {
        for level in [0.0, 1.0, -0.5, 95.0, f64::NAN] {
            assert_eq!(Level::new(level), None, "{level}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_wilson_interval_contains_the_share_and_stays_in_range(n in 1_u64..5_000_000, part in 0.0..=1.0) {
            let k = (n as f64 * part) as u64;
            let interval = wilson(k, n, Level::P95).unwrap();
            prop_assert!(interval.contains(k as f64 / n as f64));
            prop_assert!(0.0 <= interval.low && interval.low < interval.high && interval.high <= 1.0);
        }

        #[test]
        fn successes_and_failures_mirror_each_other(n in 1_u64..10_000, part in 0.0..=1.0) {
            let k = (n as f64 * part) as u64;
            let (one, other) = (wilson(k, n, Level::P95).unwrap(), wilson(n - k, n, Level::P95).unwrap());
            prop_assert!((one.low - (1.0 - other.high)).abs() < 1e-12);
        }

        #[test]
        fn a_higher_level_is_wider(k in 0_u64..50, more in 1_u64..50) {
            let narrow = wilson(k, k + more, Level::P95).unwrap();
            let wide = wilson(k, k + more, Level::new(0.99).unwrap()).unwrap();
            prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
        }
    }
}
