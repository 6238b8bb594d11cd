//! Which format a source is of: by what was asked for, by its ending, by its first bytes.

use karat_core::{Error, Result};
use serde_json::Value as Json;

use crate::formats::{Csv, Json as JsonFormat, Jsonl, Parquet, Xlsx};
use crate::{Format, Source, format_by_id, format_of_path};

const PARQUET: &[u8] = b"PAR1";
const ZIP: &[u8] = b"PK\x03\x04";

/// The format of a source. An ending that the first bytes contradict is an error.
pub(crate) fn format_of(source: &Source, asked: Option<&str>) -> Result<&'static dyn Format> {
    let by_bytes = by_first_bytes(source.head());
    let named = match asked {
        Some(id) => Some(format_by_id(id)?),
        None => format_of_path(source.name()),
    };
    let Some(named) = named else { return Ok(by_bytes) };
    // A list of JSON lines is often called `.json`.
    if asked.is_none() && named.id() == JsonFormat.id() && by_bytes.id() == Jsonl.id() {
        return Ok(by_bytes);
    }
    let is_binary = |format: &dyn Format| [Parquet.id(), Xlsx.id()].contains(&format.id());
    let contradicts =
        is_binary(named) != is_binary(by_bytes) || (is_binary(named) && named.id() != by_bytes.id());
    if contradicts && !source.head().is_empty() {
        return Err(Error::invalid(format!(
            "`{}` is to be read as `{}`, but its first bytes are those of `{}`",
            source.name(),
            named.id(),
            by_bytes.id()
        ))
        .hint("rename the file, or name its format"));
    }
    Ok(named)
}

fn by_first_bytes(head: &[u8]) -> &'static dyn Format {
    if head.starts_with(PARQUET) {
        return &Parquet;
    }
    if head.starts_with(ZIP) {
        return &Xlsx;
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        Some(b'[') => &JsonFormat,
        Some(b'{') if begins_with_a_line_of_json(text) => &Jsonl,
        Some(b'{') => &JsonFormat,
        _ => &Csv,
    }
}

/// Whether the first line is an object by itself, and no list that is wrapped into one.
fn begins_with_a_line_of_json(text: &[u8]) -> bool {
    let (line, rest) = match memchr::memchr(b'\n', text) {
        Some(end) => (&text[..end], text[end..].trim_ascii_start()),
        None => (text, &text[text.len()..]),
    };
    match serde_json::from_slice(line) {
        Ok(Json::Object(object)) => {
            !rest.is_empty() || !crate::formats::LIST_KEYS.iter().any(|key| object.contains_key(*key))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, bytes: &[u8], want: &str) {
        let source = Source::bytes(name, bytes).unwrap();
        let got = format_of(&source, None).map(Format::id).map_err(|error| error.to_string());
        assert_eq!(got.as_deref().unwrap_or_else(|error| error), want);
    }

    #[test]
    fn the_ending_decides_and_without_one_the_first_bytes() {
        check("a.csv", b"{}", "csv");
        check("A.TSV", b"a\tb", "tsv");
        check("a.pq", b"PAR1", "parquet");
        check("-", b"PAR1....", "parquet");
        check("-", b"PK\x03\x04", "xlsx");
        check("-", b"\xef\xbb\xbf [{}]", "json");
        check("-", b"{\"a\": 1}\n{\"a\": 2}\n", "jsonl");
        check("-", b"{\"a\": 1}", "jsonl");
        check("-", b"{\"data\": [{}]}", "json");
        check("-", b"{\n  \"data\": [{}]}", "json");
        check("-", b"text,label\n", "csv");
        check("-", b"", "csv");
    }

    #[test]
    fn json_lines_in_a_file_called_json_are_lines() {
        check("a.json", b"{\"a\": 1}\n{\"a\": 2}\n", "jsonl");
    }

    #[test]
    fn an_ending_that_the_bytes_contradict_is_an_error() {
        let said = "is to be read as `csv`, but its first bytes are those of `xlsx`";
        check("a.csv", b"PK\x03\x04", &format!("`a.csv` {said}"));
        check("a.xlsx", b"a,b", "`a.xlsx` is to be read as `xlsx`, but its first bytes are those of `csv`");
    }
}
