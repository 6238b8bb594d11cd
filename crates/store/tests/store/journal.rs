//! What is written can be read: rows, blobs, sums and the order of things.

use std::sync::Arc;

use crate::support::{
    annotation, annotator, answer_text, attempt, bench, failed, input, item, labeled, prompt_text, request,
    run_row,
};
use karat_core::{AnnotationRow, Hash, MicroUsd, OutcomeKind};
use karat_store::{Entry, JournalOptions, RunState, Store, UsageSample};

#[tokio::test]
async fn what_was_written_is_read_back_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    bench.journal.write(labeled(bench.run, 1)).await.unwrap();
    drop(bench.journal);
    drop(bench.store);

    let store = Store::open(folder.path()).await.unwrap();
    assert_eq!(store.attempts_of("item-1").await.unwrap(), [attempt(1, 1)]);
    assert_eq!(store.annotations_of("item-1").await.unwrap(), [annotation(1, 1, OutcomeKind::Labeled)]);
    for text in [prompt_text(1), answer_text(1)] {
        assert_eq!(store.blob(Hash::of(&text)).await.unwrap(), Some(text));
    }
    assert_eq!(store.blob(Hash::of(b"never written")).await.unwrap(), None);
}

#[tokio::test]
async fn a_row_without_the_optional_parts_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let entry = failed(bench.run, 1);
    let want = entry.attempts.clone();
    bench.journal.write(entry).await.unwrap();
    assert_eq!(bench.store.attempts_of("item-1").await.unwrap(), want);
}

/// Writes outcomes of one item, and compares which of them stands.
#[track_caller]
fn check_standing(kinds: &[OutcomeKind], want: Option<usize>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let bench = bench(folder.path()).await;
        let mut rows = Vec::new();
        for (n, kind) in kinds.iter().enumerate() {
            // Times fall: the order is that of the log alone.
            let at_ms = 1_000 - n as i64;
            let row = AnnotationRow { at_ms, ..annotation(bench.run, 1, *kind) };
            rows.push(row.clone());
            let entry = Entry { annotations: vec![row], ..Entry::default() };
            bench.journal.write(entry).await.unwrap();
        }
        let keys = [(item(1), input(1))];
        let found = bench.store.standing(annotator().id(), &keys).await.unwrap();
        assert_eq!(found, [want.map(|n| rows[n].clone())]);
        let tallies = bench.store.tallies().await.unwrap();
        let counted: Vec<_> = tallies[0].outcomes.iter().map(|(kind, n)| (*kind, *n)).collect();
        assert_eq!(counted, Vec::from_iter(want.map(|n| (kinds[n], 1))));
        assert_eq!(bench.store.verify().await.unwrap().differences, [""; 0]);
    });
}

#[test]
fn an_item_without_outcomes_has_none_that_stands() {
    check_standing(&[], None);
}

#[test]
fn the_newest_answer_stands_and_is_counted() {
    use OutcomeKind::{Abstained, Failed, Labeled, Unusable};
    check_standing(&[Failed, Failed], Some(1));
    check_standing(&[Failed, Unusable, Labeled, Failed, Failed], Some(2));
    check_standing(&[Labeled, Abstained], Some(1));
}

#[tokio::test]
async fn several_outcomes_of_one_item_in_one_transaction_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let kinds = [OutcomeKind::Failed, OutcomeKind::Labeled, OutcomeKind::Failed];
    let entry =
        Entry { annotations: kinds.map(|kind| annotation(bench.run, 1, kind)).into(), ..Entry::default() };
    bench.journal.write(entry).await.unwrap();
    let tally = bench.store.tallies().await.unwrap().remove(0);
    assert_eq!(
        Vec::from_iter(tally.outcomes),
        [(OutcomeKind::Labeled, 1)],
        "the failures were replaced or replaced nothing"
    );
    assert_eq!(tally.annotations, 3);
    assert!(bench.store.verify().await.unwrap().is_whole());
}

#[tokio::test]
async fn an_item_with_an_edited_text_has_no_outcome_yet() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    bench.journal.write(labeled(bench.run, 1)).await.unwrap();
    let keys = [(item(1), input(1)), (item(1), Hash::of(b"edited")), (item(2), input(2))];
    let found = bench.store.standing(annotator().id(), &keys).await.unwrap();
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
    let found = bench.store.standing(Hash::of(b"nobody"), &keys).await.unwrap();
    assert_eq!(found, [None, None, None]);
}

