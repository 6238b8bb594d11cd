//! `karat errors`: where the errors are, as a queue for people.

use karat_core::Result;
use karat_engine::errors::{Errors, ErrorsOptions, MemberErrors, find_errors, write_suspects};
use karat_engine::evaluate::Number;
use karat_engine::panel::Keep;
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, count, n_of, table_of_words};

/// How many rows of each table the terminal shows.
const N_SHOWN: usize = 10;

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    panel: PanelArgs,
    /// Whose labels are in question: an annotator, `gold`, or `consensus`; without it gold where there is some.
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// How suspects are chosen: a filter of confident learning, listed in docs/reference/methods.md.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Write the suspects with rank, reasons and what the others say.
    #[arg(long, short, value_name = "FILE")]
    output: Option<String>,
    /// The seed of folds and random starts.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let read = args.panel.read(Keep::Texts, voice).await?;
    let options = ErrorsOptions { of: args.of.clone(), filter: args.filter.clone(), seed: args.seed };
    let errors = find_errors(&read.panel, &options)?;
    if let Some(file) = &args.output {
        let n = write_suspects(&read.panel, read.setup(), &errors, &read.path(file)).await?;
        let rank = if n > 1 { ", the most suspect has rank 1" } else { "" };
        voice.say(format!("{} written{rank}: {file}", n_of(n, "suspect")));
    }
    if voice.json {
        voice.event("errors", json!(errors));
    } else {
        show(&errors, voice);
        if args.output.is_none() && !errors.suspects.is_empty() {
            voice.hint("`-o review.csv` writes all suspects with their rows");
        }
    }
    Ok(if errors.suspects.is_empty() { Done::Well } else { Done::Look })
}

fn show(errors: &Errors, voice: &mut Voice) {
    let without = errors.suspects.iter().filter(|it| it.given.is_none()).count() as u64;
    let n_suspect = errors.suspects.len() as u64 - without;
    let mut head =
        format!("labels of {}: {} of {} suspect", errors.of, count(n_suspect), count(errors.n_labels));
    if let Some(n) = errors.n_wrong {
        head += &format!(", about {} estimated to be wrong", count(n));
    }
    if without > 0 {
        head += &format!("; {} without a label to be had", n_of(without, "item"));
    }
    voice.out(head);
    let dash = || "–".to_owned();
    let rows = errors.suspects.iter().take(N_SHOWN).map(|it| {
        let (given, suggested) = (it.given.clone(), it.suggested.clone());
        vec![
            it.item.clone(),
            given.unwrap_or_else(dash),
            suggested.unwrap_or_else(dash),
            format!("{:.2}", it.score),
            it.reasons.join("; "),
        ]
    });
    if !errors.suspects.is_empty() {
        let header = ["item", "label", "the others say", "suspicion", "why"];
        voice.out(format!("\n{}", table_of_words(&header, rows.collect(), &[0, 1, 2, 4])));
        if errors.suspects.len() > N_SHOWN {
            voice.out(format!("  … and {} more", count((errors.suspects.len() - N_SHOWN) as u64)));
        }
    }
    let rows =
        errors.members.iter().take(N_SHOWN).map(|it| {
            vec![it.name.clone(), share(it.error), it.against.to_owned(), over_time(it), flags(it)]
        });
    if !errors.members.is_empty() {
        voice.out(format!(
            "\n{}",
            table_of_words(
                &["annotator", errors.measure, "against", "over time", ""],
                rows.collect(),
                &[0, 2, 4]
            )
        ));
    }
    if !errors.confusions.is_empty() {
        voice.out(confusions(errors));
    }
    if !errors.duplicates.is_empty() {
        let groups = n_of(errors.duplicates.len() as u64, "group");
        voice.out(format!("\n  {groups} of nearly equal texts with different labels:"));
        for group in errors.duplicates.iter().take(N_SHOWN) {
            let items: Vec<String> =
                group.iter().take(6).map(|(item, label)| format!("{item} ({label})")).collect();
            voice.out(format!("    {}", items.join(" · ")));
        }
    }
}

/// Which label is given where another is right.
fn confusions(errors: &Errors) -> String {
    let rows = errors.confusions.iter().take(N_SHOWN).map(|it| {
        let who = if it.common { "most do: look at the guideline" } else { "" };
        vec![
            format!("{} → {}", it.right, it.given),
            count(it.n),
            format!("{:.1} %", it.share * 100.0),
            count(it.n_members),
            who.to_owned(),
        ]
    });
    let header = ["right → given", "labels", "of all on such items", "annotators", ""];
    format!("\n{}", table_of_words(&header, rows.collect(), &[0, 4]))
}

fn over_time(it: &MemberErrors) -> String {
    let parts: Vec<String> = it.over_time.iter().map(|part| format!("{:.0}", part.value * 100.0)).collect();
    if parts.is_empty() { "–".to_owned() } else { format!("{} %", parts.join(" → ")) }
}

fn flags(it: &MemberErrors) -> String {
    let mut flags = Vec::new();
    if it.stands_out {
        flags.push("more than most");
    }
    if it.drifts {
        flags.push("getting worse");
    }
    flags.join(", ")
}

fn share(number: Option<Number>) -> String {
    number.map_or_else(
        || "–".to_owned(),
        |it| format!("{:.1} % ({:.1}–{:.1})", it.value * 100.0, it.low * 100.0, it.high * 100.0),
    )
}
