//! What the journal keeps of batches: a decision for each step, and the rows of each batch as a blob.
//!
//! In: what happened to a batch. Out: a decision of the kind `batch`, whose `event` is `planned` (before anything is sent),
//! `submitted` (the vendor's id is known), `collected`, `never_sent` or `given_up`; and [`KeptBatch`], which is what all of
//! them together say. Nothing is changed: a batch is open until one of the last three is there.

use std::collections::HashMap;
use std::sync::Arc;

use karat_core::{Error, Failure, Hash, MicroUsd, Result};
use karat_store::Store;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The kind of the decisions.
pub(super) const KIND: &str = "batch";

/// What happened to a batch, as the journal has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    /// It is about to be sent, and its money is set aside.
    Planned(Planned),
    /// The vendor has it under this id.
    Submitted { key: String, id: String },
    /// It is over, and what it brought is in the journal.
    Collected { key: String, end: KeptEnd, failed: Option<Hash> },
    /// It was not sent, or the vendor has never had it.
    NeverSent { key: String },
    /// Nobody waits for it any more. Its money counts as spent.
    GivenUp { key: String },
}

impl Event {
    pub(super) fn decision(&self) -> (&'static str, Json, i64) {
        (KIND, serde_json::to_value(self).unwrap_or_default(), crate::now_ms())
    }
}

/// A batch before it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Planned {
    pub(super) key: String,
    pub(super) annotator: Hash,
    pub(super) name: String,
    pub(super) endpoint: String,
    pub(super) n_rows: u64,
    pub(super) rows: Hash,
    pub(super) run: i64,
    /// The number of what is set aside; the journal writes it.
    #[serde(default)]
    pub(super) hold: i64,
    pub(super) amount: MicroUsd,
}

/// What a batch brought.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptEnd {
    /// `ended`, `expired`, `canceled`, `failed`, `never_sent` or `given_up`.
    pub state: String,
    /// Why the vendor refused it as a whole.
    pub why: Option<String>,
    /// Rows with an answer.
    pub n_answered: u64,
    /// Rows with an error, or without a line.
    pub n_failed: u64,
    /// Lines under an id that the batch does not have.
    pub n_unknown: u64,
    /// Lines under an id that had one already.
    pub n_twice: u64,
    /// Lines that could not be read.
    pub n_unreadable: u64,
    /// What it cost.
    pub cost: MicroUsd,
}

/// A batch, as the journal knows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeptBatch {
    /// Our name for it, which the vendor keeps where it can.
    pub key: String,
    /// The annotator that it is for.
    pub annotator: Hash,
    /// The annotator's name.
    pub name: String,
    /// The endpoint and the model.
    pub endpoint: String,
    /// How many questions it has.
    pub n_rows: u64,
    /// The most that it can cost.
    pub amount: MicroUsd,
    /// The run that sent it.
    pub run: i64,
    /// When it was sent, in milliseconds since 1970.
    pub at_ms: i64,
    /// The vendor's id; `None` where it is not known, or not yet.
    pub id: Option<String>,
    /// What it brought; `None` while it is open.
    pub end: Option<KeptEnd>,
    #[serde(skip)]
    pub(super) rows: Hash,
    #[serde(skip)]
    pub(super) hold: i64,
    #[serde(skip)]
    pub(super) failed: Option<Hash>,
}

impl KeptBatch {
    /// Whether its results are still to be collected.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Whether an amount is set aside for it now.
    #[must_use]
    pub fn holds_money(&self) -> bool {
        self.is_open() && self.hold > 0
    }
}

/// All batches of a journal, oldest first.
pub async fn batches(store: &Store) -> Result<Vec<KeptBatch>> {
    let mut all: Vec<KeptBatch> = Vec::new();
    for decision in store.decisions(KIND).await? {
        let event: Event = serde_json::from_value(decision.body).map_err(|error| {
            Error::external(format!("decision {} in the journal is no batch", decision.id)).because(error)
        })?;
        let (key, end, failed) = match event {
            Event::Planned(plan) => {
                all.push(KeptBatch {
                    key: plan.key,
                    annotator: plan.annotator,
                    name: plan.name,
                    endpoint: plan.endpoint,
                    n_rows: plan.n_rows,
                    amount: plan.amount,
                    run: plan.run,
                    at_ms: decision.at_ms,
                    id: None,
                    end: None,
                    rows: plan.rows,
                    hold: plan.hold,
                    failed: None,
                });
                continue;
            }
            Event::Submitted { key, id } => {
                if let Some(batch) = all.iter_mut().find(|it| it.key == key) {
                    batch.id = Some(id);
                }
                continue;
            }
            Event::Collected { key, end, failed } => (key, end, failed),
            Event::NeverSent { key } => {
                (key, KeptEnd { state: "never_sent".into(), ..KeptEnd::default() }, None)
            }
            Event::GivenUp { key } => (key, KeptEnd { state: "given_up".into(), ..KeptEnd::default() }, None),
        };
        if let Some(batch) = all.iter_mut().find(|it| it.key == key) {
            batch.end = Some(end);
            batch.failed = failed;
        }
    }
    Ok(all)
}

/// One row of a batch: the question that it asks and what is kept with the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptRow {
    /// The identity of the question, which is also its id in the batch.
    pub(super) request: Hash,
    pub(super) item: Arc<str>,
    pub(super) sample: u32,
    /// Which try it is, from 1.
    pub(super) attempt: u32,
    /// The blob of the prompt.
    pub(super) prompt: Hash,
    /// The most that it can cost.
    pub(super) most: MicroUsd,
}

/// A row that brought no answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FailedRow {
    pub(super) request: Hash,
    pub(super) failure: Failure,
}

/// A list as a blob.
pub(super) fn blob_of<T: Serialize>(list: &[T]) -> (Hash, Arc<[u8]>) {
    let bytes = serde_json::to_vec(list).unwrap_or_default();
    (Hash::of(&bytes), bytes.into())
}

async fn list_of<T: for<'de> Deserialize<'de>>(store: &Store, blob: Hash) -> Result<Vec<T>> {
    let damaged =
        || Error::external("the rows of a batch are not readable in the journal").hint("run `karat verify`");
    let bytes = store.blob(blob).await?.ok_or_else(damaged)?;
    serde_json::from_slice(&bytes).map_err(|error| damaged().because(error))
}

/// The rows of a batch, in the order in which they were sent.
pub(super) async fn rows_of(store: &Store, batch: &KeptBatch) -> Result<Vec<KeptRow>> {
    list_of(store, batch.rows).await
}

/// How often each question of an annotator failed in its batches, and how it did last.
pub(super) async fn failures(
    store: &Store,
    all: &[KeptBatch],
    annotator: Hash,
) -> Result<HashMap<Hash, (u32, Failure)>> {
    let mut failures = HashMap::new();
    let failed = all.iter().filter(|it| it.annotator == annotator).filter_map(|it| it.failed);
    for blob in failed {
        for row in list_of::<FailedRow>(store, blob).await? {
            let known: &mut (u32, Failure) = failures.entry(row.request).or_insert((0, row.failure.clone()));
            *known = (known.0 + 1, row.failure);
        }
    }
    Ok(failures)
}
