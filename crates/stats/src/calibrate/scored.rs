//! A score and whether the label was right: what calibration is learned from and judged on.
//!
//! In: numbers from the caller. Out: the same in a fixed order, checked, with weights of mean one; or a named error.
//!
//! Not here: labels and gold (the caller compares them).

use super::CalibrateError;

/// How near to 0 and 1 a score is read, and a probability is given: a millionth.
///
/// The log-odds of 0 and 1 are infinite, and no count of gold shows that a label is never wrong.
pub const SCORE_EDGE: f64 = 1e-6;

/// The score of a label and whether the label is right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The score, in [0, 1].
    pub score: f64,
    /// Whether the label is right: whether it is the gold.
    pub right: bool,
    /// How many items this one stands for, above 0; only the proportions count. 1 where gold was drawn evenly, one
    /// over the probability of being drawn where it was not.
    pub weight: f64,
}

impl Scored {
    /// An item of weight 1.
    ///
    /// ```
    /// assert_eq!(karat_stats::calibrate::Scored::new(0.9, true).weight, 1.0);
    /// ```
    pub fn new(score: f64, right: bool) -> Self {
        Self { score, right, weight: 1.0 }
    }

    /// The weight if the label is right, else 0.
    pub(super) fn weight_right(&self) -> f64 {
        if self.right { self.weight } else { 0.0 }
    }
}

/// The items in ascending order of score, with weights that sum to their number, and where each of them stood.
///
/// The order is one of the values alone, so that no result depends on the order of arrival.
pub(super) fn in_order(items: &[Scored]) -> Result<(Vec<Scored>, Vec<usize>), CalibrateError> {
    if items.is_empty() {
        return Err(CalibrateError::NoItems);
    }
    for item in items {
        if !(0.0..=1.0).contains(&item.score) {
            return Err(CalibrateError::BadScore { got: item.score });
        }
        if !(item.weight > 0.0 && item.weight.is_finite()) {
            return Err(CalibrateError::BadWeight { got: item.weight });
        }
    }
    let mut places: Vec<usize> = (0..items.len()).collect();
    places.sort_by(|a, b| {
        let (a, b) = (&items[*a], &items[*b]);
        a.score.total_cmp(&b.score).then(a.right.cmp(&b.right)).then(a.weight.total_cmp(&b.weight))
    });
    let mut sorted: Vec<Scored> = places.iter().map(|place| items[*place]).collect();
    let mean = sorted.iter().map(|it| it.weight).sum::<f64>() / sorted.len() as f64;
    if !(mean.is_finite() && mean > 0.0) {
        return Err(CalibrateError::BadWeight { got: mean });
    }
    sorted.iter_mut().for_each(|it| it.weight /= mean);
    Ok((sorted, places))
}

/// The items in order, where both outcomes are among them: without right and wrong there is nothing to learn.
pub(super) fn both_outcomes(items: &[Scored]) -> Result<Vec<Scored>, CalibrateError> {
    let (sorted, _) = in_order(items)?;
    check_outcomes(&sorted, 1)?;
    Ok(sorted)
}

/// An error unless there are at least `at_least` right and as many wrong items.
pub(super) fn check_outcomes(items: &[Scored], at_least: usize) -> Result<(), CalibrateError> {
    let n_right = items.iter().filter(|it| it.right).count();
    let n_wrong = items.len() - n_right;
    if n_right.min(n_wrong) < at_least {
        return Err(CalibrateError::OneOutcome { n_right, n_wrong, needed: at_least });
    }
    Ok(())
}

/// Items that share a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Group {
    /// The score.
    pub(super) score: f64,
    /// How many items.
    pub(super) n: usize,
    /// Their weight.
    pub(super) weight: f64,
    /// The weight of those that are right.
    pub(super) right: f64,
}

/// The distinct scores of items in order, ascending.
pub(super) fn groups(sorted: &[Scored]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for item in sorted {
        let right = item.weight_right();
        match groups.last_mut() {
            Some(last) if last.score == item.score => {
                last.n += 1;
                last.weight += item.weight;
                last.right += right;
            }
            _ => groups.push(Group { score: item.score, n: 1, weight: item.weight, right }),
        }
    }
    groups
}

/// The bin of each of several masses in ascending order, of `n_bins` that hold about the same: the one in which the
/// middle of the mass falls.
pub(super) fn equal_mass_bins(masses: impl Iterator<Item = f64> + Clone, n_bins: usize) -> Vec<usize> {
    let total: f64 = masses.clone().sum();
    let mut before = 0.0;
    masses
        .map(|mass| {
            let middle = (before + 0.5 * mass) / total;
            before += mass;
            ((middle * n_bins as f64) as usize).min(n_bins.saturating_sub(1))
        })
        .collect()
}

/// The logarithm of the odds of a score, read no nearer than [`SCORE_EDGE`] to 0 and 1.
pub(super) fn log_odds(score: f64) -> f64 {
    let score = inside(score);
    score.ln() - (-score).ln_1p()
}

/// The probability of these log-odds.
pub(super) fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The nearest number that is at least [`SCORE_EDGE`] away from 0 and 1.
pub(super) fn inside(score: f64) -> f64 {
    score.clamp(SCORE_EDGE, 1.0 - SCORE_EDGE)
}
