//! Batches as OpenAI defined them and Azure, Groq, Together, DashScope and Zhipu took them over.
//!
//! In: requests; or what the vendor sends. Out: a file of lines to upload and the body that makes a batch of it; or a
//! [`Seen`] and [`BatchLine`]s. Shapes after the published references of these vendors, read in November 2026; the
//! differences are the rows of [`flavor`].
//!
//! Results lie in two files, one of answers and one of errors. A batch that expired or was canceled has both, for what was
//! done before; the requests that were not reached stand in the file of errors as `batch_expired`.

use serde_json::{Value, json, value::RawValue};

use super::{BatchLimits, BatchLine, BatchRequest, BatchState, Seen, number, read_fault, said, seconds};
use crate::{
    CallError, CallErrorClass, ModelAnswer,
    batch::undone,
    dialect::{Dialect, fault},
};

/// In what a vendor differs from OpenAI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flavor {
    /// The path of a call, as lines and batches name it.
    pub url: &'static str,
    /// Where files are uploaded.
    pub upload: &'static str,
    /// What a file is uploaded for.
    pub purpose: &'static str,
    /// Whether a batch keeps our key as metadata. Where not, it is found by the name of its file.
    pub keeps_key: bool,
    /// The most that one batch may hold.
    pub limits: BatchLimits,
}

const OPENAI: Flavor = Flavor {
    url: "/v1/chat/completions",
    upload: "files",
    purpose: "batch",
    keeps_key: true,
    limits: BatchLimits { rows: 50_000, bytes: 200_000_000 },
};

/// How an endpoint of this name speaks, and where its dialect sends a call.
#[must_use]
pub fn flavor(endpoint: &str, dialect: Dialect) -> Flavor {
    match endpoint {
        _ if dialect == Dialect::OpenAiResponses => Flavor { url: "/v1/responses", ..OPENAI },
        "azure" => Flavor {
            url: "/chat/completions",
            limits: BatchLimits { rows: 100_000, ..OPENAI.limits },
            ..OPENAI
        },
        "together" => Flavor {
            upload: "files/upload",
            purpose: "batch-api",
            keeps_key: false,
            limits: BatchLimits { bytes: 100_000_000, ..OPENAI.limits },
            ..OPENAI
        },
        "dashscope" => Flavor { keeps_key: false, ..OPENAI },
        "zhipu" => Flavor {
            url: "/v4/chat/completions",
            keeps_key: false,
            limits: BatchLimits { bytes: 100_000_000, ..OPENAI.limits },
            ..OPENAI
        },
        _ => OPENAI,
    }
}

