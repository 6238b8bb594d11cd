//! Finds the elements of a JSON list in a stream, without reading what is in them.
//!
//! In: bytes. Out: the text of one element at a time. Brackets and strings are followed, nothing else: an element may turn
//! out to be broken, and the next one is found all the same.

use std::io::BufRead;

use karat_core::{Error, Result};

use super::super::MAX_ROW_BYTES;
use super::LIST_KEYS;

/// Where an element stands. Its text is [`Elements::text`].
pub(super) struct Element {
    /// The line where it begins, counted from 1.
    pub(super) line: u64,
    /// Whether it is short enough to be kept.
    pub(super) is_whole: bool,
}

/// What may come next in the list.
#[derive(PartialEq, Eq)]
enum Next {
    FirstOrEnd,
    CommaOrEnd,
    Nothing,
}

/// The elements of a list.
pub(super) struct Elements {
    name: String,
    input: Box<dyn BufRead + Send>,
    text: Vec<u8>,
    line: u64,
    next: Next,
    is_wrapped: bool,
}

impl Elements {
    /// Goes to the beginning of the list.
    pub(super) fn open(name: &str, input: Box<dyn BufRead + Send>) -> Result<Self> {
        let (name, text) = (name.to_owned(), Vec::new());
        let mut elements = Self { name, input, text, line: 1, next: Next::FirstOrEnd, is_wrapped: false };
        match elements.peek()? {
            Some(b'[') => elements.skip(),
            Some(b'{') => elements.find_list()?,
            Some(_) => {
                return Err(Error::invalid(format!("`{}` is not a list of JSON objects", elements.name))
                    .hint("it must begin with `[`"));
            }
            None => {
                return Err(Error::invalid(format!("`{}` is empty", elements.name))
                    .hint("a list without rows is `[]`"));
            }
        }
        Ok(elements)
    }

    /// Reads the next element; `None` after the last.
    pub(super) fn next_element(&mut self) -> Result<Option<Element>> {
        if self.next == Next::Nothing {
            return Ok(None);
        }
        match self.peek()? {
            Some(b']') => return self.end_list(),
            Some(b',') if self.next == Next::CommaOrEnd => {
                self.skip();
                if matches!(self.peek()?, Some(b']') | None) {
                    return Err(self.broken("nothing stands after the last comma"));
                }
            }
            None => return Err(self.broken("the list is not closed")),
            Some(_) if self.next == Next::CommaOrEnd => return Err(self.broken("a comma is missing")),
            Some(_) => {}
        }
        self.next = Next::CommaOrEnd;
        let line = self.line;
        let is_whole = self.read_value()?;
        Ok(Some(Element { line, is_whole }))
    }

    /// The text of the element that was read last.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    fn end_list(&mut self) -> Result<Option<Element>> {
        self.skip();
        self.next = Next::Nothing;
        // What comes after a wrapped list are the other keys of its object.
        if !self.is_wrapped && self.peek()?.is_some() {
            return Err(self.broken("something stands after the end of the list"));
        }
        Ok(None)
    }

    /// Goes through the keys of an object to the list of rows.
    fn find_list(&mut self) -> Result<()> {
        self.is_wrapped = true;
        self.skip();
        let mut keys: Vec<String> = Vec::new();
        loop {
            match self.peek()? {
                Some(b'"') => {}
                Some(b',') if !keys.is_empty() => {
                    self.skip();
                    continue;
                }
                Some(b'}') => return Err(self.no_list(&keys)),
                _ => return Err(self.broken("a key is missing")),
            }
            self.read_value()?;
            let key: String =
                serde_json::from_slice(&self.text).map_err(|_| self.broken("a key is not a string"))?;
            if self.peek()? != Some(b':') {
                return Err(self.broken("a colon is missing"));
            }
            self.skip();
            if self.peek()? == Some(b'[') && LIST_KEYS.contains(&key.as_str()) {
                self.skip();
                return Ok(());
            }
            self.read_value()?;
            keys.push(key);
        }
    }

    fn no_list(&self, keys: &[String]) -> Error {
        let keys: Vec<String> = keys.iter().take(10).map(|key| format!("`{key}`")).collect();
        let held = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
        Error::invalid(format!("`{}` is an object with {held} and no list of rows", self.name))
            .hint("put the rows into a list, or under `data`, `items` or `rows`")
    }

    /// Reads one value into `text`; whether it is short enough to be kept.
    fn read_value(&mut self) -> Result<bool> {
        self.text.clear();
        let mut value = Value::default();
        let mut is_whole = true;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(crate::source::cannot_read(&self.name, error)),
            };
            if chunk.is_empty() {
                if value.in_word {
                    return Ok(is_whole);
                }
                return Err(self.broken("a value is not closed"));
            }
            let (n_used, has_ended) = value.eat(chunk);
            let part = &chunk[..n_used];
            self.line += memchr::memchr_iter(b'\n', part).count() as u64;
            is_whole &= self.text.len() + part.len() <= MAX_ROW_BYTES;
            if is_whole {
                self.text.extend_from_slice(part);
            }
            self.input.consume(n_used);
            if has_ended {
                return Ok(is_whole);
            }
        }
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(crate::source::cannot_read(&self.name, error)),
            };
            if chunk.is_empty() {
                return Ok(None);
            }
            let n_spaces = chunk.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let found = chunk.get(n_spaces).copied();
            self.line += memchr::memchr_iter(b'\n', &chunk[..n_spaces]).count() as u64;
            self.input.consume(n_spaces);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Goes over the byte that was peeked at.
    fn skip(&mut self) {
        self.input.consume(1);
    }

    fn broken(&self, what: &str) -> Error {
        Error::invalid(format!("`{}` is not valid JSON in line {}: {what}", self.name, self.line))
    }
}

