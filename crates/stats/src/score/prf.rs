//! Precision, recall and F1 from counts: for each label, and over all labels by the three usual averages.
//!
//! In: groups of items that count the same. Out: [`PrfReport`]. Every shape of a label (one class, several,
//! spans) counts its right, gold and predicted labels itself and shares all else.
//!
//! Not here: what counts as right.

use crate::Class;
use crate::bootstrap::{IntervalOptions, bootstrap_grouped};
use crate::interval::{Estimate, Interval, wilson_of_share};

/// Precision, recall and F1. Each is `None` where its denominator is 0; nothing is set to 0 or 1 instead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prf {
    /// Of the predicted labels, the share that is right. Undefined where none is predicted.
    pub precision: Option<Estimate>,
    /// Of the gold labels, the share that is found. Undefined where there is no gold.
    pub recall: Option<Estimate>,
    /// 2 · right / (gold + predicted): the harmonic mean of both. Undefined only where there is neither.
    pub f1: Option<Estimate>,
}

/// How well one label is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelScore {
    /// The label.
    pub class: Class,
    /// How often it is in the gold.
    pub support: u64,
    /// How often it was predicted, on items with gold.
    pub n_predicted: u64,
    /// How often both.
    pub n_right: u64,
    /// Its scores.
    pub scores: Prf,
}

/// Scores for each label and over all of them.
///
/// An average runs over the labels for which its score is defined: a label that is neither in the gold nor
/// predicted lowers nothing. (scikit-learn does the same with `zero_division=nan`.)
#[derive(Debug, Clone, PartialEq)]
pub struct PrfReport {
    /// One entry for each class of the schema, in its order.
    pub labels: Vec<LabelScore>,
    /// Over all labels counted together: frequent labels weigh more. `n` as for one label.
    pub micro_avg: Prf,
    /// The plain mean over labels: rare labels weigh as much as frequent ones. `n` is the number of items
    /// with gold.
    pub macro_avg: Prf,
    /// The mean over labels, weighted by support. `n` is the number of items with gold.
    pub weighted_avg: Prf,
}

/// What one item counts for one class. There are `N` ways to count a prediction as right (exact,
/// overlapping).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ItemCounts<const N: usize> {
    pub(crate) class: Class,
    pub(crate) right: [u32; N],
    pub(crate) gold: u32,
    pub(crate) predicted: u32,
}

impl<const N: usize> ItemCounts<N> {
    /// A label in the gold.
    pub(crate) fn gold(class: Class) -> Self {
        Self { class, right: [0; N], gold: 1, predicted: 0 }
    }

    /// A predicted label.
    pub(crate) fn predicted(class: Class) -> Self {
        Self { class, right: [0; N], gold: 0, predicted: 1 }
    }

    /// Adds the entries of the same class, so that each class has one; ascending by class.
    pub(crate) fn merge(mut counts: Vec<Self>) -> Vec<Self> {
        counts.sort_unstable_by_key(|one| one.class);
        counts.dedup_by(|next, sum| {
            let is_same = next.class == sum.class;
            if is_same {
                sum.right.iter_mut().zip(next.right).for_each(|(sum, right)| *sum += right);
                sum.gold += next.gold;
                sum.predicted += next.predicted;
            }
            is_same
        });
        counts
    }
}

/// Items that count the same: how many, and what each of them counts, at most once for each class.
pub(crate) struct Group<const N: usize> {
    pub(crate) n_items: u64,
    pub(crate) counts: Vec<ItemCounts<N>>,
}

/// What the labels of one item have to do with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PerItem {
    /// At most one label each in gold and prediction: precision and recall are shares of independent items
    /// (Wilson).
    OneLabel,
    /// Any number: the labels of one item stand and fall together, and items are drawn again (bootstrap).
    ManyLabels,
}

