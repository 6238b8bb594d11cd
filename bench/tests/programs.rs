//! The programs as processes: what tests of other crates and the harness rely on.

#![expect(clippy::unwrap_used, reason = "a test that fails here must stop here")]

use std::path::Path;
use std::process::Command;

use karat_bench::ledger::Stats;
use karat_bench::server::ServerProcess;
use karat_bench::{measure, rows};

const N_ROWS: u64 = 200;

fn server(args: &[&str]) -> ServerProcess {
    let args: Vec<_> = ["--labels=yes,no"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    ServerProcess::start(Path::new(env!("CARGO_BIN_EXE_fault-server")), &args).unwrap()
}

/// Sends all rows with the bare client and returns what it printed.
fn send_rows(server: &ServerProcess, folder: &Path) -> serde_json::Value {
    let file = folder.join("rows.csv");
    rows::write(&mut std::fs::File::create(&file).unwrap(), N_ROWS).unwrap();
    let mut client = Command::new(env!("CARGO_BIN_EXE_bare-client"));
    let ran = measure::run(client.arg(&file).args(["--base-url", &server.base_url(), "--concurrency", "8"]))
        .unwrap();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn the_client_and_the_server_count_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&[]);
    let said = send_rows(&server, folder.path());
    assert_eq!(
        (&said["rows"], &said["answered"], &said["http"]),
        (&200.into(), &200.into(), &"HTTP/1.1".into())
    );
    let stats = server.stats().unwrap();
    assert_eq!(
        (stats.calls, stats.paid, stats.keys, stats.keys_paid_more_than_once),
        (N_ROWS, N_ROWS, N_ROWS, 0)
    );
    let keys = server.keys().unwrap();
    assert_eq!((keys.len() as u64, keys["item-0"].clean), (N_ROWS, 1));
    server.reset().unwrap();
    assert_eq!(server.stats().unwrap().paid, 0);
}

#[test]
fn the_paid_calls_are_on_disk_when_their_answers_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("paid.jsonl");
    let server =
        server(&["--fault=cut=0.1", "--fault=server_error=0.1", &format!("--paid-log={}", log.display())]);
    let said = send_rows(&server, folder.path());
    let Stats { paid, faults, .. } = server.stats().unwrap();
    assert_eq!(paid, N_ROWS - faults["server_error"]);
    assert_eq!(said["failed"], faults["server_error"] + faults["cut"]);
    let lines = std::fs::read_to_string(&log).unwrap();
    let is_cut = |line: &&str| serde_json::from_str::<serde_json::Value>(line).unwrap()["fault"] == "cut";
    assert_eq!(
        (lines.lines().count() as u64, lines.lines().filter(is_cut).count() as u64),
        (paid, faults["cut"])
    );
}

#[test]
fn equal_seeds_give_equal_faults() {
    let folder = tempfile::tempdir().unwrap();
    let faults = |seed: &str| {
        let server = server(&["--fault=garbled=0.2", "--fault=outside=0.1", seed]);
        send_rows(&server, folder.path());
        server.stats().unwrap().faults
    };
    assert_eq!(faults("--seed=5"), faults("--seed=5"));
    assert_ne!(faults("--seed=5"), faults("--seed=6"));
}

#[test]
fn a_wrong_option_is_a_failure_with_a_reason() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_fault-server"));
    let ran = measure::run(program.args(["--fault=hang=0.7", "--fault=cut=0.7"])).unwrap();
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("must not exceed 1"), "{}", ran.stderr);
}
