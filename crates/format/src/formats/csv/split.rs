//! Splits CSV into rows and cells, and says what is wrong with a row instead of guessing.
//!
//! In: bytes of any length. Out: the cells of one row at a time, in one buffer that is used again. Our own and not a crate's,
//! because a quote that is never closed, text after a closing quote and a row without end must be told, with their line.
//!
//! Not here: what the cells mean, and encodings.

use std::fmt;
use std::io::{BufRead, Result};

use super::super::MAX_ROW_BYTES;

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The file ends within quotes.
    Unclosed {
        /// The line where they begin, counted from 1.
        line: u64,
    },
    /// Something stands between a closing quote and the next delimiter.
    AfterQuote {
        /// The cell, counted from 1.
        cell: usize,
    },
    /// The row is larger than may be kept in memory.
    TooLong,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclosed { line } => {
                write!(
                    f,
                    "the quote that opens in line {line} is never closed, and so all rows after it are lost"
                )
            }
            Self::AfterQuote { cell } => {
                write!(
                    f,
                    "cell {cell} goes on after its closing quote; a quote in a quoted cell must be doubled"
                )
            }
            Self::TooLong => write!(f, "it is longer than {} MiB", MAX_ROW_BYTES >> 20),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    CellStart,
    Plain,
    Quoted,
    /// After a quote within quotes: the end of them, or the first half of a doubled one.
    Quote,
    /// After the closing quote and a carriage return.
    QuoteReturn,
}

/// Whether a row goes on after the bytes that were looked at.
#[derive(PartialEq, Eq)]
enum Goes {
    On,
    Ended,
}

/// The rows of a CSV text.
pub(super) struct Split {
    input: Box<dyn BufRead + Send>,
    row: Cells,
}

impl Split {
    pub(super) fn new(input: Box<dyn BufRead + Send>, delimiter: u8, line_end: u8) -> Self {
        Self { input, row: Cells::new(delimiter, line_end) }
    }

    /// Goes to the next row that is not an empty line; `false` at the end.
    pub(super) fn next_row(&mut self) -> Result<bool> {
        loop {
            self.row.clear();
            if !self.read_row()? {
                return Ok(false);
            }
            if !self.row.is_empty_line() {
                return Ok(true);
            }
        }
    }

    /// The line where the row begins, counted from 1.
    pub(super) fn first_line(&self) -> u64 {
        self.row.first_line
    }

    pub(super) fn flaw(&self) -> Option<Flaw> {
        self.row.flaw
    }

    pub(super) fn n_cells(&self) -> usize {
        self.row.ends.len()
    }

    /// A cell; `None` where it is not UTF-8.
    pub(super) fn cell(&self, at: usize) -> Option<&str> {
        std::str::from_utf8(self.bytes_of(at)).ok()
    }

    pub(super) fn bytes_of(&self, at: usize) -> &[u8] {
        let begin = if at == 0 { 0 } else { self.row.ends[at - 1] };
        &self.row.bytes[begin..self.row.ends[at]]
    }

    /// Reads up to the end of a row; `false` where there is nothing more.
    fn read_row(&mut self) -> Result<bool> {
        let mut is_new = true;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                if !is_new {
                    self.row.end_of_input();
                }
                return Ok(!is_new);
            }
            is_new = false;
            let (n_used, goes) = self.row.eat_chunk(chunk);
            self.input.consume(n_used);
            if goes == Goes::Ended {
                return Ok(true);
            }
        }
    }
}

/// The cells of one row, as far as it has been read.
struct Cells {
    delimiter: u8,
    line_end: u8,
    /// The cells one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    at: At,
    has_quotes: bool,
    flaw: Option<Flaw>,
    /// The line where the row begins, the one that is being read, and the one where quotes opened.
    first_line: u64,
    line: u64,
    quote_line: u64,
}

impl Cells {
    fn new(delimiter: u8, line_end: u8) -> Self {
        Self {
            delimiter,
            line_end,
            bytes: Vec::new(),
            ends: Vec::new(),
            at: At::CellStart,
            has_quotes: false,
            flaw: None,
            first_line: 1,
            line: 1,
            quote_line: 1,
        }
    }

