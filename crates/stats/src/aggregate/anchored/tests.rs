//! Planted truths that gold must find, and gold that is too little.

use proptest::prelude::{ProptestConfig, prop_assert, proptest};

use super::{Anchored, Shortage, anchored};
use crate::Class;
use crate::aggregate::{AggregateError, FitOptions, Remark, Top, Vote, Voter, Votes};
use crate::random::SplitMix64;

/// A jury on drawn items, and the truth.
struct Jury {
    votes: Votes,
    truth: Vec<Class>,
}

/// Items whose classes are equally common; `answer` draws an annotator's class from the truth, or none.
fn jury(
    n_items: usize,
    n_annotators: usize,
    n_classes: u64,
    mut answer: impl FnMut(&mut SplitMix64, usize, u64) -> Option<u64>,
) -> Jury {
    let mut random = SplitMix64::new(11);
    let (mut votes, mut truth) = (Vec::new(), Vec::new());
    for item in 0..n_items {
        let class = random.below(n_classes);
        truth.push(Class(class as u32));
        for annotator in 0..n_annotators {
            if let Some(said) = answer(&mut random, annotator, class) {
                votes.push(Vote {
                    item: item as u32,
                    annotator: annotator as u32,
                    class: Class(said as u32),
                });
            }
        }
    }
    Jury { votes: Votes::new(n_items, n_annotators, n_classes as usize, &votes).unwrap(), truth }
}

impl Jury {
    fn gold(&self, n: usize) -> Vec<Option<Class>> {
        self.truth.iter().enumerate().map(|(item, class)| (item < n).then_some(*class)).collect()
    }

    fn anchored(&self, n_gold: usize) -> Anchored {
        fit(&self.votes, &self.gold(n_gold)).unwrap()
    }

    /// The share of the items from `n_gold` on that is right.
    fn accuracy(&self, found: &Anchored, n_gold: usize) -> f64 {
        let rest = n_gold..self.truth.len();
        let n = rest.len() as f64;
        rest.map(|item| found.aggregate.credit(item, self.truth[item])).sum::<f64>() / n
    }
}

fn fit(votes: &Votes, gold: &[Option<Class>]) -> Result<Anchored, AggregateError> {
    let voters = vec![Voter::Model; votes.n_annotators()];
    let options =
        FitOptions { voters: &voters, gold, n_rounds: 100, tolerance: 1e-6, n_restarts: 1, seed: 3 };
    anchored(votes, &options)
}

fn often(random: &mut SplitMix64, percent: u64) -> bool {
    random.below(100) < percent
}

/// Right in so many of 100 cases, otherwise any wrong class.
fn with_skill(random: &mut SplitMix64, percent: u64, class: u64, n_classes: u64) -> u64 {
    if often(random, percent) { class } else { (class + 1 + random.below(n_classes - 1)) % n_classes }
}

#[test]
fn gold_turns_a_jury_that_is_wrong_together_around() {
    // Four of five judges take class 0 for 1 and 1 for 0: the votes alone cannot tell.
    let jury = jury(600, 5, 2, |random, annotator, class| {
        let said = with_skill(random, 80, class, 2);
        Some(if annotator < 4 { 1 - said } else { said })
    });
    assert!(jury.accuracy(&jury.anchored(0), 0) < 0.2);
    let found = jury.anchored(50);
    assert!(jury.accuracy(&found, 50) > 0.9, "{}", jury.accuracy(&found, 50));
    assert!(found.calibrated && !found.guarded && found.chosen == "mixture");
}

#[test]
fn copies_of_one_model_do_not_outvote_two_good_ones() {
    let mut copied = 0;
    let jury = jury(600, 10, 2, |random, annotator, class| {
        if annotator == 0 {
            copied = with_skill(random, 65, class, 2);
        }
        Some(if annotator < 8 { copied } else { with_skill(random, 85, class, 2) })
    });
    let found = jury.anchored(100);
    assert!(jury.accuracy(&found, 100) > 0.82, "{}", jury.accuracy(&found, 100));
    let of = |name| found.candidates.iter().find(|it| it.name == name).unwrap();
    assert!(of("related").log_loss < of("weighted").log_loss);
}

