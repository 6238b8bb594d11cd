//! What is set up and what can be reached, as plain data.
//!
//! In: the table of endpoints and the options of a project. Out: one [`EndpointReport`] for each. Hosted services are not
//! contacted unless asked for: their report tells of keys alone. Local servers are asked for their models.
//!
//! Not here: printing.

use std::time::Duration;

use futures::{StreamExt, stream};

use crate::{
    CallErrorClass, ENDPOINTS, Endpoint, Http, Key, KeySource, ProviderOptions, find_key, http::Transport,
    provider::address,
};

/// What is known of one endpoint.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct EndpointReport {
    /// Its name.
    pub name: &'static str,
    /// Its line in the table.
    pub doc: &'static str,
    /// Where calls would go; `None` where an own address is needed and none is set.
    pub base_url: Option<String>,
    /// Whether it runs on this machine.
    pub is_local: bool,
    /// Its key.
    pub key: KeyState,
    /// Whether it answers.
    pub reach: Reach,
    /// What to do next to use it; `None` where nothing is missing.
    pub next_step: Option<String>,
}

/// The state of a key.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum KeyState {
    /// It works without one.
    NotNeeded,
    /// One is set; whether it is valid is not known from that.
    Set {
        /// The variable.
        env: &'static str,
        /// Where it was found.
        source: KeySource,
    },
    /// None is set.
    Missing {
        /// The variable to set.
        env: &'static str,
    },
}

/// Whether an endpoint answers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "reach")]
pub enum Reach {
    /// It was not asked.
    NotTried,
    /// It answered with its models.
    Open {
        /// Their names.
        models: Vec<String>,
    },
    /// Something answered, but not with a list of models.
    Odd {
        /// What it said.
        reason: String,
    },
    /// Nothing answered.
    Closed {
        /// Why.
        reason: String,
    },
}

/// Looks at every endpoint; at hosted ones over the network only where `ask_hosted` is set. A server that does not answer
/// within `patience` counts as closed.
pub async fn doctor(options: &ProviderOptions, ask_hosted: bool, patience: Duration) -> Vec<EndpointReport> {
    let reports = ENDPOINTS.iter().map(|row| examine(row, options, ask_hosted, patience));
    stream::iter(reports).buffered(8).collect().await
}

async fn examine(
    row: &'static Endpoint,
    options: &ProviderOptions,
    ask_hosted: bool,
    patience: Duration,
) -> EndpointReport {
    let found = row.key_env.and_then(|env| Some((env, find_key(env, options.folder.as_deref())?)));
    let base_url = address(row, &ProviderOptions { base_url: None, ..options.clone() });
    let key = match (&found, row.key_env) {
        (Some((env, (_, source))), _) => KeyState::Set { env, source: *source },
        (None, Some(env)) if row.needs_key => KeyState::Missing { env },
        (None, _) => KeyState::NotNeeded,
    };
    let worth_asking = row.is_local() || (ask_hosted && found.is_some());
    let reach = match &base_url {
        Some(base_url) if worth_asking => {
            // Headers belong to one annotator and may be secrets: they are not for every endpoint.
            let headers = Vec::new();
            let transport = Transport { timeout: patience, headers, ..Transport::from(options) };
            ask(row, base_url, found.map(|(_, (key, _))| key), transport).await
        }
        Some(_) | None => Reach::NotTried,
    };
    let next_step = next_step(row, base_url.as_deref(), &key, &reach);
    EndpointReport { name: row.name, doc: row.doc, base_url, is_local: row.is_local(), key, reach, next_step }
}

async fn ask(row: &Endpoint, base_url: &str, key: Option<Key>, transport: impl Into<Transport>) -> Reach {
    let http = match Http::new(row.clone(), base_url, key, transport) {
        Ok(http) => http,
        Err(reason) => return Reach::Odd { reason },
    };
    match http.models().await {
        Ok(models) => Reach::Open { models },
        Err(error) => match error.class {
            CallErrorClass::Connection | CallErrorClass::Timeout => Reach::Closed { reason: error.message },
            _ => Reach::Odd { reason: error.message },
        },
    }
}

fn next_step(row: &Endpoint, base_url: Option<&str>, key: &KeyState, reach: &Reach) -> Option<String> {
    if let (None, Some(env)) = (base_url, row.base_url_env) {
        return Some(format!("set `{env}` to your own address"));
    }
    if let KeyState::Missing { env } = key {
        return Some(format!("set `{env}` in the environment or in a `.env` file"));
    }
    match reach {
        Reach::Closed { .. } if row.is_local() => Some(match row.name {
            "ollama" | "ollama-native" => {
                format!("start it with `ollama serve`, then `ollama pull {}`", row.example_model)
            }
            _ => "start the server, or give its address with `--base-url`".to_owned(),
        }),
        Reach::Open { models } if models.is_empty() && row.name.starts_with("ollama") => {
            Some(format!("it has no model yet: `ollama pull {}`", row.example_model))
        }
        Reach::Odd { reason } => Some(format!("it answered, but not as expected: {reason}")),
        Reach::Closed { reason } => Some(reason.clone()),
        Reach::NotTried | Reach::Open { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::endpoint;

    #[track_caller]
    fn check_step(name: &str, key: KeyState, reach: Reach, want: Option<&str>) {
        let row = endpoint(name).unwrap();
        let base_url = (!row.base_url.is_empty()).then_some(row.base_url);
        let step = next_step(row, base_url, &key, &reach);
        assert_eq!(step.is_some(), want.is_some(), "{step:?}");
        assert!(step.unwrap_or_default().contains(want.unwrap_or_default()), "{name}");
    }

    #[test]
    fn the_next_step_names_what_is_missing() {
        let closed = || Reach::Closed { reason: "refused".into() };
        let missing = KeyState::Missing { env: "OPENAI_API_KEY" };
        check_step("openai", missing, Reach::NotTried, Some("set `OPENAI_API_KEY`"));
        check_step("azure", KeyState::NotNeeded, Reach::NotTried, Some("set `AZURE_OPENAI_BASE_URL`"));
        check_step("ollama", KeyState::NotNeeded, closed(), Some("ollama pull qwen3:8b"));
        check_step("vllm", KeyState::NotNeeded, closed(), Some("`--base-url`"));
        check_step("ollama", KeyState::NotNeeded, Reach::Open { models: vec![] }, Some("no model yet"));
        check_step("ollama", KeyState::NotNeeded, Reach::Open { models: vec!["m".into()] }, None);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_closed_and_one_without_an_address_is_odd() {
        let row = endpoint("vllm").unwrap();
        let patience = Duration::from_secs(5);
        assert!(matches!(ask(row, "http://127.0.0.1:1/v1", None, patience).await, Reach::Closed { .. }));
        assert!(matches!(ask(row, "127.0.0.1", None, patience).await, Reach::Odd { .. }));
    }

    #[tokio::test]
    async fn a_hosted_endpoint_is_not_contacted_without_leave() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "GIGACHAT_ACCESS_TOKEN=token\n").unwrap();
        let options =
            ProviderOptions { folder: Some(folder.path().to_owned()), ..ProviderOptions::default() };
        let report = examine(endpoint("gigachat").unwrap(), &options, false, Duration::from_secs(1)).await;
        assert_eq!(report.reach, Reach::NotTried);
        assert_eq!(report.key, KeyState::Set { env: "GIGACHAT_ACCESS_TOKEN", source: KeySource::DotEnv });
        assert!(!serde_json::to_string(&report).unwrap().contains("\"token\""));
    }
}
