//! Whether the best annotator differs from the others by more than chance, on the items that both were asked.

use crate::evaluate::report::{Number, Report, Versus};
use crate::html::plot::Scale;
use crate::html::section;
use crate::html::table::{Column, Table};
use crate::html::text::{dash, finite, level, name};

/// Whether the interval of the difference holds 0: the items do not tell the two apart.
fn may_be_as_good(versus: &Versus) -> bool {
    finite(versus.difference).is_some_and(|it| it.low <= 0.0 && it.high >= 0.0)
}

/// What the comparisons say together, in a sentence; empty where they say different things.
pub(super) fn in_short(report: &Report) -> String {
    let all = report.comparisons.len();
    let as_good = report.comparisons.iter().filter(|it| may_be_as_good(it)).count();
    let behind =
        report.comparisons.iter().filter(|it| finite(it.difference).is_some_and(|it| it.low > 0.0)).count();
    match (all, as_good, behind) {
        (0, ..) => String::new(),
        (1, 1, _) => "Compared item by item, the other one may be as good.".to_owned(),
        (1, _, 1) => {
            "Compared item by item, the other one is behind by more than chance explains.".to_owned()
        }
        (_, _, behind) if behind == all => {
            "Compared item by item, each of the others is behind by more than chance explains.".to_owned()
        }
        (_, 0, _) => String::new(),
        _ => format!("Compared item by item, {as_good} of the {all} others may be as good."),
    }
}

/// The best annotator against each other one.
pub(super) fn versus(report: &Report) -> String {
    if report.annotators.len() < 2 {
        return String::new();
    }
    let Some(best) = report.comparisons.first().map(|it| name(&it.best)) else {
        let body = "<p>The annotators share no items with gold, so there is nothing to compare.</p>\n";
        return section("best", "Is the best really best?", body);
    };
    let numbers = || report.comparisons.iter().filter_map(|it| finite(it.difference));
    let scale = Scale::about_zero(numbers().flat_map(|it| [it.low, it.value, it.high]));
    let row = |it: &Versus| {
        let words = plain(it.difference);
        let title = format!("{} against {}: {words}", it.best, it.other);
        let difference = match finite(it.difference) {
            Some(it) => format!(
                "<span class=\"v\">{}</span> <span class=\"ci\">{}</span>",
                points(it.value),
                range(it)
            ),
            None => dash("undefined, they share no items"),
        };
        let n = finite(it.difference).map_or(String::new(), |it| crate::html::text::count(it.n));
        vec![
            name(&it.other),
            scale.row(&title, &scale.interval(it.difference)),
            difference,
            p_value(it.p_value),
            n,
            verdict(it),
        ]
    };
    let table = Table {
        caption: "The best annotator against each other one on the same items".to_owned(),
        columns: vec![
            Column::names("other annotator"),
            Column::plots("plot", &scale.axis()),
            Column::numbers("difference in points"),
            Column::counts("p"),
            Column::counts("n"),
            Column::words("what it says"),
        ],
        rows: report.comparisons.iter().map(row).collect(),
    };
    let right = match report.annotators.first().and_then(|it| it.spans.as_ref()) {
        Some(_) => " An item counts as right here when all its spans are.",
        None => "",
    };
    let many = match report.comparisons.len() {
        0 | 1 => "",
        _ => {
            " The p-values are not corrected for how many they are, and the best was chosen on these very items."
        }
    };
    let is_likeness = report.annotators.first().is_some_and(|it| it.headline.name == "effective likeness");
    let (what, test) = match is_likeness {
        true => (format!("nearer to the gold <b>{best}</b> is on the same items"), "the sign-flip test"),
        false => (format!("more of the same items <b>{best}</b> has right"), "McNemar's exact test"),
    };
    let intro = format!(
        "<p>How many percentage points {what} than each other annotator, with the {} interval of the paired difference; \
         p is that of {test}, two-sided.{right}{many}</p>\n",
        level(report.level)
    );
    section("best", "Is the best really best?", &(intro + &table.draw()))
}

/// What the interval says, in words.
fn verdict(it: &Versus) -> String {
    let other = name(&it.other);
    match finite(it.difference) {
        None => "nothing: there are no items to compare".to_owned(),
        Some(_) if may_be_as_good(it) => {
            format!("<span class=\"same\"><b>≈</b> {other} may be as good</span>")
        }
        Some(number) if number.value > 0.0 => format!("<b>&gt;</b> {} is better", name(&it.best)),
        Some(_) => format!("<b>&lt;</b> {other} is better on the items that both were asked"),
    }
}

fn plain(number: Option<Number>) -> String {
    finite(number).map_or("undefined".to_owned(), |it| format!("{} points {}", points(it.value), range(it)))
}

fn range(number: Number) -> String {
    format!("({} to {})", points(number.low), points(number.high))
}

/// A difference of shares in percentage points, with its sign: `+3.1`.
fn points(difference: f64) -> String {
    let words = format!("{:.1}", (difference * 100.0).abs());
    match () {
        () if words == "0.0" => words,
        () if difference < 0.0 => format!("−{words}"),
        () => format!("+{words}"),
    }
}

fn p_value(p: f64) -> String {
    if !p.is_finite() {
        return dash("undefined");
    }
    match p {
        ..0.001 => "&lt; 0.001".to_owned(),
        ..0.1 => format!("{p:.3}"),
        _ => format!("{p:.2}"),
    }
}
