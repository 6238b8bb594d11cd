//! Conventions at the edges, and properties of any input. The values themselves are pinned in
//! `tests/reference.rs`.

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{ClassificationScore, score_classification};
use crate::random::SplitMix64;
use crate::{Class, Estimate, IntervalOptions, Level, NoLabel, Outcome, Pair, Prf, ScoreError};

const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 100, seed: 7 };
const FAILED: Outcome<Class> = Outcome::NoLabel(NoLabel::Failed);

fn pair(gold: u32, label: u32) -> Pair<Class> {
    Pair { gold: Some(Class(gold)), outcome: Outcome::Labeled(Class(label)) }
}

fn score(pairs: &[Pair<Class>], n_classes: u32) -> ClassificationScore {
    score_classification(pairs, n_classes, &OPTIONS).unwrap()
}

fn value(estimate: Option<Estimate>) -> Option<f64> {
    estimate.map(|estimate| estimate.value)
}

fn values(scores: &Prf) -> [Option<f64>; 3] {
    [scores.precision, scores.recall, scores.f1].map(value)
}

#[test]
fn no_items_have_no_scores() {
    let score = score(&[], 2);
    assert_eq!([score.coverage.all, score.accuracy, score.effective_accuracy], [None; 3]);
    for scores in [score.by_label.micro_avg, score.by_label.macro_avg, score.by_label.weighted_avg] {
        assert_eq!(values(&scores), [None; 3]);
    }
    assert_eq!(score.by_label.labels.len(), 2);
}

#[test]
fn a_label_that_nobody_uses_is_undefined_and_lowers_no_average() {
    let score = score(&[pair(0, 0), pair(1, 1)], 3);
    assert_eq!(values(&score.by_label.labels[2].scores), [None; 3]);
    assert_eq!(value(score.by_label.macro_avg.f1), Some(1.0));
}

#[test]
fn a_label_that_nobody_uses_changes_no_interval() {
    let pairs: Vec<_> = (0..60).map(|item| pair(item % 3, item % 5 % 3)).collect();
    let (all_used, one_unused) = (score(&pairs, 3).by_label, score(&pairs, 4).by_label);
    assert_eq!(all_used.macro_avg, one_unused.macro_avg);
    assert_eq!(all_used.weighted_avg, one_unused.weighted_avg);
    assert_eq!(all_used.labels[..], one_unused.labels[..3]);
}

#[test]
fn each_average_has_an_interval_of_its_own() {
    // A frequent label that is mostly right and a rare one that is mostly wrong.
    let mut pairs = vec![pair(0, 0); 880];
    pairs.extend([[pair(0, 1); 20].as_slice(), &[pair(1, 0); 70], &[pair(1, 1); 30]].concat());
    let report = score(&pairs, 2).by_label;
    let averages = [report.macro_avg.f1, report.weighted_avg.f1, report.micro_avg.f1].map(Option::unwrap);
    for (place, one) in averages.iter().enumerate() {
        assert!(one.interval.high - one.interval.low < 0.15, "{one:?}");
        assert!(place == 0 || !one.interval.contains(averages[0].value), "{one:?}");
    }
}

#[test]
fn a_label_that_is_never_predicted_has_a_recall_of_zero_and_no_precision() {
    let score = score(&[pair(0, 0), pair(1, 0)], 2);
    assert_eq!(values(&score.by_label.labels[1].scores), [None, Some(0.0), Some(0.0)]);
}

#[test]
fn a_label_that_is_only_invented_has_a_precision_of_zero_and_no_recall() {
    let score = score(&[pair(0, 0), pair(0, 1)], 2);
    assert_eq!(values(&score.by_label.labels[1].scores), [Some(0.0), None, Some(0.0)]);
}

#[test]
fn a_failure_costs_recall_and_effective_accuracy_but_no_precision_and_no_accuracy() {
    let failed = Pair { gold: Some(Class(0)), outcome: FAILED };
    let score = score(&[pair(0, 0), pair(1, 1), failed], 2);
    assert_eq!(value(score.accuracy), Some(1.0));
    assert_eq!(value(score.effective_accuracy), Some(2.0 / 3.0));
    assert_eq!(values(&score.by_label.labels[0].scores), [Some(1.0), Some(0.5), Some(2.0 / 3.0)]);
    assert_eq!(score.confusion.count(Class(0), FAILED), 1);
}

