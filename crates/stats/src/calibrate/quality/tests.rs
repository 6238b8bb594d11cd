//! Measures of scores on cases that can be counted by hand, and the yardstick of the calibration error.

use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, proptest};

use crate::calibrate::{
    Binning, CalibrateError, Scored, accuracy_at_coverage, aurc, auroc, brier, brier_parts, classwise_ece,
    coverage_at_accuracy, ece, excess_aurc, expected_ece, log_loss, max_calibration_error, quality,
    quality_intervals, reliability_diagram, risk_coverage,
};
use crate::random::SplitMix64;
use crate::{Class, IntervalOptions, Level};

const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };

fn items(list: &[(f64, u8)]) -> Vec<Scored> {
    list.iter().map(|(score, right)| Scored::new(*score, *right == 1)).collect()
}

#[track_caller]
fn check_close(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-12, "got {got}, want {want}");
}

/// Calibrated scores: fifth roots of uniform numbers, most of them high, each right as often as it says.
fn calibrated(n: usize, random: &mut SplitMix64) -> Vec<Scored> {
    let mut draw = || {
        let score = random.unit().powf(0.2);
        Scored::new(score, random.unit() < score)
    };
    (0..n).map(|_| draw()).collect()
}

#[test]
fn no_items_have_no_quality() {
    assert_eq!(quality(&[], 15), Err(CalibrateError::NoItems));
    assert!(quality_intervals(&[], 15, &OPTIONS).is_err());
}

#[test]
fn no_bins_have_no_calibration_error() {
    let one = items(&[(0.5, 1)]);
    assert!(ece(&one, Binning::EqualWidth(0)).is_err() && ece(&one, Binning::EqualMass(0)).is_err());
    assert!(quality_intervals(&one, 0, &OPTIONS).is_err());
}

#[test]
fn one_item_has_a_quality_and_no_auroc() {
    let quality = quality(&items(&[(0.8, 1)]), 15).unwrap();
    assert_eq!((quality.accuracy, quality.auroc, quality.aurc), (1.0, None, 0.0));
    check_close(quality.ece, 0.2);
}

#[test]
fn a_score_on_a_border_belongs_to_the_bin_above_and_one_to_the_last() {
    // .29 · 100 rounds to 28.999…
    for (score, n_bins, want) in
        [(0.2, 5, 1), (0.6, 15, 9), (0.7, 10, 7), (0.29, 100, 29), (1.0, 10, 9), (0.0, 10, 0)]
    {
        assert_eq!(super::bins::equal_width_bin(score, n_bins), want, "{score} in {n_bins}");
    }
}

#[test]
fn the_calibration_error_of_two_bins_is_their_weighted_gap() {
    let list = items(&[(0.2, 1), (0.2, 0), (0.9, 1), (0.9, 1), (0.9, 1), (0.9, 0)]);
    check_close(ece(&list, Binning::EqualWidth(10)).unwrap(), (2.0 * 0.3 + 4.0 * 0.15) / 6.0);
    check_close(max_calibration_error(&list, Binning::EqualWidth(10)).unwrap(), 0.3);
}

#[test]
fn bins_of_equal_mass_do_not_part_a_tie() {
    let list: Vec<Scored> =
        (0..90).map(|it| Scored::new(if it < 60 { 1.0 } else { f64::from(it) / 100.0 }, true)).collect();
    let bins = reliability_diagram(&list, Binning::EqualMass(3), Level::P95).unwrap();
    assert_eq!(bins.iter().map(|bin| bin.n).collect::<Vec<_>>(), [30, 60]);
}

#[test]
fn a_bar_of_weighted_items_stands_on_fewer_than_it_holds() {
    let mut list = items(&[(0.9, 1); 10]);
    list[0].weight = 100.0;
    let bins = reliability_diagram(&list, Binning::EqualWidth(10), Level::P95).unwrap();
    assert_eq!((bins[0].n, bins[0].share_right.n), (10, 1));
}

/// The numbers that were measured elsewhere for perfectly calibrated scores with 15 bins.
#[test]
fn perfect_scores_show_the_calibration_error_that_noise_gives() {
    for (n, n_sets, want) in [(50, 400, 0.112), (100, 400, 0.082), (300, 200, 0.046), (1_000, 200, 0.026)] {
        let mut random = SplitMix64::new(n as u64);
        let errors = (0..n_sets).map(|_| ece(&calibrated(n, &mut random), Binning::EqualWidth(15)).unwrap());
        let mean = errors.sum::<f64>() / f64::from(n_sets);
        // The distribution of the scores behind those numbers is not known: fifth roots of uniform numbers come near.
        assert!((mean - want).abs() < 0.003, "n = {n}: {mean}, not {want}");
        let scores: Vec<f64> = calibrated(n, &mut random).iter().map(|it| it.score).collect();
        let expected = expected_ece(&scores, Binning::EqualWidth(15), 300, 7).unwrap();
        assert!((expected - mean).abs() < 0.12 * mean, "n = {n}: {expected}, not {mean}");
    }
}

#[test]
fn the_parts_of_the_brier_score_sum_to_it() {
    let list = calibrated(500, &mut SplitMix64::new(3));
    for binning in [Binning::EqualWidth(15), Binning::EqualMass(10), Binning::EqualMass(100_000)] {
        let parts = brier_parts(&list, binning).unwrap();
        let sum = parts.reliability - parts.resolution + parts.uncertainty + parts.within;
        check_close(sum, brier(&list).unwrap());
        assert!(parts.within.abs() < 0.01, "{parts:?}");
    }
    // A bin for each score: nothing is lost within.
    let parts = brier_parts(&list, Binning::EqualMass(100_000)).unwrap();
    assert!(parts.within.abs() < 1e-12);
}

