//! Coefficients of regressions over all items: prediction-powered inference.
//!
//! In: features of all items, human and model labels of a sample, model labels of the others. Out: coefficients with intervals.
//!
//! A. Angelopoulos, J. Duchi, T. Zrnic, "PPI++: Efficient Prediction-Powered Inference", 2023. The numbers agree with
//! ppi-python 0.2.3.
//!
//! Not here: penalties, and predictions for single items (`calibrate.rs`).

use super::{Corrected, EstimateError, Tuning, check_finite, check_length, check_tuning};
use crate::interval::Level;
use crate::linear::{inverse, solve};

/// What a regression is made of. No intercept is added: give a feature that is 1 throughout.
#[derive(Debug, Clone, Copy)]
pub struct Regression<'a> {
    /// How many features an item has.
    pub n_features: usize,
    /// The features of the sampled items, row by row.
    pub features: &'a [f64],
    /// Their human labels as numbers; for [`logistic`] 0 and 1, or numbers that are so on average.
    pub human: &'a [f64],
    /// Their model labels.
    pub model: &'a [f64],
    /// The features of the items that were not sampled.
    pub features_pool: &'a [f64],
    /// Their model labels. Without any the result is the classical one.
    pub model_pool: &'a [f64],
}

/// Coefficients, two ways.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionReport {
    /// From human labels alone.
    pub classical: Coefficients,
    /// From human labels and the model's.
    pub corrected: Coefficients,
    /// The weight of the model's labels, in [0, 1].
    pub lambda: f64,
}

/// The coefficient of each feature. Standard errors are robust: they do not trust the model's form.
pub type Coefficients = Vec<Corrected>;

/// Linear regression by least squares, over all items.
///
/// λ times least squares on the model's labels of the other items, plus least squares of `human − λ model` on the sample; so
/// the model's labels lend precision and no bias. λ makes the sum of the coefficients' variances smallest, and is kept
/// in [0, 1].
///
/// # Errors
/// Fewer than two human labels, lists of different lengths, numbers that are not finite, features that follow from
/// others.
///
/// ```
/// use karat_stats::{Level, estimate::{Regression, Tuning, ols}};
/// let data = Regression {
///     n_features: 2,
///     features: &[1.0, 0.0, 1.0, 1.0, 1.0, 2.0, 1.0, 3.0],
///     human: &[1.0, 3.0, 5.0, 7.5],
///     model: &[1.0, 2.5, 5.5, 7.0],
///     features_pool: &[1.0, 0.5, 1.0, 1.5, 1.0, 2.5, 1.0, 4.0],
///     model_pool: &[2.0, 4.0, 6.0, 9.0],
/// };
/// let report = ols(&data, Tuning::Tuned, Level::P95).unwrap();
/// assert!((report.corrected[1].value - 2.0).abs() < 0.3);
/// ```
pub fn ols(data: &Regression<'_>, tuning: Tuning, level: Level) -> Result<RegressionReport, EstimateError> {
    fit(data, Link::Linear, tuning, level)
}

/// Logistic regression by maximum likelihood, over all items; see [`ols`].
///
/// The loss is that of the human labels, plus λ times the difference of the losses of the model's labels between the other
/// items and the sample.
///
/// Coefficients are log odds ratios. They have no end where the features tell the classes apart.
///
/// # Errors
/// As [`ols`], and [`EstimateError::Separated`].
///
/// ```
/// use karat_stats::{Level, estimate::{Regression, Tuning, logistic}};
/// let data = Regression {
///     n_features: 1,
///     features: &[1.0; 4],
///     human: &[1.0, 0.0, 1.0, 1.0],
///     model: &[1.0, 0.0, 1.0, 1.0],
///     features_pool: &[],
///     model_pool: &[],
/// };
/// let report = logistic(&data, Tuning::Tuned, Level::P95).unwrap();
/// assert!((report.classical[0].value - f64::ln(3.0)).abs() < 1e-9);
/// ```
pub fn logistic(
    data: &Regression<'_>,
    tuning: Tuning,
    level: Level,
) -> Result<RegressionReport, EstimateError> {
    fit(data, Link::Logistic, tuning, level)
}