#[test]
fn an_annotator_that_only_fails_has_no_accuracy_and_an_effective_accuracy_of_zero() {
    let score = score(&[Pair { gold: Some(Class(0)), outcome: FAILED }; 5], 2);
    assert_eq!((value(score.accuracy), value(score.effective_accuracy)), (None, Some(0.0)));
    assert_eq!(score.coverage.n_by_reason, [0, 0, 5, 0]);
}

#[test]
fn ten_right_of_ten_still_leave_room_for_doubt() {
    let pairs: Vec<_> = (0..10).map(|item| pair(item % 2, item % 2)).collect();
    let report = score(&pairs, 2).by_label;
    for f1 in [report.micro_avg.f1, report.macro_avg.f1, report.weighted_avg.f1, report.labels[0].scores.f1] {
        let f1 = f1.unwrap();
        assert!(f1.value == 1.0 && f1.interval.high == 1.0 && f1.interval.low < 0.9, "{f1:?}");
    }
}

#[test]
fn every_score_names_what_it_is_a_share_of() {
    let report = score(&[pair(0, 0), pair(0, 1), pair(1, 1), pair(0, 1)], 2).by_label;
    let n = |scores: &Prf| [scores.precision, scores.recall, scores.f1].map(|one| one.map(|one| one.n));
    assert_eq!(n(&report.labels[0].scores), [Some(1), Some(3), Some(3)]);
    assert_eq!(n(&report.micro_avg), [Some(4), Some(4), Some(6)]);
    assert_eq!(n(&report.macro_avg), [Some(4); 3]);
}

#[test]
fn without_resamples_intervals_are_wider_but_there() {
    let pairs: Vec<_> = (0..100).map(|item| pair(item % 3, item % 4 % 3)).collect();
    let quick = IntervalOptions { n_resamples: 0, ..OPTIONS };
    let quick = score_classification(&pairs, 3, &quick).unwrap().by_label.macro_avg.f1.unwrap();
    let drawn = score(&pairs, 3).by_label.macro_avg.f1.unwrap();
    assert_eq!(quick.value, drawn.value);
    assert!(quick.interval.low < drawn.interval.low && drawn.interval.high < quick.interval.high);
}

#[test]
fn a_class_beyond_the_schema_is_refused_in_gold_and_in_answers() {
    for pairs in [[pair(0, 0), pair(2, 0)], [pair(0, 0), pair(0, 2)]] {
        let error = score_classification(&pairs, 2, &OPTIONS).unwrap_err();
        assert_eq!(error, ScoreError::ClassOutOfRange { item_idx: 1, class: Class(2), n_classes: 2 });
    }
}

#[test]
fn intervals_of_f1_cover_the_truth_about_as_often_as_they_say() {
    // Three classes, each right with probability 0.8, 0.6, 0.7, else one of the others: the true macro F1 is
    // known.
    let skills = [8, 6, 7];
    let true_f1: f64 = (0..3)
        .map(|class| {
            let wrong: f64 = (0..3)
                .filter(|&other| other != class)
                .map(|other| 1.0 - f64::from(skills[other]) / 10.0)
                .sum();
            let right = f64::from(skills[class]) / 10.0;
            2.0 * right / (1.0 + right + wrong / 2.0) / 3.0
        })
        .sum();
    let mut random = SplitMix64::new(5);
    let n_trials = 200;
    let covered = (0..n_trials).filter(|_| {
        let item = |random: &mut SplitMix64| {
            let gold = random.below(3) as usize;
            let is_right = random.below(10) < skills[gold] as u64;
            let label = if is_right { gold as u64 } else { (gold as u64 + 1 + random.below(2)) % 3 };
            pair(gold as u32, label as u32)
        };
        let pairs: Vec<_> = (0..150).map(|_| item(&mut random)).collect();
        score(&pairs, 3).by_label.macro_avg.f1.unwrap().interval.contains(true_f1)
    });
    let coverage = covered.count() as f64 / f64::from(n_trials);
    assert!((0.88..=0.99).contains(&coverage), "{coverage}");
}