#[test]
fn judges_that_err_together_do_not_hide_the_one_that_is_right() {
    // Nine give one and the same answer, a coin; without gold their agreement looks like skill.
    let mut shared = 0;
    let jury = jury(600, 10, 2, |random, annotator, class| {
        if annotator == 0 {
            shared = random.below(2);
        }
        Some(if annotator == 9 { with_skill(random, 90, class, 2) } else { shared })
    });
    assert!(jury.accuracy(&jury.anchored(0), 0) < 0.6);
    let found = jury.anchored(40);
    assert_eq!(found.best_annotator.as_ref().unwrap().annotators, [9]);
    assert!(jury.accuracy(&found, 40) > 0.86, "{}", jury.accuracy(&found, 40));
}

#[test]
fn a_lead_that_chance_explains_is_not_followed_and_a_greater_one_is() {
    let gold: Vec<(usize, Class)> = (0..20).map(|item| (item, Class(0))).collect();
    let rows = |n_right: usize| -> Vec<f64> {
        (0..20).flat_map(|n| if n < n_right { [0.9, 0.1] } else { [0.1, 0.9] }).collect()
    };
    assert!(!super::leads(&gold, &rows(14), &rows(10), 2));
    assert!(super::leads(&gold, &rows(15), &rows(10), 2));
    assert!(!super::leads(&gold, &rows(10), &rows(15), 2));
}

