//! The only file that opens a socket: sends what a dialect wrote and hands back what it reads.
//!
//! In: a [`ModelRequest`] and where to send it. Out: a [`ModelAnswer`] or a [`CallError`]. One client is shared by all calls of
//! a provider and keeps its connections. A call that hangs ends by its own time limit and costs nobody else anything.
//!
//! Where an endpoint refuses a part of a request, that part is left out from there on, by all calls of the provider, and
//! the same call is sent again at once; [`Complete::downgrades`] tells what was left out.
//!
//! Not here: trying again later, limits, budgets (`layer`). Redirects are not followed: they would carry the key elsewhere.

mod resource;
mod set_up;
mod steps;
mod transport;

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use reqwest::{
    Client, Request, Response, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};

use crate::{
    AnswerFormat, CallError, CallErrorClass, Complete, Downgrade, Endpoint, Key, ModelAnswer, ModelRequest,
    Nature, Stop,
    announced::{Announced, retry_after},
    dialect::{Fault, Level, Wire, fault},
    layer::{Announce, limit::reserved_tokens},
};
use resource::write_form;
pub use resource::{Body, FilePart, Method, Received};
use set_up::{headers, parse_url, resource_url};
pub use transport::Transport;

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 32 << 20;
/// How often one call may be sent anew with a part left out: once for each part, three times for the format.
const MAX_STEPS: usize = 11;
/// The most schemas that are kept written out.
const MAX_SCHEMAS: usize = 16;

/// A live provider.
pub struct Http {
    client: Client,
    endpoint: Endpoint,
    base_url: String,
    url: Url,
    headers: HeaderMap,
    /// What no message may hold: the key, and what else of the user's goes with each request.
    secrets: Vec<Key>,
    timeout: Duration,
    connect_timeout: Duration,
    announce: Option<Arc<dyn Announce>>,
    wire: RwLock<Wire>,
    downgrades: Mutex<Vec<Downgrade>>,
    schemas: RwLock<Vec<Written>>,
}

/// A schema and its finished format. Holding the schema keeps its address from being used again.
struct Written {
    schema: Arc<serde_json::Value>,
    name: Arc<str>,
    format: Arc<RawValue>,
}

