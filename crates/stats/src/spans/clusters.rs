//! Clusters of candidates: spans that mean the same thing with other borders vote together, and the weighted median
//! settles the borders.
//!
//! In: readings. Out: for each cluster one span, with the share of those who looked that have a span in it.
//!
//! Not here: who finds what (`two_state.rs`).

use super::candidates::{Candidate, candidates, keep, overlap};
use super::finish::{Found, finish};
use super::readings::SpanItem;
use super::tags::touched;
use super::{Readings, SpanAggregate, SpanMethod, SpanOptions};
use crate::Span;
use crate::aggregate::{AggregateError, TIE};

pub(super) const METHOD: SpanMethod = SpanMethod {
    name: "span_clusters",
    title: "clusters of spans with median borders",
    about: "Puts candidates of one class that share half of their tokens together, counts who has one, and takes the weighted median of the borders; where annotators agree on what but not on how far, nested spans included.",
    paper: "J. Braylan, M. Lease, \"Aggregating Complex Annotations via Merging and Matching\", KDD 2021",
    needs_tokens: false,
    reads_gold: false,
    fit,
};

/// Two candidates of one class mean the same thing from this share of common tokens (intersection over union) on.
const SAME: f64 = 0.5;

/// A span, the candidates that mean the same thing, and the annotators that have one.
struct Cluster {
    span: Span,
    members: Vec<usize>,
    voters: Vec<u32>,
    share: f64,
}

fn fit(readings: &Readings, options: &SpanOptions<'_>) -> Result<SpanAggregate, AggregateError> {
    options.check(readings)?;
    let of_item: Vec<Vec<Candidate>> = readings.items().iter().map(candidates).collect();
    let clusters: Vec<Vec<Cluster>> =
        readings.items().iter().zip(&of_item).map(|(item, of_item)| clusters(item, of_item)).collect();
    let weights = weights(readings.n_annotators(), &of_item, &clusters);
    let items = clusters.iter().zip(&of_item).map(|(clusters, of_item)| {
        let fused = clusters.iter().map(|cluster| (fuse(cluster, of_item, &weights), cluster.share));
        // Two clusters may come to the same borders.
        let mut spans: Vec<(Span, f64)> = fused.collect();
        spans.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        spans.dedup_by_key(|(span, _)| *span);
        keep(spans, options.min_share, options)
    });
    Ok(finish(METHOD.name, readings, options, Found::settled(items.collect())))
}

/// The clusters of an item: the candidate with the most votes takes what is like it, then the next one.
fn clusters(item: &SpanItem, of_item: &[Candidate]) -> Vec<Cluster> {
    let mut order: Vec<usize> = (0..of_item.len()).collect();
    order.sort_by_key(|at| {
        let Candidate { span, yes, .. } = &of_item[*at];
        (std::cmp::Reverse(yes.len()), std::cmp::Reverse(span.end - span.start), *span)
    });
    let mut free = vec![true; of_item.len()];
    let mut clusters = Vec::new();
    for seed in order {
        if !free[seed] {
            continue;
        }
        let span = of_item[seed].span;
        let like = |at: &usize| {
            let other = of_item[*at].span;
            free[*at] && other.class == span.class && likeness(&item.tokens, &span, &other) >= SAME - TIE
        };
        let members: Vec<usize> = (0..of_item.len()).filter(like).collect();
        let mut voters: Vec<u32> = members.iter().flat_map(|at| of_item[*at].yes.iter().copied()).collect();
        voters.sort_unstable();
        voters.dedup();
        members.iter().for_each(|at| free[*at] = false);
        let looked = of_item[seed].yes.iter().chain(&of_item[seed].no);
        let n_looked = looked.chain(&voters).collect::<std::collections::BTreeSet<_>>().len();
        clusters.push(Cluster { span, members, share: voters.len() as f64 / n_looked as f64, voters });
    }
    clusters
}

