//! What most annotators say about one item.
//!
//! In: the votes on one item as classes. Out: the winner, a tie or nothing; the share of each class.
//!
//! Not here: weighing annotators by their skill.

use crate::Class;

/// What a plain majority says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Majority {
    /// One class has more votes than every other; not necessarily more than half.
    Winner(Class),
    /// At least two classes share the top count, here in ascending order. The caller decides: a person, a
    /// model, a coin.
    Tie(Vec<Class>),
    /// Nobody voted. Not the same as a tie of all classes.
    NoVotes,
}

/// The class with the most votes (the plurality), each vote counting the same.
///
/// The order of the votes changes nothing. It does not tell how sure the winner is: see [`vote_shares`].
///
/// ```
/// use karat_stats::{Class, Majority, majority};
/// assert_eq!(majority(&[Class(2), Class(0), Class(2)]), Majority::Winner(Class(2)));
/// assert_eq!(majority(&[Class(2), Class(0)]), Majority::Tie(vec![Class(0), Class(2)]));
/// assert_eq!(majority(&[]), Majority::NoVotes);
/// ```
pub fn majority(votes: &[Class]) -> Majority {
    let counts = vote_counts(votes);
    let most = counts.iter().map(|&(_, n)| n).max().unwrap_or(0);
    let mut top: Vec<Class> = counts.iter().filter(|&&(_, n)| n == most).map(|&(class, _)| class).collect();
    match (top.pop(), top.is_empty()) {
        (None, _) => Majority::NoVotes,
        (Some(winner), true) => Majority::Winner(winner),
        (Some(last), false) => {
            top.push(last);
            Majority::Tie(top)
        }
    }
}

/// The share of the votes of each class that has any, in ascending order of the classes.
///
/// The shares lie in (0, 1] and sum to 1; without votes the list is empty. A share of votes is a confidence
/// only after calibration: annotators make the same mistakes.
///
/// ```
/// use karat_stats::{Class, vote_shares};
/// let shares = vote_shares(&[Class(2), Class(0), Class(2), Class(2)]);
/// assert_eq!(shares, [(Class(0), 0.25), (Class(2), 0.75)]);
/// ```
pub fn vote_shares(votes: &[Class]) -> Vec<(Class, f64)> {
    let n_votes = votes.len() as f64;
    vote_counts(votes).into_iter().map(|(class, n)| (class, n as f64 / n_votes)).collect()
}

fn vote_counts(votes: &[Class]) -> Vec<(Class, usize)> {
    let mut sorted = votes.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    use super::{Majority, majority, vote_shares};
    use crate::Class;

    #[track_caller]
    fn check(votes: &[u32], want: Majority) {
        let votes: Vec<Class> = votes.iter().copied().map(Class).collect();
        assert_eq!(majority(&votes), want);
    }

    #[test]
    fn a_plurality_below_one_half_wins() {
        check(&[0, 1, 1, 2, 3], Majority::Winner(Class(1)));
    }

    #[test]
    fn three_classes_can_tie() {
        check(&[5, 0, 9, 9, 0, 5], Majority::Tie(vec![Class(0), Class(5), Class(9)]));
    }

    #[test]
    fn classes_below_the_top_are_not_in_the_tie() {
        check(&[0, 1, 1, 2, 2], Majority::Tie(vec![Class(1), Class(2)]));
    }

    #[test]
    fn one_vote_wins() {
        check(&[7], Majority::Winner(Class(7)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn order_changes_nothing_and_shares_sum_to_one(votes in proptest::collection::vec(0_u32..5, 1..30)) {
            let votes: Vec<Class> = votes.into_iter().map(Class).collect();
            let backwards: Vec<Class> = votes.iter().rev().copied().collect();
            prop_assert_eq!(majority(&votes), majority(&backwards));
            let sum: f64 = vote_shares(&votes).iter().map(|&(_, share)| share).sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
        }

        #[test]
        fn renamed_classes_win_under_their_new_name(votes in proptest::collection::vec(0_u32..5, 1..30)) {
            let rename = |class: Class| Class(10 - class.0);
            let votes: Vec<Class> = votes.into_iter().map(Class).collect();
            let renamed: Vec<Class> = votes.iter().copied().map(rename).collect();
            let want = match majority(&votes) {
                Majority::Winner(class) => Majority::Winner(rename(class)),
                Majority::Tie(classes) => Majority::Tie(classes.into_iter().rev().map(rename).collect()),
                Majority::NoVotes => Majority::NoVotes,
            };
            prop_assert_eq!(majority(&renamed), want);
        }
    }
}