/// How a sum of features becomes an expected label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Linear,
    Logistic,
}

impl Link {
    fn mean(self, sum: f64) -> f64 {
        match self {
            Self::Linear => sum,
            Self::Logistic => 1.0 / (1.0 + (-sum).exp()),
        }
    }

    /// The slope of the mean, given the mean.
    fn slope(self, mean: f64) -> f64 {
        match self {
            Self::Linear => 1.0,
            Self::Logistic => mean * (1.0 - mean),
        }
    }
}

/// Rows of features.
#[derive(Clone, Copy)]
struct Rows<'a> {
    features: &'a [f64],
    width: usize,
}

impl<'a> Rows<'a> {
    fn iter(self) -> impl Iterator<Item = &'a [f64]> {
        self.features.chunks_exact(self.width)
    }

    fn len(self) -> usize {
        self.features.len() / self.width
    }
}

fn fit(
    data: &Regression<'_>,
    link: Link,
    tuning: Tuning,
    level: Level,
) -> Result<RegressionReport, EstimateError> {
    check(data)?;
    check_tuning(tuning)?;
    let problem = Problem {
        link,
        sample: Rows { features: data.features, width: data.n_features },
        pool: Rows { features: data.features_pool, width: data.n_features },
        data,
    };
    let start = vec![0.0; data.n_features];
    problem.bread(&start, 0.0)?;
    let alone = problem.solve(&start, 0.0)?;
    let classical = problem.coefficients(&alone, 0.0, level)?;
    if data.model_pool.is_empty() {
        return Ok(RegressionReport { corrected: classical.clone(), classical, lambda: 0.0 });
    }
    let lambda = match tuning {
        Tuning::Fixed(lambda) => lambda,
        Tuning::Tuned => {
            // The best weight depends on the coefficients, and they on it: twice around, as the published software does.
            let first = problem.best_weight(&problem.solve(&alone, 1.0)?)?;
            problem.best_weight(&problem.solve(&alone, first)?)?
        }
    };
    let corrected = problem.coefficients(&problem.solve(&alone, lambda)?, lambda, level)?;
    Ok(RegressionReport { classical, corrected, lambda })
}

fn check(data: &Regression<'_>) -> Result<(), EstimateError> {
    if data.human.len() < 2 {
        return Err(EstimateError::TooFew { n: data.human.len() });
    }
    if data.n_features == 0 {
        return Err(EstimateError::WrongLength { what: "features", got: 0, want: 1 });
    }
    check_length("model labels of the sample", data.model.len(), data.human.len())?;
    check_length("features of the sample", data.features.len(), data.human.len() * data.n_features)?;
    check_length("features of the pool", data.features_pool.len(), data.model_pool.len() * data.n_features)?;
    check_finite("a feature", data.features)?;
    check_finite("a feature", data.features_pool)?;
    check_finite("a human label", data.human)?;
    check_finite("a model label", data.model)?;
    check_finite("a model label", data.model_pool)
}

struct Problem<'a> {
    link: Link,
    sample: Rows<'a>,
    pool: Rows<'a>,
    data: &'a Regression<'a>,
}

