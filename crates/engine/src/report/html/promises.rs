//! What was accepted under which promise, how each stands, and the three errors that belong together.

use super::super::{Possible, Promise, Report};
use super::part;
use super::words::moment;
use crate::accept::{Answer, AnswerVerdict, Errors, Standing};
use crate::html::plot::Scale;
use crate::html::section;
use crate::html::table::{Column, Table};
use crate::html::text::{count, counted, dash, finite, measured, name, number, percent, plain, ticked};

/// How many promises are shown, the last ones.
const N_SHOWN: usize = 5;

/// The part.
pub(super) fn promises(report: &Report) -> String {
    let promises = &report.promises;
    let given = match promises.given.len() {
        0 => "<p>No promise was made: nothing goes without review yet.</p>\n".to_owned(),
        n => {
            let shown: String = promises.given.iter().rev().take(N_SHOWN).map(promise).collect();
            let older = match n.saturating_sub(N_SHOWN) {
                0 => String::new(),
                n => format!(
                    "<p class=\"note\">{} are in the JSON form.</p>\n",
                    counted(n as u64, "older promise", "older promises")
                ),
            };
            format!("<div class=\"cards promises\">\n{shown}</div>\n{older}")
        }
    };
    let elsewhere = match promises.n_elsewhere {
        0 => String::new(),
        n => format!(
            "<p class=\"note\">{} in the same folder belong to other data.</p>\n",
            counted(n, "promise", "promises")
        ),
    };
    let errors = promises.errors.as_ref().map_or(String::new(), three_errors);
    let holds = promises.given.iter().any(|it| it.standing == Standing::Holds);
    let possible = match holds {
        true => String::new(),
        false => part(&promises.possible, possible),
    };
    section("promises", "What may go without review", &format!("{given}{elsewhere}{possible}{errors}"))
}

fn promise(it: &Promise) -> String {
    let (class, sign, words) = match &it.standing {
        Standing::Holds => ("holds", "✓", "holds".to_owned()),
        Standing::Changed(what) => {
            ("changed", "△", format!("no longer covers this: {} changed", what.join(", ")))
        }
        Standing::Withdrawn(why) => ("withdrawn", "✗", format!("WITHDRAWN: {why}")),
    };
    let its = &it.certificate;
    let from = match its.thresholds.as_slice() {
        [(None, threshold)] => format!(", with a score from {threshold:.3}"),
        all => {
            format!(", under {}", counted(all.len() as u64, "threshold", "thresholds, one for each label"))
        }
    };
    format!(
        "<article class=\"card promise {class}\">\n<h3 class=\"item\">promise {} · {} UTC</h3>\n\
         <p class=\"standing\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span> <b>{}</b></p>\n\
         <p>{} of {} went without review{from}: with {} confidence <b>at most {}</b> of them are wrong{}. Tested on {}.</p>\n\
         <p class=\"note\">{}</p>\n</article>\n",
        its.id,
        moment(its.at_ms),
        ticked(&words),
        counted(its.n_accepted, "label", "labels"),
        name(&its.by),
        percent(its.confidence),
        percent(its.error),
        if its.for_source { ", and of items yet to come from the same source" } else { "" },
        counted(its.n_tested, "gold item", "gold items"),
        watched(it)
    )
}

fn watched(it: &Promise) -> String {
    let audit = &it.audit;
    match (audit.n_drawn, audit.n_audited) {
        (0, _) => "Not watched yet: no accepted item was drawn for an audit.".to_owned(),
        (drawn, 0) => format!(
            "{} drawn for an audit; the gold named here knows none of them.",
            counted(drawn, "item was", "items were")
        ),
        (drawn, n) => format!(
            "Audit: of {} drawn {} have gold, {} of them wrong; the evidence against the promise is {:.2}, at {:.0} it is withdrawn.",
            count(drawn),
            count(n),
            count(audit.n_wrong),
            audit.e_value,
            audit.e_limit
        ),
    }
}

/// What could be promised now.
fn possible(it: &Possible) -> String {
    if it.n_pool == 0 {
        return "<p>All items have gold: there is nothing left to accept.</p>\n".to_owned();
    }
    let answers: String =
        it.answers.iter().map(|answer| format!("<li>{}</li>\n", sentence(it, answer))).collect();
    format!(
        "<p>What could be promised now, for labels of {} on {} without gold, tested on {}:</p>\n<ul class=\"possible\">\n{answers}</ul>\n",
        name(&it.by),
        counted(it.n_pool, "item", "items"),
        counted(it.n_tested, "gold item", "gold items")
    )
}

fn sentence(all: &Possible, answer: &Answer) -> String {
    let of = answer.label.as_ref().map_or(String::new(), |label| format!("<b>{}</b>: ", name(label)));
    let terms = format!("at most {} wrong with {} confidence", percent(all.error), percent(all.confidence));
    match &answer.verdict {
        AnswerVerdict::Accept { threshold, n_gold, n_wrong, bound, n_pool } => format!(
            "{of}{} with a score from {threshold:.3} could go: {terms} ({} of {} tested were wrong; bound {})",
            counted(*n_pool, "item", "items"),
            count(*n_wrong),
            count(*n_gold),
            percent(*bound)
        ),
        AnswerVerdict::Nothing { why, more_gold } => {
            let more = match more_gold {
                Some(n) => format!("about {} more would do", counted(*n, "reviewed item", "reviewed items")),
                None => "no number of reviews would do, the labels are not good enough".to_owned(),
            };
            format!("{of}no promise of {terms}: {}; {more}", ticked(why))
        }
    }
}

fn three_errors(errors: &Errors) -> String {
    let rows = [
        ("among the accepted", errors.accepted, "nothing was accepted"),
        ("of people, against the settled gold", errors.people, "no single labels of people"),
        ("of the whole, if people label the rest so", errors.whole, "one of the two above is not known"),
    ];
    if rows.iter().all(|(_, it, _)| it.is_none()) {
        return String::new();
    }
    let ends = rows.iter().filter_map(|(_, it, _)| finite(*it)).flat_map(|it| [it.low, it.value, it.high]);
    let scale = Scale::around(ends);
    let row = |(words, it, why): &(&str, _, &str)| {
        vec![
            (*words).to_owned(),
            scale.row(&format!("error {words}: {}", plain(*it)), &scale.interval(*it)),
            measured(*it, why),
            it.map_or_else(|| dash(why), |it| number(it.n)),
        ]
    };
    let table = Table {
        caption: "Three errors".to_owned(),
        columns: vec![
            Column::names("error"),
            Column::plots("plot", &scale.axis()),
            Column::numbers("share wrong"),
            Column::counts("n"),
        ],
        rows: rows.iter().map(row).collect(),
    };
    format!("<h3>Three errors that belong together</h3>\n{}", table.draw())
}
