//! Consensus anchored in gold: for juries of models, whose errors have a side and a family.
//!
//! In: votes, gold on some of the items. Out: an [`Anchored`]: posteriors, calibrated where there is gold enough, with what
//! was tried, what each was worth on gold it had not seen, and how often the result is right.
//!
//! Models err by class and in the same direction, so no single way to read their votes is right for every jury. Several
//! are fitted (`candidates.rs`), each is scored on gold that was held out from it, and the result is their mixture with
//! the weights that give the held-out gold the highest likelihood (`mix.rs`). Where the best single annotator is better
//! than that by more than chance explains, it is followed instead. Nothing is tuned for a data set.
//!
//! Not here: the rounds of the estimation (`dawid_skene`), other calibrators (`calibrate`).

mod candidates;
mod mix;
mod related;
mod report;
mod stack;
#[cfg(test)]
mod tests;

use super::{Aggregate, AggregateError, FitOptions, Method, Votes, dawid_skene};
use crate::interval::{Estimate, Level, wilson_of_share};
use crate::{Class, mcnemar_exact};
use candidates::{Given, most_often_right};
use mix::{HeldOut, Mixture, Temperature};
pub use report::{Anchored, BestAnnotator, Candidate, Shortage};

pub(super) const METHOD: Method = Method {
    name: "anchored",
    title: "consensus anchored in gold",
    about: "for models, with gold on 10 items or more: a mixture of confusion matrices, stacking and the best annotator, weighted by what each is worth on held-out gold; calibrated from 30 items on",
    paper: "M. J. van der Laan, E. C. Polley, A. E. Hubbard, \"Super Learner\", 2007",
    reads_gold: true,
    fit: |votes, options| Ok(anchored(votes, options)?.aggregate),
};

/// Gold items with votes below which nothing can be compared: the gold is clamped and that is all.
const MIN_GOLD: usize = 10;
/// Gold items with votes from which a temperature is fitted and the posterior is called calibrated.
const MIN_CALIBRATED: usize = 30;
/// Into how many parts gold is divided; each part is scored by fits that saw the others.
const N_FOLDS: usize = 5;
/// The best annotator is followed where the chance of so large a lead between equals is below this, one side of the test.
const LEAD: f64 = 0.05;

