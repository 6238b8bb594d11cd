//! What the methods with a hidden class share: where they start, how log weights become a distribution, what they hand
//! back.
//!
//! In: votes, gold, what a method found. Out: an [`Aggregate`].
//!
//! Not here: any model of annotators.

use super::{Aggregate, AggregateError, FitOptions, Learned, Remark, Votes};
use crate::Class;

/// What a method found, before it is told of each annotator.
pub(super) struct Found {
    /// Row-major, a row an item; zeros where nothing is known.
    pub(super) posterior: Vec<f64>,
    /// The confusion matrix of each annotator, one after the other; empty where the method has none.
    pub(super) confusion: Vec<f64>,
    pub(super) n_rounds: u32,
    pub(super) converged: bool,
    pub(super) objective: Vec<f64>,
}

/// An error where the options do not fit the votes or no tolerance is given.
pub(super) fn check(votes: &Votes, options: &FitOptions<'_>) -> Result<(), AggregateError> {
    options.check(votes)?;
    if options.tolerance.is_nan() || options.tolerance < 0.0 {
        return Err(AggregateError::BadNumber { what: "the tolerance", got: options.tolerance });
    }
    Ok(())
}

/// The vote shares of each item, or its gold where that is known; zeros for an item without either.
pub(super) fn shares(votes: &Votes, options: &FitOptions<'_>) -> Vec<f64> {
    let k = votes.n_classes();
    let mut posterior = vec![0.0; votes.n_items() * k];
    for (item, (row, of)) in posterior.chunks_exact_mut(k).zip(votes.by_item()).enumerate() {
        if let Some(class) = options.gold_of(item) {
            row[class.0 as usize] = 1.0;
            continue;
        }
        for (_, class) in of {
            row[*class as usize] += 1.0 / of.len() as f64;
        }
    }
    posterior
}

/// Turns log weights into a distribution, in place, and returns the logarithm of their sum.
///
/// At least one weight must be finite. Weights of minus infinity get probability 0.
pub(super) fn normalize(row: &mut [f64]) -> f64 {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for it in row.iter_mut() {
        *it = (*it - top).exp();
        sum += *it;
    }
    row.iter_mut().for_each(|it| *it /= sum);
    top + sum.ln()
}

/// Leaves the log weight of one class alone.
pub(super) fn only(row: &mut [f64], class: Class) {
    for (of, it) in row.iter_mut().enumerate() {
        if of != class.0 as usize {
            *it = f64::NEG_INFINITY;
        }
    }
}

/// The furthest that any of the new numbers lies from the old one.
pub(super) fn furthest(new: &[f64], old: &[f64]) -> f64 {
    new.iter().zip(old).map(|(new, old)| (new - old).abs()).fold(0.0, f64::max)
}

/// Hands back what was found.
///
/// An annotator's accuracy is the mean posterior of the classes it gave; the prior is the mean posterior.
pub(super) fn finish(method: &'static str, votes: &Votes, found: Found) -> Aggregate {
    let k = votes.n_classes();
    let mut right = vec![0.0; votes.n_annotators()];
    let mut prior = vec![0.0; k];
    let mut n_without = 0;
    for (row, of) in found.posterior.chunks_exact(k).zip(votes.by_item()) {
        for (annotator, class) in of {
            right[*annotator as usize] += row[*class as usize];
        }
        n_without += u64::from(row.iter().all(|p| *p == 0.0));
        prior.iter_mut().zip(row).for_each(|(to, p)| *to += p);
    }
    let n_known = (votes.n_items() as u64 - n_without) as f64;
    prior.iter_mut().for_each(|it| *it /= n_known);
    let mut remarks = votes.remarks();
    // An item with gold has a label, though no votes.
    remarks.retain(|it| !matches!(it, Remark::WithoutVotes { .. }));
    if n_without > 0 {
        remarks.push(Remark::WithoutVotes { n_items: n_without });
    }
    if !found.converged {
        remarks.push(Remark::NotConverged);
    }
    let learned = |(annotator, n_votes): (usize, u64)| Learned {
        n_votes,
        accuracy: (n_votes > 0).then(|| right[annotator] / n_votes as f64),
        confusion: found
            .confusion
            .get(annotator * k * k..(annotator + 1) * k * k)
            .filter(|_| n_votes > 0)
            .map(<[f64]>::to_vec),
    };
    Aggregate {
        method,
        n_classes: k,
        annotators: votes.counts().into_iter().enumerate().map(learned).collect(),
        posterior: found.posterior,
        prior,
        n_rounds: found.n_rounds,
        converged: found.converged,
        objective: found.objective,
        remarks,
    }
}
