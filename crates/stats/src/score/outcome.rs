//! What an annotator gave for an item, next to its gold, and how many items got a label at all.
//!
//! In: outcomes. Out: [`Pair`], the input of every score; [`Coverage`], the first number of every report.
//!
//! Not here: whether a label is right.

use crate::Class;
use crate::interval::{Estimate, Level};

/// What came of asking an annotator about one item. `T` is the shape of the label: a class, classes, spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome<T> {
    /// A label of the schema. An empty set of classes or spans is a label: "there is none here".
    Labeled(T),
    /// No label, and why.
    NoLabel(NoLabel),
}

/// Why an item has no label. None of these is ever a vote for a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoLabel {
    /// The annotator read the item and declined.
    Abstained,
    /// An answer came, but it holds no label of the schema.
    Unusable,
    /// No answer came.
    Failed,
    /// Not asked yet.
    Pending,
}

impl NoLabel {
    /// All reasons, in the order of reports and of [`Coverage::n_by_reason`].
    pub const ALL: [Self; 4] = [Self::Abstained, Self::Unusable, Self::Failed, Self::Pending];
}

/// One item: its gold label, if it has one, and the outcome to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<T> {
    /// What people settled; `None` where the item has no gold.
    pub gold: Option<T>,
    /// What the annotator gave.
    pub outcome: Outcome<T>,
}

/// How many items got a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// All items, with gold or without.
    pub n_items: u64,
    /// Items with gold: those that can be scored.
    pub n_gold: u64,
    /// Items with gold and a label.
    pub n_gold_labeled: u64,
    /// Items without a label, by reason, in the order of [`NoLabel::ALL`].
    pub n_by_reason: [u64; 4],
    /// Share of all items that got a label; `None` without items.
    pub all: Option<Estimate>,
    /// Share of the items with gold that got a label; `None` without gold. Accuracy times this is effective
    /// accuracy.
    pub gold: Option<Estimate>,
}

impl Coverage {
    pub(crate) fn of<T>(pairs: &[Pair<T>], level: Level) -> Self {
        let (mut n_gold, mut n_labeled, mut n_gold_labeled, mut n_by_reason) = (0, 0, 0, [0; 4]);
        for pair in pairs {
            n_gold += u64::from(pair.gold.is_some());
            match &pair.outcome {
                Outcome::Labeled(_) => {
                    n_labeled += 1;
                    n_gold_labeled += u64::from(pair.gold.is_some());
                }
                Outcome::NoLabel(reason) => n_by_reason[*reason as usize] += 1,
            }
        }
        let n_items = pairs.len() as u64;
        Self {
            n_items,
            n_gold,
            n_gold_labeled,
            n_by_reason,
            all: Estimate::share(n_labeled, n_items, level),
            gold: Estimate::share(n_gold_labeled, n_gold, level),
        }
    }
}

/// Why outcomes cannot be scored: the caller's numbers do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoreError {
    /// A class is not one of the schema's.
    ClassOutOfRange {
        /// Position of the item in the input, from 0.
        item_idx: usize,
        /// The class that is too high.
        class: Class,
        /// How many classes the caller said there are.
        n_classes: u32,
    },
    /// A span holds no character, or ends before it starts.
    EmptySpan {
        /// Position of the item in the input, from 0.
        item_idx: usize,
        /// Where the span starts.
        start: u32,
        /// Where it ends.
        end: u32,
    },
}

impl std::fmt::Display for ScoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ClassOutOfRange { item_idx, class, n_classes } => write!(
                f,
                "item {item_idx} has class {}, but the schema has {n_classes} classes, numbered from 0; \
                 score with the schema that the labels were made with",
                class.0
            ),
            Self::EmptySpan { item_idx, start, end } => write!(
                f,
                "item {item_idx} has a span from {start} to {end}, which holds nothing; \
                 a span must end after it starts"
            ),
        }
    }
}

impl std::error::Error for ScoreError {}

/// That every class is one of `n_classes`.
pub(crate) fn check_classes(
    item_idx: usize,
    classes: impl IntoIterator<Item = Class>,
    n_classes: u32,
) -> Result<(), ScoreError> {
    match classes.into_iter().find(|class| class.0 >= n_classes) {
        Some(class) => Err(ScoreError::ClassOutOfRange { item_idx, class, n_classes }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Coverage, NoLabel, Outcome, Pair, ScoreError, check_classes};
    use crate::{Class, Level};

    #[test]
    fn items_without_gold_count_in_the_coverage_of_all_items_only() {
        let labeled = Outcome::Labeled(Class(0));
        let failed = Outcome::NoLabel(NoLabel::Failed);
        let pairs = [
            Pair { gold: Some(Class(1)), outcome: labeled },
            Pair { gold: None, outcome: labeled },
            Pair { gold: Some(Class(1)), outcome: failed },
            Pair { gold: None, outcome: Outcome::NoLabel(NoLabel::Pending) },
        ];
        let coverage = Coverage::of(&pairs, Level::P95);
        assert_eq!((coverage.n_items, coverage.n_gold, coverage.n_gold_labeled), (4, 2, 1));
        assert_eq!(coverage.n_by_reason, [0, 0, 1, 1]);
        assert_eq!(coverage.all.map(|all| (all.value, all.n)), Some((0.5, 4)));
        assert_eq!(coverage.gold.map(|gold| (gold.value, gold.n)), Some((0.5, 2)));
    }

    #[test]
    fn reasons_are_numbered_in_the_order_of_reports() {
        assert!(NoLabel::ALL.iter().zip(0_usize..).all(|(&reason, place)| reason as usize == place));
    }

    #[test]
    fn a_class_beyond_the_schema_is_named_with_its_item() {
        let error = check_classes(3, [Class(0), Class(5)], 5).unwrap_err();
        assert_eq!(error, ScoreError::ClassOutOfRange { item_idx: 3, class: Class(5), n_classes: 5 });
        assert_eq!(
            error.to_string(),
            "item 3 has class 5, but the schema has 5 classes, numbered from 0; \
             score with the schema that the labels were made with"
        );
    }
}
