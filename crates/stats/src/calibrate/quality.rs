//! How good scores are: whether they are probabilities, and whether they rank right before wrong.
//!
//! In: scores with right and wrong, or distributions with gold. Out: calibration errors, proper scores, ranking measures,
//! each with its interval where asked for.
//!
//! Not here: making the scores better (the calibrators).

mod bins;
mod proper;
mod ranking;

use super::scored::in_order;
use super::{CalibrateError, Scored};
use crate::bootstrap::{IntervalOptions, bootstrap_grouped};
use crate::interval::Estimate;
pub use bins::{Bin, Binning, classwise_ece, ece, expected_ece, max_calibration_error, reliability_diagram};
pub use proper::{BrierParts, brier, brier_full, brier_parts, log_loss, log_loss_full};
pub use ranking::{Cut, accuracy_at_coverage, aurc, auroc, coverage_at_accuracy, excess_aurc, risk_coverage};

/// The usual measures of one set of scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// How many items.
    pub n: u64,
    /// The share of right labels.
    pub accuracy: f64,
    /// The mean score; above the accuracy where the annotator is too sure.
    pub mean_score: f64,
    /// [`ece`] in bins of equal width.
    pub ece: f64,
    /// [`ece`] in bins of equal mass.
    pub ece_equal_mass: f64,
    /// [`max_calibration_error`] in bins of equal mass.
    pub max_error: f64,
    /// [`brier`].
    pub brier: f64,
    /// [`log_loss`].
    pub log_loss: f64,
    /// [`auroc`]; `None` where all are right or all wrong.
    pub auroc: Option<f64>,
    /// [`aurc`].
    pub aurc: f64,
    /// [`excess_aurc`].
    pub excess_aurc: f64,
}

/// The usual measures of scores, with `n_bins` bins for the calibration errors (15 is usual).
///
/// An error without items, without bins, and for scores outside [0, 1].
///
/// ```
/// use karat_stats::calibrate::{Scored, quality};
/// let items = [Scored::new(0.9, true), Scored::new(0.8, true), Scored::new(0.7, false)];
/// let quality = quality(&items, 15).unwrap();
/// assert_eq!((quality.n, quality.auroc), (3, Some(1.0)));
/// assert!((quality.brier - (0.01 + 0.04 + 0.49) / 3.0).abs() < 1e-12);
/// ```
pub fn quality(items: &[Scored], n_bins: usize) -> Result<Quality, CalibrateError> {
    let (sorted, _) = in_order(items)?;
    let n = sorted.len() as f64;
    Ok(Quality {
        n: sorted.len() as u64,
        accuracy: sorted.iter().map(Scored::weight_right).sum::<f64>() / n,
        mean_score: sorted.iter().map(|it| it.weight * it.score).sum::<f64>() / n,
        ece: ece(items, Binning::EqualWidth(n_bins))?,
        ece_equal_mass: ece(items, Binning::EqualMass(n_bins))?,
        max_error: max_calibration_error(items, Binning::EqualMass(n_bins))?,
        brier: brier(items)?,
        log_loss: log_loss(items)?,
        auroc: auroc(items)?,
        aurc: aurc(items)?,
        excess_aurc: excess_aurc(items)?,
    })
}

/// The measures for which intervals are worth their time. `None` where a measure is undefined in more than half of the
/// resamples, or there were none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityIntervals {
    /// [`ece`] in bins of equal width. Its resamples err upwards, as the value itself does.
    pub ece: Option<Estimate>,
    /// [`brier`].
    pub brier: Option<Estimate>,
    /// [`auroc`].
    pub auroc: Option<Estimate>,
}

/// ECE, Brier score and AUROC with bootstrap intervals over items.
///
/// All three see the same resamples. The interval of the ECE is too high by what the ECE itself is too high: compare
/// with [`expected_ece`].
///
/// ```
/// use karat_stats::{IntervalOptions, Level, calibrate::{Scored, quality_intervals}};
/// let items: Vec<Scored> = (0..200).map(|it| Scored::new(0.8, it % 5 > 0)).collect();
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let brier = quality_intervals(&items, 15, &options).unwrap().brier.unwrap();
/// assert!((brier.value - 0.16).abs() < 1e-12 && brier.interval.contains(0.17));
/// ```
pub fn quality_intervals(
    items: &[Scored],
    n_bins: usize,
    options: &IntervalOptions,
) -> Result<QualityIntervals, CalibrateError> {
    let (sorted, _) = in_order(items)?;
    let values = [Some(ece(items, Binning::EqualWidth(n_bins))?), Some(brier(items)?), auroc(items)?];
    let bin_of: Vec<usize> = sorted.iter().map(|it| bins::equal_width_bin(it.score, n_bins)).collect();
    let mut drawn_items = Vec::with_capacity(sorted.len());
    let mut drawn_bins = Vec::with_capacity(sorted.len());
    let resampled = bootstrap_grouped(
        &vec![1; sorted.len()],
        3,
        |drawn, out| {
            drawn_items.clear();
            drawn_bins.clear();
            for ((item, bin), times) in sorted.iter().zip(&bin_of).zip(drawn).filter(|(_, times)| **times > 0)
            {
                drawn_items.push(Scored { weight: item.weight * *times as f64, ..*item });
                drawn_bins.push(*bin);
            }
            out[0] = Some(bins::gaps(&drawn_items, &drawn_bins, n_bins).0);
            out[1] = Some(proper::brier_of(&drawn_items));
            out[2] = ranking::auroc_of(&drawn_items);
        },
        options,
    );
    let estimate = |idx: usize| {
        let (value, interval) = (values[idx]?, resampled[idx]?);
        Some(Estimate { value, interval: interval.widened_to(value), n: sorted.len() as u64 })
    };
    Ok(QualityIntervals { ece: estimate(0), brier: estimate(1), auroc: estimate(2) })
}

#[cfg(test)]
mod tests;
