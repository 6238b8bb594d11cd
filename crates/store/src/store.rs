//! The store of a project: opening it, and the few things that are written outside the journal.
//!
//! In: a project's folder. Out: a [`Store`], whose clones share one writer and one reader. Not here: what is read
//! (`read.rs`, `overview.rs`) and how it is checked (`verify.rs`).

use std::path::Path;
use std::sync::Arc;

use karat_core::{Annotator, Error, Hash, MicroUsd, Result, RunRow};
use sqlx::SqliteConnection;
use tokio::sync::{Mutex, MutexGuard};

use crate::blob::Unpacker;
use crate::budget::Budget;
use crate::connect::{Place, StoreOptions, connect_reader, prepare, refuse_newer};
use crate::error::told;
use crate::journal::{Journal, JournalOptions};
use crate::lock::{Claim, RunLocks, claim};
use crate::migrate::version;
use crate::sql::Statements;
use crate::writer::{Command, RunEnd, Sender, Writer, ask};

/// The journal of one project, with all that may be asked of it. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    place: Place,
    options: StoreOptions,
    /// `None` where the store was opened for reading.
    writer: Option<Sender>,
    reader: Mutex<Option<Reader>>,
}

/// A connection that reads, with what it keeps between queries.
pub(crate) struct Reader {
    pub(crate) conn: SqliteConnection,
    pub(crate) statements: Statements,
    pub(crate) unpacker: Unpacker,
}

impl Store {
    /// Opens the store of a project's folder for writing, and makes `.karat/` where it is missing. Must be called inside
    /// a tokio runtime, which must live as long as the store.
    ///
    /// Errors: a folder that may not be written, a full disk, a file that is no journal or is damaged, a file of a newer
    /// karat, a file that another program keeps locked.
    pub async fn open(folder: &Path) -> Result<Self> {
        Self::open_with(folder, StoreOptions::default()).await
    }

    /// As [`Store::open`], with options.
    pub async fn open_with(folder: &Path, options: StoreOptions) -> Result<Self> {
        let place = Place::in_folder(folder);
        let conn = prepare(&place, &options).await?;
        let runs = Arc::new(RunLocks::new(place.locks.clone()));
        let writer = Writer::start(conn, place.clone(), options.clone(), runs);
        Ok(Self::new(place, options, Some(writer), None))
    }

    /// Opens a store for reading, also while another process writes, and in a folder that may not be written. `None`
    /// where the folder has none. Whatever would write is refused.
    pub async fn open_existing(folder: &Path) -> Result<Option<Self>> {
        let place = Place::in_folder(folder);
        if !std::fs::metadata(&place.file).is_ok_and(|file| file.len() > 0) {
            return Ok(None);
        }
        let options = StoreOptions::default();
        let failed = |error: sqlx::Error| told(&error, &place.file);
        let mut conn = connect_reader(&place, &options).await.map_err(failed)?;
        match version(&mut conn).await.map_err(failed)? {
            0 => Ok(None),
            found => {
                refuse_newer(found, &place)?;
                Ok(Some(Self::new(place, options, None, Some(Reader::new(conn)))))
            }
        }
    }

    fn new(place: Place, options: StoreOptions, writer: Option<Sender>, reader: Option<Reader>) -> Self {
        Self(Arc::new(Inner { place, options, writer, reader: Mutex::new(reader) }))
    }

    /// Begins a run, and returns its number. The run counts as running until it is ended or this process dies.
    pub async fn begin_run(&self, run: &RunRow) -> Result<i64> {
        let run = run.clone();
        ask(self.writer()?, |reply| Command::BeginRun(run, reply)).await
    }

    /// Ends a run: `finished`, `interrupted` or `failed: …`. The first end of a run stays.
    pub async fn end_run(&self, run: i64, how: &str, at_ms: i64) -> Result<()> {
        let how = how.to_owned();
        let end = RunEnd { run, how, at_ms };
        ask(self.writer()?, |reply| Command::EndRun(end, reply)).await
    }

    /// Makes an annotator known, under its [`Annotator::id`]; before any row of it is written. The first name stays.
    pub async fn register(&self, annotator: &Annotator) -> Result<()> {
        let annotator = annotator.clone();
        ask(self.writer()?, |reply| Command::Register(annotator, reply)).await
    }

    /// The right to ask for the annotations of an annotator, so that no other process pays for the same items. It ends
    /// when dropped and when the process dies. Error: a conflict that names the process which has it.
    pub fn claim(&self, annotator: Hash) -> Result<Claim> {
        self.writer()?;
        claim(&self.0.place.locks, annotator)
    }

    /// The way into the log.
    pub fn journal(&self, options: JournalOptions) -> Result<Journal> {
        Ok(Journal::new(self.writer()?.clone(), options))
    }

    /// A limit over all that the project ever spent, for the calls of `run`.
    pub fn budget(&self, run: i64, max: MicroUsd) -> Result<Budget> {
        let sender = self.writer()?.clone();
        Ok(Budget { sender, run, max })
    }

    /// Computes the sums anew from the log; only where [`Store::verify`] found them to differ.
    pub async fn rebuild(&self) -> Result<()> {
        ask(self.writer()?, Command::Rebuild).await
    }

    pub(crate) fn writer(&self) -> Result<&Sender> {
        self.0
            .writer
            .as_ref()
            .ok_or_else(|| Error::bug("the store was opened for reading and cannot be written"))
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }

    /// The shared connection for reading.
    pub(crate) async fn reader(&self) -> Result<Reading<'_>> {
        let mut reader = self.0.reader.lock().await;
        if reader.is_none() {
            *reader = Some(Reader::new(self.connect().await?));
        }
        Ok(Reading(reader))
    }

    /// A connection of one's own for reading.
    pub(crate) async fn connect(&self) -> Result<SqliteConnection> {
        let opened = connect_reader(&self.0.place, &self.0.options).await;
        opened.map_err(|error| self.told(&error))
    }

    pub(crate) fn told(&self, error: &sqlx::Error) -> Error {
        told(error, &self.0.place.file)
    }
}

impl Reader {
    fn new(conn: SqliteConnection) -> Self {
        Self { conn, statements: Statements::default(), unpacker: Unpacker::new() }
    }
}

/// The reader, for the time of one query.
pub(crate) struct Reading<'s>(MutexGuard<'s, Option<Reader>>);

impl Reading<'_> {
    pub(crate) fn get(&mut self) -> Result<&mut Reader> {
        self.0.as_mut().ok_or_else(|| Error::bug("the journal has no reader"))
    }
}
