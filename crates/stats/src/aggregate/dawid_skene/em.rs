//! Expectation-maximization over votes: the rounds that all confusion-matrix methods share.
//!
//! In: votes, gold, and a [`Maximize`] that turns expected counts into a model. Out: the posteriors, the model that gave
//! them, and what was maximized round by round.
//!
//! The E-step of a round and the counts for the next M-step are one pass over the votes. A vote multiplies the
//! distribution over the truths by one row of a table and later adds the posterior to the same row of another, so both
//! tables have the truth last. An item's joint probabilities are multiplied as they are; where their sum is too small for
//! that, the item is done again with logarithms, so that no number of votes is too large.
//!
//! Not here: what is believed of an annotator beforehand (`prior.rs`).

use super::model::{DawidSkeneModel, log, softmax};
use crate::aggregate::{AggregateError, FitOptions, Votes};

/// Below this sum of joint probabilities an item is done with logarithms.
const TOO_SMALL: f64 = 1e-200;
/// Tables beyond this many cells are refused: 2 GiB each.
const MAX_CELLS: usize = 1 << 28;

/// Expected counts: how often each annotator gave each answer where each class is the truth.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counts {
    /// By annotator, then answer, then truth, as [`DawidSkeneModel`] has its probabilities.
    pub(crate) answers: Vec<f64>,
    /// By class: the expected number of items.
    pub(crate) classes: Vec<f64>,
}

/// The M-step: from expected counts to a model.
pub(crate) trait Maximize {
    /// Sets the model from the counts.
    fn maximize(&mut self, counts: &Counts, model: &mut DawidSkeneModel);

    /// The logarithm of the prior density of the model, up to a constant, as the last [`Maximize::maximize`] used it.
    fn log_prior(&self, model: &DawidSkeneModel) -> f64;

    /// Whether the prior stays what it is. Where it is estimated anew every round, no single function is maximized.
    fn is_fixed(&self) -> bool {
        true
    }
}

/// Votes on items without gold, as the rounds read them; gold items as counts, once.
pub(crate) struct Layout {
    k: usize,
    /// The items to estimate: with votes, without gold.
    open: Vec<u32>,
    /// Where the votes of each open item end.
    ends: Vec<u32>,
    /// Annotator times classes plus answer, for each vote: a row of the tables.
    rows: Vec<u32>,
    /// What gold items add to the counts.
    settled: Counts,
}

/// The number of cells of all confusion matrices; an error where they are too many to hold.
pub(crate) fn check_size(n_annotators: usize, k: usize) -> Result<usize, AggregateError> {
    let cells = n_annotators.saturating_mul(k).saturating_mul(k);
    if cells <= MAX_CELLS {
        return Ok(cells);
    }
    Err(AggregateError::Unfit(format!(
        "confusion matrices of {n_annotators} annotators and {k} classes have {cells} cells: at most {MAX_CELLS} are held; take `wawa` or `majority`"
    )))
}

/// What the rounds gave.
pub(crate) struct Fitted {
    /// Row-major; zeros for an item without votes and gold.
    pub(crate) posterior: Vec<f64>,
    /// The model that gave the posteriors.
    pub(crate) model: DawidSkeneModel,
    /// The counts under these posteriors.
    pub(crate) counts: Counts,
    pub(crate) n_rounds: u32,
    pub(crate) converged: bool,
    /// For each round: the objective of the model before the round's M-step and after it, both under the prior that the
    /// M-step used.
    pub(crate) rises: Vec<(f64, f64)>,
}

impl Layout {
    pub(crate) fn new(votes: &Votes, options: &FitOptions<'_>) -> Result<Self, AggregateError> {
        options.check(votes)?;
        if !(options.tolerance.is_finite() && options.tolerance >= 0.0) {
            return Err(AggregateError::BadNumber { what: "tolerance", got: options.tolerance });
        }
        let k = votes.n_classes();
        let cells = check_size(votes.n_annotators(), k)?;
        let mut settled = Counts { answers: vec![0.0; cells], classes: vec![0.0; k] };
        let mut layout = (Vec::new(), Vec::new(), Vec::with_capacity(votes.n_votes()));
        for (item, of) in votes.by_item().enumerate() {
            let rows = of.iter().map(|(annotator, class)| annotator * k as u32 + class);
            if let Some(gold) = options.gold_of(item) {
                settled.classes[gold.0 as usize] += 1.0;
                rows.for_each(|row| settled.answers[row as usize * k + gold.0 as usize] += 1.0);
            } else if !of.is_empty() {
                layout.0.push(item as u32);
                layout.2.extend(rows);
                layout.1.push(layout.2.len() as u32);
            }
        }
        let (open, ends, rows) = layout;
        Ok(Self { k, open, ends, rows, settled })
    }

