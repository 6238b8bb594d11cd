//! What the tags of several annotators say of the true tag of each token, by variational Bayes.
//!
//! In: readings as tags, each in a context (the annotator, or the annotator with its tag before), gold tags. Out: the
//! probability of each tag at each token.
//!
//! Model: each context has a distribution over its tags for each true tag, with a Dirichlet prior of 2.0 on the true tag
//! and 0.1 on each other one. True tags are independent draws from one distribution, or follow each other in a chain
//! that allows valid sequences only; both have a flat Dirichlet prior. Rounds start from the shares of votes.
//!
//! Not here: contexts (`tokens.rs`, `previous_tag.rs`), spans from posteriors.

use std::ops::Range;

use super::chain::{Chain, Passed};
use super::tags::{Losses, OUTSIDE, may_follow, n_tags, tags};
use super::{Readings, SpanOptions};
use crate::aggregate::AggregateError;
use crate::special::{digamma, ln_gamma};

/// The prior of a context: on the true tag, and on each other one.
const PRIOR: (f64, f64) = (2.0, 0.1);

/// The tags of all readings, token by token.
pub(super) struct Sequences {
    pub(super) n_tags: usize,
    n_contexts: usize,
    /// The first token of each item; one entry more than there are items. Items without readings and gold have none.
    starts: Vec<usize>,
    /// The first vote of each token; one entry more than there are tokens.
    vote_starts: Vec<usize>,
    /// A context and a tag each.
    votes: Vec<(u32, u32)>,
    /// The tag of each token, where gold settles it.
    gold: Vec<Option<usize>>,
    pub(super) losses: Losses,
}

impl Sequences {
    /// Reads the tags. `follows` says whether the tag before is a part of the context.
    pub(super) fn new(
        method: &str,
        readings: &Readings,
        options: &SpanOptions<'_>,
        follows: bool,
    ) -> Result<Self, AggregateError> {
        check_tokens(method, readings, options)?;
        let n_tags = n_tags(readings.n_classes());
        let mut losses = Losses::default();
        let mut contexts = Contexts::new(readings.n_annotators(), if follows { n_tags } else { 1 });
        let (mut starts, mut vote_starts) = (vec![0], vec![0]);
        let (mut votes, mut gold) = (Vec::new(), Vec::new());
        for (number, item) in readings.items().iter().enumerate() {
            let rows = item.readings.iter().map(|it| {
                let tags = tags(&item.tokens, &it.spans, &it.unread, options.off_tokens, &mut losses);
                (it.annotator, tags)
            });
            let rows: Vec<(u32, Vec<Option<usize>>)> = rows.collect();
            // Tokens that nobody saw would only echo what is believed of tags in general.
            let seen = !rows.is_empty() || options.gold_of(number).is_some();
            let n_tokens = if seen { item.tokens.len() } else { 0 };
            for at in 0..n_tokens {
                for (annotator, tags) in &rows {
                    let Some(tag) = tags[at] else { continue };
                    // What was not seen stands like something outside: no span is known to go on.
                    let before = if at == 0 { OUTSIDE } else { tags[at - 1].unwrap_or(OUTSIDE) };
                    let before = if follows { before } else { OUTSIDE };
                    votes.push((contexts.number(*annotator, before), tag as u32));
                }
                vote_starts.push(votes.len());
            }
            match options.gold_of(number) {
                Some(spans) => {
                    gold.extend(tags(&item.tokens, spans, &[], options.off_tokens, &mut Losses::default()));
                }
                None => gold.resize(gold.len() + n_tokens, None),
            }
            starts.push(gold.len());
        }
        Ok(Self { n_tags, n_contexts: contexts.n, starts, vote_starts, votes, gold, losses })
    }

    fn votes(&self, token: usize) -> &[(u32, u32)] {
        &self.votes[self.vote_starts[token]..self.vote_starts[token + 1]]
    }

    fn n_tokens(&self) -> usize {
        self.gold.len()
    }

    /// The tokens of each item.
    pub(super) fn items(&self) -> impl Iterator<Item = Range<usize>> {
        self.starts.windows(2).map(|two| two[0]..two[1])
    }

    /// The shares of votes, row by row: gold where there is some, and all tags alike where nobody voted.
    pub(super) fn shares(&self) -> Vec<f64> {
        let n = self.n_tags;
        let mut shares = vec![0.0; self.n_tokens() * n];
        for (token, row) in shares.chunks_exact_mut(n).enumerate() {
            let votes = self.votes(token);
            match self.gold[token] {
                Some(tag) => row[tag] = 1.0,
                None if votes.is_empty() => row.fill(1.0 / n as f64),
                None => {
                    votes.iter().for_each(|(_, tag)| row[*tag as usize] += 1.0);
                    row.iter_mut().for_each(|p| *p /= votes.len() as f64);
                }
            }
        }
        shares
    }
}

