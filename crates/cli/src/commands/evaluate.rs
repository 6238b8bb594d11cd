//! `karat evaluate`: how good the labels are, on the terminal, as JSON and as a page.

use karat_core::{Error, Result};
use karat_engine::evaluate::{
    Disagreement, EvaluateOptions, Judged, Metric, Number, PartRow, Report, Unit, Versus, evaluate,
    find_gold, html,
};
use karat_engine::panel::Measure;
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, table, table_of_words};
use crate::work::{Ready, Work};

/// How many disagreements the terminal shows; the page shows more.
const N_SHOWN: usize = 3;

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// The gold: a column of the data, or a file with the same ids; without it, the project's gold column.
    #[arg(long, value_name = "COLUMN|FILE")]
    gold: Option<String>,
    /// One question of a form: it is judged as a task of its kind.
    #[arg(long, value_name = "NAME")]
    question: Option<String>,
    /// Up to which distance from the gold a value is right that can be right in part, from 0 to 1; of numbers a share of their
    /// scale.
    #[arg(long, value_name = "SHARE")]
    tolerance: Option<f64>,
    /// Write the report as one HTML page.
    #[arg(long, value_name = "FILE")]
    html: Option<String>,
    /// The seed of the resampled intervals.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How often items are drawn again for an interval.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    resamples: u32,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let ready = Ready::open(&args.work, args.gold.as_deref()).await?;
    let gold = find_gold(&ready.setup, args.gold.as_deref())?;
    let measure = Measure::of(&ready.setup, args.question.as_deref())?.tolerating(args.tolerance)?;
    let options = EvaluateOptions { measure, seed: args.seed, n_resamples: args.resamples };
    let report = evaluate(&ready.setup, &ready.store, &ready.askers, &gold, options).await?;
    ready.say_what_is_not_live(voice);
    // The file first: whoever reads only the head of the terminal's output still finds it whole.
    if let Some(file) = &args.html {
        std::fs::write(file, html::page(&report))
            .map_err(|error| Error::external(format!("cannot write `{file}`")).because(error))?;
    }
    if voice.json {
        voice.event("report", json!(report));
    } else {
        show(&report, voice);
    }
    match &args.html {
        Some(file) => voice.say(format!("the report with its plots: {file}")),
        None => voice.hint("`--html report.html` writes all of it, with plots, as one page"),
    }
    let asked_all = report.annotators.iter().all(|it| it.counts.not_yet == 0);
    Ok(if asked_all && report.problems.is_empty() { Done::Well } else { Done::Look })
}

fn show(report: &Report, voice: &mut Voice) {
    let question = report.question.as_ref().map_or_else(String::new, |name| format!("question `{name}`: "));
    let tolerance = match report.tolerance {
        it if it > 0.0 => format!("; right is what is at most {} % of the way off", round(it * 100.0)),
        _ => String::new(),
    };
    voice.out(format!(
        "{question}{} of {} items have gold ({}); intervals of {:.0} %{tolerance}\n",
        count(report.n_gold),
        count(report.n_items),
        report.gold,
        report.level * 100.0
    ));
    voice.out(ranking(report));
    if report.annotators.len() > 1 && report.annotators.iter().any(|it| !it.parts.is_empty()) {
        voice.out(parts_side_by_side(report));
    }
    match report.annotators.as_slice() {
        [only] => voice.out(details(only)),
        _ => voice.out(differences(&report.comparisons)),
    }
    for problem in &report.problems {
        voice.say(format!("problem: {problem}"));
    }
    if !report.disagreements.is_empty() {
        voice.out("\nwhere they differ most:");
        for one in report.disagreements.iter().take(N_SHOWN) {
            voice.out(disagreement(one));
        }
    }
}

/// The annotators, best first: the headline with its interval, and what stands behind it.
fn ranking(report: &Report) -> String {
    let Some(first) = report.annotators.first() else {
        return String::new();
    };
    let metric = |judged: &Judged, name: &str| {
        judged.metrics.iter().find(|it| it.name == name).and_then(|it| it.number).map_or_else(dash, short)
    };
    let second = first.metrics.get(1).map_or("", |it| it.name);
    let mut header = vec!["annotator", first.headline.name, "95 % interval", "n", second, "coverage"];
    header.extend(["cost", "s per right one"]);
    let row = |judged: &Judged| {
        vec![
            judged.name.clone(),
            judged.headline.number.map_or_else(dash, short),
            judged
                .headline
                .number
                .map_or_else(dash, |it| format!("{:.1}–{:.1}", it.low * 100.0, it.high * 100.0)),
            judged.headline.number.map_or_else(dash, |it| count(it.n)),
            metric(judged, second),
            metric(judged, "coverage"),
            cost(judged),
            judged.cost.seconds_per_correct.map_or_else(dash, |s| format!("{s:.2}")),
        ]
    };
    table(&header, report.annotators.iter().map(row).collect())
}

fn cost(judged: &Judged) -> String {
    let about = if judged.cost.estimated { "~" } else { "" };
    judged.cost.micro_usd.map_or_else(dash, |cost| format!("{about}{cost}"))
}

