//! Dawid-Skene and its relatives against EM written in numpy, and against crowd-kit.
//!
//! The expected values in `reference/aggregate_ds.json` were written by `reference/aggregate_ds.py`, which says how to run
//! it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helping functions too")]

use karat_stats::Class;
use karat_stats::aggregate::{
    Aggregate, DawidSkenePriors, FitOptions, RowPrior, Vote, Voter, Votes, fit_dawid_skene, method,
};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/aggregate_ds.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

fn votes(list: &Value, n_items: usize, n_annotators: usize, n_classes: usize) -> Votes {
    let part = |vote: &Value, n: usize| u32::try_from(vote[n].as_u64().unwrap()).unwrap();
    let vote = |it: &Value| Vote { item: part(it, 0), annotator: part(it, 1), class: Class(part(it, 2)) };
    let votes: Vec<Vote> = list.as_array().unwrap().iter().map(vote).collect();
    Votes::new(n_items, n_annotators, n_classes, &votes).unwrap()
}

fn class(value: &Value) -> Option<Class> {
    value.as_u64().map(|class| Class(u32::try_from(class).unwrap()))
}

fn options<'a>(voters: &'a [Voter], gold: &'a [Option<Class>]) -> FitOptions<'a> {
    FitOptions { voters, gold, n_rounds: 5_000, tolerance: 1e-13, n_restarts: 1, seed: 0 }
}

#[track_caller]
fn check_close(what: &str, got: &[f64], want: &[f64], within: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (n, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() < within, "{what}, {n}: got {got}, want {want}");
    }
}

#[track_caller]
fn check_posterior(got: &Aggregate, want: &Value, within: f64) {
    for (item, want) in want.as_array().unwrap().iter().enumerate() {
        check_close(&format!("item {item}"), got.posterior(item).unwrap(), &numbers(want), within);
    }
}

/// The fit of a case: posteriors, shares, confusion matrices and the objective of the first rounds and the last.
#[track_caller]
fn check_case(name: &str, got: &Aggregate) {
    let want = &reference()["cases"][name];
    check_posterior(got, &want["posterior"], 1e-9);
    check_close("shares", &got.prior, &numbers(&want["prior"]), 1e-9);
    for (annotator, want) in got.annotators.iter().zip(want["confusions"].as_array().unwrap()) {
        check_close("confusion", annotator.confusion.as_ref().unwrap(), &numbers(want), 1e-9);
    }
    if !got.objective.is_empty() {
        let want = numbers(&want["objective"]);
        check_close("objective", &got.objective[..8], &want[..8], 1e-9);
        check_close("end", &got.objective[got.objective.len() - 1..], &want[8..], 1e-9);
    }
}

/// One of the methods, on the votes of the cases.
#[track_caller]
fn check_method(name: &str, voters: [Voter; 8], case: &str) {
    let reference = reference();
    let gold: Vec<Option<Class>> = reference["gold"].as_array().unwrap().iter().map(class).collect();
    let gold = if case.ends_with("gold") { gold } else { Vec::new() };
    let votes = votes(&reference["votes"], 60, 8, 3);
    check_case(case, &(method(name).unwrap().fit)(&votes, &options(&voters, &gold)).unwrap());
}

const MIXED: [Voter; 8] = {
    let mut mixed = [Voter::Person; 8];
    mixed.split_at_mut(4).1.copy_from_slice(&[Voter::Model; 4]);
    mixed
};

#[test]
fn the_original_is_that_of_numpy() {
    check_method("dawid_skene_ml", [Voter::Person; 8], "dawid_skene_ml");
}

#[test]
fn the_original_with_gold_is_that_of_numpy() {
    check_method("dawid_skene_ml", [Voter::Person; 8], "dawid_skene_ml_gold");
}

#[test]
fn people_are_those_of_numpy() {
    check_method("dawid_skene", [Voter::Person; 8], "people");
}

#[test]
fn models_are_those_of_numpy() {
    check_method("dawid_skene", [Voter::Model; 8], "models");
}

#[test]
fn people_and_models_together_are_those_of_numpy() {
    check_method("dawid_skene", MIXED, "mixed");
    check_method("dawid_skene", MIXED, "mixed_gold");
}

#[test]
fn one_coin_is_that_of_numpy() {
    check_method("one_coin", [Voter::Person; 8], "one_coin");
}

#[test]
fn tempered_annotators_are_those_of_numpy() {
    let reference = reference();
    let votes = votes(&reference["votes"], 60, 8, 3);
    let gold: Vec<Option<Class>> = reference["gold"].as_array().unwrap().iter().map(class).collect();
    let weights = numbers(&reference["weights"]);
    let voters = [Voter::Person; 8];
    let priors =
        |prior| DawidSkenePriors { rows: vec![prior; 8], class_prior: 1.0, weights: weights.clone() };
    let fit = fit_dawid_skene(&votes, &options(&voters, &gold), &priors(RowPrior::WeakDiagonal)).unwrap();
    check_case("models_weights", &fit.0);
    let fit = fit_dawid_skene(&votes, &options(&voters, &[]), &priors(RowPrior::Skill)).unwrap();
    check_case("people_weights", &fit.0);
}

/// The fit of two-class votes by crowd-kit.
#[track_caller]
fn check_crowdkit(name: &str, key: &str, n_rounds: u32, within: f64) {
    let reference = &reference()["crowdkit"];
    let votes = votes(&reference["votes"], 40, 7, 2);
    let options = FitOptions { n_rounds, tolerance: 0.0, ..options(&[Voter::Person; 7], &[]) };
    let got = (method(name).unwrap().fit)(&votes, &options).unwrap();
    check_posterior(&got, &reference[key], within);
}

#[test]
fn majority_and_wawa_are_those_of_crowd_kit() {
    check_crowdkit("majority", "majority", 1, 1e-9);
    check_crowdkit("wawa", "wawa", 1, 1e-9);
}

#[test]
fn thirty_rounds_are_those_of_crowd_kit() {
    // crowd-kit raises every probability to at least 1e-10 before it normalizes; we leave what is impossible at 0.
    check_crowdkit("dawid_skene_ml", "dawid_skene_30", 30, 1e-7);
}

#[test]
fn crowd_kit_with_its_stop_rule_is_ours_after_as_many_rounds() {
    // Its objective adds the class shares once a vote, not once an item, and it stops at a rise below 1e-5 a vote: here
    // after 9 rounds, where ours goes on until no posterior moves.
    let n_rounds = u32::try_from(reference()["crowdkit"]["default_rounds"].as_u64().unwrap()).unwrap();
    check_crowdkit("dawid_skene_ml", "dawid_skene_default", n_rounds, 1e-7);
}
