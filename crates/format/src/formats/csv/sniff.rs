//! Finds out the delimiter and the line end of a CSV text from its beginning.

use std::io::Cursor;

use super::split::Split;

/// In the order in which they are preferred.
const CANDIDATES: [u8; 4] = [b',', b'\t', b';', b'|'];

/// So many rows are compared.
const N_ROWS: usize = 50;

/// The delimiter under which the rows agree best with the header.
///
/// A delimiter that splits the header goes before one that does not; then the share of rows with as many cells counts, then
/// the number of columns, then the order comma, tab, semicolon, bar. In a file of one column the delimiter is the first
/// that stands in no row, so that commas in a text do no harm.
pub(super) fn delimiter(head: &[u8]) -> u8 {
    let mut best = (CANDIDATES[0], (false, 0.0, 0));
    for candidate in CANDIDATES {
        let (agreement, n_columns) = agreement(head, candidate);
        let score = (n_columns > 1, agreement, n_columns);
        if score > best.1 {
            best = (candidate, score);
        }
    }
    best.0
}

/// `\n`, or `\r` where the text has no other line end.
pub(super) fn line_end(head: &[u8]) -> u8 {
    if memchr::memchr(b'\n', head).is_none() && memchr::memchr(b'\r', head).is_some() { b'\r' } else { b'\n' }
}

/// The share of rows with as many cells as the header, and how many that are.
fn agreement(head: &[u8], delimiter: u8) -> (f64, usize) {
    let mut split = Split::new(Box::new(Cursor::new(head.to_vec())), delimiter, line_end(head));
    let mut counts = Vec::new();
    while counts.len() <= N_ROWS && split.next_row().unwrap_or(false) {
        counts.push((split.n_cells(), split.flaw().is_none()));
    }
    // The last row may be cut by the end of the head.
    if counts.len() > 2 && counts.len() <= N_ROWS && !head.ends_with(&[line_end(head)]) {
        counts.pop();
    }
    let Some(((n_columns, _), rows)) = counts.split_first() else {
        return (0.0, 0);
    };
    if rows.is_empty() {
        return (1.0, *n_columns);
    }
    let n_agree = rows.iter().filter(|(n_cells, is_good)| *is_good && n_cells == n_columns).count();
    (n_agree as f64 / rows.len() as f64, *n_columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &str, want: char) {
        assert_eq!(char::from(delimiter(head.as_bytes())), want, "{head:?}");
    }

    #[test]
    fn the_delimiter_is_the_one_under_which_rows_agree() {
        check("a,b\n1,2\n", ',');
        check("a;b\n1,5;2\n2,5;3\n", ';');
        check("a\tb\nx, y\tz\n", '\t');
        check("a|b\n1|2\n", '|');
        check("id;text\n1;\"one; two\"\n2;\"three\nfour\"\n", ';');
        check("a,b\n\"x;y;z\",1\n\"p;q\",2\n", ',');
        check("a,b", ',');
        check("", ',');
    }

    #[test]
    fn a_file_of_one_column_may_have_commas_in_its_text() {
        check("text\nnice, but dear\nbad\n", '\t');
        check("text\nnice\nbad\n", ',');
    }

    #[test]
    fn a_few_broken_rows_do_not_change_the_delimiter() {
        check("a;b\n1;2\n3\n4;5\n6;7;8\n9;0\n", ';');
        check("a,b\n3\n4,5\n", ',');
        check("a,b\n3\n4\n", ',');
    }
}
