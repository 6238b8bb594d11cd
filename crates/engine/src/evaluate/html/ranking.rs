//! The annotators side by side: how good each is, and what came of the items it was asked.

use super::bars::{Part, bar, legend};
use super::header::{is_one_nature, nature};
use super::plot::{Scale, key};
use super::section;
use super::table::{Column, Table};
use super::text::{Esc, count, dash, finite, level, measured, name, plain, seconds, usd};
use crate::evaluate::report::{Cost, Counts, Judged, Number, Report};

/// Numbers that stand beside the headline, where the kind of task has them.
const BESIDE: [&str; 3] = ["accuracy among labeled", "exact precision", "exact recall"];

/// A coverage that is 100 % as it is shown.
const FULL: f64 = 0.9995;

/// Why a number of a whole set is not there.
pub(super) const UNDEFINED: &str = "undefined, there is nothing to count";

/// The annotators by their headline.
pub(super) fn ranking(report: &Report) -> String {
    let Some(best) = report.annotators.first() else {
        return String::new();
    };
    let headline = best.headline.name;
    let numbers = report
        .annotators
        .iter()
        .filter_map(|it| finite(it.headline.number));
    let ends = numbers.flat_map(|it| [it.low, it.value, it.high]);
    let coverages = report.annotators.iter().filter_map(coverage).map(|it| it.value);
    // A coverage of 100 % throughout says nothing, and it would push the intervals into a corner.
    let draw_coverage = report
        .annotators
        .iter()
        .filter_map(coverage)
        .any(|it| it.value < FULL);
    let scale = Scale::around(ends.chain(coverages.filter(|_| draw_coverage)));
    let has = |metric: &str| {
        report
            .annotators
            .iter()
            .any(|it| it.metrics.iter().any(|of| of.name == metric))
    };
    let beside: Vec<&str> = BESIDE.into_iter().filter(|metric| has(metric)).collect();

    let mut columns = vec![
        Column::names("annotator"),
        Column::plots("plot", scale.axis("%")),
        Column::numbers(headline),
    ];
    columns.extend(beside.iter().map(|metric| Column::numbers(metric)));
    columns.extend(["coverage", "cost", "seconds per right item"].map(Column::numbers));
    let say_nature = !is_one_nature(report);
    let row = |(place, judged): (usize, &Judged)| {
        let title = format!("{}: {headline} {}", judged.name, plain(judged.headline.number));
        let covered = coverage(judged).filter(|_| draw_coverage);
        let mark = covered.map_or(String::new(), |it| scale.mark("diamond", it.value, 50));
        let mut cells = vec![
            who(judged, place + 1, say_nature),
            scale.row(&title, &(mark + &scale.interval(judged.headline.number))),
            measured(judged.headline.number, "undefined, no item with gold was asked"),
        ];
        cells.extend(
            beside
                .iter()
                .map(|metric| measured(metric_of(judged, metric), UNDEFINED)),
        );
        cells.extend([
            measured(coverage(judged), UNDEFINED),
            money(&judged.cost),
            time(&judged.cost),
        ]);
        cells
    };
    let rows = report.annotators.iter().enumerate().map(row).collect();
    let table = Table {
        caption: format!("Annotators by {headline}, the best first"),
        columns,
        rows,
    };
    let mut keys = vec![key(
        "dot",
        &format!("{headline} with its {} interval", level(report.level)),
    )];
    if draw_coverage {
        keys.push(key("diamond", "coverage: the share of asked items with a label"));
    }
    let body = format!("<ul class=\"legend\">{}</ul>\n{}", keys.concat(), table.draw());
    section("ranked", "Annotators, the best first", &body)
}

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

fn parts(counts: &Counts) -> [Part; 5] {
    [
        ("p-good", "labeled", counts.labeled),
        ("p-dots", "abstained", counts.abstained),
        ("p-hatch", "unusable", counts.unusable),
        ("p-cross", "failed", counts.failed),
        ("p-empty", "not yet", counts.not_yet),
    ]
}

/// A count; a zero steps back.
pub(super) fn number(n: u64) -> String {
    if n == 0 {
        "<span class=\"zero\">0</span>".to_owned()
    } else {
        count(n)
    }
}

/// Why there is no label, the most frequent reason first; that it abstained is in the counts already.
fn reasons(judged: &Judged) -> String {
    let says_more = |(why, _): &(&String, &u64)| *why != "abstained";
    let mut reasons: Vec<(&String, &u64)> = judged.reasons.iter().filter(says_more).collect();
    reasons.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    let reason = |(why, n): (&String, &u64)| {
        format!(
            "<li>{} <span class=\"n\">{}</span></li>",
            Esc(&why.replace('_', " ")),
            count(*n)
        )
    };
    let reasons: String = reasons.into_iter().map(reason).collect();
    if reasons.is_empty() {
        String::new()
    } else {
        format!("<ul class=\"reasons\">{reasons}</ul>")
    }
}

/// The name of an annotator with its place, its model, and the way to its numbers.
fn who(judged: &Judged, place: usize, say_nature: bool) -> String {
    let model = if judged.model == judged.name {
        String::new()
    } else {
        Esc(&judged.model).to_string()
    };
    let nature = nature(judged).filter(|_| say_nature).unwrap_or_default();
    let gap = if model.is_empty() || nature.is_empty() {
        ""
    } else {
        " · "
    };
    let about = match (model.is_empty(), nature.is_empty()) {
        (true, true) => String::new(),
        _ => format!("<span class=\"about\">{model}{gap}{nature}</span>"),
    };
    format!(
        "<span class=\"place\">{place}</span> <a href=\"#a{place}\">{}</a>{about}",
        name(&judged.name)
    )
}

/// A number over the whole set by its name, where the kind of task has it.
pub(super) fn metric_of(judged: &Judged, metric: &str) -> Option<Number> {
    finite(judged.metrics.iter().find(|it| it.name == metric)?.number)
}

fn coverage(judged: &Judged) -> Option<Number> {
    metric_of(judged, "coverage")
}

/// What was spent, and what a thousand right items cost.
pub(super) fn money(cost: &Cost) -> String {
    let Some(spent) = cost.micro_usd else {
        return dash("not known, there is no price or no count of tokens");
    };
    let about = if cost.estimated {
        "<span title=\"estimated from counted tokens, not a bill\">≈ </span>"
    } else {
        ""
    };
    let per = match cost
        .usd_per_correct
        .filter(|it| it.is_finite() && spent.usd() > 0.0)
    {
        Some(it) => format!(" <span class=\"ci\">{} per 1,000 right</span>", usd(it * 1e3)),
        None => String::new(),
    };
    format!("<span class=\"v\">{about}{spent}</span>{per}")
}

/// How long one right item took.
pub(super) fn time(cost: &Cost) -> String {
    match cost.seconds_per_correct.filter(|it| it.is_finite()) {
        Some(it) => format!("<span class=\"v\">{}</span>", seconds(it)),
        None => dash("not known, no time was measured or nothing is right"),
    }
}
