//! Who belongs to whom: the pairs of least total cost.
//!
//! In: a table of costs, or the boxes of two annotators. Out: pairs.
//!
//! Not here: more than two annotators (`cluster.rs`).

use super::{BoxError, BoxVote};

/// The assignment of rows to columns with the least sum of costs, each column to one row at most.
///
/// `costs` is row-major with `n_columns` columns; any finite numbers. The result has an entry for each row: its column,
/// or `None` where there are more rows than columns and it went without. Every assignment has min(rows, columns) pairs,
/// however dear: drop those that cost too much. Of several least ones it is one. The time is rows² times columns, with the
/// smaller side as rows. H. W. Kuhn, "The Hungarian Method for the Assignment Problem", 1955, in the form of R. Jonker
/// and A. Volgenant, 1987.
///
/// ```
/// use karat_stats::boxes::assignment;
/// // The cheapest pair, 1, would make the other cost 9.
/// assert_eq!(assignment(&[1.0, 2.0, 3.0, 9.0], 2).unwrap(), [Some(1), Some(0)]);
/// ```
pub fn assignment(costs: &[f64], n_columns: usize) -> Result<Vec<Option<usize>>, BoxError> {
    if n_columns == 0 || !costs.len().is_multiple_of(n_columns) {
        return Err(BoxError::WrongLength { got: costs.len(), n_columns });
    }
    if let Some(got) = costs.iter().find(|it| !it.is_finite()) {
        return Err(BoxError::BadNumber { what: "a cost", got: *got });
    }
    let n_rows = costs.len() / n_columns;
    if n_rows <= n_columns {
        let columns = assign_rows(n_rows, n_columns, |row, column| costs[row * n_columns + column]);
        return Ok(columns.into_iter().map(Some).collect());
    }
    let rows = assign_rows(n_columns, n_rows, |column, row| costs[row * n_columns + column]);
    let mut columns = vec![None; n_rows];
    for (column, row) in rows.into_iter().enumerate() {
        columns[row] = Some(column);
    }
    Ok(columns)
}

/// The column of each row, for no more rows than columns: adds row by row, each by the shortest path of exchanges.
fn assign_rows(n_rows: usize, n_columns: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    // Column `n_columns` is where the row that is being added starts.
    let mut row_of: Vec<Option<usize>> = vec![None; n_columns + 1];
    let (mut row_price, mut column_price) = (vec![0.0; n_rows], vec![0.0; n_columns + 1]);
    for added in 0..n_rows {
        row_of[n_columns] = Some(added);
        let mut least = vec![f64::INFINITY; n_columns];
        let mut came_from = vec![n_columns; n_columns];
        let mut used = vec![false; n_columns + 1];
        let mut column = n_columns;
        while let Some(row) = row_of[column] {
            used[column] = true;
            let (mut step, mut next) = (f64::INFINITY, n_columns);
            for other in (0..n_columns).filter(|it| !used[*it]) {
                let reduced = cost(row, other) - row_price[row] - column_price[other];
                if reduced < least[other] {
                    (least[other], came_from[other]) = (reduced, column);
                }
                if least[other] < step {
                    (step, next) = (least[other], other);
                }
            }
            for other in 0..=n_columns {
                if used[other] {
                    if let Some(row) = row_of[other] {
                        row_price[row] += step;
                    }
                    column_price[other] -= step;
                } else {
                    least[other] -= step;
                }
            }
            column = next;
        }
        // Hand each row on the path to the column it was reached by.
        while column != n_columns {
            let before = came_from[column];
            row_of[column] = row_of[before];
            column = before;
        }
    }
    let mut column_of = vec![0; n_rows];
    for (column, row) in row_of[..n_columns].iter().enumerate() {
        if let Some(row) = row {
            column_of[*row] = column;
        }
    }
    column_of
}

