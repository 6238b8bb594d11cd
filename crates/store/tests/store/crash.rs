//! `kill -9` at any moment: what was confirmed is there, and nothing is there by half.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{annotator, bench, input, item, labeled};
use karat_core::Hash;
use karat_store::{RunState, Store};

/// Set for a child process: the folder of its store.
const CHILD: &str = "KARAT_TEST_CRASH_CHILD";

/// Set for a child process: the number of its first item.
const FIRST: &str = "KARAT_TEST_CRASH_FIRST";

/// How often the writer is killed.
const KILLS: u64 = 20;

/// Items of one child: more than it can write before it is killed.
const STRIDE: u64 = 1_000_000;

/// Does nothing unless started as a child of the test below. Writes until it is killed, and tells each row that was
/// confirmed.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(CHILD) else {
        return;
    };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let bench = bench(Path::new(&folder)).await;
        let writers = (0..48u64).map(|writer| {
            let (journal, run) = (bench.journal.clone(), bench.run);
            async move {
                for n in 0..STRIDE / 48 {
                    let n = first + n * 48 + writer;
                    journal.write(labeled(run, n)).await.unwrap();
                    println!("kept {n}");
                }
            }
        });
        futures::future::join_all(writers).await;
    });
}

/// Starts a writer, kills it after `rows` confirmed rows, and returns all rows that it confirmed.
fn killed_after(folder: &Path, first: u64, rows: usize) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture"])
        .env(CHILD, folder)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    // The last line may be cut by the kill; a number that was cut would be another row.
    let whole = BufReader::new(stdout).lines().map_while(Result::ok);
    let mut kept = whole.filter_map(|line| line.strip_prefix("kept ")?.parse().ok());
    let mut told: Vec<u64> = kept.by_ref().take(rows).collect();
    child.kill().unwrap();
    told.extend(kept.filter(|n| *n >= first));
    child.wait().unwrap();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn no_confirmed_row_is_lost_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut told = BTreeSet::new();
    for round in 0..KILLS {
        let seed = Hash::of(&round.to_le_bytes()).0;
        let rows = usize::from(u16::from_le_bytes([seed[0], seed[1]])) % 400;
        let rows = killed_after(folder.path(), (round + 1) * STRIDE, rows);
        told.extend(rows);

        let store = Store::open(folder.path()).await.unwrap();
        let keys: Vec<_> = told.iter().map(|n| (item(*n), input(*n))).collect();
        let found = store.standing(annotator().id(), &keys).await.unwrap();
        let lost: Vec<_> = keys.iter().zip(&found).filter(|(_, row)| row.is_none()).collect();
        assert!(lost.is_empty(), "round {round} lost {lost:?}");
        let report = store.verify().await.unwrap();
        assert_eq!(report.differences, [""; 0], "round {round}");
        assert_eq!(report.attempts, report.annotations, "an entry is there by half");
    }
    assert!(told.len() > 1000);
    let store = Store::open(folder.path()).await.unwrap();
    let runs = store.runs().await.unwrap();
    assert!(runs.iter().all(|run| run.state == RunState::Crashed));
}
