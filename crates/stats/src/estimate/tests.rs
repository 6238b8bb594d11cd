//! Estimates whose truth is known: simulated populations.

use proptest::prelude::{ProptestConfig, prop_assert, proptest};
use proptest::{bool, collection};

use super::*;
use crate::Class;
use crate::random::SplitMix64;
use crate::sample::{Allocation, Draw, active, simple, stratified};

const N_ITEMS: usize = 2_000;
const N_REPEATS: u64 = 300;

/// Human and model labels of all items: the model is right in four of five cases and too fond of 1.
fn items(seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut random = SplitMix64::new(seed);
    let one = |_| {
        let human = random.unit() < 0.3;
        let model = if random.unit() < 0.8 { human } else { random.unit() < 0.8 };
        (f64::from(u8::from(human)), f64::from(u8::from(model)))
    };
    (0..N_ITEMS).map(one).unzip()
}

fn mean_of(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// The intervals cover the truth in about 95 % of repetitions; returns the mean half width.
#[track_caller]
fn check_cover(found: impl Fn(u64) -> Corrected, truth: f64) -> f64 {
    let all: Vec<Corrected> = (0..N_REPEATS).map(found).collect();
    let n_covered = all.iter().filter(|it| it.interval.unwrap().contains(truth)).count();
    assert!(n_covered as f64 >= 0.915 * N_REPEATS as f64, "{n_covered} of {N_REPEATS}");
    let values: Vec<f64> = all.iter().map(|it| it.value).collect();
    let error = mean_of(&all.iter().map(|it| it.error.unwrap()).collect::<Vec<_>>());
    let off = mean_of(&values) - truth;
    assert!(off.abs() < 4.0 * error / (N_REPEATS as f64).sqrt(), "off by {off}");
    mean_of(&all.iter().map(|it| it.half_width().unwrap()).collect::<Vec<_>>())
}

fn report(human: &[f64], model: &[f64], seed: u64, tuning: Tuning) -> MeanReport {
    let mut is_sampled = vec![false; human.len()];
    simple(human.len(), 200, seed).unwrap().iter().for_each(|it| is_sampled[it.item] = true);
    let part = |of: &[f64], sampled: bool| -> Vec<f64> {
        of.iter().zip(&is_sampled).filter(|(_, is)| **is == sampled).map(|(it, _)| *it).collect()
    };
    mean(&part(human, true), &part(model, true), &part(model, false), tuning, Level::P95).unwrap()
}

#[test]
fn a_corrected_mean_covers_the_truth_and_is_narrower_than_human_labels_alone() {
    let (human, model) = items(1);
    let truth = mean_of(&human);
    let classical = check_cover(|seed| report(&human, &model, seed, Tuning::Tuned).classical, truth);
    let corrected = check_cover(|seed| report(&human, &model, seed, Tuning::Tuned).corrected, truth);
    assert!(corrected < 0.85 * classical, "{corrected} against {classical}");
    // The model alone is nowhere near.
    assert!(report(&human, &model, 1, Tuning::Tuned).model_only > truth + 0.05);
}

#[test]
fn a_useless_model_costs_nothing() {
    let (human, _) = items(2);
    let mut random = SplitMix64::new(9);
    let noise: Vec<f64> = human.iter().map(|_| random.unit()).collect();
    let of = |tuning| check_cover(|seed| report(&human, &noise, seed, tuning).corrected, mean_of(&human));
    let classical =
        check_cover(|seed| report(&human, &noise, seed, Tuning::Tuned).classical, mean_of(&human));
    assert!(of(Tuning::Tuned) <= classical && of(Tuning::Fixed(1.0)) > 1.1 * classical);
}

#[test]
fn a_weighted_mean_of_an_active_sample_is_unbiased_and_covers() {
    let (human, model) = items(3);
    // Errors are expected where the model says 1.
    let expected: Vec<f64> = model.iter().map(|it| 0.2 + 0.3 * it).collect();
    let found = |seed: u64| {
        let mut reviewed = vec![None; human.len()];
        for it in active(&expected, 200, 0.3, Draw::Systematic, seed).unwrap() {
            reviewed[it.item] = Some(Reviewed { human: human[it.item], probability: it.probability });
        }
        weighted_mean(&model, &reviewed, Level::P95).unwrap()
    };
    check_cover(|seed| found(seed).corrected, mean_of(&human));
    check_cover(|seed| found(seed).classical, mean_of(&human));
}

#[test]
fn a_stratified_mean_covers_and_shows_strata_without_spread() {
    let (human, model) = items(4);
    let strata: Vec<u32> = model.iter().map(|it| *it as u32).collect();
    let found = |seed: u64| {
        let drawn = stratified(&strata, Allocation::Neyman(&[0.2, 0.5]), 200, 5, seed).unwrap();
        let part = |stratum: u32| {
            let sampled: Vec<usize> =
                drawn.iter().filter(|it| it.stratum == stratum).map(|it| it.item).collect();
            let rest = strata.iter().filter(|it| **it == stratum).count() - sampled.len();
            let human: Vec<f64> = sampled.iter().map(|item| human[*item]).collect();
            (human, vec![f64::from(stratum); sampled.len()], vec![f64::from(stratum); rest])
        };
        let (zero, one) = (part(0), part(1));
        let as_stratum = |it: &(Vec<f64>, Vec<f64>, Vec<f64>)| (it.0.clone(), it.1.clone(), it.2.clone());
        let (zero, one) = (as_stratum(&zero), as_stratum(&one));
        let strata = [
            Stratum { human: &zero.0, model: &zero.1, model_pool: &zero.2 },
            Stratum { human: &one.0, model: &one.1, model_pool: &one.2 },
        ];
        stratified_mean(&strata, Tuning::Tuned, Level::P95).unwrap()
    };
    check_cover(|seed| found(seed).corrected, mean_of(&human));
    let flat = Stratum { human: &[1.0, 1.0], model: &[1.0, 1.0], model_pool: &[1.0] };
    let mixed = Stratum { human: &[0.0, 1.0], model: &[0.0, 1.0], model_pool: &[1.0] };
    let report = stratified_mean(&[flat, mixed], Tuning::Tuned, Level::P95).unwrap();
    assert_eq!((report.n_without_spread, report.classical.value), (1, 0.75));
}

/// Items whose label follows from a feature, and a model that is shifted.
fn sloped(seed: u64) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut random = SplitMix64::new(seed);
    let (mut features, mut human, mut model) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..N_ITEMS {
        let x = random.normal();
        let right = 1.0 / (1.0 + (-(0.4 + x)).exp());
        let label = f64::from(u8::from(random.unit() < right));
        features.extend([1.0, x]);
        human.push(label);
        model.push(if random.unit() < 0.85 { label } else { 1.0 });
    }
    (features, human, model)
}