    /// The vote shares of the open items, the gold of the others, and the counts under them.
    fn start(&self, votes: &Votes, options: &FitOptions<'_>) -> (Vec<f64>, Counts) {
        let k = self.k;
        let mut posterior = vec![0.0; votes.n_items() * k];
        for item in 0..votes.n_items() {
            if let Some(gold) = options.gold_of(item) {
                posterior[item * k + gold.0 as usize] = 1.0;
            }
        }
        let mut counts = self.settled.clone();
        let mut start = 0;
        for (item, end) in self.open.iter().zip(&self.ends) {
            let rows = &self.rows[start..*end as usize];
            let posterior = &mut posterior[*item as usize * k..][..k];
            let share = 1.0 / rows.len() as f64;
            rows.iter().for_each(|row| posterior[*row as usize % k] += share);
            add(rows, posterior, &mut counts);
            start = *end as usize;
        }
        (posterior, counts)
    }

    /// The log-likelihood of the settled items.
    fn settled_likelihood(&self, model: &DawidSkeneModel) -> f64 {
        let square = self.k * self.k;
        let sum = |counts: &[f64], probabilities: &[f64]| -> f64 {
            let pairs = counts.iter().zip(probabilities).filter(|(n, _)| **n > 0.0);
            pairs.map(|(n, p)| n * log(*p)).sum()
        };
        let tables = self.settled.answers.chunks_exact(square).zip(model.answers.chunks_exact(square));
        let answers: f64 = tables.zip(&model.weights).map(|((n, p), weight)| weight * sum(n, p)).sum();
        answers + sum(&self.settled.classes, &model.prior)
    }
}

/// Adds an item's posterior to the counts, once for each of its votes.
fn add(rows: &[u32], posterior: &[f64], counts: &mut Counts) {
    let k = posterior.len();
    for row in rows {
        let cells = &mut counts.answers[*row as usize * k..][..k];
        cells.iter_mut().zip(posterior).for_each(|(to, q)| *to += q);
    }
    counts.classes.iter_mut().zip(posterior).for_each(|(to, q)| *to += q);
}

/// Runs the rounds from the vote shares: at least one, at most [`FitOptions::n_rounds`].
pub(crate) fn run(
    votes: &Votes,
    options: &FitOptions<'_>,
    weights: Vec<f64>,
    maximize: &mut dyn Maximize,
) -> Result<Fitted, AggregateError> {
    let layout = Layout::new(votes, options)?;
    let (mut posterior, mut counts) = layout.start(votes, options);
    let mut model = DawidSkeneModel::blank(layout.k, weights);
    let mut fitted_likelihood = f64::NEG_INFINITY;
    let (mut n_rounds, mut converged, mut rises) = (0, false, Vec::new());
    let mut tempered = Vec::new();
    while n_rounds == 0 || (n_rounds < options.n_rounds && !converged) {
        let before = model.clone();
        maximize.maximize(&counts, &mut model);
        model.tempered_into(&mut tempered);
        counts.clone_from(&layout.settled);
        let pass = pass(&layout, &model.prior, &tempered, &mut posterior, &mut counts);
        let likelihood = pass.log_likelihood + layout.settled_likelihood(&model);
        rises
            .push((fitted_likelihood + maximize.log_prior(&before), likelihood + maximize.log_prior(&model)));
        fitted_likelihood = likelihood;
        converged = pass.moved <= options.tolerance;
        n_rounds += 1;
    }
    Ok(Fitted { posterior, model, counts, n_rounds, converged, rises })
}

/// What one pass over the votes found besides the posteriors and the counts.
struct Pass {
    /// Of the open items.
    log_likelihood: f64,
    /// The largest change of a posterior.
    moved: f64,
}

/// One E-step, and the counts under its posteriors; unrolled for the numbers of classes that are common.
fn pass(layout: &Layout, prior: &[f64], table: &[f64], posterior: &mut [f64], counts: &mut Counts) -> Pass {
    match layout.k {
        2 => pass_unrolled::<2>(layout, prior, table, posterior, counts),
        3 => pass_unrolled::<3>(layout, prior, table, posterior, counts),
        4 => pass_unrolled::<4>(layout, prior, table, posterior, counts),
        5 => pass_unrolled::<5>(layout, prior, table, posterior, counts),
        6 => pass_unrolled::<6>(layout, prior, table, posterior, counts),
        7 => pass_unrolled::<7>(layout, prior, table, posterior, counts),
        8 => pass_unrolled::<8>(layout, prior, table, posterior, counts),
        _ => pass_any(layout, prior, table, posterior, counts),
    }
}

