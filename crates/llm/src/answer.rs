//! What a model gave back.
//!
//! In: nothing; these are the types that every provider fills. Out: [`ModelAnswer`], with what it cost and why it ended.
//!
//! Not here: what the text means. This crate never reads it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One answer of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelAnswer {
    /// The text as it came, untouched. Empty where the model refused through a field of its own.
    pub text: String,
    /// Why the text ended.
    pub stop: Stop,
    /// The refusal, where the vendor reports it apart from the text or blocked the question or the answer.
    pub refusal: Option<String>,
    /// What was counted; `None` where the endpoint did not say.
    pub usage: Option<Usage>,
    /// The model that answered, as the endpoint names it: an alias may stand for a dated version.
    pub served_model: Option<String>,
    /// Log-probabilities of the answer's tokens in order, where they were asked for and given.
    pub logprobs: Option<Vec<TokenLogprob>>,
    /// Milliseconds from sending to the last byte, of the try that succeeded, waiting for permission left out.
    pub latency_ms: u32,
    /// How many tries it took, from 1.
    pub tries: u32,
    /// What a recording says of this answer beyond its text; only replayed answers have it.
    pub stated: Option<Recorded>,
    /// Which of an annotator's endpoints answered: 0 is the first, `n` the `n`th that stands in for it.
    pub by: u32,
}

impl ModelAnswer {
    /// An answer of which only the text is known: ended by itself, first try, no time, no count.
    pub fn of_text(text: impl Into<String>) -> ModelAnswer {
        ModelAnswer {
            text: text.into(),
            stop: Stop::End,
            refusal: None,
            usage: None,
            served_model: None,
            logprobs: None,
            latency_ms: 0,
            tries: 1,
            stated: None,
            by: 0,
        }
    }
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The model was done, or a stop text was met.
    End,
    /// `max_tokens` or the context was used up: the text is cut.
    TokenLimit,
    /// The vendor's filter blocked the question or the answer.
    ContentFilter,
    /// Any other word of the vendor; `missing` where it gave none.
    Other(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::End => f.write_str("end"),
            Stop::TokenLimit => f.write_str("token_limit"),
            Stop::ContentFilter => f.write_str("content_filter"),
            Stop::Other(word) => f.write_str(word),
        }
    }
}

/// Tokens that were counted, by price class.
///
/// `input` INCLUDES `cached_read` and `cached_write`; `output` INCLUDES `reasoning`. Vendors differ in this; the dialects
/// bring them to this one form, so that nothing is paid for twice or left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All tokens of the prompt.
    pub input: u64,
    /// Those of `input` that were read from the vendor's prompt cache.
    pub cached_read: u64,
    /// Those of `input` that were written to the vendor's prompt cache.
    pub cached_write: u64,
    /// All tokens that were generated.
    pub output: u64,
    /// Those of `output` that were reasoning and are not part of the text.
    pub reasoning: u64,
}

/// One token of an answer and how likely the model found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// The token's text.
    pub token: String,
    /// The natural logarithm of its probability: at most 0.
    pub logprob: f64,
    /// The likeliest tokens at this place with their log-probabilities, the chosen one usually among them.
    pub top: Vec<(String, f64)>,
}

/// What a recording states of an answer besides its text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The value that the recording's own reader saw in the answer; `None` where it saw none.
    pub label: Option<Value>,
    /// Whether the text is the model's own words. Where not, it was made from `label`.
    pub has_raw: bool,
    /// Which prompt the recording names.
    pub prompt_id: String,
    /// The confidence that the recording gives, usually 0 to 1; where it comes from, the recording's source says.
    pub confidence: Option<f64>,
    /// Probabilities of single tokens or labels by their text, in file order. They need not sum to 1.
    pub token_probs: Vec<(String, f64)>,
    /// Probabilities in the order of the recording's list of labels.
    pub probs: Vec<f64>,
}

/// Whether answers come from a model that runs now. Every output that shows an answer says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "nature")]
pub enum Nature {
    /// A model answers over the network.
    Live,
    /// Answers recorded earlier are played back.
    Replayed {
        /// The file they come from.
        from: String,
    },
    /// Answers are made up by a seeded stand-in.
    Scripted {
        /// The stand-in's seed.
        seed: u64,
        /// The share of right answers that it was told to give.
        accuracy: f64,
    },
}

impl Nature {
    /// Whether a model answers now.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self, Nature::Live)
    }
}

impl fmt::Display for Nature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Nature::Live => f.write_str("live"),
            Nature::Replayed { from } => write!(f, "not live: recorded answers from `{from}`"),
            Nature::Scripted { seed, accuracy } => {
                write!(f, "not live: made-up answers, accuracy {accuracy}, seed {seed}")
            }
        }
    }
}
