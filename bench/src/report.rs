//! Turns measurements into medians, ratios and a verdict.
//!
//! In: [`Sample`]s of one or two subjects and [`Check`]s. Out: a Markdown table and JSON. A number stands with its n and its
//! range; a ratio is that of two medians measured in turns in one session, so that it says more than either number.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};

/// The subject that karat is compared with.
pub const BARE: &str = "bare-client";
/// The subject.
pub const KARAT: &str = "karat";

/// What one run of one subject took.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// [`KARAT`], [`BARE`], or the name of a case.
    pub subject: &'static str,
    /// Which turn it was, from 1.
    pub round: u32,
    /// Named figures; the unit is in the name.
    pub values: Vec<(&'static str, f64)>,
}

/// A bar and whether it is met.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What must hold, with the bar.
    pub says: String,
    /// What was measured.
    pub got: f64,
    /// Whether it holds.
    pub holds: bool,
}

impl Check {
    /// `got` must not exceed `most`.
    pub fn at_most(what: &str, got: f64, most: f64) -> Check {
        Check { says: format!("{what} at most {}", figure(most)), got, holds: got <= most }
    }

    /// `got` must reach `least`.
    pub fn at_least(what: &str, got: f64, least: f64) -> Check {
        Check { says: format!("{what} at least {}", figure(least)), got, holds: got >= least }
    }
}

/// The result of one scenario.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The scenario.
    pub name: &'static str,
    /// What was done, in a sentence.
    pub about: String,
    /// The command that does it again, without paths.
    pub command: String,
    /// The machine it ran on, without its name.
    pub machine: Value,
    /// Each run.
    pub samples: Vec<Sample>,
    /// The bars.
    pub checks: Vec<Check>,
}

impl Report {
    /// A report on this machine; the caller names the command.
    pub fn new(name: &'static str, about: String) -> Report {
        Report {
            name,
            about,
            command: String::new(),
            machine: machine(),
            samples: Vec::new(),
            checks: Vec::new(),
        }
    }

    /// The values of a figure for a subject, in the order of the rounds.
    pub fn values(&self, subject: &str, figure: &str) -> Vec<f64> {
        let of_subject = self.samples.iter().filter(|sample| sample.subject == subject);
        of_subject
            .flat_map(|sample| &sample.values)
            .filter(|(name, _)| *name == figure)
            .map(|(_, v)| *v)
            .collect()
    }

    /// The median of a figure for a subject; `None` where it was not measured.
    pub fn median(&self, subject: &str, figure: &str) -> Option<f64> {
        median(self.values(subject, figure))
    }

    /// The ratio of the medians of `subject` and `base`; `None` where one is missing or the base is 0.
    pub fn ratio(&self, subject: &str, base: &str, figure: &str) -> Option<f64> {
        let below = self.median(base, figure).filter(|below| *below != 0.0)?;
        Some(self.median(subject, figure)? / below)
    }

    /// Whether every bar is met.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }

    /// The report as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}\n\n{}\n\n", self.name, self.about, machine_line(&self.machine));
        let subjects = self.subjects();
        let columns = subjects.iter().map(|name| format!(" {name} |")).collect::<String>();
        let rules = "---|".repeat(subjects.len());
        let pair = (subjects == [BARE, KARAT]).then_some((KARAT, BARE));
        let ratio_head = pair.map(|(of, to)| format!(" {of} / {to} |")).unwrap_or_default();
        let ratio_rule = if pair.is_some() { "---|" } else { "" };
        // Writing into a `String` cannot fail.
        let _ = writeln!(text, "| median (least–most, n) |{columns}{ratio_head}\n|---|{rules}{ratio_rule}");
        for name in self.figures() {
            let cells = subjects.iter().map(|subject| format!(" {} |", spread(self.values(subject, name))));
            let ratio = pair.map(|(of, to)| self.ratio(of, to, name));
            let ratio =
                ratio.map(|ratio| format!(" {} |", ratio.map_or("–".to_owned(), figure))).unwrap_or_default();
            let _ = writeln!(text, "| {name} |{}{ratio}", cells.collect::<String>());
        }
        if !self.checks.is_empty() {
            text.push_str("\n| bar | measured | met |\n|---|---|---|\n");
        }
        for check in &self.checks {
            let met = if check.holds { "yes" } else { "**no**" };
            let _ = writeln!(text, "| {} | {} | {met} |", check.says, figure(check.got));
        }
        text
    }

    /// Writes `<name>.md` and `<name>.json` into `folder`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let write = |ending: &str, text: String| {
            let path = folder.join(format!("{}.{ending}", self.name));
            std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))
        };
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        write("md", self.to_markdown())?;
        write("json", format!("{:#}\n", json!(self)))
    }

    fn subjects(&self) -> Vec<&'static str> {
        let mut subjects: Vec<_> = self.samples.iter().map(|sample| sample.subject).collect();
        // In the order of the alphabet, which does not change with the rounds and puts the base first.
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }

    fn figures(&self) -> Vec<&'static str> {
        let mut figures = Vec::new();
        for (name, _) in self.samples.iter().flat_map(|sample| &sample.values) {
            if !figures.contains(name) {
                figures.push(*name);
            }
        }
        figures
    }
}

