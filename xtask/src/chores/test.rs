//! `cargo xtask test`: everything that must hold before a change lands, in order, with the time of each step.
//!
//! A step that fails does not stop the next: one run tells all. Needed are cargo, a C compiler, git; cargo-nextest is used
//! where it is installed.

use std::process::Command;
use std::time::{Duration, Instant};

use super::codegen::BUILT;
use super::{Stop, cargo, has, root, run_shown, target_folder};

/// One step.
struct Step {
    name: &'static str,
    run: fn() -> Result<(), Stop>,
}

const STEPS: &[Step] = &[
    Step { name: "format", run: || run_shown(&mut cargo(&["fmt", "--all", "--check"])) },
    Step {
        name: "lints",
        run: || {
            run_shown(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
        },
    },
    Step { name: "tests", run: tests },
    Step { name: "doc tests", run: || run_shown(&mut cargo(&["test", "--workspace", "--doc", "--quiet"])) },
    Step { name: "tidy", run: tidy },
];

/// Runs every step and tells how long each took.
pub(crate) fn run(_: &[String]) -> Result<(), Stop> {
    tools()?;
    let mut told = Vec::new();
    let mut failed = Vec::new();
    for step in STEPS {
        println!("\n== {}", step.name);
        let start = Instant::now();
        let outcome = (step.run)();
        if let Err(Stop::Problems(said) | Stop::CannotRun(said)) = &outcome {
            println!("{said}");
            failed.push(step.name);
        }
        told.push((step.name, outcome.is_ok(), start.elapsed()));
    }
    println!("\n{}", summary(&told));
    if failed.is_empty() { Ok(()) } else { Err(Stop::Problems(format!("failed: {}", failed.join(", ")))) }
}

/// Checks for what the steps need, and installs what rustup can.
fn tools() -> Result<(), Stop> {
    if !has("cc", &["--version"]) {
        let said = "no C compiler: SQLite and zstd are built from source; on Debian: `apt-get install build-essential`";
        return Err(Stop::CannotRun(said.to_owned()));
    }
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !has("cargo", &[tool, "--version"]) {
            println!("`cargo {tool}` is missing: installing `{component}` with rustup");
            run_shown(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

fn tests() -> Result<(), Stop> {
    if has("cargo", &["nextest", "--version"]) {
        return run_shown(&mut cargo(&[
            "nextest",
            "run",
            "--workspace",
            "--no-fail-fast",
            "--status-level",
            "fail",
        ]));
    }
    println!("cargo-nextest is not installed: `cargo test` runs the same tests, more slowly");
    run_shown(&mut cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--quiet", "--no-fail-fast"]))
}

/// Tidy, as a program of its own: it asks the `karat` that the tests have built.
fn tidy() -> Result<(), Stop> {
    let this = std::env::current_exe()
        .map_err(|error| Stop::CannotRun(format!("xtask does not find itself: {error}")))?;
    let built = target_folder()?.join("debug/karat");
    let mut command = Command::new(this);
    command.arg("tidy").current_dir(root());
    if built.is_file() {
        command.env(BUILT, built);
    }
    run_shown(&mut command)
}

fn summary(told: &[(&str, bool, Duration)]) -> String {
    let lines = told.iter().map(|(name, is_ok, took)| {
        format!("{:<10} {:>7.1} s  {}", name, took.as_secs_f64(), if *is_ok { "ok" } else { "FAILED" })
    });
    let total: Duration = told.iter().map(|(_, _, took)| *took).sum();
    lines.chain([format!("{:<10} {:>7.1} s", "all", total.as_secs_f64())]).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_each_step_and_the_sum() {
        let told = [("format", true, Duration::from_millis(1500)), ("lints", false, Duration::from_secs(60))];
        let want = "format         1.5 s  ok\nlints         60.0 s  FAILED\nall           61.5 s";
        assert_eq!(summary(&told), want);
    }
}
