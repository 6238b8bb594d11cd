//! The one seam of this crate: a request in, an answer or an error out.
//!
//! In: a [`ModelRequest`]. Out: a [`ModelAnswer`] or a [`CallError`]. Providers answer it (`http.rs`, `replay.rs`,
//! `scripted.rs`); layers (`layer/`) wrap another `Complete`.
//!
//! Not here: choosing a provider (`provider.rs`).

use futures::future::BoxFuture;

use crate::{CallError, ModelAnswer, ModelRequest, Nature};

/// Answers requests.
pub trait Complete: Send + Sync {
    /// Answers one request. Dropping the future gives the call up; the other side may still charge for it.
    ///
    /// # Errors
    /// A [`CallError`] whose class says what to do next.
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>>;

    /// Whether the answers come from a model that runs now.
    fn nature(&self) -> Nature;

    /// What of the requests was left out or weakened since the endpoint does not take it. Grows while calls are made.
    fn downgrades(&self) -> Vec<Downgrade> {
        Vec::new()
    }
}

/// One thing that was asked for and is no longer sent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Downgrade {
    /// What was asked for: `json_schema`, `logprobs`, `temperature` …
    pub asked: &'static str,
    /// What is sent instead, or `nothing`.
    pub sent: &'static str,
    /// The endpoint's words, or the table row that says so.
    pub why: String,
}
