//! JSON: a list of objects, or an object with such a list under `data`, `items` or `rows`.
//!
//! In: one row at a time, so that memory does not grow with the file. A row that is broken is told and the next one read,
//! as long as its brackets are even. Out: a list with an object in each line.

mod elements;

use std::io::Write;

use karat_core::{Fields, Result};

use super::jsonl::{read_object, too_long};
use super::refuse_twins;
use crate::{Column, ColumnKind, Format, RawRow, ReadOptions, RowReader, RowWriter, Source, Target, decode};
use elements::Elements;

/// The keys under which a list of rows is looked for.
pub(crate) const LIST_KEYS: [&str; 3] = ["data", "items", "rows"];

/// A list of JSON objects.
pub(crate) struct Json;

impl Format for Json {
    fn id(&self) -> &'static str {
        "json"
    }
    fn about(&self) -> &'static str {
        "a list of JSON objects, also under `data`, `items` or `rows`"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }
    fn read(&self, source: Source, options: &ReadOptions) -> Result<Box<dyn RowReader>> {
        let name = source.name().to_owned();
        let input = decode::text(source, options.encoding.as_deref())?;
        let elements = Elements::open(&name, input)?;
        Ok(Box::new(ListReader { elements, row: 0 }))
    }
    fn write(&self, target: Target, columns: &[Column]) -> Result<Box<dyn RowWriter>> {
        refuse_twins(target.name(), columns.iter().map(|column| column.name.as_str()))?;
        Ok(Box::new(ListWriter { target, line: Vec::new(), n_rows: 0 }))
    }
    fn example(&self) -> &'static [u8] {
        include_bytes!("../../examples/json/reviews.json")
    }
}

struct ListReader {
    elements: Elements,
    row: u64,
}

impl RowReader for ListReader {
    fn columns(&self) -> &[String] {
        &[]
    }

    fn kinds(&self) -> Option<Vec<ColumnKind>> {
        None
    }

    fn next_row(&mut self) -> Result<Option<RawRow>> {
        let Some(element) = self.elements.next_element()? else {
            return Ok(None);
        };
        self.row += 1;
        let cells = if element.is_whole { read_object(self.elements.text()) } else { Err(too_long()) };
        Ok(Some(RawRow { row: self.row, line: Some(element.line), cells }))
    }
}

struct ListWriter {
    target: Target,
    line: Vec<u8>,
    n_rows: u64,
}

impl RowWriter for ListWriter {
    fn write(&mut self, fields: &Fields) -> Result<()> {
        self.line.clear();
        self.line.extend_from_slice(if self.n_rows == 0 { b"[\n" } else { b",\n" });
        self.n_rows += 1;
        let written = serde_json::to_writer(&mut self.line, fields);
        let written = written.map_err(std::io::Error::from).and_then(|()| self.target.write_all(&self.line));
        written.map_err(|error| self.target.cannot_write(error))
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let end: &[u8] = if self.n_rows == 0 { b"[]\n" } else { b"\n]\n" };
        self.target.write_all(end).map_err(|error| self.target.cannot_write(error))?;
        self.target.commit()
    }
}
