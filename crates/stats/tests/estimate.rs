//! Prediction-powered inference against ppi-python and statsmodels.
//!
//! The expected values in `reference/estimate.json` were written by `reference/estimate.py`, which says how to run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helping functions too")]

use karat_stats::Level;
use karat_stats::estimate::{Corrected, Regression, RegressionReport, Tuning, logistic, mean, ols};
use serde_json::Value;

const TUNINGS: [(&str, Tuning); 4] = [
    ("tuned", Tuning::Tuned),
    ("one", Tuning::Fixed(1.0)),
    ("third", Tuning::Fixed(0.3)),
    ("zero", Tuning::Fixed(0.0)),
];

fn cases(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("reference/estimate.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

#[track_caller]
fn check_close(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() < tolerance, "{what}: got {got}, want {want}");
}

#[track_caller]
fn check_ends(what: &str, got: &[Corrected], want: &Value, tolerance: f64) {
    for (idx, got) in got.iter().enumerate() {
        let interval = got.interval.unwrap();
        check_close(&format!("{what} low {idx}"), interval.low, numbers(&want[0])[idx], tolerance);
        check_close(&format!("{what} high {idx}"), interval.high, numbers(&want[1])[idx], tolerance);
    }
}

#[test]
fn means_are_those_of_ppi_python() {
    for case in cases("mean") {
        let [human, model, pool] = ["human", "model", "pool"].map(|name| numbers(&case[name]));
        for (name, tuning) in TUNINGS {
            let report = mean(&human, &model, &pool, tuning, Level::P95).unwrap();
            check_close(name, report.corrected.value, case[name]["value"].as_f64().unwrap(), 1e-9);
            check_ends(name, &[report.corrected], &case[name]["ends"], 1e-9);
            let classical = numbers(&case["classical"]);
            check_close("classical", report.classical.value, classical[0], 1e-9);
            check_close("classical error", report.classical.error.unwrap(), classical[1], 1e-9);
        }
    }
}

/// Every tuning of every case of a regression, and the coefficients without the model.
fn check_regression(name: &str, fit: impl Fn(&Regression<'_>, Tuning) -> RegressionReport, tolerance: f64) {
    for case in cases(name) {
        let lists = ["x", "human", "model", "x_pool", "pool"].map(|name| numbers(&case[name]));
        let [features, human, model, features_pool, model_pool] = &lists;
        let data = Regression { n_features: 3, features, human, model, features_pool, model_pool };
        for (tuning_name, tuning) in TUNINGS {
            let report = fit(&data, tuning);
            check_ends(&format!("{name} {tuning_name}"), &report.corrected, &case[tuning_name], tolerance);
            check_ends(&format!("{name} alone"), &report.classical, &case["zero"], tolerance);
            for (got, want) in report.classical.iter().zip(numbers(&case["coefficients"])) {
                check_close("coefficient", got.value, want, 1e-9);
            }
        }
    }
}

#[test]
fn linear_coefficients_are_those_of_ppi_python_and_statsmodels() {
    check_regression("ols", |data, tuning| ols(data, tuning, Level::P95).unwrap(), 1e-9);
}

#[test]
fn logistic_coefficients_are_those_of_statsmodels_and_nearly_of_ppi_python() {
    // ppi-python stops its search where the loss no longer falls, some 1e-7 from the minimum; we step on to the last bit,
    // as statsmodels does, whose coefficients agree to 1e-9.
    check_regression("logistic", |data, tuning| logistic(data, tuning, Level::P95).unwrap(), 1e-6);
}