#[test]
fn a_followed_annotator_leaves_items_it_did_not_label_to_the_mixture() {
    let jury = jury(200, 3, 2, |random, annotator, class| {
        let silent = annotator == 0 && often(random, 20);
        (!silent).then(|| with_skill(random, if annotator == 0 { 95 } else { 75 }, class, 2))
    });
    let gold = jury.gold(100);
    let options = FitOptions {
        voters: &[Voter::Model; 3],
        gold: &gold,
        n_rounds: 100,
        tolerance: 1e-6,
        n_restarts: 1,
        seed: 3,
    };
    let (known, folds) = super::in_folds(&jury.votes, super::known(&jury.votes, &options), 3);
    let given = super::Given::new(&jury.votes, &options);
    let held = super::HeldOut::of(&given, &known, &folds).unwrap();
    let mixture = super::Mixture::of(&held, &known, &folds);
    let [mixed, guarded] = [false, true].map(|guarded| mixture.fit(&given, guarded, &options).unwrap());
    for item in 100..200 {
        let of = jury.votes.of(item);
        let row = &guarded[item * 2..][..2];
        if of[0].0 == 0 {
            assert!(row[of[0].1 as usize] > 0.5, "item {item}");
        } else {
            assert_eq!(row, &mixed[item * 2..][..2], "item {item}");
        }
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn the_promise_on_gold_is_kept_on_the_rest() {
    let jury = jury(2_000, 6, 4, |random, annotator, class| {
        Some(if often(random, 30) { annotator as u64 % 4 } else { with_skill(random, 60, class, 4) })
    });
    let found = jury.anchored(300);
    let (promised, right) = (found.accuracy.unwrap(), jury.accuracy(&found, 300));
    assert_eq!(promised.n, 300);
    assert!(promised.interval.contains(right), "{promised:?} {right}");
    // Sure in as many cases as it is right.
    let sure: f64 = (300..2_000)
        .map(|item| found.aggregate.posterior(item).unwrap().iter().copied().fold(0.0, f64::max))
        .sum::<f64>()
        / 1_700.0;
    assert!((sure - right).abs() < 0.05, "{sure} {right}");
}

#[test]
fn gold_items_keep_their_gold_and_what_was_said_without_it_is_beside() {
    let jury = jury(120, 4, 3, |random, _, class| Some(with_skill(random, 60, class, 3)));
    let found = jury.anchored(60);
    assert_eq!(found.cross_fitted.len(), 60);
    for (item, row) in &found.cross_fitted {
        assert_eq!(found.aggregate.top(*item), Top::Winner(jury.truth[*item], 1.0));
        assert!(row.iter().all(|p| *p < 1.0) && (row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    let weights: f64 = found.candidates.iter().map(|it| it.weight).sum();
    assert!((weights - 1.0).abs() < 1e-9);
}

#[track_caller]
fn check_shortage(n_gold: usize, want: Option<Shortage>, chosen: &str) {
    let jury = jury(100, 3, 2, |random, _, class| Some(with_skill(random, 75, class, 2)));
    let found = jury.anchored(n_gold);
    assert_eq!((found.shortage, found.chosen), (want, chosen));
    assert_eq!(found.calibrated, want.is_none());
    assert_eq!(found.temperature.is_some(), want.is_none());
    assert_eq!(found.aggregate.method, "anchored");
}

#[test]
fn without_gold_it_is_dawid_skene_and_says_so() {
    check_shortage(0, Some(Shortage::NoGold), "dawid_skene");
}

#[test]
fn two_gold_items_are_clamped_and_that_is_all() {
    check_shortage(2, Some(Shortage::TooLittle { n_gold: 2 }), "dawid_skene");
}

#[test]
fn below_30_gold_items_nothing_is_called_calibrated() {
    check_shortage(29, Some(Shortage::NotCalibrated { n_gold: 29 }), "mixture");
}

#[test]
fn from_30_gold_items_on_it_is_calibrated() {
    check_shortage(30, None, "mixture");
}

#[test]
fn gold_of_one_class_cannot_tell_candidates_apart() {
    let jury = jury(100, 3, 2, |random, _, class| Some(with_skill(random, 75, class, 2)));
    let gold: Vec<Option<Class>> =
        jury.truth.iter().map(|class| (*class == Class(1)).then_some(*class)).collect();
    let n_gold = gold.iter().flatten().count() as u64;
    let found = fit(&jury.votes, &gold).unwrap();
    assert_eq!(found.shortage, Some(Shortage::OneClass { n_gold }));
}

#[test]
fn a_class_without_gold_is_still_possible() {
    let jury = jury(300, 5, 3, |random, _, class| Some(with_skill(random, 80, class, 3)));
    let gold: Vec<Option<Class>> =
        jury.truth.iter().enumerate().map(|(n, it)| (n < 80 && *it != Class(2)).then_some(*it)).collect();
    let found = fit(&jury.votes, &gold).unwrap();
    let of_two = (80..300).filter(|item| jury.truth[*item] == Class(2));
    let (n_right, n) =
        of_two.fold((0.0, 0.0), |(right, n), item| (right + found.aggregate.credit(item, Class(2)), n + 1.0));
    // Gold never showed it: only the confusion matrices from all items know it. They have no majority in the mixture.
    assert!(n_right / n > 0.3, "{}", n_right / n);
}

#[test]
fn gold_on_items_without_votes_is_kept_and_does_not_count() {
    let jury = jury(100, 3, 2, |random, _, class| Some(with_skill(random, 75, class, 2)));
    let votes: Vec<Vote> = (50..100)
        .flat_map(|item| jury.votes.of(item).iter().map(move |vote| (item, *vote)))
        .map(|(item, (annotator, class))| Vote { item: item as u32, annotator, class: Class(class) })
        .collect();
    let votes = Votes::new(101, 3, 2, &votes).unwrap();
    let mut gold = jury.gold(90);
    gold.push(None);
    let found = fit(&votes, &gold).unwrap();
    assert_eq!(found.accuracy.unwrap().n, 40);
    assert_eq!(found.aggregate.top(0), Top::Winner(jury.truth[0], 1.0));
    assert_eq!((found.aggregate.top(100), found.raw_posterior(100)), (Top::NoVotes, None));
}

#[test]
fn one_annotator_is_read_by_its_confusion_matrix() {
    // It says 1 for everything that is 1, and for half of what is 2.
    let jury =
        jury(400, 1, 3, |random, _, class| Some(if class == 2 && often(random, 50) { 1 } else { class }));
    let found = jury.anchored(100);
    assert!(found.aggregate.remarks.contains(&Remark::OneAnnotator));
    assert!(jury.accuracy(&found, 100) > 0.8);
}

#[test]
fn one_class_is_no_question() {
    let jury = jury(50, 2, 1, |_, _, _| Some(0));
    let found = jury.anchored(40);
    assert_eq!(found.shortage, Some(Shortage::OneClass { n_gold: 40 }));
    assert_eq!(found.aggregate.top(45), Top::Winner(Class(0), 1.0));
}

#[test]
fn all_ties_and_annotators_that_share_nothing_have_a_result() {
    // Each item is labeled by two of ten annotators who never agree.
    let jury = jury(200, 10, 2, |random, annotator, class| match annotator / 2 {
        0 => Some(with_skill(random, 70, class, 2)),
        _ => None,
    });
    let tied: Vec<Vote> = (0..200)
        .flat_map(|item| [0, 1].map(|it| Vote { item, annotator: 2 * (item % 5) + it, class: Class(it) }))
        .collect();
    let votes = Votes::new(200, 10, 2, &tied).unwrap();
    let found = fit(&votes, &jury.gold(60)).unwrap();
    assert!(found.aggregate.remarks.contains(&Remark::AllTies));
    assert!((60..200).all(|item| found.aggregate.posterior(item).is_some()));
}

#[test]
fn annotators_that_tie_for_the_best_are_all_named() {
    let jury = jury(60, 4, 2, |_, annotator, class| Some(if annotator < 2 { class } else { 0 }));
    let best = jury.anchored(40).best_annotator.unwrap();
    assert_eq!((best.annotators, best.accuracy, best.n), (vec![0, 1], 1.0, 40));
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let jury = jury(10, 2, 2, |_, _, class| Some(class));
    assert!(matches!(fit(&jury.votes, &[None]), Err(AggregateError::WrongLength { what: "gold", .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 12, ..Default::default() })]

    #[test]
    fn the_order_of_the_items_changes_nothing(shift in 1_usize..79, n_gold in 10_usize..60) {
        let jury = jury(80, 4, 3, |random, annotator, class| {
            (annotator != 2 || often(random, 60)).then(|| with_skill(random, 55, class, 3))
        });
        let gold = jury.gold(n_gold);
        let moved = |item: usize| (item + shift) % 80;
        let votes: Vec<Vote> = (0..80)
            .flat_map(|item| jury.votes.of(item).iter().map(move |vote| (item, *vote)))
            .map(|(item, (annotator, class))| Vote { item: moved(item) as u32, annotator, class: Class(class) })
            .collect();
        let mut gold_moved = vec![None; 80];
        (0..80).for_each(|item| gold_moved[moved(item)] = gold[item]);
        let one = fit(&jury.votes, &gold).unwrap();
        let other = fit(&Votes::new(80, 4, 3, &votes).unwrap(), &gold_moved).unwrap();
        prop_assert!(one.guarded == other.guarded);
        for item in 0..80 {
            let (a, b) = (one.aggregate.posterior(item).unwrap(), other.aggregate.posterior(moved(item)).unwrap());
            prop_assert!((a.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6), "item {}: {:?} {:?}", item, a, b);
        }
    }

    #[test]
    fn any_votes_and_any_gold_have_distributions(seed in 0_u64..1_000, n_classes in 1_u64..5, n_gold in 0_usize..40) {
        let mut random = SplitMix64::new(seed);
        let jury = jury(40, 3, n_classes, |_, _, _| (random.below(3) > 0).then(|| random.below(n_classes)));
        let found = jury.anchored(n_gold);
        for item in 0..40 {
            if let Some(row) = found.aggregate.posterior(item) {
                prop_assert!(row.iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)));
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            } else {
                prop_assert!(jury.votes.of(item).is_empty());
            }
        }
        prop_assert!(found.candidates.iter().all(|it| it.log_loss.is_finite() && it.temperature > 0.0));
    }
}
