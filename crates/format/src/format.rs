//! What a file format is, and the table of all of them.
//!
//! To add one: write its file under `formats/`, add its row to [`FORMATS`], an example under `examples/<id>/` and a
//! section to `docs/reference/formats.md`.

use karat_core::{Error, Fields, Result};

use crate::formats::{Csv, Json, Jsonl, Parquet, Tsv, Xlsx};
use crate::{Column, ColumnKind, Source, Target};

/// A way to keep rows of named cells in a file.
pub trait Format: Sync {
    /// The name in options and documents. Never changes once released.
    fn id(&self) -> &'static str;
    /// One line for people.
    fn about(&self) -> &'static str;
    /// File name endings without the dot, in lower case; the first is the usual one.
    fn extensions(&self) -> &'static [&'static str];
    /// Begins to read: looks at the header, where there is one.
    ///
    /// # Errors
    /// Where the source is not of this format at all, or its header cannot be used.
    fn read(&self, source: Source, options: &ReadOptions) -> Result<Box<dyn RowReader>>;
    /// Begins to write a table with these columns.
    ///
    /// # Errors
    /// Where the format cannot hold such a table, or the target cannot be written.
    fn write(&self, target: Target, columns: &[Column]) -> Result<Box<dyn RowWriter>>;
    /// A small file of this format, as committed under `examples/<id>/`.
    fn example(&self) -> &'static [u8];
}

/// Every format, in the order of the documentation.
pub const FORMATS: &[&dyn Format] = &[&Csv, &Tsv, &Jsonl, &Json, &Parquet, &Xlsx];

/// How a file is to be read where it does not say so itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The byte between the cells of a CSV file; found out where it is `None`.
    pub delimiter: Option<u8>,
    /// The encoding of a text file by its usual name, such as `windows-1251` or `gb18030`; without one, the byte order
    /// mark decides, and without that it is UTF-8.
    pub encoding: Option<String>,
    /// The sheet of an XLSX file by name; the first one where it is `None`.
    pub sheet: Option<String>,
}

/// Rows of one file, one after the other.
pub trait RowReader: Send {
    /// The columns as the header or the schema names them; empty where the format has neither.
    fn columns(&self) -> &[String];
    /// What the columns hold, where that is known before the rows are read.
    fn kinds(&self) -> Option<Vec<ColumnKind>>;
    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// Where the rest of the file cannot be read. After an error there are no more rows.
    fn next_row(&mut self) -> Result<Option<RawRow>>;
}

/// One row as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRow {
    /// Its number in the file, counted from 1 without the header.
    pub row: u64,
    /// The line where it begins, counted from 1, where the format has lines.
    pub line: Option<u64>,
    /// Its cells by column; or why it cannot be read.
    pub cells: std::result::Result<Fields, String>,
}

/// Writes rows of one table.
pub trait RowWriter: Send {
    /// Writes one row: each cell under its column; a column without a cell is null.
    ///
    /// # Errors
    /// Where a cell has no column in a format with fixed columns, a cell does not fit its column or the format, or the
    /// target cannot be written.
    fn write(&mut self, fields: &Fields) -> Result<()>;
    /// Writes what is left and puts the file in its place.
    ///
    /// # Errors
    /// Where the target cannot be written; then the file that was there before is still there.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// The format with this id.
///
/// # Errors
/// Where there is none; the hint names all.
pub fn format_by_id(id: &str) -> Result<&'static dyn Format> {
    let found = FORMATS.iter().find(|format| format.id() == id);
    found.copied().ok_or_else(|| {
        Error::invalid(format!("there is no format `{id}`")).hint(format!("known: {}", known_ids()))
    })
}

/// The format that the ending of a path means, also before `.gz` and `.zst`; `None` where the ending says nothing.
pub fn format_of_path(path: &str) -> Option<&'static dyn Format> {
    let path = path.to_ascii_lowercase();
    let plain = crate::source::without_compression(&path);
    let (_, ending) = plain.rsplit_once('.')?;
    let found = FORMATS.iter().find(|format| format.extensions().contains(&ending));
    found.copied()
}

/// The ids of all formats, for messages.
pub(crate) fn known_ids() -> String {
    let ids: Vec<String> = FORMATS.iter().map(|format| format!("`{}`", format.id())).collect();
    ids.join(", ")
}
