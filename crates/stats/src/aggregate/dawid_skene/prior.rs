//! What is believed of each annotator before it votes, as pseudo-counts.
//!
//! In: expected counts. Out: the model of the highest posterior density, by [`Maximize`].
//!
//! Not here: the rounds (`em.rs`).

use super::em::{Counts, Maximize};
use super::model::{DawidSkeneModel, log};
use crate::aggregate::Voter;

/// What the pseudo-counts of a worker's row weigh, in votes.
const SKILL_ROW: f64 = 5.0;
/// What the skill of all weighs in the skill of one, in votes.
const SKILL_ALL: f64 = 4.0;

/// What is believed of an annotator before it votes.
#[derive(Debug, Clone, PartialEq)]
pub enum RowPrior {
    /// Nothing: maximum likelihood. An answer that was never seen with a class is held impossible with it.
    Nothing,
    /// `1 / n_classes` votes in each cell and one more on the diagonal: a little better than chance, and soon outvoted by
    /// the annotator's own votes.
    WeakDiagonal,
    /// Each row weighs 5 votes: the annotator's own skill on the diagonal, and its errors spread as those of all
    /// annotators with this prior are. The skill counts 4 votes of the skill of all. Both are estimated anew in every round.
    Skill,
    /// These pseudo-counts: `n_classes` rows, the truth is the row.
    Cells(Vec<f64>),
}

impl RowPrior {
    /// What suits this kind of annotator when nothing else is known.
    ///
    /// ```
    /// use karat_stats::aggregate::{RowPrior, Voter};
    /// assert_eq!(RowPrior::for_voter(Voter::Person), RowPrior::Skill);
    /// ```
    pub fn for_voter(voter: Voter) -> Self {
        match voter {
            Voter::Person => Self::Skill,
            Voter::Model => Self::WeakDiagonal,
        }
    }

    /// The pseudo-count of an answer where a class is the truth. The skill and the pool are read by [`Self::Skill`] alone.
    pub(crate) fn pseudo(
        &self,
        k: usize,
        (answer, truth): (usize, usize),
        skill: f64,
        pool: &ErrorPool<'_>,
    ) -> f64 {
        match self {
            Self::Nothing => 0.0,
            Self::WeakDiagonal => 1.0 / k as f64 + f64::from(u8::from(answer == truth)),
            Self::Skill => SKILL_ROW * pool.cell(skill, answer, truth),
            Self::Cells(cells) => cells[truth * k + answer],
        }
    }

    /// The sum of a row of pseudo-counts.
    pub(crate) fn row_total(&self, k: usize, truth: usize) -> f64 {
        match self {
            Self::Nothing => 0.0,
            Self::WeakDiagonal => 2.0,
            Self::Skill => SKILL_ROW,
            Self::Cells(cells) => cells[truth * k..][..k].iter().sum(),
        }
    }
}

/// The M-step with a prior for each annotator.
pub(crate) struct WithPriors<'a> {
    k: usize,
    priors: &'a [RowPrior],
    /// How many items each class has before any is seen.
    class_prior: f64,
    /// Pseudo-counts by annotator, then answer, then truth.
    pseudo: Vec<f64>,
}

impl<'a> WithPriors<'a> {
    /// `priors` is one for each annotator; a table of cells has the size of a confusion matrix.
    pub(crate) fn new(k: usize, priors: &'a [RowPrior], class_prior: f64) -> Self {
        let nobody = vec![0.0; k * k];
        let pool = ErrorPool::new(&nobody, k);
        let mut pseudo = vec![0.0; priors.len() * k * k];
        for (table, prior) in pseudo.chunks_exact_mut(k * k).zip(priors) {
            // The skills are estimated before the first use.
            for (n, cell) in table.iter_mut().enumerate() {
                *cell = prior.pseudo(k, (n / k, n % k), 0.0, &pool);
            }
        }
        Self { k, priors, class_prior, pseudo }
    }

    /// Estimates the skill of each annotator with [`RowPrior::Skill`], and how errors of all of them spread.
    fn estimate_skills(&mut self, counts: &Counts) {
        let k = self.k;
        let tables = || counts.answers.chunks_exact(k * k);
        let mut pooled = vec![0.0; k * k];
        for (table, prior) in tables().zip(self.priors) {
            if *prior == RowPrior::Skill {
                pooled.iter_mut().zip(table).for_each(|(to, n)| *to += n);
            }
        }
        let (all, pool) = (Skill::of(&pooled, k), ErrorPool::new(&pooled, k));
        for ((pseudo, table), prior) in self.pseudo.chunks_exact_mut(k * k).zip(tables()).zip(self.priors) {
            if *prior == RowPrior::Skill {
                let skill = Skill::of(table, k).shrunk(&all, k);
                for (n, cell) in pseudo.iter_mut().enumerate() {
                    *cell = prior.pseudo(k, (n / k, n % k), skill, &pool);
                }
            }
        }
    }
}

