//! Opens the file: the settings of a connection, and the first look at what the file holds.
//!
//! In: a folder. Out: a connection to a file whose format is known to be ours. The one file that holds settings of
//! SQLite; everything else in this crate is portable SQL.

use std::path::{Path, PathBuf};
use std::time::Duration;

use karat_core::{Error, Result};
use sqlx::ConnectOptions;
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::error::{io, is_cannot_open, told};
use crate::migrate::{FORMAT_VERSION, migrate, version};

/// Pages of the write-ahead log after which it is copied into the file: 48 MiB. Hashes fall on random pages, and a page
/// that was written often is copied once.
const CHECKPOINT_PAGES: &str = "12288";

/// How a store is opened. The default is what users get.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// How long to wait for another process that is writing.
    pub busy: Duration,
    /// The most entries of one transaction.
    pub batch: usize,
    /// The file may not grow beyond this number of pages of 4096 bytes; for tests, where it stands for a full disk.
    #[doc(hidden)]
    pub max_pages: Option<u32>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { busy: Duration::from_secs(30), batch: 512, max_pages: None }
    }
}

/// Where the parts of a store lie.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// `.karat/karat.db`.
    pub(crate) file: PathBuf,
    /// `.karat/locks`.
    pub(crate) locks: PathBuf,
}

impl Place {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let own = folder.join(".karat");
        Self { file: own.join("karat.db"), locks: own.join("locks") }
    }
}

/// A connection that writes.
pub(crate) async fn connect_writer(place: &Place, options: &StoreOptions) -> sqlx::Result<SqliteConnection> {
    let mut connect = common(place, options)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-8192")
        // What a statement of many rows needs to undo itself: in a file it would double all writing.
        .pragma("temp_store", "MEMORY");
    if let Some(pages) = options.max_pages {
        connect = connect.pragma("max_page_count", pages.to_string());
    }
    connect.connect().await
}

/// A connection that reads, beside whoever writes. A folder that may not be written is no hindrance.
pub(crate) async fn connect_reader(place: &Place, options: &StoreOptions) -> sqlx::Result<SqliteConnection> {
    let connect = common(place, options).pragma("query_only", "ON").pragma("cache_size", "-2048");
    let opened = match connect.clone().connect().await {
        Ok(mut conn) => version(&mut conn).await.map(|_| conn),
        Err(error) => Err(error),
    };
    match opened {
        // Where nobody can write and no log waits to be read, the file stands still and needs no lock.
        Err(error) if is_cannot_open(&error) && !has_log(place) => connect.immutable(true).connect().await,
        other => other,
    }
}

fn has_log(place: &Place) -> bool {
    let log = place.file.with_extension("db-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

fn common(place: &Place, options: &StoreOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&place.file)
        .busy_timeout(options.busy)
        .statement_cache_capacity(128)
        .foreign_keys(true)
        .disable_statement_logging()
}

/// Makes the folder and the file where they are missing, and brings the file to the newest format.
pub(crate) async fn prepare(place: &Place, options: &StoreOptions) -> Result<SqliteConnection> {
    std::fs::create_dir_all(&place.locks).map_err(|error| io("make the folder", &place.locks, error))?;
    // Two processes that open a new project at once would both make its tables.
    let _one_at_a_time = lock_opening(place).await?;
    let failed = |error: sqlx::Error| told(&error, &place.file);
    let mut conn = connect_writer(place, options).await.map_err(failed)?;
    let found = version(&mut conn).await.map_err(failed)?;
    refuse_newer(found, place)?;
    if found < FORMAT_VERSION {
        migrate(&mut conn, found).await.map_err(failed)?;
    }
    Ok(conn)
}

async fn lock_opening(place: &Place) -> Result<std::fs::File> {
    let path = place.locks.join("open");
    let locked = tokio::task::spawn_blocking({
        let path = path.clone();
        move || {
            let file = std::fs::File::create(&path)?;
            file.lock()?;
            Ok(file)
        }
    });
    let locked = locked.await.unwrap_or_else(|lost| Err(std::io::Error::other(lost)));
    locked.map_err(|error| io("lock", &path, error))
}

/// Refuses a file that a newer program wrote.
pub(crate) fn refuse_newer(found: i64, place: &Place) -> Result<()> {
    if found <= FORMAT_VERSION {
        return Ok(());
    }
    let file = place.file.display();
    Err(Error::invalid(format!(
        "`{file}` was written by a newer karat: its format is {found}, and this one knows {FORMAT_VERSION}"
    ))
    .hint("update karat"))
}
