//! Temperature: one number that makes scores less sure, or more.
//!
//! In: scores of top labels, or whole distributions, with gold. Out: the temperature under which the gold is most
//! probable. It keeps the order of the labels and of the items.
//!
//! C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", 2017.
//!
//! Not here: a bias towards right or wrong (`sigmoid.rs`).

use super::scored::{SCORE_EDGE, Scored, both_outcomes, log_odds, sigmoid};
use super::{CalibrateError, Calibrator, Method};
use crate::Class;
use crate::logistic::log_sum_exp;

/// Temperatures are sought between a hundredth and a hundred.
const WIDEST: f64 = 100.0;

pub(super) const METHOD: Method = Method {
    name: "temperature",
    title: "temperature scaling",
    about: "one number that spreads or draws in the log-odds; needs the least gold, and cannot mend a score that is too \
            high for some values and too low for others",
    paper: "Guo, Pleiss, Sun, Weinberger, On Calibration of Modern Neural Networks, 2017",
    min_gold: super::MIN_GOLD,
    fit,
};

/// The log-odds of the score are divided by the temperature that makes right and wrong most probable.
fn fit(gold: &[Scored]) -> Result<Calibrator, CalibrateError> {
    let sorted = both_outcomes(gold)?;
    let rows: Vec<(f64, f64, f64)> =
        sorted.iter().map(|it| (log_odds(it.score), f64::from(u8::from(it.right)), it.weight)).collect();
    // The derivative of the loss by 1 / temperature; the loss is convex, so it crosses 0 once.
    let slope =
        |cold: f64| rows.iter().map(|(z, right, weight)| weight * (sigmoid(cold * z) - right) * z).sum();
    Ok(Calibrator::Temperature { temperature: 1.0 / crossing(slope) })
}

/// The temperature for whole distributions: the `T` that makes the gold most probable under `softmax(ln p / T)`.
///
/// `rows` holds one distribution after the other, `n_classes` numbers each (they need not sum to 1; a number below
/// 1e-6 counts as that); `gold[i]` is the class of row `i`. `T > 1` says that the annotator is too sure. It is sought in
/// [0.01, 100], and is at an end where every top class is right or the distributions say nothing. The order of the
/// classes stays. Guo et al. 2017.
///
/// An error without rows, with a number that is negative or none, and where `gold` does not fit.
///
/// ```
/// use karat_stats::{Class, calibrate::{apply_temperature, temperature_vector}};
/// // Says .9 and is right in two of three cases.
/// let rows = [0.9, 0.1, 0.9, 0.1, 0.9, 0.1];
/// let temperature = temperature_vector(&rows, 2, &[Class(0), Class(0), Class(1)]).unwrap();
/// let calibrated = apply_temperature(&rows[..2], temperature);
/// assert!((calibrated[0] - 2.0 / 3.0).abs() < 1e-9);
/// ```
pub fn temperature_vector(rows: &[f64], n_classes: usize, gold: &[Class]) -> Result<f64, CalibrateError> {
    super::check_rows(rows, n_classes, gold)?;
    let logs: Vec<f64> = rows.iter().map(|p| p.max(SCORE_EDGE).ln()).collect();
    let mut scaled = vec![0.0; n_classes];
    let slope = |cold: f64| {
        let mut sum = 0.0;
        for (row, gold) in logs.chunks_exact(n_classes).zip(gold) {
            scaled.iter_mut().zip(row).for_each(|(to, log)| *to = cold * log);
            let norm = log_sum_exp(&scaled);
            let mean: f64 = scaled.iter().zip(row).map(|(scaled, log)| (scaled - norm).exp() * log).sum();
            sum += mean - row[gold.0 as usize];
        }
        sum
    };
    Ok(1.0 / crossing(slope))
}

/// The distribution `softmax(ln p / temperature)`.
///
/// `temperature` is above 0. Numbers below 1e-6 count as that, as in [`temperature_vector`].
///
/// ```
/// let warm = karat_stats::calibrate::apply_temperature(&[0.8, 0.2], 2.0);
/// assert!((warm[0] - 2.0 / 3.0).abs() < 1e-12);
/// ```
pub fn apply_temperature(row: &[f64], temperature: f64) -> Vec<f64> {
    let scaled: Vec<f64> = row.iter().map(|p| p.max(SCORE_EDGE).ln() / temperature).collect();
    let norm = log_sum_exp(&scaled);
    scaled.iter().map(|it| (it - norm).exp()).collect()
}

/// Where a rising function of 1 / temperature crosses 0, by halving the range of its logarithm.
fn crossing(mut rising: impl FnMut(f64) -> f64) -> f64 {
    let (mut low, mut high) = (-WIDEST.ln(), WIDEST.ln());
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if rising(middle.exp()) < 0.0 { low = middle } else { high = middle }
    }
    (0.5 * (low + high)).exp()
}
