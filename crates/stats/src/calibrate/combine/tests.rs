//! Further evidence: it is used where it helps, left where it does not, and may be missing.

use super::{Combined, Model, combine};
use crate::calibrate::{CalibrateError, CalibrateOptions, Rule, Scored};
use crate::random::SplitMix64;

const OPTIONS: CalibrateOptions = CalibrateOptions { rule: Rule::BySize, n_folds: 5, n_bins: 15, seed: 7 };

/// Items whose score says a little, and a hidden feature a lot if `helps`.
fn drawn(n: usize, seed: u64, helps: bool) -> (Vec<Scored>, Vec<Option<f64>>) {
    let mut random = SplitMix64::new(seed);
    let mut draw = || {
        let (score, feature) = (0.5 + 0.5 * random.unit(), random.normal());
        let z = (score / (1.0 - score)).ln() * 0.5 + if helps { 1.5 * feature } else { 0.0 };
        (Scored::new(score, random.unit() < 1.0 / (1.0 + (-z).exp())), Some(10.0 + 3.0 * feature))
    };
    (0..n).map(|_| draw()).unzip()
}

fn gain(combined: &Combined) -> f64 {
    combined.log_loss_score - combined.log_loss_features
}

#[test]
fn a_feature_that_tells_right_from_wrong_is_used() {
    let (gold, features) = drawn(400, 1, true);
    let combined = combine(&gold, &features, 1, &OPTIONS).unwrap();
    assert!(gain(&combined) > 0.05, "{}", gain(&combined));
    assert!(combined.after.auroc > Some(combined.before.auroc.unwrap() + 0.1));
    let p = |feature| combined.model.apply(0.8, &[Some(feature)]).unwrap();
    assert!(p(16.0) > 0.8 && p(4.0) < 0.5, "{} {}", p(16.0), p(4.0));
}

#[test]
fn features_of_pure_noise_gain_nothing_to_speak_of() {
    let (mut left, mut gained) = (0, 0.0);
    for seed in 0..20 {
        let (gold, _) = drawn(100, seed, false);
        let mut random = SplitMix64::new(seed + 100);
        let noise: Vec<Option<f64>> = (0..500).map(|_| Some(random.normal())).collect();
        let combined = combine(&gold, &noise, 5, &OPTIONS).unwrap();
        left += u32::from(matches!(combined.model, Model::Score(_)));
        gained += gain(&combined) / 20.0;
    }
    assert!(left >= 14 && gained < 0.0, "{left} of 20 left out, mean gain {gained}");
}

#[test]
fn that_a_value_is_missing_can_be_evidence() {
    let (mut gold, mut features) = drawn(400, 3, false);
    for idx in (0..400).step_by(4) {
        features[idx] = None;
        gold[idx].right = idx % 20 == 0;
    }
    let combined = combine(&gold, &features, 1, &OPTIONS).unwrap();
    let p = |feature| combined.model.apply(0.8, &[feature]).unwrap();
    assert!(p(None) < 0.35 && p(Some(10.0)) > 0.6, "{} {}", p(None), p(Some(10.0)));
}

#[test]
fn features_that_never_vary_or_are_never_known_are_left_out() {
    let (gold, helpful) = drawn(200, 4, true);
    let features: Vec<Option<f64>> = helpful.iter().flat_map(|it| [*it, Some(7.0), None]).collect();
    let combined = combine(&gold, &features, 3, &OPTIONS).unwrap();
    let Model::Features(combiner) = &combined.model else { panic!() };
    assert_eq!(&combiner.slopes[2..], [0.0, 0.0]);
    let known = combined.model.apply(0.8, &[Some(12.0), Some(7.0), None]);
    assert_eq!(combined.model.apply(0.8, &[Some(12.0), Some(100.0), Some(3.0)]), known);
}

#[test]
fn without_features_the_score_is_left() {
    let (gold, _) = drawn(200, 5, false);
    let combined = combine(&gold, &[], 0, &OPTIONS).unwrap();
    assert!(combined.cross_fitted.len() == 200 && combined.log_loss_features > 0.0);
}

#[test]
fn the_order_of_the_items_changes_nothing() {
    let (gold, features) = drawn(80, 6, true);
    // Scores that tie, so that the features must settle the order.
    let gold: Vec<Scored> =
        gold.iter().map(|it| Scored { score: (it.score * 5.0).round() / 5.0, ..*it }).collect();
    let mut order: Vec<usize> = (0..80).collect();
    SplitMix64::new(1).shuffle(&mut order);
    let gold2: Vec<Scored> = order.iter().map(|idx| gold[*idx]).collect();
    let features2: Vec<Option<f64>> = order.iter().map(|idx| features[*idx]).collect();
    let one = combine(&gold, &features, 1, &OPTIONS).unwrap();
    let two = combine(&gold2, &features2, 1, &OPTIONS).unwrap();
    assert_eq!((&one.model, one.after), (&two.model, two.after));
    assert!(order.iter().enumerate().all(|(place, idx)| one.cross_fitted[*idx] == two.cross_fitted[place]));
}

#[test]
fn features_of_another_length_or_without_a_number_are_refused() {
    let (gold, mut features) = drawn(50, 7, true);
    let want = CalibrateError::WrongLength { what: "features", got: 50, want: 100 };
    assert_eq!(combine(&gold, &features, 2, &OPTIONS), Err(want));
    features[3] = Some(f64::INFINITY);
    let want = CalibrateError::BadNumber { what: "a feature", got: f64::INFINITY };
    assert_eq!(combine(&gold, &features, 1, &OPTIONS), Err(want));
}

#[test]
fn too_little_gold_is_refused_as_for_the_score_alone() {
    let (gold, features) = drawn(20, 8, true);
    let want = CalibrateError::TooLittleGold { got: 20, needed: 30 };
    assert_eq!(combine(&gold, &features, 1, &OPTIONS), Err(want));
}