/// An error where a span has no tokens to stand on.
fn check_tokens(method: &str, readings: &Readings, options: &SpanOptions<'_>) -> Result<(), AggregateError> {
    let without = |number: usize| {
        let item = &readings.items()[number];
        let found = item.readings.iter().any(|it| !it.spans.is_empty());
        item.tokens.is_empty() && (found || options.gold_of(number).is_some_and(|gold| !gold.is_empty()))
    };
    let n_items = (0..readings.items().len()).filter(|number| without(*number)).count();
    if n_items > 0 {
        return Err(AggregateError::Unfit(format!(
            "`{method}` needs tokens, and {n_items} items with spans have none: give them, or take `span_vote`"
        )));
    }
    Ok(())
}

/// Numbers for the contexts that occur, in the order in which they do.
struct Contexts {
    numbers: Vec<Option<u32>>,
    per_annotator: usize,
    n: usize,
}

impl Contexts {
    fn new(n_annotators: usize, per_annotator: usize) -> Self {
        Self { numbers: vec![None; n_annotators * per_annotator], per_annotator, n: 0 }
    }

    fn number(&mut self, annotator: u32, before: usize) -> u32 {
        let number = &mut self.numbers[annotator as usize * self.per_annotator + before];
        *number.get_or_insert_with(|| {
            self.n += 1;
            (self.n - 1) as u32
        })
    }
}

/// The posteriors, and what decided them.
pub(super) struct Fit {
    /// A row for each token.
    pub(super) posterior: Vec<f64>,
    /// The logarithm of what the votes say of each tag of each token: with `chain` the probability of any span.
    pub(super) evidence: Vec<f64>,
    pub(super) chain: Option<Chain>,
    pub(super) n_rounds: u32,
    pub(super) converged: bool,
    /// The evidence lower bound after each round.
    pub(super) objective: Vec<f64>,
}

/// Fits the model; `chained` says whether true tags follow each other.
pub(super) fn fit(sequences: &Sequences, chained: bool, options: &SpanOptions<'_>) -> Fit {
    let n = sequences.n_tags;
    let posterior = sequences.shares();
    let mut truth = if chained { Truth::chained(sequences, &posterior) } else { Truth::Free { n_tags: n } };
    let evidence = vec![0.0; posterior.len()];
    let mut fit =
        Fit { posterior, evidence, chain: None, n_rounds: 0, converged: false, objective: Vec::new() };
    while fit.n_rounds < options.n_rounds && !fit.converged {
        fit.n_rounds += 1;
        let mut objective = 0.0;
        let habits = habits(sequences, &fit.posterior, &mut objective);
        judge(sequences, &habits, &mut fit.evidence);
        let before = fit.posterior.clone();
        objective += truth.step(sequences, &fit.evidence, &mut fit.posterior, &mut fit.chain);
        let moves = before.iter().zip(&fit.posterior).map(|(a, b)| (a - b).abs());
        fit.converged = moves.fold(0.0, f64::max) <= options.tolerance;
        fit.objective.push(objective);
    }
    fit
}

/// The expected logarithms of what each context answers: `[context][answer][true tag]`. Takes from the objective what
/// it costs to leave the prior.
fn habits(sequences: &Sequences, posterior: &[f64], objective: &mut f64) -> Vec<f64> {
    let n = sequences.n_tags;
    let mut counts = vec![0.0; sequences.n_contexts * n * n];
    for (token, row) in posterior.chunks_exact(n).enumerate() {
        for (context, tag) in sequences.votes(token) {
            let at = (*context as usize * n + *tag as usize) * n;
            counts[at..at + n].iter_mut().zip(row).for_each(|(count, p)| *count += p);
        }
    }
    let (mut row, mut prior) = (vec![0.0; n], vec![0.0; n]);
    for context in counts.chunks_exact_mut(n * n) {
        for truth in 0..n {
            for answer in 0..n {
                prior[answer] = if answer == truth { PRIOR.0 } else { PRIOR.1 };
                row[answer] = context[answer * n + truth] + prior[answer];
            }
            *objective -= expected_logs(&mut row, &prior);
            for (answer, log) in row.iter().enumerate() {
                context[answer * n + truth] = *log;
            }
        }
    }
    counts
}

/// Turns the parameters of a Dirichlet distribution into the expected logarithms of its draws; gives its divergence
/// from the prior. A parameter of 0 is an impossible outcome.
fn expected_logs(row: &mut [f64], prior: &[f64]) -> f64 {
    let (sum, prior_sum): (f64, f64) = (row.iter().sum(), prior.iter().sum());
    let of_sum = digamma(sum);
    let mut divergence = ln_gamma(sum) - ln_gamma(prior_sum);
    for (value, prior) in row.iter_mut().zip(prior).filter(|(_, prior)| **prior > 0.0) {
        let log = digamma(*value) - of_sum;
        divergence += ln_gamma(*prior) - ln_gamma(*value) + (*value - prior) * log;
        *value = log;
    }
    divergence
}