/// Aggregates with gold as the anchor.
///
/// With [`Votes`] on `n` items of which some have gold:
///
/// 1. Gold is divided into 5 parts by the seed. Each candidate is fitted 5 times, each time without the
///    gold of one part, and its posteriors on that part are kept: none of them has seen its own gold.
/// 2. Each candidate gets a temperature, and the candidates get weights: those under which the kept posteriors give the
///    gold the highest likelihood, with five items' worth of belief that all are equally good.
/// 3. All are fitted on all gold and mixed with these weights.
/// 4. The guard: where the best annotator, chosen on the other parts too, is right on more of the gold than the mixture,
///    and the chance of such a lead between equals is below 5 % (exact, paired), it is followed, and the mixture only where
///    it gave no label.
/// 5. From 30 gold items on the mixture gets a temperature of its own. The posterior is then a probability, for items like
///    those of the gold; it is not where the gold was picked for being hard or easy.
///
/// Without gold, with fewer than 10 gold items that have votes, or with gold of one class, the result is `dawid_skene`
/// with the gold clamped: [`Anchored::shortage`] says so. Gold items have their gold in the result; what was said of them
/// without it is in [`Anchored::cross_fitted`].
///
/// Items may come in any order. Which gold items share a part depends on the seed and on the numbers of annotators and
/// classes: other numbers move the result as another seed does.
///
/// # Errors
/// Options that do not fit the votes.
///
/// ```
/// use karat_stats::{Class, aggregate::{FitOptions, Top, Vote, Voter, Votes, anchored}};
/// // A judge that always says the opposite, and two that toss coins.
/// let vote = |item, annotator, class| Vote { item, annotator, class: Class(class) };
/// let votes: Vec<Vote> = (0..80)
///     .flat_map(|item| [vote(item, 0, 1 - item % 2), vote(item, 1, item / 2 % 2), vote(item, 2, item / 4 % 2)])
///     .collect();
/// let votes = Votes::new(80, 3, 2, &votes).unwrap();
/// let gold: Vec<Option<Class>> = (0..80).map(|item| (item < 40).then_some(Class(item % 2))).collect();
/// let options = FitOptions {
///     voters: &[Voter::Model; 3], gold: &gold, n_rounds: 100, tolerance: 1e-6, n_restarts: 1, seed: 7,
/// };
/// let found = anchored(&votes, &options).unwrap();
/// assert!(matches!(found.aggregate.top(79), Top::Winner(Class(1), p) if p > 0.9));
/// assert!(found.calibrated && found.accuracy.unwrap().n == 40);
/// ```
pub fn anchored(votes: &Votes, options: &FitOptions<'_>) -> Result<Anchored, AggregateError> {
    options.check(votes)?;
    let known = known(votes, options);
    if let Some(shortage) = shortage(&known) {
        return without_comparison(votes, options, shortage, &known);
    }
    let given = Given::new(votes, options);
    let (known, folds) = in_folds(votes, known, options.seed);
    let held = HeldOut::of(&given, &known, &folds)?;
    let mixture = Mixture::of(&held, &known, &folds);

    let mixed = mixture.rows(&held, &folds);
    let of_best = held.of_best(mixture.temperature_of_best(), &mixed);
    let guarded = leads(&known, &of_best, &mixed, votes.n_classes());
    let followed = if guarded { of_best } else { mixed };

    let temperature = (known.len() >= MIN_CALIBRATED).then(|| Temperature::of(&followed, &known, 1.0, 0.5));
    let mut aggregate = given.describe()?;
    let raw = mixture.fit(&given, guarded, options)?;
    aggregate.posterior.clone_from(&raw);
    let n_classes = votes.n_classes();
    if let Some(temperature) = temperature {
        aggregate.posterior.chunks_exact_mut(n_classes).for_each(|row| temperature.apply(row));
    }
    let raw = clamped(raw, options, n_classes);
    aggregate.posterior = clamped(aggregate.posterior, options, n_classes);

    let cross_fitted = cross_fitted(&followed, &known, n_classes, temperature);
    Ok(Anchored {
        aggregate,
        calibrated: temperature.is_some(),
        temperature: temperature.map(Temperature::get),
        shortage: (temperature.is_none()).then_some(Shortage::NotCalibrated { n_gold: known.len() as u64 }),
        chosen: if guarded { "best_annotator" } else { "mixture" },
        candidates: mixture.report(&held, &known),
        accuracy: accuracy(&cross_fitted, options),
        cross_fitted,
        best_annotator: most_often_right(votes, &known),
        guarded,
        raw,
    })
}

/// The gold items that have votes, with their gold.
fn known(votes: &Votes, options: &FitOptions<'_>) -> Vec<(usize, Class)> {
    let items = 0..votes.n_items();
    items
        .filter(|item| !votes.of(*item).is_empty())
        .filter_map(|item| Some((item, options.gold_of(item)?)))
        .collect()
}

/// Why this gold cannot tell candidates apart.
fn shortage(known: &[(usize, Class)]) -> Option<Shortage> {
    let n_gold = known.len() as u64;
    let first = known.first().map(|(_, class)| *class);
    match first {
        None => Some(Shortage::NoGold),
        Some(_) if known.len() < MIN_GOLD => Some(Shortage::TooLittle { n_gold }),
        Some(class) if known.iter().all(|it| it.1 == class) => Some(Shortage::OneClass { n_gold }),
        Some(_) => None,
    }
}

