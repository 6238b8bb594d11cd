//! The mathematics of label quality, on integers and floats.
//!
//! In: classes as numbers, votes, spans as offsets, outcomes, a seed. Out: scores, each with its `n` and its
//! interval.
//!
//! | to know | call |
//! |---|---|
//! | how good single labels are | [`score_classification`] |
//! | how good sets of labels are | [`score_multi_label`] |
//! | how good spans are, and what is wrong with them | [`score_spans`], [`match_spans`] |
//! | what most annotators say | [`majority`], [`vote_shares`] |
//! | whether one annotator is better than another on the same items | [`compare_paired`] |
//! | how far a share can be trusted | [`wilson`] |
//! | how far any other statistic can be trusted | [`bootstrap`], [`bootstrap_grouped`] |
//!
//! Rules that hold throughout: what is undefined is `None`, never 0; ties are returned, not settled;
//! randomness comes in as a seed, and the same seed gives the same bits on every machine; the order of the
//! items changes nothing.
//!
//! Not here: text, items, JSON, files, clocks, threads; the names of the classes.

mod bootstrap;
mod compare;
mod interval;
mod random;
mod score;
mod special;
mod votes;

pub use bootstrap::{IntervalOptions, bootstrap, bootstrap_grouped};
pub use compare::{Comparison, PairedCounts, compare_paired, mcnemar_exact};
pub use interval::{Estimate, Interval, Level, wilson};
pub use score::{
    ClassificationScore, Confusion, ConfusionCell, Coverage, LabelScore, MultiLabelScore, NoLabel, Outcome,
    Pair, Prf, PrfReport, ScoreError, Span, SpanErrors, SpanMatch, SpanPair, SpanRelation, SpanScore,
    TypeConfusion, match_spans, score_classification, score_multi_label, score_spans,
};
pub use votes::{Majority, majority, vote_shares};

/// A class by its number: the position of a label in its schema, from 0.
///
/// Functions that score against a schema also take the number of its classes, so that a label nobody used is
/// reported too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub u32);
