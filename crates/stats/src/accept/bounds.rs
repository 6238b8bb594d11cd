//! How large an error rate can still be, given how many errors were seen.
//!
//! In: errors and trials, or losses in [0, 1]. Out: upper and lower bounds at a stated confidence, and p-values for "the
//! error is above what is allowed".
//!
//! Not here: which threshold to take (`choose.rs`): a bound holds for one set that was fixed before its labels were seen.

use crate::interval::{Interval, Level};
use crate::special::{beta_quantile, binomial_at_most, ln_gamma};

/// The largest error rate that `k` errors in `n` independent trials leave possible, at confidence `1 - delta`.
///
/// In (0, 1]: whatever the true rate is, the bound is below it in at most a share `delta` of samples. `None` where it is
/// undefined: no trials, more errors than trials, or a `delta` outside (0, 1).
///
/// It holds for one set that was chosen before its labels were seen: the smallest of twenty such bounds is no bound (see
/// [`choose`](crate::accept::choose)). C. J. Clopper, E. S. Pearson, "The Use of Confidence or Fiducial Limits
/// Illustrated in the Case of the Binomial", 1934.
/// ```
/// use karat_stats::accept::clopper_pearson_upper;
/// // 22 trials without an error show a rate of at most 10 %, with confidence 90 %; 21 do not.
/// assert!(clopper_pearson_upper(0, 22, 0.1).unwrap() <= 0.1);
/// assert!(clopper_pearson_upper(0, 21, 0.1).unwrap() > 0.1);
/// ```
pub fn clopper_pearson_upper(k: u64, n: u64, delta: f64) -> Option<f64> {
    if n == 0 || k > n || !is_share(delta) {
        return None;
    }
    if k == n {
        return Some(1.0);
    }
    Some(beta_quantile(1.0 - delta, k as f64 + 1.0, (n - k) as f64))
}

/// The smallest error rate that `k` errors in `n` independent trials leave possible, at confidence `1 - delta`.
///
/// In [0, 1); undefined where [`clopper_pearson_upper`] is, and bound to one set in the same way.
/// ```
/// let low = karat_stats::accept::clopper_pearson_lower(3, 10, 0.05).unwrap();
/// assert!((low - 0.0872644).abs() < 1e-7);
/// ```
pub fn clopper_pearson_lower(k: u64, n: u64, delta: f64) -> Option<f64> {
    // The errors' lower bound is one minus the successes' upper bound; taken directly, it keeps its digits near 0.
    if n == 0 || k > n || !is_share(delta) {
        return None;
    }
    if k == 0 {
        return Some(0.0);
    }
    Some(beta_quantile(delta, k as f64, (n - k) as f64 + 1.0))
}

/// Both ends at once, half of what the level leaves to each.
///
/// Undefined where [`clopper_pearson_upper`] is. It never covers less than it says, and so it is wider than [`wilson`]:
/// take this one for promises and that one for reports.
///
/// [`wilson`]: crate::wilson
/// ```
/// use karat_stats::{Level, accept::clopper_pearson};
/// let interval = clopper_pearson(0, 10, Level::P95).unwrap();
/// assert_eq!(interval.low, 0.0);
/// assert!((interval.high - 0.3084971).abs() < 1e-7);
/// ```
pub fn clopper_pearson(k: u64, n: u64, level: Level) -> Option<Interval> {
    let tail = (1.0 - level.get()) / 2.0;
    Some(Interval { low: clopper_pearson_lower(k, n, tail)?, high: clopper_pearson_upper(k, n, tail)? })
}

/// The fewest trials that can show an error rate of at most `max_error` with confidence `1 - delta`: all of them right.
///
/// `ln delta / ln (1 - max_error)`, rounded up. `None` unless both are in (0, 1).
/// ```
/// use karat_stats::accept::zero_error_size;
/// assert_eq!(zero_error_size(0.1, 0.1), Some(22));
/// assert_eq!(zero_error_size(0.01, 0.05), Some(299));
/// ```
pub fn zero_error_size(max_error: f64, delta: f64) -> Option<u64> {
    if !is_share(max_error) || !is_share(delta) {
        return None;
    }
    let size = (delta.ln() / (-max_error).ln_1p()).ceil().max(1.0);
    // Beyond this no count is exact, and nobody reviews so many.
    (size < 9e15).then_some(size as u64)
}

