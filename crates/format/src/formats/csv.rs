//! CSV and TSV: cells are strings, exactly as written.
//!
//! In: a header row, then rows with as many cells. A cell in quotes may hold the delimiter, line ends and doubled quotes.
//! Out: RFC 4180 with `\n` between rows and quotes only where they are needed. A cell that begins with `=` or `+` is not
//! changed: a value that came in goes out, and what a spreadsheet makes of it is told in the documentation.
//!
//! Lines with nothing in them are passed over. An empty cell and a missing value are the same thing here.

mod sniff;
mod split;

use std::io::Write;

use karat_core::{Error, Fields, Result, cell_text};
use serde_json::Value;

use super::{refuse_homeless, refuse_twins};
use crate::{Column, ColumnKind, Format, RawRow, ReadOptions, RowReader, RowWriter, Source, Target, decode};
use split::Split;

/// Comma-separated values; also with `;`, `|` or a tab, which is found out.
pub(crate) struct Csv;

/// Tab-separated values, quoted like CSV.
pub(crate) struct Tsv;

impl Format for Csv {
    fn id(&self) -> &'static str {
        "csv"
    }
    fn about(&self) -> &'static str {
        "rows of cells with a header; the delimiter is found out"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }
    fn read(&self, source: Source, options: &ReadOptions) -> Result<Box<dyn RowReader>> {
        Ok(Box::new(CsvReader::open(source, options, options.delimiter)?))
    }
    fn write(&self, target: Target, columns: &[Column]) -> Result<Box<dyn RowWriter>> {
        Ok(Box::new(CsvWriter::open(target, columns, b',')?))
    }
    fn example(&self) -> &'static [u8] {
        include_bytes!("../../examples/csv/reviews.csv")
    }
}

impl Format for Tsv {
    fn id(&self) -> &'static str {
        "tsv"
    }
    fn about(&self) -> &'static str {
        "rows of cells with a header, tabs between the cells"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["tsv", "tab"]
    }
    fn read(&self, source: Source, options: &ReadOptions) -> Result<Box<dyn RowReader>> {
        Ok(Box::new(CsvReader::open(source, options, Some(options.delimiter.unwrap_or(b'\t')))?))
    }
    fn write(&self, target: Target, columns: &[Column]) -> Result<Box<dyn RowWriter>> {
        Ok(Box::new(CsvWriter::open(target, columns, b'\t')?))
    }
    fn example(&self) -> &'static [u8] {
        include_bytes!("../../examples/tsv/reviews.tsv")
    }
}

/// The delimiter that a CSV source seems to have.
pub(crate) fn delimiter_of(head: &[u8]) -> u8 {
    sniff::delimiter(head)
}

struct CsvReader {
    name: String,
    split: Split,
    columns: Vec<String>,
    row: u64,
}

impl CsvReader {
    fn open(source: Source, options: &ReadOptions, delimiter: Option<u8>) -> Result<Self> {
        let name = source.name().to_owned();
        let mut input = decode::text(source, options.encoding.as_deref())?;
        let head = input.fill_buf().map_err(|error| crate::source::cannot_read(&name, error))?;
        let delimiter = delimiter.unwrap_or_else(|| sniff::delimiter(head));
        let line_end = sniff::line_end(head);
        if matches!(delimiter, b'"' | b'\n' | b'\r') || !delimiter.is_ascii() {
            let delimiter = delimiter.escape_ascii();
            return Err(Error::invalid(format!("`{delimiter}` cannot be a delimiter"))
                .hint("use `,`, `;`, `|` or a tab"));
        }
        let split = Split::new(input, delimiter, line_end);
        let mut reader = Self { name, split, columns: Vec::new(), row: 0 };
        reader.read_header()?;
        Ok(reader)
    }

    fn read_header(&mut self) -> Result<()> {
        let name = &self.name;
        if !self.split.next_row().map_err(|error| crate::source::cannot_read(name, error))? {
            return Err(Error::invalid(format!("`{name}` is empty: a header row is missing"))
                .hint("put the names of the columns into its first line"));
        }
        if let Some(flaw) = self.split.flaw() {
            return Err(Error::invalid(format!("the header of `{name}` cannot be read: {flaw}")));
        }
        let columns = (0..self.split.n_cells()).map(|at| self.split.cell(at).map(str::to_owned));
        self.columns = columns.collect::<Option<_>>().ok_or_else(|| {
            Error::invalid(format!("the header of `{name}` is not valid UTF-8"))
                .hint("save the file as UTF-8, or name its encoding")
        })?;
        if self.columns.iter().any(|column| column.contains('\0')) {
            return Err(Error::invalid(format!("`{name}` is not a text file, or is of another encoding"))
                .hint("name its format or its encoding, for example `utf-16le`"));
        }
        refuse_twins(name, self.columns.iter().map(String::as_str))
    }

