//! Writes one table to one file, in the format that its ending means.

use karat_core::{Error, Fields, Result};

use crate::{Column, Format, RowWriter, Target, format, format_by_id, format_of_path};

/// A table that is being written. It takes its place when it is finished, and leaves nothing behind when it is not.
pub struct TableWriter {
    writer: Box<dyn RowWriter>,
}

impl TableWriter {
    /// Begins a table at `path`, or on standard output for `-`. The format is `format`, else what the ending of the path
    /// means, else CSV on standard output.
    ///
    /// # Errors
    /// Where the format is not known, two columns have one name, or the file cannot be created.
    pub fn create(path: &str, columns: &[Column], format: Option<&str>) -> Result<Self> {
        let format = output_format(path, format)?;
        let writer = format.write(Target::create(path)?, columns)?;
        Ok(Self { writer })
    }

    /// Writes a row: the cells of `fields` and those of `extra`, each under its column. A column without a cell is null.
    /// JSONL and JSON write the cells that are there, in their own order.
    ///
    /// # Errors
    /// Where a cell has no column or does not fit it, the format has no room for it, or the file cannot be written.
    pub fn write(&mut self, fields: &Fields, extra: &Fields) -> Result<()> {
        self.writer.write(fields, extra)
    }

    /// Puts the table in its place.
    ///
    /// # Errors
    /// Where it cannot be written; then the file that was there before is still there.
    pub fn finish(self) -> Result<()> {
        self.writer.finish()
    }
}

fn output_format(path: &str, asked: Option<&str>) -> Result<&'static dyn Format> {
    if let Some(id) = asked {
        return format_by_id(id);
    }
    if path == "-" {
        return format_by_id("csv");
    }
    format_of_path(path).ok_or_else(|| {
        Error::invalid(format!(
            "the ending of `{path}` does not say which format it is to have"
        ))
        .hint(format!("known formats: {}", format::known_ids()))
    })
}
