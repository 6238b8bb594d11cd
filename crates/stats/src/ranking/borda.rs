//! One order from several of the same few options, by their mean places.
//!
//! In: orders with ties, each with a weight. Out: one order with ties.
//!
//! Not here: strengths over many comparisons (`bradley_terry.rs`, `plackett_luce.rs`).

/// Two mean places nearer than this are one.
const TIE: f64 = 1e-9;

/// The order of the options by their weighted mean place, the best first; options at the same mean place stand together.
///
/// Each order is groups of options, the best first; the options of a group share the mean of the places that they take. An
/// option that an order leaves out stands behind all that it names, together with the others that it leaves out. An order
/// that weighs 0 or less counts nothing; without any that counts, the result is empty. J.-C. de Borda, "Mémoire sur les
/// élections au scrutin", 1781.
///
/// ```
/// use karat_stats::ranking::borda;
/// let orders = [vec![vec![0], vec![1], vec![2]], vec![vec![1], vec![0], vec![2]], vec![vec![0, 1, 2]]];
/// let orders: Vec<(&[Vec<u32>], f64)> = orders.iter().map(|it| (it.as_slice(), 1.0)).collect();
/// assert_eq!(borda(3, &orders), [vec![0, 1], vec![2]]);
/// ```
pub fn borda(n_options: u32, orders: &[(&[Vec<u32>], f64)]) -> Vec<Vec<u32>> {
    let counted: Vec<_> = orders.iter().filter(|it| it.1 > 0.0).collect();
    let sum: f64 = counted.iter().map(|it| it.1).sum();
    if counted.is_empty() || !sum.is_finite() {
        return Vec::new();
    }
    let mut means = vec![0.0; n_options as usize];
    for (order, weight) in counted {
        for (mean, place) in means.iter_mut().zip(places(n_options, order)) {
            *mean += place * weight / sum;
        }
    }
    let mut options: Vec<u32> = (0..n_options).collect();
    let mean = |option: u32| means[option as usize];
    options.sort_by(|a, b| mean(*a).total_cmp(&mean(*b)).then(a.cmp(b)));
    let groups = options.chunk_by(|a, b| (mean(*a) - mean(*b)).abs() <= TIE);
    groups
        .map(|group| {
            let mut group = group.to_vec();
            group.sort_unstable();
            group
        })
        .collect()
}

/// The place of each option in one order, from 1.
fn places(n_options: u32, order: &[Vec<u32>]) -> Vec<f64> {
    let mut places = vec![None; n_options as usize];
    let mut n_before = 0_usize;
    for group in order {
        let mut own: Vec<u32> = group.iter().copied().filter(|it| *it < n_options).collect();
        own.sort_unstable();
        own.dedup();
        own.retain(|it| places[*it as usize].is_none());
        let place = n_before as f64 + (own.len() as f64 + 1.0) / 2.0;
        own.iter().for_each(|it| places[*it as usize] = Some(place));
        n_before += own.len();
    }
    let last = n_before as f64 + ((n_options as usize - n_before) as f64 + 1.0) / 2.0;
    places.into_iter().map(|place| place.unwrap_or(last)).collect()
}

#[cfg(test)]
mod tests {
    use super::borda;

    #[track_caller]
    fn check(n_options: u32, orders: &[(&[&[u32]], f64)], want: &[&[u32]]) {
        let owned: Vec<(Vec<Vec<u32>>, f64)> = orders
            .iter()
            .map(|(order, weight)| (order.iter().map(|it| it.to_vec()).collect(), *weight))
            .collect();
        let given: Vec<(&[Vec<u32>], f64)> = owned.iter().map(|it| (it.0.as_slice(), it.1)).collect();
        assert_eq!(borda(n_options, &given), want.iter().map(|it| it.to_vec()).collect::<Vec<_>>());
    }

    #[test]
    fn opposite_orders_tie_and_weight_decides_between_them() {
        check(2, &[(&[&[0], &[1]], 1.0), (&[&[1], &[0]], 1.0)], &[&[0, 1]]);
        check(2, &[(&[&[0], &[1]], 1.0), (&[&[1], &[0]], 1.5)], &[&[1], &[0]]);
    }

    #[test]
    fn what_an_order_leaves_out_stands_behind_what_it_names() {
        check(3, &[(&[&[2]], 1.0)], &[&[2], &[0, 1]]);
        check(2, &[(&[], 1.0)], &[&[0, 1]]);
    }

    #[test]
    fn orders_that_count_nothing_give_no_order() {
        check(2, &[], &[]);
        check(2, &[(&[&[0], &[1]], 0.0)], &[]);
    }
}
