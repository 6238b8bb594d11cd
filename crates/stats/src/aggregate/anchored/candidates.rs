//! The ways to read the votes that are mixed.
//!
//! In: votes, and gold on some items. Out: for each candidate the posteriors of all items, fitted once with that gold.
//!
//! Not here: what each is worth (`mix.rs`).

use super::super::dawid_skene::{
    Counts, DawidSkeneModel, Fitted, Maximize, RowPrior, WithPriors, aggregate, run,
};
use super::super::{Aggregate, AggregateError, FitOptions, Remark, Voter, Votes};
use super::{BestAnnotator, METHOD, related, stack};
use crate::Class;

/// A way to read the votes.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// What its logarithms are divided by when nothing else is known: models that take annotators for independent are too
    /// sure by far.
    pub(super) temperature: f64,
    fit: fn(&Given<'_>, &FitOptions<'_>) -> Result<Vec<f64>, AggregateError>,
}

/// Every candidate. To add one: write its function, add its row.
pub(super) const CANDIDATES: &[Kind] = &[
    Kind {
        name: "dawid_skene",
        about: "confusion matrices from all items, gold clamped",
        temperature: TOO_SURE,
        fit: |given, options| given.confusions(options, &Reading { open: Open::Full, ..READING }),
    },
    Kind {
        name: "dawid_skene_even",
        about: "the same, classes taken for equally common",
        temperature: TOO_SURE,
        fit: |given, options| given.confusions(options, &Reading { open: Open::Full, even: true, ..READING }),
    },
    Kind {
        name: "weighted",
        about: "confusion matrices in which all items without gold count as 100 items with gold",
        temperature: TOO_SURE,
        fit: |given, options| given.confusions(options, &READING),
    },
    Kind {
        name: "weighted_even",
        about: "the same, classes taken for equally common",
        temperature: TOO_SURE,
        fit: |given, options| given.confusions(options, &Reading { even: true, ..READING }),
    },
    Kind {
        name: "related",
        about: "`weighted`, with annotators that make the same errors counted as fewer",
        temperature: TOO_SURE,
        fit: |given, options| given.confusions(options, &Reading { related: true, ..READING }),
    },
    Kind {
        name: "related_even",
        about: "the same, classes taken for equally common",
        temperature: TOO_SURE,
        fit: |given, options| given.confusions(options, &Reading { related: true, even: true, ..READING }),
    },
    Kind {
        name: "stacking",
        about: "logistic regression of the gold on the votes",
        temperature: 1.0,
        fit: |given, options| Ok(stack::posteriors(given.votes, options)),
    },
    Kind {
        name: "best_annotator",
        about: "the annotator that is right most often on the gold",
        temperature: 1.0,
        fit: |given, options| Ok(given.best_annotator(options)),
    },
];

/// The place of `best_annotator` among the candidates.
pub(super) const BEST: usize = CANDIDATES.len() - 1;

const TOO_SURE: f64 = 2.5;

/// As how many gold items those without gold count, all together: more, and what gold says of the annotators is drowned.
const OPEN_ITEMS: f64 = 100.0;
/// What the prior of a row weighs, in votes: the annotator answers as it always does, whatever the truth.
const HABIT: f64 = 2.0;
/// The share of an even distribution in that habit.
const EVEN: f64 = 0.1;
/// And a little better than that.
const RIGHT: f64 = 0.5;
/// What is learned is a prediction, not an estimate to be published: the rounds end here at the latest, or when no
/// posterior moves by more than `STILL`.
const N_ROUNDS: u32 = 50;
const STILL: f64 = 1e-3;

impl Kind {
    /// The posteriors of all items, row-major; zeros for an item without votes and gold.
    pub(super) fn fit(
        &self,
        given: &Given<'_>,
        options: &FitOptions<'_>,
    ) -> Result<Vec<f64>, AggregateError> {
        (self.fit)(given, options)
    }
}

/// How much items without gold count.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Open {
    /// As one with gold.
    Full,
    /// All together as [`OPEN_ITEMS`].
    Discounted,
}

/// How confusion matrices are learned.
#[derive(Debug, Clone, Copy)]
struct Reading {
    open: Open,
    /// Classes are taken for equally common.
    even: bool,
    /// Annotators that err together count as fewer.
    related: bool,
}

const READING: Reading = Reading { open: Open::Discounted, even: false, related: false };

/// What all candidates are given.
pub(super) struct Given<'a> {
    pub(super) votes: &'a Votes,
    pub(super) options: &'a FitOptions<'a>,
    rows: Vec<RowPrior>,
}

impl<'a> Given<'a> {
    pub(super) fn new(votes: &'a Votes, options: &'a FitOptions<'a>) -> Self {
        Self { votes, options, rows: habits(votes, options.voters) }
    }

    /// What was learned of the annotators, with posteriors still to be set.
    pub(super) fn describe(&self) -> Result<Aggregate, AggregateError> {
        let (mut described, _) =
            aggregate(METHOD.name, self.votes, self.learn(self.options, &READING)?, false);
        // What is mixed is scored on held-out gold as it is: more rounds would not make it more right.
        described.remarks.retain(|it| *it != Remark::NotConverged);
        Ok(described)
    }

    fn confusions(&self, options: &FitOptions<'_>, reading: &Reading) -> Result<Vec<f64>, AggregateError> {
        Ok(self.learn(options, reading)?.posterior)
    }

