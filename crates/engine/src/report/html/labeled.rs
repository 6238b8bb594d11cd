//! What was labeled, by whom, under which guideline and prompt, and what came of it.

use super::super::{Asked, Report};
use super::words::period;
use crate::evaluate::Counts;
use crate::html::bars::{Part, bar, legend, outcomes};
use crate::html::section;
use crate::html::table::{Column, Table};
use crate::html::text::{Esc, count, counted, name, number, ticked};

/// How many annotators a table shows.
pub(super) const N_ROWS: usize = 24;
/// How many labels are named.
const N_LABELS: usize = 12;

/// The part with its facts and its table.
pub(super) fn labeled(report: &Report) -> String {
    let labeled = &report.labeled;
    let shown = most_active(&labeled.annotators);
    let is_one_reason = one_reason(&labeled.annotators);
    let parts = |counts: &Counts| -> Vec<Part> {
        outcomes(counts).into_iter().filter(|(class, ..)| is_there(&shown, class)).collect()
    };
    let mut columns = vec![Column::names("annotator"), Column::bars("outcomes")];
    columns.extend(parts(&Counts::default()).iter().map(|(_, words, _)| Column::counts(words)));
    let row = |it: &&Asked| {
        let parts = parts(&it.counts);
        let mut cells = vec![who(it, is_one_reason), bar(&parts)];
        cells.extend(parts.iter().map(|(_, _, n)| number(*n)));
        cells
    };
    let table = Table {
        caption: "What came of the items, for each annotator".to_owned(),
        columns,
        rows: shown.iter().map(row).collect(),
    };
    let more = more(labeled.annotators.len(), shown.len());
    let body = format!("{}{}{}{more}", facts(report), legend(&parts(&Counts::default())), table.draw());
    section("labeled", "What was labeled, and by whom", &body)
}

/// Whether anybody has such an outcome; labels always have their column.
fn is_there(shown: &[&Asked], class: &str) -> bool {
    let has = |it: &&Asked| outcomes(&it.counts).iter().any(|(of, _, n)| *of == class && *n > 0);
    class == "p-good" || shown.iter().any(has)
}

/// Those with the most labels, in their own order.
fn most_active(all: &[Asked]) -> Vec<&Asked> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|a, b| all[*b].counts.labeled.cmp(&all[*a].counts.labeled).then(a.cmp(b)));
    order.truncate(N_ROWS);
    order.sort_unstable();
    order.into_iter().map(|n| &all[n]).collect()
}

/// Says how many rows are left out.
pub(super) fn more(all: usize, shown: usize) -> String {
    match all - shown {
        0 => String::new(),
        n => format!(
            "<p class=\"note\">Shown are the {shown} with the most labels; {} more are in the JSON form.</p>\n",
            count(n as u64)
        ),
    }
}

fn one_reason(all: &[Asked]) -> bool {
    all.windows(2).all(|pair| pair[0].not_live == pair[1].not_live)
}

/// The name of an annotator, and what makes it this one and not another.
fn who(it: &Asked, is_one_reason: bool) -> String {
    let mut about = Vec::new();
    if it.voter == "person" {
        about.push("person".to_owned());
    }
    if let Some(model) = it.model.as_ref().filter(|model| **model != it.name) {
        about.push(Esc(model).to_string());
    }
    if let Some(prompt) = &it.prompt {
        about.push(format!("prompt {}", Esc(prompt)));
    }
    if let Some(why) = it.not_live.as_ref().filter(|_| !is_one_reason) {
        about.push(ticked(why));
    }
    about.extend(
        it.reasons
            .iter()
            .filter(|(why, _)| !why.starts_with("abstained"))
            .map(|(why, n)| format!("{} {}", count(*n), Esc(&why.replace('_', " ")))),
    );
    let about = if about.is_empty() {
        String::new()
    } else {
        format!("<span class=\"about\">{}</span>", about.join(" · "))
    };
    format!("{}{about}", name(&it.name))
}

fn facts(report: &Report) -> String {
    let labeled = &report.labeled;
    let mut labels: Vec<String> = labeled.labels.iter().take(N_LABELS).map(|it| name(it)).collect();
    if labeled.labels.len() > N_LABELS {
        labels.push(format!("{} more", count((labeled.labels.len() - N_LABELS) as u64)));
    }
    let mut facts = vec![
        ("Task", Esc(&report.kind).to_string()),
        ("Question", report.question.as_deref().map_or_else(String::new, name)),
        ("Questions", report.questions.iter().map(|it| name(it)).collect::<Vec<_>>().join(", ")),
        ("Labels", labels.join(", ")),
        ("Items", counted(labeled.n_items, "item", "items")),
        ("With gold", gold(report)),
        ("Labels and guideline", format!("version <code>{}</code>", Esc(&labeled.task))),
        ("Data", format!("version <code>{}</code>", Esc(&labeled.data))),
    ];
    facts.retain(|(_, is)| !is.is_empty());
    facts.push(("When", labeled.at_ms.map_or_else(|| "not known".to_owned(), period)));
    let facts: String =
        facts.iter().map(|(what, is)| format!("<div><dt>{what}</dt><dd>{is}</dd></div>")).collect();
    format!("<dl class=\"facts\">{facts}</dl>\n")
}

fn gold(report: &Report) -> String {
    match (report.labeled.n_gold, &report.labeled.gold_from) {
        (0, _) => "none".to_owned(),
        (n, None) => count(n),
        (n, Some(from)) => format!("{}, {}", count(n), ticked(from)),
    }
}
