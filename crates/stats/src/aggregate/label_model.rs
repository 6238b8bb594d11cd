//! The label model of data programming: sources that vote or abstain, fitted to how often pairs of them give each pair of
//! answers.
//!
//! In: votes of a few sources on many items; a missing vote is an abstention. Out: a posterior for each item.
//!
//! Not here: many annotators with few votes each: their pairs share too few items (Dawid-Skene).

use super::latent::{self, Found};
use super::{Aggregate, AggregateError, FitOptions, Method, Remark, Votes};
use crate::minimize::minimize;

pub(super) const METHOD: Method = Method {
    name: "label_model",
    title: "the label model",
    about: "matches how often pairs of sources answer what together; for a few rules or models that vote on many items, \
            with classes about equally frequent",
    paper: "Ratner et al., \"Training Complex Models with Multi-Task Weak Supervision\", 2019",
    reads_gold: false,
    fit,
};

/// Quasi-Newton steps in one round.
const STEPS: usize = 25;

/// The most answers of all sources together: their pairs are kept as a dense matrix.
const MOST_ANSWERS: usize = 1_000;

/// A round that gains less than this share of what chance makes of the moments is the last.
const LEAST_GAIN: f64 = 1e-3;

/// How often an answer is right in the beginning: what tells a class from its mirror image is only that sources beat chance.
const RIGHT_AT_FIRST: f64 = 0.7;

/// Matches the moments of the model to those of the votes.
///
/// With `mu[j, l, k]` the probability that source j answers l where the truth is k, and the classes equally frequent, two
/// sources answer l and l' together with probability `sum_k mu[j, l, k] mu[j', l', k] / K`. The squared distance of these
/// numbers, and of the frequencies of single answers, from those observed is made small; distributions stay distributions
/// because the parameters are their logarithms. As in the authors' program the posterior leaves abstentions out.
fn fit(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    latent::check(votes, options)?;
    let moments = Moments::new(votes)?;
    let mut x = moments.start();
    let mut posterior = vec![0.0; votes.n_items() * votes.n_classes()];
    let mut gradient = vec![0.0; x.len()];
    let mut objective = Vec::new();
    let (mut n_rounds, mut converged) = (0, false);
    moments.weigh(votes, &x, &mut posterior);
    while n_rounds < options.n_rounds && !converged {
        x = minimize(&x, STEPS, 1e-12, |x, gradient| moments.distance(x, gradient));
        objective.push(-moments.distance(&x, &mut gradient));
        let before = posterior.clone();
        moments.weigh(votes, &x, &mut posterior);
        converged =
            latent::furthest(&posterior, &before) <= options.tolerance || flat(&objective, moments.noise());
        n_rounds += 1;
    }
    let confusion = moments.confusion(&x);
    Ok(latent::finish(METHOD.name, votes, Found { posterior, confusion, n_rounds, converged, objective }))
}

/// Whether the last round gained less than chance makes of the moments.
fn flat(objective: &[f64], noise: f64) -> bool {
    matches!(objective, [.., before, last] if last - before <= LEAST_GAIN * noise)
}

/// How often sources give answers, alone and together.
struct Moments {
    n_sources: usize,
    n_classes: usize,
    n_items: f64,
    /// The share of the items on which a source gives an answer; by source, then answer.
    alone: Vec<f64>,
    /// The share of the items on which two answers meet: a square matrix; answers of one source are left at 0.
    together: Vec<f64>,
}

/// The answers of an item, each with its share of its source's votes: several votes of a source share its one answer.
fn answers(of: &[(u32, u32)], n_classes: usize) -> Vec<(usize, f64)> {
    let mut answers = Vec::with_capacity(of.len());
    for of_one in of.chunk_by(|a, b| a.0 == b.0) {
        for same in of_one.chunk_by(|a, b| a.1 == b.1) {
            let row = same[0].0 as usize * n_classes + same[0].1 as usize;
            answers.push((row, same.len() as f64 / of_one.len() as f64));
        }
    }
    answers
}

