//! Takes out what a prompt favors: labels that a model prefers whatever the text says.
//!
//! In: log-probabilities of the labels, one row an item, and what the same prompt gives where there is nothing to say.
//! Out: log-probabilities without that preference.
//!
//! All four corrections are one: `ln p(y | x) - gamma · ln prior(y)`. They differ in where the prior comes from.
//!
//! Not here: asking the model for those rows; temperature (`temperature.rs`).

use super::{CalibrateError, SCORE_EDGE, check_classes};
use crate::Class;
use crate::logistic::log_sum_exp;

/// The mean distribution of rows: what a prompt gives on average.
///
/// `rows` holds log-probabilities, `n_classes` numbers a row; each row is normalized first, and minus infinity stands for
/// 0. No class falls below 1e-6: its logarithm is subtracted later. An error without rows, for a row without any
/// probability, and for numbers that are none.
///
/// ```
/// let rows = [0.8_f64.ln(), 0.2_f64.ln(), 0.6_f64.ln(), 0.4_f64.ln()];
/// let prior = karat_stats::calibrate::prompt_prior(&rows, 2).unwrap();
/// assert!((prior[0] - 0.7).abs() < 1e-12);
/// ```
pub fn prompt_prior(rows: &[f64], n_classes: usize) -> Result<Vec<f64>, CalibrateError> {
    check_logs(rows, n_classes)?;
    let n_rows = (rows.len() / n_classes) as f64;
    let mut prior = vec![0.0; n_classes];
    for row in rows.chunks_exact(n_classes) {
        let norm = log_sum_exp(row);
        prior.iter_mut().zip(row).for_each(|(to, log)| *to += (log - norm).exp() / n_rows);
    }
    Ok(prior.into_iter().map(|p| p.max(SCORE_EDGE)).collect())
}

/// The rows without a prior: `ln p - gamma · ln prior`, normalized again.
///
/// `prior` has one number above 0 for each class. With `gamma` 1 it is taken out, with 0 nothing is, below 0 it is put on
/// top. Where the true shares of the classes are known to be uneven, divide the prior by them first. The shape and the
/// errors are those of [`prompt_prior`].
///
/// ```
/// use karat_stats::calibrate::without_prior;
/// let out = without_prior(&[0.6_f64.ln(), 0.4_f64.ln()], &[0.75, 0.25], 1.0).unwrap();
/// assert!((out[1].exp() - 1.6 / 2.4).abs() < 1e-12);
/// ```
pub fn without_prior(rows: &[f64], prior: &[f64], gamma: f64) -> Result<Vec<f64>, CalibrateError> {
    check_logs(rows, prior.len())?;
    if let Some(got) = prior.iter().find(|p| !(**p > 0.0 && p.is_finite())) {
        return Err(CalibrateError::BadNumber { what: "a prior", got: *got });
    }
    if !gamma.is_finite() {
        return Err(CalibrateError::BadNumber { what: "gamma", got: gamma });
    }
    let mut out = Vec::with_capacity(rows.len());
    for row in rows.chunks_exact(prior.len()) {
        let shifted: Vec<f64> = row.iter().zip(prior).map(|(log, prior)| log - gamma * prior.ln()).collect();
        let norm = log_sum_exp(&shifted);
        out.extend(shifted.iter().map(|log| log - norm));
    }
    Ok(out)
}

/// Contextual calibration: the prior is what the prompt gives for inputs without content, such as "N/A", "[MASK]" and
/// an empty text (`content_free`, one row each).
///
/// It costs one call for each such input and prompt. The shape and the errors are those of [`prompt_prior`]. T. Z. Zhao,
/// E. Wallace, S. Feng, D. Klein, S. Singh, "Calibrate Before Use", 2021.
///
/// ```
/// let ln = |p: [f64; 2]| p.map(f64::ln);
/// let out = karat_stats::calibrate::contextual_calibration(&ln([0.6, 0.4]), &ln([0.8, 0.2]), 2).unwrap();
/// assert!(out[1] > out[0]);
/// ```
pub fn contextual_calibration(
    rows: &[f64],
    content_free: &[f64],
    n_classes: usize,
) -> Result<Vec<f64>, CalibrateError> {
    without_prior(rows, &prompt_prior(content_free, n_classes)?, 1.0)
}

/// Domain-context calibration: the prior is what the prompt gives for strings of words drawn at random from the task's
/// own texts (`random_words`, one row each; 20 are usual).
///
/// Words of the domain can favor a label too, which content-free inputs do not show. The shape and the errors are those
/// of [`prompt_prior`]. Y. Fei, Y. Hou, Z. Chen, A. Bosselut, "Mitigating Label Biases for In-Context Learning", 2023.
///
/// ```
/// let ln = |p: [f64; 2]| p.map(f64::ln);
/// let out = karat_stats::calibrate::domain_context_calibration(&ln([0.6, 0.4]), &ln([0.8, 0.2]), 2).unwrap();
/// assert!(out[1] > out[0]);
/// ```
pub fn domain_context_calibration(
    rows: &[f64],
    random_words: &[f64],
    n_classes: usize,
) -> Result<Vec<f64>, CalibrateError> {
    without_prior(rows, &prompt_prior(random_words, n_classes)?, 1.0)
}

