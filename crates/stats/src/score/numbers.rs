//! How good numbers are: how far they are off, to which side, and whether they rise and fall with the gold.
//!
//! In: pairs of a gold number and the number that was given. Out: [`NumberScore`].
//!
//! Not here: items without an answer, which have no number and are told by the coverage.

use crate::bootstrap::{IntervalOptions, bootstrap};
use crate::interval::{Estimate, Interval};

/// How good numbers are. The first three are in the unit of the numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct NumberScore {
    /// The mean absolute error.
    pub mae: Option<Estimate>,
    /// The root of the mean squared error: a few large errors weigh more than in `mae`.
    pub rmse: Option<Estimate>,
    /// The mean of given minus gold: above 0 where the annotator gives too much.
    pub bias: Option<Estimate>,
    /// Pearson's correlation, in [-1, 1]: blind to a constant offset and factor. Undefined where gold or given is one number
    /// throughout.
    pub pearson: Option<Estimate>,
    /// Spearman's correlation, that of the ranks, ties sharing their mean rank.
    pub spearman: Option<Estimate>,
}

/// Scores pairs of (gold, given). Pairs that are not finite are left out; `None` everywhere without pairs.
///
/// The intervals are percentile bootstraps over the items. Correlations look good on any data whose items differ much:
/// read them beside the error. C. Spearman, "The Proof and Measurement of Association between Two Things", 1904.
///
/// ```
/// use karat_stats::{IntervalOptions, Level, score_numbers};
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let score = score_numbers(&[(1.0, 2.0), (2.0, 3.0), (3.0, 4.0), (9.0, 8.0)], &options);
/// assert_eq!(score.mae.unwrap().value, 1.0);
/// assert_eq!(score.bias.unwrap().value, 0.5);
/// assert_eq!(score.spearman.unwrap().value, 1.0);
/// ```
pub fn score_numbers(pairs: &[(f64, f64)], options: &IntervalOptions) -> NumberScore {
    let mut pairs: Vec<(f64, f64)> =
        pairs.iter().copied().filter(|(gold, given)| gold.is_finite() && given.is_finite()).collect();
    // In an order of their own, so that the order they came in changes no bit.
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let n = pairs.len() as u64;
    let estimate = |statistic: fn(&[(f64, f64)]) -> Option<f64>| {
        let value = statistic(&pairs)?;
        let mut drawn_pairs = Vec::with_capacity(pairs.len());
        let of_drawn = |drawn: &[usize]| {
            drawn_pairs.clear();
            drawn_pairs.extend(drawn.iter().map(|idx| pairs[*idx]));
            statistic(&drawn_pairs)
        };
        let interval = bootstrap(pairs.len(), of_drawn, options);
        let interval = interval.unwrap_or(Interval { low: value, high: value });
        Some(Estimate { value, interval: interval.widened_to(value), n })
    };
    NumberScore {
        mae: estimate(|of| mean(of, |(gold, given)| (given - gold).abs())),
        rmse: estimate(|of| mean(of, |(gold, given)| (given - gold).powi(2)).map(f64::sqrt)),
        bias: estimate(|of| mean(of, |(gold, given)| given - gold)),
        pearson: estimate(pearson),
        spearman: estimate(spearman),
    }
}

fn mean(pairs: &[(f64, f64)], of: impl Fn((f64, f64)) -> f64) -> Option<f64> {
    (!pairs.is_empty()).then(|| pairs.iter().map(|it| of(*it)).sum::<f64>() / pairs.len() as f64)
}

fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let (x, y) = (mean(pairs, |it| it.0)?, mean(pairs, |it| it.1)?);
    let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|it| of(it.0 - x, it.1 - y)).sum::<f64>();
    let spread = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    (spread > 0.0).then(|| (sum(&|a, b| a * b) / spread).clamp(-1.0, 1.0))
}

fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let (one, other) = (ranks(pairs, |it| it.0), ranks(pairs, |it| it.1));
    pearson(&one.into_iter().zip(other).collect::<Vec<_>>())
}

/// The rank of each number from 1, equal ones sharing the mean of theirs.
fn ranks(pairs: &[(f64, f64)], of: impl Fn(&(f64, f64)) -> f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by(|a, b| of(&pairs[*a]).total_cmp(&of(&pairs[*b])));
    let mut ranks = vec![0.0; pairs.len()];
    let mut first = 0;
    for same in order.chunk_by(|a, b| of(&pairs[*a]) == of(&pairs[*b])) {
        let rank = first as f64 + (same.len() as f64 + 1.0) / 2.0;
        same.iter().for_each(|idx| ranks[*idx] = rank);
        first += same.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::{NumberScore, score_numbers};
    use crate::bootstrap::IntervalOptions;
    use crate::interval::Level;

    const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 3 };

    /// `statistics.correlation` of the numbers, and of their ranks from 1 with ties sharing the mean.
    #[test]
    fn the_numbers_are_those_of_the_python_library() {
        let gold = [3.0, -0.5, 2.0, 7.0, 7.0, 1.0];
        let given = [2.5, 0.0, 2.0, 8.0, 6.0, 6.0];
        let pairs: Vec<(f64, f64)> = gold.into_iter().zip(given).collect();
        let score = score_numbers(&pairs, &OPTIONS);
        let check = |got: Option<crate::Estimate>, want: f64| {
            let got = got.unwrap();
            assert!((got.value - want).abs() < 1e-12, "{got:?} {want}");
            assert!(got.interval.contains(got.value) && got.n == 6);
        };
        check(score.mae, 8.0 / 6.0);
        check(score.rmse, 2.140_872_096_444_188);
        check(score.bias, 5.0 / 6.0);
        check(score.pearson, 0.754_898_169_567_780_2);
        check(score.spearman, 0.720_588_235_294_117_6);
    }

    #[test]
    fn without_pairs_nothing_is_defined_and_a_constant_has_no_correlation() {
        assert_eq!(score_numbers(&[], &OPTIONS), NumberScore::default());
        let score = score_numbers(&[(1.0, 5.0), (2.0, 5.0), (f64::NAN, 1.0)], &OPTIONS);
        assert_eq!((score.pearson, score.spearman), (None, None));
        assert_eq!(score.mae.map(|it| (it.value, it.n)), Some((3.5, 2)));
    }
}
