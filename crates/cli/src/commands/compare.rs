//! `karat compare`: whether one annotator is better than another on the same items.

use karat_core::Result;
use karat_engine::compare::{CompareOptions, Comparison, OnGold, compare, write_differing};
use karat_engine::evaluate::Number;
use karat_engine::panel::Keep;
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, count, n_of, signed, table, table_of_words};

/// How many differing items the terminal shows.
const N_SHOWN: usize = 8;

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The annotator that is compared.
    first: String,
    /// The annotator that it is compared with.
    second: String,
    /// A further annotator to compare with the first; the p values are then corrected for all.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    and: Vec<String>,
    #[command(flatten)]
    panel: PanelArgs,
    /// Write the items on which the two differ.
    #[arg(long, short, value_name = "FILE")]
    output: Option<String>,
    /// The seed of the resampled intervals.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How often items are drawn again for an interval.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    resamples: u32,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let read = args.panel.read(Keep::Labels, voice).await?;
    let names = [&args.first, &args.second].into_iter().chain(&args.and);
    let members = names.map(|name| read.panel.member(name)).collect::<Result<Vec<_>>>()?;
    let options = CompareOptions { seed: args.seed, n_resamples: args.resamples };
    let comparisons = compare(&read.panel, &members, options)?;
    if let Some(file) = &args.output {
        let n = write_differing(&read.panel, read.setup(), &read.path(file), &comparisons).await?;
        voice.say(format!("{} on which they differ written: {file}", n_of(n, "item")));
    }
    if voice.json {
        voice.event("comparisons", json!({ "comparisons": comparisons }));
        return Ok(Done::Well);
    }
    for (n, comparison) in comparisons.iter().enumerate() {
        if n > 0 {
            voice.out("");
        }
        show(comparison, voice);
    }
    let is_more = comparisons.iter().any(|it| it.differing.len() > N_SHOWN);
    if is_more && args.output.is_none() {
        voice.hint("`-o differing.csv` writes all items on which they differ");
    }
    Ok(Done::Well)
}

fn show(comparison: &Comparison, voice: &mut Voice) {
    let Comparison { first, second, n_both, n_same, .. } = comparison;
    voice.out(format!("{first} against {second}\n"));
    if *n_both == 0 {
        voice.out("  no item has a label of both");
        return;
    }
    let share = *n_same as f64 / *n_both as f64 * 100.0;
    let like = comparison.likeness.map_or_else(String::new, |it| {
        format!(
            ", and what they gave is {:.1} % ({:.1}–{:.1}) alike",
            it.value * 100.0,
            it.low * 100.0,
            it.high * 100.0
        )
    });
    voice.out(format!("  both labeled {}; they gave the same on {share:.1} %{like}", n_of(*n_both, "item")));
    match &comparison.on_gold {
        None => voice.say("note: without gold nobody is right or wrong; name it with `--gold COLUMN|FILE`"),
        Some(on_gold) => voice.out(on_gold_text(comparison, on_gold)),
    }
    if comparison.differing.is_empty() {
        return;
    }
    let gold = |it: &Option<String>| it.clone().unwrap_or_else(|| "–".to_owned());
    let rows = comparison.differing.iter().take(N_SHOWN);
    let rows = rows.map(|it| vec![it.item.clone(), it.first.clone(), it.second.clone(), gold(&it.gold)]);
    voice.out(format!(
        "\n{}",
        table_of_words(&["item", first, second, "gold"], rows.collect(), &[0, 1, 2, 3])
    ));
    let n_more = comparison.differing.len().saturating_sub(N_SHOWN);
    if n_more > 0 {
        voice.out(format!("  … and {} more", n_of(n_more as u64, "item")));
    }
}

fn on_gold_text(comparison: &Comparison, it: &OnGold) -> String {
    let row = |name: &str, number: &Option<Number>| {
        vec![name.to_owned(), number.as_ref().map_or_else(|| "–".to_owned(), points)]
    };
    let share = |number: &Number| {
        format!("{:.1} % ({:.1}–{:.1})", number.value * 100.0, number.low * 100.0, number.high * 100.0)
    };
    let is_likeness = it.measure == "likeness";
    let mut rows = vec![
        vec![format!("{} of {}", it.measure, comparison.first), share(&it.first)],
        vec![format!("{} of {}", it.measure, comparison.second), share(&it.second)],
        row("difference, in points", &Some(it.difference)),
    ];
    let (first, second, test) = match is_likeness {
        true => ("the first is nearer", "the second is nearer", "p (sign flips)"),
        false => {
            rows.push(row("difference of micro F1", &it.micro_f1));
            rows.push(row("difference of macro F1", &it.macro_f1));
            ("only the first is right", "only the second is right", "p (McNemar, exact)")
        }
    };
    rows.push(vec![first.to_owned(), count(it.only_first)]);
    rows.push(vec![second.to_owned(), count(it.only_second)]);
    rows.push(vec![test.to_owned(), p_value(it.p_value)]);
    if it.p_adjusted > it.p_value {
        rows.push(vec!["p, corrected for all pairs".to_owned(), p_value(it.p_adjusted)]);
    }
    rows.push(vec!["e-value (may be looked at any time)".to_owned(), evidence(it.evidence)]);
    let mut out =
        format!("\n{}\n", table(&[&format!("on {} with gold", n_of(it.first.n, "item")), ""], rows));
    out += &format!("\n  {}", verdict(comparison, it));
    if it.labels.len() > 1 {
        let rows = it.labels.iter().map(|label| {
            let f1 = label.f1.as_ref().map_or_else(|| "–".to_owned(), points);
            vec![label.label.clone(), count(label.n_items), f1, p_value(label.p_adjusted)]
        });
        out += &format!(
            "\n\n{}",
            table(&["label", "items", "difference of F1", "p, corrected"], rows.collect())
        );
    }
    out
}

/// What follows, in a sentence.
fn verdict(comparison: &Comparison, it: &OnGold) -> String {
    let (better, worse) = match it.difference.value >= 0.0 {
        true => (&comparison.first, &comparison.second),
        false => (&comparison.second, &comparison.first),
    };
    if it.p_adjusted <= 0.05 {
        return format!(
            "`{better}` is better than `{worse}` on these items; chance alone would seldom show this"
        );
    }
    match it.n_needed {
        Some(needed) if needed > it.first.n => format!(
            "no difference is shown; if it is as large as it looks, about {} with gold would show it",
            n_of(needed, "item")
        ),
        _ => "no difference is shown".to_owned(),
    }
}

fn points(number: &Number) -> String {
    let [value, low, high] = [number.value, number.low, number.high].map(|it| signed(it * 100.0));
    format!("{value} ({low} to {high})")
}

fn evidence(e_value: f64) -> String {
    if e_value < 1e4 { format!("{e_value:.3}") } else { format!("{e_value:.0e}") }
}

fn p_value(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}
