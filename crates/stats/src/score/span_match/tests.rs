//! The matching by cases, and against a search of all matchings.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

use super::{Span, SpanMatch, SpanRelation, match_spans};
use crate::Class;

fn spans(triples: &[(u32, u32, u32)]) -> Vec<Span> {
    triples.iter().map(|&(start, end, class)| Span { start, end, class: Class(class) }).collect()
}

fn n_with(matched: &SpanMatch, relation: SpanRelation) -> usize {
    matched.pairs.iter().filter(|pair| pair.relation == relation).count()
}

/// Right, wrong border, wrong type, wrong both, missed, invented.
fn counts(matched: &SpanMatch) -> [usize; 6] {
    let [right, border, type_, both] =
        [SpanRelation::Right, SpanRelation::WrongBorder, SpanRelation::WrongType, SpanRelation::WrongBoth]
            .map(|relation| n_with(matched, relation));
    [right, border, type_, both, matched.missed.len(), matched.invented.len()]
}

#[track_caller]
fn check(gold: &[(u32, u32, u32)], predicted: &[(u32, u32, u32)], want: [usize; 6]) {
    assert_eq!(counts(&match_spans(&spans(gold), &spans(predicted))), want);
}

#[test]
fn each_relation_has_its_case() {
    check(&[(2, 5, 0)], &[(2, 5, 0)], [1, 0, 0, 0, 0, 0]);
    check(&[(2, 5, 0)], &[(4, 9, 0)], [0, 1, 0, 0, 0, 0]);
    check(&[(2, 5, 0)], &[(2, 5, 1)], [0, 0, 1, 0, 0, 0]);
    check(&[(2, 5, 0)], &[(3, 5, 1)], [0, 0, 0, 1, 0, 0]);
    check(&[(2, 5, 0)], &[], [0, 0, 0, 0, 1, 0]);
    check(&[], &[(2, 5, 0)], [0, 0, 0, 0, 0, 1]);
    check(&[], &[], [0; 6]);
}

#[test]
fn spans_that_only_touch_have_nothing_in_common() {
    check(&[(0, 5, 0)], &[(5, 9, 0)], [0, 0, 0, 0, 1, 1]);
}

#[test]
fn one_prediction_over_two_gold_spans_answers_one_of_them() {
    check(&[(0, 4, 0), (5, 9, 0)], &[(0, 9, 0)], [0, 1, 0, 0, 1, 0]);
}

#[test]
fn a_gold_span_cut_in_two_is_answered_once() {
    check(&[(0, 9, 0)], &[(0, 4, 0), (5, 9, 0)], [0, 1, 0, 0, 0, 1]);
}

#[test]
fn the_right_class_with_a_wrong_border_goes_before_the_right_border_with_a_wrong_class() {
    check(&[(0, 5, 0)], &[(0, 5, 1), (0, 4, 0)], [0, 1, 0, 0, 0, 1]);
}

#[test]
fn a_right_span_is_right_even_where_another_would_have_needed_it() {
    // Only by giving up the right pair could both gold spans have been answered.
    check(&[(0, 10, 0), (8, 9, 0)], &[(0, 10, 0), (0, 3, 0)], [1, 0, 0, 0, 1, 1]);
}

#[test]
fn a_chain_of_overlaps_gives_as_many_pairs_as_possible() {
    // The largest overlap, second gold with first prediction, would leave the other two alone.
    check(&[(0, 4, 0), (4, 8, 0)], &[(2, 7, 0), (7, 9, 0)], [0, 2, 0, 0, 0, 0]);
}

#[test]
fn nested_spans_of_one_class_each_find_their_own() {
    check(&[(0, 9, 0), (0, 3, 0)], &[(0, 3, 0), (0, 9, 0)], [2, 0, 0, 0, 0, 0]);
    check(&[(0, 9, 0), (0, 3, 0)], &[(0, 8, 0), (0, 2, 0)], [0, 2, 0, 0, 0, 0]);
    check(&[(0, 9, 0), (4, 6, 0)], &[(4, 6, 0)], [1, 0, 0, 0, 1, 0]);
}

#[test]
fn two_classes_on_the_same_words_are_two_spans() {
    check(&[(0, 5, 0), (0, 5, 1)], &[(0, 5, 1), (0, 5, 2)], [1, 0, 1, 0, 0, 0]);
}

#[test]
fn a_repeated_span_counts_once() {
    check(&[(0, 5, 0)], &[(0, 5, 0), (0, 5, 0)], [1, 0, 0, 0, 0, 0]);
    let matched = match_spans(&spans(&[(9, 11, 0), (9, 11, 0)]), &[]);
    assert_eq!(matched.missed, [0]);
}

#[test]
fn an_empty_span_overlaps_nothing() {
    check(&[(4, 6, 0)], &[(5, 5, 0)], [0, 0, 0, 0, 1, 1]);
}

#[test]
fn pairs_and_lists_name_positions_in_the_given_order() {
    let gold = spans(&[(20, 25, 0), (0, 5, 0), (40, 41, 0)]);
    let predicted = spans(&[(30, 31, 0), (0, 5, 0), (21, 25, 0)]);
    let matched = match_spans(&gold, &predicted);
    let pairs: Vec<_> = matched.pairs.iter().map(|pair| (pair.gold_idx, pair.predicted_idx)).collect();
    assert_eq!((pairs, matched.missed, matched.invented), (vec![(1, 1), (0, 2)], vec![2], vec![0]));
}

