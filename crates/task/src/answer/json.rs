//! JSON as models write it: strict where it is strict, mended where the mending is beyond doubt.
//!
//! In: a text and a place in it. Out: a value, where it ended, what was mended, and whether it was cut off. A value that
//! was cut in the middle is dropped, never completed: `{"label": "not` does not hold a label.
//!
//! Not here: which keys mean what (`fields.rs`).

use serde_json::{Map, Value as Json};

use super::json_string::{closing_mark, read_string};

/// A value found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) value: Json,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What was mended, in words; empty for strict JSON.
    pub(crate) mends: Vec<&'static str>,
    /// Whether the text ended inside the value.
    pub(crate) cut: bool,
}

/// Deeper nesting is not read: no answer needs it, and a stack has an end.
const MAX_DEPTH: usize = 24;

/// A text is tried from so many brackets at most.
const MAX_TRIES: usize = 64;

/// Every object and list in `text` that is not inside another, in order.
pub(crate) fn find_all(text: &str) -> Vec<Parsed> {
    let mut found = Vec::new();
    let mut at = 0;
    for _ in 0..MAX_TRIES {
        let Some(start) = text[at..].find(['{', '[']).map(|n| at + n) else {
            break;
        };
        match parse_at(text, start) {
            Some(parsed) => {
                at = parsed.end;
                found.push(parsed);
            }
            None => at = start + 1,
        }
    }
    found
}

/// The value that begins at byte `start`, where there is one that can be read.
pub(crate) fn parse_at(text: &str, start: usize) -> Option<Parsed> {
    let mut parser = Parser { text, at: start, mends: Vec::new(), cut: false };
    let value = match parser.value(0) {
        Step::Value(value) => value,
        Step::Cut | Step::Wrong => return None,
    };
    Some(Parsed { value, start, end: parser.at, mends: parser.mends, cut: parser.cut })
}

