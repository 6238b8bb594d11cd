//! A Dawid-Skene model that is known: how common each class is, and what each annotator answers where each class is the
//! truth.
//!
//! In: the share of each class, a confusion matrix and a weight for each annotator. Out: the posterior of an item from its
//! votes, by nothing but this model: an item of a held-out fold, or a new one.
//!
//! Not here: estimating the model (`em.rs`, `prior.rs`).

use crate::aggregate::{Aggregate, AggregateError};

/// The share of each class, and what each annotator answers where each class is the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct DawidSkeneModel {
    n_classes: usize,
    /// The share of each class.
    pub(crate) prior: Vec<f64>,
    /// The probability of an answer: by annotator, then answer, then truth. The truth comes last because a vote
    /// multiplies the distribution over the truths by one such row.
    pub(crate) answers: Vec<f64>,
    /// By annotator: what its log-likelihood is multiplied by.
    pub(crate) weights: Vec<f64>,
}

impl DawidSkeneModel {
    /// A model from the share of each class and one confusion matrix for each annotator: `n_classes` rows of
    /// distributions, the truth is the row, as in [`crate::aggregate::Learned::confusion`].
    ///
    /// # Errors
    /// No class, a matrix of another size, a number that is negative or no number.
    ///
    /// ```
    /// use karat_stats::aggregate::DawidSkeneModel;
    /// let model = DawidSkeneModel::new(&[0.5, 0.5], &[vec![0.9, 0.1, 0.2, 0.8], vec![0.6, 0.4, 0.4, 0.6]]).unwrap();
    /// let posterior = model.posterior_of(&[(0, 1), (1, 1)]).unwrap();
    /// assert!((posterior[1] - 0.48 / (0.48 + 0.04)).abs() < 1e-12);
    /// ```
    pub fn new(prior: &[f64], confusions: &[Vec<f64>]) -> Result<Self, AggregateError> {
        let k = prior.len();
        if k == 0 {
            return Err(AggregateError::WrongLength { what: "class shares", got: 0, want: 1 });
        }
        check_numbers("class share", prior)?;
        let mut answers = vec![0.0; confusions.len() * k * k];
        for (table, confusion) in answers.chunks_exact_mut(k * k).zip(confusions) {
            if confusion.len() != k * k {
                return Err(AggregateError::WrongLength {
                    what: "cells of a confusion matrix",
                    got: confusion.len(),
                    want: k * k,
                });
            }
            check_numbers("a cell of a confusion matrix", confusion)?;
            transpose(confusion, table, k);
        }
        Ok(Self { n_classes: k, prior: prior.to_vec(), answers, weights: vec![1.0; confusions.len()] })
    }

    /// The model that a method learned; `None` for a method that learns no confusion matrices. An annotator without votes
    /// has no matrix and gets one of equal cells: its votes say nothing.
    pub fn of(fitted: &Aggregate) -> Option<Self> {
        let k = fitted.n_classes();
        let blank = || vec![1.0 / k as f64; k * k];
        let known = fitted.annotators.iter().any(|it| it.confusion.is_some());
        let confusions: Vec<Vec<f64>> =
            fitted.annotators.iter().map(|it| it.confusion.clone().unwrap_or_else(blank)).collect();
        if known { Self::new(&fitted.prior, &confusions).ok() } else { None }
    }

    /// A model in which every answer is equally likely, to be filled by an estimate.
    pub(crate) fn blank(n_classes: usize, weights: Vec<f64>) -> Self {
        let even = 1.0 / n_classes as f64;
        let answers = vec![even; weights.len() * n_classes * n_classes];
        Self { n_classes, prior: vec![even; n_classes], answers, weights }
    }

    /// The same model with each annotator's log-likelihood multiplied by a weight in [0, 1]: 1 takes its vote as an
    /// independent one, 0 leaves it out. To count annotators that copy each other's mistakes for less than they are.
    ///
    /// # Errors
    /// Another number of weights than of annotators, or a weight outside [0, 1].
    pub fn with_weights(mut self, weights: &[f64]) -> Result<Self, AggregateError> {
        check_weights(weights, self.n_annotators())?;
        self.weights = weights.to_vec();
        Ok(self)
    }

