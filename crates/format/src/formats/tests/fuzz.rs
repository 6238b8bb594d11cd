//! Arbitrary bytes never make a reader panic or read for ever, and arbitrary cells come back as they were.

use std::io::{Cursor, Read};

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// A workbook in which one part is another.
pub(super) fn with_part(book: &[u8], part: &str, change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut before = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut after = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..before.len() {
        let mut file = before.by_index(at).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        if name == part {
            bytes = change(&bytes);
        }
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        after.start_file(name, options).unwrap();
        after.write_all(&bytes).unwrap();
    }
    after.finish().unwrap().into_inner()
}

/// Reads to the end or the first error, as a user of the reader does.
fn survives(format: &dyn Format, bytes: &[u8]) {
    let _rows_or_error = raw_rows(format, bytes, &ReadOptions::default());
}

/// One change of a file: cut it off, set bytes, put bytes in, take bytes out.
#[derive(Debug, Clone)]
enum Change {
    Cut(Index),
    Set(Index, u8),
    Put(Index, Vec<u8>),
    Take(Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => any::<Index>().prop_map(Change::Cut),
        6 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        2 => (any::<Index>(), 1..40_usize).prop_map(|(at, n)| Change::Take(at, n)),
    ]
}

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        match change {
            Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Change::Set(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Change::Put(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Take(at, n) => {
                let at = at.index(bytes.len());
                bytes.drain(at..bytes.len().min(at + n));
            }
        }
    }
    bytes
}

fn cells() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = prop_oneof![any::<String>(), "[ab,;|\t\"\r\n\u{feff} =]{0,8}"];
    (1..5_usize)
        .prop_flat_map(move |width| prop::collection::vec(prop::collection::vec(cell.clone(), width), 0..8))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_have_rows_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        FORMATS.iter().for_each(|format| survives(*format, &bytes));
    }

    #[test]
    fn text_that_looks_like_csv_has_rows_or_an_error(text in "[ab,;|\t\"\r\n ]{0,80}") {
        survives(&Csv, text.as_bytes());
        survives(&Tsv, text.as_bytes());
    }

    #[test]
    fn text_that_looks_like_json_has_rows_or_an_error(text in "[{\\[]?([{}\\[\\]\",:\\\\ \n1atrue]|\"data\":|\"a\":1){0,60}") {
        survives(&Jsonl, text.as_bytes());
        survives(&Json, text.as_bytes());
    }

    #[test]
    fn every_cell_of_csv_and_tsv_comes_back(table in cells()) {
        let width = table.first().map_or(1, Vec::len);
        let columns: Vec<Column> = (0..width).map(|n| Column::new(format!("c{n}"), ColumnKind::Text)).collect();
        let names = || columns.iter().map(|column| column.name.clone());
        let before: Vec<Fields> =
            table.iter().map(|row| names().zip(row.iter().map(|cell| json!(cell))).collect()).collect();
        for (format, delimiter) in [(&Csv as &dyn Format, b','), (&Tsv, b'\t')] {
            let bytes = written(format, &columns, &before).unwrap();
            let options = ReadOptions { delimiter: Some(delimiter), ..ReadOptions::default() };
            let after = raw_rows(format, &bytes, &options).unwrap();
            let after: Vec<Fields> = after.into_iter().map(|row| row.cells.unwrap()).collect();
            prop_assert_eq!(&after, &before);
        }
    }

    #[test]
    fn every_string_survives_json_and_parquet(texts in prop::collection::vec(any::<String>(), 0..6)) {
        let before: Vec<Fields> = texts.iter().map(|text| fields(json!({"c": text}))).collect();
        for format in [&Jsonl as &dyn Format, &Json, &Parquet] {
            let bytes = written(format, &[Column::new("c", ColumnKind::Text)], &before).unwrap();
            prop_assert_eq!(&rows(format, &bytes), &before);
        }
    }

    #[test]
    fn a_changed_parquet_file_has_rows_or_an_error(changes in prop::collection::vec(change(), 1..4)) {
        survives(&Parquet, &changed(Parquet.example(), &changes));
    }

    #[test]
    fn a_changed_workbook_has_rows_or_an_error(
        changes in prop::collection::vec(change(), 1..4),
        part in prop::sample::select(vec!["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"]),
    ) {
        survives(&Xlsx, &changed(Xlsx.example(), &changes));
        survives(&Xlsx, &with_part(Xlsx.example(), part, |xml| changed(xml, &changes)));
    }

    #[test]
    fn a_changed_compressed_file_has_rows_or_an_error(changes in prop::collection::vec(change(), 1..4)) {
        for ending in ["gz", "zst"] {
            let kept = Kept::default();
            let mut target = Target::writer(&format!("a.{ending}"), kept.clone()).unwrap();
            target.write_all(Csv.example()).unwrap();
            target.commit().unwrap();
            survives(&Csv, &changed(&kept.bytes(), &changes));
        }
    }
}
