//! Calibration errors: scores in bins, and in each bin what was promised against what came.
//!
//! In: scores with right and wrong, a binning. Out: the reliability diagram and the errors that sum it up.
//!
//! Not here: measures without bins (`proper.rs`, `ranking.rs`).

use crate::Class;
use crate::calibrate::scored::{equal_mass_bins, groups, in_order};
use crate::calibrate::{CalibrateError, Scored, check_rows};
use crate::interval::{Estimate, Level, wilson_of_share};
use crate::random::SplitMix64;

/// How scores are put into bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binning {
    /// So many bins of equal width: `[i / B, (i + 1) / B)`, the last one closed.
    EqualWidth(usize),
    /// So many bins of about equal mass. Items of one score are never parted, so with many ties there are fewer.
    EqualMass(usize),
}

/// A bar of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// How many items fell into it.
    pub n: u64,
    /// The least and the greatest score of them.
    pub scores: (f64, f64),
    /// Their mean score: what was promised.
    pub mean_score: f64,
    /// The share of them that is right, with its Wilson interval: what came. Its `n` is the number of items, or the
    /// effective number (Kish) where weights differ.
    pub share_right: Estimate,
}

/// The reliability diagram: for each bin that is not empty, the mean score and the share of right labels.
///
/// A calibrated score lies on the diagonal: where the interval of a bin holds its mean score, nothing speaks against it.
/// Bars below the diagonal are too sure. An error without items or bins and for bad scores.
///
/// ```
/// use karat_stats::{Level, calibrate::{Binning, Scored, reliability_diagram}};
/// let items: Vec<Scored> = (0..10).map(|it| Scored::new(0.95, it < 6)).collect();
/// let bins = reliability_diagram(&items, Binning::EqualWidth(10), Level::P95).unwrap();
/// assert_eq!((bins.len(), bins[0].n, bins[0].share_right.value), (1, 10, 0.6));
/// assert!(!bins[0].share_right.interval.contains(0.95));
/// ```
pub fn reliability_diagram(
    items: &[Scored],
    binning: Binning,
    level: Level,
) -> Result<Vec<Bin>, CalibrateError> {
    let (sorted, bin_of, _) = binned(items, binning)?;
    let mut bins = Vec::new();
    let mut start = 0;
    while start < sorted.len() {
        let len = bin_of[start..].iter().take_while(|bin| **bin == bin_of[start]).count();
        let inside = &sorted[start..start + len];
        let weight: f64 = inside.iter().map(|it| it.weight).sum();
        let squares: f64 = inside.iter().map(|it| it.weight * it.weight).sum();
        let share = (inside.iter().map(Scored::weight_right).sum::<f64>() / weight).min(1.0);
        let n = ((weight * weight / squares).round() as u64).max(1);
        bins.push(Bin {
            n: len as u64,
            scores: (inside[0].score, inside[len - 1].score),
            mean_score: inside.iter().map(|it| it.weight * it.score).sum::<f64>() / weight,
            share_right: Estimate { value: share, interval: wilson_of_share(share, n, level), n },
        });
        start += len;
    }
    Ok(bins)
}

/// The expected calibration error: the mean over the items of the distance between the mean score of their bin and its
/// share of right labels.
///
/// It lies in [0, 1]; 0 is what a calibrated score would have with endless items. With few items it is too high even for
/// a perfect score: [`expected_ece`] says how much of it is noise. A score that is always the accuracy has an ECE of 0
/// and tells no item from another: read it beside [`auroc`](super::auroc). An error without items or bins and for bad
/// scores. M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning",
/// 2015; equal mass: K. Nguyen, B. O'Connor, "Posterior Calibration and Exploratory Analysis for Natural Language
/// Processing Models", 2015.
///
/// ```
/// use karat_stats::calibrate::{Binning, Scored, ece};
/// let items: Vec<Scored> = (0..10).map(|it| Scored::new(0.9, it < 6)).collect();
/// assert!((ece(&items, Binning::EqualWidth(15)).unwrap() - 0.3).abs() < 1e-12);
/// ```
pub fn ece(items: &[Scored], binning: Binning) -> Result<f64, CalibrateError> {
    let (sorted, bin_of, n_bins) = binned(items, binning)?;
    Ok(gaps(&sorted, &bin_of, n_bins).0)
}

/// The greatest distance between the mean score of a bin and its share of right labels.
///
/// One bin with a single item can make it large: take bins of equal mass. Naeini et al. 2015.
///
/// ```
/// use karat_stats::calibrate::{Binning, Scored, max_calibration_error};
/// let items = [Scored::new(0.9, true), Scored::new(0.2, true)];
/// let error = max_calibration_error(&items, Binning::EqualWidth(10)).unwrap();
/// assert!((error - 0.8).abs() < 1e-12);
/// ```
pub fn max_calibration_error(items: &[Scored], binning: Binning) -> Result<f64, CalibrateError> {
    let (sorted, bin_of, n_bins) = binned(items, binning)?;
    Ok(gaps(&sorted, &bin_of, n_bins).1)
}

