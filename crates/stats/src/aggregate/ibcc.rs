//! IBCC: Dawid and Skene's model with priors, fitted by variational Bayes.
//!
//! In: votes, gold. Out: a posterior for each item, a confusion matrix for each annotator.
//!
//! Not here: the rounds (`bcc.rs`), annotators that err together (`ebcc.rs`).

use super::bcc::{self, Counts, Shape};
use super::{Aggregate, AggregateError, FitOptions, Method, Votes, latent};

pub(super) const METHOD: Method = Method {
    name: "ibcc",
    title: "IBCC by variational Bayes",
    about: "a confusion matrix an annotator under a fixed prior that trusts it; between voting and Dawid-Skene where \
            annotators have few votes",
    paper: "Kim and Ghahramani, \"Bayesian Classifier Combination\", 2012; priors as in Li et al., 2019",
    reads_gold: true,
    fit,
};

/// Starts at the vote shares: nothing is random.
fn fit(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    latent::check(votes, options)?;
    let shape = Shape::new(votes, 1)?;
    let posterior = latent::shares(votes, options);
    let mut counts = Counts::new(votes, shape);
    for (row, of) in posterior.chunks_exact(shape.n_classes).zip(votes.by_item()) {
        counts.add(of, row);
    }
    Ok(latent::finish(METHOD.name, votes, bcc::climb(votes, options, posterior, counts)))
}
