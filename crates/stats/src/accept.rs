//! Which items may go without review, with a guarantee on the error among them.
//!
//! In: reviewed items with the score they had and whether the label was wrong ([`Scored`]), the scores of the items nobody
//! reviewed, a [`Rule`]: the error that is allowed and the confidence. Out: a [`Verdict`]: a threshold with its bound, or
//! that no threshold can promise that, and how many more reviews might.
//!
//! | to know | call |
//! |---|---|
//! | what may go without review | [`choose`]; class by class [`choose_by_stratum`]; cheap annotator first [`choose_cascade`] |
//! | where the next reviews help most | [`plan_audit`], then [`certify_audit`] |
//! | whether the promise still holds, week after week | [`EProcess`] |
//! | the largest error rate that counts leave possible | [`clopper_pearson_upper`], [`hypergeometric_upper`], [`betting_upper`] |
//! | the error of the whole data set | [`whole_error`] |
//! | a curve to look at, which promises nothing | [`coverage_table`] |
//!
//! Every promise here needs reviewed items that are a random sample of the items it speaks of, and it ends with them: a new
//! prompt, model or guideline, or other data, and it must be earned anew. Reviews that were picked because a score was low,
//! or because somebody liked the item, carry no promise at all.
//!
//! Not here: making scores comparable with probabilities (`calibrate.rs`; use other items for it than for the test), drawing
//! the items to review (`sample.rs`), shares and means of the whole data set (`estimate.rs`).

mod audit;
mod bounds;
mod choose;
mod groups;
mod more;
mod report;
mod share;
#[cfg(test)]
mod tests;
mod watch;

pub use audit::{AuditPlan, AuditRegion, certify_audit, plan_audit};
pub use bounds::{
    betting_upper, clopper_pearson, clopper_pearson_lower, clopper_pearson_upper, hoeffding_bentkus,
    hypergeometric_upper, zero_error_size,
};
pub use choose::{Accepted, Nothing, Verdict, Why, choose};
pub use groups::{Answer, Cascade, Member, StratumVerdict, choose_by_stratum, choose_cascade};
pub use report::{CoverageRow, WholeError, coverage_table, measured_error, true_error, whole_error};
pub use share::{ShareThreshold, accept_share};
pub use watch::{Claim, EProcess};

/// A reviewed item: the score its label had, and how wrong the label was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// How sure the annotator was: higher is surer, on any scale. What is not finite is a missing score: such an item is
    /// never accepted, and counts as reviewed.
    pub score: f64,
    /// 0 where the label was right, 1 where it was wrong; between them only with [`Loss::Graded`].
    pub loss: f64,
    /// The stratum: the class the annotator gave, a source. Read by [`choose_by_stratum`] alone.
    pub stratum: u32,
}

impl Scored {
    /// A label that is right or wrong, in stratum 0.
    ///
    /// ```
    /// assert_eq!(karat_stats::accept::Scored::new(0.9, true).loss, 1.0);
    /// ```
    pub fn new(score: f64, wrong: bool) -> Self {
        Self { score, loss: f64::from(u8::from(wrong)), stratum: 0 }
    }
}

/// What is promised, and how it is tested. Every field changes the result, so none has a default but through
/// [`Rule::new`], which says what it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The error that is allowed among the accepted, in (0, 1).
    pub max_error: f64,
    /// How often the promise may be broken, in (0, 1): confidence is `1 - delta`.
    pub delta: f64,
    /// What a loss is.
    pub loss: Loss,
    /// What the promise is about.
    pub promise: Promise,
    /// Where the test starts.
    pub starts: Starts,
}

impl Rule {
    /// Right or wrong labels, a promise about the source of the items, and starts by [`Starts::ByRule`].
    ///
    /// # Errors
    /// `max_error` or `delta` is not strictly between 0 and 1.
    ///
    /// ```
    /// use karat_stats::accept::Rule;
    /// assert!(Rule::new(0.05, 0.1).is_ok());
    /// assert!(Rule::new(5.0, 0.1).is_err());
    /// ```
    pub fn new(max_error: f64, delta: f64) -> Result<Self, AcceptError> {
        let rule =
            Self { max_error, delta, loss: Loss::ZeroOne, promise: Promise::Source, starts: Starts::ByRule };
        rule.check().map(|()| rule)
    }

