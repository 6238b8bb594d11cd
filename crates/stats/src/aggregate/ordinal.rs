//! Dawid and Skene's model for ratings: an answer near the truth is likelier than one far from it.
//!
//! In: votes whose classes are in order, gold. Out: a posterior for each item; [`expected_class`] and [`median_class`] make
//! a rating of it.
//!
//! Not here: ratings that are real numbers.

use super::latent::{self, Found};
use super::{Aggregate, AggregateError, FitOptions, Method, Votes};
use crate::Class;

pub(super) const METHOD: Method = Method {
    name: "dawid_skene_ordinal",
    title: "Dawid-Skene for ratings",
    about: "a confusion matrix an annotator, drawn towards its bias and spread on the scale; for classes in order, such as \
            stars or grades",
    paper: "Dawid and Skene, \"Maximum Likelihood Estimation of Observer Error-Rates\", 1979, with an ordered prior",
    reads_gold: true,
    fit,
};

/// How many votes the ordered prior of a row is worth: few, as people also err far from the truth. With 5 the accuracy on
/// one set of relevance grades falls below that of a prior without order.
const PRIOR_VOTES: f64 = 2.0;

/// How many votes the bias and spread of all annotators are worth beside an annotator's own.
const POOL_VOTES: f64 = 4.0;

/// The share of votes that a prior row leaves to slips, which fall on any class.
const SLIPS: f64 = 0.05;

/// Rounds of MAP-EM whose prior is learned on the way; nothing is random.
///
/// The prior of an annotator's row k falls with the distance from k plus its bias, the faster the smaller its spread
/// (the mean distance); both are drawn towards those of all annotators. As the prior moves with every round, no one number
/// rises throughout, and none is reported.
fn fit(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    latent::check(votes, options)?;
    let k = votes.n_classes();
    let n_cells = votes.n_annotators().checked_mul(k * k);
    if n_cells.is_none_or(|n| n > 1 << 26) {
        return Err(AggregateError::Unfit(format!(
            "{} annotators and {k} classes are too many for confusion matrices",
            votes.n_annotators()
        )));
    }
    let mut posterior = latent::shares(votes, options);
    let mut rows = confusions(&counts(votes, &posterior), k);
    let (mut n_rounds, mut converged) = (0, false);
    while n_rounds < options.n_rounds && !converged {
        let moved = weigh(votes, options, &rows, &mut posterior);
        rows = confusions(&counts(votes, &posterior), k);
        converged = moved <= options.tolerance;
        n_rounds += 1;
    }
    // By annotator, answer, truth: confusion matrices have the truth as the row.
    let turn = |idx: usize| rows[idx / (k * k) * k * k + idx % k * k + idx / k % k];
    let confusion = (0..rows.len()).map(turn).collect();
    let found = Found { posterior, confusion, n_rounds, converged, objective: Vec::new() };
    Ok(latent::finish(METHOD.name, votes, found))
}

/// How often each annotator gave each answer for each truth, as expected: by annotator, then answer, then truth.
fn counts(votes: &Votes, posterior: &[f64]) -> Vec<f64> {
    let k = votes.n_classes();
    let mut counts = vec![0.0; votes.n_annotators() * k * k];
    for (row, of) in posterior.chunks_exact(k).zip(votes.by_item()) {
        for (annotator, answer) in of {
            let first = (*annotator as usize * k + *answer as usize) * k;
            counts[first..first + k].iter_mut().zip(row).for_each(|(to, p)| *to += p);
        }
    }
    counts
}

/// The confusion matrices under the ordered prior, laid out as the counts.
fn confusions(counts: &[f64], k: usize) -> Vec<f64> {
    let pool = Leaning::new(counts, k, Leaning { bias: 0.0, spread: 0.5 });
    let mut out = Vec::with_capacity(counts.len());
    for own in counts.chunks_exact(k * k) {
        let prior = Leaning::new(own, k, pool).rows(k);
        let sums: Vec<f64> = (0..k)
            .map(|truth| PRIOR_VOTES + (0..k).map(|answer| own[answer * k + truth]).sum::<f64>())
            .collect();
        out.extend((0..k * k).map(|it| (own[it] + PRIOR_VOTES * prior[it]) / sums[it % k]));
    }
    out
}

