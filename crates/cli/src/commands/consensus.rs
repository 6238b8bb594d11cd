//! `karat consensus`: one label for each item from several annotators.

use karat_core::Result;
use karat_engine::consensus::{Consensus, ConsensusOptions, consensus, write_consensus};
use karat_engine::evaluate::Number;
use karat_engine::panel::Keep;
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, count, n_of, table, table_of_words};

/// How many annotators the terminal shows.
const N_SHOWN: usize = 20;

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    panel: PanelArgs,
    /// How to find it; without it, the method that suits annotators and gold. See docs/reference/methods.md for all.
    #[arg(long, value_name = "NAME")]
    method: Option<String>,
    /// Write every item with its label, its confidence and what each annotator gave.
    #[arg(long, short, value_name = "FILE")]
    output: Option<String>,
    /// The seed of folds and random starts.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let read = args.panel.read(Keep::Texts, voice).await?;
    read.panel.one_question("consensus")?;
    let options = ConsensusOptions { method: args.method.clone(), seed: args.seed };
    let found = consensus(&read.panel, &read.panel.gold, &options)?;
    if let Some(file) = &args.output {
        let n = write_consensus(&read.panel, read.setup(), &found, &read.path(file)).await?;
        voice.say(format!("{} written: {file}", n_of(n, "row")));
    }
    if voice.json {
        voice.event("consensus", json!(found));
    } else {
        show(&found, voice);
    }
    if args.output.is_none() {
        voice.hint("`-o consensus.csv` writes the label of every item");
    }
    Ok(if found.n_tied + found.n_without > 0 { Done::Look } else { Done::Well })
}

fn show(found: &Consensus, voice: &mut Voice) {
    voice.out(format!("{}: {}\n", found.method, found.about));
    let mut rows = found.members.iter().collect::<Vec<_>>();
    rows.sort_by(|a, b| b.estimated.unwrap_or(0.0).total_cmp(&a.estimated.unwrap_or(0.0)));
    let n_more = rows.len().saturating_sub(N_SHOWN) as u64;
    let rows = rows.into_iter().take(N_SHOWN).map(|it| {
        let estimated = it.estimated.map_or_else(|| "–".to_owned(), |p| format!("{:.1} %", p * 100.0));
        vec![it.name.clone(), it.voter.to_owned(), count(it.n_votes), estimated, share(it.on_gold)]
    });
    let on_gold = format!("{} on gold", found.measure);
    let estimated =
        format!("{}, as estimated", if found.measure == "likeness" { "likeness" } else { "right" });
    let header = ["annotator", "is a", "labels", &estimated, &on_gold];
    voice.out(table_of_words(&header, rows.collect(), &[0, 1]));
    if n_more > 0 {
        voice.out(format!("  … and {}; `--json` has all", n_of(n_more, "annotator")));
    }
    let n_items = found.items.len() as u64;
    let mut line = format!("\n  {} of {} labeled", count(found.n_labeled), n_of(n_items, "item"));
    if found.n_tied > 0 {
        line += &format!(", {} tied", count(found.n_tied));
    }
    if found.n_without > 0 {
        line += &format!(", {} without any vote", count(found.n_without));
    }
    voice.out(line);
    if found.accuracy.is_some() {
        let mut rows = vec![vec!["this consensus".to_owned(), share(found.accuracy)]];
        if found.majority.is_some() {
            rows.push(vec!["majority vote".to_owned(), share(found.majority)]);
        }
        if let Some((name, number)) = &found.best {
            rows.push(vec![format!("best annotator ({name})"), share(Some(*number))]);
        }
        let head = format!("on {} with gold, each judged without its own", n_of(found.n_gold, "item"));
        voice.out(format!("\n{}", table(&[&head, found.measure], rows)));
    }
    for remark in &found.remarks {
        voice.say(format!("note: {remark}"));
    }
    if !found.calibrated {
        voice.say("note: the confidences are not calibrated and left out; it takes about 30 items with gold");
    }
}

fn share(number: Option<Number>) -> String {
    number.map_or_else(
        || "–".to_owned(),
        |it| format!("{:.1} % ({:.1}–{:.1})", it.value * 100.0, it.low * 100.0, it.high * 100.0),
    )
}
