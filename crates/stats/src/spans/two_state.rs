//! Dawid-Skene over candidates: each distinct span is true or not, each annotator finds a true one with its recall and
//! marks a wrong one with its rate of false alarms.
//!
//! In: readings, gold where there is some. Out: for each candidate the probability that it is true.
//!
//! A span that nobody marked is no candidate. A model that forgets this takes every true span for one that most
//! annotators find, and drops what only a few did; so both states are conditioned on at least one vote, and each
//! candidate stands for the spans like it that everybody missed (as in capture-recapture).
//!
//! Not here: the borders that annotators agree on in part (`clusters.rs`, `tokens.rs`).

use super::candidates::{Candidate, candidates, keep};
use super::finish::{Found, finish};
use super::{Readings, SpanAggregate, SpanMethod, SpanOptions};
use crate::aggregate::AggregateError;

pub(super) const METHOD: SpanMethod = SpanMethod {
    name: "span_dawid_skene",
    title: "Dawid-Skene over candidate spans",
    about: "Weighs each distinct span by the recall and the false alarms of those who looked; for nested spans, for answers without tokens, and where annotators differ in quality.",
    paper: "A. P. Dawid, A. M. Skene, \"Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm\", 1979; L. Sanathanan, \"Estimating the Size of a Multinomial Population\", 1972 (what nobody saw)",
    needs_tokens: false,
    reads_gold: true,
    fit,
};

/// Votes that stand before the first one: (marked, not marked) for true and for wrong candidates. Worth ten each, at a
/// recall of 0.6 and a false alarm in ten.
/// Chosen on the crowd of CoNLL-2003: 2 and 1 votes there, 1 and 2, cost 0.8 points of F1.
const TRUE_VOTES: (f64, f64) = (6.0, 4.0);
const WRONG_VOTES: (f64, f64) = (1.0, 9.0);

fn fit(readings: &Readings, options: &SpanOptions<'_>) -> Result<SpanAggregate, AggregateError> {
    options.check(readings)?;
    let of_item: Vec<Vec<Candidate>> = readings.items().iter().map(candidates).collect();
    let all: Vec<&Candidate> = of_item.iter().flatten().collect();
    let mut settled = Vec::with_capacity(all.len());
    for (number, of_item) in of_item.iter().enumerate() {
        let gold = options.gold_of(number);
        settled.extend(of_item.iter().map(|it| gold.map(|gold| gold.contains(&it.span))));
    }
    let mut model = Model::new(&all, &settled, readings.n_annotators());
    let (mut n_rounds, mut converged, mut objective) = (0, false, Vec::new());
    while n_rounds < options.n_rounds && !converged {
        n_rounds += 1;
        model.learn();
        let (value, moved) = model.judge();
        objective.push(value);
        converged = moved <= options.tolerance;
    }
    let mut posterior = model.posterior.iter();
    let items = of_item.iter().map(|of_item| {
        let spans = of_item.iter().zip(posterior.by_ref()).map(|(it, p)| (it.span, *p)).collect();
        keep(spans, options.min_posterior, options)
    });
    let items = items.collect();
    let remarks = Vec::new();
    Ok(finish(METHOD.name, readings, options, Found { items, n_rounds, converged, objective, remarks }))
}

/// What an annotator does with candidates of one state.
#[derive(Clone, Copy)]
struct Rate {
    yes: f64,
    no: f64,
}

impl Rate {
    fn of((yes, no): (f64, f64)) -> Self {
        Self { yes: yes / (yes + no), no: no / (yes + no) }
    }
}

struct Model<'a> {
    candidates: &'a [&'a Candidate],
    settled: &'a [Option<bool>],
    /// For each annotator, on wrong and on true candidates.
    rates: Vec<[Rate; 2]>,
    /// The share of true candidates.
    share: f64,
    posterior: Vec<f64>,
}

impl<'a> Model<'a> {
    fn new(candidates: &'a [&'a Candidate], settled: &'a [Option<bool>], n_annotators: usize) -> Self {
        let start = |(it, settled): (&&Candidate, &Option<bool>)| match settled {
            Some(truth) => f64::from(u8::from(*truth)),
            None => it.share(),
        };
        let posterior = candidates.iter().zip(settled).map(start).collect();
        let rates = vec![[Rate::of(WRONG_VOTES), Rate::of(TRUE_VOTES)]; n_annotators];
        Self { candidates, settled, rates, share: 0.5, posterior }
    }

    /// How many spans like this one everybody missed, for one that somebody marked: in wrong and in true ones.
    fn missed(&self, it: &Candidate) -> [f64; 2] {
        [0, 1].map(|state| {
            let nobody = self.nobody(it, state);
            nobody / (1.0 - nobody)
        })
    }

    /// The probability that nobody marks such a span; away from 1, where a single vote would say nothing.
    fn nobody(&self, it: &Candidate, state: usize) -> f64 {
        let looked = it.yes.iter().chain(&it.no);
        let nobody: f64 = looked.map(|annotator| self.rates[*annotator as usize][state].no).product();
        nobody.min(0.99)
    }

    /// The rates that the posteriors speak for.
    fn learn(&mut self) {
        let mut votes = vec![[WRONG_VOTES, TRUE_VOTES]; self.rates.len()];
        for (it, p) in self.candidates.iter().zip(&self.posterior) {
            let missed = self.missed(it);
            for (state, p) in [1.0 - p, *p].into_iter().enumerate() {
                for annotator in &it.yes {
                    votes[*annotator as usize][state].0 += p;
                    votes[*annotator as usize][state].1 += p * missed[state];
                }
                for annotator in &it.no {
                    votes[*annotator as usize][state].1 += p * (1.0 + missed[state]);
                }
            }
        }
        self.rates = votes.into_iter().map(|votes| votes.map(Rate::of)).collect();
        self.share = (self.posterior.iter().sum::<f64>() + 1.0) / (self.posterior.len() as f64 + 2.0);
    }

    /// The posteriors that the rates speak for; how likely they make all votes, and the most that a posterior moved.
    fn judge(&mut self) -> (f64, f64) {
        let mut value = self.share.ln() + (1.0 - self.share).ln();
        for rates in &self.rates {
            for (rate, prior) in rates.iter().zip([WRONG_VOTES, TRUE_VOTES]) {
                value += prior.0 * rate.yes.ln() + prior.1 * rate.no.ln();
            }
        }
        let mut moved = 0.0_f64;
        for at in 0..self.candidates.len() {
            let it = self.candidates[at];
            let [wrong, right] = [0, 1].map(|state| {
                let votes = it.yes.iter().map(|annotator| self.rates[*annotator as usize][state].yes);
                let silent = it.no.iter().map(|annotator| self.rates[*annotator as usize][state].no);
                let log: f64 = votes.chain(silent).map(f64::ln).sum();
                let share = if state == 1 { self.share } else { 1.0 - self.share };
                log + share.ln() - (1.0 - self.nobody(it, state)).ln()
            });
            let most = wrong.max(right);
            let sum = most + ((wrong - most).exp() + (right - most).exp()).ln();
            let p = match self.settled[at] {
                Some(truth) => {
                    value += if truth { right } else { wrong };
                    f64::from(u8::from(truth))
                }
                None => {
                    value += sum;
                    (right - sum).exp()
                }
            };
            moved = moved.max((p - self.posterior[at]).abs());
            self.posterior[at] = p;
        }
        (value, moved)
    }
}
