//! The two plots of this page that have two axes: reliability of a confidence, and error by coverage.
//!
//! Points tell themselves in words to those who do not see them; no shape is told by its color alone.

use super::super::{Confidence, Risk, RiskPoint};
use crate::calibrate::Measured;
use crate::html::text::{Esc, percent};

/// The frame of a plot in its own units: where the axes start, and how far they go.
struct Frame {
    width: f64,
    height: f64,
    x: (f64, f64),
    y: (f64, f64),
}

/// Room for the words of the axes.
const LEFT: f64 = 40.0;
const BELOW: f64 = 38.0;
const MARGIN: f64 = 10.0;

impl Frame {
    fn x(&self, value: f64) -> f64 {
        let (low, high) = self.x;
        LEFT + (self.width - LEFT - MARGIN) * ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.y;
        self.bottom() - (self.bottom() - MARGIN) * ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    fn bottom(&self) -> f64 {
        self.height - BELOW
    }

    /// The grid with its numbers, and what the axes are.
    fn axes(&self, ticks: (&[f64], &[f64]), words: (&str, &str)) -> String {
        let (left, right, bottom) = (LEFT, self.width - MARGIN, self.bottom());
        let across = ticks.0.iter().map(|it| {
            let x = self.x(*it);
            format!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{MARGIN}\" y2=\"{bottom}\"/><text x=\"{x:.1}\" y=\"{:.1}\" class=\"mid\">{}</text>",
                bottom + 15.0,
                tick(*it)
            )
        });
        let up = ticks.1.iter().map(|it| {
            let y = self.y(*it);
            format!(
                "<line x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" class=\"end\">{}</text>",
                left - 6.0,
                y + 4.0,
                tick(*it)
            )
        });
        let lines: String = across.chain(up).collect();
        format!(
            "<g class=\"axes\">{lines}<text x=\"{:.1}\" y=\"{:.1}\" class=\"mid what\">{}</text>\
             <text transform=\"translate(9 {:.1}) rotate(-90)\" class=\"mid what\">{}</text></g>",
            (left + right) / 2.0,
            self.height - 5.0,
            words.0,
            (bottom + MARGIN) / 2.0,
            words.1
        )
    }

    fn svg(&self, class: &str, title: &str, body: &str) -> String {
        format!(
            "<svg class=\"plot2 {class}\" viewBox=\"0 0 {} {}\" role=\"img\"><title>{}</title>{body}</svg>",
            self.width,
            self.height,
            Esc(title)
        )
    }
}

fn tick(share: f64) -> String {
    let percent = share * 100.0;
    if (percent - percent.round()).abs() < 1e-6 { format!("{percent:.0}") } else { format!("{percent:.1}") }
}

/// How often a confidence is right: each point a tenth of the items, hollow as it came, filled calibrated.
pub(super) fn reliability(of: &Confidence) -> String {
    let series: Vec<(&str, &Measured)> = [("before", &of.before), ("after", &of.after)]
        .into_iter()
        .filter_map(|(class, it)| Some((class, it.as_ref()?)))
        .collect();
    let points = series.iter().flat_map(|(_, it)| &it.bars);
    let low = points.fold(1.0_f64, |low, (score, number)| low.min(*score).min(number.low));
    // Quarters: one scale for both axes keeps the diagonal at 45 degrees.
    let first = ((low * 4.0).floor() / 4.0).clamp(0.0, 0.75);
    let frame = Frame { width: 260.0, height: 260.0 + BELOW - LEFT, x: (first, 1.0), y: (first, 1.0) };
    let n_ticks = ((1.0 - first) * 4.0).round() as i32;
    let ticks: Vec<f64> = (0..=n_ticks).map(|n| first + f64::from(n) * 0.25).collect();
    let diagonal = format!(
        "<line class=\"diagonal\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        frame.x(first),
        frame.y(first),
        frame.x(1.0),
        frame.y(1.0)
    );
    let marks: String = series.iter().map(|(class, it)| dots(&frame, class, it)).collect();
    let body = frame.axes((&ticks, &ticks), ("says, %", "is right, %")) + &diagonal + &marks;
    frame.svg("reliability", &words(of, &series), &body)
}

