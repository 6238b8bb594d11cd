//! A disk that is full, a folder that may not be written, a file that is not ours: clear errors, and nothing is lost.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{annotator, bench, input, item, labeled, run_row};
use karat_core::{Error, ErrorKind};
use karat_store::{JournalOptions, Store, StoreOptions};
use sqlx::{Connection, SqliteConnection, raw_sql};

fn file_of(folder: &Path) -> PathBuf {
    folder.join(".karat/karat.db")
}

async fn raw(folder: &Path) -> SqliteConnection {
    let url = format!("sqlite://{}", file_of(folder).display());
    SqliteConnection::connect(&url).await.unwrap()
}

async fn open_error(folder: &Path) -> Error {
    let options = StoreOptions { busy: Duration::ZERO, ..StoreOptions::default() };
    match Store::open_with(folder, options).await {
        Ok(_) => panic!("the store opened"),
        Err(error) => error,
    }
}

#[track_caller]
fn check_error(error: &Error, kind: ErrorKind, part: &str) {
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.to_string().contains(part), "{error}");
    assert!(error.next_step().is_some());
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_confirmed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions { max_pages: Some(80), ..StoreOptions::default() };
    let store = Store::open_with(folder.path(), options).await.unwrap();
    store.register(&annotator()).await.unwrap();
    let run = store.begin_run(&run_row()).await.unwrap();
    let journal = store.journal(JournalOptions::default()).unwrap();
    let mut kept = Vec::new();
    let mut refused = None;
    for n in 0..2_000 {
        match journal.write(labeled(run, n)).await {
            Ok(()) => kept.push(n),
            Err(error) => {
                refused = Some((n, error));
                break;
            }
        }
    }
    let (last, error) = refused.expect("80 pages are never full");
    check_error(&error, ErrorKind::External, "the disk is full");
    assert!(!kept.is_empty());

    // Space is made by opening without the limit: the run goes on.
    drop((store, journal));
    let store = Store::open(folder.path()).await.unwrap();
    let journal = store.journal(JournalOptions::default()).unwrap();
    journal.write(labeled(run, last)).await.unwrap();
    kept.push(last);
    let keys: Vec<_> = kept.iter().map(|n| (item(*n), input(*n))).collect();
    let found = store.standing(annotator().id(), &keys).await.unwrap();
    assert!(found.iter().all(Option::is_some));
    assert_eq!(store.verify().await.unwrap().differences, [""; 0]);
    assert_eq!(store.tallies().await.unwrap()[0].attempts, kept.len() as u64);
}

#[tokio::test]
async fn a_writer_goes_on_after_the_disk_was_full() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions { max_pages: Some(80), ..StoreOptions::default() };
    let store = Store::open_with(folder.path(), options).await.unwrap();
    store.register(&annotator()).await.unwrap();
    let run = store.begin_run(&run_row()).await.unwrap();
    let journal = store.journal(JournalOptions::default()).unwrap();
    let mut huge = labeled(run, 1);
    let noise: Vec<u8> = (0..40_000u64).flat_map(|n| karat_core::Hash::of(&n.to_le_bytes()).0).collect();
    huge.blobs.push((karat_core::Hash::of(&noise), noise.into()));
    let error = journal.write(huge).await.unwrap_err();
    check_error(&error, ErrorKind::External, "the disk is full");
    journal.write(labeled(run, 1)).await.unwrap();
    let report = store.verify().await.unwrap();
    assert_eq!(report.differences, [""; 0]);
    assert_eq!((report.attempts, report.blobs), (1, 2));
}