#[tokio::test]
async fn more_keys_than_one_query_takes_come_back_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let writes = (0..1300).map(|n| bench.journal.write(labeled(bench.run, n)));
    futures::future::try_join_all(writes).await.unwrap();

    let keys: Vec<_> = (0..1400).rev().map(|n| (item(n), input(n))).collect();
    let found = bench.store.standing(annotator().id(), &keys).await.unwrap();
    let items: Vec<_> = found.into_iter().map(|row| row.map(|row| row.item)).collect();
    let want: Vec<_> = (0..1400).rev().map(|n| (n < 1300).then(|| item(n))).collect();
    assert_eq!(items, want);

    let requests: Vec<_> = (0..1400).map(request).collect();
    let answers = bench.store.answers(&requests).await.unwrap();
    assert_eq!(answers.len(), 1300);
    assert_eq!(answers[&request(1299)].answer, answer_text(1299));
    assert_eq!(answers[&request(1299)].item, item(1299));
}

#[tokio::test]
async fn a_failed_attempt_is_never_an_answer_and_the_newest_good_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    bench.journal.write(failed(bench.run, 1)).await.unwrap();
    assert!(bench.store.answers(&[request(1)]).await.unwrap().is_empty());
    for answer in [answer_text(1), answer_text(2)] {
        let mut entry = labeled(bench.run, 1);
        entry.attempts[0].answer = Some(Hash::of(&answer));
        entry.blobs[1] = (Hash::of(&answer), answer.into());
        bench.journal.write(entry).await.unwrap();
    }
    bench.journal.write(failed(bench.run, 1)).await.unwrap();
    let answers = bench.store.answers(&[request(1)]).await.unwrap();
    let answer = &answers[&request(1)];
    assert_eq!(answer.answer, answer_text(2));
    assert_eq!(answer.tokens, attempt(1, 1).tokens);
    assert_eq!(answer.cost, MicroUsd(40));
    assert_eq!(answer.latency_ms, 12);
    assert_eq!(answer.served_model.as_deref(), Some("stand-in-1"));
}

#[tokio::test]
async fn the_sums_tell_failures_by_class_and_tokens_and_cost() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    for entry in [
        labeled(bench.run, 1),
        labeled(bench.run, 2),
        failed(bench.run, 3),
        failed(bench.run, 4),
        labeled(bench.run, 4),
    ] {
        bench.journal.write(entry).await.unwrap();
    }
    for kind in [OutcomeKind::Abstained, OutcomeKind::Unusable] {
        let entry =
            Entry { annotations: vec![annotation(bench.run, 5 + kind as u64, kind)], ..Entry::default() };
        bench.journal.write(entry).await.unwrap();
    }
    let tally = bench.store.tallies().await.unwrap().remove(0);
    assert_eq!(tally.annotator, annotator());
    assert_eq!(Vec::from_iter(tally.outcomes.into_values()), [3, 1, 1, 1]);
    let reasons: Vec<_> = tally.reasons.keys().map(|(_, name)| name.as_str()).collect();
    assert_eq!(reasons, ["unknown", "truncated", "timeout"]);
    assert_eq!(Vec::from_iter(tally.statuses), [("ok".to_owned(), 3), ("timeout".to_owned(), 2)]);
    assert_eq!((tally.annotations, tally.attempts, tally.calls), (7, 5, 5));
    assert_eq!(tally.tokens.input, 101 + 102 + 104);
    assert_eq!(tally.cost, MicroUsd(120));
    assert_eq!(tally.at_ms, Some((2_000, 2_001)));

    let samples = bench.store.usage_samples(annotator().id(), 2).await.unwrap();
    let want = [4, 2].map(|n| UsageSample {
        prompt_bytes: prompt_text(n).len() as u64,
        tokens: attempt(1, n).tokens.unwrap(),
        latency_ms: 12,
    });
    assert_eq!(samples, want);
}

#[tokio::test]
async fn equal_blobs_are_one_row() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let bench = bench(folder.path()).await;
        let writes = (0..50).map(|n| bench.journal.write(labeled(bench.run, n)));
        futures::future::try_join_all(writes).await.unwrap();
        bench.journal.finish().await.unwrap();
    }
    let store = Store::open_existing(folder.path()).await.unwrap().unwrap();
    let found = store.verify().await.unwrap();
    assert_eq!(found.differences, [""; 0]);
    assert_eq!((found.blobs, found.attempts, found.runs), (52, 100, 2));
    assert!(found.stored_bytes < found.blob_bytes / 2);
}

