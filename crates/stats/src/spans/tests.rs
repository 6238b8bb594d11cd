//! Every method on small readings, and what holds for any readings.

use proptest::prelude::*;

use super::{
    FoundSpan, OffTokens, Reading, Readings, SPAN_METHODS, SpanAggregate, SpanItem, SpanMethod, SpanOptions,
    SpanRemark, span_method,
};
use crate::random::SplitMix64;
use crate::{Class, Span};

const N_CLASSES: usize = 3;

fn span(start: u32, end: u32, class: u32) -> Span {
    Span { start, end, class: Class(class) }
}

/// Tokens two code points long with a space between them.
fn tokens(n: u32) -> Vec<(u32, u32)> {
    (0..n).map(|at| (3 * at, 3 * at + 2)).collect()
}

/// An item of six tokens; annotator 0 gave the first list, and so on.
fn item(readings: &[&[Span]]) -> SpanItem {
    let reading =
        |(annotator, spans): (u32, &&[Span])| Reading { annotator, spans: spans.to_vec(), unread: vec![] };
    SpanItem { tokens: tokens(6), readings: (0..).zip(readings).map(reading).collect() }
}

fn readings(items: Vec<SpanItem>) -> Readings {
    Readings::new(9, N_CLASSES, items).unwrap()
}

fn fit(name: &str, items: Vec<SpanItem>, options: &SpanOptions<'_>) -> SpanAggregate {
    (span_method(name).unwrap().fit)(&readings(items), options).unwrap()
}

fn spans(found: &[FoundSpan]) -> Vec<Span> {
    found.iter().map(|it| it.span).collect()
}

#[track_caller]
fn check_first(name: &str, items: Vec<SpanItem>, options: &SpanOptions<'_>, want: &[Span]) {
    let got = fit(name, items, options);
    assert_eq!(spans(got.items[0].as_ref().unwrap()), want, "{name}");
}

#[track_caller]
fn check_refused(name: &str, items: Vec<SpanItem>, options: &SpanOptions<'_>, want: &str) {
    let error = (span_method(name).unwrap().fit)(&readings(items), options).unwrap_err().to_string();
    assert!(error.contains(want), "{error}");
}

#[track_caller]
fn check_unusable(items: Vec<SpanItem>, want: &str) {
    let error = Readings::new(2, 2, items).unwrap_err().to_string();
    assert!(error.contains(want), "{error}");
}

fn default() -> SpanOptions<'static> {
    SpanOptions::default()
}

const A: Span = Span { start: 0, end: 2, class: Class(0) };
const B: Span = Span { start: 3, end: 8, class: Class(1) };

#[test]
fn one_vote_in_three_is_enough_and_one_in_four_is_not() {
    check_first("span_vote", vec![item(&[&[A], &[], &[]])], &default(), &[A]);
    check_first("span_vote", vec![item(&[&[A], &[], &[], &[]])], &default(), &[]);
}

#[test]
fn of_spans_that_overlap_the_one_with_more_votes_stays() {
    let votes = [&[B][..], &[span(3, 5, 1)], &[span(3, 5, 1)]];
    check_first("span_vote", vec![item(&votes)], &default(), &[span(3, 5, 1)]);
}

#[test]
fn overlapping_spans_stay_where_they_may() {
    let options = SpanOptions { allow_overlap: true, ..default() };
    let votes = [&[B][..], &[span(3, 5, 1)], &[span(3, 5, 1)]];
    check_first("span_vote", vec![item(&votes)], &options, &[span(3, 5, 1), B]);
}

#[test]
fn classes_with_equal_votes_are_all_named() {
    for name in ["span_vote", "span_dawid_skene", "span_clusters", "token_majority"] {
        let options = SpanOptions { min_posterior: 0.01, ..default() };
        let got = fit(name, vec![item(&[&[span(0, 2, 2)], &[A]])], &options);
        let found = &got.items[0].as_ref().unwrap()[0];
        assert_eq!((found.span, &found.tied[..]), (A, &[Class(2)][..]), "{name}");
        assert!(got.remarks.contains(&SpanRemark::Tied { n_spans: 1 }), "{name}");
    }
}

#[test]
fn the_borders_of_a_cluster_are_the_median() {
    let votes = [&[span(0, 8, 0)][..], &[span(3, 8, 0)], &[span(3, 11, 0)], &[]];
    check_first("span_clusters", vec![item(&votes)], &default(), &[span(3, 8, 0)]);
}

