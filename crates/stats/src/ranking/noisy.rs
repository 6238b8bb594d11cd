//! Bradley-Terry with annotators that differ in care and in bias towards a place.
//!
//! In: votes on pairs. Out: a [`NoisyRanking`]: strengths, and for each annotator how often it looks at the items at all
//! and which place it takes when it does not.
//!
//! P(first) = r_j σ(a - b) + (1 - r_j) σ(q_j) with r_j = σ(γ_j), for strengths a of the item presented first and b of the
//! second, reliability r_j and place term q_j of annotator j. A tie counts as half a choice of each.
//!
//! Not here: ties as an outcome of their own, and intervals by resampling (`bradley_terry.rs`).

use super::strengths::{Ranking, normal_interval};
use super::{
    BradleyTerryOptions, PairVote, Preference, Prior, RankingError, RankingRemark, Ties, bradley_terry,
    check_votes, positive, sigmoid,
};
use crate::bootstrap::IntervalOptions;
use crate::interval::{Estimate, Interval, Level};
use crate::linear;
use crate::minimize::minimize;

/// How to fit. The model has more parameters than most data can bear, so each has a normal prior, and none a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoisyOptions {
    /// The standard deviation of the strengths, in log odds; 1 to 3 is usual.
    pub strength_sd: f64,
    /// What reliability is expected, strictly between 0 and 1; 0.8 is usual.
    pub reliability: f64,
    /// The standard deviation of the reliabilities around it, in log odds; 1.5 is usual.
    pub reliability_sd: f64,
    /// The standard deviation of the place terms around 0, in log odds; 1 to 2 is usual.
    pub position_sd: f64,
    /// The level of the intervals.
    pub level: Level,
}

/// What was learned of an annotator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JudgeQuality {
    /// The share of its comparisons that the strengths decide, in (0, 1); it takes the rest by place. It trades off with
    /// the scale of the strengths: compare annotators by it, and do not read it as an accuracy. Its interval is too
    /// short: 95 % intervals held 87 % of planted reliabilities, where those of the strengths and of `first_share` held
    /// 95 %.
    pub reliability: Estimate,
    /// The place term q in natural log odds: above 0 it takes the item presented first when it does not look. Known
    /// badly where the reliability is near 1.
    pub position: Estimate,
    /// The probability that it prefers the item presented first of two equal ones, in (0, 1): 0.5 is no bias. The
    /// number to report.
    pub first_share: Estimate,
}

/// A ranking by annotators of different quality.
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyRanking {
    /// The strengths.
    pub ranking: Ranking,
    /// What was learned of each annotator; `None` for one without votes.
    pub annotators: Vec<Option<JudgeQuality>>,
    /// The logarithm of the likelihood, without the prior.
    pub log_likelihood: f64,
}

