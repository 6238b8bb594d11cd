//! Conventions at the edges, and properties of any input. The values themselves are pinned in
//! `tests/reference.rs`.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

use super::{SpanScore, TypeConfusion, score_spans};
use crate::{Class, Estimate, IntervalOptions, Level, NoLabel, Outcome, Pair, ScoreError, Span};

const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 100, seed: 7 };

/// Gold spans and predicted ones, or `None` for a failure.
type Item = (Vec<Span>, Option<Vec<Span>>);

fn span(start: u32, end: u32, class: u32) -> Span {
    Span { start, end, class: Class(class) }
}

fn try_score(items: &[Item], n_classes: u32) -> Result<SpanScore, ScoreError> {
    let pairs: Vec<Pair<&[Span]>> = items
        .iter()
        .map(|(gold, found)| Pair {
            gold: Some(&gold[..]),
            outcome: found.as_deref().map_or(Outcome::NoLabel(NoLabel::Failed), Outcome::Labeled),
        })
        .collect();
    score_spans(&pairs, n_classes, &OPTIONS)
}

fn score(items: &[Item], n_classes: u32) -> SpanScore {
    try_score(items, n_classes).unwrap()
}

fn value(estimate: Option<Estimate>) -> Option<f64> {
    estimate.map(|estimate| estimate.value)
}

#[test]
fn a_failure_misses_all_gold_spans_and_is_told_apart() {
    let score = score(&[(vec![span(0, 3, 0), span(5, 7, 1)], None), (vec![span(0, 3, 0)], Some(vec![]))], 2);
    assert_eq!((score.errors.missed, score.errors.missed_unanswered), (3, 2));
    assert_eq!(value(score.exact.micro_avg.recall), Some(0.0));
    assert_eq!(value(score.exact.micro_avg.precision), None);
}

#[test]
fn finding_nothing_where_there_is_nothing_is_right_and_failing_there_is_not() {
    let score = score(&[(vec![], Some(vec![])), (vec![], None)], 1);
    assert_eq!((value(score.item_accuracy), value(score.effective_item_accuracy)), (Some(1.0), Some(0.5)));
    assert_eq!(value(score.exact.micro_avg.f1), None);
}

#[test]
fn items_without_gold_are_not_scored() {
    let found = [span(0, 3, 0)];
    let pairs = [Pair { gold: None, outcome: Outcome::Labeled(&found[..]) }];
    let score = score_spans(&pairs, 1, &OPTIONS).unwrap();
    assert_eq!((score.errors.n_predicted(), value(score.coverage.all)), (0, Some(1.0)));
}

#[test]
fn errors_are_counted_under_the_gold_class_and_inventions_under_their_own() {
    let gold = vec![span(0, 3, 0), span(10, 13, 1), span(20, 23, 0)];
    let found = vec![span(0, 3, 1), span(10, 12, 1), span(30, 33, 1)];
    let score = score(&[(gold, Some(found))], 2);
    let [first, second] = [score.errors_by_class[0], score.errors_by_class[1]];
    assert_eq!((first.wrong_type, first.missed, first.invented), (1, 1, 0));
    assert_eq!((second.wrong_border, second.missed, second.invented), (1, 0, 1));
    let confusion = TypeConfusion { gold: Class(0), predicted: Class(1), n_spans: 1 };
    assert_eq!(score.type_confusions, [confusion]);
}

#[test]
fn a_wrong_border_counts_where_overlapping_is_enough() {
    let score = score(&[(vec![span(0, 9, 0)], Some(vec![span(0, 8, 0)]))], 1);
    assert_eq!(value(score.exact.micro_avg.f1), Some(0.0));
    assert_eq!(value(score.overlap.micro_avg.f1), Some(1.0));
}

#[test]
fn spans_of_one_text_are_no_independent_witnesses() {
    let many_in_one = vec![(0..50).map(|n| span(n * 4, n * 4 + 2, 0)).collect::<Vec<_>>()];
    let one_in_many: Vec<_> = (0..50).map(|_| vec![span(0, 2, 0)]).collect();
    let [one, many] = [many_in_one, one_in_many].map(|golds| {
        let items: Vec<Item> = golds.into_iter().map(|gold| (gold.clone(), Some(gold))).collect();
        score(&items, 1).exact.micro_avg.recall.unwrap()
    });
    assert_eq!((one.value, one.n, many.value, many.n), (1.0, 50, 1.0, 50));
    assert!(one.interval.low < 0.3 && many.interval.low > 0.9, "{one:?} {many:?}");
}

