//! How good sets of labels are.
//!
//! In: for each item the gold classes (or none) and the predicted classes (or why there are none). Out:
//! [`MultiLabelScore`].
//!
//! Not here: hierarchies, where a parent class would be half right.

use std::collections::BTreeMap;

use super::outcome::{Coverage, Outcome, Pair, ScoreError, check_classes};
use super::prf::{Group, ItemCounts, PerItem, PrfReport, prf_reports};
use crate::Class;
use crate::bootstrap::{IntervalOptions, bootstrap_grouped};
use crate::interval::{Estimate, wilson_of_share};

/// The scores of an annotator that gives a set of classes to each item. An empty set is a label.
#[derive(Debug, Clone, PartialEq)]
pub struct MultiLabelScore {
    /// How many items got a set.
    pub coverage: Coverage,
    /// Share of the labeled items whose set is exactly the gold set. Wilson interval.
    pub subset_accuracy: Option<Estimate>,
    /// The same among all items with gold: an item without a label is wrong. Wilson interval.
    pub effective_subset_accuracy: Option<Estimate>,
    /// Mean over the labeled items of |gold and predicted| / |gold or predicted|, 1 where both are empty.
    pub jaccard: Option<Estimate>,
    /// The same over all items with gold: an item without a label counts 0.
    pub effective_jaccard: Option<Estimate>,
    /// Mean over the labeled items of the share of the schema's classes on which gold and prediction differ:
    /// the smaller the better, and small anyway where the schema is large. `n` counts items.
    pub hamming_loss: Option<Estimate>,
    /// Precision, recall, F1. An item without a label misses all its gold classes. Bootstrap over items, but
    /// Wilson where nothing varies.
    pub by_label: PrfReport,
}

/// Scores sets of classes against gold sets.
///
/// `n_classes` is the size of the schema. The order of a set and classes named twice mean nothing. Intervals
/// that are not Wilson's are bootstrap intervals over items. Everything is `None` where its denominator is 0.
/// G. Tsoumakas, I. Katakis, "Multi-Label Classification: An Overview", 2007.
///
/// # Errors
/// [`ScoreError::ClassOutOfRange`] where a class is not below `n_classes`.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level, Outcome, Pair, score_multi_label};
/// let (a, b, c) = (Class(0), Class(1), Class(2));
/// let pairs: [Pair<&[Class]>; 2] = [
///     Pair { gold: Some(&[a, b]), outcome: Outcome::Labeled(&[a]) },
///     Pair { gold: Some(&[c]), outcome: Outcome::Labeled(&[c]) },
/// ];
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let score = score_multi_label(&pairs, 3, &options).unwrap();
/// assert_eq!(score.subset_accuracy.unwrap().value, 0.5);
/// assert_eq!(score.jaccard.unwrap().value, 0.75);
/// assert_eq!(score.by_label.micro_avg.f1.unwrap().value, 0.8);
/// ```
pub fn score_multi_label(
    pairs: &[Pair<&[Class]>],
    n_classes: u32,
    options: &IntervalOptions,
) -> Result<MultiLabelScore, ScoreError> {
    let mut shapes = Vec::with_capacity(pairs.len());
    for (item_idx, pair) in pairs.iter().enumerate() {
        let labels = match pair.outcome {
            Outcome::Labeled(labels) => Some(labels),
            Outcome::NoLabel(_) => None,
        };
        let classes = pair.gold.into_iter().chain(labels).flatten().copied();
        check_classes(item_idx, classes, n_classes)?;
        if let Some(gold) = pair.gold {
            shapes.push(Shape::of(gold, labels));
        }
    }
    let coverage = Coverage::of(pairs, options.level);
    let n_right = shapes.iter().filter(|shape| shape.is_right()).count() as u64;
    // Items that count the same are grouped; sorted, so that the order of the items changes nothing.
    shapes.sort_unstable();
    let shapes: Vec<(Shape, u64)> =
        shapes.chunk_by(|a, b| a == b).map(|same| (same[0].clone(), same.len() as u64)).collect();
    let means = Means::of(&shapes, n_classes, options);
    let groups: Vec<Group<1>> =
        shapes.into_iter().map(|(shape, n_items)| Group { n_items, counts: shape.counts }).collect();
    let [by_label] = prf_reports(&groups, n_classes, PerItem::ManyLabels, options);
    Ok(MultiLabelScore {
        subset_accuracy: Estimate::share(n_right, coverage.n_gold_labeled, options.level),
        effective_subset_accuracy: Estimate::share(n_right, coverage.n_gold, options.level),
        jaccard: means.jaccard,
        effective_jaccard: means.effective_jaccard,
        hamming_loss: means.hamming_loss,
        by_label,
        coverage,
    })
}

