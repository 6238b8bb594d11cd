//! Calibrators: what they give, that they do not fall, and what they refuse.

use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_assert, prop_assert_eq, proptest};

use super::scored::{SCORE_EDGE, groups, in_order};
use super::{
    CALIBRATORS, CalibrateError, CalibrateOptions, Calibrator, Method, Rule, Scored, apply_temperature,
    calibrate, calibrator, choose, temperature_vector,
};
use crate::Class;
use crate::random::SplitMix64;

const OPTIONS: CalibrateOptions = CalibrateOptions { rule: Rule::BySize, n_folds: 5, n_bins: 15, seed: 7 };

/// Items as (score, right).
fn items(list: &[(f64, u8)]) -> Vec<Scored> {
    list.iter().map(|(score, right)| Scored::new(*score, *right == 1)).collect()
}

fn fit(name: &str, gold: &[Scored]) -> Calibrator {
    (calibrator(name).unwrap().fit)(gold).unwrap()
}

#[track_caller]
fn check_close(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-9, "got {got}, want {want}");
}

/// Gold whose score `s` is right with probability `truth(s)`.
fn drawn(n: usize, seed: u64, truth: fn(f64) -> f64) -> Vec<Scored> {
    let mut random = SplitMix64::new(seed);
    let mut draw = || {
        let score = random.unit().powf(0.2);
        Scored::new(score, random.unit() < truth(score))
    };
    (0..n).map(|_| draw()).collect()
}

fn shuffled(gold: &[Scored], seed: u64) -> Vec<Scored> {
    let mut other = gold.to_vec();
    SplitMix64::new(seed).shuffle(&mut other);
    other
}

#[track_caller]
fn check_refused(gold: &[Scored], want: &CalibrateError) {
    for method in CALIBRATORS {
        assert_eq!((method.fit)(gold).as_ref(), Err(want), "{}", method.name);
    }
}

#[test]
fn no_items_cannot_be_learned_from() {
    check_refused(&[], &CalibrateError::NoItems);
}

#[test]
fn items_that_are_all_right_cannot_be_learned_from() {
    let want = CalibrateError::OneOutcome { n_right: 2, n_wrong: 0, needed: 1 };
    check_refused(&items(&[(0.9, 1), (0.7, 1)]), &want);
}

#[test]
fn a_score_in_percent_is_refused() {
    check_refused(&items(&[(90.0, 1), (0.7, 0)]), &CalibrateError::BadScore { got: 90.0 });
}

#[test]
fn a_score_that_is_no_number_is_refused() {
    let refused =
        calibrate(&[Scored::new(f64::NAN, true)], &CalibrateOptions { rule: only("platt"), ..OPTIONS });
    assert!(matches!(refused, Err(CalibrateError::BadScore { got }) if got.is_nan()));
}

#[test]
fn a_weight_of_zero_is_refused() {
    let gold = [Scored { weight: 0.0, ..Scored::new(0.5, true) }, Scored::new(0.5, false)];
    check_refused(&gold, &CalibrateError::BadWeight { got: 0.0 });
}

fn only(name: &str) -> Rule {
    Rule::Only(calibrator(name).unwrap())
}

#[test]
fn twenty_nine_gold_items_are_too_few_and_thirty_are_enough() {
    let want = CalibrateError::TooLittleGold { got: 29, needed: 30 };
    assert_eq!(choose(29).unwrap_err(), want);
    assert_eq!(calibrate(&drawn(29, 1, |s| s), &OPTIONS), Err(want));
    assert!(calibrate(&drawn(30, 1, |_| 0.6), &OPTIONS).is_ok());
}

#[test]
fn three_hundred_gold_items_bear_no_free_curve() {
    let names = |n| choose(n).unwrap().iter().map(|it| it.name).collect::<Vec<_>>();
    assert_eq!(names(300), ["temperature", "platt"]);
    assert_eq!(names(301).len(), CALIBRATORS.len());
}

#[test]
fn one_wrong_item_is_too_little_to_measure_on() {
    let gold: Vec<Scored> = (0..50).map(|it| Scored::new(0.9, it > 0)).collect();
    let want = CalibrateError::OneOutcome { n_right: 49, n_wrong: 1, needed: 2 };
    assert_eq!(calibrate(&gold, &OPTIONS), Err(want));
}

#[test]
fn one_fold_is_no_cross_fitting() {
    let refused = calibrate(&drawn(100, 1, |s| s), &CalibrateOptions { n_folds: 1, ..OPTIONS });
    assert_eq!(refused, Err(CalibrateError::TooFewFolds { got: 1 }));
}

