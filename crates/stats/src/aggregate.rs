//! Who is right when annotators differ: one label for each item from the votes of several annotators.
//!
//! In: [`Votes`], who votes ([`Voter`]), gold where there is some, a seed. Out: an [`Aggregate`]: a distribution over the
//! classes for each item, what was learned of each annotator, and remarks on what the data cannot bear.
//!
//! [`METHODS`] lists the methods, one paper a file. A posterior of any of them is no confidence until it is calibrated:
//! annotators make the same mistakes, and a model that takes them for independent is too sure.
//!
//! Not here: spans (`spans`), rankings (`ranking`), free text (`text`), boxes (`boxes`), calibration (`calibrate`).

mod anchored;
mod bcc;
mod cross_fit;
mod crowdlab;
mod dawid_skene;
mod ebcc;
mod glad;
mod ibcc;
mod label_model;
mod latent;
mod mace;
mod majority;
mod ordinal;
#[cfg(test)]
mod planted;
mod stream;
mod votes;
mod wawa;

use crate::Class;
pub use anchored::{Anchored, BestAnnotator, Candidate, Shortage, anchored};
pub use cross_fit::cross_fit;
pub use crowdlab::{Crowdlab, crowdlab};
pub use dawid_skene::{DawidSkeneModel, DawidSkenePriors, RowPrior, fit_dawid_skene};
pub use glad::{Glad, glad};
pub use ordinal::{expected_class, median_class};
pub use stream::RunningDawidSkene;
pub use votes::{Vote, Votes};
pub use wawa::{optimal_weight, weighted_vote};

/// Every method, in the order of the documentation. To add one: write its file, add its row.
pub const METHODS: &[Method] = &[
    majority::METHOD,
    wawa::METHOD,
    dawid_skene::METHOD,
    dawid_skene::METHOD_ML,
    dawid_skene::METHOD_ONE_COIN,
    anchored::METHOD,
    ordinal::METHOD,
    ibcc::METHOD,
    ebcc::METHOD,
    mace::METHOD,
    glad::METHOD,
    label_model::METHOD,
];

/// A way to aggregate votes.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// The name on the command line, in reports and in the store. Never changes once released.
    pub name: &'static str,
    /// The name in a sentence.
    pub title: &'static str,
    /// What it assumes and when to take it, in a sentence.
    pub about: &'static str,
    /// The paper.
    pub paper: &'static str,
    /// Whether it learns from gold: the others leave [`FitOptions::gold`] unread.
    pub reads_gold: bool,
    /// Fits.
    pub fit: fn(&Votes, &FitOptions<'_>) -> Result<Aggregate, AggregateError>,
}

/// The method of this name.
///
/// ```
/// assert_eq!(karat_stats::aggregate::method("majority").unwrap().title, "majority vote");
/// assert!(karat_stats::aggregate::method("oracle").is_none());
/// ```
pub fn method(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|it| it.name == name)
}

/// Who votes: people err by slips and skill, models by class and in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Voter {
    /// A person: few labels each, skills that differ.
    Person,
    /// A model: many labels each, biased towards some classes.
    Model,
}

/// How to fit.
#[derive(Debug, Clone, Copy)]
pub struct FitOptions<'a> {
    /// Who each annotator is; as many as the votes have annotators.
    pub voters: &'a [Voter],
    /// The settled class of each item, where it is known; empty, or as many as there are items.
    pub gold: &'a [Option<Class>],
    /// The most rounds.
    pub n_rounds: u32,
    /// The rounds end when no posterior moves by more than this.
    pub tolerance: f64,
    /// Random starts, for the methods that have them.
    pub n_restarts: u32,
    /// Where the random draws start.
    pub seed: u64,
}

impl FitOptions<'_> {
    /// The settled class of an item, where it is known.
    pub(crate) fn gold_of(&self, item: usize) -> Option<Class> {
        self.gold.get(item).copied().flatten()
    }

    /// An error where the options do not fit the votes.
    pub(crate) fn check(&self, votes: &Votes) -> Result<(), AggregateError> {
        if self.voters.len() != votes.n_annotators() {
            return Err(AggregateError::WrongLength {
                what: "voters",
                got: self.voters.len(),
                want: votes.n_annotators(),
            });
        }
        if !self.gold.is_empty() && self.gold.len() != votes.n_items() {
            return Err(AggregateError::WrongLength {
                what: "gold",
                got: self.gold.len(),
                want: votes.n_items(),
            });
        }
        if let Some(class) = self.gold.iter().flatten().find(|class| class.0 as usize >= votes.n_classes()) {
            return Err(AggregateError::OutOfRange {
                what: "gold class",
                got: u64::from(class.0),
                end: votes.n_classes() as u64,
            });
        }
        Ok(())
    }
}

/// Why votes cannot be aggregated.
#[derive(Debug, Clone, PartialEq)]
pub enum AggregateError {
    /// There is not a single vote.
    NoVotes,
    /// An item, annotator or class whose number is not below the count that was given.
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// The number.
        got: u64,
        /// One above the largest that is allowed.
        end: u64,
    },
    /// A list is not as long as the votes need it.
    WrongLength {
        /// Of what.
        what: &'static str,
        /// How long it is.
        got: usize,
        /// How long it should be.
        want: usize,
    },
    /// A number that is no number, or a weight below zero.
    BadNumber {
        /// Of what.
        what: &'static str,
        /// The number.
        got: f64,
    },
    /// The method cannot take these votes; the sentence says what it needs.
    Unfit(String),
}

