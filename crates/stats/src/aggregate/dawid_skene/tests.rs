//! What the rounds must keep: rising objectives, sums of one, names that mean nothing.

use proptest::prelude::*;

use super::em::by_logarithms;
use super::{
    DawidSkeneModel, DawidSkenePriors, METHOD, METHOD_ML, METHOD_ONE_COIN, RowPrior, fit_dawid_skene,
    fit_with,
};
use crate::Class;
use crate::aggregate::{Aggregate, AggregateError, FitOptions, Method, Remark, Top, Vote, Voter, Votes};

type Row = (u32, u32, u32);
const METHODS: [Method; 3] = [METHOD, METHOD_ML, METHOD_ONE_COIN];

fn votes(n_items: usize, n_annotators: usize, n_classes: usize, list: &[Row]) -> Votes {
    let vote = |it: &Row| Vote { item: it.0, annotator: it.1, class: Class(it.2) };
    Votes::new(n_items, n_annotators, n_classes, &list.iter().map(vote).collect::<Vec<_>>()).unwrap()
}

fn options<'a>(voters: &'a [Voter], gold: &'a [Option<Class>]) -> FitOptions<'a> {
    FitOptions { voters, gold, n_rounds: 300, tolerance: 1e-10, n_restarts: 1, seed: 0 }
}

/// Fits by each method; the posteriors are distributions or absent, and what was maximized never falls.
#[track_caller]
fn fits(votes: &Votes, voter: Voter, gold: &[Option<Class>]) -> Vec<Aggregate> {
    let voters = vec![voter; votes.n_annotators()];
    let fit = |method: &Method| {
        let fit = (method.fit)(votes, &options(&voters, gold)).unwrap();
        for item in 0..votes.n_items() {
            if let Some(row) = fit.posterior(item) {
                let sum: f64 = row.iter().sum();
                assert!(
                    (sum - 1.0).abs() < 1e-9 && row.iter().all(|q| (0.0..=1.0 + 1e-12).contains(q)),
                    "{row:?}"
                );
            }
        }
        for pair in fit.objective.windows(2) {
            let slack = 1e-9 * pair[0].abs().max(1.0);
            assert!(pair[1] >= pair[0] - slack, "{} fell: {pair:?}", method.name);
        }
        fit
    };
    METHODS.iter().map(fit).collect()
}

/// Each method gives item 0 this top.
#[track_caller]
fn check_tops(votes: &Votes, gold: &[Option<Class>], want: &Top) {
    for voter in [Voter::Person, Voter::Model] {
        for fit in fits(votes, voter, gold) {
            match (fit.top(0), want) {
                (Top::Winner(got, _), Top::Winner(want, _)) => assert_eq!(got, *want, "{}", fit.method),
                (Top::Tie(got, _), Top::Tie(want, _)) => assert_eq!(got, *want, "{}", fit.method),
                (got, want) => assert_eq!(got, *want, "{}", fit.method),
            }
        }
    }
}

#[track_caller]
fn check_refused(options: &FitOptions<'_>, want: &str) {
    let votes = votes(2, 2, 2, &[(0, 0, 0), (0, 1, 1), (1, 0, 0)]);
    for method in METHODS {
        assert_eq!((method.fit)(&votes, options).unwrap_err().to_string(), want, "{}", method.name);
    }
}

#[track_caller]
fn check_refused_priors(priors: &DawidSkenePriors, want: &str) {
    let votes = votes(1, 2, 2, &[(0, 0, 0), (0, 1, 1)]);
    let refused = fit_dawid_skene(&votes, &options(&[Voter::Person; 2], &[]), priors).unwrap_err();
    assert_eq!(refused.to_string(), want);
}

#[test]
fn one_item_with_one_vote_has_its_class() {
    check_tops(&votes(1, 1, 2, &[(0, 0, 1)]), &[], &Top::Winner(Class(1), 1.0));
}

#[test]
fn two_votes_that_differ_are_a_tie() {
    check_tops(&votes(1, 2, 2, &[(0, 0, 1), (0, 1, 0)]), &[], &Top::Tie(vec![Class(0), Class(1)], 0.5));
}

#[test]
fn one_class_is_certain() {
    check_tops(&votes(2, 2, 1, &[(0, 0, 0), (0, 1, 0), (1, 1, 0)]), &[], &Top::Winner(Class(0), 1.0));
}

#[test]
fn an_item_without_votes_has_no_label() {
    check_tops(&votes(3, 1, 2, &[(1, 0, 1)]), &[], &Top::NoVotes);
}

#[test]
fn an_item_with_gold_alone_has_its_gold() {
    let gold = [Some(Class(1)), None];
    check_tops(&votes(2, 1, 2, &[(1, 0, 0)]), &gold, &Top::Winner(Class(1), 1.0));
}