#[test]
fn two_gold_items_give_a_curve_and_no_certainty() {
    for method in CALIBRATORS {
        let fitted = (method.fit)(&items(&[(0.3, 0), (0.8, 1)])).unwrap();
        for score in [0.0, 0.3, 0.5, 0.8, 1.0] {
            let p = fitted.apply(score);
            assert!((SCORE_EDGE..=1.0 - SCORE_EDGE).contains(&p), "{} gives {p} at {score}", method.name);
        }
    }
}

#[test]
fn one_score_for_all_becomes_the_share_of_right_items() {
    let gold: Vec<Scored> = (0..400).map(|it| Scored::new(0.95, it % 4 > 0)).collect();
    for method in CALIBRATORS {
        let p = (method.fit)(&gold).unwrap().apply(0.95);
        assert!((p - 0.75).abs() < 0.003, "{} gives {p}", method.name);
    }
}

#[test]
fn a_score_that_ranks_backwards_is_not_turned_around() {
    let gold = drawn(2_000, 3, |s| 1.0 - 0.8 * s);
    for method in CALIBRATORS {
        let fitted = (method.fit)(&gold).unwrap();
        assert!(fitted.apply(0.2) <= fitted.apply(0.9), "{}", method.name);
    }
    assert!(matches!(fit("platt", &gold), Calibrator::Platt { slope: 0.0, .. }));
}

#[test]
fn the_temperature_that_made_the_scores_comes_back() {
    // Scores at twice the log-odds of the truth.
    let truth = |s: f64| (s / (1.0 - s)).sqrt() / (1.0 + (s / (1.0 - s)).sqrt());
    let Calibrator::Temperature { temperature } = fit("temperature", &drawn(50_000, 5, truth)) else {
        panic!()
    };
    assert!((temperature - 2.0).abs() < 0.05, "{temperature}");
}

#[test]
fn every_curve_finds_the_truth_with_enough_gold() {
    let gold = drawn(20_000, 11, |s| s * s);
    for method in CALIBRATORS.iter().filter(|it| it.name != "temperature") {
        let fitted = (method.fit)(&gold).unwrap();
        for score in [0.6, 0.75, 0.9] {
            let off = (fitted.apply(score) - score * score).abs();
            // A bin of a tenth of the items is as wide as its lowest scores.
            let allowed = if method.name == "histogram" { 0.1 } else { 0.05 };
            assert!(off < allowed, "{} is off by {off} at {score}", method.name);
        }
    }
}

#[test]
fn pooled_blocks_have_the_share_of_their_items() {
    let curve =
        fit("isotonic", &items(&[(0.1, 0), (0.2, 1), (0.3, 0), (0.4, 1), (0.5, 1), (0.6, 0), (0.7, 1)]));
    // {.1} {.2 .3} {.4 .5 .6} {.7}: the ends are smoothed to 1/3 and, as that is no more than 2/3, pooled: 3/4.
    check_close(curve.apply(0.1), 1.0 / 3.0);
    check_close(curve.apply(0.25), 0.5);
    check_close(curve.apply(0.4), 0.75);
    check_close(curve.apply(0.9), 0.75);
    check_close(curve.apply(0.35), 0.625);
}

#[test]
fn right_items_at_the_very_top_are_no_certainty() {
    let mut gold: Vec<Scored> = (0..18).map(|_| Scored::new(1.0, true)).collect();
    gold.extend(items(&[(0.5, 0), (0.5, 1)]));
    check_close(fit("isotonic", &gold).apply(1.0), 19.0 / 20.0);
}

#[test]
fn a_venn_abers_range_narrows_with_gold() {
    let width = |n| {
        let (p0, p1) = fit("venn_abers", &drawn(n, 2, |s| s)).range(0.9).unwrap();
        p1 - p0
    };
    assert!(width(30) > 3.0 * width(3_000), "{} and {}", width(30), width(3_000));
}

#[test]
fn beyond_the_gold_a_venn_abers_range_reaches_the_end() {
    let fitted = fit("venn_abers", &items(&[(0.4, 0), (0.5, 1), (0.6, 0)]));
    assert_eq!(fitted.range(0.9).unwrap().1, 1.0);
    assert_eq!(fitted.range(0.1).unwrap().0, 0.0);
    assert_eq!(fit("platt", &items(&[(0.4, 0), (0.5, 1)])).range(0.5), None);
}