#[test]
fn tags_find_the_part_that_annotators_share() {
    let votes = [&[span(0, 5, 0)][..], &[span(0, 5, 0)], &[span(0, 8, 0)]];
    check_first("token_majority", vec![item(&votes)], &default(), &[span(0, 5, 0)]);
}

#[test]
fn whoever_looked_and_found_nothing_counts_and_whoever_did_not_look_does_not() {
    for method in SPAN_METHODS {
        let items = vec![SpanItem { tokens: tokens(2), readings: vec![] }, item(&[&[], &[]])];
        let got = fit(method.name, items, &default());
        assert_eq!(got.items, [None, Some(vec![])], "{}", method.name);
        assert!(got.remarks.contains(&SpanRemark::NotLookedAt { n_items: 1 }));
        assert_eq!(got.annotators[0].n_items, 1);
        assert_eq!((got.annotators[0].precision, got.annotators[0].recall), (None, None));
    }
}

#[test]
fn items_that_nobody_looked_at_change_nothing_in_the_others() {
    let nobody = SpanItem { tokens: tokens(6), readings: vec![] };
    let items = noisy(3, 8, &[80, 60, 40]);
    let more: Vec<SpanItem> = items.iter().cloned().chain(vec![nobody; 40]).collect();
    for method in SPAN_METHODS {
        let (want, got) =
            (fit(method.name, items.clone(), &default()), fit(method.name, more.clone(), &default()));
        check_same(method, &got, &want);
    }
}

#[test]
fn nothing_in_gives_nothing_out() {
    for method in SPAN_METHODS {
        for items in
            [vec![], vec![SpanItem::default()], vec![SpanItem { tokens: vec![], ..item(&[&[], &[]]) }]]
        {
            let n_items = items.len();
            assert_eq!(fit(method.name, items, &default()).items.len(), n_items, "{}", method.name);
        }
    }
}

#[test]
fn gold_is_given_back_and_nobody_needs_to_have_looked() {
    let gold = [Some(vec![B, A]), Some(vec![]), None];
    let options = SpanOptions { gold: &gold, ..default() };
    for method in SPAN_METHODS {
        let nobody = SpanItem { tokens: tokens(6), readings: vec![] };
        let got = fit(method.name, vec![nobody, item(&[&[A], &[A]]), item(&[&[A], &[A]])], &options);
        assert_eq!(spans(got.items[0].as_ref().unwrap()), [A, B], "{}", method.name);
        assert!(got.items[0].as_ref().unwrap().iter().all(|it| it.posterior == 1.0));
        assert_eq!(got.items[1], Some(vec![]), "{}", method.name);
        assert!(got.items[2].is_some());
    }
}

#[test]
fn gold_tells_whose_lone_spans_are_right() {
    // Annotator 0 is always right alone, annotator 1 always wrong.
    let alike = || item(&[&[A], &[span(9, 11, 0)], &[]]);
    let items: Vec<SpanItem> = (0..40).map(|_| alike()).collect();
    let gold: Vec<Option<Vec<Span>>> = (0..40).map(|at| (at > 0).then(|| vec![A])).collect();
    let options = SpanOptions { gold: &gold, ..default() };
    for method in SPAN_METHODS.iter().filter(|it| it.reads_gold) {
        check_first(method.name, items.clone(), &options, &[A]);
    }
}

#[test]
fn what_was_not_seen_is_no_vote_against() {
    let mut two = item(&[&[A], &[], &[], &[]]);
    two.readings[1].unread = vec![(0, 1)];
    check_first("span_vote", vec![two.clone()], &default(), &[A]);
    two.readings[1].unread = vec![(4, 5)];
    check_first("span_vote", vec![two], &default(), &[]);
}

#[test]
fn a_span_whose_border_was_not_seen_is_no_candidate_and_speaks_for_its_tokens() {
    let mut three = item(&[&[B], &[B], &[B]]);
    three.readings.iter_mut().for_each(|reading| reading.unread = vec![(6, 8)]);
    check_first("span_vote", vec![three.clone()], &default(), &[]);
    check_first("token_majority", vec![three], &default(), &[span(3, 5, 1)]);
}

#[test]
fn spans_off_the_tokens_are_counted() {
    let votes = || vec![item(&[&[span(1, 4, 0)], &[span(0, 5, 0)]])];
    let got = fit("token_majority", votes(), &default());
    assert!(got.remarks.contains(&SpanRemark::Snapped { n_spans: 1 }));
    assert_eq!(spans(got.items[0].as_ref().unwrap()), [span(0, 5, 0)]);
    let refuse = SpanOptions { off_tokens: OffTokens::Refuse, ..default() };
    let got = fit("token_dawid_skene", votes(), &refuse);
    assert!(got.remarks.contains(&SpanRemark::Refused { n_spans: 1 }));
    assert_eq!(spans(got.items[0].as_ref().unwrap()), [span(0, 5, 0)]);
}

