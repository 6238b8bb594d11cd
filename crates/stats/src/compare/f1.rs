//! The difference of two annotators' F1 on the same items, over all labels and for each.

use std::collections::BTreeMap;

use crate::Class;
use crate::bootstrap::{IntervalOptions, bootstrap_grouped};
use crate::interval::Estimate;

/// What two annotators did with one label on one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelPair {
    /// The label.
    pub class: Class,
    /// How often it is gold.
    pub gold: u32,
    /// How often the first gave it, and how often rightly.
    pub first: (u32, u32),
    /// How often the second gave it, and how often rightly.
    pub second: (u32, u32),
}

/// The result of [`compare_f1`]: the first's F1 minus the second's, each in [-1, 1]. An estimate's `n` is the number of
/// items.
#[derive(Debug, Clone, PartialEq)]
pub struct F1Comparison {
    /// Of the counts of all labels together; `None` where neither gold nor answers hold a label.
    pub micro: Option<Estimate>,
    /// Of the mean over the labels that are gold or were given.
    pub macro_average: Option<Estimate>,
    /// Of each label, by its class; `None` where it is neither gold nor given.
    pub labels: Vec<Option<Estimate>>,
}

/// Compares the F1 of two annotators on the same items, with paired bootstrap intervals.
///
/// `items` holds for each item the labels that are gold or were given by either; other labels need no entry. An item on
/// which an annotator failed has zeros on its side and still counts. Items are drawn again whole, so that the two answers
/// to an item stay together. Classes at or above `n_classes` are left out.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, LabelPair, Level, compare_f1};
/// let right_and_wrong = |first, second| vec![LabelPair { class: Class(0), gold: 1, first, second }];
/// let items: Vec<_> = (0..50).map(|n| right_and_wrong((1, 1), (1, u32::from(n % 2 == 0)))).collect();
/// let options = IntervalOptions { level: Level::P95, n_resamples: 500, seed: 7 };
/// let micro = compare_f1(&items, 1, &options).micro.unwrap();
/// assert!((micro.value - 0.5).abs() < 1e-12 && micro.interval.low > 0.3);
/// ```
pub fn compare_f1(items: &[Vec<LabelPair>], n_classes: usize, options: &IntervalOptions) -> F1Comparison {
    let mut groups: BTreeMap<Vec<LabelPair>, u64> = BTreeMap::new();
    for item in items {
        let mut item: Vec<LabelPair> =
            item.iter().copied().filter(|it| (it.class.0 as usize) < n_classes).collect();
        item.sort_unstable();
        *groups.entry(item).or_default() += 1;
    }
    let (kinds, sizes): (Vec<Vec<LabelPair>>, Vec<u64>) = groups.into_iter().unzip();
    let mut sums = vec![Sums::default(); n_classes];
    let n_statistics = n_classes + 2;
    let mut statistics = |drawn: &[u64], out: &mut [Option<f64>]| {
        sums.fill(Sums::default());
        for (kind, n) in kinds.iter().zip(drawn) {
            for pair in kind {
                sums[pair.class.0 as usize].add(pair, *n);
            }
        }
        differences(&sums, out);
    };
    let mut values = vec![None; n_statistics];
    statistics(&sizes, &mut values);
    let intervals = bootstrap_grouped(&sizes, n_statistics, statistics, options);
    let n = items.len() as u64;
    let estimate = |(value, interval): (Option<f64>, Option<crate::Interval>)| {
        let value = value?;
        Some(Estimate { value, interval: interval?.widened_to(value), n })
    };
    let mut all: Vec<Option<Estimate>> = values.into_iter().zip(intervals).map(estimate).collect();
    let macro_average = all.pop().flatten();
    let micro = all.pop().flatten();
    F1Comparison { micro, macro_average, labels: all }
}

/// Counts of one label over a resample.
#[derive(Clone, Copy, Default)]
struct Sums {
    gold: u64,
    first: (u64, u64),
    second: (u64, u64),
}

impl Sums {
    fn add(&mut self, pair: &LabelPair, n: u64) {
        self.gold += n * u64::from(pair.gold);
        self.first.0 += n * u64::from(pair.first.0);
        self.first.1 += n * u64::from(pair.first.1);
        self.second.0 += n * u64::from(pair.second.0);
        self.second.1 += n * u64::from(pair.second.1);
    }

    /// `None` where the label is nowhere: neither gold nor given by either.
    fn difference(&self) -> Option<f64> {
        (self.gold + self.first.0 + self.second.0 > 0)
            .then(|| f1(self.gold, self.first) - f1(self.gold, self.second))
    }
}

/// F1 of so many gold, given and rightly given; 0 where neither is there.
fn f1(gold: u64, (given, right): (u64, u64)) -> f64 {
    if gold + given == 0 { 0.0 } else { 2.0 * right as f64 / (gold + given) as f64 }
}

/// One difference for each label, then micro, then macro.
fn differences(sums: &[Sums], out: &mut [Option<f64>]) {
    let mut total = Sums::default();
    for sums in sums {
        total.gold += sums.gold;
        total.first = (total.first.0 + sums.first.0, total.first.1 + sums.first.1);
        total.second = (total.second.0 + sums.second.0, total.second.1 + sums.second.1);
    }
    let (mut sum, mut n) = (0.0, 0_u32);
    for (out, sums) in out.iter_mut().zip(sums) {
        *out = sums.difference();
        if let Some(difference) = *out {
            sum += difference;
            n += 1;
        }
    }
    out[sums.len()] = total.difference();
    out[sums.len() + 1] = (n > 0).then(|| sum / f64::from(n));
}
