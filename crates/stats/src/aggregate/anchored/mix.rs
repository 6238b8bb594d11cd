//! What each candidate is worth on gold that was held out from it, and the mixture that follows.
//!
//! In: candidates, gold in folds. Out: held-out posteriors, temperatures, weights, and the mixture fitted on all gold.
//!
//! Not here: the candidates themselves (`candidates.rs`).

use super::candidates::{BEST, CANDIDATES, Given};
use super::report::Candidate;
use super::{N_FOLDS, credit};
use crate::Class;
use crate::aggregate::{AggregateError, FitOptions};

/// How many items' worth of belief there is that all candidates are equally good.
const BELIEF: f64 = 5.0;
/// The least probability that counts, so that no single item decides: `-ln` of it is 20.
const LEAST: f64 = 2e-9;
const N_ROUNDS: usize = 500;

/// What each candidate said of each gold item without its gold.
pub(super) struct HeldOut {
    k: usize,
    /// By candidate: row-major, in the order of the gold.
    rows: Vec<Vec<f64>>,
    /// Where the best annotator gave no label.
    silent: Vec<bool>,
}

impl HeldOut {
    /// Fits each candidate once for each fold.
    pub(super) fn of(
        given: &Given<'_>,
        known: &[(usize, Class)],
        folds: &[usize],
    ) -> Result<Self, AggregateError> {
        let k = given.votes.n_classes();
        let mut rows = vec![vec![0.0; known.len() * k]; CANDIDATES.len()];
        for fold in 0..N_FOLDS {
            let held: Vec<usize> = (0..known.len()).filter(|n| folds[*n] == fold).collect();
            let mut gold = given.options.gold.to_vec();
            held.iter().for_each(|n| gold[known[*n].0] = None);
            let options = FitOptions { gold: &gold, ..*given.options };
            for (kind, rows) in CANDIDATES.iter().zip(&mut rows) {
                let posterior = kind.fit(given, &options)?;
                for n in &held {
                    rows[n * k..][..k].copy_from_slice(&posterior[known[*n].0 * k..][..k]);
                }
            }
        }
        let silent = rows[BEST].chunks_exact(k).map(|row| row.iter().all(|p| *p == 0.0)).collect();
        rows.iter_mut().for_each(|rows| rows.chunks_exact_mut(k).for_each(even_where_silent));
        Ok(Self { k, rows, silent })
    }

    /// The rows of a candidate with its temperature.
    fn tempered(&self, candidate: usize, temperature: Temperature) -> Vec<f64> {
        let mut rows = self.rows[candidate].clone();
        rows.chunks_exact_mut(self.k).for_each(|row| temperature.apply(row));
        rows
    }

    /// The rows of the best annotator, and those of the mixture where it gave no label.
    pub(super) fn of_best(&self, temperature: Temperature, mixture: &[f64]) -> Vec<f64> {
        let mut rows = self.tempered(BEST, temperature);
        let pairs = rows.chunks_exact_mut(self.k).zip(mixture.chunks_exact(self.k)).zip(&self.silent);
        pairs.filter(|(_, silent)| **silent).for_each(|((row, mixed), _)| row.copy_from_slice(mixed));
        rows
    }
}

/// A candidate that says nothing of an item holds every class for equally likely.
fn even_where_silent(row: &mut [f64]) {
    if row.iter().all(|p| *p == 0.0) {
        let even = 1.0 / row.len() as f64;
        row.fill(even);
    }
}

/// A temperature and a weight for each candidate, learned from some of the gold.
struct Blend {
    temperatures: Vec<Temperature>,
    weights: Vec<f64>,
}

impl Blend {
    /// From the gold that `counts`.
    fn of(held: &HeldOut, known: &[(usize, Class)], counts: impl Fn(usize) -> bool) -> Self {
        let places: Vec<usize> = (0..known.len()).filter(|n| counts(*n)).collect();
        let known: Vec<(usize, Class)> = places.iter().map(|n| known[*n]).collect();
        let (mut temperatures, mut of_gold) = (Vec::new(), Vec::new());
        for (kind, rows) in CANDIDATES.iter().zip(&held.rows) {
            let mut rows: Vec<f64> =
                places.iter().flat_map(|n| &rows[n * held.k..][..held.k]).copied().collect();
            let temperature = Temperature::of(&rows, &known, kind.temperature, 1.0);
            rows.chunks_exact_mut(held.k).for_each(|row| temperature.apply(row));
            let pairs = rows.chunks_exact(held.k).zip(&known);
            of_gold.push(pairs.map(|(row, (_, gold))| row[gold.0 as usize].max(LEAST)).collect());
            temperatures.push(temperature);
        }
        Self { temperatures, weights: weights(&of_gold) }
    }
}