#[test]
fn a_very_long_chain_needs_no_deep_recursion() {
    let chain = |from: u32| (0..50_000).map(|n| (n * 4 + from, n * 4 + from + 3, 0)).collect::<Vec<_>>();
    let matched = match_spans(&spans(&chain(0)), &spans(&chain(2)));
    assert_eq!(n_with(&matched, SpanRelation::WrongBorder), 50_000);
}

/// The most pairs that any one-to-one matching has, by trying all.
fn most_pairs(gold: &[Span], predicted: &[Span], fits: &dyn Fn(&Span, &Span) -> bool) -> usize {
    let Some((first, rest)) = gold.split_first() else {
        return 0;
    };
    let without = most_pairs(rest, predicted, fits);
    let with = (0..predicted.len()).filter(|&p| fits(first, &predicted[p])).map(|p| {
        let mut left = predicted.to_vec();
        left.swap_remove(p);
        1 + most_pairs(rest, &left, fits)
    });
    with.max().unwrap_or(0).max(without)
}

fn overlap(a: &Span, b: &Span) -> bool {
    a.start < b.end && b.start < a.end
}

fn any_spans(n_classes: u32) -> impl Strategy<Value = Vec<Span>> {
    let span = (0_u32..14, 1_u32..7, 0..n_classes);
    let span =
        span.prop_map(|(start, length, class)| Span { start, end: start + length, class: Class(class) });
    proptest::collection::vec(span, 0..6).prop_map(|mut spans| {
        let mut seen = std::collections::HashSet::new();
        spans.retain(|span| seen.insert(*span));
        spans
    })
}

/// Spans that do not overlap each other.
fn flat_spans() -> impl Strategy<Value = Vec<Span>> {
    proptest::collection::vec((0_u32..3, 1_u32..4, 0_u32..2), 0..6).prop_map(|steps| {
        let mut end = 0;
        let place = |(gap, length, class)| {
            let start = end + gap;
            end = start + length;
            Span { start, end, class: Class(class) }
        };
        steps.into_iter().map(place).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_span_is_in_exactly_one_pair_or_list(gold in any_spans(3), predicted in any_spans(3)) {
        let SpanMatch { pairs, missed, invented } = match_spans(&gold, &predicted);
        let mut golds: Vec<_> = pairs.iter().map(|pair| pair.gold_idx).chain(missed).collect();
        let mut found: Vec<_> = pairs.iter().map(|pair| pair.predicted_idx).chain(invented).collect();
        golds.sort_unstable();
        found.sort_unstable();
        prop_assert!(golds.into_iter().eq(0..gold.len()) && found.into_iter().eq(0..predicted.len()));
    }

    #[test]
    fn every_pair_is_what_its_relation_says(gold in any_spans(3), predicted in any_spans(3)) {
        for pair in match_spans(&gold, &predicted).pairs {
            let (gold, predicted) = (gold[pair.gold_idx], predicted[pair.predicted_idx]);
            let same_borders = (gold.start, gold.end) == (predicted.start, predicted.end);
            let want = match (same_borders, gold.class == predicted.class) {
                (true, true) => SpanRelation::Right,
                (false, true) => SpanRelation::WrongBorder,
                (true, false) => SpanRelation::WrongType,
                (false, false) => SpanRelation::WrongBoth,
            };
            prop_assert!(pair.relation == want && overlap(&gold, &predicted));
        }
    }

    #[test]
    fn free_spans_have_nothing_in_common(gold in any_spans(3), predicted in any_spans(3)) {
        let matched = match_spans(&gold, &predicted);
        for &g in &matched.missed {
            prop_assert!(matched.invented.iter().all(|&p| !overlap(&gold[g], &predicted[p])));
        }
    }

    #[test]
    fn no_matching_of_the_spans_that_are_not_right_has_more_overlapping_pairs(
        gold in any_spans(2), predicted in any_spans(2),
    ) {
        let matched = match_spans(&gold, &predicted);
        let rest = |spans: &[Span], other: &[Span]| {
            spans.iter().filter(|span| !other.contains(span)).copied().collect::<Vec<_>>()
        };
        let fits = |a: &Span, b: &Span| a.class == b.class && overlap(a, b);
        let most = most_pairs(&rest(&gold, &predicted), &rest(&predicted, &gold), &fits);
        prop_assert_eq!(n_with(&matched, SpanRelation::WrongBorder), most);
    }

    #[test]
    fn on_flat_spans_no_matching_at_all_has_more(gold in flat_spans(), predicted in flat_spans()) {
        let matched = match_spans(&gold, &predicted);
        let fits = |a: &Span, b: &Span| a.class == b.class && overlap(a, b);
        let [right, border, ..] = counts(&matched);
        prop_assert_eq!(right + border, most_pairs(&gold, &predicted, &fits));
    }

    #[test]
    fn order_and_renaming_change_no_count(gold in any_spans(3), predicted in any_spans(3)) {
        let want = counts(&match_spans(&gold, &predicted));
        let changed = |spans: &[Span]| {
            let renamed = spans.iter().rev().map(|span| Span { class: Class(7 - span.class.0), ..*span });
            renamed.collect::<Vec<_>>()
        };
        prop_assert_eq!(counts(&match_spans(&changed(&gold), &changed(&predicted))), want);
    }
}
