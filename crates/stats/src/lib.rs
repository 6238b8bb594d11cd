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
//! | how good numbers are | [`score_numbers`] |
//! | how good anything is that can be right in part | [`score_likeness`], [`score_counts`] |
//! | what most annotators say | [`majority`], [`vote_shares`] |
//! | who is right when annotators differ | [`aggregate`]; for spans [`spans`], comparisons [`ranking`], texts [`text`], boxes [`boxes`], numbers [`values`] |
//! | how good each given label is, by annotators and a model together | [`aggregate::crowdlab`] |
//! | how far annotators agree | [`agreement`] |
//! | whether a score is a probability | [`calibrate`] |
//! | what may go without review | [`accept`] |
//! | whether the votes so far settle an item, and what a cascade of annotators did | [`cascade`] |
//! | what holds for the whole data set | [`estimate`], on a [`sample`] |
//! | which labels are probably wrong | [`noise`] |
//! | whether one annotator is better than another on the same items | [`compare_paired`], [`compare_means`] |
//! | how far a share can be trusted | [`wilson`] |
//! | how far any other statistic can be trusted | [`bootstrap`], [`bootstrap_grouped`] |
//!
//! Rules that hold throughout: what is undefined is `None`, never 0; ties are returned, not settled;
//! randomness comes in as a seed, and the same seed gives the same bits on every machine; the order of the
//! items changes nothing.
//!
//! Not here: text, items, JSON, files, clocks, threads; the names of the classes.

pub mod accept;
pub mod aggregate;
pub mod agreement;
mod bootstrap;
pub mod boxes;
pub mod calibrate;
pub mod cascade;
mod compare;
pub mod estimate;
mod interval;
mod linear;
mod logistic;
mod minimize;
pub mod noise;
mod random;
pub mod ranking;
pub mod sample;
mod score;
pub mod spans;
mod special;
pub mod text;
pub mod values;
mod votes;

pub use bootstrap::{IntervalOptions, bootstrap, bootstrap_grouped};
pub use compare::{
    Comparison, F1Comparison, LabelPair, MeanComparison, PairedCounts, compare_f1, compare_means,
    compare_paired, evidence, holm, items_needed, mcnemar_exact,
};
pub use interval::{Estimate, Interval, Level, wilson};
pub use score::{
    ClassificationScore, Confusion, ConfusionCell, Counted, Coverage, LabelScore, LikenessScore,
    MultiLabelScore, NoLabel, NumberScore, Outcome, Pair, Prf, PrfReport, ScoreError, Span, SpanErrors,
    SpanMatch, SpanPair, SpanRelation, SpanScore, TypeConfusion, match_spans, mean_of_shares,
    score_classification, score_counts, score_likeness, score_multi_label, score_numbers, score_spans,
};
pub use votes::{Majority, majority, vote_shares};

/// A class by its number: the position of a label in its schema, from 0.
///
/// Functions that score against a schema also take the number of its classes, so that a label nobody used is
/// reported too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub u32);