#[inline(never)]
fn pass_unrolled<const K: usize>(
    layout: &Layout,
    prior: &[f64],
    table: &[f64],
    posterior: &mut [f64],
    counts: &mut Counts,
) -> Pass {
    let table = table.as_chunks::<K>().0;
    let sums = counts.answers.as_chunks_mut::<K>().0;
    let posteriors = posterior.as_chunks_mut::<K>().0;
    let mut first = [0.0; K];
    first.copy_from_slice(prior);
    let (mut moved, mut classes) = ([0.0_f64; K], [0.0; K]);
    let mut likelihood = LogProduct::default();
    let mut start = 0;
    for (item, end) in layout.open.iter().zip(&layout.ends) {
        let rows = &layout.rows[start..*end as usize];
        start = *end as usize;
        let mut joint = first;
        for row in rows {
            let factors = &table[*row as usize];
            (0..K).for_each(|class| joint[class] *= factors[class]);
        }
        let mut total: f64 = joint.iter().sum();
        if total < TOO_SMALL {
            // A copy, so that the joint probabilities of all other items stay in registers.
            let mut copy = joint;
            likelihood.log += by_logarithms(rows, prior, table.as_flattened(), &mut copy);
            (joint, total) = (copy, 1.0);
        }
        likelihood.times(total);
        let scale = 1.0 / total;
        let old = &mut posteriors[*item as usize];
        for class in 0..K {
            let q = joint[class] * scale;
            let change = (q - old[class]).abs();
            // Not `max`, which would also look for what is no number.
            moved[class] = if change > moved[class] { change } else { moved[class] };
            old[class] = q;
            classes[class] += q;
        }
        let q = *old;
        for row in rows {
            let cells = &mut sums[*row as usize];
            (0..K).for_each(|class| cells[class] += q[class]);
        }
    }
    counts.classes.iter_mut().zip(classes).for_each(|(to, n)| *to += n);
    Pass { log_likelihood: likelihood.ln(), moved: moved.into_iter().fold(0.0, f64::max) }
}

fn pass_any(
    layout: &Layout,
    prior: &[f64],
    table: &[f64],
    posterior: &mut [f64],
    counts: &mut Counts,
) -> Pass {
    let k = layout.k;
    let mut joint = vec![0.0; k];
    let mut moved = 0.0_f64;
    let mut likelihood = LogProduct::default();
    let mut start = 0;
    for (item, end) in layout.open.iter().zip(&layout.ends) {
        let rows = &layout.rows[start..*end as usize];
        start = *end as usize;
        joint.copy_from_slice(prior);
        for row in rows {
            let factors = &table[*row as usize * k..][..k];
            joint.iter_mut().zip(factors).for_each(|(to, factor)| *to *= factor);
        }
        let mut total: f64 = joint.iter().sum();
        if total < TOO_SMALL {
            likelihood.log += by_logarithms(rows, prior, table, &mut joint);
            total = 1.0;
        }
        likelihood.times(total);
        let old = &mut posterior[*item as usize * k..][..k];
        for (old, joint) in old.iter_mut().zip(&joint) {
            let q = joint / total;
            moved = moved.max((q - *old).abs());
            *old = q;
        }
        add(rows, old, counts);
    }
    Pass { log_likelihood: likelihood.ln(), moved }
}

/// An item's posterior by logarithms; returns its log-likelihood. Seldom: hundreds of votes, or impossible ones.
#[cold]
pub(super) fn by_logarithms(rows: &[u32], prior: &[f64], table: &[f64], joint: &mut [f64]) -> f64 {
    let k = joint.len();
    joint.iter_mut().zip(prior).for_each(|(to, p)| *to = log(*p));
    for row in rows {
        let factors = &table[*row as usize * k..][..k];
        joint.iter_mut().zip(factors).for_each(|(to, p)| *to += log(*p));
    }
    softmax(joint)
}

/// The logarithm of a long product, with one logarithm for many factors.
struct LogProduct {
    log: f64,
    product: f64,
}

impl Default for LogProduct {
    fn default() -> Self {
        Self { log: 0.0, product: 1.0 }
    }
}

impl LogProduct {
    /// `factor` is in [1e-200, 1].
    fn times(&mut self, factor: f64) {
        self.product *= factor;
        if self.product < 1e-100 {
            self.log += self.product.ln();
            self.product = 1.0;
        }
    }

    fn ln(&self) -> f64 {
        self.log + self.product.ln()
    }
}
