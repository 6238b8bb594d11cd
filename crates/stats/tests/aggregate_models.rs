//! The models of annotators against other people's numbers, and on votes that are no good.
//!
//! The expected values in `reference/aggregate_models.json` were written by `reference/aggregate_models.py`, which says how
//! to run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helping functions too")]

use karat_stats::Class;
use karat_stats::aggregate::{
    Aggregate, AggregateError, FitOptions, Remark, Top, Vote, Voter, Votes, crowdlab, glad, method,
};
use proptest::prelude::*;
use serde_json::Value;

/// The methods of this file; all others have tests of their own.
const NAMES: [&str; 6] = ["glad", "mace", "ibcc", "ebcc", "label_model", "dawid_skene_ordinal"];

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/aggregate_models.json")).unwrap()
}

fn cases() -> Vec<Value> {
    reference()["cases"].as_array().unwrap().clone()
}

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().flat_map(flat).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

fn pack(n_items: usize, n_annotators: usize, n_classes: usize, votes: &[(u32, u32, u32)]) -> Votes {
    let vote = |&(item, annotator, class): &(u32, u32, u32)| Vote { item, annotator, class: Class(class) };
    Votes::new(n_items, n_annotators, n_classes, &votes.iter().map(vote).collect::<Vec<_>>()).unwrap()
}

fn votes(case: &Value) -> Votes {
    let size = |name: &str| case[name].as_u64().unwrap() as usize;
    let list: Vec<(u32, u32, u32)> =
        flat(&case["votes"]).chunks_exact(3).map(|it| (it[0] as u32, it[1] as u32, it[2] as u32)).collect();
    pack(size("n_items"), size("n_annotators"), size("n_classes"), &list)
}

const PEOPLE: [Voter; 64] = [Voter::Person; 64];

fn options(votes: &Votes, n_rounds: u32, tolerance: f64) -> FitOptions<'static> {
    FitOptions {
        voters: &PEOPLE[..votes.n_annotators()],
        gold: &[],
        n_rounds,
        tolerance,
        n_restarts: 1,
        seed: 1,
    }
}

fn fit(name: &str, votes: &Votes, options: &FitOptions<'_>) -> Aggregate {
    (method(name).unwrap().fit)(votes, options).unwrap()
}

fn posteriors(found: &Aggregate) -> Vec<f64> {
    (0..found.n_items()).flat_map(|it| found.posterior(it).unwrap().to_vec()).collect()
}

fn confusions(found: &Aggregate) -> Vec<f64> {
    found.annotators.iter().flat_map(|it| it.confusion.clone().unwrap()).collect()
}

#[track_caller]
fn check_close(what: &str, got: &[f64], want: &Value, within: f64) {
    let want = flat(want);
    assert_eq!(got.len(), want.len(), "{what}");
    for (at, (got, want)) in got.iter().zip(&want).enumerate() {
        // Relative where the number is large: bounds are sums over all votes.
        let off = (got - want).abs() / want.abs().max(1.0);
        assert!(off <= within, "{what} {at}: got {got}, want {want}");
    }
}

#[test]
fn variational_bayes_is_that_of_the_written_out_formulas() {
    for (seed, case) in (1..).zip(cases()) {
        let votes = votes(&case);
        for name in ["ibcc", "ebcc"] {
            let found = fit(name, &votes, &FitOptions { seed, ..options(&votes, 9, 0.0) });
            check_close(name, &found.objective, &case[name]["bound"], 1e-9);
            check_close(name, &posteriors(&found), &case[name]["posterior"], 1e-9);
            check_close(name, &confusions(&found), &case[name]["confusion"], 1e-9);
        }
        let found = fit("mace", &votes, &options(&votes, 12, 0.0));
        check_close("mace", &found.objective, &case["mace"]["bound"], 1e-9);
        check_close("mace", &posteriors(&found), &case["mace"]["posterior"], 1e-9);
    }
}

#[test]
fn mace_ends_where_crowd_kit_ends() {
    // From another start: both have arrived. Its habits are right only where names come in the order of first votes, see
    // the script.
    for case in cases() {
        let votes = votes(&case);
        let found = fit("mace", &votes, &options(&votes, 2_000, 1e-10));
        check_close("mace", &posteriors(&found), &case["mace_crowdkit"], 1e-8);
    }
}

#[test]
fn glad_ends_where_crowd_kit_ends() {
    // Both climb to the same point by other steps; its gradient is used up in the seventh digit.
    for case in cases() {
        let votes = votes(&case);
        let found = glad(&votes, &options(&votes, 2_000, 1e-10)).unwrap();
        let some = |list: Vec<Option<f64>>| list.into_iter().map(Option::unwrap).collect::<Vec<f64>>();
        check_close("posterior", &posteriors(&found.aggregate), &case["glad"]["posterior"], 1e-6);
        check_close("skill", &some(found.skill), &case["glad"]["skill"], 1e-5);
        check_close("difficulty", &some(found.difficulty), &case["glad"]["difficulty"], 1e-5);
    }
}

