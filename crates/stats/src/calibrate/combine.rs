//! Several kinds of evidence in one probability: the score, and what else is known of an item.
//!
//! In: gold items with their scores, and further features of each: the share of annotators that agree, how many notes
//! reading the answer left, the length of the text, what a small model says. Out: a logistic regression for "the label is
//! right", where it beats the calibrated score alone; else that.
//!
//! Not here: computing the features; texts.

use super::cross_fit::{CalibrateOptions, Calibrated, Folds, calibrate, stratified, with_scores};
use super::quality::{Quality, log_loss, quality};
use super::scored::{inside, log_odds, sigmoid};
use super::sigmoid::{Line, targets};
use super::{CalibrateError, Calibrator, Scored};

/// The strengths of the penalty that are tried, the strongest first.
const PENALTIES: [f64; 4] = [100.0, 10.0, 1.0, 0.1];

/// How a feature is brought to a common scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The mean of the values that are known; it stands for one that is not.
    pub mean: f64,
    /// Their standard deviation; 0 for a feature that never varies, which is left out.
    pub spread: f64,
    /// Whether "not known" is a feature of its own: it was known for some gold items and not for others.
    pub missing: bool,
}

/// A logistic regression for "the label is right": plain numbers that can be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Combiner {
    /// Of the log-odds of the score, then of each feature.
    pub scales: Vec<Scale>,
    /// One for each scale in their order; behind that of a feature with `missing`, the one for "not known".
    pub slopes: Vec<f64>,
    /// The log-odds of an item with all features at their means.
    pub intercept: f64,
    /// The strength of the L2 penalty, chosen by cross-validation.
    pub penalty: f64,
}

impl Combiner {
    /// The probability that a label with this score and these features is right, in [1e-6, 1 - 1e-6].
    ///
    /// `None` where the features are not as many as those of the gold, or a number is none. Unlike a calibrator it may
    /// fall where the score rises: another feature may explain why.
    ///
    /// ```
    /// use karat_stats::calibrate::{Combiner, Scale};
    /// let scale = Scale { mean: 0.0, spread: 1.0, missing: false };
    /// let slopes = vec![1.0, 0.5];
    /// let combiner = Combiner { scales: vec![scale, scale], slopes, intercept: 0.0, penalty: 1.0 };
    /// assert!((combiner.apply(0.8, &[None]).unwrap() - 0.8).abs() < 1e-9);
    /// assert!(combiner.apply(0.8, &[Some(2.0)]).unwrap() > 0.9);
    /// assert_eq!(combiner.apply(0.8, &[]), None);
    /// ```
    pub fn apply(&self, score: f64, features: &[Option<f64>]) -> Option<f64> {
        let unfit = score.is_nan() || features.iter().flatten().any(|it| !it.is_finite());
        if unfit || features.len() + 1 != self.scales.len() {
            return None;
        }
        let row = scaled(&self.scales, score, features);
        (row.len() == self.slopes.len()).then(|| {
            let sum: f64 = row.iter().zip(&self.slopes).map(|(x, slope)| x * slope).sum();
            inside(sigmoid(self.intercept + sum))
        })
    }
}

/// What turns an item into a probability.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// The score alone: further features did not help.
    Score(Calibrator),
    /// The score and the features.
    Features(Combiner),
}

impl Model {
    /// The probability that the label is right; `None` as in [`Combiner::apply`].
    pub fn apply(&self, score: f64, features: &[Option<f64>]) -> Option<f64> {
        match self {
            Self::Score(calibrator) => Some(calibrator.apply(score)).filter(|p| !p.is_nan()),
            Self::Features(combiner) => combiner.apply(score, features),
        }
    }
}

/// The better of score and features, with its proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Combined {
    /// Fitted on all of the gold.
    pub model: Model,
    /// For each gold item, in the order given, the probability from a model fitted without it.
    pub cross_fitted: Vec<f64>,
    /// The scores as they came.
    pub before: Quality,
    /// The cross-fitted probabilities.
    pub after: Quality,
    /// The cross-fitted log loss of the calibrated score alone.
    pub log_loss_score: f64,
    /// That of score and features; the model is the one with less.
    pub log_loss_features: f64,
}

