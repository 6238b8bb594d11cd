//! The commands that judge labels, whole: what they print, what they write, how they end.
//!
//! In: files of votes and projects that are made here by a formula. Out: snapshots and checks of consensus, agree, calibrate,
//! accept, audit, sample, estimate, errors, compare. Not here: whether the numbers are right (`crates/stats`).

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod machines;
mod mistakes;
mod project;
mod promise;
mod shapes;
mod votes;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder of its own, in which commands run.
pub(crate) struct Place(TempDir);

/// How a command ended.
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    line: String,
}

impl Told {
    /// All of it, for a snapshot.
    pub(crate) fn whole(&self) -> String {
        let Self { code, out, err, line } = self;
        format!("$ karat {line}\nexit {code}\n--- out\n{out}--- err\n{err}")
    }
}

impl Place {
    /// A folder with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| place.write(name, text));
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs `karat` with the words of the line.
    #[track_caller]
    pub(crate) fn karat(&self, line: &str) -> Told {
        let out = Command::new(env!("CARGO_BIN_EXE_karat"))
            .args(line.split_whitespace())
            .current_dir(self.path())
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&*self.path().to_string_lossy(), "FOLDER");
        Told {
            code: out.status.code().unwrap_or(-1),
            out: text(&out.stdout),
            err: text(&out.stderr),
            line: line.to_owned(),
        }
    }

    /// Runs `karat`, which must end with this code.
    #[track_caller]
    pub(crate) fn ends(&self, line: &str, code: i32) -> Told {
        let told = self.karat(line);
        assert_eq!(told.code, code, "{}", told.whole());
        told
    }

    /// The rows of a CSV file: its header first.
    #[track_caller]
    pub(crate) fn csv(&self, name: &str) -> Vec<Vec<String>> {
        rows(&self.read(name))
    }
}

/// The rows of a text in CSV with quotes.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c => cell.push(c),
        }
    }
    rows
}

/// The cells of a column below its name.
#[track_caller]
pub(crate) fn column(rows: &[Vec<String>], name: &str) -> Vec<String> {
    let at = rows[0].iter().position(|it| it == name);
    assert!(at.is_some(), "no column {name} in {:?}", rows[0]);
    let at = at.unwrap();
    rows[1..].iter().map(|row| row[at].clone()).collect()
}

/// A number from 0 to 1 that `n` and `salt` decide.
pub(crate) fn chance(n: usize, salt: u64) -> f64 {
    let mut word = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03);
    for shift in [30, 27, 31] {
        word = (word ^ (word >> shift)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (word >> 11) as f64 / (1_u64 << 53) as f64
}

/// The labels of most tests.
pub(crate) const LABELS: [&str; 3] = ["bug", "feature", "question"];

/// What is right for an item.
pub(crate) fn truth(item: usize) -> &'static str {
    LABELS[(chance(item, 1) * 3.0) as usize % 3]
}

/// What somebody who is right so often gives for an item; mistakes are spread over the other labels.
pub(crate) fn given(item: usize, accuracy: f64, salt: u64) -> &'static str {
    if chance(item, salt) < accuracy {
        return truth(item);
    }
    let other = 1 + (chance(item, salt + 1000) * 2.0) as usize;
    let right = LABELS.iter().position(|label| *label == truth(item)).unwrap();
    LABELS[(right + other) % 3]
}

/// Votes of people: `item,annotator,label`. Each is asked for all items, and leaves out a tenth.
pub(crate) fn votes_of_people(n_items: usize, people: &[(&str, f64)]) -> String {
    let mut text = "item,annotator,label\n".to_owned();
    for item in 0..n_items {
        for (n, (name, accuracy)) in people.iter().enumerate() {
            let salt = 10 + n as u64;
            if chance(item, salt + 500) < 0.9 {
                writeln!(text, "{item},{name},{}", given(item, *accuracy, salt)).unwrap();
            }
        }
    }
    text
}

/// Votes of people and models with a kind, a text, a time, and for models a confidence that is higher where they are right.
pub(crate) fn votes_of_both(n_items: usize) -> String {
    let mut text = "item,annotator,kind,label,confidence,text,at_ms\n".to_owned();
    let members = [
        ("anna", "person", 0.95),
        ("boris", "person", 0.9),
        ("qwen", "model", 0.85),
        ("llama", "model", 0.7),
    ];
    for item in 0..n_items {
        for (n, (name, kind, accuracy)) in members.iter().enumerate() {
            let salt = 40 + n as u64;
            let label = given(item, *accuracy, salt);
            let sure = if label == truth(item) { 0.6 } else { 0.4 } + 0.4 * chance(item, salt + 77);
            let confidence = if *kind == "model" { format!("{sure:.3}") } else { String::new() };
            let at = 1_700_000_000_000_u64 + (item * 4 + n) as u64 * 1000;
            writeln!(
                text,
                "{item},{name},{kind},{label},{confidence},\"Ticket {item}, part {}\",{at}",
                item % 7
            )
            .unwrap();
        }
    }
    text
}

/// Gold of these items.
pub(crate) fn gold(items: impl IntoIterator<Item = usize>) -> String {
    let rows = items.into_iter().map(|item| format!("{item},{}\n", truth(item)));
    std::iter::once("item,gold\n".to_owned()).chain(rows).collect()
}

pub(crate) const PEOPLE: [(&str, f64); 4] = [("anna", 0.95), ("boris", 0.85), ("clara", 0.75), ("dan", 0.6)];
