//! Batches of Mistral: files as of OpenAI, and jobs of its own.
//!
//! In: requests; or what the vendor sends. Out: a file to upload and the body that makes a job of it; or a [`Seen`]. Lines
//! of results have OpenAI's form. The model is named by the job, for all its requests. Shapes after Mistral's published
//! reference, read in November 2026.

use serde_json::{Value, json};

use super::{BatchLimits, BatchRequest, BatchState, Seen, number, said, seconds};

/// The most that one batch may hold; a file of 512 MB is documented, a million requests may wait in a workspace.
pub const LIMITS: BatchLimits = BatchLimits { rows: 100_000, bytes: 500_000_000 };

/// The file to upload: one line for each request.
#[must_use]
pub fn lines(requests: &[BatchRequest]) -> Vec<u8> {
    let size: usize = requests.iter().map(|request| request.body.len() + 64).sum();
    let mut file = Vec::with_capacity(size);
    for request in requests {
        file.extend_from_slice(format!(r#"{{"custom_id":"{}","body":"#, request.id).as_bytes());
        file.extend_from_slice(&request.body);
        file.extend_from_slice(b"}\n");
    }
    file
}

/// The body that makes a job of an uploaded file.
#[must_use]
pub fn create(file: &str, key: &str, model: &str) -> Vec<u8> {
    let body = json!({
        "input_files": [file],
        "endpoint": "/v1/chat/completions",
        "model": model,
        "metadata": { "karat": key },
        "timeout_hours": 24,
    });
    body.to_string().into_bytes()
}

/// Reads a job as the vendor shows it.
///
/// # Errors
/// A sentence where it is none.
pub fn seen(job: &Value) -> Result<Seen, String> {
    let id = said(&job["id"]).ok_or("the batch has no id")?;
    let count = |name: &str| number(&job[name]).unwrap_or(0);
    let total = count("total_requests");
    let done = count("completed_requests").max(count("succeeded_requests") + count("failed_requests"));
    let state = match job["status"].as_str().unwrap_or_default() {
        "QUEUED" | "RUNNING" | "CANCELLATION_REQUESTED" => BatchState::Running { done, total },
        "SUCCESS" => BatchState::Ended,
        "TIMEOUT_EXCEEDED" => BatchState::Expired,
        "CANCELLED" => BatchState::Canceled,
        "FAILED" => BatchState::Failed(
            said(&job["errors"][0]["message"]).unwrap_or_else(|| "the vendor gave no reason".to_owned()),
        ),
        other => return Err(format!("the batch has the unknown status `{other}`")),
    };
    let results = ["output_file", "error_file"];
    let results = results.iter().filter_map(|name| said(&job[name])).map(|id| format!("files/{id}/content"));
    Ok(Seen {
        id,
        state,
        key: said(&job["metadata"]["karat"]),
        input: said(&job["input_files"][0]),
        made_at: seconds(&job["created_at"]),
        total: (total > 0).then_some(total),
        results: results.collect(),
    })
}

/// Reads a page of the list of jobs.
#[must_use]
pub fn list(page: &Value) -> Vec<Seen> {
    page["data"].as_array().into_iter().flatten().filter_map(|job| seen(job).ok()).collect()
}
