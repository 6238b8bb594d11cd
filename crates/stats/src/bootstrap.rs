//! Bootstrap intervals: how far any statistic of the items can be trusted, found by drawing the items again.
//!
//! In: how many items (or groups of like items) there are, a function from a resample to the statistic, a
//! level, a seed. Out: the percentile interval. The same input gives the same bits on every machine.
//!
//! Not here: shares of independent trials (`wilson` is exact enough and free).

use crate::interval::{Interval, Level};
use crate::random::SplitMix64;

/// How intervals are made. Every field changes the result or its cost, so none has a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntervalOptions {
    /// The probability with which an interval covers the true value.
    pub level: Level,
    /// How many times the items are drawn again; 1,000 is usual. With 0 every interval is the Wilson form.
    pub n_resamples: u32,
    /// Where the random draws start. Publish it with the numbers.
    pub seed: u64,
}

/// The percentile bootstrap interval of a statistic of `n_items` items.
///
/// `statistic` gets the indices of one resample, drawn from `0..n_items` with replacement, and returns its
/// value, or `None` where it is undefined there. The interval runs from the `(1 - level) / 2` to the `(1 +
/// level) / 2` quantile of the values (linear interpolation between neighbours, as numpy does). Undefined
/// resamples are left out. `None` where there are no items, no resamples, or the statistic is undefined in
/// more than half of them.
///
/// It needs independent items: where they come in clusters, pass clusters. It has no width where no resample
/// differs, and is somewhat too narrow for fewer than about 50 items. B. Efron, "Bootstrap Methods: Another
/// Look at the Jackknife", 1979.
///
/// ```
/// use karat_stats::{IntervalOptions, Level, bootstrap};
/// let seconds = [1.0, 2.0, 2.5, 3.0, 9.0];
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let mean = |drawn: &[usize]| Some(drawn.iter().map(|&i| seconds[i]).sum::<f64>() / drawn.len() as f64);
/// let interval = bootstrap(seconds.len(), mean, &options).unwrap();
/// assert!(interval.contains(3.5) && interval.low >= 1.0 && interval.high <= 9.0);
/// ```
pub fn bootstrap(
    n_items: usize,
    mut statistic: impl FnMut(&[usize]) -> Option<f64>,
    options: &IntervalOptions,
) -> Option<Interval> {
    if n_items == 0 {
        return None;
    }
    let mut seeds = SplitMix64::new(options.seed);
    let mut drawn = vec![0; n_items];
    let mut values = Vec::with_capacity(options.n_resamples as usize);
    for _ in 0..options.n_resamples {
        let mut random = SplitMix64::new(seeds.next_word());
        for idx in &mut drawn {
            *idx = random.below(n_items as u64) as usize;
        }
        values.extend(statistic(&drawn));
    }
    percentiles(&mut values, options)
}

/// The percentile bootstrap intervals of several statistics of items that fall into groups of like items.
///
/// `group_sizes[g]` is the number of items in group `g`. `statistics` gets how many items of each group one
/// resample drew, and writes one value for each statistic, `None` where it is undefined. All statistics see
/// the same resamples. The result has one entry for each statistic, as [`bootstrap`] would give it.
///
/// This is the same bootstrap made fast: a resample costs time by the number of groups, not of items. The
/// cells of a confusion matrix, or the distinct counts of right, missed and invented labels, are such groups:
/// few even where the items are a million. The sizes must sum to less than 2^63.
///
/// ```
/// use karat_stats::{IntervalOptions, Level, bootstrap_grouped};
/// let right_and_wrong = [900_000, 100_000];
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let accuracy = |drawn: &[u64], out: &mut [Option<f64>]| out[0] = Some(drawn[0] as f64 / 1_000_000.0);
/// let interval = bootstrap_grouped(&right_and_wrong, 1, accuracy, &options)[0].unwrap();
/// assert!(interval.contains(0.9) && interval.high - interval.low < 0.002);
/// ```
pub fn bootstrap_grouped(
    group_sizes: &[u64],
    n_statistics: usize,
    mut statistics: impl FnMut(&[u64], &mut [Option<f64>]),
    options: &IntervalOptions,
) -> Vec<Option<Interval>> {
    let groups = Groups::new(group_sizes);
    if groups.n_items() == 0 {
        return vec![None; n_statistics];
    }
    let mut seeds = SplitMix64::new(options.seed);
    let mut drawn = vec![0; group_sizes.len()];
    let mut values = vec![Vec::with_capacity(options.n_resamples as usize); n_statistics];
    let mut resample = vec![None; n_statistics];
    for _ in 0..options.n_resamples {
        groups.draw(&mut SplitMix64::new(seeds.next_word()), &mut drawn);
        resample.fill(None);
        statistics(&drawn, &mut resample);
        for (column, value) in values.iter_mut().zip(&resample) {
            column.extend(*value);
        }
    }
    values.iter_mut().map(|column| percentiles(column, options)).collect()
}

