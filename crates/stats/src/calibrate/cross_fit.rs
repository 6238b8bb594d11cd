//! Calibration as it should be done: fitted on some of the gold, judged on the rest.
//!
//! In: gold items, a rule, folds and a seed. Out: the calibrator fitted on all of the gold, a calibrated probability of
//! each gold item from a calibrator that did not see it, and the quality before and after.
//!
//! Not here: the curves, and the measures of quality.

use super::quality::{Quality, log_loss, quality};
use super::scored::{check_outcomes, in_order};
use super::{CalibrateError, Calibrator, Method, Scored, choose};
use crate::random::folds;

/// Which calibrators are tried.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Those that [`choose`] offers for the number of gold items; the one with the least cross-fitted log loss is taken.
    BySize,
    /// This one, however little gold there is.
    Only(&'static Method),
}

/// How to calibrate. Every field changes the result, so none has a default.
#[derive(Debug, Clone, Copy)]
pub struct CalibrateOptions {
    /// Which calibrators are tried.
    pub rule: Rule,
    /// In how many parts the gold is cut, 2 or more; 5 and 10 are usual.
    pub n_folds: usize,
    /// How many bins the calibration errors have; 15 is usual.
    pub n_bins: usize,
    /// Where the random draw of the folds starts.
    pub seed: u64,
}

/// A calibrator that was tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The method's name.
    pub name: &'static str,
    /// Its log loss on items it was not fitted on.
    pub log_loss: f64,
}

/// A calibrator with its proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// Fitted on all of the gold: for items that are not gold.
    pub calibrator: Calibrator,
    /// For each gold item, in the order given, the probability from a calibrator fitted without it. Thresholds and
    /// reports on gold use these.
    pub cross_fitted: Vec<f64>,
    /// The scores as they came.
    pub before: Quality,
    /// The cross-fitted probabilities. Where several calibrators were tried this is the best of them, and by a little too
    /// good.
    pub after: Quality,
    /// What was tried, in the order of [`CALIBRATORS`](super::CALIBRATORS).
    pub candidates: Vec<Candidate>,
}

/// Fits a calibrator and measures it on items that it was not fitted on.
///
/// The gold is cut into folds with equal shares of right items; each fold gets its probabilities from a calibrator
/// fitted on the others. The gold must be drawn at random from the items that will be calibrated (or weighted by how it
/// was drawn): gold that somebody picked says nothing of the rest.
///
/// An error with fewer than 30 items under [`Rule::BySize`], with fewer than two right or two wrong ones, and for
/// scores outside [0, 1] or weights that are not above 0. The order of the items changes nothing but which of several
/// like items gets which of their values.
///
/// ```
/// use karat_stats::calibrate::{CalibrateOptions, Rule, Scored, calibrate};
/// // Says .95, and is right in seven of ten cases; says .6, and is right in half of them.
/// let gold: Vec<Scored> = (0..100)
///     .map(|it| if it % 2 == 0 { Scored::new(0.95, it % 20 < 14) } else { Scored::new(0.6, it % 4 == 1) })
///     .collect();
/// let options = CalibrateOptions { rule: Rule::BySize, n_folds: 5, n_bins: 15, seed: 7 };
/// let calibrated = calibrate(&gold, &options).unwrap();
/// assert!((calibrated.calibrator.apply(0.95) - 0.7).abs() < 0.03);
/// assert!(calibrated.before.ece > 0.15 && calibrated.after.ece < 0.05);
/// ```
pub fn calibrate(gold: &[Scored], options: &CalibrateOptions) -> Result<Calibrated, CalibrateError> {
    let methods = match options.rule {
        Rule::BySize => choose(gold.len())?,
        Rule::Only(method) => vec![method],
    };
    let gold_folds = Folds::new(gold, options)?;
    let mut best: Option<(&Method, Vec<f64>, f64)> = None;
    let mut candidates = Vec::with_capacity(methods.len());
    for method in methods {
        let held_out = gold_folds.held_out(method)?;
        let loss = log_loss(&with_scores(&gold_folds.sorted, &held_out))?;
        candidates.push(Candidate { name: method.name, log_loss: loss });
        if best.as_ref().is_none_or(|(_, _, least)| loss < *least) {
            best = Some((method, held_out, loss));
        }
    }
    let (method, held_out, _) = best.ok_or(CalibrateError::NoItems)?;
    Ok(Calibrated {
        calibrator: (method.fit)(&gold_folds.sorted)?,
        before: quality(&gold_folds.sorted, options.n_bins)?,
        after: quality(&with_scores(&gold_folds.sorted, &held_out), options.n_bins)?,
        cross_fitted: gold_folds.in_given_order(&held_out),
        candidates,
    })
}

/// Gold in ascending order of score, cut into folds.
pub(super) struct Folds {
    pub(super) sorted: Vec<Scored>,
    /// Where each sorted item stood.
    pub(super) places: Vec<usize>,
    /// The fold of each sorted item.
    pub(super) fold_of: Vec<usize>,
    pub(super) n_folds: usize,
}

impl Folds {
    pub(super) fn new(gold: &[Scored], options: &CalibrateOptions) -> Result<Self, CalibrateError> {
        let (sorted, places) = in_order(gold)?;
        // Two of each, in different folds: every part that is fitted on then holds both outcomes.
        check_outcomes(&sorted, 2)?;
        if options.n_folds < 2 {
            return Err(CalibrateError::TooFewFolds { got: options.n_folds });
        }
        let n_folds = options.n_folds.min(gold.len());
        let fold_of = stratified(&sorted, n_folds, options.seed);
        Ok(Self { sorted, places, fold_of, n_folds })
    }

    /// The probability of each sorted item from a calibrator fitted on the other folds.
    pub(super) fn held_out(&self, method: &Method) -> Result<Vec<f64>, CalibrateError> {
        let mut held_out = vec![0.0; self.sorted.len()];
        for fold in 0..self.n_folds {
            let fitted = (method.fit)(&self.outside(fold))?;
            for (idx, to) in held_out.iter_mut().enumerate() {
                if self.fold_of[idx] == fold {
                    *to = fitted.apply(self.sorted[idx].score);
                }
            }
        }
        Ok(held_out)
    }

    fn outside(&self, fold: usize) -> Vec<Scored> {
        let outside = self.sorted.iter().zip(&self.fold_of).filter(|(_, of)| **of != fold);
        outside.map(|(item, _)| *item).collect()
    }

    /// Values of the sorted items in the order in which the items were given.
    pub(super) fn in_given_order(&self, values: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; values.len()];
        for (place, value) in self.places.iter().zip(values) {
            out[*place] = *value;
        }
        out
    }
}

/// Folds in which right and wrong items are spread alike.
pub(super) fn stratified(items: &[Scored], n_folds: usize, seed: u64) -> Vec<usize> {
    let n_right = items.iter().filter(|it| it.right).count();
    let mut of_right = folds(n_right, n_folds, seed).into_iter();
    let mut of_wrong = folds(items.len() - n_right, n_folds, seed ^ 0x5EED).into_iter();
    let fold = |item: &Scored| if item.right { of_right.next() } else { of_wrong.next() };
    items.iter().map(fold).map(|it| it.unwrap_or(0)).collect()
}

/// The items with other scores.
pub(super) fn with_scores(items: &[Scored], scores: &[f64]) -> Vec<Scored> {
    items.iter().zip(scores).map(|(item, score)| Scored { score: *score, ..*item }).collect()
}
