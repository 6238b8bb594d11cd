//! Several tests at once: p values adjusted so that few of those that pass do so by chance.
//!
//! In: p values. Out: adjusted p values in the same order.
//!
//! Not here: the tests.

/// The p values of several tests, adjusted after Benjamini and Yekutieli: where those at or below `q` count, the share
/// of false ones among them is at most `q` on average, however the tests depend on each other.
///
/// The smallest of `p · n · (1 + 1/2 + … + 1/n) / rank` over this rank and all larger ones, at most 1. Y. Benjamini, D.
/// Yekutieli, "The Control of the False Discovery Rate in Multiple Testing under Dependency", 2001.
pub(super) fn adjusted(p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len();
    let harmonic: f64 = (1..=n).map(|rank| 1.0 / rank as f64).sum();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![1.0; n];
    let mut least = 1.0_f64;
    for (rank, idx) in order.into_iter().enumerate().rev() {
        least = least.min(p_values[idx] * n as f64 * harmonic / (rank + 1) as f64);
        adjusted[idx] = least;
    }
    adjusted
}