/// How far into a value the bytes have come.
#[derive(Default)]
struct Value {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    /// A number or a word, which only its surroundings end.
    in_word: bool,
}

impl Value {
    /// How many of the bytes belong to the value, and whether it ends with them.
    fn eat(&mut self, chunk: &[u8]) -> (usize, bool) {
        for (at, byte) in chunk.iter().enumerate() {
            if self.in_string {
                self.eat_in_string(*byte);
                if !self.in_string && self.depth == 0 {
                    return (at + 1, true);
                }
                continue;
            }
            if self.in_word && (matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace()) {
                return (at, true);
            }
            match byte {
                b'"' if !self.in_word => self.in_string = true,
                b'{' | b'[' if !self.in_word => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at + 1, true);
                    }
                }
                _ => self.in_word = self.depth == 0,
            }
        }
        (chunk.len(), false)
    }

    fn eat_in_string(&mut self, byte: u8) {
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => self.in_string = false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    fn elements(text: &str, capacity: usize) -> Vec<String> {
        let input = BufReader::with_capacity(capacity, Cursor::new(text.as_bytes().to_vec()));
        let mut elements = match Elements::open("a.json", Box::new(input)) {
            Ok(elements) => elements,
            Err(error) => return vec![error.to_string()],
        };
        let mut got = Vec::new();
        loop {
            match elements.next_element() {
                Ok(Some(element)) => {
                    got.push(format!("{}:{}", element.line, String::from_utf8_lossy(elements.text())));
                }
                Ok(None) => return got,
                Err(error) => {
                    got.push(error.to_string());
                    return got;
                }
            }
        }
    }

    /// Each element with its line, and the error; the same however the bytes come in.
    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        for capacity in [1, 2, 3, 4096] {
            assert_eq!(elements(text, capacity), want, "{text:?} by {capacity} bytes");
        }
    }

    #[test]
    fn elements_are_found_by_their_brackets_and_strings() {
        check("[]", &[]);
        check(" [ {} , {\"a\": [1, {}]} ]\n", &["1:{}", "1:{\"a\": [1, {}]}"]);
        check("[\n{\"a\": \"]}\\\"\"},\n\n{\"b\":\n1}]", &["2:{\"a\": \"]}\\\"\"}", "4:{\"b\":\n1}"]);
        check("[1, \"a,b\",null]", &["1:1", "1:\"a,b\"", "1:null"]);
    }

    #[test]
    fn a_list_is_found_under_its_key() {
        check("{\"data\": [{}, 2], \"n\": 2}", &["1:{}", "1:2"]);
        check("{\"n\": {\"data\": [7]}, \"rows\": [1]}", &["1:1"]);
        check("{\"data\": 1, \"items\": [{}]}", &["1:{}"]);
        check("{\"a\": 1, \"b\": []}", &["`a.json` is an object with `a`, `b` and no list of rows"]);
        check("{}", &["`a.json` is an object with nothing and no list of rows"]);
    }

    #[test]
    fn a_broken_element_does_not_hide_the_next() {
        check(
            "[{\"a\": ]}, {x}, 7]",
            &["1:{\"a\": ]", "`a.json` is not valid JSON in line 1: a comma is missing"],
        );
        check("[{\"a\" 1}, {}]", &["1:{\"a\" 1}", "1:{}"]);
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        check("", &["`a.json` is empty"]);
        check("7", &["`a.json` is not a list of JSON objects"]);
        check("[{}\n{}]", &["1:{}", "`a.json` is not valid JSON in line 2: a comma is missing"]);
        check("[{}, {\"a\": 1", &["1:{}", "`a.json` is not valid JSON in line 1: a value is not closed"]);
        check("[{}", &["1:{}", "`a.json` is not valid JSON in line 1: the list is not closed"]);
        check(
            "[{},]",
            &["1:{}", "`a.json` is not valid JSON in line 1: nothing stands after the last comma"],
        );
        check(
            "[{}] x",
            &["1:{}", "`a.json` is not valid JSON in line 1: something stands after the end of the list"],
        );
        check("{\"a\" 1}", &["`a.json` is not valid JSON in line 1: a colon is missing"]);
    }
}
