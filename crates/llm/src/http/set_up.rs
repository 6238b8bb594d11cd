//! What is made once for a provider: addresses, headers and the client with its connections.
//!
//! In: an [`Endpoint`], its address and key. Out: what `http.rs` sends with, or a sentence that says what is wrong.
//!
//! Not here: sending.

use std::{error::Error as _, time::Duration};

use reqwest::{
    Client, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};

use crate::{
    Endpoint, Key,
    dialect::{Dialect, anthropic},
    endpoints::Auth,
};

pub(super) fn parse_url(base_url: &str, path: &str) -> Result<Url, String> {
    let url = Url::parse(&format!("{base_url}/{path}")).map_err(|error| {
        format!("`{base_url}` is not an address: {error}; write it like `http://127.0.0.1:8000/v1`")
    })?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        return Ok(url);
    }
    Err(format!("`{base_url}` is not an address; write it like `http://127.0.0.1:8000/v1`"))
}

pub(super) fn headers(endpoint: &Endpoint, key: Option<&Key>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if endpoint.dialect == Dialect::Anthropic {
        headers.insert("anthropic-version", HeaderValue::from_static(anthropic::VERSION));
    }
    if let Some(key) = key {
        let (name, value) = match endpoint.auth {
            Auth::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose())),
            Auth::ApiKeyScheme => (AUTHORIZATION, format!("Api-Key {}", key.expose())),
            Auth::ApiKeyHeader => (HeaderName::from_static("api-key"), key.expose().to_owned()),
            Auth::XApiKey => (HeaderName::from_static("x-api-key"), key.expose().to_owned()),
            Auth::XGoogApiKey => (HeaderName::from_static("x-goog-api-key"), key.expose().to_owned()),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            format!("the key of `{}` holds characters that no header may hold", endpoint.name)
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

pub(super) fn client(url: &Url) -> Result<Client, String> {
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

/// The address of a resource: below `base_url`, below the origin of `own` where `path` begins with `/`, or `path` itself where
/// it is a whole address of that origin.
pub(super) fn resource_url(base_url: &str, own: &Url, path: &str) -> Result<Url, String> {
    let url = if path.starts_with('/') || path.contains("://") {
        own.join(path).map_err(|error| format!("`{path}` is not an address: {error}"))?
    } else {
        parse_url(base_url, path)?
    };
    if url.origin() == own.origin() {
        return Ok(url);
    }
    Err(format!("`{path}` is not at `{base_url}`; the key is not sent elsewhere"))
}
