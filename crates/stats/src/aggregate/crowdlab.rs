//! CROWDLAB: how good each given label is, by the annotators and a model's class probabilities together.
//!
//! In: votes, and for each item the probabilities of a model that has not seen its votes. Out: a [`Crowdlab`].
//!
//! Not here: training the model; annotators alone (the table of methods).

use super::{AggregateError, TIE, Votes};
use crate::Class;

/// Weights are at least this, so that an annotator or model as bad as a constant still breaks ties.
const LEAST_WEIGHT: f64 = 1e-6;

/// What CROWDLAB found.
#[derive(Debug, Clone, PartialEq)]
pub struct Crowdlab {
    n_classes: usize,
    posterior: Vec<f64>,
    /// The classes that are the consensus of each item: one, or several in ascending order where nothing tells them apart,
    /// none for an item without votes.
    pub consensus: Vec<Vec<Class>>,
    /// How far the consensus can be trusted, from 0 to 1: its probability. `None` without votes.
    pub quality: Vec<Option<f64>>,
    /// The share of the item's votes that are for the consensus, from 0 to 1. `None` without votes.
    pub agreement: Vec<Option<f64>>,
    /// The quality of each annotator, from 0 to 1. `None` where it shares no item with another.
    pub annotators: Vec<Option<f64>>,
    /// The weight of a vote of each annotator; 0 or more. `None` without votes.
    pub annotator_weights: Vec<Option<f64>>,
    /// The weight of the model on the same scale.
    pub model_weight: f64,
}

impl Crowdlab {
    /// The weighted mean of model and votes: a distribution over the classes; the model alone for an item without votes.
    /// `None` past the last item.
    pub fn posterior(&self, item: usize) -> Option<&[f64]> {
        self.posterior.get(item * self.n_classes..(item + 1) * self.n_classes)
    }

    /// The quality of a label that somebody gave to an item, from 0 to 1: low ones are worth a second look.
    /// `None` for an item or class out of range.
    pub fn label_quality(&self, item: usize, class: Class) -> Option<f64> {
        self.posterior(item)?.get(class.0 as usize).copied()
    }
}

/// Weighs annotators and a model by how far each beats a constant answer, and scores every label.
///
/// `model` has a row for each item and a column for each class, row by row: the probabilities of a model that was not
/// trained on that item's votes (cross-validation). The consensus is settled twice: by majority, then by the weighted mean
/// that follows from it. Ties of votes go to the class that the model favors, then to the rarer class, then to the
/// annotators who agree with others; what still ties is returned as a tie, and each of its classes counts by its share.
///
/// The scores order labels. They are no calibrated probabilities, and a model that repeats the annotators' mistakes
/// confirms them. H. Goh, U. Tkachenko, J. Mueller, "CROWDLAB: Supervised learning to infer consensus labels and quality
/// scores for data with multiple annotators", 2022.
///
/// # Errors
/// Rows of the model that are not as many as the items or no distributions; a single class; no item with two annotators.
///
/// ```
/// use karat_stats::{Class, aggregate::{Vote, Votes, crowdlab}};
/// let votes = [(0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 1), (2, 0, 0), (2, 1, 1)];
/// let votes = votes.map(|(item, annotator, class)| Vote { item, annotator, class: Class(class) });
/// let votes = Votes::new(3, 2, 2, &votes).unwrap();
/// let found = crowdlab(&votes, &[0.9, 0.1, 0.2, 0.8, 0.3, 0.7]).unwrap();
/// assert_eq!(found.consensus[2], [Class(1)]);
/// assert!(found.label_quality(2, Class(0)) < found.label_quality(2, Class(1)));
/// ```
pub fn crowdlab(votes: &Votes, model: &[f64]) -> Result<Crowdlab, AggregateError> {
    check(votes, model)?;
    let first = majority(votes, model);
    let by_majority = Weights::new(votes, model, &first);
    let second = best(votes, &by_majority.posterior(votes, model), &first);
    let weights = Weights::new(votes, model, &second);
    let posterior = weights.posterior(votes, model);
    let k = votes.n_classes();
    let quality = second.iter().enumerate().map(|(item, classes)| {
        let of = |class: &Class| posterior[item * k + class.0 as usize];
        (!classes.is_empty()).then(|| classes.iter().map(of).sum::<f64>() / classes.len() as f64)
    });
    Ok(Crowdlab {
        n_classes: k,
        quality: quality.collect(),
        agreement: (0..votes.n_items())
            .map(|item| {
                let of = votes.of(item);
                let sum: f64 = of.iter().map(|(_, class)| credit(&second[item], *class)).sum();
                (!of.is_empty()).then(|| sum / of.len() as f64)
            })
            .collect(),
        annotators: annotators(votes, &second, &posterior, &weights),
        annotator_weights: weights.annotators,
        model_weight: weights.model,
        posterior,
        consensus: second,
    })
}

