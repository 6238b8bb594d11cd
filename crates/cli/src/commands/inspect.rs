//! `karat inspect`: what annotators did that they were not asked for, and labels that they never gave.

use karat_core::Result;
use karat_engine::inspect::{Finding, Inspection, OfAnnotator, inspect};
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, n_of, table_of_words};
use crate::work::{Ready, Work};

/// Words longer than this are cut on the terminal.
const LONGEST: usize = 40;

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// Write all that was found: item, annotator, outcome, what it is, and the words.
    #[arg(long, short, value_name = "FILE")]
    output: Option<String>,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let ready = Ready::open(&args.work, None).await?;
    ready.say_what_is_not_live(voice);
    let found = inspect(&ready.setup, &ready.store, &ready.askers, args.output.as_deref()).await?;
    if let Some(file) = &args.output {
        voice.say(format!("what was found is written: {file}"));
    }
    if voice.json {
        voice.event("inspection", json!(found));
    } else {
        show(&found, voice);
    }
    let has_unknown =
        |it: &OfAnnotator| it.findings.iter().any(|it| it.kind == karat_engine::inspect::Kind::UnknownLabel);
    if found.annotators.iter().any(has_unknown) {
        voice.hint("words that mean a label can be its `aliases` in `karat.toml`: later answers are then read by them");
    } else if args.output.is_none() {
        voice.hint("`-o found.csv` writes every item with what was found");
    }
    let is_clean = found.annotators.iter().all(|it| it.findings.is_empty() && it.never_given.is_empty());
    Ok(if is_clean { Done::Well } else { Done::Look })
}

fn show(found: &Inspection, voice: &mut Voice) {
    for annotator in &found.annotators {
        voice.out(format!(
            "{}: {} of {}",
            annotator.name,
            n_of(annotator.n_asked, "outcome"),
            n_of(found.n_items, "item")
        ));
        match annotator.findings.is_empty() {
            true => voice.out("  nothing found"),
            false => {
                let rows = annotator.findings.iter().map(|it| row(it, annotator.n_asked)).collect();
                let header = ["found", "items", "share", "words", "for example"];
                voice.out(table_of_words(&header, rows, &[0, 3, 4]));
            }
        }
        if !annotator.never_given.is_empty() {
            voice.out(format!("  labels never given: {}", annotator.never_given.join(", ")));
        }
    }
}

fn row(it: &Finding, n_asked: u64) -> Vec<String> {
    let told = |(words, n): &(String, u64)| match words.contains('`') {
        true => format!("{} {n}", clip(words)),
        false => format!("`{}` {n}", clip(words)),
    };
    let words: Vec<String> = it.words.iter().map(told).collect();
    vec![
        it.kind.about().to_owned(),
        count(it.n_items),
        format!("{:.1} %", it.n_items as f64 / n_asked as f64 * 100.0),
        words.into_iter().take(3).collect::<Vec<_>>().join(", "),
        it.items.iter().take(3).cloned().collect::<Vec<_>>().join(", "),
    ]
}

/// The beginning of a text, on one line.
fn clip(text: &str) -> String {
    let line = text.replace(['\n', '\r', '\t'], " ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
