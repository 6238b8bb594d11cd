//! Precision, recall and F1 of each label of one annotator or of the consensus.

use super::plot::{Scale, key};
use super::table::{Column, Table};
use super::text::{finite, measured, name, number, plain};
use crate::evaluate::{LabelRow, Number};

/// With more labels than this, the weakest are shown and the rest is folded.
const MANY: usize = 20;
/// How many of the weakest are shown then.
const WEAKEST: usize = 10;

/// The labels as plot and table; the weakest first where they are many.
pub(crate) fn labels(rows: &[LabelRow], level: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let keys = [
        key("dot", &format!("F1 with its {level} interval")),
        key("triangle", "precision: of those given, the right ones"),
        key("square", "recall: of those that are gold, the found ones"),
    ];
    let legend = format!("<ul class=\"legend\">{}</ul>\n", keys.concat());
    if rows.len() <= MANY {
        let all: Vec<&LabelRow> = rows.iter().collect();
        return legend + &table("Precision, recall and F1 of each label", &all);
    }
    let mut known: Vec<&LabelRow> = rows.iter().filter(|it| finite(it.f1).is_some()).collect();
    let f1 = |row: &LabelRow| row.f1.map_or(f64::INFINITY, |it| it.value);
    known.sort_by(|a, b| f1(a).total_cmp(&f1(b)).then(b.support.cmp(&a.support)));
    known.truncate(WEAKEST);
    let all: Vec<&LabelRow> = rows.iter().collect();
    format!(
        "<p>The {} labels with the lowest F1:</p>\n{legend}{}<details class=\"more\"><summary>All {} labels</summary>\n{}</details>\n",
        known.len(),
        table("The labels with the lowest F1", &known),
        rows.len(),
        table("Precision, recall and F1 of each label", &all)
    )
}

fn table(caption: &str, rows: &[&LabelRow]) -> String {
    let shares = |it: &&LabelRow| [value(it.precision), value(it.recall)];
    let intervals = rows.iter().filter_map(|it| finite(it.f1));
    let ends = intervals.flat_map(|it| [it.low, it.value, it.high]);
    let scale = Scale::around(ends.chain(rows.iter().flat_map(shares)));
    let row = |it: &&LabelRow| {
        let title = format!(
            "{}: precision {}, recall {}, F1 {}",
            it.label,
            plain(it.precision),
            plain(it.recall),
            plain(it.f1)
        );
        let mark = |shape, number, down| {
            finite(number).map_or(String::new(), |it| scale.mark(shape, it.value, down))
        };
        let marks =
            [mark("triangle", it.precision, 24), mark("square", it.recall, 76), scale.interval(it.f1)];
        vec![
            name(&it.label),
            scale.row(&title, &marks.concat()),
            measured(it.precision, "undefined, the label was never given"),
            measured(it.recall, "undefined, the label is never gold"),
            measured(it.f1, "undefined, the label is neither gold nor given"),
            number(it.support),
            number(it.n_predicted),
        ]
    };
    let table = Table {
        caption: caption.to_owned(),
        columns: vec![
            Column::names("label"),
            Column::plots("plot", &scale.axis()),
            Column::numbers("precision"),
            Column::numbers("recall"),
            Column::numbers("F1"),
            Column::counts("gold"),
            Column::counts("given"),
        ],
        rows: rows.iter().map(row).collect(),
    };
    table.draw()
}

/// A number alone; NaN, which no scale holds, where it is undefined.
fn value(number: Option<Number>) -> f64 {
    number.map_or(f64::NAN, |it| it.value)
}
