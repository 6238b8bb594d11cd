//! `karat mask`: what personal data the project hides from models, counted before anything is sent.

use std::path::PathBuf;

use karat_core::Result;
use karat_engine::{PrivacyReport, Setup, privacy_report};
use karat_text::mask::DETECTORS;
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, n_of, table_of_words};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder with `karat.toml`.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    project: PathBuf,
    /// List what can be looked for.
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    if args.list {
        list(voice);
        return Ok(Done::Well);
    }
    let report = privacy_report(&Setup::open(&args.project)?)?;
    if voice.json {
        voice.event("privacy", json!(report));
    } else {
        show(&report, voice);
    }
    Ok(Done::Well)
}

fn list(voice: &mut Voice) {
    if voice.json {
        let rows: Vec<_> = DETECTORS
            .iter()
            .map(|it| json!({"kind": it.kind.name(), "name": it.name, "about": it.doc}))
            .collect();
        voice.event("detectors", json!(rows));
        return;
    }
    let rows = DETECTORS
        .iter()
        .map(|it| vec![it.kind.name().to_owned(), it.name.to_owned(), it.doc.to_owned()])
        .collect();
    let table = table_of_words(&["kind", "detector", "finds"], rows, &[0, 1, 2]);
    voice.out(format!("{table}\n"));
    voice.hint(
        "`mask = [\"email\", \"phone\"]` under `[privacy]` chooses kinds; `[\"all\"]` takes all of them",
    );
}

fn show(report: &PrivacyReport, voice: &mut Voice) {
    let rows = report.by_kind.iter().map(|(kind, n)| {
        vec![
            (*kind).to_owned(),
            count(*n),
            format!("{:.1}", *n as f64 * 1000.0 / report.n_items.max(1) as f64),
        ]
    });
    voice.out(table_of_words(&["kind", "found", "in 1,000 items"], rows.collect(), &[0]));
    let columns = report.by_column.iter().map(|(column, n)| format!("{n} in `{column}`"));
    let columns: Vec<String> = columns.collect();
    let within = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
    voice.out(format!("  {} of {} hold some{within}", count(report.n_with), n_of(report.n_items, "item")));
    voice.hint("rules find what has a shape, and miss what only a reader knows; `karat prompt --item ID` shows what is sent");
}
