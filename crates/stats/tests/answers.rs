//! Rankings, texts and boxes against published implementations: choix, crowd-kit, nltk, scipy, ensemble-boxes.
//!
//! The expected values in `reference/answers.json` were written by `reference/answers.py`, which says how to run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helping functions too")]

use karat_stats::boxes::{Rect, ScoredBox, assignment, weighted_boxes_fusion};
use karat_stats::ranking::{
    BradleyTerryOptions, NoisyOptions, Order, OrderOptions, PairRanking, PairVote, Preference, Prior,
    Ranking, Ties, bradley_terry, noisy_bradley_terry, plackett_luce,
};
use karat_stats::text::{
    Embedded, HrrasaOptions, Rasa, RasaOptions, Similarity, gleu, hrrasa, rasa, rover, word_errors,
};
use karat_stats::{Class, IntervalOptions, Level};
use serde_json::Value;

fn cases(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("reference/answers.json")).unwrap();
    match &all[name] {
        Value::Array(cases) => cases.clone(),
        case => vec![case.clone()],
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<u32> {
    list(value).iter().map(number).collect()
}

fn reals(value: &Value) -> Vec<f64> {
    list(value).iter().map(|it| it.as_f64().unwrap()).collect()
}

#[track_caller]
fn check_close(what: &str, got: f64, want: &Value, tolerance: f64) {
    let want = want.as_f64().unwrap();
    assert!((got - want).abs() <= tolerance, "{what}: got {got}, want {want}");
}

#[track_caller]
fn check_strengths(what: &str, got: &Ranking, want: &Value, tolerance: f64) {
    assert_eq!(got.strengths.len(), list(want).len());
    for (got, want) in got.strengths.iter().zip(list(want)) {
        check_close(what, got.value, want, tolerance);
    }
}

fn votes(case: &Value) -> Vec<PairVote> {
    let vote = |vote: &Value| {
        let [first, second, outcome, annotator] = [0, 1, 2, 3].map(|it| number(&vote[it]));
        let outcome = [Preference::First, Preference::Second, Preference::Tie][outcome as usize];
        PairVote { first, second, annotator, outcome }
    };
    list(&case["votes"]).iter().map(vote).collect()
}

fn fit(case: &Value, ties: Ties, position: bool, prior: Prior) -> PairRanking {
    let intervals = IntervalOptions { level: Level::P95, n_resamples: 0, seed: 0 };
    let options = BradleyTerryOptions { ties, position, prior, intervals };
    bradley_terry(number(&case["n_items"]), &votes(case), &options).unwrap()
}

#[test]
fn bradley_terry_strengths_are_those_of_choix() {
    for case in cases("bradley_terry") {
        let strengths = |prior| fit(&case, Ties::HalfWin, false, prior).ranking;
        check_strengths("ml", &strengths(Prior::None), &case["ml"], 1e-9);
        check_strengths("virtual", &strengths(Prior::VirtualTies { weight: 2.0 }), &case["virtual"], 1e-9);
        // choix stops scipy's Newton-CG at about eight digits.
        check_strengths("gaussian", &strengths(Prior::Gaussian { sd: 1.5 }), &case["gaussian"], 1e-6);
    }
}

#[test]
fn ties_position_and_their_errors_are_those_of_the_formula() {
    // scipy's BFGS and second differences are good for about five digits.
    for case in cases("davidson") {
        let got = fit(&case, Ties::Davidson, true, Prior::None);
        check_strengths("strength", &got.ranking, &case["strengths"], 1e-5);
        for (got, want) in got.ranking.strengths.iter().zip(list(&case["errors"])) {
            check_close("error", got.standard_error, want, 1e-4);
        }
        let z = 1.959_963_984_540_054;
        let position = got.position.unwrap();
        check_close("position", position.value, &case["position"], 1e-5);
        check_close(
            "position error",
            (position.interval.high - position.value) / z,
            &case["position_error"],
            1e-4,
        );
        let ties = got.ties.unwrap();
        check_close("ties", ties.value.ln(), &case["log_nu"], 1e-5);
        check_close("ties error", (ties.interval.high / ties.value).ln() / z, &case["log_nu_error"], 1e-4);
        check_close("log likelihood", got.log_likelihood, &case["log_likelihood"], 1e-8);
    }
}

#[test]
fn noisy_bradley_terry_is_crowd_kits_likelihood_with_a_prior() {
    // crowd-kit's own fit is not comparable: its gradient misses the annotators by one place.
    for case in cases("noisy") {
        let options = NoisyOptions {
            strength_sd: 2.0,
            reliability: 0.8,
            reliability_sd: 1.5,
            position_sd: 1.0,
            level: Level::P95,
        };
        let (n_items, n_annotators) = (number(&case["n_items"]), number(&case["n_annotators"]));
        let got = noisy_bradley_terry(n_items, n_annotators, &votes(&case), &options).unwrap();
        check_strengths("strength", &got.ranking, &case["strengths"], 1e-5);
        check_close("log likelihood", got.log_likelihood, &case["log_likelihood"], 1e-5);
        for (annotator, got) in got.annotators.iter().enumerate() {
            let got = got.unwrap();
            check_close("position", got.position.value, &case["position"][annotator], 1e-5);
            check_close("reliability", got.reliability.value, &case["reliability"][annotator], 1e-5);
        }
    }
}

#[test]
fn plackett_luce_strengths_are_those_of_choix() {
    for case in cases("plackett_luce") {
        let strengths = |n_in_order: usize, virtual_ties: f64| {
            let order = |items: &Value| {
                let mut best_first = numbers(items);
                let rest = best_first.split_off(n_in_order.min(best_first.len()));
                Order { best_first, rest }
            };
            let orders: Vec<Order> = list(&case["orders"]).iter().map(order).collect();
            let options =
                OrderOptions { virtual_ties, level: Level::P95, n_rounds: 500_000, tolerance: 1e-14 };
            plackett_luce(number(&case["n_items"]), &orders, &options).unwrap()
        };
        check_strengths("ml", &strengths(99, 0.0), &case["ml"], 1e-8);
        check_strengths("virtual", &strengths(99, 2.0), &case["virtual"], 1e-9);
        check_strengths("best of", &strengths(1, 2.0), &case["top_virtual"], 1e-9);
    }
}

#[test]
fn gleu_and_word_errors_are_those_of_nltk() {
    for case in cases("gleu") {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        check_close("gleu", gleu(&a, &b).unwrap(), &case["gleu"], 1e-12);
        assert_eq!(word_errors(&a, &b), u64::from(number(&case["errors"])));
    }
}

#[test]
fn the_slots_of_rover_are_those_of_crowd_kit() {
    // crowd-kit aligns in the order of the data and settles ties by the longer word; it was given our order, and slots
    // are compared before the vote.
    for case in cases("rover") {
        let answers: Vec<Vec<u32>> = list(&case["answers"]).iter().map(numbers).collect();
        let answers: Vec<&[u32]> = answers.iter().map(Vec::as_slice).collect();
        let got = rover(&answers, &[]).unwrap();
        let slots: Vec<Vec<(i64, i64)>> = got
            .slots
            .iter()
            .map(|slot| {
                let mut choices: Vec<(i64, i64)> = slot
                    .choices
                    .iter()
                    .map(|(word, n)| (word.map_or(-1, i64::from), n.round() as i64))
                    .collect();
                choices.sort_unstable();
                choices
            })
            .collect();
        let pair = |pair: &Value| (pair[0].as_i64().unwrap(), pair[1].as_i64().unwrap());
        let want: Vec<Vec<(i64, i64)>> =
            list(&case["slots"]).iter().map(|slot| list(slot).iter().map(pair).collect()).collect();
        assert_eq!(slots, want, "{case}");
    }
}

#[test]
fn centers_and_reliabilities_are_those_of_crowd_kit() {
    let case = &cases("embeddings")[0];
    let n_items = number(&case["n_items"]) as usize;
    let mut items = vec![Vec::new(); n_items];
    let mut words = vec![Vec::new(); n_items];
    for row in list(&case["rows"]) {
        let item = number(&row["item"]) as usize;
        items[item].push(Embedded { annotator: number(&row["annotator"]), vector: reals(&row["vector"]) });
        words[item].push(numbers(&row["words"]));
    }
    let check = |got: &Rasa, want: &Value| {
        for item in 0..n_items {
            let center = got.centers[item].as_ref().unwrap();
            for (got, want) in center.iter().zip(list(&want["centers"][item])) {
                check_close("center", *got, want, 1e-9);
            }
            // The vectors have length 1, so crowd-kit's cosine has the same order as our distance.
            let best: Vec<&Vec<u32>> = got.best[item].iter().map(|it| &words[item][*it]).collect();
            assert_eq!(best, [&numbers(&want["best"][item])]);
        }
        for (got, want) in got.reliability.iter().zip(list(&want["reliability"])) {
            let relative = got.unwrap() / want.as_f64().unwrap() - 1.0;
            assert!(relative.abs() < 1e-9, "{relative}");
        }
    };
    let options =
        RasaOptions { alpha: 0.05, n_prior: 0.0, n_rounds: number(&case["n_rounds"]), tolerance: 0.0 };
    let n_annotators = number(&case["n_annotators"]);
    check(&rasa(&items, n_annotators, &options).unwrap(), &case["rasa"]);
    let similarities: Vec<Similarity> = words
        .iter()
        .map(|answers| Similarity::by_gleu(&answers.iter().map(Vec::as_slice).collect::<Vec<_>>()))
        .collect();
    let options = HrrasaOptions { rasa: options, by_embedding: 0.5, by_words: 0.5 };
    check(&hrrasa(&items, &similarities, n_annotators, &options).unwrap(), &case["hrrasa"]);
}

#[test]
fn assignments_are_those_of_scipy() {
    for case in cases("assignment") {
        let got = assignment(&reals(&case["costs"]), number(&case["n_columns"]) as usize).unwrap();
        let want: Vec<Option<usize>> =
            list(&case["columns"]).iter().map(|it| it.as_u64().map(|it| it as usize)).collect();
        assert_eq!(got, want);
    }
}

#[test]
fn fused_boxes_are_those_of_ensemble_boxes() {
    for case in cases("fusion") {
        let scored = |row: &Value| {
            let [left, top, right, bottom, score] = [0, 1, 2, 3, 4].map(|it| row[it].as_f64().unwrap());
            let rect = Rect::new(left, top, right, bottom).unwrap();
            ScoredBox { class: Class(number(&row[5])), rect, score }
        };
        let boxes: Vec<ScoredBox> = list(&case["boxes"]).iter().map(scored).collect();
        let got = weighted_boxes_fusion(&boxes, number(&case["n_models"]), 0.55).unwrap();
        assert_eq!(got.len(), list(&case["fused"]).len());
        for (got, want) in got.iter().zip(list(&case["fused"])) {
            // ensemble-boxes counts in 32 bits.
            for (side, got) in got.rect.corners().into_iter().chain([got.score]).enumerate() {
                check_close("fused box", got, &want[side], 2e-7);
            }
            assert_eq!(got.class, Class(number(&want[5])));
        }
    }
}
