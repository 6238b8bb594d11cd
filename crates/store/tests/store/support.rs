//! Rows for the tests, made from a number: the same number gives the same row.

use std::path::Path;
use std::sync::Arc;

use karat_core::{
    AnnotationRow, Annotator, AnnotatorKind, AttemptRow, Hash, MicroUsd, OutcomeKind, RunRow, Tokens,
};
use karat_store::{Entry, Journal, JournalOptions, Store};

pub(crate) fn annotator() -> Annotator {
    Annotator {
        kind: AnnotatorKind::Scripted,
        name: "stand-in".into(),
        model: "none stand-in".into(),
        prompt: Hash::of(b"template"),
        settings: "{}".into(),
    }
}

pub(crate) fn run_row() -> RunRow {
    RunRow {
        plan: Hash::of(b"plan"),
        command: "label".into(),
        seed: u64::MAX,
        max_cost: Some(MicroUsd(5_000_000)),
        at_ms: 1_000,
    }
}

/// A store with one annotator, one begun run and a journal.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) journal: Journal,
    pub(crate) run: i64,
}

pub(crate) async fn bench(folder: &Path) -> Bench {
    let store = Store::open(folder).await.unwrap();
    store.register(&annotator()).await.unwrap();
    let run = store.begin_run(&run_row()).await.unwrap();
    let journal = store.journal(JournalOptions::default()).unwrap();
    Bench { store, journal, run }
}

pub(crate) fn item(n: u64) -> Arc<str> {
    format!("item-{n}").into()
}

pub(crate) fn input(n: u64) -> Hash {
    Hash::of(format!("text {n}").as_bytes())
}

pub(crate) fn request(n: u64) -> Hash {
    Hash::of(format!("request {n}").as_bytes())
}

pub(crate) fn prompt_text(n: u64) -> Vec<u8> {
    format!("Label the review as positive or negative. {}Review {n}", "word ".repeat(80)).into_bytes()
}

pub(crate) fn answer_text(n: u64) -> Vec<u8> {
    format!("{{\"label\":\"{}\"}}", if n.is_multiple_of(2) { "a" } else { "b" }).into_bytes()
}

pub(crate) fn attempt(run: i64, n: u64) -> AttemptRow {
    AttemptRow {
        run,
        annotator: annotator().id(),
        item: item(n),
        request: request(n),
        sample: 0,
        ask: 0,
        attempt: 1,
        status: "ok".into(),
        message: None,
        prompt: Hash::of(&prompt_text(n)),
        answer: Some(Hash::of(&answer_text(n))),
        tokens: Some(Tokens { input: 100 + n, cached_read: 60, cached_write: 5, output: 7, reasoning: 3 }),
        cost: MicroUsd(40),
        priced: Some("2026-01-01".into()),
        latency_ms: 12,
        served_model: Some("stand-in-1".into()),
        at_ms: 2_000,
    }
}

pub(crate) fn annotation(run: i64, n: u64, kind: OutcomeKind) -> AnnotationRow {
    let body = match kind {
        OutcomeKind::Labeled => r#"{"label":"a"}"#,
        OutcomeKind::Abstained => r#"{"why":"unknown","words":"not sure"}"#,
        OutcomeKind::Unusable => r#"{"why":"truncated","max_tokens":16}"#,
        OutcomeKind::Failed => r#"{"class":"timeout","message":"no answer in 120 s"}"#,
    };
    AnnotationRow {
        item: item(n),
        input: input(n),
        annotator: annotator().id(),
        run,
        kind,
        body: body.into(),
        confidence: (kind == OutcomeKind::Labeled).then_some(0.75),
        source: "logprobs".into(),
        notes: None,
        at_ms: 2_001,
    }
}

/// A good answer, with its blobs.
pub(crate) fn labeled(run: i64, n: u64) -> Entry {
    let (prompt, answer) = (prompt_text(n), answer_text(n));
    Entry {
        attempts: vec![attempt(run, n)],
        annotations: vec![annotation(run, n, OutcomeKind::Labeled)],
        blobs: vec![(Hash::of(&prompt), prompt.into()), (Hash::of(&answer), answer.into())],
        ..Entry::default()
    }
}

/// A failure: one attempt without an answer.
pub(crate) fn failed(run: i64, n: u64) -> Entry {
    let prompt = prompt_text(n);
    let attempt = AttemptRow {
        status: "timeout".into(),
        message: Some("no answer in 120 s".into()),
        answer: None,
        tokens: None,
        cost: MicroUsd(0),
        served_model: None,
        ..attempt(run, n)
    };
    Entry {
        attempts: vec![attempt],
        annotations: vec![annotation(run, n, OutcomeKind::Failed)],
        blobs: vec![(Hash::of(&prompt), prompt.into())],
        ..Entry::default()
    }
}