#[test]
fn ties_of_right_and_wrong_share_the_risk() {
    // Either order of the pair: mean of (0 + 1/2) / 2 and (1 + 1/2) / 2.
    check_close(aurc(&items(&[(0.7, 1), (0.7, 0)])).unwrap(), 0.5);
    check_close(excess_aurc(&items(&[(0.7, 1), (0.7, 0)])).unwrap(), 0.25);
}

#[test]
fn a_perfect_ranking_has_no_excess() {
    let list = items(&[(0.9, 1), (0.8, 1), (0.7, 0), (0.1, 0)]);
    check_close(excess_aurc(&list).unwrap(), 0.0);
    check_close(aurc(&list).unwrap(), (0.0 + 0.0 + 1.0 / 3.0 + 2.0 / 4.0) / 4.0);
}

#[test]
fn a_cut_takes_whole_ties() {
    let list = items(&[(0.9, 1), (0.8, 1), (0.8, 0), (0.8, 1), (0.3, 0)]);
    let cut = accuracy_at_coverage(&list, 0.4).unwrap().unwrap();
    assert_eq!((cut.threshold, cut.n, cut.accuracy), (0.8, 4, 0.75));
    assert_eq!(accuracy_at_coverage(&list, 1.1).unwrap(), None);
    assert_eq!(coverage_at_accuracy(&list, 0.75).unwrap().unwrap().n, 4);
    assert_eq!(coverage_at_accuracy(&list, 0.0).unwrap().unwrap().coverage, 1.0);
    assert_eq!(risk_coverage(&list).unwrap().len(), 3);
}

#[test]
fn where_no_threshold_is_accurate_enough_there_is_none() {
    assert_eq!(coverage_at_accuracy(&items(&[(0.9, 0), (0.5, 1)]), 0.9).unwrap(), None);
}

#[test]
fn a_class_that_never_wins_still_counts_for_its_own_error() {
    let error = classwise_ece(&[0.6, 0.4, 0.0], 3, &[Class(0)], Binning::EqualWidth(15)).unwrap();
    check_close(error, (0.4 + 0.4 + 0.0) / 3.0);
    assert!(classwise_ece(&[0.6, 0.4], 2, &[Class(2)], Binning::EqualWidth(15)).is_err());
}

#[test]
fn intervals_hold_their_values_and_narrow_with_items() {
    let width = |n| {
        let list = calibrated(n, &mut SplitMix64::new(9));
        let all = quality_intervals(&list, 15, &OPTIONS).unwrap();
        for estimate in [all.ece.unwrap(), all.brier.unwrap(), all.auroc.unwrap()] {
            assert!(estimate.interval.contains(estimate.value), "{estimate:?}");
        }
        check_close(all.auroc.unwrap().value, auroc(&list).unwrap().unwrap());
        let interval = all.auroc.unwrap().interval;
        interval.high - interval.low
    };
    assert!(width(100) > 2.0 * width(1_600));
}

#[test]
fn without_resamples_there_are_no_intervals() {
    let options = IntervalOptions { n_resamples: 0, ..OPTIONS };
    assert_eq!(quality_intervals(&items(&[(0.9, 1), (0.8, 0)]), 15, &options).unwrap().brier, None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn measures_stay_in_range_and_the_order_changes_no_bit(
        list in prop::collection::vec(((0_u32..=20), prop::bool::ANY, 0.1..4.0), 1..80), seed in 0_u64..1_000,
    ) {
        let list: Vec<Scored> = list.into_iter()
            .map(|(score, right, weight)| Scored { score: f64::from(score) / 20.0, right, weight }).collect();
        let mut other = list.clone();
        SplitMix64::new(seed).shuffle(&mut other);
        let quality = quality(&list, 15).unwrap();
        prop_assert_eq!(quality, super::quality(&other, 15).unwrap());
        let shares = [quality.accuracy, quality.mean_score, quality.ece, quality.ece_equal_mass, quality.max_error,
            quality.brier, quality.aurc, quality.excess_aurc, quality.auroc.unwrap_or(0.5)];
        prop_assert!(shares.iter().all(|it| (-1e-12..=1.0 + 1e-12).contains(it)), "{:?}", quality);
        prop_assert!(quality.ece <= quality.brier.sqrt() + 1e-9);
        prop_assert!(quality.log_loss >= 0.0 && quality.log_loss <= 13.82);
        prop_assert!((quality.log_loss - log_loss(&list).unwrap()).abs() < 1e-15);
        let curve = risk_coverage(&list).unwrap();
        prop_assert_eq!(curve.last().unwrap().coverage, 1.0);
        prop_assert!(curve.is_sorted_by(|a, b| a.coverage <= b.coverage && a.threshold > b.threshold));
    }

    #[test]
    fn a_rising_transformation_leaves_the_ranking_alone(seed in 0_u64..10_000) {
        let list = calibrated(60, &mut SplitMix64::new(seed));
        let bent: Vec<Scored> = list.iter().map(|it| Scored { score: it.score.powi(3) / 2.0, ..*it }).collect();
        prop_assert_eq!(auroc(&list).unwrap(), auroc(&bent).unwrap());
        prop_assert_eq!(aurc(&list).unwrap(), aurc(&bent).unwrap());
    }
}
