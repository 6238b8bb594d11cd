//! Calibrators and measures against published implementations: scikit-learn, statsmodels, venn-abers, scipy, numpy.
//!
//! The expected values in `reference/calibration.json` were written by `reference/calibration.py`, which says how to
//! run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helping functions too")]

use karat_stats::calibrate::{
    Binning, Calibrator, Scored, aurc, auroc, brier, brier_full, brier_parts, calibrator, classwise_ece, ece,
    log_loss, log_loss_full, max_calibration_error, reliability_diagram, temperature_vector,
};
use karat_stats::{Class, Level};
use serde_json::Value;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/calibration.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

#[track_caller]
fn check_close(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() < tolerance, "{what}: got {got}, want {want}");
}

/// Compares a number of every case that has it.
#[track_caller]
fn check_each(key: &str, tolerance: f64, got: impl Fn(&[Scored]) -> Vec<f64>) {
    let mut n_checked = 0;
    for case in reference()["cases"].as_array().unwrap() {
        let want = match &case[key] {
            Value::Null => continue,
            Value::Number(one) => vec![one.as_f64().unwrap()],
            list => numbers(list),
        };
        let got = got(&items(case));
        assert_eq!(got.len(), want.len(), "{key} of {}", case["name"]);
        for (got, want) in got.iter().zip(&want) {
            check_close(&format!("{key} of {}", case["name"]), *got, *want, tolerance);
        }
        n_checked += 1;
    }
    assert!(n_checked > 0, "no case has {key}");
}

fn items(case: &Value) -> Vec<Scored> {
    let (scores, right) = (numbers(&case["score"]), numbers(&case["right"]));
    let mut items: Vec<Scored> =
        scores.iter().zip(right).map(|(score, right)| Scored::new(*score, right == 1.0)).collect();
    if !case["weight"].is_null() {
        items.iter_mut().zip(numbers(&case["weight"])).for_each(|(item, weight)| item.weight = weight);
    }
    items
}

fn fit(name: &str, gold: &[Scored]) -> Calibrator {
    (calibrator(name).unwrap().fit)(gold).unwrap()
}

fn applied(fitted: &Calibrator) -> Vec<f64> {
    numbers(&reference()["queries"]).into_iter().map(|score| fitted.apply(score)).collect()
}

/// 1e-6: scipy finds a minimum by its values, which are flat to rounding over a hundred-millionth.
#[test]
fn temperatures_are_those_of_a_search_by_scipy() {
    check_each("temperature", 1e-7, |gold| fit("temperature", gold).parameters());
}

#[test]
fn platt_is_the_regression_of_statsmodels_on_platts_targets() {
    check_each("platt", 1e-9, |gold| fit("platt", gold).parameters());
}

/// 1e-5: scikit-learn's search ends early. It is given the log-odds of the scores, as Platt scaling takes them here.
#[test]
fn platt_is_near_the_sigmoid_of_scikit_learn() {
    check_each("platt_sklearn", 1e-5, |gold| applied(&fit("platt", gold)));
}

/// On Platt's targets in place of 0 and 1, so that it stays finite where scores separate right from wrong; where
/// statsmodels finds a slope below 0 the two differ by design, and there is nothing to compare.
#[test]
fn beta_calibration_is_the_regression_of_statsmodels() {
    check_each("beta", 1e-9, |gold| fit("beta", gold).parameters());
}

/// The curve is that of scikit-learn but for its ends: where a first or last block is all wrong or all right,
/// scikit-learn says 0 or 1, and here it is smoothed, possibly joined with its neighbor.
#[test]
fn isotonic_regression_is_that_of_scikit_learn_but_for_certain_ends() {
    let queries = numbers(&reference()["queries"]);
    let mut n_compared = 0;
    for case in reference()["cases"].as_array().unwrap() {
        let want = numbers(&case["isotonic"]);
        let fitted = fit("isotonic", &items(case));
        let Calibrator::Isotonic { knots } = &fitted else { panic!("{fitted:?}") };
        // Left of the second block and right of the last but one, an end reaches in.
        let middle: Vec<f64> = knots.iter().map(|it| it.probability).collect();
        let inner = |p: f64| p > middle[0] && p < middle[middle.len() - 1];
        for (query, want) in queries.iter().zip(&want) {
            let got = fitted.apply(*query);
            let touches_end = {
                let above = knots.partition_point(|it| it.score < *query);
                let near = [above.saturating_sub(1), above.min(knots.len() - 1)];
                near.iter().any(|idx| !inner(knots[*idx].probability))
            };
            if touches_end {
                assert!(got > 0.0 && got < 1.0);
            } else {
                check_close(&format!("{} at {query}", case["name"]), got, *want, 1e-9);
                n_compared += 1;
            }
        }
    }
    assert!(n_compared >= 8, "{n_compared}");
}