impl Problem<'_> {
    /// The gradient of each item's loss: its features times (expected − label), row by row.
    fn gradients(&self, rows: Rows<'_>, labels: &[f64], at: &[f64]) -> Vec<f64> {
        let of = |(row, label): (&[f64], &f64)| {
            let off = self.link.mean(dot(row, at)) - label;
            row.iter().map(move |x| x * off).collect::<Vec<_>>()
        };
        rows.iter().zip(labels).flat_map(of).collect()
    }

    /// Adds `weight` times the summed second derivatives over these rows.
    fn add_curvature(&self, rows: Rows<'_>, at: &[f64], weight: f64, to: &mut [f64]) {
        let width = rows.width;
        for row in rows.iter() {
            let slope = weight * self.link.slope(self.link.mean(dot(row, at)));
            for (idx, x) in row.iter().enumerate() {
                let line = &mut to[idx * width..(idx + 1) * width];
                line.iter_mut().zip(row).for_each(|(to, other)| *to += slope * x * other);
            }
        }
    }

    /// The coefficients for a weight of the model.
    fn solve(&self, start: &[f64], lambda: f64) -> Result<Vec<f64>, EstimateError> {
        match self.link {
            Link::Linear => self.add_up(lambda),
            Link::Logistic => self.step(start, lambda),
        }
    }

    /// Least squares of the model's labels on the pool, and of what they miss on the sample.
    fn add_up(&self, lambda: f64) -> Result<Vec<f64>, EstimateError> {
        let rest = self.data.human.iter().zip(self.data.model).map(|(human, model)| human - lambda * model);
        let mut sum = least_squares(self.sample, &rest.collect::<Vec<_>>())?;
        if lambda > 0.0 {
            let of_pool = least_squares(self.pool, self.data.model_pool)?;
            sum.iter_mut().zip(of_pool).for_each(|(to, it)| *to += lambda * it);
        }
        Ok(sum)
    }

    /// Where the corrected gradient is 0, by Newton's steps; the problem is convex for `lambda` in [0, 1].
    fn step(&self, start: &[f64], lambda: f64) -> Result<Vec<f64>, EstimateError> {
        let (n, n_pool) = (self.sample.len() as f64, (self.pool.len() as f64).max(1.0));
        let mut at = start.to_vec();
        for _ in 0..100 {
            let human = column_means(&self.gradients(self.sample, self.data.human, &at), at.len());
            let model = column_means(&self.gradients(self.sample, self.data.model, &at), at.len());
            let pool = column_means(&self.gradients(self.pool, self.data.model_pool, &at), at.len());
            let gradient: Vec<f64> =
                (0..at.len()).map(|idx| human[idx] + lambda * (pool[idx] - model[idx])).collect();
            let mut curvature = vec![0.0; at.len() * at.len()];
            self.add_curvature(self.sample, &at, (1.0 - lambda) / n, &mut curvature);
            self.add_curvature(self.pool, &at, lambda / n_pool, &mut curvature);
            let Some(mut step) = solve(&curvature, &gradient) else {
                return Err(if at == start { EstimateError::Collinear } else { EstimateError::Separated });
            };
            // A step that crosses the whole curve overshoots: none may move a row's log odds by more than 4.
            let longest = |rows: Rows<'_>| rows.iter().map(|row| dot(row, &step).abs()).fold(0.0, f64::max);
            let longest = longest(self.sample).max(longest(self.pool));
            if longest > 4.0 {
                step.iter_mut().for_each(|it| *it *= 4.0 / longest);
            }
            at.iter_mut().zip(&step).for_each(|(at, step)| *at -= step);
            if step.iter().zip(&at).all(|(step, at)| step.abs() <= 1e-13 * at.abs().max(1.0)) {
                break;
            }
            let is_sure = self.sample.iter().all(|row| dot(row, &at).abs() > 30.0);
            if is_sure {
                return Err(EstimateError::Separated);
            }
        }
        Ok(at)
    }

    /// The inverse of the mean curvature over all items; over the sample alone where the model has no weight.
    fn bread(&self, at: &[f64], lambda: f64) -> Result<Vec<f64>, EstimateError> {
        let mut curvature = vec![0.0; at.len() * at.len()];
        let with_pool = lambda > 0.0;
        let n_items = self.sample.len() + if with_pool { self.pool.len() } else { 0 };
        self.add_curvature(self.sample, at, 1.0 / n_items as f64, &mut curvature);
        if with_pool {
            self.add_curvature(self.pool, at, 1.0 / n_items as f64, &mut curvature);
        }
        let inverse = inverse(&curvature, at.len()).ok_or(EstimateError::Collinear)?;
        // How much of a feature's variance is left once the others are known; rounding leaves a little of nothing.
        let width = at.len();
        let is_free = (0..width).all(|idx| curvature[idx * width + idx] * inverse[idx * width + idx] < 1e12);
        if is_free { Ok(inverse) } else { Err(EstimateError::Collinear) }
    }

    /// The weight of the model that makes the sum of the coefficients' variances smallest.
    fn best_weight(&self, at: &[f64]) -> Result<f64, EstimateError> {
        let width = at.len();
        let bread = self.bread(at, 1.0)?;
        let human = self.gradients(self.sample, self.data.human, at);
        let model = self.gradients(self.sample, self.data.model, at);
        let pool = self.gradients(self.pool, self.data.model_pool, at);
        let (n, n_pool) = (self.sample.len() as f64, self.pool.len() as f64);
        let cross = covariance(&human, &model, width, n);
        let all = [model, pool].concat();
        let spread = covariance(&all, &all, width, n + n_pool - 1.0);
        let above = trace_of_sandwich(&bread, &cross, width);
        let below = (1.0 + n / n_pool) * trace_of_sandwich(&bread, &spread, width);
        Ok(if below > 0.0 { (above / below).clamp(0.0, 1.0) } else { 0.0 })
    }

    fn coefficients(&self, at: &[f64], lambda: f64, level: Level) -> Result<Coefficients, EstimateError> {
        let width = at.len();
        let bread = self.bread(at, lambda)?;
        let mut rest = self.gradients(self.sample, self.data.human, at);
        let model = self.gradients(self.sample, self.data.model, at);
        rest.iter_mut().zip(&model).for_each(|(rest, model)| *rest -= lambda * model);
        let n = self.sample.len() as f64;
        let mut meat = covariance(&rest, &rest, width, n - 1.0);
        if lambda > 0.0 && self.pool.len() > 1 {
            let pool = self.gradients(self.pool, self.data.model_pool, at);
            let n_pool = self.pool.len() as f64;
            let of_pool = covariance(&pool, &pool, width, n_pool - 1.0);
            meat.iter_mut().zip(of_pool).for_each(|(to, it)| *to += lambda * lambda * n / n_pool * it);
        }
        let sandwich = sandwich(&bread, &meat, width);
        let coefficient =
            |idx: usize| Corrected::new(at[idx], sandwich[idx * width + idx] / n, self.sample.len(), level);
        Ok((0..width).map(coefficient).collect())
    }
}

