//! Which predicted span answers which gold span, and what is wrong with it.
//!
//! In: the gold and the predicted spans of one item, nested and overlapping ones included. Out: pairs with
//! their relation, missed gold spans, invented predicted spans. Each span is in exactly one pair or list.
//!
//! Not here: scores over items (`spans.rs`), and finding quoted words in a text.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Class;

/// A half-open range of one item's text with its class. The unit of the offsets is the caller's, the same for
/// gold and prediction: code points in karat, tokens or anything else as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first position inside.
    pub start: u32,
    /// The first position after; greater than `start`.
    pub end: u32,
    /// What the span is.
    pub class: Class,
}

/// What a predicted span has in common with its gold span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanRelation {
    /// Borders and class.
    Right,
    /// The class and at least one position, not the borders.
    WrongBorder,
    /// The borders, not the class.
    WrongType,
    /// At least one position; neither borders nor class.
    WrongBoth,
}

/// A predicted span and the gold span it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanPair {
    /// Its position among the gold spans.
    pub gold_idx: usize,
    /// Its position among the predicted spans.
    pub predicted_idx: usize,
    /// What is wrong, if anything.
    pub relation: SpanRelation,
}

/// The spans of one item, matched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpanMatch {
    /// Right pairs first, then wrong borders, wrong types, wrong in both.
    pub pairs: Vec<SpanPair>,
    /// Gold spans that no prediction answers.
    pub missed: Vec<usize>,
    /// Predicted spans that answer no gold span.
    pub invented: Vec<usize>,
}

/// Matches predicted spans to gold spans, one to one.
///
/// Four passes, each over the spans that are still free, from most to least in common:
/// 1. same borders and class: *right*;
/// 2. same class, at least one position in common: *wrong border*;
/// 3. same borders: *wrong type*;
/// 4. at least one position in common: *wrong both*.
///
/// What is left is *missed* or *invented*. Passes 2 and 4 form as many pairs as the free spans allow; among
/// equally many, spans that end early go together. So the order of the spans changes nothing, and on spans
/// that do not overlap each other no other pairing has more right or overlapping pairs of the same class. A
/// span repeated in the same list is one span: only its first position is used. An empty span overlaps
/// nothing.
///
/// The largest matching is found by going through the spans by their ends and giving each the free
/// overlapping span that ends first. (Whoever ends first is the least use to later spans: any other choice
/// can be exchanged for this one without losing a pair.) Time grows as n log n.
///
/// ```
/// use karat_stats::{Class, Span, SpanRelation, match_spans};
/// let span = |start, end, class| Span { start, end, class: Class(class) };
/// let gold = [span(0, 5, 0), span(10, 15, 1)];
/// let predicted = [span(0, 4, 0), span(20, 25, 1)];
/// let matched = match_spans(&gold, &predicted);
/// assert_eq!(matched.pairs[0].relation, SpanRelation::WrongBorder);
/// assert_eq!((matched.missed, matched.invented), (vec![1], vec![1]));
/// ```
pub fn match_spans(gold: &[Span], predicted: &[Span]) -> SpanMatch {
    let (mut gold, mut predicted) = (Free::of(gold), Free::of(predicted));
    let mut pairs = Vec::new();
    pair_equal(&mut gold, &mut predicted, |span| *span, SpanRelation::Right, &mut pairs);
    if !gold.is_empty() && !predicted.is_empty() {
        gold.sort_by_class();
        predicted.sort_by_class();
        pair_overlapping_by_class(&mut gold, &mut predicted, &mut pairs);
        gold.sort_by_place();
        predicted.sort_by_place();
        let borders = |span: &Span| (span.start, span.end);
        pair_equal(&mut gold, &mut predicted, borders, SpanRelation::WrongType, &mut pairs);
        let matched = largest_matching(&gold.0, &predicted.0);
        take(&mut gold, &mut predicted, matched, SpanRelation::WrongBoth, &mut pairs);
    }
    SpanMatch { pairs, missed: gold.positions(), invented: predicted.positions() }
}

/// Spans without a partner so far, with their positions in the caller's list.
struct Free(Vec<(Span, usize)>);