fn check(votes: &Votes, model: &[f64]) -> Result<(), AggregateError> {
    let k = votes.n_classes();
    let want = votes.n_items() * k;
    if model.len() != want {
        return Err(AggregateError::WrongLength { what: "model probabilities", got: model.len(), want });
    }
    if let Some(got) = model.iter().copied().find(|p| !(*p >= 0.0 && p.is_finite())) {
        return Err(AggregateError::BadNumber { what: "a model probability", got });
    }
    let sums = model.chunks_exact(k).map(|row| row.iter().sum::<f64>());
    if let Some((item, sum)) = sums.enumerate().find(|(_, sum)| (sum - 1.0).abs() > 1e-6) {
        return Err(AggregateError::Unfit(format!(
            "the model's probabilities of item {item} sum to {sum}, not to 1"
        )));
    }
    if k < 2 {
        return Err(AggregateError::Unfit(
            "CROWDLAB needs two classes: with one there is nothing to weigh".to_owned(),
        ));
    }
    if !votes.by_item().any(shared) {
        return Err(AggregateError::Unfit(
            "CROWDLAB needs items with votes of two annotators: it learns from how they agree".to_owned(),
        ));
    }
    Ok(())
}

/// Whether two annotators voted; votes are sorted by annotator.
fn shared(of: &[(u32, u32)]) -> bool {
    of.first().map(|it| it.0) != of.last().map(|it| it.0)
}

/// How much of a vote for `class` is right: 1, 0, or a share where the consensus is a tie.
fn credit(consensus: &[Class], class: u32) -> f64 {
    if consensus.contains(&Class(class)) { 1.0 / consensus.len() as f64 } else { 0.0 }
}

/// The classes of `among` for which `score` is highest.
fn highest(among: &[Class], score: impl Fn(Class) -> f64) -> Vec<Class> {
    let top = among.iter().map(|it| score(*it)).fold(f64::NEG_INFINITY, f64::max);
    among.iter().copied().filter(|it| score(*it) >= top - TIE).collect()
}

/// The classes with most votes of each item; ties settled as far as they can be.
fn majority(votes: &Votes, model: &[f64]) -> Vec<Vec<Class>> {
    let k = votes.n_classes();
    let classes: Vec<Class> = (0..k as u32).map(Class).collect();
    let mut frequency = vec![0.0; k];
    votes.by_item().flatten().for_each(|(_, class)| frequency[*class as usize] += 1.0);
    let named = |of: &[(u32, u32)], class: Class| of.iter().filter(|(_, it)| *it == class.0).count() as f64;
    let most: Vec<Vec<Class>> = votes
        .by_item()
        .map(|of| if of.is_empty() { Vec::new() } else { highest(&classes, |it| named(of, it)) })
        .collect();
    // How often an annotator votes for the only class with most votes; the mean of the others where that is unknown.
    let (mut agreed, mut n) = (vec![0.0; votes.n_annotators()], vec![0.0; votes.n_annotators()]);
    for (of, most) in votes.by_item().zip(&most).filter(|(_, most)| most.len() == 1) {
        for (annotator, class) in of {
            agreed[*annotator as usize] += credit(most, *class);
            n[*annotator as usize] += 1.0;
        }
    }
    let shares: Vec<Option<f64>> = agreed.iter().zip(&n).map(|(a, n)| (*n > 0.0).then(|| a / n)).collect();
    let mean = mean(shares.iter().flatten().copied()).unwrap_or(0.0);
    let settle = |(item, most): (usize, Vec<Class>)| {
        if most.len() < 2 {
            return most;
        }
        let row = &model[item * k..(item + 1) * k];
        let left = highest(&most, |it| row[it.0 as usize]);
        let left = highest(&left, |it| -frequency[it.0 as usize]);
        highest(&left, |it| {
            let of = votes.of(item).iter().filter(|(_, class)| *class == it.0);
            self::mean(of.map(|(annotator, _)| shares[*annotator as usize].unwrap_or(mean))).unwrap_or(0.0)
        })
    };
    most.into_iter().enumerate().map(settle).collect()
}

/// The most probable class of each item with votes; the majority where several are.
fn best(votes: &Votes, posterior: &[f64], majority: &[Vec<Class>]) -> Vec<Vec<Class>> {
    let k = votes.n_classes();
    let classes: Vec<Class> = (0..k as u32).map(Class).collect();
    let one = |(majority, row): (&Vec<Class>, &[f64])| {
        let top = highest(&classes, |it| row[it.0 as usize]);
        if majority.is_empty() || top.len() > 1 { majority.clone() } else { top }
    };
    majority.iter().zip(posterior.chunks_exact(k)).map(one).collect()
}

/// How much annotators and model count.
struct Weights {
    annotators: Vec<Option<f64>>,
    model: f64,
    /// The probability that a vote is for the consensus.
    right: f64,
}

