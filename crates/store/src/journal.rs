//! The way into the log: an entry is on disk when its write returns.
//!
//! In: [`Entry`], from many callers at once, which share a transaction. Out: nothing but the fact that it is kept.

use std::sync::Arc;

use karat_core::{AnnotationRow, AttemptRow, Error, Hash, Result};
use serde_json::Value as Json;
use tokio::sync::Semaphore;

use crate::budget::Hold;
use crate::writer::{Command, Sender, ask};

/// What is written in one transaction: all of it, or nothing.
#[derive(Debug, Default)]
pub struct Entry {
    /// Calls that were made.
    pub attempts: Vec<AttemptRow>,
    /// Outcomes.
    pub annotations: Vec<AnnotationRow>,
    /// The bytes that the attempts name, each under its hash. A blob that is there already is not written again.
    pub blobs: Vec<(Hash, Arc<[u8]>)>,
    /// The hold that ends with these attempts; their cost takes its place.
    pub settle: Option<Hold>,
    /// What was decided with it, each with kind, body and time: see [`Store::decide`](crate::Store::decide).
    pub decisions: Vec<(&'static str, Json, i64)>,
}

impl Entry {
    /// A bound on the memory that it takes while it waits, in bytes.
    fn weight(&self) -> usize {
        let rows = 512 * (1 + self.attempts.len() + self.annotations.len());
        rows + self.blobs.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }
}

/// How a journal takes entries.
#[derive(Debug, Clone, Copy)]
pub struct JournalOptions {
    /// The most bytes of entries that wait to be written; a further write waits until there is room.
    pub queue_bytes: u32,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { queue_bytes: 8 << 20 }
    }
}

/// Takes entries. Clones share the queue.
#[derive(Debug, Clone)]
pub struct Journal {
    sender: Sender,
    room: Arc<Semaphore>,
    queue_bytes: u32,
}

impl Journal {
    pub(crate) fn new(sender: Sender, options: JournalOptions) -> Self {
        let queue_bytes = options.queue_bytes.max(1);
        Self { sender, room: Arc::new(Semaphore::new(queue_bytes as usize)), queue_bytes }
    }

    /// Writes an entry; returns when it is on disk, and what was confirmed so survives the loss of power. An error means
    /// that nothing of the entry was kept. Dropping the future neither stops the write nor harms it.
    pub async fn write(&self, entry: Entry) -> Result<()> {
        let weight = u32::try_from(entry.weight()).unwrap_or(u32::MAX);
        let _room = self.take(weight.min(self.queue_bytes)).await?;
        ask(&self.sender, |reply| Command::Write(entry, reply)).await
    }

    /// Waits for all writes that were begun, and takes no more. Tidies the file, so that it is whole without its log.
    pub async fn finish(self) -> Result<()> {
        let _all = self.take(self.queue_bytes).await?;
        self.room.close();
        ask(&self.sender, Command::Tidy).await
    }

    async fn take(&self, weight: u32) -> Result<tokio::sync::SemaphorePermit<'_>> {
        let taken = self.room.acquire_many(weight).await;
        taken.map_err(|_| Error::bug("an entry was written to a journal that is finished"))
    }
}
