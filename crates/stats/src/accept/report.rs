//! Numbers for a report: the error of the whole data set, a table of thresholds, and what wrong gold does to a rate.
//!
//! In: counts, rates, reviewed items. Out: rates with intervals.
//!
//! Not here: promises (`choose.rs`): a table that was looked at holds none.

use super::bounds::{clopper_pearson, clopper_pearson_upper, is_share};
use super::choose::Ranking;
use super::{AcceptError, Loss, Rule, Scored};
use crate::interval::{Estimate, Interval, Level};

/// A row of a table of thresholds. Each bound holds alone; the row somebody picks from the table has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoverageRow {
    /// Items with a finite score of at least this.
    pub threshold: f64,
    /// Their share of the pool, unscored items included; of the reviewed items where the pool is empty.
    pub coverage: f64,
    /// The reviewed items among them.
    pub n_gold: u64,
    /// Of these, the wrong ones.
    pub n_wrong: u64,
    /// `n_wrong / n_gold`.
    pub error: f64,
    /// What the error can be at most, at confidence `1 - delta`, *had this row been the only one*.
    pub bound_alone: f64,
}

/// Thresholds with what they would accept and how much of it was wrong, from strict to lenient: a curve to look at.
///
/// It is no guarantee. Whoever takes the most lenient row whose error looks good breaks the promise in every second data set, and
/// with the bounds, which hold row by row, still too often; [`choose`](super::choose) tests many rows and stays honest. At most
/// twenty rows, each a whole group of equal scores. Right or wrong labels only.
///
/// # Errors
/// `delta` outside (0, 1), or a loss that is neither 0 nor 1.
///
/// ```
/// use karat_stats::accept::{Scored, coverage_table};
/// let gold = [(0.9, false), (0.9, false), (0.5, true)].map(|(score, wrong)| Scored::new(score, wrong));
/// let table = coverage_table(&gold, &[0.95, 0.4], 0.1).unwrap();
/// assert_eq!((table[0].coverage, table[0].error), (0.5, 0.0));
/// assert_eq!((table[1].coverage, table[1].n_wrong), (1.0, 1));
/// ```
pub fn coverage_table(
    gold: &[Scored],
    pool_scores: &[f64],
    delta: f64,
) -> Result<Vec<CoverageRow>, AcceptError> {
    if !is_share(delta) {
        return Err(AcceptError::NotAShare { what: "delta", got: delta });
    }
    Rule { loss: Loss::ZeroOne, ..Rule::new(0.5, delta)? }.check_losses(gold)?;
    let ranking = Ranking::new(gold, pool_scores);
    let row = |n: usize| {
        let region = ranking.prefix(n);
        let (n_gold, n_wrong) = (n as u64, ranking.n_wrong(n) as u64);
        let of_gold = n as f64 / gold.len() as f64;
        Some(CoverageRow {
            threshold: region.threshold,
            coverage: if pool_scores.is_empty() {
                of_gold
            } else {
                region.n_pool as f64 / pool_scores.len() as f64
            },
            n_gold,
            n_wrong,
            error: n_wrong as f64 / n_gold as f64,
            bound_alone: clopper_pearson_upper(n_wrong, n_gold, delta)?,
        })
    };
    Ok(ranking.prefixes().into_iter().filter_map(row).collect())
}

/// The error of a data set of which one part went without review and people did the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WholeError {
    /// The share of items that went without review.
    pub coverage: f64,
    /// The error among these; `None` without checked ones.
    pub automatic: Option<Estimate>,
    /// The error of the people; `None` without checked ones.
    pub people: Option<Estimate>,
    /// The error of the whole; `None` where a part that exists was never checked. Its `n` is that of both.
    pub whole: Option<Estimate>,
}

/// The error of a whole data set: `coverage × error without review + (1 − coverage) × error of the people`.
///
/// All three belong in a report: a low error without review says nothing of the reviewed rest, and people err too. Each
/// part is given as wrong and checked items, from a random sample of that part. The intervals of the parts are Clopper
/// and Pearson's at `level`. That of the whole adds up the ends of the parts at half the remaining error each, so it covers at
/// least at `level`. `None` where `coverage` is outside [0, 1] or more are wrong than were checked.
/// ```
/// use karat_stats::{Level, accept::whole_error};
/// let error = whole_error(0.8, (4, 200), (2, 50), Level::P95).unwrap();
/// assert!((error.whole.unwrap().value - (0.8 * 0.02 + 0.2 * 0.04)).abs() < 1e-12);
/// assert!(whole_error(0.8, (4, 200), (0, 0), Level::P95).unwrap().whole.is_none());
/// ```
pub fn whole_error(
    coverage: f64,
    automatic: (u64, u64),
    people: (u64, u64),
    level: Level,
) -> Option<WholeError> {
    let is_right = |(k, n): (u64, u64)| k <= n;
    if !(0.0..=1.0).contains(&coverage) || !is_right(automatic) || !is_right(people) {
        return None;
    }
    let part = |(k, n): (u64, u64), level: Level| {
        clopper_pearson(k, n, level).map(|interval| Estimate { value: k as f64 / n as f64, interval, n })
    };
    let stricter = Level::new(0.5 + level.get() / 2.0)?;
    let mut whole = Some(Estimate { value: 0.0, interval: Interval { low: 0.0, high: 0.0 }, n: 0 });
    for (share, counts) in [(coverage, automatic), (1.0 - coverage, people)] {
        if share > 0.0 {
            whole = whole.zip(part(counts, stricter)).map(|(sum, of)| Estimate {
                value: sum.value + share * of.value,
                interval: Interval {
                    low: sum.interval.low + share * of.interval.low,
                    high: sum.interval.high + share * of.interval.high,
                },
                n: sum.n + of.n,
            });
        }
    }
    Some(WholeError { coverage, automatic: part(automatic, level), people: part(people, level), whole })
}

/// The error rate that gold with errors of its own shows, where the true rate is `error`: `error (1 − 2h) + h`.
///
/// `gold_error` (h) is how often the gold of an item is wrong; it is taken to be wrong independently of the label, and with
/// two classes, where two wrongs agree. With more classes two wrongs seldom agree and the measured rate is higher still.
/// `None` where a number is outside [0, 1].
/// ```
/// let shown = karat_stats::accept::measured_error(0.02, 0.05).unwrap();
/// assert!((shown - 0.068).abs() < 1e-12);
/// ```
pub fn measured_error(error: f64, gold_error: f64) -> Option<f64> {
    let in_range = (0.0..=1.0).contains(&error) && (0.0..=1.0).contains(&gold_error);
    in_range.then_some(error * (1.0 - 2.0 * gold_error) + gold_error)
}

/// The true error rate behind a measured one: the inverse of [`measured_error`].
///
/// `None` where it is undefined: gold that is wrong half of the time or more tells nothing, and a measured rate below
/// `gold_error` or above `1 − gold_error` cannot come from gold that is wrong so often. It moves a number, it earns no
/// promise: adjudicate a sample of the errors instead, and report the adjudicated rate.
/// ```
/// use karat_stats::accept::true_error;
/// assert!((true_error(0.068, 0.05).unwrap() - 0.02).abs() < 1e-12);
/// assert_eq!(true_error(0.03, 0.05), None);
/// ```
pub fn true_error(measured: f64, gold_error: f64) -> Option<f64> {
    let in_range = (0.0..0.5).contains(&gold_error) && (gold_error..=1.0 - gold_error).contains(&measured);
    in_range.then(|| (measured - gold_error) / (1.0 - 2.0 * gold_error))
}
