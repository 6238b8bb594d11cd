//! The least value of a smooth function of many variables.
//!
//! In: a start, and a function that gives value and gradient. Out: where the function is least, near the start.
//!
//! Not here: functions with corners, bounds, or many minima.

use std::collections::VecDeque;

/// How many past steps shape the next.
const MEMORY: usize = 10;

/// Minimizes `f`, which writes the gradient at its first argument into its second and returns the value there.
///
/// Limited-memory BFGS with a line search that halves the step until the value falls enough (Armijo). It ends when
/// every part of the gradient is below `tolerance`, when no step lowers the value any more, or after `n_rounds`. A
/// convex function is minimized to rounding. J. Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", 1980.
pub(crate) fn minimize(
    start: &[f64],
    n_rounds: usize,
    tolerance: f64,
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    let n = start.len();
    let mut x = start.to_vec();
    let mut gradient = vec![0.0; n];
    let mut value = f(&x, &mut gradient);
    let mut past: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::with_capacity(MEMORY);
    for _ in 0..n_rounds {
        if gradient.iter().all(|it| it.abs() <= tolerance) {
            break;
        }
        let mut direction = descent(&gradient, &past);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            // Rounding has spoilt the memory: start it anew.
            past.clear();
            direction = gradient.iter().map(|it| -it).collect();
            slope = -dot(&gradient, &gradient);
        }
        let mut step = if past.is_empty() { 1.0 / (-slope).sqrt().max(1.0) } else { 1.0 };
        let (mut next, mut next_gradient) = (vec![0.0; n], vec![0.0; n]);
        let moved = loop {
            for idx in 0..n {
                next[idx] = x[idx] + step * direction[idx];
            }
            let at_next = f(&next, &mut next_gradient);
            if at_next <= value + 1e-4 * step * slope {
                break Some(at_next);
            }
            step *= 0.5;
            if step < 1e-18 {
                break None;
            }
        };
        let Some(at_next) = moved else { break };
        let s: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-300 {
            if past.len() == MEMORY {
                past.pop_front();
            }
            past.push_back((s, y, 1.0 / curvature));
        }
        (x, gradient, value) = (next, next_gradient, at_next);
    }
    x
}

/// The direction of the next step: the gradient through the inverse curvature that the past steps showed.
fn descent(gradient: &[f64], past: &VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|it| -it).collect();
    let mut alphas = Vec::with_capacity(past.len());
    for (s, y, rho) in past.iter().rev() {
        let alpha = rho * dot(s, &direction);
        add(&mut direction, -alpha, y);
        alphas.push(alpha);
    }
    if let Some((_, y, rho)) = past.back() {
        let scale = 1.0 / (rho * dot(y, y));
        direction.iter_mut().for_each(|it| *it *= scale);
    }
    for ((s, y, rho), alpha) in past.iter().zip(alphas.into_iter().rev()) {
        let beta = rho * dot(y, &direction);
        add(&mut direction, alpha - beta, s);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, other: &[f64]) {
    to.iter_mut().zip(other).for_each(|(to, other)| *to += factor * other);
}

#[cfg(test)]
mod tests {
    use super::minimize;

    #[test]
    fn the_banana_valley_is_walked_to_its_end() {
        let rosenbrock = |x: &[f64], gradient: &mut [f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            gradient[0] = -2.0 * a - 400.0 * x[0] * b;
            gradient[1] = 200.0 * b;
            a * a + 100.0 * b * b
        };
        let x = minimize(&[-1.2, 1.0], 500, 1e-10, rosenbrock);
        assert!((x[0] - 1.0).abs() < 1e-8 && (x[1] - 1.0).abs() < 1e-8, "{x:?}");
    }

    #[test]
    fn a_minimum_stays_where_it_is() {
        let square = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = 2.0 * x[0];
            x[0] * x[0]
        };
        assert_eq!(minimize(&[0.0], 10, 1e-12, square), [0.0]);
    }
}