    /// Makes ready for the next row.
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.at = At::CellStart;
        self.has_quotes = false;
        self.flaw = None;
        self.first_line = self.line;
    }

    fn is_empty_line(&self) -> bool {
        self.ends.len() == 1 && self.bytes.is_empty() && !self.has_quotes
    }

    fn eat_chunk(&mut self, chunk: &[u8]) -> (usize, Goes) {
        let mut used = 0;
        while used < chunk.len() {
            let (n, goes) = self.eat(&chunk[used..]);
            used += n;
            if goes == Goes::Ended {
                return (used, goes);
            }
        }
        (used, Goes::On)
    }

    /// Uses some bytes of a part that is not empty.
    fn eat(&mut self, part: &[u8]) -> (usize, Goes) {
        match self.at {
            At::CellStart if part[0] == b'"' => {
                self.at = At::Quoted;
                self.has_quotes = true;
                self.quote_line = self.line;
                (1, Goes::On)
            }
            At::CellStart | At::Plain => self.eat_plain(part),
            At::Quoted => self.eat_quoted(part),
            At::Quote if part[0] == b'"' => {
                self.push(b"\"");
                self.at = At::Quoted;
                (1, Goes::On)
            }
            At::Quote if part[0] == b'\r' && self.line_end == b'\n' => {
                self.at = At::QuoteReturn;
                (1, Goes::On)
            }
            At::Quote | At::QuoteReturn if part[0] == self.line_end => (1, self.end_row()),
            At::Quote if part[0] == self.delimiter => {
                self.end_cell();
                (1, Goes::On)
            }
            At::Quote | At::QuoteReturn => {
                self.flaw.get_or_insert(Flaw::AfterQuote { cell: self.ends.len() + 1 });
                self.at = At::Plain;
                (0, Goes::On)
            }
        }
    }

    fn eat_plain(&mut self, part: &[u8]) -> (usize, Goes) {
        self.at = At::Plain;
        let Some(stop) = memchr::memchr2(self.delimiter, self.line_end, part) else {
            self.push(part);
            return (part.len(), Goes::On);
        };
        self.push(&part[..stop]);
        if part[stop] == self.delimiter {
            self.end_cell();
            return (stop + 1, Goes::On);
        }
        self.drop_return();
        (stop + 1, self.end_row())
    }

    fn eat_quoted(&mut self, part: &[u8]) -> (usize, Goes) {
        let stop = memchr::memchr(b'"', part);
        let text = &part[..stop.unwrap_or(part.len())];
        self.line += memchr::memchr_iter(self.line_end, text).count() as u64;
        self.push(text);
        if stop.is_some() {
            self.at = At::Quote;
        }
        (text.len() + usize::from(stop.is_some()), Goes::On)
    }

    fn push(&mut self, text: &[u8]) {
        if self.bytes.len() + self.ends.len() * size_of::<usize>() + text.len() > MAX_ROW_BYTES {
            self.flaw = Some(Flaw::TooLong);
        }
        if self.flaw != Some(Flaw::TooLong) {
            self.bytes.extend_from_slice(text);
        }
    }

    fn end_cell(&mut self) {
        self.push(b"");
        if self.flaw != Some(Flaw::TooLong) {
            self.ends.push(self.bytes.len());
        }
        self.at = At::CellStart;
    }

    fn end_row(&mut self) -> Goes {
        self.end_cell();
        self.line += 1;
        Goes::Ended
    }

    /// Takes away the first half of a `\r\n`.
    fn drop_return(&mut self) {
        let begin = self.ends.last().copied().unwrap_or(0);
        if self.line_end == b'\n' && self.bytes.len() > begin && self.bytes.ends_with(b"\r") {
            self.bytes.pop();
        }
    }

    fn end_of_input(&mut self) {
        match self.at {
            At::Quoted => {
                self.flaw.get_or_insert(Flaw::Unclosed { line: self.quote_line });
            }
            At::Plain => self.drop_return(),
            At::CellStart | At::Quote | At::QuoteReturn => {}
        }
        self.end_cell();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    /// The rows of `text` as lists, a flaw in place of a row; the same however the bytes come in.
    #[track_caller]
    fn check(text: &str, want: &[&[&str]]) {
        for capacity in [1, 2, 3, 5, 4096] {
            let input = BufReader::with_capacity(capacity, Cursor::new(text.as_bytes().to_vec()));
            let line_end = if text.contains('\n') { b'\n' } else { b'\r' };
            let mut split = Split::new(Box::new(input), b',', line_end);
            let mut got = Vec::new();
            while split.next_row().unwrap() {
                let cells = (0..split.n_cells()).map(|at| split.cell(at).unwrap_or("?").to_owned());
                let mut row: Vec<String> = cells.collect();
                if let Some(flaw) = split.flaw() {
                    row = vec![format!("{flaw:?}")];
                }
                got.push(row);
            }
            assert_eq!(got, want, "{text:?} by {capacity} bytes");
        }
    }

    #[test]
    fn cells_stay_as_they_are_written() {
        check("a,b\n007, NA \n", &[&["a", "b"], &["007", " NA "]]);
        check("a,b\r\n1,2\r\n", &[&["a", "b"], &["1", "2"]]);
        check("a,b\r\n1,2", &[&["a", "b"], &["1", "2"]]);
        check("a\rb\r", &[&["a"], &["b"]]);
        check("a\rb\n", &[&["a\rb"]]);
        check(",\n,,", &[&["", ""], &["", "", ""]]);
        check("", &[]);
    }

    #[test]
    fn quotes_keep_delimiters_line_ends_and_quotes() {
        check("\"a,b\",c\n", &[&["a,b", "c"]]);
        check("\"a\r\nb\nc\",d\r\n", &[&["a\r\nb\nc", "d"]]);
        check("\"say \"\"hi\"\"\"\n\"\"\n", &[&["say \"hi\""], &[""]]);
        check("\"\"\"\"", &[&["\""]]);
        check("a\"b\",c\n", &[&["a\"b\"", "c"]]);
        check(" \"a\"\n", &[&[" \"a\""]]);
    }

    #[test]
    fn lines_with_nothing_in_them_are_passed_over() {
        check("\n\r\na\n\n\r\nb\n\n", &[&["a"], &["b"]]);
    }

    #[test]
    fn what_is_wrong_is_told_and_the_next_row_goes_on() {
        check("\"a\"b,c\nd,e\n", &[&["AfterQuote { cell: 1 }"], &["d", "e"]]);
        check("x,\"a\" \nd,e\n", &[&["AfterQuote { cell: 2 }"], &["d", "e"]]);
        check("x,\"a\"\rb\nd,e\n", &[&["AfterQuote { cell: 2 }"], &["d", "e"]]);
        check("a\nb\n\"c\nd\n", &[&["a"], &["b"], &["Unclosed { line: 3 }"]]);
    }

    #[test]
    fn a_row_has_the_line_where_it_begins() {
        let text = "a\n\"b\n\nc\"\n\nd\n";
        let mut split = Split::new(Box::new(Cursor::new(text)), b',', b'\n');
        let mut lines = Vec::new();
        while split.next_row().unwrap() {
            lines.push(split.first_line());
        }
        assert_eq!(lines, [1, 2, 6]);
    }

    #[test]
    fn a_row_that_is_too_long_is_left_out_and_the_next_one_read() {
        let text = [vec![b'x'; MAX_ROW_BYTES + 1], b"\na,b\n".to_vec()].concat();
        let mut split = Split::new(Box::new(Cursor::new(text)), b',', b'\n');
        assert!(split.next_row().unwrap());
        assert_eq!(split.flaw(), Some(Flaw::TooLong));
        assert!(split.next_row().unwrap());
        assert_eq!((split.flaw(), split.cell(1)), (None, Some("b")));
    }
}
