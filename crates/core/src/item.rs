//! What is labeled: an id and named fields, which never change; and the problems of rows that could not become items.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use crate::{Hash, Hasher};

/// The name of an item: given by the user's data, or made from its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ItemId(Arc<str>);

impl ItemId {
    /// An id as the data gives it.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id of an item that has none: the first 16 digits of the hash of its fields, and `-2`, `-3` … for the second
    /// and third row of the same content. `nth` counts from 1.
    pub fn from_content(content: Hash, nth: u32) -> Self {
        let hex = content.to_string();
        if nth <= 1 { Self(hex[..16].into()) } else { Self(format!("{}-{nth}", &hex[..16]).into()) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as shared text.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The named fields of an item, in the order of the source. A cell of a CSV file is always a string, as written.
pub type Fields = serde_json::Map<String, Json>;

/// One thing to be labeled.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Its place in the data, counted from 1 over all files.
    pub row: u64,
    /// Its fields.
    pub fields: Fields,
}

impl Item {
    /// A field as text; `None` where there is no such field, or null in it.
    pub fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        self.fields.get(column).and_then(cell_text)
    }

    /// The hash of all fields: the identity of the content.
    pub fn content(&self) -> Hash {
        content_hash(&self.fields)
    }
}

/// A field value as text: a string as it is, a number or a list as JSON; `None` for null.
pub fn cell_text(cell: &Json) -> Option<Cow<'_, str>> {
    match cell {
        Json::Null => None,
        Json::String(text) => Some(Cow::Borrowed(text)),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            Some(Cow::Owned(cell.to_string()))
        }
    }
}

fn content_hash(fields: &Fields) -> Hash {
    let mut hasher = Hasher::default();
    for (name, cell) in fields {
        hasher = hasher.part(name);
        hasher = match cell {
            Json::String(text) => hasher.part(text),
            other => hasher.part("\u{0}").part(other.to_string()),
        };
    }
    hasher.finish()
}

/// A row that did not become an item, or became one with a doubt: which, where and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as the user named it.
    pub file: String,
    /// The row, counted from 1 without the header; 0 where the whole file is meant.
    pub row: u64,
    /// The line of the file where the row begins, counted from 1, where the format has lines.
    pub line: Option<u64>,
    /// What is wrong and what was done about it.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.row > 0 {
            write!(f, " row {}", self.row)?;
        }
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        write!(f, ": {}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(fields: Json) -> Item {
        let Json::Object(fields) = fields else { panic!("not an object") };
        Item { id: ItemId::new("a"), row: 1, fields }
    }

    #[test]
    fn a_text_and_a_number_that_look_alike_differ_in_content() {
        assert_ne!(item(json!({"a": "7"})).content(), item(json!({"a": 7})).content());
        assert_ne!(item(json!({"a": "bc"})).content(), item(json!({"ab": "c"})).content());
    }

    #[test]
    fn the_second_row_of_the_same_content_has_its_own_id() {
        let content = item(json!({"a": "x"})).content();
        let first = ItemId::from_content(content, 1);
        assert_eq!(ItemId::from_content(content, 2).as_str(), format!("{first}-2"));
    }

    #[test]
    fn null_is_no_text() {
        let item = item(json!({"a": null, "b": 1.5, "c": "007"}));
        assert_eq!(item.text("a"), None);
        assert_eq!(item.text("b").as_deref(), Some("1.5"));
        assert_eq!(item.text("c").as_deref(), Some("007"));
        assert_eq!(item.text("d"), None);
    }

    #[test]
    fn a_problem_says_file_row_line_and_reason() {
        let problem =
            Problem { file: "a.csv".into(), row: 3, line: Some(5), reason: "the text is empty".into() };
        assert_eq!(problem.to_string(), "a.csv row 3 (line 5): the text is empty");
    }
}