impl Maximize for WithPriors<'_> {
    fn maximize(&mut self, counts: &Counts, model: &mut DawidSkeneModel) {
        let k = self.k;
        if !self.is_fixed() {
            self.estimate_skills(counts);
        }
        let tables = counts.answers.chunks_exact(k * k).zip(self.pseudo.chunks_exact(k * k));
        for (to, (counts, pseudo)) in model.answers.chunks_exact_mut(k * k).zip(tables) {
            to.iter_mut().zip(counts.iter().zip(pseudo)).for_each(|(to, (n, more))| *to = n + more);
            for truth in 0..k {
                let total: f64 = to.iter().skip(truth).step_by(k).sum();
                let row = to.iter_mut().skip(truth).step_by(k);
                if total > 0.0 {
                    row.for_each(|cell| *cell /= total);
                } else {
                    row.for_each(|cell| *cell = 1.0 / k as f64);
                }
            }
        }
        set_shares(&counts.classes, self.class_prior, &mut model.prior);
    }

    fn log_prior(&self, model: &DawidSkeneModel) -> f64 {
        let square = self.k * self.k;
        let sum = |pseudo: &[f64], probabilities: &[f64]| -> f64 {
            let pairs = pseudo.iter().zip(probabilities).filter(|(n, _)| **n > 0.0);
            pairs.map(|(n, p)| n * log(*p)).sum()
        };
        let tables = self.pseudo.chunks_exact(square).zip(model.answers.chunks_exact(square));
        // An annotator's prior is tempered with its votes: how much it is trusted moves its matrix by nothing.
        let rows: f64 = tables.zip(&model.weights).map(|((n, p), weight)| weight * sum(n, p)).sum();
        rows + self.class_prior * model.prior.iter().map(|p| log(*p)).sum::<f64>()
    }

    fn is_fixed(&self) -> bool {
        self.priors.iter().all(|it| *it != RowPrior::Skill)
    }
}

/// The share of each class, of expected counts with `more` items in each class.
pub(crate) fn set_shares(classes: &[f64], more: f64, shares: &mut [f64]) {
    let total = classes.iter().sum::<f64>() + more * classes.len() as f64;
    shares.iter_mut().zip(classes).for_each(|(to, n)| *to = (n + more) / total);
}

/// How many votes an annotator gave, and how many of them are right, as expected.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Skill {
    pub(crate) n_right: f64,
    pub(crate) n_votes: f64,
}

impl Skill {
    /// From a table of expected counts.
    pub(crate) fn of(table: &[f64], k: usize) -> Self {
        Self { n_right: table.iter().step_by(k + 1).sum(), n_votes: table.iter().sum() }
    }

    /// The skill with [`SKILL_ALL`] votes of the skill of all, which without any vote is halfway from chance to 1.
    pub(crate) fn shrunk(&self, all: &Self, k: usize) -> f64 {
        let even = 0.5 + 0.5 / k as f64;
        let all = if all.n_votes > 0.0 { all.n_right / all.n_votes } else { even };
        (self.n_right + SKILL_ALL * all) / (self.n_votes + SKILL_ALL)
    }
}

/// How the errors of all annotators spread over the wrong answers, for each truth.
pub(crate) struct ErrorPool<'a> {
    k: usize,
    /// Expected counts by answer, then truth.
    pooled: &'a [f64],
    /// The errors of each truth.
    n_errors: Vec<f64>,
}

impl<'a> ErrorPool<'a> {
    pub(crate) fn new(pooled: &'a [f64], k: usize) -> Self {
        let of = |truth: usize| (0..k).filter(|it| *it != truth).map(|it| pooled[it * k + truth]).sum();
        Self { k, pooled, n_errors: (0..k).map(of).collect() }
    }

    /// The probability of an answer under this skill, where the errors are those of all.
    pub(crate) fn cell(&self, skill: f64, answer: usize, truth: usize) -> f64 {
        if self.k == 1 {
            1.0
        } else if answer == truth {
            skill
        } else if self.n_errors[truth] > 0.0 {
            (1.0 - skill) * self.pooled[answer * self.k + truth] / self.n_errors[truth]
        } else {
            (1.0 - skill) / (self.k - 1) as f64
        }
    }
}