/// All numbers of a single annotator.
fn details(judged: &Judged) -> String {
    let number = |it: Option<Number>| {
        it.map_or_else(dash, |it| format!("{} ({:.1}–{:.1})", short(it), it.low * 100.0, it.high * 100.0))
    };
    let metrics = judged
        .metrics
        .iter()
        .map(|it| vec![it.name.to_owned(), measured(it), it.number.map_or_else(dash, |n| count(n.n))])
        .collect();
    let labels = judged
        .labels
        .iter()
        .map(|it| {
            let mut row = vec![it.label.clone(), count(it.support), count(it.n_predicted)];
            row.extend([it.precision, it.recall, it.f1].map(number));
            row
        })
        .collect();
    let mut out = format!("\n{}\n", table(&["number", "with interval", "n"], metrics));
    if !judged.labels.is_empty() {
        out += &format!("\n{}\n", table(&["label", "gold", "given", "precision", "recall", "F1"], labels));
    }
    if !judged.parts.is_empty() {
        out += &format!("\n{}\n", parts(&judged.parts));
    }
    if let Some(confusion) = &judged.confusion
        && confusion.rows.len() <= 12
    {
        let mut header = vec!["gold \\ given"];
        header.extend(confusion.columns.iter().map(String::as_str));
        let row = |(gold, counts): &(String, Vec<u64>)| {
            std::iter::once(gold.clone()).chain(counts.iter().map(|n| count(*n))).collect()
        };
        out += &format!("\n{}", table(&header, confusion.rows.iter().map(row).collect()));
    }
    if let Some(spans) = &judged.spans {
        let header = ["label", "right", "wrong border", "wrong type", "wrong both", "missed", "invented"];
        let row = |it: &karat_engine::evaluate::SpanRow| {
            let counts = [it.right, it.wrong_border, it.wrong_type, it.wrong_both, it.missed, it.invented];
            std::iter::once(it.label.clone()).chain(counts.map(count)).collect()
        };
        out += &format!("\n{}", table(&header, spans.iter().map(row).collect()));
    }
    out
}

/// A number with its interval: a share in percent, anything else as it is.
fn measured(metric: &Metric) -> String {
    let Some(it) = metric.number else { return dash() };
    match metric.unit {
        Unit::Share => format!("{} ({:.1}–{:.1})", short(it), it.low * 100.0, it.high * 100.0),
        Unit::Number => format!("{} ({} to {})", round(it.value), round(it.low), round(it.high)),
    }
}

/// At most three digits after the point.
fn round(number: f64) -> String {
    let text = format!("{number:.3}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".to_owned(),
        it => it.to_owned(),
    }
}

/// What a row of parts is called.
fn part_title(parts: &[PartRow]) -> &'static str {
    if parts.iter().any(|it| it.headline.name == "F1") { "field" } else { "question" }
}

/// The parts of a value, one row each.
fn parts(rows: &[PartRow]) -> String {
    let row = |it: &PartRow| {
        let exact = Metric { number: it.exact, unit: Unit::Share, ..it.headline.clone() };
        vec![
            it.part.clone(),
            it.kind.clone(),
            count(it.n_gold),
            count(it.n_given),
            it.headline.name.to_owned(),
            measured(&it.headline),
            measured(&exact),
        ]
    };
    let header = [part_title(rows), "kind", "gold", "given", "number", "", "all of it right"];
    table_of_words(&header, rows.iter().map(row).collect(), &[0, 1, 4])
}

/// The same for several annotators: the headline of each part.
fn parts_side_by_side(report: &Report) -> String {
    let Some(first) = report.annotators.first() else { return String::new() };
    let mut header = vec![part_title(&first.parts), "number"];
    header.extend(report.annotators.iter().map(|it| it.name.as_str()));
    let row = |(n, it): (usize, &PartRow)| {
        let mut row = vec![it.part.clone(), it.headline.name.to_owned()];
        row.extend(
            report.annotators.iter().map(|of| of.parts.get(n).map_or_else(dash, |it| measured(&it.headline))),
        );
        row
    };
    let rows = first.parts.iter().enumerate().map(row).collect();
    format!("\n{}", table_of_words(&header, rows, &[0, 1]))
}

/// Which annotators may be as good as the best: the interval of the paired difference holds 0.
fn differences(comparisons: &[Versus]) -> String {
    let Some(best) = comparisons.first().map(|it| it.best.as_str()) else {
        return String::new();
    };
    let holds_zero = |it: &&Versus| it.difference.is_some_and(|difference| difference.low <= 0.0);
    let as_good: Vec<&str> = comparisons.iter().filter(holds_zero).map(|it| it.other.as_str()).collect();
    if as_good.is_empty() {
        format!("\n`{best}` is better than each other on the same items (paired intervals exclude 0)")
    } else {
        format!("\n`{best}` is ahead, but on the same items {} may be as good", as_good.join(", "))
    }
}

fn disagreement(one: &Disagreement) -> String {
    let text: String = one.text.chars().take(160).collect();
    let ellipsis = if one.text.chars().count() > 160 { "…" } else { "" };
    let mut out = format!("\n  {} · gold: {}\n  “{text}{ellipsis}”", one.item, one.gold);
    for (name, value) in &one.context {
        out += &format!("\n  {name}: {value}");
    }
    for (answer, names) in &one.answers {
        let sign = if *answer == one.gold { "=" } else { "≠" };
        out += &format!("\n    {sign} {answer}: {}", names.join(", "));
    }
    out
}

fn short(number: Number) -> String {
    format!("{:.1}", number.value * 100.0)
}

fn dash() -> String {
    "–".to_owned()
}
