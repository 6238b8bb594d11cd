//! The stand-in for a model: what it says to a request, in time or not.
//!
//! In: one parsed HTTP request and the time. Out: a [`Reply`]: bytes, when they leave, how, and what they cost. All
//! decisions of the fault server are made here; `serving.rs` only carries them out.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use regex::Regex;
use serde_json::{Value, json};

use crate::answer::Completion;
use crate::draw;
use crate::fault::{Fault, FaultPlan};
use crate::further::{self, Further};
use crate::http1::{self, Request};
use crate::ledger::{Bill, Ledger};
use crate::limit::RateLimit;
use crate::options::ServerOptions;
use crate::request::{ChatRequest, tokens_of};
use crate::schema::{self, Choice};

/// How the bytes of a reply leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// All at once.
    Whole,
    /// Up to the middle of the body, then the connection closes.
    Half,
    /// Piece by piece.
    Drip,
    /// Not at all: the connection is reset.
    Reset,
    /// Not at all: the client waits until it gives up.
    Never,
}

/// What becomes of one request.
#[derive(Debug)]
pub struct Reply {
    /// How long after the request it leaves.
    pub delay: Duration,
    /// What is to be paid when it leaves.
    pub bill: Option<Bill>,
    /// How it leaves.
    pub delivery: Delivery,
    /// Head and body.
    pub bytes: Vec<u8>,
    /// Bytes of the head.
    pub head_len: usize,
    /// Whether it counts as a call.
    pub is_call: bool,
}

/// The state behind all connections.
pub struct Model {
    plan: FaultPlan,
    labels: Vec<String>,
    served_as: Option<String>,
    key_pattern: Regex,
    retry_after_ms: u64,
    limit: Option<Mutex<RateLimit>>,
    ledger: Mutex<Ledger>,
    schema: Mutex<Option<(String, Arc<Value>)>>,
}

/// What the garbled answers say. None holds a label or can be read as one.
const GARBLED: &[&str] =
    &["lorem ipsum dolor sit amet", "{\"label\": ", "```json\n{]}\n```", "\u{fffd}\u{fffd} \u{fffd}"];

/// What stands in an answer instead of a label, as JSON.
const NO_LABEL: &str = r#""beyond-all-bounds-0""#;

impl Model {
    /// A model that answers as the options say.
    ///
    /// # Errors
    /// Says which option is wrong.
    pub fn new(options: &ServerOptions) -> Result<Model, String> {
        let pattern = &options.key_pattern;
        let limit = match options.rate {
            Some(rate) if rate > 0.0 => Some(RateLimit::new(rate, options.burst.unwrap_or(rate / 10.0))),
            Some(rate) => {
                return Err(format!("`{rate}` is no rate in requests per second; it must be above 0"));
            }
            None => None,
        };
        Ok(Model {
            plan: options.plan()?,
            labels: options.labels.clone(),
            served_as: options.model.clone(),
            key_pattern: Regex::new(pattern)
                .map_err(|error| format!("`{pattern}` is no pattern: {error}"))?,
            retry_after_ms: options.retry_after_ms,
            limit: limit.map(Mutex::new),
            ledger: Mutex::default(),
            schema: Mutex::default(),
        })
    }

    /// The counts.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    /// What `request`, which arrived at `now` seconds, gets.
    pub fn reply(&self, request: &Request, now: f64) -> Reply {
        match (request.method, request.path) {
            ("POST", path) if path.ends_with("/chat/completions") => self.chat(&request.body, now),
            ("POST", path) if path.ends_with("/completions") => {
                self.further(&request.body, now, further::echo)
            }
            ("POST", path) if path.ends_with("/embeddings") => {
                self.further(&request.body, now, further::embed)
            }
            ("GET", path) if path.ends_with("/models") => plain(200, &self.models()),
            ("GET", "/stats") => plain(200, &json!(self.ledger().stats())),
            ("GET", "/stats/keys") => plain(200, &json!(self.ledger().keys())),
            ("POST", "/reset") => {
                self.ledger().reset();
                plain(200, &json!({ "reset": true }))
            }
            (method, path) => plain(404, &failure("not_found", &format!("`{method} {path}` leads nowhere"))),
        }
    }

