//! Writes XLSX: one sheet, each row out of memory as soon as the next begins.

use karat_core::{Error, Fields, Result, cell_text};
use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};
use serde_json::Value as Json;

use super::super::{refuse_homeless, refuse_twins};
use crate::{Column, RowWriter, Target};

/// With the header.
const MAX_ROWS: u32 = 1_048_576;
const MAX_COLUMNS: usize = 16_384;
/// Counted in UTF-16 units, as Excel does.
const MAX_TEXT: usize = 32_767;
/// Above this, whole numbers have no double of their own and are written as text.
const MAX_WHOLE: u64 = 1 << 53;

pub(super) struct SheetWriter {
    target: Target,
    book: Workbook,
    columns: Vec<Column>,
    n_rows: u32,
}

impl SheetWriter {
    pub(super) fn open(target: Target, columns: &[Column]) -> Result<Self> {
        let name = target.name();
        refuse_twins(name, columns.iter().map(|column| column.name.as_str()))?;
        if columns.is_empty() || columns.len() > MAX_COLUMNS {
            return Err(Error::invalid(format!("`{name}` would have {} columns", columns.len()))
                .hint(format!("a sheet has 1 to {MAX_COLUMNS}; write CSV, JSONL or Parquet")));
        }
        if columns.iter().any(|column| column.name.is_empty()) {
            return Err(Error::invalid(format!("`{name}` would have a column without a name"))
                .hint("name it, or write CSV, JSONL or Parquet"));
        }
        let mut book = Workbook::new();
        book.add_worksheet_with_constant_memory().map_err(|error| cannot_write(name, error))?;
        let mut writer = Self { target, book, columns: columns.to_vec(), n_rows: 0 };
        for (at, column) in columns.iter().enumerate() {
            writer.write_cell(at, &Json::String(column.name.clone()))?;
        }
        writer.n_rows = 1;
        Ok(writer)
    }

    fn write_cell(&mut self, at: usize, cell: &Json) -> Result<()> {
        let name = self.target.name();
        let row = self.n_rows;
        let column = u16::try_from(at).unwrap_or(u16::MAX);
        let sheet = self.book.worksheet_from_index(0).map_err(|error| cannot_write(name, error))?;
        let written = match cell {
            Json::Null => return Ok(()),
            Json::Bool(it) => sheet.write_boolean(row, column, *it).map(drop),
            Json::Number(number) => write_number(sheet, row, column, number),
            Json::String(_) | Json::Array(_) | Json::Object(_) => {
                let text = cell_text(cell).unwrap_or_default();
                let n_units: usize = text.chars().map(char::len_utf16).sum();
                if n_units > MAX_TEXT {
                    let column = &self.columns[at].name;
                    return Err(Error::invalid(format!(
                        "row {row} of `{name}` has a text of {n_units} characters in `{column}`, more than the {MAX_TEXT} of an XLSX cell"
                    ))
                    .hint("write CSV, JSONL or Parquet"));
                }
                sheet.write_string(row, column, text.as_ref()).map(drop)
            }
        };
        written.map_err(|error| cannot_write(name, error))
    }
}

impl RowWriter for SheetWriter {
    fn write(&mut self, fields: &Fields) -> Result<()> {
        if self.n_rows == MAX_ROWS {
            return Err(Error::invalid(format!(
                "`{}` is full: a sheet has {MAX_ROWS} rows with its header",
                self.target.name()
            ))
            .hint("write CSV, JSONL or Parquet"));
        }
        let n_found = self.columns.iter().filter(|column| fields.get(&column.name).is_some()).count();
        refuse_homeless(&self.columns, fields, n_found)?;
        for at in 0..self.columns.len() {
            if let Some(cell) = fields.get(&self.columns[at].name) {
                self.write_cell(at, cell)?;
            }
        }
        self.n_rows += 1;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let saved = self.book.save_to_writer(&mut self.target);
        saved.map_err(|error| cannot_write(self.target.name(), error))?;
        self.target.commit()
    }
}

fn write_number(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    number: &serde_json::Number,
) -> std::result::Result<(), XlsxError> {
    let is_big = number.as_i64().is_some_and(|whole| whole.unsigned_abs() > MAX_WHOLE)
        || number.as_u64().is_some_and(|whole| whole > MAX_WHOLE);
    match number.as_f64() {
        Some(double) if !is_big => sheet.write_number(row, column, double).map(drop),
        _ => sheet.write_string(row, column, number.to_string()).map(drop),
    }
}

fn cannot_write(name: &str, error: XlsxError) -> Error {
    Error::external(format!("cannot write `{name}`")).because(error).hint("is the disk full?")
}
