//! The smallest honest client: what the same calls cost when nothing is checked, kept or retried.
//!
//! In: a CSV and the body of a request with `{{text}}` where the text goes. Out: how long it took and what it cost. It reads
//! `choices[0].message.content` of each answer and forgets it. Its rate is the ceiling for a program on reqwest.

use std::borrow::Cow;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::ledger::Stats;
use crate::{measure, server};

/// What to send, and how.
#[derive(Debug, Clone, Args)]
pub struct ClientOptions {
    /// The CSV with the texts.
    pub file: PathBuf,
    /// Where the endpoint is, as `http://127.0.0.1:8000/v1`.
    #[arg(long)]
    pub base_url: String,
    /// A file with the JSON body of a request that holds `{{text}}`; a short classification by default.
    #[arg(long)]
    pub body_file: Option<PathBuf>,
    /// The column with the texts.
    #[arg(long, default_value = crate::rows::TEXT)]
    pub text: String,
    /// Calls in flight.
    #[arg(long, default_value_t = 64)]
    pub concurrency: usize,
    /// Threads of the runtime.
    #[arg(long, default_value_t = 2)]
    pub threads: usize,
}

/// The body sent where none is given.
pub const DEFAULT_BODY: &str = include_str!("../bodies/classify.json");

/// Where the text goes in a body.
pub const PLACE: &str = "{{text}}";

/// What a run took.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClientReport {
    /// Rows sent.
    pub rows: u64,
    /// Answers with content.
    pub answered: u64,
    /// Calls without a readable answer; they are not tried again.
    pub failed: u64,
    /// Seconds from the first row to the last answer.
    pub wall_s: f64,
    /// Rows each second.
    pub rows_per_s: f64,
    /// Seconds of CPU, user and system, of the whole process so far.
    pub cpu_s: f64,
    /// Peak of the resident memory in MB (10^6 bytes).
    pub peak_rss_mb: f64,
    /// The version of HTTP that was spoken, empty when nothing was answered.
    pub http: String,
    /// Connections that the fault server saw; null where the endpoint is none.
    pub connections: Option<u64>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    choices: Vec<AnswerChoice<'a>>,
}

#[derive(Deserialize)]
struct AnswerChoice<'a> {
    #[serde(borrow)]
    message: AnswerMessage<'a>,
}

#[derive(Deserialize)]
struct AnswerMessage<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
}

/// A request body cut at the place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    before: String,
    after: String,
}

impl Body {
    /// Reads a template.
    ///
    /// # Errors
    /// Where `{{text}}` is missing.
    pub fn new(template: &str) -> Result<Body> {
        let (before, after) =
            template.trim().split_once(PLACE).with_context(|| format!("the body holds no `{PLACE}`"))?;
        Ok(Body { before: before.to_owned(), after: after.to_owned() })
    }

    /// The body for a text.
    pub fn with(&self, text: &str) -> String {
        let quoted = serde_json::Value::from(text).to_string();
        // The template has the quotes already.
        let inner = &quoted[1..quoted.len() - 1];
        [&self.before, inner, &self.after].concat()
    }
}

struct Sender {
    client: reqwest::Client,
    url: String,
    body: Body,
    rows: Mutex<csv::Reader<File>>,
    column: usize,
}

#[derive(Default)]
struct Tally {
    rows: u64,
    answered: u64,
    http: Option<reqwest::Version>,
}

/// Sends every row once.
///
/// # Errors
/// Where the file, its column or the body cannot be used. Failed calls are counted, not reported.
pub fn run(options: &ClientOptions) -> Result<ClientReport> {
    let mut builder = match options.threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(options.threads.max(1)).enable_all().build()?.block_on(send_all(options))
}

