//! The columns of a table and what they hold.
//!
//! In: cells. Out: the narrowest [`ColumnKind`] that holds all of them. A format with a schema says it itself; of the
//! others the rows are read.

use std::collections::HashMap;

use karat_core::{Fields, Item, Result};
use serde_json::Value as Json;

use crate::{ItemReader, ReadSpec, Row, files};

/// A column of a table to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name; unique in its table.
    pub name: String,
    /// What its cells hold.
    pub kind: ColumnKind,
}

impl Column {
    /// A column of a name and a kind.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        Self { name: name.into(), kind }
    }
}

/// What the cells of a column hold. Every cell may also be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Strings.
    Text,
    /// Whole numbers from -2^63 to 2^63 - 1.
    Integer,
    /// Numbers of double precision.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Lists, objects, or values of several kinds; kept as JSON text where the format has no such thing.
    Json,
}

impl ColumnKind {
    /// The kind of one cell; `None` for null, which fits everywhere.
    pub fn of(cell: &Json) -> Option<Self> {
        match cell {
            Json::Null => None,
            Json::Bool(_) => Some(Self::Boolean),
            Json::Number(number) if number.is_i64() => Some(Self::Integer),
            // Above 2^63 - 1 it is neither.
            Json::Number(number) if number.is_u64() => Some(Self::Json),
            Json::Number(_) => Some(Self::Number),
            Json::String(_) => Some(Self::Text),
            Json::Array(_) | Json::Object(_) => Some(Self::Json),
        }
    }

    /// The narrowest kind that holds the cells of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Integer, Self::Number) | (Self::Number, Self::Integer) => Self::Number,
            _ => Self::Json,
        }
    }
}

/// Finds the columns of rows as they come, in the order of their first appearance.
#[derive(Default)]
pub(crate) struct Gathered {
    names: Vec<String>,
    kinds: Vec<Option<ColumnKind>>,
    places: HashMap<String, usize>,
    /// A whole number above 2^53 was seen, which is no double.
    has_big: Vec<bool>,
}

impl Gathered {
    /// Takes note of a column, and of what it holds where that is known.
    pub(crate) fn add(&mut self, name: &str, kind: Option<ColumnKind>) -> usize {
        let place = self.places.get(name).copied().unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.kinds.push(None);
            self.has_big.push(false);
            self.places.insert(name.to_owned(), self.names.len() - 1);
            self.names.len() - 1
        });
        let known = &mut self.kinds[place];
        *known = match (*known, kind) {
            (Some(a), Some(b)) => Some(a.and(b)),
            (a, b) => a.or(b),
        };
        place
    }

    /// Takes note of the cells of a row.
    pub(crate) fn add_row(&mut self, cells: &Fields) {
        for (name, cell) in cells {
            let place = self.add(name, ColumnKind::of(cell));
            let is_big = cell.as_i64().is_some_and(|whole| whole.unsigned_abs() > 1 << 53);
            self.has_big[place] |= is_big;
        }
    }

    /// The names so far.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns; one that was always null is text.
    pub(crate) fn columns(self) -> Vec<Column> {
        let kinds = self.kinds.into_iter().zip(self.has_big).map(|(kind, has_big)| match kind {
            Some(ColumnKind::Number) if has_big => ColumnKind::Json,
            kind => kind.unwrap_or(ColumnKind::Text),
        });
        self.names.into_iter().zip(kinds).map(|(name, kind)| Column { name, kind }).collect()
    }
}

/// The columns of all files of `spec`, and what they hold, for a table that keeps them.
///
/// CSV, TSV and Parquet say it at once. Of JSONL, JSON and XLSX every row is read: they have no schema, and a table with
/// fixed columns needs one before its first row.
///
/// # Errors
/// Where a file cannot be opened or read.
pub fn scan_columns(spec: &ReadSpec) -> Result<Vec<Column>> {
    let mut gathered = Gathered::default();
    if spec.dialogue.is_some() {
        for row in ItemReader::open(spec)? {
            match row {
                Row::Item(Item { fields, .. }) | Row::Problem(_, Some(fields)) => gathered.add_row(&fields),
                Row::Problem(_, None) => {}
            }
        }
        return Ok(gathered.columns());
    }
    for file in files::expand(&spec.files, &spec.base)? {
        let mut reader = file.open(spec)?;
        let names = reader.columns().to_vec();
        if let Some(kinds) = reader.kinds() {
            for (name, kind) in names.iter().zip(kinds) {
                gathered.add(name, Some(kind));
            }
            continue;
        }
        for name in &names {
            gathered.add(name, None);
        }
        while let Some(raw) = reader.next_row()? {
            if let Ok(cells) = raw.cells {
                gathered.add_row(&cells);
            }
        }
    }
    Ok(gathered.columns())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_kind(cells: &[Json], want: ColumnKind) {
        let mut gathered = Gathered::default();
        for cell in cells {
            gathered.add_row(&Fields::from_iter([("a".to_owned(), cell.clone())]));
        }
        assert_eq!(gathered.columns(), [Column::new("a", want)]);
    }

    #[test]
    fn a_column_has_the_narrowest_kind_of_its_cells() {
        check_kind(&[json!(null)], ColumnKind::Text);
        check_kind(&[json!("7"), json!(null)], ColumnKind::Text);
        check_kind(&[json!(null), json!(7)], ColumnKind::Integer);
        check_kind(&[json!(7), json!(1.5)], ColumnKind::Number);
        check_kind(&[json!(true), json!(false)], ColumnKind::Boolean);
        check_kind(&[json!(7), json!("7")], ColumnKind::Json);
        check_kind(&[json!([1])], ColumnKind::Json);
    }

    #[test]
    fn a_whole_number_that_is_no_double_is_not_made_one() {
        check_kind(&[json!((1_i64 << 53) + 1), json!(0.5)], ColumnKind::Json);
        check_kind(&[json!(u64::MAX)], ColumnKind::Json);
        check_kind(&[json!(i64::MIN)], ColumnKind::Integer);
    }
}