const N_CLASSES: u32 = 4;

fn any_pair() -> impl Strategy<Value = Pair<Class>> {
    let class = || (0..N_CLASSES).prop_map(Class);
    let gold = prop_oneof![9 => class().prop_map(Some), 1 => Just(None)];
    let reason = (0_usize..4).prop_map(|place| Outcome::NoLabel(NoLabel::ALL[place]));
    let outcome = prop_oneof![5 => class().prop_map(Outcome::Labeled), 1 => reason];
    (gold, outcome).prop_map(|(gold, outcome)| Pair { gold, outcome })
}

fn any_pairs() -> impl Strategy<Value = Vec<Pair<Class>>> {
    proptest::collection::vec(any_pair(), 0..40)
}

/// The label scores, then the averages, as bare values.
fn all_values(score: &ClassificationScore) -> Vec<Option<f64>> {
    let report = &score.by_label;
    let labels = report.labels.iter().map(|label| &label.scores);
    labels.chain([&report.micro_avg, &report.macro_avg, &report.weighted_avg]).flat_map(values).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_items_changes_nothing_not_even_the_intervals(pairs in any_pairs()) {
        let backwards: Vec<_> = pairs.iter().rev().copied().collect();
        prop_assert_eq!(score(&pairs, N_CLASSES), score(&backwards, N_CLASSES));
    }

    #[test]
    fn renamed_classes_keep_their_scores(pairs in any_pairs()) {
        let rename = |class: Class| Class((class.0 + 1) % N_CLASSES);
        let renamed: Vec<_> = pairs.iter().map(|pair| Pair {
            gold: pair.gold.map(rename),
            outcome: match pair.outcome {
                Outcome::Labeled(class) => Outcome::Labeled(rename(class)),
                none => none,
            },
        }).collect();
        let before = all_values(&score(&pairs, N_CLASSES));
        let mut after = all_values(&score(&renamed, N_CLASSES));
        after[..3 * N_CLASSES as usize].rotate_left(3);
        for (before, after) in before.iter().zip(&after) {
            prop_assert_eq!(before.is_some(), after.is_some());
            prop_assert!((before.unwrap_or(0.0) - after.unwrap_or(0.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn intervals_contain_their_value_and_stay_in_range(pairs in any_pairs()) {
        let score = score(&pairs, N_CLASSES);
        let report = &score.by_label;
        let scores = report.labels.iter().map(|label| &label.scores);
        let scores = scores.chain([&report.micro_avg, &report.macro_avg, &report.weighted_avg]);
        let all = scores.flat_map(|scores| [scores.precision, scores.recall, scores.f1]);
        let all = all.chain([score.accuracy, score.effective_accuracy]);
        let all = all.chain([score.coverage.all, score.coverage.gold]);
        for estimate in all.flatten() {
            prop_assert!(estimate.interval.contains(estimate.value), "{estimate:?}");
            prop_assert!(0.0 <= estimate.interval.low && estimate.interval.high <= 1.0, "{estimate:?}");
            prop_assert!(estimate.interval.low < estimate.interval.high && estimate.n > 0, "{estimate:?}");
        }
    }

    #[test]
    fn parts_add_up(pairs in any_pairs()) {
        let score = score(&pairs, N_CLASSES);
        let coverage = &score.coverage;
        let in_cells: u64 = score.confusion.cells().iter().map(|cell| cell.n_items).sum();
        prop_assert_eq!(in_cells, coverage.n_gold);
        let wrong: u64 = score.confusion.errors().iter().map(|cell| cell.n_items).sum();
        let right: u64 = score.by_label.labels.iter().map(|label| label.n_right).sum();
        prop_assert_eq!(wrong + right, coverage.n_gold);
        prop_assert_eq!(value(score.effective_accuracy), value(score.by_label.micro_avg.recall));
        prop_assert_eq!(value(score.accuracy), value(score.by_label.micro_avg.precision));
        if let (Some(accuracy), Some(covered)) = (score.accuracy, coverage.gold) {
            let effective = score.effective_accuracy.unwrap().value;
            prop_assert!((accuracy.value * covered.value - effective).abs() < 1e-12);
        }
    }
}
