//! What a method says of gold items when it has not seen their gold: the only honest way to score it on them.

use super::{Aggregate, AggregateError, FitOptions, Method, Votes};
use crate::random::folds;

/// The posterior of each gold item, fitted without its gold, in ascending order of the items; an item without votes is
/// left out.
///
/// The gold is divided into `n_folds` folds by the seed of the options; each fold is scored by a fit in which only the
/// others are known. A method that reads no gold is fitted once. With gold on fewer items than folds, each is its own fold.
///
/// # Errors
/// Those of the method.
pub fn cross_fit(
    method: &Method,
    votes: &Votes,
    options: &FitOptions<'_>,
    n_folds: usize,
) -> Result<Vec<(usize, Vec<f64>)>, AggregateError> {
    options.check(votes)?;
    let known: Vec<usize> = (0..options.gold.len()).filter(|item| options.gold[*item].is_some()).collect();
    let keep = |fit: &Aggregate, items: &mut dyn Iterator<Item = usize>| -> Vec<(usize, Vec<f64>)> {
        items
            .filter(|item| !votes.of(*item).is_empty())
            .filter_map(|item| Some((item, fit.posterior(item)?.to_vec())))
            .collect()
    };
    if !method.reads_gold {
        let fit = (method.fit)(votes, options)?;
        return Ok(keep(&fit, &mut known.iter().copied()));
    }
    let n_folds = n_folds.min(known.len());
    let fold_of = folds(known.len(), n_folds, options.seed);
    let mut out = Vec::with_capacity(known.len());
    for fold in 0..n_folds {
        let held: Vec<usize> = (0..known.len()).filter(|n| fold_of[*n] == fold).map(|n| known[n]).collect();
        let mut gold = options.gold.to_vec();
        held.iter().for_each(|item| gold[*item] = None);
        let fit = (method.fit)(votes, &FitOptions { gold: &gold, ..*options })?;
        out.extend(keep(&fit, &mut held.iter().copied()));
    }
    out.sort_by_key(|(item, _)| *item);
    Ok(out)
}