/// The boxes of two annotators that show the same thing: pairs of the same class whose intersection over union is at
/// least `min_iou`, so that the sum of (1 - IoU) over all boxes is least, a box without a partner counting 1.
///
/// Each entry is a place in `one`, a place in `other` and their IoU; each box is in one pair at most. `min_iou` lies in
/// (0, 1]; 0.5 is usual.
///
/// ```
/// use karat_stats::Class;
/// use karat_stats::boxes::{BoxVote, Rect, match_boxes};
/// let draw = |annotator, left| BoxVote {
///     annotator, class: Class(0), rect: Rect::new(left, 0.0, left + 10.0, 10.0).unwrap(),
/// };
/// let pairs = match_boxes(&[draw(0, 0.0), draw(0, 50.0)], &[draw(1, 51.0), draw(1, 90.0)], 0.5).unwrap();
/// assert_eq!(pairs.len(), 1);
/// assert_eq!((pairs[0].0, pairs[0].1), (1, 0));
/// ```
pub fn match_boxes(
    one: &[BoxVote],
    other: &[BoxVote],
    min_iou: f64,
) -> Result<Vec<(usize, usize, f64)>, BoxError> {
    super::check_iou(min_iou)?;
    Ok(pairs(&one.iter().collect::<Vec<_>>(), &other.iter().collect::<Vec<_>>(), min_iou))
}

pub(super) fn pairs(one: &[&BoxVote], other: &[&BoxVote], min_iou: f64) -> Vec<(usize, usize, f64)> {
    let iou = |a: usize, b: usize| {
        let iou = if one[a].class == other[b].class { one[a].rect.iou(&other[b].rect) } else { 0.0 };
        if iou >= min_iou { iou } else { 0.0 }
    };
    let mut costs = Vec::with_capacity(one.len() * other.len());
    for a in 0..one.len() {
        costs.extend((0..other.len()).map(|b| 1.0 - iou(a, b)));
    }
    let found = assignment(&costs, other.len()).unwrap_or_default();
    let pairs = found.into_iter().enumerate().filter_map(|(a, b)| b.map(|b| (a, b, iou(a, b))));
    pairs.filter(|pair| pair.2 > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    use super::assignment;
    use crate::boxes::BoxError;

    #[test]
    fn costs_that_make_no_table_are_an_error() {
        assert_eq!(assignment(&[1.0; 5], 2), Err(BoxError::WrongLength { got: 5, n_columns: 2 }));
        assert_eq!(assignment(&[], 0), Err(BoxError::WrongLength { got: 0, n_columns: 0 }));
        assert!(assignment(&[f64::NAN], 1).is_err());
    }

    #[test]
    fn rows_that_find_no_column_go_without() {
        assert_eq!(assignment(&[3.0, 1.0, 2.0], 1).unwrap(), [None, Some(0), None]);
        assert_eq!(assignment(&[], 3).unwrap(), []);
    }

    /// The least sum over all ways to give the rows from `row` on a column that is free.
    fn least(costs: &[f64], n_columns: usize, row: usize, free: &mut [bool], n_skips: usize) -> f64 {
        if row * n_columns == costs.len() {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        if n_skips > 0 {
            best = least(costs, n_columns, row + 1, free, n_skips - 1);
        }
        for column in 0..n_columns {
            if free[column] {
                free[column] = false;
                let rest = least(costs, n_columns, row + 1, free, n_skips);
                free[column] = true;
                best = best.min(costs[row * n_columns + column] + rest);
            }
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..Default::default() })]

        #[test]
        fn no_assignment_costs_less(
            n_rows in 1_usize..6, n_columns in 1_usize..6, seed in proptest::collection::vec(-9_i32..10, 25),
        ) {
            let costs: Vec<f64> = seed[..n_rows * n_columns].iter().map(|it| f64::from(*it)).collect();
            let found = assignment(&costs, n_columns).unwrap();
            let pairs = || found.iter().enumerate().filter_map(|(row, column)| column.map(|it| (row, it)));
            let sum: f64 = pairs().map(|(row, column)| costs[row * n_columns + column]).sum();
            let n_skips = n_rows.saturating_sub(n_columns);
            let want = least(&costs, n_columns, 0, &mut vec![true; n_columns], n_skips);
            prop_assert!((sum - want).abs() < 1e-9, "{sum} {want}");
            prop_assert!(pairs().count() == n_rows.min(n_columns));
        }
    }
}
