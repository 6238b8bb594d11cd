//! Means and shares: prediction-powered inference.
//!
//! In: human labels and model labels of a sample, model labels of the other items. Out: a mean with its interval.
//!
//! A. Angelopoulos and others, "Prediction-Powered Inference", 2023; A. Angelopoulos, J. Duchi, T. Zrnic, "PPI++: Efficient
//! Prediction-Powered Inference", 2023.
//!
//! Not here: samples with unequal probabilities (`design.rs`), regressions (`regression.rs`).

use super::{Corrected, EstimateError, Tuning, check_finite, check_length, check_tuning};
use crate::Class;
use crate::interval::Level;
use crate::special::normal_quantile;

/// A mean, three ways.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanReport {
    /// From human labels alone. Its interval is the yardstick: show both, and use the one named before the labels came.
    pub classical: Corrected,
    /// From human labels and the model's: PPI++ with [`Tuning::Tuned`].
    pub corrected: Corrected,
    /// The mean of the model's labels over the other items, taken as if they were true: no estimate, a warning.
    pub model_only: f64,
    /// The weight of the model's labels, in [0, 1].
    pub lambda: f64,
    /// The correlation of human and model labels in the sample; `None` where one of them does not vary. Below 0.5 the model
    /// helps little.
    pub correlation: Option<f64>,
}

/// The mean of something over all items.
///
/// `human[i]` and `model[i]` are the number that a person and the model gave to sampled item i (0 and 1 for "is of the class"; the
/// model's may be a probability or a vote share); `model_pool` holds the model's numbers for the items that
/// were not sampled. With λ the weight of the model, the estimate is `λ mean(model_pool) + mean(human − λ model)`, and its
/// squared standard error `λ² Var(model_pool) / N + Var(human − λ model) / n`. It is unbiased however bad the model is; the
/// tuned λ is `Cov(human, model) / ((1 + n / N) Var(model))`, kept in [0, 1], and makes the variance about `1 − ρ² N / (n + N)`
/// times the classical one, ρ being the correlation. The numbers agree with ppi-python 0.2.3.
///
/// The sample must be simple and random. Variances divide by n, not n − 1, as the published software does; where the sample
/// is a large part of all items the interval is wider than it need be.
///
/// # Errors
/// Fewer than two human labels, no other items, lists of different lengths, or numbers that are not finite.
///
/// ```
/// use karat_stats::{Level, estimate::{Tuning, mean}};
/// let human = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0];
/// let model = [0.9, 0.2, 0.8, 0.9, 0.1, 0.3, 0.4, 0.2];
/// let report = mean(&human, &model, &[0.8; 500], Tuning::Tuned, Level::P95).unwrap();
/// assert!(report.corrected.value > 0.7 && report.lambda > 0.9);
/// assert!(report.corrected.half_width().unwrap() < report.classical.half_width().unwrap());
/// ```
pub fn mean(
    human: &[f64],
    model: &[f64],
    model_pool: &[f64],
    tuning: Tuning,
    level: Level,
) -> Result<MeanReport, EstimateError> {
    check_length("model labels of the sample", model.len(), human.len())?;
    if human.len() < 2 {
        return Err(EstimateError::TooFew { n: human.len() });
    }
    if model_pool.is_empty() {
        return Err(EstimateError::NoPool);
    }
    check_finite("a human label", human)?;
    check_finite("a model label", model)?;
    check_finite("a model label", model_pool)?;
    check_tuning(tuning)?;
    let (n, n_pool) = (human.len() as f64, model_pool.len() as f64);
    let of_human = Moments::of(human.iter().copied());
    let of_model = Moments::of(model.iter().copied());
    let of_pool = Moments::of(model_pool.iter().copied());
    let covariance =
        human.iter().zip(model).map(|(y, f)| (y - of_human.mean) * (f - of_model.mean)).sum::<f64>() / n;
    let lambda = match tuning {
        Tuning::Fixed(lambda) => lambda,
        Tuning::Tuned => {
            let all = Moments::of(model.iter().chain(model_pool).copied());
            let spread = (1.0 + n / n_pool) * all.variance * (n + n_pool) / (n + n_pool - 1.0);
            if spread > 0.0 { (covariance / spread).clamp(0.0, 1.0) } else { 0.0 }
        }
    };
    let rest = Moments::of(human.iter().zip(model).map(|(y, f)| y - lambda * f));
    let value = lambda * of_pool.mean + rest.mean;
    let variance = lambda * lambda * of_pool.variance / n_pool + rest.variance / n;
    let spread = (of_human.variance * of_model.variance).sqrt();
    Ok(MeanReport {
        classical: Corrected::new(of_human.mean, of_human.variance / n, human.len(), level),
        corrected: Corrected::new(value, variance, human.len(), level),
        model_only: of_pool.mean,
        lambda,
        correlation: (spread > 0.0).then(|| (covariance / spread).clamp(-1.0, 1.0)),
    })
}

