//! JSONL: an object in each line, with its own fields in their own order.
//!
//! Lines with nothing in them are passed over. Numbers keep their value, not their spelling: `1e2` comes out as `100.0`.

mod object;

use std::io::{BufRead, Write};

use karat_core::{Fields, Result};

use super::{MAX_ROW_BYTES, refuse_twins};
use crate::{Column, ColumnKind, Format, RawRow, ReadOptions, RowReader, RowWriter, Source, Target, decode};
pub(super) use object::read_object;

/// One JSON object a line.
pub(crate) struct Jsonl;

impl Format for Jsonl {
    fn id(&self) -> &'static str {
        "jsonl"
    }
    fn about(&self) -> &'static str {
        "a JSON object in each line"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["jsonl", "ndjson"]
    }
    fn read(&self, source: Source, options: &ReadOptions) -> Result<Box<dyn RowReader>> {
        let name = source.name().to_owned();
        let input = decode::text(source, options.encoding.as_deref())?;
        Ok(Box::new(LineReader { name, input, text: Vec::new(), line: 0, row: 0 }))
    }
    fn write(&self, target: Target, columns: &[Column]) -> Result<Box<dyn RowWriter>> {
        refuse_twins(target.name(), columns.iter().map(|column| column.name.as_str()))?;
        Ok(Box::new(LineWriter { target, line: Vec::new() }))
    }
    fn example(&self) -> &'static [u8] {
        include_bytes!("../../examples/jsonl/reviews.jsonl")
    }
}

struct LineReader {
    name: String,
    input: Box<dyn BufRead + Send>,
    text: Vec<u8>,
    line: u64,
    row: u64,
}

impl LineReader {
    /// Reads one line into `text`: whether there is one, and whether it is whole.
    fn read_line(&mut self) -> std::io::Result<Option<bool>> {
        self.text.clear();
        let (mut is_there, mut is_whole) = (false, true);
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(is_there.then_some(is_whole));
            }
            is_there = true;
            let end = memchr::memchr(b'\n', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            is_whole &= self.text.len() + part.len() <= MAX_ROW_BYTES;
            if is_whole {
                self.text.extend_from_slice(part);
            }
            let n_used = part.len() + usize::from(end.is_some());
            self.input.consume(n_used);
            if end.is_some() {
                return Ok(Some(is_whole));
            }
        }
    }
}

impl RowReader for LineReader {
    fn columns(&self) -> &[String] {
        &[]
    }

    fn kinds(&self) -> Option<Vec<ColumnKind>> {
        None
    }

    fn next_row(&mut self) -> Result<Option<RawRow>> {
        loop {
            let found = self.read_line().map_err(|error| crate::source::cannot_read(&self.name, error))?;
            let Some(is_whole) = found else { return Ok(None) };
            self.line += 1;
            let text = self.text.trim_ascii();
            if is_whole && text.is_empty() {
                continue;
            }
            self.row += 1;
            let cells = if is_whole { read_object(text) } else { Err(too_long()) };
            return Ok(Some(RawRow { row: self.row, line: Some(self.line), cells }));
        }
    }
}

/// The reason of a row that is not kept in memory.
pub(super) fn too_long() -> String {
    format!("it is longer than {} MiB", MAX_ROW_BYTES >> 20)
}

struct LineWriter {
    target: Target,
    line: Vec<u8>,
}

impl RowWriter for LineWriter {
    fn write(&mut self, fields: &Fields) -> Result<()> {
        self.line.clear();
        let written = serde_json::to_writer(&mut self.line, fields);
        self.line.push(b'\n');
        let written = written.map_err(std::io::Error::from).and_then(|()| self.target.write_all(&self.line));
        written.map_err(|error| self.target.cannot_write(error))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.target.commit()
    }
}
