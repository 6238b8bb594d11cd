//! Texts in which personal data is marked as `<<kind|value>>`, and how much of it a masker finds.
//!
//! In: the lines of a `.jsonl` file beside this one. Out: texts with spans; counts by kind. Used by the test of recall and by
//! the proof that prints the table.

use std::collections::BTreeMap;
use std::ops::Range;

use karat_text::mask::{Kind, Masker};

/// A text and what should be masked in it, in code points.
pub(crate) struct Marked {
    pub(crate) text: String,
    pub(crate) spans: Vec<(Kind, Range<u32>)>,
}

/// What became of the spans of one kind.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    /// Marked spans.
    pub(crate) n_marked: u32,
    /// Marked spans of which no letter or digit is left.
    pub(crate) n_masked: u32,
    /// Marked spans that were found as they are, with their kind.
    pub(crate) n_exact: u32,
    /// Finds.
    pub(crate) n_found: u32,
    /// Finds that share a character with a marked span of any kind.
    pub(crate) n_right: u32,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.n_marked += other.n_marked;
        self.n_masked += other.n_masked;
        self.n_exact += other.n_exact;
        self.n_found += other.n_found;
        self.n_right += other.n_right;
    }
}

/// Reads the lines of a file; a line that is no marked text is an error with its content.
pub(crate) fn read(lines: &str) -> Result<Vec<Marked>, String> {
    lines.lines().map(|line| read_line(line).ok_or_else(|| format!("no marked text: {line}"))).collect()
}

fn read_line(line: &str) -> Option<Marked> {
    let row: serde_json::Value = serde_json::from_str(line).ok()?;
    let mut rest = row["text"].as_str()?;
    let mut marked = Marked { text: String::new(), spans: Vec::new() };
    let mut n_chars = 0;
    let mut push = |text: &mut String, part: &str| {
        text.push_str(part);
        n_chars += part.chars().count() as u32;
        n_chars
    };
    while let Some(open) = rest.find("<<") {
        // `<<<email|…>>>` is an address in angle brackets.
        let open = if rest[open..].starts_with("<<<") { open + 1 } else { open };
        let (kind, after) = rest[open + 2..].split_once('|')?;
        let (value, after) = after.split_once(">>")?;
        let start = push(&mut marked.text, &rest[..open]);
        let end = push(&mut marked.text, value);
        marked.spans.push((Kind::read(kind).ok()?, start..end));
        rest = after;
    }
    push(&mut marked.text, rest);
    Some(marked)
}

/// What is wrong in one text: spans of which something is left, and finds where nothing was marked.
pub(crate) struct Wrong {
    pub(crate) missed: Vec<(Kind, String)>,
    pub(crate) false_alarms: Vec<(Kind, String)>,
}

/// Counts by kind over one text; finds count under the kind they were found as.
pub(crate) fn judge(masker: &Masker, marked: &Marked) -> (BTreeMap<Kind, Counts>, Wrong) {
    let found = masker.find(&marked.text);
    let chars: Vec<char> = marked.text.chars().collect();
    let quote = |at: &Range<u32>| chars[at.start as usize..at.end as usize].iter().collect::<String>();
    let is_masked = |n: u32| found.iter().any(|(_, at)| at.contains(&n));
    let mut counts: BTreeMap<Kind, Counts> = BTreeMap::new();
    let mut wrong = Wrong { missed: Vec::new(), false_alarms: Vec::new() };
    for (kind, at) in &marked.spans {
        let row = counts.entry(*kind).or_default();
        row.n_marked += 1;
        let is_gone = at.clone().all(|n| is_masked(n) || !chars[n as usize].is_alphanumeric());
        row.n_masked += u32::from(is_gone);
        let is_exact = found.contains(&(*kind, at.clone()));
        row.n_exact += u32::from(is_exact);
        if !is_gone {
            wrong.missed.push((*kind, quote(at)));
        }
    }
    for (kind, at) in &found {
        let row = counts.entry(*kind).or_default();
        row.n_found += 1;
        let is_right = marked.spans.iter().any(|(_, span)| span.start < at.end && at.start < span.end);
        row.n_right += u32::from(is_right);
        if !is_right {
            wrong.false_alarms.push((*kind, quote(at)));
        }
    }
    (counts, wrong)
}
