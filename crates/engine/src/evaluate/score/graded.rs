//! What is told of labels that stand in an order, beside what is told of all single labels.
//!
//! In: the scores of single labels. Out: the same, with how many grades the answers are off. A label's grade is its place among
//! the labels of the task.

use karat_stats::agreement::{Coefficient, Measure, Rating, Ratings, Weights, agree};
use karat_stats::{Class, Estimate, IntervalOptions, score_numbers};

use super::{Asked, Scored, bare, metric};
use crate::plain::Plain;

/// Adds the numbers of grades.
pub(super) fn with_grades(
    mut scored: Scored,
    asked: &[Asked<'_>],
    n_classes: u32,
    by: &IntervalOptions,
) -> Scored {
    let pairs: Vec<(Class, Class)> = asked
        .iter()
        .filter_map(|(gold, given)| match (gold, given) {
            (Plain::Choice(gold), Ok(Plain::Choice(given))) => Some((*gold, *given)),
            _ => None,
        })
        .collect();
    let numbers: Vec<(f64, f64)> = pairs.iter().map(|(a, b)| (f64::from(a.0), f64::from(b.0))).collect();
    let near = pairs.iter().filter(|(gold, given)| gold.0.abs_diff(given.0) <= 1).count() as u64;
    scored.metrics.extend([
        metric(
            "within one grade",
            "off by one grade at most, of all asked; failures count as wrong",
            Estimate::share(near, asked.len() as u64, by.level),
        ),
        bare("mean error in grades", "grades off, mean over the labeled", score_numbers(&numbers, by).mae),
        bare(
            "weighted kappa",
            "agreement with the gold beyond chance, quadratic weights, over the labeled",
            weighted_kappa(&pairs, n_classes, by),
        ),
    ]);
    scored
}

fn weighted_kappa(pairs: &[(Class, Class)], n_classes: u32, by: &IntervalOptions) -> Option<Estimate> {
    let rating = |item: usize, annotator, value| Rating { item: item as u32, annotator, value };
    let ratings =
        pairs.iter().enumerate().flat_map(|(n, (gold, given))| [rating(n, 0, *gold), rating(n, 1, *given)]);
    let ratings = Ratings::new(pairs.len(), 2, ratings.collect()).ok()?;
    let measure = Measure { coefficient: Coefficient::CohenKappa, weights: Weights::Quadratic, n_classes };
    agree(&ratings, &measure, by).ok().map(|it| it.estimate)
}
