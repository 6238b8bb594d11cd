//! Turns the name of a model into something that answers.
//!
//! In: `ENDPOINT/MODEL` as a person writes it, such as `ollama/qwen3:8b`, `openrouter/qwen/qwen3-8b`, `replay/gpt-4o` or
//! `scripted/accuracy=0.9`, and where to look for keys and recorded answers. Out: a [`Provider`].
//!
//! Not here: which model is good for what.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::{
    Complete, ENDPOINTS, Endpoint, Limit, LimitSnapshot, Limiter, Limiters, Nature, Replay, Script, Scripted,
    endpoints::{CUSTOM, Can, endpoint},
    key::find_value,
    nearest::nearest,
};

/// Where to look, and how long to wait.
#[derive(Clone)]
pub struct ProviderOptions {
    /// An address that replaces the endpoint's own. With it, a name whose first part is no endpoint is a whole model name.
    pub base_url: Option<String>,
    /// The recorded answers of `replay`.
    pub answers: Option<PathBuf>,
    /// The environment variable that holds the key, where it is not the endpoint's usual one.
    pub key_env: Option<String>,
    /// A folder whose `.env` file may hold keys.
    pub folder: Option<PathBuf>,
    /// How long one call may take.
    pub timeout: Duration,
    /// Further headers of every request, name and value, such as `OpenAI-Project`. A value `$NAME` is read from the
    /// environment or the `.env` file, so that a secret need not stand in a project file. Values are never shown.
    pub headers: Vec<(String, String)>,
    /// A file of certificates in PEM form that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy for every request, `http://HOST:PORT`, or `none`. Where it is `None`, `HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY` and `NO_PROXY` of the environment hold.
    pub proxy: Option<String>,
    /// The limiters of this process. Share them between providers: limits are counted by address and key.
    pub limiters: Arc<Limiters>,
}

impl Default for ProviderOptions {
    /// No overrides, 120 seconds for a call, at most 256 calls at once to one address.
    fn default() -> ProviderOptions {
        ProviderOptions {
            base_url: None,
            answers: None,
            key_env: None,
            folder: None,
            timeout: Duration::from_secs(120),
            headers: Vec::new(),
            ca_file: None,
            proxy: None,
            limiters: Arc::new(Limiters::new(256)),
        }
    }
}

/// A model that can be asked.
#[derive(Clone)]
pub struct Provider {
    /// The name as it was written.
    pub spec: String,
    /// The endpoint's name: a row of [`ENDPOINTS`], `custom`, `replay` or `scripted`.
    pub endpoint: String,
    /// The model's name, for [`ModelRequest::model`](crate::ModelRequest::model).
    pub model: Arc<str>,
    /// The address that calls go to; `None` where nothing is sent.
    pub base_url: Option<String>,
    /// What the endpoint can do, by its table row.
    pub can: Can,
    /// The bare provider. Use [`Provider::limited`] for work.
    pub complete: Arc<dyn Complete>,
    limiter: Option<Arc<Limiter>>,
    #[cfg(feature = "http")]
    http: Option<Arc<crate::Http>>,
}