    fn learn(&self, options: &FitOptions<'_>, reading: &Reading) -> Result<Fitted, AggregateError> {
        let options = FitOptions {
            n_rounds: options.n_rounds.min(N_ROUNDS),
            tolerance: options.tolerance.max(STILL),
            ..*options
        };
        let weights = if reading.related {
            related::weights(self.votes, &options)
        } else {
            vec![1.0; self.votes.n_annotators()]
        };
        let mut maximize = Discounted {
            inner: WithPriors::new(self.votes.n_classes(), &self.rows, 1.0),
            settled: settled(self.votes, &options),
            factor: match reading.open {
                Open::Full => 1.0,
                Open::Discounted => (OPEN_ITEMS / n_open(self.votes, &options).max(1) as f64).min(1.0),
            },
            even: reading.even,
        };
        run(self.votes, &options, weights, &mut maximize)
    }

    /// What the annotator that is right most often on the gold says, as sure as it is right there. Where several tie, the
    /// mean of what they say; zeros where none of them labeled the item.
    fn best_annotator(&self, options: &FitOptions<'_>) -> Vec<f64> {
        let k = self.votes.n_classes();
        let known = super::known(self.votes, options);
        let mut posterior = vec![0.0; self.votes.n_items() * k];
        let Some(best) = most_often_right(self.votes, &known) else { return posterior };
        let right = (best.accuracy * best.n as f64 + 1.0) / (best.n as f64 + 2.0);
        let wrong = if k > 1 { (1.0 - right) / (k - 1) as f64 } else { 0.0 };
        for (row, of) in posterior.chunks_exact_mut(k).zip(self.votes.by_item()) {
            let of_best = || of.iter().filter(|vote| best.annotators.contains(&(vote.0 as usize)));
            let share = 1.0 / of_best().count().max(1) as f64;
            for (_, said) in of_best() {
                for (class, to) in row.iter_mut().enumerate() {
                    *to += share * if class == *said as usize { right } else { wrong };
                }
            }
        }
        posterior
    }
}

/// Who is right on the most of these items.
pub(super) fn most_often_right(votes: &Votes, known: &[(usize, Class)]) -> Option<BestAnnotator> {
    let mut n_right = vec![0.0_f64; votes.n_annotators()];
    for (item, gold) in known {
        let of = votes.of(*item);
        for (annotator, class) in of {
            if *class == gold.0 {
                n_right[*annotator as usize] +=
                    1.0 / of.iter().filter(|it| it.0 == *annotator).count() as f64;
            }
        }
    }
    let most = n_right.iter().copied().fold(0.0, f64::max);
    let annotators: Vec<usize> = (0..n_right.len()).filter(|it| n_right[*it] > most - 1e-9).collect();
    let n = known.len() as u64;
    (n > 0 && most > 0.0).then(|| BestAnnotator { annotators, accuracy: most / n as f64, n })
}

/// What is believed of each annotator: a model answers as it does over all items, and a little better.
fn habits(votes: &Votes, voters: &[Voter]) -> Vec<RowPrior> {
    let k = votes.n_classes();
    let mut answers = vec![0.0; votes.n_annotators() * k];
    for (annotator, class) in votes.by_item().flatten() {
        answers[*annotator as usize * k + *class as usize] += 1.0;
    }
    let habit = |answers: &[f64]| {
        let n_votes: f64 = answers.iter().sum();
        let share = |n: f64| if n_votes > 0.0 { n / n_votes } else { 1.0 / k as f64 };
        let cell = |n: usize| {
            let often = (1.0 - EVEN) * share(answers[n % k]) + EVEN / k as f64;
            HABIT * often + if n / k == n % k { RIGHT } else { 0.0 }
        };
        RowPrior::Cells((0..k * k).map(cell).collect())
    };
    voters
        .iter()
        .zip(answers.chunks_exact(k))
        .map(|(voter, answers)| match voter {
            Voter::Person => RowPrior::for_voter(*voter),
            Voter::Model => habit(answers),
        })
        .collect()
}

/// What gold items add to the counts.
fn settled(votes: &Votes, options: &FitOptions<'_>) -> Counts {
    let k = votes.n_classes();
    let mut settled = Counts { answers: vec![0.0; votes.n_annotators() * k * k], classes: vec![0.0; k] };
    for item in 0..votes.n_items() {
        let Some(Class(gold)) = options.gold_of(item) else { continue };
        settled.classes[gold as usize] += 1.0;
        for (annotator, class) in votes.of(item) {
            settled.answers[(*annotator as usize * k + *class as usize) * k + gold as usize] += 1.0;
        }
    }
    settled
}

/// The items with votes and without gold.
fn n_open(votes: &Votes, options: &FitOptions<'_>) -> usize {
    (0..votes.n_items())
        .filter(|item| options.gold_of(*item).is_none() && !votes.of(*item).is_empty())
        .count()
}

/// An M-step in which items without gold count less than one each.
struct Discounted<'a> {
    inner: WithPriors<'a>,
    settled: Counts,
    /// What an item without gold counts.
    factor: f64,
    /// Classes are taken for equally common.
    even: bool,
}

impl Maximize for Discounted<'_> {
    fn maximize(&mut self, counts: &Counts, model: &mut DawidSkeneModel) {
        let discounted = |all: &[f64], settled: &[f64]| -> Vec<f64> {
            all.iter().zip(settled).map(|(all, settled)| settled + self.factor * (all - settled)).collect()
        };
        let counts = Counts {
            answers: discounted(&counts.answers, &self.settled.answers),
            classes: discounted(&counts.classes, &self.settled.classes),
        };
        self.inner.maximize(&counts, model);
        if self.even {
            let even = 1.0 / model.prior.len() as f64;
            model.prior.fill(even);
        }
    }

    fn log_prior(&self, model: &DawidSkeneModel) -> f64 {
        self.inner.log_prior(model)
    }

    /// The likelihood of the rounds counts every item once: it is not what is maximized.
    fn is_fixed(&self) -> bool {
        false
    }
}