/// Fits "the label is right" on the score and further features, and keeps it where it beats the score alone.
///
/// `features` holds `n_features` values for each gold item, row after row, `None` where one is not known. The model
/// is a logistic regression on the log-odds of the score and the features, on a common scale, with an L2 penalty chosen
/// by cross-validation inside of each fold. A feature that cannot be known when labels are made (the gold, a reviewer's
/// click) must not be among them. Take few: about one for ten wrong labels of the gold.
///
/// The errors are those of [`calibrate`], and where `features` has another length or holds a number that is none.
///
/// ```
/// use karat_stats::calibrate::{CalibrateOptions, Model, Rule, Scored, combine};
/// // The score is always .8; labels of long texts are wrong.
/// let gold: Vec<Scored> = (0..60).map(|it| Scored::new(0.8, it % 3 > 0)).collect();
/// let long: Vec<Option<f64>> = (0..60).map(|it| Some(if it % 3 > 0 { 2.0 } else { 5.0 } + (it % 7) as f64)).collect();
/// let options = CalibrateOptions { rule: Rule::BySize, n_folds: 5, n_bins: 15, seed: 7 };
/// let combined = combine(&gold, &long, 1, &options).unwrap();
/// assert!(matches!(combined.model, Model::Features(_)));
/// assert!(combined.after.auroc > Some(0.8));
/// ```
pub fn combine(
    gold: &[Scored],
    features: &[Option<f64>],
    n_features: usize,
    options: &CalibrateOptions,
) -> Result<Combined, CalibrateError> {
    if features.len() != gold.len() * n_features {
        let want = gold.len() * n_features;
        return Err(CalibrateError::WrongLength { what: "features", got: features.len(), want });
    }
    if let Some(got) = features.iter().flatten().find(|it| !it.is_finite()) {
        return Err(CalibrateError::BadNumber { what: "a feature", got: *got });
    }
    let alone = calibrate(gold, options)?;
    let evidence = Evidence::new(gold, features, n_features, options)?;
    let everything: Vec<usize> = (0..gold.len()).collect();
    let held_out = evidence.held_out(&everything, &evidence.folds.fold_of, |training| {
        evidence.fit(training, evidence.best_penalty(training, options))
    });
    let (sorted, places) = (&evidence.folds.sorted, &evidence.places);
    let rescored = with_scores(sorted, &held_out);
    let (log_loss_score, log_loss_features) = (alone.after.log_loss, log_loss(&rescored)?);
    if log_loss_features >= log_loss_score {
        let Calibrated { calibrator, cross_fitted, before, after, .. } = alone;
        let model = Model::Score(calibrator);
        return Ok(Combined { model, cross_fitted, before, after, log_loss_score, log_loss_features });
    }
    let mut cross_fitted = vec![0.0; gold.len()];
    places.iter().zip(&held_out).for_each(|(place, p)| cross_fitted[*place] = *p);
    Ok(Combined {
        model: Model::Features(evidence.fit(&everything, evidence.best_penalty(&everything, options))),
        cross_fitted,
        before: alone.before,
        after: quality(&rescored, options.n_bins)?,
        log_loss_score,
        log_loss_features,
    })
}

/// Gold with features, in an order of the values alone.
struct Evidence<'a> {
    folds: Folds,
    /// Where each item stood in the caller's list.
    places: Vec<usize>,
    /// Of each item in order.
    features: Vec<&'a [Option<f64>]>,
}