impl Provider {
    /// The way to the endpoint's other resources; `None` where nothing is sent.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http(&self) -> Option<&Arc<crate::Http>> {
        self.http.as_ref()
    }

    /// The provider within its limits: a caller that keeps books between the tries counts them by [`Tries`](crate::Tries).
    #[must_use]
    pub fn limited(&self) -> Arc<dyn Complete> {
        match &self.limiter {
            Some(limiter) => Arc::new(Limit::new(self.complete.clone(), limiter.clone())),
            None => self.complete.clone(),
        }
    }

    /// Where many requests go at a lower price; `None` where the endpoint takes no batches.
    #[must_use]
    pub fn batches(&self) -> Option<Arc<dyn crate::Batches>> {
        #[cfg(feature = "http")]
        if let Some(http) = &self.http {
            let batches = crate::batch::SentBatches::of(Arc::clone(http))?;
            return Some(Arc::new(batches));
        }
        None
    }

    /// Makes a call that is no [`Complete`] when its turn comes; `tokens` is what it may take from a limit of tokens.
    #[cfg(feature = "http")]
    pub(crate) async fn in_turn<T>(
        &self,
        tokens: u64,
        call: impl Future<Output = Result<T, crate::CallError>>,
    ) -> Result<T, crate::CallError> {
        match &self.limiter {
            Some(limiter) => limiter.in_turn(tokens, call).await,
            None => call.await,
        }
    }

    /// Whether the answers come from a model that runs now.
    #[must_use]
    pub fn nature(&self) -> Nature {
        self.complete.nature()
    }

    /// What the limiter does at the moment; `None` where there is nothing to limit.
    #[must_use]
    pub fn limits(&self) -> Option<LimitSnapshot> {
        self.limiter.as_ref().map(|limiter| limiter.snapshot())
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("spec", &self.spec)
            .field("nature", &self.nature())
            .finish_non_exhaustive()
    }
}

/// Why a name is not a model that can be asked. Its text says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderError(String);

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProviderError {}

/// Makes the provider that `spec` names: `ENDPOINT/MODEL`, split at the first `/`.
///
/// # Errors
/// A sentence that quotes the name and says what is missing: an unknown endpoint with its nearest name, a missing key with
/// the variable to set, a missing file, a wrong parameter.
pub fn provider(spec: &str, options: &ProviderOptions) -> Result<Provider, ProviderError> {
    make(spec.trim(), options).map_err(ProviderError)
}

fn make(spec: &str, options: &ProviderOptions) -> Result<Provider, String> {
    let (name, model) = spec.split_once('/').unwrap_or((spec, ""));
    match name {
        "replay" => return replayed(spec, model, options),
        "scripted" => return scripted(spec, model, options),
        _ => {}
    }
    match (endpoint(name), &options.base_url) {
        (Some(row), _) if model.is_empty() => {
            Err(format!("`{spec}` names no model; write it like `{name}/{}`", row.example_model))
        }
        (Some(row), _) => live(spec, row, model, options),
        (None, Some(_)) if !spec.is_empty() => live(spec, &CUSTOM, spec, options),
        (None, _) => Err(unknown(spec, name)),
    }
}

fn unknown(spec: &str, name: &str) -> String {
    let names: Vec<&str> = ENDPOINTS.iter().map(|row| row.name).chain(["replay", "scripted"]).collect();
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did it mean `{near}`?"),
        None => "for another server, give its address with `--base-url`".to_owned(),
    };
    format!("`{spec}` does not begin with a known endpoint and `/`; {hint} (known: {})", names.join(", "))
}

fn replayed(spec: &str, model: &str, options: &ProviderOptions) -> Result<Provider, String> {
    let Some(path) = &options.answers else {
        return Err(format!("`{spec}` needs a file of recorded answers; name it with `--answers`"));
    };
    // A model's own name may hold an `@`: what is recorded decides.
    let whole = Replay::open(path, model, None);
    let replay = match (whole, model.rsplit_once('@')) {
        (Ok(replay), _) => replay,
        (Err(_), Some((model, prompt_id))) => Replay::open(path, model, Some(prompt_id))?,
        (Err(error), None) => return Err(error),
    };
    Ok(Provider {
        spec: spec.to_owned(),
        endpoint: "replay".to_owned(),
        model: model.into(),
        base_url: None,
        can: OFFLINE,
        complete: Arc::new(replay),
        limiter: None,
        #[cfg(feature = "http")]
        http: None,
    })
}

fn scripted(spec: &str, parameters: &str, options: &ProviderOptions) -> Result<Provider, String> {
    let script = Script::parse(parameters).map_err(|error| format!("`{spec}`: {error}"))?;
    Ok(Provider {
        spec: spec.to_owned(),
        endpoint: "scripted".to_owned(),
        model: parameters.into(),
        base_url: None,
        can: OFFLINE,
        complete: Arc::new(Scripted::new(script, options.timeout)),
        limiter: Some(options.limiters.of("scripted", parameters)),
        #[cfg(feature = "http")]
        http: None,
    })
}

