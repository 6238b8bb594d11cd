//! Spans from several annotators against a second implementation, and their F1 against seqeval.
//!
//! The expected values in `reference/spans_consensus.json` were written by `reference/spans_consensus.py`, which says
//! how to run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helping functions too")]

use karat_stats::spans::{FoundSpan, Reading, Readings, SpanAggregate, SpanItem, SpanOptions, span_method};
use karat_stats::{Class, IntervalOptions, Level, Outcome, Pair, Span, score_spans};
use serde_json::Value;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("reference/spans_consensus.json")).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

/// Borders in tokens become those of tokens three code points long with a space between them.
fn span(value: &[Value]) -> Span {
    let [start, end, class] = [0, 1, 2].map(|at| number(&value[at]));
    Span { start: 4 * start, end: 4 * end - 1, class: Class(class) }
}

fn spans(value: &Value) -> Vec<Span> {
    list(value).iter().map(|it| span(list(it))).collect()
}

fn readings(case: &Value) -> Readings {
    let items = list(&case["items"]).iter().map(|item| {
        let own = item["readings"].as_object().unwrap().iter();
        let readings = own.map(|(annotator, own)| Reading {
            annotator: annotator.parse().unwrap(),
            spans: spans(own),
            unread: Vec::new(),
        });
        let tokens = (0..number(&item["n_tokens"])).map(|at| (4 * at, 4 * at + 3)).collect();
        SpanItem { tokens, readings: readings.collect() }
    });
    let n_annotators = number(&case["n_annotators"]) as usize;
    Readings::new(n_annotators, number(&case["n_classes"]) as usize, items.collect()).unwrap()
}

/// Fits for exactly as many rounds as the second implementation.
fn fit(case: &Value, name: &str, least: f64) -> (SpanAggregate, Vec<Option<Vec<Span>>>) {
    let known = |item: &Value| item["known"].as_bool().unwrap().then(|| spans(&item["gold"]));
    let gold: Vec<Option<Vec<Span>>> = list(&case["items"]).iter().map(known).collect();
    let options = SpanOptions {
        gold: &gold,
        min_posterior: least,
        allow_overlap: true,
        n_rounds: number(&case["n_rounds"]),
        tolerance: 0.0,
        ..SpanOptions::default()
    };
    ((span_method(name).unwrap().fit)(&readings(case), &options).unwrap(), gold)
}

#[track_caller]
fn check_close(what: &str, got: f64, want: &Value) {
    let want = want.as_f64().unwrap();
    assert!((got - want).abs() < 1e-9 * want.abs().max(1.0), "{what}: got {got}, want {want}");
}

fn check_objective(got: &SpanAggregate, want: &Value) {
    // Rounds end early where nothing moves at all; the others stay where they are.
    let last = *got.objective.last().unwrap();
    let rounds = got.objective.iter().copied().chain(std::iter::repeat(last));
    rounds.zip(list(want)).for_each(|(got, want)| check_close("objective", got, want));
}

#[test]
fn spans_of_tags_have_the_posteriors_of_counting_every_sequence() {
    for case in cases() {
        for name in ["token_dawid_skene", "previous_tag"] {
            let (got, gold) = fit(&case, name, 0.3);
            check_objective(&got, &case[name]["objective"]);
            for ((got, gold), want) in got.items.iter().zip(gold).zip(list(&case[name]["spans"])) {
                // Items that nobody looked at have no answer here, and a guess there; gold is given back.
                let Some(got) = got.as_ref().filter(|_| gold.is_none()) else { continue };
                let own: Vec<Span> = got.iter().map(|it| it.span).collect();
                assert_eq!(own, spans(want), "{name}");
                for (got, want) in got.iter().zip(list(want)) {
                    check_close(name, got.posterior, &want[3]);
                }
            }
        }
    }
}

#[test]
fn candidates_have_the_posteriors_of_a_second_implementation() {
    for case in cases() {
        let (got, gold) = fit(&case, "span_dawid_skene", 1e-9);
        let want = &case["span_dawid_skene"];
        check_objective(&got, &want["objective"]);
        let mut n_checked = 0;
        for one in list(&want["candidates"]) {
            let (item, want) = (number(&one[0]) as usize, &one[4]);
            if gold[item].is_some() {
                continue;
            }
            let wanted = span(&list(one)[1..]);
            let found: &[FoundSpan] = got.items[item].as_ref().unwrap();
            check_close("candidate", found.iter().find(|it| it.span == wanted).unwrap().posterior, want);
            n_checked += 1;
        }
        assert!(n_checked > 5);
    }
}

#[test]
fn f1_of_the_result_is_that_of_seqeval() {
    for case in cases() {
        for name in ["token_dawid_skene", "previous_tag"] {
            let (got, known) = fit(&case, name, 0.3);
            let found = |it: &Vec<FoundSpan>| it.iter().map(|it| it.span).collect::<Vec<Span>>();
            let found: Vec<_> = got.items.iter().map(|it| it.as_ref().map(found)).collect();
            let gold: Vec<Vec<Span>> = list(&case["items"]).iter().map(|it| spans(&it["gold"])).collect();
            let looked = |at: usize| !list(&case["items"])[at]["readings"].as_object().unwrap().is_empty();
            let pairs = gold.iter().zip(&found).enumerate().filter(|(at, _)| looked(*at));
            let pairs = pairs.map(|(_, (gold, found))| Pair {
                gold: Some(&gold[..]),
                outcome: Outcome::Labeled(&found.as_ref().unwrap()[..]),
            });
            let options = IntervalOptions { level: Level::P95, n_resamples: 1, seed: 1 };
            let score = score_spans(&pairs.collect::<Vec<_>>(), number(&case["n_classes"]), &options);
            check_close("f1", score.unwrap().exact.micro_avg.f1.unwrap().value, &case[name]["f1"]);
            assert_eq!(known.len(), found.len());
        }
    }
}
