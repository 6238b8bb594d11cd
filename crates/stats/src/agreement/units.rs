//! Items with the same ratings, counted together.
//!
//! In: the codes of the ratings of each item. Out: [`Units`]: each distinct multiset of codes with the number of items
//! that have it, in an order that does not depend on the order of the items. A resample then costs time by the number
//! of distinct multisets: a hundred where a million items have five ratings in four classes.
//!
//! Not here: who gave a rating (a caller who needs it puts it into the code).

/// Groups of items with the same ratings.
#[derive(Debug, Clone, Default)]
pub(super) struct Units {
    /// Where the counts of each group begin; one entry more than there are groups.
    starts: Vec<usize>,
    /// Codes in ascending order, each with how many ratings of an item of the group have it.
    counts: Vec<(u32, u32)>,
    /// The number of ratings on an item of each group.
    n_ratings: Vec<u32>,
    /// The number of items of each group.
    pub(super) sizes: Vec<u64>,
}

impl Units {
    /// Groups the items that have at least `least` ratings; codes are below `n_codes`, items have at most `most`
    /// ratings.
    pub(super) fn new<I: Iterator<Item = u32>>(
        n_codes: u32,
        least: usize,
        most: usize,
        items: impl Iterator<Item = I>,
    ) -> Self {
        let n_bits = u32::BITS - n_codes.leading_zeros();
        if most * n_bits as usize <= 64 {
            Self::packed(n_bits, least, items)
        } else {
            Self::listed(least, items)
        }
    }

    /// The codes of an item in one word, each plus one, from the lowest code at the top: equal words are equal items.
    fn packed<I: Iterator<Item = u32>>(n_bits: u32, least: usize, items: impl Iterator<Item = I>) -> Self {
        let mut item: Vec<u32> = Vec::new();
        let mut words = Vec::new();
        for codes in items {
            item.clear();
            item.extend(codes);
            if item.len() < least.max(1) {
                continue;
            }
            item.sort_unstable();
            let word = item.iter().fold(0_u64, |word, code| (word << n_bits) | (u64::from(*code) + 1));
            words.push(word);
        }
        words.sort_unstable();
        let mut units = Self { starts: vec![0], ..Self::default() };
        for same in words.chunk_by(|a, b| a == b) {
            item.clear();
            let mut word = same[0];
            let mask = u64::MAX >> (64 - n_bits);
            while word > 0 {
                item.push((word & mask) as u32 - 1);
                word >>= n_bits;
            }
            item.reverse();
            units.push(&item, same.len() as u64);
        }
        units
    }

    /// The same where the codes of an item do not fit into one word.
    fn listed<I: Iterator<Item = u32>>(least: usize, items: impl Iterator<Item = I>) -> Self {
        let mut codes: Vec<u32> = Vec::new();
        let mut places: Vec<std::ops::Range<usize>> = Vec::new();
        for item in items {
            let start = codes.len();
            codes.extend(item);
            if codes.len() - start < least.max(1) {
                codes.truncate(start);
                continue;
            }
            codes[start..].sort_unstable();
            places.push(start..codes.len());
        }
        places.sort_unstable_by(|a, b| codes[a.clone()].cmp(&codes[b.clone()]));
        let mut units = Self { starts: vec![0], ..Self::default() };
        for same in places.chunk_by(|a, b| codes[a.clone()] == codes[b.clone()]) {
            units.push(&codes[same[0].clone()], same.len() as u64);
        }
        units
    }

    /// The groups as they are given: the ratings of an item in ascending order, and the number of such items.
    pub(super) fn of_groups(groups: impl Iterator<Item = (Vec<u32>, u64)>) -> Self {
        let mut units = Self { starts: vec![0], ..Self::default() };
        groups.for_each(|(item, size)| units.push(&item, size));
        units
    }

    fn push(&mut self, item: &[u32], size: u64) {
        for same in item.chunk_by(|a, b| a == b) {
            self.counts.push((same[0], same.len() as u32));
        }
        self.starts.push(self.counts.len());
        self.n_ratings.push(item.len() as u32);
        self.sizes.push(size);
    }

    /// The groups: the codes with their counts, and the number of ratings on an item.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[(u32, u32)], u32)> {
        let counts = self.starts.windows(2).map(|ends| &self.counts[ends[0]..ends[1]]);
        counts.zip(self.n_ratings.iter().copied())
    }

    /// How many items have two ratings or more.
    pub(super) fn n_compared(&self) -> u64 {
        self.sizes.iter().zip(&self.n_ratings).filter(|(_, n)| **n > 1).map(|(size, _)| size).sum()
    }

    /// The fewest and the most ratings of an item.
    pub(super) fn range(&self) -> (u32, u32) {
        let fewest = self.n_ratings.iter().min().copied().unwrap_or(0);
        (fewest, self.n_ratings.iter().max().copied().unwrap_or(0))
    }

    /// How often each code was given, with the items as often as `drawn` says.
    pub(super) fn totals(&self, drawn: &[u64], n_codes: u32) -> Vec<u64> {
        let mut totals = vec![0; n_codes as usize];
        for ((counts, _), times) in self.iter().zip(drawn) {
            for (code, count) in counts {
                totals[*code as usize] += times * u64::from(*count);
            }
        }
        totals
    }

    /// The same items with one code as 1 and all others as 0.
    pub(super) fn one_against_rest(&self, one: u32) -> Self {
        let mut groups: Vec<((u32, u32), u64)> = Vec::with_capacity(self.sizes.len());
        for ((counts, n_ratings), size) in self.iter().zip(&self.sizes) {
            let count = counts.iter().find(|(code, _)| *code == one).map_or(0, |(_, count)| *count);
            groups.push(((n_ratings, count), *size));
        }
        groups.sort_unstable();
        let merged = groups.chunk_by(|a, b| a.0 == b.0).map(|same| {
            let (n_ratings, count) = same[0].0;
            let item = (0..n_ratings).map(|idx| u32::from(idx >= n_ratings - count)).collect();
            (item, same.iter().map(|(_, size)| size).sum())
        });
        Self::of_groups(merged)
    }
}
