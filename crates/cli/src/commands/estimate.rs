//! `karat estimate`: what holds for the whole data set, corrected by a small sample of human labels.

use karat_core::Result;
use karat_engine::estimate::{EstimateOptions, EstimateReport, Share, estimate};
use karat_engine::evaluate::Number;
use karat_engine::panel::Keep;
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, count, n_of, signed, table};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    panel: PanelArgs,
    /// Whose labels are corrected: an annotator, or `consensus`.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only this label.
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// A column of the data: the shares in each of its groups, and how they differ from the largest group's.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Columns of numbers: how the log-odds of `--label` change with each.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', requires = "label")]
    regress: Vec<String>,
    /// Say how many human labels an interval of so much to each side needs: 0.02 is two points.
    #[arg(long, value_name = "SHARE")]
    half_width: Option<f64>,
    /// The seed of the consensus.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let read = args.panel.read_with_gold(Keep::Texts, voice).await?;
    read.panel.one_question("estimate")?;
    let options = EstimateOptions {
        by: args.by.clone(),
        group: args.group.clone(),
        regress: args.regress.clone(),
        label: args.label.clone(),
        half_width: args.half_width,
        seed: args.seed,
    };
    let store = read.existing_store().await?;
    let report = estimate(&read.panel, read.setup(), store.as_ref(), &options).await?;
    if voice.json {
        voice.event("estimate", json!(report));
    } else {
        show(&report, voice);
    }
    if !report.is_sample {
        voice.say(
            "note: the gold is taken for a random sample; if somebody picked it, these numbers are wrong",
        );
        voice
            .hint(format!("`karat sample 200{} -o sample.csv` draws one, and keeps how", args.panel.again()));
    }
    Ok(Done::Well)
}

fn show(report: &EstimateReport, voice: &mut Voice) {
    voice.out(format!(
        "{}; labels of {}, corrected by {} ({})\n",
        n_of(report.n_items, "item"),
        report.by,
        n_of(report.n_gold, "gold item"),
        report.basis
    ));
    shares("share of", report.shares.iter().chain(&report.mean), voice);
    for group in &report.groups {
        voice.out(format!("\n  {} ({})", group.group, n_of(group.n_items, "item")));
        shares("share of", group.shares.iter(), voice);
        let rows: Vec<Vec<String>> =
            group.differences.iter().map(|(label, number)| vec![label.clone(), points(number)]).collect();
        if let (false, Some(first)) = (rows.is_empty(), report.groups.first()) {
            let head = format!("minus {}, in points", first.group);
            voice.out(format!("\n{}", table(&[&head, ""], rows)));
        }
    }
    if !report.slopes.is_empty() {
        let number = |it: &Option<Number>| {
            it.as_ref().map_or_else(
                || "–".to_owned(),
                |it| format!("{:+.3} ({:+.3} to {:+.3})", it.value, it.low, it.high),
            )
        };
        let rows = report.slopes.iter();
        let rows = rows.map(|it| vec![it.column.clone(), number(&it.gold_only), number(&it.corrected)]);
        voice.out(format!("\n{}", table(&["log-odds with", "gold alone", "corrected"], rows.collect())));
    }
    voice.out("\n  models alone is no estimate: it has the models' errors, and no interval knows of them");
}

fn shares<'a>(title: &str, rows: impl Iterator<Item = &'a Share>, voice: &mut Voice) {
    let rows: Vec<&Share> = rows.collect();
    let has_needed = rows.iter().any(|it| it.needed.is_some());
    let row = |it: &&Share| {
        let is_share = it.is_share;
        let mut row = vec![
            it.label.clone(),
            if is_share {
                format!("{:.1} %", it.model_only * 100.0)
            } else {
                format!("{:.3}", it.model_only)
            },
            number(&it.gold_only, is_share),
            match &it.remark {
                Some(why) => why.clone(),
                None => number(&it.corrected, is_share),
            },
        ];
        if has_needed {
            row.push(it.needed.map_or_else(|| "–".to_owned(), count));
        }
        row
    };
    let mut header = vec![title, "models alone", "gold alone", "corrected"];
    if has_needed {
        header.push("gold needed");
    }
    voice.out(table(&header, rows.iter().map(row).collect()));
}

fn number(it: &Option<Number>, is_share: bool) -> String {
    match it {
        None => "–".to_owned(),
        Some(it) if is_share => {
            format!(
                "{:.1} % ({:.1}–{:.1})",
                it.value * 100.0,
                it.low.max(0.0) * 100.0,
                it.high.min(1.0) * 100.0
            )
        }
        Some(it) => format!("{:.3} ({:.3}–{:.3})", it.value, it.low, it.high),
    }
}

fn points(it: &Option<Number>) -> String {
    it.as_ref().map_or_else(
        || "–".to_owned(),
        |it| {
            let [value, low, high] = [it.value, it.low, it.high].map(|it| signed(it * 100.0));
            format!("{value} ({low} to {high})")
        },
    )
}