impl Moments {
    fn new(votes: &Votes) -> Result<Self, AggregateError> {
        let (n_sources, n_classes) = (votes.n_annotators(), votes.n_classes());
        let width = n_sources.saturating_mul(n_classes);
        if width > MOST_ANSWERS {
            return Err(AggregateError::Unfit(format!(
                "{n_sources} annotators times {n_classes} classes are more than {MOST_ANSWERS}: the label model is for a \
                 few sources that vote on many items; take `dawid_skene`"
            )));
        }
        if votes.counts().iter().filter(|n| **n > 0).count() < 3 {
            return Err(AggregateError::Unfit(
                "the label model needs votes of three annotators: pairs of fewer do not tell who is right"
                    .to_owned(),
            ));
        }
        if votes.remarks().contains(&Remark::NoOverlap) {
            return Err(AggregateError::Unfit(
                "the label model needs items with several votes: it learns from pairs of votes".to_owned(),
            ));
        }
        let n_items = votes.by_item().filter(|of| !of.is_empty()).count() as f64;
        let (mut alone, mut together) = (vec![0.0; width], vec![0.0; width * width]);
        for of in votes.by_item() {
            let answers = answers(of, n_classes);
            for (row, share) in &answers {
                alone[*row] += share / n_items;
                for (column, other) in
                    answers.iter().filter(|(column, _)| column / n_classes != row / n_classes)
                {
                    together[row * width + column] += share * other / n_items;
                }
            }
        }
        Ok(Self { n_sources, n_classes, n_items, alone, together })
    }

    /// The squared distance that chance is expected to make of the moments of the true model.
    fn noise(&self) -> f64 {
        let shares = self.alone.iter().chain(&self.together);
        shares.map(|p| p * (1.0 - p)).sum::<f64>() / self.n_items
    }

    /// Log weights, by source, then truth, then answer; the last answer is to abstain.
    fn start(&self) -> Vec<f64> {
        let k = self.n_classes;
        let wrong = (1.0 - RIGHT_AT_FIRST) / (k.max(2) - 1) as f64;
        let mut x = Vec::with_capacity(self.n_sources * k * (k + 1));
        for alone in self.alone.chunks_exact(k) {
            let coverage: f64 = alone.iter().sum();
            // Half an item more for each answer, so that none is impossible.
            let used = |answer: usize| alone[answer] + 0.5 / self.n_items;
            for truth in 0..k {
                let weight =
                    |answer: usize| used(answer) * if answer == truth { RIGHT_AT_FIRST } else { wrong };
                let sum: f64 = (0..k).map(weight).sum();
                x.extend((0..k).map(|answer| (weight(answer) / sum * coverage.max(0.5 / self.n_items)).ln()));
                x.push((1.0 - coverage).max(0.5 / self.n_items).ln());
            }
        }
        x
    }

    /// The probability of each answer and of abstaining for each source and truth.
    fn probabilities(&self, x: &[f64]) -> Vec<f64> {
        let mut mu = x.to_vec();
        for row in mu.chunks_exact_mut(self.n_classes + 1) {
            latent::normalize(row);
        }
        mu
    }

    /// The squared distance of the model's moments from the observed ones; writes the gradient.
    fn distance(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let k = self.n_classes;
        let width = self.alone.len();
        let probabilities = self.probabilities(x);
        // By source and answer, then truth.
        let mut mu = vec![0.0; width * k];
        let cell = |row: usize, truth: usize| (row / k * k + truth) * (k + 1) + row % k;
        for row in 0..width {
            (0..k).for_each(|truth| mu[row * k + truth] = probabilities[cell(row, truth)]);
        }
        let share = 1.0 / k as f64;
        let mut distance = 0.0;
        let mut slope = vec![0.0; width * k];
        for row in 0..width {
            let own = &mu[row * k..(row + 1) * k];
            let to = &mut slope[row * k..(row + 1) * k];
            let off = share * own.iter().sum::<f64>() - self.alone[row];
            distance += off * off;
            to.iter_mut().for_each(|it| *it += 2.0 * off * share);
            for column in (0..width).filter(|column| column / k != row / k) {
                let other = &mu[column * k..(column + 1) * k];
                let met: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
                let off = share * met - self.together[row * width + column];
                distance += off * off;
                // Each pair is met from both of its sides.
                to.iter_mut().zip(other).for_each(|(to, other)| *to += 4.0 * off * share * other);
            }
        }
        gradient.fill(0.0);
        for row in 0..width {
            for truth in 0..k {
                let pull = probabilities[cell(row, truth)] * slope[row * k + truth];
                gradient[cell(row, truth)] += pull;
                let first = (row / k * k + truth) * (k + 1);
                for answer in 0..=k {
                    gradient[first + answer] -= pull * probabilities[first + answer];
                }
            }
        }
        distance
    }