#[test]
fn a_curve_fitted_to_noise_wins_nothing_on_held_out_items() {
    let (mut own, mut held_out) = (0.0, 0.0);
    for seed in 0..20 {
        let gold = drawn(400, seed, |_| 0.7);
        let calibrated = calibrate(&gold, &CalibrateOptions { rule: only("isotonic"), ..OPTIONS }).unwrap();
        let refitted = |it: &Scored| Scored { score: calibrated.calibrator.apply(it.score), ..*it };
        own += super::auroc(&gold.iter().map(refitted).collect::<Vec<_>>()).unwrap().unwrap() / 20.0;
        held_out += calibrated.after.auroc.unwrap() / 20.0;
    }
    assert!(own > 0.53 && held_out < 0.51, "{own} and {held_out}");
}

#[test]
fn calibration_brings_an_overconfident_score_near_the_truth() {
    for n in [100, 1_000] {
        let calibrated = calibrate(&drawn(n, 4, |s| s * s * s), &OPTIONS).unwrap();
        let (before, after) = (calibrated.before, calibrated.after);
        assert!(after.ece < before.ece && after.log_loss < 0.9 * before.log_loss, "{before:?} {after:?}");
        assert_eq!(calibrated.cross_fitted.len(), n);
    }
}

#[test]
fn the_candidate_with_the_least_loss_is_taken() {
    let calibrated = calibrate(&drawn(500, 9, |s| s * s), &OPTIONS).unwrap();
    let least = calibrated.candidates.iter().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss)).unwrap();
    assert_eq!(least.name, calibrated.calibrator.name());
    check_close(least.log_loss, calibrated.after.log_loss);
}

#[test]
fn cross_fitted_values_stay_with_their_items() {
    let gold = drawn(200, 6, |s| s);
    let calibrated = calibrate(&gold, &OPTIONS).unwrap();
    for (item, p) in gold.iter().zip(&calibrated.cross_fitted) {
        assert!((calibrated.calibrator.apply(item.score) - p).abs() < 0.2, "{item:?} {p}");
    }
}

#[test]
fn a_vector_of_certainties_becomes_milder() {
    let rows = [0.98, 0.01, 0.01].repeat(9);
    let gold = [0, 0, 0, 0, 0, 0, 1, 1, 2].map(Class);
    let temperature = temperature_vector(&rows, 3, &gold).unwrap();
    check_close(apply_temperature(&rows[..3], temperature)[0], 2.0 / 3.0);
}

#[test]
fn a_gold_class_outside_the_vector_is_refused() {
    let want = CalibrateError::BadClass { got: Class(2), n_classes: 2 };
    assert_eq!(temperature_vector(&[0.5, 0.5], 2, &[Class(2)]), Err(want));
    assert!(temperature_vector(&[f64::NAN, 0.5], 2, &[Class(0)]).is_err());
    assert!(temperature_vector(&[0.5], 2, &[Class(0)]).is_err());
    assert!(temperature_vector(&[], 2, &[]).is_err());
}

#[test]
fn stored_numbers_that_are_no_curve_are_refused() {
    for (name, list) in [
        ("temperature", vec![0.0]),
        ("temperature", vec![]),
        ("platt", vec![-1.0, 0.0]),
        ("beta", vec![1.0, f64::NAN, 0.0]),
        ("isotonic", vec![0.2, 0.9, 0.4, 0.1]),
        ("isotonic", vec![0.2]),
        ("histogram", vec![]),
        ("venn_abers", vec![0.2, 0.1]),
        ("tarot", vec![1.0]),
    ] {
        assert_eq!(Calibrator::from_parameters(name, &list), None, "{name} {list:?}");
    }
}

#[test]
fn names_are_distinct_and_errors_are_sentences() {
    for (idx, method) in CALIBRATORS.iter().enumerate() {
        assert!(CALIBRATORS[idx + 1..].iter().all(|it| it.name != method.name), "{}", method.name);
        assert_eq!(fit(method.name, &drawn(50, 1, |s| s)).name(), method.name);
    }
    let error = calibrate(&drawn(12, 1, |s| s), &OPTIONS).unwrap_err();
    assert_eq!(error.to_string(), "uncalibrated: of 30 gold items that are needed there are 12; 18 more");
}

/// Isotonic regression at one score by its definition: the greatest, over starts, of the least, over ends, mean.
fn max_min(gold: &[Scored], score: f64) -> f64 {
    let groups = groups(gold);
    let at = groups.iter().position(|it| it.score == score).unwrap();
    let mean = |from: usize, to: usize| {
        let inside = &groups[from..=to];
        inside.iter().map(|it| it.right).sum::<f64>() / inside.iter().map(|it| it.weight).sum::<f64>()
    };
    let least = |from: usize| (at..groups.len()).map(|to| mean(from, to)).fold(f64::INFINITY, f64::min);
    (0..=at).map(least).fold(0.0, f64::max)
}