/// How the candidates are mixed.
pub(super) struct Mixture {
    all: Blend,
    /// For each fold, from the gold of the others.
    without: Vec<Blend>,
}

impl Mixture {
    pub(super) fn of(held: &HeldOut, known: &[(usize, Class)], folds: &[usize]) -> Self {
        let without = |fold: usize| Blend::of(held, known, |n| folds[n] != fold);
        Self { all: Blend::of(held, known, |_| true), without: (0..N_FOLDS).map(without).collect() }
    }

    /// The temperature of the best annotator.
    pub(super) fn temperature_of_best(&self) -> Temperature {
        self.all.temperatures[BEST]
    }

    /// What the mixture says of each gold item, blended by the other folds.
    pub(super) fn rows(&self, held: &HeldOut, folds: &[usize]) -> Vec<f64> {
        let k = held.k;
        let mut mixed = vec![0.0; folds.len() * k];
        for (n, to) in mixed.chunks_exact_mut(k).enumerate() {
            let blend = &self.without[folds[n]];
            for ((rows, temperature), weight) in held.rows.iter().zip(&blend.temperatures).zip(&blend.weights)
            {
                let mut row = rows[n * k..][..k].to_vec();
                temperature.apply(&mut row);
                to.iter_mut().zip(row).for_each(|(to, p)| *to += weight * p);
            }
        }
        mixed
    }

    /// The mixture of all candidates, fitted on all gold; `guarded`: the best annotator where it gave a label.
    pub(super) fn fit(
        &self,
        given: &Given<'_>,
        guarded: bool,
        options: &FitOptions<'_>,
    ) -> Result<Vec<f64>, AggregateError> {
        let k = given.votes.n_classes();
        let mut mixed = vec![0.0; given.votes.n_items() * k];
        for (candidate, kind) in CANDIDATES.iter().enumerate() {
            let (weight, temperature) = (self.all.weights[candidate], self.all.temperatures[candidate]);
            let mut posterior = kind.fit(given, options)?;
            let rows =
                mixed.chunks_exact_mut(k).zip(posterior.chunks_exact_mut(k)).zip(given.votes.by_item());
            for ((to, row), _) in rows.filter(|(_, of)| !of.is_empty()) {
                let said = row.iter().any(|p| *p > 0.0);
                even_where_silent(row);
                temperature.apply(row);
                if guarded && candidate == BEST && said {
                    to.copy_from_slice(row);
                } else {
                    to.iter_mut().zip(row).for_each(|(to, p)| *to += weight * *p);
                }
            }
        }
        Ok(mixed)
    }

    /// The worth of each candidate.
    pub(super) fn report(&self, held: &HeldOut, known: &[(usize, Class)]) -> Vec<Candidate> {
        let one = |candidate: usize| {
            let (kind, temperature) = (&CANDIDATES[candidate], self.all.temperatures[candidate]);
            let rows = held.tempered(candidate, temperature);
            let scored = rows
                .chunks_exact(held.k)
                .zip(known)
                .map(|(row, (_, gold))| (-row[gold.0 as usize].max(LEAST).ln(), credit(row, *gold)));
            let (loss, right) = scored.fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
            let n = known.len() as f64;
            Candidate {
                name: kind.name,
                about: kind.about,
                log_loss: loss / n,
                accuracy: right / n,
                weight: self.all.weights[candidate],
                temperature: temperature.get(),
            }
        };
        (0..CANDIDATES.len()).map(one).collect()
    }
}

