//! Numbers that look random and are the same on every machine and in every release.
//!
//! In: a seed and the words that tell one draw from another. Out: a number. Two draws with different words are unrelated.
//!
//! Not here: anything that must be hard to guess.

/// A draw from a seed and words.
pub(crate) fn draw(seed: u64, words: &[&[u8]]) -> u64 {
    // FNV-1a over the words, each closed by its length, then the finish of SplitMix64.
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ mix(seed);
    for word in words {
        for byte in *word {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash = mix(hash ^ word.len() as u64);
    }
    mix(hash)
}

/// A draw as a number in [0, 1).
pub(crate) fn unit(draw: u64) -> f64 {
    (draw >> 11) as f64 / (1u64 << 53) as f64
}

/// The finish of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_and_differ_by_seed_and_words() {
        let draws: Vec<f64> = (0..10_000u32).map(|n| unit(draw(1, &[b"k", &n.to_le_bytes()]))).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        assert!(draws.iter().all(|x| (0.0..1.0).contains(x)));
        assert_ne!(draw(1, &[b"ab", b"c"]), draw(1, &[b"a", b"bc"]));
        assert_ne!(draw(1, &[b"a"]), draw(2, &[b"a"]));
    }

    #[test]
    fn a_draw_never_changes_between_releases() {
        assert_eq!(draw(7, &[b"item-1", &0u32.to_le_bytes()]), draw(7, &[b"item-1", &[0; 4]]));
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }
}
