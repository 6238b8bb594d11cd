//! MACE: each annotator either knows the class or answers from a habit of its own.
//!
//! In: votes, gold, a seed. Out: a posterior for each item.
//!
//! Not here: annotators that confuse certain classes (the Dawid-Skene family).

use super::bcc::dirichlet_divergence;
use super::latent::{self, Found};
use super::{Aggregate, AggregateError, FitOptions, Method, Votes};
use crate::random::SplitMix64;
use crate::special::digamma;

pub(super) const METHOD: Method = Method {
    name: "mace",
    title: "MACE",
    about: "an annotator knows the class or answers by habit; for people who click through and models that favor a class",
    paper: "Hovy et al., \"Learning Whom to Trust with MACE\", 2013",
    reads_gold: true,
    fit,
};

/// The prior of knowing and of not knowing: Beta(0.5, 0.5), most annotators nearly always or nearly never know.
const KNOWING: f64 = 0.5;

/// The prior of each answer of a habit.
const HABIT: f64 = 10.0;

/// Products are scaled down above this.
const LARGE: f64 = 1e150;

/// Variational Bayes from several starts, of which the one with the highest evidence bound is kept.
///
/// The first start takes every annotator for the same, so that it does not depend on the order of annotators or items;
/// the others are random.
fn fit(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    latent::check(votes, options)?;
    let mut counts = vec![0.0; votes.n_annotators() * votes.n_classes()];
    for (annotator, class) in votes.by_item().flatten() {
        counts[*annotator as usize * votes.n_classes() + *class as usize] += 1.0;
    }
    let mut random = SplitMix64::new(options.seed);
    let mut best = climb(votes, options, &counts, even(votes, &counts));
    for _ in 1..options.n_restarts {
        let start = drawn(votes, &counts, &mut random);
        let found = climb(votes, options, &counts, start);
        if found.objective.last() > best.objective.last() {
            best = found;
        }
    }
    Ok(latent::finish(METHOD.name, votes, best))
}

/// What is believed of the annotators.
struct Belief {
    n_classes: usize,
    /// The expected number of votes that an annotator gave of a class it knew.
    known: Vec<f64>,
    /// By how much a vote raises the odds of its class against any other class: one number an annotator and class.
    ratio: Vec<f64>,
    /// The probability that a vote came of knowledge where it is right.
    knew: Vec<f64>,
    /// The evidence bound but for the items: logarithms of habits, minus what was learned of the annotators.
    bound: f64,
}

impl Belief {
    /// Weighs knowing `know` against answering by habit `habit`; both are "exp of the expected logarithm".
    fn new(know: &[f64], habit: &[f64], counts: &[f64], known: Vec<f64>) -> Self {
        let k = habit.len() / know.len();
        let odds = |idx: usize| know[idx / k] / habit[idx];
        let logs = counts.iter().zip(habit).filter(|(n, _)| **n > 0.0).map(|(n, habit)| n * habit.ln());
        Self {
            n_classes: k,
            known,
            ratio: (0..habit.len()).map(|idx| 1.0 + odds(idx)).collect(),
            knew: (0..habit.len()).map(|idx| odds(idx) / (1.0 + odds(idx))).collect(),
            bound: logs.sum(),
        }
    }

