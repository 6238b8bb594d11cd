//! Decisions about labels: kept for ever, in order, and readable in journals that have none.

use karat_store::Store;
use serde_json::json;

#[tokio::test]
async fn decisions_are_read_back_in_order_and_by_kind() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let certificate = json!({"error": 0.05, "threshold": 0.9});
    let first = store.decide("certificate", &certificate, 1_000).await.unwrap();
    // Times fall: the order is that of the log alone.
    let second = store.decide("sample", &json!({"items": ["a"]}), 900).await.unwrap();
    let third = store.decide("certificate", &json!({"error": 0.01}), 800).await.unwrap();
    assert!(first < second && second < third);
    drop(store);

    let store = Store::open_existing(folder.path()).await.unwrap().unwrap();
    let found = store.decisions("certificate").await.unwrap();
    assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [first, third]);
    assert_eq!((&found[0].body, found[0].at_ms), (&certificate, 1_000));
    assert_eq!(store.decisions("withdrawal").await.unwrap(), []);
}

#[tokio::test]
async fn decisions_of_two_processes_get_different_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Store::open(folder.path()).await.unwrap(), Store::open(folder.path()).await.unwrap());
    let mut ids = Vec::new();
    for n in 0..4 {
        let store = if n % 2 == 0 { &one } else { &other };
        ids.push(store.decide("sample", &json!({"n": n}), 0).await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 4);
}