/// The mean over the classes of the ECE of "it is this class".
///
/// `rows` holds one distribution of `n_classes` numbers after the other, `gold[i]` is the class of row `i`. Unlike the ECE
/// of the top label it sees a class whose probability is too high while another one wins. With many classes most
/// numbers are near 0, and so is the result: compare it between annotators on one set of labels only. M. Kull et al.,
/// "Beyond Temperature Scaling", 2019.
///
/// ```
/// use karat_stats::{Class, calibrate::{Binning, classwise_ece}};
/// let error = classwise_ece(&[0.8, 0.2, 0.8, 0.2], 2, &[Class(0), Class(1)], Binning::EqualWidth(15)).unwrap();
/// assert!((error - 0.3).abs() < 1e-12);
/// ```
pub fn classwise_ece(
    rows: &[f64],
    n_classes: usize,
    gold: &[Class],
    binning: Binning,
) -> Result<f64, CalibrateError> {
    check_rows(rows, n_classes, gold)?;
    let mut sum = 0.0;
    for class in 0..n_classes {
        let is_it = gold.iter().map(|gold| gold.0 as usize == class);
        let items: Vec<Scored> = rows
            .chunks_exact(n_classes)
            .zip(is_it)
            // Distributions sum to 1 but for rounding.
            .map(|(row, is_it)| {
                Scored::new(if row[class] > 1.0 && row[class] < 1.0 + 1e-9 { 1.0 } else { row[class] }, is_it)
            })
            .collect();
        sum += ece(&items, binning)?;
    }
    Ok(sum / n_classes as f64)
}

/// The ECE that these scores would show if they were perfectly calibrated: a yardstick for the one they do show.
///
/// For each of `n_draws` rounds (200 are enough) every item is right with the probability that its score says; the result
/// is the mean ECE. An observed ECE near this number is noise. An error without scores, bins or draws and for bad
/// scores.
///
/// ```
/// use karat_stats::calibrate::{Binning, expected_ece};
/// let noise = expected_ece(&[0.8; 50], Binning::EqualWidth(15), 200, 7).unwrap();
/// assert!(noise > 0.03 && noise < 0.06);
/// ```
pub fn expected_ece(
    scores: &[f64],
    binning: Binning,
    n_draws: u32,
    seed: u64,
) -> Result<f64, CalibrateError> {
    let items: Vec<Scored> = scores.iter().map(|score| Scored::new(*score, false)).collect();
    let (mut sorted, bin_of, n_bins) = binned(&items, binning)?;
    if n_draws == 0 {
        return Err(CalibrateError::NoItems);
    }
    let mut random = SplitMix64::new(seed);
    let mut sum = 0.0;
    for _ in 0..n_draws {
        sorted.iter_mut().for_each(|it| it.right = random.unit() < it.score);
        sum += gaps(&sorted, &bin_of, n_bins).0;
    }
    Ok(sum / f64::from(n_draws))
}

/// The items in order, the bin of each, and the number of bins.
fn binned(items: &[Scored], binning: Binning) -> Result<(Vec<Scored>, Vec<usize>, usize), CalibrateError> {
    let (sorted, _) = in_order(items)?;
    let (Binning::EqualWidth(n_bins) | Binning::EqualMass(n_bins)) = binning;
    if n_bins == 0 {
        return Err(CalibrateError::WrongLength { what: "bins", got: 0, want: 1 });
    }
    let bin_of = match binning {
        Binning::EqualWidth(_) => sorted.iter().map(|it| equal_width_bin(it.score, n_bins)).collect(),
        Binning::EqualMass(_) => {
            let groups = groups(&sorted);
            let bin_of = equal_mass_bins(groups.iter().map(|it| it.weight), n_bins);
            groups.iter().zip(bin_of).flat_map(|(group, bin)| std::iter::repeat_n(bin, group.n)).collect()
        }
    };
    Ok((sorted, bin_of, n_bins))
}

/// The bin `[i / B, (i + 1) / B)` that holds the score.
pub(super) fn equal_width_bin(score: f64, n_bins: usize) -> usize {
    let count = n_bins as f64;
    let mut bin = (score * count) as usize;
    // The product may round across a border.
    if bin as f64 / count > score {
        bin -= 1;
    } else if (bin + 1) as f64 / count <= score {
        bin += 1;
    }
    bin.min(n_bins - 1)
}

/// The mean distance, by weight, and the greatest one between promise and outcome of the bins.
pub(super) fn gaps(items: &[Scored], bin_of: &[usize], n_bins: usize) -> (f64, f64) {
    let mut sums = vec![(0.0, 0.0); n_bins];
    let mut total = 0.0;
    for (item, bin) in items.iter().zip(bin_of) {
        let (weight, off) = &mut sums[*bin];
        *weight += item.weight;
        *off += item.weight * item.score - item.weight_right();
        total += item.weight;
    }
    let mean = sums.iter().map(|(_, off)| off.abs()).sum::<f64>() / total;
    let most = sums.iter().filter(|(weight, _)| *weight > 0.0).map(|(weight, off)| off.abs() / weight);
    (mean, most.fold(0.0, f64::max))
}
