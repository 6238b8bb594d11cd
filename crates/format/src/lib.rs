//! Files in and out.
//!
//! In: CSV, TSV, JSONL, JSON, Parquet and XLSX, also as `.gz` or `.zst`, from files, globs or standard input. Out: the same
//! formats. [`ItemReader`] gives items and problems row by row, so that memory does not grow with the file;
//! [`TableWriter`] writes a table that is there whole or not at all; [`look`] says what a file seems to hold.
//!
//! A format is a row of [`FORMATS`]. A value that came in goes out unchanged: `007`, `NA` and ` x ` of a CSV file are
//! strings for ever.
//!
//! Not here: what is done with the items, and the store.

mod columns;
mod decode;
mod detect;
mod dialogue;
mod files;
mod format;
mod formats;
mod items;
mod look;
mod seen;
mod source;
mod table;
mod target;

pub use columns::{Column, ColumnKind, scan_columns};
pub use dialogue::TURN_COLUMNS;
pub use format::{FORMATS, Format, RawRow, ReadOptions, RowReader, RowWriter, format_by_id, format_of_path};
pub use items::{ItemReader, ReadSpec, Row, Screen};
pub use look::{ColumnLook, Look, look};
pub use source::Source;
pub use table::TableWriter;
pub use target::Target;
