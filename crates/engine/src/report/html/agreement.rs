//! How far annotators agree: the coefficients, each two annotators as a shaded table, people beside models, label by label.

use std::collections::HashMap;

use super::super::{AgreementReport, Report};
use super::part;
use super::words::{coefficient, decimal};
use crate::agree::{Between, LabelAgreement, Row, StandIn, StandInOutcome};
use crate::evaluate::Number;
use crate::html::section;
use crate::html::table::{Column, Table};
use crate::html::text::{Esc, count, counted, dash, finite, measured, name, number, percent, plain};

/// The most annotators that the table of pairs shows.
const N_PAIRED: usize = 14;
/// The most labels that are shown.
const N_LABELS: usize = 16;
const WHY: &str = "undefined here";

/// The part.
pub(super) fn agreement(report: &Report) -> String {
    section("agreement", "How far annotators agree", &part(&report.agreement, |it| body(report, it)))
}

fn body(report: &Report, found: &AgreementReport) -> String {
    let intro = format!(
        "<p>On {} with labels of two annotators or more, with {} in all.</p>\n",
        counted(found.n_compared, "item", "items"),
        counted(found.n_labels, "label", "labels")
    );
    let left = format!("{}{}{}", overall(&found.overall), groups(found), stand_ins(&found.stand_ins));
    format!(
        "{intro}<div class=\"sides\">\n<div>{left}</div>\n<div>{}</div>\n</div>\n{}",
        pairs(report, found),
        labels(&found.labels, is_spans(found))
    )
}

/// Whether annotators marked spans: their agreement is an F1.
pub(super) fn is_spans(found: &AgreementReport) -> bool {
    found.measure == "exact F1"
}

/// Whether a row is a share and not a coefficient.
fn is_share(row: &Row) -> bool {
    matches!(row.name.as_str(), "percent" | "likeness" | "same") || row.name.ends_with("F1")
}

fn overall(rows: &[Row]) -> String {
    let row = |it: &Row| {
        let why = it.undefined.as_deref().unwrap_or(WHY);
        let value = if is_share(it) { measured(it.number, why) } else { coefficient(it.number, why) };
        let title = if it.name == "percent" { "the same label" } else { it.name.as_str() };
        vec![
            format!("{}<span class=\"about\">{}</span>", Esc(title), Esc(it.about)),
            value,
            finite(it.number).map_or_else(|| dash(why), |it| number(it.n)),
        ]
    };
    let table = Table {
        caption: "Agreement of all annotators".to_owned(),
        columns: vec![Column::names("measure"), Column::numbers("value"), Column::counts("n")],
        rows: rows.iter().map(row).collect(),
    };
    table.draw()
}

fn groups(found: &AgreementReport) -> String {
    let (groups, is_likeness) = (&found.groups, found.measure == "likeness");
    if groups.is_empty() {
        return String::new();
    }
    let row = |it: &Between| {
        let who = if it.first == it.second {
            format!("{} with each other", it.first)
        } else {
            format!("{} with {}", it.first, it.second)
        };
        let mut row = vec![Esc(&who).to_string(), measured(it.same, WHY)];
        row.extend((!is_likeness).then(|| coefficient(it.kappa, WHY)));
        row.push(number(it.n_items));
        row
    };
    let mut columns = vec![Column::names("who")];
    columns.push(Column::numbers(if is_likeness { "likeness" } else { "the same" }));
    columns.extend((!is_likeness).then(|| Column::numbers("kappa")));
    columns.push(Column::counts("n"));
    let table = Table {
        caption: "Agreement within people and models, and between them".to_owned(),
        columns,
        rows: groups.iter().map(row).collect(),
    };
    format!("<h3>People and models</h3>\n{}", table.draw())
}

fn stand_ins(all: &[StandIn]) -> String {
    let tested: Vec<String> = all
        .iter()
        .filter_map(|it| match &it.outcome {
            StandInOutcome::Tested { passes, winning_rate, .. } => Some(format!(
                "<b>{}</b> {} (it beats {} of them)",
                name(&it.model),
                if *passes { "may stand in for a person" } else { "may not stand in for a person" },
                percent(*winning_rate)
            )),
            StandInOutcome::NotTested(_) => None,
        })
        .collect();
    if tested.is_empty() {
        String::new()
    } else {
        format!("<p>By the alternative annotator test, {}.</p>\n", tested.join("; "))
    }
}

