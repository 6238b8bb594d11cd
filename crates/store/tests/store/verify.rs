//! Whatever is changed behind the back of the store is found, and the sums can be made anew.

use crate::support::{answer_text, bench, failed, labeled, prompt_text};
use karat_core::{Hash, MicroUsd};
use karat_store::Store;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, raw_sql};

/// Writes a small journal, changes it with `damage`, and returns what is found and what is found after a rebuild.
async fn found_after(damage: String) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let budget = bench.store.budget(bench.run, MicroUsd(900)).unwrap();
    let _in_flight = budget.reserve(MicroUsd(70)).await.unwrap();
    for entry in [labeled(bench.run, 1), labeled(bench.run, 2), failed(bench.run, 3), labeled(bench.run, 3)] {
        bench.journal.write(entry).await.unwrap();
    }
    assert!(bench.store.verify().await.unwrap().is_whole());
    let url = format!("sqlite://{}", folder.path().join(".karat/karat.db").display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    raw_sql(AssertSqlSafe(damage)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();

    let store = Store::open(folder.path()).await.unwrap();
    let found = store.verify().await.unwrap();
    assert_eq!(found.n_differences, found.differences.len() as u64);
    let again = store.verify().await.unwrap();
    assert_eq!(found.differences, again.differences, "looking repairs nothing");
    store.rebuild().await.unwrap();
    (found.differences, store.verify().await.unwrap().differences)
}

/// Damage to the sums: it is found, and a rebuild heals it.
async fn check_healed(damage: &str, want: &str) {
    let (found, after) = found_after(damage.to_owned()).await;
    assert_eq!(found, [want]);
    assert_eq!(after, [""; 0]);
}

/// Damage to the log: it is found, and no rebuild hides it.
async fn check_found(damage: String, want: &str) {
    let (found, after) = found_after(damage).await;
    assert_eq!(found, [want]);
    assert_eq!(after, found);
}

#[tokio::test]
async fn a_wrong_cost_is_found() {
    check_healed("UPDATE tally SET cost = 1", "annotator 1: the sum says 1 micro-dollars, and the log 120")
        .await;
}

#[tokio::test]
async fn a_wrong_count_is_found() {
    check_healed(
        "UPDATE tally_count SET n = 9 WHERE name = 'labeled'",
        "annotator 1: the sum says 9 of outcome `labeled`, and the log 3",
    )
    .await;
}

#[tokio::test]
async fn a_missing_count_is_found() {
    check_healed(
        "DELETE FROM tally_count WHERE name = 'timeout'",
        "annotator 1: the sum says 0 of attempt `timeout`, and the log 1",
    )
    .await;
}

#[tokio::test]
async fn a_forgotten_hold_is_found() {
    check_healed("DELETE FROM open_hold", "hold 1: the list of open holds is not what the log says").await;
}

#[tokio::test]
async fn a_changed_blob_is_found() {
    let hash = Hash::of(&answer_text(1));
    let other = Hash::of(&answer_text(2));
    check_found(
        format!(
            "DROP TRIGGER blob_no_update; UPDATE blob SET bytes = (SELECT bytes FROM blob WHERE hash = x'{other}') \
             WHERE hash = x'{hash}'"
        ),
        &format!("the blob `{hash}` is damaged: its content has the hash `{other}`"),
    )
    .await;
}

#[tokio::test]
async fn a_missing_blob_is_found() {
    let hash = Hash::of(&prompt_text(2));
    check_found(
        format!("DROP TRIGGER blob_no_delete; DELETE FROM blob WHERE hash = x'{hash}'"),
        &format!("the prompt `{hash}` of attempt 2 on item `item-2` is not there"),
    )
    .await;
}
