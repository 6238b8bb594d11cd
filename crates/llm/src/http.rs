//! The only file that opens a socket: sends what a dialect wrote and hands back what it reads.
//!
//! In: a [`ModelRequest`] and where to send it. Out: a [`ModelAnswer`] or a [`CallError`]. One client is shared by all calls of
//! a provider and keeps its connections. A call that hangs ends by its own time limit and costs nobody else anything.
//!
//! Where an endpoint refuses a part of a request, that part is left out from there on, by all calls of the provider, and
//! the same call is sent again at once; [`Complete::downgrades`] tells what was left out.
//!
//! Not here: trying again later, limits, budgets (`layer`). Redirects are not followed: they would carry the key elsewhere.

use std::{
    error::Error as _,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use reqwest::{
    Body, Client, Method, Request, Response, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};

use crate::{
    AnswerFormat, CallError, CallErrorClass, Complete, Downgrade, Endpoint, Key, ModelAnswer, ModelRequest,
    Nature, Stop,
    announced::{Announced, retry_after},
    dialect::{Dialect, Fault, Level, Part, Wire, fault, openai_chat},
    endpoints::Auth,
    layer::{Announce, limit::reserved_tokens},
};

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 32 << 20;
/// How often one call may be sent anew with a part left out: once for each part, twice for the format.
const MAX_STEPS: usize = 9;
/// The most schemas that are kept written out.
const MAX_SCHEMAS: usize = 16;

/// A live provider.
pub struct Http {
    client: Client,
    endpoint: Endpoint,
    base_url: String,
    url: Url,
    headers: HeaderMap,
    key: Option<Key>,
    timeout: Duration,
    announce: Option<Arc<dyn Announce>>,
    wire: RwLock<Wire>,
    downgrades: Mutex<Vec<Downgrade>>,
    schemas: RwLock<Vec<Written>>,
}

/// A schema and its finished `response_format`. Holding the schema keeps its address from being used again.
struct Written {
    schema: Arc<serde_json::Value>,
    name: Arc<str>,
    format: Arc<RawValue>,
}

impl Http {
    /// A provider that sends to `base_url` as `endpoint` wants it. Each call may take `timeout`, connecting included.
    ///
    /// # Errors
    /// A sentence: the address is none, the key cannot be sent, or the system's certificates cannot be read.
    pub fn new(
        endpoint: Endpoint,
        base_url: &str,
        key: Option<Key>,
        timeout: Duration,
    ) -> Result<Http, String> {
        let base_url = base_url.trim().trim_end_matches('/').to_owned();
        let url = parse_url(&base_url, endpoint.dialect.path())?;
        let headers = headers(&endpoint, key.as_ref())?;
        let client = client(&url)?;
        let wire = endpoint.wire();
        Ok(Http {
            client,
            endpoint,
            base_url,
            url,
            headers,
            key,
            timeout,
            announce: None,
            wire: RwLock::new(wire),
            downgrades: Mutex::default(),
            schemas: RwLock::default(),
        })
    }

    /// Tells `announce` of each announced limit.
    #[must_use]
    pub fn announcing_to(mut self, announce: Arc<dyn Announce>) -> Http {
        self.announce = Some(announce);
        self
    }

    /// Lists the models of the endpoint.
    ///
    /// # Errors
    /// A [`CallError`] as of a call.
    pub async fn models(&self) -> Result<Vec<String>, CallError> {
        #[derive(serde::Deserialize)]
        struct List {
            data: Vec<Model>,
        }
        #[derive(serde::Deserialize)]
        struct Model {
            id: String,
        }
        let url = parse_url(&self.base_url, "models")
            .map_err(|message| CallError::new(CallErrorClass::BadRequest, message))?;
        let mut request = Request::new(Method::GET, url);
        *request.headers_mut() = self.headers.clone();
        let asked = async {
            let response = self.client.execute(request).await.map_err(|error| self.broken(&error))?;
            let status = response.status().as_u16();
            let body = self.body(response).await?;
            if status != 200 {
                return Err(match fault::read(status, None, &body) {
                    Fault::Failed(error) | Fault::Refuses(_, error) => error,
                    Fault::Blocked(message) => CallError::new(CallErrorClass::BadRequest, message),
                });
            }
            match serde_json::from_slice::<List>(&body) {
                Ok(list) => Ok(list.data.into_iter().map(|model| model.id).collect()),
                Err(error) => {
                    Err(CallError::new(CallErrorClass::BadBody, format!("no list of models: {error}")))
                }
            }
        };
        let outcome = timeout(self.timeout, asked).await.unwrap_or_else(|_| Err(self.too_late()));
        outcome.map_err(|error| self.redacted(error))
    }

    async fn call(&self, request: &ModelRequest) -> Result<ModelAnswer, CallError> {
        let mut steps = 0;
        loop {
            let wire = *self.wire.read().unwrap_or_else(PoisonError::into_inner);
            let body = self.encode(request, &wire)?;
            let sent_at = Instant::now();
            let outcome = timeout(self.timeout, self.send(body, request)).await;
            let fault = match outcome.unwrap_or_else(|_| Err(Fault::Failed(self.too_late()))) {
                Ok(answer) => {
                    let ms = sent_at.elapsed().as_millis();
                    return Ok(ModelAnswer { latency_ms: u32::try_from(ms).unwrap_or(u32::MAX), ..answer });
                }
                Err(fault) => fault,
            };
            match fault {
                Fault::Failed(error) => return Err(self.redacted(error)),
                Fault::Blocked(message) => {
                    let refusal = Some(self.redact(&message));
                    return Ok(ModelAnswer {
                        stop: Stop::ContentFilter,
                        refusal,
                        ..ModelAnswer::of_text("")
                    });
                }
                Fault::Refuses(part, error) => {
                    let error = self.redacted(error);
                    if steps == MAX_STEPS || !self.step_down(part, &wire, request, &error.message) {
                        return Err(error);
                    }
                    steps += 1;
                }
            }
        }
    }

    fn encode(&self, request: &ModelRequest, wire: &Wire) -> Result<Vec<u8>, CallError> {
        let schema = match &request.format {
            AnswerFormat::JsonSchema { name, schema } if wire.format == Level::JsonSchema => {
                Some(self.schema(name, schema)?)
            }
            AnswerFormat::JsonSchema { .. } | AnswerFormat::Json | AnswerFormat::Text => None,
        };
        match self.endpoint.dialect {
            Dialect::OpenAiChat => openai_chat::encode(request, wire, schema.as_deref()),
        }
    }

    /// The finished `response_format` of a schema, written out once for each `Arc`.
    fn schema(&self, name: &Arc<str>, schema: &Arc<serde_json::Value>) -> Result<Arc<RawValue>, CallError> {
        let same = |written: &&Written| Arc::ptr_eq(&written.schema, schema) && written.name == *name;
        if let Some(written) = self.schemas.read().unwrap_or_else(PoisonError::into_inner).iter().find(same) {
            return Ok(written.format.clone());
        }
        let format = openai_chat::schema_format(name, schema).map_err(|error| {
            CallError::new(
                CallErrorClass::BadRequest,
                format!("the schema `{name}` cannot be written as JSON: {error}"),
            )
        })?;
        let format: Arc<RawValue> = Arc::from(format);
        let mut schemas = self.schemas.write().unwrap_or_else(PoisonError::into_inner);
        if schemas.len() >= MAX_SCHEMAS {
            schemas.remove(0);
        }
        schemas.push(Written { schema: schema.clone(), name: name.clone(), format: format.clone() });
        Ok(format)
    }

    async fn send(&self, body: Vec<u8>, asked: &ModelRequest) -> Result<ModelAnswer, Fault> {
        let mut request = Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = Some(Body::from(body));
        let sent_at = Instant::now();
        let response =
            self.client.execute(request).await.map_err(|error| Fault::Failed(self.broken(&error)))?;
        let status = response.status().as_u16();
        self.announce(response.headers(), asked, sent_at);
        let wait = if status == 200 {
            None
        } else {
            retry_after(|name| header(response.headers(), name), Timestamp::now)
        };
        let body = self.body(response).await.map_err(Fault::Failed)?;
        if status == 200 { openai_chat::decode(&body) } else { Err(fault::read(status, wait, &body)) }
    }

    fn announce(&self, headers: &HeaderMap, asked: &ModelRequest, sent_at: Instant) {
        if let Some(announce) = &self.announce {
            let announced = Announced::read(|name| header(headers, name), Timestamp::now);
            if !announced.is_empty() {
                announce.announced(&announced, reserved_tokens(asked), sent_at);
            }
        }
    }

    /// Reads a body of bounded size. A body that came in one piece is not copied.
    async fn body(&self, mut response: Response) -> Result<Vec<u8>, CallError> {
        let status = response.status().as_u16();
        let mut body = Vec::with_capacity(response.content_length().map_or(0, |n| n.min(1 << 20) as usize));
        loop {
            match response.chunk().await {
                Ok(Some(piece)) if body.len() + piece.len() <= MAX_BODY => body.extend_from_slice(&piece),
                Ok(Some(_)) => {
                    let message = format!("the body is larger than {} MB", MAX_BODY >> 20);
                    return Err(CallError::new(CallErrorClass::BadBody, message).with_status(status));
                }
                Ok(None) => return Ok(body),
                Err(error) => return Err(self.broken(&error).with_status(status)),
            }
        }
    }

    /// Leaves out the refused part from now on. `false` where it was not sent, so that leaving it out cannot help.
    fn step_down(&self, part: Part, sent: &Wire, request: &ModelRequest, why: &str) -> bool {
        let settings = &request.settings;
        let mut now = self.wire.write().unwrap_or_else(PoisonError::into_inner);
        let changed_meanwhile = *now != *sent;
        let (asked, instead) = match part {
            Part::Format => {
                let level = openai_chat::level(request, sent);
                if level == Level::Text || settings.extra.contains_key("response_format") {
                    return false;
                }
                let lower = if level == Level::JsonSchema { Level::Json } else { Level::Text };
                now.format = now.format.min(lower);
                (level_name(level), level_name(lower))
            }
            Part::Logprobs if settings.logprobs && sent.logprobs => {
                now.logprobs = false;
                ("logprobs", "nothing")
            }
            Part::Sampling
                if sent.sampling && (settings.temperature.is_some() || settings.top_p.is_some()) =>
            {
                now.sampling = false;
                ("temperature and top_p", "nothing")
            }
            Part::Seed if sent.seed.is_some() && settings.seed.is_some() => {
                now.seed = None;
                ("seed", "nothing")
            }
            Part::Stop if sent.stop && !settings.stop.is_empty() => {
                now.stop = false;
                ("stop", "nothing")
            }
            Part::ReasoningEffort if sent.reasoning_effort && settings.reasoning_effort.is_some() => {
                now.reasoning_effort = false;
                ("reasoning_effort", "nothing")
            }
            // Only from the name in the table to the other one, or an endpoint that refuses both would be asked for ever.
            Part::MaxTokensName if sent.max_tokens == self.endpoint.max_tokens => {
                now.max_tokens = other_name(sent.max_tokens);
                (sent.max_tokens, now.max_tokens)
            }
            Part::Logprobs
            | Part::Sampling
            | Part::Seed
            | Part::Stop
            | Part::ReasoningEffort
            | Part::MaxTokensName => {
                return changed_meanwhile;
            }
        };
        drop(now);
        let mut known = self.downgrades.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|known| known.asked == asked) {
            known.push(Downgrade { asked, sent: instead, why: why.to_owned() });
        }
        true
    }

    fn too_late(&self) -> CallError {
        let message = format!("`{}` gave no full answer within {:?}", self.base_url, self.timeout);
        CallError::new(CallErrorClass::Timeout, message)
    }

    fn broken(&self, error: &reqwest::Error) -> CallError {
        let mut deepest: &dyn std::error::Error = error;
        while let Some(source) = deepest.source() {
            deepest = source;
        }
        if error.is_timeout() {
            return self.too_late();
        }
        let message = if error.is_connect() {
            let hint = if self.endpoint.is_local() { "; is the server running?" } else { "" };
            format!("no connection to `{}`: {deepest}{hint}", self.base_url)
        } else {
            format!("the connection to `{}` broke: {deepest}", self.base_url)
        };
        CallError::new(CallErrorClass::Connection, message)
    }

    fn redact(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.redact(text))
    }

    fn redacted(&self, error: CallError) -> CallError {
        CallError { message: self.redact(&error.message), ..error }
    }
}

