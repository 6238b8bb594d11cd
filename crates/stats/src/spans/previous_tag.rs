//! Tags that depend on the annotator's own tag before, and true tags that follow each other.
//!
//! In: readings with tokens, gold where there is some. Out: spans that do not overlap. The posterior of a span is the
//! probability of exactly that span under the learned chain; the spans are those of the best valid sequence by the
//! posteriors of the tokens.
//!
//! An annotator that marks four words made one decision, not four. A chain over true tags alone takes them for four and
//! grows too sure; an answer given the annotator's own tag before repairs that.
//!
//! Not here: words. Tags are all that is read.

use super::finish::{Found, finish};
use super::sequence::{Sequences, fit as fit_sequences};
use super::tokens::decode;
use super::{Readings, SpanAggregate, SpanMethod, SpanOptions};
use crate::aggregate::AggregateError;

pub(super) const METHOD: SpanMethod = SpanMethod {
    name: "previous_tag",
    title: "Bayesian combination of sequences",
    about: "Learns how each annotator confuses BIO tags after each of its own tags, and which tags follow each other; the most exact for people with many items each, slower and hungrier for data than Dawid-Skene over tags.",
    paper: "E. Simpson, I. Gurevych, \"A Bayesian Approach for Sequence Tagging with Crowds\", EMNLP 2019 (BSC-seq, without words)",
    needs_tokens: true,
    reads_gold: true,
    fit,
};

fn fit(readings: &Readings, options: &SpanOptions<'_>) -> Result<SpanAggregate, AggregateError> {
    options.check(readings)?;
    let sequences = Sequences::new(METHOD.name, readings, options, true)?;
    let fit = fit_sequences(&sequences, true, options);
    let learned = fit.chain.as_ref().map(|chain| (chain, &fit.evidence[..]));
    let items = decode(readings, &sequences, &fit.posterior, learned);
    let remarks = sequences.losses.remarks().collect();
    let (n_rounds, converged, objective) = (fit.n_rounds, fit.converged, fit.objective);
    Ok(finish(METHOD.name, readings, options, Found { items, n_rounds, converged, objective, remarks }))
}
