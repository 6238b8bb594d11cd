//! Orders with equals: how far apart two are, what two confirm, and the mean of several.
//!
//! In: groups of options, the best first. Out: a number, or groups again. Not here: reading them (`parse.rs`).

use std::cmp::Ordering;

use karat_core::LabelId;

use super::parse::Order;

/// The group in which each option stands.
fn places(order: &Order) -> Vec<(LabelId, usize)> {
    let mut places: Vec<(LabelId, usize)> =
        order.iter().enumerate().flat_map(|(n, group)| group.iter().map(move |label| (*label, n))).collect();
    places.sort_unstable();
    places
}

fn place(places: &[(LabelId, usize)], label: LabelId) -> Option<usize> {
    places.binary_search_by_key(&label, |(label, _)| *label).ok().map(|at| places[at].1)
}

fn relation(places: &[(LabelId, usize)], a: LabelId, b: LabelId) -> Option<Ordering> {
    Some(place(places, a)?.cmp(&place(places, b)?))
}

fn all_labels(orders: &[&Order]) -> Vec<LabelId> {
    let mut labels: Vec<LabelId> = orders.iter().flat_map(|it| it.iter().flatten().copied()).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// Kendall's tau distance by the number of pairs, in [0, 1]: a pair in opposite order counts 1, a pair that is equal in just
/// one of them 1/2. A pair that only one of them holds counts 1. 0 where there are fewer than two options.
///
/// Fagin, Kumar, Mahdian, Sivakumar and Vee, "Comparing partial rankings", 2006: their K with penalty 1/2, a metric.
pub(super) fn distance(a: &Order, b: &Order) -> f64 {
    let labels = all_labels(&[a, b]);
    let (a, b) = (places(a), places(b));
    let (mut sum, mut n_pairs) = (0.0, 0u64);
    for (n, one) in labels.iter().enumerate() {
        for other in &labels[n + 1..] {
            n_pairs += 1;
            sum += match (relation(&a, *one, *other), relation(&b, *one, *other)) {
                (Some(a), Some(b)) if a == b => 0.0,
                (Some(Ordering::Equal), Some(_)) | (Some(_), Some(Ordering::Equal)) => 0.5,
                _ => 1.0,
            };
        }
    }
    if n_pairs == 0 { f64::from(u8::from(a != b)) } else { sum / n_pairs as f64 }
}

/// What both orders say: two options whose order differs between them become equals, and so do all that hang together by
/// such pairs; every other order stays. `None` where the two do not hold the same options.
///
/// That the result is an order: let x and y differ, and z stand between them in it, so that x < z and z < y in both; then
/// x < y in both, and they do not differ.
pub(super) fn confirmed(a: &Order, b: &Order) -> Option<Order> {
    let labels = all_labels(&[a, b]);
    let (a, b) = (places(a), places(b));
    if a.len() != labels.len() || b.len() != labels.len() {
        return None;
    }
    // Each option's group is named by its first member.
    let mut group: Vec<usize> = (0..labels.len()).collect();
    for n in 0..labels.len() {
        for m in 0..n {
            let (one, other) = (relation(&a, labels[n], labels[m]), relation(&b, labels[n], labels[m]));
            if one != other || one == Some(Ordering::Equal) {
                let (low, high) = (group[n].min(group[m]), group[n].max(group[m]));
                group.iter_mut().filter(|it| **it == high).for_each(|it| *it = low);
            }
        }
    }
    let mut groups: Vec<Vec<LabelId>> = (0..labels.len())
        .map(|name| {
            labels.iter().zip(&group).filter(|(_, it)| **it == name).map(|(label, _)| *label).collect()
        })
        .filter(|members: &Vec<LabelId>| !members.is_empty())
        .collect();
    // Between groups both orders agree: any member of a group stands for it.
    groups.sort_by_key(|members| members.first().and_then(|label| place(&a, *label)));
    Some(groups)
}

/// The options by the mean of their ranks; equals share the mean of the ranks they take up. An option that an order does not
/// hold has no rank there.
pub(super) fn mean(orders: &[&Order]) -> Order {
    let mut ranked: Vec<(f64, LabelId)> = Vec::new();
    for label in all_labels(orders) {
        let ranks: Vec<f64> = orders.iter().filter_map(|order| rank(order, label)).collect();
        ranked.push((ranks.iter().sum::<f64>() / ranks.len() as f64, label));
    }
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut groups: Order = Vec::new();
    let mut last = f64::NAN;
    for (rank, label) in ranked {
        match groups.last_mut() {
            Some(group) if (rank - last).abs() < 1e-9 => group.push(label),
            _ => groups.push(vec![label]),
        }
        last = rank;
    }
    groups
}

/// The rank from 1; the mean of the ranks that its group takes up.
fn rank(order: &Order, label: LabelId) -> Option<f64> {
    let at = order.iter().position(|group| group.contains(&label))?;
    let before: usize = order[..at].iter().map(Vec::len).sum();
    Some(before as f64 + (order[at].len() as f64 + 1.0) / 2.0)
}
