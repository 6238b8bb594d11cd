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
        let mut pseudo = vec![0.0; priors.len() * k * k];
        for (table, prior) in pseudo.chunks_exact_mut(k * k).zip(priors) {
            match prior {
                RowPrior::Nothing | RowPrior::Skill => {}
                RowPrior::WeakDiagonal => {
                    table.fill(1.0 / k as f64);
                    table.iter_mut().step_by(k + 1).for_each(|cell| *cell += 1.0);
                }
                RowPrior::Cells(cells) => {
                    for (n, cell) in table.iter_mut().enumerate() {
                        *cell = cells[n % k * k + n / k];
                    }
                }
            }
        }
        Self { k, priors, class_prior, pseudo }
    }

    /// Estimates the skill of each annotator with [`RowPrior::Skill`], and how errors of all of them spread.
    fn estimate_skills(&mut self, counts: &Counts) {
        let k = self.k;
        let skilled = |tables: &'_ [f64]| -> Vec<Skill> {
            let tables = tables.chunks_exact(k * k).zip(self.priors);
            tables
                .map(|(table, prior)| match prior {
                    RowPrior::Skill => Skill::of(table, k),
                    RowPrior::Nothing | RowPrior::WeakDiagonal | RowPrior::Cells(_) => Skill::default(),
                })
                .collect()
        };
        let skills = skilled(&counts.answers);
        let mut pooled = vec![0.0; k * k];
        for (table, _) in self.tables(&counts.answers) {
            pooled.iter_mut().zip(table).for_each(|(to, n)| *to += n);
        }
        let all = Skill::of(&pooled, k);
        let pool = ErrorPool::new(&pooled, k);
        let tables = self.pseudo.chunks_exact_mut(k * k).zip(self.priors).zip(&skills);
        for ((table, prior), skill) in tables {
            if *prior == RowPrior::Skill {
                let skill = skill.shrunk(&all, k);
                for (n, cell) in table.iter_mut().enumerate() {
                    *cell = SKILL_ROW * pool.cell(skill, n / k, n % k);
                }
            }
        }
    }

    /// The tables of the annotators with [`RowPrior::Skill`].
    fn tables<'t>(&self, answers: &'t [f64]) -> impl Iterator<Item = (&'t [f64], &'a RowPrior)> {
        let tables = answers.chunks_exact(self.k * self.k).zip(self.priors);
        tables.filter(|(_, prior)| **prior == RowPrior::Skill)
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
