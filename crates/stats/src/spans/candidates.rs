//! Spans as candidates: which annotators marked each distinct span, and which of them looked and did not.
//!
//! In: the readings of an item. Out: its [`Candidate`]s, and of those the ones to keep.
//!
//! Not here: how likely a candidate is (`vote.rs`, `two_state.rs`), gold.

use std::cmp::Reverse;

use super::readings::SpanItem;
use super::{FoundSpan, SpanOptions};
use crate::Span;
use crate::aggregate::TIE;

/// A distinct span of an item. An annotator that did not see all of it is in neither list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) span: Span,
    /// The annotators that marked it.
    pub(super) yes: Vec<u32>,
    /// The annotators that looked and did not mark it.
    pub(super) no: Vec<u32>,
}

impl Candidate {
    /// The share of those who looked that marked it.
    pub(super) fn share(&self) -> f64 {
        self.yes.len() as f64 / (self.yes.len() + self.no.len()) as f64
    }
}

/// The candidates of an item, from left to right. Each has a vote.
pub(super) fn candidates(item: &SpanItem) -> Vec<Candidate> {
    let whole = |span: &&Span, at: usize| !item.readings[at].has_unread(span.start, span.end);
    let mut votes: Vec<(Span, u32)> = Vec::new();
    for (at, reading) in item.readings.iter().enumerate() {
        let spans = reading.spans.iter().filter(|span| whole(span, at));
        votes.extend(spans.map(|span| (*span, reading.annotator)));
    }
    votes.sort_unstable();
    let same = votes.chunk_by(|a, b| a.0 == b.0);
    same.map(|votes| {
        let span = votes[0].0;
        let yes: Vec<u32> = votes.iter().map(|(_, annotator)| *annotator).collect();
        let looked = item.readings.iter().filter(|reading| !reading.has_unread(span.start, span.end));
        let no = looked.map(|reading| reading.annotator).filter(|it| !yes.contains(it)).collect();
        Candidate { span, yes, no }
    })
    .collect()
}

/// Whether two spans share a code point.
pub(super) fn overlap(a: &Span, b: &Span) -> bool {
    a.start < b.end && b.start < a.end
}

/// Keeps spans of at least this posterior, the most probable first, and none that overlaps a kept one unless that is
/// allowed. Of equally probable ones the longer, then the left one goes first; with the same borders they tie.
pub(super) fn keep(mut spans: Vec<(Span, f64)>, least: f64, options: &SpanOptions<'_>) -> Vec<FoundSpan> {
    spans.retain(|(_, posterior)| *posterior >= least - TIE);
    // Rounded, so that the order of a sum settles nothing.
    let key = |posterior: f64| -((posterior / TIE).round() as i64);
    spans.sort_by_key(|(span, posterior)| (key(*posterior), Reverse(span.end - span.start), *span));
    let mut kept: Vec<FoundSpan> = Vec::new();
    for (span, posterior) in spans {
        let posterior = posterior.min(1.0);
        if options.allow_overlap {
            kept.push(FoundSpan { span, posterior, tied: Vec::new() });
            continue;
        }
        match kept.iter_mut().find(|it| overlap(&it.span, &span)) {
            None => kept.push(FoundSpan { span, posterior, tied: Vec::new() }),
            Some(it) => {
                let same = (it.span.start, it.span.end) == (span.start, span.end);
                if same && (it.posterior - posterior).abs() <= TIE {
                    it.tied.push(span.class);
                }
            }
        }
    }
    kept.sort_by_key(|it| it.span);
    kept
}