#[test]
fn precision_and_recall_compare_with_the_result() {
    let got = fit("span_vote", vec![item(&[&[A, B], &[A, span(9, 11, 2)], &[A], &[A, B]])], &default());
    let skill = &got.annotators[1];
    assert_eq!((skill.n_spans, skill.precision, skill.recall), (2, Some(0.5), Some(0.5)));
    assert_eq!((got.annotators[8].n_items, got.annotators[8].precision), (0, None));
}

#[test]
fn who_can_be_compared_with_nobody_is_remarked() {
    let alone = |annotator| SpanItem {
        tokens: tokens(6),
        readings: vec![Reading { annotator, spans: vec![A], unread: vec![] }],
    };
    let remarks = |items| fit("span_vote", items, &default()).remarks;
    assert_eq!(remarks(vec![alone(0), alone(0)]), [SpanRemark::OneAnnotator]);
    assert_eq!(remarks(vec![alone(0), alone(1)]), [SpanRemark::NoOverlap]);
}

#[test]
fn rounds_that_end_too_early_are_remarked() {
    let options = SpanOptions { n_rounds: 1, tolerance: 0.0, ..default() };
    for method in SPAN_METHODS.iter().filter(|it| it.reads_gold) {
        let got = fit(method.name, vec![item(&[&[A], &[B], &[A, B]])], &options);
        assert!(!got.converged && got.remarks.contains(&SpanRemark::NotConverged), "{}", method.name);
    }
}

#[test]
fn methods_over_tokens_need_tokens() {
    for method in SPAN_METHODS {
        let items = vec![SpanItem { tokens: vec![], ..item(&[&[A]]) }];
        match method.needs_tokens {
            true => check_refused(method.name, items, &default(), "needs tokens, and 1 items with spans"),
            false => check_first(method.name, items, &default(), &[A]),
        }
    }
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let items = || vec![item(&[&[A]])];
    let gold = [Some(vec![span(0, 2, 9)])];
    check_refused("span_vote", items(), &SpanOptions { gold: &gold, ..default() }, "gold class 9");
    check_refused("span_vote", items(), &SpanOptions { gold: &[None, None], ..default() }, "2 lists");
    for bad in [0.0, 1.5, f64::NAN] {
        let options = SpanOptions { min_share: bad, ..default() };
        check_refused("span_vote", items(), &options, "least share");
    }
    let options = SpanOptions { tolerance: f64::NAN, ..default() };
    check_refused("previous_tag", items(), &options, "tolerance");
}

#[test]
fn readings_that_cannot_be_are_refused() {
    check_unusable(vec![item(&[&[span(2, 2, 0)]])], "empty");
    check_unusable(vec![item(&[&[span(0, 2, 2)]])], "class 2");
    check_unusable(vec![item(&[&[], &[], &[]])], "annotator 2");
    check_unusable(vec![SpanItem { tokens: vec![(0, 2), (1, 3)], ..item(&[]) }], "tokens of item 0");
    let mut nothing = item(&[&[]]);
    nothing.readings[0].unread = vec![(3, 3)];
    check_unusable(vec![nothing], "unread part from 3 to 3");
    let mut twice = item(&[&[], &[]]);
    twice.readings[1].annotator = 0;
    check_unusable(vec![twice], "two readings");
}

#[test]
fn every_method_has_a_name_of_its_own_and_a_paper() {
    for (at, method) in SPAN_METHODS.iter().enumerate() {
        assert!(SPAN_METHODS[..at].iter().all(|it| it.name != method.name));
        assert!([method.title, method.about, method.paper].iter().all(|it| !it.is_empty()));
    }
}

/// Items on which annotators with these chances of copying the truth differ, in general without ties.
fn noisy(seed: u64, n_items: usize, skills: &[u64]) -> Vec<SpanItem> {
    let mut random = SplitMix64::new(seed);
    let spans = |random: &mut SplitMix64| -> Vec<Span> {
        let mut spans = Vec::new();
        let mut at = random.below(3) as u32;
        while at < 6 {
            let end = (at + 1 + random.below(3) as u32).min(6);
            spans.push(span(3 * at, 3 * end - 1, random.below(N_CLASSES as u64) as u32));
            at = end + random.below(4) as u32;
        }
        spans
    };
    let mut items = Vec::new();
    for _ in 0..n_items {
        let truth = spans(&mut random);
        let own = skills.iter().map(|skill| match random.below(100) < *skill {
            true => truth.clone(),
            false => spans(&mut random),
        });
        let own: Vec<Vec<Span>> = own.collect();
        items.push(item(&own.iter().map(|it| &it[..]).collect::<Vec<_>>()));
    }
    items
}

