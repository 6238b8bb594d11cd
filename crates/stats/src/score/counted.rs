//! Precision, recall and F1 of anything that can be counted: triples of a graph, leaves of a form.
//!
//! In: for each item and class how many are gold, given, and both. Out: [`PrfReport`].
//!
//! Not here: what counts as right.

use super::prf::{Group, ItemCounts, PerItem, PrfReport, prf_reports};
use crate::Class;
use crate::bootstrap::IntervalOptions;

/// What one item counts for one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    /// The class.
    pub class: Class,
    /// Those that are gold and given.
    pub right: u32,
    /// Those that are gold.
    pub gold: u32,
    /// Those that were given.
    pub given: u32,
}

/// Precision, recall and F1 for each class and over all, from counts of each item.
///
/// An item without an answer has its gold and nothing given. Intervals are bootstraps over items, for what one item
/// holds stands and falls together. Counts of classes that are not below `n_classes` are left out, and what is right is
/// at most what is gold and what is given.
///
/// ```
/// use karat_stats::{Class, Counted, IntervalOptions, Level, score_counts};
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let one = |right, gold, given| vec![Counted { class: Class(0), right, gold, given }];
/// let report = score_counts(&[one(1, 2, 1), one(1, 1, 3)], 1, &options);
/// assert_eq!(report.micro_avg.precision.unwrap().value, 0.5);
/// assert_eq!(report.micro_avg.recall.unwrap().value, 2.0 / 3.0);
/// ```
pub fn score_counts(items: &[Vec<Counted>], n_classes: u32, options: &IntervalOptions) -> PrfReport {
    let counts = |item: &Vec<Counted>| {
        let known = item.iter().filter(|it| it.class.0 < n_classes);
        let one = |it: &Counted| ItemCounts {
            class: it.class,
            right: [it.right.min(it.gold).min(it.given)],
            gold: it.gold,
            predicted: it.given,
        };
        ItemCounts::<1>::merge(known.map(one).collect())
    };
    let mut all: Vec<Vec<ItemCounts<1>>> = items.iter().map(counts).collect();
    all.sort_unstable();
    let group = |same: &[Vec<ItemCounts<1>>]| Group { n_items: same.len() as u64, counts: same[0].clone() };
    let groups: Vec<Group<1>> = all.chunk_by(|a, b| a == b).map(group).collect();
    let [report] = prf_reports(&groups, n_classes, PerItem::ManyLabels, options);
    report
}

#[cfg(test)]
mod tests {
    use super::{Counted, score_counts};
    use crate::bootstrap::IntervalOptions;
    use crate::{Class, Level};

    #[test]
    fn counts_of_one_class_in_one_item_are_added_and_strangers_are_left_out() {
        let options = IntervalOptions { level: Level::P95, n_resamples: 100, seed: 1 };
        let of = |class, right, gold, given| Counted { class: Class(class), right, gold, given };
        let report = score_counts(&[vec![of(0, 1, 1, 1), of(0, 0, 1, 0), of(7, 1, 1, 1)]], 2, &options);
        assert_eq!((report.labels[0].support, report.labels[0].n_right), (2, 1));
        assert_eq!(report.labels[1].scores.f1, None);
        assert_eq!(report.micro_avg.recall.map(|it| it.value), Some(0.5));
    }
}
