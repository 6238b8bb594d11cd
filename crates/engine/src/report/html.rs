//! The report as one page for a browser: what a person wants to know of a set of labels, in the order of asking.
//!
//! In: a [`Report`]. Out: HTML with its style inside; no script, nothing from elsewhere, two sheets of paper when printed.
//! Each part of the page is one file; what it shares with other pages is in `crate::html`. A part without data says so in a
//! sentence. Not here: any statistics; a number that the report does not hold is not on the page.

mod agreement;
mod confidence;
mod costs;
mod disagreements;
mod head;
mod labeled;
mod plots;
mod promises;
mod quality;
mod steps;
mod words;

use super::{Part, Report};
use crate::html::text::{Esc, level, ticked};
use crate::html::{document, section};

const STYLE: &str = include_str!("html/report.css");

/// The whole page. Everything that comes from data, models or people is escaped.
pub fn page(report: &Report) -> String {
    let parts = [
        head::head(report),
        steps::steps(report),
        labeled::labeled(report),
        quality::quality(report),
        agreement::agreement(report),
        confidence::confidence(report),
        promises::promises(report),
        costs::costs(report),
        disagreements::disagreements(report),
        problems(report),
        how_to_read(report),
    ];
    let title = if report.name.is_empty() { "labels" } else { &report.name };
    document(&format!("{title}: report"), STYLE, &parts.concat())
}

/// A part of the page: what is known, or the sentence that says why nothing is.
fn part<T>(of: &Part<T>, draw: impl FnOnce(&T) -> String) -> String {
    match of {
        Part::Known(known) => draw(known),
        Part::Missing(why) => missing(why),
    }
}

/// Why there is nothing.
fn missing(why: &str) -> String {
    format!("<p class=\"missing\">Nothing is known here: {}.</p>\n", ticked(why))
}

fn problems(report: &Report) -> String {
    if report.problems.is_empty() {
        return String::new();
    }
    let rows: String =
        report.problems.iter().map(|it| format!("<li dir=\"auto\">{}</li>\n", ticked(it))).collect();
    let n_more = report.n_problems - report.problems.len() as u64;
    let more = if n_more == 0 { String::new() } else { format!("<li>and {n_more} more</li>\n") };
    section("problems", "What could not be read", &format!("<ul class=\"problems\">\n{rows}{more}</ul>\n"))
}

fn how_to_read(report: &Report) -> String {
    let level = level(report.level);
    let body = format!(
        "<ol class=\"how\">\n<li>The numbers in brackets are a <b>{level} interval</b>, and <b>n</b> is how many items, labels or \
         spans a number stands on. Where n is small, trust the interval and not the dot.</li>\n\
         <li>What is <b>right</b> is right by gold, and an abstained, unusable or failed answer is not. The consensus is judged on \
         gold that it had not seen. The best of many is chosen on these very items, so its number is a little too good. \
         All of it holds for the whole of the data where the gold was drawn from it at random.</li>\n\
         <li><b>Agreement</b> needs no gold and is not accuracy: annotators who share a mistake agree on it.</li>\n\
         <li><b>ECE</b> is how far, on average, a confidence is from how often it is right; perfect scores show the value “by \
         chance” on so few items, not 0.</li>\n\
         <li>A <b>promise</b> holds for the data, the guideline, the gold and the annotators for which it was made, and an audit \
         may take it back.</li>\n</ol>\n\
         <p class=\"made\">Seed {}. The same input gives this page again, byte for byte; {}.</p>\n",
        report.seed,
        Esc("its times are those of the journal"),
    );
    section("how", "How to read this", &body)
}