/// What came of reading one value.
enum Step {
    Value(Json),
    /// The text ended in it.
    Cut,
    /// It is no JSON that can be mended.
    Wrong,
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) mends: Vec<&'static str>,
    cut: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            Some(_) => self.rest().chars().next(),
            None => None,
        }
    }

    pub(super) fn mend(&mut self, what: &'static str) {
        if !self.mends.contains(&what) {
            self.mends.push(what);
        }
    }

    fn value(&mut self, depth: usize) -> Step {
        self.skip_space();
        match self.peek() {
            None => Step::Cut,
            Some(_) if depth > MAX_DEPTH => Step::Wrong,
            Some('{') => self.object(depth),
            Some('[' | '(') => self.list(depth),
            Some(mark) if closing_mark(mark).is_some() => match read_string(self) {
                Some(text) => Step::Value(Json::String(text)),
                None => Step::Cut,
            },
            Some(',' | ':' | '}' | ']' | ')') => Step::Wrong,
            Some(_) => self.bare(),
        }
    }

    fn object(&mut self, depth: usize) -> Step {
        self.at += 1;
        let mut map = Map::new();
        let mut after_comma = false;
        loop {
            self.skip_space();
            match self.peek() {
                None => return self.ended(Json::Object(map)),
                Some('}') => {
                    self.at += 1;
                    if after_comma {
                        self.mend("a comma too many");
                    }
                    return Step::Value(Json::Object(map));
                }
                Some(',' | '，') => {
                    if after_comma || map.is_empty() {
                        self.mend("a comma too many");
                    }
                    self.skip_char();
                    after_comma = true;
                    continue;
                }
                Some(']') => return self.wrong_bracket(Json::Object(map)),
                Some(_) if !after_comma && !map.is_empty() => self.mend("a missing comma"),
                Some(_) => {}
            }
            let key = match self.key() {
                Step::Value(Json::String(key)) => key,
                Step::Cut => return self.ended(Json::Object(map)),
                _ => return Step::Wrong,
            };
            match self.value(depth + 1) {
                Step::Value(value) => self.insert(&mut map, key, value),
                Step::Cut => return self.ended(Json::Object(map)),
                Step::Wrong => return Step::Wrong,
            }
            if self.cut {
                return Step::Value(Json::Object(map));
            }
            after_comma = false;
        }
    }

    /// Two different values under one key are both kept, as a list: neither is chosen here.
    fn insert(&mut self, map: &mut Map<String, Json>, key: String, value: Json) {
        match map.get_mut(&key) {
            None => {
                map.insert(key, value);
            }
            Some(old) if *old == value => self.mend("a repeated key"),
            Some(old) => {
                self.mend("a repeated key");
                let first = std::mem::take(old);
                *old = Json::Array(vec![first, value]);
            }
        }
    }

    fn list(&mut self, depth: usize) -> Step {
        let close = if self.peek() == Some('(') { ')' } else { ']' };
        if close == ')' {
            self.mend("Python words");
        }
        self.at += 1;
        let mut list = Vec::new();
        let mut after_comma = false;
        loop {
            self.skip_space();
            match self.peek() {
                None => return self.ended(Json::Array(list)),
                Some(c) if c == close => {
                    self.at += 1;
                    if after_comma {
                        self.mend("a comma too many");
                    }
                    return Step::Value(Json::Array(list));
                }
                Some(',' | '，' | '、') => {
                    if after_comma || list.is_empty() {
                        self.mend("a comma too many");
                    }
                    self.skip_char();
                    after_comma = true;
                    continue;
                }
                Some('}') => return self.wrong_bracket(Json::Array(list)),
                Some(_) if !after_comma && !list.is_empty() => self.mend("a missing comma"),
                Some(_) => {}
            }
            match self.value(depth + 1) {
                Step::Value(value) => list.push(value),
                Step::Cut => return self.ended(Json::Array(list)),
                Step::Wrong => return Step::Wrong,
            }
            if self.cut {
                return Step::Value(Json::Array(list));
            }
            after_comma = false;
        }
    }

    fn ended(&mut self, value: Json) -> Step {
        self.cut = true;
        self.mend("missing brackets");
        Step::Value(value)
    }

    /// `[{"a": 1]`: the inner bracket is missing; the outer one is left for the outer value.
    fn wrong_bracket(&mut self, value: Json) -> Step {
        self.mend("missing brackets");
        Step::Value(value)
    }

    fn key(&mut self) -> Step {
        let key = match self.peek() {
            None => return Step::Cut,
            Some(mark) if closing_mark(mark).is_some() => match read_string(self) {
                Some(key) => key,
                None => return Step::Cut,
            },
            Some(_) => {
                let len =
                    self.rest().find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(0);
                if len == 0 {
                    return Step::Wrong;
                }
                self.mend("unquoted words");
                let key = self.rest()[..len].to_owned();
                self.at += len;
                key
            }
        };
        self.skip_space();
        match self.peek() {
            None => return Step::Cut,
            Some(':') => self.at += 1,
            Some('：') => {
                self.mend("typographic marks");
                self.skip_char();
            }
            Some('=') => {
                self.mend("`=` for `:`");
                self.at += if self.rest().starts_with("=>") { 2 } else { 1 };
            }
            Some(_) => return Step::Wrong,
        }
        Step::Value(Json::String(key))
    }

    /// A number, `true`, `null`, a Python word, or words without quotes.
    fn bare(&mut self) -> Step {
        let rest = self.rest();
        let len = rest.find([',', '}', ']', ')', '\n', '{', '[', '，']).unwrap_or(rest.len());
        let ended = len == rest.len();
        let word = rest[..len].trim();
        let (word, len) = match word.find("//").or_else(|| word.find(" #")) {
            Some(comment) => (word[..comment].trim_end(), comment),
            None => (word, len),
        };
        let strict = match word {
            "true" => Some(Json::Bool(true)),
            "false" => Some(Json::Bool(false)),
            "null" => Some(Json::Null),
            _ => number(word),
        };
        let lenient = match word {
            "True" | "TRUE" => Some(Json::Bool(true)),
            "False" | "FALSE" => Some(Json::Bool(false)),
            "None" | "NULL" | "Null" | "nil" | "NaN" | "nan" | "undefined" => Some(Json::Null),
            _ => None,
        };
        // A word that the end of the text cut may go on: only `null`, `true` and `false` are whole.
        if ended && !matches!(strict, Some(Json::Null | Json::Bool(_))) {
            return Step::Cut;
        }
        if word.is_empty() || word.contains(['{', '"']) {
            return Step::Wrong;
        }
        self.at += len;
        if let Some(value) = strict {
            return Step::Value(value);
        }
        if let Some(value) = lenient {
            self.mend("Python words");
            return Step::Value(value);
        }
        self.mend("unquoted words");
        let word = word.to_owned();
        Step::Value(Json::String(word))
    }

    pub(super) fn skip_char(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn skip_space(&mut self) {
        loop {
            let bytes = self.text.as_bytes();
            while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
                self.at += 1;
            }
            // Nearly always the value begins here.
            match bytes.get(self.at) {
                Some(b'/' | b'#' | 0x80..) => {}
                _ => return,
            }
            let rest = self.rest();
            let skip = if rest.starts_with("//") || rest.starts_with('#') {
                self.mend("comments");
                self.rest().find('\n').unwrap_or(self.rest().len())
            } else if rest.starts_with("/*") {
                self.mend("comments");
                self.rest().find("*/").map_or(self.rest().len(), |n| n + 2)
            } else if let Some(c) = rest.chars().next().filter(|c| c.is_whitespace()) {
                c.len_utf8()
            } else {
                return;
            };
            self.at += skip;
        }
    }
}

