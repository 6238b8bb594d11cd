//! The report as one page for a browser: no script, no other host, nothing to install.
//!
//! In: a [`Report`]. Out: HTML with its style inside, readable on a phone, on paper, in the dark and by a screen reader.
//! Each part of the page is one file; what it shares with other pages is in `crate::html`. Not here: any statistics; a number that the report does not hold is not on the page.

mod annotator;
mod confusion;
mod disagreements;
mod header;
mod outcomes;
mod ranking;
mod spans;
#[cfg(test)]
mod tests;
mod versus;

use super::report::Report;
use crate::html::text::{level, ticked};
use crate::html::{document, section};

/// The whole page. Everything that comes from data, models or people is escaped.
pub fn page(report: &Report) -> String {
    let sections = [
        header::header(report),
        ranking::ranking(report),
        outcomes::outcomes(report),
        versus::versus(report),
        annotator::annotators(report),
        disagreements::disagreements(report),
        problems(report),
        how_to_read(report),
    ];
    let title = if report.name.is_empty() { "evaluation" } else { &report.name };
    document(&format!("{title}: how good the labels are"), "", &sections.concat())
}

fn problems(report: &Report) -> String {
    if report.problems.is_empty() {
        return String::new();
    }
    let rows: String =
        report.problems.iter().map(|it| format!("<li dir=\"auto\">{}</li>\n", ticked(it))).collect();
    let body =
        format!("<p>These items are left out of all numbers.</p>\n<ul class=\"problems\">\n{rows}</ul>\n");
    section("problems", "Gold that could not be read", &body)
}

fn how_to_read(report: &Report) -> String {
    let level = level(report.level);
    let headline = report.annotators.first().map_or("effective accuracy", |it| it.headline.name);
    let failures = match headline {
        "exact F1" => {
            "<b>Exact F1</b> asks for the same borders and the same label, and an item without an answer misses all its spans."
        }
        "effective likeness" => {
            "<b>Effective likeness</b> is how like the gold the answers are on average, from 0 (nothing in common) to 100 % \
             (the same); an abstained, unusable or failed answer counts as 0."
        }
        _ => {
            "<b>Effective accuracy</b> is the share of right items among all that were asked, so an abstained, unusable or failed answer counts as wrong."
        }
    };
    let body = format!(
        "<ol class=\"how\">\n<li>{failures}</li>\n\
         <li>The numbers in brackets are a <b>{level} interval</b>: in so many of all evaluations like this one, such an \
         interval holds the value that endless items of the same sort would give.</li>\n\
         <li><b>n</b> is how many items, labels or spans a number stands on; where n is small, trust the interval and not the dot.</li>\n\
         <li>All of this is measured against the gold named above; what a model says of its own confidence is \
         <b>not calibrated</b> and plays no part here.</li>\n</ol>\n"
    );
    section("how", "How to read this", &body)
}