/// Mean and variance; the variance divides by n.
struct Moments {
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let (sum, n) = numbers.clone().fold((0.0, 0.0), |(sum, n), it| (sum + it, n + 1.0));
        let mean = sum / n;
        Self { mean, variance: numbers.map(|it| (it - mean).powi(2)).sum::<f64>() / n }
    }
}

/// Human and model labels as classes and shares.
#[derive(Debug, Clone, Copy)]
pub struct ClassShares<'a> {
    /// How many classes there are.
    pub n_classes: usize,
    /// The class that a person gave to each sampled item.
    pub human: &'a [Class],
    /// The model's distribution for each sampled item, row by row: 0 and 1, vote shares, or probabilities.
    pub model: &'a [f64],
    /// The same for the items that were not sampled.
    pub model_pool: &'a [f64],
}

/// The share of each class among all items, one report a class; see [`mean`].
///
/// With [`Corrected::times`] a share becomes a number of items. The intervals hold class by class, not all at once. A class
/// that no sampled item has gets no classical interval.
///
/// # Errors
/// As [`mean`], and a class that is out of range.
///
/// ```
/// use karat_stats::{Class, Level, estimate::{ClassShares, Tuning, class_shares}};
/// let data = ClassShares {
///     n_classes: 2,
///     human: &[Class(0), Class(1), Class(1)],
///     model: &[1.0, 0.0, 0.0, 1.0, 1.0, 0.0],
///     model_pool: &[1.0, 0.0, 0.0, 1.0],
/// };
/// let shares = class_shares(&data, Tuning::Tuned, Level::P95).unwrap();
/// assert!((shares[0].corrected.value + shares[1].corrected.value - 1.0).abs() < 1e-12);
/// ```
pub fn class_shares(
    data: &ClassShares<'_>,
    tuning: Tuning,
    level: Level,
) -> Result<Vec<MeanReport>, EstimateError> {
    let k = data.n_classes;
    check_length("model labels of the sample", data.model.len(), data.human.len() * k)?;
    if let Some(class) = data.human.iter().find(|it| it.0 as usize >= k) {
        return Err(EstimateError::BadNumber { what: "a class", got: f64::from(class.0) });
    }
    if !data.model_pool.len().is_multiple_of(k.max(1)) {
        let want = data.model_pool.len().next_multiple_of(k.max(1));
        return Err(EstimateError::WrongLength { what: "model labels", got: data.model_pool.len(), want });
    }
    let column =
        |rows: &[f64], class: usize| -> Vec<f64> { rows.iter().skip(class).step_by(k).copied().collect() };
    (0..k)
        .map(|class| {
            let human: Vec<f64> =
                data.human.iter().map(|it| f64::from(u8::from(it.0 as usize == class))).collect();
            mean(&human, &column(data.model, class), &column(data.model_pool, class), tuning, level)
        })
        .collect()
}

/// How two groups of items differ: the first mean less the second, with the interval of the difference.
///
/// The groups must have no item in common. `None` in the error where one of them has none. Two intervals that overlap do
/// not show that groups are alike: look at this one.
/// ```
/// use karat_stats::{Level, estimate::{Tuning, difference, mean}};
/// let of = |human: &[f64]| mean(human, human, &[0.5; 100], Tuning::Tuned, Level::P95).unwrap();
/// let (first, second) = (of(&[1.0, 1.0, 0.0]), of(&[0.0, 1.0, 0.0]));
/// let found = difference(&first.classical, &second.classical, Level::P95);
/// assert!((found.value - 1.0 / 3.0).abs() < 1e-12 && found.interval.unwrap().contains(0.0));
/// ```
pub fn difference(first: &Corrected, second: &Corrected, level: Level) -> Corrected {
    let variance = first.error.zip(second.error).map(|(a, b)| a * a + b * b);
    let n = (first.n + second.n) as usize;
    Corrected::new(first.value - second.value, variance.unwrap_or(0.0), n, level)
}

/// A mean over strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StratifiedMean {
    /// From human labels alone.
    pub classical: Corrected,
    /// From human labels and the model's.
    pub corrected: Corrected,
    /// The mean of the model's labels, taken as if they were true: no estimate, a warning.
    pub model_only: f64,
    /// Strata whose human labels are all equal. They add nothing to the standard errors, which are too small by what
    /// cannot be seen there: draw more of them, or join them with others.
    pub n_without_spread: u64,
}

/// A stratum with its own sample.
#[derive(Debug, Clone, Copy)]
pub struct Stratum<'a> {
    /// The human labels of its sample.
    pub human: &'a [f64],
    /// The model's labels of the same items.
    pub model: &'a [f64],
    /// The model's labels of its other items.
    pub model_pool: &'a [f64],
}