/// Strengths of items from comparisons by annotators that may not look, or favor a place.
///
/// `n_items` and `n_annotators` bound the numbers in the votes. The most probable parameters are found from a start at
/// the plain [`bradley_terry`] strengths; the surface can have several tops, and this is the one near that start. Its
/// standard errors come from the curvature there. Position can be told from strength only where pairs are shown in both
/// orders, or many pairs in random order.
///
/// With one annotator, reliability and the scale of the strengths are hardly told apart; the order of the items and
/// the share of firsts are. X. Chen, P. N. Bennett, K. Collins-Thompson, E. Horvitz, "Pairwise Ranking Aggregation in a
/// Crowdsourced Setting", 2013, for annotators of different quality; the mixture with a place term is crowd-kit's.
///
/// ```
/// use karat_stats::Level;
/// use karat_stats::ranking::{NoisyOptions, PairVote, Preference, noisy_bradley_terry};
/// // Annotator 1 always takes the first; annotator 0 prefers item 0 in either place.
/// let vote = |first, annotator, outcome| PairVote { first, second: 1 - first, annotator, outcome };
/// let mut votes = Vec::new();
/// for _ in 0..20 {
///     votes.push(vote(0, 0, Preference::First));
///     votes.push(vote(1, 0, Preference::Second));
///     votes.push(vote(0, 1, Preference::First));
///     votes.push(vote(1, 1, Preference::First));
/// }
/// let options = NoisyOptions {
///     strength_sd: 2.0, reliability: 0.8, reliability_sd: 1.5, position_sd: 2.0, level: Level::P95,
/// };
/// let fit = noisy_bradley_terry(2, 2, &votes, &options).unwrap();
/// assert_eq!(fit.ranking.order(), [[0], [1]]);
/// let first_share = |annotator: usize| fit.annotators[annotator].unwrap().first_share;
/// assert!(first_share(1).value > 0.85 && first_share(1).interval.low > 0.5);
/// assert!(first_share(0).interval.contains(0.5));
/// ```
pub fn noisy_bradley_terry(
    n_items: u32,
    n_annotators: u32,
    votes: &[PairVote],
    options: &NoisyOptions,
) -> Result<NoisyRanking, RankingError> {
    check_votes(n_items, votes)?;
    if let Some(vote) = votes.iter().find(|vote| vote.annotator >= n_annotators) {
        let (got, end) = (vote.annotator.into(), n_annotators.into());
        return Err(RankingError::OutOfRange { what: "annotator", got, end });
    }
    positive("the standard deviation of the strengths", options.strength_sd)?;
    positive("the standard deviation of the reliabilities", options.reliability_sd)?;
    positive("the standard deviation of the place terms", options.position_sd)?;
    positive("the odds of the expected reliability", options.reliability / (1.0 - options.reliability))?;
    let plain = bradley_terry(n_items, votes, &plain_options(options))?;
    let model = Model::new(n_items as usize, n_annotators as usize, votes, options);
    let mut start = vec![0.0; model.n_parameters()];
    for (at, strength) in start.iter_mut().zip(&plain.ranking.strengths) {
        *at = strength.value;
    }
    start[model.n_items..model.n_items + model.n_annotators].fill(model.reliability_mean);
    let at = minimize(&start, 500, 1e-5, |at, gradient| {
        let value = model.log_posterior(at, gradient, None);
        gradient.iter_mut().for_each(|it| *it = -*it);
        -value
    });
    let (at, covariance) = model.polish(at)?;
    let n = model.n_parameters();
    let mut ranking = Ranking::new(&at[..model.n_items], &covariance, n, options.level);
    ranking.remarks = plain.ranking.remarks;
    ranking.n_rounds = plain.ranking.n_rounds;
    for (strength, plain) in ranking.strengths.iter_mut().zip(&plain.ranking.strengths) {
        strength.n = plain.n;
    }
    let mut slope = vec![0.0; n];
    model.log_posterior(&at, &mut slope, None);
    if slope.iter().any(|it| it.abs() > 1e-4) {
        ranking.remarks.push(RankingRemark::NotConverged);
    }
    let annotators = (0..model.n_annotators).map(|it| model.quality(it, &at, &covariance, options.level));
    let log_likelihood = model.log_posterior(&at, &mut slope, None) - model.log_prior(&at);
    Ok(NoisyRanking { annotators: annotators.collect(), ranking, log_likelihood })
}

fn plain_options(options: &NoisyOptions) -> BradleyTerryOptions {
    BradleyTerryOptions {
        ties: Ties::HalfWin,
        position: true,
        prior: Prior::Gaussian { sd: options.strength_sd },
        intervals: IntervalOptions { level: options.level, n_resamples: 0, seed: 0 },
    }
}

/// The parameters are the strengths, then γ of each annotator, then q of each.
struct Model {
    n_items: usize,
    n_annotators: usize,
    /// First, second, annotator, +1 for the first or -1 for the second, and how often.
    choices: Vec<(usize, usize, usize, f64, f64)>,
    n_votes: Vec<u64>,
    /// The log odds of the expected reliability.
    reliability_mean: f64,
    options: NoisyOptions,
}

