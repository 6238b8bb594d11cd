//! EBCC: classes have subtypes on which annotators err together.
//!
//! In: votes, gold, a seed. Out: a posterior for each item, a confusion matrix for each annotator.
//!
//! Not here: the rounds (`bcc.rs`), annotators that err independently (`ibcc.rs`).

use super::bcc::{self, Counts, Shape};
use super::latent::Found;
use super::{Aggregate, AggregateError, FitOptions, Method, Votes, latent};
use crate::random::SplitMix64;

pub(super) const METHOD: Method = Method {
    name: "ebcc",
    title: "enhanced BCC",
    about: "ten subtypes a class on which annotators err together; slow, and the best of the published means on people",
    paper: "Li, Rubinstein and Cohn, \"Exploiting Worker Correlation for Label Aggregation in Crowdsourcing\", 2019",
    reads_gold: true,
    fit,
};

const N_SUBTYPES: usize = 10;

/// Random starts, of which the one with the highest evidence bound is kept.
///
/// A start gives each item its vote shares, spread over subtypes at random. Without chance all subtypes of a class would
/// stay the same for ever, so the order of items matters as a seed does. The highest bound is not always the most
/// accurate: on some sets rounds that are cut short do better.
fn fit(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    latent::check(votes, options)?;
    let shape = Shape::new(votes, N_SUBTYPES)?;
    let mut random = SplitMix64::new(options.seed);
    let mut best = start(votes, options, shape, &mut random);
    for _ in 1..options.n_restarts {
        let found = start(votes, options, shape, &mut random);
        if found.objective.last() > best.objective.last() {
            best = found;
        }
    }
    Ok(latent::finish(METHOD.name, votes, best))
}

/// Rounds from one start.
fn start(votes: &Votes, options: &FitOptions<'_>, shape: Shape, random: &mut SplitMix64) -> Found {
    let posterior = latent::shares(votes, options);
    let mut counts = Counts::new(votes, shape);
    let mut states = vec![0.0; shape.n_states()];
    for (row, of) in posterior.chunks_exact(shape.n_classes).zip(votes.by_item()) {
        for (states, p) in states.chunks_exact_mut(N_SUBTYPES).zip(row) {
            // Shares of exponential draws are uniform on the simplex.
            states.iter_mut().for_each(|it| *it = -(1.0 - random.unit()).ln());
            let sum: f64 = states.iter().sum();
            states.iter_mut().for_each(|it| *it *= p / sum);
        }
        counts.add(of, &states);
    }
    bcc::climb(votes, options, posterior, counts)
}