/// A folder in which nobody may make a file, also not the superuser; `None` where there is none.
fn forbidden() -> Option<PathBuf> {
    let folder = PathBuf::from("/sys/kernel");
    (folder.is_dir() && std::fs::create_dir(folder.join("karat-test")).is_err()).then_some(folder)
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_told() {
    let Some(folder) = forbidden() else { return };
    let error = open_error(&folder).await;
    check_error(&error, ErrorKind::External, "cannot make the folder `/sys/kernel/.karat");
}

#[tokio::test]
async fn a_file_in_the_place_of_the_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".karat"), "mine").unwrap();
    let error = open_error(folder.path()).await;
    check_error(&error, ErrorKind::External, "cannot make the folder");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".karat")).unwrap();
    let content = "a text that somebody put here, long enough to be looked at".repeat(20);
    std::fs::write(file_of(folder.path()), &content).unwrap();
    let error = open_error(folder.path()).await;
    check_error(&error, ErrorKind::External, "is not a journal of karat");
    let error = Store::open_existing(folder.path()).await.err().unwrap();
    check_error(&error, ErrorKind::External, "is not a journal of karat");
    assert_eq!(std::fs::read_to_string(file_of(folder.path())).unwrap(), content);
}

#[tokio::test]
async fn a_file_of_a_newer_karat_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(bench(folder.path()).await);
    let mut conn = raw(folder.path()).await;
    raw_sql("INSERT INTO migration (version) VALUES (99)").execute(&mut conn).await.unwrap();
    let error = open_error(folder.path()).await;
    check_error(&error, ErrorKind::Invalid, "its format is 99");
    let error = Store::open_existing(folder.path()).await.err().unwrap();
    check_error(&error, ErrorKind::Invalid, "its format is 99");
}

#[tokio::test]
async fn a_file_that_another_program_holds_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions { busy: Duration::ZERO, ..StoreOptions::default() };
    let store = Store::open_with(folder.path(), options).await.unwrap();
    let mut conn = raw(folder.path()).await;
    raw_sql("BEGIN IMMEDIATE").execute(&mut conn).await.unwrap();
    let error = store.register(&annotator()).await.unwrap_err();
    check_error(&error, ErrorKind::Conflict, "is locked by another program");
    raw_sql("ROLLBACK").execute(&mut conn).await.unwrap();
    store.register(&annotator()).await.unwrap();
}

#[tokio::test]
async fn an_empty_file_is_a_new_journal() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".karat")).unwrap();
    std::fs::write(file_of(folder.path()), "").unwrap();
    assert!(Store::open_existing(folder.path()).await.unwrap().is_none());
    drop(bench(folder.path()).await);
}

#[tokio::test]
async fn damage_is_told_and_never_read_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let writes = (0..500).map(|n| bench.journal.write(labeled(bench.run, n)));
    futures::future::try_join_all(writes).await.unwrap();
    bench.journal.finish().await.unwrap();
    drop(bench.store);
    let path = file_of(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();

    let store = Store::open_existing(folder.path()).await.unwrap().unwrap();
    match store.verify().await {
        Ok(report) => assert!(!report.is_whole()),
        Err(error) => check_error(&error, ErrorKind::External, "is damaged"),
    }
}

#[tokio::test]
async fn the_log_refuses_to_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let budget = bench.store.budget(bench.run, karat_core::MicroUsd(9)).unwrap();
    let mut entry = labeled(bench.run, 1);
    entry.settle = Some(budget.reserve(karat_core::MicroUsd(1)).await.unwrap());
    bench.journal.write(entry).await.unwrap();
    bench.store.end_run(bench.run, "finished", 1).await.unwrap();
    let mut conn = raw(folder.path()).await;
    for (table, column) in [
        ("annotator", "name"),
        ("run", "command"),
        ("run_end", "how"),
        ("attempt", "status"),
        ("annotation", "body"),
        ("blob", "bytes"),
        ("hold", "amount"),
        ("hold_end", "cost"),
    ] {
        for change in [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")] {
            let refused = raw_sql(sqlx::AssertSqlSafe(change.clone())).execute(&mut conn).await.unwrap_err();
            assert!(refused.to_string().contains("the journal is append-only"), "{change}: {refused}");
        }
    }
}