/// What stand-ins can do: they take every request as it is.
const OFFLINE: Can = Can { json_schema: true, json_mode: true, logprobs: true, seed: true, batch: false };

/// The address of an endpoint: given, from its environment variable, or its own.
pub(crate) fn address(row: &Endpoint, options: &ProviderOptions) -> Option<String> {
    let from_env = || find_value(row.base_url_env?, options.folder.as_deref()).map(|(value, _)| value);
    let own = (!row.base_url.is_empty()).then(|| row.base_url.to_owned());
    options.base_url.clone().or_else(from_env).or(own)
}

#[cfg(feature = "http")]
fn live(spec: &str, row: &Endpoint, model: &str, options: &ProviderOptions) -> Result<Provider, String> {
    let Some(base_url) = address(row, options) else {
        let env = row.base_url_env.unwrap_or_default();
        return Err(format!("`{spec}` needs your own address; set `{env}` or give it with `--base-url`"));
    };
    let key_env = options.key_env.as_deref().or(row.key_env);
    let key = key_env.and_then(|name| crate::find_key(name, options.folder.as_deref())).map(|(key, _)| key);
    // At another address, whether a key is needed is for that server to say.
    if let (None, Some(name)) = (&key, key_env)
        && (options.key_env.is_some() || (row.needs_key && options.base_url.is_none()))
    {
        return Err(format!("`{spec}` needs a key; set `{name}` in the environment or in a `.env` file"));
    }
    let limiter = options.limiters.of(&base_url, key.as_ref().map_or("", |key| key.expose()));
    let headers = read_headers(options).map_err(|error| format!("`{spec}`: {error}"))?;
    let options = &ProviderOptions { headers, ..options.clone() };
    let http = crate::Http::new(row.clone(), &base_url, key, options)
        .map_err(|error| format!("`{spec}`: {error}"))?;
    let http = Arc::new(http.announcing_to(limiter.clone()));
    Ok(Provider {
        spec: spec.to_owned(),
        endpoint: row.name.to_owned(),
        model: model.into(),
        base_url: Some(base_url),
        can: row.can,
        complete: http.clone(),
        limiter: Some(limiter),
        http: Some(http),
    })
}

/// The headers with values of the form `$NAME` looked up.
#[cfg(feature = "http")]
fn read_headers(options: &ProviderOptions) -> Result<Vec<(String, String)>, String> {
    let read = |(name, value): &(String, String)| {
        let Some(variable) = value.strip_prefix('$') else {
            return Ok((name.clone(), value.clone()));
        };
        match find_value(variable, options.folder.as_deref()) {
            Some((value, _)) => Ok((name.clone(), value)),
            None => Err(format!(
                "the header `{name}` is read from `{variable}`; set it in the environment or in a `.env` file"
            )),
        }
    };
    options.headers.iter().map(read).collect()
}