/// Groups of like items, ready to be drawn from.
struct Groups {
    /// The number of items in all groups before this one; one entry more than there are groups.
    before: Vec<u64>,
    /// The group of each item, where that is the faster way.
    group_of_item: Option<Vec<u32>>,
}

impl Groups {
    fn new(sizes: &[u64]) -> Self {
        let mut before = vec![0];
        let mut sum = 0;
        for size in sizes {
            sum += size;
            before.push(sum);
        }
        // With fewer than four items to a group, drawing items one by one beats dividing them.
        let one_by_one = sum / 4 < sizes.len() as u64 && u32::try_from(sizes.len()).is_ok();
        let group_of_item = one_by_one.then(|| {
            let numbered = sizes.iter().zip(0_u32..);
            numbered.flat_map(|(&size, group)| std::iter::repeat_n(group, size as usize)).collect()
        });
        Self { before, group_of_item }
    }

    fn n_items(&self) -> u64 {
        self.before.last().copied().unwrap_or(0)
    }

    /// Draws as many items as there are, with replacement, and counts them by group.
    fn draw(&self, random: &mut SplitMix64, drawn: &mut [u64]) {
        match &self.group_of_item {
            Some(group_of_item) => {
                drawn.fill(0);
                for _ in 0..group_of_item.len() {
                    let item = random.below(group_of_item.len() as u64) as usize;
                    drawn[group_of_item[item] as usize] += 1;
                }
            }
            None => self.divide(0..drawn.len(), self.n_items(), random, drawn),
        }
    }

    /// Divides `n` draws among a range of groups: between its two halves by a binomial draw, then within each
    /// half.
    ///
    /// The range is cut where half of its items are, so large groups are reached in few cuts.
    fn divide(&self, range: std::ops::Range<usize>, n: u64, random: &mut SplitMix64, drawn: &mut [u64]) {
        if n == 0 || range.len() <= 1 {
            drawn[range].fill(n);
            return;
        }
        let (first, last) = (self.before[range.start], self.before[range.end]);
        let middle = first + (last - first) / 2;
        let inside = &self.before[range.start + 1..range.end];
        let mut cut =
            range.start + 1 + inside.partition_point(|&before| before < middle).min(inside.len() - 1);
        // Of the two cuts around the middle, the nearer one.
        if cut > range.start + 1 && self.before[cut].abs_diff(middle) > self.before[cut - 1].abs_diff(middle)
        {
            cut -= 1;
        }
        let left = random.binomial(n, self.before[cut] - first, last - first);
        self.divide(range.start..cut, left, random, drawn);
        self.divide(cut..range.end, n - left, random, drawn);
    }
}

/// The percentile interval of the values of the resamples in which the statistic was defined.
fn percentiles(values: &mut [f64], options: &IntervalOptions) -> Option<Interval> {
    if values.is_empty() || 2 * values.len() < options.n_resamples as usize {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - options.level.get()) / 2.0;
    Some(Interval { low: quantile(values, tail), high: quantile(values, 1.0 - tail) })
}

/// The quantile of sorted values, by linear interpolation (type 7 of Hyndman and Fan, 1996).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests;
