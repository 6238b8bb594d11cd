//! From a score to a probability that can be trusted, and how far it can.
//!
//! In: gold items, each with the score of its label and whether the label is right ([`Scored`]). Out: a [`Calibrator`]
//! that turns scores into probabilities of being right, and the [`Quality`] of the scores before and after.
//!
//! A calibrator belongs to one source of scores, one annotator and one prompt: token probabilities and stated numbers
//! are never mixed, and a new prompt needs new gold. What is reported of it is measured on items that it was not fitted
//! on ([`calibrate`]); on its own gold any flexible curve looks perfect.
//!
//! [`CALIBRATORS`] lists the curves, [`choose`] says which of them so much gold can bear. [`combine`] takes further
//! evidence beside the score. [`quality`] and its neighbors judge scores; [`prompt_prior`] and its neighbors take out the
//! labels that a prompt favors.
//!
//! Not here: which items may go without review (`accept`).

mod calibrator;
mod combine;
mod cross_fit;
mod isotonic;
mod prompt_bias;
mod quality;
mod scored;
mod sigmoid;
mod temperature;
mod venn_abers;

use crate::Class;
pub use calibrator::{Bracket, Calibrator, Knot};
pub use combine::{Combined, Combiner, Model, Scale, combine};
pub use cross_fit::{CalibrateOptions, Calibrated, Candidate, Rule, calibrate};
pub use prompt_bias::{
    GammaChoice, batch_calibration, choose_gamma, contextual_calibration, domain_context_calibration,
    prompt_prior, without_prior,
};
pub use quality::{
    Bin, Binning, BrierParts, Cut, Quality, QualityIntervals, accuracy_at_coverage, aurc, auroc, brier,
    brier_full, brier_parts, classwise_ece, coverage_at_accuracy, ece, excess_aurc, expected_ece, log_loss,
    log_loss_full, max_calibration_error, quality, quality_intervals, reliability_diagram, risk_coverage,
};
pub use scored::{SCORE_EDGE, Scored};
pub use temperature::{apply_temperature, temperature_vector};

/// The fewest gold items for which anything is fitted. Below, a score is shown as it is and called uncalibrated.
pub const MIN_GOLD: usize = 30;

/// The fewest gold items for curves of any form.
const MIN_GOLD_FREE: usize = 301;

/// Every calibrator, in the order of the documentation. To add one: write its file, add its row.
pub const CALIBRATORS: &[Method] = &[
    temperature::METHOD,
    sigmoid::PLATT,
    sigmoid::BETA,
    isotonic::ISOTONIC,
    isotonic::HISTOGRAM,
    venn_abers::METHOD,
];

/// A way to calibrate.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// The name on the command line, in reports and in the store. Never changes once released.
    pub name: &'static str,
    /// The name in a sentence.
    pub title: &'static str,
    /// What it does and when to take it, in a sentence.
    pub about: &'static str,
    /// The paper.
    pub paper: &'static str,
    /// The fewest gold items with which [`choose`] offers it.
    pub min_gold: usize,
    /// Fits, from two items on; the number of items is the caller's to mind. An error where the items are all right or
    /// all wrong.
    pub fit: fn(&[Scored]) -> Result<Calibrator, CalibrateError>,
}

/// The calibrator of this name.
///
/// ```
/// use karat_stats::calibrate::{Scored, calibrator};
/// let gold = [Scored::new(0.9, true), Scored::new(0.9, false), Scored::new(0.9, true), Scored::new(0.9, false)];
/// let fitted = (calibrator("platt").unwrap().fit)(&gold).unwrap();
/// assert!((fitted.apply(0.9) - 0.5).abs() < 1e-9);
/// assert!(calibrator("crystal_ball").is_none());
/// ```
pub fn calibrator(name: &str) -> Option<&'static Method> {
    CALIBRATORS.iter().find(|it| it.name == name)
}

