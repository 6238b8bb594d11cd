//! What masking finds of marked personal data, what it takes for some in ordinary texts, and how fast it is.
//!
//! The marked texts are those of `crates/text/tests/masks`, written beside the rules: what they give is above what other
//! texts will. The ordinary ones are news and tweets; what is found there is counted, and not known to be wrong.

#[path = "../../../crates/text/tests/masks/marked.rs"]
mod marked;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use karat_text::mask::{DETECTORS, Kind, MaskSpec, Masker};

use self::marked::{Counts, judge, read};
use crate::Given;

/// The sets of marked texts.
const SETS: &[(&str, &str)] = &[
    ("English, Europe", include_str!("../../../crates/text/tests/masks/en.jsonl")),
    ("Russian", include_str!("../../../crates/text/tests/masks/ru.jsonl")),
    ("Chinese", include_str!("../../../crates/text/tests/masks/zh.jsonl")),
];

/// Ordinary texts: a name and the file.
const TEXTS: &[(&str, &str)] = &[
    ("WNUT17, tweets", "gold_wnut17_ner/train.jsonl"),
    ("AG News", "gold_ag_news/test.jsonl"),
    ("Banking77, questions", "gold_banking77/train.jsonl"),
    ("NEREL, Russian news", "gold_nerel_ru_ner/test.jsonl"),
    ("CLUENER, Chinese news", "gold_cluener_zh_ner/train.jsonl"),
];

pub(crate) fn run(given: &Given) -> Result<()> {
    let start = Instant::now();
    let masker = Masker::new(&MaskSpec::default())?;
    println!("{} detectors, prepared in {:.0} ms.\n", DETECTORS.len(), start.elapsed().as_secs_f64() * 1e3);
    on_marked(&masker)?;
    on_ordinary(&masker, &given.data)?;
    on_hostile(&masker)
}

fn on_marked(masker: &Masker) -> Result<()> {
    println!("Marked spans that are masked, of all; finds that are right, of all.\n");
    let names: Vec<&str> = SETS.iter().map(|(name, _)| *name).collect();
    println!("| kind | {} |\n|---|{}", names.join(" | "), "---|".repeat(SETS.len()));
    let mut columns: Vec<BTreeMap<Kind, Counts>> = Vec::new();
    for (_, lines) in SETS {
        let mut column: BTreeMap<Kind, Counts> = BTreeMap::new();
        for text in read(lines).map_err(|error| anyhow!(error))? {
            for (kind, row) in judge(masker, &text).0 {
                column.entry(kind).or_default().add(row);
            }
        }
        columns.push(column);
    }
    for kind in Kind::ALL {
        let cells: Vec<String> = columns.iter().map(|column| cell(column.get(&kind).copied())).collect();
        println!("| {} | {} |", kind.name(), cells.join(" | "));
    }
    let all = columns.iter().map(|column| {
        let mut all = Counts::default();
        column.values().for_each(|row| all.add(*row));
        cell(Some(all))
    });
    println!("| all | {} |\n", all.collect::<Vec<_>>().join(" | "));
    Ok(())
}

fn cell(counts: Option<Counts>) -> String {
    counts.map_or_else(
        || "none".to_owned(),
        |it| format!("{} of {}; {} of {}", it.n_masked, it.n_marked, it.n_right, it.n_found),
    )
}

fn on_ordinary(masker: &Masker, data: &Path) -> Result<()> {
    println!("Finds in 1,000 ordinary texts, right or wrong.\n");
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    println!("| texts | n | {} | MB/s |\n|---|---|{}---|", kinds.join(" | "), "---|".repeat(kinds.len()));
    for (name, file) in TEXTS {
        let path = data.join(file);
        let lines = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let rows: Vec<serde_json::Value> =
            lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let texts: Vec<&str> = rows.iter().filter_map(|row| row["text"].as_str()).collect();
        let mut counts: BTreeMap<Kind, u32> = BTreeMap::new();
        let start = Instant::now();
        for text in &texts {
            for (kind, _) in masker.find(text) {
                *counts.entry(kind).or_default() += 1;
            }
        }
        let n_bytes: usize = texts.iter().map(|text| text.len()).sum();
        let speed = n_bytes as f64 / 1e6 / start.elapsed().as_secs_f64();
        let rate = |kind: &Kind| f64::from(counts.get(kind).copied().unwrap_or(0)) * 1e3 / texts.len() as f64;
        let cells: Vec<String> = Kind::ALL.iter().map(|kind| format!("{:.1}", rate(kind))).collect();
        println!("| {name} | {} | {} | {speed:.1} |", texts.len(), cells.join(" | "));
    }
    println!();
    Ok(())
}

/// Texts made to be slow: beginnings that never end, borders that never come, numbers side by side.
const HOSTILE: &[(&str, &str)] = &[
    ("letters", "a"),
    ("digits", "4"),
    ("digits and blanks", "4 "),
    ("groups of digits", "4111 "),
    ("at signs", "a@"),
    ("domains", "a@b.cc."),
    ("plus signs", "+7 9"),
    ("colons", "ab:"),
    ("dots", "1.2."),
    ("bearers", "bearer a"),
    ("URLs", "https://a:b"),
    ("heads of keys", concat!("-----BEGIN PRI", "VATE KEY-----\n")),
    ("passwords", "password: a1 "),
    ("different addresses", ""),
    ("Russian capitals", "Иван "),
    ("Russian initials", "И. "),
    ("Chinese surnames", "王"),
    ("Chinese titles", "王先生"),
    ("placeholders", "[EMAIL_1"),
    ("telephones", "tel 1"),
    ("passports", "passport "),
];

fn on_hostile(masker: &Masker) -> Result<()> {
    println!("Masking texts made to be slow: 4 times the text should cost 4 times as much.\n");
    println!("| made of | 250 kB, ms | 1 MB, ms | ratio |\n|---|---|---|---|");
    for (name, piece) in HOSTILE {
        let text = |n_bytes: usize| -> String {
            if piece.is_empty() {
                return (0..n_bytes / 20).map(|n| format!("u{n}@example.org ")).collect();
            }
            piece.repeat(n_bytes / piece.len())
        };
        let cost = |n_bytes: usize| {
            let text = text(n_bytes);
            let start = Instant::now();
            let masked = masker.mask(&text);
            let restored = masked.restore(&masked.text);
            anyhow::ensure!(restored == text, "`{name}` did not come back");
            Ok(start.elapsed().as_secs_f64() * 1e3)
        };
        let (small, large) = (cost(250_000)?, cost(1_000_000)?);
        println!("| {name} | {small:.0} | {large:.0} | {:.1} |", large / small);
    }
    Ok(())
}
