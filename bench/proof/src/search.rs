//! Whether search finds the right label, how fast, and whether texts that are nearly the same are held back.
//!
//! In: Banking77 and AG News; labels and texts that are drawn, for numbers that no set has. Out: recall at k, times, the
//! share of edited copies that is found. `peers/search.py` does the same as the first table with scikit-learn.
//!
//! The processor's time is that of this thread.

mod near;
pub(crate) mod sets;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use karat_text::search::{Dense, FeatureOptions, Index, fuse};
use serde::Deserialize;

use crate::Given;
use crate::speed::cpu_seconds;

const CUTS: [usize; 5] = [1, 5, 10, 20, 50];
/// Worked examples that stand in the document of a label.
const N_EXAMPLES: usize = 5;

/// A text with its label.
#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) gold: String,
}

/// Prints the tables.
pub(crate) fn run(given: &Given) -> Result<()> {
    let banking = given.data.join("gold_banking77");
    if !banking.exists() {
        println!("skipped: there is no folder `{}`", banking.display());
        return Ok(());
    }
    recall(&banking)?;
    nearest(&given.data)?;
    drawn()?;
    speed(&given.data)?;
    near::run(&given.data)
}

pub(crate) fn rows(path: &Path) -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// How often the right label is among the first k.
struct Recall {
    found: [usize; 5],
    n: usize,
}

impl Recall {
    /// `rank` gives the place of the right label for each query, from 0.
    fn of(ranks: impl Iterator<Item = Option<usize>>) -> Self {
        let mut recall = Self { found: [0; 5], n: 0 };
        for rank in ranks {
            recall.n += 1;
            for (found, cut) in recall.found.iter_mut().zip(CUTS) {
                *found += usize::from(rank.is_some_and(|rank| rank < cut));
            }
        }
        recall
    }

    fn cells(&self) -> String {
        let cell = |found: &usize| format!("{:.1}", 100.0 * *found as f64 / self.n.max(1) as f64);
        self.found.iter().map(cell).collect::<Vec<_>>().join(" | ")
    }
}

/// The place of a document among the hits.
fn rank(index: &Index, query: &str, doc: usize) -> Option<usize> {
    index.nearest(query, 50).iter().position(|hit| hit.doc == doc)
}

