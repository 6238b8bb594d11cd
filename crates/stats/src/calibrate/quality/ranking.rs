//! Whether the score puts right labels before wrong ones: what a threshold needs, calibrated or not.
//!
//! In: scores with right and wrong. Out: AUROC, the risk-coverage curve and its area, points of that curve.
//!
//! Items of one score stand or fall together: a cut never parts them, and within a tie right and wrong are spread
//! evenly, so that the order of arrival changes nothing.
//!
//! Not here: a threshold with a guarantee (`accept`). The cuts here are measured on the items that chose them.

use crate::calibrate::scored::{Group, groups, in_order};
use crate::calibrate::{CalibrateError, Scored};

/// The probability that a right label has a higher score than a wrong one; equal scores count one half.
///
/// One half is a score that tells nothing. `None` where all labels are right or all wrong. It does not change under
/// any rising transformation: calibration that keeps the order leaves it alone. J. A. Hanley, B. J. McNeil, "The Meaning
/// and Use of the Area under a Receiver Operating Characteristic (ROC) Curve", 1982.
///
/// ```
/// use karat_stats::calibrate::{Scored, auroc};
/// let items = [Scored::new(0.9, true), Scored::new(0.6, true), Scored::new(0.6, false)];
/// assert_eq!(auroc(&items).unwrap(), Some(0.75));
/// assert_eq!(auroc(&items[..2]).unwrap(), None);
/// ```
pub fn auroc(items: &[Scored]) -> Result<Option<f64>, CalibrateError> {
    let (sorted, _) = in_order(items)?;
    Ok(auroc_of(&sorted))
}

/// The same of items in ascending order.
pub(super) fn auroc_of(sorted: &[Scored]) -> Option<f64> {
    let (mut wrong_below, mut wins, mut right) = (0.0, 0.0, 0.0);
    for group in groups(sorted) {
        // Of whole counts the difference is exact; of weights it may fall below 0 by rounding.
        let wrong = (group.weight - group.right).max(0.0);
        wins += group.right * (wrong_below + 0.5 * wrong);
        wrong_below += wrong;
        right += group.right;
    }
    let both = sorted.iter().any(|it| it.right) && sorted.iter().any(|it| !it.right);
    both.then(|| wins / (right * wrong_below))
}

/// The area under the risk-coverage curve: the mean, over all numbers `i` of most confident items, of the error rate
/// among those `i`.
///
/// It lies in [0, 1], lower is better; it falls with better ranking and with better labels, so it compares scores of the
/// same labels only; [`excess_aurc`] takes the labels out. Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-Reduced
/// Uncertainty Estimation for Deep Neural Classifiers", 2019.
///
/// ```
/// use karat_stats::calibrate::{Scored, aurc};
/// let items = [Scored::new(0.9, true), Scored::new(0.8, false)];
/// assert_eq!(aurc(&items).unwrap(), (0.0 + 0.5) / 2.0);
/// ```
pub fn aurc(items: &[Scored]) -> Result<f64, CalibrateError> {
    let (sorted, _) = in_order(items)?;
    Ok(area(groups(&sorted).into_iter().rev()))
}

/// [`aurc`] minus that of the best order of the same items, in which every right label comes first; 0 is a perfect
/// ranking. Geifman et al. 2019.
///
/// ```
/// use karat_stats::calibrate::{Scored, excess_aurc};
/// let items = [Scored::new(0.9, false), Scored::new(0.8, true)];
/// assert_eq!(excess_aurc(&items).unwrap(), 0.75 - 0.25);
/// ```
pub fn excess_aurc(items: &[Scored]) -> Result<f64, CalibrateError> {
    let (sorted, _) = in_order(items)?;
    let best: Vec<Scored> =
        sorted.iter().map(|it| Scored { score: f64::from(u8::from(it.right)), ..*it }).collect();
    // In order again: wrong before right.
    let (best, _) = in_order(&best)?;
    let excess = area(groups(&sorted).into_iter().rev()) - area(groups(&best).into_iter().rev());
    Ok(excess.max(0.0))
}

