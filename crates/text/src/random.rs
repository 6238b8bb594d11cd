//! Numbers that look random and never change: the same seed gives the same words on every machine.
//!
//! In: a seed, or a word to mix. Out: words, integers below a bound, a shuffled list. Only integer arithmetic.
//!
//! Not here: secrets (the numbers can be foretold).

/// A bijection of 64-bit words that leaves no pattern: one step of SplitMix64.
///
/// G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
pub(crate) fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(STEP);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Puts the elements in an order that is equally likely as any other.
pub(crate) fn shuffle<T>(seed: u64, list: &mut [T]) {
    let mut state = seed;
    let mut below = |bound: u64| {
        loop {
            let wide = u128::from(mix(state)) * u128::from(bound);
            state = state.wrapping_add(STEP);
            // Words that would favor some integers are drawn again (D. Lemire, 2019).
            if (wide as u64) >= bound.wrapping_neg() % bound {
                return (wide >> 64) as usize;
            }
        }
    };
    for last in (1..list.len()).rev() {
        list.swap(last, below(last as u64 + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_published_generator() {
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(mix(1_234_567_u64.wrapping_add(STEP)), 3_203_168_211_198_807_973);
    }

    #[test]
    fn every_order_of_three_is_equally_frequent() {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..6_000 {
            let mut list = [0, 1, 2];
            shuffle(mix(seed), &mut list);
            *counts.entry(list).or_insert(0_u32) += 1;
        }
        // Six standard deviations of a binomial(6000, 1/6) are 173.
        assert!(counts.len() == 6 && counts.values().all(|n| n.abs_diff(1_000) < 173), "{counts:?}");
    }
}