#[test]
fn corrected_slopes_cover_those_of_all_human_labels_and_are_narrower() {
    let (features, human, model) = sloped(5);
    let all = Regression {
        n_features: 2,
        features: &features,
        human: &human,
        model: &model,
        features_pool: &[],
        model_pool: &[],
    };
    for fit in [ols, logistic] {
        let truth = fit(&all, Tuning::Tuned, Level::P95).unwrap().classical[1].value;
        let found = |seed: u64| {
            let mut order: Vec<usize> = (0..N_ITEMS).collect();
            SplitMix64::new(seed).shuffle(&mut order);
            let (sample, rest) = order.split_at(300);
            let rows = |of: &[usize]| {
                of.iter().flat_map(|it| [features[2 * it], features[2 * it + 1]]).collect::<Vec<_>>()
            };
            let pick = |from: &[f64], of: &[usize]| of.iter().map(|it| from[*it]).collect::<Vec<_>>();
            let data = Regression {
                n_features: 2,
                features: &rows(sample),
                human: &pick(&human, sample),
                model: &pick(&model, sample),
                features_pool: &rows(rest),
                model_pool: &pick(&model, rest),
            };
            fit(&data, Tuning::Tuned, Level::P95).unwrap()
        };
        let reports: Vec<RegressionReport> = (0..N_REPEATS).map(found).collect();
        let classical = check_cover(|seed| reports[seed as usize].classical[1], truth);
        let corrected = check_cover(|seed| reports[seed as usize].corrected[1], truth);
        assert!(corrected < 0.9 * classical, "{corrected} against {classical}");
    }
}

#[test]
fn pseudo_outcomes_give_unbiased_slopes() {
    let (features, human, model) = sloped(6);
    let data = |human: &[f64]| {
        let data = Regression {
            n_features: 2,
            features: &features,
            human,
            model: human,
            features_pool: &[],
            model_pool: &[],
        };
        logistic(&data, Tuning::Fixed(0.0), Level::P95).unwrap().classical[1]
    };
    let truth = data(&human).value;
    let found = |seed: u64| {
        let mut reviewed = vec![None; human.len()];
        for it in active(&vec![0.5; human.len()], 400, 0.5, Draw::Poisson, seed).unwrap() {
            reviewed[it.item] = Some(Reviewed { human: human[it.item], probability: it.probability });
        }
        data(&pseudo_outcomes(&model, &reviewed).unwrap())
    };
    check_cover(found, truth);
}

