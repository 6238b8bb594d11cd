//! Bounds of error rates against scipy and statsmodels.
//!
//! The expected values in `reference/acceptance.json` were written by `reference/acceptance.py`, which says how to run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helping functions too")]

use karat_stats::Level;
use karat_stats::accept::{
    betting_upper, clopper_pearson, clopper_pearson_lower, clopper_pearson_upper, hoeffding_bentkus,
    hypergeometric_upper,
};
use serde_json::Value;

fn cases(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("reference/acceptance.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

#[track_caller]
fn check_close(case: &Value, name: &str, got: f64) {
    let want = case[name].as_f64().unwrap();
    assert!((got - want).abs() < 1e-9, "{name} of {case}: got {got}");
}

fn count(case: &Value, name: &str) -> u64 {
    case[name].as_u64().unwrap()
}

#[test]
fn clopper_pearson_bounds_are_those_of_scipy_and_statsmodels() {
    for case in cases("clopper_pearson") {
        let (k, n, delta) = (count(&case, "k"), count(&case, "n"), case["delta"].as_f64().unwrap());
        check_close(&case, "upper", clopper_pearson_upper(k, n, delta).unwrap());
        check_close(&case, "lower", clopper_pearson_lower(k, n, delta).unwrap());
        let interval = clopper_pearson(k, n, Level::new(1.0 - delta).unwrap()).unwrap();
        check_close(&case, "low", interval.low);
        check_close(&case, "high", interval.high);
    }
}

#[test]
fn hypergeometric_bounds_are_those_of_a_search_with_scipy() {
    for case in cases("hypergeometric") {
        let [k, n, pool, want] = ["k", "n", "pool", "upper"].map(|name| count(&case, name));
        assert_eq!(hypergeometric_upper(k, n, pool, case["delta"].as_f64().unwrap()), Some(want), "{case}");
    }
}

#[test]
fn hoeffding_bentkus_p_values_are_those_of_the_formula_with_scipy() {
    for case in cases("hoeffding_bentkus") {
        let [mean, allowed] = ["mean", "allowed"].map(|name| case[name].as_f64().unwrap());
        check_close(&case, "p", hoeffding_bentkus(mean, count(&case, "n"), allowed).unwrap());
    }
}

#[test]
fn betting_bounds_are_those_of_a_second_implementation() {
    for case in cases("betting") {
        let losses: Vec<f64> =
            case["losses"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
        check_close(&case, "upper", betting_upper(&losses, case["delta"].as_f64().unwrap()).unwrap());
    }
}
