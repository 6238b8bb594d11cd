//! The distribution functions that intervals, tests and Bayesian counts stand on.
//!
//! In: probabilities and counts. Out: the normal, binomial, beta and t distributions, the gamma function and its
//! derivative: accurate to about 1e-12 or better, so that every value agrees with published software.
//!
//! Not here: distributions that no caller needs yet.

use statrs::function::{beta, gamma};

/// The quantile of the standard normal distribution: the `z` that lies above a share `p` of it, for `p` in
/// (0, 1).
///
/// M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", 1988 (routine
/// PPND16).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let centered = p - 0.5;
    if centered.abs() <= 0.425 {
        let r = 0.425 * 0.425 - centered * centered;
        return centered * ratio(&CENTER, r);
    }
    let tail = (-p.min(1.0 - p).ln()).sqrt();
    let z = if tail <= 5.0 { ratio(&MIDDLE, tail - 1.6) } else { ratio(&FAR, tail - 5.0) };
    z.copysign(centered)
}

/// The natural logarithm of the gamma function, for `x > 0`.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    gamma::ln_gamma(x)
}

/// The derivative of [`ln_gamma`], for `x > 0`.
pub(crate) fn digamma(x: f64) -> f64 {
    gamma::digamma(x)
}

/// The share of the beta distribution with `a > 0` and `b > 0` at or below `x`.
pub(crate) fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if x >= 1.0 {
        1.0
    } else {
        beta::beta_reg(a, b, x)
    }
}

/// The `x` below which a share `p` of the beta distribution lies, to the last bits: by bisection, which cannot
/// diverge.
pub(crate) fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if beta_cdf(middle, a, b) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The probability of at most `k` successes in `n` trials with probability `p`.
pub(crate) fn binomial_at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n { 1.0 } else { 1.0 - beta_cdf(p, k as f64 + 1.0, (n - k) as f64) }
}

/// The share of Student's t distribution with `freedom > 0` degrees of freedom at or below `t`.
pub(crate) fn student_t_cdf(t: f64, freedom: f64) -> f64 {
    let tail = 0.5 * beta_cdf(freedom / (freedom + t * t), 0.5 * freedom, 0.5);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The probability that at most `k` of `n` tosses of a fair coin are heads; exact to rounding for any `n`.
pub(crate) fn fair_coin_at_most(k: u64, n: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    // Above the middle the upper tail is the short one.
    if k >= n - k {
        return 1.0 - fair_coin_at_most(n - k - 1, n);
    }
    // The terms fall towards 0 heads, each a known fraction of the one before.
    let mut term = fair_coin_exactly(k, n);
    let mut sum = term;
    for heads in (1..=k).rev() {
        term *= heads as f64 / (n - heads + 1) as f64;
        sum += term;
        if term < sum * 1e-18 {
            break;
        }
    }
    sum.min(1.0)
}

/// The probability of `k` heads in `n` tosses of a fair coin.
///
/// C. Loader, "Fast and Accurate Computation of Binomial Probabilities", 2000: the saddle point form has no
/// large logarithms that cancel.
fn fair_coin_exactly(k: u64, n: u64) -> f64 {
    let (k, n) = (k as f64, n as f64);
    if k == 0.0 || k == n {
        return (-n * std::f64::consts::LN_2).exp();
    }
    let log = stirling_error(n)
        - stirling_error(k)
        - stirling_error(n - k)
        - deviance(k, n / 2.0)
        - deviance(n - k, n / 2.0);
    log.exp() * (n / (std::f64::consts::TAU * k * (n - k))).sqrt()
}

/// ln n! minus its Stirling approximation.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let mut factorial = 1.0;
        for factor in 2..=(n as u32) {
            factorial *= f64::from(factor);
        }
        return f64::ln(factorial) - 0.5 * (std::f64::consts::TAU * n).ln() - n * n.ln() + n;
    }
    let square = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / n
}

/// x ln(x / mean) + mean - x, without cancellation where x is near the mean.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let v = (x - mean) / (x + mean);
    let mut sum = (x - mean) * v;
    let mut power = 2.0 * x * v;
    for step in 1..1_000 {
        power *= v * v;
        let next = sum + power / f64::from(2 * step + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// Numerator and denominator of a rational function, from the constant term upwards.
type Rational = ([f64; 8], [f64; 8]);

fn ratio((above, below): &Rational, x: f64) -> f64 {
    let polynomial = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * x + term);
    polynomial(above) / polynomial(below)
}

const CENTER: Rational = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);

const MIDDLE: Rational = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        0.000_774_545_014_278_341_4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        0.000_547_593_808_499_534_5,
        1.050_750_071_644_416_9e-9,
    ],
);

const FAR: Rational = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        0.000_786_869_131_145_613_2,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::{fair_coin_at_most, normal_quantile};

    #[track_caller]
    fn check_close(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-13 * want.abs(), "got {got}, want {want}");
    }

    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        check_close(normal_quantile(0.975), 1.959_963_984_540_054);
        check_close(normal_quantile(0.9), 1.281_551_565_544_600_4);
        check_close(normal_quantile(0.025), -1.959_963_984_540_054_5);
        check_close(normal_quantile(1e-12), -7.034_483_825_301_131);
        assert_eq!(normal_quantile(0.5), 0.0);
    }

    #[test]
    fn coin_tails_are_those_of_exact_fractions() {
        check_close(fair_coin_at_most(0, 3), 1.0 / 8.0);
        check_close(fair_coin_at_most(2, 3), 7.0 / 8.0);
        check_close(fair_coin_at_most(3, 10), 176.0 / 1024.0);
        check_close(fair_coin_at_most(20, 20), 1.0);
        check_close(fair_coin_at_most(0, 0), 1.0);
    }

    #[test]
    fn the_tail_of_an_odd_number_of_tosses_is_one_half_in_the_middle() {
        for n in [1_u64, 15, 33, 1_001, 2_000_001] {
            check_close(fair_coin_at_most(n / 2, n), 0.5);
        }
    }
}
