//! What is made once for a provider: its addresses and the headers of its dialect and key.
//!
//! In: an [`Endpoint`], its address and key. Out: what `http.rs` sends with, or a sentence that says what is wrong.
//!
//! Not here: the client and the user's own headers (`transport.rs`), and sending.

use reqwest::{
    Url,
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
