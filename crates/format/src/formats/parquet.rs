//! Parquet: columns with types.
//!
//! In: any flat or nested schema, one row at a time through the row interface of the `parquet` crate, without Arrow: dates
//! and times become ISO strings, decimals strings, lists and structs JSON. Out: text, integer, double, Boolean and JSON
//! columns, all optional, in row groups of at most 65,536 rows or 16 MiB, compressed with Zstandard.

mod cell;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};

use karat_core::{Error, Fields, Result};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Row;
use parquet::record::reader::RowIter;

use super::refuse_twins;
use crate::{Column, ColumnKind, Format, RawRow, ReadOptions, RowReader, RowWriter, Source, Target};
use cell::Shape;

/// Apache Parquet.
pub(crate) struct Parquet;

impl Format for Parquet {
    fn id(&self) -> &'static str {
        "parquet"
    }
    fn about(&self) -> &'static str {
        "columns with types, compressed"
    }
    fn extensions(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }
    fn read(&self, source: Source, _options: &ReadOptions) -> Result<Box<dyn RowReader>> {
        Ok(Box::new(ParquetReader::open(source)?))
    }
    fn write(&self, target: Target, columns: &[Column]) -> Result<Box<dyn RowWriter>> {
        Ok(Box::new(write::ParquetWriter::open(target, columns)?))
    }
    fn example(&self) -> &'static [u8] {
        include_bytes!("../../examples/parquet/reviews.parquet")
    }
}

struct ParquetReader {
    name: String,
    columns: Vec<String>,
    shapes: Vec<Shape>,
    rows: Option<RowIter<'static>>,
    row: u64,
}

impl ParquetReader {
    fn open(source: Source) -> Result<Self> {
        let name = source.name().to_owned();
        let file = source.into_file()?;
        contained(&name, || {
            let reader = SerializedFileReader::new(file).map_err(|error| not_readable(&name, error))?;
            let schema = reader.metadata().file_metadata().schema_descr().root_schema_ptr();
            let fields = schema.get_fields();
            // Rows without cells could be promised without end.
            if fields.is_empty() {
                return Err(Error::invalid(format!("`{name}` has no column")));
            }
            let columns: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
            refuse_twins(&name, columns.iter().map(String::as_str))?;
            check_counts(&name, &reader)?;
            let shapes = fields.iter().map(|field| Shape::of(field)).collect();
            let rows = Some(RowIter::from_file_into(Box::new(reader)));
            Ok(Self { name: name.clone(), columns, shapes, rows, row: 0 })
        })
    }

    fn cells(&self, row: Row) -> std::result::Result<Fields, String> {
        let mut fields = Fields::with_capacity(self.columns.len());
        for ((name, field), shape) in row.into_columns().into_iter().zip(&self.shapes) {
            let cell = shape.cell(field).map_err(|reason| format!("`{name}` {reason}"))?;
            fields.insert(name, cell);
        }
        Ok(fields)
    }
}

impl RowReader for ParquetReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn kinds(&self) -> Option<Vec<ColumnKind>> {
        Some(self.shapes.iter().map(|shape| shape.kind()).collect())
    }

    fn next_row(&mut self) -> Result<Option<RawRow>> {
        let Some(mut rows) = self.rows.take() else {
            return Ok(None);
        };
        // After an error the columns no longer stand at the same row: the iterator is not put back.
        let next = contained(&self.name, || {
            rows.next().transpose().map_err(|error| not_readable(&self.name, error))
        })?;
        let Some(row) = next else { return Ok(None) };
        self.rows = Some(rows);
        self.row += 1;
        Ok(Some(RawRow { row: self.row, line: None, cells: self.cells(row) }))
    }
}

/// A broken file may promise rows that its columns do not have, and the reader would give them out as nulls.
fn check_counts(name: &str, reader: &SerializedFileReader<std::fs::File>) -> Result<()> {
    for group in reader.metadata().row_groups() {
        for column in group.columns() {
            let is_flat = column.column_descr().max_rep_level() == 0;
            if (is_flat && column.num_values() != group.num_rows()) || group.num_rows() < 0 {
                return Err(Error::invalid(format!(
                    "`{name}` is broken: `{}` has {} values for {} rows",
                    column.column_path(),
                    column.num_values(),
                    group.num_rows()
                )));
            }
        }
    }
    Ok(())
}

/// Runs the crate's code, which panics on some broken or rare files, and turns a panic into an error.
fn contained<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::invalid(format!("`{name}` is broken, or has a column type that cannot be read"))
            .hint("save it again with text, number, date and list columns"))
    })
}

fn not_readable(name: &str, error: parquet::errors::ParquetError) -> Error {
    Error::invalid(format!("`{name}` cannot be read as Parquet")).because(error)
}
