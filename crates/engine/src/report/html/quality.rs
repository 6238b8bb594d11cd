//! How good: the consensus, the majority and each annotator on one scale, and the labels of the consensus.

use super::super::{Quality, Report};
use super::labeled::{N_ROWS, more};
use super::part;
use crate::consensus::MemberQuality;
use crate::evaluate::Number;
use crate::html::labels::labels;
use crate::html::plot::{Scale, key};
use crate::html::section;
use crate::html::table::{Column, Table};
use crate::html::text::{Esc, count, dash, finite, level, measured, name, number, percent, plain};

const WHY: &str = "no item with gold was asked";

/// The part.
pub(super) fn quality(report: &Report) -> String {
    section("quality", "How good the labels are", &part(&report.quality, |it| body(report, it)))
}

fn body(report: &Report, quality: &Quality) -> String {
    let level = level(report.level);
    let legend = format!(
        "<ul class=\"legend\">{}</ul>\n",
        key("dot", &format!("{} on gold, with its {level} interval", measure(quality)))
    );
    let labels = match quality.labels.is_empty() {
        true => String::new(),
        false => format!(
            "<div class=\"by-label\"><h3>Label by label{}</h3>\n{}</div>\n",
            if quality.consensus.is_some() { ", of the consensus" } else { "" },
            labels(&quality.labels, &level)
        ),
    };
    let legend = if report.labeled.n_gold == 0 { String::new() } else { legend };
    format!("{}{legend}{}{labels}{}", intro(report, quality), ranking(quality), remarks(quality))
}

fn measure(quality: &Quality) -> &'static str {
    match quality.measure {
        "right" => "effective accuracy",
        "likeness" => "effective likeness",
        _ => "exact F1",
    }
}

/// What came of it, in a sentence or two.
fn intro(report: &Report, quality: &Quality) -> String {
    if report.labeled.n_gold == 0 {
        return "<p>No item has gold, so nothing here is measured. How often each annotator is right is estimated from how it \
                agrees with the others, which is too high where they share mistakes.</p>\n"
            .to_owned();
    }
    let Some(all) = quality.consensus else {
        return String::new();
    };
    let beside = |other: Option<Number>, who: &str| {
        other.map_or(String::new(), |it| match all.value - it.value {
            d if d.abs() < 0.0005 => format!(" It is level with {who}."),
            d if d > 0.0 => format!(" It is {} above {who}.", points(d)),
            d => format!(" It is {} below {who}.", points(-d)),
        })
    };
    let best = quality.best.as_ref();
    let best = best.map_or(String::new(), |(who, it)| {
        beside(Some(*it), &format!("the best annotator, <b>{}</b>", name(who)))
    });
    let is_exact = quality.measure == "exact F1";
    let what = if quality.measure == "likeness" { " likeness" } else { "" };
    format!(
        "<p>The consensus (<code>{}</code>: {}) reaches {}{what} on {} that it had not seen.{best}{}</p>\n",
        Esc(&quality.method),
        Esc(quality.about.trim_end_matches('.')),
        measured(Some(all), WHY),
        if is_exact { "gold".to_owned() } else { format!("{} gold items", count(all.n)) },
        beside(quality.majority, "the vote of the majority"),
    )
}

fn points(difference: f64) -> String {
    format!("{:.1} points", difference * 100.0)
}

/// One row of the ranking.
struct Row {
    name: String,
    class: &'static str,
    on_gold: Option<Number>,
    n_votes: Option<u64>,
    estimated: Option<f64>,
}

fn ranking(quality: &Quality) -> String {
    let mut shown: Vec<&MemberQuality> = quality.members.iter().collect();
    if shown.len() > N_ROWS {
        shown.sort_by(|a, b| b.n_votes.cmp(&a.n_votes).then_with(|| a.name.cmp(&b.name)));
        shown.truncate(N_ROWS);
        let value = |it: &MemberQuality| it.on_gold.map_or(it.estimated.unwrap_or(0.0) - 2.0, |it| it.value);
        shown.sort_by(|a, b| value(b).total_cmp(&value(a)).then_with(|| a.name.cmp(&b.name)));
    }
    let whole = |words: &str, number: Option<Number>, class| {
        number.map(|it| Row {
            name: words.to_owned(),
            class,
            on_gold: Some(it),
            n_votes: None,
            estimated: None,
        })
    };
    let member = |it: &&MemberQuality| Row {
        name: name(&it.name),
        class: "one",
        on_gold: it.on_gold,
        n_votes: Some(it.n_votes),
        estimated: it.estimated,
    };
    let mut rows: Vec<Row> = whole("<b>consensus</b>", quality.consensus, "all").into_iter().collect();
    rows.extend(whole("<b>majority</b>", quality.majority, "all"));
    rows.extend(shown.iter().map(member));
    draw(quality, &rows) + &more(quality.members.len(), shown.len())
}

fn draw(quality: &Quality, rows: &[Row]) -> String {
    let numbers = rows.iter().filter_map(|it| finite(it.on_gold));
    let scale = Scale::around(numbers.flat_map(|it| [it.low, it.value, it.high]));
    // With gold the estimate is of no more use: it has learned from that gold.
    let estimates = rows.iter().all(|it| it.on_gold.is_none());
    let row = |it: &Row| {
        let title = format!("{} {}", measure(quality), plain(it.on_gold));
        let mut cells = vec![
            format!("<span class=\"{}\">{}</span>", it.class, it.name),
            scale.row(&title, &scale.interval(it.on_gold)),
            measured(it.on_gold, WHY),
            it.on_gold.map_or_else(|| dash(WHY), |it| number(it.n)),
            it.n_votes.map_or_else(String::new, number),
        ];
        cells.extend(estimates.then(|| it.estimated.map_or_else(|| dash("not estimated"), percent)));
        cells
    };
    let mut columns = vec![
        Column::names("who"),
        Column::plots("plot", &scale.axis()),
        Column::numbers(measure(quality)),
        Column::counts("n"),
        Column::counts("labels given"),
    ];
    columns.extend(estimates.then(|| Column::counts("estimated")));
    let table = Table {
        caption: format!("{} of the consensus, the majority and each annotator", measure(quality)),
        columns,
        rows: rows.iter().map(row).collect(),
    };
    table.draw()
}

fn remarks(quality: &Quality) -> String {
    let mut remarks: Vec<String> = quality.remarks.iter().map(|it| Esc(it).to_string()).collect();
    if quality.n_tied > 0 {
        remarks.push(format!("on {} items several labels share the top", count(quality.n_tied)));
    }
    if quality.n_without > 0 {
        remarks.push(format!("{} items have no label of anybody", count(quality.n_without)));
    }
    if remarks.is_empty() {
        return String::new();
    }
    format!("<p class=\"note\">To be read with it: {}.</p>\n", remarks.join("; "))
}
