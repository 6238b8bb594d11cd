//! `karat doctor`: which endpoints are reachable, which keys are set, and the next step.

use std::path::PathBuf;
use std::time::Duration;

use karat_core::Result;
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
    /// The folder whose `.env` is read.
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// Also ask the hosted endpoints whose key is set for their models; without it, only servers on this machine are asked.
    #[arg(long)]
    online: bool,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let options = ProviderOptions { folder: Some(args.project.clone()), ..ProviderOptions::default() };
    let reports = doctor(&options, args.online, PATIENCE).await;
    if voice.json {
        voice.event("endpoints", json!({"endpoints": reports}));
    } else {
        voice.out(table(&["endpoint", "key", "reachable", "next step"], reports.iter().map(row).collect()));
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