fn pieces() -> [(&'static str, FeatureOptions); 4] {
    let with = |words, letters| FeatureOptions { words, letters, min_texts: 1 };
    [
        ("words", with(Some(1..=1), None)),
        ("letters 3-5", with(None, Some(3..=5))),
        ("words and letters 3-5 (`for_search`)", FeatureOptions::for_search()),
        ("words 1-2 and letters 3-5", with(Some(1..=2), Some(3..=5))),
    ]
}

/// The labels of Banking77 by name, and with examples.
fn recall(banking: &Path) -> Result<()> {
    let labels: Vec<String> = serde_json::from_str(&std::fs::read_to_string(banking.join("labels.json"))?)?;
    let (train, test) = (rows(&banking.join("train.jsonl"))?, rows(&banking.join("test.jsonl"))?);
    let number: BTreeMap<&str, usize> =
        labels.iter().enumerate().map(|(n, label)| (label.as_str(), n)).collect();
    let mut shown: Vec<Vec<&str>> = vec![Vec::new(); labels.len()];
    for row in &train {
        let of_label = &mut shown[number[row.gold.as_str()]];
        if of_label.len() < N_EXAMPLES {
            of_label.push(&row.text);
        }
    }
    let with_examples: Vec<String> = labels
        .iter()
        .zip(&shown)
        .map(|(label, examples)| std::iter::once(label.as_str()).chain(examples.iter().copied()))
        .map(|parts| parts.collect::<Vec<_>>().join(" "))
        .collect();
    println!(
        "Banking77: {} queries, {} labels; how often the right label is among the first k, in %.\n",
        test.len(),
        labels.len()
    );
    println!("| documents | pieces | 1 | 5 | 10 | 20 | 50 |\n|---|---|---|---|---|---|---|");
    for (documents, texts) in [("names", &labels), ("names and 5 examples", &with_examples)] {
        for (name, options) in pieces() {
            let index = Index::build(texts, &options);
            let ranks = test.iter().map(|row| rank(&index, &row.text, number[row.gold.as_str()]));
            println!("| {documents} | {name} | {} |", Recall::of(ranks).cells());
        }
    }
    let names = Index::build(&labels, &FeatureOptions::for_search());
    let examples = Index::build(&with_examples, &FeatureOptions::for_search());
    let docs = |index: &Index, text: &str| index.nearest(text, 77).iter().map(|hit| hit.doc).collect();
    let ranks = test.iter().map(|row| {
        let fused = fuse(&[docs(&names, &row.text), docs(&examples, &row.text)]);
        fused.iter().position(|hit| hit.doc == number[row.gold.as_str()])
    });
    println!("| both, fused | `for_search` | {} |\n", Recall::of(ranks).cells());
    Ok(())
}

/// How often the nearest example has the label of the query: what examples by likeness start from.
fn nearest(data: &Path) -> Result<()> {
    let (train, test) =
        (rows(&data.join("gold_banking77/train.jsonl"))?, rows(&data.join("gold_banking77/test.jsonl"))?);
    let mut news = rows(&data.join("gold_ag_news/test.jsonl"))?;
    let asked = news.split_off(news.len() / 2);
    println!("How often the nearest example has the query's label, and one of the nearest 5 and 10, in %.\n");
    println!("| set | examples | queries | pieces | 1 | 5 | 10 |\n|---|---|---|---|---|---|---|");
    for (name, pool, queries) in [("Banking77", &train, &test), ("AG News", &news, &asked)] {
        for (of, options) in pieces() {
            let index = Index::build(pool.iter().map(|row| &row.text), &options);
            let ranks = queries.iter().map(|query| {
                index.nearest(&query.text, 10).iter().position(|hit| pool[hit.doc].gold == query.gold)
            });
            let cells = Recall::of(ranks).cells();
            let first: Vec<&str> = cells.split(" | ").take(3).collect();
            println!("| {name} | {} | {} | {of} | {} |", pool.len(), queries.len(), first.join(" | "));
        }
    }
    println!();
    Ok(())
}

/// Labels and texts that are drawn.
fn drawn() -> Result<()> {
    println!(
        "Drawn labels of three words; a query holds two of them, one with another ending, among eight other words.\n"
    );
    println!("| labels | 1 | 5 | 10 | 20 | 50 | build ms | query µs |\n|---|---|---|---|---|---|---|---|");
    for n in [1_000, 10_000] {
        let (labels, queries) = sets::labels(n, 1_000, 7);
        let (index, build) = timed(|| Index::build(&labels, &FeatureOptions::for_search()))?;
        let (ranks, query) =
            timed(|| queries.iter().map(|(text, doc)| rank(&index, text, *doc)).collect::<Vec<_>>())?;
        let per_query = query / queries.len() as f64;
        let recall = Recall::of(ranks.into_iter());
        println!("| {n} | {} | {:.1} | {:.0} |", recall.cells(), 1e3 * build, 1e6 * per_query);
    }
    println!();
    Ok(())
}

/// What building and asking cost on more texts.
fn speed(data: &Path) -> Result<()> {
    println!("One thread; texts of 100,000 are halves of two rows of the set.\n");
    println!("| texts | n | letters a text | features | build s | query µs |\n|---|---|---|---|---|---|");
    let banking = rows(&data.join("gold_banking77/train.jsonl"))?;
    let news = rows(&data.join("gold_ag_news/test.jsonl"))?;
    let sets = [
        ("Banking77", sets::halves(&banking, 10_003, 1)),
        ("Banking77", sets::halves(&banking, 100_000, 1)),
        ("AG News", sets::halves(&news, 100_000, 1)),
    ];
    for (name, texts) in &sets {
        let (index, build) = timed(|| Index::build(texts, &FeatureOptions::for_search()))?;
        let queries: Vec<&String> = texts.iter().step_by(texts.len() / 200).collect();
        let (_, query) = timed(|| queries.iter().map(|text| index.nearest(text, 10).len()).sum::<usize>())?;
        let letters = texts.iter().map(String::len).sum::<usize>() / texts.len();
        println!(
            "| {name} | {} | {letters} | {} | {build:.2} | {:.0} |",
            texts.len(),
            index.features().len(),
            1e6 * query / queries.len() as f64
        );
    }
    let vectors = sets::vectors(10_000, 768, 7);
    let (dense, build) = timed(|| Dense::build(&vectors))?;
    let dense = dense?;
    let (hits, query) =
        timed(|| vectors[..50].iter().map(|query| dense.nearest(query, 10)).collect::<Vec<_>>())?;
    let own =
        hits.iter().enumerate().filter(|(n, hits)| hits.as_ref().is_ok_and(|hits| hits[0].doc == *n)).count();
    println!("| embeddings of 768 numbers | 10000 | | | {build:.2} | {:.0} |\n", 1e6 * query / 50.0);
    println!("Of 50 embeddings {own} find themselves first.\n");
    Ok(())
}

/// What it gives, and the seconds of this thread that it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> Result<(T, f64)> {
    let before = cpu_seconds()?;
    let done = std::hint::black_box(work());
    Ok((done, cpu_seconds()? - before))
}
