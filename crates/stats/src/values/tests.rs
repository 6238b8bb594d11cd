//! Numbers of annotators whose quality is known.

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use super::{
    PrecisionOptions, ValueError, ValueVote, mean_values, median_values, precision_weighted_values,
    weighted_median,
};
use crate::random::SplitMix64;

const OPTIONS: PrecisionOptions = PrecisionOptions { n_prior: 4.0, n_rounds: 200, tolerance: 1e-10 };

fn vote(item: u32, annotator: u32, value: f64) -> ValueVote {
    ValueVote { item, annotator, value }
}

#[test]
fn no_votes_are_an_error() {
    assert_eq!(mean_values(3, &[]), Err(ValueError::NoVotes));
    assert_eq!(precision_weighted_values(3, 1, &[], &OPTIONS), Err(ValueError::NoVotes));
}

#[test]
fn a_vote_that_is_no_number_is_an_error() {
    let got = mean_values(1, &[vote(0, 0, f64::NAN)]);
    assert!(matches!(got, Err(ValueError::BadNumber { .. })), "{got:?}");
}

#[test]
fn an_item_that_does_not_exist_is_an_error() {
    assert_eq!(
        median_values(1, &[vote(1, 0, 2.0)]),
        Err(ValueError::OutOfRange { what: "item", got: 1, end: 1 })
    );
}

#[test]
fn one_vote_has_no_standard_error_of_its_own() {
    let item = mean_values(2, &[vote(0, 0, 2.0)]).unwrap();
    assert_eq!((item[0].unwrap().standard_error, item[1]), (None, None));
    assert_eq!(median_values(1, &[vote(0, 0, 2.0)]).unwrap()[0].unwrap().standard_error, None);
}

#[test]
fn votes_that_never_differ_have_no_precision() {
    let votes = [vote(0, 0, 2.0), vote(0, 1, 2.0), vote(1, 0, 5.0)];
    let fit = precision_weighted_values(2, 2, &votes, &OPTIONS).unwrap();
    assert_eq!(fit.items[0].unwrap().value, 2.0);
    assert_eq!((fit.items[0].unwrap().standard_error, fit.annotators[0]), (None, None));
}

#[test]
fn the_weighted_median_is_the_middle_where_the_halves_meet() {
    assert_eq!(weighted_median(&[(1.0, 1.0), (3.0, 1.0)]), Some(2.0));
    assert_eq!(weighted_median(&[(1.0, 1.0), (3.0, 2.0)]), Some(3.0));
    assert_eq!(weighted_median(&[(5.0, 0.1), (1.0, 0.1), (2.0, 0.1)]), Some(2.0));
    assert_eq!(weighted_median(&[(5.0, 0.0)]), None);
}

/// Six annotators of spreads 1 to 6 on 300 items: their spreads are found, the weighted mean beats the plain one, and
/// its standard errors cover.
#[test]
fn planted_spreads_are_recovered() {
    let mut random = SplitMix64::new(5);
    let (mut votes, mut right) = (Vec::new(), Vec::new());
    for item in 0..300 {
        right.push(10.0 * random.normal());
        for annotator in 0..6 {
            votes.push(vote(
                item,
                annotator,
                right[item as usize] + f64::from(annotator + 1) * random.normal(),
            ));
        }
    }
    let fit = precision_weighted_values(300, 6, &votes, &OPTIONS).unwrap();
    for (annotator, got) in fit.annotators.iter().enumerate() {
        let want = annotator as f64 + 1.0;
        // The prior draws the most precise towards the rest, by a third here.
        assert!((got.unwrap() / want - 1.0).abs() < 0.4, "{annotator}: {got:?}");
    }
    let means = mean_values(300, &votes).unwrap();
    let (mut weighted, mut plain, mut covered) = (0.0, 0.0, 0);
    for (item, right) in right.iter().enumerate() {
        let found = fit.items[item].unwrap();
        weighted += (found.value - right).abs();
        plain += (means[item].unwrap().value - right).abs();
        covered += u32::from((found.value - right).abs() < 1.96 * found.standard_error.unwrap());
    }
    assert!(weighted < 0.7 * plain, "{weighted} {plain}");
    // Five standard errors of 95 % of 300 are 19.
    assert!(covered.abs_diff(285) < 19, "{covered}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..Default::default() })]

    #[test]
    fn the_order_of_the_votes_changes_nothing(
        values in proptest::collection::vec((0_u32..4, 0_u32..3, -50_i32..50), 1..30), seed in 0_u64..1_000,
    ) {
        let votes: Vec<ValueVote> =
            values.iter().map(|(item, annotator, value)| vote(*item, *annotator, f64::from(*value))).collect();
        let mut shuffled = votes.clone();
        SplitMix64::new(seed).shuffle(&mut shuffled);
        let one = precision_weighted_values(4, 3, &votes, &OPTIONS).unwrap();
        prop_assert_eq!(&one, &precision_weighted_values(4, 3, &shuffled, &OPTIONS).unwrap());
        for (item, fit) in one.items.iter().enumerate() {
            let of_item = || votes.iter().filter(|vote| vote.item as usize == item).map(|vote| vote.value);
            if let Some(fit) = fit {
                let (low, high) = (of_item().fold(f64::MAX, f64::min), of_item().fold(f64::MIN, f64::max));
                prop_assert!(low - 1e-9 <= fit.value && fit.value <= high + 1e-9);
            }
        }
        prop_assert_eq!(mean_values(4, &votes), mean_values(4, &shuffled));
        prop_assert_eq!(median_values(4, &votes), median_values(4, &shuffled));
    }
}
