//! From comparisons of two to an order of all.
//!
//! In: [`PairVote`]s (which of two items an annotator preferred, and which of them it saw first), or whole orders
//! ([`Order`]). Out: a [`Ranking`]: the strength of each item on one scale, with standard error and interval, and how
//! much the place on the screen decided.
//!
//! | to know | call |
//! |---|---|
//! | how strong each item is, with ties and position bias | [`bradley_terry`] |
//! | the same where annotators differ in care and in bias, as judging models do | [`noisy_bradley_terry`] |
//! | how strong each item is, from orders of several items | [`plackett_luce`] |
//! | one order of the same few options from several, by mean place | [`borda`] |
//! | which pairs to ask next | [`Ranking::next_pairs`] |
//! | a live board that moves with every comparison | [`elo`], [`glicko2`] |
//!
//! Strengths are natural logarithms of odds: an item that is stronger by 1 is preferred with odds of e = 2.72 to 1. Only
//! differences mean anything, so the mean strength is 0.
//!
//! Not here: votes on single items (`aggregate`), and what makes an item strong.

mod borda;
mod bradley_terry;
mod choice;
mod graph;
mod live;
mod noisy;
mod plackett_luce;
mod strengths;

pub use borda::borda;
pub use bradley_terry::{BradleyTerryOptions, PairRanking, Ties, bradley_terry};
pub use live::{Elo, Glicko, Glicko2, elo, glicko2};
pub use noisy::{JudgeQuality, NoisyOptions, NoisyRanking, noisy_bradley_terry};
pub use plackett_luce::{Order, OrderOptions, plackett_luce};
pub use strengths::{Difference, NextPair, Ranking, Strength};

/// Which of two items an annotator preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PairVote {
    /// The item that was presented first: on the left, or as answer A.
    pub first: u32,
    /// The item that was presented second.
    pub second: u32,
    /// Who compared.
    pub annotator: u32,
    /// What it preferred.
    pub outcome: Preference,
}

/// What an annotator preferred of two items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preference {
    /// The item that was presented first.
    First,
    /// The item that was presented second.
    Second,
    /// Neither.
    Tie,
}

/// What is believed of the strengths before the first comparison. It decides whether a ranking exists where an item won
/// or lost everything, or where groups of items were never compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prior {
    /// Nothing: maximum likelihood. Undefined unless everybody can be reached from everybody by losing.
    None,
    /// The strengths are draws from a normal distribution with mean 0 and this standard deviation, in log odds; 1 to 3
    /// is usual. The position term has the same prior.
    Gaussian {
        /// The standard deviation, above 0.
        sd: f64,
    },
    /// Every item has tied this often with an imagined item of mean strength, a tie being half a win; 0.1 to 1 is usual.
    /// The position term is then believed to be normal with standard deviation 2.
    VirtualTies {
        /// How many ties, above 0; parts of one count too.
        weight: f64,
    },
}

impl Prior {
    fn check(self) -> Result<(), RankingError> {
        let (what, got) = match self {
            Self::None => return Ok(()),
            Self::Gaussian { sd } => ("the standard deviation of the prior", sd),
            Self::VirtualTies { weight } => ("the weight of the virtual ties", weight),
        };
        positive(what, got)
    }

    /// The precision of the position term's normal prior.
    fn position_precision(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Gaussian { sd } => 1.0 / (sd * sd),
            Self::VirtualTies { .. } => 0.25,
        }
    }

    /// Log density, slope and negative curvature at a strength, up to a constant.
    fn at(self, strength: f64) -> (f64, f64, f64) {
        match self {
            Self::None => (0.0, 0.0, 0.0),
            Self::Gaussian { sd } => {
                let precision = 1.0 / (sd * sd);
                (-0.5 * precision * strength * strength, -precision * strength, precision)
            }
            Self::VirtualTies { weight } => {
                let p = sigmoid(strength);
                let log = 0.5 * weight * (ln_sigmoid(strength) + ln_sigmoid(-strength));
                (log, weight * (0.5 - p), weight * p * (1.0 - p))
            }
        }
    }
}

