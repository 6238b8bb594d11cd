//! One-coin Dawid-Skene: one probability of being right for each annotator; errors are equally likely.
//!
//! In: votes, gold. Out: posteriors and each annotator's accuracy.
//!
//! The classes are taken for equally common. Estimated together with one coin an annotator, their shares run away: on two
//! crowd data sets accuracy falls from 48 to 19 and from 72 to 58 percent.
//!
//! Not here: errors that differ by class (`dawid_skene.rs`): models make those, people too.

use super::em::{Counts, Maximize, run};
use super::model::DawidSkeneModel;
use super::{Skill, aggregate};
use crate::aggregate::{Aggregate, AggregateError, FitOptions, Method, Votes};

pub(super) const METHOD: Method = Method {
    name: "one_coin",
    title: "one-coin Dawid-Skene",
    about: "one accuracy for each annotator and classes taken for equally common; for people with few votes, not for models",
    paper: "Y. Zhang, X. Chen, D. Zhou, M. I. Jordan, \"Spectral Methods Meet EM: A Provably Optimal Algorithm for Crowdsourcing\", 2016",
    reads_gold: true,
    fit,
};

fn fit(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    let mut maximize = OneCoin { k: votes.n_classes() };
    let fitted = run(votes, options, vec![1.0; votes.n_annotators()], &mut maximize)?;
    Ok(aggregate(METHOD.name, votes, fitted, true).0)
}

/// The M-step: the share of votes that are right, as expected; the classes stay equally common.
struct OneCoin {
    k: usize,
}

impl Maximize for OneCoin {
    fn maximize(&mut self, counts: &Counts, model: &mut DawidSkeneModel) {
        let k = self.k;
        let tables = counts.answers.chunks_exact(k * k);
        for (to, table) in model.answers.chunks_exact_mut(k * k).zip(tables) {
            let Skill { n_right, n_votes } = Skill::of(table, k);
            let even = 1.0 / k as f64;
            let right = if n_votes > 0.0 { n_right / n_votes } else { even };
            let wrong = if k > 1 { (1.0 - right) / (k - 1) as f64 } else { 0.0 };
            for (n, cell) in to.iter_mut().enumerate() {
                *cell = if n / k == n % k { right } else { wrong };
            }
        }
        model.prior.fill(1.0 / k as f64);
    }

    fn log_prior(&self, _: &DawidSkeneModel) -> f64 {
        0.0
    }
}
