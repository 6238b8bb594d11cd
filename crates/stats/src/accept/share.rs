//! How much of everything may be accepted and wrong, on average: conformal risk control.
//!
//! In: reviewed items, the pool's scores, an allowed share. Out: a threshold.
//!
//! Not here: a promise about the error among the accepted (`choose.rs`).

use super::bounds::is_share;
use super::choose::Ranking;
use super::{AcceptError, Loss, Rule, Scored};

/// A threshold that keeps the share of "accepted and wrong" low on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareThreshold {
    /// Items with a finite score of at least this are accepted.
    pub threshold: f64,
    /// The reviewed items at or above it.
    pub n_gold: u64,
    /// The sum of their losses.
    pub n_wrong: f64,
    /// What the share was allowed to be and is controlled at: `(n_wrong + 1) / (n + 1)` over all `n` reviewed items.
    pub controlled: f64,
    /// The items of the pool at or above it.
    pub n_pool: u64,
}

/// The most lenient threshold at which, on average over samples of gold, at most a share `max_share` of *all* items is
/// accepted and wrong.
///
/// What it does not promise: not the error *among the accepted* (with 1 % of all items accepted, all of them may be wrong
/// under `max_share = 0.01`), and nothing with confidence: half of the samples of gold may give a threshold that lets
/// through more. For those promises take [`choose`](super::choose). `None` where nothing can be accepted: too few
/// reviewed items (`1 / (n + 1)` alone is above the share), or a wrong one at the top.
/// A. Angelopoulos and others, "Conformal Risk Control", 2022.
///
/// # Errors
/// `max_share` outside (0, 1) or a loss outside [0, 1].
///
/// ```
/// use karat_stats::accept::{Scored, accept_share};
/// let gold: Vec<Scored> = (0..99).map(|i| Scored::new(f64::from(i), i < 10)).collect();
/// let found = accept_share(&gold, &[50.0, 2.0], 0.05).unwrap().unwrap();
/// assert_eq!((found.n_wrong, found.n_pool), (4.0, 1));
/// ```
pub fn accept_share(
    gold: &[Scored],
    pool_scores: &[f64],
    max_share: f64,
) -> Result<Option<ShareThreshold>, AcceptError> {
    if !is_share(max_share) {
        return Err(AcceptError::NotAShare { what: "max_share", got: max_share });
    }
    Rule { loss: Loss::Graded, ..Rule::new(max_share, 0.5)? }.check_losses(gold)?;
    let ranking = Ranking::new(gold, pool_scores);
    let share = |n_wrong: f64| (n_wrong + 1.0) / (ranking.n_gold as f64 + 1.0);
    let allowed = ranking.groups().take_while(|n| share(ranking.n_wrong(*n)) <= max_share).last();
    Ok(allowed.map(|n| {
        let region = ranking.prefix(n);
        let n_wrong = ranking.n_wrong(n);
        ShareThreshold {
            threshold: region.threshold,
            n_gold: n as u64,
            n_wrong,
            controlled: share(n_wrong),
            n_pool: region.n_pool as u64,
        }
    }))
}
