//! Bradley-Terry strengths with ties and the advantage of the place.
//!
//! In: votes on pairs. Out: a [`PairRanking`].
//!
//! P(first) ∝ e^(a + δ/2), P(second) ∝ e^(b - δ/2) and, in Davidson's model, P(tie) ∝ ν e^((a + b)/2), for strengths a
//! and b, position term δ and tie parameter ν. The log likelihood curves downwards in a, b, δ and ln ν, so there is one
//! top at most, and Newton's method finds it.
//!
//! Not here: annotators that differ (`noisy.rs`).

use std::collections::BTreeMap;

use super::choice::{Top, climb};
use super::graph::Graph;
use super::strengths::{Ranking, normal_interval};
use super::{PairVote, Preference, Prior, RankingError, RankingRemark, check_votes};
use crate::bootstrap::{IntervalOptions, bootstrap_grouped};
use crate::interval::{Estimate, Interval};

/// What a tie says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ties {
    /// A tie is an outcome of its own, likelier between equals: R. R. Davidson, "On Extending the Bradley-Terry Model to
    /// Accommodate Ties in Paired Comparison Experiments", 1970.
    Davidson,
    /// Half a win for each: simple, but it takes a tie for two half comparisons, so standard errors come out too large
    /// where ties are many.
    HalfWin,
}

/// How to fit. Every field changes the result, so none has a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BradleyTerryOptions {
    /// What a tie says.
    pub ties: Ties,
    /// Whether to estimate how far the item presented first is favored. Without it a bias of the place ends up in the
    /// strengths of whoever stood there.
    pub position: bool,
    /// What is believed beforehand.
    pub prior: Prior,
    /// How intervals are made: with 0 resamples from the curvature at the top (inverse Hessian), else by drawing the
    /// comparisons again. Votes on one pair by one annotator are not independent, and both then are too narrow.
    pub intervals: IntervalOptions,
}

/// A ranking by pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRanking {
    /// The strengths.
    pub ranking: Ranking,
    /// Davidson's ν: two equal items tie with probability ν / (2 + ν). `None` where there is no tie, or a tie is half a
    /// win. The interval is that of ln ν, raised again.
    pub ties: Option<Estimate>,
    /// The advantage of the item presented first, in natural log odds: of two equal items it is preferred with
    /// probability 1 / (1 + e^-δ), ties left out. Below 0 the second is favored. `None` where it was not asked for.
    pub position: Option<Estimate>,
    /// The logarithm of the likelihood, without the prior.
    pub log_likelihood: f64,
}

/// Strengths of items from comparisons of two: the model of Bradley and Terry, with ties and position bias.
///
/// `n_items` is the number of items; all numbers in the votes are below it. The result is an error where there is no
/// finite answer: without a prior, items that never lost (or groups never compared) have no place on the scale. With a
/// prior there is always one, drawn towards the mean.
///
/// A ranking does not say that any of the items is good, and a strength is comparable only within one ranking. All
/// annotators count as one. R. A. Bradley, M. E. Terry, "Rank Analysis of Incomplete Block Designs", 1952; for the
/// position R. R. Davidson, R. J. Beaver, "On Extending the Bradley-Terry Model to Incorporate Within-Pair Order
/// Effects", 1977.
///
/// ```
/// use karat_stats::ranking::{BradleyTerryOptions, PairVote, Preference, Prior, Ties, bradley_terry};
/// use karat_stats::{IntervalOptions, Level};
/// let vote = |first, second, outcome| PairVote { first, second, annotator: 0, outcome };
/// let mut votes = vec![vote(0, 1, Preference::First); 3];
/// votes.push(vote(0, 1, Preference::Second));
/// let options = BradleyTerryOptions {
///     ties: Ties::Davidson,
///     position: false,
///     prior: Prior::None,
///     intervals: IntervalOptions { level: Level::P95, n_resamples: 0, seed: 1 },
/// };
/// let fit = bradley_terry(2, &votes, &options).unwrap();
/// let difference = fit.ranking.difference(0, 1).unwrap();
/// assert!((difference.win_probability - 0.75).abs() < 1e-12);
/// assert!(difference.interval.contains(0.0)); // four comparisons settle nothing
/// ```
pub fn bradley_terry(
    n_items: u32,
    votes: &[PairVote],
    options: &BradleyTerryOptions,
) -> Result<PairRanking, RankingError> {
    check_votes(n_items, votes)?;
    options.prior.check()?;
    let n_ties = votes.iter().filter(|vote| vote.outcome == Preference::Tie).count();
    if options.ties == Ties::Davidson && n_ties == votes.len() {
        return Err(RankingError::AllTies);
    }
    let cells = cells(votes);
    let model = Model::new(n_items as usize, options, n_ties > 0);
    let graph = graph(n_items as usize, &cells);
    if options.prior == Prior::None {
        graph.check()?;
    }
    let top = model.fit(&cells, &vec![0.0; model.n_parameters()])?;
    let level = options.intervals.level;
    let mut ranking = Ranking::new(&top.at[..model.n_items], &top.covariance, model.n_parameters(), level);
    ranking.n_rounds = top.n_rounds;
    for vote in votes {
        ranking.strengths[vote.first as usize].n += 1;
        ranking.strengths[vote.second as usize].n += 1;
    }
    ranking.remarks = remarks(&graph, &cells, options, n_ties);
    if !top.converged {
        ranking.remarks.push(RankingRemark::NotConverged);
    }
    let estimate = |place: Option<usize>| {
        place.map(|place| {
            let error = top.covariance[place * model.n_parameters() + place].sqrt();
            let value = top.at[place];
            Estimate { value, interval: normal_interval(value, error, level), n: votes.len() as u64 }
        })
    };
    let mut result = PairRanking {
        ranking,
        ties: estimate(model.ties),
        position: estimate(model.position),
        log_likelihood: top.value - model.log_prior(&top.at),
    };
    if options.intervals.n_resamples > 0 {
        model.resample(&cells, &top.at, &options.intervals, &mut result);
    }
    result.ties = result.ties.map(|ln| Estimate {
        value: ln.value.exp(),
        interval: Interval { low: ln.interval.low.exp(), high: ln.interval.high.exp() },
        n: ln.n,
    });
    Ok(result)
}

