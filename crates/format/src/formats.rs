//! The formats, one file for each.

mod csv;
mod json;
mod jsonl;
mod parquet;
mod xlsx;

pub(crate) use csv::{Csv, Tsv, delimiter_of};
pub(crate) use json::{Json, LIST_KEYS};
pub(crate) use jsonl::Jsonl;
pub(crate) use parquet::Parquet;
pub(crate) use xlsx::Xlsx;

use std::collections::HashSet;

use karat_core::{Error, Fields, Result};

use crate::Column;

/// A row larger than this is left out: a file without line ends must not fill the memory.
const MAX_ROW_BYTES: usize = 64 * 1024 * 1024;

/// Refuses a table in which two columns have one name.
fn refuse_twins<'a>(file: &str, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let mut seen = HashSet::new();
    let mut twins: Vec<&str> = names.into_iter().filter(|name| !seen.insert(*name)).collect();
    twins.dedup();
    if twins.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = twins.iter().map(|name| format!("`{name}`")).collect();
    Err(Error::invalid(format!("`{file}` has two columns called {}", named.join(" and two called ")))
        .hint("give each column a name of its own"))
}

/// Refuses a row with a cell that has no column: it would be lost. `n_found` of its cells have one.
fn refuse_homeless(columns: &[Column], fields: &Fields, n_found: usize) -> Result<()> {
    if n_found == fields.len() {
        return Ok(());
    }
    let is_known = |name: &str| columns.iter().any(|column| column.name == name);
    let homeless = fields.keys().find(|name| !is_known(name));
    Err(Error::invalid(format!(
        "a row has the cell `{}`, which is no column of the table",
        homeless.map_or("", String::as_str)
    ))
    .hint("find the columns by reading all rows, or write JSONL, where each row has its own"))
}

#[cfg(test)]
mod tests;
