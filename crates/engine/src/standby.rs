//! Who answers in an annotator's place where its endpoint is down.
//!
//! In: the list `fallback` of an annotator. Out: the providers made ready, with what a call to each costs; and the first of
//! all with them behind it as one [`Complete`]. Not here: when an endpoint is down (`karat_llm::Fallback`).

use std::sync::Arc;
use std::time::Duration;

use karat_core::{AnnotatorSpec, Error, Result};
use karat_llm::{Complete, Fallback, Member, Nature, Price, Provider, ProviderOptions};

use crate::setup::Setup;

/// One provider that stands in for the first.
pub struct Standby {
    /// As written in `karat.toml`: `openrouter/qwen/qwen3-8b`.
    pub spec: String,
    /// What a call costs; `None` where there is no price.
    pub price: Option<Price>,
    provider: Provider,
}

impl Standby {
    /// Address and model: a part of the annotator's identity.
    pub(crate) fn endpoint(&self) -> String {
        endpoint(&self.provider)
    }
}

/// Address and model of a provider.
pub(crate) fn endpoint(provider: &Provider) -> String {
    let address = provider.base_url.as_deref().unwrap_or(&provider.endpoint);
    format!("{address} {}", provider.model)
}

/// Opens the list. Its members are asked with the annotator's settings, at their own addresses and with their own keys; further
/// headers are not sent to them, since they may be secrets of the first.
pub(crate) fn open(setup: &Setup, spec: &AnnotatorSpec, first: &Provider) -> Result<Vec<Standby>> {
    let options = ProviderOptions {
        folder: Some(setup.folder.clone()),
        timeout: Duration::from_secs(u64::from(spec.timeout_s)),
        limiters: Arc::clone(&setup.limiters),
        ca_file: spec.ca_file.as_ref().map(|file| setup.path(file)),
        proxy: spec.proxy.clone(),
        ..ProviderOptions::default()
    };
    let one = |name: &String| {
        let wrong = |what: String| Error::invalid(format!("`fallback`: {what}"));
        let provider = karat_llm::provider(name, &options).map_err(|error| wrong(error.to_string()))?;
        if !alike(&first.nature(), &provider.nature()) {
            return Err(wrong(format!("`{name}` cannot stand in for `{}`", spec.model))
                .hint("a live model has live ones behind it, a scripted one scripted ones; a recording is never down"));
        }
        let price =
            provider.nature().is_live().then(|| setup.prices.find(&provider.endpoint, &provider.model));
        Ok(Standby { spec: name.clone(), price: price.flatten(), provider })
    };
    spec.fallback.iter().map(one).collect()
}

fn alike(first: &Nature, other: &Nature) -> bool {
    match first {
        Nature::Live => other.is_live(),
        Nature::Scripted { .. } => matches!(other, Nature::Scripted { .. }),
        Nature::Replayed { .. } => false,
    }
}

/// The first with those that stand in for it.
pub(crate) fn behind(first: &Provider, spec: &str, standbys: &[Standby]) -> Arc<dyn Complete> {
    let member = |provider: &Provider, spec: &str| Member {
        complete: provider.limited(),
        model: Arc::clone(&provider.model),
        spec: spec.to_owned(),
    };
    let others = standbys.iter().map(|it| member(&it.provider, &it.spec));
    let all: Vec<Member> = std::iter::once(member(first, spec)).chain(others).collect();
    match Fallback::new(all).filter(|_| !standbys.is_empty()) {
        Some(list) => Arc::new(list),
        None => first.limited(),
    }
}
