//! Many requests in one go, answered within a day at a lower price: the batch APIs of vendors.
//!
//! In: requests written by a dialect, each under an id of our own, and a key that names the whole batch. Out: the vendor's id
//! of the batch, its [`BatchState`], and one [`BatchLine`] for each line of its results, in whatever order they come.
//! One file for each family of APIs, pure functions over bytes; `sent.rs` moves the bytes.
//!
//! Not here: what a request is about, money, and when to look again. Lines are joined to requests by the id, which the
//! caller does: a line may come twice, under an unknown id, or not at all.

pub mod anthropic;
pub mod gemini;
pub mod mistral;
pub mod openai;
#[cfg(feature = "http")]
mod sent;

use futures::future::BoxFuture;
use serde_json::Value;

#[cfg(feature = "http")]
pub use sent::SentBatches;

#[cfg(feature = "http")]
use crate::dialect::Dialect;
use crate::{CallError, CallErrorClass, ModelAnswer, ModelRequest, Stop, dialect::Fault};

/// One request of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRequest {
    /// Its name within the batch: 1 to 64 letters, digits, `-` and `_`; all vendors take these.
    pub id: String,
    /// What a live call would send as its body, JSON.
    pub body: Vec<u8>,
}

/// How far a batch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchState {
    /// It is under way.
    Running {
        /// Requests that have an answer or an error.
        done: u64,
        /// All requests; 0 while the vendor has not counted them.
        total: u64,
    },
    /// All requests have an answer or an error.
    Ended,
    /// Its time ran out; what was answered before can be read.
    Expired,
    /// It was canceled; what was answered before can be read.
    Canceled,
    /// The vendor refused it as a whole, with the reason. Nothing was answered.
    Failed(String),
}

impl BatchState {
    /// Whether nothing more will come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self, BatchState::Running { .. })
    }

    /// The name in tables and stores.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            BatchState::Running { .. } => "running",
            BatchState::Ended => "ended",
            BatchState::Expired => "expired",
            BatchState::Canceled => "canceled",
            BatchState::Failed(_) => "failed",
        }
    }
}

/// One line of the results.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchLine {
    /// The id of the request, as the vendor repeats it.
    pub id: String,
    /// Its answer, or why there is none.
    pub outcome: Result<ModelAnswer, CallError>,
}

/// A batch as its vendor shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The vendor's id.
    pub id: String,
    /// How far it is.
    pub state: BatchState,
    /// The key that it was submitted under, where the vendor keeps one.
    pub key: Option<String>,
    /// The file that it was made of, where there is one.
    pub input: Option<String>,
    /// When it was made, in seconds since 1970, where the vendor says so.
    pub made_at: Option<i64>,
    /// How many requests it has, where the vendor says so.
    pub total: Option<u64>,
    /// Where the results are, as paths below the endpoint's address or whole addresses.
    pub results: Vec<String>,
}

/// The most that one batch may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Requests.
    pub rows: usize,
    /// Bytes of all requests as they are sent.
    pub bytes: usize,
}

/// An endpoint that takes batches.
pub trait Batches: Send + Sync {
    /// The most that one batch may hold.
    fn limits(&self) -> BatchLimits;

    /// Whether the vendor keeps our key with a batch, or at least the name of its file. Where not, a batch whose id was
    /// lost is found by its size and time, and may be another's.
    fn keeps_keys(&self) -> bool;

    /// What would be sent for a request, without what the endpoint is known to refuse.
    ///
    /// # Errors
    /// [`CallErrorClass::BadRequest`] where the request cannot be written.
    fn body(&self, request: &ModelRequest) -> Result<Vec<u8>, CallError>;