/// All votes on a pair shown in one order: how many preferred the first, the second, neither.
#[derive(Debug, Clone, Copy)]
struct Cell {
    first: usize,
    second: usize,
    n: [f64; 3],
}

fn cells(votes: &[PairVote]) -> Vec<Cell> {
    let mut counts: BTreeMap<(u32, u32), [f64; 3]> = BTreeMap::new();
    for vote in votes {
        counts.entry((vote.first, vote.second)).or_default()[vote.outcome as usize] += 1.0;
    }
    let cell =
        |((first, second), n): ((u32, u32), _)| Cell { first: first as usize, second: second as usize, n };
    counts.into_iter().map(cell).collect()
}

fn graph(n_items: usize, cells: &[Cell]) -> Graph {
    let wins = cells.iter().flat_map(|cell| {
        let [first, second, tie] = cell.n;
        let one = (first + tie > 0.0).then_some((cell.first, cell.second));
        let other = (second + tie > 0.0).then_some((cell.second, cell.first));
        one.into_iter().chain(other)
    });
    Graph::new(n_items, wins)
}

fn remarks(
    graph: &Graph,
    cells: &[Cell],
    options: &BradleyTerryOptions,
    n_ties: usize,
) -> Vec<RankingRemark> {
    let mut remarks = Vec::new();
    let n_alone = graph.n_alone();
    if n_alone > 0 {
        remarks.push(RankingRemark::WithoutVotes { n_items: n_alone });
    }
    let n_groups = graph.n_joined() - n_alone;
    if n_groups > 1 {
        remarks.push(RankingRemark::Disconnected { n_groups });
    }
    if options.ties == Ties::Davidson && n_ties == 0 {
        remarks.push(RankingRemark::NoTies);
    }
    let both = |cell: &Cell| {
        cells.binary_search_by_key(&(cell.second, cell.first), |it| (it.first, it.second)).is_ok()
    };
    if options.position && !cells.iter().any(both) {
        remarks.push(RankingRemark::OneOrderOnly);
    }
    remarks
}

/// Which parameter is where: the items' strengths, then position and ln ν where they are wanted.
struct Model {
    n_items: usize,
    position: Option<usize>,
    ties: Option<usize>,
    prior: Prior,
}

/// What strength of the first, strength of the second, position and ln ν add to each outcome.
const DESIGN: [[f64; 4]; 3] = [[1.0, 0.0, 0.5, 0.0], [0.0, 1.0, -0.5, 0.0], [0.5, 0.5, 0.0, 1.0]];

/// The precision of a weak prior on ln ν, where there is a prior at all: standard deviation 10.
const TIES_PRECISION: f64 = 0.01;

impl Model {
    fn new(n_items: usize, options: &BradleyTerryOptions, has_ties: bool) -> Self {
        let position = options.position.then_some(n_items);
        let wants_ties = has_ties && options.ties == Ties::Davidson;
        let ties = wants_ties.then_some(n_items + usize::from(options.position));
        Self { n_items, position, ties, prior: options.prior }
    }

    fn n_parameters(&self) -> usize {
        self.n_items + usize::from(self.position.is_some()) + usize::from(self.ties.is_some())
    }

    fn fit(&self, cells: &[Cell], start: &[f64]) -> Result<Top, RankingError> {
        climb(start, |at, gradient, hessian| self.log_posterior(cells, at, gradient, hessian))
    }

    fn log_prior(&self, at: &[f64]) -> f64 {
        let strengths: f64 = at[..self.n_items].iter().map(|it| self.prior.at(*it).0).sum();
        let rest: f64 =
            self.wide_priors().map(|(place, precision)| -0.5 * precision * at[place] * at[place]).sum();
        strengths + rest
    }