/// Where the answers of an annotator lie around the truth.
#[derive(Clone, Copy)]
struct Leaning {
    /// Answer minus truth, in classes.
    bias: f64,
    /// The mean distance of the answers from truth plus bias.
    spread: f64,
}

impl Leaning {
    /// Of answers counted by answer, then truth, for one annotator or several; a few votes of `pool` are added.
    fn new(counts: &[f64], k: usize, pool: Self) -> Self {
        let steps = || counts.iter().enumerate().map(|(it, n)| (n, (it / k % k) as f64 - (it % k) as f64));
        let n = POOL_VOTES + counts.iter().sum::<f64>();
        let bias = (POOL_VOTES * pool.bias + steps().map(|(n, step)| n * step).sum::<f64>()) / n;
        let far: f64 = steps().map(|(n, step)| n * (step - bias).abs()).sum();
        Self { bias, spread: (POOL_VOTES * pool.spread + far) / n }
    }

    /// The prior rows, by answer, then truth.
    fn rows(self, k: usize) -> Vec<f64> {
        // The mean distance of a two-sided geometric distribution with this ratio is the spread.
        let ratio = self.spread / (1.0 + (1.0 + self.spread * self.spread).sqrt());
        let mut rows = vec![0.0; k * k];
        for truth in 0..k {
            // A biased annotator's scale ends where the scale ends.
            let center = (truth as f64 + self.bias).clamp(0.0, (k - 1) as f64);
            let weight = |answer: usize| ratio.powf((answer as f64 - center).abs());
            let sum: f64 = (0..k).map(weight).sum();
            for answer in 0..k {
                rows[answer * k + truth] = SLIPS / k as f64 + (1.0 - SLIPS) * weight(answer) / sum;
            }
        }
        rows
    }
}

/// Weighs the votes of each item; returns how far a posterior moved.
fn weigh(votes: &Votes, options: &FitOptions<'_>, rows: &[f64], posterior: &mut [f64]) -> f64 {
    let k = votes.n_classes();
    let mut prior = vec![1.0; k];
    posterior.chunks_exact(k).for_each(|row| prior.iter_mut().zip(row).for_each(|(to, p)| *to += p));
    let sum: f64 = prior.iter().sum();
    prior.iter_mut().for_each(|it| *it = (*it / sum).ln());
    let logs: Vec<f64> = rows.iter().map(|it| it.ln()).collect();
    let mut moved = 0.0_f64;
    let mut new = vec![0.0; k];
    for (item, row) in posterior.chunks_exact_mut(k).enumerate() {
        let of = votes.of(item);
        if of.is_empty() || options.gold_of(item).is_some() {
            continue;
        }
        new.copy_from_slice(&prior);
        for (annotator, answer) in of {
            let first = (*annotator as usize * k + *answer as usize) * k;
            new.iter_mut().zip(&logs[first..first + k]).for_each(|(to, log)| *to += log);
        }
        latent::normalize(&mut new);
        moved = moved.max(latent::furthest(&new, row));
        row.copy_from_slice(&new);
    }
    moved
}

/// The mean of a posterior on the scale of class numbers: between 0 and the last class.
///
/// The weights need not sum to 1. `None` where there are none, or one is negative or no number. The mean says nothing of
/// how sure the rating is, and two camps at the ends of the scale have a mean that nobody gave: see [`median_class`].
///
/// ```
/// use karat_stats::aggregate::expected_class;
/// assert_eq!(expected_class(&[0.0, 0.5, 0.25, 0.25]), Some(1.75));
/// assert_eq!(expected_class(&[0.0, 0.0]), None);
/// ```
pub fn expected_class(posterior: &[f64]) -> Option<f64> {
    let sum = total(posterior)?;
    Some(posterior.iter().enumerate().map(|(class, p)| class as f64 * p).sum::<f64>() / sum)
}

