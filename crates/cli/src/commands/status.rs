//! `karat status`: how far the labeling is, from the journal, also while another karat writes to it.

use std::path::PathBuf;

use karat_core::{Error, MicroUsd, OutcomeKind, Result};
use karat_engine::{KeptBatch, batches};
use karat_store::{RunOverview, RunState, Store, Tally};
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, n_of, table};

/// How many runs are shown.
const N_RUNS: usize = 5;

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder with `.karat/`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let store = Store::open_existing(&args.project).await?.ok_or_else(|| {
        Error::not_found(format!("nothing has been labeled in `{}` yet", args.project.display()))
            .hint("`karat label` labels the data")
    })?;
    let tallies = store.tallies().await?;
    let runs = store.runs().await?;
    if voice.json {
        voice.event(
            "status",
            json!({"annotators": tallies.iter().map(tally_json).collect::<Vec<_>>(),
                                     "runs": runs.iter().map(run_json).collect::<Vec<_>>()}),
        );
        return Ok(Done::Well);
    }
    let row = |it: &Tally| {
        let mut row = vec![it.annotator.name.clone(), it.annotator.prompt.short()];
        row.extend(OutcomeKind::ALL.map(|kind| count(it.outcomes.get(&kind).copied().unwrap_or(0))));
        row.extend([count(it.calls), count(it.tokens.input), count(it.tokens.output), it.cost.to_string()]);
        row
    };
    let mut header = vec!["annotator", "prompt"];
    header.extend(OutcomeKind::ALL.map(OutcomeKind::as_str));
    header.extend(["calls", "tokens in", "tokens out", "cost"]);
    voice.out(table(&header, tallies.iter().map(row).collect()));
    voice.out("");
    for run in runs.iter().rev().take(N_RUNS) {
        let state = match &run.state {
            RunState::Ended { how, .. } => how.clone(),
            RunState::Running { pid } => format!("running now, process {pid}"),
            RunState::Crashed => "ended without a word (killed, or the machine went down)".to_owned(),
        };
        voice.out(format!("run {} · {} · {state}", run.id, run.run.command));
    }
    let spending = store.spending().await?;
    let is_alive = |run: i64| spending.held.iter().any(|held| held.run == run && held.running);
    let batches = batches(&store).await?;
    let open: Vec<&KeptBatch> = batches.iter().filter(|it| it.is_open()).collect();
    if !open.is_empty() {
        let (n_rows, most) = (open.iter().map(|it| it.n_rows).sum(), open.iter().map(|it| it.amount).sum());
        let most: MicroUsd = most;
        voice.out(format!(
            "{} open with {}, at most {most}: `karat batches`",
            n_of(open.len() as u64, "batch"),
            n_of(n_rows, "row")
        ));
    }
    // What is set aside for an open batch is not lost with the run that sent it.
    let kept = || open.iter().filter(|it| it.holds_money() && !is_alive(it.run));
    let (n_lost, lost) = spending.lost_in_crashes();
    let n_lost = n_lost.saturating_sub(kept().count() as u64);
    let lost = MicroUsd(lost.0.saturating_sub(kept().map(|it| it.amount.0).sum()));
    if n_lost > 0 {
        voice.out(format!("{} in flight at a crash: at most {lost}, counted as spent", n_of(n_lost, "call")));
    }
    Ok(Done::Well)
}

fn tally_json(it: &Tally) -> serde_json::Value {
    let by_name =
        |kind: OutcomeKind| (kind.as_str().to_owned(), json!(it.outcomes.get(&kind).copied().unwrap_or(0)));
    let reasons = it.reasons.iter().map(|((kind, why), n)| (format!("{kind}: {why}"), json!(n)));
    json!({
        "annotator": it.annotator,
        "outcomes": OutcomeKind::ALL.map(by_name).into_iter().collect::<serde_json::Map<_, _>>(),
        "reasons": reasons.collect::<serde_json::Map<_, _>>(),
        "calls": it.calls,
        "attempts": it.attempts,
        "statuses": it.statuses,
        "tokens": it.tokens,
        "cost": it.cost,
    })
}

fn run_json(it: &RunOverview) -> serde_json::Value {
    let state = match &it.state {
        RunState::Ended { how, .. } => how.as_str(),
        RunState::Running { .. } => "running",
        RunState::Crashed => "crashed",
    };
    json!({"id": it.id, "command": it.run.command, "begun_at_ms": it.run.at_ms, "state": state})
}
