//! Conventions at the edges, and properties of any input. The values themselves are pinned in
//! `tests/reference.rs`.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

use super::{MultiLabelScore, score_multi_label};
use crate::{Class, Estimate, IntervalOptions, Level, NoLabel, Outcome, Pair, ScoreError};

const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 100, seed: 7 };

/// Gold classes and predicted ones, or `None` for a failure.
type Item = (Vec<u32>, Option<Vec<u32>>);

fn try_score(items: &[Item], n_classes: u32) -> Result<MultiLabelScore, ScoreError> {
    let classes = |numbers: &Vec<u32>| numbers.iter().copied().map(Class).collect::<Vec<_>>();
    let items: Vec<_> =
        items.iter().map(|(gold, found)| (classes(gold), found.as_ref().map(classes))).collect();
    let pairs: Vec<Pair<&[Class]>> = items
        .iter()
        .map(|(gold, found)| Pair {
            gold: Some(&gold[..]),
            outcome: found.as_deref().map_or(Outcome::NoLabel(NoLabel::Unusable), Outcome::Labeled),
        })
        .collect();
    score_multi_label(&pairs, n_classes, &OPTIONS)
}

fn score(items: &[Item], n_classes: u32) -> MultiLabelScore {
    try_score(items, n_classes).unwrap()
}

fn value(estimate: Option<Estimate>) -> Option<f64> {
    estimate.map(|estimate| estimate.value)
}

#[test]
fn two_empty_sets_agree_fully() {
    let score = score(&[(vec![], Some(vec![]))], 3);
    assert_eq!([score.subset_accuracy, score.jaccard].map(value), [Some(1.0); 2]);
    assert_eq!(value(score.hamming_loss), Some(0.0));
    assert_eq!(value(score.by_label.micro_avg.f1), None);
}

#[test]
fn a_failure_is_wrong_even_where_the_gold_is_empty() {
    let score = score(&[(vec![], None), (vec![1], Some(vec![1]))], 2);
    assert_eq!([score.subset_accuracy, score.jaccard].map(value), [Some(1.0); 2]);
    assert_eq!([score.effective_subset_accuracy, score.effective_jaccard].map(value), [Some(0.5); 2]);
    assert_eq!(value(score.hamming_loss), Some(0.0));
}

#[test]
fn the_order_of_a_set_and_classes_named_twice_mean_nothing() {
    assert_eq!(
        score(&[(vec![0, 2], Some(vec![2, 0, 2]))], 3),
        score(&[(vec![2, 0, 0], Some(vec![0, 2]))], 3)
    );
    assert_eq!(value(score(&[(vec![0, 2], Some(vec![2, 0, 2]))], 3).subset_accuracy), Some(1.0));
}

#[test]
fn a_schema_without_classes_has_no_hamming_loss() {
    assert_eq!(score(&[(vec![], Some(vec![]))], 0).hamming_loss, None);
}

#[test]
fn no_items_have_no_scores() {
    let score = score(&[], 2);
    let all =
        [score.subset_accuracy, score.effective_subset_accuracy, score.jaccard, score.effective_jaccard];
    assert_eq!(all, [None; 4]);
    assert_eq!(score.hamming_loss, None);
}

#[test]
fn nothing_but_failures_leaves_only_the_effective_scores() {
    let score = score(&[(vec![0], None), (vec![1], None)], 2);
    assert_eq!([score.subset_accuracy, score.jaccard, score.hamming_loss], [None; 3]);
    assert_eq!([score.effective_subset_accuracy, score.effective_jaccard].map(value), [Some(0.0); 2]);
    assert_eq!(value(score.by_label.micro_avg.recall), Some(0.0));
}

#[test]
fn a_class_beyond_the_schema_is_refused() {
    let error = try_score(&[(vec![0], Some(vec![1])), (vec![0], Some(vec![1, 9]))], 2).unwrap_err();
    assert_eq!(error, ScoreError::ClassOutOfRange { item_idx: 1, class: Class(9), n_classes: 2 });
}

#[test]
fn items_that_are_all_right_still_leave_room_for_doubt() {
    let score = score(&vec![(vec![0], Some(vec![0])); 8], 2);
    let loss = score.hamming_loss.unwrap();
    assert!(score.jaccard.unwrap().interval.low < 0.8 && loss.value == 0.0 && loss.interval.high > 0.2);
}

const N_CLASSES: u32 = 4;

fn any_items() -> impl Strategy<Value = Vec<Item>> {
    let set = || proptest::collection::vec(0..N_CLASSES, 0..4);
    proptest::collection::vec((set(), proptest::option::weighted(0.9, set())), 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_items_changes_nothing_not_even_the_intervals(items in any_items()) {
        let backwards: Vec<_> = items.iter().rev().cloned().collect();
        prop_assert_eq!(score(&items, N_CLASSES), score(&backwards, N_CLASSES));
    }

    #[test]
    fn renamed_classes_keep_their_scores(items in any_items()) {
        let rename = |set: &Vec<u32>| set.iter().map(|class| N_CLASSES - 1 - class).collect::<Vec<_>>();
        let renamed: Vec<Item> =
            items.iter().map(|(gold, found)| (rename(gold), found.as_ref().map(rename))).collect();
        let (before, after) = (score(&items, N_CLASSES), score(&renamed, N_CLASSES));
        for (before, after) in [
            (before.jaccard, after.jaccard),
            (before.hamming_loss, after.hamming_loss),
            (before.by_label.micro_avg.f1, after.by_label.micro_avg.f1),
            (before.by_label.macro_avg.f1, after.by_label.macro_avg.f1),
        ] {
            prop_assert_eq!(before.is_some(), after.is_some());
            prop_assert!((value(before).unwrap_or(0.0) - value(after).unwrap_or(0.0)).abs() < 1e-12);
        }
        prop_assert_eq!(before.subset_accuracy, after.subset_accuracy);
    }

    #[test]
    fn intervals_contain_their_value_and_stay_in_range(items in any_items()) {
        let score = score(&items, N_CLASSES);
        let micro = &score.by_label.micro_avg;
        let means = [score.jaccard, score.effective_jaccard, score.hamming_loss];
        for estimate in means.into_iter().chain([micro.precision, micro.recall, micro.f1]).flatten() {
            prop_assert!(estimate.interval.contains(estimate.value), "{estimate:?}");
            prop_assert!(0.0 <= estimate.interval.low && estimate.interval.high <= 1.0, "{estimate:?}");
            prop_assert!(estimate.interval.low < estimate.interval.high && estimate.n > 0, "{estimate:?}");
        }
    }

    #[test]
    fn effective_scores_are_never_above_those_of_labeled_items(items in any_items()) {
        let score = score(&items, N_CLASSES);
        if let (Some(labeled), Some(effective)) = (score.jaccard, score.effective_jaccard) {
            prop_assert!(effective.value <= labeled.value);
            prop_assert!(score.effective_subset_accuracy.unwrap().value <= effective.value);
        }
    }
}