/// The median; for an even number of values the mean of the middle two, `None` for none.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some((low + high) / 2.0)
}

fn spread(values: Vec<f64>) -> String {
    let n = values.len();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match median(values) {
        None => "–".to_owned(),
        Some(middle) if n == 1 => figure(middle),
        Some(middle) => format!("{} ({}–{}, n={n})", figure(middle), figure(least), figure(most)),
    }
}

/// A number in as many digits as a reader needs.
fn figure(value: f64) -> String {
    match value.abs() {
        v if v == 0.0 || (v >= 1.0 && v.fract() == 0.0) => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        v if v >= 0.001 => format!("{value:.4}"),
        _ => format!("{value:.2e}"),
    }
}

fn machine() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = read("/proc/meminfo");
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let kib: f64 = kib.trim().trim_end_matches("kB").trim().parse().unwrap_or(0.0);
    let load = read("/proc/loadavg");
    json!({
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "cpu": cpu.trim_start_matches(['\t', ' ', ':']).trim(),
        "memory_gib": (kib / f64::from(1 << 20)).round() as u64,
        "load_at_start": load.split(' ').next().and_then(|load| load.parse::<f64>().ok()),
    })
}

fn machine_line(machine: &Value) -> String {
    let text = |key: &str| machine[key].as_str().unwrap_or("unknown").to_owned();
    format!(
        "Machine: {} cores ({}), {} GiB, load {} at the start; client and server share it.",
        machine["cores"],
        text("cpu"),
        machine["memory_gib"],
        machine["load_at_start"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::new("throughput", "Ten rows.".to_owned());
        for (round, (bare, karat)) in [(100.0, 60.0), (300.0, 90.0), (200.0, 70.0)].into_iter().enumerate() {
            for (subject, value) in [("karat", karat), ("bare-client", bare)] {
                report.samples.push(Sample {
                    subject,
                    round: round as u32 + 1,
                    values: vec![("rows/s", value)],
                });
            }
        }
        report
    }

    #[test]
    fn the_ratio_is_that_of_the_medians() {
        let report = report();
        assert_eq!(report.median("bare-client", "rows/s"), Some(200.0));
        assert_eq!(report.ratio("karat", "bare-client", "rows/s"), Some(0.35));
        assert_eq!(report.ratio("karat", "bare-client", "absent"), None);
    }

    #[test]
    fn the_table_shows_the_range_and_n() {
        let mut report = report();
        report.checks.push(Check::at_least("rows/s of the bare client's", 0.35, 0.5));
        let text = report.to_markdown();
        assert!(text.contains("| rows/s | 200 (100–300, n=3) | 70 (60–90, n=3) | 0.3500 |"), "{text}");
        assert!(text.contains("| rows/s of the bare client's at least 0.5000 | 0.3500 | **no** |"), "{text}");
        assert!(!report.holds());
    }

    #[test]
    fn a_median_of_none_is_none_and_of_two_the_mean() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0]), Some(2.0));
    }

    #[test]
    fn bars_include_their_value() {
        assert!(Check::at_most("x", 3.0, 3.0).holds && Check::at_least("x", 3.0, 3.0).holds);
    }
}
