//! The probabilities of all labels at the place where one of them was written.
//!
//! In: an answer with its tokens, and the one label that was read. Out: a [`LabelDistribution`], which corrections for the
//! bias of a prompt take (`karat_stats::calibrate`). Its number for the label that was written is the one of
//! [`token_confidence`](super::token_confidence).
//!
//! Not here: several labels or spans in one answer; they have no single distribution.

use karat_core::{Task, Value};
use karat_llm::TokenLogprob;

use super::branches::{Branches, in_answer};
use crate::kind::TaskKind;

/// How a model spread its probability over the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelDistribution {
    /// One number for each label of the schema, in its order; they sum to 1.
    pub probabilities: Vec<f64>,
    /// How much of all probability lay on labels, as far as it was shown: in [0, 1], before `probabilities` were made to
    /// sum to 1. Below one half the model mostly wanted to write something that is no label.
    pub on_labels: f64,
    /// How much of `probabilities` was not shown but bounded: the endpoint gave too few alternatives to tell. 0 is all shown.
    pub unseen: f64,
}

/// The probabilities of all labels from the alternatives to the tokens of the label in `answer`.
///
/// The label's own number is the product of its tokens. At each of them an alternative that begins the rest of another label
/// counts for that label, weighted by the tokens before; one that begins several is shared evenly among them. A label
/// that no alternative begins gets the most it may have: no more than the least likely alternative, and together with the
/// other unseen ones no more than what is left of 1. So an unseen label is never 0, and `unseen` says how much was bounded.
/// Then all are made to sum to 1.
///
/// `None` without tokens, where the label is not found among them, and where the value is not exactly one label.
pub fn label_distribution(
    kind: &dyn TaskKind,
    task: &Task,
    answer: &str,
    tokens: &[TokenLogprob],
    value: &Value,
) -> Option<LabelDistribution> {
    let places = kind.label_words(task, answer, value);
    let (Value::Choice(_), [place]) = (value, &places[..]) else {
        return None;
    };
    let (all, shift) = in_answer(answer, tokens)?;
    let schema = kind.written(task);
    let branches = Branches::of(&schema, &all, tokens, place, shift)?;
    let sum = branches.sum();
    if sum <= 0.0 {
        return None;
    }
    let mut probabilities: Vec<f64> =
        branches.shown.iter().zip(&branches.unseen).map(|(shown, unseen)| (shown + unseen) / sum).collect();
    *probabilities.get_mut(branches.chosen.index())? += branches.of_chosen / sum;
    let shown = branches.of_chosen + branches.otherwise + branches.shown.iter().sum::<f64>();
    let unseen = branches.unseen.iter().sum::<f64>() / sum;
    Some(LabelDistribution { probabilities, on_labels: shown.min(1.0), unseen })
}
