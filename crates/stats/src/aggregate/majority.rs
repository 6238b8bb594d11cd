//! The vote shares: every annotator counts the same.

use super::{Aggregate, AggregateError, FitOptions, Learned, Method, Votes};

pub(super) const METHOD: Method = Method {
    name: "majority",
    title: "majority vote",
    about: "every vote counts the same; the yardstick, and all there is to do with one vote an item",
    paper: "",
    reads_gold: false,
    fit,
};

/// The posterior is the share of the votes; an annotator's accuracy is its mean share of agreement, itself included.
fn fit(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    options.check(votes)?;
    let k = votes.n_classes();
    let mut posterior = vec![0.0; votes.n_items() * k];
    let (mut prior, mut agreement) = (vec![0.0; k], vec![0.0; votes.n_annotators()]);
    for (row, of) in posterior.chunks_exact_mut(k).zip(votes.by_item()) {
        for (_, class) in of {
            row[*class as usize] += 1.0 / of.len() as f64;
        }
        for (annotator, class) in of {
            agreement[*annotator as usize] += row[*class as usize];
        }
        prior.iter_mut().zip(row).for_each(|(to, share)| *to += *share);
    }
    let n_voted: f64 = prior.iter().sum();
    prior.iter_mut().for_each(|it| *it /= n_voted);
    let learned = |(sum, n_votes): (f64, u64)| Learned {
        n_votes,
        accuracy: (n_votes > 0).then(|| sum / n_votes as f64),
        confusion: None,
    };
    Ok(Aggregate {
        method: METHOD.name,
        n_classes: k,
        posterior,
        annotators: agreement.into_iter().zip(votes.counts()).map(learned).collect(),
        prior,
        n_rounds: 1,
        converged: true,
        objective: Vec::new(),
        remarks: votes.remarks(),
    })
}
