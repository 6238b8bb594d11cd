//! Which class was taken for which.
//!
//! In: gold classes and outcomes. Out: the confusion matrix, with a column for each class and one for each
//! reason why there is no label. Kept as its cells that are not 0, so that a schema of thousands of labels
//! costs nothing.
//!
//! Not here: scores.

use super::outcome::{Outcome, Pair};
use crate::Class;

/// One cell of the matrix that is not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfusionCell {
    /// The row: what the item is.
    pub gold: Class,
    /// The column: what the annotator gave.
    pub outcome: Outcome<Class>,
    /// How many items.
    pub n_items: u64,
}

impl ConfusionCell {
    /// Whether the annotator was right on these items.
    pub(crate) fn is_right(&self) -> bool {
        self.outcome == Outcome::Labeled(self.gold)
    }
}

/// The confusion matrix of the items with gold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// Sorted by gold, then by outcome: classes first, then the reasons without a label.
    cells: Vec<ConfusionCell>,
}

impl Confusion {
    pub(crate) fn of(pairs: &[Pair<Class>]) -> Self {
        let mut keys: Vec<(Class, Outcome<Class>)> =
            pairs.iter().filter_map(|pair| Some((pair.gold?, pair.outcome))).collect();
        keys.sort_unstable();
        let cells = keys.chunk_by(|a, b| a == b).map(|same| {
            let (gold, outcome) = same[0];
            ConfusionCell { gold, outcome, n_items: same.len() as u64 }
        });
        Self { cells: cells.collect() }
    }

    /// The number of items that are `gold` and got `outcome`; 0 where there is no such cell.
    ///
    /// ```
    /// use karat_stats::{Class, IntervalOptions, Level, NoLabel, Outcome, Pair, score_classification};
    /// let failed = Outcome::NoLabel(NoLabel::Failed);
    /// let pairs = [Pair { gold: Some(Class(1)), outcome: failed }; 3];
    /// let options = IntervalOptions { level: Level::P95, n_resamples: 100, seed: 7 };
    /// let confusion = score_classification(&pairs, 2, &options).unwrap().confusion;
    /// assert_eq!(confusion.count(Class(1), failed), 3);
    /// assert_eq!(confusion.count(Class(1), Outcome::Labeled(Class(0))), 0);
    /// ```
    pub fn count(&self, gold: Class, outcome: Outcome<Class>) -> u64 {
        let place = self.cells.binary_search_by_key(&(gold, outcome), |cell| (cell.gold, cell.outcome));
        place.map_or(0, |place| self.cells[place].n_items)
    }

    /// All cells that are not 0, by gold, then by outcome: classes first, then the reasons without a label.
    ///
    /// ```
    /// use karat_stats::{Class, IntervalOptions, Level, Outcome, Pair, score_classification};
    /// let pairs = [Pair { gold: Some(Class(0)), outcome: Outcome::Labeled(Class(2)) }; 4];
    /// let options = IntervalOptions { level: Level::P95, n_resamples: 100, seed: 7 };
    /// let cells = score_classification(&pairs, 3, &options).unwrap().confusion.cells().to_vec();
    /// assert_eq!((cells.len(), cells[0].gold, cells[0].n_items), (1, Class(0), 4));
    /// ```
    pub fn cells(&self) -> &[ConfusionCell] {
        &self.cells
    }

    /// The cells off the diagonal, the largest first; equal ones by gold, then by outcome.
    ///
    /// ```
    /// use karat_stats::{Class, IntervalOptions, Level, Outcome, Pair, score_classification};
    /// let item = |gold, label| Pair { gold: Some(Class(gold)), outcome: Outcome::Labeled(Class(label)) };
    /// let pairs = [item(0, 0), item(0, 1), item(1, 2), item(1, 2)];
    /// let options = IntervalOptions { level: Level::P95, n_resamples: 100, seed: 7 };
    /// let errors = score_classification(&pairs, 3, &options).unwrap().confusion.errors();
    /// assert_eq!((errors[0].gold, errors[0].n_items, errors.len()), (Class(1), 2, 2));
    /// ```
    pub fn errors(&self) -> Vec<ConfusionCell> {
        let mut errors: Vec<ConfusionCell> =
            self.cells.iter().filter(|cell| !cell.is_right()).copied().collect();
        errors.sort_by_key(|cell| std::cmp::Reverse(cell.n_items));
        errors
    }
}