#[test]
fn ratings_are_those_of_the_written_out_formulas() {
    for case in cases() {
        let votes = votes(&case);
        let found = fit("dawid_skene_ordinal", &votes, &options(&votes, 6, 0.0));
        check_close("posterior", &posteriors(&found), &case["ordinal"]["posterior"], 1e-9);
        check_close("confusion", &confusions(&found), &case["ordinal"]["confusion"], 1e-9);
    }
}

#[test]
fn crowdlab_is_that_of_cleanlab() {
    // In the last case the model settles no tie of the votes: the rarer class does.
    for case in cases().into_iter().chain([reference()["ties"].clone()]) {
        let (votes, want) = (votes(&case), &case["crowdlab"]);
        let found = crowdlab(&votes, &flat(&want["model"])).unwrap();
        let some = |list: &[Option<f64>]| list.iter().map(|it| it.unwrap()).collect::<Vec<f64>>();
        let consensus: Vec<f64> = found.consensus.iter().map(|it| f64::from(it[0].0)).collect();
        assert!(found.consensus.iter().all(|it| it.len() == 1));
        check_close("consensus", &consensus, &want["consensus"], 0.0);
        check_close("quality", &some(&found.quality), &want["quality"], 1e-9);
        check_close("agreement", &some(&found.agreement), &want["agreement"], 1e-9);
        check_close("annotators", &some(&found.annotators), &want["annotators"], 1e-9);
        check_close("weights", &some(&found.annotator_weights), &want["annotator_weights"], 1e-9);
        check_close("model weight", &[found.model_weight], &want["model_weight"], 1e-9);
        let of_votes: Vec<f64> = (0..votes.n_items())
            .flat_map(|item| votes.of(item).iter().map(move |(_, class)| (item, *class)))
            .map(|(item, class)| found.label_quality(item, Class(class)).unwrap())
            .collect();
        check_close("label quality", &of_votes, &want["label_quality"], 1e-9);
    }
}

/// Fits every method, each with no panic; what it finds is a distribution for each item with votes.
#[track_caller]
fn check_sane(what: &str, votes: &Votes, options: &FitOptions<'_>) -> Vec<Result<Aggregate, AggregateError>> {
    let sane = |name: &str| {
        let found = (method(name).unwrap().fit)(votes, options)?;
        for item in (0..votes.n_items()).filter(|item| !votes.of(*item).is_empty()) {
            let row = found.posterior(item).unwrap();
            assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{what}: {name}: {row:?}");
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{what}: {name}: {row:?}");
        }
        for learned in &found.annotators {
            assert_eq!(learned.accuracy.is_some(), learned.n_votes > 0, "{what}: {name}");
            assert!(learned.accuracy.is_none_or(|it| (0.0..=1.0 + 1e-9).contains(&it)), "{what}: {name}");
            for row in learned.confusion.iter().flat_map(|it| it.chunks_exact(votes.n_classes())) {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{what}: {name}: {row:?}");
            }
        }
        let rises = found.objective.windows(2).all(|it| it[1] >= it[0] - 1e-9 * it[0].abs().max(1.0));
        assert!(rises, "{what}: {name}: {:?}", found.objective);
        Ok(found)
    };
    NAMES.iter().map(|name| sane(name)).collect()
}

#[test]
fn poor_votes_give_a_remark_or_an_error() {
    let one_item = pack(1, 3, 2, &[(0, 0, 1), (0, 1, 1), (0, 2, 0)]);
    let one_class = pack(2, 3, 1, &[(0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 2, 0)]);
    let one_annotator = pack(3, 1, 2, &[(0, 0, 1), (1, 0, 1), (2, 0, 0)]);
    let all_ties = pack(2, 4, 2, &[(0, 0, 0), (0, 1, 1), (1, 2, 1), (1, 3, 0)]);
    let no_overlap = pack(3, 3, 2, &[(0, 0, 0), (1, 1, 1), (2, 2, 1)]);
    let gaps = pack(4, 5, 3, &[(1, 1, 0), (1, 2, 0), (1, 4, 2), (3, 1, 2), (3, 4, 2), (3, 4, 2)]);
    for (what, votes, remark) in [
        ("one item", &one_item, None),
        ("one class", &one_class, Some(Remark::OneClass)),
        ("one annotator", &one_annotator, Some(Remark::OneAnnotator)),
        ("all ties", &all_ties, Some(Remark::AllTies)),
        ("no overlap", &no_overlap, Some(Remark::NoOverlap)),
        ("items and annotators without votes", &gaps, Some(Remark::WithoutVotes { n_items: 2 })),
    ] {
        for (name, found) in NAMES.iter().zip(check_sane(what, votes, &options(votes, 50, 1e-6))) {
            match found {
                Ok(found) => {
                    assert!(remark.is_none_or(|it| found.remarks.contains(&it)), "{what}: {name}: {found:?}");
                }
                // It alone needs pairs of votes.
                Err(AggregateError::Unfit(why)) => {
                    assert_eq!(*name, "label_model", "{what}: {why}");
                    assert!(why.starts_with("the label model needs "), "{why}");
                }
                Err(other) => panic!("{what}: {name}: {other}"),
            }
        }
    }
}