#[test]
fn gold_outvotes_everybody() {
    let gold = [Some(Class(0)), None];
    check_tops(&votes(2, 2, 2, &[(0, 0, 1), (0, 1, 1), (1, 0, 0)]), &gold, &Top::Winner(Class(0), 1.0));
}

#[test]
fn a_class_nobody_uses_does_not_hinder() {
    check_tops(&votes(2, 2, 9, &[(0, 0, 7), (0, 1, 7), (1, 0, 2)]), &[], &Top::Winner(Class(7), 1.0));
}

#[test]
fn an_annotator_without_votes_is_not_judged() {
    for fit in fits(&votes(1, 2, 2, &[(0, 1, 0)]), Voter::Person, &[]) {
        assert_eq!((fit.annotators[0].accuracy, &fit.annotators[0].confusion), (None, &None));
        assert!(fit.annotators[1].accuracy.unwrap() > 0.4, "{:?}", fit.annotators[1]);
    }
}

#[test]
fn all_ties_are_said() {
    let ties = votes(2, 2, 2, &[(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]);
    for fit in fits(&ties, Voter::Person, &[]) {
        assert!(fit.remarks.contains(&Remark::AllTies), "{:?}", fit.remarks);
    }
}

#[test]
fn too_few_rounds_are_said() {
    let list: Vec<Row> =
        (0..40).flat_map(|item| (0..3).map(move |it| (item, it, item * (it + 3) / 5 % 2))).collect();
    let votes = votes(40, 3, 2, &list);
    let options = FitOptions { n_rounds: 1, tolerance: 0.0, ..options(&[Voter::Model; 3], &[]) };
    let fit = (METHOD.fit)(&votes, &options).unwrap();
    assert_eq!((fit.n_rounds, fit.converged), (1, false));
    assert!(fit.remarks.contains(&Remark::NotConverged));
}

#[test]
fn two_gold_items_turn_an_annotator_around() {
    // Annotator 0 says the opposite of the truth; one vote an item, so that only the gold can tell.
    let list: Vec<Row> = (0..20).map(|item| (item, 0, item % 2)).collect();
    let votes = votes(20, 1, 2, &list);
    let gold: Vec<_> = (0..20_u32).map(|item| (item < 8).then_some(Class(1 - item % 2))).collect();
    for fit in fits(&votes, Voter::Model, &gold) {
        assert!(fit.credit(10, Class(1)) > 0.9 && fit.credit(11, Class(0)) > 0.9, "{}", fit.method);
    }
}

#[test]
fn a_thousand_votes_on_one_item_do_not_underflow() {
    let mut list: Vec<Row> = (0..1_001).map(|annotator| (0, annotator, annotator % 2)).collect();
    list.extend((0..1_001).flat_map(|annotator| [(1, annotator, 0), (2, annotator, 1)]));
    check_tops(&votes(3, 1_001, 2, &list), &[], &Top::Winner(Class(0), 1.0));
}

#[test]
fn logarithms_and_products_give_the_same() {
    let (prior, table) = ([0.4, 0.6], [0.7, 0.4, 0.3, 0.6, 0.9, 0.5, 0.1, 0.5]);
    let product: Vec<f64> =
        (0..2).map(|truth| prior[truth] * table[truth] * table[6 + truth] * table[6 + truth]).collect();
    let total = product[0] + product[1];
    let mut joint = [0.0; 2];
    assert!((by_logarithms(&[0, 3, 3], &prior, &table, &mut joint) - total.ln()).abs() < 1e-12);
    assert!((joint[0] - product[0] / total).abs() < 1e-12, "{joint:?}");
}

#[test]
fn many_classes_take_the_same_way_as_few() {
    // Nine classes are not unrolled; eight are. One class more that nobody uses changes only what is spread over it.
    let list: Vec<Row> =
        (0..60).flat_map(|it| (0..4).map(move |by| (it, by, (it + by / 3 * (it % 3)) % 8))).collect();
    let ml = |k| {
        let voters = [Voter::Person; 4];
        (METHOD_ML.fit)(&votes(60, 4, k, &list), &options(&voters, &[])).unwrap()
    };
    let (few, many) = (ml(8), ml(9));
    for item in 0..60 {
        let (few, many) = (few.posterior(item).unwrap(), many.posterior(item).unwrap());
        assert!(few.iter().zip(many).all(|(a, b)| (a - b).abs() < 1e-9), "{few:?} {many:?}");
    }
    assert!(few.objective.iter().zip(&many.objective).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn the_moving_prior_of_people_rises_within_each_round() {
    // What is maximized changes from round to round, so no one function rises throughout. Within a round, under the prior
    // of that round, it does.
    let list: Vec<Row> = (0..200)
        .flat_map(|it| (0..3).map(move |by| (it, (it * 7 + by * 5) % 11, (it * it + by * it / 4) % 3)))
        .collect();
    let votes = votes(200, 11, 3, &list);
    let priors = DawidSkenePriors::for_voters(&[Voter::Person; 11]);
    let (fitted, is_fixed) = fit_with(&votes, &options(&[Voter::Person; 11], &[]), &priors).unwrap();
    assert!(!is_fixed && fitted.rises.len() > 5, "{}", fitted.rises.len());
    for (before, after) in &fitted.rises {
        assert!(after >= &(before - 1e-9 * before.abs()), "{before} {after}");
    }
    let fit = (METHOD.fit)(&votes, &options(&[Voter::Person; 11], &[])).unwrap();
    assert!(fit.objective.is_empty());
}

#[test]
fn an_item_scored_by_the_model_has_its_posterior() {
    let list: Vec<Row> =
        (0..50).flat_map(|it| (0..4).map(move |by| (it, by, (it * by + it / 7) % 3))).collect();
    let votes = votes(50, 4, 3, &list);
    let weights = vec![1.0, 0.5, 0.0, 0.9];
    let priors = DawidSkenePriors { weights, ..DawidSkenePriors::for_voters(&[Voter::Model; 4]) };
    let (fit, model) = fit_dawid_skene(&votes, &options(&[Voter::Model; 4], &[]), &priors).unwrap();
    for item in 0..50 {
        let scored = model.posterior_of(votes.of(item)).unwrap();
        let pairs = scored.iter().zip(fit.posterior(item).unwrap());
        assert!(pairs.clone().all(|(a, b)| (a - b).abs() < 1e-9), "{scored:?}");
    }
    let again = DawidSkeneModel::of(&fit).unwrap().with_weights(&priors.weights).unwrap();
    assert_eq!(again.confusion(1), model.confusion(1));
}

#[test]
fn an_annotator_that_weighs_nothing_might_as_well_be_absent() {
    let list: Vec<Row> =
        (0..50).flat_map(|it| (0..3).map(move |by| (it, by, (it * by + it / 7) % 3))).collect();
    let noise: Vec<Row> = list.iter().copied().chain((0..50).map(|it| (it, 3, it % 3))).collect();
    let rows =
        |n| DawidSkenePriors { rows: vec![RowPrior::WeakDiagonal; n], class_prior: 1.0, weights: Vec::new() };
    let without =
        fit_dawid_skene(&votes(50, 3, 3, &list), &options(&[Voter::Model; 3], &[]), &rows(3)).unwrap();
    let priors = DawidSkenePriors { weights: vec![1.0, 1.0, 1.0, 0.0], ..rows(4) };
    let with = fit_dawid_skene(&votes(50, 4, 3, &noise), &options(&[Voter::Model; 4], &[]), &priors).unwrap();
    // The start counts the vote, so the ways differ and only the end is the same.
    for item in 0..50 {
        let pairs = without.0.posterior(item).unwrap().iter().zip(with.0.posterior(item).unwrap());
        assert!(
            pairs.clone().all(|(a, b)| (a - b).abs() < 1e-6),
            "item {item}: {:?}",
            pairs.collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_voter_too_few_is_refused() {
    check_refused(&options(&[Voter::Person], &[]), "1 voters were given for 2");
}

#[test]
fn gold_for_other_items_is_refused() {
    check_refused(&options(&[Voter::Person; 2], &[None]), "1 gold were given for 2");
}

#[test]
fn gold_that_is_no_class_is_refused() {
    let gold = [None, Some(Class(2))];
    check_refused(&options(&[Voter::Person; 2], &gold), "gold class 2 is out of range: they are below 2");
}

#[test]
fn a_tolerance_that_is_no_number_is_refused() {
    let options = FitOptions { tolerance: f64::NAN, ..options(&[Voter::Person; 2], &[]) };
    check_refused(&options, "tolerance is NaN: it must be a number of 0 or more");
}

#[test]
fn priors_of_another_size_are_refused() {
    let voters = [Voter::Person; 2];
    let good = DawidSkenePriors::for_voters(&voters);
    let weights = |weights: &[f64]| DawidSkenePriors { weights: weights.to_vec(), ..good.clone() };
    check_refused_priors(&DawidSkenePriors::for_voters(&voters[..1]), "1 row priors were given for 2");
    check_refused_priors(&weights(&[1.0]), "1 weights were given for 2");
    check_refused_priors(&weights(&[1.0, f64::NAN]), "weight is NaN: it must be a number of 0 or more");
    check_refused_priors(&weights(&[1.0, 1.5]), "a weight is 1.5: weights are in [0, 1]");
    let cells =
        |cells: &[f64]| DawidSkenePriors { rows: vec![RowPrior::Cells(cells.to_vec()); 2], ..good.clone() };
    check_refused_priors(&cells(&[1.0]), "1 pseudo-counts of an annotator were given for 4");
    let infinite = cells(&[f64::INFINITY; 4]);
    check_refused_priors(&infinite, "a pseudo-count is inf: it must be a number of 0 or more");
    let negative = DawidSkenePriors { class_prior: -1.0, ..good };
    check_refused_priors(&negative, "the class prior is -1: it must be a number of 0 or more");
}

#[test]
fn matrices_too_many_to_hold_are_refused() {
    let votes = votes(1, 1, 100_000, &[(0, 0, 0)]);
    let refused = (METHOD.fit)(&votes, &options(&[Voter::Person], &[])).unwrap_err();
    assert!(matches!(refused, AggregateError::Unfit(_)), "{refused}");
}

#[test]
fn a_model_of_no_use_is_refused() {
    assert!(DawidSkeneModel::new(&[], &[]).is_err());
    assert!(DawidSkeneModel::new(&[0.5, 0.5], &[vec![1.0; 3]]).is_err());
    assert!(DawidSkeneModel::new(&[0.5, f64::NAN], &[]).is_err());
    assert!(DawidSkeneModel::new(&[0.5, 0.5], &[vec![-1.0; 4]]).is_err());
    let model = DawidSkeneModel::new(&[0.5, 0.5], &[vec![0.5; 4]]).unwrap();
    assert_eq!(model.posterior_of(&[(1, 0)]), None);
    assert_eq!(model.posterior_of(&[(0, 2)]), None);
    assert_eq!(model.posterior_of(&[]), Some(vec![0.5, 0.5]));
}

#[test]
fn impossible_votes_leave_the_others_to_decide() {
    let model =
        DawidSkeneModel::new(&[0.5, 0.5], &[vec![1.0, 0.0, 1.0, 0.0], vec![0.8, 0.2, 0.3, 0.7]]).unwrap();
    let alone = model.posterior_of(&[(1, 1)]).unwrap();
    let both = model.posterior_of(&[(0, 1), (1, 1)]).unwrap();
    assert!(alone.iter().zip(&both).all(|(a, b)| (a - b).abs() < 1e-9), "{alone:?} {both:?}");
}

/// Votes of three classes, with annotators who err in their own way.
fn crowds() -> impl Strategy<Value = Vec<Row>> {
    let vote = (0..12_u32, 0..5_u32, 0..3_u32, 0..10_u32);
    // Most votes are the item's own class, so that there is something to find.
    prop::collection::vec(vote, 1..80).prop_map(|list| {
        list.into_iter()
            .map(|(item, by, class, luck)| (item, by, if luck < 6 { item % 3 } else { class }))
            .collect()
    })
}

/// The posteriors of a few rounds. Near a tie that no vote breaks, rounding grows with the rounds, and the order of sums
/// with it.
fn posteriors(method: &Method, list: &[Row], voter: Voter) -> Vec<Option<Vec<f64>>> {
    let voters = [voter; 5];
    let options = FitOptions { n_rounds: 10, tolerance: 0.0, ..options(&voters, &[]) };
    let fit = (method.fit)(&votes(12, 5, 3, list), &options).unwrap();
    (0..12).map(|item| fit.posterior(item).map(<[f64]>::to_vec)).collect()
}

fn near(a: &Option<Vec<f64>>, b: &Option<Vec<f64>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_votes_give_distributions_and_a_rise(list in crowds(), gold in prop::collection::vec(prop::option::of(0..3_u32), 12)) {
        let gold: Vec<_> = gold.into_iter().map(|class| class.map(Class)).collect();
        for voter in [Voter::Person, Voter::Model] {
            for fit in fits(&votes(12, 5, 3, &list), voter, &gold) {
                for (item, gold) in gold.iter().enumerate() {
                    prop_assert!(gold.is_none_or(|gold| fit.credit(item, gold) == 1.0));
                }
            }
        }
    }

    #[test]
    fn the_order_of_items_and_annotators_and_classes_changes_nothing(list in crowds()) {
        let other: Vec<Row> = list.iter().rev().map(|it| (11 - it.0, (it.1 + 2) % 5, 2 - it.2)).collect();
        for method in METHODS {
            for voter in [Voter::Person, Voter::Model] {
                let (one, two) = (posteriors(&method, &list, voter), posteriors(&method, &other, voter));
                for item in 0..12 {
                    let turned = two[11 - item].clone().map(|mut row| { row.reverse(); row });
                    prop_assert!(near(&one[item], &turned), "{}: {:?} {:?}", method.name, one[item], turned);
                }
            }
        }
    }
}
