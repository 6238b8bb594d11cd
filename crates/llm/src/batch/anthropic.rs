//! Message batches of Anthropic: the requests stand in the body, the results are lines behind `results_url`.
//!
//! In: requests; or what the vendor sends. Out: the body to send; or a [`Seen`] and [`BatchLine`]s. Shapes after Anthropic's
//! published reference, read in November 2026.
//!
//! A batch keeps no word of ours, so that one whose id was lost is found by its number of requests and its time.

use serde_json::{Value, value::RawValue};

use super::{
    BatchLimits, BatchLine, BatchRequest, BatchState, Seen, number, read_fault, said, seconds, undone,
};
use crate::{CallError, CallErrorClass, ModelAnswer, dialect::fault};

/// The most that one batch may hold.
pub const LIMITS: BatchLimits = BatchLimits { rows: 100_000, bytes: 256_000_000 };

/// The body that makes a batch.
#[must_use]
pub fn create(requests: &[BatchRequest]) -> Vec<u8> {
    let size: usize = requests.iter().map(|request| request.body.len() + 80).sum();
    let mut body = Vec::with_capacity(size + 16);
    body.extend_from_slice(br#"{"requests":["#);
    for (n, request) in requests.iter().enumerate() {
        let comma = if n > 0 { "," } else { "" };
        body.extend_from_slice(format!(r#"{comma}{{"custom_id":"{}","params":"#, request.id).as_bytes());
        body.extend_from_slice(&request.body);
        body.push(b'}');
    }
    body.extend_from_slice(b"]}");
    body
}

/// Reads a batch as the vendor shows it.
///
/// # Errors
/// A sentence where it is none.
pub fn seen(batch: &Value) -> Result<Seen, String> {
    let id = said(&batch["id"]).ok_or("the batch has no id")?;
    let count = |name: &str| number(&batch["request_counts"][name]).unwrap_or(0);
    let done = count("succeeded") + count("errored") + count("canceled") + count("expired");
    let total = done + count("processing");
    let state = match batch["processing_status"].as_str().unwrap_or_default() {
        "in_progress" | "canceling" => BatchState::Running { done, total },
        // It says the same of one that was canceled or ran out of time; the counts tell.
        "ended" if !batch["cancel_initiated_at"].is_null() => BatchState::Canceled,
        "ended" if count("expired") > 0 => BatchState::Expired,
        "ended" => BatchState::Ended,
        other => return Err(format!("the batch has the unknown status `{other}`")),
    };
    Ok(Seen {
        id,
        state,
        key: None,
        input: None,
        made_at: seconds(&batch["created_at"]),
        total: Some(total),
        results: said(&batch["results_url"]).into_iter().collect(),
    })
}

/// Reads a page of the list of batches, and the id after which the next page begins.
#[must_use]
pub fn list(page: &Value) -> (Vec<Seen>, Option<String>) {
    let all = page["data"].as_array().into_iter().flatten().filter_map(|batch| seen(batch).ok()).collect();
    let next = page["has_more"].as_bool().unwrap_or(false).then(|| said(&page["last_id"]));
    (all, next.flatten())
}

/// Reads a line of the results; `answer` reads the message of one that succeeded.
///
/// # Errors
/// A sentence where the line is no JSON or names no request.
pub fn line(
    line: &[u8],
    answer: impl FnOnce(&[u8]) -> Result<ModelAnswer, CallError>,
) -> Result<BatchLine, String> {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        custom_id: Option<String>,
        #[serde(borrow)]
        result: Outcome<'a>,
    }
    #[derive(serde::Deserialize)]
    struct Outcome<'a> {
        r#type: String,
        #[serde(borrow)]
        message: Option<&'a RawValue>,
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    let read: Line<'_> = serde_json::from_slice(line)
        .map_err(|error| format!("a line of the results is not readable: {error}"))?;
    let id = read.custom_id.ok_or("a line of the results names no request")?;
    let result = read.result;
    let outcome = match (result.r#type.as_str(), result.message, result.error) {
        ("succeeded", Some(message), _) => answer(message.get().as_bytes()),
        ("errored", _, Some(error)) => read_fault(fault::read(status(error), None, error.get().as_bytes())),
        ("expired", ..) => Err(undone("the batch expired before this request was reached")),
        ("canceled", ..) => Err(undone("the batch was canceled before this request was reached")),
        (other, ..) => Err(CallError::new(
            CallErrorClass::BadBody,
            format!("the result of the type `{other}` holds neither a message nor an error"),
        )),
    };
    Ok(BatchLine { id, outcome })
}

/// The status that a live call would have had, by the type of the error.
fn status(error: &RawValue) -> u16 {
    let error: Value = serde_json::from_str(error.get()).unwrap_or_default();
    let inner = if error["error"].is_object() { &error["error"] } else { &error };
    match inner["type"].as_str().unwrap_or_default() {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        _ => 500,
    }
}