    /// Learns from the expected number of right votes of each annotator and class.
    fn learn(&self, right: &[f64], counts: &[f64]) -> Self {
        let k = self.n_classes;
        let known: Vec<f64> = right.iter().zip(&self.knew).map(|(right, knew)| right * knew).collect();
        let (mut know, mut habit) = (Vec::new(), Vec::with_capacity(counts.len()));
        let mut learned = 0.0;
        for (known, counts) in known.chunks_exact(k).zip(counts.chunks_exact(k)) {
            let n_votes: f64 = counts.iter().sum();
            let n_known: f64 = known.iter().sum();
            let split = [KNOWING + n_known, KNOWING + n_votes - n_known];
            let answers: Vec<f64> = counts.iter().zip(known).map(|(n, known)| HABIT + n - known).collect();
            learned +=
                dirichlet_divergence(&split, &[KNOWING; 2]) + dirichlet_divergence(&answers, &vec![HABIT; k]);
            let of_all = digamma(split[0] + split[1]);
            let of_habit = digamma(split[1]) - of_all - digamma(answers.iter().sum());
            know.push((digamma(split[0]) - of_all).exp());
            habit.extend(answers.iter().map(|it| (of_habit + digamma(*it)).exp()));
        }
        let mut belief = Self::new(&know, &habit, counts, known.clone());
        belief.bound -= learned;
        belief
    }

    /// What each annotator answers where the truth is the row, as expected.
    fn confusion(&self, counts: &[f64]) -> Vec<f64> {
        let k = self.n_classes;
        let mut confusion = Vec::with_capacity(counts.len() * k);
        for (known, counts) in self.known.chunks_exact(k).zip(counts.chunks_exact(k)) {
            let n_votes: f64 = counts.iter().sum();
            let n_known: f64 = known.iter().sum();
            let know = (KNOWING + n_known) / (2.0 * KNOWING + n_votes);
            let sum = k as f64 * HABIT + n_votes - n_known;
            for truth in 0..k {
                confusion.extend((0..k).map(|answer| {
                    let habit = (HABIT + counts[answer] - known[answer]) / sum;
                    (1.0 - know) * habit + if answer == truth { know } else { 0.0 }
                }));
            }
        }
        confusion
    }
}

/// A start at which every annotator knows half of the time.
fn even(votes: &Votes, counts: &[f64]) -> Belief {
    let k = votes.n_classes();
    let know = vec![0.5; votes.n_annotators()];
    Belief::new(&know, &vec![0.5 / k as f64; know.len() * k], counts, vec![0.0; counts.len()])
}

/// A start drawn at random: each weight is between 1 and 2.5 before they are made to sum to 1, as in the authors' program.
fn drawn(votes: &Votes, counts: &[f64], random: &mut SplitMix64) -> Belief {
    let k = votes.n_classes();
    let (mut know, mut habit) = (Vec::new(), Vec::new());
    for _ in 0..votes.n_annotators() {
        let mut draw = || 1.0 + 1.5 * random.unit();
        let (yes, no) = (draw(), draw());
        know.push(yes / (yes + no));
        let answers: Vec<f64> = (0..k).map(|_| draw()).collect();
        let sum: f64 = answers.iter().sum();
        habit.extend(answers.iter().map(|it| it / sum * no / (yes + no)));
    }
    Belief::new(&know, &habit, counts, vec![0.0; counts.len()])
}

/// Rounds from one start.
fn climb(votes: &Votes, options: &FitOptions<'_>, counts: &[f64], mut belief: Belief) -> Found {
    let mut posterior = latent::shares(votes, options);
    let mut right = vec![0.0; counts.len()];
    weigh(votes, options, &belief, &mut posterior, &mut right);
    let mut objective = Vec::new();
    let (mut n_rounds, mut converged) = (0, false);
    while n_rounds < options.n_rounds && !converged {
        belief = belief.learn(&right, counts);
        right.fill(0.0);
        let (moved, evidence) = weigh(votes, options, &belief, &mut posterior, &mut right);
        objective.push(evidence + belief.bound);
        converged = moved <= options.tolerance;
        n_rounds += 1;
    }
    let confusion = belief.confusion(counts);
    Found { posterior, confusion, n_rounds, converged, objective }
}

