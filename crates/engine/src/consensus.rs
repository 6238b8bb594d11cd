//! Who is right when annotators differ: one value for each item, with what is known of how sure it is.
//!
//! In: a panel, the gold that may be learned from, a method. Out: a [`Consensus`]: a value for each item, how good each
//! annotator seems, how good the consensus is on gold that it had not seen. Ties stay ties. A confidence is given only where
//! gold has calibrated it: the posteriors of all methods are too sure where annotators share their mistakes.
//!
//! Not here: the mathematics (`karat_stats::aggregate`, `karat_stats::spans`) and what may be accepted (`accept.rs`).

mod fit;
mod merged;
mod spans;
mod table;
mod whole;

use karat_core::{Error, Result, Shape};
use karat_stats::aggregate::METHODS;
use karat_stats::spans::SPAN_METHODS;
use serde::Serialize;

use crate::evaluate::Number;
use crate::panel::{Panel, Plain};
pub use table::write_consensus;

/// How to find a consensus.
#[derive(Debug, Clone, Default)]
pub struct ConsensusOptions {
    /// The method by its name; the usual one of the shape without it.
    pub method: Option<String>,
    /// The seed of folds and random starts.
    pub seed: u64,
}

/// One value for each item.
#[derive(Debug, Clone, Serialize)]
pub struct Consensus {
    /// The method's name.
    pub method: String,
    /// The method in a sentence.
    pub about: String,
    /// What was found for each item.
    #[serde(skip)]
    pub items: Vec<Agreed>,
    /// For each item with gold, what is found without its gold; `None` for the others.
    #[serde(skip)]
    pub held: Vec<Option<Agreed>>,
    /// For single labels, the distribution over the labels of each item, as it stands in `items`, or in `held` where that has
    /// one; `None` where there is none.
    #[serde(skip)]
    pub posteriors: Vec<Option<Box<[f64]>>>,
    /// What was learned of each annotator, in the order of the panel.
    pub members: Vec<MemberQuality>,
    /// Items with gold.
    pub n_gold: u64,
    /// Items with a value.
    pub n_labeled: u64,
    /// Items on which several values share the top.
    pub n_tied: u64,
    /// Items without any vote.
    pub n_without: u64,
    /// What the three numbers below are: `right`, for spans `exact F1`, for values that can be right in part `likeness`.
    pub measure: &'static str,
    /// How good it is on gold that it had not seen; an item without a value counts 0, a tie its share.
    pub accuracy: Option<Number>,
    /// The same of the vote of the majority on the same items; `None` where values can be right in part.
    pub majority: Option<Number>,
    /// The annotator that is surely the best on gold: the highest lower end of its interval, so that three lucky labels do
    /// not win.
    pub best: Option<(String, Number)>,
    /// Whether the confidences are calibrated.
    pub calibrated: bool,
    /// What should be read with the result.
    pub remarks: Vec<String>,
}

/// What was found for one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreed {
    /// The value; `None` for a tie, and without votes.
    pub value: Option<Plain>,
    /// The labels, or the values, that share the top; empty where there is no tie.
    pub tied: Vec<Plain>,
    /// How probable the value is, where gold has calibrated it.
    pub confidence: Option<f64>,
    /// By which items are ranked, from 0 to 1: the confidence, or what stands in for it.
    pub score: f64,
    /// The share of the votes that are exactly the value.
    pub agreement: Option<f64>,
    /// How many voted.
    pub n_votes: u32,
    /// Whether the value is gold that was learned from.
    pub settled: bool,
}

/// What was learned of an annotator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberQuality {
    /// Its name.
    pub name: String,
    /// `person` or `model`.
    pub voter: &'static str,
    /// Its labels.
    pub n_votes: u64,
    /// How often it is right, as the consensus sees it.
    pub estimated: Option<f64>,
    /// How often it is right on gold.
    pub on_gold: Option<Number>,
}

/// Finds the consensus of a panel. `gold` is the part of the gold that may be learned from; an item of it keeps its gold
/// as its value.
pub fn consensus(panel: &Panel, gold: &[Option<Plain>], options: &ConsensusOptions) -> Result<Consensus> {
    if let Some(name) = &options.method
        && !names(panel.shape).contains(&name.as_str())
    {
        return Err(Error::invalid(format!("no method of {} is called `{name}`", panel.kind))
            .hint(format!("there are `{}`", names(panel.shape).join("`, `"))));
    }
    let merged = match panel.shape {
        Shape::Choice => merged::choice(panel, gold, options)?,
        Shape::Choices => merged::choices(panel, gold, options)?,
        Shape::Spans => spans::spans(panel, gold, options)?,
        Shape::Relations | Shape::Number | Shape::Ranking | Shape::Text | Shape::Fields | Shape::Form => {
            whole::whole(panel, gold, options)?
        }
    };
    Ok(table::summary(panel, gold, merged))
}

/// The names of the methods for values of a shape.
pub fn names(shape: Shape) -> Vec<&'static str> {
    match shape {
        Shape::Choice | Shape::Choices => METHODS.iter().map(|it| it.name).collect(),
        Shape::Spans => SPAN_METHODS.iter().map(|it| it.name).collect(),
        _ => whole::methods(shape).iter().map(|it| it.name).collect(),
    }
}
