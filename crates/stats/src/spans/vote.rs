//! Span vote: what enough annotators marked in the same way.
//!
//! In: readings. Out: each distinct span with the share of those who looked at it that marked it.
//!
//! Not here: who the annotators are: a vote is a vote.

use super::candidates::{candidates, keep};
use super::finish::{Found, finish};
use super::{Readings, SpanAggregate, SpanMethod, SpanOptions};
use crate::aggregate::AggregateError;

pub(super) const METHOD: SpanMethod = SpanMethod {
    name: "span_vote",
    title: "span vote",
    about: "Keeps each span that a share of the annotators marked with the same borders and class; takes every annotator to be equally good, and the one to start with.",
    paper: "E. Tjong Kim Sang, F. De Meulder, \"Introduction to the CoNLL-2003 Shared Task\", 2003 (system combination by votes)",
    needs_tokens: false,
    reads_gold: false,
    fit,
};

fn fit(readings: &Readings, options: &SpanOptions<'_>) -> Result<SpanAggregate, AggregateError> {
    options.check(readings)?;
    let items = readings.items().iter().map(|item| {
        let shares = candidates(item).into_iter().map(|it| (it.span, it.share())).collect();
        keep(shares, options.min_share, options)
    });
    Ok(finish(METHOD.name, readings, options, Found::settled(items.collect())))
}