#[test]
fn the_labels_needed_reach_the_width_that_was_asked_for() {
    let (human, model) = items(7);
    let first = report(&human, &model, 1, Tuning::Tuned);
    let needed = needed(&first, 0.03, N_ITEMS as u64, Level::P95).unwrap();
    let (classical, corrected) = (needed.classical.unwrap(), needed.corrected.unwrap());
    assert!(corrected < classical && classical <= N_ITEMS as u64);
    let mut order: Vec<usize> = (0..N_ITEMS).collect();
    SplitMix64::new(3).shuffle(&mut order);
    let (sample, rest) = order.split_at(corrected as usize);
    let pick = |from: &[f64], of: &[usize]| of.iter().map(|it| from[*it]).collect::<Vec<_>>();
    let (human, of_sample, of_rest) = (pick(&human, sample), pick(&model, sample), pick(&model, rest));
    let reached = mean(&human, &of_sample, &of_rest, Tuning::Tuned, Level::P95).unwrap();
    assert!((reached.corrected.half_width().unwrap() - 0.03).abs() < 0.003);
}

#[test]
fn labels_that_are_all_equal_have_a_value_and_no_interval() {
    let report = mean(&[0.0; 5], &[0.2, 0.1, 0.3, 0.0, 0.1], &[0.1; 9], Tuning::Tuned, Level::P95).unwrap();
    assert_eq!(
        (report.corrected.value, report.corrected.error, report.corrected.interval),
        (0.0, None, None)
    );
    assert_eq!(report.correlation, None);
    assert_eq!(needed(&report, 0.1, 100, Level::P95), Some(Needed { classical: None, corrected: None }));
    let other = mean(&[0.0, 1.0], &[0.0, 1.0], &[0.5], Tuning::Tuned, Level::P95).unwrap();
    assert_eq!(difference(&report.classical, &other.classical, Level::P95).interval, None);
}

#[test]
fn bad_input_is_named() {
    let of = |human: &[f64], model: &[f64], pool: &[f64]| mean(human, model, pool, Tuning::Tuned, Level::P95);
    assert_eq!(of(&[1.0], &[1.0], &[1.0]), Err(EstimateError::TooFew { n: 1 }));
    assert_eq!(of(&[1.0, 0.0], &[1.0, 0.0], &[]), Err(EstimateError::NoPool));
    assert!(matches!(of(&[1.0, 0.0], &[1.0], &[1.0]), Err(EstimateError::WrongLength { .. })));
    assert!(matches!(of(&[1.0, f64::NAN], &[1.0, 0.0], &[1.0]), Err(EstimateError::BadNumber { .. })));
    let unsampled = [
        None,
        Some(Reviewed { human: 1.0, probability: 0.0 }),
        Some(Reviewed { human: 1.0, probability: 1.0 }),
    ];
    assert!(matches!(
        weighted_mean(&[0.0; 3], &unsampled, Level::P95),
        Err(EstimateError::BadNumber { what: "a probability", .. })
    ));
    let shares =
        ClassShares { n_classes: 2, human: &[Class(0), Class(5)], model: &[0.0; 4], model_pool: &[0.0; 2] };
    assert!(class_shares(&shares, Tuning::Tuned, Level::P95).is_err());
    assert!(stratified_mean(&[], Tuning::Tuned, Level::P95).is_err());
}

fn regression<'a>(features: &'a [f64], human: &'a [f64]) -> Regression<'a> {
    Regression { n_features: 2, features, human, model: human, features_pool: &[], model_pool: &[] }
}

#[test]
fn features_that_follow_from_others_or_split_the_classes_are_named() {
    let twice = [1.0, 2.0, 2.0, 4.0, 3.0, 6.0];
    assert_eq!(
        ols(&regression(&twice, &[1.0, 2.0, 4.0]), Tuning::Tuned, Level::P95),
        Err(EstimateError::Collinear)
    );
    let apart = [1.0, -2.0, 1.0, -1.0, 1.0, 1.0, 1.0, 2.0];
    let split = logistic(&regression(&apart, &[0.0, 0.0, 1.0, 1.0]), Tuning::Tuned, Level::P95);
    assert_eq!(split, Err(EstimateError::Separated));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn class_shares_sum_to_one_with_a_fixed_weight_and_mirror_each_other(
        human in collection::vec(bool::ANY, 2..40),
        pool in collection::vec(0.0..=1.0, 1..40),
        weight in 0.0..=1.0,
    ) {
        let labels: Vec<Class> = human.iter().map(|it| Class(u32::from(*it))).collect();
        let rows = |of: &[f64]| of.iter().flat_map(|p| [1.0 - p, *p]).collect::<Vec<_>>();
        let model: Vec<f64> = human.iter().enumerate().map(|(n, it)| if n % 3 == 0 { 0.5 } else { f64::from(u8::from(*it)) }).collect();
        for tuning in [Tuning::Tuned, Tuning::Fixed(weight)] {
            let data = ClassShares { n_classes: 2, human: &labels, model: &rows(&model), model_pool: &rows(&pool) };
            let shares = class_shares(&data, tuning, Level::P95).unwrap();
            prop_assert!((shares[0].corrected.value + shares[1].corrected.value - 1.0).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&shares[0].lambda));
            if let (Some(zero), Some(one)) = (shares[0].corrected.error, shares[1].corrected.error) {
                prop_assert!((zero - one).abs() < 1e-9);
            }
        }
    }
}