/// Precision, recall and F1 of groups of items with gold, with intervals: one report for each way to be
/// right.
///
/// Where the resamples do not vary (everything right, or nothing) or mostly leave a score undefined, the
/// bootstrap knows nothing, and the interval is Wilson's, with no more trials than there are items. F1 has
/// one because it is a function of a share: with `j = right / (gold or predicted)`, `F1 = 2 j / (1 + j)`. For
/// an average it is then the average of the labels' interval ends, which is wider than need be.
pub(crate) fn prf_reports<const N: usize>(
    groups: &[Group<N>],
    n_classes: u32,
    per_item: PerItem,
    options: &IntervalOptions,
) -> [PrfReport; N] {
    let sizes: Vec<u64> = groups.iter().map(|group| group.n_items).collect();
    let flat = Flat::of(groups);
    let mut totals = vec![Totals::default(); n_classes as usize];
    let n_statistics = N_SCORES * (totals.len() + N_AVERAGES);
    let intervals = bootstrap_grouped(
        &sizes,
        N * n_statistics,
        |drawn, out| {
            flat.add_up(drawn, &mut totals);
            for (way, out) in out.chunks_exact_mut(n_statistics).enumerate() {
                write_scores(totals.iter().map(|total| total.counts(way)), out);
            }
        },
        options,
    );
    flat.add_up(&sizes, &mut totals);
    std::array::from_fn(|way| {
        let intervals = &intervals[way * n_statistics..][..n_statistics];
        let counts: Vec<Counts> = totals.iter().map(|total| total.counts(way)).collect();
        Reporter { intervals, per_item, options }.report(groups, &counts)
    })
}

/// Precision, recall, F1: the order of all flat lists here.
const N_SCORES: usize = 3;
/// Micro, macro, weighted.
const N_AVERAGES: usize = 3;

/// The counts of all groups in one list: what is read anew for each resample lies close together.
struct Flat<const N: usize> {
    counts: Vec<ItemCounts<N>>,
    /// Where each group's counts end.
    ends: Vec<usize>,
}

impl<const N: usize> Flat<N> {
    fn of(groups: &[Group<N>]) -> Self {
        let mut flat = Self { counts: Vec::new(), ends: Vec::with_capacity(groups.len()) };
        for group in groups {
            flat.counts.extend_from_slice(&group.counts);
            flat.ends.push(flat.counts.len());
        }
        flat
    }

    /// The totals of each class where each group is drawn so many times.
    fn add_up(&self, drawn: &[u64], totals: &mut [Totals<N>]) {
        totals.fill(Totals::default());
        let mut start = 0;
        for (&end, &times) in self.ends.iter().zip(drawn) {
            if times > 0 {
                for counts in &self.counts[start..end] {
                    totals[counts.class.0 as usize].add(counts, times);
                }
            }
            start = end;
        }
    }
}

/// The sums for one class.
#[derive(Clone)]
struct Totals<const N: usize> {
    right: [u64; N],
    gold: u64,
    predicted: u64,
}

impl<const N: usize> Default for Totals<N> {
    fn default() -> Self {
        Self { right: [0; N], gold: 0, predicted: 0 }
    }
}

impl<const N: usize> Totals<N> {
    fn add(&mut self, counts: &ItemCounts<N>, times: u64) {
        for (sum, right) in self.right.iter_mut().zip(counts.right) {
            *sum += times * u64::from(right);
        }
        self.gold += times * u64::from(counts.gold);
        self.predicted += times * u64::from(counts.predicted);
    }

    /// The sums for one way to be right.
    fn counts(&self, way: usize) -> Counts {
        Counts { right: self.right[way], gold: self.gold, predicted: self.predicted }
    }
}

/// What the scores of a label, or of all together, are made of.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: u64,
    gold: u64,
    predicted: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.gold += other.gold;
        self.predicted += other.predicted;
    }

    /// Denominators of precision, recall and the share behind F1.
    fn denominators(&self) -> [u64; N_SCORES] {
        [self.predicted, self.gold, self.gold + self.predicted - self.right]
    }

    fn scores(&self) -> [Option<f64>; N_SCORES] {
        let share = |above: u64, below: u64| (below > 0).then(|| above as f64 / below as f64);
        [
            share(self.right, self.predicted),
            share(self.right, self.gold),
            share(2 * self.right, self.gold + self.predicted),
        ]
    }
}

/// Writes the scores of each label, then micro, macro and weighted averages.
fn write_scores(labels: impl ExactSizeIterator<Item = Counts>, out: &mut [Option<f64>]) {
    let (mut plain, mut weighted) = ([Mean::default(); N_SCORES], [Mean::default(); N_SCORES]);
    let mut sum = Counts::default();
    let (by_label, averages) = out.split_at_mut(N_SCORES * labels.len());
    for (counts, label) in labels.zip(by_label.chunks_exact_mut(N_SCORES)) {
        sum.add(&counts);
        label.copy_from_slice(&counts.scores());
        for (score, value) in label.iter().enumerate() {
            plain[score].add(*value, 1.0);
            weighted[score].add(*value, counts.gold as f64);
        }
    }
    averages[..N_SCORES].copy_from_slice(&sum.scores());
    for score in 0..N_SCORES {
        averages[N_SCORES + score] = plain[score].value();
        averages[2 * N_SCORES + score] = weighted[score].value();
    }
}

