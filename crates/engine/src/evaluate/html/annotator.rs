//! One annotator after the other: all its numbers, its labels, what it confuses, its spans, its cost.

use super::header::nature;
use super::ranking::UNDEFINED;
use super::{confusion, spans};
use crate::evaluate::report::{Cost, Judged, Metric, PartRow, Report, Unit};
use crate::html::cost::{money, time};
use crate::html::plot::Scale;
use crate::html::table::{Column, Table};
use crate::html::text::{Esc, bare, count, dash, finite, level, measured, name, plain};
use crate::html::{labels, section};

/// All annotators, the first one unfolded.
pub(super) fn annotators(report: &Report) -> String {
    if report.annotators.is_empty() {
        return String::new();
    }
    let all: String =
        report.annotators.iter().enumerate().map(|(n, it)| annotator(report, it, n + 1)).collect();
    let title = if report.annotators.len() == 1 { "The annotator" } else { "Each annotator" };
    section("each", title, &all)
}

fn annotator(report: &Report, judged: &Judged, place: usize) -> String {
    let open = if place == 1 { " open" } else { "" };
    let nature = nature(judged).map_or(String::new(), |it| format!(" · {it}, not live"));
    let model = if judged.model == judged.name { "" } else { &judged.model };
    let parts = [
        part("All numbers", &metrics(report, judged)),
        match judged.labels.is_empty() {
            true => String::new(),
            false => part("Label by label", &labels::labels(&judged.labels, &level(report.level))),
        },
        part("Part by part", &parts(report, judged)),
        judged
            .confusion
            .as_ref()
            .map_or(String::new(), |it| part("What was taken for what", &confusion::confusion(it))),
        judged.spans.as_ref().map_or(String::new(), |it| part("What became of the spans", &spans::spans(it))),
        part("Cost", &cost(judged)),
    ];
    let about = match (model, nature.as_str()) {
        ("", "") => String::new(),
        (model, nature) => format!(
            "<p class=\"about\">{}</p>\n",
            format!("{}{nature}", Esc(model)).trim_start_matches(" · ")
        ),
    };
    format!(
        "<details class=\"annotator\"{open}>\n<summary><span class=\"place\">{place}</span> <b>{}</b> \
         <span class=\"sum\">{} <span class=\"what\">{}</span></span></summary>\n\
         <div class=\"inside\" id=\"a{place}\">\n{about}{}</div>\n</details>\n",
        name(&judged.name),
        measured(judged.headline.number, "undefined, no item with gold was asked"),
        judged.headline.name,
        parts.concat()
    )
}

/// A part of an annotator; nothing where there is nothing to show.
fn part(title: &str, body: &str) -> String {
    if body.is_empty() { String::new() } else { format!("<h3>{title}</h3>\n{body}") }
}

fn metrics(report: &Report, judged: &Judged) -> String {
    let shares = judged.metrics.iter().filter(|it| it.unit == Unit::Share);
    let numbers = shares.filter_map(|it| finite(it.number));
    let scale = Scale::around(numbers.flat_map(|it| [it.low, it.value, it.high]));
    let row = |metric: &Metric| {
        let title = format!("{}: {}", metric.name, plain(metric.number));
        let (plot, value) = match metric.unit {
            Unit::Share => {
                (scale.row(&title, &scale.interval(metric.number)), measured(metric.number, UNDEFINED))
            }
            Unit::Number => (String::new(), bare(metric.number, UNDEFINED)),
        };
        vec![
            format!("{}<span class=\"about\">{}</span>", metric.name, metric.about),
            plot,
            value,
            finite(metric.number).map_or_else(|| dash(UNDEFINED), |it| count(it.n)),
        ]
    };
    let table = Table {
        caption: "All numbers over the whole set".to_owned(),
        columns: vec![
            Column::names("number"),
            Column::plots("plot", &scale.axis()),
            Column::numbers(&format!("value ({} interval)", level(report.level))),
            Column::counts("n"),
        ],
        rows: judged.metrics.iter().map(row).collect(),
    };
    table.draw()
}

/// The questions of a form, or the fields of a record; nothing where values have no parts.
fn parts(report: &Report, judged: &Judged) -> String {
    if judged.parts.is_empty() {
        return String::new();
    }
    let shares = judged.parts.iter().filter(|it| it.headline.unit == Unit::Share);
    let numbers = shares.filter_map(|it| finite(it.headline.number));
    let scale = Scale::around(numbers.flat_map(|it| [it.low, it.value, it.high]));
    let row = |it: &PartRow| {
        let title = format!("{}: {} {}", it.part, it.headline.name, plain(it.headline.number));
        vec![
            format!("{}<span class=\"about\">{}, {}</span>", name(&it.part), Esc(&it.kind), it.headline.name),
            scale.row(&title, &scale.interval(it.headline.number)),
            measured(it.headline.number, UNDEFINED),
            measured(it.exact, UNDEFINED),
            count(it.n_gold),
            count(it.n_given),
        ]
    };
    let table = Table {
        caption: "The parts of a value, one by one".to_owned(),
        columns: vec![
            Column::names("part"),
            Column::plots("plot", &scale.axis()),
            Column::numbers(&format!("value ({} interval)", level(report.level))),
            Column::numbers("all of it right"),
            Column::counts("gold"),
            Column::counts("given"),
        ],
        rows: judged.parts.iter().map(row).collect(),
    };
    table.draw()
}

fn cost(judged: &Judged) -> String {
    let cost = &judged.cost;
    if *cost == Cost::default() {
        return "<p>Nothing is known: no call was counted.</p>\n".to_owned();
    }
    let tokens = |n: u64| if n == 0 { dash("not counted") } else { count(n) };
    let facts = [
        ("spent", money(cost)),
        ("time per right item", time(cost)),
        ("calls answered", count(cost.n_calls)),
        ("tokens sent", tokens(cost.tokens_in)),
        ("tokens received", tokens(cost.tokens_out)),
    ];
    let facts: String =
        facts.iter().map(|(what, is)| format!("<div><dt>{what}</dt><dd>{is}</dd></div>")).collect();
    format!("<dl class=\"facts\">{facts}</dl>\n")
}