impl std::fmt::Display for AggregateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoVotes => f.write_str("there are no votes to aggregate"),
            Self::OutOfRange { what, got, end } => {
                write!(f, "{what} {got} is out of range: they are below {end}")
            }
            Self::WrongLength { what, got, want } => write!(f, "{got} {what} were given for {want}"),
            Self::BadNumber { what, got } => write!(f, "{what} is {got}: it must be a number of 0 or more"),
            Self::Unfit(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for AggregateError {}

/// What a method found.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The method's name.
    pub method: &'static str,
    n_classes: usize,
    /// Row-major; a row of zeros for an item without votes and gold.
    posterior: Vec<f64>,
    /// What was learned of each annotator.
    pub annotators: Vec<Learned>,
    /// The share of each class among the items, as estimated.
    pub prior: Vec<f64>,
    /// The rounds it took.
    pub n_rounds: u32,
    /// Whether the rounds ended by themselves.
    pub converged: bool,
    /// What was maximized, round by round: it never falls. Empty where nothing is.
    pub objective: Vec<f64>,
    /// What the data cannot bear.
    pub remarks: Vec<Remark>,
}

/// What a method learned of an annotator.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Its votes.
    pub n_votes: u64,
    /// The probability that a vote of it is right, as estimated; `None` without votes.
    pub accuracy: Option<f64>,
    /// What it answers (column) where the truth is the row: `n_classes` rows of distributions. `None` where the method
    /// has no such matrix.
    pub confusion: Option<Vec<f64>>,
}

/// What the data cannot bear: the result stands, and this should be read with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// One annotator: its answers are all there is.
    OneAnnotator,
    /// One class: nothing to tell apart.
    OneClass,
    /// No item has two votes: nobody can be compared with anybody.
    NoOverlap,
    /// Groups of annotators that share no item: their skills stand on no common ground.
    Disconnected {
        /// How many groups.
        n_groups: u32,
    },
    /// Every item is a tie.
    AllTies,
    /// Items without votes, left without a label.
    WithoutVotes {
        /// How many.
        n_items: u64,
    },
    /// The rounds ended before the posteriors stood still.
    NotConverged,
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OneAnnotator => f.write_str("there is one annotator: its answers are all there is"),
            Self::OneClass => f.write_str("there is one class: nothing to tell apart"),
            Self::NoOverlap => f.write_str("no item has two votes: nobody can be compared with anybody"),
            Self::Disconnected { n_groups } => {
                write!(
                    f,
                    "the annotators fall into {n_groups} groups that share no item: skills of different groups stand on no common ground"
                )
            }
            Self::AllTies => f.write_str("every item is a tie"),
            Self::WithoutVotes { n_items } => write!(f, "{n_items} items have no votes and no label"),
            Self::NotConverged => {
                f.write_str("the rounds ended before the posteriors stood still: give more rounds")
            }
        }
    }
}

/// What the posterior of an item says.
#[derive(Debug, Clone, PartialEq)]
pub enum Top {
    /// One class is ahead.
    Winner(Class, f64),
    /// Several share the top; in ascending order, with the probability of each.
    Tie(Vec<Class>, f64),
    /// No votes.
    NoVotes,
}

/// Two probabilities nearer than this are equal: rounding settles no tie.
pub(crate) const TIE: f64 = 1e-9;

impl Aggregate {
    /// The distribution over the classes; `None` for an item without votes.
    pub fn posterior(&self, item: usize) -> Option<&[f64]> {
        let row = self.posterior.get(item * self.n_classes..(item + 1) * self.n_classes)?;
        row.iter().any(|p| *p > 0.0).then_some(row)
    }

    /// The number of items.
    pub fn n_items(&self) -> usize {
        self.posterior.len() / self.n_classes.max(1)
    }

    /// The number of classes.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The most probable class of an item. Ties are returned, not settled.
    pub fn top(&self, item: usize) -> Top {
        let Some(row) = self.posterior(item) else { return Top::NoVotes };
        let most = row.iter().copied().fold(0.0, f64::max);
        let mut top: Vec<Class> = (0..row.len())
            .filter(|class| row[*class] >= most - TIE)
            .map(|class| Class(class as u32))
            .collect();
        match (top.pop(), top.is_empty()) {
            (None, _) => Top::NoVotes,
            (Some(winner), true) => Top::Winner(winner, most),
            (Some(last), false) => {
                top.push(last);
                Top::Tie(top, most)
            }
        }
    }

    /// How much of an item is right: 1, 0, or 1 / n where the gold is among n classes that tie.
    ///
    /// Ties decide numbers of majority votes: settled by the order of arrival, accuracy on one well-known set moves by
    /// nine points. An item without votes is not right.
    pub fn credit(&self, item: usize, gold: Class) -> f64 {
        match self.top(item) {
            Top::Winner(class, _) => f64::from(u8::from(class == gold)),
            Top::Tie(classes, _) if classes.contains(&gold) => 1.0 / classes.len() as f64,
            Top::Tie(..) | Top::NoVotes => 0.0,
        }
    }
}
