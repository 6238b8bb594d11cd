//! `karat doctor`: which endpoints are reachable, which keys are set, who stands in for whom, and the next step.

use std::path::{Path, PathBuf};
use std::time::Duration;

use karat_core::{AnnotatorSpec, Result};
use karat_engine::{PROJECT_FILE, Setup};
use karat_llm::ProviderOptions;
use karat_llm::doctor::{EndpointReport, KeyState, Reach, doctor};
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, table};

/// A server that does not answer for so long is not there.
const PATIENCE: Duration = Duration::from_secs(3);

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder whose `.env` and `karat.toml` are read.
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// Also ask the hosted endpoints whose key is set for their models; without it, only servers on this machine are asked.
    #[arg(long)]
    online: bool,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let options = ProviderOptions { folder: Some(args.project.clone()), ..ProviderOptions::default() };
    let reports = doctor(&options, args.online, PATIENCE).await;
    let lists = lists(&args.project, &reports)?;
    if voice.json {
        let lists: Vec<_> =
            lists.iter().map(|it| json!({"annotator": it.annotator, "models": it.models})).collect();
        voice.event("endpoints", json!({"endpoints": reports, "fallbacks": lists}));
    } else {
        voice.out(table(&["endpoint", "key", "reachable", "next step"], reports.iter().map(row).collect()));
        let rows: Vec<Vec<String>> = lists.iter().flat_map(List::rows).collect();
        if !rows.is_empty() {
            voice.out(table(&["annotator", "asked", "model", "next step"], rows));
        }
    }
    match reports.iter().find(|it| it.next_step.is_none()) {
        Some(first) => {
            voice.hint(format!(
                "try `karat label FILE --labels a,b --model {}/{}`",
                first.name,
                model_of(first)
            ));
            Ok(Done::Well)
        }
        None => {
            voice.hint(
                "nothing answers yet: start a local server (`ollama serve`, `llama-server`, `vllm serve`), or put a key into the \
                 environment or into `.env`; `--model scripted/accuracy=0.9` shows how karat works without either",
            );
            Ok(Done::Look)
        }
    }
}

/// An annotator of the project with those who stand in for it.
struct List {
    annotator: String,
    /// Each model, the first asked first, and what is missing before it can be asked.
    models: Vec<(String, Option<String>)>,
}

impl List {
    fn rows(&self) -> Vec<Vec<String>> {
        let row = |(n, (model, next)): (usize, &(String, Option<String>))| {
            let when = if n == 0 { "first".to_owned() } else { format!("fallback {n}") };
            vec![self.annotator.clone(), when, model.clone(), next.clone().unwrap_or_default()]
        };
        self.models.iter().enumerate().map(row).collect()
    }
}

/// The annotators of the folder's project that have a fallback; none where there is no project.
fn lists(project: &Path, reports: &[EndpointReport]) -> Result<Vec<List>> {
    if !project.join(PROJECT_FILE).exists() {
        return Ok(Vec::new());
    }
    let state = |model: &String| {
        let endpoint = model.split('/').next().unwrap_or_default();
        let report = reports.iter().find(|it| it.name == endpoint);
        (model.clone(), report.and_then(|it| it.next_step.clone()))
    };
    let list = |spec: &AnnotatorSpec| {
        // At an address of its own, what is known of the endpoint's usual one says nothing.
        let first = if spec.base_url.is_some() { (spec.model.clone(), None) } else { state(&spec.model) };
        let models = std::iter::once(first).chain(spec.fallback.iter().map(state)).collect();
        List { annotator: spec.display_name().to_owned(), models }
    };
    let setup = Setup::open(project)?;
    Ok(setup.annotators.iter().filter(|it| !it.fallback.is_empty()).map(list).collect())
}

/// A model that the endpoint named, or a place for one.
fn model_of(report: &EndpointReport) -> &str {
    match &report.reach {
        Reach::Open { models } => models.first().map_or("MODEL", String::as_str),
        Reach::NotTried | Reach::Odd { .. } | Reach::Closed { .. } => "MODEL",
    }
}

fn row(report: &EndpointReport) -> Vec<String> {
    let key = match &report.key {
        KeyState::NotNeeded => "not needed".to_owned(),
        KeyState::Set { env, .. } => format!("{env} is set"),
        KeyState::Missing { env } => format!("{env} is not set"),
    };
    let reach = match &report.reach {
        Reach::NotTried => "not asked".to_owned(),
        Reach::Open { models } => format!("yes, {} models", count(models.len() as u64)),
        Reach::Odd { reason } => format!("odd: {reason}"),
        Reach::Closed { .. } => "no".to_owned(),
    };
    vec![report.name.to_owned(), key, reach, report.next_step.clone().unwrap_or_default()]
}
