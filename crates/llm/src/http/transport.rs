//! How the network is reached: time limits, a proxy, certificates and further headers.
//!
//! In: a [`Transport`], plain data. Out: a client with its connections, and the headers that go with every request.
//! Without a `proxy` of its own, a client takes the one that `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY` names, apart from
//! what `NO_PROXY` excepts; a server on this machine is always reached directly. The values of headers may be secrets: no
//! message holds them.
//!
//! Not here: sending.

use std::{error::Error as _, fmt, fs, path::PathBuf, time::Duration};

use reqwest::{
    Certificate, Client, Proxy, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use crate::{Key, ProviderOptions};

/// Headers that are not the user's to set: the body and the connection decide them.
const OURS: [&str; 8] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Values of headers below this length are no secrets, and may stand in other words by chance.
const SHORTEST_SECRET: usize = 12;

/// How the network is reached. A plain [`Duration`] turns into one with nothing but that time limit.
#[derive(Clone)]
pub struct Transport {
    /// How long one call may take, connecting included.
    pub timeout: Duration,
    /// How long making a connection may take. A call that needs longer than that is not what `timeout` is for.
    pub connect_timeout: Duration,
    /// Further headers of every request, name and value. One with the name of the key's header replaces it.
    pub headers: Vec<(String, String)>,
    /// A file of certificates in PEM form that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy for every request, `http://HOST:PORT`, with `USER:PASSWORD@` where it asks for it; `none` for no proxy at
    /// all. `None` leaves it to the environment.
    pub proxy: Option<String>,
}

impl From<Duration> for Transport {
    fn from(timeout: Duration) -> Transport {
        let connect_timeout = Duration::from_secs(15);
        Transport { timeout, connect_timeout, headers: Vec::new(), ca_file: None, proxy: None }
    }
}

impl From<&ProviderOptions> for Transport {
    fn from(options: &ProviderOptions) -> Transport {
        Transport {
            headers: options.headers.clone(),
            ca_file: options.ca_file.clone(),
            proxy: options.proxy.clone(),
            ..Transport::from(options.timeout)
        }
    }
}

impl fmt::Debug for Transport {
    /// Without the values of headers and without the proxy, whose address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Transport")
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("headers", &names)
            .field("ca_file", &self.ca_file)
            .finish_non_exhaustive()
    }
}

impl Transport {
    /// Lays the user's headers over `headers`.
    ///
    /// # Errors
    /// A sentence: a name or a value that no header may have, a name that is not the user's to set, a name given twice.
    pub(super) fn add_headers(&self, headers: &mut HeaderMap) -> Result<(), String> {
        for (n, (name, value)) in self.headers.iter().enumerate() {
            let lower = name.to_ascii_lowercase();
            let parsed = HeaderName::from_bytes(lower.as_bytes()).map_err(|_| {
                format!("`headers`: `{name}` is not the name of a header; write it like `OpenAI-Project`")
            })?;
            if OURS.contains(&lower.as_str()) {
                return Err(format!("`headers`: `{name}` is not yours to set; remove it"));
            }
            if self.headers[..n].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                return Err(format!("`headers`: `{name}` is given twice; keep one"));
            }
            let mut value = HeaderValue::from_str(value.trim()).map_err(|_| {
                format!("`headers`: the value of `{name}` holds characters that no header may hold")
            })?;
            value.set_sensitive(true);
            headers.insert(parsed, value);
        }
        Ok(())
    }

    /// What must not stand in a message: the values of headers and the proxy's password, where they are long enough.
    pub(super) fn secrets(&self) -> Vec<Key> {
        let password = self.proxy.as_deref().and_then(|proxy| Url::parse(proxy).ok());
        let password = password.and_then(|url| url.password().map(str::to_owned));
        let values = self.headers.iter().map(|(_, value)| value.clone()).chain(password);
        values.filter(|value| value.trim().len() >= SHORTEST_SECRET).map(|value| Key::new(&value)).collect()
    }

    /// A client for requests to `url` and its origin.
    ///
    /// # Errors
    /// A sentence: the proxy is no address, the certificates cannot be read, or the client cannot be set up.
    pub(super) fn client(&self, url: &Url) -> Result<Client, String> {
        // The first provider of a process installs the cryptography; a later one finds it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("karat/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .pool_max_idle_per_host(usize::MAX)
            .pool_idle_timeout(Duration::from_secs(60))
            .connect_timeout(self.connect_timeout);
        let certificates = self.certificates()?;
        let needs_tls =
            url.scheme() == "https" || self.proxy.as_deref().is_some_and(|proxy| proxy.starts_with("https:"));
        builder = if needs_tls {
            builder.tls_certs_merge(certificates)
        } else {
            // Without encryption there is no need to read the system's certificates, which takes longer than a call.
            builder.tls_certs_only([])
        };
        builder = match self.proxy.as_deref().map(str::trim) {
            Some("none") => builder.no_proxy(),
            Some(proxy) => builder.proxy(read_proxy(proxy)?),
            None if is_loopback(url) => builder.no_proxy(),
            None => builder,
        };
        builder.build().map_err(|error| {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            format!("the HTTP client cannot be set up: {cause}; are the system's certificates installed (`ca-certificates`)?")
        })
    }

    fn certificates(&self) -> Result<Vec<Certificate>, String> {
        let Some(path) = &self.ca_file else {
            return Ok(Vec::new());
        };
        let shown = path.display();
        let pem = fs::read(path).map_err(|error| format!("`ca_file`: `{shown}` cannot be read: {error}"))?;
        let found = Certificate::from_pem_bundle(&pem).map_err(|error| {
            format!("`ca_file`: `{shown}` is not a file of certificates in PEM form: {error}")
        })?;
        if found.is_empty() {
            return Err(format!(
                "`ca_file`: `{shown}` holds no certificate; it must hold `-----BEGIN CERTIFICATE-----`"
            ));
        }
        Ok(found)
    }
}