fn number(word: &str) -> Option<Json> {
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+' || c == '.') {
        return None;
    }
    if let Ok(whole) = word.parse::<i64>() {
        return Some(Json::from(whole));
    }
    let number: f64 = word.parse().ok()?;
    serde_json::Number::from_f64(number).map(Json::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, want: Json, mends: &[&str]) {
        let found = find_all(text);
        let got = found.first().unwrap_or_else(|| panic!("nothing in `{text}`"));
        assert_eq!((&got.value, &got.mends[..]), (&want, mends), "{text}");
    }

    #[test]
    fn strict_json_is_read_without_mending() {
        check(
            r#"{"a": "x\n\u00e9\ud83c\udf89", "b": [1, -2.5, true, null], "c": {}}"#,
            json!({"a": "x\né🎉", "b": [1, -2.5, true, null], "c": {}}),
            &[],
        );
    }

    #[test]
    fn the_usual_slips_are_mended_and_named() {
        check(
            "{'a': 'it''s', \"b\": True,}",
            json!({"a": "it''s", "b": true}),
            &["single quotes", "an unescaped quote", "Python words", "a comma too many"],
        );
        check("{a: x, b: None}", json!({"a": "x", "b": null}), &["unquoted words", "Python words"]);
        check("{“a”： “x”， “b”： “y”}", json!({"a": "x", "b": "y"}), &["typographic marks"]);
        check("{\"a\": 1 // one\n, /* two */ \"b\": 2}", json!({"a": 1, "b": 2}), &["comments"]);
        check("{\"a\": \"x\"\n \"b\": \"y\"}", json!({"a": "x", "b": "y"}), &["a missing comma"]);
        check(
            "{\"a\": \"he said \"hi\" to me\"}",
            json!({"a": "he said \"hi\" to me"}),
            &["an unescaped quote"],
        );
        check("[('a', 'B', 1)]", json!([["a", "B", 1]]), &["Python words", "single quotes"]);
        check("[{\"a\": 1]", json!([{"a": 1}]), &["missing brackets"]);
    }

    #[test]
    fn a_value_cut_in_the_middle_is_dropped() {
        check("{\"a\": \"x\", \"b\": \"not", json!({"a": "x"}), &["missing brackets"]);
        check("{\"a\": \"x\", \"b", json!({"a": "x"}), &["missing brackets"]);
        check("{\"a\": [\"x\", \"y\", \"z", json!({"a": ["x", "y"]}), &["missing brackets"]);
        check("{\"a\": \"x\"", json!({"a": "x"}), &["missing brackets"]);
        check("{a: positive", json!({}), &["unquoted words", "missing brackets"]);
    }

    #[test]
    fn two_values_under_one_key_are_both_kept() {
        check(r#"{"a": "x", "a": "y"}"#, json!({"a": ["x", "y"]}), &["a repeated key"]);
    }

    #[test]
    fn several_values_are_found_in_prose() {
        let found = find_all(r#"First {"a": 1}, no {not json}, then [2] and {"b": 3}."#);
        let values: Vec<_> = found.iter().map(|it| it.value.clone()).collect();
        assert_eq!(values, [json!({"a": 1}), json!([2]), json!({"b": 3})]);
    }

    #[test]
    fn endless_brackets_end() {
        assert!(find_all(&"[".repeat(100_000)).len() <= 1);
        assert!(find_all(&"{\"a\":".repeat(50_000)).len() <= 1);
    }
}