/// The mean over all items from a simple sample in each stratum: each stratum by itself as in [`mean`], weighted by its share of the items.
///
/// λ is tuned in each stratum: a model may be good in one and useless in another. P. Fisch and others, "Stratified Prediction-Powered Inference for Hybrid
/// Language Model Evaluation", 2024.
///
/// # Errors
/// As [`mean`], and a stratum with fewer than two human labels: join it with another.
///
/// ```
/// use karat_stats::{Level, estimate::{Stratum, Tuning, stratified_mean}};
/// let sure = Stratum { human: &[1.0, 1.0, 0.0], model: &[1.0; 3], model_pool: &[1.0; 97] };
/// let unsure = Stratum { human: &[0.0, 1.0, 0.0], model: &[0.4, 0.6, 0.4], model_pool: &[0.5; 97] };
/// let found = stratified_mean(&[sure, unsure], Tuning::Tuned, Level::P95).unwrap();
/// assert!((found.classical.value - 0.5).abs() < 1e-12 && found.n_without_spread == 0);
/// ```
pub fn stratified_mean(
    strata: &[Stratum<'_>],
    tuning: Tuning,
    level: Level,
) -> Result<StratifiedMean, EstimateError> {
    if strata.is_empty() {
        return Err(EstimateError::TooFew { n: 0 });
    }
    let size = |it: &Stratum<'_>| (it.human.len() + it.model_pool.len()) as f64;
    let n_items: f64 = strata.iter().map(size).sum();
    let (mut classical, mut corrected) = ((0.0, 0.0), (0.0, 0.0));
    let (mut model_only, mut n, mut n_without_spread) = (0.0, 0, 0);
    for (idx, stratum) in strata.iter().enumerate() {
        let of = mean(stratum.human, stratum.model, stratum.model_pool, tuning, level).map_err(|error| {
            if let EstimateError::TooFew { n } = error {
                return EstimateError::TooFewInStratum { stratum: idx, n };
            }
            error
        })?;
        let weight = size(stratum) / n_items;
        for (sum, part) in [(&mut classical, of.classical), (&mut corrected, of.corrected)] {
            sum.0 += weight * part.value;
            sum.1 += (weight * part.error.unwrap_or(0.0)).powi(2);
        }
        model_only += weight * of.model_only;
        n += stratum.human.len();
        n_without_spread += u64::from(of.classical.error.is_none());
    }
    Ok(StratifiedMean {
        classical: Corrected::new(classical.0, classical.1, n, level),
        corrected: Corrected::new(corrected.0, corrected.1, n, level),
        model_only,
        n_without_spread,
    })
}

/// How many human labels a half width takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// With human labels alone; `None` where the sample shows no spread.
    pub classical: Option<u64>,
    /// With the model's labels; at most as many. `None` where the sample shows no spread.
    pub corrected: Option<u64>,
}

/// How many human labels in all make the interval of a mean reach `half_width` to each side.
///
/// From a report on the labels so far: their spread and correlation are taken to stay. `n_items` are all items, the sampled ones
/// among them. The number is never above `n_items`: then everything is labeled. With few labels the spread is itself a guess:
/// ask again on the way. `None` where `half_width` is not above 0.
/// ```
/// use karat_stats::{Level, estimate::{Tuning, mean, needed}};
/// let human = [1.0, 0.0].repeat(25);
/// let report = mean(&human, &human, &[0.5; 9950], Tuning::Tuned, Level::P95).unwrap();
/// let needed = needed(&report, 0.05, 10_000, Level::P95).unwrap();
/// assert_eq!(needed.classical, Some(385));
/// assert!(needed.corrected.unwrap() < 100);
/// ```
pub fn needed(report: &MeanReport, half_width: f64, n_items: u64, level: Level) -> Option<Needed> {
    if !(half_width > 0.0 && half_width.is_finite()) {
        return None;
    }
    let z = normal_quantile(0.5 + level.get() / 2.0);
    let wanted = (half_width / z).powi(2);
    let Some(variance) = report.classical.error.map(|error| error * error * report.classical.n as f64) else {
        return Some(Needed { classical: None, corrected: None });
    };
    // A tuned weight of a model that is correlated the wrong way is 0.
    let rho = report.correlation.unwrap_or(0.0).max(0.0);
    let fewest = |rho: f64| {
        let reaches = |n: u64| {
            let left = (n_items - n) as f64 / n_items as f64;
            variance / n as f64 * (1.0 - rho * rho * left) <= wanted
        };
        let (mut low, mut high) = (0, n_items);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if reaches(middle) { high = middle } else { low = middle }
        }
        high
    };
    Some(Needed { classical: Some(fewest(0.0)), corrected: Some(fewest(rho)) })
}
