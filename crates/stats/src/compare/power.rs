//! How many items a comparison needs, and when it may stop.

use crate::special::{ln_gamma, normal_quantile};

/// How many items it takes to find a difference of two accuracies with McNemar's test at level 0.05, two-sided.
///
/// `discordance` is the share of items that exactly one of the two gets right, `difference` that of their accuracies,
/// `power` the wanted chance of finding it. `None` where it is undefined: a difference of 0, one larger than the
/// discordance, or shares outside (0, 1]. R. Connor, "Sample Size for Testing Differences in Proportions for the
/// Paired-Sample Design", 1987.
///
/// ```
/// assert_eq!(karat_stats::items_needed(0.10, 0.05, 0.8), Some(312));
/// assert_eq!(karat_stats::items_needed(0.10, 0.0, 0.8), None);
/// ```
pub fn items_needed(discordance: f64, difference: f64, power: f64) -> Option<u64> {
    let difference = difference.abs();
    let sound =
        difference > 0.0 && difference <= discordance && discordance <= 1.0 && 0.0 < power && power < 1.0;
    sound.then(|| {
        let (found, missed) = (normal_quantile(0.975), normal_quantile(power));
        let root = found * discordance.sqrt() + missed * (discordance - difference * difference).sqrt();
        ((root / difference).powi(2)).ceil() as u64
    })
}

/// The evidence against "both are equally good" after so many items that exactly one of two got right: an e-value.
///
/// It may be looked at after every item, and the comparison stopped at any time: the chance that it ever reaches `1 /
/// level` while both are equally good is at most `level`. Its inverse is a p value that survives peeking. The stake is a
/// mixture over all odds with weight Beta(½, ½), which has a closed form. V. Vovk and R. Wang, "E-values: Calibration,
/// Combination and Applications", 2021; the mixture is that of R. Krichevsky and V. Trofimov, 1981.
///
/// ```
/// assert_eq!(karat_stats::evidence(0, 0), 1.0);
/// assert!(karat_stats::evidence(30, 8) > 20.0 && karat_stats::evidence(12, 9) < 1.0);
/// ```
pub fn evidence(only_first: u64, only_second: u64) -> f64 {
    let (a, b) = (only_first as f64, only_second as f64);
    let log_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let log = log_beta(a + 0.5, b + 0.5) - std::f64::consts::PI.ln() + (a + b) * std::f64::consts::LN_2;
    if a + b == 0.0 { 1.0 } else { log.exp() }
}

#[cfg(test)]
mod tests {
    use super::{evidence, items_needed};
    use crate::random::SplitMix64;

    #[test]
    fn small_differences_need_many_items() {
        assert_eq!(items_needed(0.10, 0.03, 0.8), Some(870));
        assert_eq!(items_needed(0.05, 0.10, 0.8), None);
        assert_eq!(items_needed(f64::NAN, 0.1, 0.8), None);
    }

    #[test]
    fn evidence_that_is_looked_at_after_every_item_seldom_lies() {
        let (n_runs, mut n_false) = (2_000, 0);
        for seed in 0..n_runs {
            let mut random = SplitMix64::new(seed);
            let (mut a, mut b) = (0, 0);
            for _ in 0..300 {
                if random.below(2) == 0 {
                    a += 1
                } else {
                    b += 1
                }
                if evidence(a, b) >= 20.0 {
                    n_false += 1;
                    break;
                }
            }
        }
        assert!(f64::from(n_false) / n_runs as f64 <= 0.05, "{n_false} of {n_runs}");
        assert!(n_false > 0, "a test that can never fail shows nothing");
    }

    #[test]
    fn evidence_grows_with_the_items_and_does_not_overflow() {
        assert!(evidence(60, 40) < evidence(600, 400));
        assert!(evidence(3_000, 0).is_infinite() || evidence(3_000, 0) > 1e300);
    }
}
