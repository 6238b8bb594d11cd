//! One JSON object as the cells of a row; what is wrong with it otherwise.

use std::fmt;

use karat_core::Fields;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

/// Reads an object; the error is a reason for people.
pub(in crate::formats) fn read_object(text: &[u8]) -> Result<Fields, String> {
    if std::str::from_utf8(text).is_err() {
        return Err(wrong_bytes(text));
    }
    match serde_json::from_slice::<Object>(text) {
        Ok(object) => Ok(object.0),
        Err(error) => Err(explain(text, &error)),
    }
}

/// Names the field in which the bytes are wrong, where the object can be read without them.
fn wrong_bytes(text: &[u8]) -> String {
    let mended = String::from_utf8_lossy(text);
    let fields = serde_json::from_str::<Object>(&mended).map(|object| object.0).unwrap_or_default();
    let is_wrong = |cell: &Value| cell.to_string().contains(char::REPLACEMENT_CHARACTER);
    match fields.iter().find(|(_, cell)| is_wrong(cell)) {
        Some((name, _)) => format!("`{name}` is not valid UTF-8"),
        None => "it is not valid UTF-8".to_owned(),
    }
}

fn explain(text: &[u8], error: &serde_json::Error) -> String {
    let what = match text.first() {
        Some(b'{') => None,
        Some(b'[') => Some("a list"),
        Some(b'"') => Some("a string"),
        Some(b't' | b'f') => Some("`true` or `false`"),
        Some(b'n') => Some("`null`"),
        Some(b'0'..=b'9' | b'-') => Some("a number"),
        _ => Some("no JSON"),
    };
    if let Some(what) = what {
        return format!("it is {what}, and not an object");
    }
    // The place is told in the row, not in the text that the parser was given.
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or(&said);
    match error.classify() {
        serde_json::error::Category::Data => said.to_owned(),
        _ => format!("it is not valid JSON: {said} at character {}", characters_before(text, error.column())),
    }
}

/// The parser counts bytes.
fn characters_before(text: &[u8], n_bytes: usize) -> usize {
    String::from_utf8_lossy(&text[..n_bytes.min(text.len())]).chars().count()
}

/// An object in which no name stands twice: the second value would take the place of the first without a word.
struct Object(Fields);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut fields = Fields::new();
        while let Some(name) = map.next_key::<String>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!("it has `{name}` twice")));
            }
            fields.insert(name, map.next_value()?);
        }
        Ok(Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(text: &[u8], want: &str) {
        assert_eq!(read_object(text), Err(want.to_owned()));
    }

    #[test]
    fn the_fields_keep_their_order() {
        let names: Vec<String> = read_object(br#"{"b": 1, "a": null}"#).unwrap().keys().cloned().collect();
        assert_eq!(names, ["b", "a"]);
    }

    #[test]
    fn what_is_no_object_is_told_by_name() {
        check_refused(b"[1]", "it is a list, and not an object");
        check_refused(b"nul", "it is `null`, and not an object");
        check_refused(b"-1", "it is a number, and not an object");
        check_refused(b"text", "it is `true` or `false`, and not an object");
        check_refused(b"<a>", "it is no JSON, and not an object");
    }

    #[test]
    fn broken_json_is_told_with_its_place_in_characters() {
        check_refused("{\"текст\": }".as_bytes(), "it is not valid JSON: expected value at character 11");
        check_refused(b"{\"a\": 1", "it is not valid JSON: EOF while parsing an object at character 7");
        check_refused(
            b"{\"a\": \"\\ud83c\"}",
            "it is not valid JSON: unexpected end of hex escape at character 14",
        );
    }

    #[test]
    fn wrong_bytes_are_told_with_their_field() {
        check_refused(b"{\"a\": 1, \"b\": [\"caf\xe9\"]}", "`b` is not valid UTF-8");
        check_refused(b"{\"a\": \xe9}", "it is not valid UTF-8");
    }

    #[test]
    fn a_name_that_stands_twice_is_told() {
        check_refused(br#"{"a": 1, "a": 2}"#, "it has `a` twice");
    }
}
