//! How sure a model was of a label, from the probabilities of its tokens.
//!
//! In: an answer, its tokens, the value that was read. Out: the probability of the label among the labels of the schema,
//! or why there is none.
//!
//! Let t = 1, 2, … be the tokens that write the label y, p(t) their probabilities, and q(t) the product of those before t.
//! At each t an alternative token that begins the rest of another label counts for that label, with q(t) times its
//! probability: the whole of it, although the model might still have gone on otherwise. So
//!
//! ```text
//! chosen  = p(1) p(2) …
//! others  = Σ q(t) · (alternatives at t that begin the rest of another label)
//! unseen  = Σ q(t) · min(1 − shown(t), m(t) · least(t))
//! result  = chosen / (chosen + others + unseen)
//! ```
//!
//! where shown(t) is the mass of the alternatives given, least(t) the smallest of them, and m(t) the number of labels still
//! possible that none of them begins. Mass on words that begin no label is left out: the result is normalised over the
//! labels. Each approximation makes it smaller, not greater. Where no alternatives are given, all that a token leaves over
//! may belong to the labels still possible.
//!
//! Beside it: the probabilities of all labels (`distribution.rs`), the model's own check of a label (`p_true.rs`), and what
//! a text makes of a label or a label of a text (`likelihood.rs`). Not here: calibration.

mod branches;
mod distribution;
mod likelihood;
mod p_true;

use karat_core::{Confidence, ConfidenceSource, NoConfidence, Task, Value};
use karat_llm::TokenLogprob;

use crate::kind::TaskKind;
use branches::{Branches, in_answer};
pub use distribution::{LabelDistribution, label_distribution};
pub use likelihood::{
    Frame, Likelihood, LikelihoodOptions, ToScore, Verdict, likelihood_prompts, likelihood_verdict,
    target_logprob,
};
pub use p_true::{Checker, read_p_true};

/// The confidence in `value` from the tokens of `answer`.
///
/// One label: as above. Several labels or spans: the least sure of their labels; what was left out does not count.
/// Unknown where there are no tokens, or the label cannot be found among them.
pub fn token_confidence(
    kind: &dyn TaskKind,
    task: &Task,
    answer: &str,
    tokens: &[TokenLogprob],
    value: &Value,
) -> Confidence {
    if tokens.is_empty() {
        return Confidence::Unknown(NoConfidence::NoLogprobs);
    }
    let missing = Confidence::Unknown(NoConfidence::LabelNotInTokens);
    let Some((all, shift)) = in_answer(answer, tokens) else {
        return missing;
    };
    let places = kind.label_words(task, answer, value);
    let schema = kind.written(task);
    let sure =
        places.iter().map(|it| Branches::of(&schema, &all, tokens, it, shift).and_then(|it| it.of_chosen()));
    let least = sure.reduce(|a, b| Some(a?.min(b?))).flatten();
    match least {
        Some(p) => Confidence::Raw(p.clamp(0.0, 1.0), ConfidenceSource::TokenProbability),
        None => missing,
    }
}

#[cfg(test)]
mod tests;