    fn check(&self) -> Result<(), AcceptError> {
        for (what, got) in [("max_error", self.max_error), ("delta", self.delta)] {
            if !bounds::is_share(got) {
                return Err(AcceptError::NotAShare { what, got });
            }
        }
        Ok(())
    }

    /// An error where a loss is none of this rule's.
    fn check_losses(&self, gold: &[Scored]) -> Result<(), AcceptError> {
        let fits = |loss: f64| match self.loss {
            Loss::ZeroOne => loss == 0.0 || loss == 1.0,
            Loss::Graded => (0.0..=1.0).contains(&loss),
        };
        match gold.iter().find(|it| !fits(it.loss)) {
            Some(it) => Err(AcceptError::BadLoss { got: it.loss, kind: self.loss }),
            None => Ok(()),
        }
    }
}

/// What a loss is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// 0 for right and 1 for wrong: exact binomial tests.
    ZeroOne,
    /// Anything in [0, 1], such as 1 minus F1 or 1 minus overlap: tests by betting.
    Graded,
}

/// What the promise is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// The source that both the reviewed and the other items came from: items yet to come have the promised error on
    /// average. Clopper-Pearson.
    Source,
    /// These very items: of the pool that is accepted, at most the promised share is wrong. The reviewed items must be a
    /// random sample, without replacement, of one set whose rest is the pool. Hypergeometric; right or wrong labels only.
    Pool,
}

/// Where the test starts: how many prefixes share `delta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starts {
    /// [`n_starts`]: 2, or 1 for a small error and little gold.
    ByRule,
    /// This many, 1 or more. Fix it before labels are seen.
    Fixed(u32),
}

/// How many prefixes of the ranking are tested.
pub const N_PREFIXES: u32 = 20;

/// How many starts [`Starts::ByRule`] takes: 1 where `max_error <= 0.05` and `n_gold < 300`, else 2.
///
/// One start dies at once where the surest items are not the best, which three of three judges showed; a second one costs
/// half of `delta`, which is dear where hardly an error is allowed. The rule reads the number of reviewed items and the
/// allowed error, never a label: only so is it free.
/// ```
/// use karat_stats::accept::n_starts;
/// assert_eq!([n_starts(200, 0.05), n_starts(300, 0.05), n_starts(200, 0.1)], [1, 2, 2]);
/// ```
pub fn n_starts(n_gold: usize, max_error: f64) -> u32 {
    if max_error <= 0.05 && n_gold < 300 { 1 } else { 2 }
}

/// Why there can be no verdict at all: the question is wrong, not the labels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AcceptError {
    /// A number that must lie strictly between 0 and 1.
    NotAShare {
        /// Which.
        what: &'static str,
        /// The number.
        got: f64,
    },
    /// A loss that the rule does not allow.
    BadLoss {
        /// The loss.
        got: f64,
        /// What the rule asks for.
        kind: Loss,
    },
    /// [`Promise::Pool`] with [`Loss::Graded`]: there is no such test here.
    GradedPool,
    /// [`Starts::Fixed`] with 0.
    NoStarts,
    /// An audited item that lies outside the region the audit was planned for.
    OutsideRegion {
        /// Its score.
        score: f64,
    },
    /// An item with another number of answers than the cascade has tiers.
    WrongTiers {
        /// How many it has.
        got: usize,
        /// How many there are.
        want: usize,
    },
}

impl std::fmt::Display for AcceptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAShare { what, got } => {
                write!(f, "`{what}` is {got}: it must lie strictly between 0 and 1")
            }
            Self::BadLoss { got, kind: Loss::ZeroOne } => {
                write!(f, "a loss is {got}: it must be 0 or 1; take `Loss::Graded` for values between them")
            }
            Self::BadLoss { got, kind: Loss::Graded } => write!(f, "a loss is {got}: it must lie in [0, 1]"),
            Self::GradedPool => f.write_str(
                "a promise about the pool needs labels that are right or wrong; take `Promise::Source` for graded losses",
            ),
            Self::NoStarts => f.write_str("the test needs at least one start"),
            Self::OutsideRegion { score } => write!(
                f,
                "an audited item has the score {score}, outside the region of the plan: only items drawn inside it may be counted"
            ),
            Self::WrongTiers { got, want } => write!(f, "an item has {got} answers for {want} tiers"),
        }
    }
}

impl std::error::Error for AcceptError {}