#[test]
fn histogram_binning_is_that_of_numpy() {
    check_each("histogram", 1e-9, |gold| applied(&fit("histogram", gold)));
}

/// At every query, between and beyond the scores of the gold too.
#[test]
fn venn_abers_probabilities_are_those_of_the_package() {
    let queries = numbers(&reference()["queries"]);
    let mut n_compared = 0;
    for case in reference()["cases"].as_array().unwrap() {
        if case["venn_abers"].is_null() {
            continue;
        }
        let gold = items(case);
        let fitted = fit("venn_abers", &gold);
        let want = |key: &str| numbers(&case["venn_abers"][key]);
        for (idx, query) in queries.iter().enumerate() {
            let (p0, p1) = fitted.range(*query).unwrap();
            let what = format!("{} at {query}", case["name"]);
            check_close(&format!("p0 of {what}"), p0, want("p0")[idx], 1e-9);
            check_close(&format!("p1 of {what}"), p1, want("p1")[idx], 1e-9);
            let merged = fitted.apply(*query);
            check_close(&format!("p of {what}"), merged, want("p")[idx].clamp(1e-6, 1.0 - 1e-6), 1e-9);
            n_compared += 1;
        }
    }
    assert!(n_compared > 20);
}

#[test]
fn calibration_errors_are_those_of_numpy() {
    check_each("ece", 1e-9, |items| vec![ece(items, Binning::EqualWidth(15)).unwrap()]);
    check_each("ece_equal_mass", 1e-9, |items| vec![ece(items, Binning::EqualMass(15)).unwrap()]);
    check_each("max_error", 1e-9, |items| {
        vec![max_calibration_error(items, Binning::EqualMass(15)).unwrap()]
    });
}

#[test]
fn proper_scores_are_those_of_scikit_learn() {
    check_each("brier", 1e-9, |items| vec![brier(items).unwrap()]);
    check_each("log_loss", 1e-9, |items| vec![log_loss(items).unwrap()]);
    check_each("brier_parts", 1e-9, |items| {
        let parts = brier_parts(items, Binning::EqualWidth(15)).unwrap();
        vec![parts.reliability, parts.resolution, parts.uncertainty]
    });
}

#[test]
fn ranking_measures_are_those_of_scikit_learn_and_numpy() {
    check_each("auroc", 1e-9, |items| vec![auroc(items).unwrap().unwrap()]);
    check_each("aurc", 1e-9, |items| vec![aurc(items).unwrap()]);
}

#[test]
fn reliability_diagrams_are_those_of_scikit_learn() {
    let (mut n_wide, mut n_mass) = (0, 0);
    for case in reference()["cases"].as_array().unwrap() {
        for (key, binning, n) in [
            ("curve_uniform", Binning::EqualWidth(15), &mut n_wide),
            ("curve_quantile", Binning::EqualMass(10), &mut n_mass),
        ] {
            if case[key].is_null() {
                continue;
            }
            let bins = reliability_diagram(&items(case), binning, Level::P95).unwrap();
            let (said, came) = (numbers(&case[key][0]), numbers(&case[key][1]));
            assert_eq!(bins.len(), said.len(), "{key} of {}", case["name"]);
            for (bin, (said, came)) in bins.iter().zip(said.iter().zip(came)) {
                check_close(key, bin.mean_score, *said, 1e-9);
                check_close(key, bin.share_right.value, came, 1e-9);
            }
            *n += 1;
        }
    }
    assert!(n_wide > 0 && n_mass > 0);
}

#[test]
fn measures_of_whole_distributions_are_those_of_scikit_learn_and_scipy() {
    let reference = &reference()["classes"];
    let rows = numbers(&reference["rows"]);
    let gold: Vec<Class> = numbers(&reference["gold"]).into_iter().map(|it| Class(it as u32)).collect();
    let want = |key: &str| reference[key].as_f64().unwrap();
    check_close("brier", brier_full(&rows, 4, &gold).unwrap(), want("brier"), 1e-9);
    // scikit-learn divides each row by its sum first: rows of probabilities sum to 1 but for rounding and the clipping.
    check_close("log loss", log_loss_full(&rows, 4, &gold).unwrap(), want("log_loss"), 1e-6);
    let classwise = classwise_ece(&rows, 4, &gold, Binning::EqualWidth(15)).unwrap();
    check_close("classwise", classwise, want("classwise_ece"), 1e-9);
    // 1e-6 for the reason given above.
    check_close("temperature", temperature_vector(&rows, 4, &gold).unwrap(), want("temperature"), 1e-6);
}
