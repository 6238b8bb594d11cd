//! Newton's method for log posteriors that curve downwards everywhere.
//!
//! In: a function that writes gradient and negative Hessian. Out: the top and the inverse of the negative Hessian
//! there, or that there is none.
//!
//! Not here: what is maximized.

use super::RankingError;
use crate::linear;

/// Log odds beyond this are infinite: 1 to 10^13.
const ENDLESS: f64 = 30.0;

/// So is what has a standard error of 10,000 in log odds: its likelihood rises without end, ever more slowly.
const UNKNOWN: f64 = 1e8;

/// Where a log posterior is highest.
pub(super) struct Top {
    pub(super) at: Vec<f64>,
    /// Row-major: the inverse of the negative Hessian.
    pub(super) covariance: Vec<f64>,
    pub(super) value: f64,
    pub(super) n_rounds: u32,
    pub(super) converged: bool,
}

/// Climbs from `start`. `f` gets a point, adds into a gradient and a row-major negative Hessian that are zero, and
/// returns the value. The negative Hessian must be positive definite wherever the top exists.
pub(super) fn climb(
    start: &[f64],
    f: impl Fn(&[f64], &mut [f64], &mut [f64]) -> f64,
) -> Result<Top, RankingError> {
    let n = start.len();
    let mut at = start.to_vec();
    let (mut gradient, mut hessian) = (vec![0.0; n], vec![0.0; n * n]);
    let mut value = f(&at, &mut gradient, &mut hessian);
    let (mut n_rounds, mut converged) = (0, false);
    while n_rounds < 200 && !converged {
        let step = linear::solve(&hessian, &gradient).ok_or(RankingError::NotIdentified)?;
        // Twice what the step is expected to win.
        let gain: f64 = step.iter().zip(&gradient).map(|(a, b)| a * b).sum();
        converged = gain < 1e-18;
        n_rounds += 1;
        let mut scale = 1.0;
        let next = loop {
            let next: Vec<f64> = at.iter().zip(&step).map(|(at, step)| at + scale * step).collect();
            gradient.fill(0.0);
            hessian.fill(0.0);
            let at_next = f(&next, &mut gradient, &mut hessian);
            // Near the top the gain drowns in the rounding of the value.
            if at_next >= value + 1e-4 * scale * gain || gain < 1e-9 {
                value = at_next;
                break next;
            }
            scale *= 0.5;
            if scale < 1e-12 {
                return Err(RankingError::NotIdentified);
            }
        };
        at = next;
        if !at.iter().all(|it| it.abs() < ENDLESS) {
            return Err(RankingError::NotIdentified);
        }
    }
    let covariance = linear::inverse(&hessian, n).ok_or(RankingError::NotIdentified)?;
    if (0..n).any(|it| covariance[it * n + it] > UNKNOWN) {
        return Err(RankingError::NotIdentified);
    }
    Ok(Top { at, covariance, value, n_rounds, converged })
}
