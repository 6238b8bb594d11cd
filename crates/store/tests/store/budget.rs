//! The limit holds over callers, processes and crashes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{bench, labeled, run_row};
use karat_core::{ErrorKind, MicroUsd};
use karat_store::{Budget, BudgetError, Entry, Hold, Store};

/// Set for a child process: the folder of its store.
const CHILD: &str = "KARAT_TEST_BUDGET_CHILD";

/// The limit that the children share.
const MAX: MicroUsd = MicroUsd(100_000);

/// The most that one call of a child costs.
const LARGEST: u64 = 997;

fn paid(run: i64, n: u64, cost: u64, hold: Hold) -> Entry {
    let mut entry = labeled(run, n);
    entry.attempts[0].cost = MicroUsd(cost);
    entry.settle = Some(hold);
    entry
}

async fn spent_and_held(store: &Store) -> (u64, u64) {
    let spending = store.spending().await.unwrap();
    (spending.spent.0, spending.held_total().0)
}

#[tokio::test]
async fn a_hold_becomes_what_the_call_cost() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let budget = bench.store.budget(bench.run, MicroUsd(100)).unwrap();
    let hold = budget.reserve(MicroUsd(60)).await.unwrap();
    assert_eq!(hold.amount(), MicroUsd(60));
    assert_eq!(spent_and_held(&bench.store).await, (0, 60));
    let refused = budget.reserve(MicroUsd(41)).await.unwrap_err();
    let BudgetError::Spent { spent, held, wanted, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!((spent.0, held.0, wanted.0), (0, 60, 41));

    bench.journal.write(paid(bench.run, 1, 10, hold)).await.unwrap();
    assert_eq!(spent_and_held(&bench.store).await, (10, 0));
    let hold = budget.reserve(MicroUsd(90)).await.unwrap();
    budget.release(hold).await.unwrap();
    assert_eq!(spent_and_held(&bench.store).await, (10, 0));
    let _ = budget.reserve(MicroUsd(90)).await.unwrap();
    let found = bench.store.verify().await.unwrap();
    assert_eq!(found.differences, [""; 0]);
    assert_eq!(found.spending.held[0].n_calls, 1);
    assert!(found.spending.held[0].running);
}

#[tokio::test]
async fn a_call_that_costs_nothing_is_always_granted() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let budget = bench.store.budget(bench.run, MicroUsd(0)).unwrap();
    let hold = budget.reserve(MicroUsd(0)).await.unwrap();
    bench.journal.write(paid(bench.run, 1, 0, hold)).await.unwrap();
    let refused = karat_core::Error::from(budget.reserve(MicroUsd(1)).await.unwrap_err());
    assert_eq!(refused.kind, ErrorKind::BudgetSpent);
}

#[tokio::test]
async fn a_run_that_was_never_begun_reserves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let budget = bench.store.budget(99, MAX).unwrap();
    let refused = budget.reserve(MicroUsd(1)).await.unwrap_err();
    assert_eq!(refused.to_string(), "run 99 was never begun");
}

#[tokio::test]
async fn many_callers_at_once_never_pass_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let budget = bench.store.budget(bench.run, MicroUsd(1_000)).unwrap();
    let wishes = (0..100).map(|_| budget.reserve(MicroUsd(30)));
    let granted = futures::future::join_all(wishes).await;
    assert_eq!(granted.iter().filter(|hold| hold.is_ok()).count(), 33);
    assert_eq!(spent_and_held(&bench.store).await, (0, 990));
}

#[tokio::test]
async fn what_was_spent_before_counts_in_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let first = bench(folder.path()).await;
    let budget = first.store.budget(first.run, MicroUsd(100)).unwrap();
    let hold = budget.reserve(MicroUsd(80)).await.unwrap();
    first.journal.write(paid(first.run, 1, 80, hold)).await.unwrap();
    drop((first, budget));
    let store = Store::open(folder.path()).await.unwrap();
    let run = store.begin_run(&run_row()).await.unwrap();
    let budget = store.budget(run, MicroUsd(100)).unwrap();
    assert!(budget.reserve(MicroUsd(21)).await.is_err());
    assert!(budget.reserve(MicroUsd(20)).await.is_ok());
}