impl Model {
    fn new(n_items: usize, n_annotators: usize, votes: &[PairVote], options: &NoisyOptions) -> Self {
        // Counted and sorted, so that the order of the votes changes no bit.
        let mut counts = std::collections::BTreeMap::new();
        let mut n_votes = vec![0; n_annotators];
        for vote in votes {
            let (first, second) = match vote.outcome {
                Preference::First => (1.0, 0.0),
                Preference::Second => (0.0, 1.0),
                Preference::Tie => (0.5, 0.5),
            };
            let n: &mut (f64, f64) = counts.entry((vote.first, vote.second, vote.annotator)).or_default();
            *n = (n.0 + first, n.1 + second);
            n_votes[vote.annotator as usize] += 1;
        }
        let mut choices = Vec::new();
        for ((first, second, annotator), n) in counts {
            let (first, second, annotator) = (first as usize, second as usize, annotator as usize);
            choices.push((first, second, annotator, 1.0, n.0));
            choices.push((first, second, annotator, -1.0, n.1));
        }
        choices.retain(|choice| choice.4 > 0.0);
        let reliability_mean = (options.reliability / (1.0 - options.reliability)).ln();
        Self { n_items, n_annotators, choices, n_votes, reliability_mean, options: *options }
    }

    fn n_parameters(&self) -> usize {
        self.n_items + 2 * self.n_annotators
    }

    /// The prior mean and precision of a parameter.
    fn prior(&self, place: usize) -> (f64, f64) {
        let (mean, sd) = if place < self.n_items {
            (0.0, self.options.strength_sd)
        } else if place < self.n_items + self.n_annotators {
            (self.reliability_mean, self.options.reliability_sd)
        } else {
            (0.0, self.options.position_sd)
        };
        (mean, 1.0 / (sd * sd))
    }

    fn log_prior(&self, at: &[f64]) -> f64 {
        let terms = at.iter().enumerate().map(|(place, at)| {
            let (mean, precision) = self.prior(place);
            -0.5 * precision * (at - mean).powi(2)
        });
        terms.sum()
    }

    /// The value; writes the gradient, and the negative Hessian where one is wanted.
    fn log_posterior(&self, at: &[f64], gradient: &mut [f64], mut hessian: Option<&mut [f64]>) -> f64 {
        let width = self.n_parameters();
        for (place, slope) in gradient.iter_mut().enumerate() {
            let (mean, precision) = self.prior(place);
            *slope = -precision * (at[place] - mean);
            if let Some(hessian) = hessian.as_deref_mut() {
                hessian[place * width + place] += precision;
            }
        }
        let mut value = self.log_prior(at);
        for &(first, second, annotator, sign, n) in &self.choices {
            let (gamma, q) = (self.n_items + annotator, self.n_items + self.n_annotators + annotator);
            let term = Term::new(sign, at[first] - at[second], at[gamma], at[q]);
            value += n * term.p.ln();
            // The difference of the strengths reaches both items, with opposite signs.
            let reach = [(first, 0, 1.0), (second, 0, -1.0), (gamma, 1, 1.0), (q, 2, 1.0)];
            for (row, kind, factor) in reach {
                gradient[row] += n * factor * term.slope[kind];
                let Some(hessian) = hessian.as_deref_mut() else { continue };
                for (column, other_kind, other) in reach {
                    hessian[row * width + column] -= n * factor * other * term.curvature[kind][other_kind];
                }
            }
        }
        value
    }

