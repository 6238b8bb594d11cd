//! Where the errors are: labels that are probably wrong, annotators that err more or ever more, labels that are taken for
//! each other, and texts that are nearly the same and labeled differently.
//!
//! In: a panel with texts, its consensus, and whose labels are in question. Out: [`Errors`], with a queue for people: the
//! most suspect first, each with its reasons. Nothing is corrected.
//!
//! Not here: confident learning (`karat_stats::noise`) and the consensus that judges.

mod members;
mod pairs;
mod queue;

use karat_core::{Error, Result, Shape};
use karat_stats::noise::FILTERS;
use karat_text::near::near_duplicates;
use serde::Serialize;

use crate::consensus::{Consensus, ConsensusOptions, consensus};
use crate::evaluate::Number;
use crate::panel::{Panel, Plain};
pub use queue::write_suspects;

/// How to look for errors.
#[derive(Debug, Clone, Default)]
pub struct ErrorsOptions {
    /// Whose labels are in question: an annotator, `gold`, or `consensus`. Without it gold where there is some, else the
    /// consensus.
    pub of: Option<String>,
    /// The filter of confident learning, by its name; the first of its table without it.
    pub filter: Option<String>,
    /// The seed of folds and random starts.
    pub seed: u64,
}

/// Where the errors are.
#[derive(Debug, Clone, Serialize)]
pub struct Errors {
    /// Whose labels are in question.
    pub of: String,
    /// What is counted of annotators: `errors`, or `distance` where values can be right in part.
    pub measure: &'static str,
    /// Labels in question.
    pub n_labels: u64,
    /// Of these, how many are estimated to be wrong; `None` where nothing estimates it.
    pub n_wrong: Option<u64>,
    /// What is suspect, the most suspect first.
    pub suspects: Vec<Suspect>,
    /// How often each annotator errs.
    pub members: Vec<MemberErrors>,
    /// Labels that are taken for each other, the most frequent first.
    pub confusions: Vec<ConfusedPair>,
    /// Groups of nearly equal texts with different labels.
    pub duplicates: Vec<Vec<(String, String)>>,
}

/// A label that is probably wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suspect {
    /// The item's number in the panel.
    #[serde(skip)]
    pub idx: usize,
    /// The item.
    pub item: String,
    /// The label in question; `None` where there is none to be had.
    pub given: Option<String>,
    /// What the others say.
    pub suggested: Option<String>,
    /// How probably it is wrong, as far as the annotators tell: for the order, not a promise.
    pub score: f64,
    /// Why it is here.
    pub reasons: Vec<&'static str>,
}

/// How often an annotator errs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberErrors {
    /// Its name.
    pub name: String,
    /// What its labels are compared with: `gold` or `consensus`.
    pub against: &'static str,
    /// The share of its labels that differ; where values can be right in part, their mean distance from what is right.
    pub error: Option<Number>,
    /// The same for its labels in the order in which they were made, in up to four equal parts; empty where the times are
    /// not known or the parts would be too small.
    pub over_time: Vec<Number>,
    /// Whether the last part is worse than the first: their intervals do not touch.
    pub drifts: bool,
    /// Whether it errs more than most: its interval lies above the median of all.
    pub stands_out: bool,
}

/// A label that is given where another is right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfusedPair {
    /// What is right, by gold or else by consensus.
    pub right: String,
    /// What was given.
    pub given: String,
    /// How often.
    pub n: u64,
    /// Of all labels on items where `right` is right.
    pub share: f64,
    /// How many annotators do so.
    pub n_members: u64,
    /// Whether at least half of those who meet such items do so on one of ten: then it is the guideline rather than an
    /// annotator.
    pub common: bool,
}

/// Whose labels are in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Gold,
    Consensus,
    Member(usize),
}

/// Looks for errors.
pub fn find_errors(panel: &Panel, options: &ErrorsOptions) -> Result<Errors> {
    let of = match options.of.as_deref() {
        Some("gold") if panel.n_gold() == 0 => {
            return Err(Error::invalid("there is no gold to question").hint("name it: `--gold COLUMN|FILE`"));
        }
        Some("gold") => Of::Gold,
        Some("consensus") => Of::Consensus,
        Some(name) => Of::Member(panel.member(name)?),
        None if panel.n_gold() > 0 => Of::Gold,
        None => Of::Consensus,
    };
    let filter = match &options.filter {
        None => FILTERS[0].filter,
        Some(name) => FILTERS.iter().find(|it| it.name == name).map(|it| it.filter).ok_or_else(|| {
            let names: Vec<&str> = FILTERS.iter().map(|it| it.name).collect();
            Error::invalid(format!("no filter is called `{name}`"))
                .hint(format!("there are `{}`", names.join("`, `")))
        })?,
    };
    let judge = ConsensusOptions { method: None, seed: options.seed };
    let found = match of {
        // Nobody is a witness in his own case.
        Of::Member(member) => consensus(&panel.without(member), &panel.gold, &judge)?,
        Of::Gold | Of::Consensus => consensus(panel, &panel.gold, &judge)?,
    };
    let groups = twins(panel);
    let questioned = queue::questioned(panel, &found, of);
    let (suspects, n_wrong) = queue::suspects(panel, &found, &questioned, filter, &groups);
    Ok(Errors {
        of: options
            .of
            .clone()
            .unwrap_or_else(|| if of == Of::Gold { "gold" } else { "consensus" }.to_owned()),
        measure: if panel.is_whole() { "distance" } else { "errors" },
        n_labels: questioned.iter().flatten().count() as u64,
        n_wrong,
        suspects,
        members: members::members(panel, &found),
        confusions: match panel.shape {
            Shape::Choice => pairs::confusions(panel, &found),
            _ => Vec::new(),
        },
        duplicates: pairs::duplicates(panel, &questioned, &groups),
    })
}

/// Groups of items with nearly equal texts of which all else that was shown is equal too.
fn twins(panel: &Panel) -> Vec<Vec<usize>> {
    let context = |item: usize| panel.contexts.get(item).map_or("", |it| &**it);
    let mut twins = Vec::new();
    for mut group in near_duplicates(&panel.texts) {
        group.sort_by_key(|item| context(*item));
        let equal = group.chunk_by(|a, b| context(*a) == context(*b));
        twins.extend(equal.filter(|group| group.len() > 1).map(<[usize]>::to_vec));
    }
    twins
}

/// What is right for an item as far as is known: its gold, else its consensus.
fn truth<'a>(panel: &'a Panel, found: &'a Consensus, item: usize) -> Option<&'a Plain> {
    panel.gold[item].as_ref().or(found.items[item].value.as_ref())
}