    /// The precisions of the priors on position and ln ν, where there is a prior.
    fn wide_priors(&self) -> impl Iterator<Item = (usize, f64)> {
        let ties_precision = if self.prior == Prior::None { 0.0 } else { TIES_PRECISION };
        let position = self.position.map(|place| (place, self.prior.position_precision()));
        position.into_iter().chain(self.ties.map(|place| (place, ties_precision)))
    }

    fn log_posterior(&self, cells: &[Cell], at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let mut value = self.log_prior(at);
        for cell in cells {
            value += self.add_cell(cell, at, gradient, hessian);
        }
        let width = self.n_parameters();
        for item in 0..self.n_items {
            let (_, slope, curvature) = self.prior.at(at[item]);
            gradient[item] += slope;
            hessian[item * width + item] += curvature;
        }
        for (place, precision) in self.wide_priors() {
            gradient[place] -= precision * at[place];
            hessian[place * width + place] += precision;
        }
        if self.prior == Prior::None {
            // The likelihood does not see a shift of all strengths: hold their mean.
            let pull =
                (0..self.n_items).map(|it| hessian[it * width + it]).sum::<f64>() / self.n_items as f64;
            for row in 0..self.n_items {
                hessian[row * width..row * width + self.n_items].iter_mut().for_each(|it| *it += pull);
            }
        }
        value
    }

    fn add_cell(&self, cell: &Cell, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let places = [Some(cell.first), Some(cell.second), self.position, self.ties];
        let local = places.map(|place| place.map_or(0.0, |place| at[place]));
        let [first, second, tie] = cell.n;
        let (n, n_outcomes) =
            if self.ties.is_some() { (cell.n, 3) } else { ([first + 0.5 * tie, second + 0.5 * tie, 0.0], 2) };
        let score =
            |outcome: usize| -> f64 { DESIGN[outcome].iter().zip(&local).map(|(x, at)| x * at).sum() };
        let mut p = [0.0; 3];
        let scores: [f64; 3] = std::array::from_fn(score);
        let most = scores[..n_outcomes].iter().copied().fold(f64::MIN, f64::max);
        for outcome in 0..n_outcomes {
            p[outcome] = (scores[outcome] - most).exp();
        }
        let sum: f64 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= sum);
        let total: f64 = n.iter().sum();
        let mean: [f64; 4] =
            std::array::from_fn(|it| (0..3).map(|outcome| p[outcome] * DESIGN[outcome][it]).sum());
        let width = self.n_parameters();
        for (row, place) in places.iter().enumerate() {
            let Some(place) = place else { continue };
            let seen: f64 = (0..3).map(|outcome| n[outcome] * DESIGN[outcome][row]).sum();
            gradient[*place] += seen - total * mean[row];
            for (column, other) in places.iter().enumerate() {
                let Some(other) = other else { continue };
                let square: f64 =
                    (0..3).map(|outcome| p[outcome] * DESIGN[outcome][row] * DESIGN[outcome][column]).sum();
                hessian[place * width + other] += total * (square - mean[row] * mean[column]);
            }
        }
        (0..n_outcomes).map(|outcome| n[outcome] * (scores[outcome] - most - sum.ln())).sum()
    }

    /// Replaces the intervals by those of drawing the comparisons again.
    fn resample(&self, cells: &[Cell], at: &[f64], options: &IntervalOptions, result: &mut PairRanking) {
        let sizes: Vec<u64> = cells.iter().flat_map(|cell| cell.n.map(|n| n as u64)).collect();
        let refit = |drawn: &[u64], out: &mut [Option<f64>]| {
            let drawn = cells
                .iter()
                .zip(drawn.chunks(3))
                .map(|(cell, n)| Cell { n: [n[0] as f64, n[1] as f64, n[2] as f64], ..*cell });
            let drawn: Vec<Cell> = drawn.filter(|cell| cell.n.iter().any(|n| *n > 0.0)).collect();
            if self.prior == Prior::None && graph(self.n_items, &drawn).check().is_err() {
                return;
            }
            let Ok(top) = self.fit(&drawn, at) else { return };
            let mean = top.at[..self.n_items].iter().sum::<f64>() / self.n_items as f64;
            for (place, out) in out.iter_mut().enumerate() {
                *out = Some(if place < self.n_items { top.at[place] - mean } else { top.at[place] });
            }
        };
        let intervals = bootstrap_grouped(&sizes, self.n_parameters(), refit, options);
        if intervals.iter().any(Option::is_none) {
            result.ranking.remarks.push(RankingRemark::ResamplesUndefined);
        }
        for (strength, interval) in result.ranking.strengths.iter_mut().zip(&intervals) {
            if let Some(interval) = interval {
                strength.interval = interval.widened_to(strength.value);
            }
        }
        for (estimate, place) in [(&mut result.position, self.position), (&mut result.ties, self.ties)] {
            let interval = place.and_then(|place| intervals[place]);
            if let (Some(estimate), Some(interval)) = (estimate, interval) {
                estimate.interval = interval.widened_to(estimate.value);
            }
        }
    }
}
