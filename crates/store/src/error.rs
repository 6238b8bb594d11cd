//! Turns an error of the database into one that says who must act and what to do next.
//!
//! In: an error of the driver and the file it concerns. Out: [`karat_core::Error`]. Nothing else in this crate reads
//! codes of the database.

use std::path::Path;

use karat_core::{Error, ErrorKind};

/// What the primary result codes of SQLite mean for us (<https://sqlite.org/rescode.html>).
const PERM: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;

/// The primary result code; `None` where the error is not the database's.
fn code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether the file holds no table of the name asked for: it is new, or not ours.
pub(crate) fn is_missing_table(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|told| told.message().starts_with("no such table"))
}

/// Whether the file could not be opened or created at all.
pub(crate) fn is_cannot_open(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(CANTOPEN | READONLY))
}

/// The error for a person, about the file at `path`.
pub(crate) fn told(error: &sqlx::Error, path: &Path) -> Error {
    let file = path.display();
    let known = match code(error) {
        Some(FULL) => Error::external(format!("the disk is full, and `{file}` could not take the last rows"))
            .hint("make space and run the same command again: every row that was confirmed is kept"),
        Some(PERM | READONLY | CANTOPEN) => Error::external(format!("cannot write `{file}`"))
            .hint("check that the folder exists and that you may write to it"),
        Some(NOTADB) => Error::external(format!("`{file}` is not a journal of karat"))
            .hint("move the file away, and a new one is made"),
        Some(CORRUPT) => Error::external(format!("`{file}` is damaged"))
            .hint("keep a copy of the file and bring back a backup, or move it away to begin anew"),
        Some(BUSY | LOCKED) => {
            Error::new(ErrorKind::Conflict, format!("`{file}` is locked by another program"))
                .hint("end the program that has it open, then run the same command again")
        }
        Some(IOERR) => Error::external(format!("the disk failed at `{file}`"))
            .hint("check the disk and its free space, then run the same command again"),
        _ => Error::bug(format!("the journal `{file}` refused a statement")),
    };
    known.because(error.to_string())
}

/// The error of a file or folder that could not be used.
pub(crate) fn io(doing: &str, path: &Path, error: std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::StorageFull => "make space and run the same command again",
        _ => "check that the folder exists and that you may write to it",
    };
    Error::external(format!("cannot {doing} `{}`", path.display())).because(error).hint(hint)
}
