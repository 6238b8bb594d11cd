//! Stacking: the gold is regressed on who said what.
//!
//! In: votes, gold. Out: posteriors of all items. It believes nothing of the annotators, so it needs more gold than
//! confusion matrices do, and it is not misled by annotators that err together.
//!
//! D. H. Wolpert, "Stacked Generalization", 1992; multinomial logistic regression with an L2 penalty. `crate::logistic` is
//! the same for few dense features; here almost all features of an item are zero.
//!
//! Not here: features of the text.

use super::super::dawid_skene::softmax;
use crate::aggregate::{FitOptions, Votes};
use crate::minimize::minimize;

/// Half of this times the squared coefficients is the penalty; chosen once, on splits that no table reports.
const PENALTY: f64 = 3.0;
/// The same for the intercepts, so that a class without gold has a finite one.
const PENALTY_INTERCEPT: f64 = 0.1;
const N_ROUNDS: usize = 100;
const TOLERANCE: f64 = 1e-3;
/// An answer that was not given on gold.
const UNSEEN: u32 = u32::MAX;

/// The posteriors of all items, row-major; zeros for items without votes.
pub(super) fn posteriors(votes: &Votes, options: &FitOptions<'_>) -> Vec<f64> {
    let k = votes.n_classes();
    let known = super::known(votes, options);
    // Coefficients for answers that were given on gold; the others stay 0.
    let mut place = vec![UNSEEN; votes.n_annotators() * k];
    let mut n_places = 0;
    for (annotator, class) in known.iter().flat_map(|(item, _)| votes.of(*item)) {
        let place = &mut place[*annotator as usize * k + *class as usize];
        if *place == UNSEEN {
            *place = n_places;
            n_places += 1;
        }
    }
    let place_of = |vote: &(u32, u32)| place[vote.0 as usize * k + vote.1 as usize];
    let rows: Vec<Vec<u32>> =
        known.iter().map(|(item, _)| votes.of(*item).iter().map(place_of).collect()).collect();
    let mut p = vec![0.0; k];
    let loss = |x: &[f64], gradient: &mut [f64]| {
        let mut loss = 0.0;
        for (n, (at, to)) in x.iter().zip(gradient.iter_mut()).enumerate() {
            let penalty = if n < k { PENALTY_INTERCEPT } else { PENALTY };
            loss += 0.5 * penalty * at * at;
            *to = penalty * at;
        }
        for ((_, gold), row) in known.iter().zip(&rows) {
            scores(x, row, &mut p);
            let of_gold = p[gold.0 as usize];
            loss += softmax(&mut p) - of_gold;
            p[gold.0 as usize] -= 1.0;
            for place in std::iter::once(0).chain(row.iter().map(|it| *it as usize + 1)) {
                gradient[place * k..][..k].iter_mut().zip(&p).for_each(|(to, off)| *to += off);
            }
        }
        loss
    };
    let coefficients = minimize(&vec![0.0; (n_places as usize + 1) * k], N_ROUNDS, TOLERANCE, loss);
    let mut posterior = vec![0.0; votes.n_items() * k];
    let mut row = Vec::new();
    for (to, of) in posterior.chunks_exact_mut(k).zip(votes.by_item()) {
        if !of.is_empty() {
            row.clear();
            row.extend(of.iter().map(place_of).filter(|it| *it != UNSEEN));
            scores(&coefficients, &row, to);
            softmax(to);
        }
    }
    posterior
}

/// The intercepts and the coefficients of these answers, added up.
fn scores(coefficients: &[f64], row: &[u32], out: &mut [f64]) {
    let k = out.len();
    out.copy_from_slice(&coefficients[..k]);
    for place in row {
        let of_answer = &coefficients[(*place as usize + 1) * k..][..k];
        out.iter_mut().zip(of_answer).for_each(|(to, it)| *to += it);
    }
}