/// What the votes say of each tag; gold rules every other tag out.
fn judge(sequences: &Sequences, habits: &[f64], evidence: &mut [f64]) {
    let n = sequences.n_tags;
    for (token, row) in evidence.chunks_exact_mut(n).enumerate() {
        row.fill(0.0);
        for (context, tag) in sequences.votes(token) {
            let at = (*context as usize * n + *tag as usize) * n;
            row.iter_mut().zip(&habits[at..at + n]).for_each(|(sum, log)| *sum += log);
        }
        if let Some(gold) = sequences.gold[token] {
            let others = row.iter_mut().enumerate().filter(|(tag, _)| *tag != gold);
            others.for_each(|(_, log)| *log = f64::NEG_INFINITY);
        }
    }
}

/// How true tags come about.
enum Truth {
    /// Each by itself.
    Free { n_tags: usize },
    /// Each after the one before: counts of the first tags and of steps.
    Chained { first: Vec<f64>, next: Vec<f64> },
}

impl Truth {
    /// Counts the steps between tokens as if they were independent: where the rounds start.
    fn chained(sequences: &Sequences, posterior: &[f64]) -> Self {
        let n = sequences.n_tags;
        let (mut first, mut next) = (vec![0.0; n], vec![0.0; n * n]);
        for item in sequences.items().filter(|item| !item.is_empty()) {
            let row = |token: usize| &posterior[token * n..(token + 1) * n];
            first.iter_mut().zip(row(item.start)).for_each(|(sum, p)| *sum += p);
            for token in item.start + 1..item.end {
                for (before, p) in row(token - 1).iter().enumerate() {
                    let sums = next[before * n..(before + 1) * n].iter_mut();
                    sums.zip(row(token)).for_each(|(sum, q)| *sum += p * q);
                }
            }
        }
        Self::Chained { first, next }
    }

    /// New posteriors; gives the objective but for the annotators.
    fn step(
        &mut self,
        sequences: &Sequences,
        evidence: &[f64],
        posterior: &mut [f64],
        chain: &mut Option<Chain>,
    ) -> f64 {
        match self {
            Self::Free { n_tags } => free_step(*n_tags, evidence, posterior),
            Self::Chained { first, next } => {
                let (logs, divergence) = chain_of(first, next);
                first.fill(0.0);
                next.fill(0.0);
                let n = sequences.n_tags;
                let mut objective = -divergence;
                let mut passed = Passed::default();
                for item in sequences.items().filter(|item| !item.is_empty()) {
                    let rows = item.start * n..item.end * n;
                    logs.pass(&evidence[rows.clone()], &mut passed);
                    objective += passed.log_sum;
                    let rows = posterior[rows].chunks_exact_mut(n);
                    rows.enumerate().for_each(|(at, row)| passed.posterior(at, row));
                    first.iter_mut().zip(&posterior[item.start * n..]).for_each(|(sum, p)| *sum += p);
                    passed.add_steps(&logs, next);
                }
                *chain = Some(logs);
                objective
            }
        }
    }
}

fn free_step(n: usize, evidence: &[f64], posterior: &mut [f64]) -> f64 {
    let prior = vec![1.0; n];
    let mut logs = prior.clone();
    for row in posterior.chunks_exact(n) {
        logs.iter_mut().zip(row).for_each(|(sum, p)| *sum += p);
    }
    let mut objective = -expected_logs(&mut logs, &prior);
    for (row, evidence) in posterior.chunks_exact_mut(n).zip(evidence.chunks_exact(n)) {
        row.iter_mut().zip(evidence).zip(&logs).for_each(|((p, log), prior)| *p = log + prior);
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter_mut().for_each(|p| *p = (*p - most).exp());
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
        objective += sum.ln() + most;
    }
    objective
}

/// The chain that these counts speak for, and what it costs to leave the flat prior over valid steps.
fn chain_of(first: &[f64], next: &[f64]) -> (Chain, f64) {
    let n = first.len();
    let mut divergence = 0.0;
    let mut weights = |before: usize, counts: &[f64]| -> Vec<f64> {
        let prior: Vec<f64> = (0..n).map(|tag| f64::from(u8::from(may_follow(before, tag)))).collect();
        let mut row: Vec<f64> =
            counts.iter().zip(&prior).map(|(count, prior)| (count + 1.0) * prior).collect();
        divergence += expected_logs(&mut row, &prior);
        row.iter().zip(&prior).map(|(log, prior)| if *prior > 0.0 { log.exp() } else { 0.0 }).collect()
    };
    let first = weights(OUTSIDE, first);
    let next =
        next.chunks_exact(n).enumerate().flat_map(|(before, counts)| weights(before, counts)).collect();
    (Chain { n_tags: n, first, next }, divergence)
}
