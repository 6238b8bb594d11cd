//! Draws that depend on nothing but their arguments, so that a run can be repeated to the last fault.
//!
//! In: a seed, a key and a number. Out: 64 bits or a float in [0, 1). Not cryptographic, and not for statistics:
//! only the faults, latencies and answers of the fault server and the generated rows stand on it.

/// The bits for the `n`-th draw of `key` under `seed`; equal arguments give equal bits on every machine.
pub fn bits(seed: u64, key: &str, n: u64) -> u64 {
    // FNV-1a takes the key in, the finalizer of SplitMix64 spreads it over all bits.
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ mix(seed);
    for byte in key.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix(hash.wrapping_add(mix(n)))
}

/// The same draw as a float in [0, 1).
pub fn unit(seed: u64, key: &str, n: u64) -> f64 {
    // 53 bits: all that a float can hold.
    (bits(seed, key, n) >> 11) as f64 / (1u64 << 53) as f64
}

/// The same draw as an index below `n_choices`; 0 where there is no choice.
pub fn index(seed: u64, key: &str, n_choices: usize) -> usize {
    match n_choices {
        0 => 0,
        n => (bits(seed, key, 0) % n as u64) as usize,
    }
}

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_evenly() {
        let n = 20_000;
        let below = (0..n).filter(|i| unit(7, &format!("item-{i}"), 1) < 0.05).count();
        assert!((800..1200).contains(&below), "{below} of {n} below 0.05");
    }

    #[test]
    fn seed_key_and_number_each_change_the_draw() {
        let base = bits(1, "a", 1);
        assert_eq!(base, bits(1, "a", 1));
        for other in [bits(2, "a", 1), bits(1, "b", 1), bits(1, "a", 2)] {
            assert_ne!(base, other);
        }
    }
}
