//! Shares, means, differences and slopes of a whole data set, from model labels and a small sample of human ones.
//!
//! In: human labels of a random sample as numbers, a model's labels of the sample and of all other items. Out: estimates with
//! intervals, beside what the human labels say alone.
//!
//! | to know | call |
//! |---|---|
//! | the mean of something over all items | [`mean`]; from a sample by strata [`stratified_mean`] |
//! | the share or number of each class | [`class_shares`], then [`Corrected::times`] |
//! | how two groups of items differ | [`difference`] |
//! | a regression on all items | [`ols`], [`logistic`] |
//! | any of it from a sample with unequal probabilities | [`weighted_mean`], [`pseudo_outcomes`] |
//! | how many human labels are needed | [`needed`] |
//!
//! A model's labels counted as if they were true are off by whatever the model is off by, and no number of items helps: on
//! sixteen data sets their class shares were off by 13 points on average. Here the model's labels only make the interval narrower;
//! the human ones say where it is.
//!
//! Intervals are normal ones: with fewer than about 50 human labels, or a class of which they hold hardly any, they are
//! too narrow. The human labels must be a random sample ([`sample`](crate::sample)); the model must not have been
//! chosen or trained on them.
//!
//! Not here: which single labels are wrong (`noise.rs`), what may go without review (`accept.rs`).

mod design;
mod mean;
mod regression;
#[cfg(test)]
mod tests;

pub use design::{Reviewed, WeightedMean, pseudo_outcomes, weighted_mean};
pub use mean::{
    ClassShares, MeanReport, Needed, StratifiedMean, Stratum, class_shares, difference, mean, needed,
    stratified_mean,
};
pub use regression::{Coefficients, Regression, RegressionReport, logistic, ols};

use crate::interval::{Interval, Level};
use crate::special::normal_quantile;

/// How much weight the model's labels get.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tuning {
    /// As much as makes the variance smallest, in [0, 1]: PPI++. At worst the interval is that of the human labels alone.
    Tuned,
    /// This much, in [0, 1]: 1 is the first version of PPI, 0 the human labels alone.
    Fixed(f64),
}

/// An estimate with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corrected {
    /// The estimate.
    pub value: f64,
    /// Its standard error; `None` where all terms are equal, as when no sampled item has the class: the spread
    /// cannot be seen from them. For a share take [`wilson`](crate::wilson) or more labels.
    pub error: Option<f64>,
    /// `value ± z × error`; `None` where the error is.
    pub interval: Option<Interval>,
    /// The human labels it stands on.
    pub n: u64,
}

impl Corrected {
    fn new(value: f64, variance: f64, n: usize, level: Level) -> Self {
        // Sums of equal terms leave a variance of rounding errors.
        let error = (variance > (1e-14 * value).powi(2).max(1e-300)).then(|| variance.sqrt());
        let interval = error.map(|error| {
            let half = normal_quantile(0.5 + level.get() / 2.0) * error;
            Interval { low: value - half, high: value + half }
        });
        Self { value, error, interval, n: n as u64 }
    }

    /// The same for a total: a share of `n_items` items as a number of items.
    ///
    /// ```
    /// use karat_stats::{Level, estimate::{Tuning, mean}};
    /// let report = mean(&[1.0, 0.0, 1.0], &[1.0, 0.0, 1.0], &[1.0, 0.0], Tuning::Tuned, Level::P95).unwrap();
    /// let total = report.corrected.times(5);
    /// assert_eq!(total.value, 5.0 * report.corrected.value);
    /// ```
    #[must_use]
    pub fn times(self, n_items: u64) -> Self {
        let by = n_items as f64;
        Self {
            value: self.value * by,
            error: self.error.map(|it| it * by),
            interval: self.interval.map(|it| Interval { low: it.low * by, high: it.high * by }),
            n: self.n,
        }
    }

    /// Half the width of the interval.
    pub fn half_width(&self) -> Option<f64> {
        self.interval.map(|it| 0.5 * (it.high - it.low))
    }
}

/// Why there is no estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EstimateError {
    /// Fewer than two human labels: one shows no spread.
    TooFew {
        /// How many there are.
        n: usize,
    },
    /// Fewer than two human labels in a stratum.
    TooFewInStratum {
        /// The stratum, by its position.
        stratum: usize,
        /// How many there are.
        n: usize,
    },
    /// No items but the sampled ones.
    NoPool,
    /// A list is not as long as it must be.
    WrongLength {
        /// Of what.
        what: &'static str,
        /// How long it is.
        got: usize,
        /// How long it should be.
        want: usize,
    },
    /// A number that is none, or out of its range.
    BadNumber {
        /// Of what.
        what: &'static str,
        /// The number.
        got: f64,
    },
    /// Features of which one follows from the others, or more features than items.
    Collinear,
    /// Classes that the features tell apart without error: the coefficients have no end.
    Separated,
}

impl std::fmt::Display for EstimateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooFew { n } => write!(f, "{n} human labels; it takes two to see any spread"),
            Self::TooFewInStratum { stratum, n } => {
                write!(f, "stratum {stratum} has {n} human labels; it takes two to see any spread")
            }
            Self::NoPool => f.write_str("there are no items but the sampled ones"),
            Self::WrongLength { what, got, want } => write!(f, "{got} {what} were given for {want}"),
            Self::BadNumber { what, got } => write!(f, "{what} is {got}, out of its range"),
            Self::Collinear => {
                f.write_str("one feature follows from the others, or there are more of them than items; leave one out")
            }
            Self::Separated => f.write_str(
                "the features tell the classes apart without error, so the coefficients have no end; take fewer features or more labels",
            ),
        }
    }
}

impl std::error::Error for EstimateError {}

fn check_length(what: &'static str, got: usize, want: usize) -> Result<(), EstimateError> {
    if got == want { Ok(()) } else { Err(EstimateError::WrongLength { what, got, want }) }
}

fn check_finite(what: &'static str, numbers: &[f64]) -> Result<(), EstimateError> {
    match numbers.iter().find(|it| !it.is_finite()) {
        Some(got) => Err(EstimateError::BadNumber { what, got: *got }),
        None => Ok(()),
    }
}

fn check_tuning(tuning: Tuning) -> Result<(), EstimateError> {
    match tuning {
        Tuning::Fixed(got) if !(0.0..=1.0).contains(&got) => {
            Err(EstimateError::BadNumber { what: "the weight of the model", got })
        }
        Tuning::Fixed(_) | Tuning::Tuned => Ok(()),
    }
}
