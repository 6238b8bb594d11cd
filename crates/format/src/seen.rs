//! Which ids, or contents, have been seen: hashes only, so that a million of them take about 30 MB.
//!
//! Two different ids count as one when 64 bits of their hashes agree: among a million ids with a probability below 1 in
//! 30 million.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use karat_core::Hash;

/// So many maps grow one by one: the old and the new table of a growing map are there at the same time.
const N_PARTS: usize = 64;

/// A hash in two halves: so an entry takes 12 bytes and not 16.
type Key = (u32, u32);

/// A number for each hash that was seen.
pub(crate) struct Seen {
    parts: Vec<HashMap<Key, u32>>,
}

impl Default for Seen {
    fn default() -> Self {
        Self { parts: (0..N_PARTS).map(|_| HashMap::new()).collect() }
    }
}

impl Seen {
    /// Notes that `hash` stands in `row`; gives the row where it stood first, where it is not new. Rows above 2^32 - 1 are
    /// told as that.
    pub(crate) fn first_row(&mut self, hash: Hash, row: u64) -> Option<u64> {
        match self.entry(hash) {
            Entry::Occupied(first) => Some(u64::from(*first.get())),
            Entry::Vacant(new) => {
                new.insert(u32::try_from(row).unwrap_or(u32::MAX));
                None
            }
        }
    }

    /// How many times `hash` has been seen with this time.
    pub(crate) fn count(&mut self, hash: Hash) -> u32 {
        let n = self.entry(hash).or_insert(0);
        *n = n.saturating_add(1);
        *n
    }

    fn entry(&mut self, hash: Hash) -> Entry<'_, Key, u32> {
        let [part, a, b, c, d, e, f, g, h, ..] = hash.0;
        let key = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        self.parts[usize::from(part) % N_PARTS].entry(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_of_a_hash_is_remembered() {
        let mut seen = Seen::default();
        assert_eq!(seen.first_row(Hash::of(b"a"), 1), None);
        assert_eq!(seen.first_row(Hash::of(b"b"), 2), None);
        assert_eq!(seen.first_row(Hash::of(b"a"), 3), Some(1));
        assert_eq!(seen.first_row(Hash::of(b"a"), 4), Some(1));
    }

    #[test]
    fn times_are_counted_from_one() {
        let mut seen = Seen::default();
        let counts = [b"a", b"b", b"a", b"a"].map(|id| seen.count(Hash::of(id)));
        assert_eq!(counts, [1, 1, 2, 3]);
    }

    #[test]
    fn a_million_hashes_take_less_than_40_megabytes() {
        let mut seen = Seen::default();
        for row in 0..1_000_000_u64 {
            seen.first_row(Hash::of(&row.to_le_bytes()), row);
        }
        let n_slots: usize = seen.parts.iter().map(|part| part.capacity() * 8 / 7).sum();
        // An entry, and the byte with which the table finds it.
        let n_bytes = n_slots * (size_of::<(Key, u32)>() + 1);
        assert!(n_bytes < 40_000_000, "{n_bytes}");
    }
}
