//! The annotators side by side, the best first: a plot of the headline, and the numbers beside it.

use super::header::{is_one_nature, nature};
use crate::evaluate::report::{Judged, Number, Report};
use crate::html::cost::{money, time};
use crate::html::plot::{Scale, key};
use crate::html::section;
use crate::html::table::{Column, Table};
use crate::html::text::{Esc, finite, level, measured, name, plain};

/// Numbers that stand beside the headline, where the kind of task has them.
const BESIDE: [&str; 4] =
    ["likeness among labeled", "accuracy among labeled", "exact precision", "exact recall"];

/// A coverage that is 100 % as it is shown.
const FULL: f64 = 0.9995;

/// Why a number of a whole set is not there.
pub(super) const UNDEFINED: &str = "undefined, there is nothing to count";

/// A column of numbers, and how an annotator's cell is written.
type Shown = (Column, Box<dyn Fn(&Judged) -> String>);

/// The annotators by their headline.
pub(super) fn ranking(report: &Report) -> String {
    let Some(best) = report.annotators.first() else {
        return String::new();
    };
    let headline = best.headline.name;
    let (columns, cells): (Vec<Column>, Vec<_>) = numbers(report, headline).into_iter().unzip();
    let covered = covered(report);
    let scale = scale(report, covered);
    let say_nature = !is_one_nature(report);
    let row = |(n, judged): (usize, &Judged)| {
        let mut row = vec![who(judged, n + 1, say_nature), plot(&scale, judged, covered)];
        row.extend(cells.iter().map(|cell| cell(judged)));
        row
    };
    let axis = Column::plots("plot", &scale.axis());
    let table = Table {
        caption: format!("Annotators by {headline}, the best first"),
        columns: [Column::names("annotator"), axis].into_iter().chain(columns).collect(),
        rows: report.annotators.iter().enumerate().map(row).collect(),
    };
    let mut keys = key("dot", &format!("{headline} with its {} interval", level(report.level)));
    if covered {
        keys += &key("diamond", "coverage: the share of asked items with a label");
    }
    let note = match report.annotators.iter().any(|it| it.cost.micro_usd.is_some()) {
        true => "",
        false => "<p>What they cost is not known: there are no prices, or no counts of tokens.</p>\n",
    };
    let body = format!("<ul class=\"legend\">{keys}</ul>\n{}{note}", table.draw());
    let title = match report.annotators.len() {
        1 => "How good it is",
        _ => "Annotators, the best first",
    };
    section("ranked", title, &body)
}

/// The columns of numbers; time and cost where they are known of any annotator.
fn numbers(report: &Report, headline: &str) -> Vec<Shown> {
    let any = |is: fn(&Judged) -> bool| report.annotators.iter().any(is);
    let has =
        |metric: &&str| report.annotators.iter().any(|it| it.metrics.iter().any(|of| of.name == *metric));
    let why = "undefined, no item with gold was asked";
    let mut shown: Vec<Shown> =
        vec![(Column::numbers(headline), Box::new(move |it| measured(it.headline.number, why)))];
    for metric in BESIDE.into_iter().filter(has).chain(["coverage"]) {
        let cell = move |it: &Judged| measured(metric_of(it, metric), UNDEFINED);
        shown.push((Column::numbers(metric), Box::new(cell)));
    }
    if any(|it| it.cost.seconds_per_correct.is_some()) {
        shown.push((Column::numbers("seconds per right item"), Box::new(|it| time(&it.cost))));
    }
    if any(|it| it.cost.micro_usd.is_some()) {
        shown.push((Column::told_numbers("cost"), Box::new(|it| money(&it.cost))));
    }
    shown
}

/// Whether coverage is drawn: 100 % throughout says nothing, and it would push the intervals into a corner.
fn covered(report: &Report) -> bool {
    report.annotators.iter().filter_map(coverage).any(|it| it.value < FULL)
}

fn scale(report: &Report, covered: bool) -> Scale {
    let headlines = report.annotators.iter().filter_map(|it| finite(it.headline.number));
    let coverages = report.annotators.iter().filter_map(coverage).filter(|_| covered);
    let ends = headlines.flat_map(|it| [it.low, it.value, it.high]);
    Scale::around(ends.chain(coverages.map(|it| it.value)))
}

fn plot(scale: &Scale, judged: &Judged, covered: bool) -> String {
    let Judged { name, headline, .. } = judged;
    let title = format!("{name}: {} {}", headline.name, plain(headline.number));
    match coverage(judged).filter(|_| covered) {
        None => scale.row(&title, &scale.interval(headline.number)),
        Some(it) => {
            let mark = scale.mark("diamond", it.value, 50);
            let title = format!("{title}, coverage {}", plain(Some(it)));
            scale.row(&title, &(mark + &scale.interval(headline.number)))
        }
    }
}

/// The name of an annotator with its place, its model, and the way to its numbers.
fn who(judged: &Judged, place: usize, say_nature: bool) -> String {
    let model = if judged.model == judged.name { String::new() } else { Esc(&judged.model).to_string() };
    let nature = nature(judged).filter(|_| say_nature).unwrap_or_default();
    let gap = if model.is_empty() || nature.is_empty() { "" } else { " · " };
    let about = match (model.is_empty(), nature.is_empty()) {
        (true, true) => String::new(),
        _ => format!("<span class=\"about\">{model}{gap}{nature}</span>"),
    };
    format!("<span class=\"place\">{place}</span> <a href=\"#a{place}\">{}</a>{about}", name(&judged.name))
}

/// A number over the whole set by its name, where the kind of task has it.
pub(super) fn metric_of(judged: &Judged, metric: &str) -> Option<Number> {
    finite(judged.metrics.iter().find(|it| it.name == metric)?.number)
}

fn coverage(judged: &Judged) -> Option<Number> {
    metric_of(judged, "coverage")
}