    /// Submits a batch under a key of ours and gives the vendor's id. Not tried again: after an error that leaves open
    /// whether it arrived, [`Batches::find`] tells.
    ///
    /// # Errors
    /// As of a call.
    fn submit<'a>(
        &'a self,
        key: &'a str,
        model: &'a str,
        requests: &'a [BatchRequest],
    ) -> BoxFuture<'a, Result<String, CallError>>;

    /// Looks among the vendor's batches for one whose id was lost.
    ///
    /// Where the vendor keeps neither a key nor a file's name, a batch fits by its number of requests and its time: the
    /// ids in its results tell at last whether it is the one.
    ///
    /// # Errors
    /// As of a call.
    fn find<'a>(&'a self, wanted: Wanted<'a>) -> BoxFuture<'a, Result<Option<String>, CallError>>;

    /// How far a batch is.
    ///
    /// # Errors
    /// As of a call.
    fn state<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<BatchState, CallError>>;

    /// Reads the results of a batch that is over: `sink` gets each line as it comes, or a sentence about a line that
    /// cannot be read. A batch without results gives none.
    ///
    /// # Errors
    /// As of a call; what `sink` got is then not the whole.
    fn results<'a>(
        &'a self,
        id: &'a str,
        sink: &'a mut (dyn FnMut(Result<BatchLine, String>) + Send),
    ) -> BoxFuture<'a, Result<(), CallError>>;

    /// Asks the vendor to stop a batch. What is answered until then is paid for and can be read.
    ///
    /// # Errors
    /// As of a call.
    fn cancel<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), CallError>>;
}

/// What is known of a batch whose id was lost.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The key that it was submitted under.
    pub key: &'a str,
    /// How many requests it has.
    pub n: u64,
    /// Not before this second since 1970.
    pub since: i64,
    /// The vendor's ids that belong to other batches of ours.
    pub known: &'a [String],
}

impl Wanted<'_> {
    /// Whether a batch is the wanted one, where its vendor keeps keys.
    #[must_use]
    pub fn has_key(&self, seen: &Seen) -> bool {
        seen.key.as_deref() == Some(self.key)
    }

    /// Whether a batch may be the wanted one, where its vendor keeps none: as many requests, as late, and nobody else's.
    #[must_use]
    pub fn may_be(&self, seen: &Seen) -> bool {
        let fits = seen.total == Some(self.n) && seen.made_at.is_none_or(|at| at >= self.since);
        fits && !self.known.contains(&seen.id)
    }
}

/// The name of the file that holds a batch, where it is sent as one.
#[cfg(feature = "http")]
pub(crate) fn file_name(key: &str) -> String {
    format!("{key}.jsonl")
}

/// Reads the body of one answer as its dialect does; what a live call makes an answer of is one here too.
#[cfg(feature = "http")]
pub(crate) fn read_body(dialect: Dialect, body: &[u8]) -> Result<ModelAnswer, CallError> {
    dialect.decode(body).or_else(read_fault)
}

/// What a failed request means where nothing can be left out any more: a blocked question is an answer, the rest fails.
pub(crate) fn read_fault(fault: Fault) -> Result<ModelAnswer, CallError> {
    match fault {
        Fault::Blocked(message) => {
            Ok(ModelAnswer { stop: Stop::ContentFilter, refusal: Some(message), ..ModelAnswer::of_text("") })
        }
        Fault::Failed(error) | Fault::Refuses(_, error) => Err(error),
    }
}

/// A request that the batch left undone: it may be submitted again.
pub(crate) fn undone(why: &str) -> CallError {
    CallError { tries: 0, ..CallError::new(CallErrorClass::Timeout, why) }
}

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
pub struct Lines(Vec<u8>);

impl Lines {
    /// Takes the next piece, and gives each line that is whole now; empty lines are left out.
    pub fn push(&mut self, mut piece: &[u8], mut line: impl FnMut(&[u8])) {
        while let Some(at) = piece.iter().position(|byte| *byte == b'\n') {
            if self.0.is_empty() {
                give(&piece[..at], &mut line);
            } else {
                self.0.extend_from_slice(&piece[..at]);
                give(&std::mem::take(&mut self.0), &mut line);
            }
            piece = &piece[at + 1..];
        }
        self.0.extend_from_slice(piece);
    }

    /// Gives the last line where no line feed ends it.
    pub fn finish(self, mut line: impl FnMut(&[u8])) {
        give(&self.0, &mut line);
    }
}

fn give(bytes: &[u8], line: &mut impl FnMut(&[u8])) {
    let bytes = bytes.trim_ascii();
    if !bytes.is_empty() {
        line(bytes);
    }
}

/// A field that vendors write as a number, as digits, or not at all.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A time as seconds since 1970, whether it is written so or by RFC 3339.
pub(crate) fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| Some(value.as_str()?.parse::<jiff::Timestamp>().ok()?.as_second()))
}

/// A text that is there and not empty.
pub(crate) fn said(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests;
