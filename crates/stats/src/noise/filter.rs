//! The ways to say which labels are probably wrong, from the same counts.

use super::{Joint, Judged};

/// A class keeps at least so many of its labels, whatever the counts say.
const KEPT: u64 = 1;

/// A way to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// For each pair of given and true class as many as were counted, those first where the true class is most ahead.
    PruneByNoiseRate,
    /// For each given class as many as were counted wrong, the least probable labels first.
    PruneByClass,
    /// What both of these choose.
    Both,
    /// Every item of which the model is confident that another class is true.
    ConfidentLearning,
    /// Every item whose most probable class is not the given one.
    PredictedNeqGiven,
    /// As many as are estimated wrong, lowest self-confidence first.
    LowSelfConfidence,
    /// As many as are estimated wrong, lowest normalized margin first.
    LowNormalizedMargin,
}

/// A filter with its name.
#[derive(Debug, Clone, Copy)]
pub struct FilterRow {
    /// The name on the command line.
    pub name: &'static str,
    /// What it chooses, in a few words.
    pub about: &'static str,
    /// The filter.
    pub filter: Filter,
}

/// Every filter, in the order of the documentation; the first is the usual one.
pub const FILTERS: &[FilterRow] = &[
    FilterRow {
        name: "prune_by_noise_rate",
        about: "by the counted rate of each pair of given and true label",
        filter: Filter::PruneByNoiseRate,
    },
    FilterRow {
        name: "prune_by_class",
        about: "by the counted share of wrong labels of each given label",
        filter: Filter::PruneByClass,
    },
    FilterRow { name: "both", about: "what the two above agree on: fewer and surer", filter: Filter::Both },
    FilterRow {
        name: "confident_learning",
        about: "where the model is confident of another label",
        filter: Filter::ConfidentLearning,
    },
    FilterRow {
        name: "predicted_neq_given",
        about: "where another label is more probable: the most",
        filter: Filter::PredictedNeqGiven,
    },
    FilterRow {
        name: "low_self_confidence",
        about: "the estimated number, least probable labels first",
        filter: Filter::LowSelfConfidence,
    },
    FilterRow {
        name: "low_normalized_margin",
        about: "the estimated number, labels furthest behind first",
        filter: Filter::LowNormalizedMargin,
    },
];