impl<'a> Evidence<'a> {
    fn new(
        gold: &[Scored],
        features: &'a [Option<f64>],
        n_features: usize,
        options: &CalibrateOptions,
    ) -> Result<Self, CalibrateError> {
        let row = |item: usize| &features[item * n_features..(item + 1) * n_features];
        // Items with one score in the order of their features: the sort by score keeps it.
        let mut by_features: Vec<usize> = (0..gold.len()).collect();
        by_features.sort_by(|a, b| {
            let key = |item: usize| row(item).iter().map(|it| it.unwrap_or(f64::NAN));
            let mut pairs = key(*a).zip(key(*b)).map(|(a, b)| a.total_cmp(&b));
            pairs.find(|it| it.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        let reordered: Vec<Scored> = by_features.iter().map(|item| gold[*item]).collect();
        let folds = Folds::new(&reordered, options)?;
        let places: Vec<usize> = folds.places.iter().map(|place| by_features[*place]).collect();
        let features = places.iter().map(|place| row(*place)).collect();
        Ok(Self { folds, places, features })
    }

    fn fit(&self, items: &[usize], penalty: f64) -> Combiner {
        let scored: Vec<Scored> = items.iter().map(|item| self.folds.sorted[*item]).collect();
        let scales = self.scales(items);
        let rows: Vec<f64> = items
            .iter()
            .flat_map(|item| scaled(&scales, self.folds.sorted[*item].score, self.features[*item]))
            .collect();
        let weights: Vec<f64> = scored.iter().map(|it| it.weight).collect();
        let n_columns = rows.len() / items.len().max(1);
        let line = Line::fit(&rows, n_columns, &targets(&scored), &weights, penalty);
        Combiner { scales, slopes: line.slopes, intercept: line.intercept, penalty }
    }

    fn scales(&self, items: &[usize]) -> Vec<Scale> {
        let n_features = self.features.first().map_or(0, |row| row.len());
        let of_score = items.iter().map(|item| Some(log_odds(self.folds.sorted[*item].score)));
        let mut scales = vec![scale(&of_score.collect::<Vec<_>>())];
        for feature in 0..n_features {
            let values: Vec<Option<f64>> = items.iter().map(|item| self.features[*item][feature]).collect();
            scales.push(scale(&values));
        }
        scales
    }

    /// The penalty with the least log loss on held-out parts of these items; of equals the strongest.
    fn best_penalty(&self, items: &[usize], options: &CalibrateOptions) -> f64 {
        let scored: Vec<Scored> = items.iter().map(|item| self.folds.sorted[*item]).collect();
        let fold_of = stratified(&scored, self.folds.n_folds.min(items.len()), options.seed ^ 0xF01D);
        let loss = |penalty: f64| {
            let held_out = self.held_out(items, &fold_of, |training| self.fit(training, penalty));
            log_loss(&with_scores(&scored, &held_out)).unwrap_or(f64::INFINITY)
        };
        let losses = PENALTIES.map(|penalty| (penalty, loss(penalty)));
        losses.into_iter().reduce(|best, it| if it.1 < best.1 { it } else { best }).map_or(1.0, |it| it.0)
    }

    /// The probability of each item from a model fitted on the other folds.
    fn held_out(&self, items: &[usize], fold_of: &[usize], fit: impl Fn(&[usize]) -> Combiner) -> Vec<f64> {
        let mut held_out = vec![0.5; items.len()];
        for fold in 0..self.folds.n_folds {
            let training: Vec<usize> =
                items.iter().zip(fold_of).filter(|(_, of)| **of != fold).map(|(item, _)| *item).collect();
            let fitted = fit(&training);
            for (to, item) in
                held_out.iter_mut().zip(items).zip(fold_of).filter(|it| *it.1 == fold).map(|it| it.0)
            {
                let score = self.folds.sorted[*item].score;
                *to = fitted.apply(score, self.features[*item]).unwrap_or(*to);
            }
        }
        held_out
    }
}

fn scale(values: &[Option<f64>]) -> Scale {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let n = known.len().max(1) as f64;
    let mean = known.iter().sum::<f64>() / n;
    let spread = (known.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / n).sqrt();
    // What varies by rounding alone does not vary.
    let spread = if spread > 1e-12 * mean.abs().max(1e-300) { spread } else { 0.0 };
    Scale { mean, spread, missing: !known.is_empty() && known.len() < values.len() }
}

/// The columns of an item: the score and each feature on their scale, a one behind a feature that is not known.
fn scaled(scales: &[Scale], score: f64, features: &[Option<f64>]) -> Vec<f64> {
    let values = std::iter::once(Some(log_odds(score))).chain(features.iter().copied());
    let mut row = Vec::with_capacity(2 * scales.len());
    for (scale, value) in scales.iter().zip(values) {
        row.push(match value {
            Some(value) if scale.spread > 0.0 => (value - scale.mean) / scale.spread,
            Some(_) | None => 0.0,
        });
        if scale.missing {
            row.push(f64::from(u8::from(value.is_none())));
        }
    }
    row
}

#[cfg(test)]
mod tests;
