//! XLSX: one sheet of a workbook.
//!
//! In: the first row with anything in it is the header; a row is given as soon as it is read, but the table of shared strings,
//! where Excel keeps texts, is in memory whole. A number stays a number, and the text `007` a text; dates become ISO
//! strings; of a formula its stored value is read. Out: one sheet in constant memory; never a formula or a link.

mod cell;
mod write;

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use calamine::{Reader as _, Xlsx as Workbook, XlsxError};
use karat_core::{Error, Fields, Result};
use serde_json::Value as Json;

use super::refuse_twins;
use crate::{Column, ColumnKind, Format, RawRow, ReadOptions, RowReader, RowWriter, Source, Target};

/// How many rows go from the reading thread at a time, and how many such batches may wait.
const BATCH_ROWS: usize = 128;
const N_BATCHES: usize = 4;

/// Excel has no more columns.
const MAX_COLUMNS: u32 = 16_384;

/// A sheet of Excel.
pub(crate) struct Xlsx;

impl Format for Xlsx {
    fn id(&self) -> &'static str {
        "xlsx"
    }
    fn about(&self) -> &'static str {
        "a sheet of an Excel workbook"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["xlsx"]
    }
    fn read(&self, source: Source, options: &ReadOptions) -> Result<Box<dyn RowReader>> {
        Ok(Box::new(SheetReader::open(source, options.sheet.clone())?))
    }
    fn write(&self, target: Target, columns: &[Column]) -> Result<Box<dyn RowWriter>> {
        Ok(Box::new(write::SheetWriter::open(target, columns)?))
    }
    fn example(&self) -> &'static [u8] {
        include_bytes!("../../examples/xlsx/reviews.xlsx")
    }
}

/// What the reading thread sends.
enum Message {
    Header(Vec<String>),
    Rows(Vec<RawRow>),
    Failed(Error),
}

/// The cells of a sheet are borrowed from its workbook: both live in a thread of their own, which sends rows.
struct SheetReader {
    columns: Vec<String>,
    messages: Receiver<Message>,
    rows: std::vec::IntoIter<RawRow>,
}

impl SheetReader {
    fn open(source: Source, sheet: Option<String>) -> Result<Self> {
        let name = source.name().to_owned();
        let file = source.into_file()?;
        let (sender, messages) = sync_channel(N_BATCHES);
        let thread = std::thread::Builder::new().name("xlsx".to_owned());
        let spawned = thread.spawn(move || {
            // The crate panics on some broken files; such a panic ends this file and no more.
            let done = catch_unwind(AssertUnwindSafe(|| send_rows(&name, file, sheet.as_deref(), &sender)));
            let failed = match done {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error,
                Err(_) => Error::invalid(format!("`{name}` is broken")).hint("save it again as XLSX"),
            };
            // Nobody waits any more: then nobody needs to know.
            let _sent = sender.send(Message::Failed(failed));
        });
        spawned.map_err(|error| Error::external("cannot start a thread to read XLSX").because(error))?;
        let columns = match messages.recv() {
            Ok(Message::Header(columns)) => columns,
            Ok(Message::Failed(error)) => return Err(error),
            Ok(Message::Rows(_)) | Err(_) => {
                return Err(Error::bug("the XLSX thread ended before the header"));
            }
        };
        Ok(Self { columns, messages, rows: Vec::new().into_iter() })
    }
}

impl RowReader for SheetReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn kinds(&self) -> Option<Vec<ColumnKind>> {
        None
    }

    fn next_row(&mut self) -> Result<Option<RawRow>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            match self.messages.recv() {
                Ok(Message::Rows(rows)) => self.rows = rows.into_iter(),
                Ok(Message::Failed(error)) => return Err(error),
                Ok(Message::Header(_)) | Err(_) => return Ok(None),
            }
        }
    }
}