/// The median of a posterior: the class that has no more than half of the weight on either side of it.
///
/// Where exactly half lies on each side of a gap, the two classes at its ends are returned, the lower first; elsewhere both
/// are the same. `None` as for [`expected_class`].
///
/// ```
/// use karat_stats::{Class, aggregate::median_class};
/// assert_eq!(median_class(&[0.1, 0.2, 0.7]), Some((Class(2), Class(2))));
/// assert_eq!(median_class(&[0.5, 0.0, 0.5]), Some((Class(0), Class(2))));
/// ```
pub fn median_class(posterior: &[f64]) -> Option<(Class, Class)> {
    let half = total(posterior)? / 2.0;
    // Rounding settles no tie.
    let near = super::TIE * half;
    let first = |at_least: f64| {
        let mut below = 0.0;
        posterior.iter().position(|p| {
            below += p;
            *p > 0.0 && below >= at_least
        })
    };
    let (low, high) = (first(half - near)?, first(half + near)?);
    Some((Class(low as u32), Class(high as u32)))
}

fn total(weights: &[f64]) -> Option<f64> {
    let sum: f64 = weights.iter().sum();
    (weights.iter().all(|it| *it >= 0.0) && sum > 0.0 && sum.is_finite()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::{Leaning, METHOD, expected_class, median_class};
    use crate::Class;
    use crate::aggregate::planted::{options, planted};

    #[test]
    fn an_annotator_who_rates_one_too_high_is_corrected() {
        // Four stars; two honest annotators and two who add a star where there is room.
        let (votes, truth) = planted(400, 4, 4, |annotator, truth| {
            let mut answers = vec![0.05; 4];
            answers[if annotator < 2 { truth } else { (truth + 1).min(3) }] = 0.85;
            answers
        });
        let found = (METHOD.fit)(&votes, &options(&votes)).unwrap();
        let right: f64 = (0..400).map(|item| found.credit(item, truth[item])).sum();
        let plain = (crate::aggregate::method("majority").unwrap().fit)(&votes, &options(&votes)).unwrap();
        let of_majority: f64 = (0..400).map(|item| plain.credit(item, truth[item])).sum();
        assert!(right > of_majority + 40.0, "{right} {of_majority}");
        let rows = found.annotators[3].confusion.as_ref().unwrap();
        assert!(rows[1] > 0.7 && rows[4 + 2] > 0.7, "{rows:?}");
    }

    #[test]
    fn the_prior_falls_with_the_distance_from_the_biased_truth() {
        let rows = Leaning { bias: 0.8, spread: 0.5 }.rows(5);
        let of_one: Vec<f64> = (0..5).map(|answer| rows[answer * 5 + 1]).collect();
        assert!((of_one.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // Nearest to 1.8: class 2, then 1, 3, 0, 4.
        for pair in [2, 1, 3, 0, 4].windows(2) {
            assert!(of_one[pair[0]] > of_one[pair[1]], "{of_one:?}");
        }
    }

    #[test]
    fn a_mean_or_median_of_nothing_is_none() {
        for bad in [&[][..], &[0.0, 0.0], &[0.5, -0.5, 1.0], &[f64::NAN, 1.0], &[f64::INFINITY, 1.0]] {
            assert_eq!((expected_class(bad), median_class(bad)), (None, None), "{bad:?}");
        }
    }

    #[test]
    fn rounding_settles_no_tie_of_a_median() {
        let tenths = [0.1, 0.2, 0.2, 0.0, 0.1, 0.4];
        assert_eq!(median_class(&tenths), Some((Class(2), Class(4))));
        assert_eq!(median_class(&[1.0]), Some((Class(0), Class(0))));
    }
}