/// Batch calibration: the prior is the mean distribution of the items themselves. It costs no further call.
///
/// **It assumes that the items hold the classes in equal shares.** Where they do not, it takes the truth out with the
/// bias: of a pool with one positive in eight it makes far too many positives. `class_shares` are the true shares, where
/// they are known (from gold drawn at random); the prior is divided by them. Give `None` only where the classes are
/// about even, and take ten items or more; with gold at hand [`choose_gamma`] decides whether to do it at all. The shape
/// and the errors are those of [`prompt_prior`]. H. Zhou et al., "Batch Calibration: Rethinking Calibration for
/// In-Context Learning and Prompt Engineering", 2024.
///
/// ```
/// let rows = [0.9_f64, 0.1, 0.6, 0.4].map(f64::ln);
/// let out = karat_stats::calibrate::batch_calibration(&rows, 2, None).unwrap();
/// assert!(out[0] > out[1] && out[3] > out[2]);
/// ```
pub fn batch_calibration(
    rows: &[f64],
    n_classes: usize,
    class_shares: Option<&[f64]>,
) -> Result<Vec<f64>, CalibrateError> {
    let mut prior = prompt_prior(rows, n_classes)?;
    if let Some(shares) = class_shares {
        if shares.len() != n_classes {
            let (got, want) = (shares.len(), n_classes);
            return Err(CalibrateError::WrongLength { what: "class shares", got, want });
        }
        prior.iter_mut().zip(shares).for_each(|(prior, share)| *prior /= share.max(SCORE_EDGE));
    }
    without_prior(rows, &prior, 1.0)
}

/// How much of a prior to take out, as gold says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaChoice {
    /// The strength: 0 leaves the rows alone, 1 is batch calibration.
    pub gamma: f64,
    /// The accuracy on the gold that chose it; a tie for the top counts as its share. Somewhat too good for that reason.
    pub accuracy: f64,
    /// The accuracy on the same gold without any correction.
    pub accuracy_without: f64,
}

/// Chooses the strength of a correction on gold: of -5, -4.9, … 5 the one with the highest accuracy.
///
/// `rows` are the log-probabilities of the gold items, `gold[i]` the class of row `i`, `prior` what is to be taken out
/// (from [`prompt_prior`] of the whole pool). Where no strength beats 0 it is 0. Where several in a row have the highest
/// accuracy it is the middle of that row, and of several rows the one nearest 0: the edge of a row hangs on a single
/// gold item. Batch calibration with this strength is BCL of Zhou et al. 2024; where the classes are uneven, gold keeps
/// it from doing harm.
///
/// ```
/// use karat_stats::{Class, calibrate::{choose_gamma, prompt_prior}};
/// let rows = [0.9_f64, 0.1, 0.7, 0.3, 0.95, 0.05, 0.6, 0.4].map(f64::ln);
/// let prior = prompt_prior(&rows, 2).unwrap();
/// let choice = choose_gamma(&rows, &prior, &[Class(0), Class(1), Class(0), Class(1)]).unwrap();
/// assert_eq!((choice.accuracy_without, choice.accuracy), (0.5, 1.0));
/// assert!(choice.gamma > 0.5);
/// ```
pub fn choose_gamma(rows: &[f64], prior: &[f64], gold: &[Class]) -> Result<GammaChoice, CalibrateError> {
    check_logs(rows, prior.len())?;
    check_classes(gold, prior.len())?;
    if rows.len() != gold.len() * prior.len() {
        let (got, want) = (gold.len(), rows.len() / prior.len());
        return Err(CalibrateError::WrongLength { what: "gold classes", got, want });
    }
    let accuracy_at = |tenths: i32| -> Result<f64, CalibrateError> {
        Ok(accuracy(&without_prior(rows, prior, f64::from(tenths) / 10.0)?, prior.len(), gold))
    };
    let accuracies: Vec<f64> = (-50..=50).map(accuracy_at).collect::<Result<_, _>>()?;
    let accuracy_without = accuracies[50];
    let accuracy = accuracies.iter().copied().fold(0.0, f64::max);
    let is_best =
        |tenths: i32| accuracies.get((tenths + 50) as usize).is_some_and(|it| *it > accuracy - 1e-12);
    // Outwards from 0, then along the row.
    let near = (0..=50).flat_map(|it| [it, -it]).find(|it| is_best(*it)).unwrap_or(0);
    let far =
        (1..=100).map(|it| near + it * near.signum()).take_while(|it| is_best(*it)).last().unwrap_or(near);
    let gamma = if near == 0 { 0.0 } else { f64::from(near + far) / 20.0 };
    Ok(GammaChoice { gamma, accuracy, accuracy_without })
}

/// The share of rows whose top class is the gold; a tie for the top counts as its share.
fn accuracy(rows: &[f64], n_classes: usize, gold: &[Class]) -> f64 {
    let credit = rows.chunks_exact(n_classes).zip(gold).map(|(row, gold)| {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_top = |log: f64| log >= most - 1e-12;
        let n_top = row.iter().filter(|log| is_top(**log)).count();
        if is_top(row[gold.0 as usize]) { 1.0 / n_top as f64 } else { 0.0 }
    });
    credit.sum::<f64>() / gold.len() as f64
}

/// An error unless the rows hold log-probabilities of so many classes, and in each row one that is not minus infinity.
fn check_logs(rows: &[f64], n_classes: usize) -> Result<(), CalibrateError> {
    if rows.is_empty() || n_classes == 0 {
        return Err(CalibrateError::NoItems);
    }
    if !rows.len().is_multiple_of(n_classes) {
        let (got, want) = (rows.len(), rows.len().next_multiple_of(n_classes));
        return Err(CalibrateError::WrongLength { what: "log-probabilities", got, want });
    }
    let bad = |log: &f64| log.is_nan() || *log == f64::INFINITY;
    if let Some(got) = rows.iter().find(|log| bad(log)) {
        return Err(CalibrateError::BadNumber { what: "a log-probability", got: *got });
    }
    match rows.chunks_exact(n_classes).find(|row| row.iter().all(|log| *log == f64::NEG_INFINITY)) {
        Some(_) => {
            Err(CalibrateError::BadNumber { what: "every log-probability of a row", got: f64::NEG_INFINITY })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
