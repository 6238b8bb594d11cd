//! Dawid-Skene: each annotator has a confusion matrix, and the truth is what explains the votes best.
//!
//! In: votes, who votes, gold where there is some. Out: posteriors, and each annotator's confusion matrix.
//!
//! A. P. Dawid, A. M. Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm", 1979. The
//! prior on the rows is ours to choose: what is known of people (skill) and of models (bias by class) differs.
//!
//! Not here: gold used beyond clamping (`anchored`), updates one vote at a time (`stream.rs`).

mod em;
mod model;
mod one_coin;
mod prior;

pub(crate) use em::{Counts, Fitted, Maximize, check_size, run};
pub use model::DawidSkeneModel;
pub(crate) use model::{check_numbers, check_weights, log, softmax};
pub use prior::RowPrior;
pub(crate) use prior::{ErrorPool, Skill, WithPriors, set_shares};

use super::{Aggregate, AggregateError, FitOptions, Learned, Method, Remark, Votes};

pub(super) const METHOD: Method = Method {
    name: "dawid_skene",
    title: "Dawid-Skene",
    about: "a confusion matrix for each annotator, with a prior for people or for models; the default",
    paper: "A. P. Dawid, A. M. Skene, \"Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm\", 1979",
    reads_gold: true,
    fit,
};

pub(super) const METHOD_ML: Method = Method {
    name: "dawid_skene_ml",
    title: "Dawid-Skene by maximum likelihood",
    about: "the original, without a prior; where every annotator has many votes for every class",
    paper: METHOD.paper,
    reads_gold: true,
    fit: fit_ml,
};

pub(super) const METHOD_ONE_COIN: Method = one_coin::METHOD;

/// What is believed before the votes: the default of [`METHOD`] with other values.
#[derive(Debug, Clone, PartialEq)]
pub struct DawidSkenePriors {
    /// For each annotator.
    pub rows: Vec<RowPrior>,
    /// How many items each class has before any is seen.
    pub class_prior: f64,
    /// What each annotator's log-likelihood is multiplied by, in [0, 1]; empty: 1 for all.
    pub weights: Vec<f64>,
}

impl DawidSkenePriors {
    /// What suits these annotators when nothing else is known.
    pub fn for_voters(voters: &[super::Voter]) -> Self {
        Self {
            rows: voters.iter().map(|it| RowPrior::for_voter(*it)).collect(),
            class_prior: 1.0,
            weights: Vec::new(),
        }
    }

    /// An error where these do not fit the votes.
    pub(crate) fn check(&self, n_classes: usize, n_annotators: usize) -> Result<(), AggregateError> {
        if self.rows.len() != n_annotators {
            return Err(AggregateError::WrongLength {
                what: "row priors",
                got: self.rows.len(),
                want: n_annotators,
            });
        }
        for prior in &self.rows {
            if let RowPrior::Cells(cells) = prior {
                check_numbers("a pseudo-count", cells)?;
                if cells.len() != n_classes * n_classes {
                    return Err(AggregateError::WrongLength {
                        what: "pseudo-counts of an annotator",
                        got: cells.len(),
                        want: n_classes * n_classes,
                    });
                }
            }
        }
        check_numbers("the class prior", &[self.class_prior])?;
        if self.weights.is_empty() { Ok(()) } else { check_weights(&self.weights, n_annotators) }
    }
}