/// The mean error rate of the most confident, one item after the other; within a group errors come evenly.
fn area(groups: impl Iterator<Item = Group>) -> f64 {
    let (mut weight, mut errors, mut sum) = (0.0, 0.0, 0.0);
    for group in groups {
        let step = group.weight / group.n as f64;
        let error = (group.weight - group.right).max(0.0) / group.weight;
        for _ in 0..group.n {
            weight += step;
            errors += step * error;
            sum += step * errors / weight;
        }
    }
    sum / weight
}

/// A point of the risk-coverage curve: all items with at least this score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The least score that is taken.
    pub threshold: f64,
    /// How many items are.
    pub n: u64,
    /// The share of all items that is, by weight.
    pub coverage: f64,
    /// The share of right labels among them.
    pub accuracy: f64,
}

/// The risk-coverage curve: for each distinct score, from the highest, what a cut there takes and how right it is.
///
/// The risk is `1 - accuracy`. R. El-Yaniv, Y. Wiener, "On the Foundations of Noise-Free Selective Classification", 2010.
///
/// ```
/// use karat_stats::calibrate::{Scored, risk_coverage};
/// let items = [Scored::new(0.9, true), Scored::new(0.8, true), Scored::new(0.8, false)];
/// let curve = risk_coverage(&items).unwrap();
/// assert_eq!(curve.len(), 2);
/// assert_eq!((curve[1].threshold, curve[1].n, curve[1].coverage), (0.8, 3, 1.0));
/// ```
pub fn risk_coverage(items: &[Scored]) -> Result<Vec<Cut>, CalibrateError> {
    let (sorted, _) = in_order(items)?;
    let total = sorted.len();
    let (mut n, mut weight, mut right) = (0, 0.0, 0.0);
    let cuts = groups(&sorted).into_iter().rev().map(|group| {
        n += group.n;
        weight += group.weight;
        right += group.right;
        let coverage = if n == total { 1.0 } else { (weight / total as f64).min(1.0) };
        Cut { threshold: group.score, n: n as u64, coverage, accuracy: (right / weight).min(1.0) }
    });
    Ok(cuts.collect())
}

/// The highest threshold that takes at least this share of the items, and the accuracy there.
///
/// `coverage` lies in (0, 1]; `None` where it is above 1. As items of one score stay together, more may be taken than
/// was asked for. The accuracy holds for these items; for others it is a guess on the bright side.
///
/// ```
/// use karat_stats::calibrate::{Scored, accuracy_at_coverage};
/// let items = [Scored::new(0.9, true), Scored::new(0.8, true), Scored::new(0.7, false)];
/// assert_eq!(accuracy_at_coverage(&items, 0.6).unwrap().unwrap().accuracy, 1.0);
/// ```
pub fn accuracy_at_coverage(items: &[Scored], coverage: f64) -> Result<Option<Cut>, CalibrateError> {
    // What was asked for may be a fraction that rounds up.
    Ok(risk_coverage(items)?.into_iter().find(|cut| cut.coverage >= coverage - 1e-12))
}

/// The lowest threshold above which the labels are at least this accurate, and the share of items it takes.
///
/// `None` where no threshold reaches it: then nothing can go without review at this accuracy. The threshold is found and
/// measured on the same items, and breaks its promise about as often as it keeps it: for a guarantee use
/// [`accept`](crate::accept).
///
/// ```
/// use karat_stats::calibrate::{Scored, coverage_at_accuracy};
/// let items = [Scored::new(0.9, true), Scored::new(0.8, true), Scored::new(0.7, false)];
/// assert_eq!(coverage_at_accuracy(&items, 0.9).unwrap().unwrap().n, 2);
/// assert_eq!(coverage_at_accuracy(&items[2..], 0.9).unwrap(), None);
/// ```
pub fn coverage_at_accuracy(items: &[Scored], accuracy: f64) -> Result<Option<Cut>, CalibrateError> {
    Ok(risk_coverage(items)?.into_iter().rev().find(|cut| cut.accuracy >= accuracy - 1e-12))
}
