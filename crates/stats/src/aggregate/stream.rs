//! Dawid-Skene that takes one more vote at a time, for a queue that must know now whom to believe.
//!
//! In: votes and gold, one by one. Out: the posterior of any item under what is known so far.
//!
//! Only expected counts are kept. A vote takes the old posterior of its item out of the counts of the annotators who voted
//! on it, and puts the new one in; probabilities are read off the counts when they are needed. With each vote one older
//! item is looked at again, in turn, so that what was counted when little was known does not stay for ever.
//!
//! R. M. Neal, G. E. Hinton, "A View of the EM Algorithm that Justifies Incremental, Sparse, and Other Variants", 1998.
//!
//! Not here: the fit of all votes at once (`dawid_skene.rs`).

use super::dawid_skene::{
    Counts, ErrorPool, Fitted, Skill, aggregate, check_size, fit_with, log, set_shares, softmax,
};
use super::{
    Aggregate, AggregateError, DawidSkeneModel, DawidSkenePriors, FitOptions, RowPrior, Vote, Voter, Votes,
};
use crate::Class;

/// A Dawid-Skene model of the votes that came so far.
///
/// Before the first vote an annotator is what its prior says. A vote costs the square of the number of classes, plus the
/// classes for each vote of its item and of one older item; nothing grows with the number of items or annotators.
///
/// Between refreshes the posteriors depend a little on the order in which votes come; after [`Self::refresh`] they do not.
/// ```
/// use karat_stats::{Class, aggregate::{DawidSkenePriors, RunningDawidSkene, Vote, Voter}};
/// let priors = DawidSkenePriors::for_voters(&[Voter::Person, Voter::Person]);
/// let mut running = RunningDawidSkene::new(1, 2, priors).unwrap();
/// running.add(Vote { item: 0, annotator: 0, class: Class(1) }).unwrap();
/// let one = running.posterior(0).unwrap()[1];
/// running.add(Vote { item: 0, annotator: 1, class: Class(1) }).unwrap();
/// assert!(running.posterior(0).unwrap()[1] > one);
/// assert_eq!(running.posterior(7), None);
/// ```
#[derive(Debug, Clone)]
pub struct RunningDawidSkene {
    k: usize,
    priors: DawidSkenePriors,
    items: Vec<Item>,
    counts: Counts,
    /// By annotator, then truth: the sum of its counts over the answers.
    totals: Vec<f64>,
    /// The same sum of the pseudo-counts.
    prior_totals: Vec<f64>,
    /// The counts of all annotators with [`RowPrior::Skill`], by answer, then truth.
    pooled: Vec<f64>,
    /// The item to look at again.
    cursor: u32,
}

/// What is known of an item.
#[derive(Debug, Clone, Default)]
struct Item {
    votes: Vec<(u32, u32)>,
    gold: Option<Class>,
    /// The posterior that is in the counts; empty for an item without votes and gold.
    counted: Vec<f64>,
}

impl RunningDawidSkene {
    /// A model of `n_items` items without votes, of annotators with these priors.
    ///
    /// # Errors
    /// No class, priors of another size, or [`RowPrior::Nothing`]: without a prior the first vote would mean nothing, and
    /// so would all after it.
    pub fn new(n_items: usize, n_classes: usize, priors: DawidSkenePriors) -> Result<Self, AggregateError> {
        if n_classes == 0 {
            return Err(AggregateError::WrongLength { what: "classes", got: 0, want: 1 });
        }
        check_size(1, n_classes)?;
        let mut running = Self {
            k: n_classes,
            items: vec![Item::default(); n_items],
            counts: Counts { answers: Vec::new(), classes: vec![0.0; n_classes] },
            totals: Vec::new(),
            prior_totals: Vec::new(),
            pooled: vec![0.0; n_classes * n_classes],
            cursor: 0,
            priors: DawidSkenePriors { rows: Vec::new(), weights: Vec::new(), ..priors },
        };
        priors.check(n_classes, priors.rows.len())?;
        for (annotator, prior) in priors.rows.into_iter().enumerate() {
            running.add_annotator(prior, priors.weights.get(annotator).copied().unwrap_or(1.0))?;
        }
        Ok(running)
    }

