//! What a way to label is worth: accuracy, macro-F1, cost and who decided.
//!
//! In: for each item the labels given (several where they tie), who decided, what it cost. Out: [`Worth`].

use karat_stats::Class;

/// Who decided an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// The first tier, or the only one.
    First,
    /// The strong model.
    Strong,
    /// A person, who is taken to give the gold.
    Person,
}

/// What became of one item.
#[derive(Debug, Clone)]
pub(crate) struct Played {
    /// Classes that tie, each with its share; empty where there is no label.
    pub(crate) shares: Vec<(Class, f64)>,
    pub(crate) who: Who,
    /// Dollars for a million calls.
    pub(crate) cost: f64,
}

/// The means over the items that were tested.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Worth {
    /// Of all items; what goes to a person is right.
    pub(crate) accuracy: f64,
    /// The mean of the F1 of each class of the gold.
    pub(crate) macro_f1: f64,
    /// Of the items that models decided.
    pub(crate) alone: f64,
    /// As a share of what the best model by gold costs.
    pub(crate) cost: f64,
    /// The shares of [`Who`].
    pub(crate) decided: [f64; 3],
}

impl Worth {
    /// `played` and `gold` side by side; `base` is the cost of one call of the best model by gold.
    pub(crate) fn of(played: &[Played], gold: &[Class], n_classes: usize, base: f64) -> Self {
        let n = played.len() as f64;
        let (mut right, mut right_alone, mut cost, mut decided) = (0.0, 0.0, 0.0, [0.0; 3]);
        let (mut hits, mut given, mut wanted) =
            (vec![0.0; n_classes], vec![0.0; n_classes], vec![0.0; n_classes]);
        for (it, gold) in played.iter().zip(gold) {
            let truth = [(*gold, 1.0)];
            let shares: &[(Class, f64)] = if it.who == Who::Person { &truth } else { &it.shares };
            let hit: f64 = shares.iter().filter(|(class, _)| class == gold).map(|(_, share)| share).sum();
            right += hit;
            right_alone += if it.who == Who::Person { 0.0 } else { hit };
            cost += it.cost;
            decided[it.who as usize] += 1.0 / n;
            hits[gold.0 as usize] += hit;
            wanted[gold.0 as usize] += 1.0;
            shares.iter().for_each(|(class, share)| given[class.0 as usize] += share);
        }
        let f1: Vec<f64> = (0..n_classes)
            .filter(|class| wanted[*class] > 0.0)
            .map(|class| 2.0 * hits[class] / (given[class] + wanted[class]))
            .collect();
        Self {
            accuracy: right / n,
            macro_f1: f1.iter().sum::<f64>() / f1.len() as f64,
            alone: right_alone / (n * (1.0 - decided[2])),
            cost: cost / n / base,
            decided,
        }
    }

    /// The mean of several.
    pub(crate) fn mean(all: &[Self]) -> Self {
        let mean = |of: &dyn Fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        Self {
            accuracy: mean(&|it| it.accuracy),
            macro_f1: mean(&|it| it.macro_f1),
            alone: mean(&|it| it.alone),
            cost: mean(&|it| it.cost),
            decided: [0, 1, 2].map(|who| mean(&|it| it.decided[who])),
        }
    }
}
