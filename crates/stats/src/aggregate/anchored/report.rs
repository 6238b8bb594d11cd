//! What [`super::anchored`] gives back.

use crate::aggregate::Aggregate;
use crate::interval::Estimate;

/// A consensus anchored in gold, and what it stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchored {
    /// The posteriors, calibrated where [`Anchored::calibrated`] says so; gold items have their gold. The annotators'
    /// confusion matrices are those of the candidate `weighted`.
    pub aggregate: Aggregate,
    /// Whether the posterior was fitted to be a probability on held-out gold. Where it is not, it is no confidence.
    pub calibrated: bool,
    /// What the logarithms of the mixture were divided by; above 1 it was too sure. `None` where nothing was calibrated.
    pub temperature: Option<f64>,
    /// What there was too little gold for; `None` where all was done.
    pub shortage: Option<Shortage>,
    /// What is followed: `mixture`, `best_annotator`, or `dawid_skene` where gold was too little to compare.
    pub chosen: &'static str,
    /// What went into the mixture, each with its worth on held-out gold; empty where nothing was compared.
    pub candidates: Vec<Candidate>,
    /// What was said of each gold item without its gold, in ascending order of the items: fits, weights and choice of the
    /// best annotator saw the other parts of the gold only. The temperature and the guard saw all.
    pub cross_fitted: Vec<(usize, Vec<f64>)>,
    /// How often the cross-fitted rows are right, with a 95 % interval. It holds for items like the gold.
    pub accuracy: Option<Estimate>,
    /// Who is right most often on the gold; `None` where nobody voted on gold.
    pub best_annotator: Option<BestAnnotator>,
    /// Whether the best annotator is followed because the mixture was worse on gold.
    pub guarded: bool,
    pub(super) raw: Vec<f64>,
}

impl Anchored {
    /// The posterior before its temperature; `None` for an item without votes and gold.
    pub fn raw_posterior(&self, item: usize) -> Option<&[f64]> {
        let k = self.aggregate.n_classes();
        let row = self.raw.get(item * k..(item + 1) * k)?;
        row.iter().any(|p| *p > 0.0).then_some(row)
    }
}

/// One way to read the votes, and its worth on gold that it had not seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its name in reports.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// The mean of `-ln p` of the gold, after its own temperature; lower is better, `ln n_classes` is a guess. At most 20,
    /// so that no single item decides.
    pub log_loss: f64,
    /// The share of held-out gold that it has right; of a tie each class counts its share.
    pub accuracy: f64,
    /// Its weight in the mixture; the weights add up to 1.
    pub weight: f64,
    /// What its logarithms are divided by.
    pub temperature: f64,
}

/// Who is right on the most gold items.
#[derive(Debug, Clone, PartialEq)]
pub struct BestAnnotator {
    /// In ascending order; several where they tie.
    pub annotators: Vec<usize>,
    /// The share of gold items with votes that each of them has right; one that it did not label is not right. The highest
    /// of many shares promises too much.
    pub accuracy: f64,
    /// The gold items with votes.
    pub n: u64,
}

/// What there was too little gold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// No gold item has a vote.
    NoGold,
    /// Too few to compare anything.
    TooLittle {
        /// Gold items with votes.
        n_gold: u64,
    },
    /// All gold is of one class: what annotators say of the others cannot be learned from it.
    OneClass {
        /// Gold items with votes.
        n_gold: u64,
    },
    /// Enough to compare, too few to calibrate.
    NotCalibrated {
        /// Gold items with votes.
        n_gold: u64,
    },
}

impl std::fmt::Display for Shortage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoGold => {
                f.write_str("there is no gold: this is `dawid_skene`, and its posterior is not calibrated")
            }
            Self::TooLittle { n_gold } => write!(
                f,
                "{n_gold} gold items have votes: this is `dawid_skene` with the gold clamped; from {} on candidates are compared, from {} on the posterior is calibrated",
                super::MIN_GOLD,
                super::MIN_CALIBRATED
            ),
            Self::OneClass { n_gold } => write!(
                f,
                "all {n_gold} gold items with votes are of one class: this is `dawid_skene` with the gold clamped; give gold of other classes"
            ),
            Self::NotCalibrated { n_gold } => write!(
                f,
                "{n_gold} gold items have votes: the posterior is not calibrated; from {} on it is",
                super::MIN_CALIBRATED
            ),
        }
    }
}
