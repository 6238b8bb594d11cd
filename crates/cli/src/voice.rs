//! The only file that prints. Data goes to standard output, everything else to standard error.
//!
//! With `--json`, standard output holds one JSON object a line, each with an `event`; standard error stays for people.

use std::io::{self, IsTerminal, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use karat_core::{Error, Problem};
use serde_json::{Value as Json, json};

/// How many problems are shown one by one.
const N_PROBLEMS: usize = 20;

/// Speaks to the user.
pub(crate) struct Voice {
    /// Whether standard output is for machines.
    pub(crate) json: bool,
    terminal: bool,
    live: bool,
}

impl Voice {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, terminal: io::stderr().is_terminal(), live: false }
    }

    /// Whether a person reads along and can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        self.terminal && io::stdin().is_terminal() && !self.json
    }

    /// Whether standard error is a terminal, on which a line can be drawn anew.
    pub(crate) fn is_live(&self) -> bool {
        self.terminal && !self.json
    }

    /// Data: a line on standard output.
    pub(crate) fn out(&mut self, line: impl AsRef<str>) {
        self.clear();
        let mut out = io::stdout().lock();
        // Nobody reads any more (`karat … | head`): that ends the output, and is no failure.
        if writeln!(out, "{}", line.as_ref()).and_then(|()| out.flush()).is_err() {
            std::process::exit(0);
        }
    }

    /// Words: a line on standard error.
    pub(crate) fn say(&mut self, line: impl AsRef<str>) {
        self.clear();
        let _ = writeln!(io::stderr(), "{}", line.as_ref());
    }

    /// An event for machines; without `--json`, nothing.
    pub(crate) fn event(&mut self, name: &str, mut body: Json) {
        if !self.json {
            return;
        }
        if let Json::Object(fields) = &mut body {
            fields.insert("event".to_owned(), json!(name));
        }
        self.out(body.to_string());
    }

    /// The next step.
    pub(crate) fn hint(&mut self, hint: impl AsRef<str>) {
        self.say(format!("hint: {}", hint.as_ref()));
    }

    /// What went wrong, and the next step.
    pub(crate) fn error(&mut self, error: &Error) {
        self.say(format!("error: {error}"));
        if let Some(hint) = error.next_step() {
            self.hint(hint);
        }
        self.event("error", json!({"message": error.to_string(), "hint": error.next_step()}));
    }

    /// A numbered list of rows that are no items.
    pub(crate) fn problems(&mut self, problems: &[Problem], n_problems: u64) {
        if n_problems == 0 {
            return;
        }
        let rows = if n_problems == 1 { "row is no item" } else { "rows are no items" };
        self.say(format!("{n_problems} {rows}; the others go on:"));
        for (n, problem) in problems.iter().take(N_PROBLEMS).enumerate() {
            self.say(format!("  {}. {problem}", n + 1));
        }
        if n_problems > N_PROBLEMS as u64 {
            self.say(format!("  … and {} more; `--json` lists more of them", n_problems - N_PROBLEMS as u64));
        }
        if self.json {
            for problem in problems {
                self.event("problem", json!(problem));
            }
        }
    }

    /// A line that is drawn over the one before, on a terminal.
    pub(crate) fn live(&mut self, line: &str) {
        let mut err = io::stderr();
        let _ = write!(err, "\r\x1b[2K{line}").and_then(|()| err.flush());
        self.live = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.live) {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }

    /// Asks yes or no; anything but a yes is a no.
    pub(crate) fn confirm(&mut self, question: &str) -> bool {
        let answer = self.ask(&format!("{question} [y/N] "));
        matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "д" | "да" | "是")
    }

    /// Asks for a line; empty at the end of the input.
    pub(crate) fn ask(&mut self, question: &str) -> String {
        self.clear();
        let mut err = io::stderr();
        let _ = write!(err, "{question}").and_then(|()| err.flush());
        let mut answer = String::new();
        let _ = io::stdin().read_line(&mut answer);
        answer.trim().to_owned()
    }
}

/// A table: the first column to the left, the others to the right.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    table_of_words(header, rows, &[0])
}

/// A table in which these columns hold words and stand to the left, the others to the right.
pub(crate) fn table_of_words(header: &[&str], rows: Vec<Vec<String>>, words: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if !words.contains(&n) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| format!("  {}", line.trim_end())).collect();
    lines.join("\n")
}

/// A count with thin groups: `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with its sign and one decimal; what rounds to zero is `+0.0`.
pub(crate) fn signed(number: f64) -> String {
    let told = format!("{number:+.1}");
    if told == "-0.0" { "+0.0".to_owned() } else { told }
}

/// `1 item`, `2 items`.
pub(crate) fn n_of(n: u64, one: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {one}{s}", count(n))
}

/// A duration as a person says it: `42 s`, `3 min`, `2 h 10 min`.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.0} h {:.0} min", (s / 3600.0).floor(), (s % 3600.0) / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_durations_read_as_people_write_them() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([n_of(1, "item"), n_of(2, "item")], ["1 item", "2 items"]);
        assert_eq!([-0.04, 0.0, -1.26].map(signed), ["+0.0", "+0.0", "-1.3"]);
        assert_eq!([5.0, 300.0, 7800.0].map(duration), ["5 s", "5 min", "2 h 10 min"]);
    }

    #[test]
    fn a_table_keeps_wide_letters_in_line() {
        let got =
            table(&["name", "n"], vec![vec!["正面".into(), "1".into()], vec!["abcd".into(), "22".into()]]);
        assert_eq!(got, "  name   n\n  正面   1\n  abcd  22");
    }
}
