//! Makes the rows that the benchmarks label.
//!
//! In: a number. Out: a CSV with the columns `id` and `text`: row n has the id `item-n` and a text of 40 to 120 characters
//! that holds it, so that the fault server knows the item from the prompt. Equal numbers give equal files.

use std::io::Write;

use crate::draw;

/// The column with the id.
pub const ID: &str = "id";
/// The column with the text.
pub const TEXT: &str = "text";

const WORDS: &[&str] = &[
    "the", "parcel", "came", "late", "and", "was", "open", "but", "support", "answered", "within", "an",
    "hour", "price", "is", "fair", "for", "what", "you", "get", "screen", "broke", "after", "two", "weeks",
    "of", "use", "would", "buy", "again", "battery", "lasts", "all", "day", "manual", "missing", "color",
    "differs", "from", "picture", "works",
];

/// The id of row `n`.
pub fn id(n: u64) -> String {
    format!("item-{n}")
}

/// The number of the row with this id, if it is one of ours.
pub fn number(id: &str) -> Option<u64> {
    id.strip_prefix("item-")?.parse().ok()
}

/// The text of row `n`.
pub fn text(n: u64) -> String {
    let id = id(n);
    let wanted = 40 + draw::index(11, &id, 81);
    let mut text = format!("Review {id}:");
    let mut at = 0;
    loop {
        let word = WORDS[(draw::bits(13, &id, at) % WORDS.len() as u64) as usize];
        if text.len() + 1 + word.len() >= wanted {
            break;
        }
        text.push(' ');
        text.push_str(word);
        at += 1;
    }
    // Full stops fill the last few places.
    while text.len() < wanted {
        text.push('.');
    }
    text
}

/// Writes `n_rows` rows as CSV.
///
/// # Errors
/// What the writer reports.
pub fn write(out: &mut impl Write, n_rows: u64) -> std::io::Result<()> {
    writeln!(out, "{ID},{TEXT}")?;
    (0..n_rows).try_for_each(|n| writeln!(out, "{},{}", id(n), text(n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_its_key_and_its_length() {
        for n in [0, 1, 99, 12_345, 999_999] {
            let text = text(n);
            assert!((40..=120).contains(&text.len()), "{} in `{text}`", text.len());
            assert!(text.contains(&format!("{}:", id(n))));
            assert_eq!(number(&id(n)), Some(n));
        }
    }

    #[test]
    fn the_file_is_the_same_every_time() {
        let file = || {
            let mut bytes = Vec::new();
            write(&mut bytes, 100).unwrap();
            bytes
        };
        assert_eq!(file(), file());
        let bytes = file();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        assert_eq!(reader.records().filter(|row| row.as_ref().unwrap().len() == 2).count(), 100);
    }
}
