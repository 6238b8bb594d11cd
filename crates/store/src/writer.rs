//! The one writer of a store: a task that owns a connection and puts what waits into one transaction.
//!
//! In: commands, from many callers at once. Out: an answer to each, sent after the transaction that holds it is on disk.
//! One sync of the disk serves all that arrived while the last one was under way, and those who come back from it
//! within two milliseconds.
//!
//! Not here: what rows look like (`rows.rs`) and what is counted (`tally.rs`).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use karat_core::{Annotator, Error, Hash, Result, RunRow};
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::batch::Batch;
use crate::blob::Packer;
use crate::budget::{BudgetError, Hold, Wish};
use crate::connect::{Place, StoreOptions, connect_writer};
use crate::decision::NewDecision;
use crate::error::told;
use crate::journal::Entry;
use crate::known::Known;
use crate::lock::RunLocks;
use crate::sql::Statements;

/// Commands that wait; beyond them the callers wait.
const QUEUE: usize = 1024;

/// The most hashes of blobs that are remembered as written; 1 MiB.
const REMEMBERED_BLOBS: usize = 32_768;

/// How long a transaction waits for those who are expected.
const LINGER: Duration = Duration::from_millis(2);

/// Where to send an answer.
pub(crate) type Reply<T> = oneshot::Sender<T>;

/// The way to the writer.
pub(crate) type Sender = mpsc::Sender<Command>;

/// What the writer is asked to do.
pub(crate) enum Command {
    Write(Entry, Reply<Result<()>>),
    Reserve(Wish, Reply<Result<Result<Hold, BudgetError>>>),
    Release(Hold, Reply<Result<()>>),
    BeginRun(RunRow, Reply<Result<i64>>),
    EndRun(RunEnd, Reply<Result<()>>),
    Register(Annotator, Reply<Result<()>>),
    Decide(NewDecision, Reply<Result<i64>>),
    /// Computes the sums anew.
    Rebuild(Reply<Result<()>>),
    /// Copies the write-ahead log into the file.
    Tidy(Reply<Result<()>>),
}

/// The end of a run.
pub(crate) struct RunEnd {
    pub(crate) run: i64,
    pub(crate) how: String,
    pub(crate) at_ms: i64,
}

/// Sends a command and waits for its answer.
pub(crate) async fn ask<T>(sender: &Sender, command: impl FnOnce(Reply<Result<T>>) -> Command) -> Result<T> {
    let (reply, answer) = oneshot::channel();
    let gone = || Error::bug("the writer of the journal has ended");
    sender.send(command(reply)).await.map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

/// What the writer keeps between transactions.
pub(crate) struct Writer {
    place: Place,
    options: StoreOptions,
    /// `None` after an error: the next transaction connects anew, since the state of the old connection is unknown.
    conn: Option<SqliteConnection>,
    pub(crate) known: Known,
    pub(crate) statements: Statements,
    pub(crate) packer: Packer,
    /// Blobs that are on disk: answers repeat, and need not be compressed again.
    pub(crate) written: HashSet<Hash>,
    pub(crate) runs: Arc<RunLocks>,
}

impl Writer {
    /// Starts the task. It ends when the last sender is gone and everything sent is written.
    pub(crate) fn start(
        conn: SqliteConnection,
        place: Place,
        options: StoreOptions,
        runs: Arc<RunLocks>,
    ) -> Sender {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let writer = Self {
            place,
            options,
            conn: Some(conn),
            known: Known::default(),
            statements: Statements::default(),
            packer: Packer::new(),
            written: HashSet::new(),
            runs,
        };
        writer.start_work(receiver);
        sender
    }

    /// Works on a thread of its own: what is written is put together beside the calls of a run, not between them. Where
    /// there is no thread to be had, it works among them.
    fn start_work(self, receiver: mpsc::Receiver<Command>) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else {
            tokio::spawn(self.work(receiver));
            return;
        };
        std::thread::spawn(move || runtime.block_on(self.work(receiver)));
    }

    async fn work(mut self, mut receiver: mpsc::Receiver<Command>) {
        let limit = self.options.batch.max(1);
        let mut commands = Vec::with_capacity(limit);
        let mut expected = 1;
        while receiver.recv_many(&mut commands, limit).await > 0 {
            gather(&mut receiver, &mut commands, expected.min(limit)).await;
            expected = commands.len();
            let batch = Batch::collect(commands.drain(..), &mut self);
            self.write(batch).await;
        }
    }

    async fn write(&mut self, mut batch: Batch) {
        let written = match self.connected().await {
            Ok(mut conn) => {
                let written = batch.write(&mut conn, self).await;
                // After an error the connection may be inside a transaction; dropping it rolls back.
                self.conn = written.is_ok().then_some(conn);
                written
            }
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => {
                if self.written.len() > REMEMBERED_BLOBS {
                    self.written.clear();
                }
                batch.confirm();
            }
            Err(error) => {
                self.known = Known::default();
                self.written.clear();
                batch.refuse(&self.runs, || told(&error, &self.place.file));
            }
        }
    }

    async fn connected(&mut self) -> sqlx::Result<SqliteConnection> {
        match self.conn.take() {
            Some(conn) => Ok(conn),
            None => connect_writer(&self.place, &self.options).await,
        }
    }
}

/// Waits a moment for as many commands as the last transaction held: those who waited for it are about to come back.
/// Whoever writes alone does not wait.
async fn gather(receiver: &mut mpsc::Receiver<Command>, commands: &mut Vec<Command>, expected: usize) {
    let until = Instant::now() + LINGER;
    while commands.len() < expected {
        let more = receiver.recv_many(commands, expected - commands.len());
        match timeout_at(until, more).await {
            Ok(n) if n > 0 => {}
            _ => return,
        }
    }
}
