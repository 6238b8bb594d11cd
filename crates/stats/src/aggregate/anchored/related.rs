//! How many independent annotators each annotator counts as: those that make the same errors count as fewer.
//!
//! In: votes, gold. Out: a weight in (0, 1] for each annotator, for its log-likelihood.
//!
//! Not here: families that somebody declares; what errors show is what counts.

use crate::aggregate::{FitOptions, Votes};

/// The pairs of votes that weigh as much as the belief that annotators err independently.
const INDEPENDENT: f64 = 20.0;
/// With more annotators no pair is compared: crowds of people are large and share few items.
const MAX_ANNOTATORS: usize = 1_000;

/// `1 / (1 + Σ ρ)` over the other annotators, with ρ the correlation of two annotators' answers beyond what the truth
/// explains, where it is positive: ten copies of one annotator weigh a tenth each.
pub(super) fn weights(votes: &Votes, options: &FitOptions<'_>) -> Vec<f64> {
    let (k, n_annotators) = (votes.n_classes(), votes.n_annotators());
    if n_annotators > MAX_ANNOTATORS {
        return vec![1.0; n_annotators];
    }
    let known = super::known(votes, options);
    // What each annotator says where each class is the truth.
    let mut usual = vec![0.0; n_annotators * k * k];
    for (item, gold) in &known {
        for (annotator, class) in votes.of(*item) {
            usual[(*annotator as usize * k + gold.0 as usize) * k + *class as usize] += 1.0;
        }
    }
    for row in usual.chunks_exact_mut(k) {
        let total: f64 = row.iter().sum();
        row.iter_mut().for_each(|it| *it /= total.max(1.0));
    }
    // The dot product of two residuals: of the answer as a unit vector, less the usual answers.
    let usual_of = |annotator: u32, gold: usize| &usual[(annotator as usize * k + gold) * k..][..k];
    let (mut product, mut square, mut n_pairs) = (
        vec![0.0; n_annotators * n_annotators],
        vec![0.0; n_annotators * n_annotators],
        vec![0.0; n_annotators * n_annotators],
    );
    for (item, gold) in &known {
        let residuals: Vec<(usize, Vec<f64>)> = votes
            .of(*item)
            .iter()
            .map(|(annotator, class)| {
                let mut residual: Vec<f64> =
                    usual_of(*annotator, gold.0 as usize).iter().map(|it| -it).collect();
                residual[*class as usize] += 1.0;
                (*annotator as usize, residual)
            })
            .collect();
        for (a, of_a) in &residuals {
            let norm: f64 = of_a.iter().map(|it| it * it).sum();
            for (b, of_b) in &residuals {
                let cell = a * n_annotators + b;
                product[cell] += of_a.iter().zip(of_b).map(|(a, b)| a * b).sum::<f64>();
                square[cell] += norm;
                n_pairs[cell] += 1.0;
            }
        }
    }
    (0..n_annotators)
        .map(|a| {
            let others = (0..n_annotators).filter(|b| *b != a);
            let excess = others.map(|b| {
                let cell = a * n_annotators + b;
                let norm = (square[cell] * square[b * n_annotators + a]).sqrt();
                let correlation = if norm > 0.0 { (product[cell] / norm).max(0.0) } else { 0.0 };
                correlation * n_pairs[cell] / (n_pairs[cell] + INDEPENDENT)
            });
            1.0 / (1.0 + excess.sum::<f64>())
        })
        .collect()
}