/// Updates the posteriors and counts the right votes as expected; returns how far a posterior moved and the logarithm of
/// the evidence of the items beside that of the habits.
///
/// The weight of a class is the product of the ratios of its votes. These are at least 1, so a product can only be too
/// large; it is scaled in time, and one logarithm does for many items.
fn weigh(
    votes: &Votes,
    options: &FitOptions<'_>,
    belief: &Belief,
    posterior: &mut [f64],
    right: &mut [f64],
) -> (f64, f64) {
    let k = votes.n_classes();
    let (mut moved, mut log, mut product, mut n_scaled, mut n_items) = (0.0_f64, 0.0, 1.0_f64, 0_u64, 0_u64);
    let mut weights = vec![1.0; k];
    for (item, row) in posterior.chunks_exact_mut(k).enumerate() {
        let of = votes.of(item);
        if of.is_empty() {
            continue;
        }
        n_items += 1;
        if let Some(gold) = options.gold_of(item) {
            for (annotator, class) in of.iter().filter(|(_, class)| *class == gold.0) {
                let idx = *annotator as usize * k + *class as usize;
                log += belief.ratio[idx].ln();
                right[idx] += 1.0;
            }
            continue;
        }
        weights.fill(1.0);
        for (annotator, class) in of {
            let weight = &mut weights[*class as usize];
            *weight *= belief.ratio[*annotator as usize * k + *class as usize];
            if *weight > LARGE {
                weights.iter_mut().for_each(|it| *it /= LARGE);
                n_scaled += 1;
            }
        }
        let sum: f64 = weights.iter().sum();
        product *= sum;
        if !(1.0 / LARGE..=LARGE).contains(&product) {
            log += product.ln();
            product = 1.0;
        }
        for (p, weight) in row.iter_mut().zip(&weights) {
            let new = weight / sum;
            moved = moved.max((new - *p).abs());
            *p = new;
        }
        for (annotator, class) in of {
            right[*annotator as usize * k + *class as usize] += row[*class as usize];
        }
    }
    log += product.ln() + n_scaled as f64 * LARGE.ln() - n_items as f64 * (k as f64).ln();
    (moved, log)
}

#[cfg(test)]
mod tests {
    use super::METHOD;
    use crate::aggregate::planted::{options, planted};
    use crate::aggregate::{Aggregate, FitOptions, Votes};

    /// Three who know mostly and three who always say the same class, whatever the truth.
    fn clickers() -> Votes {
        let answers = |annotator: usize, truth: usize| {
            let mut answers = vec![0.05; 3];
            answers[if annotator < 3 { truth } else { 1 }] = 0.9;
            answers
        };
        planted(300, 6, 3, answers).0
    }

    fn fit(votes: &Votes, n_restarts: u32, seed: u64) -> Aggregate {
        (METHOD.fit)(votes, &FitOptions { n_restarts, seed, ..options(votes) }).unwrap()
    }

    #[test]
    fn who_clicks_the_same_class_is_found() {
        let found = fit(&clickers(), 1, 1);
        for (annotator, learned) in found.annotators.iter().enumerate() {
            let rows = learned.confusion.as_ref().unwrap();
            // What they say where the truth is class 0.
            assert_eq!(rows[0] > 0.8, annotator < 3, "{annotator}: {rows:?}");
            assert_eq!(rows[1] > 0.6, annotator >= 3, "{annotator}: {rows:?}");
        }
    }

    #[test]
    fn more_starts_never_end_lower_and_the_same_seed_gives_the_same_bits() {
        let votes = clickers();
        let (one, ten) = (fit(&votes, 1, 3), fit(&votes, 10, 3));
        assert!(ten.objective.last() >= one.objective.last());
        assert_eq!(ten, fit(&votes, 10, 3));
    }

    #[test]
    fn restarts_are_not_all_the_same() {
        // One round each: what the best of eight reaches, the best of two does not always.
        let votes = clickers();
        let short = |n_restarts: u32, seed: u64| {
            let options = FitOptions { n_restarts, seed, n_rounds: 1, ..options(&votes) };
            (METHOD.fit)(&votes, &options).unwrap().objective
        };
        assert!((1..6).any(|seed| short(8, seed) != short(2, seed)));
    }
}
