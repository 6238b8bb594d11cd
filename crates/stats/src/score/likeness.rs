//! How good values are that can be right in part: numbers, orders, texts, fields.
//!
//! In: for each item how like the gold the answer is, from 0 to 1, or nothing where there is no answer. Out:
//! [`LikenessScore`].
//!
//! Not here: how like two values are, which each kind of value says by itself.

use crate::bootstrap::{IntervalOptions, bootstrap};
use crate::interval::{Estimate, wilson_of_share};

/// How like the gold the answers are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikenessScore {
    /// The mean over the items with an answer; `None` without any.
    pub mean: Option<Estimate>,
    /// The mean over all items, a missing answer counting 0; `None` without items.
    pub effective: Option<Estimate>,
    /// The share of the items with an answer.
    pub coverage: Option<Estimate>,
}

/// The mean likeness of answers to their gold: with an answer or not, `likeness` has one entry for each item.
///
/// Each likeness lies in [0, 1]; those outside are taken for the nearer end. It says how near the answers are, not how
/// many are right: give both.
///
/// ```
/// use karat_stats::{IntervalOptions, Level, score_likeness};
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let score = score_likeness(&[Some(1.0), Some(0.5), None], &options);
/// assert_eq!(score.mean.unwrap().value, 0.75);
/// assert_eq!(score.effective.unwrap().value, 0.5);
/// assert_eq!(score.coverage.unwrap().n, 3);
/// ```
pub fn score_likeness(likeness: &[Option<f64>], options: &IntervalOptions) -> LikenessScore {
    let answered: Vec<f64> = likeness.iter().copied().flatten().collect();
    let all: Vec<f64> = likeness.iter().map(|it| it.unwrap_or(0.0)).collect();
    LikenessScore {
        mean: mean_of_shares(&answered, options),
        effective: mean_of_shares(&all, options),
        coverage: Estimate::share(answered.len() as u64, all.len() as u64, options.level),
    }
}

/// The mean of values from 0 to 1 with its bootstrap interval over the items; `None` without values.
///
/// Where no resample differs the interval is Wilson's, so that five perfect answers promise little. The order of the
/// values changes nothing.
///
/// ```
/// use karat_stats::{IntervalOptions, Level, mean_of_shares};
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let mean = mean_of_shares(&[1.0; 5], &options).unwrap();
/// assert!(mean.value == 1.0 && mean.interval.low < 0.6);
/// assert_eq!(mean_of_shares(&[], &options), None);
/// ```
pub fn mean_of_shares(values: &[f64], options: &IntervalOptions) -> Option<Estimate> {
    let mut sorted: Vec<f64> = values.iter().map(|it| it.clamp(0.0, 1.0)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as u64;
    let value = sorted.iter().sum::<f64>() / n as f64;
    let mean = |drawn: &[usize]| Some(drawn.iter().map(|idx| sorted[*idx]).sum::<f64>() / n as f64);
    let resampled = bootstrap(sorted.len(), mean, options).filter(|it| it.has_width());
    (n > 0).then(|| {
        let interval = resampled.unwrap_or_else(|| wilson_of_share(value, n, options.level));
        Estimate { value, interval: interval.widened_to(value), n }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    use super::{mean_of_shares, score_likeness};
    use crate::bootstrap::IntervalOptions;
    use crate::interval::Level;

    const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 3 };

    #[test]
    fn no_items_have_no_score_and_no_answer_has_no_mean() {
        let none = score_likeness(&[], &OPTIONS);
        assert_eq!((none.mean, none.effective, none.coverage), (None, None, None));
        let failed = score_likeness(&[None, None], &OPTIONS);
        assert_eq!(failed.mean, None);
        assert_eq!(failed.effective.map(|it| (it.value, it.n)), Some((0.0, 2)));
    }

    #[test]
    fn a_rare_draw_beside_the_range_stays_inside() {
        assert_eq!(mean_of_shares(&[1.0 + 1e-12, -1e-12], &OPTIONS).map(|it| it.value), Some(0.5));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..Default::default() })]

        #[test]
        fn the_interval_holds_the_mean_and_the_order_changes_nothing(values in proptest::collection::vec(0.0..=1.0_f64, 1..40)) {
            let one = mean_of_shares(&values, &OPTIONS).unwrap();
            let mut turned = values.clone();
            turned.reverse();
            prop_assert!(one == mean_of_shares(&turned, &OPTIONS).unwrap());
            prop_assert!(one.interval.contains(one.value));
            prop_assert!(one.interval.low >= 0.0 && one.interval.high <= 1.0);
        }
    }
}