/// A weighted mean of the values that are defined.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, value: Option<f64>, weight: f64) {
        if let Some(value) = value {
            self.sum += weight * value;
            self.weight += weight;
        }
    }

    fn value(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// Puts values and intervals together.
struct Reporter<'a> {
    intervals: &'a [Option<Interval>],
    per_item: PerItem,
    options: &'a IntervalOptions,
}

impl Reporter<'_> {
    fn report<const N: usize>(&self, groups: &[Group<N>], counts: &[Counts]) -> PrfReport {
        let (mut n_items, mut n_items_with_any, mut n_items_with) = (0, 0, vec![0; counts.len()]);
        for group in groups {
            n_items += group.n_items;
            n_items_with_any += if group.counts.is_empty() { 0 } else { group.n_items };
            for one in &group.counts {
                n_items_with[one.class.0 as usize] += group.n_items;
            }
        }
        let mut sum = Counts::default();
        let mut labels = Vec::with_capacity(counts.len());
        for ((counts, n_items), number) in counts.iter().zip(n_items_with).zip(0..) {
            sum.add(counts);
            labels.push(LabelScore {
                class: Class(number),
                support: counts.gold,
                n_predicted: counts.predicted,
                n_right: counts.right,
                scores: self.counted(counts, N_SCORES * number as usize, n_items),
            });
        }
        let micro = N_SCORES * labels.len();
        PrfReport {
            micro_avg: self.counted(&sum, micro, n_items_with_any),
            macro_avg: self.averaged(&labels, |_| 1.0, micro + N_SCORES, n_items),
            weighted_avg: self.averaged(&labels, |label| label.support as f64, micro + 2 * N_SCORES, n_items),
            labels,
        }
    }

    /// Scores straight from counts; the intervals of their resamples begin at `at`.
    fn counted(&self, counts: &Counts, at: usize, n_items: u64) -> Prf {
        let (values, denominators) = (counts.scores(), counts.denominators());
        let estimate = |score: usize| {
            let (value, n) = (values[score]?, denominators[score]);
            let share = counts.right as f64 / n as f64;
            let wilson = wilson_of_share(share, n.min(n_items), self.options.level);
            let is_f1 = score == 2;
            let closed = if is_f1 { f1_of_jaccard(wilson) } else { wilson };
            let interval = if !is_f1 && self.per_item == PerItem::OneLabel {
                closed
            } else {
                self.resampled(at + score).unwrap_or(closed)
            };
            Some(Estimate { value, interval: interval.widened_to(value), n })
        };
        Prf { precision: estimate(0), recall: estimate(1), f1: estimate(2) }
    }

    /// Averages over labels; the intervals of their resamples begin at `at`.
    fn averaged(&self, labels: &[LabelScore], weight: impl Fn(&LabelScore) -> f64, at: usize, n: u64) -> Prf {
        let average = |score: usize, of: fn(&Prf) -> Option<Estimate>| {
            let mean = |part: fn(&Estimate) -> f64| {
                let mut mean = Mean::default();
                for label in labels {
                    mean.add(of(&label.scores).as_ref().map(part), weight(label));
                }
                mean.value()
            };
            let value = mean(|estimate| estimate.value)?;
            let ends = Interval { low: mean(|e| e.interval.low)?, high: mean(|e| e.interval.high)? };
            let interval = self.resampled(at + score).unwrap_or(ends).widened_to(value);
            Some(Estimate { value, interval, n })
        };
        Prf {
            precision: average(0, |s| s.precision),
            recall: average(1, |s| s.recall),
            f1: average(2, |s| s.f1),
        }
    }

    /// The bootstrap interval, where the resamples vary.
    fn resampled(&self, place: usize) -> Option<Interval> {
        self.intervals[place].filter(|interval| interval.has_width())
    }
}

fn f1_of_jaccard(share: Interval) -> Interval {
    let f1 = |j: f64| 2.0 * j / (1.0 + j);
    Interval { low: f1(share.low), high: f1(share.high) }
}
