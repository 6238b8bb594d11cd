//! What a model wrote, made readable: reasoning left out, JSON found, prose searched, refusals recognised.
//!
//! Not here: what a kind makes of it (`kinds/`), and where quoted words stand in the item (`align`).

pub(crate) mod clean;
pub(crate) mod fields;
pub(crate) mod json;
mod json_string;
pub(crate) mod label;
mod mention;
pub(crate) mod number;
pub(crate) mod once;
pub(crate) mod outside;
mod prose;
pub(crate) mod quoted;
pub(crate) mod refusal;
pub(crate) mod verdict;
mod words;

/// A text short enough for a message: at most 80 characters, on one line.
pub(crate) fn clip(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
