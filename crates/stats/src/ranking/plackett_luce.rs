//! Strengths from orders of several items: the model of Plackett and Luce.
//!
//! In: orders, whole or partial. Out: a [`Ranking`].
//!
//! Not here: orders with ties.

use super::graph::Graph;
use super::strengths::Ranking;
use super::{Prior, RankingError, RankingRemark, positive};
use crate::interval::Level;
use crate::linear;

/// An order of some of the items by one annotator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// The items from the best down. Items that stand nowhere in the order were not seen: nothing is said of them.
    pub best_first: Vec<u32>,
    /// Items that were seen and put below all of these, in no order: the losers of "pick the best three".
    pub rest: Vec<u32>,
}

/// How to fit orders. Every field changes the result, so none has a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderOptions {
    /// How often every item has tied with an imagined item of mean strength, a tie being half a win; 0 is maximum
    /// likelihood, which is undefined unless everybody can be reached from everybody by losing. 0.1 to 1 is usual.
    pub virtual_ties: f64,
    /// The level of the intervals.
    pub level: Level,
    /// The most rounds; a few hundred suffice unless comparisons are few.
    pub n_rounds: u32,
    /// The rounds end when no strength moves by more than this; 1e-10 is usual.
    pub tolerance: f64,
}

/// Strengths of items from orders of several: the best is chosen with a probability proportional to e^strength, then
/// the next best of the others, and so on.
///
/// A full order, a part of the items and a choice of the best few are all taken as they are. Standard errors come from
/// the curvature at the top, and take the orders for independent. The model believes that who is second does not depend
/// on who is first: where items come in groups of a kind, it is wrong. R. L. Plackett, "The Analysis of Permutations",
/// 1975; the rounds are those of D. R. Hunter, "MM Algorithms for Generalized Bradley-Terry Models", 2004.
///
/// ```
/// use karat_stats::Level;
/// use karat_stats::ranking::{Order, OrderOptions, plackett_luce};
/// let order = |best_first: &[u32]| Order { best_first: best_first.to_vec(), rest: vec![] };
/// let orders = [order(&[0, 1, 2]), order(&[0, 2, 1]), order(&[1, 0, 2]), order(&[2, 1])];
/// let options = OrderOptions { virtual_ties: 0.5, level: Level::P95, n_rounds: 1_000, tolerance: 1e-10 };
/// let ranking = plackett_luce(3, &orders, &options).unwrap();
/// assert_eq!(ranking.order(), [[0], [1], [2]]);
/// ```
pub fn plackett_luce(
    n_items: u32,
    orders: &[Order],
    options: &OrderOptions,
) -> Result<Ranking, RankingError> {
    check(n_items, orders, options)?;
    let n = n_items as usize;
    let graph = Graph::new(n, orders.iter().flat_map(wins));
    let (prior, ties) = if options.virtual_ties > 0.0 {
        (Prior::VirtualTies { weight: options.virtual_ties }, options.virtual_ties)
    } else {
        graph.check()?;
        (Prior::None, 0.0)
    };
    let mut n_wins = vec![0.5 * ties; n];
    for order in orders {
        for item in stages(order) {
            n_wins[*item as usize] += 1.0;
        }
    }
    let (mut strengths, mut n_rounds, mut moved) = (vec![0.0_f64; n], 0, f64::INFINITY);
    while n_rounds < options.n_rounds && moved > options.tolerance {
        let weights: Vec<f64> = strengths.iter().map(|it| it.exp()).collect();
        let mut shares: Vec<f64> = weights.iter().map(|weight| ties / (weight + 1.0)).collect();
        for order in orders {
            add_shares(order, &weights, &mut shares);
        }
        let mut next: Vec<f64> =
            n_wins.iter().zip(&shares).map(|(wins, share)| (wins / share).ln()).collect();
        if prior == Prior::None {
            let mean = next.iter().sum::<f64>() / n as f64;
            next.iter_mut().for_each(|it| *it -= mean);
        }
        moved = next.iter().zip(&strengths).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        strengths = next;
        n_rounds += 1;
    }
    let hessian = hessian(orders, &strengths, prior);
    let covariance = linear::inverse(&hessian, n).ok_or(RankingError::NotIdentified)?;
    let mut ranking = Ranking::new(&strengths, &covariance, n, options.level);
    ranking.n_rounds = n_rounds;
    for item in orders.iter().flat_map(|order| order.best_first.iter().chain(&order.rest)) {
        ranking.strengths[*item as usize].n += 1;
    }
    let n_alone = graph.n_alone();
    if n_alone > 0 {
        ranking.remarks.push(RankingRemark::WithoutVotes { n_items: n_alone });
    }
    if graph.n_joined() - n_alone > 1 {
        ranking.remarks.push(RankingRemark::Disconnected { n_groups: graph.n_joined() - n_alone });
    }
    if moved > options.tolerance {
        ranking.remarks.push(RankingRemark::NotConverged);
    }
    Ok(ranking)
}

