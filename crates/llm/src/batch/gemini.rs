//! Batches of Gemini: requests stand in the body, and the batch is an operation that is polled.
//!
//! In: requests; or what the vendor sends. Out: the body to send; or a [`Seen`] and [`BatchLine`]s. Shapes after Google's
//! published reference, read in November 2026. The key of a batch is its display name, the id of a request its metadata.
//!
//! Not here: batches from an uploaded file, whose upload is a protocol of its own; a batch is kept below the 20 MB that
//! may stand in a body. Results that the vendor puts into a file are read all the same.

use serde_json::{Value, value::RawValue};

use super::{BatchLimits, BatchLine, BatchRequest, BatchState, Seen, number, read_fault, said, seconds};
use crate::{CallError, CallErrorClass, ModelAnswer, dialect::fault};

/// The most that one batch may hold in its body.
pub const LIMITS: BatchLimits = BatchLimits { rows: 50_000, bytes: 19_000_000 };

/// The path that makes a batch for a model.
#[must_use]
pub fn path(model: &str) -> String {
    format!("models/{}:batchGenerateContent", model.trim_start_matches("models/"))
}

/// The body that makes a batch.
#[must_use]
pub fn create(key: &str, requests: &[BatchRequest]) -> Vec<u8> {
    let size: usize = requests.iter().map(|request| request.body.len() + 80).sum();
    let mut body = Vec::with_capacity(size + 96);
    let head = format!(r#"{{"batch":{{"display_name":"{key}","input_config":{{"requests":{{"requests":["#);
    body.extend_from_slice(head.as_bytes());
    for (n, request) in requests.iter().enumerate() {
        body.extend_from_slice(if n > 0 { br#",{"request":"# } else { br#"{"request":"# });
        body.extend_from_slice(&request.body);
        body.extend_from_slice(format!(r#","metadata":{{"key":"{}"}}}}"#, request.id).as_bytes());
    }
    body.extend_from_slice(b"]}}}}");
    body
}

/// Reads the operation that stands for a batch. Its results stand in itself, or in a file that it names.
///
/// # Errors
/// A sentence where it is none.
pub fn seen(operation: &Value) -> Result<Seen, String> {
    let id = said(&operation["name"]).ok_or("the batch has no name")?;
    let batch = &operation["metadata"];
    let stats = &batch["batchStats"];
    let count = |name: &str| number(&stats[name]).unwrap_or(0);
    let total = count("requestCount");
    let done = count("successfulRequestCount") + count("failedRequestCount");
    let word = batch["state"].as_str().unwrap_or_default();
    let state = match word.trim_start_matches("BATCH_STATE_").trim_start_matches("JOB_STATE_") {
        "PENDING" | "RUNNING" | "UNSPECIFIED" | "" => BatchState::Running { done, total },
        "SUCCEEDED" => BatchState::Ended,
        "EXPIRED" => BatchState::Expired,
        "CANCELLED" => BatchState::Canceled,
        "FAILED" => BatchState::Failed(
            said(&operation["error"]["message"]).unwrap_or_else(|| "the vendor gave no reason".to_owned()),
        ),
        other => return Err(format!("the batch has the unknown state `{other}`")),
    };
    let file =
        said(&operation["response"]["responsesFile"]).or_else(|| said(&batch["output"]["responsesFile"]));
    // The file is served from another path of the same host.
    let file = file.map(|file| format!("/download/v1beta/{file}:download?alt=media"));
    Ok(Seen {
        id,
        state,
        key: said(&batch["displayName"]),
        input: None,
        made_at: seconds(&batch["createTime"]),
        total: (total > 0).then_some(total),
        results: file.into_iter().collect(),
    })
}

/// Reads a page of the list of batches, and the token of the next one.
#[must_use]
pub fn list(page: &Value) -> (Vec<Seen>, Option<String>) {
    let all = page["operations"].as_array().into_iter().flatten();
    (all.filter_map(|operation| seen(operation).ok()).collect(), said(&page["nextPageToken"]))
}

/// Reads the results that stand in an operation.
///
/// # Errors
/// A sentence where the body is no operation.
pub fn inlined(
    operation: &[u8],
    answer: impl Fn(&[u8]) -> Result<ModelAnswer, CallError>,
    mut sink: impl FnMut(Result<BatchLine, String>),
) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    struct Operation<'a> {
        #[serde(borrow, default)]
        response: Output<'a>,
        #[serde(borrow, default)]
        metadata: Metadata<'a>,
    }
    #[derive(serde::Deserialize, Default)]
    struct Metadata<'a> {
        #[serde(borrow, default)]
        output: Output<'a>,
    }
    #[derive(serde::Deserialize, Default)]
    #[serde(rename_all = "camelCase")]
    struct Output<'a> {
        #[serde(borrow, default)]
        inlined_responses: Inlined<'a>,
    }
    #[derive(serde::Deserialize, Default)]
    #[serde(rename_all = "camelCase")]
    struct Inlined<'a> {
        #[serde(borrow, default)]
        inlined_responses: Vec<&'a RawValue>,
    }
    let read: Operation<'_> =
        serde_json::from_slice(operation).map_err(|error| format!("the batch is not readable: {error}"))?;
    let (inside, beside) = (read.response.inlined_responses, read.metadata.output.inlined_responses);
    let all = if inside.inlined_responses.is_empty() { beside } else { inside };
    for one in all.inlined_responses {
        sink(line(one.get().as_bytes(), &answer));
    }
    Ok(())
}

/// Reads one result, of a file or of an operation; `answer` reads the response of one that succeeded.
///
/// # Errors
/// A sentence where it is no JSON or names no request.
pub fn line(
    line: &[u8],
    answer: impl FnOnce(&[u8]) -> Result<ModelAnswer, CallError>,
) -> Result<BatchLine, String> {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        key: Option<String>,
        metadata: Option<Metadata>,
        #[serde(borrow)]
        response: Option<&'a RawValue>,
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    #[derive(serde::Deserialize)]
    struct Metadata {
        key: Option<String>,
    }
    let read: Line<'_> = serde_json::from_slice(line)
        .map_err(|error| format!("a line of the results is not readable: {error}"))?;
    let id = read.key.or_else(|| read.metadata?.key).ok_or("a line of the results names no request")?;
    let outcome = match (read.response, read.error) {
        (Some(response), _) => answer(response.get().as_bytes()),
        (None, Some(error)) => read_fault(fault::read(status(error), None, error.get().as_bytes())),
        (None, None) => {
            Err(CallError::new(CallErrorClass::BadBody, "the line holds neither a response nor an error"))
        }
    };
    Ok(BatchLine { id, outcome })
}

/// The status that a live call would have had, by the code of the error as gRPC numbers them.
fn status(error: &RawValue) -> u16 {
    let error: Value = serde_json::from_str(error.get()).unwrap_or_default();
    match number(&error["code"]).unwrap_or(0) {
        3 | 9 | 11 => 400,
        16 => 401,
        7 => 403,
        5 => 404,
        4 => 504,
        8 => 429,
        code @ 400..=599 => u16::try_from(code).unwrap_or(500),
        _ => 500,
    }
}