/// How much two spans have in common, from 0 to 1: of their tokens, or of their code points where there are no tokens.
fn likeness(tokens: &[(u32, u32)], a: &Span, b: &Span) -> f64 {
    let touched = |span: &Span| touched(tokens, span.start, span.end);
    let points = |span: &Span| span.start as usize..span.end as usize;
    let (mut a_range, mut b_range) = (touched(a), touched(b));
    if a_range.is_empty() || b_range.is_empty() {
        if !overlap(a, b) {
            return 0.0;
        }
        (a_range, b_range) = (points(a), points(b));
    }
    let common = a_range.end.min(b_range.end).saturating_sub(a_range.start.max(b_range.start));
    let all = a_range.len() + b_range.len() - common;
    common as f64 / all as f64
}

/// How often the others have a span in the clusters of each annotator: what its borders weigh.
fn weights(n_annotators: usize, of_item: &[Vec<Candidate>], clusters: &[Vec<Cluster>]) -> Vec<f64> {
    let mut sums = vec![(1.0, 2.0); n_annotators];
    for (clusters, of_item) in clusters.iter().zip(of_item) {
        for cluster in clusters {
            let n_looked = (cluster.voters.len() as f64 / cluster.share).round();
            if n_looked < 2.0 {
                continue;
            }
            let others = (cluster.voters.len() as f64 - 1.0) / (n_looked - 1.0);
            for annotator in cluster.members.iter().flat_map(|at| &of_item[*at].yes) {
                sums[*annotator as usize].0 += others;
                sums[*annotator as usize].1 += 1.0;
            }
        }
    }
    sums.into_iter().map(|(agreed, n)| agreed / n).collect()
}

/// The span of a cluster: its median start and its median end.
fn fuse(cluster: &Cluster, of_item: &[Candidate], weights: &[f64]) -> Span {
    let border = |of: fn(&Span) -> u32| {
        let mut votes: Vec<(u32, f64)> = Vec::new();
        for it in cluster.members.iter().map(|at| &of_item[*at]) {
            votes.extend(it.yes.iter().map(|annotator| (of(&it.span), weights[*annotator as usize])));
        }
        votes.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        median(&votes, of(&cluster.span))
    };
    Span { start: border(|span| span.start), end: border(|span| span.end), class: cluster.span.class }
}

/// The weighted median of sorted votes. Where half of the weight lies on either side of a gap, what is nearest to
/// `usual`.
fn median(votes: &[(u32, f64)], usual: u32) -> u32 {
    let half = 0.5 * votes.iter().map(|(_, weight)| weight).sum::<f64>();
    let reach = |least: f64| {
        let mut sum = 0.0;
        votes.iter().find(|(_, weight)| {
            sum += weight;
            sum >= least
        })
    };
    let low = reach(half - TIE).map_or(usual, |it| it.0);
    let high = reach(half + TIE).map_or(low, |it| it.0);
    usual.clamp(low, high)
}

#[cfg(test)]
mod tests {
    use super::{likeness, median};
    use crate::{Class, Span};

    #[track_caller]
    fn check_median(votes: &[(u32, f64)], usual: u32, want: u32) {
        assert_eq!(median(votes, usual), want);
    }

    #[test]
    fn the_heavier_side_has_the_median() {
        check_median(&[(3, 1.0), (5, 1.0), (9, 1.0)], 0, 5);
        check_median(&[(3, 3.0), (5, 1.0), (9, 1.0)], 9, 3);
    }

    #[test]
    fn a_median_in_a_gap_is_the_usual_border() {
        check_median(&[(3, 1.0), (5, 1.0)], 5, 5);
        check_median(&[(3, 1.0), (5, 1.0)], 3, 3);
        check_median(&[(3, 1.0), (5, 1.0)], 1, 3);
    }

    #[test]
    fn likeness_counts_tokens_where_there_are_some() {
        let span = |start, end| Span { start, end, class: Class(0) };
        let tokens = [(0, 2), (3, 13), (14, 15)];
        assert_eq!(likeness(&tokens, &span(0, 13), &span(3, 13)), 0.5);
        assert_eq!(likeness(&[], &span(0, 4), &span(2, 4)), 0.5);
        assert_eq!(likeness(&tokens, &span(0, 2), &span(3, 13)), 0.0);
    }
}