    /// What each source answers where the truth is the row, given that it answers.
    fn confusion(&self, x: &[f64]) -> Vec<f64> {
        let k = self.n_classes;
        let mut confusion = Vec::with_capacity(self.n_sources * k * k);
        for row in self.probabilities(x).chunks_exact(k + 1) {
            let answered: f64 = row[..k].iter().sum();
            confusion.extend(row[..k].iter().map(|p| p / answered));
        }
        confusion
    }

    /// Weighs the votes on each item: a source that answers only where the truth is one class tells by answering. No
    /// probability counts for less than one item can tell.
    fn weigh(&self, votes: &Votes, x: &[f64], posterior: &mut [f64]) {
        let k = self.n_classes;
        let least = (1.0 / self.n_items).min(0.01);
        let logs: Vec<f64> = self.probabilities(x).into_iter().map(|p| p.max(least).ln()).collect();
        for (row, of) in posterior.chunks_exact_mut(k).zip(votes.by_item()).filter(|(_, of)| !of.is_empty()) {
            row.fill(0.0);
            for (source, answer) in of {
                for (truth, to) in row.iter_mut().enumerate() {
                    *to += logs[(*source as usize * k + truth) * (k + 1) + *answer as usize];
                }
            }
            latent::normalize(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{METHOD, Moments};
    use crate::aggregate::planted::{options, planted};
    use crate::aggregate::{AggregateError, Top, Votes};

    /// The share of the right answers of source `n`.
    const RIGHT: [f64; 4] = [0.9, 0.8, 0.7, 0.6];

    /// Sources of known accuracy that abstain from three items in ten.
    fn sources() -> Votes {
        let answers = |source: usize, truth: usize| {
            let mut answers = vec![0.35 * (1.0 - RIGHT[source]); 3];
            answers[truth] = 0.7 * RIGHT[source];
            answers.push(0.3);
            answers
        };
        planted(6_000, 4, 3, answers).0
    }

    #[test]
    fn accuracies_that_were_planted_are_found() {
        let votes = sources();
        let found = (METHOD.fit)(&votes, &options(&votes)).unwrap();
        for (learned, want) in found.annotators.iter().zip(RIGHT) {
            let rows = learned.confusion.as_ref().unwrap();
            // A share of 1,400 votes has a standard error of at most 0.013; four of them.
            for truth in 0..3 {
                assert!((rows[truth * 4] - want).abs() < 0.055, "{want}: {rows:?}");
            }
        }
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let moments = Moments::new(&sources()).unwrap();
        let mut x = moments.start();
        x.iter_mut().enumerate().for_each(|(at, it)| *it += 0.1 * (at % 7) as f64);
        let (mut gradient, mut unused) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        moments.distance(&x, &mut gradient);
        for at in 0..x.len() {
            let mut near = |step: f64| {
                let mut x = x.clone();
                x[at] += step;
                moments.distance(&x, &mut unused)
            };
            let slope = (near(1e-5) - near(-1e-5)) / 2e-5;
            assert!((slope - gradient[at]).abs() < 1e-8, "{at}: {slope} {}", gradient[at]);
        }
    }

    #[test]
    fn a_source_that_names_one_class_only_is_believed_when_it_does() {
        // Source 3 says class 1 or nothing, and seldom where that is wrong.
        let (votes, _) = planted(4_000, 4, 2, |source, truth| match (source, truth) {
            (3, 0) => vec![0.0, 0.05, 0.95],
            (3, _) => vec![0.0, 0.6, 0.4],
            (_, 0) => vec![0.7, 0.3, 0.0],
            (_, _) => vec![0.3, 0.7, 0.0],
        });
        let found = (METHOD.fit)(&votes, &options(&votes)).unwrap();
        // Two of the others against one: the fourth settles it.
        let split = |item: &usize| votes.of(*item).iter().map(|it| it.1).eq([0, 0, 1, 1]);
        let item = (0..votes.n_items()).find(split).unwrap();
        assert!(
            matches!(found.top(item), Top::Winner(class, p) if class.0 == 1 && p > 0.7),
            "{:?}",
            found.top(item)
        );
    }

    #[test]
    fn a_crowd_is_refused_with_what_to_take() {
        let votes = planted(2, 2, 600, |_, _| vec![1.0; 600]).0;
        let error = (METHOD.fit)(&votes, &options(&votes)).unwrap_err();
        assert!(matches!(error, AggregateError::Unfit(why) if why.contains("take `dawid_skene`")));
    }
}
