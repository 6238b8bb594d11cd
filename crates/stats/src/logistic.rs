//! Multinomial logistic regression on a few dense features.
//!
//! In: rows of features, a distribution over classes for each row, weights, the strength of the L2 penalty. Out:
//! coefficients that give a distribution for any row.
//!
//! Not here: text and sparse features.

use crate::minimize::minimize;

/// A fitted model: for each class one coefficient a feature, and an intercept last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Logistic {
    n_classes: usize,
    coefficients: Vec<f64>,
}

impl Logistic {
    /// Fits by maximum likelihood with the penalty `penalty / 2` times the squared coefficients (not the intercepts).
    ///
    /// `weights` is one a row; `features` and `targets` are row-major with as many rows, each row of targets a
    /// distribution over the classes (a one for a hard class). The problem is convex: with `penalty > 0` the answer is
    /// unique up to a constant in the intercepts.
    pub(crate) fn fit(features: &[f64], targets: &[f64], weights: &[f64], penalty: f64) -> Self {
        let n_rows = weights.len();
        let (n_features, n_classes) = (features.len() / n_rows.max(1), targets.len() / n_rows.max(1));
        let width = n_features + 1;
        let mut p = vec![0.0; n_classes];
        let loss = |x: &[f64], gradient: &mut [f64]| {
            gradient.fill(0.0);
            let mut loss = 0.0;
            for row in 0..n_rows {
                let seen = &features[row * n_features..(row + 1) * n_features];
                let wanted = &targets[row * n_classes..(row + 1) * n_classes];
                log_softmax_of(x, seen, &mut p);
                for class in 0..n_classes {
                    loss -= weights[row] * wanted[class] * p[class];
                    let off = weights[row] * (p[class].exp() - wanted[class]);
                    let of_class = &mut gradient[class * width..(class + 1) * width];
                    of_class.iter_mut().zip(seen).for_each(|(to, seen)| *to += off * seen);
                    of_class[n_features] += off;
                }
            }
            for class in 0..n_classes {
                for idx in class * width..class * width + n_features {
                    loss += 0.5 * penalty * x[idx] * x[idx];
                    gradient[idx] += penalty * x[idx];
                }
            }
            loss
        };
        Self { n_classes, coefficients: minimize(&vec![0.0; n_classes * width], 500, 1e-9, loss) }
    }

    /// The log probability of each class for a row of features.
    pub(crate) fn log_probabilities(&self, features: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.n_classes];
        log_softmax_of(&self.coefficients, features, &mut out);
        out
    }
}

fn log_softmax_of(coefficients: &[f64], features: &[f64], out: &mut [f64]) {
    let width = features.len() + 1;
    for (class, to) in out.iter_mut().enumerate() {
        let of_class = &coefficients[class * width..(class + 1) * width];
        *to = of_class[width - 1] + of_class.iter().zip(features).map(|(a, b)| a * b).sum::<f64>();
    }
    let log_sum = log_sum_exp(out);
    out.iter_mut().for_each(|it| *it -= log_sum);
}

/// `ln Σ exp(x)` without overflow; minus infinity for an empty list.
pub(crate) fn log_sum_exp(x: &[f64]) -> f64 {
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + x.iter().map(|it| (it - top).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::{Logistic, log_sum_exp};

    #[test]
    fn without_features_the_shares_come_back() {
        let targets = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0];
        let model = Logistic::fit(&[], &targets, &[1.0; 4], 1.0);
        let p: Vec<f64> = model.log_probabilities(&[]).into_iter().map(f64::exp).collect();
        assert!((p[0] - 0.75).abs() < 1e-9 && (p[1] - 0.25).abs() < 1e-9);
    }

    #[test]
    fn a_feature_that_tells_the_classes_apart_is_used() {
        let features = [-2.0, -1.0, 1.0, 2.0];
        let targets = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
        let model = Logistic::fit(&features, &targets, &[1.0; 4], 0.1);
        let p = model.log_probabilities(&[3.0])[1].exp();
        assert!(p > 0.95 && p < 1.0, "{p}");
    }

    #[test]
    fn huge_numbers_do_not_overflow() {
        assert!((log_sum_exp(&[1e4, 1e4]) - (1e4 + std::f64::consts::LN_2)).abs() < 1e-9);
        assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
    }
}
