//! Every format reads its example, and gives back what it was given.

mod fuzz;
mod text;
mod typed;

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use karat_core::{Fields, Result};
use serde_json::{Value as Json, json};

use super::*;
use crate::columns::Gathered;
use crate::{ColumnKind, FORMATS, Format, RawRow, ReadOptions, Source, Target};

/// A writer whose bytes can still be had when it is gone.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn raw_rows(format: &dyn Format, bytes: &[u8], options: &ReadOptions) -> Result<Vec<RawRow>> {
    let mut reader = format.read(Source::bytes("a", bytes)?, options)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
        assert!(rows.len() <= 1_000_000, "{} reads for ever", format.id());
    }
    Ok(rows)
}

#[track_caller]
fn rows(format: &dyn Format, bytes: &[u8]) -> Vec<Fields> {
    let rows = raw_rows(format, bytes, &ReadOptions::default()).unwrap();
    rows.into_iter().map(|row| row.cells.unwrap()).collect()
}

fn written(format: &dyn Format, columns: &[Column], rows: &[Fields]) -> Result<Vec<u8>> {
    let kept = Kept::default();
    let mut writer = format.write(Target::writer("a", kept.clone())?, columns)?;
    for row in rows {
        writer.write(row)?;
    }
    writer.finish()?;
    Ok(kept.bytes())
}

/// The columns as the format itself tells them, or as the rows do.
fn columns_of(format: &dyn Format, bytes: &[u8]) -> Vec<Column> {
    let reader = format.read(Source::bytes("a", bytes).unwrap(), &ReadOptions::default()).unwrap();
    if let Some(kinds) = reader.kinds() {
        let named = reader.columns().iter().zip(kinds);
        return named.map(|(name, kind)| Column::new(name, kind)).collect();
    }
    let mut gathered = Gathered::default();
    rows(format, bytes).iter().for_each(|row| gathered.add_row(row));
    gathered.columns()
}

fn fields(object: Json) -> Fields {
    match object {
        Json::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

fn format(id: &str) -> &'static dyn Format {
    crate::format_by_id(id).unwrap()
}

#[test]
fn every_format_reads_the_ids_and_texts_of_its_example() {
    for format in FORMATS {
        let rows = rows(*format, format.example());
        let ids: Vec<&Json> = rows.iter().map(|row| &row["id"]).collect();
        assert_eq!(ids, ["007", "008", "009", "010"], "{}", format.id());
        let texts: Vec<&Json> = rows.iter().map(|row| &row["text"]).collect();
        let want = [
            "The case broke, and the shop was silent.",
            "He said \"fine\" and\nsent a new one.",
            " Хороший телефон 🎉 ",
            "屏幕很亮。",
        ];
        assert_eq!(texts, want, "{}", format.id());
    }
}

#[test]
fn every_format_gives_back_its_example() {
    for format in FORMATS {
        let rows_before = rows(*format, format.example());
        let columns = columns_of(*format, format.example());
        let bytes = written(*format, &columns, &rows_before).unwrap();
        let rows_after = rows(*format, &bytes);
        let (before, after) = (json!(rows_before), json!(rows_after));
        // Without a schema, a row of JSON has only its own fields.
        assert_eq!(before, after, "{}", format.id());
        assert_eq!(columns_of(*format, &bytes), columns, "{}", format.id());
    }
}

#[test]
fn the_cells_of_csv_survive_every_format() {
    let before = rows(&Csv, Csv.example());
    let columns = columns_of(&Csv, Csv.example());
    for format in FORMATS {
        let bytes = written(*format, &columns, &before).unwrap();
        let mut after = rows(*format, &bytes);
        if format.id() == "xlsx" {
            // The only loss: a sheet has no empty text.
            let cells = after.iter_mut().flat_map(|row| row.values_mut());
            cells.filter(|cell| cell.is_null()).for_each(|cell| *cell = json!(""));
        }
        assert_eq!(after, before, "{}", format.id());
    }
}

#[test]
fn every_format_refuses_two_columns_of_one_name() {
    let twins = ["a", "b", "a"].map(|name| Column::new(name, ColumnKind::Text));
    for format in FORMATS {
        let error = written(*format, &twins, &[]).unwrap_err().to_string();
        assert_eq!(error, "`a` has two columns called `a`", "{}", format.id());
    }
}

#[test]
fn no_format_loses_a_cell_without_a_word() {
    let columns = [Column::new("a", ColumnKind::Text)];
    for format in FORMATS {
        let row = fields(json!({"a": "x", "b": "y"}));
        let done = written(*format, &columns, &[row]);
        match format.id() {
            "jsonl" | "json" => assert_eq!(rows(*format, &done.unwrap())[0]["b"], "y"),
            id => {
                let error = done.unwrap_err().to_string();
                assert_eq!(error, "a row has the cell `b`, which is no column of the table", "{id}");
            }
        }
    }
}

#[test]
fn every_format_writes_a_table_without_rows() {
    let columns = [Column::new("a", ColumnKind::Text)];
    for format in FORMATS {
        let bytes = written(*format, &columns, &[]).unwrap();
        if format.id() == "jsonl" {
            assert!(bytes.is_empty());
        }
        assert_eq!(rows(*format, &bytes), Vec::<Fields>::new(), "{}", format.id());
    }
}

#[test]
fn every_format_has_a_page_and_endings_of_its_own() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/formats.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut endings = Vec::new();
    for format in FORMATS {
        assert!(page.contains(&format!("\n## {}\n", format.id())), "{}", format.id());
        endings.extend_from_slice(format.extensions());
    }
    let n_endings = endings.len();
    endings.sort_unstable();
    endings.dedup();
    assert_eq!(endings.len(), n_endings);
}