fn dots(frame: &Frame, class: &str, of: &Measured) -> String {
    let dot = |(score, number): &(f64, crate::evaluate::Number)| {
        let (x, y) = (frame.x(*score), frame.y(number.value));
        format!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>",
            frame.y(number.low),
            frame.y(number.high)
        )
    };
    let dots: String = of.bars.iter().map(dot).collect();
    format!("<g class=\"{class}\">{dots}</g>")
}

fn words(of: &Confidence, series: &[(&str, &Measured)]) -> String {
    let told = |(class, it): &(&str, &Measured)| {
        let bars: Vec<String> = it
            .bars
            .iter()
            .map(|(score, number)| {
                format!("says {}, right {} of n = {}", percent(*score), percent(number.value), number.n)
            })
            .collect();
        let class = if *class == "before" { "as it came" } else { "calibrated" };
        format!("{class}: {}", bars.join("; "))
    };
    format!("Reliability of {}. {}", of.name, series.iter().map(told).collect::<Vec<_>>().join(". "))
}

/// The error among the surest labels, with what may go shaded.
pub(super) fn risk(of: &Risk) -> String {
    let most = of.points.iter().map(|it| it.error.value).fold(of.allowed * 1.6, f64::max);
    let step =
        [0.01, 0.02, 0.05, 0.1, 0.2, 0.25].into_iter().find(|step| most * 1.15 / step <= 5.0).unwrap_or(0.25);
    let top = ((most * 1.15 / step).ceil() * step).min(1.0);
    let frame = Frame { width: 560.0, height: 270.0, x: (0.0, 1.0), y: (0.0, top) };
    let n_ticks = (top / step).round() as i32;
    let up: Vec<f64> = (0..=n_ticks).map(|n| f64::from(n) * step).collect();
    let region = of.accepted.as_ref().map_or(String::new(), |it| {
        let x = frame.x(it.coverage);
        format!(
            "<rect class=\"region\" x=\"{LEFT}\" y=\"{MARGIN}\" width=\"{:.1}\" height=\"{:.1}\"/>\
             <line class=\"edge\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{MARGIN}\" y2=\"{:.1}\"/>",
            x - LEFT,
            frame.bottom() - MARGIN,
            frame.bottom()
        )
    });
    let y = frame.y(of.allowed);
    let allowed = format!(
        "<line class=\"allowed\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
         <text class=\"end told\" x=\"{:.1}\" y=\"{:.1}\">allowed: {}</text>",
        frame.width - MARGIN,
        frame.width - MARGIN - 4.0,
        y - 5.0,
        percent(of.allowed)
    );
    let body = region
        + &frame
            .axes((&[0.0, 0.25, 0.5, 0.75, 1.0], &up), ("the surest labels, % of the tested", "wrong, %"))
        + &curve(&frame, &of.points)
        + &allowed;
    let title = format!(
        "Error among the surest labels of {}: {}",
        of.by,
        of.points
            .iter()
            .step_by(of.points.len().div_ceil(10).max(1))
            .map(|it| format!("{} of them, wrong {}", percent(it.coverage), percent(it.error.value)))
            .collect::<Vec<_>>()
            .join("; ")
    );
    frame.svg("risk", &title, &body)
}

/// The line, and the band of its intervals.
fn curve(frame: &Frame, points: &[RiskPoint]) -> String {
    let at = |it: &RiskPoint, value: f64| format!("{:.1},{:.1}", frame.x(it.coverage), frame.y(value));
    let line: Vec<String> = points.iter().map(|it| at(it, it.error.value)).collect();
    let upper = points.iter().map(|it| at(it, it.error.high));
    let lower = points.iter().rev().map(|it| at(it, it.error.low));
    let band: Vec<String> = upper.chain(lower).collect();
    let dot = match points {
        [only] => format!(
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"/>",
            frame.x(only.coverage),
            frame.y(only.error.value)
        ),
        _ => String::new(),
    };
    format!(
        "<polygon class=\"band\" points=\"{}\"/><polyline class=\"curve\" points=\"{}\"/>{dot}",
        band.join(" "),
        line.join(" ")
    )
}