impl Judged<'_> {
    /// Whether each label is probably wrong.
    ///
    /// Where several items are equally suspect at the border, the first ones are taken. Except for the two filters by
    /// score, an item whose given label is the most probable one is never chosen.
    ///
    /// ```
    /// use karat_stats::{Class, noise::{Filter, Judged}};
    /// let given = [0, 0, 0, 1, 1, 1].map(Class);
    /// let p = [0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.1, 0.9, 0.2, 0.8, 0.3, 0.7];
    /// let judged = Judged::new(&given, &p, 2).unwrap();
    /// let wrong = judged.suspects(Filter::PruneByNoiseRate);
    /// assert_eq!(wrong, [false, false, true, false, false, false]);
    /// ```
    pub fn suspects(&self, filter: Filter) -> Vec<bool> {
        let joint = self.joint();
        let mut wrong = match filter {
            Filter::PruneByNoiseRate => self.by_noise_rate(&joint),
            Filter::PruneByClass => self.by_class(&joint),
            Filter::Both => {
                let by_class = self.by_class(&joint);
                self.by_noise_rate(&joint).into_iter().zip(by_class).map(|(a, b)| a && b).collect()
            }
            Filter::ConfidentLearning => self.off_diagonal(&joint),
            Filter::PredictedNeqGiven => vec![true; self.given.len()],
            Filter::LowSelfConfidence => return self.lowest(&joint, &self.self_confidence()),
            Filter::LowNormalizedMargin => return self.lowest(&joint, &self.normalized_margin()),
        };
        for (item, given) in self.given.iter().enumerate() {
            wrong[item] &= self.top(item) != given.0 as usize;
        }
        wrong
    }

    /// The most probable class; of equal ones the first.
    fn top(&self, item: usize) -> usize {
        let row = self.row(item);
        (1..row.len()).fold(0, |top, class| if row[class] > row[top] { class } else { top })
    }

    /// The items of each given class, and how many right labels and how many of each true class are counted there.
    fn prune_counts(&self, joint: &Joint) -> Vec<(Vec<usize>, Vec<u64>)> {
        let k = self.n_classes;
        let mut items = vec![Vec::new(); k];
        for (item, given) in self.given.iter().enumerate() {
            items[given.0 as usize].push(item);
        }
        let kept = |(class, items): (usize, Vec<usize>)| {
            let mut counts = joint.counts[class * k..(class + 1) * k].to_vec();
            let short = KEPT.saturating_sub(counts[class]);
            counts[class] += short;
            if short > 0 {
                // What the class keeps is taken evenly from what was counted wrong.
                let n_wrong =
                    counts.iter().enumerate().filter(|(of, n)| *of != class && **n > 0).count().max(1);
                for (of, n) in counts.iter_mut().enumerate().filter(|(of, _)| *of != class) {
                    let less = *n as f64 - short as f64 / n_wrong as f64;
                    *n = if of == class { *n } else { less.max(0.0).round_ties_even() as u64 };
                }
            }
            (items, counts)
        };
        items.into_iter().enumerate().map(kept).collect()
    }

    fn by_noise_rate(&self, joint: &Joint) -> Vec<bool> {
        let mut wrong = vec![false; self.given.len()];
        for (class, (items, counts)) in self.prune_counts(joint).into_iter().enumerate() {
            if items.len() as u64 <= KEPT {
                continue;
            }
            for (truth, n) in counts.into_iter().enumerate().filter(|(truth, _)| *truth != class) {
                let behind = |item: &usize| self.row(*item)[class] - self.row(*item)[truth];
                least(&items, n as usize, behind).for_each(|item| wrong[item] = true);
            }
        }
        wrong
    }

    fn by_class(&self, joint: &Joint) -> Vec<bool> {
        let mut wrong = vec![false; self.given.len()];
        for (class, (items, counts)) in self.prune_counts(joint).into_iter().enumerate() {
            let n = (items.len() as u64).saturating_sub(counts[class]);
            if items.len() as u64 > KEPT {
                let believed = |item: &usize| self.row(*item)[class];
                least(&items, n as usize, believed).for_each(|item| wrong[item] = true);
            }
        }
        wrong
    }

    fn off_diagonal(&self, joint: &Joint) -> Vec<bool> {
        let given = self.given.iter();
        given
            .zip(self.confident(&joint.thresholds))
            .map(|(given, truth)| truth.is_some_and(|truth| truth != given.0 as usize))
            .collect()
    }

    /// The lowest scores, as many as the model is confident are wrong.
    fn lowest(&self, joint: &Joint, scores: &[f64]) -> Vec<bool> {
        let off = self.off_diagonal(joint);
        let n = off
            .iter()
            .enumerate()
            .filter(|(item, off)| **off && self.top(*item) != self.given[*item].0 as usize);
        let n = n.count();
        let items: Vec<usize> = (0..scores.len()).collect();
        let mut wrong = vec![false; scores.len()];
        least(&items, n, |item| scores[*item]).for_each(|item| wrong[item] = true);
        wrong
    }
}

/// The `n` items with the least score; of equal ones the first.
fn least(items: &[usize], n: usize, score: impl Fn(&usize) -> f64) -> impl Iterator<Item = usize> {
    let mut scored: Vec<(f64, usize)> = items.iter().map(|item| (score(item), *item)).collect();
    let n = n.min(scored.len());
    if n > 0 && n < scored.len() {
        scored.select_nth_unstable_by(n - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
    scored.truncate(n);
    scored.into_iter().map(|(_, item)| item)
}