/// The message quotes nothing of the proxy: it may hold a password.
fn read_proxy(proxy: &str) -> Result<Proxy, String> {
    let wrong =
        || "`proxy` is not an address; write it like `http://proxy.example:3128`, or `none`".to_owned();
    let url = Url::parse(proxy).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong());
    }
    Proxy::all(url).map_err(|_| wrong())
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transport() -> Transport {
        Transport::from(Duration::from_secs(1))
    }

    fn with(headers: &[(&str, &str)]) -> Transport {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Transport { headers: headers.collect(), ..transport() }
    }

    #[track_caller]
    fn check_headers(headers: &[(&str, &str)], words: &str) {
        let error = with(headers).add_headers(&mut HeaderMap::new()).unwrap_err();
        assert!(error.contains(words), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_wrong_header_is_named_without_its_value() {
        check_headers(&[("X Team", "secret")], "`X Team` is not the name of a header");
        check_headers(&[("", "secret")], "`` is not the name of a header");
        check_headers(&[("Content-Length", "secret")], "`Content-Length` is not yours to set");
        check_headers(&[("x-a", "1"), ("X-A", "secret")], "`X-A` is given twice");
        check_headers(&[("x-a", "sec\nret")], "the value of `x-a` holds characters");
    }

    #[test]
    fn nothing_secret_is_shown() {
        let proxy = Some("http://me:a-long-password@proxy:1".to_owned());
        let transport = Transport { proxy, ..with(&[("x-key", "sk-header-secret-1"), ("x-team", "a")]) };
        let shown = format!("{transport:?}");
        assert!(shown.contains("x-key"), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("password"), "{shown}");
        let said = "bad key sk-header-secret-1 by me:a-long-password";
        let said = transport.secrets().iter().fold(said.to_owned(), |said, secret| secret.redact(&said));
        assert_eq!(said, "bad key [key] by me:[key]");
    }

    #[track_caller]
    fn check_client(transport: Transport, words: &str) {
        let error = transport.client(&Url::parse("https://example.com").unwrap()).unwrap_err();
        assert!(error.contains(words), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_wrong_proxy_is_not_quoted() {
        for proxy in ["proxy:3128", "socks5://secret@x", "", "me:secret@x"] {
            check_client(Transport { proxy: Some(proxy.into()), ..transport() }, "`proxy` is not an address");
        }
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| Transport { ca_file: Some(folder.path().join(name)), ..transport() };
        check_client(at("none.pem"), "cannot be read");
        std::fs::write(folder.path().join("empty.pem"), "hello\n").unwrap();
        check_client(at("empty.pem"), "holds no certificate");
        std::fs::write(
            folder.path().join("bad.pem"),
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        check_client(at("bad.pem"), "is not a file of certificates");
    }
}
