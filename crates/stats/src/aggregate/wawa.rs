//! Weighted votes: with weights that are given, or by agreement with the majority.
//!
//! In: votes, a weight for each annotator. Out: the share of the weight that each class has.
//!
//! Not here: weights that change with the class (`dawid_skene.rs`).

use super::dawid_skene::check_numbers;
use super::{Aggregate, AggregateError, FitOptions, Learned, Method, Remark, TIE, Votes};

pub(super) const METHOD: Method = Method {
    name: "wawa",
    title: "Worker agreement with aggregate",
    about: "each vote weighs its annotator's agreement with the majority; two passes, for people with few votes each",
    paper: "Appen, \"Calculating Worker Agreement with Aggregate (Wawa)\", 2021",
    reads_gold: false,
    fit,
};

/// The weights are the shares of agreement; where the majority is a tie, agreement with one of n classes counts 1 / n.
fn fit(votes: &Votes, options: &FitOptions<'_>) -> Result<Aggregate, AggregateError> {
    options.check(votes)?;
    let mut agreement = vec![0.0; votes.n_annotators()];
    let mut counts = vec![0_u32; votes.n_classes()];
    for of in votes.by_item() {
        of.iter().for_each(|(_, class)| counts[*class as usize] += 1);
        let most = counts.iter().copied().max().unwrap_or(0);
        let share = 1.0 / counts.iter().filter(|n| **n == most).count() as f64;
        for (annotator, class) in of {
            agreement[*annotator as usize] += if counts[*class as usize] == most { share } else { 0.0 };
        }
        of.iter().for_each(|(_, class)| counts[*class as usize] = 0);
    }
    let weights =
        agreement.iter().zip(votes.counts()).map(|(sum, n)| sum / n.max(1) as f64).collect::<Vec<_>>();
    let mut fitted = weighted_vote(votes, &weights)?;
    fitted.method = METHOD.name;
    for (learned, weight) in fitted.annotators.iter_mut().zip(weights) {
        learned.accuracy = (learned.n_votes > 0).then_some(weight);
    }
    Ok(fitted)
}

/// A vote in which each annotator has a weight: the posterior of a class is its share of the weight.
///
/// `weights` is one for each annotator, 0 or more; only their proportions count. With [`optimal_weight`] the winner is the
/// most probable class of independent annotators whose accuracies are known. The share of the weight is no probability of
/// being right, and an annotator's accuracy is not estimated: `None`.
///
/// An item whose votes all weigh 0 has no posterior and is counted in [`Remark::WithoutVotes`].
///
/// S. Nitzan, J. Paroush, "Optimal Decision Rules in Uncertain Dichotomous Choice Situations", 1982.
///
/// # Errors
/// Another number of weights than of annotators, a weight that is negative, infinite or no number, or only zeros.
///
/// ```
/// use karat_stats::{Class, aggregate::{Top, Vote, Votes, weighted_vote}};
/// let votes = [(0, 0, 1), (0, 1, 0), (0, 2, 0)];
/// let votes = votes.map(|(item, annotator, class)| Vote { item, annotator, class: Class(class) });
/// let votes = Votes::new(1, 3, 2, &votes).unwrap();
/// assert!(matches!(weighted_vote(&votes, &[3.0, 1.0, 1.0]).unwrap().top(0), Top::Winner(Class(1), _)));
/// assert!(weighted_vote(&votes, &[f64::NAN, 1.0, 1.0]).is_err());
/// ```
pub fn weighted_vote(votes: &Votes, weights: &[f64]) -> Result<Aggregate, AggregateError> {
    if weights.len() != votes.n_annotators() {
        return Err(AggregateError::WrongLength {
            what: "weights",
            got: weights.len(),
            want: votes.n_annotators(),
        });
    }
    check_numbers("weight", weights)?;
    let most = weights.iter().copied().fold(0.0, f64::max);
    if most == 0.0 {
        return Err(AggregateError::Unfit("every weight is 0: no vote counts".to_owned()));
    }
    let k = votes.n_classes();
    let mut posterior = vec![0.0; votes.n_items() * k];
    let (mut prior, mut n_left_out) = (vec![0.0; k], 0_u64);
    for (row, of) in posterior.chunks_exact_mut(k).zip(votes.by_item()) {
        // Of the largest, so that no sum of weights overflows.
        let weight = |annotator: u32| weights[annotator as usize] / most;
        of.iter().for_each(|(annotator, class)| row[*class as usize] += weight(*annotator));
        let total: f64 = row.iter().sum();
        if total > 0.0 {
            row.iter_mut().for_each(|it| *it /= total);
            prior.iter_mut().zip(row).for_each(|(to, share)| *to += *share);
        } else {
            n_left_out += 1;
        }
    }
    let n_voted: f64 = prior.iter().sum();
    prior.iter_mut().for_each(|it| *it /= if n_voted > 0.0 { n_voted } else { 1.0 });
    let mut remarks = votes.remarks();
    remarks.retain(|it| !matches!(it, Remark::WithoutVotes { .. }));
    if n_left_out > 0 {
        remarks.push(Remark::WithoutVotes { n_items: n_left_out });
    }
    let learned = |n_votes| Learned { n_votes, accuracy: None, confusion: None };
    Ok(Aggregate {
        method: "weighted_vote",
        n_classes: k,
        posterior,
        annotators: votes.counts().into_iter().map(learned).collect(),
        prior,
        n_rounds: 1,
        converged: true,
        objective: Vec::new(),
        remarks,
    })
}

