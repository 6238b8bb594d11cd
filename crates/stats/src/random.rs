//! A small seeded generator whose numbers never change: the same seed gives the same resamples on every
//! machine.
//!
//! In: a seed. Out: 64-bit words, unbiased integers below a bound, and exact binomial draws. Only integer
//! arithmetic, so no mathematical library can change a result in its last bit. Our own, because a published
//! interval must be reproducible for ever and the `rand` crate promises stable values only within a major
//! version.
//!
//! Not here: secrets (the numbers are predictable).

/// SplitMix64: one addition and one mixing function for each word, period 2^64.
///
/// G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next_word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A uniform integer in `0..bound`, without bias; 0 where `bound` is 0.
    ///
    /// D. Lemire, "Fast Random Integer Generation in an Interval", 2019.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let mut wide = u128::from(self.next_word()) * u128::from(bound);
        if (wide as u64) < bound {
            let uneven = bound.wrapping_neg() % bound;
            while (wide as u64) < uneven {
                wide = u128::from(self.next_word()) * u128::from(bound);
            }
        }
        (wide >> 64) as u64
    }

    /// The successes in `n` trials that each succeed with probability `numerator / denominator`, drawn
    /// exactly.
    ///
    /// Each trial is a uniform fraction compared with the probability bit by bit, from the highest. At every
    /// bit half of the undecided trials are settled, and how many is the number of ones among that many
    /// random bits: 2n bits in all, 64 to a word, instead of n words. The denominator must be below 2^63.
    pub(crate) fn binomial(&mut self, n: u64, numerator: u64, denominator: u64) -> u64 {
        if numerator >= denominator {
            return n;
        }
        let (mut undecided, mut successes, mut rest) = (n, 0, numerator);
        while undecided > 0 && rest > 0 {
            rest *= 2;
            let ones = self.ones_among(undecided);
            if rest >= denominator {
                rest -= denominator;
                successes += undecided - ones;
                undecided = ones;
            } else {
                undecided -= ones;
            }
        }
        successes
    }

    /// A number in [0, 1), each multiple of 2^-53 equally likely.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next_word() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A draw from the standard normal distribution.
    #[cfg(test)]
    pub(crate) fn normal(&mut self) -> f64 {
        // Half a step away from 0, where the quantile is infinite.
        crate::special::normal_quantile(self.unit() + 0.5 / (1_u64 << 53) as f64)
    }

    /// Puts the elements in an order that is equally likely as any other.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// The number of ones among `n_bits` random bits.
    fn ones_among(&mut self, n_bits: u64) -> u64 {
        let mut ones = 0;
        for _ in 0..n_bits / 64 {
            ones += u64::from(self.next_word().count_ones());
        }
        let rest = n_bits % 64;
        if rest > 0 {
            ones += u64::from((self.next_word() >> (64 - rest)).count_ones());
        }
        ones
    }
}

/// The fold of each of `n` items, of `n_folds` folds whose sizes differ by at most one; the same seed gives the same folds.
pub(crate) fn folds(n: usize, n_folds: usize, seed: u64) -> Vec<usize> {
    let mut folds: Vec<usize> = (0..n).map(|idx| idx % n_folds.max(1)).collect();
    SplitMix64::new(seed).shuffle(&mut folds);
    folds
}

#[cfg(test)]
mod tests {
    use super::SplitMix64;

    #[test]
    fn the_words_are_those_of_the_published_generator() {
        let mut random = SplitMix64::new(1_234_567);
        let words: Vec<u64> = (0..5).map(|_| random.next_word()).collect();
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(words, published);
    }

    #[test]
    fn every_integer_below_the_bound_is_equally_frequent() {
        let mut random = SplitMix64::new(1);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[random.below(7) as usize] += 1;
        }
        // Six standard deviations of a binomial(70000, 1/7) are 555.
        assert!(counts.iter().all(|n| n.abs_diff(10_000) < 555), "{counts:?}");
        assert_eq!(random.below(1), 0);
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn a_bound_that_divides_the_words_unevenly_favors_no_integer() {
        // Without rejection every third integer would come twice as often as its neighbors.
        let mut random = SplitMix64::new(2);
        let mut counts = [0_u32; 3];
        for _ in 0..30_000 {
            counts[(random.below(3 << 62) % 3) as usize] += 1;
        }
        // Six standard deviations of a binomial(30000, 1/3) are 490.
        assert!(counts.iter().all(|n| n.abs_diff(10_000) < 490), "{counts:?}");
    }

    /// Compares the mean and the variance of 4,000 draws with n p and n p (1 - p), within six standard
    /// errors.
    #[track_caller]
    fn check_binomial(n: u64, numerator: u64, denominator: u64) {
        let mut random = SplitMix64::new(n ^ numerator);
        let n_draws = 4_000_u32;
        let draws: Vec<f64> =
            (0..n_draws).map(|_| random.binomial(n, numerator, denominator) as f64).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n_draws);
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / f64::from(n_draws);
        let p = numerator as f64 / denominator as f64;
        let want = n as f64 * p * (1.0 - p);
        assert!((mean - n as f64 * p).abs() <= 6.0 * (want / f64::from(n_draws)).sqrt(), "mean {mean}");
        assert!(
            (variance - want).abs() <= 6.0 * want * (3.0 / f64::from(n_draws)).sqrt(),
            "variance {variance}"
        );
    }

    #[test]
    fn binomial_draws_have_the_right_mean_and_spread() {
        for (n, numerator, denominator) in
            [(1, 1, 3), (10, 1, 2), (64, 3, 7), (65, 99, 100), (1_000, 1, 1_000), (3_000, 2, 3)]
        {
            check_binomial(n, numerator, denominator);
        }
    }

    #[test]
    fn a_sure_or_impossible_trial_takes_no_chance() {
        let mut random = SplitMix64::new(9);
        assert_eq!(random.binomial(17, 5, 5), 17);
        assert_eq!(random.binomial(17, 0, 5), 0);
        assert_eq!(random.binomial(0, 1, 2), 0);
    }
}
