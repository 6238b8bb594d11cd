//! Several comparisons at once: p values that stay honest when one looks at all of them.

/// Holm's adjusted p values, in the order given: reject where they are at most the level, and the chance of any false
/// alarm stays at most that level, whatever the tests share.
///
/// NaN stays NaN and counts as a test. S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979.
///
/// ```
/// assert_eq!(karat_stats::holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let mut most = 0.0_f64;
    for (rank, idx) in order.into_iter().enumerate() {
        if p_values[idx].is_nan() {
            continue;
        }
        most = most.max(p_values[idx] * (p_values.len() - rank) as f64).min(1.0);
        adjusted[idx] = most;
    }
    adjusted
}