    fn models(&self) -> Value {
        let id = self.served_as.as_deref().unwrap_or("bench");
        json!({ "object": "list", "data": [{ "id": id, "object": "model", "created": 1_700_000_000, "owned_by": "bench" }] })
    }

    fn chat(&self, body: &[u8], now: f64) -> Reply {
        let headers = match self.admitted(now) {
            Ok(headers) => headers,
            Err(refused) => return refused,
        };
        let request: ChatRequest = match serde_json::from_slice(body) {
            Ok(request) => request,
            Err(error) => return call(plain(400, &failure("invalid_request_error", &error.to_string()))),
        };
        let key = request.key(&self.key_pattern);
        let (n, fault, delay) = self.fate(&key);
        match fault {
            Some(fault) if !fault.is_paid() => self.unpaid(fault, &headers, delay),
            fault => self.paid(&request, Asked { key, n, fault }, &headers, delay),
        }
    }

    /// A request that is no chat: a prompt to score, texts to embed.
    fn further(&self, body: &[u8], now: f64, answer: fn(&[u8], &Regex) -> Result<Further, String>) -> Reply {
        let headers = match self.admitted(now) {
            Ok(headers) => headers,
            Err(refused) => return refused,
        };
        let Further { key, prompt_tokens, completion_tokens, mut body } =
            match answer(body, &self.key_pattern) {
                Ok(further) => further,
                Err(message) => return call(plain(400, &failure("invalid_request_error", &message))),
            };
        let (n, fault, delay) = self.fate(&key);
        match fault {
            Some(fault) if !fault.is_paid() => return self.unpaid(fault, &headers, delay),
            Some(Fault::Garbled | Fault::Outside | Fault::Empty) => body = "{}".to_owned(),
            _ => {}
        }
        sold(body, Bill { key, n, prompt_tokens, completion_tokens, fault }, &headers, delay)
    }

    /// The headers of whatever comes, or the refusal of a call above the limit.
    fn admitted(&self, now: f64) -> Result<String, Reply> {
        self.ledger().arrived(now);
        let turn = self.limit.as_ref().map(|limit| lock(limit).take(now));
        let mut headers = String::new();
        if let Some(turn) = &turn {
            turn.write_headers(&mut headers);
        }
        if let Some(turn) = turn.filter(|turn| !turn.is_allowed) {
            self.ledger().refused();
            return Err(self.rate_limited(Some(turn.next_ms), &headers, Duration::ZERO));
        }
        Ok(headers)
    }

    /// Which call for this key it is, the fault that it meets, and how long it takes.
    fn fate(&self, key: &str) -> (u64, Option<Fault>, Duration) {
        let mut ledger = self.ledger();
        let (n, n_met) = ledger.next_call(key);
        let fault = self.plan.fault(key, n, n_met);
        if let Some(fault) = fault {
            ledger.met(key, fault);
        }
        (n, fault, self.plan.latency(key, n))
    }

    fn unpaid(&self, fault: Fault, headers: &str, delay: Duration) -> Reply {
        match fault {
            Fault::RateLimited => self.rate_limited(Some(self.retry_after_ms), headers, Duration::ZERO),
            Fault::RateLimitedBare => self.rate_limited(None, headers, Duration::ZERO),
            Fault::ServerError => failed(500, headers, delay),
            Fault::Unavailable => failed(503, headers, delay),
            Fault::Reset => Reply { delivery: Delivery::Reset, ..failed(500, headers, delay) },
            Fault::Hang => Reply { delivery: Delivery::Never, ..failed(500, headers, delay) },
            Fault::Cut | Fault::BadJson | Fault::Garbled | Fault::Outside | Fault::Slow | Fault::Empty => {
                failed(500, headers, delay)
            }
        }
    }

    fn rate_limited(&self, wait_ms: Option<u64>, headers: &str, delay: Duration) -> Reply {
        let mut headers = headers.to_owned();
        if let Some(ms) = wait_ms {
            let s = ms.div_ceil(1000).max(1);
            headers.push_str(&format!("retry-after-ms: {ms}\r\nretry-after: {s}\r\n"));
        }
        let body = failure("rate_limit_exceeded", "too many requests, try again later");
        call(Reply { delay, ..with_headers(429, &headers, &body.to_string()) })
    }

