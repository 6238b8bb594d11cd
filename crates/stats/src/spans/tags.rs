//! Spans as BIO tags of tokens, and back.
//!
//! In: tokens, the spans of one annotator, what it did not see. Out: a tag for each token, `None` where nothing is known.
//! Tag 0 is outside; class c begins with tag 1 + 2c and goes on with tag 2 + 2c.
//!
//! Tags hold no overlap: of two spans that share tokens the longer stays, of equally long ones the left one; with the
//! same tokens and different classes neither, and their tokens count as unread.
//!
//! L. Ramshaw, M. Marcus, "Text Chunking using Transformation-Based Learning", 1995.
//!
//! Not here: what the tags are worth (`sequence.rs`).

use std::ops::Range;

use super::{OffTokens, SpanRemark};
use crate::{Class, Span};

/// Outside of every span.
pub(super) const OUTSIDE: usize = 0;

/// The number of tags for so many classes.
pub(super) fn n_tags(n_classes: usize) -> usize {
    2 * n_classes + 1
}

/// The tag of the first token of a span.
pub(super) fn begin(class: Class) -> usize {
    1 + 2 * class.0 as usize
}

/// The class that this tag goes on with.
fn goes_on(tag: usize) -> bool {
    tag != OUTSIDE && tag.is_multiple_of(2)
}

/// Whether a tag may follow another one: only a span of its class goes on.
pub(super) fn may_follow(before: usize, tag: usize) -> bool {
    !goes_on(tag) || before == tag || before == tag - 1
}

/// What happened to the spans on their way to tags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Losses {
    snapped: u64,
    refused: u64,
    nested: u64,
    two_classes: u64,
}

impl Losses {
    pub(super) fn remarks(self) -> impl Iterator<Item = SpanRemark> {
        let Self { snapped, refused, nested, two_classes } = self;
        let remarks = [
            (snapped, SpanRemark::Snapped { n_spans: snapped }),
            (refused, SpanRemark::Refused { n_spans: refused }),
            (nested, SpanRemark::Nested { n_spans: nested }),
            (two_classes, SpanRemark::TwoClasses { n_spans: two_classes }),
        ];
        remarks.into_iter().filter(|(n, _)| *n > 0).map(|(_, remark)| remark)
    }
}

/// The tokens that a range touches; none where it lies between tokens.
pub(super) fn touched(tokens: &[(u32, u32)], start: u32, end: u32) -> Range<usize> {
    let first = tokens.partition_point(|token| token.1 <= start);
    first..tokens.partition_point(|token| token.0 < end).max(first)
}

/// The tags of an item's tokens.
pub(super) fn tags(
    tokens: &[(u32, u32)],
    spans: &[Span],
    unread: &[(u32, u32)],
    off_tokens: OffTokens,
    losses: &mut Losses,
) -> Vec<Option<usize>> {
    let mut known = vec![true; tokens.len()];
    let mut placed: Vec<(Range<usize>, Class)> = Vec::with_capacity(spans.len());
    for span in spans {
        let range = touched(tokens, span.start, span.end);
        let fits =
            !range.is_empty() && tokens[range.start].0 == span.start && tokens[range.end - 1].1 == span.end;
        if range.is_empty() || (!fits && off_tokens == OffTokens::Refuse) {
            losses.refused += 1;
            known[range].fill(false);
            continue;
        }
        losses.snapped += u64::from(!fits);
        placed.push((range, span.class));
    }
    placed.sort_by_key(|(range, class)| (std::cmp::Reverse(range.len()), range.start, *class));
    placed.dedup();
    let mut tags = vec![OUTSIDE; tokens.len()];
    let mut taken = vec![false; tokens.len()];
    for same in placed.chunk_by(|a, b| a.0 == b.0) {
        let range = same[0].0.clone();
        if taken[range.clone()].contains(&true) {
            losses.nested += same.len() as u64;
            continue;
        }
        if same.len() > 1 {
            losses.two_classes += same.len() as u64;
            known[range.clone()].fill(false);
        } else {
            tags[range.clone()].fill(begin(same[0].1) + 1);
            tags[range.start] = begin(same[0].1);
        }
        taken[range].fill(true);
    }
    for (start, end) in unread {
        known[touched(tokens, *start, *end)].fill(false);
    }
    tags.into_iter().zip(known).map(|(tag, known)| known.then_some(tag)).collect()
}

/// The spans of a valid sequence of tags, as ranges of tokens with their classes.
pub(super) fn spans(tags: &[usize]) -> Vec<(Range<usize>, Class)> {
    let mut spans: Vec<(Range<usize>, Class)> = Vec::new();
    for (at, tag) in tags.iter().enumerate() {
        if goes_on(*tag) {
            if let Some((range, _)) = spans.last_mut() {
                range.end = at + 1;
            }
        } else if *tag != OUTSIDE {
            spans.push((at..at + 1, Class(((tag - 1) / 2) as u32)));
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::{Losses, OffTokens, spans, tags};
    use crate::{Class, Span};

    const TOKENS: [(u32, u32); 4] = [(0, 2), (3, 5), (6, 8), (8, 9)];

    fn span(start: u32, end: u32, class: u32) -> Span {
        Span { start, end, class: Class(class) }
    }

    #[track_caller]
    fn check(found: &[Span], off_tokens: OffTokens, want: &[i32], losses: Losses) {
        let mut got = Losses::default();
        let tags = tags(&TOKENS, found, &[], off_tokens, &mut got);
        assert_eq!(tags.iter().map(|tag| tag.map_or(-1, |it| it as i32)).collect::<Vec<_>>(), want);
        assert_eq!(got, losses);
    }

    #[test]
    fn spans_that_fit_become_tags() {
        check(&[span(0, 5, 0), span(6, 8, 1)], OffTokens::Refuse, &[1, 2, 3, 0], Losses::default());
    }

    #[test]
    fn a_span_grows_to_its_tokens_and_loses_white_space() {
        check(&[span(2, 7, 0)], OffTokens::Snap, &[0, 1, 2, 0], Losses { snapped: 1, ..Losses::default() });
    }

    #[test]
    fn a_refused_span_leaves_its_tokens_unread() {
        check(
            &[span(2, 7, 0)],
            OffTokens::Refuse,
            &[0, -1, -1, 0],
            Losses { refused: 1, ..Losses::default() },
        );
    }

    #[test]
    fn a_span_without_a_token_is_refused() {
        check(&[span(5, 6, 0)], OffTokens::Snap, &[0, 0, 0, 0], Losses { refused: 1, ..Losses::default() });
    }

    #[test]
    fn the_longer_of_two_nested_spans_stays() {
        let found = [span(0, 2, 1), span(0, 5, 0)];
        check(&found, OffTokens::Snap, &[1, 2, 0, 0], Losses { nested: 1, ..Losses::default() });
    }

    #[test]
    fn two_classes_on_the_same_tokens_leave_them_unread() {
        let found = [span(0, 5, 0), span(0, 5, 1)];
        check(&found, OffTokens::Snap, &[-1, -1, 0, 0], Losses { two_classes: 2, ..Losses::default() });
    }

    #[test]
    fn tags_give_their_spans_back() {
        assert_eq!(spans(&[1, 2, 1, 0, 3]), [(0..2, Class(0)), (2..3, Class(0)), (4..5, Class(1))]);
    }
}
