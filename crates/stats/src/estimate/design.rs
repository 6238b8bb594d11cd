//! Means from a sample with unequal probabilities that are known.
//!
//! In: the model's label of every item, the human labels of the sampled ones with the probability each had to be sampled.
//! Out: a mean with its interval; numbers that stand for human labels in any regression.
//!
//! N. Egami and others, "Using Imperfect Surrogates for Downstream Inference: Design-Based Supervised Learning", 2023;
//! T. Zrnic, E. Candès, "Active Statistical Inference", 2024; D. Horvitz, D. Thompson, 1952.
//!
//! Not here: how to draw such a sample (`sample.rs`).

use super::{Corrected, EstimateError, check_finite, check_length};
use crate::interval::Level;

/// A human label with the probability of its being asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reviewed {
    /// The label as a number.
    pub human: f64,
    /// The probability with which the item was to be sampled, in (0, 1]: recorded at the draw, never guessed afterwards.
    pub probability: f64,
}

/// A mean, three ways.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightedMean {
    /// From human labels alone, weighted by the inverse of their probabilities and divided by the sum of the weights (Hájek).
    pub classical: Corrected,
    /// From human labels and the model's.
    pub corrected: Corrected,
    /// The mean of the model's labels, taken as if they were true: no estimate, a warning.
    pub model_only: f64,
}

/// The mean of something over all items: the mean of `model + (human − model) / probability`, the second part for sampled items only.
///
/// `model[i]` is the model's number for item i and `reviewed[i]` the human one, where it was sampled. It is unbiased however bad
/// the model is and wherever the sample looked, as long as every item *could* be sampled and each probability is the one it was
/// drawn with. The standard error is that of the mean of these terms; it takes the items for independent, which
/// is right for Poisson draws and on the safe side for draws of fixed size.
///
/// The model may depend on anything but the human labels that correct it: a model tuned on them must be cross-fitted.
///
/// # Errors
/// Fewer than two human labels, lists of different lengths, a probability outside (0, 1], a number that is not finite.
///
/// ```
/// use karat_stats::{Level, estimate::{Reviewed, weighted_mean}};
/// let sampled = |human, probability| Some(Reviewed { human, probability });
/// let reviewed = [sampled(1.0, 0.5), None, sampled(0.0, 1.0), None];
/// let found = weighted_mean(&[0.5, 0.5, 1.0, 0.0], &reviewed, Level::P95).unwrap();
/// // 0.5 + 0.5 / 0.5, 0.5, 1 − 1, 0: a mean of 0.5.
/// assert_eq!(found.corrected.value, 0.5);
/// ```
pub fn weighted_mean(
    model: &[f64],
    reviewed: &[Option<Reviewed>],
    level: Level,
) -> Result<WeightedMean, EstimateError> {
    let terms = pseudo_outcomes(model, reviewed)?;
    let n = reviewed.iter().flatten().count();
    let n_items = model.len() as f64;
    let mean = terms.iter().sum::<f64>() / n_items;
    let variance = terms.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (n_items - 1.0);
    let weights: f64 = reviewed.iter().flatten().map(|it| 1.0 / it.probability).sum();
    let hajek = reviewed.iter().flatten().map(|it| it.human / it.probability).sum::<f64>() / weights;
    // The ratio's variance by linearization: its terms have the mean 0 by construction.
    let of_ratio =
        reviewed.iter().flatten().map(|it| ((it.human - hajek) / it.probability).powi(2)).sum::<f64>();
    let n_sampled = n as f64;
    Ok(WeightedMean {
        classical: Corrected::new(
            hajek,
            of_ratio / (weights * weights) * n_sampled / (n_sampled - 1.0),
            n,
            level,
        ),
        corrected: Corrected::new(mean, variance / n_items, n, level),
        model_only: model.iter().sum::<f64>() / n_items,
    })
}

/// For each item `model + (human − model) / probability`, or the model's number where it was not sampled.
///
/// Each of these numbers is right on average over samples, so they may stand for human labels in any mean or regression whose
/// equations are linear in the label: [`ols`](super::ols) and [`logistic`](super::logistic) with these as human labels
/// and no pool give design-based coefficients. One by one they mean nothing, and they leave [0, 1].
///
/// # Errors
/// As [`weighted_mean`].
///
/// ```
/// use karat_stats::estimate::{Reviewed, pseudo_outcomes};
/// let reviewed = [Some(Reviewed { human: 1.0, probability: 0.1 }), Some(Reviewed { human: 0.0, probability: 1.0 }), None];
/// assert_eq!(pseudo_outcomes(&[0.5, 0.5, 0.5], &reviewed), Ok(vec![5.5, 0.0, 0.5]));
/// ```
pub fn pseudo_outcomes(model: &[f64], reviewed: &[Option<Reviewed>]) -> Result<Vec<f64>, EstimateError> {
    check_length("human labels or gaps", reviewed.len(), model.len())?;
    check_finite("a model label", model)?;
    let n = reviewed.iter().flatten().count();
    if n < 2 {
        return Err(EstimateError::TooFew { n });
    }
    for it in reviewed.iter().flatten() {
        check_finite("a human label", &[it.human])?;
        if !(it.probability > 0.0 && it.probability <= 1.0) {
            return Err(EstimateError::BadNumber { what: "a probability", got: it.probability });
        }
    }
    let outcome = |(model, reviewed): (&f64, &Option<Reviewed>)| {
        reviewed.map_or(*model, |it| model + (it.human - model) / it.probability)
    };
    Ok(model.iter().zip(reviewed).map(outcome).collect())
}