/// The weight of an annotator who is right with probability `accuracy` and whose errors are equally likely: the logarithm
/// of `(n_classes - 1) * accuracy / (1 - accuracy)`.
///
/// It is 0 at chance, and below: to count a vote against its own class takes more than one coin. `None` where it is
/// infinite or undefined: an accuracy outside [0, 1), or fewer than two classes. An accuracy estimated from few votes is
/// to be shrunk first: 3 right of 3 is no certainty.
///
/// ```
/// use karat_stats::aggregate::optimal_weight;
/// assert!((optimal_weight(0.9, 2).unwrap() - 9.0_f64.ln()).abs() < 1e-12);
/// assert_eq!(optimal_weight(0.25, 4), Some(0.0));
/// assert_eq!(optimal_weight(1.0, 2), None);
/// ```
pub fn optimal_weight(accuracy: f64, n_classes: usize) -> Option<f64> {
    let defined = n_classes >= 2 && (0.0..1.0).contains(&accuracy);
    let weight = ((n_classes.max(1) - 1) as f64 * accuracy / (1.0 - accuracy)).ln();
    defined.then_some(if weight > TIE { weight } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::{METHOD, weighted_vote};
    use crate::Class;
    use crate::aggregate::{AggregateError, FitOptions, Remark, Top, Vote, Voter, Votes};

    fn votes(list: &[(u32, u32, u32)]) -> Votes {
        let votes: Vec<Vote> = list
            .iter()
            .map(|(item, annotator, class)| Vote { item: *item, annotator: *annotator, class: Class(*class) })
            .collect();
        let end = |of: fn(&(u32, u32, u32)) -> u32| list.iter().map(of).max().unwrap() as usize + 1;
        Votes::new(end(|it| it.0), end(|it| it.1), end(|it| it.2), &votes).unwrap()
    }

    #[track_caller]
    fn check_weighted(list: &[(u32, u32, u32)], weights: &[f64], want: &Top) {
        assert_eq!(weighted_vote(&votes(list), weights).unwrap().top(0), *want);
    }

    #[track_caller]
    fn check_refused(weights: &[f64], want: &str) {
        let refused = weighted_vote(&votes(&[(0, 0, 0), (0, 1, 1)]), weights).unwrap_err();
        assert_eq!(refused.to_string(), want);
    }

    #[test]
    fn the_heavier_class_wins() {
        check_weighted(&[(0, 0, 0), (0, 1, 1), (0, 2, 1)], &[3.0, 0.5, 0.5], &Top::Winner(Class(0), 0.75));
    }

    #[test]
    fn equal_weights_on_two_classes_are_a_tie() {
        let tie = Top::Tie(vec![Class(0), Class(1)], 0.5);
        check_weighted(&[(0, 0, 0), (0, 1, 1)], &[0.3, 0.3], &tie);
    }

    #[test]
    fn weights_as_large_as_numbers_go_do_not_overflow() {
        let tie = Top::Tie(vec![Class(0), Class(1)], 0.5);
        check_weighted(&[(0, 0, 0), (0, 1, 1), (0, 0, 0), (0, 1, 1)], &[f64::MAX, f64::MAX], &tie);
    }

    #[test]
    fn an_item_whose_votes_weigh_nothing_has_no_label() {
        let fitted = weighted_vote(&votes(&[(0, 0, 0), (1, 1, 1)]), &[0.0, 1.0]).unwrap();
        assert_eq!(fitted.top(0), Top::NoVotes);
        assert!(fitted.remarks.contains(&Remark::WithoutVotes { n_items: 1 }));
    }

    #[test]
    fn a_weight_that_is_no_number_is_refused() {
        check_refused(&[f64::NAN, 1.0], "weight is NaN: it must be a number of 0 or more");
    }

    #[test]
    fn a_negative_weight_is_refused() {
        check_refused(&[1.0, -0.5], "weight is -0.5: it must be a number of 0 or more");
    }

    #[test]
    fn an_infinite_weight_is_refused() {
        check_refused(&[1.0, f64::INFINITY], "weight is inf: it must be a number of 0 or more");
    }

    #[test]
    fn zeros_for_all_are_refused() {
        check_refused(&[0.0, 0.0], "every weight is 0: no vote counts");
    }

    #[test]
    fn a_weight_too_few_is_refused() {
        check_refused(&[1.0], "1 weights were given for 2");
    }

    #[test]
    fn agreement_with_a_tie_counts_its_share() {
        let votes = votes(&[(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0), (1, 2, 0)]);
        let options = FitOptions {
            voters: &[Voter::Person; 3],
            gold: &[],
            n_rounds: 1,
            tolerance: 0.0,
            n_restarts: 1,
            seed: 0,
        };
        let fitted = (METHOD.fit)(&votes, &options).unwrap();
        let skills: Vec<Option<f64>> = fitted.annotators.iter().map(|it| it.accuracy).collect();
        assert_eq!(skills, [Some(0.75), Some(0.75), Some(1.0)]);
        let short = FitOptions { voters: &[], ..options };
        assert!(matches!((METHOD.fit)(&votes, &short), Err(AggregateError::WrongLength { .. })));
    }
}
