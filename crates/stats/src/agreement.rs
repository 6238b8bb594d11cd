//! How far annotators agree, beyond what chance would give.
//!
//! In: [`Ratings`], by item and annotator: classes, numbers, sets of classes, spans or boxes. Out: coefficients with
//! their interval over items, and a named reason where one is undefined.
//!
//! | to know | call |
//! |---|---|
//! | how far annotators agree on classes, and on each class | [`class_agreement`] |
//! | one coefficient: [`Coefficient`] with [`Weights`] | [`agree`] |
//! | the same for numbers on a scale | [`alpha_of_numbers`] |
//! | the same for sets, or with a distance of one's own | [`alpha_by`], with [`jaccard_distance`], [`masi_distance`] |
//! | who agrees with whom | [`by_pair`], [`by_annotator`] |
//! | people against people, models against people | [`by_group`] |
//! | the same for spans and boxes | [`span_agreement`], [`position_agreement`], [`box_agreement`] |
//! | whether a model may stand in for a person | [`alternative_annotator_test`] |
//!
//! Agreement is not accuracy: annotators who share a mistake agree on it. The items are drawn again as a whole for each
//! interval. What must hold is the lower end of the interval, not the coefficient.
//!
//! Not here: who is right (`aggregate`), windows of time and other subsets ([`Ratings::filter`] makes them).

mod alpha;
mod alternative;
mod benjamini;
mod boxes;
mod classes;
mod distance;
mod groups;
mod pairs;
mod positions;
mod ratings;
mod report;
mod spans;
mod units;
mod weights;

use crate::bootstrap::{IntervalOptions, bootstrap_grouped};
use crate::interval::{Estimate, Interval, wilson_of_share};

pub use alpha::{Scale, alpha_by, alpha_of_numbers};
pub use alternative::{
    AlternativeOptions, AlternativeTest, ReplacedAnnotator, alternative_annotator_test, mean_match,
    negative_rmse,
};
pub use boxes::{BoxAgreement, LabeledBox, box_agreement, iou};
pub use classes::{Coefficient, Measure, agree};
pub use distance::{jaccard_distance, masi_distance};
pub use groups::{AnnotatorAgreement, GroupAgreement, by_annotator, by_group};
pub use pairs::{PairAgreement, by_pair};
pub use positions::{PositionAgreement, position_agreement};
pub use ratings::{Rating, Ratings};
pub use report::{ClassAgreement, OneClass, class_agreement};
pub use spans::{PairF1, SpanAgreement, SpanClassAgreement, span_agreement};
pub use weights::Weights;

/// A coefficient of agreement with what it stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// 1 - observed / expected: 1 is full agreement, 0 what chance gives, below 0 is less than chance. Its `n` is the
    /// number of items that can be compared: those with two ratings or more.
    pub estimate: Estimate,
    /// The disagreement that was observed: for classes without weights a share of pairs, in [0, 1].
    pub observed: f64,
    /// The disagreement that chance would give; 1 for a coefficient that leaves chance out. Where it is small, one
    /// class has nearly all ratings, and a few items decide the coefficient.
    pub expected: f64,
}

/// Why an agreement is undefined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Undefined {
    /// No item has two ratings that could be compared.
    NoPairs,
    /// All ratings are the same, or all differences count nothing: chance alone explains full agreement.
    OneCategory,
    /// Fleiss' kappa needs as many ratings on each item.
    UnequalRaters {
        /// The fewest ratings of an item.
        fewest: u32,
        /// The most ratings of an item.
        most: u32,
    },
    /// Cohen's kappa and Scott's pi compare two annotators.
    NotTwoAnnotators {
        /// How many annotators rated.
        n_annotators: u32,
    },
    /// An annotator rated an item twice. Whether to keep one or to count each run as an annotator changes the result,
    /// so the caller decides.
    RatedTwice {
        /// The item.
        item: u32,
        /// The annotator.
        annotator: u32,
    },
    /// An item, annotator, class or end of a span that is not below its bound.
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// The number.
        got: u64,
        /// One above the largest that is allowed.
        end: u64,
    },
    /// A list that is not as long as the ratings need it.
    WrongLength {
        /// Of what.
        what: &'static str,
        /// How long it is.
        got: usize,
        /// How long it should be.
        want: usize,
    },
    /// A number that cannot be used: NaN, infinite, or outside the range that is named.
    BadNumber {
        /// What it should be.
        what: &'static str,
        /// The number.
        got: f64,
    },
    /// Too few items for a test.
    TooFew {
        /// The most items that an annotator has.
        got: u64,
        /// How many it takes.
        want: u64,
    },
}

impl std::fmt::Display for Undefined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoPairs => f.write_str("no item has two ratings that could be compared"),
            Self::OneCategory => {
                f.write_str("all ratings are the same: chance alone explains full agreement")
            }
            Self::UnequalRaters { fewest, most } => {
                write!(
                    f,
                    "the items have {fewest} to {most} ratings; fleiss' kappa needs as many on each: take alpha"
                )
            }
            Self::NotTwoAnnotators { n_annotators } => {
                write!(f, "{n_annotators} annotators rated; this coefficient compares two: take alpha")
            }
            Self::RatedTwice { item, annotator } => {
                write!(
                    f,
                    "annotator {annotator} rated item {item} twice; keep one rating, or count each run as an annotator"
                )
            }
            Self::OutOfRange { what, got, end } => {
                write!(f, "{what} {got} is out of range: they are below {end}")
            }
            Self::WrongLength { what, got, want } => write!(f, "{got} {what} were given for {want}"),
            Self::BadNumber { what, got } => write!(f, "{got} was given for {what}"),
            Self::TooFew { got, want } => {
                write!(f, "no annotator has {want} items to test on; the most is {got}")
            }
        }
    }
}

impl std::error::Error for Undefined {}

/// Observed and expected disagreement, and the most that could be observed.
#[derive(Debug, Clone, Copy)]
struct Parts {
    observed: f64,
    expected: f64,
    most: f64,
}

impl Parts {
    fn value(self) -> Result<f64, Undefined> {
        if self.expected > 0.0 {
            Ok(1.0 - self.observed / self.expected)
        } else {
            Err(Undefined::OneCategory)
        }
    }
}

/// The coefficient of these groups of like items, with its interval; `n` is the number of items to compare.
///
/// Where no resample differs, as under full agreement, the observed disagreement is taken for a mean of `n` values
/// between 0 and the most that could be observed, in its Wilson form, and the expected one for known.
fn with_interval(
    sizes: &[u64],
    n: u64,
    options: &IntervalOptions,
    parts_of: impl Fn(&[u64]) -> Result<Parts, Undefined>,
) -> Result<Agreement, Undefined> {
    let parts = parts_of(sizes)?;
    let value = parts.value()?;
    let statistic = |drawn: &[u64], out: &mut [Option<f64>]| {
        out[0] = parts_of(drawn).and_then(Parts::value).ok();
    };
    let interval = match bootstrap_grouped(sizes, 1, statistic, options)[0] {
        Some(interval) if interval.has_width() => interval,
        _ => {
            let most = if parts.most > 0.0 { parts.most } else { 1.0 };
            let observed = wilson_of_share((parts.observed / most).clamp(0.0, 1.0), n, options.level);
            let scale = most / parts.expected;
            Interval { low: 1.0 - observed.high * scale, high: 1.0 - observed.low * scale }
        }
    };
    let estimate = Estimate { value, interval: interval.widened_to(value), n };
    Ok(Agreement { estimate, observed: parts.observed, expected: parts.expected })
}

#[cfg(test)]
mod tests;
