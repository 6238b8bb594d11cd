//! Crowds whose truth is known, for the tests of the models.

use super::{FitOptions, Vote, Voter, Votes};
use crate::Class;
use crate::random::SplitMix64;

/// Votes of every annotator on every item, and the truth: item i has class `i % n_classes`. `answers(annotator, truth)`
/// weighs the answers; the last weight is that of giving none.
pub(super) fn planted(
    n_items: usize,
    n_annotators: usize,
    n_classes: usize,
    answers: impl Fn(usize, usize) -> Vec<f64>,
) -> (Votes, Vec<Class>) {
    let mut random = SplitMix64::new(5);
    let mut votes = Vec::new();
    for item in 0..n_items {
        for annotator in 0..n_annotators {
            let weights = answers(annotator, item % n_classes);
            let mut draw = random.unit() * weights.iter().sum::<f64>();
            let class = weights.iter().position(|weight| {
                draw -= weight;
                draw < 0.0
            });
            if let Some(class) = class.filter(|class| *class < n_classes) {
                votes.push(Vote {
                    item: item as u32,
                    annotator: annotator as u32,
                    class: Class(class as u32),
                });
            }
        }
    }
    let truth = (0..n_items).map(|item| Class((item % n_classes) as u32)).collect();
    (Votes::new(n_items, n_annotators, n_classes, &votes).unwrap(), truth)
}

/// Options without gold for up to 16 people.
pub(super) fn options(votes: &Votes) -> FitOptions<'static> {
    const PEOPLE: [Voter; 16] = [Voter::Person; 16];
    FitOptions {
        voters: &PEOPLE[..votes.n_annotators()],
        gold: &[],
        n_rounds: 300,
        tolerance: 1e-6,
        n_restarts: 1,
        seed: 1,
    }
}
