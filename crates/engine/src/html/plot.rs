//! Marks on a scale, drawn in the cells of a table: one row, one picture, the scale in the column's head.
//!
//! All positions across are percentages, so a picture is as wide as its cell and its marks keep their size. The grid of
//! neighboring rows joins into one plot. Not here: which numbers are shown.

use super::text::Esc;
use crate::evaluate::Number;

/// The shapes of all marks, drawn once for the page. Each has a form of its own: color never tells alone.
pub(crate) const SHAPES: &str = "<svg class=\"shapes\" aria-hidden=\"true\" focusable=\"false\"><defs>\
    <circle id=\"m-dot\" r=\"5\"/>\
    <path id=\"m-diamond\" d=\"M0-5.5 5.5 0 0 5.5-5.5 0z\"/>\
    <path id=\"m-triangle\" d=\"M-4-4 5 0-4 4z\"/>\
    <path id=\"m-square\" d=\"M-3.5-3.5h7v7h-7z\"/>\
    </defs></svg>";

/// How much of the width stays free at each end, in percent.
const INSET: f64 = 4.0;
/// The widths that the steps of a scale may have.
const STEPS: [f64; 7] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];
/// The most steps that a scale has.
const MAX_STEPS: i64 = 5;

/// A scale from `first` to `last` steps of `step`.
pub(crate) struct Scale {
    step: f64,
    first: i64,
    last: i64,
    signed: bool,
}

impl Scale {
    /// From 0 to 100 %.
    fn whole() -> Self {
        Self { step: 0.25, first: 0, last: 4, signed: false }
    }

    /// The narrowest round scale that holds all `values`, which are shares.
    pub(crate) fn around(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) =
            values.filter(|it| it.is_finite()).fold((1.0_f64, 0.0_f64), |(low, high), value| {
                let value = value.clamp(0.0, 1.0);
                (low.min(value), high.max(value))
            });
        if low > high { Self::whole() } else { Self { signed: false, ..Self::narrowest(low, high) } }
    }

    /// The narrowest round scale that holds 0 and all `values`, which are differences of shares.
    pub(crate) fn about_zero(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) =
            values.filter(|it| it.is_finite()).fold((0.0_f64, 0.0_f64), |(low, high), value| {
                (low.min(value.max(-1.0)), high.max(value.min(1.0)))
            });
        Self { signed: true, ..Self::narrowest(low, high) }
    }

    fn narrowest(low: f64, high: f64) -> Self {
        let of = |step: f64| {
            // The bit of slack keeps 0.3 / 0.1 from being a hair over 3; a scale never starts at 100 %.
            let first = ((low / step + 1e-9).floor() as i64).min((1.0 / step).round() as i64 - 1);
            let last = (high / step - 1e-9).ceil() as i64;
            Self { step, first, last: last.max(first + 1), signed: false }
        };
        let fits = |scale: &Self| scale.last - scale.first <= MAX_STEPS;
        STEPS.map(of).into_iter().find(fits).unwrap_or_else(Self::whole)
    }

    /// Where a value stands, in percent of the width; outside the scale, at its end.
    fn at(&self, value: f64) -> f64 {
        let (low, high) = (self.first as f64 * self.step, self.end());
        INSET + (100.0 - 2.0 * INSET) * ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    fn end(&self) -> f64 {
        self.last as f64 * self.step
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.first..=self.last).map(|n| n as f64 * self.step)
    }

    fn words(&self, value: f64) -> String {
        let percent = (value * 100.0).round() as i64;
        match percent {
            0 => "0".to_owned(),
            ..0 => format!("−{}", -percent),
            _ if self.signed => format!("+{percent}"),
            _ => percent.to_string(),
        }
    }

    /// The head of the column: the ticks, in percent or in percentage points.
    pub(crate) fn axis(&self) -> String {
        let words: Vec<String> = self.ticks().map(|value| self.words(value)).collect();
        let tick = |(value, words): (f64, &String)| {
            let unit = if value >= self.end() && !self.signed { " %" } else { "" };
            format!("<text x=\"{:.1}%\" y=\"1em\">{words}{unit}</text>", self.at(value))
        };
        let ticks: String = self.ticks().zip(&words).map(tick).collect();
        let unit = if self.signed { "percentage points" } else { "percent" };
        let title = format!("Scale in {unit}: {}", words.join(", "));
        format!("<svg class=\"axis\" role=\"img\"><title>{title}</title>{ticks}</svg>")
    }

    /// One row of a plot. `title` says in words what the marks say.
    pub(crate) fn row(&self, title: &str, marks: &str) -> String {
        let line = |value: f64| {
            let class = if self.signed && value == 0.0 { " class=\"zero\"" } else { "" };
            let x = self.at(value);
            format!("<line{class} x1=\"{x:.1}%\" x2=\"{x:.1}%\" y2=\"100%\"/>")
        };
        let grid: String = self.ticks().map(line).collect();
        format!(
            "<svg class=\"row\" role=\"img\"><title>{}</title><g class=\"grid\">{grid}</g>{marks}</svg>",
            Esc(title)
        )
    }

    /// A number with its interval; nothing where it is undefined.
    pub(crate) fn interval(&self, number: Option<Number>) -> String {
        let Some(it) = super::text::finite(number) else {
            return String::new();
        };
        let (low, high) = (self.at(it.low), self.at(it.high));
        let whisker =
            format!("<line class=\"whisker\" x1=\"{low:.2}%\" x2=\"{high:.2}%\" y1=\"50%\" y2=\"50%\"/>");
        whisker + &self.mark("dot", it.value, 50)
    }

    /// One mark of a shape, `down` percent from the top.
    pub(crate) fn mark(&self, shape: &str, value: f64, down: u32) -> String {
        format!("<use class=\"m {shape}\" href=\"#m-{shape}\" x=\"{:.2}%\" y=\"{down}%\"/>", self.at(value))
    }
}

/// What a shape stands for, for a legend.
pub(crate) fn key(shape: &str, words: &str) -> String {
    let whisker = match shape {
        "dot" => "<line class=\"whisker\" x1=\"1\" x2=\"27\" y1=\"50%\" y2=\"50%\"/>",
        _ => "",
    };
    format!(
        "<li><svg class=\"key\" aria-hidden=\"true\" width=\"28\" height=\"14\">{whisker}\
         <use class=\"m {shape}\" href=\"#m-{shape}\" x=\"50%\" y=\"50%\"/></svg> {words}</li>"
    )
}