/// The whole work of the thread. It ends early when nobody receives any more.
fn send_rows(name: &str, file: File, sheet: Option<&str>, sender: &SyncSender<Message>) -> Result<()> {
    let mut book: Workbook<_> =
        Workbook::new(BufReader::new(file)).map_err(|error| not_readable(name, &error))?;
    let sheet = chosen_sheet(name, &book.sheet_names(), sheet)?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|error| not_readable(name, &error))?;
    let mut table = Table::default();
    let mut batch = Vec::new();
    loop {
        let cell = cells.next_cell().map_err(|error| not_readable(name, &error))?;
        let place = cell.as_ref().map(calamine::Cell::get_position);
        if place.map(|(row, _)| row) != table.sheet_row {
            let is_wanted = match table.end_row(name)? {
                Some(Ended::Header(columns)) => sender.send(Message::Header(columns)).is_ok(),
                Some(Ended::Row(row)) => {
                    batch.push(row);
                    true
                }
                None => true,
            };
            if !is_wanted {
                return Ok(());
            }
        }
        if batch.len() >= BATCH_ROWS || (cell.is_none() && !batch.is_empty()) {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS));
            if sender.send(Message::Rows(full)).is_err() {
                return Ok(());
            }
        }
        let (Some(cell), Some((row, column))) = (cell, place) else {
            break;
        };
        table.sheet_row = Some(row);
        table.push(name, column, cell::value(cell.get_value()))?;
    }
    if table.header.is_empty() {
        return Err(Error::invalid(format!(
            "the sheet `{sheet}` of `{name}` is empty: a header row is missing"
        ))
        .hint("put the names of the columns into its first row"));
    }
    Ok(())
}

fn chosen_sheet(name: &str, sheets: &[String], asked: Option<&str>) -> Result<String> {
    let chosen = match asked {
        Some(asked) => sheets.iter().find(|sheet| *sheet == asked),
        None => sheets.first(),
    };
    chosen.cloned().ok_or_else(|| {
        let sheets: Vec<String> = sheets.iter().map(|sheet| format!("`{sheet}`")).collect();
        Error::invalid(format!("`{name}` has no sheet `{}`", asked.unwrap_or_default()))
            .hint(format!("it has {}", sheets.join(", ")))
    })
}

/// What a row of the sheet turned out to be.
enum Ended {
    Header(Vec<String>),
    Row(RawRow),
}

/// The header, and the cells of the row that is being read.
#[derive(Default)]
struct Table {
    /// The place of each column in the sheet and its name, from left to right.
    header: Vec<(u32, String)>,
    sheet_row: Option<u32>,
    cells: Vec<(u32, Json)>,
    n_rows: u64,
}

impl Table {
    fn push(&mut self, name: &str, column: u32, value: Json) -> Result<()> {
        if column >= MAX_COLUMNS {
            return Err(Error::invalid(format!("`{name}` is broken: it has a cell in column {column}")));
        }
        if !value.is_null() {
            self.cells.push((column, value));
        }
        Ok(())
    }

    /// What the cells so far are; `None` where there are none.
    fn end_row(&mut self, name: &str) -> Result<Option<Ended>> {
        if self.cells.is_empty() {
            return Ok(None);
        }
        let mut cells = std::mem::take(&mut self.cells);
        cells.sort_by_key(|(column, _)| *column);
        if self.header.is_empty() {
            let names = cells.iter().map(|(column, cell)| {
                (*column, karat_core::cell_text(cell).unwrap_or_default().into_owned())
            });
            self.header = names.collect();
            let columns: Vec<String> = self.header.iter().map(|(_, column)| column.clone()).collect();
            refuse_twins(name, columns.iter().map(String::as_str))?;
            return Ok(Some(Ended::Header(columns)));
        }
        self.n_rows += 1;
        let line = self.sheet_row.map(|row| u64::from(row) + 1);
        Ok(Some(Ended::Row(RawRow { row: self.n_rows, line, cells: self.row_of(cells) })))
    }

    fn row_of(&self, cells: Vec<(u32, Json)>) -> std::result::Result<Fields, String> {
        let mut fields: Fields = self.header.iter().map(|(_, name)| (name.clone(), Json::Null)).collect();
        for (column, cell) in cells {
            let place = self.header.binary_search_by_key(&column, |(place, _)| *place);
            let Ok(place) = place else {
                return Err(format!(
                    "it has a value in column {}, which has no header",
                    cell::letters(column)
                ));
            };
            fields[self.header[place].1.as_str()] = cell;
        }
        Ok(fields)
    }
}

fn not_readable(name: &str, error: &XlsxError) -> Error {
    Error::invalid(format!("`{name}` cannot be read as XLSX")).because(error.to_string())
}
