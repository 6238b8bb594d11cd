//! Other people's programs, installed and run: `make test-peers`. Not part of `make test`, since it downloads them.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

const PEERS: [&str; 6] = [
    "numpy==2.4.6",
    "scikit-learn==1.9.1",
    "seqeval==1.2.2",
    "nervaluate==1.2.1",
    "statsmodels==0.15.0",
    "scipy==1.17.1",
];

/// Runs a program to its end.
#[track_caller]
fn run(command: &mut Command) {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Whether two values are the same, numbers to nine digits.
fn alike(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| alike(a, b)))
        }
        _ => a == b,
    }
}

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../stats/tests/reference")
}

/// The values that our statistics are tested against are what scikit-learn, seqeval, nervaluate and statsmodels say today.
#[test]
#[ignore = "installs Python packages: `make test-peers`"]
fn the_reference_values_are_what_the_peers_compute() {
    let folder = tempfile::tempdir().unwrap();
    let python = folder.path().join("venv/bin/python");
    run(Command::new("python3").args(["-m", "venv"]).arg(folder.path().join("venv")));
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PEERS));
    fs::copy(reference().join("make.py"), folder.path().join("make.py")).unwrap();
    run(Command::new(&python).arg("make.py").current_dir(folder.path()));
    let read = |path: &Path| serde_json::from_str::<Json>(&fs::read_to_string(path).unwrap()).unwrap();
    let mut n_compared = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let committed = reference().join(path.file_name().unwrap());
            assert!(alike(&read(&path), &read(&committed)), "{} differs", committed.display());
            n_compared += 1;
        }
    }
    assert!(n_compared >= 6, "{n_compared} files compared");
}