#[tokio::test]
async fn a_row_of_an_unknown_annotator_is_refused_alone() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let mut stray = labeled(bench.run, 2);
    stray.annotations[0].annotator = Hash::of(b"stranger");
    let (one, two, three) = tokio::join!(
        bench.journal.write(labeled(bench.run, 1)),
        bench.journal.write(stray),
        bench.journal.write(labeled(7, 3)),
    );
    one.unwrap();
    assert!(two.unwrap_err().to_string().ends_with("was never registered"));
    assert_eq!(three.unwrap_err().to_string(), "run 7 was never begun");
    assert!(bench.store.attempts_of("item-2").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_annotator_is_registered_once_and_keeps_its_first_name() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let mut renamed = annotator();
    renamed.name = "another name".into();
    bench.store.register(&renamed).await.unwrap();
    let tallies = bench.store.tallies().await.unwrap();
    assert_eq!(tallies.len(), 1);
    assert_eq!(tallies[0].annotator, annotator());
}

#[tokio::test]
async fn a_run_is_running_until_it_ends_and_its_first_end_stays() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let runs = bench.store.runs().await.unwrap();
    assert_eq!(runs[0].run, run_row());
    let pid = std::process::id();
    assert_eq!(runs[0].state, RunState::Running { pid });
    bench.store.end_run(bench.run, "finished", 9).await.unwrap();
    bench.store.end_run(bench.run, "failed: late", 10).await.unwrap();
    let how = "finished".into();
    assert_eq!(bench.store.runs().await.unwrap()[0].state, RunState::Ended { how, at_ms: 9 });
    assert_eq!(bench.store.begin_run(&run_row()).await.unwrap(), 2);
}

#[tokio::test]
async fn another_store_reads_what_is_being_written() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Store::open_existing(folder.path()).await.unwrap().is_none());
    let bench = bench(folder.path()).await;
    let other = Store::open_existing(folder.path()).await.unwrap().unwrap();
    for n in 1..4 {
        bench.journal.write(labeled(bench.run, n)).await.unwrap();
        let tally = other.tallies().await.unwrap().remove(0);
        assert_eq!(tally.attempts, n);
    }
    assert!(other.verify().await.unwrap().is_whole());
    assert_eq!(
        other.register(&annotator()).await.unwrap_err().to_string(),
        "the store was opened for reading and cannot be written"
    );
}

#[tokio::test]
async fn two_stores_write_to_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let one = bench(folder.path()).await;
    let two = bench(folder.path()).await;
    assert_eq!((one.run, two.run), (1, 2));
    let writes = (0..200).map(|n| {
        let bench = if n % 2 == 0 { &one } else { &two };
        bench.journal.write(labeled(bench.run, n))
    });
    futures::future::try_join_all(writes).await.unwrap();
    let found = one.store.verify().await.unwrap();
    assert_eq!(found.differences, [""; 0]);
    assert_eq!((found.attempts, found.annotators), (200, 1));
}

#[tokio::test]
async fn a_full_queue_makes_writers_wait_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let narrow = bench.store.journal(JournalOptions { queue_bytes: 1 }).unwrap();
    let writes = (0..100).map(|n| narrow.write(labeled(bench.run, n)));
    futures::future::try_join_all(writes).await.unwrap();
    assert_eq!(bench.store.tallies().await.unwrap()[0].attempts, 100);
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    for n in 0..50 {
        let write = bench.journal.write(labeled(bench.run, n));
        // Polled once and dropped.
        let _ = futures::FutureExt::now_or_never(write);
    }
    bench.journal.finish().await.unwrap();
    let found = bench.store.verify().await.unwrap();
    assert_eq!(found.differences, [""; 0]);
    assert_eq!(found.attempts, found.annotations);
}

#[tokio::test]
async fn a_finished_journal_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let clone = bench.journal.clone();
    bench.journal.finish().await.unwrap();
    let error = clone.write(labeled(bench.run, 1)).await.unwrap_err();
    assert_eq!(error.to_string(), "an entry was written to a journal that is finished");
}

#[tokio::test]
async fn an_item_id_may_be_any_text() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let ids = ["", "007", "7", "' OR 1=1 --", "отзыв №1", "评论 🎉", "a\nb", "A"];
    for id in ids {
        let mut entry = labeled(bench.run, 1);
        entry.attempts[0].item = id.into();
        entry.annotations[0].item = id.into();
        bench.journal.write(entry).await.unwrap();
    }
    for id in ids {
        assert_eq!(bench.store.annotations_of(id).await.unwrap().len(), 1, "`{id}`");
    }
    let keys: Vec<_> = ids.iter().map(|id| (Arc::from(*id), input(1))).collect();
    let found = bench.store.standing(annotator().id(), &keys).await.unwrap();
    let found: Vec<_> = found.into_iter().flatten().map(|row| row.item).collect();
    assert_eq!(found, ids.map(Arc::from));
}