/// The most errors that a pool of `pool` items can hold, given `k` errors among `n` of them drawn without replacement.
///
/// The result counts the `k` that were seen and lies in `k..=pool - (n - k)`: it is the largest number of errors for which
/// `k` or fewer in the sample have a probability above `delta`. With the whole pool reviewed it is `k`; for an endless
/// pool `hypergeometric_upper / pool` becomes [`clopper_pearson_upper`]; in between it is smaller.
/// `None` where it is undefined: no draws, `k > n`, `n > pool`, or a `delta` outside (0, 1).
///
/// It is about these items, not about others like them. J. Buonaccorsi, "A Note on Confidence Intervals for Proportions in
/// Finite Populations", 1987.
/// ```
/// use karat_stats::accept::hypergeometric_upper;
/// assert_eq!(hypergeometric_upper(0, 50, 100, 0.05), Some(4));
/// assert_eq!(hypergeometric_upper(2, 100, 100, 0.05), Some(2));
/// ```
pub fn hypergeometric_upper(k: u64, n: u64, pool: u64, delta: f64) -> Option<u64> {
    if n == 0 || k > n || n > pool || !is_share(delta) {
        return None;
    }
    let (mut low, mut high) = (k, pool - (n - k));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if hypergeometric_at_most(k, n, pool, middle) > delta { low = middle } else { high = middle - 1 }
    }
    Some(low)
}

/// The probability of at most `k` errors among `n` items drawn from `pool` items that hold `errors`.
fn hypergeometric_at_most(k: u64, n: u64, pool: u64, errors: u64) -> f64 {
    let least = (n + errors).saturating_sub(pool);
    let most = n.min(errors);
    if k >= most {
        return 1.0;
    }
    if k < least {
        return 0.0;
    }
    let ln_choose =
        |n: u64, k: u64| ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0);
    let log = ln_choose(errors, k) + ln_choose(pool - errors, n - k) - ln_choose(pool, n);
    // From the term of `k` downwards, each a known fraction of the one before. Where `k` lies above the middle they rise
    // first, and nothing is lost but a little time.
    let (mut term, mut sum) = (1.0, 1.0);
    for at in (least + 1..=k).rev() {
        term *=
            at as f64 * (pool + at - errors - n) as f64 / ((errors - at + 1) as f64 * (n - at + 1) as f64);
        sum += term;
        if term < sum * 1e-18 {
            break;
        }
    }
    (log + sum.ln()).exp().min(1.0)
}

/// The p-value of "the mean loss is above `max_error`" for `n` independent losses in [0, 1] with mean `mean_loss`.
///
/// The smaller of Hoeffding's and of Bentkus's bound; in (0, 1]. It needs the mean alone, so it serves graded losses (1
/// minus F1, 1 minus overlap); for losses of 0 and 1 the binomial test behind [`clopper_pearson_upper`] is sharper, and
/// [`betting_upper`] often is for others. `None` where it is undefined: `n` is 0, or a number is out of range.
/// S. Bates and others, "Distribution-Free, Risk-Controlling Prediction Sets", 2021.
/// ```
/// let p = karat_stats::accept::hoeffding_bentkus(0.02, 200, 0.1).unwrap();
/// assert!(p < 1e-4);
/// ```
pub fn hoeffding_bentkus(mean_loss: f64, n: u64, max_error: f64) -> Option<f64> {
    if n == 0 || !(0.0..=1.0).contains(&mean_loss) || !is_share(max_error) {
        return None;
    }
    let below = mean_loss.min(max_error);
    let part = |a: f64, b: f64| if a == 0.0 { 0.0 } else { a * (a / b).ln() };
    let hoeffding = (-(n as f64) * (part(below, max_error) + part(1.0 - below, 1.0 - max_error))).exp();
    // A sum of losses a few bits above a whole number is that number.
    let errors = (n as f64 * mean_loss - 1e-9).ceil().max(0.0) as u64;
    let bentkus = std::f64::consts::E * binomial_at_most(errors, n, max_error);
    Some(hoeffding.min(bentkus).min(1.0))
}