    /// One more annotator: its prior, and the weight in [0, 1] that its log-likelihood is multiplied by. Returns its
    /// number.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn add_annotator(&mut self, prior: RowPrior, weight: f64) -> Result<u32, AggregateError> {
        if prior == RowPrior::Nothing {
            return Err(AggregateError::Unfit(
                "votes one by one need a prior for each annotator: the first says nothing without one"
                    .to_owned(),
            ));
        }
        let one = DawidSkenePriors { rows: vec![prior], class_prior: 1.0, weights: vec![weight] };
        one.check(self.k, 1)?;
        check_size(self.priors.rows.len() + 1, self.k)?;
        self.prior_totals.extend((0..self.k).map(|truth| one.rows[0].row_total(self.k, truth)));
        self.priors.rows.extend(one.rows);
        self.priors.weights.push(weight);
        self.counts.answers.extend(std::iter::repeat_n(0.0, self.k * self.k));
        self.totals.extend(std::iter::repeat_n(0.0, self.k));
        Ok(self.priors.rows.len() as u32 - 1)
    }

    /// The number of items.
    pub fn n_items(&self) -> usize {
        self.items.len()
    }

    /// More items, numbered after those there are.
    pub fn add_items(&mut self, n_more: usize) {
        self.items.resize_with(self.items.len() + n_more, Item::default);
    }

    /// Takes one more vote.
    ///
    /// # Errors
    /// An item, an annotator or a class that is unknown.
    pub fn add(&mut self, vote: Vote) -> Result<(), AggregateError> {
        self.check(vote)?;
        let item = &self.items[vote.item as usize];
        let next = self.expect(&with(&item.votes, (vote.annotator, vote.class.0)), item.gold);
        self.replace(vote.item, next, |votes| votes.push((vote.annotator, vote.class.0)));
        self.look_again();
        Ok(())
    }

    /// Takes a vote back, one if there are several alike; `false` if there is none.
    ///
    /// # Errors
    /// An item, an annotator or a class that is unknown.
    pub fn remove(&mut self, vote: Vote) -> Result<bool, AggregateError> {
        self.check(vote)?;
        let same = |it: &(u32, u32)| *it == (vote.annotator, vote.class.0);
        let item = &self.items[vote.item as usize];
        let Some(place) = item.votes.iter().position(same) else { return Ok(false) };
        let mut left = item.votes.clone();
        left.swap_remove(place);
        let next = self.expect(&left, item.gold);
        self.replace(vote.item, next, |votes| *votes = left);
        Ok(true)
    }

    /// Settles the class of an item, or opens it again with `None`.
    ///
    /// # Errors
    /// An item or a class that is unknown.
    pub fn set_gold(&mut self, item: u32, gold: Option<Class>) -> Result<(), AggregateError> {
        check_below("item", item, self.items.len())?;
        if let Some(class) = gold {
            check_below("gold class", class.0, self.k)?;
        }
        self.items[item as usize].gold = gold;
        let next = self.expect(&self.items[item as usize].votes, gold);
        self.replace(item, next, |_| ());
        Ok(())
    }

    /// The posterior of an item under all that is known now; `None` for an item without votes and gold.
    pub fn posterior(&self, item: usize) -> Option<Vec<f64>> {
        let item = self.items.get(item)?;
        let posterior = self.expect(&item.votes, item.gold);
        (!posterior.is_empty()).then_some(posterior)
    }

    /// What an annotator answers (column) where the truth is the row, as believed now; `None` for an unknown annotator.
    pub fn confusion(&self, annotator: usize) -> Option<Vec<f64>> {
        (annotator < self.priors.rows.len()).then(|| DawidSkeneModel::from(self).confusion(annotator))?
    }

    /// Fits all votes from the start, as `dawid_skene` does, and goes on from there. The order in which votes came is
    /// forgotten.
    ///
    /// # Errors
    /// No votes so far, or a tolerance that is no number of 0 or more.
    pub fn refresh(&mut self, n_rounds: u32, tolerance: f64) -> Result<Aggregate, AggregateError> {
        let votes: Vec<Vote> = (0_u32..)
            .zip(&self.items)
            .flat_map(|(item, known)| {
                let vote = move |it: &(u32, u32)| Vote { item, annotator: it.0, class: Class(it.1) };
                known.votes.iter().map(vote)
            })
            .collect();
        let votes = Votes::new(self.items.len(), self.priors.rows.len(), self.k, &votes)?;
        let gold: Vec<Option<Class>> = self.items.iter().map(|it| it.gold).collect();
        // The priors say all that the kind of voter would.
        let voters = vec![Voter::Person; self.priors.rows.len()];
        let options =
            FitOptions { voters: &voters, gold: &gold, n_rounds, tolerance, n_restarts: 1, seed: 0 };
        let (fitted, is_fixed) = fit_with(&votes, &options, &self.priors)?;
        self.take(&fitted);
        Ok(aggregate("dawid_skene", &votes, fitted, is_fixed).0)
    }

    /// Takes the counts of a fit.
    fn take(&mut self, fitted: &Fitted) {
        let k = self.k;
        for (item, row) in self.items.iter_mut().zip(fitted.posterior.chunks_exact(k)) {
            let known = item.gold.is_some() || !item.votes.is_empty();
            item.counted = if known { row.to_vec() } else { Vec::new() };
        }
        self.counts.clone_from(&fitted.counts);
        self.pooled.fill(0.0);
        let tables = self.counts.answers.chunks_exact(k * k).zip(self.totals.chunks_exact_mut(k));
        for ((table, totals), prior) in tables.zip(&self.priors.rows) {
            totals.fill(0.0);
            table.iter().enumerate().for_each(|(n, count)| totals[n % k] += count);
            if *prior == RowPrior::Skill {
                self.pooled.iter_mut().zip(table).for_each(|(to, count)| *to += count);
            }
        }
    }

    /// An error where the item, the annotator or the class of a vote is unknown.
    fn check(&self, vote: Vote) -> Result<(), AggregateError> {
        check_below("item", vote.item, self.items.len())?;
        check_below("annotator", vote.annotator, self.priors.rows.len())?;
        check_below("class", vote.class.0, self.k)
    }

    /// Counts the next item in turn under what is known now.
    fn look_again(&mut self) {
        self.cursor = if (self.cursor as usize) + 1 < self.items.len() { self.cursor + 1 } else { 0 };
        let item = &self.items[self.cursor as usize];
        let next = self.expect(&item.votes, item.gold);
        self.replace(self.cursor, next, |_| ());
    }

    /// Replaces what an item adds to the counts, and changes its votes.
    fn replace(&mut self, item: u32, next: Vec<f64>, change: impl FnOnce(&mut Vec<(u32, u32)>)) {
        let old = self.items[item as usize].counted.clone();
        self.count(item, &old, -1.0);
        change(&mut self.items[item as usize].votes);
        self.count(item, &next, 1.0);
        self.items[item as usize].counted = next;
    }

    /// Adds a posterior to the counts of an item's annotators, or takes it out.
    fn count(&mut self, item: u32, posterior: &[f64], sign: f64) {
        let k = self.k;
        // Rounding must not leave less than nothing.
        let add = |to: &mut [f64]| {
            to.iter_mut().zip(posterior).for_each(|(to, q)| *to = (*to + sign * q).max(0.0));
        };
        if posterior.is_empty() {
            return;
        }
        add(&mut self.counts.classes);
        for (annotator, answer) in &self.items[item as usize].votes {
            let (annotator, answer) = (*annotator as usize, *answer as usize);
            add(&mut self.counts.answers[(annotator * k + answer) * k..][..k]);
            add(&mut self.totals[annotator * k..][..k]);
            if self.priors.rows[annotator] == RowPrior::Skill {
                add(&mut self.pooled[answer * k..][..k]);
            }
        }
    }

    /// The posterior of these votes and this gold; empty without either.
    fn expect(&self, votes: &[(u32, u32)], gold: Option<Class>) -> Vec<f64> {
        if let Some(class) = gold {
            return (0..self.k).map(|it| f64::from(u8::from(it == class.0 as usize))).collect();
        }
        if votes.is_empty() {
            return Vec::new();
        }
        let pool = self.pool();
        let mut joint = self.counts.classes.clone();
        joint.iter_mut().for_each(|it| *it = log(*it + self.priors.class_prior));
        for (annotator, answer) in votes {
            let weight = self.priors.weights[*annotator as usize];
            let probabilities = self.probabilities(*annotator as usize, *answer as usize, &pool);
            joint.iter_mut().zip(probabilities).for_each(|(to, p)| *to += weight * log(p));
        }
        softmax(&mut joint);
        joint
    }

    /// The skill of all annotators with [`RowPrior::Skill`], and how their errors spread.
    fn pool(&self) -> (Skill, ErrorPool<'_>) {
        (Skill::of(&self.pooled, self.k), ErrorPool::new(&self.pooled, self.k))
    }

    /// For each truth the probability of an answer, read off the counts.
    fn probabilities(
        &self,
        annotator: usize,
        answer: usize,
        (all, pool): &(Skill, ErrorPool<'_>),
    ) -> impl Iterator<Item = f64> {
        let k = self.k;
        let table = &self.counts.answers[annotator * k * k..][..k * k];
        let totals = &self.totals[annotator * k..][..k];
        let prior_totals = &self.prior_totals[annotator * k..][..k];
        let prior = &self.priors.rows[annotator];
        let skill = Skill { n_right: table.iter().step_by(k + 1).sum(), n_votes: totals.iter().sum() };
        let skill = skill.shrunk(all, k);
        (0..k).map(move |truth| {
            let total = prior_totals[truth] + totals[truth];
            let n = prior.pseudo(k, (answer, truth), skill, pool) + table[answer * k + truth];
            if total > 0.0 { n / total } else { 1.0 / k as f64 }
        })
    }
}

/// These votes and one more.
fn with(votes: &[(u32, u32)], one: (u32, u32)) -> Vec<(u32, u32)> {
    votes.iter().copied().chain([one]).collect()
}

fn check_below(what: &'static str, got: u32, end: usize) -> Result<(), AggregateError> {
    if (got as usize) < end {
        Ok(())
    } else {
        Err(AggregateError::OutOfRange { what, got: u64::from(got), end: end as u64 })
    }
}

/// The model that a running one holds now, to score items elsewhere.
impl From<&RunningDawidSkene> for DawidSkeneModel {
    fn from(running: &RunningDawidSkene) -> Self {
        let (k, pool) = (running.k, running.pool());
        let mut model = Self::blank(k, running.priors.weights.clone());
        for (row, to) in model.answers.chunks_exact_mut(k).enumerate() {
            let probabilities = running.probabilities(row / k, row % k, &pool);
            to.iter_mut().zip(probabilities).for_each(|(to, p)| *to = p);
        }
        set_shares(&running.counts.classes, running.priors.class_prior, &mut model.prior);
        model
    }
}

#[cfg(test)]
mod tests;