/// The table of pairs: numbered, so that it fits a phone.
fn pairs(report: &Report, found: &AgreementReport) -> String {
    let pairs = &found.pairs;
    let all = &report.labeled.annotators;
    if all.len() < 3 || pairs.is_empty() {
        return String::new();
    }
    let mut shown: Vec<usize> = (0..all.len()).collect();
    shown.sort_by(|a, b| all[*b].counts.labeled.cmp(&all[*a].counts.labeled).then(a.cmp(b)));
    shown.truncate(N_PAIRED);
    shown.sort_unstable();
    let kappa = pairs.iter().any(|it| it.kappa.is_some());
    let of: HashMap<(&str, &str), &Between> = pairs
        .iter()
        .flat_map(|it| [((&*it.first, &*it.second), it), ((&*it.second, &*it.first), it)])
        .collect();
    let heads: String = (1..=shown.len()).map(|n| format!("<th scope=\"col\">{n}</th>")).collect();
    let row = |(n, one): (usize, &usize)| {
        let one = &all[*one].name;
        let cells: String = shown
            .iter()
            .map(|other| cell(of.get(&(one.as_str(), all[*other].name.as_str())).copied(), kappa))
            .collect();
        let mark = if all[shown[n]].voter == "person" { " <span class=\"about\">person</span>" } else { "" };
        format!(
            "<tr><th scope=\"row\"><span class=\"place\">{}</span> {}{mark}</th>{cells}</tr>\n",
            n + 1,
            name(one)
        )
    };
    let rows: String = shown.iter().enumerate().map(row).collect();
    let what = match (kappa, found.measure) {
        (true, _) => "Cohen’s kappa, agreement beyond chance",
        (false, "likeness") => "mean likeness of the two",
        (false, _) => "exact F1 of one against the other",
    };
    let left_out = match all.len() - shown.len() {
        0 => String::new(),
        n => format!(
            "; the {} with the most labels, {} more are in the JSON form",
            shown.len(),
            count(n as u64)
        ),
    };
    format!(
        "<h3>Each two annotators</h3>\n<p class=\"note\">{what}: the stronger the shade, the more. A cell tells its interval and n \
         when pointed at{left_out}.</p>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Each two annotators\">\n\
         <table class=\"heat pairs\"><caption class=\"sr\">{what}, for each two annotators</caption>\n<thead><tr><td></td>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn cell(between: Option<&Between>, kappa: bool) -> String {
    let Some(it) = between else {
        return "<td class=\"self\"></td>".to_owned();
    };
    let found = if kappa { it.kappa } else { it.same };
    let Some(value) = finite(found) else {
        return format!("<td class=\"pair\" title=\"{} items in common\">·</td>", count(it.n_items));
    };
    format!(
        "<td class=\"pair\" style=\"--s:{:.3}\" title=\"{}\">{}</td>",
        value.value.clamp(0.0, 1.0),
        Esc(&tells(it, value, kappa)),
        decimal(value.value).replacen("0.", ".", 1)
    )
}

fn tells(it: &Between, value: Number, kappa: bool) -> String {
    let (v, low, high) = (decimal(value.value), decimal(value.low), decimal(value.high));
    // Pairs of span annotators have no interval of their own.
    let interval = if low == high { String::new() } else { format!(" ({low}–{high})") };
    let same = if kappa { format!(", the same {}", plain(it.same)) } else { String::new() };
    format!("{} with {}: {v}{interval}{same}, n = {}", it.first, it.second, count(it.n_items))
}

fn labels(rows: &[LabelAgreement], is_spans: bool) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut shown: Vec<&LabelAgreement> = rows.iter().collect();
    let alpha = |it: &LabelAgreement| it.alpha.map_or(2.0, |it| it.value);
    shown.sort_by(|a, b| alpha(a).total_cmp(&alpha(b)).then_with(|| a.label.cmp(&b.label)));
    shown.truncate(N_LABELS);
    let row = |it: &&LabelAgreement| {
        vec![
            name(&it.label),
            percent(it.share),
            measured(it.specific, WHY),
            if is_spans { measured(it.alpha, WHY) } else { coefficient(it.alpha, WHY) },
            it.alpha.or(it.specific).map_or_else(|| dash(WHY), |it| number(it.n)),
        ]
    };
    let (of_one, beyond) = match is_spans {
        true => ("exact F1 with each other", "overlapping F1"),
        false => ("given by another, too", "alpha against the rest"),
    };
    let table = Table {
        caption: "Agreement on each label, the least first".to_owned(),
        columns: vec![
            Column::names("label"),
            Column::counts("share of all labels"),
            Column::numbers(of_one),
            Column::numbers(beyond),
            Column::counts("n"),
        ],
        rows: shown.iter().map(row).collect(),
    };
    format!(
        "<div class=\"by-label\"><h3>Label by label, the least agreed first</h3>\n{}</div>\n",
        table.draw()
    )
}