    fn cells(&self) -> std::result::Result<Fields, String> {
        if let Some(flaw) = self.split.flaw() {
            return Err(flaw.to_string());
        }
        let (n_cells, n_columns) = (self.split.n_cells(), self.columns.len());
        if n_cells != n_columns {
            return Err(format!("it has {} where the header has {n_columns}", counted(n_cells, "cell")));
        }
        let mut fields = Fields::with_capacity(n_columns);
        for (at, column) in self.columns.iter().enumerate() {
            let cell = self.split.cell(at).ok_or_else(|| self.wrong_bytes(at))?;
            fields.insert(column.clone(), Value::String(cell.to_owned()));
        }
        Ok(fields)
    }

    fn wrong_bytes(&self, at: usize) -> String {
        let bytes = self.split.bytes_of(at);
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let n_before = String::from_utf8_lossy(&bytes[..valid]).chars().count();
        format!(
            "`{}` is not valid UTF-8 after its first {}",
            self.columns[at],
            counted(n_before, "character")
        )
    }
}

impl RowReader for CsvReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn kinds(&self) -> Option<Vec<ColumnKind>> {
        Some(vec![ColumnKind::Text; self.columns.len()])
    }

    fn next_row(&mut self) -> Result<Option<RawRow>> {
        if !self.split.next_row().map_err(|error| crate::source::cannot_read(&self.name, error))? {
            return Ok(None);
        }
        self.row += 1;
        Ok(Some(RawRow { row: self.row, line: Some(self.split.first_line()), cells: self.cells() }))
    }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

struct CsvWriter {
    target: Target,
    columns: Vec<Column>,
    delimiter: u8,
    line: Vec<u8>,
}

impl CsvWriter {
    fn open(target: Target, columns: &[Column], delimiter: u8) -> Result<Self> {
        refuse_twins(target.name(), columns.iter().map(|column| column.name.as_str()))?;
        if columns.is_empty() {
            return Err(Error::invalid(format!("`{}` would have no column", target.name())));
        }
        let mut writer = Self { target, columns: columns.to_vec(), delimiter, line: Vec::new() };
        for at in 0..columns.len() {
            let name = std::mem::take(&mut writer.columns[at].name);
            writer.push_cell(at, &name);
            writer.columns[at].name = name;
        }
        writer.end_line()?;
        Ok(writer)
    }

    fn push_cell(&mut self, at: usize, cell: &str) {
        if at > 0 {
            self.line.push(self.delimiter);
        }
        let needs_quotes = cell.bytes().any(|byte| matches!(byte, b'"' | b'\n' | b'\r') || byte == self.delimiter)
            // Alone in its line it would be a line with nothing in it.
            || (cell.is_empty() && self.columns.len() == 1)
            // At the beginning of a file it would be a byte order mark.
            || cell.starts_with('\u{feff}');
        if !needs_quotes {
            self.line.extend_from_slice(cell.as_bytes());
            return;
        }
        self.line.push(b'"');
        for byte in cell.bytes() {
            if byte == b'"' {
                self.line.push(b'"');
            }
            self.line.push(byte);
        }
        self.line.push(b'"');
    }

    fn end_line(&mut self) -> Result<()> {
        self.line.push(b'\n');
        let written = self.target.write_all(&self.line);
        self.line.clear();
        written.map_err(|error| self.target.cannot_write(error))
    }
}

impl RowWriter for CsvWriter {
    fn write(&mut self, fields: &Fields) -> Result<()> {
        let mut n_found = 0;
        for at in 0..self.columns.len() {
            let cell = fields.get(&self.columns[at].name);
            n_found += usize::from(cell.is_some());
            let text = cell.and_then(cell_text).unwrap_or_default();
            self.push_cell(at, &text);
        }
        if let Err(error) = refuse_homeless(&self.columns, fields, n_found) {
            self.line.clear();
            return Err(error);
        }
        self.end_line()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.target.commit()
    }
}