/// Fits Dawid-Skene with these priors. `dawid_skene` in [`super::METHODS`] is this with
/// [`DawidSkenePriors::for_voters`].
///
/// The rounds start from the vote shares. Gold items are clamped to their class. An annotator's weight tempers what its
/// votes say of the items, and leaves the estimate of its matrix from the same posteriors what it would be.
///
/// Where no annotator has [`RowPrior::Skill`], the log-likelihood plus the logarithm of the priors never falls, and
/// [`Aggregate::objective`] has it for each round. That prior is estimated anew in every round, so no one function rises
/// throughout: within a round, under the prior of that round, it does; the objective is left empty.
///
/// The model comes with the posteriors, so that other items can be scored under it without a refit. It is a local optimum,
/// and its posteriors are too sure where annotators make the same mistakes: calibrate them before they are shown.
///
/// # Errors
/// Options or priors that do not fit the votes; more cells of confusion matrices than memory should hold.
///
/// ```
/// use karat_stats::{Class, aggregate::{DawidSkenePriors, FitOptions, Vote, Voter, Votes, fit_dawid_skene}};
/// // Annotators 0 and 1 agree with each other, annotator 2 with nobody.
/// let votes: Vec<Vote> = (0..12)
///     .flat_map(|item| [(item, 0, item % 2), (item, 1, item % 2), (item, 2, item / 2 % 2)])
///     .map(|(item, annotator, class)| Vote { item, annotator, class: Class(class) })
///     .collect();
/// let votes = Votes::new(12, 3, 2, &votes).unwrap();
/// let voters = [Voter::Person; 3];
/// let options =
///     FitOptions { voters: &voters, gold: &[], n_rounds: 100, tolerance: 1e-6, n_restarts: 1, seed: 0 };
/// let (fit, model) = fit_dawid_skene(&votes, &options, &DawidSkenePriors::for_voters(&voters)).unwrap();
/// assert!(fit.annotators[0].accuracy > fit.annotators[2].accuracy);
/// // A new item, without a refit: two against one.
/// assert!(model.posterior_of(&[(0, 1), (1, 1), (2, 0)]).unwrap()[1] > 0.9);
/// ```
pub fn fit_dawid_skene(
    votes: &Votes,
    options: &FitOptions<'_>,
    priors: &DawidSkenePriors,
) -> Result<(Aggregate, DawidSkeneModel), AggregateError> {
    let (fitted, is_fixed) = fit_with(votes, options, priors)?;
    Ok(aggregate(METHOD.name, votes, fitted, is_fixed))
}

/// The fit with its counts, and whether one function was maximized throughout.
pub(crate) fn fit_with(
    votes: &Votes,
    options: &FitOptions<'_>,
    priors: &DawidSkenePriors,
) -> Result<(Fitted, bool), AggregateError> {
    options.check(votes)?;
    priors.check(votes.n_classes(), votes.n_annotators())?;
    check_size(votes.n_annotators(), votes.n_classes())?;
    let weights =
        if priors.weights.is_empty() { vec![1.0; votes.n_annotators()] } else { priors.weights.clone() };
    let mut maximize = WithPriors::new(votes.n_classes(), &priors.rows, priors.class_prior);
    Ok((run(votes, options, weights, &mut maximize)?, maximize.is_fixed()))
}

fn fit(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    Ok(fit_dawid_skene(votes, options, &DawidSkenePriors::for_voters(options.voters))?.0)
}

fn fit_ml(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    let rows = vec![RowPrior::Nothing; votes.n_annotators()];
    let priors = DawidSkenePriors { rows, class_prior: 0.0, weights: Vec::new() };
    Ok(Aggregate { method: METHOD_ML.name, ..fit_dawid_skene(votes, options, &priors)?.0 })
}

/// What a fit says, in the words of all methods. `monotone`: one function was maximized throughout.
pub(crate) fn aggregate(
    method: &'static str,
    votes: &Votes,
    fitted: Fitted,
    monotone: bool,
) -> (Aggregate, DawidSkeneModel) {
    let k = votes.n_classes();
    let model = fitted.model;
    let learned = |(annotator, n_votes): (usize, u64)| {
        let of = annotator * k * k..(annotator + 1) * k * k;
        let known = n_votes > 0;
        Learned {
            n_votes,
            accuracy: known.then(|| accuracy(&model.answers[of.clone()], &fitted.counts.answers[of], k)),
            confusion: if known { model.confusion(annotator) } else { None },
        }
    };
    let mut remarks = votes.remarks();
    if !fitted.converged {
        remarks.push(Remark::NotConverged);
    }
    let aggregate = Aggregate {
        method,
        n_classes: k,
        posterior: fitted.posterior,
        annotators: votes.counts().into_iter().enumerate().map(learned).collect(),
        prior: model.prior.clone(),
        n_rounds: fitted.n_rounds,
        converged: fitted.converged,
        objective: if monotone { fitted.rises.iter().map(|(_, after)| *after).collect() } else { Vec::new() },
        remarks,
    };
    (aggregate, model)
}

/// The diagonal of a confusion matrix, weighted by how often each class is the truth where this annotator votes.
fn accuracy(answers: &[f64], counts: &[f64], k: usize) -> f64 {
    let right = |truth: usize| counts.iter().skip(truth).step_by(k).sum::<f64>() * answers[truth * k + truth];
    (0..k).map(right).sum::<f64>() / counts.iter().sum::<f64>()
}

#[cfg(test)]
mod tests;