/// The largest mean that these losses in [0, 1] leave possible, at confidence `1 - delta`.
///
/// Somebody bets, at fair odds, that the mean is above `m`; the bound is the smallest `m` at which such bets have lost so
/// badly that the other side's capital passed `1 / delta`. The capital is the mean of twenty gamblers who stake fixed
/// fractions, from timid to bold, so the order of the losses changes nothing and small spread is used wherever there is
/// some. In [mean, 1]; `None` where it is undefined: no losses, one outside [0, 1], or a `delta` outside (0, 1).
///
/// It holds for independent losses and one set that was fixed before they were seen. I. Waudby-Smith, A. Ramdas,
/// "Estimating Means of Bounded Random Variables by Betting", 2024 (diversified Kelly betting).
/// ```
/// let losses = [0.0, 0.1, 0.05, 0.2, 0.0, 0.1, 0.05, 0.1, 0.0, 0.15].repeat(10);
/// let high = karat_stats::accept::betting_upper(&losses, 0.05).unwrap();
/// assert!(0.075 < high && high < 0.13);
/// ```
pub fn betting_upper(losses: &[f64], delta: f64) -> Option<f64> {
    if losses.is_empty() || !is_share(delta) || losses.iter().any(|loss| !(0.0..=1.0).contains(loss)) {
        return None;
    }
    // Sorted, so that not even rounding depends on their order.
    let mut losses = losses.to_vec();
    losses.sort_unstable_by(f64::total_cmp);
    let wanted = -delta.ln();
    let (mut low, mut high) = (losses.iter().sum::<f64>() / losses.len() as f64, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if log_capital(&losses, middle) >= wanted { high = middle } else { low = middle }
    }
    Some(high)
}

/// How many gamblers share the stake.
pub(super) const N_BETS: usize = 20;

/// The fraction of the largest stake allowed that each gambler puts down: from 1/200 to nearly all, in equal ratios.
pub(super) fn stakes() -> [f64; N_BETS] {
    std::array::from_fn(|idx| 0.005 * f64::powf(190.0, idx as f64 / (N_BETS - 1) as f64))
}

/// The log of the mean capital of those who bet that the mean is below `mean`; it rises with `mean`.
pub(super) fn log_capital(losses: &[f64], mean: f64) -> f64 {
    let capitals = stakes()
        .map(|stake| losses.iter().map(|loss| (stake * (mean - loss) / (1.0 - mean)).ln_1p()).sum::<f64>());
    log_mean(&capitals)
}

/// The fewest losses of 0 with which [`betting_upper`] is at most `max_error`.
pub(super) fn zero_loss_size(max_error: f64, delta: f64) -> u64 {
    let capital =
        |n: u64| log_mean(&stakes().map(|stake| n as f64 * (stake * max_error / (1.0 - max_error)).ln_1p()));
    let (mut low, mut high) = (0, 1);
    while capital(high) < -delta.ln() && high < 1 << 50 {
        (low, high) = (high, 2 * high);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if capital(middle) < -delta.ln() { low = middle } else { high = middle }
    }
    high
}

/// The log of the mean of numbers given by their logs.
pub(super) fn log_mean(logs: &[f64]) -> f64 {
    crate::logistic::log_sum_exp(logs) - (logs.len() as f64).ln()
}

/// Whether a number lies strictly between 0 and 1.
pub(super) fn is_share(p: f64) -> bool {
    0.0 < p && p < 1.0
}