impl Weights {
    fn new(votes: &Votes, model: &[f64], consensus: &[Vec<Class>]) -> Self {
        let k = votes.n_classes();
        let (mut frequency, mut agreed, mut n_shared, mut model_right) = (vec![0.0; k], 0.0, 0.0, 0.0);
        for (item, of) in votes.by_item().enumerate().filter(|(_, of)| of.len() > 1) {
            n_shared += 1.0;
            agreed +=
                of.iter().map(|(_, class)| credit(&consensus[item], *class)).sum::<f64>() / of.len() as f64;
            for class in &consensus[item] {
                frequency[class.0 as usize] += 1.0 / consensus[item].len() as f64;
            }
            let row = &model[item * k..(item + 1) * k];
            let classes: Vec<Class> = (0..k as u32).map(Class).collect();
            let top = highest(&classes, |it| row[it.0 as usize]);
            model_right += mean(top.iter().map(|it| credit(&consensus[item], it.0))).unwrap_or(0.0);
        }
        let most = frequency.iter().copied().fold(0.0, f64::max);
        let constant_error = (1.0 - most / n_shared).max(LEAST_WEIGHT);
        let beats = |error: f64| (1.0 - error / constant_error).max(LEAST_WEIGHT);
        let n_voted = votes.by_item().filter(|of| !of.is_empty()).count();
        let agreement = with_others(votes);
        let mean = mean(agreement.iter().flatten().copied()).unwrap_or(0.0);
        Self {
            annotators: agreement
                .iter()
                .zip(votes.counts())
                .map(|(own, n)| (n > 0).then(|| beats(1.0 - own.unwrap_or(mean))))
                .collect(),
            model: beats(1.0 - model_right / n_shared) * (votes.n_votes() as f64 / n_voted as f64).sqrt(),
            right: agreed / n_shared,
        }
    }

    fn of(&self, annotator: u32) -> f64 {
        self.annotators[annotator as usize].unwrap_or(0.0)
    }

    /// The weighted mean of model and votes for each item.
    fn posterior(&self, votes: &Votes, model: &[f64]) -> Vec<f64> {
        let k = votes.n_classes();
        let wrong = (1.0 - self.right) / (k - 1) as f64;
        let mut posterior = model.to_vec();
        for (row, of) in posterior.chunks_exact_mut(k).zip(votes.by_item()) {
            let sum: f64 = of.iter().map(|(annotator, _)| self.of(*annotator)).sum();
            for (class, p) in row.iter_mut().enumerate() {
                let named = |it: u32| if it as usize == class { self.right } else { wrong };
                let voted: f64 = of.iter().map(|(annotator, it)| self.of(*annotator) * named(*it)).sum();
                *p = (self.model * *p + voted) / (self.model + sum);
            }
        }
        posterior
    }
}

/// How often each annotator agrees with another on the same item; `None` where it meets none.
fn with_others(votes: &Votes) -> Vec<Option<f64>> {
    let (mut agreed, mut met) = (vec![0.0; votes.n_annotators()], vec![0.0; votes.n_annotators()]);
    for of in votes.by_item() {
        for (annotator, class) in of {
            for (_, answer) in of.iter().filter(|(other, _)| other != annotator) {
                met[*annotator as usize] += 1.0;
                agreed[*annotator as usize] += f64::from(u8::from(answer == class));
            }
        }
    }
    agreed.iter().zip(met).map(|(agreed, met)| (met > 0.0).then(|| agreed / met)).collect()
}

/// The quality of each annotator: the mean quality of its labels and its agreement with the consensus, weighed as model and
/// annotators are.
fn annotators(
    votes: &Votes,
    consensus: &[Vec<Class>],
    posterior: &[f64],
    weights: &Weights,
) -> Vec<Option<f64>> {
    let k = votes.n_classes();
    let n = votes.n_annotators();
    let (mut quality, mut agreed, mut met) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    for (item, of) in votes.by_item().enumerate() {
        for (annotator, class) in of {
            quality[*annotator as usize] += posterior[item * k + *class as usize];
            if of.len() > 1 {
                agreed[*annotator as usize] += credit(&consensus[item], *class);
                met[*annotator as usize] += 1.0;
            }
        }
    }
    let n_voted = votes.by_item().filter(|of| !of.is_empty()).count() as f64;
    // The mean weight of an annotator times the mean number of votes of an item.
    let crowd =
        mean(weights.annotators.iter().flatten().copied()).unwrap_or(0.0) * votes.n_votes() as f64 / n_voted;
    let of_model = weights.model / (weights.model + crowd);
    let counts = votes.counts();
    (0..n)
        .map(|it| {
            (met[it] > 0.0)
                .then(|| of_model * quality[it] / counts[it] as f64 + (1.0 - of_model) * agreed[it] / met[it])
        })
        .collect()
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = numbers.fold((0.0, 0_u64), |(sum, n), it| (sum + it, n + 1));
    (n > 0).then(|| sum / n as f64)
}