    /// The number of classes.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The number of annotators.
    pub fn n_annotators(&self) -> usize {
        self.weights.len()
    }

    /// The share of each class.
    pub fn prior(&self) -> &[f64] {
        &self.prior
    }

    /// What an annotator answers (column) where the truth is the row; `None` for an unknown annotator.
    pub fn confusion(&self, annotator: usize) -> Option<Vec<f64>> {
        let k = self.n_classes;
        let table = self.answers.get(annotator * k * k..(annotator + 1) * k * k)?;
        let mut confusion = vec![0.0; k * k];
        transpose(table, &mut confusion, k);
        Some(confusion)
    }

    /// The posterior of one item from its votes, each an annotator and a class as in [`crate::aggregate::Votes::of`];
    /// without votes it is the share of each class.
    ///
    /// Nothing is refitted. An answer that the model holds impossible for every class leaves the decision to the other
    /// votes. `None` where an annotator or a class is unknown to the model.
    pub fn posterior_of(&self, votes: &[(u32, u32)]) -> Option<Vec<f64>> {
        let k = self.n_classes;
        let mut joint: Vec<f64> = self.prior.iter().map(|p| log(*p)).collect();
        for (annotator, class) in votes {
            let (annotator, class) = (*annotator as usize, *class as usize);
            if annotator >= self.n_annotators() || class >= k {
                return None;
            }
            let weight = self.weights[annotator];
            let row = &self.answers[(annotator * k + class) * k..][..k];
            joint.iter_mut().zip(row).for_each(|(to, p)| *to += weight * log(*p));
        }
        softmax(&mut joint);
        Some(joint)
    }

    /// The probabilities raised to the annotators' weights, in the same layout.
    pub(crate) fn tempered_into(&self, tempered: &mut Vec<f64>) {
        let square = self.n_classes * self.n_classes;
        tempered.clear();
        tempered.extend_from_slice(&self.answers);
        for (table, weight) in tempered.chunks_exact_mut(square).zip(&self.weights) {
            if *weight < 1.0 {
                table.iter_mut().for_each(|p| *p = p.powf(*weight));
            }
        }
    }
}

/// The logarithm of a probability, finite even for 0: what a model holds impossible may still come.
pub(crate) fn log(p: f64) -> f64 {
    p.max(f64::MIN_POSITIVE).ln()
}

/// Turns logarithms into a distribution; returns the logarithm of their sum.
pub(crate) fn softmax(joint: &mut [f64]) -> f64 {
    let most = joint.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    joint.iter_mut().for_each(|it| *it = (*it - most).exp());
    let total: f64 = joint.iter().sum();
    joint.iter_mut().for_each(|it| *it /= total);
    most + total.ln()
}

/// An error where a number is negative, infinite or none.
pub(crate) fn check_numbers(what: &'static str, numbers: &[f64]) -> Result<(), AggregateError> {
    match numbers.iter().find(|it| !(it.is_finite() && **it >= 0.0)) {
        Some(got) => Err(AggregateError::BadNumber { what, got: *got }),
        None => Ok(()),
    }
}

/// An error where these are not one weight in [0, 1] for each annotator.
pub(crate) fn check_weights(weights: &[f64], n_annotators: usize) -> Result<(), AggregateError> {
    if weights.len() != n_annotators {
        return Err(AggregateError::WrongLength { what: "weights", got: weights.len(), want: n_annotators });
    }
    check_numbers("weight", weights)?;
    match weights.iter().find(|it| **it > 1.0) {
        Some(got) => Err(AggregateError::Unfit(format!("a weight is {got}: weights are in [0, 1]"))),
        None => Ok(()),
    }
}

fn transpose(from: &[f64], to: &mut [f64], k: usize) {
    for row in 0..k {
        for column in 0..k {
            to[column * k + row] = from[row * k + column];
        }
    }
}
