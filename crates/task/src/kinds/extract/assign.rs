//! The pairs of two lists that gain the most together.
//!
//! In: what each pair gains. Out: the greatest total over all ways to pair each item with at most one of the other list.
//! The Hungarian method in its O(n³) form (Kuhn, "The Hungarian method for the assignment problem", 1955; the potentials
//! of Jonker and Volgenant, 1987). Greedy pairing would make the distance of two records depend on their order.

/// The greatest total gain; `gains[i][j]` is not negative, rows are of one length. 0 for an empty table.
pub(super) fn best_total(gains: &[Vec<i64>]) -> i64 {
    let n_columns = gains.first().map_or(0, Vec::len);
    let n = gains.len().max(n_columns);
    let cost = |row: usize, column: usize| {
        -gains.get(row - 1).and_then(|it| it.get(column - 1)).copied().unwrap_or(0)
    };
    // Rows and columns count from 1; column 0 stands for the row that looks for a place.
    let (mut by_row, mut by_column) = (vec![0i64; n + 1], vec![0i64; n + 1]);
    let mut row_of = vec![0usize; n + 1];
    for row in 1..=n {
        row_of[0] = row;
        let mut column = 0;
        let mut slack = vec![i64::MAX; n + 1];
        let mut came_from = vec![0usize; n + 1];
        let mut used = vec![false; n + 1];
        while row_of[column] != 0 {
            used[column] = true;
            let here = row_of[column];
            let (mut least, mut next) = (i64::MAX, 0);
            for other in (1..=n).filter(|it| !used[*it]) {
                let reduced = cost(here, other) - by_row[here] - by_column[other];
                if reduced < slack[other] {
                    (slack[other], came_from[other]) = (reduced, column);
                }
                if slack[other] < least {
                    (least, next) = (slack[other], other);
                }
            }
            for at in 0..=n {
                if used[at] {
                    by_row[row_of[at]] += least;
                    by_column[at] -= least;
                } else if at > 0 {
                    slack[at] -= least;
                }
            }
            column = next;
        }
        while column != 0 {
            let before = came_from[column];
            row_of[column] = row_of[before];
            column = before;
        }
    }
    (1..=n).map(|column| -cost(row_of[column], column)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every way to pair, tried one by one.
    fn by_trial(gains: &[Vec<i64>], free: &mut Vec<usize>) -> i64 {
        let Some((row, rest)) = gains.split_first() else { return 0 };
        let mut best = by_trial(rest, free);
        for n in 0..free.len() {
            let column = free.remove(n);
            best = best.max(row[column] + by_trial(rest, free));
            free.insert(n, column);
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn no_other_pairing_gains_more(
            gains in (0usize..5, 0usize..5).prop_flat_map(|(n, m)| prop::collection::vec(prop::collection::vec(0i64..9, m), n)),
        ) {
            let mut free = (0..gains.first().map_or(0, Vec::len)).collect();
            prop_assert_eq!(best_total(&gains), by_trial(&gains, &mut free));
        }
    }
}
