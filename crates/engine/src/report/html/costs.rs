//! What the labels cost.

use super::super::{Report, Spent};
use super::part;
use crate::html::cost::{money, time};
use crate::html::section;
use crate::html::table::{Column, Table};
use crate::html::text::{count, dash, name, number};

/// The part.
pub(super) fn costs(report: &Report) -> String {
    section("cost", "What it cost", &part(&report.costs, |it| table(it)))
}

fn table(all: &[Spent]) -> String {
    let tokens = |n: u64| if n == 0 { dash("not counted") } else { count(n) };
    let timed = all.iter().any(|it| it.cost.seconds_per_correct.is_some());
    let row = |it: &Spent| {
        let mut cells = vec![
            name(&it.name),
            number(it.cost.n_calls),
            tokens(it.cost.tokens_in),
            tokens(it.cost.tokens_out),
            it.n_right.map_or_else(|| dash("no gold"), number),
        ];
        cells.extend(timed.then(|| time(&it.cost)));
        cells.push(money(&it.cost));
        cells
    };
    let mut columns = vec![
        Column::names("annotator"),
        Column::counts("calls answered"),
        Column::counts("tokens sent"),
        Column::counts("received"),
        Column::counts("right on gold"),
    ];
    columns.extend(timed.then(|| Column::counts("seconds per right label")));
    columns.push(Column::told_numbers("money"));
    let table = Table {
        caption: "What each annotator cost".to_owned(),
        columns,
        rows: all.iter().map(row).collect(),
    };
    let note = match all.iter().any(|it| it.cost.estimated) {
        true => {
            "<p class=\"note\">≈ is what recorded answers would cost at list prices, from counted tokens: no bill. A dash: no price, or no count of tokens.</p>\n"
        }
        false => "<p class=\"note\">A dash where there is no price, or no count of tokens.</p>\n",
    };
    table.draw() + note
}
