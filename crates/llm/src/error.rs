//! Why a call gave no answer, and whether to try again.
//!
//! In: what the transport or a layer met. Out: [`CallError`]; the class alone decides what happens next.
//!
//! Not here: reading a vendor's error body (`dialect`), and waiting (`layer/retry.rs`).

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A call that gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// What kind of failure it is: all that a caller branches on.
    pub class: CallErrorClass,
    /// One sentence for people: what happened and what to do next. It never holds a key.
    pub message: String,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// How long the other side asked us to wait.
    pub retry_after: Option<Duration>,
    /// How many tries were made, from 1; 0 where nothing was sent.
    pub tries: u32,
    /// Which of an annotator's endpoints failed: 0 is the first, `n` the `n`th that stands in for it.
    pub by: u32,
    /// Whether another endpoint stands in from here on: the same question may be asked again at once.
    pub is_relieved: bool,
}

impl CallError {
    /// A failure of this class after one try.
    pub fn new(class: CallErrorClass, message: impl Into<String>) -> CallError {
        let message = message.into();
        CallError { class, message, status: None, retry_after: None, tries: 1, by: 0, is_relieved: false }
    }

    /// The same failure with the HTTP status it came with.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> CallError {
        self.status = Some(status);
        self
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)?;
        if let Some(status) = self.status {
            write!(f, " (status {status})")?;
        }
        if self.tries > 1 {
            write!(f, " after {} tries", self.tries)?;
        }
        Ok(())
    }
}

impl std::error::Error for CallError {}

/// The kinds of failure. Their names are stored, and never change once released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallErrorClass {
    /// The key is missing, wrong or not allowed to do this.
    Auth,
    /// The endpoint does not know the model or refuses a parameter: each further call would fail alike.
    BadRequest,
    /// This one question is longer than the model's context. Others may fit.
    TooLong,
    /// Too many calls at once.
    RateLimited,
    /// The other side failed or is overloaded.
    Server,
    /// No full answer within the time limit.
    Timeout,
    /// The connection could not be made, or broke.
    Connection,
    /// A success whose body is not what the dialect promises: cut, empty or not JSON.
    BadBody,
    /// The account is out of credit.
    QuotaSpent,
    /// Our own budget does not allow the call. Nothing was sent.
    Budget,
    /// A recording holds no answer to this question. Nothing was sent.
    NotRecorded,
}

impl CallErrorClass {
    /// Every class, in the order of the documentation.
    pub const ALL: [CallErrorClass; 11] = [
        CallErrorClass::Auth,
        CallErrorClass::BadRequest,
        CallErrorClass::TooLong,
        CallErrorClass::RateLimited,
        CallErrorClass::Server,
        CallErrorClass::Timeout,
        CallErrorClass::Connection,
        CallErrorClass::BadBody,
        CallErrorClass::QuotaSpent,
        CallErrorClass::Budget,
        CallErrorClass::NotRecorded,
    ];

    /// The name in stores, files and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CallErrorClass::Auth => "auth",
            CallErrorClass::BadRequest => "bad_request",
            CallErrorClass::TooLong => "too_long",
            CallErrorClass::RateLimited => "rate_limited",
            CallErrorClass::Server => "server",
            CallErrorClass::Timeout => "timeout",
            CallErrorClass::Connection => "connection",
            CallErrorClass::BadBody => "bad_body",
            CallErrorClass::QuotaSpent => "quota_spent",
            CallErrorClass::Budget => "budget",
            CallErrorClass::NotRecorded => "not_recorded",
        }
    }

    /// Whether every further call would fail alike, so that a run must stop at once.
    #[must_use]
    pub fn is_fatal(self) -> bool {
        matches!(self, CallErrorClass::Auth | CallErrorClass::BadRequest | CallErrorClass::QuotaSpent)
    }

    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            CallErrorClass::RateLimited
                | CallErrorClass::Server
                | CallErrorClass::Timeout
                | CallErrorClass::Connection
                | CallErrorClass::BadBody
        )
    }
}

impl fmt::Display for CallErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CallErrorClass {
    type Err = String;

    fn from_str(name: &str) -> Result<CallErrorClass, String> {
        let known = CallErrorClass::ALL.into_iter().find(|class| class.as_str() == name);
        known.ok_or_else(|| format!("`{name}` is not a class of call errors"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_reads_its_own_name_and_is_not_both_fatal_and_transient() {
        for class in CallErrorClass::ALL {
            assert_eq!(class.as_str().parse(), Ok(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
            assert!(!(class.is_fatal() && class.is_transient()), "{class}");
        }
        assert!("teapot".parse::<CallErrorClass>().is_err());
    }
}