impl Free {
    fn of(spans: &[Span]) -> Self {
        let mut spans: Vec<(Span, usize)> = spans.iter().copied().zip(0..).collect();
        spans.sort_unstable();
        spans.dedup_by_key(|(span, _)| *span);
        Self(spans)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn sort_by_place(&mut self) {
        self.0.sort_unstable();
    }

    fn sort_by_class(&mut self) {
        self.0.sort_unstable_by_key(|&(span, idx)| (span.class, span, idx));
    }

    /// Where they are in the caller's list, ascending.
    fn positions(self) -> Vec<usize> {
        let mut positions: Vec<usize> = self.0.into_iter().map(|(_, idx)| idx).collect();
        positions.sort_unstable();
        positions
    }
}

/// Pairs spans with equal keys, one to one; both lists must be sorted by the key.
fn pair_equal<K: Ord>(
    gold: &mut Free,
    predicted: &mut Free,
    key: impl Fn(&Span) -> K,
    relation: SpanRelation,
    pairs: &mut Vec<SpanPair>,
) {
    let (mut g, mut p) = (0, 0);
    let mut matched = Vec::new();
    while g < gold.0.len() && p < predicted.0.len() {
        match key(&gold.0[g].0).cmp(&key(&predicted.0[p].0)) {
            std::cmp::Ordering::Less => g += 1,
            std::cmp::Ordering::Greater => p += 1,
            std::cmp::Ordering::Equal => {
                matched.push((g, p));
                g += 1;
                p += 1;
            }
        }
    }
    take(gold, predicted, matched, relation, pairs);
}

/// Pairs overlapping spans of the same class; both lists must be sorted by class.
fn pair_overlapping_by_class(gold: &mut Free, predicted: &mut Free, pairs: &mut Vec<SpanPair>) {
    let mut matched = Vec::new();
    let (mut g, mut p) = (0, 0);
    for same in gold.0.chunk_by(|a, b| a.0.class == b.0.class) {
        let class = same[0].0.class;
        p += predicted.0[p..].partition_point(|(span, _)| span.class < class);
        let n_predicted = predicted.0[p..].partition_point(|(span, _)| span.class == class);
        let of_class = largest_matching(same, &predicted.0[p..p + n_predicted]);
        matched.extend(of_class.into_iter().map(|(a, b)| (g + a, p + b)));
        g += same.len();
    }
    take(gold, predicted, matched, SpanRelation::WrongBorder, pairs);
}

/// Moves matched spans from the free lists to the pairs.
fn take(
    gold: &mut Free,
    predicted: &mut Free,
    matched: Vec<(usize, usize)>,
    relation: SpanRelation,
    pairs: &mut Vec<SpanPair>,
) {
    if matched.is_empty() {
        return;
    }
    let (mut keep_gold, mut keep_predicted) = (vec![true; gold.0.len()], vec![true; predicted.0.len()]);
    for (g, p) in matched {
        pairs.push(SpanPair { gold_idx: gold.0[g].1, predicted_idx: predicted.0[p].1, relation });
        (keep_gold[g], keep_predicted[p]) = (false, false);
    }
    let mut keep_gold = keep_gold.into_iter();
    gold.0.retain(|_| keep_gold.next().unwrap_or(true));
    let mut keep_predicted = keep_predicted.into_iter();
    predicted.0.retain(|_| keep_predicted.next().unwrap_or(true));
}

/// A largest one-to-one matching of overlapping spans, as positions in the two slices.
fn largest_matching(gold: &[(Span, usize)], predicted: &[(Span, usize)]) -> Vec<(usize, usize)> {
    if gold.is_empty() || predicted.is_empty() {
        return Vec::new();
    }
    // (end, start, side, place): side 0 is gold, side 1 is predicted.
    let on_side = |spans: &[(Span, usize)], side: usize| {
        let places = spans.iter().enumerate().filter(|(_, (span, _))| span.start < span.end);
        places.map(|(place, (span, _))| (span.end, span.start, side, place)).collect::<Vec<_>>()
    };
    let mut by_end = on_side(gold, 0);
    by_end.extend(on_side(predicted, 1));
    by_end.sort_unstable();
    let mut by_start = by_end.clone();
    by_start.sort_unstable_by_key(|&(end, start, side, place)| (start, end, side, place));
    let mut opening = by_start.into_iter().peekable();
    let mut open = [BinaryHeap::new(), BinaryHeap::new()];
    let mut is_settled = [vec![false; gold.len()], vec![false; predicted.len()]];
    let mut matched = Vec::new();
    for (end, _, side, place) in by_end {
        while let Some((end, start, side, place)) = opening.next_if(|&(_, start, _, _)| start < end) {
            open[side].push(Reverse((end, start, place)));
        }
        if std::mem::replace(&mut is_settled[side][place], true) {
            continue;
        }
        let other = 1 - side;
        // A settled span is either taken or ended before with no partner: no use to anyone.
        while let Some(Reverse((_, _, partner))) = open[other].pop() {
            if !std::mem::replace(&mut is_settled[other][partner], true) {
                matched.push(if side == 0 { (place, partner) } else { (partner, place) });
                break;
            }
        }
    }
    matched
}

#[cfg(test)]
mod tests;
