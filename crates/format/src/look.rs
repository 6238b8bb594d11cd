//! What a file seems to hold: for the first question of a new project, which column is what.
//!
//! In: a file and how many of its rows to look at. Out: its columns with samples and counts, and a guess which of them is
//! the text, the id and the label. A guess is only that: it is to be shown to a person.

mod guess;

use std::collections::HashSet;
use std::path::Path;

use karat_core::{Error, Fields, Problem, Result, cell_text};

use crate::columns::Gathered;
use crate::files::{self, InputFile};
use crate::{Column, ColumnKind, ReadOptions, decode, detect, formats};

/// How many sample values a column shows, and how much of each.
const N_SAMPLES: usize = 3;
const SAMPLE_CHARS: usize = 80;

/// What a file seems to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The file that was looked at: the first one of a glob.
    pub file: String,
    /// Its format.
    pub format: &'static str,
    /// The byte between the cells, of CSV and TSV.
    pub delimiter: Option<u8>,
    /// How many rows were looked at.
    pub n_rows: usize,
    /// Its columns, in their order.
    pub columns: Vec<ColumnLook>,
    /// The column that is probably the text.
    pub text: Option<String>,
    /// The column that is probably the id.
    pub id: Option<String>,
    /// The column that probably holds labels.
    pub label: Option<String>,
    /// The rows that could not be read.
    pub problems: Vec<Problem>,
}

/// A column in the rows that were looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnLook {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// The first different values, shortened.
    pub samples: Vec<String>,
    /// The share of rows in which it is neither missing, null nor empty, from 0 to 1; 0 where there are no rows.
    pub share_filled: f64,
    /// The mean number of characters of its filled cells; 0 where there are none.
    pub mean_chars: f64,
    /// How many different filled values it has.
    pub n_distinct: usize,
    /// How many cells are filled.
    pub n_filled: usize,
}

/// Looks at the first `n_rows` rows of a file, of the first file of a glob, or of standard input for `-`.
///
/// # Errors
/// Where the file is missing or not of its format.
pub fn look(path: impl AsRef<Path>, n_rows: usize) -> Result<Look> {
    let path = path.as_ref().to_string_lossy().into_owned();
    let found = files::expand(&[path], Path::new(""))?;
    let first = found.first().ok_or_else(|| Error::bug("a file was named and is not there"))?;
    let file = first.name.as_str();
    let source = first.source()?;
    let format = detect::format_of(&source, None)?;
    let mut reader = format.read(source, &ReadOptions::default())?;
    let mut seen = SeenRows::new(reader.columns());
    let mut problems = Vec::new();
    while seen.n_rows + problems.len() < n_rows {
        let Some(raw) = reader.next_row()? else { break };
        match raw.cells {
            Ok(cells) => seen.add(&cells),
            Err(reason) => {
                problems.push(Problem { file: file.to_owned(), row: raw.row, line: raw.line, reason })
            }
        }
    }
    let n_rows = seen.n_rows;
    let columns = seen.columns(reader.columns(), reader.kinds());
    let guess = guess::guess(&columns, n_rows);
    Ok(Look {
        file: file.to_owned(),
        format: format.id(),
        delimiter: delimiter(first, format.id())?,
        n_rows,
        text: guess.text,
        id: guess.id,
        label: guess.label,
        columns,
        problems,
    })
}

fn delimiter(file: &InputFile, format: &str) -> Result<Option<u8>> {
    match format {
        "csv" => {
            let mut text = decode::text(file.source()?, None)?;
            let head = text.fill_buf().map_err(|error| crate::source::cannot_read(&file.name, error))?;
            Ok(Some(formats::delimiter_of(head)))
        }
        "tsv" => Ok(Some(b'\t')),
        _ => Ok(None),
    }
}

/// What the rows hold, counted column by column.
struct SeenRows {
    n_rows: usize,
    gathered: Gathered,
    cells: Vec<SeenCells>,
}

#[derive(Default)]
struct SeenCells {
    n_filled: usize,
    n_chars: usize,
    samples: Vec<String>,
    values: HashSet<String>,
}

impl SeenRows {
    fn new(names: &[String]) -> Self {
        let mut gathered = Gathered::default();
        for name in names {
            gathered.add(name, None);
        }
        Self { n_rows: 0, gathered, cells: Vec::new() }
    }

    fn add(&mut self, cells: &Fields) {
        self.n_rows += 1;
        for (name, cell) in cells {
            let place = self.gathered.add(name, ColumnKind::of(cell));
            self.cells.resize_with(self.cells.len().max(place + 1), SeenCells::default);
            let Some(text) = cell_text(cell).filter(|text| !text.trim().is_empty()) else {
                continue;
            };
            let seen = &mut self.cells[place];
            seen.n_filled += 1;
            seen.n_chars += text.chars().count();
            if seen.values.insert(text.clone().into_owned()) && seen.samples.len() < N_SAMPLES {
                seen.samples.push(shortened(&text));
            }
        }
    }

    fn columns(mut self, known: &[String], kinds: Option<Vec<ColumnKind>>) -> Vec<ColumnLook> {
        self.cells.resize_with(self.gathered.names().len(), SeenCells::default);
        let mut columns = self.gathered.columns();
        // Where the file says what a column holds, that counts.
        for (name, kind) in known.iter().zip(kinds.unwrap_or_default()) {
            if let Some(column) = columns.iter_mut().find(|column| column.name == *name) {
                column.kind = kind;
            }
        }
        let n_rows = self.n_rows;
        let look = |(Column { name, kind }, seen): (Column, SeenCells)| ColumnLook {
            name,
            kind,
            samples: seen.samples,
            share_filled: share(seen.n_filled, n_rows),
            mean_chars: share(seen.n_chars, seen.n_filled),
            n_distinct: seen.values.len(),
            n_filled: seen.n_filled,
        };
        columns.into_iter().zip(self.cells).map(look).collect()
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// In one line, not longer than a few words.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SAMPLE_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