impl Complete for Http {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>> {
        self.call(request).boxed()
    }

    fn nature(&self) -> Nature {
        Nature::Live
    }

    fn downgrades(&self) -> Vec<Downgrade> {
        self.downgrades.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Text => "text",
        Level::Json => "json",
        Level::JsonSchema => "json_schema",
    }
}

fn other_name(max_tokens: &str) -> &'static str {
    if max_tokens == "max_tokens" { "max_completion_tokens" } else { "max_tokens" }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn parse_url(base_url: &str, path: &str) -> Result<Url, String> {
    let url = Url::parse(&format!("{base_url}/{path}")).map_err(|error| {
        format!("`{base_url}` is not an address: {error}; write it like `http://127.0.0.1:8000/v1`")
    })?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        return Ok(url);
    }
    Err(format!("`{base_url}` is not an address; write it like `http://127.0.0.1:8000/v1`"))
}

fn headers(endpoint: &Endpoint, key: Option<&Key>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = key {
        let (name, value) = match endpoint.auth {
            Auth::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose())),
            Auth::ApiKeyScheme => (AUTHORIZATION, format!("Api-Key {}", key.expose())),
            Auth::ApiKeyHeader => (HeaderName::from_static("api-key"), key.expose().to_owned()),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            format!("the key of `{}` holds characters that no header may hold", endpoint.name)
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn client(url: &Url) -> Result<Client, String> {
    // The first provider of a process installs the cryptography; a later one finds it there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("karat/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .pool_max_idle_per_host(usize::MAX)
        .pool_idle_timeout(Duration::from_secs(60))
        .connect_timeout(Duration::from_secs(15));
    if url.scheme() == "http" {
        // Without encryption there is no need to read the system's certificates, which takes longer than a call.
        builder = builder.tls_certs_only([]);
    }
    if is_loopback(url) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| {
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        format!("the HTTP client cannot be set up: {cause}; are the system's certificates installed (`ca-certificates`)?")
    })
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests;