async fn send_all(options: &ClientOptions) -> Result<ClientReport> {
    let template = match &options.body_file {
        None => DEFAULT_BODY.to_owned(),
        Some(path) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?
        }
    };
    let mut rows = csv::Reader::from_path(&options.file)
        .with_context(|| format!("cannot read `{}`", options.file.display()))?;
    let column = rows
        .headers()?
        .iter()
        .position(|name| name == options.text)
        .with_context(|| format!("`{}` has no column `{}`", options.file.display(), options.text))?;
    // Built beside karat, reqwest speaks TLS and wants to know by whom; over plain HTTP it is never asked.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sender = Arc::new(Sender {
        client: reqwest::Client::builder().no_proxy().build()?,
        url: format!("{}/chat/completions", options.base_url.trim_end_matches('/')),
        body: Body::new(&template)?,
        rows: Mutex::new(rows),
        column,
    });
    let connections_before = connections(&options.base_url);
    let start = Instant::now();
    let senders: Vec<_> =
        (0..options.concurrency.max(1)).map(|_| tokio::spawn(sender.clone().send_rows())).collect();
    let mut total = Tally::default();
    for sender in senders {
        let tally = sender.await??;
        total.rows += tally.rows;
        total.answered += tally.answered;
        total.http = total.http.or(tally.http);
    }
    let wall_s = start.elapsed().as_secs_f64();
    let usage = measure::own_usage()?;
    Ok(ClientReport {
        rows: total.rows,
        answered: total.answered,
        failed: total.rows - total.answered,
        wall_s,
        rows_per_s: total.rows as f64 / wall_s,
        cpu_s: usage.cpu_s,
        peak_rss_mb: usage.peak_rss_mb,
        http: total.http.map(|version| format!("{version:?}")).unwrap_or_default(),
        connections: connections(&options.base_url)
            .zip(connections_before)
            .map(|(now, before)| now - before - 1),
    })
}

impl Sender {
    async fn send_rows(self: Arc<Self>) -> Result<Tally> {
        let mut tally = Tally::default();
        let mut row = csv::StringRecord::new();
        while self.next_row(&mut row)? {
            tally.rows += 1;
            let body = self.body.with(&row[self.column]);
            let request = self.client.post(&self.url).header("content-type", "application/json").body(body);
            let Ok(response) = request.send().await else {
                continue;
            };
            tally.http = Some(response.version());
            let Ok(bytes) = response.bytes().await else {
                continue;
            };
            let answer = serde_json::from_slice::<Answer>(&bytes);
            let is_answered = answer.is_ok_and(|answer| {
                answer.choices.first().is_some_and(|choice| !choice.message.content.is_empty())
            });
            tally.answered += u64::from(is_answered);
        }
        Ok(tally)
    }

    fn next_row(&self, row: &mut csv::StringRecord) -> Result<bool> {
        Ok(self.rows.lock().unwrap_or_else(PoisonError::into_inner).read_record(row)?)
    }
}

/// Connections that the fault server at `base_url` has seen, this question included.
fn connections(base_url: &str) -> Option<u64> {
    let port = base_url.strip_prefix("http://127.0.0.1:")?.split('/').next()?.parse().ok()?;
    let stats: Stats = serde_json::from_slice(&server::fetch(port, "GET", "/stats").ok()?).ok()?;
    Some(stats.connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_into_the_body() {
        let body = Body::new(r#"{"a":"<{{text}}>"}"#).unwrap();
        let sent: serde_json::Value = serde_json::from_str(&body.with("say \"hi\"\n{{text}}")).unwrap();
        assert_eq!(sent["a"], "<say \"hi\"\n{{text}}>");
    }

    #[test]
    fn a_body_without_a_place_is_refused() {
        assert!(Body::new("{}").unwrap_err().to_string().contains("{{text}}"));
    }

    #[test]
    fn the_default_body_asks_as_a_schema_does() {
        let sent: serde_json::Value =
            serde_json::from_str(&Body::new(DEFAULT_BODY).unwrap().with("x")).unwrap();
        assert!(sent.pointer("/response_format/json_schema/schema/properties/label/enum").is_some());
    }
}
