//! `karat agree`: how far annotators agree.

use clap::ValueEnum;
use karat_core::Result;
use karat_engine::agree::{
    AgreeOptions, AgreementReport, Between, LabelScale, StandIn, StandInOutcome, agree,
};
use karat_engine::evaluate::Number;
use karat_engine::panel::Keep;
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, count, n_of, table, table_of_words};

/// How many rows of each table the terminal shows.
const N_SHOWN: usize = 15;

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    panel: PanelArgs,
    /// How labels differ: `ordinal` takes their order, `interval` and `ratio` take them for numbers. Without it ratings are
    /// ordinal, numbers are on an interval scale, and other labels are the same or not.
    #[arg(long, value_enum)]
    scale: Option<Scale>,
    /// By how much a person may be better and a model still stand in: .2 for experts, .15 for trained people, .1 for a crowd.
    #[arg(long, default_value_t = 0.2)]
    epsilon: f64,
    /// The seed of the resampled intervals.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How often items are drawn again for an interval.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    resamples: u32,
}

/// How labels differ.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scale {
    /// Different is different.
    Nominal,
    /// The order of the labels counts.
    Ordinal,
    /// The labels are numbers.
    Interval,
    /// The labels are numbers with a true zero.
    Ratio,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let read = args.panel.read(Keep::Texts, voice).await?;
    read.panel.one_question("agree")?;
    let options = AgreeOptions {
        scale: args.scale.map(|scale| match scale {
            Scale::Nominal => LabelScale::Nominal,
            Scale::Ordinal => LabelScale::Ordinal,
            Scale::Interval => LabelScale::Interval,
            Scale::Ratio => LabelScale::Ratio,
        }),
        epsilon: args.epsilon,
        seed: args.seed,
        n_resamples: args.resamples,
    };
    let report = agree(&read.panel, &options)?;
    if voice.json {
        voice.event("agreement", json!(report));
    } else {
        show(&report, voice);
    }
    Ok(Done::Well)
}

fn show(report: &AgreementReport, voice: &mut Voice) {
    voice.out(format!(
        "{} were labeled by two annotators or more; intervals of 95 %, over items\n",
        n_of(report.n_compared, "item")
    ));
    let overall = report.overall.iter().chain(&report.over_time);
    let rows = overall.map(|it| match &it.number {
        Some(number) => vec![it.name.clone(), short(number), it.about.to_owned()],
        None => vec![it.name.clone(), "–".to_owned(), it.undefined.clone().unwrap_or_default()],
    });
    voice.out(table_of_words(&["all annotators", "", "what it tells"], rows.collect(), &[0, 2]));
    let rows = report.labels.iter().take(N_SHOWN).map(|it| {
        vec![it.label.clone(), format!("{:.1} %", it.share * 100.0), opt(&it.specific), opt(&it.alpha)]
    });
    if !report.labels.is_empty() {
        let header = ["label", "share", "given by one, also by another", "alpha against the rest"];
        let spans = ["label", "share", "exact F1", "overlapping F1"];
        let header = if report.measure == "same" { &header } else { &spans };
        voice.out(format!("\n{}", table(header, rows.collect())));
    }
    between(&report.groups, ["groups", report.measure], voice);
    between(&report.members, ["annotator", report.measure], voice);
    between(&report.pairs, ["pair", report.measure], voice);
    stand_ins(&report.stand_ins, voice);
}

fn between(rows: &[Between], [title, measure]: [&str; 2], voice: &mut Voice) {
    if rows.is_empty() {
        return;
    }
    let has_kappa = rows.iter().any(|it| it.kappa.is_some());
    let mut header = vec![title, "", "items", measure];
    if has_kappa {
        header.push("kappa");
    }
    let row = |it: &Between| {
        let mut row = vec![it.first.clone(), it.second.clone(), count(it.n_items), opt(&it.same)];
        if has_kappa {
            row.push(opt(&it.kappa));
        }
        row
    };
    let rows_shown = rows.iter().take(N_SHOWN).map(row).collect();
    voice.out(format!("\n{}", table_of_words(&header, rows_shown, &[0, 1])));
    if rows.len() > N_SHOWN {
        voice.out(format!("  … and {} more; `--json` has all", count((rows.len() - N_SHOWN) as u64)));
    }
}

fn stand_ins(rows: &[StandIn], voice: &mut Voice) {
    if rows.is_empty() {
        return;
    }
    let row = |it: &StandIn| match &it.outcome {
        StandInOutcome::Tested { passes, winning_rate, advantage, people } => {
            let p = people.iter().filter_map(|(_, p)| *p).fold(f64::NAN, f64::max);
            vec![
                it.model.clone(),
                if *passes { "yes" } else { "no" }.to_owned(),
                format!("{:.0} % of {}", winning_rate * 100.0, people.len()),
                short(advantage),
                if p < 0.0001 { "< 0.0001".to_owned() } else { format!("{p:.4}") },
            ]
        }
        StandInOutcome::NotTested(why) => {
            vec![it.model.clone(), "–".to_owned(), why.clone(), String::new(), String::new()]
        }
    };
    let header = ["may stand in for a person", "", "people beaten", "advantage", "largest p"];
    voice.out(format!("\n{}", table(&header, rows.iter().map(row).collect())));
}

fn opt(number: &Option<Number>) -> String {
    number.as_ref().map_or_else(|| "–".to_owned(), short)
}

fn short(it: &Number) -> String {
    if it.low == it.high {
        format!("{:.3}", it.value)
    } else {
        format!("{:.3} ({:.3}–{:.3})", it.value, it.low, it.high)
    }
}
