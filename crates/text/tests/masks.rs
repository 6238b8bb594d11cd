//! How much marked personal data is found, in three languages, and how often something else is taken for it.
//!
//! The texts are in `masks/*.jsonl`, made by `masks/make.py`. Floors, not targets: a change that finds less is seen here.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "masks/marked.rs"]
mod marked;

use std::sync::LazyLock;

use karat_text::mask::{Kind, MaskSpec, Masker};
use marked::{Counts, judge, read};

static MASKER: LazyLock<Masker> = LazyLock::new(|| Masker::new(&MaskSpec::default()).unwrap());

/// The least of marked spans that are masked, without names and of names; and the least of finds that are right.
struct Floor {
    recall: f64,
    names: f64,
    precision: f64,
}

#[track_caller]
fn check(lines: &str, floor: &Floor) {
    let texts = read(lines).unwrap();
    let n_without = texts.iter().filter(|text| text.spans.is_empty()).count();
    let mut told = String::new();
    let (mut names, mut others, mut all) = (Counts::default(), Counts::default(), Counts::default());
    for text in &texts {
        let (counts, wrong) = judge(&MASKER, text);
        for (kind, quote) in &wrong.missed {
            told += &format!("missed {}: {quote} in: {}\n", kind.name(), text.text);
        }
        for (kind, quote) in &wrong.false_alarms {
            told += &format!("no {}: {quote} in: {}\n", kind.name(), text.text);
        }
        for (kind, row) in counts {
            if kind == Kind::Name { &mut names } else { &mut others }.add(row);
            all.add(row);
        }
    }
    let share = |part: u32, of: u32| f64::from(part) / f64::from(of);
    let recall = |row: Counts| share(row.n_masked, row.n_marked);
    assert!(all.n_marked >= 60 && n_without >= 40, "{} marked, {n_without} texts without", all.n_marked);
    assert!(recall(others) >= floor.recall, "recall {}\n{told}", recall(others));
    assert!(recall(names) >= floor.names, "recall of names {}\n{told}", recall(names));
    assert!(
        share(all.n_right, all.n_found) >= floor.precision,
        "precision {}",
        share(all.n_right, all.n_found)
    );
}

#[test]
fn english_and_european_data_is_found() {
    check(include_str!("masks/en.jsonl"), &Floor { recall: 0.98, names: 0.75, precision: 0.98 });
}

#[test]
fn russian_data_is_found() {
    check(include_str!("masks/ru.jsonl"), &Floor { recall: 0.98, names: 0.75, precision: 0.98 });
}

#[test]
fn chinese_data_is_found() {
    check(include_str!("masks/zh.jsonl"), &Floor { recall: 0.98, names: 0.75, precision: 0.98 });
}
