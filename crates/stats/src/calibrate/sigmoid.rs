//! Curves with two or three parameters: Platt's sigmoid and beta calibration.
//!
//! In: scores with right and wrong. Out: a slope or two and an intercept, by logistic regression.
//!
//! Both aim at Platt's targets instead of 1 and 0: (n right + 1) / (n right + 2) and 1 / (n wrong + 2). So the curve
//! stays finite where a score separates right from wrong without an error. Neither turns a score around: where the
//! best slope is negative it is 0, and the answer is the share of right items whatever the score.
//!
//! Not here: other features than the score (`combine.rs`).

use super::scored::{Scored, both_outcomes, inside, log_odds, sigmoid};
use super::{CalibrateError, Calibrator, Method};
use crate::linear::solve;

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
    /// Fits log-odds that are linear in the features, which lie row after row, with `penalty / 2` times the squared
    /// slopes.
    ///
    /// Newton's method: with so few numbers it is exact to rounding after some ten rounds, where a gradient method takes
    /// hundreds.
    pub(super) fn fit(
        features: &[f64],
        n_features: usize,
        targets: &[f64],
        weights: &[f64],
        penalty: f64,
    ) -> Self {
        let problem = Problem { features, n_features, targets, weights, penalty };
        let mut x = vec![0.0; n_features + 1];
        let mut loss = problem.loss(&x);
        for _ in 0..100 {
            let Some(mut step) = problem.newton_step(&x) else { break };
            let mut moved = None;
            for _ in 0..60 {
                let next: Vec<f64> = x.iter().zip(&step).map(|(x, step)| x + step).collect();
                let at_next = problem.loss(&next);
                if at_next <= loss + 1e-13 * loss.abs() {
                    moved = Some((next, at_next));
                    break;
                }
                step.iter_mut().for_each(|it| *it *= 0.5);
            }
            let Some(moved) = moved else { break };
            (x, loss) = moved;
            if step.iter().zip(&x).all(|(step, x)| step.abs() <= 1e-13 * (1.0 + x.abs())) {
                break;
            }
        }
        let intercept = x.pop().unwrap_or(0.0);
        Self { slopes: x, intercept }
    }
}

/// A logistic regression of two outcomes; the last coefficient is the intercept.
struct Problem<'a> {
    features: &'a [f64],
    n_features: usize,
    targets: &'a [f64],
    weights: &'a [f64],
    penalty: f64,
}

impl Problem<'_> {
    fn row(&self, row: usize) -> &[f64] {
        &self.features[row * self.n_features..(row + 1) * self.n_features]
    }

    fn log_odds(&self, x: &[f64], row: usize) -> f64 {
        x[self.n_features] + self.row(row).iter().zip(x).map(|(a, b)| a * b).sum::<f64>()
    }

    fn loss(&self, x: &[f64]) -> f64 {
        let losses = self.weights.iter().zip(self.targets).enumerate();
        let likelihood =
            losses.map(|(row, (weight, target))| weight * loss_at(self.log_odds(x, row), *target));
        let squares: f64 = x[..self.n_features].iter().map(|it| it * it).sum();
        likelihood.sum::<f64>() + 0.5 * self.penalty * squares
    }

    /// The step to the minimum of the parabola that touches the loss here.
    fn newton_step(&self, x: &[f64]) -> Option<Vec<f64>> {
        let width = self.n_features + 1;
        let mut downhill = vec![0.0; width];
        let mut curvature = vec![0.0; width * width];
        let mut seen = vec![1.0; width];
        for (row, (weight, target)) in self.weights.iter().zip(self.targets).enumerate() {
            let p = sigmoid(self.log_odds(x, row));
            seen[..self.n_features].copy_from_slice(self.row(row));
            for i in 0..width {
                downhill[i] += weight * (target - p) * seen[i];
                for j in 0..=i {
                    curvature[i * width + j] += weight * p * (1.0 - p) * seen[i] * seen[j];
                }
            }
        }
        for i in 0..width {
            if i < self.n_features {
                downhill[i] -= self.penalty * x[i];
                curvature[i * width + i] += self.penalty;
            }
            // Keeps a column without any spread solvable; its step is 0.
            curvature[i * width + i] += 1e-12 * (1.0 + curvature[i * width + i]);
            for j in 0..i {
                curvature[j * width + i] = curvature[i * width + j];
            }
        }
        solve(&curvature, &downhill)
    }
}

/// `-target ln p - (1 - target) ln (1 - p)` at these log-odds, without overflow.
fn loss_at(log_odds: f64, target: f64) -> f64 {
    log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p() - target * log_odds
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
        it.weight * loss_at(line.intercept + slopes.sum::<f64>(), aim)
    });
    losses.sum()
}