#[test]
fn two_sides_that_nothing_tells_apart_stay_a_tie() {
    let votes = pack(1, 2, 2, &[(0, 0, 0), (0, 1, 1)]);
    for name in ["glad", "mace", "ibcc", "dawid_skene_ordinal"] {
        let found = fit(name, &votes, &options(&votes, 50, 1e-6));
        assert!(matches!(found.top(0), Top::Tie(classes, _) if classes == [Class(0), Class(1)]), "{name}");
    }
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let votes = pack(2, 3, 2, &[(0, 0, 1), (0, 1, 1), (1, 1, 0), (1, 2, 0)]);
    let good = options(&votes, 5, 1e-6);
    let gold = |list: &'static [Option<Class>]| FitOptions { gold: list, ..good };
    for name in NAMES {
        let error = |options: &FitOptions<'_>| (method(name).unwrap().fit)(&votes, options).unwrap_err();
        let wrong = |what, got, want| AggregateError::WrongLength { what, got, want };
        assert_eq!(error(&FitOptions { voters: &[], ..good }), wrong("voters", 0, 3), "{name}");
        assert_eq!(error(&gold(&[None])), wrong("gold", 1, 2), "{name}");
        let out = AggregateError::OutOfRange { what: "gold class", got: 2, end: 2 };
        assert_eq!(error(&gold(&[None, Some(Class(2))])), out, "{name}");
        for tolerance in [f64::NAN, -1.0] {
            let error = error(&FitOptions { tolerance, ..good });
            assert!(matches!(error, AggregateError::BadNumber { .. }), "{name}: {error}");
        }
    }
}

#[test]
fn rounds_that_are_too_few_are_said_to_be() {
    let votes = votes(&cases()[0]);
    for n_rounds in [0, 1] {
        for (name, found) in
            NAMES.iter().zip(check_sane("few rounds", &votes, &options(&votes, n_rounds, 1e-9)))
        {
            let found = found.unwrap();
            assert!(!found.converged && found.remarks.contains(&Remark::NotConverged), "{name}");
            assert_eq!(found.n_rounds, n_rounds, "{name}");
        }
    }
}

#[test]
fn gold_is_kept_and_its_items_may_have_no_votes() {
    // Everybody says 0 of items 0 and 1 and 1 of items 2 and 3; gold says that this is a mirror. Item 4 has no votes.
    let list: Vec<(u32, u32, u32)> =
        (0..4).flat_map(|item| (0..3).map(move |annotator| (item, annotator, item / 2))).collect();
    let votes = pack(5, 3, 2, &list);
    let gold = [Some(Class(1)), None, Some(Class(0)), None, Some(Class(1))];
    for name in NAMES {
        let found = fit(name, &votes, &FitOptions { gold: &gold, ..options(&votes, 100, 1e-8) });
        if !method(name).unwrap().reads_gold {
            assert_eq!(found, fit(name, &votes, &options(&votes, 100, 1e-8)));
            continue;
        }
        for item in [0, 2, 4] {
            assert!(
                matches!(found.top(item), Top::Winner(class, 1.0) if Some(class) == gold[item]),
                "{name} {item}"
            );
        }
        assert!(!found.remarks.iter().any(|it| matches!(it, Remark::WithoutVotes { .. })), "{name}");
        // Half of the votes are known to be wrong.
        let plain = fit(name, &votes, &options(&votes, 100, 1e-8));
        assert!(found.annotators[0].accuracy < plain.annotators[0].accuracy, "{name}");
    }
}

#[test]
fn too_many_classes_are_refused_before_memory_is_taken() {
    let votes = pack(1, 3, 100_000, &[(0, 0, 7), (0, 1, 7), (0, 2, 99_999)]);
    for name in ["ibcc", "ebcc", "label_model", "dawid_skene_ordinal"] {
        let error = (method(name).unwrap().fit)(&votes, &options(&votes, 5, 1e-6)).unwrap_err();
        assert!(
            matches!(&error, AggregateError::Unfit(why) if why.contains("100000 classes")),
            "{name}: {error}"
        );
    }
}