    fn paid(&self, request: &ChatRequest, asked: Asked, headers: &str, delay: Duration) -> Reply {
        let Asked { key, n, fault } = asked;
        let content = self.content(request, &key, fault);
        let completion_tokens = (tokens_of(&content) + 1).min(request.answer_limit());
        let completion = Completion {
            n,
            model: self.served_as.as_deref().unwrap_or(&request.model),
            content: &content,
            prompt_tokens: request.prompt_tokens(),
            completion_tokens,
            top_logprobs: request.logprobs.unwrap_or(false).then(|| request.top_logprobs.unwrap_or(0)),
            labels: &self.labels,
        };
        let (body, prompt_tokens) = (completion.to_json(), completion.prompt_tokens);
        let bill = Bill { key: key.into_owned(), n, prompt_tokens, completion_tokens, fault };
        sold(body, bill, headers, delay)
    }

    fn content(&self, request: &ChatRequest, key: &str, fault: Option<Fault>) -> String {
        let choice = Choice { seed: self.plan.seed, key, labels: &self.labels };
        match fault {
            Some(Fault::Empty) => String::new(),
            Some(Fault::Garbled) => GARBLED[draw::index(self.plan.seed, key, GARBLED.len())].to_owned(),
            Some(Fault::Outside) => {
                let label = Value::from(choice.label().unwrap_or("x")).to_string();
                self.good_answer(request, &choice).replace(&label, NO_LABEL)
            }
            _ => self.good_answer(request, &choice),
        }
    }

    fn good_answer(&self, request: &ChatRequest, choice: &Choice) -> String {
        match (self.schema_of(request), choice.label()) {
            (Some(schema), _) => schema::fill(&schema, choice).to_string(),
            (None, Some(label)) => json!({ "label": label }).to_string(),
            (None, None) => json!({ "answer": "x" }).to_string(),
        }
    }

    /// The answer schema of a request. Almost always it is the one of the request before.
    fn schema_of(&self, request: &ChatRequest) -> Option<Arc<Value>> {
        let written = request.response_format?.get();
        let mut last = lock(&self.schema);
        if let Some((known, schema)) = last.as_ref()
            && known == written
        {
            return (!schema.is_null()).then(|| schema.clone());
        }
        let format: Value = serde_json::from_str(written).unwrap_or_default();
        let schema = format.pointer("/json_schema/schema").or_else(|| format.get("schema")).cloned();
        let schema = Arc::new(schema.unwrap_or_default());
        *last = Some((written.to_owned(), schema.clone()));
        (!schema.is_null()).then_some(schema)
    }
}

struct Asked<'a> {
    key: Cow<'a, str>,
    n: u64,
    fault: Option<Fault>,
}

/// A paid answer, spoiled as its bill says.
fn sold(mut body: String, bill: Bill, headers: &str, delay: Duration) -> Reply {
    if bill.fault == Some(Fault::BadJson) {
        cut_text(&mut body);
    }
    let delivery = match bill.fault {
        Some(Fault::Cut) => Delivery::Half,
        Some(Fault::Slow) => Delivery::Drip,
        _ => Delivery::Whole,
    };
    call(Reply { delay, bill: Some(bill), delivery, ..with_headers(200, headers, &body) })
}

fn cut_text(text: &mut String) {
    let mut at = text.len() / 2;
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.truncate(at);
}

fn failure(kind: &str, message: &str) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": kind } })
}

fn failed(status: u16, headers: &str, delay: Duration) -> Reply {
    let body = failure("server_error", "the server had an error while processing your request").to_string();
    call(Reply { delay, ..with_headers(status, headers, &body) })
}

fn call(reply: Reply) -> Reply {
    Reply { is_call: true, ..reply }
}

fn plain(status: u16, body: &Value) -> Reply {
    with_headers(status, "", &body.to_string())
}

fn with_headers(status: u16, headers: &str, body: &str) -> Reply {
    let bytes = http1::response(status, headers, body);
    let head_len = bytes.len() - body.len();
    Reply { delay: Duration::ZERO, bill: None, delivery: Delivery::Whole, bytes, head_len, is_call: false }
}

/// A poisoned lock holds counts that are still good enough for a report.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