/// The calibrators that so much gold can bear.
///
/// Below 30 items there is none: the error says how many more are needed. From 30 to 300 temperature and Platt, with one
/// and two parameters; above 300 all of them, as a free curve then follows the score and not the sample. Which of them
/// is best is measured by [`calibrate`].
///
/// ```
/// use karat_stats::calibrate::choose;
/// let names = |n| choose(n).unwrap().iter().map(|it| it.name).collect::<Vec<_>>();
/// assert_eq!(names(100), ["temperature", "platt"]);
/// assert!(names(301).contains(&"venn_abers"));
/// assert_eq!(choose(12).unwrap_err().to_string(), "uncalibrated: of 30 gold items that are needed there are 12; 18 more");
/// ```
pub fn choose(n_gold: usize) -> Result<Vec<&'static Method>, CalibrateError> {
    if n_gold < MIN_GOLD {
        return Err(CalibrateError::TooLittleGold { got: n_gold, needed: MIN_GOLD });
    }
    Ok(CALIBRATORS.iter().filter(|it| n_gold >= it.min_gold).collect())
}

/// Why scores cannot be calibrated or judged.
#[derive(Debug, Clone, PartialEq)]
pub enum CalibrateError {
    /// There is not a single item.
    NoItems,
    /// There are too few gold items.
    TooLittleGold {
        /// How many there are.
        got: usize,
        /// How many are needed.
        needed: usize,
    },
    /// All items, or all but too few, are right, or wrong: nothing tells a good score from a bad one.
    OneOutcome {
        /// How many are right.
        n_right: usize,
        /// How many are wrong.
        n_wrong: usize,
        /// How many of each are needed.
        needed: usize,
    },
    /// A score outside [0, 1].
    BadScore {
        /// The score.
        got: f64,
    },
    /// A weight that is not above 0.
    BadWeight {
        /// The weight.
        got: f64,
    },
    /// A probability, log-probability or feature that is no number, or out of its range.
    BadNumber {
        /// Of what.
        what: &'static str,
        /// The number.
        got: f64,
    },
    /// A list is not as long as it must be.
    WrongLength {
        /// Of what.
        what: &'static str,
        /// How long it is.
        got: usize,
        /// How long it should be.
        want: usize,
    },
    /// A class whose number is not below the number of classes.
    BadClass {
        /// The class.
        got: Class,
        /// How many classes there are.
        n_classes: usize,
    },
    /// Cross-fitting needs two folds or more.
    TooFewFolds {
        /// How many were asked for.
        got: usize,
    },
}

impl std::fmt::Display for CalibrateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoItems => f.write_str("there are no items"),
            Self::TooLittleGold { got, needed } => write!(
                f,
                "uncalibrated: of {needed} gold items that are needed there are {got}; {} more",
                needed.saturating_sub(*got)
            ),
            Self::OneOutcome { n_right, n_wrong, needed } => write!(
                f,
                "uncalibrated: {n_right} labels are right and {n_wrong} wrong; {needed} or more of each are needed"
            ),
            Self::BadScore { got } => write!(f, "a score is {got}: it must lie from 0 to 1"),
            Self::BadWeight { got } => write!(f, "a weight is {got}: it must be a number above 0"),
            Self::BadNumber { what, got } => write!(f, "{what} is {got}"),
            Self::WrongLength { what, got, want } => write!(f, "{got} {what} were given for {want}"),
            Self::BadClass { got, n_classes } => {
                write!(f, "class {} is out of range: there are {n_classes} classes", got.0)
            }
            Self::TooFewFolds { got } => write!(f, "cross-fitting needs 2 folds or more, not {got}"),
        }
    }
}

impl std::error::Error for CalibrateError {}

/// An error unless `rows` holds one list of `n_classes` numbers of 0 or more for each gold class.
fn check_rows(rows: &[f64], n_classes: usize, gold: &[Class]) -> Result<(), CalibrateError> {
    if gold.is_empty() || n_classes == 0 {
        return Err(CalibrateError::NoItems);
    }
    if rows.len() != gold.len() * n_classes {
        let want = gold.len() * n_classes;
        return Err(CalibrateError::WrongLength { what: "probabilities", got: rows.len(), want });
    }
    if let Some(got) = rows.iter().find(|p| !(**p >= 0.0 && p.is_finite())) {
        return Err(CalibrateError::BadNumber { what: "a probability", got: *got });
    }
    check_classes(gold, n_classes)
}

/// An error unless every class is one of `n_classes`.
fn check_classes(gold: &[Class], n_classes: usize) -> Result<(), CalibrateError> {
    match gold.iter().find(|class| class.0 as usize >= n_classes) {
        Some(got) => Err(CalibrateError::BadClass { got: *got, n_classes }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
