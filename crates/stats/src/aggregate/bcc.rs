//! Bayesian classifier combination by variational Bayes, with subtypes of classes: the engine of `ibcc` and `ebcc`.
//!
//! In: votes, gold, a start. Out: posteriors, confusion matrices, the evidence bound of each round.
//!
//! Every item has a class and a subtype of it; every annotator has a distribution over answers for each subtype. The
//! class shares have the prior Dirichlet(1), the subtype shares of a class Dirichlet(0.1 / n_subtypes), the answers
//! Dirichlet(4 at the class, 1 elsewhere), as in the authors' program. One subtype a class is the independent model.
//!
//! Not here: where to start.

use super::latent::{self, Found};
use super::{AggregateError, FitOptions, Votes};
use crate::special::{digamma, ln_gamma};

const CLASS: f64 = 1.0;
const SUBTYPES: f64 = 0.1;
const RIGHT: f64 = 4.0;
const WRONG: f64 = 1.0;

/// The most cells of all confusion matrices together: a quarter of a gigabyte each for counts, logarithms and the next
/// counts.
const MOST_CELLS: usize = 1 << 25;

/// The size of the model.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) n_classes: usize,
    pub(super) n_subtypes: usize,
}

impl Shape {
    /// The shape for these votes, or an error where the model would not fit into memory.
    pub(super) fn new(votes: &Votes, n_subtypes: usize) -> Result<Self, AggregateError> {
        let shape = Self { n_classes: votes.n_classes(), n_subtypes };
        let n_cells = [shape.n_classes, shape.n_states()]
            .into_iter()
            .try_fold(votes.n_annotators(), usize::checked_mul);
        if n_cells.is_none_or(|n| n > MOST_CELLS) {
            return Err(AggregateError::Unfit(format!(
                "{} annotators and {} classes with {n_subtypes} subtypes are too many for confusion matrices: at most \
                 {MOST_CELLS} cells; take fewer annotators or a method of one skill an annotator",
                votes.n_annotators(),
                shape.n_classes,
            )));
        }
        Ok(shape)
    }

    /// The prior of an answer in a state.
    fn prior(self, answer: usize, state: usize) -> f64 {
        if answer == state / self.n_subtypes { RIGHT } else { WRONG }
    }

    /// Subtypes of all classes.
    pub(super) fn n_states(self) -> usize {
        self.n_classes * self.n_subtypes
    }
}

/// How many items each state has and how often each annotator gave each answer in it, as expected, priors included.
pub(super) struct Counts {
    shape: Shape,
    class: Vec<f64>,
    /// By class, then subtype.
    state: Vec<f64>,
    /// By annotator, then answer, then state: what a vote needs lies side by side.
    answer: Vec<f64>,
}

impl Counts {
    /// The priors.
    pub(super) fn new(votes: &Votes, shape: Shape) -> Self {
        let n_states = shape.n_states();
        let mut answer = vec![0.0; votes.n_annotators() * shape.n_classes * n_states];
        for (row, cells) in answer.chunks_exact_mut(n_states).enumerate() {
            cells.iter_mut().enumerate().for_each(|(of, to)| *to = shape.prior(row % shape.n_classes, of));
        }
        Self {
            shape,
            class: vec![CLASS; shape.n_classes],
            state: vec![SUBTYPES / shape.n_subtypes as f64; n_states],
            answer,
        }
    }

    /// Adds an item with a distribution over states.
    pub(super) fn add(&mut self, of: &[(u32, u32)], states: &[f64]) {
        let Shape { n_classes, n_subtypes } = self.shape;
        for (to, states) in self.class.iter_mut().zip(states.chunks_exact(n_subtypes)) {
            *to += states.iter().sum::<f64>();
        }
        self.state.iter_mut().zip(states).for_each(|(to, p)| *to += p);
        for (annotator, class) in of {
            let first = (*annotator as usize * n_classes + *class as usize) * states.len();
            let cells = &mut self.answer[first..first + states.len()];
            cells.iter_mut().zip(states).for_each(|(to, p)| *to += p);
        }
    }

    /// The expected confusion matrix of each annotator: subtypes are weighed by their shares.
    fn confusion(&self) -> Vec<f64> {
        let Shape { n_classes, n_subtypes } = self.shape;
        let n_states = self.shape.n_states();
        let mut confusion = Vec::with_capacity(self.answer.len() / n_subtypes);
        for of_one in self.answer.chunks_exact(n_classes * n_states) {
            let cell = |answer: usize, state: usize| of_one[answer * n_states + state];
            let mut rows = vec![0.0; n_classes * n_classes];
            for state in 0..n_states {
                let class = state / n_subtypes;
                let of_class: f64 = self.state[class * n_subtypes..(class + 1) * n_subtypes].iter().sum();
                let sum: f64 = (0..n_classes).map(|answer| cell(answer, state)).sum();
                for answer in 0..n_classes {
                    rows[class * n_classes + answer] +=
                        self.state[state] / of_class * cell(answer, state) / sum;
                }
            }
            confusion.extend(rows);
        }
        confusion
    }
}

/// Expected logarithms under the counts, and how much was learned beyond the priors.
struct Logs {
    state: Vec<f64>,
    answer: Vec<f64>,
    learned: f64,
}

