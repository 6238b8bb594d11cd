//! How requests and answers look on the wire: pure functions over bytes, one module for each family of vendors.
//!
//! In: a [`ModelRequest`](crate::ModelRequest) and what the endpoint takes, or a body that came back. Out: a body to send,
//! or an answer, or a [`Fault`]. No socket, no clock: every quirk of a vendor is a test with a string in it.
//!
//! Not here: which endpoint speaks which dialect (`endpoints.rs`), and sending (`http.rs`).

pub mod fault;
pub mod openai_chat;

use crate::CallError;

/// A family of wire formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `POST {base_url}/chat/completions` as OpenAI defined it and many vendors took it over.
    OpenAiChat,
}

impl Dialect {
    /// The path of a call, below the endpoint's base URL.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Dialect::OpenAiChat => "chat/completions",
        }
    }
}

/// How firmly an endpoint can be held to a shape, from free to bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    Text,
    /// To some JSON object.
    Json,
    /// To a JSON Schema.
    JsonSchema,
}

/// What one endpoint takes, as far as is known now. It starts from the endpoint's table row and shrinks when parts of a
/// request are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The firmest answer format to ask for.
    pub format: Level,
    /// Whether `logprobs` may be asked for.
    pub logprobs: bool,
    /// Whether `temperature` and `top_p` may be sent.
    pub sampling: bool,
    /// Whether `reasoning_effort` may be sent.
    pub reasoning_effort: bool,
    /// Whether `stop` may be sent.
    pub stop: bool,
    /// The name of the seed, or `None` where there is none.
    pub seed: Option<&'static str>,
    /// The name of the bound on the answer's length.
    pub max_tokens: &'static str,
}

/// A part of a request that an endpoint may refuse while it would answer the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The answer format.
    Format,
    /// Log-probabilities.
    Logprobs,
    /// The name under which the answer's bound is sent.
    MaxTokensName,
    /// `temperature` and `top_p`.
    Sampling,
    /// `seed`.
    Seed,
    /// `stop`.
    Stop,
    /// `reasoning_effort`.
    ReasoningEffort,
}

/// What a body that is not an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The call failed.
    Failed(CallError),
    /// The endpoint refuses one part of the request; without it, it may answer.
    Refuses(Part, CallError),
    /// The vendor's filter blocked this one question: an outcome of the question, not a failure of the call.
    Blocked(String),
}
