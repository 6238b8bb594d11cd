//! One fit over classes: the posteriors, those of gold items without their gold, and whether they are calibrated.

use karat_core::{Error, Result};
use karat_stats::Class;
use karat_stats::aggregate::{
    AggregateError, Anchored, FitOptions, Method, Voter, Votes, anchored, cross_fit, method,
};
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
/// The method without gold, and for people.
const USUAL: &str = "dawid_skene";
/// The method for models with gold.
const ANCHORED: &str = "anchored";

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
    let name = options.method.as_deref().unwrap_or_else(|| usual(voters, gold));
    let method = method(name).ok_or_else(|| Error::bug(format!("no method is called `{name}`")))?;
    let fit = if name == ANCHORED {
        anchored(votes, &fit_options).map(|found| of_anchored(method, found, voters))
    } else {
        of_method(method, votes, &fit_options)
    };
    fit.map_err(|error: AggregateError| Error::invalid(error.to_string()))
}

/// With gold, the one that learns from it; without, the one that asks only who votes.
fn usual(voters: &[Voter], gold: &[Option<Class>]) -> &'static str {
    let has_models = voters.contains(&Voter::Model);
    if has_models && gold.iter().any(Option::is_some) { ANCHORED } else { USUAL }
}

fn of_anchored(method: &Method, found: Anchored, voters: &[Voter]) -> Fit {
    let mut remarks: Vec<String> = found.aggregate.remarks.iter().map(ToString::to_string).collect();
    remarks.extend(found.shortage.map(|it| it.to_string()));
    if found.guarded {
        remarks.push(
            "the best annotator is followed: it is better on gold than all of them together".to_owned(),
        );
    }
    let weighty = found.candidates.iter().filter(|it| it.weight >= 0.05);
    let weights: Vec<String> = weighty.map(|it| format!("{} {:.2}", it.name, it.weight)).collect();
    let about = match weights.is_empty() || voters.is_empty() {
        true => method.about.to_owned(),
        false => format!("anchored in gold, a mixture of {}", weights.join(", ")),
    };
    let n_items = found.aggregate.n_items();
    Fit {
        method: method.name.to_owned(),
        about,
        posteriors: (0..n_items).map(|item| found.aggregate.posterior(item).map(Into::into)).collect(),
        estimated: found.aggregate.annotators.iter().map(|it| it.accuracy).collect(),
        calibrated: found.calibrated,
        held: found.cross_fitted,
        remarks,
    }
}

fn of_method(method: &Method, votes: &Votes, options: &FitOptions<'_>) -> Result<Fit, AggregateError> {
    let aggregate = (method.fit)(votes, options)?;
    let mut held = cross_fit(method, votes, options, N_FOLDS)?;
    let mut posteriors: Vec<Option<Box<[f64]>>> =
        (0..votes.n_items()).map(|item| aggregate.posterior(item).map(Into::into)).collect();
    let temperature = temperature(votes.n_classes(), options.gold, &held);
    if let Some(temperature) = temperature {
        let cool = |row: &mut Box<[f64]>| *row = apply_temperature(row, temperature).into();
        posteriors.iter_mut().flatten().for_each(cool);
        held.iter_mut().for_each(|(_, row)| *row = apply_temperature(row, temperature));
    }
    Ok(Fit {
        method: method.name.to_owned(),
        about: method.about.to_owned(),
        posteriors,
        estimated: aggregate.annotators.iter().map(|it| it.accuracy).collect(),
        calibrated: temperature.is_some(),
        held,
        remarks: aggregate.remarks.iter().map(ToString::to_string).collect(),
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
