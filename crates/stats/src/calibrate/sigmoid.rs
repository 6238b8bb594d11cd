//! Curves with two or three parameters: Platt's sigmoid and beta calibration.
//!
//! In: scores with right and wrong. Out: a slope or two and an intercept, by logistic regression.
//!
//! Both aim at Platt's targets instead of 1 and 0: (n right + 1) / (n right + 2) and 1 / (n wrong + 2). So the curve
//! stays finite where a score separates right from wrong without an error. Neither turns a score around: where the
//! best slope is negative it is 0, and the answer is the share of right items whatever the score.
//!
//! Not here: other features than the score (`combine.rs`).

use super::scored::{Scored, both_outcomes, inside, log_odds};
use super::{CalibrateError, Calibrator, Method};
use crate::logistic::Logistic;

pub(super) const PLATT: Method = Method {
    name: "platt",
    title: "Platt scaling",
    about: "a sigmoid of the log-odds of the score: temperature and a shift; the identity is one of its curves",
    paper: "Platt, Probabilistic Outputs for Support Vector Machines, 1999",
    min_gold: super::MIN_GOLD,
    fit: fit_platt,
};

pub(super) const BETA: Method = Method {
    name: "beta",
    title: "beta calibration",
    about: "a curve that bends otherwise near 0 than near 1; three parameters",
    paper: "Kull, Silva Filho, Flach, Beta Calibration, 2017",
    min_gold: super::MIN_GOLD_FREE,
    fit: fit_beta,
};

/// A line: slopes and intercept of log-odds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) slopes: Vec<f64>,
    pub(super) intercept: f64,
}

impl Line {
    /// Fits log-odds that are linear in the features, which lie row after row.
    pub(super) fn fit(
        features: &[f64],
        n_features: usize,
        targets: &[f64],
        weights: &[f64],
        penalty: f64,
    ) -> Self {
        let pairs: Vec<f64> = targets.iter().flat_map(|target| [1.0 - target, *target]).collect();
        let model = Logistic::fit(features, n_features, &pairs, 2, weights, penalty);
        let at = |features: &[f64]| {
            let log_p = model.log_probabilities(features);
            log_p[1] - log_p[0]
        };
        // The log-odds are linear: their values at 0 and at the unit vectors are all there is.
        let mut unit = vec![0.0; n_features];
        let intercept = at(&unit);
        let slopes = (0..n_features).map(|idx| {
            unit[idx] = 1.0;
            let slope = at(&unit) - intercept;
            unit[idx] = 0.0;
            slope
        });
        Self { slopes: slopes.collect(), intercept }
    }
}

/// What to aim at in place of 1 and 0.
pub(super) fn targets(items: &[Scored]) -> Vec<f64> {
    let right: f64 = items.iter().map(Scored::weight_right).sum();
    let wrong = items.iter().map(|it| it.weight).sum::<f64>() - right;
    let (high, low) = ((right + 1.0) / (right + 2.0), 1.0 / (wrong + 2.0));
    items.iter().map(|it| if it.right { high } else { low }).collect()
}

fn fit_platt(gold: &[Scored]) -> Result<Calibrator, CalibrateError> {
    let sorted = both_outcomes(gold)?;
    let line = rising_line(&sorted, &[|it| log_odds(it.score)]);
    Ok(Calibrator::Platt { slope: line.slopes[0], intercept: line.intercept })
}

fn fit_beta(gold: &[Scored]) -> Result<Calibrator, CalibrateError> {
    let sorted = both_outcomes(gold)?;
    let features: [fn(&Scored) -> f64; 2] = [|it| inside(it.score).ln(), |it| -(-inside(it.score)).ln_1p()];
    let mut line = rising_line(&sorted, &features);
    if line.slopes.iter().any(|slope| *slope < 0.0) {
        // The best curve that rises has one of the slopes at 0: a convex loss is least at the edge.
        let first = rising_line(&sorted, &features[..1]);
        let second = rising_line(&sorted, &features[1..]);
        let first = Line { slopes: vec![first.slopes[0], 0.0], intercept: first.intercept };
        let second = Line { slopes: vec![0.0, second.slopes[0]], intercept: second.intercept };
        let loss = |line: &Line| loss_of(line, &sorted, &features);
        line = if loss(&first) <= loss(&second) { first } else { second };
    }
    Ok(Calibrator::Beta { a: line.slopes[0], b: line.slopes[1], c: line.intercept })
}

/// The best line in these features; a single slope below 0 is put to 0. Several may be negative: the caller's case.
fn rising_line(sorted: &[Scored], features: &[fn(&Scored) -> f64]) -> Line {
    let aims = targets(sorted);
    let weights: Vec<f64> = sorted.iter().map(|it| it.weight).collect();
    let one_score = sorted.first().map(|it| it.score) == sorted.last().map(|it| it.score);
    if !one_score {
        let rows: Vec<f64> = sorted.iter().flat_map(|it| features.iter().map(move |of| of(it))).collect();
        let line = Line::fit(&rows, features.len(), &aims, &weights, 0.0);
        if features.len() > 1 || line.slopes[0] >= 0.0 {
            return line;
        }
    }
    let flat = Line::fit(&[], 0, &aims, &weights, 0.0);
    Line { slopes: vec![0.0; features.len()], intercept: flat.intercept }
}

fn loss_of(line: &Line, sorted: &[Scored], features: &[fn(&Scored) -> f64]) -> f64 {
    let aims = targets(sorted);
    let losses = sorted.iter().zip(aims).map(|(it, aim)| {
        let slopes = line.slopes.iter().zip(features).map(|(slope, of)| slope * of(it));
        let z = line.intercept + slopes.sum::<f64>();
        // ln(1 + e^z) without overflow.
        it.weight * (z.max(0.0) + (-z.abs()).exp().ln_1p() - aim * z)
    });
    losses.sum()
}