impl Http {
    /// A provider that sends to `base_url` as `endpoint` wants it, over a network that is reached by `transport`.
    ///
    /// # Errors
    /// A sentence: the address is none, the key or a header cannot be sent, the proxy is no address, or certificates
    /// cannot be read.
    pub fn new(
        endpoint: Endpoint,
        base_url: &str,
        key: Option<Key>,
        transport: impl Into<Transport>,
    ) -> Result<Http, String> {
        let transport = transport.into();
        let base_url = base_url.trim().trim_end_matches('/').to_owned();
        let url = parse_url(&base_url, "")?;
        let mut headers = headers(&endpoint, key.as_ref())?;
        transport.add_headers(&mut headers)?;
        let client = transport.client(&url)?;
        let secrets = key.into_iter().chain(transport.secrets()).collect();
        let wire = endpoint.wire();
        Ok(Http {
            client,
            endpoint,
            base_url,
            url,
            headers,
            secrets,
            timeout: transport.timeout,
            connect_timeout: transport.connect_timeout,
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

    /// The row of the endpoint that it speaks to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Lists the models of the endpoint.
    ///
    /// # Errors
    /// A [`CallError`] as of a call.
    pub async fn models(&self) -> Result<Vec<String>, CallError> {
        let dialect = self.endpoint.dialect;
        let received = self.send(Method::Get, dialect.models_path(), Body::Empty).await?.ok()?;
        dialect
            .model_names(&received.body)
            .map_err(|message| CallError::new(CallErrorClass::BadBody, message))
    }

    /// Sends one request to another resource of the endpoint, with its key, and gives back whatever comes.
    ///
    /// `path` stands below the base URL; one that begins with `/` stands below the server's own root; a whole address must
    /// have the endpoint's own origin, since the key goes with it. The time limit is that of a call; an upload gets one
    /// second more for each 256 KiB. Nothing is retried, and no limiter is asked.
    ///
    /// # Errors
    /// [`CallErrorClass::BadRequest`] for a path that is none, and what keeps an answer from coming at all: no connection,
    /// no answer in time, a body above 32 MiB. A status that is no success is no error here: see [`Received::ok`].
    pub async fn send(&self, method: Method, path: &str, body: Body) -> Result<Received, CallError> {
        let (request, limit) = self.request(method, path, body)?;
        let sent = async {
            let response = self.client.execute(request).await.map_err(|error| self.broken(&error))?;
            let mut received = head(&response);
            received.body = self.body(response).await?;
            Ok(self.blotted(received))
        };
        let outcome = timeout(limit, sent).await.unwrap_or_else(|_| Err(self.too_late()));
        outcome.map_err(|error| self.redacted(error))
    }

    /// Reads a resource piece by piece, however large it is: `piece` gets the bytes of a success in order. The time limit
    /// of a call holds for the first byte and then for each next one.
    ///
    /// # Errors
    /// As of [`Http::send`]; a status that is no success is an error too, and so is a body that broke off: what `piece` got is
    /// then not the whole.
    pub async fn download(&self, path: &str, mut piece: impl FnMut(&[u8])) -> Result<(), CallError> {
        let (request, limit) = self.request(Method::Get, path, Body::Empty)?;
        let late = || self.too_late();
        let response = timeout(limit, self.client.execute(request)).await.map_err(|_| late())?;
        let mut response = response.map_err(|error| self.redacted(self.broken(&error)))?;
        let mut received = head(&response);
        if received.status != 200 {
            received.body =
                timeout(limit, self.body(response)).await.unwrap_or_else(|_| Err(self.too_late()))?;
            return self.blotted(received).ok().map(|_| ());
        }
        while let Some(bytes) = timeout(limit, response.chunk())
            .await
            .map_err(|_| late())?
            .map_err(|error| self.redacted(self.broken(&error).with_status(200)))?
        {
            piece(&bytes);
        }
        Ok(())
    }

    /// The request for a resource, and how long it may take.
    fn request(&self, method: Method, path: &str, body: Body) -> Result<(Request, Duration), CallError> {
        let url = resource_url(&self.base_url, &self.url, path).map_err(|message| CallError {
            tries: 0,
            ..CallError::new(CallErrorClass::BadRequest, message)
        })?;
        let method = match method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = Request::new(method, url);
        *request.headers_mut() = self.headers.clone();
        let mut limit = self.timeout;
        match body {
            Body::Empty => {
                request.headers_mut().remove(CONTENT_TYPE);
            }
            Body::Json(bytes) => {
                limit += Duration::from_secs((bytes.len() >> 18) as u64);
                *request.body_mut() = Some(bytes.into());
            }
            Body::Multipart { fields, file } => {
                let (content_type, bytes) = write_form(&fields, &file);
                if let Ok(content_type) = HeaderValue::from_str(&content_type) {
                    request.headers_mut().insert(CONTENT_TYPE, content_type);
                }
                limit += Duration::from_secs((bytes.len() >> 18) as u64);
                *request.body_mut() = Some(bytes.into());
            }
        }
        Ok((request, limit))
    }

    /// Takes the key out of the body of a failure: some vendors repeat it there.
    fn blotted(&self, received: Received) -> Received {
        if received.status < 400 || self.secrets.is_empty() {
            return received;
        }
        let body = self.redact(&String::from_utf8_lossy(&received.body)).into_bytes();
        Received { body, ..received }
    }

    /// The body of a call as it would be sent now, without what the endpoint has refused so far.
    ///
    /// # Errors
    /// [`CallErrorClass::BadRequest`] where the request cannot be written.
    pub fn body_of(&self, request: &ModelRequest) -> Result<Vec<u8>, CallError> {
        let wire = *self.wire.read().unwrap_or_else(PoisonError::into_inner);
        self.encode(request, &wire)
    }

    async fn call(&self, request: &ModelRequest) -> Result<ModelAnswer, CallError> {
        self.note_row(request);
        let mut steps = 0;
        loop {
            let wire = *self.wire.read().unwrap_or_else(PoisonError::into_inner);
            let body = self.encode(request, &wire)?;
            let sent_at = Instant::now();
            let outcome = timeout(self.timeout, self.ask(body, request)).await;
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
            AnswerFormat::JsonSchema { name, schema } if wire.format >= Level::OtherSchema => {
                self.schema(name, schema)?
            }
            AnswerFormat::JsonSchema { .. } | AnswerFormat::Json | AnswerFormat::Text => None,
        };
        self.endpoint.dialect.encode(request, wire, schema.as_deref())
    }

    /// The finished format of a schema, written out once for each `Arc`; `None` where the dialect needs none.
    fn schema(
        &self,
        name: &Arc<str>,
        schema: &Arc<serde_json::Value>,
    ) -> Result<Option<Arc<RawValue>>, CallError> {
        let same = |written: &&Written| Arc::ptr_eq(&written.schema, schema) && written.name == *name;
        if let Some(written) = self.schemas.read().unwrap_or_else(PoisonError::into_inner).iter().find(same) {
            return Ok(Some(written.format.clone()));
        }
        let Some(format) = self.endpoint.dialect.schema_format(name, schema) else {
            return Ok(None);
        };
        let format = format.map_err(|error| {
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
        Ok(Some(format))
    }

    async fn ask(&self, body: Vec<u8>, asked: &ModelRequest) -> Result<ModelAnswer, Fault> {
        let mut request = Request::new(reqwest::Method::POST, self.call_url(&asked.model)?);
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = Some(body.into());
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
        if status == 200 {
            self.endpoint.dialect.decode(&body)
        } else {
            Err(fault::read(status, wait, &body))
        }
    }

    /// Where a call goes. Parsed for each call: in some dialects the model stands in it.
    fn call_url(&self, model: &str) -> Result<Url, Fault> {
        let path = self.endpoint.dialect.path(model);
        parse_url(&self.base_url, &path).map_err(|message| {
            Fault::Failed(CallError { tries: 0, ..CallError::new(CallErrorClass::BadRequest, message) })
        })
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

    fn too_late(&self) -> CallError {
        let message = format!("`{}` gave no full answer within {:?}", self.base_url, self.timeout);
        CallError::new(CallErrorClass::Timeout, message)
    }

    fn broken(&self, error: &reqwest::Error) -> CallError {
        let mut deepest: &dyn std::error::Error = error;
        while let Some(source) = deepest.source() {
            deepest = source;
        }
        if error.is_timeout() && error.is_connect() {
            let (base_url, limit) = (&self.base_url, self.connect_timeout);
            let message = format!("no connection to `{base_url}` within {limit:?}; is a proxy needed?");
            return CallError::new(CallErrorClass::Connection, message);
        }
        if error.is_timeout() {
            return self.too_late();
        }
        let message = if error.is_connect() {
            let hint = match deepest.to_string() {
                cause if cause.contains("UnknownIssuer") => "; give its certificate by `ca_file`",
                _ if self.endpoint.is_local() => "; is the server running?",
                _ => "",
            };
            format!("no connection to `{}`: {deepest}{hint}", self.base_url)
        } else {
            format!("the connection to `{}` broke: {deepest}", self.base_url)
        };
        CallError::new(CallErrorClass::Connection, message)
    }

    fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
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

/// What is known of an answer before its body is read.
fn head(response: &Response) -> Received {
    let status = response.status().as_u16();
    let headers = response.headers();
    let retry_after =
        if status < 400 { None } else { retry_after(|name| header(headers, name), Timestamp::now) };
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    Received { status, headers: headers.iter().filter_map(text).collect(), body: Vec::new(), retry_after }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests;