/// The same spans with the same posteriors, whatever their ties.
fn check_same(method: &SpanMethod, got: &SpanAggregate, want: &SpanAggregate) {
    for (got, want) in got.items.iter().zip(&want.items) {
        let (got, want) = (got.as_ref().unwrap(), want.as_ref().unwrap());
        assert_eq!(spans(got), spans(want), "{}", method.name);
        for (got, want) in got.iter().zip(want) {
            assert!((got.posterior - want.posterior).abs() < 1e-9, "{}: {got:?} {want:?}", method.name);
        }
    }
}

#[test]
fn the_names_of_annotators_and_classes_and_the_order_of_items_change_nothing() {
    let items = noisy(7, 40, &[90, 70, 50, 30, 61]);
    let other_class = |class: Class| Class((class.0 + 1) % N_CLASSES as u32);
    let mut renamed = items.clone();
    renamed.reverse();
    for reading in renamed.iter_mut().flat_map(|item| &mut item.readings) {
        reading.annotator = (reading.annotator * 3 + 2) % 5;
        reading.spans.iter_mut().for_each(|it| it.class = other_class(it.class));
    }
    for method in SPAN_METHODS {
        let (want, mut got) =
            (fit(method.name, items.clone(), &default()), fit(method.name, renamed.clone(), &default()));
        got.items.reverse();
        let mut want = want;
        let back = |got: &mut SpanAggregate, rename: &dyn Fn(Class) -> Class| {
            for found in got.items.iter_mut().flatten().flatten() {
                let all = found.tied.drain(..).chain([found.span.class]).map(rename);
                found.span.class = all.min().unwrap();
            }
        };
        back(&mut want, &other_class);
        back(&mut got, &|class| class);
        check_same(method, &got, &want);
    }
}

fn arb_spans() -> impl Strategy<Value = Vec<Span>> {
    let span_of = |(at, more, class): (u32, u32, u32)| span(3 * at, 3 * (at + more).min(6) - 1, class);
    let spans = prop::collection::vec((0..6_u32, 1..4_u32, 0..N_CLASSES as u32).prop_map(span_of), 0..4);
    spans.prop_map(|mut spans| {
        spans.sort_unstable();
        let mut kept: Vec<Span> = Vec::new();
        for it in spans {
            if kept.last().is_none_or(|last| last.end <= it.start) {
                kept.push(it);
            }
        }
        kept
    })
}

fn arb_items() -> impl Strategy<Value = Vec<SpanItem>> {
    let item_of = |own: Vec<Vec<Span>>| item(&own.iter().map(|it| &it[..]).collect::<Vec<_>>());
    prop::collection::vec(prop::collection::vec(arb_spans(), 1..5).prop_map(item_of), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spans_are_in_order_apart_and_inside_with_posteriors_that_are_probabilities(items in arb_items()) {
        for method in SPAN_METHODS {
            let got = fit(method.name, items.clone(), &default());
            for found in got.items.iter().flatten() {
                for two in found.windows(2) {
                    prop_assert!(two[0].span.end <= two[1].span.start, "{}: {found:?}", method.name);
                }
                for it in found {
                    prop_assert!(it.span.start < it.span.end && it.span.end <= 17);
                    prop_assert!(it.posterior > 0.0 && it.posterior <= 1.0, "{}: {it:?}", method.name);
                }
            }
        }
    }

    #[test]
    fn what_is_maximized_never_falls(items in arb_items()) {
        let options = SpanOptions { n_rounds: 30, tolerance: 0.0, ..default() };
        for method in SPAN_METHODS {
            let got = fit(method.name, items.clone(), &options);
            for two in got.objective.windows(2) {
                prop_assert!(two[1] >= two[0] - 1e-9, "{}: {two:?}", method.name);
            }
        }
    }

    #[test]
    fn spans_that_everybody_marks_stay(all in prop::collection::vec(arb_spans(), 1..6), n_annotators in 1..5_usize) {
        let items: Vec<SpanItem> = all.iter().map(|own| item(&vec![&own[..]; n_annotators])).collect();
        for method in SPAN_METHODS {
            let got = fit(method.name, items.clone(), &default());
            for (got, want) in got.items.iter().zip(&all) {
                prop_assert_eq!(&spans(got.as_ref().unwrap()), want, "{}", method.name);
            }
        }
    }
}
