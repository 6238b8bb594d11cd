//! Proper scores: measures that are best where the true probability is said.
//!
//! In: scores with right and wrong, or distributions with gold. Out: Brier score with its parts, log loss.
//!
//! Not here: measures in bins (`bins.rs`) and of the order alone (`ranking.rs`).

use super::bins::{Binning, reliability_diagram};
use crate::Class;
use crate::calibrate::scored::{in_order, inside};
use crate::calibrate::{CalibrateError, SCORE_EDGE, Scored, check_rows};
use crate::interval::Level;

/// The Brier score of the top label: the mean square of score minus outcome (1 right, 0 wrong).
///
/// It lies in [0, 1], lower is better; a score that is always the accuracy `a` has `a (1 - a)`. It sums up calibration and
/// ranking: [`brier_parts`] parts them. G. W. Brier, "Verification of Forecasts Expressed in Terms of Probability",
/// 1950.
///
/// ```
/// use karat_stats::calibrate::{Scored, brier};
/// let items = [Scored::new(0.9, true), Scored::new(0.7, false)];
/// assert!((brier(&items).unwrap() - 0.25).abs() < 1e-12);
/// ```
pub fn brier(items: &[Scored]) -> Result<f64, CalibrateError> {
    let (sorted, _) = in_order(items)?;
    Ok(brier_of(&sorted))
}

pub(super) fn brier_of(items: &[Scored]) -> f64 {
    let total: f64 = items.iter().map(|it| it.weight).sum();
    let squares = items.iter().map(|it| it.weight * (it.score - f64::from(u8::from(it.right))).powi(2));
    squares.sum::<f64>() / total
}

/// The Brier score in parts: `reliability - resolution + uncertainty + within`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrierParts {
    /// The mean square of promise minus outcome of the bins: what calibration could win.
    pub reliability: f64,
    /// How far the outcomes of the bins lie apart: what the score tells.
    pub resolution: f64,
    /// Accuracy times its complement: what the items leave open.
    pub uncertainty: f64,
    /// What is lost by taking the scores of a bin for one; 0 where they are.
    pub within: f64,
}

/// The parts of the Brier score in bins. A. H. Murphy, "A New Vector Partition of the Probability Score", 1973.
///
/// The classic three parts sum to the Brier score only where all scores of a bin are the same; `within` is the rest
/// (D. B. Stephenson et al., "Two Extra Components in the Brier Score Decomposition", 2008). With few items
/// reliability is too high, as the ECE is.
///
/// ```
/// use karat_stats::calibrate::{Binning, Scored, brier, brier_parts};
/// let items: Vec<Scored> = (0..10).map(|it| Scored::new(0.9, it < 6)).collect();
/// let parts = brier_parts(&items, Binning::EqualWidth(15)).unwrap();
/// assert!((parts.reliability - 0.09).abs() < 1e-12 && parts.resolution.abs() < 1e-12);
/// assert!((parts.reliability + parts.uncertainty - brier(&items).unwrap()).abs() < 1e-12);
/// ```
pub fn brier_parts(items: &[Scored], binning: Binning) -> Result<BrierParts, CalibrateError> {
    let whole = brier(items)?;
    let bins = reliability_diagram(items, binning, Level::P95)?;
    let (sorted, _) = in_order(items)?;
    let n = sorted.len() as f64;
    let accuracy = sorted.iter().map(Scored::weight_right).sum::<f64>() / n;
    let (mut reliability, mut resolution) = (0.0, 0.0);
    let mut rest = sorted.as_slice();
    for bin in &bins {
        // The bins follow each other in the order of the scores.
        let (inside, others) = rest.split_at(bin.n as usize);
        let share = inside.iter().map(|it| it.weight).sum::<f64>() / n;
        reliability += share * (bin.mean_score - bin.share_right.value).powi(2);
        resolution += share * (bin.share_right.value - accuracy).powi(2);
        rest = others;
    }
    let uncertainty = accuracy * (1.0 - accuracy);
    Ok(BrierParts {
        reliability,
        resolution,
        uncertainty,
        within: whole - reliability + resolution - uncertainty,
    })
}

/// The log loss of the top label: the mean of `-ln` of the probability given to what came, right or wrong.
///
/// 0 is best; a coin has 0.693. A score nearer to 0 or 1 than 1e-6 counts as that: a wrong label with a score of 1 costs
/// 13.8 and not infinity. One confident error can weigh more than a hundred good items: read it beside [`brier`].
///
/// ```
/// use karat_stats::calibrate::{Scored, log_loss};
/// assert!((log_loss(&[Scored::new(0.5, false)]).unwrap() - 2.0_f64.ln()).abs() < 1e-12);
/// assert!(log_loss(&[Scored::new(1.0, false)]).unwrap() < 14.0);
/// ```
pub fn log_loss(items: &[Scored]) -> Result<f64, CalibrateError> {
    let (sorted, _) = in_order(items)?;
    let losses = sorted.iter().map(|it| {
        let score = inside(it.score);
        -it.weight * if it.right { score.ln() } else { (-score).ln_1p() }
    });
    Ok(losses.sum::<f64>() / sorted.len() as f64)
}

/// The Brier score of whole distributions: the mean over the items of the squared distances of all classes.
///
/// `rows` holds one distribution of `n_classes` numbers after the other, `gold[i]` is the class of row `i`. It lies in
/// [0, 2]; with two classes it is twice that of one of them. Brier 1950.
///
/// ```
/// use karat_stats::{Class, calibrate::brier_full};
/// let score = brier_full(&[0.7, 0.2, 0.1], 3, &[Class(0)]).unwrap();
/// assert!((score - (0.09 + 0.04 + 0.01)).abs() < 1e-12);
/// ```
pub fn brier_full(rows: &[f64], n_classes: usize, gold: &[Class]) -> Result<f64, CalibrateError> {
    check_rows(rows, n_classes, gold)?;
    let squares = rows.chunks_exact(n_classes).zip(gold).map(|(row, gold)| {
        let terms = row.iter().enumerate();
        terms.map(|(class, p)| (p - f64::from(u8::from(class == gold.0 as usize))).powi(2)).sum::<f64>()
    });
    Ok(squares.sum::<f64>() / gold.len() as f64)
}

/// The log loss of whole distributions: the mean of `-ln` of the probability of the gold class.
///
/// The shape is that of [`brier_full`]. A probability below 1e-6 counts as that.
///
/// ```
/// use karat_stats::{Class, calibrate::log_loss_full};
/// assert!((log_loss_full(&[0.7, 0.2, 0.1], 3, &[Class(1)]).unwrap() + 0.2_f64.ln()).abs() < 1e-12);
/// ```
pub fn log_loss_full(rows: &[f64], n_classes: usize, gold: &[Class]) -> Result<f64, CalibrateError> {
    check_rows(rows, n_classes, gold)?;
    let losses =
        rows.chunks_exact(n_classes).zip(gold).map(|(row, gold)| -row[gold.0 as usize].max(SCORE_EDGE).ln());
    Ok(losses.sum::<f64>() / gold.len() as f64)
}