/// The file to upload: one line for each request.
#[must_use]
pub fn lines(requests: &[BatchRequest], flavor: &Flavor) -> Vec<u8> {
    let size: usize = requests.iter().map(|request| request.body.len() + 128).sum();
    let mut file = Vec::with_capacity(size);
    for request in requests {
        // Ids are plain letters and digits, and bodies are JSON already.
        let head =
            format!(r#"{{"custom_id":"{}","method":"POST","url":"{}","body":"#, request.id, flavor.url);
        file.extend_from_slice(head.as_bytes());
        file.extend_from_slice(&request.body);
        file.extend_from_slice(b"}\n");
    }
    file
}

/// The fields that go with the file.
#[must_use]
pub fn fields(flavor: &Flavor, file_name: &str) -> Vec<(&'static str, String)> {
    let mut fields = vec![("purpose", flavor.purpose.to_owned())];
    if flavor.upload == "files/upload" {
        fields.extend([("file_name", file_name.to_owned()), ("file_type", "jsonl".to_owned())]);
    }
    fields
}

/// The body that makes a batch of an uploaded file.
#[must_use]
pub fn create(file: &str, key: &str, flavor: &Flavor) -> Vec<u8> {
    let mut body = json!({"input_file_id": file, "endpoint": flavor.url, "completion_window": "24h"});
    if flavor.keeps_key {
        body["metadata"] = json!({ "karat": key });
    }
    body.to_string().into_bytes()
}

/// Reads a batch as the vendor shows it. Together wraps a new one into `job`.
///
/// # Errors
/// A sentence where it is none.
pub fn seen(batch: &Value) -> Result<Seen, String> {
    let batch = if batch["job"].is_object() { &batch["job"] } else { batch };
    let id = said(&batch["id"]).ok_or("the batch has no id")?;
    let results = ["output_file_id", "error_file_id"];
    let results =
        results.iter().filter_map(|name| said(&batch[name])).map(|id| format!("files/{id}/content"));
    Ok(Seen {
        id,
        state: state(batch)?,
        key: said(&batch["metadata"]["karat"]),
        input: said(&batch["input_file_id"]),
        made_at: seconds(&batch["created_at"]),
        total: number(&batch["request_counts"]["total"]),
        results: results.collect(),
    })
}

fn state(batch: &Value) -> Result<BatchState, String> {
    let status = batch["status"].as_str().unwrap_or_default().to_ascii_lowercase();
    let counts = &batch["request_counts"];
    let count = |name: &str| number(&counts[name]).unwrap_or(0);
    Ok(match status.as_str() {
        "validating" | "in_progress" | "finalizing" | "cancelling" => {
            BatchState::Running { done: count("completed") + count("failed"), total: count("total") }
        }
        "completed" => BatchState::Ended,
        "expired" => BatchState::Expired,
        "cancelled" => BatchState::Canceled,
        "failed" => BatchState::Failed(why(batch)),
        other => return Err(format!("the batch has the unknown status `{other}`")),
    })
}

/// The first words of a batch that was refused as a whole.
fn why(batch: &Value) -> String {
    let first = &batch["errors"]["data"][0];
    let line = number(&first["line"]).map(|line| format!(" (line {line})")).unwrap_or_default();
    let message = said(&first["message"]).or_else(|| said(&batch["error"]));
    format!("{}{line}", message.unwrap_or_else(|| "the vendor gave no reason".to_owned()))
}

/// Reads a page of the list of batches, and the id after which the next page begins. Together sends a bare list.
#[must_use]
pub fn list(page: &Value) -> (Vec<Seen>, Option<String>) {
    let batches = page.as_array().or_else(|| page["data"].as_array());
    let all: Vec<Seen> = batches.into_iter().flatten().filter_map(|batch| seen(batch).ok()).collect();
    let next = page["has_more"].as_bool().unwrap_or(false).then(|| all.last().map(|batch| batch.id.clone()));
    (all, next.flatten())
}

/// The ids of the files of this name in a page of the list of files.
#[must_use]
pub fn files_named(page: &Value, name: &str) -> Vec<String> {
    let files = page.as_array().or_else(|| page["data"].as_array());
    let named = files.into_iter().flatten().filter(|file| file["filename"] == name);
    named.filter_map(|file| said(&file["id"])).collect()
}

/// Reads a line of either file; `answer` reads the body of a success.
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
        response: Option<Response<'a>>,
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    #[derive(serde::Deserialize)]
    struct Response<'a> {
        status_code: Option<u16>,
        #[serde(borrow)]
        body: Option<&'a RawValue>,
    }
    let read: Line<'_> = serde_json::from_slice(line)
        .map_err(|error| format!("a line of the results is not readable: {error}"))?;
    let id = read.custom_id.ok_or("a line of the results names no request")?;
    let outcome = match (read.response, read.error) {
        (Some(Response { status_code: Some(200) | None, body: Some(body) }), _) => {
            answer(body.get().as_bytes())
        }
        (Some(Response { status_code: Some(status), body: Some(body) }), _) => {
            read_fault(fault::read(status, None, body.get().as_bytes()))
        }
        (_, Some(error)) => unanswered(error),
        (_, None) => Err(empty()),
    };
    Ok(BatchLine { id, outcome })
}

/// A request that has no response: it was not reached, or the vendor failed.
fn unanswered(error: &RawValue) -> Result<ModelAnswer, CallError> {
    let error: Value = serde_json::from_str(error.get()).unwrap_or_default();
    let code = error["code"].as_str().unwrap_or_default();
    match code {
        "batch_expired" => Err(undone("the batch expired before this request was reached")),
        "batch_cancelled" => Err(undone("the batch was canceled before this request was reached")),
        _ => {
            let status = number(&error["code"]).and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
            read_fault(fault::read(status, None, error.to_string().as_bytes()))
        }
    }
}

fn empty() -> CallError {
    CallError::new(CallErrorClass::BadBody, "the line holds neither a response nor an error")
}
