//! Spans through their tokens: each token has a tag, annotators err in tags, and the best valid sequence gives spans.
//!
//! In: readings with tokens, gold where there is some. Out: spans that do not overlap. The posterior of a span is the
//! probability of exactly that span among all valid sequences, where tokens have the posteriors that were found and
//! nothing else connects them.
//!
//! Not here: that the tags of one annotator depend on each other (`previous_tag.rs`).

use super::chain::{Chain, Passed, best_sequence, log};
use super::finish::{Found, finish};
use super::sequence::{Sequences, fit};
use super::tags::spans;
use super::{FoundSpan, Readings, SpanAggregate, SpanMethod, SpanOptions};
use crate::aggregate::{AggregateError, TIE};
use crate::{Class, Span};

pub(super) const MAJORITY: SpanMethod = SpanMethod {
    name: "token_majority",
    title: "majority of tags",
    about: "Takes the best valid sequence of BIO tags by shares of votes at each token; misses much, a baseline.",
    paper: "L. Ramshaw, M. Marcus, \"Text Chunking using Transformation-Based Learning\", 1995 (tags)",
    needs_tokens: true,
    reads_gold: false,
    fit: fit_majority,
};

pub(super) const DAWID_SKENE: SpanMethod = SpanMethod {
    name: "token_dawid_skene",
    title: "Dawid-Skene over tags",
    about: "Learns how each annotator confuses BIO tags, weighs the tags of each token by it, and takes the best valid sequence; finds far more than votes in crowds of people who miss spans, and invents more than votes with a handful of systems and no gold.",
    paper: "A. P. Dawid, A. M. Skene, 1979; by variational Bayes: E. Simpson, S. Roberts, A. Psorakis, A. Smith, \"Dynamic Bayesian Combination of Multiple Imperfect Classifiers\", 2013",
    needs_tokens: true,
    reads_gold: true,
    fit: fit_dawid_skene,
};

fn fit_majority(readings: &Readings, options: &SpanOptions<'_>) -> Result<SpanAggregate, AggregateError> {
    options.check(readings)?;
    let sequences = Sequences::new(MAJORITY.name, readings, options, false)?;
    let items = decode(readings, &sequences, &sequences.shares(), None);
    let remarks = sequences.losses.remarks().collect();
    let found = Found { remarks, ..Found::settled(items) };
    Ok(finish(MAJORITY.name, readings, options, found))
}

fn fit_dawid_skene(readings: &Readings, options: &SpanOptions<'_>) -> Result<SpanAggregate, AggregateError> {
    options.check(readings)?;
    let sequences = Sequences::new(DAWID_SKENE.name, readings, options, false)?;
    let fit = fit(&sequences, false, options);
    let items = decode(readings, &sequences, &fit.posterior, None);
    let remarks = sequences.losses.remarks().collect();
    let (n_rounds, converged, objective) = (fit.n_rounds, fit.converged, fit.objective);
    let found = Found { items, n_rounds, converged, objective, remarks };
    Ok(finish(DAWID_SKENE.name, readings, options, found))
}

/// The best valid sequence of each item as spans. Their posteriors are those of the learned chain and its evidence;
/// without one, of valid sequences of independent tokens.
pub(super) fn decode(
    readings: &Readings,
    sequences: &Sequences,
    posterior: &[f64],
    learned: Option<(&Chain, &[f64])>,
) -> Vec<Vec<FoundSpan>> {
    let n = sequences.n_tags;
    let rules = Chain::of_rules(n);
    let mut passed = Passed::default();
    let items = readings.items().iter().zip(sequences.items()).map(|(item, range)| {
        let rows = range.start * n..range.end * n;
        let tags = best_sequence(&posterior[rows.clone()], n);
        let chain = match learned {
            Some((chain, evidence)) => {
                chain.pass(&evidence[rows], &mut passed);
                chain
            }
            None => {
                let logs: Vec<f64> = posterior[rows].iter().map(|p| log(*p)).collect();
                rules.pass(&logs, &mut passed);
                &rules
            }
        };
        let found = spans(&tags).into_iter().map(|(range, class)| {
            let probability = |class: u32| chain.span(&passed, &range, Class(class));
            let posterior = probability(class.0);
            let equal = |other: &u32| (probability(*other) - posterior).abs() <= TIE;
            let mut equal = (0..readings.n_classes() as u32).filter(equal).map(Class);
            let class = equal.next().unwrap_or(class);
            let (start, end) = (item.tokens[range.start].0, item.tokens[range.end - 1].1);
            FoundSpan { span: Span { start, end, class }, posterior, tied: equal.collect() }
        });
        found.collect()
    });
    items.collect()
}
