//! Talks to models; knows nothing of annotation.
//!
//! In: a [`ModelRequest`] (messages, wanted shape, settings). Out: a [`ModelAnswer`] with usage, log-probabilities and the
//! reason it ended, or a [`CallError`] whose class says whether to try again.
//!
//! [`provider`] turns a name such as `ollama/qwen3:8b`, `replay/gpt-4o` or `scripted/accuracy=0.9` into something that
//! answers; [`Limit`] wraps it, and [`Tries`] says when to try again. Only `http.rs` opens a socket, behind the feature `http`.
//!
//! ```
//! # use karat_llm::{AnswerFormat, Aside, Message, ModelRequest, ProviderOptions, Role, Settings, provider};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = provider("scripted/accuracy=1,seed=7", &ProviderOptions::default())?;
//! let request = ModelRequest {
//!     model: model.model.clone(),
//!     messages: vec![Message::new(Role::User, "Is `You won a prize!` spam or ham?")],
//!     format: AnswerFormat::Text,
//!     settings: Settings::new(16).into(),
//!     sample: 0,
//!     aside: Aside { key: "mail-1".into(), truth: Some("spam".into()), wrong: vec!["ham".into()] },
//! };
//! let answer = model.limited().complete(&request).await?;
//! assert_eq!(answer.text, "spam");
//! assert!(!model.nature().is_live());
//! # Ok(())
//! # }
//! ```
//!
//! Not here: items, labels, prompts, and the reading of answers.

pub mod announced;
mod answer;
pub mod batch;
mod chance;
mod complete;
pub mod dialect;
#[cfg(feature = "http")]
pub mod doctor;
pub mod embed;
pub mod endpoints;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod key;
pub mod layer;
mod nearest;
pub mod prices;
pub mod probe;
mod provider;
mod replay;
mod request;
pub mod score;
mod scripted;
#[cfg(test)]
mod testing;
pub mod tokens;

pub use answer::{ModelAnswer, Nature, Recorded, Stop, TokenLogprob, Usage};
pub use batch::{BatchLimits, BatchLine, BatchRequest, BatchState, Batches};
pub use complete::{Complete, Downgrade};
pub use embed::{EmbedOptions, Embedded};
pub use endpoints::{ENDPOINTS, Endpoint};
pub use error::{CallError, CallErrorClass};
#[cfg(feature = "http")]
pub use http::Http;
pub use key::{Key, KeySource, find_key};
pub use layer::{Fallback, Limit, LimitSnapshot, Limiter, Limiters, Member, RetryPolicy, Tries};
pub use prices::{MicroUsd, Price, Prices};
pub use provider::{Provider, ProviderError, ProviderOptions, provider};
pub use replay::{RecordedModel, Replay, recorded_models};
pub use request::{AnswerFormat, Aside, Message, ModelRequest, Role, Settings};
pub use score::{PromptToken, ScoredPrompt};
pub use scripted::{Script, Scripted};
