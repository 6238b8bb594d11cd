//! How good single labels are.
//!
//! In: for each item a gold class (or none) and a class (or why there is none). Out: [`ClassificationScore`].
//!
//! Not here: sets of classes (`multi_label.rs`), confidences.

use super::confusion::{Confusion, ConfusionCell};
use super::outcome::{Coverage, Outcome, Pair, ScoreError, check_classes};
use super::prf::{Group, ItemCounts, PerItem, PrfReport, prf_reports};
use crate::Class;
use crate::bootstrap::IntervalOptions;
use crate::interval::Estimate;

/// The scores of an annotator that gives one class to each item.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassificationScore {
    /// How many items got a label.
    pub coverage: Coverage,
    /// Right / labeled, among the items with gold: how good a label is, where there is one. Wilson interval.
    pub accuracy: Option<Estimate>,
    /// Right / all items with gold: an item without a label is wrong. Compare annotators by this. Wilson
    /// interval.
    pub effective_accuracy: Option<Estimate>,
    /// Precision, recall, F1. An item without a label lowers the recall of its gold class and no precision.
    /// Wilson intervals for precision and recall (but for their means), bootstrap over items for the rest.
    pub by_label: PrfReport,
    /// Which class was taken for which.
    pub confusion: Confusion,
}

/// Scores single labels against gold.
///
/// `n_classes` is the size of the schema; classes are numbered from 0. Micro recall equals the effective
/// accuracy; micro precision equals the accuracy among labeled items. Everything is `None` where its
/// denominator is 0; see [`PrfReport`] for the averages. The scores say nothing of items without gold: a gold
/// set that was not drawn at random speaks only for itself.
///
/// # Errors
/// [`ScoreError::ClassOutOfRange`] where a class is not below `n_classes`.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level, NoLabel, Outcome, Pair, score_classification};
/// let item = |gold, label| Pair { gold: Some(Class(gold)), outcome: Outcome::Labeled(Class(label)) };
/// let failed = Pair { gold: Some(Class(1)), outcome: Outcome::NoLabel(NoLabel::Failed) };
/// let pairs = [item(0, 0), item(0, 0), item(1, 0), item(1, 1), failed];
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let score = score_classification(&pairs, 2, &options).unwrap();
/// assert_eq!(score.accuracy.unwrap().value, 0.75);
/// assert_eq!(score.effective_accuracy.unwrap().value, 0.6);
/// assert_eq!(score.by_label.labels[0].scores.f1.unwrap().value, 0.8);
/// ```
pub fn score_classification(
    pairs: &[Pair<Class>],
    n_classes: u32,
    options: &IntervalOptions,
) -> Result<ClassificationScore, ScoreError> {
    for (item_idx, pair) in pairs.iter().enumerate() {
        let label = match pair.outcome {
            Outcome::Labeled(class) => Some(class),
            Outcome::NoLabel(_) => None,
        };
        check_classes(item_idx, pair.gold.into_iter().chain(label), n_classes)?;
    }
    let coverage = Coverage::of(pairs, options.level);
    let confusion = Confusion::of(pairs);
    let n_right = confusion.cells().iter().filter(|cell| cell.is_right()).map(|cell| cell.n_items).sum();
    let groups: Vec<Group<1>> = confusion.cells().iter().map(group_of).collect();
    let [by_label] = prf_reports(&groups, n_classes, PerItem::OneLabel, options);
    Ok(ClassificationScore {
        accuracy: Estimate::share(n_right, coverage.n_gold_labeled, options.level),
        effective_accuracy: Estimate::share(n_right, coverage.n_gold, options.level),
        by_label,
        coverage,
        confusion,
    })
}

/// The items of one cell of the confusion matrix count the same.
fn group_of(cell: &ConfusionCell) -> Group<1> {
    let mut counts = vec![ItemCounts::gold(cell.gold)];
    if let Outcome::Labeled(class) = cell.outcome {
        counts.push(ItemCounts { right: [u32::from(class == cell.gold)], ..ItemCounts::predicted(class) });
    }
    Group { n_items: cell.n_items, counts: ItemCounts::merge(counts) }
}

#[cfg(test)]
mod tests;
