//! One fit over classes: the posteriors, those of gold items without their gold, and whether they are calibrated.

use karat_core::{Error, Result};
use karat_stats::Class;
use karat_stats::aggregate::{FitOptions, Voter, Votes, cross_fit, method};
use karat_stats::calibrate::{MIN_GOLD, apply_temperature, temperature_vector};

use super::ConsensusOptions;

/// The rounds of a method that has rounds.
const N_ROUNDS: u32 = 200;
/// They end when no posterior moves by more than this.
const TOLERANCE: f64 = 1e-6;
/// The random starts of a method that has them.
const N_RESTARTS: u32 = 10;
/// Into how many parts the gold is divided to score each part without its gold.
const N_FOLDS: usize = 5;
/// The method without gold.
const USUAL: &str = "dawid_skene";

/// What a method found.
pub(super) struct Fit {
    pub(super) method: String,
    pub(super) about: String,
    /// The distribution over the classes of each item; `None` for an item without votes.
    pub(super) posteriors: Vec<Option<Box<[f64]>>>,
    /// How often each annotator is right, as estimated.
    pub(super) estimated: Vec<Option<f64>>,
    /// Whether the posteriors are calibrated on gold.
    pub(super) calibrated: bool,
    /// The posterior of each gold item, as found without its gold.
    pub(super) held: Vec<(usize, Vec<f64>)>,
    pub(super) remarks: Vec<String>,
}

/// Fits the method that was named, or the usual one.
pub(super) fn fit(
    votes: &Votes,
    voters: &[Voter],
    gold: &[Option<Class>],
    options: &ConsensusOptions,
) -> Result<Fit> {
    let fit_options = FitOptions {
        voters,
        gold,
        n_rounds: N_ROUNDS,
        tolerance: TOLERANCE,
        n_restarts: N_RESTARTS,
        seed: options.seed,
    };
    let told = |error: karat_stats::aggregate::AggregateError| Error::invalid(error.to_string());
    let name = options.method.as_deref().unwrap_or(USUAL);
    let method = method(name).ok_or_else(|| Error::bug(format!("no method is called `{name}`")))?;
    let aggregate = (method.fit)(votes, &fit_options).map_err(told)?;
    let mut held = cross_fit(method, votes, &fit_options, N_FOLDS).map_err(told)?;
    let mut posteriors: Vec<Option<Box<[f64]>>> =
        (0..votes.n_items()).map(|item| aggregate.posterior(item).map(Into::into)).collect();
    let temperature = temperature(votes.n_classes(), gold, &held);
    if let Some(temperature) = temperature {
        let cool = |row: &mut Box<[f64]>| *row = apply_temperature(row, temperature).into();
        posteriors.iter_mut().flatten().for_each(cool);
        held.iter_mut().for_each(|(_, row)| *row = apply_temperature(row, temperature));
    }
    let remarks = aggregate.remarks.iter().map(ToString::to_string).collect();
    Ok(Fit {
        method: name.to_owned(),
        about: method.about.to_owned(),
        posteriors,
        estimated: aggregate.annotators.iter().map(|it| it.accuracy).collect(),
        calibrated: temperature.is_some(),
        held,
        remarks,
    })
}

/// What brings the posteriors to how often they are right, by those of gold items as found without their gold: a posterior
/// that has seen the gold looks perfect and calibrates nothing.
fn temperature(n_classes: usize, gold: &[Option<Class>], held: &[(usize, Vec<f64>)]) -> Option<f64> {
    if held.len() < MIN_GOLD {
        return None;
    }
    let rows: Vec<f64> = held.iter().flat_map(|(_, row)| row.iter().copied()).collect();
    let classes: Option<Vec<Class>> = held.iter().map(|(item, _)| gold[*item]).collect();
    temperature_vector(&rows, n_classes, &classes?).ok()
}
