//! Writes Parquet: rows are gathered by columns, and a row group is written when there are enough.

use std::sync::Arc;

use karat_core::{Error, Fields, Result};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use serde_json::Value as Json;

use super::super::{refuse_homeless, refuse_twins};
use crate::{Column, ColumnKind, RowWriter, Target};

const MAX_GROUP_ROWS: usize = 65_536;
const MAX_GROUP_BYTES: usize = 16 * 1024 * 1024;

pub(super) struct ParquetWriter {
    name: String,
    writer: SerializedFileWriter<Target>,
    columns: Vec<Column>,
    gathered: Vec<Gathered>,
    n_rows: u64,
    n_group_rows: usize,
    n_group_bytes: usize,
}

impl ParquetWriter {
    pub(super) fn open(target: Target, columns: &[Column]) -> Result<Self> {
        let name = target.name().to_owned();
        refuse_twins(&name, columns.iter().map(|column| column.name.as_str()))?;
        if columns.is_empty() {
            return Err(Error::invalid(format!("`{name}` would have no column")));
        }
        let fields = columns.iter().map(|column| Ok(Arc::new(column_type(column)?)));
        let fields = fields.collect::<std::result::Result<Vec<TypePtr>, ParquetError>>();
        let schema = fields.and_then(|fields| Type::group_type_builder("schema").with_fields(fields).build());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by("karat".to_owned())
            .build();
        let writer = schema
            .and_then(|schema| SerializedFileWriter::new(target, Arc::new(schema), Arc::new(properties)));
        Ok(Self {
            writer: writer.map_err(|error| cannot_write(&name, error))?,
            gathered: columns.iter().map(|column| Gathered::new(column.kind)).collect(),
            columns: columns.to_vec(),
            name,
            n_rows: 0,
            n_group_rows: 0,
            n_group_bytes: 0,
        })
    }

    fn write_group(&mut self) -> Result<()> {
        if self.n_group_rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(|error| cannot_write(&self.name, error))?;
        let mut write = || -> std::result::Result<(), ParquetError> {
            for gathered in &mut self.gathered {
                let column = group.next_column()?;
                let mut column = column.ok_or_else(|| ParquetError::General("a column is missing".into()))?;
                gathered.write(&mut column)?;
                column.close()?;
                gathered.clear();
            }
            Ok(())
        };
        write().and_then(|()| group.close()).map_err(|error| cannot_write(&self.name, error))?;
        (self.n_group_rows, self.n_group_bytes) = (0, 0);
        Ok(())
    }
}

impl RowWriter for ParquetWriter {
    fn write(&mut self, fields: &Fields) -> Result<()> {
        let n_found = self.columns.iter().filter(|column| fields.get(&column.name).is_some()).count();
        refuse_homeless(&self.columns, fields, n_found)?;
        self.n_rows += 1;
        for (column, gathered) in self.columns.iter().zip(&mut self.gathered) {
            let cell = fields.get(&column.name).unwrap_or(&Json::Null);
            let n_bytes = gathered.push(cell).ok_or_else(|| unfit(&self.name, self.n_rows, column, cell))?;
            self.n_group_bytes += n_bytes;
        }
        self.n_group_rows += 1;
        if self.n_group_rows >= MAX_GROUP_ROWS || self.n_group_bytes >= MAX_GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.write_group()?;
        let target = self.writer.into_inner().map_err(|error| cannot_write(&self.name, error))?;
        target.commit()
    }
}

/// The cells of one column that are not yet written; a level of 0 stands for null.
struct Gathered {
    values: Values,
    levels: Vec<i16>,
}

enum Values {
    Text(Vec<ByteArray>),
    Json(Vec<ByteArray>),
    Integer(Vec<i64>),
    Number(Vec<f64>),
    Boolean(Vec<bool>),
}

impl Gathered {
    fn new(kind: ColumnKind) -> Self {
        let values = match kind {
            ColumnKind::Text => Values::Text(Vec::new()),
            ColumnKind::Json => Values::Json(Vec::new()),
            ColumnKind::Integer => Values::Integer(Vec::new()),
            ColumnKind::Number => Values::Number(Vec::new()),
            ColumnKind::Boolean => Values::Boolean(Vec::new()),
        };
        Self { values, levels: Vec::new() }
    }

    /// Takes a cell; how many bytes it needs, or `None` where it does not fit.
    fn push(&mut self, cell: &Json) -> Option<usize> {
        if cell.is_null() {
            self.levels.push(0);
            return Some(2);
        }
        let n_bytes = match &mut self.values {
            Values::Text(values) => {
                let text = cell.as_str()?;
                values.push(ByteArray::from(text.as_bytes().to_vec()));
                text.len()
            }
            Values::Json(values) => {
                let text = cell.to_string();
                values.push(ByteArray::from(text.as_bytes().to_vec()));
                text.len()
            }
            Values::Integer(values) => {
                values.push(cell.as_i64()?);
                8
            }
            Values::Number(values) => {
                values.push(double(cell)?);
                8
            }
            Values::Boolean(values) => {
                values.push(cell.as_bool()?);
                1
            }
        };
        self.levels.push(1);
        Some(n_bytes + 2)
    }

    fn write(&self, column: &mut SerializedColumnWriter<'_>) -> std::result::Result<(), ParquetError> {
        let levels = Some(self.levels.as_slice());
        match &self.values {
            Values::Text(values) | Values::Json(values) => {
                column.typed::<ByteArrayType>().write_batch(values, levels, None)?
            }
            Values::Integer(values) => column.typed::<Int64Type>().write_batch(values, levels, None)?,
            Values::Number(values) => column.typed::<DoubleType>().write_batch(values, levels, None)?,
            Values::Boolean(values) => column.typed::<BoolType>().write_batch(values, levels, None)?,
        };
        Ok(())
    }

    fn clear(&mut self) {
        self.levels.clear();
        match &mut self.values {
            Values::Text(values) | Values::Json(values) => values.clear(),
            Values::Integer(values) => values.clear(),
            Values::Number(values) => values.clear(),
            Values::Boolean(values) => values.clear(),
        }
    }
}

/// A number, or the names under which infinite ones and NaN are read.
fn double(cell: &Json) -> Option<f64> {
    match cell.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => cell.as_f64(),
    }
}

fn column_type(column: &Column) -> std::result::Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        ColumnKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnKind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        ColumnKind::Integer => (Physical::INT64, None),
        ColumnKind::Number => (Physical::DOUBLE, None),
        ColumnKind::Boolean => (Physical::BOOLEAN, None),
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
}

fn unfit(name: &str, row: u64, column: &Column, cell: &Json) -> Error {
    let kind = match column.kind {
        ColumnKind::Text => "strings",
        ColumnKind::Integer => "whole numbers",
        ColumnKind::Number => "numbers",
        ColumnKind::Boolean => "`true` and `false`",
        ColumnKind::Json => "JSON",
    };
    let cell: String = cell.to_string().chars().take(60).collect();
    Error::invalid(format!("row {row} of `{name}` has `{cell}` in `{}`, which holds {kind}", column.name))
        .hint("find what the columns hold by reading all rows, or write CSV or JSONL")
}

fn cannot_write(name: &str, error: ParquetError) -> Error {
    Error::external(format!("cannot write `{name}`")).because(error).hint("is the disk full?")
}