/// The weights under which the mixture gives the gold the highest likelihood, by expectation-maximization; the problem is
/// concave, so there is one answer.
fn weights(of_gold: &[Vec<f64>]) -> Vec<f64> {
    let n_candidates = of_gold.len();
    let belief = BELIEF / n_candidates as f64;
    let mut weights = vec![1.0 / n_candidates as f64; n_candidates];
    for _ in 0..N_ROUNDS {
        let mut next = vec![belief; n_candidates];
        for n in 0..of_gold.first().map_or(0, Vec::len) {
            let total: f64 = weights.iter().zip(of_gold).map(|(weight, p)| weight * p[n]).sum();
            for ((to, weight), p) in next.iter_mut().zip(&weights).zip(of_gold) {
                *to += weight * p[n] / total;
            }
        }
        let total: f64 = next.iter().sum();
        next.iter_mut().for_each(|it| *it /= total);
        let moved = next.iter().zip(&weights).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        weights = next;
        if moved < 1e-7 {
            break;
        }
    }
    weights
}

/// What the logarithms of a distribution are divided by, before it is one again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Temperature(f64);

impl Temperature {
    /// The temperature under which the rows give the gold the highest likelihood. Before any gold its logarithm is believed
    /// to be that of `expected`, give or take `spread`.
    ///
    /// C. Guo and others, "On Calibration of Modern Neural Networks", 2017; the prior is ours, for few items.
    pub(super) fn of(rows: &[f64], known: &[(usize, Class)], expected: f64, spread: f64) -> Self {
        let k = rows.len() / known.len().max(1);
        let logs: Vec<f64> = rows.iter().map(|p| p.max(f64::MIN_POSITIVE).ln()).collect();
        let loss = |log_temperature: f64| {
            let sharpness = (-log_temperature).exp();
            let of_row = |(row, (_, gold)): (&[f64], &(usize, Class))| {
                let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = row.iter().map(|it| (sharpness * (it - most)).exp()).sum();
                total.ln() - sharpness * (row[gold.0 as usize] - most)
            };
            let off = (log_temperature - expected.ln()) / spread;
            logs.chunks_exact(k).zip(known).map(of_row).sum::<f64>() + 0.5 * off * off
        };
        Self(least(expected.ln() - 4.0, expected.ln() + 4.0, loss).exp())
    }

    pub(super) fn get(self) -> f64 {
        self.0
    }

    /// Applies it to a distribution; a row of zeros stays one.
    pub(super) fn apply(self, row: &mut [f64]) {
        if row.iter().all(|p| *p == 0.0) {
            return;
        }
        row.iter_mut().for_each(|p| *p = p.max(f64::MIN_POSITIVE).ln() / self.0);
        super::super::dawid_skene::softmax(row);
    }
}

/// Where a function with one valley is least, by golden section.
fn least(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (f(left), f(right));
    for _ in 0..40 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = f(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = f(right);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::{Temperature, weights};
    use crate::Class;

    #[test]
    fn who_is_right_in_three_of_four_cases_is_three_quarters_sure_after_its_temperature() {
        let rows = [0.99, 0.01].repeat(4_000);
        let known: Vec<(usize, Class)> = (0..4_000).map(|n| (n, Class(u32::from(n % 4 == 0)))).collect();
        let temperature = Temperature::of(&rows, &known, 1.0, 0.5);
        let mut row = [0.99, 0.01];
        temperature.apply(&mut row);
        assert!((row[0] - 0.75).abs() < 0.01, "{row:?}");
        assert!((row[0] + row[1] - 1.0).abs() < 1e-12);
        assert!(temperature.get() > 3.0);
    }

    #[test]
    fn without_evidence_the_temperature_stays_what_is_believed() {
        let known = [(0, Class(0)), (1, Class(1))];
        let temperature = Temperature::of(&[0.5; 4], &known, 2.5, 1.0);
        assert!((temperature.get() - 2.5).abs() < 1e-4);
    }

    #[test]
    fn a_certainty_that_was_wrong_has_a_finite_temperature() {
        let known = [(0, Class(1)), (1, Class(0))];
        let temperature = Temperature::of(&[1.0, 0.0, 1.0, 0.0], &known, 1.0, 0.5);
        let mut row = [1.0, 0.0];
        temperature.apply(&mut row);
        assert!(row.iter().all(|p| p.is_finite()) && row[0] < 1.0, "{row:?}");
    }

    #[test]
    fn the_better_of_two_has_the_greater_weight_and_equals_share_it() {
        let found = weights(&[vec![0.9; 50], vec![0.5; 50]]);
        assert!(found[0] > 0.9 && (found[0] + found[1] - 1.0).abs() < 1e-9, "{found:?}");
        let equal = weights(&[vec![0.7; 50], vec![0.7; 50]]);
        assert!((equal[0] - 0.5).abs() < 1e-9);
    }
}