/// Dawid-Skene with what gold there is.
fn without_comparison(
    votes: &Votes,
    options: &FitOptions<'_>,
    shortage: Shortage,
    known: &[(usize, Class)],
) -> Result<Anchored, AggregateError> {
    let aggregate = (dawid_skene::METHOD.fit)(votes, options)?;
    Ok(Anchored {
        raw: aggregate.posterior.clone(),
        aggregate: Aggregate { method: METHOD.name, ..aggregate },
        calibrated: false,
        temperature: None,
        shortage: Some(shortage),
        chosen: dawid_skene::METHOD.name,
        candidates: Vec::new(),
        cross_fitted: Vec::new(),
        accuracy: None,
        best_annotator: most_often_right(votes, known),
        guarded: false,
    })
}

/// Orders the gold so that the order of the items does not matter, and divides it over the folds at random.
///
/// Not class by class: shares of the classes that are an accident of which items were drawn would then be found again in
/// what is held out, and learning them would look like skill (3 points too much with 25 items).
fn in_folds(votes: &Votes, mut known: Vec<(usize, Class)>, seed: u64) -> (Vec<(usize, Class)>, Vec<usize>) {
    known.sort_by(|a, b| (a.1, votes.of(a.0)).cmp(&(b.1, votes.of(b.0))));
    crate::random::SplitMix64::new(seed).shuffle(&mut known);
    let folds = (0..known.len()).map(|n| n % N_FOLDS).collect();
    (known, folds)
}

/// Whether the best annotator's rows are right more often than the mixture's, by more than chance explains.
fn leads(known: &[(usize, Class)], alone: &[f64], mixture: &[f64], n_classes: usize) -> bool {
    let right = |rows: &[f64], n: usize| {
        let row = &rows[n * n_classes..][..n_classes];
        credit(row, known[n].1) == 1.0
    };
    let (mut only_alone, mut only_mixture) = (0, 0);
    for n in 0..known.len() {
        match (right(alone, n), right(mixture, n)) {
            (true, false) => only_alone += 1,
            (false, true) => only_mixture += 1,
            _ => {}
        }
    }
    only_alone > only_mixture && mcnemar_exact(only_alone, only_mixture) < 2.0 * LEAD
}

/// How much of a row is right: 1, 0, or 1 / n where the gold is among n classes that tie.
fn credit(row: &[f64], gold: Class) -> f64 {
    let most = row.iter().copied().fold(0.0, f64::max);
    let top = |p: &f64| *p >= most - super::TIE;
    if top(&row[gold.0 as usize]) { 1.0 / row.iter().filter(|p| top(p)).count() as f64 } else { 0.0 }
}

/// Gold items have their gold, also those without votes.
fn clamped(mut posterior: Vec<f64>, options: &FitOptions<'_>, n_classes: usize) -> Vec<f64> {
    for (item, row) in posterior.chunks_exact_mut(n_classes).enumerate() {
        if let Some(class) = options.gold_of(item) {
            row.fill(0.0);
            row[class.0 as usize] = 1.0;
        }
    }
    posterior
}

fn cross_fitted(
    rows: &[f64],
    known: &[(usize, Class)],
    n_classes: usize,
    temperature: Option<Temperature>,
) -> Vec<(usize, Vec<f64>)> {
    let rows = known.iter().zip(rows.chunks_exact(n_classes));
    let mut out: Vec<(usize, Vec<f64>)> = rows.map(|((item, _), row)| (*item, row.to_vec())).collect();
    if let Some(temperature) = temperature {
        out.iter_mut().for_each(|(_, row)| temperature.apply(row));
    }
    out.sort_by_key(|(item, _)| *item);
    out
}

fn accuracy(cross_fitted: &[(usize, Vec<f64>)], options: &FitOptions<'_>) -> Option<Estimate> {
    let credits = cross_fitted.iter().filter_map(|(item, row)| Some(credit(row, options.gold_of(*item)?)));
    let (sum, n) = credits.fold((0.0, 0_u64), |(sum, n), it| (sum + it, n + 1));
    let value = sum / n as f64;
    (n > 0).then(|| Estimate { value, interval: wilson_of_share(value, n, Level::P95), n })
}