#[cfg(not(feature = "http"))]
fn live(spec: &str, row: &Endpoint, _: &str, options: &ProviderOptions) -> Result<Provider, String> {
    let at = address(row, options).unwrap_or_default();
    Err(format!(
        "`{spec}` needs the network (`{at}`), and this build has none; build it with the feature `http`"
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::testing::ask;

    fn options() -> ProviderOptions {
        let folder = std::env::temp_dir().join("karat-no-such-folder");
        ProviderOptions { folder: Some(folder), ..ProviderOptions::default() }
    }

    #[track_caller]
    fn check_error(spec: &str, words: &str) {
        let error = provider(spec, &options()).unwrap_err().to_string();
        assert!(error.contains(words), "{spec}: {error}");
    }

    #[test]
    fn an_unknown_endpoint_is_answered_with_its_nearest_name_and_the_list() {
        check_error("olama/qwen3:8b", "did it mean `ollama`? (known: openai, ");
        check_error("some-gateway/x", "`--base-url`");
        check_error("gpt-4o", "does not begin with a known endpoint");
        check_error("", "does not begin with a known endpoint");
    }

    #[test]
    fn what_is_missing_is_named() {
        check_error("ollama/", "write it like `ollama/qwen3:8b`");
        check_error("replay/gpt-4o", "`--answers`");
        check_error("scripted/acuracy=1", "did it mean `accuracy`?");
    }

    #[tokio::test]
    async fn a_scripted_model_answers_through_the_whole_stack() {
        let made = provider("scripted/seed=5,server_error=0.5", &options()).unwrap();
        assert_eq!((made.endpoint.as_str(), &*made.model), ("scripted", "seed=5,server_error=0.5"));
        assert_eq!(made.nature(), Nature::Scripted { seed: 5, accuracy: 1.0 });
        let policy =
            crate::RetryPolicy { first_wait: Duration::ZERO, max_tries: 50, ..crate::RetryPolicy::default() };
        let mut request = ask("a");
        request.aside.truth = Some("yes".into());
        assert_eq!(
            crate::testing::Retry::new(made.limited(), policy).complete(&request).await.unwrap().text,
            "yes"
        );
    }

    #[tokio::test]
    async fn a_recorded_model_answers_and_its_prompt_can_be_named() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let row = r#"{"id":"a","responses":[{"model":"m@1","prompt_id":"p","label":"x"},{"model":"m@1","prompt_id":"q","label":"y"}]}"#;
        file.write_all(row.as_bytes()).unwrap();
        let options = ProviderOptions { answers: Some(file.path().to_owned()), ..options() };
        let made = provider("replay/m@1@q", &options).unwrap();
        assert_eq!(made.complete.complete(&ask("a")).await.unwrap().text, "y");
        assert!(!made.nature().is_live());
        assert!(provider("replay/m@1", &options).is_err());
    }

    #[cfg(feature = "http")]
    #[test]
    fn live_models_are_made_with_their_address_and_name() {
        let local = provider("ollama/hf.co/org/model:Q4", &options()).unwrap();
        assert_eq!(
            (&*local.model, local.base_url.as_deref()),
            ("hf.co/org/model:Q4", Some("http://127.0.0.1:11434/v1"))
        );
        let own = ProviderOptions { base_url: Some("http://127.0.0.1:9/v1/".into()), ..options() };
        let custom = provider("Qwen/Qwen3-8B", &own).unwrap();
        assert_eq!((custom.endpoint.as_str(), &*custom.model), ("custom", "Qwen/Qwen3-8B"));
        let hosted = provider("mistral/mistral-small-latest", &own).unwrap();
        assert_eq!((hosted.endpoint.as_str(), &*hosted.model), ("mistral", "mistral-small-latest"));
        let wrong = ProviderOptions { base_url: Some("localhost:9".into()), ..options() };
        assert!(
            provider("vllm/m", &wrong).unwrap_err().to_string().contains("`localhost:9` is not an address")
        );
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_header_may_be_read_from_the_env_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "KARAT_TEST_TEAM=blue\n").unwrap();
        let headers = |value: &str| ProviderOptions {
            folder: Some(folder.path().to_owned()),
            headers: vec![("x-team".into(), value.into())],
            ..ProviderOptions::default()
        };
        let read = read_headers(&headers("$KARAT_TEST_TEAM")).unwrap();
        assert_eq!(read, [("x-team".to_owned(), "blue".to_owned())]);
        let error = provider("ollama/m", &headers("$KARAT_TEST_NO_TEAM")).unwrap_err().to_string();
        assert!(error.contains("the header `x-team` is read from `KARAT_TEST_NO_TEAM`"), "{error}");
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_missing_key_is_named() {
        let named = ProviderOptions { key_env: Some("KARAT_TEST_NO_SUCH_KEY".into()), ..options() };
        let error = provider("openai/gpt-4o-mini", &named).unwrap_err().to_string();
        assert!(error.contains("set `KARAT_TEST_NO_SUCH_KEY`"), "{error}");
    }
}
