//! What came of the items with gold: labeled, abstained, unusable, failed, not yet, and why.

use crate::evaluate::report::{Counts, Judged, Report};
use crate::html::bars::{bar, legend, outcomes as parts};
use crate::html::section;
use crate::html::table::{Column, Table};
use crate::html::text::{Esc, count, name, number};

/// What came of the items with gold, for each annotator.
pub(super) fn outcomes(report: &Report) -> String {
    if report.annotators.is_empty() {
        return String::new();
    }
    let mut columns = vec![Column::names("annotator"), Column::bars("outcomes")];
    columns.extend(parts(&Counts::default()).map(|(_, words, _)| Column::counts(words)));
    if report.annotators.iter().any(|it| !reasons(it).is_empty()) {
        columns.push(Column::words("why there is no label"));
    }
    let row = |judged: &Judged| {
        let parts = parts(&judged.counts);
        let mut cells = vec![name(&judged.name), bar(&parts)];
        cells.extend(parts.map(|(_, _, n)| number(n)));
        cells.push(reasons(judged));
        cells
    };
    let table = Table {
        caption: "What came of the items with gold, for each annotator".to_owned(),
        columns,
        rows: report.annotators.iter().map(row).collect(),
    };
    let note = match report.annotators.iter().any(|it| it.counts.not_yet > 0) {
        true => {
            "<p>Items that were not asked yet are left out of all scores; all other outcomes count.</p>\n"
        }
        false => "",
    };
    let body = format!("{note}{}{}", legend(&parts(&Counts::default())), table.draw());
    section("outcomes", "What came of the items with gold", &body)
}

/// Why there is no label, the most frequent reason first; that it abstained is in the counts already.
fn reasons(judged: &Judged) -> String {
    let says_more = |(why, _): &(&String, &u64)| *why != "abstained";
    let mut reasons: Vec<(&String, &u64)> = judged.reasons.iter().filter(says_more).collect();
    reasons.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let reason = |(why, n): (&String, &u64)| {
        format!("<li><span class=\"n\">{}</span> {}</li>", count(*n), Esc(&why.replace('_', " ")))
    };
    let reasons: String = reasons.into_iter().map(reason).collect();
    if reasons.is_empty() { String::new() } else { format!("<ul class=\"reasons\">{reasons}</ul>") }
}
