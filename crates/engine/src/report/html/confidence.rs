//! What confidences are worth: a reliability diagram for each, and the error among the surest labels.

use super::super::{Confidence, Report, Risk};
use super::plots::{reliability, risk};
use super::{missing, part};
use crate::calibrate::Measured;
use crate::html::section;
use crate::html::text::{count, counted, level, name, percent, ticked};

/// How many diagrams are drawn.
const N_DRAWN: usize = 12;

/// The part.
pub(super) fn confidence(report: &Report) -> String {
    let body = part(&report.confidence, |it| diagrams(report, it));
    section("confidence", "What confidences are worth", &(body + &part(&report.risk, coverage)))
}

fn diagrams(report: &Report, all: &[Confidence]) -> String {
    let is_drawn = |it: &&Confidence| it.before.is_some() || it.after.is_some();
    let drawn: Vec<&Confidence> = all.iter().filter(is_drawn).collect();
    let others: Vec<String> = all
        .iter()
        .filter(|it| !is_drawn(it))
        .map(|it| {
            format!("{}: {}", name(&it.name), ticked(it.why_not.as_deref().unwrap_or("not calibrated")))
        })
        .collect();
    let without = report.labeled.annotators.len() - all.iter().filter(|it| it.name != "consensus").count();
    let mut notes = others;
    if without > 0 {
        notes
            .push(format!("{} no confidence", counted(without as u64, "annotator gives", "annotators give")));
    }
    if drawn.len() > N_DRAWN {
        notes.push(format!("{} more are in the JSON form", count((drawn.len() - N_DRAWN) as u64)));
    }
    let note = if notes.is_empty() {
        String::new()
    } else {
        format!("<p class=\"note\">{}.</p>\n", notes.join("; "))
    };
    if drawn.is_empty() {
        return missing("no confidence could be compared with gold") + &note;
    }
    let figures: String = drawn.iter().take(N_DRAWN).map(|it| figure(it)).collect();
    format!(
        "<p>A point on the diagonal says 80 % and is right in 80 %. Each point is a tenth of the items, its line the {} interval.</p>\n\
         <ul class=\"legend\">{}{}</ul>\n<div class=\"plots\">\n{figures}</div>\n{note}",
        level(report.level),
        key("before", "as it came", drawn.iter().any(|it| it.before.is_some())),
        key(
            "after",
            "calibrated, on items that the curve had not seen",
            drawn.iter().any(|it| it.after.is_some())
        )
    )
}

/// What a mark stands for, where it is there.
fn key(class: &str, words: &str, is_there: bool) -> String {
    if !is_there {
        return String::new();
    }
    format!(
        "<li><svg class=\"plot2 key\" width=\"16\" height=\"16\" aria-hidden=\"true\"><g class=\"{class}\">\
         <circle cx=\"8\" cy=\"8\" r=\"4\"/></g></svg>{words}</li>"
    )
}

fn figure(of: &Confidence) -> String {
    let numbers = |what: &str, it: &Measured| {
        format!(
            "<div><dt>{what}</dt><dd><span class=\"v\">{:.3}</span> <span class=\"ci\">({:.3}–{:.3}) · by chance {:.3}</span></dd></div>",
            it.ece.value, it.ece.low, it.ece.high, it.ece_by_chance
        )
    };
    let before = of.before.as_ref().map_or(String::new(), |it| numbers("ECE as it came", it));
    let after = of.after.as_ref().map_or(String::new(), |it| numbers("ECE calibrated", it));
    let why = of
        .why_not
        .as_ref()
        .map_or(String::new(), |it| format!("<p class=\"note\">Not calibrated: {}.</p>", ticked(it)));
    format!(
        "<figure>\n<figcaption><b>{}</b> <span class=\"about\">{} · n = {}</span></figcaption>\n{}\n<dl>{before}{after}</dl>{why}</figure>\n",
        name(&of.name),
        ticked(&of.source),
        count(of.n),
        reliability(of)
    )
}

/// The curve with its sentence.
fn coverage(of: &Risk) -> String {
    if of.points.is_empty() {
        return missing("no label has a score to rank it by");
    }
    let accepted = match &of.accepted {
        None => {
            "Nothing is shaded: no share of the labels can go without review under that promise.".to_owned()
        }
        Some(it) => {
            let whose = match it.certificate {
                Some(id) => format!("goes without review under promise {id}"),
                None => "could go without review under a promise".to_owned(),
            };
            format!(
                "Shaded is what {whose}: scores from {:.3}, {} of the tested labels.",
                it.threshold,
                percent(it.coverage)
            )
        }
    };
    format!(
        "<h3>The error among the surest labels</h3>\n<figure class=\"wide\">\n{}\n<figcaption class=\"note\">Labels of {}, the surest \
         first, on {}; the band is the 95 % interval of each point alone. {accepted}</figcaption></figure>\n",
        risk(of),
        name(&of.by),
        counted(of.n_tested, "gold item set aside for the test", "gold items set aside for the test"),
    )
}