fn check(n_items: u32, orders: &[Order], options: &OrderOptions) -> Result<(), RankingError> {
    if options.virtual_ties != 0.0 {
        positive("the weight of the virtual ties", options.virtual_ties)?;
    }
    positive("the tolerance", options.tolerance)?;
    positive("the number of rounds", options.n_rounds.into())?;
    let mut seen_at = vec![usize::MAX; n_items as usize];
    for (at, order) in orders.iter().enumerate() {
        for item in order.best_first.iter().chain(&order.rest) {
            let Some(seen) = seen_at.get_mut(*item as usize) else {
                let (got, end) = (u64::from(*item), u64::from(n_items));
                return Err(RankingError::OutOfRange { what: "item", got, end });
            };
            if *seen == at {
                return Err(RankingError::SameItem { item: *item, at });
            }
            *seen = at;
        }
    }
    if orders.iter().all(|order| stages(order).is_empty()) { Err(RankingError::NoVotes) } else { Ok(()) }
}

/// The items that were chosen from at least two: all that are in order, less the last where nothing is below it.
fn stages(order: &Order) -> &[u32] {
    let last = usize::from(order.rest.is_empty());
    &order.best_first[..order.best_first.len().saturating_sub(last)]
}

/// Who beat whom, enough of it to know who reaches whom: each item beats the next, and the last beats the rest.
fn wins(order: &Order) -> impl Iterator<Item = (usize, usize)> {
    let steps = order.best_first.windows(2).map(|pair| (pair[0] as usize, pair[1] as usize));
    let last = order.best_first.last().map(|item| *item as usize);
    steps.chain(order.rest.iter().filter_map(move |item| last.map(|last| (last, *item as usize))))
}

/// The weight of the items still to be chosen from, at each stage. From the last to the first, so that no small weight
/// is the difference of two large ones.
fn left(order: &Order, weights: &[f64]) -> Vec<f64> {
    let mut sum: f64 = order.rest.iter().map(|item| weights[*item as usize]).sum();
    let mut left: Vec<f64> = order
        .best_first
        .iter()
        .rev()
        .map(|item| {
            sum += weights[*item as usize];
            sum
        })
        .collect();
    left.reverse();
    left.truncate(stages(order).len());
    left
}

/// For each item the sum over the stages that it was to be chosen at, of 1 / what was left.
fn add_shares(order: &Order, weights: &[f64], shares: &mut [f64]) {
    let mut sum = 0.0;
    let left = left(order, weights);
    for (place, item) in order.best_first.iter().enumerate() {
        sum += left.get(place).map_or(0.0, |left| 1.0 / left);
        shares[*item as usize] += sum;
    }
    for item in &order.rest {
        shares[*item as usize] += sum;
    }
}

/// The negative Hessian by the strengths, with the mean held where there is no prior.
fn hessian(orders: &[Order], strengths: &[f64], prior: Prior) -> Vec<f64> {
    let n = strengths.len();
    let weights: Vec<f64> = strengths.iter().map(|it| it.exp()).collect();
    let mut hessian = vec![0.0; n * n];
    for order in orders {
        let left = left(order, &weights);
        // Sums over the stages up to an item's own of 1 / left and 1 / left².
        let (mut sums, mut squares) = (Vec::new(), Vec::new());
        let (mut sum, mut square) = (0.0, 0.0);
        for place in 0..order.best_first.len() + order.rest.len() {
            if let Some(left) = left.get(place) {
                sum += 1.0 / left;
                square += 1.0 / (left * left);
            }
            sums.push(sum);
            squares.push(square);
        }
        let items: Vec<usize> =
            order.best_first.iter().chain(&order.rest).map(|item| *item as usize).collect();
        for (place, a) in items.iter().enumerate() {
            hessian[a * n + a] += weights[*a] * sums[place];
            for (other, b) in items.iter().enumerate() {
                hessian[a * n + b] -= weights[*a] * weights[*b] * squares[place.min(other)];
            }
        }
    }
    let pull = (0..n).map(|it| hessian[it * n + it]).sum::<f64>() / n as f64;
    for item in 0..n {
        hessian[item * n + item] += prior.at(strengths[item]).2;
    }
    if prior == Prior::None {
        hessian.iter_mut().for_each(|it| *it += pull);
    }
    hessian
}
