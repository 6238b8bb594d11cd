//! Synthetic logits with a known bias: each correction gives back the answers without it, and batch calibration shows
//! its danger.

use super::{
    batch_calibration, choose_gamma, contextual_calibration, domain_context_calibration, prompt_prior,
    without_prior,
};
use crate::Class;
use crate::calibrate::CalibrateError;
use crate::logistic::log_sum_exp;
use crate::random::SplitMix64;

const BIAS: [f64; 3] = [2.0, 0.0, -1.0];

/// A row of log-probabilities from logits.
fn row(logits: [f64; 3]) -> [f64; 3] {
    let norm = log_sum_exp(&logits);
    logits.map(|it| it - norm)
}

/// The logits of items without bias: the first class in a share of `first` of them, the others in equal parts.
fn logits(n: usize, first: f64, seed: u64) -> Vec<[f64; 3]> {
    let mut random = SplitMix64::new(seed);
    let mut draw = || {
        let class = if random.unit() < first { 0 } else { 1 + random.below(2) as usize };
        let mut logits = [0.5 * random.normal(), 0.5 * random.normal(), 0.5 * random.normal()];
        logits[class] += 2.0;
        logits
    };
    (0..n).map(|_| draw()).collect()
}

fn biased(logits: &[[f64; 3]]) -> Vec<f64> {
    logits.iter().flat_map(|it| row([it[0] + BIAS[0], it[1] + BIAS[1], it[2] + BIAS[2]])).collect()
}

fn top(row: &[f64]) -> Class {
    let best = (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
    Class(best as u32)
}

fn tops(rows: &[f64]) -> Vec<Class> {
    rows.chunks_exact(3).map(top).collect()
}

/// The share of items whose top class is that of the logits without bias.
fn recovered(rows: &[f64], logits: &[[f64; 3]]) -> f64 {
    let same = tops(rows).into_iter().zip(logits).filter(|(class, logits)| *class == top(*logits));
    same.count() as f64 / logits.len() as f64
}

#[test]
fn inputs_without_content_show_the_bias_exactly() {
    let truth = logits(300, 1.0 / 3.0, 1);
    let rows = biased(&truth);
    assert!(recovered(&rows, &truth) < 0.65, "{}", recovered(&rows, &truth));
    let content_free = row(BIAS);
    let out = contextual_calibration(&rows, &content_free, 3).unwrap();
    assert_eq!(recovered(&out, &truth), 1.0);
    let sums = out.chunks_exact(3).map(|row| row.iter().map(|log| log.exp()).sum::<f64>());
    assert!(sums.into_iter().all(|sum| (sum - 1.0).abs() < 1e-12));
}

#[test]
fn random_words_of_the_domain_show_the_bias_on_average() {
    let truth = logits(300, 1.0 / 3.0, 2);
    let mut random = SplitMix64::new(5);
    let words: Vec<[f64; 3]> = (0..20).map(|_| [(); 3].map(|()| 0.3 * random.normal())).collect();
    let out = domain_context_calibration(&biased(&truth), &biased(&words), 3).unwrap();
    assert!(recovered(&out, &truth) > 0.95, "{}", recovered(&out, &truth));
}

#[test]
fn the_batch_itself_shows_the_bias_where_the_classes_are_even() {
    let truth = logits(300, 1.0 / 3.0, 3);
    let out = batch_calibration(&biased(&truth), 3, None).unwrap();
    assert!(recovered(&out, &truth) > 0.9, "{}", recovered(&out, &truth));
}

#[test]
fn batch_calibration_does_harm_where_a_class_is_rare_and_true_shares_mend_it() {
    let truth = logits(1_000, 0.05, 4);
    // No bias at all: what is there is right.
    let rows: Vec<f64> = truth.iter().flat_map(|it| row(*it)).collect();
    let first = |rows: &[f64]| tops(rows).iter().filter(|it| it.0 == 0).count();
    let harmed = batch_calibration(&rows, 3, None).unwrap();
    assert!(first(&harmed) > 2 * first(&rows), "{} of {}", first(&harmed), first(&rows));
    let mended = batch_calibration(&rows, 3, Some(&[0.05, 0.475, 0.475])).unwrap();
    assert!(recovered(&mended, &truth) > 0.98, "{}", recovered(&mended, &truth));
}

#[test]
fn gold_takes_out_a_bias_that_is_there() {
    let truth = logits(300, 1.0 / 3.0, 6);
    let rows = biased(&truth);
    let gold: Vec<Class> = truth.iter().map(|it| top(it)).collect();
    let prior = prompt_prior(&rows, 3).unwrap();
    let choice = choose_gamma(&rows[..150], &prior, &gold[..50]).unwrap();
    assert!(choice.accuracy > choice.accuracy_without + 0.2 && choice.gamma > 0.5, "{choice:?}");
    let out = without_prior(&rows, &prior, choice.gamma).unwrap();
    assert!(recovered(&out, &truth) > 0.9, "{}", recovered(&out, &truth));
}

#[test]
fn gold_leaves_rows_without_a_bias_as_they_are() {
    let truth = logits(1_000, 0.05, 7);
    let rows: Vec<f64> = truth.iter().flat_map(|it| row(*it)).collect();
    let gold: Vec<Class> = truth.iter().map(|it| top(it)).collect();
    let choice = choose_gamma(&rows[..300], &prompt_prior(&rows, 3).unwrap(), &gold[..100]).unwrap();
    assert!(choice.gamma == 0.0 && choice.accuracy == 1.0, "{choice:?}");
}

#[test]
fn a_class_that_never_comes_is_no_infinity() {
    let rows = [0.0, f64::NEG_INFINITY];
    let out = batch_calibration(&rows, 2, None).unwrap();
    assert_eq!(out, [0.0, f64::NEG_INFINITY]);
}

#[test]
fn what_is_no_log_probability_is_refused() {
    assert_eq!(prompt_prior(&[], 2), Err(CalibrateError::NoItems));
    assert_eq!(without_prior(&[0.0], &[], 1.0), Err(CalibrateError::NoItems));
    assert!(matches!(prompt_prior(&[0.0, 0.0, 0.0], 2), Err(CalibrateError::WrongLength { want: 4, .. })));
    assert!(prompt_prior(&[f64::NAN, 0.0], 2).is_err());
    assert!(prompt_prior(&[f64::NEG_INFINITY, f64::NEG_INFINITY], 2).is_err());
    assert!(without_prior(&[0.0, 0.0], &[0.0, 1.0], 1.0).is_err());
    assert!(without_prior(&[0.0, 0.0], &[0.5, 0.5], f64::NAN).is_err());
    assert!(choose_gamma(&[0.0, 0.0], &[0.5, 0.5], &[]).is_err());
    assert!(choose_gamma(&[0.0, 0.0], &[0.5, 0.5], &[Class(2)]).is_err());
    assert!(batch_calibration(&[0.0, 0.0], 2, Some(&[1.0])).is_err());
}