fn least_squares(rows: Rows<'_>, labels: &[f64]) -> Result<Vec<f64>, EstimateError> {
    let width = rows.width;
    let (mut squares, mut right) = (vec![0.0; width * width], vec![0.0; width]);
    for (row, label) in rows.iter().zip(labels) {
        for (idx, x) in row.iter().enumerate() {
            right[idx] += x * label;
            let line = &mut squares[idx * width..(idx + 1) * width];
            line.iter_mut().zip(row).for_each(|(to, other)| *to += x * other);
        }
    }
    solve(&squares, &right).ok_or(EstimateError::Collinear)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn column_means(rows: &[f64], width: usize) -> Vec<f64> {
    let mut means = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        means.iter_mut().zip(row).for_each(|(to, it)| *to += it);
    }
    let n = (rows.len() / width).max(1) as f64;
    means.iter_mut().for_each(|it| *it /= n);
    means
}

/// The symmetric part of the covariance of two sets of rows, divided by `divisor`.
fn covariance(a: &[f64], b: &[f64], width: usize, divisor: f64) -> Vec<f64> {
    let (mean_a, mean_b) = (column_means(a, width), column_means(b, width));
    let mut out = vec![0.0; width * width];
    for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
        for i in 0..width {
            for j in 0..width {
                let one = (a[i] - mean_a[i]) * (b[j] - mean_b[j]);
                let other = (a[j] - mean_a[j]) * (b[i] - mean_b[i]);
                out[i * width + j] += 0.5 * (one + other) / divisor;
            }
        }
    }
    out
}

/// `bread meat bread`.
fn sandwich(bread: &[f64], meat: &[f64], width: usize) -> Vec<f64> {
    let times = |a: &[f64], b: &[f64]| -> Vec<f64> {
        let cell =
            |idx: usize| (0..width).map(|k| a[idx / width * width + k] * b[k * width + idx % width]).sum();
        (0..width * width).map(cell).collect()
    };
    times(&times(bread, meat), bread)
}

fn trace_of_sandwich(bread: &[f64], meat: &[f64], width: usize) -> f64 {
    let sandwich = sandwich(bread, meat, width);
    (0..width).map(|idx| sandwich[idx * width + idx]).sum()
}