    /// A few of Newton's steps to the last digits, and the covariance there.
    fn polish(&self, mut at: Vec<f64>) -> Result<(Vec<f64>, Vec<f64>), RankingError> {
        let n = self.n_parameters();
        let (mut gradient, mut hessian) = (vec![0.0; n], vec![0.0; n * n]);
        for _ in 0..8 {
            hessian.fill(0.0);
            let value = self.log_posterior(&at, &mut gradient, Some(&mut hessian));
            let Some(step) = linear::solve(&hessian, &gradient) else { break };
            let next: Vec<f64> = at.iter().zip(&step).map(|(at, step)| at + step).collect();
            if self.log_posterior(&next, &mut gradient, None) < value - 1e-9 {
                break;
            }
            at = next;
        }
        hessian.fill(0.0);
        self.log_posterior(&at, &mut gradient, Some(&mut hessian));
        let covariance = linear::inverse(&hessian, n).ok_or(RankingError::NotIdentified)?;
        Ok((at, covariance))
    }

    fn quality(
        &self,
        annotator: usize,
        at: &[f64],
        covariance: &[f64],
        level: Level,
    ) -> Option<JudgeQuality> {
        let n = self.n_votes[annotator];
        if n == 0 {
            return None;
        }
        let width = self.n_parameters();
        let (gamma, q) = (self.n_items + annotator, self.n_items + self.n_annotators + annotator);
        let (r, first) = (sigmoid(at[gamma]), sigmoid(at[q]));
        let error = |place: usize| covariance[place * width + place].sqrt();
        let share = 0.5 * r + (1.0 - r) * first;
        let (by_gamma, by_q) = (r * (1.0 - r) * (0.5 - first), (1.0 - r) * first * (1.0 - first));
        let variance = by_gamma * by_gamma * covariance[gamma * width + gamma]
            + by_q * by_q * covariance[q * width + q]
            + 2.0 * by_gamma * by_q * covariance[gamma * width + q];
        let share_error = variance.max(0.0).sqrt() / (share * (1.0 - share));
        let position = Estimate { value: at[q], interval: normal_interval(at[q], error(q), level), n };
        Some(JudgeQuality {
            reliability: raised(at[gamma], error(gamma), level, n),
            position,
            first_share: raised((share / (1.0 - share)).ln(), share_error, level, n),
        })
    }
}

/// A probability with its interval, from its log odds and their standard error.
fn raised(log_odds: f64, error: f64, level: Level, n: u64) -> Estimate {
    let Interval { low, high } = normal_interval(log_odds, error, level);
    Estimate { value: sigmoid(log_odds), interval: Interval { low: sigmoid(low), high: sigmoid(high) }, n }
}

/// The probability of one choice and the derivatives of its logarithm by the difference, γ and q.
struct Term {
    p: f64,
    slope: [f64; 3],
    curvature: [[f64; 3]; 3],
}

impl Term {
    fn new(sign: f64, difference: f64, gamma: f64, q: f64) -> Self {
        let r = sigmoid(gamma);
        let (looks, blind) = (sigmoid(sign * difference), sigmoid(sign * q));
        let (looks_slope, blind_slope) = (looks * (1.0 - looks), blind * (1.0 - blind));
        let r_slope = r * (1.0 - r);
        let p = (r * looks + (1.0 - r) * blind).max(f64::MIN_POSITIVE);
        let slope =
            [r * sign * looks_slope / p, r_slope * (looks - blind) / p, (1.0 - r) * sign * blind_slope / p];
        let second = [
            [r * looks_slope * (1.0 - 2.0 * looks), r_slope * sign * looks_slope, 0.0],
            [
                r_slope * sign * looks_slope,
                r_slope * (1.0 - 2.0 * r) * (looks - blind),
                -r_slope * sign * blind_slope,
            ],
            [0.0, -r_slope * sign * blind_slope, (1.0 - r) * blind_slope * (1.0 - 2.0 * blind)],
        ];
        let curvature = std::array::from_fn(|row| {
            std::array::from_fn(|column| second[row][column] / p - slope[row] * slope[column])
        });
        Self { p, slope, curvature }
    }
}
