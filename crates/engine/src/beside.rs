//! The data with further columns beside its own: what consensus, acceptance and the search for errors write.
//!
//! In: a panel, the columns to add, the cells of each item. Out: a file in which every row of the data stands, in its order
//! and with its own columns untouched, those that are no items too. Without a project there are the ids alone.

use karat_core::{Fields, Result};
use karat_format::{Column, ColumnKind, Row, TableWriter, scan_columns};
use serde_json::{Value as Json, json};

use crate::export::free_name;
use crate::panel::Panel;
use crate::run::{CHUNK, row_chunks};
use crate::setup::Setup;

/// Writes the table to `to`, a path whose ending names the format, or `-` for JSON lines on standard output. `cells` gives
/// the added cells of an item by its number, and of a row that is no item, in the order of `added`; a row for which it
/// gives nothing is left out.
/// Returns how many rows were written.
pub(crate) async fn write_beside(
    panel: &Panel,
    setup: Option<&Setup>,
    to: &str,
    added: &[(String, ColumnKind)],
    mut cells: impl FnMut(Option<usize>) -> Option<Vec<Json>>,
) -> Result<u64> {
    let mut columns = match setup {
        Some(setup) => scan_columns(&setup.read)?,
        None if panel.texts.is_empty() => vec![Column::new("item", ColumnKind::Text)],
        None => vec![Column::new("item", ColumnKind::Text), Column::new("text", ColumnKind::Text)],
    };
    let n_own = columns.len();
    for (name, kind) in added {
        columns.push(Column::new(free_name(name, &columns), *kind));
    }
    let mut writer = TableWriter::create(to, &columns)?;
    let names: Vec<String> = columns.split_off(n_own).into_iter().map(|column| column.name).collect();
    let mut n_rows = 0;
    let mut put = |mut fields: Fields, item: Option<usize>| -> Result<()> {
        if let Some(cells) = cells(item) {
            fields.extend(names.iter().cloned().zip(cells));
            writer.write(&fields)?;
            n_rows += 1;
        }
        Ok(())
    };
    match setup {
        Some(setup) => {
            let mut item = 0;
            let mut chunks = row_chunks(setup.read.clone(), None, CHUNK);
            while let Some(chunk) = chunks.recv().await {
                for row in chunk? {
                    match row {
                        Row::Item(row) => {
                            put(row.fields, Some(item))?;
                            item += 1;
                        }
                        Row::Problem(_, fields) => put(fields.unwrap_or_default(), None)?,
                    }
                }
            }
        }
        None => {
            for item in 0..panel.n_items() {
                let mut fields = Fields::default();
                fields.insert("item".to_owned(), json!(&*panel.ids[item]));
                if let Some(text) = panel.texts.get(item) {
                    fields.insert("text".to_owned(), json!(&**text));
                }
                put(fields, Some(item))?;
            }
        }
    }
    writer.finish()?;
    Ok(n_rows)
}
