//! What became of the spans: how many are right, and in which way the others are wrong.

use crate::evaluate::report::SpanRow;
use crate::html::bars::{Part, bar, legend};
use crate::html::table::{Column, Table};
use crate::html::text::{name, number};

const NONE: SpanRow = SpanRow {
    label: String::new(),
    right: 0,
    wrong_border: 0,
    wrong_type: 0,
    wrong_both: 0,
    missed: 0,
    invented: 0,
};

/// The breakdown of each label, `all` first.
pub(super) fn spans(rows: &[SpanRow]) -> String {
    let mut columns = vec![Column::names("label"), Column::bars("spans")];
    columns.extend(parts(&NONE).map(|(_, words, _)| Column::counts(words)));
    let row = |it: &SpanRow| {
        let parts = parts(it);
        let label = if it.label == "all" { "<b>all labels</b>".to_owned() } else { name(&it.label) };
        let mut cells = vec![label, bar(&parts)];
        cells.extend(parts.map(|(_, _, n)| number(n)));
        cells
    };
    let caption = "What became of the spans of each label".to_owned();
    let table = Table { caption, columns, rows: rows.iter().map(row).collect() };
    let intro = "<p>Each bar is all spans of a label, gold and found. A border is wrong where a span overlaps gold of the same \
                 label; missed is gold that nothing answers; invented is found where there is no gold.</p>\n";
    format!("{intro}{}{}", legend(&parts(&NONE)), table.draw())
}

fn parts(row: &SpanRow) -> [Part; 6] {
    [
        ("p-good", "right", row.right),
        ("p-stripes", "wrong border", row.wrong_border),
        ("p-dots", "wrong label", row.wrong_type),
        ("p-hatch", "wrong both", row.wrong_both),
        ("p-empty", "missed", row.missed),
        ("p-cross", "invented", row.invented),
    ]
}