#[test]
fn thousands_of_votes_on_one_item_neither_overflow_nor_vanish() {
    let list: Vec<(u32, u32, u32)> = (0..4_000).map(|n| (n % 2, n % 40, u32::from(n % 5 == 0))).collect();
    let votes = pack(2, 40, 2, &list);
    for found in check_sane("many votes", &votes, &options(&votes, 30, 1e-6)) {
        assert!(matches!(found.unwrap().top(0), Top::Winner(Class(0), p) if p > 0.9));
    }
}

#[test]
fn crowdlab_refuses_what_it_cannot_weigh() {
    let two = pack(2, 2, 2, &[(0, 0, 1), (0, 1, 1), (1, 1, 0)]);
    let error = |votes: &Votes, model: &[f64]| crowdlab(votes, model).unwrap_err();
    let length = AggregateError::WrongLength { what: "model probabilities", got: 2, want: 4 };
    assert_eq!(error(&two, &[0.5, 0.5]), length);
    for bad in [f64::NAN, f64::INFINITY, -0.5] {
        assert!(matches!(error(&two, &[bad, 0.5, 0.5, 0.5]), AggregateError::BadNumber { .. }));
    }
    let unfit = |votes: &Votes, model: &[f64], why: &str| {
        assert!(matches!(error(votes, model), AggregateError::Unfit(it) if it.contains(why)));
    };
    unfit(&two, &[0.5, 0.5, 0.5, 0.2], "item 1 sum to 0.7");
    unfit(&pack(1, 2, 1, &[(0, 0, 0), (0, 1, 0)]), &[1.0], "two classes");
    unfit(&pack(2, 2, 2, &[(0, 0, 0), (1, 1, 0)]), &[0.5; 4], "two annotators");
}

#[test]
fn crowdlab_returns_a_tie_that_nothing_settles() {
    let votes = pack(3, 2, 2, &[(0, 0, 0), (0, 1, 1), (2, 0, 1), (2, 1, 0)]);
    let found = crowdlab(&votes, &[0.5, 0.5, 0.3, 0.7, 0.5, 0.5]).unwrap();
    assert_eq!(found.consensus, [vec![Class(0), Class(1)], vec![], vec![Class(0), Class(1)]]);
    assert_eq!(found.quality, [Some(0.5), None, Some(0.5)]);
    assert_eq!(found.agreement, [Some(0.5), None, Some(0.5)]);
    // The model alone speaks of an item without votes.
    assert!((found.posterior(1).unwrap()[1] - 0.7).abs() < 1e-12);
}

/// Small crowds: the number of items, annotators and classes, and votes.
fn small() -> impl Strategy<Value = (usize, usize, usize, Vec<(u32, u32, u32)>)> {
    (1..8_usize, 1..6_usize, 1..4_usize).prop_flat_map(|(n, w, k)| {
        let vote = (0..n as u32, 0..w as u32, 0..k as u32);
        (Just(n), Just(w), Just(k), proptest::collection::vec(vote, 1..40))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_votes_give_distributions_and_an_objective_that_rises((n, w, k, list) in small()) {
        let votes = pack(n, w, k, &list);
        check_sane("any votes", &votes, &FitOptions { n_restarts: 3, ..options(&votes, 20, 1e-6) });
    }

    #[test]
    fn items_annotators_and_classes_may_have_any_numbers((n, w, k, list) in small()) {
        // Rounding differs with the order, and what climbs may part at a ridge: a few rounds, and not to the last bit.
        // `ebcc` starts at random, and the ratings have an order: its classes may only be turned around.
        let turned: Vec<(u32, u32, u32)> =
            list.iter().rev().map(|(i, j, c)| (n as u32 - 1 - i, w as u32 - 1 - j, k as u32 - 1 - c)).collect();
        let (one, other) = (pack(n, w, k, &list), pack(n, w, k, &turned));
        for name in ["glad", "mace", "ibcc", "dawid_skene_ordinal"] {
            let one = fit(name, &one, &options(&one, 4, 1e-9));
            let other = fit(name, &other, &options(&other, 4, 1e-9));
            for item in 0..n {
                let row = other.posterior(n - 1 - item).map(|row| row.iter().rev().copied().collect::<Vec<f64>>());
                prop_assert_eq!(one.posterior(item).is_some(), row.is_some());
                for (a, b) in one.posterior(item).unwrap_or_default().iter().zip(row.unwrap_or_default()) {
                    prop_assert!((a - b).abs() < 1e-6, "{} {}: {} {}", name, item, a, b);
                }
            }
        }
    }
}