/// What an item counts: whether it has a label, and for each class that occurs, where.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    is_labeled: bool,
    counts: Vec<ItemCounts<1>>,
}

impl Shape {
    fn of(gold: &[Class], labels: Option<&[Class]>) -> Self {
        let predicted = labels.into_iter().flatten();
        let mut counts: Vec<ItemCounts<1>> = gold.iter().copied().map(ItemCounts::gold).collect();
        counts.extend(predicted.copied().map(ItemCounts::predicted));
        counts.sort_unstable();
        counts.dedup();
        let mut counts = ItemCounts::merge(counts);
        for one in &mut counts {
            one.right = [one.gold.min(one.predicted)];
        }
        Self { is_labeled: labels.is_some(), counts }
    }

    fn n_shared(&self) -> u64 {
        self.counts.iter().map(|one| u64::from(one.right[0])).sum()
    }

    fn is_right(&self) -> bool {
        self.is_labeled && self.n_shared() == self.counts.len() as u64
    }

    fn overlap(&self) -> Overlap {
        Overlap { is_labeled: self.is_labeled, n_shared: self.n_shared(), n_either: self.counts.len() as u64 }
    }
}

/// What the means over items need to know of an item; few items differ in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Overlap {
    is_labeled: bool,
    n_shared: u64,
    n_either: u64,
}

impl Overlap {
    fn jaccard(&self) -> f64 {
        match (self.is_labeled, self.n_either) {
            (false, _) => 0.0,
            (true, 0) => 1.0,
            (true, n_either) => self.n_shared as f64 / n_either as f64,
        }
    }
}

/// The scores that are means over items.
struct Means {
    jaccard: Option<Estimate>,
    effective_jaccard: Option<Estimate>,
    hamming_loss: Option<Estimate>,
}

impl Means {
    fn of(shapes: &[(Shape, u64)], n_classes: u32, options: &IntervalOptions) -> Self {
        let mut n_by_overlap = BTreeMap::new();
        for (shape, n_items) in shapes {
            *n_by_overlap.entry(shape.overlap()).or_insert(0) += n_items;
        }
        let (overlaps, sizes): (Vec<Overlap>, Vec<u64>) = n_by_overlap.into_iter().unzip();
        let values = means(&overlaps, &sizes, n_classes);
        let intervals = bootstrap_grouped(
            &sizes,
            values.len(),
            |drawn, out| out.copy_from_slice(&means(&overlaps, drawn, n_classes)),
            options,
        );
        let n_all = sizes.iter().sum();
        let labeled = overlaps.iter().zip(&sizes).filter(|(overlap, _)| overlap.is_labeled);
        let n_labeled = labeled.map(|(_, n_items)| n_items).sum();
        let estimate = |place: usize, n: u64| {
            let value = values[place]?;
            let resampled = intervals[place].filter(|interval| interval.has_width());
            let interval = resampled.unwrap_or_else(|| wilson_of_share(value, n, options.level));
            Some(Estimate { value, interval: interval.widened_to(value), n })
        };
        Self {
            jaccard: estimate(0, n_labeled),
            effective_jaccard: estimate(1, n_all),
            hamming_loss: estimate(2, n_labeled),
        }
    }
}

/// Jaccard over labeled items, Jaccard over all, Hamming loss, where each kind of item is drawn so many
/// times.
fn means(overlaps: &[Overlap], drawn: &[u64], n_classes: u32) -> [Option<f64>; 3] {
    let (mut n_all, mut n_labeled, mut jaccard, mut n_different) = (0.0, 0.0, 0.0, 0.0);
    for (overlap, &times) in overlaps.iter().zip(drawn) {
        let times = times as f64;
        n_all += times;
        jaccard += times * overlap.jaccard();
        if overlap.is_labeled {
            n_labeled += times;
            n_different += times * (overlap.n_either - overlap.n_shared) as f64;
        }
    }
    let share = |sum: f64, of: f64| (of > 0.0).then(|| sum / of);
    [share(jaccard, n_labeled), share(jaccard, n_all), share(n_different, n_labeled * f64::from(n_classes))]
}

#[cfg(test)]
mod tests;
