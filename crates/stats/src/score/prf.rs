//! Precision, recall and F1 from counts: for each label, and over all labels by the three usual averages.
//!
//! In: groups of items that count the same. Out: [`PrfReport`]. Every shape of a label (one class, several, spans) counts
//! its right, gold and predicted labels itself and shares all else.
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
/// An average runs over the labels for which its score is defined: a label that is neither in the gold nor predicted
/// lowers nothing. (scikit-learn does the same with `zero_division=nan`.)
#[derive(Debug, Clone, PartialEq)]
pub struct PrfReport {
    /// One entry for each class of the schema, in its order.
    pub labels: Vec<LabelScore>,
    /// Over all labels counted together: frequent labels weigh more. `n` as for one label.
    pub micro_avg: Prf,
    /// The plain mean over labels: rare labels weigh as much as frequent ones. `n` is the number of items with gold.
    pub macro_avg: Prf,
    /// The mean over labels, weighted by support. `n` is the number of items with gold.
    pub weighted_avg: Prf,
}

/// How the labels of one class are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Counts {
    pub(crate) right: u64,
    pub(crate) gold: u64,
    pub(crate) predicted: u64,
}

/// Items that count the same: how many, and what each of them counts for which classes.
pub(crate) struct Group {
    pub(crate) n_items: u64,
    pub(crate) counts: Vec<(Class, Counts)>,
}

/// What the labels of one item have to do with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PerItem {
    /// At most one label each in gold and prediction: precision and recall are shares of independent items (Wilson).
    OneLabel,
    /// Any number: the labels of one item stand and fall together, and items are drawn again (bootstrap).
    ManyLabels,
}

/// Precision, recall and F1 of groups of items with gold, with intervals.
///
/// Where the resamples do not vary (everything right, or nothing) or mostly leave a score undefined, the bootstrap knows
/// nothing, and the interval is Wilson's, with no more trials than there are items. F1 has one because it is a function of
/// a share: with `j = right / (gold or predicted)`, `F1 = 2 j / (1 + j)`. For an average it is then the average of the
/// labels' interval ends, which is wider than need be.
pub(crate) fn prf_report(
    groups: &[Group],
    n_classes: u32,
    per_item: PerItem,
    options: &IntervalOptions,
) -> PrfReport {
    let sizes: Vec<u64> = groups.iter().map(|group| group.n_items).collect();
    let totals = sum_counts(groups, &sizes, n_classes);
    let mut resampled_totals = totals.clone();
    let intervals = bootstrap_grouped(
        &sizes,
        N_SCORES * (totals.len() + N_AVERAGES),
        |drawn, out| {
            add_counts(groups, drawn, &mut resampled_totals);
            write_scores(&resampled_totals, out);
        },
        options,
    );
    let (touched, n_items) = items_with(groups, n_classes);
    let report = Reporter {
        intervals,
        per_item,
        options: *options,
    };
    let labels: Vec<LabelScore> = totals
        .iter()
        .zip(&touched)
        .zip(0..n_classes)
        .map(|((counts, &n_items), class)| report.label(Class(class), counts, n_items))
        .collect();
    let micro_at = N_SCORES * labels.len();
    let n_nonempty = groups
        .iter()
        .filter(|group| !group.counts.is_empty())
        .map(|group| group.n_items)
        .sum();
    PrfReport {
        micro_avg: report.counted(&sum_over_labels(&totals), micro_at, n_nonempty),
        macro_avg: report.averaged(&labels, |_| 1.0, micro_at + N_SCORES, n_items),
        weighted_avg: report.averaged(
            &labels,
            |label| label.support as f64,
            micro_at + 2 * N_SCORES,
            n_items,
        ),
        labels,
    }
}

/// Precision, recall, F1: the order of all flat lists here.
const N_SCORES: usize = 3;
/// Micro, macro, weighted.
const N_AVERAGES: usize = 3;

type Scores = [Option<f64>; N_SCORES];

impl Counts {
    /// Denominators of precision, recall and the share behind F1.
    fn denominators(&self) -> [u64; N_SCORES] {
        [self.predicted, self.gold, self.gold + self.predicted - self.right]
    }

    fn scores(&self) -> Scores {
        let share = |above: u64, below: u64| (below > 0).then(|| above as f64 / below as f64);
        [
            share(self.right, self.predicted),
            share(self.right, self.gold),
            share(2 * self.right, self.gold + self.predicted),
        ]
    }

    pub(crate) fn add(&mut self, other: &Self, times: u64) {
        self.right += times * other.right;
        self.gold += times * other.gold;
        self.predicted += times * other.predicted;
    }
}

fn sum_counts(groups: &[Group], drawn: &[u64], n_classes: u32) -> Vec<Counts> {
    let mut totals = vec![Counts::default(); n_classes as usize];
    add_counts(groups, drawn, &mut totals);
    totals
}

fn add_counts(groups: &[Group], drawn: &[u64], totals: &mut [Counts]) {
    totals.fill(Counts::default());
    for (group, &times) in groups.iter().zip(drawn).filter(|&(_, &times)| times > 0) {
        for (class, counts) in &group.counts {
            totals[class.0 as usize].add(counts, times);
        }
    }
}

fn sum_over_labels(totals: &[Counts]) -> Counts {
    let mut sum = Counts::default();
    totals.iter().for_each(|counts| sum.add(counts, 1));
    sum
}

/// The number of items in which each class occurs, and of all items.
fn items_with(groups: &[Group], n_classes: u32) -> (Vec<u64>, u64) {
    let mut touched = vec![0; n_classes as usize];
    for group in groups {
        for (class, _) in &group.counts {
            touched[class.0 as usize] += group.n_items;
        }
    }
    (touched, groups.iter().map(|group| group.n_items).sum())
}

/// Writes the scores of each label, then micro, macro and weighted averages.
fn write_scores(totals: &[Counts], out: &mut [Option<f64>]) {
    let (mut plain, mut weighted) = ([Mean::default(); N_SCORES], [Mean::default(); N_SCORES]);
    let (by_label, averages) = out.split_at_mut(N_SCORES * totals.len());
    for (counts, label) in totals.iter().zip(by_label.chunks_exact_mut(N_SCORES)) {
        label.copy_from_slice(&counts.scores());
        for (score, value) in label.iter().enumerate() {
            plain[score].add(*value, 1.0);
            weighted[score].add(*value, counts.gold as f64);
        }
    }
    averages[..N_SCORES].copy_from_slice(&sum_over_labels(totals).scores());
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
struct Reporter {
    intervals: Vec<Option<Interval>>,
    per_item: PerItem,
    options: IntervalOptions,
}

impl Reporter {
    fn label(&self, class: Class, counts: &Counts, n_items: u64) -> LabelScore {
        let scores = self.counted(counts, N_SCORES * class.0 as usize, n_items);
        LabelScore {
            class,
            support: counts.gold,
            n_predicted: counts.predicted,
            n_right: counts.right,
            scores,
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
            Some(Estimate {
                value,
                interval: interval.widened_to(value),
                n,
            })
        };
        Prf {
            precision: estimate(0),
            recall: estimate(1),
            f1: estimate(2),
        }
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
            let ends = Interval {
                low: mean(|e| e.interval.low)?,
                high: mean(|e| e.interval.high)?,
            };
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
        self.intervals[place].filter(|interval| interval.low < interval.high)
    }
}

fn f1_of_jaccard(share: Interval) -> Interval {
    let f1 = |j: f64| 2.0 * j / (1.0 + j);
    Interval {
        low: f1(share.low),
        high: f1(share.high),
    }
}
