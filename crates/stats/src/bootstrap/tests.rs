//! Properties of the resampling: exact frequencies, coverage, bits that never change, and the fast way
//! against the slow.

use super::{Groups, IntervalOptions, bootstrap, bootstrap_grouped, quantile};
use crate::interval::{Interval, Level};
use crate::random::SplitMix64;

fn options(n_resamples: u32, seed: u64) -> IntervalOptions {
    IntervalOptions { level: Level::P95, n_resamples, seed }
}

fn share_of_first(drawn: &[u64], out: &mut [Option<f64>]) {
    out[0] = Some(drawn[0] as f64 / drawn.iter().sum::<u64>() as f64);
}

#[track_caller]
fn check_draws(sizes: &[u64]) {
    let groups = Groups::new(sizes);
    let n_items = groups.n_items();
    let mut random = SplitMix64::new(3);
    let (mut drawn, mut sums) = (vec![0; sizes.len()], vec![0_u64; sizes.len()]);
    let n_draws = 2_000;
    for _ in 0..n_draws {
        groups.draw(&mut random, &mut drawn);
        assert_eq!(drawn.iter().sum::<u64>(), n_items);
        sums.iter_mut().zip(&drawn).for_each(|(sum, n)| *sum += n);
    }
    for (&size, &sum) in sizes.iter().zip(&sums) {
        let want = (size * n_draws) as f64;
        let spread = (want * (1.0 - size as f64 / n_items as f64)).sqrt();
        assert!((sum as f64 - want).abs() <= 6.0 * spread, "{sizes:?}: {sum} for {want}");
    }
}

#[test]
fn every_item_is_drawn_equally_often() {
    check_draws(&[1, 2, 3, 4]);
    check_draws(&[0, 50, 0, 0, 1, 0]);
    check_draws(&[7, 1, 1_000, 30, 30, 0, 2]);
    check_draws(&[1; 40]);
    check_draws(&[9]);
}

#[test]
fn the_same_seed_gives_the_same_bits_again() {
    let [one, again] = [1, 2].map(|_| bootstrap_grouped(&[70, 20, 10], 1, share_of_first, &options(500, 42)));
    assert_eq!(one, again);
}

#[test]
fn another_seed_gives_another_interval_of_about_the_same_place() {
    let [one, other] =
        [1, 2].map(|seed| bootstrap_grouped(&[70, 30], 1, share_of_first, &options(2_000, seed))[0]);
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!((one.low - other.low).abs() < 0.02 && (one.high - other.high).abs() < 0.02);
}

#[test]
fn groups_and_single_items_give_the_same_interval_but_for_chance() {
    let sizes = [300_u64, 150, 50];
    let fast = bootstrap_grouped(&sizes, 1, share_of_first, &options(4_000, 5))[0].unwrap();
    let share = |drawn: &[usize]| Some(drawn.iter().filter(|&&i| i < 300).count() as f64 / 500.0);
    let slow = bootstrap(500, share, &options(4_000, 5)).unwrap();
    assert!(
        (fast.low - slow.low).abs() < 0.006 && (fast.high - slow.high).abs() < 0.006,
        "{fast:?} {slow:?}"
    );
}

#[test]
fn an_interval_of_95_percent_covers_the_truth_about_as_often() {
    let mut random = SplitMix64::new(11);
    let n_trials = 600;
    let covered = (0..n_trials)
        .filter(|&trial| {
            let right = random.binomial(200, 7, 10);
            let interval =
                bootstrap_grouped(&[right, 200 - right], 1, share_of_first, &options(200, trial))[0];
            interval.unwrap().contains(0.7)
        })
        .count();
    let coverage = covered as f64 / n_trials as f64;
    assert!((0.91..=0.98).contains(&coverage), "{coverage}");
}

#[test]
fn a_higher_level_is_wider() {
    let wide = IntervalOptions { level: Level::new(0.99).unwrap(), ..options(1_000, 8) };
    let narrow = bootstrap_grouped(&[70, 30], 1, share_of_first, &options(1_000, 8))[0].unwrap();
    let wide = bootstrap_grouped(&[70, 30], 1, share_of_first, &wide)[0].unwrap();
    assert!(wide.low < narrow.low && narrow.high < wide.high);
}

#[test]
fn a_statistic_that_never_varies_has_no_width() {
    assert_eq!(bootstrap(9, |_| Some(0.25), &options(100, 1)), Some(Interval { low: 0.25, high: 0.25 }));
}

#[test]
fn nothing_to_draw_or_to_measure_has_no_interval() {
    assert_eq!(bootstrap(0, |_| Some(1.0), &options(100, 1)), None);
    assert_eq!(bootstrap(5, |_| Some(1.0), &options(0, 1)), None);
    assert_eq!(bootstrap(5, |_| None, &options(100, 1)), None);
    assert_eq!(bootstrap_grouped(&[0, 0], 2, share_of_first, &options(100, 1)), [None, None]);
    assert_eq!(bootstrap_grouped(&[], 1, share_of_first, &options(100, 1)), [None]);
}

#[test]
fn a_statistic_may_be_undefined_in_up_to_half_of_the_resamples() {
    let mut calls = 0;
    let mut every = |n: u32| {
        bootstrap(
            3,
            |_| {
                calls += 1;
                (calls % n == 0).then_some(1.0)
            },
            &options(100, 1),
        )
    };
    assert!(every(2).is_some());
    assert!(every(3).is_none());
}

#[test]
fn quantiles_lie_between_neighbours_as_in_numpy() {
    // numpy.quantile([1, 2, 4, 8], [0, .1, .5, .9, 1])
    let values = [1.0, 2.0, 4.0, 8.0];
    let got = [0.0, 0.1, 0.5, 0.9, 1.0].map(|p| quantile(&values, p));
    let want = [1.0, 1.3, 3.0, 6.8, 8.0];
    assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?}");
}