#[test]
fn spans_that_hold_nothing_and_classes_beyond_the_schema_are_refused() {
    let empty = try_score(&[(vec![], Some(vec![])), (vec![span(4, 4, 0)], None)], 1).unwrap_err();
    assert_eq!(empty, ScoreError::EmptySpan { item_idx: 1, start: 4, end: 4 });
    assert_eq!(
        empty.to_string(),
        "item 1 has a span from 4 to 4, which holds nothing; a span must end after it starts"
    );
    let beyond = try_score(&[(vec![], Some(vec![span(0, 4, 1)]))], 1).unwrap_err();
    assert_eq!(beyond, ScoreError::ClassOutOfRange { item_idx: 0, class: Class(1), n_classes: 1 });
}

const N_CLASSES: u32 = 3;

fn any_items() -> impl Strategy<Value = Vec<Item>> {
    let one = (0_u32..12, 1_u32..5, 0..N_CLASSES)
        .prop_map(|(start, length, class)| span(start, start + length, class));
    let spans = proptest::collection::vec(one, 0..4);
    proptest::collection::vec((spans.clone(), proptest::option::weighted(0.9, spans)), 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn error_categories_sum_up_to_the_spans(items in any_items()) {
        let score = score(&items, N_CLASSES);
        let gold: u64 = score.exact.labels.iter().map(|label| label.support).sum();
        let predicted: u64 = score.exact.labels.iter().map(|label| label.n_predicted).sum();
        prop_assert_eq!((score.errors.n_gold(), score.errors.n_predicted()), (gold, predicted));
        let right: u64 = score.exact.labels.iter().map(|label| label.n_right).sum();
        let overlapping: u64 = score.overlap.labels.iter().map(|label| label.n_right).sum();
        let errors = score.errors;
        prop_assert_eq!((errors.right, errors.right + errors.wrong_border), (right, overlapping));
        let confused: u64 = score.type_confusions.iter().map(|confusion| confusion.n_spans).sum();
        prop_assert_eq!(score.errors.wrong_type + score.errors.wrong_both, confused);
        for (errors, label) in score.errors_by_class.iter().zip(&score.exact.labels) {
            prop_assert_eq!((errors.n_gold(), errors.right), (label.support, label.n_right));
        }
        let sum = |part: fn(&super::SpanErrors) -> u64| score.errors_by_class.iter().map(part).sum::<u64>();
        prop_assert_eq!(sum(|errors| errors.invented), score.errors.invented);
        prop_assert_eq!(sum(|errors| errors.missed_unanswered), score.errors.missed_unanswered);
    }

    #[test]
    fn the_order_of_items_and_spans_changes_nothing_not_even_the_intervals(items in any_items()) {
        let backwards = |spans: &Vec<Span>| spans.iter().rev().copied().collect::<Vec<_>>();
        let turn = |(gold, found): &Item| (backwards(gold), found.as_ref().map(backwards));
        let turned: Vec<Item> = items.iter().rev().map(turn).collect();
        prop_assert_eq!(score(&items, N_CLASSES), score(&turned, N_CLASSES));
    }

    #[test]
    fn renamed_classes_keep_their_scores(items in any_items()) {
        let rename = |spans: &Vec<Span>| -> Vec<Span> {
            spans.iter().map(|span| Span { class: Class(N_CLASSES - 1 - span.class.0), ..*span }).collect()
        };
        let renamed: Vec<Item> =
            items.iter().map(|(gold, found)| (rename(gold), found.as_ref().map(rename))).collect();
        let (before, after) = (score(&items, N_CLASSES), score(&renamed, N_CLASSES));
        prop_assert_eq!(before.errors, after.errors);
        let reports = [(&before.exact, &after.exact), (&before.overlap, &after.overlap)];
        for (before, after) in reports {
            prop_assert_eq!(value(before.micro_avg.f1), value(after.micro_avg.f1));
            for (one, other) in before.labels.iter().zip(after.labels.iter().rev()) {
                prop_assert_eq!(value(one.scores.f1), value(other.scores.f1));
            }
        }
    }

    #[test]
    fn intervals_contain_their_value_and_stay_in_range(items in any_items()) {
        let score = score(&items, N_CLASSES);
        for report in [&score.exact, &score.overlap] {
            let labels = report.labels.iter().map(|label| &label.scores);
            for scores in labels.chain([&report.micro_avg, &report.macro_avg, &report.weighted_avg]) {
                for estimate in [scores.precision, scores.recall, scores.f1].into_iter().flatten() {
                    let Estimate { value, interval, n } = estimate;
                    prop_assert!(interval.low <= value && value <= interval.high, "{estimate:?}");
                    prop_assert!(0.0 <= interval.low && interval.high <= 1.0, "{estimate:?}");
                    prop_assert!(interval.low < interval.high && n > 0, "{estimate:?}");
                }
            }
        }
    }

    #[test]
    fn overlapping_scores_are_never_below_exact_ones(items in any_items()) {
        let score = score(&items, N_CLASSES);
        let (exact, overlap) = (value(score.exact.micro_avg.f1), value(score.overlap.micro_avg.f1));
        prop_assert!(exact <= overlap);
    }
}
