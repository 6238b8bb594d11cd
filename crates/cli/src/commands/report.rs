//! `karat report`: all that is known of the labels, as one page and as JSON.

use karat_core::{Error, Result};
use karat_engine::panel::Keep;
use karat_engine::report::{Report, ReportOptions, Source, html, report};
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, n_of};

/// The page, where nobody names another file.
const FILE: &str = "karat-report.html";

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    panel: PanelArgs,
    /// Where to write the report: a page, or JSON for a name that ends in `.json`.
    #[arg(long, short, value_name = "FILE")]
    output: Option<String>,
    /// The error that a promise may allow, where none was made yet.
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    error: f64,
    /// How sure that promise is to be.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    confidence: f64,
    /// The seed of folds and resampled intervals.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How often items are drawn again for an interval.
    #[arg(long, value_name = "N", default_value_t = 500)]
    resamples: u32,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let read = args.panel.read(Keep::Texts, voice).await?;
    let store = read.existing_store().await?;
    let source = Source {
        panel: &read.panel,
        setup: read.setup(),
        askers: read.ready.as_ref().map_or(&[], |ready| ready.askers.as_slice()),
        store: store.as_ref(),
    };
    let options = ReportOptions {
        seed: args.seed,
        n_resamples: args.resamples,
        error: args.error,
        confidence: args.confidence,
    };
    let found = report(source, &options).await?;
    // With `--json` alone standard output is the report, and no file appears unasked.
    let file = match (&args.output, voice.json) {
        (Some(file), _) => Some(file.as_str()),
        (None, false) => Some(FILE),
        (None, true) => None,
    };
    if let Some(file) = file {
        write(&found, file)?;
    }
    if voice.json {
        voice.event("report", json!(found));
    } else {
        show(&found, voice);
    }
    if let Some(file) = file {
        voice.say(format!("the report: {file}"));
    }
    Ok(if found.n_problems == 0 { Done::Well } else { Done::Look })
}

/// Writes the page, or JSON where the name of the file says so.
fn write(found: &Report, file: &str) -> Result<()> {
    let text = match file.ends_with(".json") {
        true => format!("{:#}\n", json!(found)),
        false => html::page(found),
    };
    std::fs::write(file, text)
        .map_err(|error| Error::external(format!("cannot write `{file}`")).because(error))
}

/// The page in short: how good, and what to do next.
fn show(found: &Report, voice: &mut Voice) {
    let labeled = &found.labeled;
    voice.out(format!(
        "{} of {}, {} with gold",
        n_of(labeled.annotators.len() as u64, "annotator"),
        n_of(labeled.n_items, "item"),
        n_of(labeled.n_gold, "item"),
    ));
    if let Some(quality) = found.quality.known() {
        let rows = [("the consensus", &quality.consensus), ("the majority", &quality.majority)];
        for (name, number) in rows {
            if let Some(it) = number {
                voice.out(format!(
                    "  {name}: {:.1} % {} ({:.1}–{:.1}), n = {}",
                    it.value * 100.0,
                    quality.measure,
                    it.low * 100.0,
                    it.high * 100.0,
                    it.n
                ));
            }
        }
        if let Some((name, it)) = &quality.best {
            voice.out(format!(
                "  the best annotator, {name}: {:.1} % ({:.1}–{:.1}), n = {}",
                it.value * 100.0,
                it.low * 100.0,
                it.high * 100.0,
                it.n
            ));
        }
    }
    voice.out("\nnext:");
    for (n, step) in found.next.iter().enumerate() {
        voice.out(format!("  {}. {}", n + 1, step.say));
        if let Some(command) = &step.command {
            voice.out(format!("     {command}"));
        }
    }
}