/// Reserves and pays until the budget is spent, from many tasks; tells each grant.
async fn spend_all(budget: Budget, run: i64, store: &Store) {
    let journal = store.journal(karat_store::JournalOptions::default()).unwrap();
    let callers = (0..32u64).map(|caller| {
        let (budget, journal) = (budget.clone(), journal.clone());
        async move {
            for call in 0.. {
                let amount = 1 + (caller * 7_919 + call * 104_729) % LARGEST;
                match budget.reserve(MicroUsd(amount)).await {
                    Ok(hold) => {
                        println!("granted {amount}");
                        // Every third is left in flight.
                        if call % 3 > 0 {
                            journal.write(paid(run, call, amount, hold)).await.unwrap();
                        }
                    }
                    Err(BudgetError::Spent { .. }) => return,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
    futures::future::join_all(callers).await;
}

/// Does nothing unless started as a child of the tests below.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(CHILD) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let bench = bench(Path::new(&folder)).await;
        let budget = bench.store.budget(bench.run, MAX).unwrap();
        println!("ready");
        spend_all(budget, bench.run, &bench.store).await;
    });
}

fn start_child(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["budget::child", "--exact", "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The amounts that a child was granted; stops reading after `limit` of them.
fn grants(child: &mut Child, limit: usize) -> Vec<u64> {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let amounts = lines.filter_map(|line| line.unwrap().strip_prefix("granted ")?.parse().ok());
    amounts.take(limit).collect()
}

#[tokio::test]
async fn two_processes_share_one_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut children = [start_child(folder.path()), start_child(folder.path())];
    let readers = children.each_mut().map(|child| child.stdout.take().unwrap());
    let granted = readers.map(|stdout| {
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines();
            let amounts =
                lines.filter_map(|line| line.unwrap().strip_prefix("granted ")?.parse::<u64>().ok());
            amounts.collect::<Vec<_>>()
        })
    });
    let granted = granted.map(|reader| reader.join().unwrap());
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let total: u64 = granted.iter().flatten().sum();
    assert!(total <= MAX.0, "{total} was granted");
    assert!(total > MAX.0 - LARGEST, "only {total} was granted");
    assert!(granted.iter().all(|amounts| !amounts.is_empty()), "one had no turn");

    let store = Store::open_existing(folder.path()).await.unwrap().unwrap();
    let (spent, held) = spent_and_held(&store).await;
    assert_eq!(spent + held, total);
    assert_eq!(store.verify().await.unwrap().differences, [""; 0]);
}

#[tokio::test]
async fn calls_in_flight_at_a_crash_count_as_spent_and_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start_child(folder.path());
    let told: u64 = grants(&mut child, 40).iter().sum();
    child.kill().unwrap();
    child.wait().unwrap();

    let store = Store::open(folder.path()).await.unwrap();
    let spending = store.spending().await.unwrap();
    let (n_calls, lost) = spending.lost_in_crashes();
    assert!(n_calls > 0);
    assert_eq!(lost, spending.held_total());
    assert!(spending.spent.0 + lost.0 >= told, "a grant that was told is lost");

    let run = store.begin_run(&run_row()).await.unwrap();
    let budget = store.budget(run, MAX).unwrap();
    spend_all(budget, run, &store).await;
    let (spent, held) = spent_and_held(&store).await;
    assert!(spent + held <= MAX.0, "{spent} spent and {held} held");
    assert!(spent + held > MAX.0 - LARGEST);
    assert_eq!(store.verify().await.unwrap().differences, [""; 0]);
}

#[tokio::test]
async fn a_later_process_ends_a_hold_together_with_what_it_paid_for_and_a_decision() {
    let folder = tempfile::tempdir().unwrap();
    let id = {
        let bench = bench(folder.path()).await;
        let hold = bench.store.budget(bench.run, MicroUsd(100)).unwrap().reserve(MicroUsd(60)).await.unwrap();
        hold.id()
    };
    let bench = bench(folder.path()).await;
    let hold = bench.store.open_hold(id).await.unwrap().unwrap();
    assert_eq!((hold.id(), hold.amount()), (id, MicroUsd(60)));
    let mut entry = paid(bench.run, 1, 10, hold);
    entry.decisions.push(("batch", serde_json::json!({"event": "collected"}), 5));
    bench.journal.write(entry).await.unwrap();
    assert_eq!(spent_and_held(&bench.store).await, (10, 0));
    assert!(bench.store.open_hold(id).await.unwrap().is_none());
    let kept = bench.store.decisions("batch").await.unwrap();
    assert_eq!((kept.len(), kept[0].at_ms), (1, 5));

    let mut refused = labeled(bench.run + 7, 2);
    refused.decisions.push(("batch", serde_json::json!({}), 6));
    assert!(bench.journal.write(refused).await.is_err());
    assert_eq!(bench.store.decisions("batch").await.unwrap().len(), 1, "what is refused decides nothing");
    assert_eq!(bench.store.verify().await.unwrap().differences, [""; 0]);
}

#[tokio::test]
async fn money_and_what_it_is_for_are_kept_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let budget = bench.store.budget(bench.run, MicroUsd(100)).unwrap();
    let plan = |n: u64| ("batch", serde_json::json!({ "n": n }), 7);
    let hold = budget.reserve_for(MicroUsd(60), plan(1)).await.unwrap();
    assert!(budget.reserve_for(MicroUsd(60), plan(2)).await.is_err());
    assert_eq!(budget.reserve_for(MicroUsd(0), plan(3)).await.unwrap().id(), 0);
    let kept: Vec<_> = bench.store.decisions("batch").await.unwrap().into_iter().map(|it| it.body).collect();
    let want = [serde_json::json!({"n": 1, "hold": hold.id()}), serde_json::json!({"n": 3, "hold": 0})];
    assert_eq!(kept, want);
    assert_eq!(bench.store.open_hold(hold.id()).await.unwrap(), Some(hold));
}
