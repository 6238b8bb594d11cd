//! What the tests of several modules share: a request, an error, and a provider that plays a list of outcomes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use futures::{FutureExt, future::BoxFuture, future::ready};

use crate::{
    AnswerFormat, Aside, CallError, CallErrorClass, Complete, Downgrade, Message, ModelAnswer, ModelRequest,
    Nature, RetryPolicy, Role, Settings, Tries,
};

pub(crate) fn ask(key: &str) -> ModelRequest {
    ModelRequest {
        model: "m".into(),
        messages: vec![Message::new(Role::User, "which label, as json?")],
        format: AnswerFormat::Text,
        settings: Arc::new(Settings::new(16)),
        sample: 0,
        aside: Aside { key: key.into(), ..Aside::default() },
    }
}

pub(crate) fn error(class: CallErrorClass) -> CallError {
    CallError::new(class, "played")
}

/// Plays its outcomes one after another, then fails as if nothing were recorded.
pub(crate) struct Played {
    outcomes: Mutex<VecDeque<Result<ModelAnswer, CallError>>>,
    n_calls: Mutex<usize>,
}

impl Played {
    pub(crate) fn new(outcomes: Vec<Result<&str, CallError>>) -> Played {
        let outcomes = outcomes.into_iter().map(|outcome| outcome.map(ModelAnswer::of_text)).collect();
        Played { outcomes: Mutex::new(outcomes), n_calls: Mutex::new(0) }
    }

    pub(crate) fn n_calls(&self) -> usize {
        *self.n_calls.lock().unwrap()
    }
}

impl Complete for Played {
    fn complete<'a>(&'a self, _: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>> {
        *self.n_calls.lock().unwrap() += 1;
        let outcome = self.outcomes.lock().unwrap().pop_front();
        ready(outcome.unwrap_or_else(|| Err(error(CallErrorClass::NotRecorded)))).boxed()
    }

    fn nature(&self) -> Nature {
        Nature::Live
    }
}

/// Tries a provider again as its callers do.
pub(crate) struct Retry {
    inner: Arc<dyn Complete>,
    policy: RetryPolicy,
}

impl Retry {
    /// Wraps `inner`.
    pub(crate) fn new(inner: Arc<dyn Complete>, policy: RetryPolicy) -> Retry {
        Retry { inner, policy }
    }

    async fn persist(&self, request: &ModelRequest) -> Result<ModelAnswer, CallError> {
        let mut tries = Tries::new(self.policy);
        loop {
            let error = match self.inner.complete(request).await {
                Ok(answer) => {
                    return Ok(ModelAnswer { tries: tries.n_failed() + 1, ..answer });
                }
                Err(error) => error,
            };
            let Some(wait) = tries.wait_after(&error) else {
                // What was never sent is no try.
                let n = if error.tries == 0 { tries.n_failed() - 1 } else { tries.n_failed() };
                return Err(CallError { tries: n, ..error });
            };
            tokio::time::sleep(wait).await;
        }
    }
}

impl Complete for Retry {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>> {
        self.persist(request).boxed()
    }

    fn nature(&self) -> Nature {
        self.inner.nature()
    }

    fn downgrades(&self) -> Vec<Downgrade> {
        self.inner.downgrades()
    }
}