impl Logs {
    fn new(counts: &Counts) -> Self {
        let shape = counts.shape;
        let Shape { n_classes, n_subtypes } = shape;
        let n_states = shape.n_states();
        let mut learned = dirichlet_divergence(&counts.class, &vec![CLASS; n_classes]);
        let spread = vec![SUBTYPES / n_subtypes as f64; n_subtypes];
        let of_all = digamma(counts.class.iter().sum());
        let mut state = vec![0.0; n_states];
        for class in 0..n_classes {
            let range = class * n_subtypes..(class + 1) * n_subtypes;
            learned += dirichlet_divergence(&counts.state[range.clone()], &spread);
            let of_class =
                digamma(counts.class[class]) - of_all - digamma(counts.state[range.clone()].iter().sum());
            range.for_each(|it| state[it] = of_class + digamma(counts.state[it]));
        }
        let mut answer = vec![0.0; counts.answer.len()];
        let (mut column, mut before) = (vec![0.0; n_classes], vec![0.0; n_classes]);
        for first in (0..answer.len()).step_by(n_classes * n_states) {
            for of in first..first + n_states {
                for class in 0..n_classes {
                    column[class] = counts.answer[of + class * n_states];
                    before[class] = shape.prior(class, of - first);
                }
                learned += dirichlet_divergence(&column, &before);
                let of_sum = digamma(column.iter().sum());
                for class in 0..n_classes {
                    answer[of + class * n_states] = digamma(column[class]) - of_sum;
                }
            }
        }
        Self { state, answer, learned }
    }
}

/// The divergence of Dirichlet(`after`) from Dirichlet(`before`), in nats.
pub(super) fn dirichlet_divergence(after: &[f64], before: &[f64]) -> f64 {
    if after == before {
        return 0.0;
    }
    let (sum, sum_before): (f64, f64) = (after.iter().sum(), before.iter().sum());
    let of_sum = digamma(sum);
    let cells = after.iter().zip(before).map(|(after, before)| {
        if after == before {
            return 0.0;
        }
        ln_gamma(*before) - ln_gamma(*after) + (after - before) * digamma(*after)
    });
    ln_gamma(sum) - ln_gamma(sum_before) - (sum - sum_before) * of_sum + cells.sum::<f64>()
}

/// Rounds from a start: `counts` are learned from, then items are weighed, until the posteriors stand still.
///
/// `posterior` is what the start stands for; the objective is the evidence bound, a lower bound of the logarithm of the
/// probability of the votes, and never falls.
pub(super) fn climb(
    votes: &Votes,
    options: &FitOptions<'_>,
    mut posterior: Vec<f64>,
    mut counts: Counts,
) -> Found {
    let shape = counts.shape;
    let mut states = vec![0.0; shape.n_states()];
    let mut objective = Vec::new();
    let (mut n_rounds, mut converged) = (0, false);
    while n_rounds < options.n_rounds && !converged {
        let logs = Logs::new(&counts);
        let (mut moved, mut bound) = (0.0_f64, -logs.learned);
        let mut next = Counts::new(votes, shape);
        for (item, row) in posterior.chunks_exact_mut(shape.n_classes).enumerate() {
            let (of, gold) = (votes.of(item), options.gold_of(item));
            if of.is_empty() && gold.is_none() {
                continue;
            }
            states.copy_from_slice(&logs.state);
            for (annotator, class) in of {
                let first = (*annotator as usize * shape.n_classes + *class as usize) * states.len();
                let logs = &logs.answer[first..first + states.len()];
                states.iter_mut().zip(logs).for_each(|(to, log)| *to += log);
            }
            if let Some(gold) = gold {
                let others =
                    states.iter_mut().enumerate().filter(|(it, _)| it / shape.n_subtypes != gold.0 as usize);
                others.for_each(|(_, it)| *it = f64::NEG_INFINITY);
            }
            bound += latent::normalize(&mut states);
            next.add(of, &states);
            for (p, states) in row.iter_mut().zip(states.chunks_exact(shape.n_subtypes)) {
                let new = states.iter().sum::<f64>().min(1.0);
                moved = moved.max((new - *p).abs());
                *p = new;
            }
        }
        counts = next;
        objective.push(bound);
        converged = moved <= options.tolerance;
        n_rounds += 1;
    }
    Found { confusion: counts.confusion(), posterior, n_rounds, converged, objective }
}

#[cfg(test)]
mod tests {
    use super::dirichlet_divergence;

    #[track_caller]
    fn check(after: &[f64], before: &[f64], want: f64) {
        let got = dirichlet_divergence(after, before);
        assert!((got - want).abs() < 1e-12, "got {got}, want {want}");
    }

    #[test]
    fn nothing_learned_is_no_divergence() {
        check(&[0.5, 4.0, 1.0], &[0.5, 4.0, 1.0], 0.0);
        check(&[3.5], &[0.1], 0.0);
    }

    #[test]
    fn a_line_from_an_even_prior_diverges_by_what_the_integral_gives() {
        // The density 2x on (0, 1) against 1: the integral of 2x ln(2x) is ln 2 - 1/2.
        check(&[2.0, 1.0], &[1.0, 1.0], std::f64::consts::LN_2 - 0.5);
    }
}