/// Gold with both outcomes; scores often tie.
fn gold(weighted: bool) -> impl Strategy<Value = Vec<Scored>> {
    let weight = if weighted { (0.1..5.0).boxed() } else { Just(1.0).boxed() };
    let score = prop::strategy::Union::new([
        (0..=10_u32).prop_map(|it| f64::from(it) / 10.0).boxed(),
        (0.0..=1.0).boxed(),
    ]);
    prop::collection::vec((score, prop::bool::ANY, weight), 2..60).prop_map(|list| {
        let mut gold: Vec<Scored> =
            list.into_iter().map(|(score, right, weight)| Scored { score, right, weight }).collect();
        gold[0].right = true;
        gold[1].right = false;
        gold
    })
}

fn each_method(check: impl Fn(&Method, &Calibrator) -> bool, gold: &[Scored]) -> Option<&'static str> {
    CALIBRATORS.iter().find(|method| !check(method, &(method.fit)(gold).unwrap())).map(|it| it.name)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_calibrator_falls_or_is_certain(gold in gold(true), mut scores in prop::collection::vec(0.0..=1.0, 2..30)) {
        scores.extend(gold.iter().map(|it| it.score));
        scores.extend([0.0, 1.0]);
        scores.sort_by(f64::total_cmp);
        let rises = |_: &Method, fitted: &Calibrator| {
            let p: Vec<f64> = scores.iter().map(|score| fitted.apply(*score)).collect();
            p.is_sorted_by(|a, b| *a <= b + 1e-12) && p.iter().all(|p| (SCORE_EDGE..=1.0 - SCORE_EDGE).contains(p))
        };
        prop_assert_eq!(each_method(rises, &gold), None);
    }

    #[test]
    fn the_order_of_the_gold_changes_no_bit(gold in gold(true), seed in 0_u64..1_000) {
        let other = shuffled(&gold, seed);
        prop_assert_eq!(each_method(|method, fitted| (method.fit)(&other).as_ref() == Ok(fitted), &gold), None);
    }

    #[test]
    fn stored_numbers_give_the_same_calibrator(gold in gold(true)) {
        let same = |_: &Method, fitted: &Calibrator| {
            Calibrator::from_parameters(fitted.name(), &fitted.parameters()).as_ref() == Some(fitted)
        };
        prop_assert_eq!(each_method(same, &gold), None);
    }

    #[test]
    fn a_weight_of_two_is_an_item_twice(gold in gold(false)) {
        // Doubling some: of equal total, so that smoothing by a count sees the same.
        let mut twice = gold.clone();
        twice.extend(gold.iter().step_by(2).copied());
        let scale = twice.len() as f64 / gold.len() as f64;
        let weighted: Vec<Scored> = gold.iter().enumerate()
            .map(|(idx, it)| Scored { weight: if idx % 2 == 0 { 2.0 } else { 1.0 } / scale, ..*it }).collect();
        let curve = |gold: &[Scored]| max_min(&in_order(gold).unwrap().0, gold[0].score);
        prop_assert!((curve(&twice) - curve(&weighted)).abs() < 1e-9);
        let of = |gold: &[Scored]| (super::ece(gold, super::Binning::EqualWidth(15)).unwrap(), super::brier(gold).unwrap(), super::auroc(gold).unwrap().unwrap());
        let (a, b) = (of(&twice), of(&weighted));
        prop_assert!((a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9 && (a.2 - b.2).abs() < 1e-9);
    }

    #[test]
    fn venn_abers_is_isotonic_regression_with_one_item_more(gold in gold(true), query in 0.0..=1.0, tie in prop::bool::ANY) {
        let query = if tie { gold[0].score } else { query };
        let sorted = in_order(&gold).unwrap().0;
        let with = |right: bool| {
            let mut more = sorted.clone();
            more.push(Scored::new(query, right));
            more.sort_by(|a, b| a.score.total_cmp(&b.score));
            max_min(&more, query)
        };
        let (p0, p1) = fit("venn_abers", &gold).range(query).unwrap();
        prop_assert!((p0 - with(false)).abs() < 1e-9, "p0 {} {}", p0, with(false));
        prop_assert!((p1 - with(true)).abs() < 1e-9, "p1 {} {}", p1, with(true));
        prop_assert!(p0 <= p1);
    }

    #[test]
    fn cross_fitting_does_not_depend_on_the_order(seed in 0_u64..1_000) {
        let gold = drawn(80, seed, |s| 0.8 * s);
        let other = shuffled(&gold, seed + 1);
        let (one, two) = (calibrate(&gold, &OPTIONS).unwrap(), calibrate(&other, &OPTIONS).unwrap());
        prop_assert_eq!(one.calibrator, two.calibrator);
        prop_assert_eq!(one.after, two.after);
    }
}
