//! Draws that must be as probable as they say.

use super::{Allocation, Draw, Drawn, SampleError, active, simple, strata, stratified};
use crate::Class;

const N_ITEMS: usize = 60;
const N_DRAWS: u64 = 4_000;

/// The value of an item: what a population total adds up.
fn value(item: usize) -> f64 {
    (item % 7) as f64 + if item.is_multiple_of(11) { 20.0 } else { 0.0 }
}

/// Each item comes as often as its probability says, and weighted totals are unbiased: within five standard errors.
#[track_caller]
fn check_design(draw: impl Fn(u64) -> Vec<Drawn>) {
    let mut n_drawn = [0_u64; N_ITEMS];
    let mut probability = [None; N_ITEMS];
    let mut totals = Vec::new();
    for seed in 0..N_DRAWS {
        let drawn = draw(seed);
        for it in &drawn {
            n_drawn[it.item] += 1;
            assert_eq!(*probability[it.item].get_or_insert(it.probability), it.probability);
        }
        totals.push(drawn.iter().map(|it| value(it.item) / it.probability).sum::<f64>());
    }
    for (item, n) in n_drawn.iter().enumerate() {
        let Some(p) = probability[item] else { panic!("item {item} never came") };
        let half = 5.0 * (p * (1.0 - p) * N_DRAWS as f64).sqrt() + 1e-9;
        assert!((*n as f64 - p * N_DRAWS as f64).abs() <= half, "item {item}: {n} times at {p}");
    }
    let n = totals.len() as f64;
    let mean = totals.iter().sum::<f64>() / n;
    let error = (totals.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / n / n).sqrt();
    let want: f64 = (0..N_ITEMS).map(value).sum();
    assert!((mean - want).abs() <= 5.0 * error + 1e-9, "{mean} instead of {want}, error {error}");
}

#[test]
fn a_simple_sample_is_unbiased() {
    check_design(|seed| simple(N_ITEMS, 13, seed).unwrap());
}

#[test]
fn a_stratified_sample_is_unbiased() {
    let of: Vec<u32> = (0..N_ITEMS as u32).map(|item| item % 5 / 2).collect();
    check_design(|seed| stratified(&of, Allocation::Proportional, 17, 2, seed).unwrap());
    check_design(|seed| stratified(&of, Allocation::Neyman(&[0.1, 0.5, 0.3]), 17, 2, seed).unwrap());
}

#[test]
fn an_active_sample_is_unbiased() {
    let expected: Vec<f64> = (0..N_ITEMS).map(|item| value(item).sqrt()).collect();
    check_design(|seed| active(&expected, 15, 0.2, Draw::Systematic, seed).unwrap());
    check_design(|seed| active(&expected, 15, 0.2, Draw::Poisson, seed).unwrap());
}

#[test]
fn an_active_sample_of_one_huge_item_takes_it_and_keeps_its_size() {
    let mut expected = vec![0.0; 10];
    expected[3] = 1e9;
    for seed in 0..50 {
        let drawn = active(&expected, 4, 0.3, Draw::Systematic, seed).unwrap();
        assert_eq!(drawn.len(), 4);
        let sum: f64 = (0..10).map(|_| 0.0).sum::<f64>() + drawn.iter().map(|it| it.probability).sum::<f64>();
        assert!(sum > 0.0);
    }
    // 0.7 × 1 + 0.3 × 0.4, and for the others 0.7 × 1/3 + 0.3 × 0.4.
    let all: Vec<Drawn> =
        (0..50).flat_map(|seed| active(&expected, 4, 0.3, Draw::Poisson, seed).unwrap()).collect();
    assert!(all.iter().all(|it| {
        let want = if it.item == 3 { 0.82 } else { 0.7 / 3.0 + 0.12 };
        (it.probability - want).abs() < 1e-12
    }));
}

#[test]
fn the_same_seed_gives_the_same_sample_and_another_one_another() {
    assert_eq!(simple(100, 10, 1), simple(100, 10, 1));
    assert_ne!(simple(100, 10, 1), simple(100, 10, 2));
}

#[track_caller]
fn check_sizes(sizes: &[usize], allocation: Allocation<'_>, n: usize, least: usize, want: &[usize]) {
    let of: Vec<u32> =
        sizes.iter().enumerate().flat_map(|(idx, size)| std::iter::repeat_n(idx as u32, *size)).collect();
    let drawn = stratified(&of, allocation, n, least, 1).unwrap();
    let got: Vec<usize> =
        (0..sizes.len()).map(|idx| drawn.iter().filter(|it| it.stratum == idx as u32).count()).collect();
    assert_eq!(got, want);
}

#[test]
fn strata_get_their_minimum_and_no_more_than_they_hold() {
    check_sizes(&[100, 100, 2], Allocation::Proportional, 20, 5, &[9, 9, 2]);
    check_sizes(&[90, 10], Allocation::Proportional, 20, 0, &[18, 2]);
    check_sizes(&[90, 10], Allocation::Neyman(&[0.1, 0.9]), 20, 0, &[10, 10]);
    check_sizes(&[90, 10], Allocation::Neyman(&[0.0, 0.9]), 20, 0, &[10, 10]);
    check_sizes(&[50, 50], Allocation::Neyman(&[0.0, 0.0]), 10, 0, &[5, 5]);
    check_sizes(&[3, 0, 3], Allocation::Proportional, 6, 5, &[3, 0, 3]);
    check_sizes(&[50, 50, 50], Allocation::Proportional, 2, 5, &[5, 5, 5]);
    check_sizes(&[10, 10, 10], Allocation::Proportional, 10, 0, &[4, 3, 3]);
}

#[test]
fn equal_confidences_share_a_stratum() {
    let confidences = [0.5, 0.5, 0.5, 0.5, 0.5, 0.9, 1.0, 1.0];
    let found = strata(&confidences, &[Class(0); 8], 4).unwrap();
    assert!(found.of_item[..5].iter().all(|it| *it == found.of_item[0]));
    assert_eq!(found.of_item[6], found.of_item[7]);
    assert_ne!(found.of_item[0], found.of_item[7]);
}

#[test]
fn tenths_hold_a_tenth_each() {
    let confidences: Vec<f64> = (0..200).map(|it| f64::from(it * 37 % 200)).collect();
    let found = strata(&confidences, &vec![Class(0); 200], 10).unwrap();
    assert_eq!(found.cells.len(), 10);
    for bin in 0..10 {
        assert_eq!(found.of_item.iter().filter(|it| **it == bin).count(), 20);
    }
}

#[test]
fn bad_input_is_named() {
    assert_eq!(simple(2, 3, 0), Err(SampleError::TooMany { n: 3, n_items: 2 }));
    assert_eq!(simple(0, 0, 0), Ok(vec![]));
    assert!(matches!(
        active(&[f64::NAN], 1, 0.5, Draw::Poisson, 0),
        Err(SampleError::BadNumber { what: "an expected error", .. })
    ));
    assert!(active(&[1.0], 1, 0.0, Draw::Poisson, 0).is_err());
    assert!(stratified(&[0, 1], Allocation::Neyman(&[0.5]), 1, 0, 0).is_err());
    assert!(strata(&[0.5], &[], 10).is_err());
    assert_eq!(strata(&[], &[], 10).unwrap().cells, []);
}
