//! `karat decide`: how each item's final label came about, at what cost, and how well.

use karat_core::Result;
use karat_engine::decide::{Decisions, decide};
use karat_engine::evaluate::{Number, find_gold};
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, n_of, table_of_words};
use crate::work::{Ready, Work};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// The gold: a column of the data, or files with the same ids; without it, the project's gold column.
    #[arg(long, value_name = "COLUMN|FILES")]
    gold: Option<String>,
    /// Write every item with each annotator's label and seconds, their agreement, the verdict and the final label.
    #[arg(long, short, value_name = "FILE")]
    output: Option<String>,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let ready = Ready::open(&args.work, None).await?;
    ready.say_what_is_not_live(voice);
    let gold = match (&args.gold, &ready.setup.gold) {
        (None, None) => None,
        _ => Some(find_gold(&ready.setup, args.gold.as_deref())?),
    };
    let found =
        decide(&ready.setup, &ready.store, &ready.askers, gold.as_ref(), args.output.as_deref()).await?;
    if let Some(file) = &args.output {
        voice.say(format!("{} written: {file}", n_of(found.n_items, "row")));
    }
    if voice.json {
        voice.event("decisions", json!(found));
    } else {
        show(&found, voice);
    }
    if args.output.is_none() {
        voice.hint("`-o decisions.csv` writes every item with all that was said of it");
    }
    Ok(if found.left.is_empty() { Done::Well } else { Done::Look })
}

fn show(found: &Decisions, voice: &mut Voice) {
    let row = |it: &karat_engine::decide::Part| {
        vec![
            it.by.clone(),
            it.names.join(", "),
            count(it.n),
            format!("{:.1} %", it.share * 100.0),
            it.cost.to_string(),
            share(it.accuracy),
        ]
    };
    let mut rows: Vec<Vec<String>> = found.parts.iter().map(row).collect();
    rows.push(vec![
        "all".to_owned(),
        String::new(),
        count(found.n_items),
        "100.0 %".to_owned(),
        found.cost.to_string(),
        share(found.accuracy),
    ]);
    let header = ["decided by", "who", "items", "share", "cost", "right, on gold"];
    voice.out(table_of_words(&header, rows, &[0, 1]));
    if let Some(it) = &found.inspected {
        let mut parts = vec![format!("{} follow the guideline", count(it.follows))];
        parts.push(format!("{} contested", count(it.contests)));
        for (n, what) in [(it.without_verdict, "without a verdict"), (it.not_asked, "not asked yet")] {
            if n > 0 {
                parts.push(format!("{} {what}", count(n)));
            }
        }
        voice.out(format!("inspected by {}: {}", it.name, parts.join(", ")));
        if it.accuracy_of_contested.is_some() {
            voice.out(format!("  right on gold among the contested: {}", share(it.accuracy_of_contested)));
        }
    }
    for (why, n) in &found.left {
        voice.out(format!("  left to people: {} ({why})", n_of(*n, "item")));
    }
}

fn share(number: Option<Number>) -> String {
    number.map_or_else(
        || "–".to_owned(),
        |it| format!("{:.1} % ({:.1}–{:.1}), n {}", it.value * 100.0, it.low * 100.0, it.high * 100.0, it.n),
    )
}
