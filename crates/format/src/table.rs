//! Writes one table to one file, in the format that its ending means.

use karat_core::{Error, Fields, Result};

use crate::{Column, Format, RowWriter, Target, format, format_by_id, format_of_path};

/// A table that is being written. It takes its place when it is finished, and leaves nothing behind when it is not.
pub struct TableWriter {
    writer: Box<dyn RowWriter>,
}

impl TableWriter {
    /// Begins a table at `path`, in the format that its ending means; on standard output, for `-`, in JSONL.
    ///
    /// # Errors
    /// Where the ending means no format, two columns have one name, or the file cannot be created.
    pub fn create(path: &str, columns: &[Column]) -> Result<Self> {
        let by_path = if path == "-" { Some(format_by_id("jsonl")?) } else { format_of_path(path) };
        let format = by_path.ok_or_else(|| {
            Error::invalid(format!("the ending of `{path}` does not say which format it is to have"))
                .hint(format!("known formats: {}", format::known_ids()))
        })?;
        Self::begin(path, columns, format)
    }

    /// Begins a table at `path`, or on standard output for `-`, in the format with this id.
    ///
    /// # Errors
    /// Where there is no such format, two columns have one name, or the file cannot be created.
    pub fn create_as(path: &str, columns: &[Column], format: &str) -> Result<Self> {
        Self::begin(path, columns, format_by_id(format)?)
    }

    fn begin(path: &str, columns: &[Column], format: &dyn Format) -> Result<Self> {
        let writer = format.write(Target::create(path)?, columns)?;
        Ok(Self { writer })
    }

    /// Writes a row: each cell under its column. A column without a cell is null; JSONL and JSON write the cells that are
    /// there, in their own order.
    ///
    /// # Errors
    /// Where a cell has no column or does not fit it, the format has no room for it, or the file cannot be written.
    pub fn write(&mut self, fields: &Fields) -> Result<()> {
        self.writer.write(fields)
    }

    /// Puts the table in its place.
    ///
    /// # Errors
    /// Where it cannot be written; then the file that was there before is still there.
    pub fn finish(self) -> Result<()> {
        self.writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Column, ColumnKind};

    use super::*;

    #[track_caller]
    fn check_refused(path: &str, format: Option<&str>, want: &str) {
        let columns = [Column::new("a", ColumnKind::Text)];
        let writer = match format {
            Some(format) => TableWriter::create_as(path, &columns, format),
            None => TableWriter::create(path, &columns),
        };
        assert_eq!(writer.err().unwrap().to_string(), want);
    }

    #[test]
    fn an_ending_that_means_no_format_is_refused_before_anything_is_written() {
        check_refused("a.doc", None, "the ending of `a.doc` does not say which format it is to have");
        check_refused("a", None, "the ending of `a` does not say which format it is to have");
        check_refused("a.gz", None, "the ending of `a.gz` does not say which format it is to have");
        check_refused("a.csv", Some("doc"), "there is no format `doc`");
    }
}
