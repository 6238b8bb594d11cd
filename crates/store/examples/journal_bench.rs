//! Measures the journal: what one entry of one attempt, one annotation and two blobs costs, in processor time, and how
//! much memory a long run takes.
//!
//! `cargo run --release -p karat-store --example journal_bench -- ENTRIES IN_FLIGHT FOLDER [write|budget]`
//!
//! `write` measures the writing alone; `budget` sets money aside before each entry.

#![expect(clippy::print_stderr, reason = "a measurement is told to whoever runs it")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use karat_core::{
    AnnotationRow, Annotator, AnnotatorKind, AttemptRow, Error, Hash, MicroUsd, OutcomeKind, RunRow, Tokens,
};
use karat_store::{Budget, Entry, JournalOptions, Store};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let mut number = |or: u64| args.next().and_then(|arg| arg.parse().ok()).unwrap_or(or);
    let (entries, in_flight) = (number(10_000), number(256));
    let folder = args.next().unwrap_or_else(|| "target/journal_bench".into());
    let store = Store::open(Path::new(&folder)).await?;
    let annotator = annotator();
    store.register(&annotator).await?;
    let run = store.begin_run(&run_row()).await?;
    let only = args.next();
    let limit = (only.as_deref() == Some("budget")).then_some(MicroUsd(u64::MAX >> 1));
    let budget = limit.map(|max| store.budget(run, max)).transpose()?;
    let before = (cpu_seconds(), Instant::now());
    write_all(&store, run, (entries, in_flight), budget).await?;
    tell("write", entries, before);
    if only.is_some() {
        return Ok(());
    }

    let before = (cpu_seconds(), Instant::now());
    for first in (0..entries).step_by(500) {
        let keys: Vec<_> = (first..entries.min(first + 500)).map(|n| (item(n), input(n))).collect();
        store.standing(annotator.id(), &keys).await?;
    }
    tell("standing", entries, before);

    let before = (cpu_seconds(), Instant::now());
    for first in (0..entries).step_by(500) {
        let requests: Vec<_> = (first..entries.min(first + 500)).map(|n| request(run, n)).collect();
        store.answers(&requests).await?;
    }
    tell("answers", entries, before);

    let before = (cpu_seconds(), Instant::now());
    let found = store.verify().await?;
    tell("verify", entries, before);
    eprintln!(
        "differences {}, blobs {} of {} bytes in {}",
        found.n_differences, found.blobs, found.blob_bytes, found.stored_bytes
    );
    Ok(())
}

async fn write_all(
    store: &Store,
    run: i64,
    (entries, in_flight): (u64, u64),
    budget: Option<Budget>,
) -> Result<(), Error> {
    let journal = store.journal(JournalOptions::default())?;
    let next = Arc::new(AtomicU64::new(0));
    let writers = (0..in_flight).map(|_| {
        let (journal, next, budget) = (journal.clone(), Arc::clone(&next), budget.clone());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= entries {
                    return Ok::<_, Error>(());
                }
                let mut entry = entry(run, n);
                if let Some(budget) = &budget {
                    entry.settle = Some(budget.reserve(MicroUsd(50)).await?);
                }
                journal.write(entry).await?;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.map_err(|lost| Error::bug(lost.to_string()))??;
    }
    journal.finish().await
}

fn tell(what: &str, entries: u64, (cpu, started): (f64, Instant)) {
    let (cpu, wall) = (cpu_seconds() - cpu, started.elapsed().as_secs_f64());
    eprintln!(
        "{what:9} {:8.2} us of processor per entry, {:9.0} entries/s, largest memory {} MB",
        cpu / entries as f64 * 1e6,
        entries as f64 / wall,
        peak_kib() / 1024
    );
}

/// Of this process, from `/proc`: in hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn annotator() -> Annotator {
    Annotator {
        kind: AnnotatorKind::Scripted,
        name: "stand-in".into(),
        model: "none stand-in".into(),
        prompt: Hash::of(b"template"),
        settings: "{}".into(),
    }
}

fn run_row() -> RunRow {
    RunRow { plan: Hash::of(b"plan"), command: "label".into(), seed: 1, max_cost: None, at_ms: 0 }
}

fn item(n: u64) -> Arc<str> {
    format!("{n:07}").into()
}

fn input(n: u64) -> Hash {
    Hash::of(&n.to_le_bytes())
}

fn request(run: i64, n: u64) -> Hash {
    Hash::of(format!("{run} {n}").as_bytes())
}

fn entry(run: i64, n: u64) -> Entry {
    let prompt = format!(
        "[{{\"role\":\"system\",\"content\":\"You label reviews. Answer with one JSON object: label, one of positive, \
         negative, neutral; confidence, a number from 0 to 1. Negative is a complaint, positive is praise, neutral is \
         neither; where both occur, the stronger decides.\"}},{{\"role\":\"user\",\"content\":\"Review {n}: the case \
         arrived on day {} with {} scratches, the battery lasts {} hours, and the seller wrote {} letters.\"}}]",
        n % 31,
        n % 7,
        n % 24,
        n % 5
    );
    let answer = format!("{{\"label\":\"negative\",\"confidence\":0.{:04}}}", n % 10_000);
    let (prompt_hash, answer_hash) = (Hash::of(prompt.as_bytes()), Hash::of(answer.as_bytes()));
    let attempt = AttemptRow {
        run,
        annotator: annotator().id(),
        item: item(n),
        request: request(run, n),
        sample: 0,
        ask: 0,
        attempt: 1,
        status: "ok".into(),
        message: None,
        prompt: prompt_hash,
        answer: Some(answer_hash),
        tokens: Some(Tokens { input: 140, output: 12, ..Tokens::default() }),
        cost: MicroUsd(31),
        priced: Some("2026-01-01".into()),
        latency_ms: 100,
        served_model: Some("stand-in-1".into()),
        at_ms: 1_760_000_000_000,
    };
    let annotation = AnnotationRow {
        item: item(n),
        input: input(n),
        annotator: annotator().id(),
        run,
        kind: OutcomeKind::Labeled,
        body: "\"negative\"".into(),
        confidence: Some(0.75),
        source: "stated".into(),
        notes: None,
        at_ms: 1_760_000_000_000,
    };
    Entry {
        attempts: vec![attempt],
        annotations: vec![annotation],
        blobs: vec![(prompt_hash, prompt.into_bytes().into()), (answer_hash, answer.into_bytes().into())],
        settle: None,
        decisions: Vec::new(),
    }
}