/// Why there is no ranking.
#[derive(Debug, Clone, PartialEq)]
pub enum RankingError {
    /// There is not a single comparison of two items.
    NoVotes,
    /// The number of an item or annotator is not below the count that was given.
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// The number.
        got: u64,
        /// One above the largest that is allowed.
        end: u64,
    },
    /// An item was compared with itself, or stands twice in one order.
    SameItem {
        /// The item.
        item: u32,
        /// The place of the vote or order in the list, from 0.
        at: usize,
    },
    /// An option that is not a number above 0.
    BadNumber {
        /// Which.
        what: &'static str,
        /// The number.
        got: f64,
    },
    /// Groups of items that were never compared with each other: without a prior they stand on no common scale.
    Disconnected {
        /// How many groups.
        n_groups: u32,
    },
    /// Groups of items that never lost to another group: without a prior they are infinitely stronger.
    OneSided {
        /// How many groups.
        n_groups: u32,
    },
    /// Every comparison is a tie: all are equal, and how often equals tie has no finite estimate.
    AllTies,
    /// A parameter grows without end, or two cannot be told apart: as the position from the strength where each pair was
    /// shown in one order only.
    NotIdentified,
}

impl std::fmt::Display for RankingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoVotes => f.write_str("there are no comparisons to rank by"),
            Self::OutOfRange { what, got, end } => {
                write!(f, "{what} {got} is out of range: they are below {end}")
            }
            Self::SameItem { item, at } => {
                write!(f, "item {item} meets itself in comparison {at}: two different items are needed")
            }
            Self::BadNumber { what, got } => write!(f, "{what} is {got}: it must be a number above 0"),
            Self::Disconnected { n_groups } => write!(
                f,
                "{n_groups} groups of items were never compared with each other: compare across them, or take a prior"
            ),
            Self::OneSided { n_groups } => write!(
                f,
                "the items fall into {n_groups} groups of which one never lost to the next: compare more, or take a prior"
            ),
            Self::AllTies => f.write_str("every comparison is a tie: count ties as half a win each"),
            Self::NotIdentified => f.write_str(
                "strength, ties and position cannot be told apart: show pairs in both orders, or take a prior",
            ),
        }
    }
}

impl std::error::Error for RankingError {}

/// What the comparisons cannot bear: the ranking stands, and this should be read with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankingRemark {
    /// Items that were compared with nothing: their strength is the prior's.
    WithoutVotes {
        /// How many.
        n_items: u32,
    },
    /// Groups of items that were never compared with each other: the prior alone puts them on one scale.
    Disconnected {
        /// How many groups, items without comparisons left out.
        n_groups: u32,
    },
    /// No comparison is a tie, so how often equals tie is not estimated.
    NoTies,
    /// Every pair was shown in one order only: position and strength are told apart by the model's form alone.
    OneOrderOnly,
    /// More than half of the resamples have no finite ranking: the intervals are those of the curvature instead.
    ResamplesUndefined,
    /// The rounds ended before the strengths stood still.
    NotConverged,
}

impl std::fmt::Display for RankingRemark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WithoutVotes { n_items } => write!(f, "{n_items} items were compared with nothing"),
            Self::Disconnected { n_groups } => {
                write!(f, "{n_groups} groups of items were never compared with each other: only the prior joins them")
            }
            Self::NoTies => f.write_str("no comparison is a tie: how often equals tie is not estimated"),
            Self::OneOrderOnly => f.write_str("every pair was shown in one order only: show each in both"),
            Self::ResamplesUndefined => f.write_str(
                "more than half of the resamples have no ranking: the intervals come from the curvature instead",
            ),
            Self::NotConverged => {
                f.write_str("the rounds ended before the strengths stood still: give more rounds")
            }
        }
    }
}

/// 1 / (1 + e^-x), without overflow.
fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// The logarithm of [`sigmoid`], without underflow.
fn ln_sigmoid(x: f64) -> f64 {
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}

fn positive(what: &'static str, got: f64) -> Result<(), RankingError> {
    if got > 0.0 && got.is_finite() { Ok(()) } else { Err(RankingError::BadNumber { what, got }) }
}

/// An error where a vote names an item twice or one that does not exist.
fn check_votes(n_items: u32, votes: &[PairVote]) -> Result<(), RankingError> {
    if votes.is_empty() {
        return Err(RankingError::NoVotes);
    }
    for (at, vote) in votes.iter().enumerate() {
        if let Some(item) = [vote.first, vote.second].into_iter().find(|item| *item >= n_items) {
            return Err(RankingError::OutOfRange { what: "item", got: item.into(), end: n_items.into() });
        }
        if vote.first == vote.second {
            return Err(RankingError::SameItem { item: vote.first, at });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
