//! The chores: what `cargo xtask <chore>` does.
//!
//! Each is one row of [`CHORES`] and one file. The Makefile's targets call them and hold no logic.

pub(crate) mod bench;
pub(crate) mod codegen;
pub(crate) mod demo;
pub(crate) mod named_tests;
pub(crate) mod test;
pub(crate) mod tidy;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a chore did not end well.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It ran and found problems.
    Problems(String),
    /// It could not run: usage, or a tool that is missing.
    CannotRun(String),
}

/// One chore.
pub(crate) struct Chore {
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
    pub(crate) run: fn(&[String]) -> Result<(), Stop>,
}

const fn row(name: &'static str, does: &'static str, run: fn(&[String]) -> Result<(), Stop>) -> Chore {
    Chore { name, does, run }
}

/// Every chore. To add one: write its file, add its row.
pub(crate) const CHORES: &[Chore] = &[
    row("test", "format, lints, tests, doc tests, tidy, with the time of each", test::run),
    row("tidy", "the rules of the house; names of checks choose some", tidy::run),
    row("demo", "build karat and run the projects in examples/, offline", demo::run),
    row("codegen", "write the generated pages of docs/reference", codegen::run),
    row("fuzz", "the tests over made-up input, many cases; takes their number", named_tests::fuzz),
    row("test-peers", "the tests against other people's programs", named_tests::peers),
    row("bench", "the benchmarks, in release", bench::run),
];

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// `cargo` with `args`, to run at the root.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args).current_dir(root());
    command
}

/// Runs `command` with its output shown.
pub(crate) fn run_shown(command: &mut Command) -> Result<(), Stop> {
    let status = command
        .status()
        .map_err(|error| Stop::CannotRun(format!("{} did not start: {error}", said(command))))?;
    if status.success() {
        Ok(())
    } else {
        Err(Stop::Problems(format!("{} ended with {status}", said(command))))
    }
}

/// What `command` prints.
pub(crate) fn run_quiet(command: &mut Command) -> Result<String, Stop> {
    let output = command
        .output()
        .map_err(|error| Stop::CannotRun(format!("{} did not start: {error}", said(command))))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Stop::Problems(format!("{} ended with {}\n{why}", said(command), output.status)))
}

/// Where cargo builds: `target`, unless the environment says otherwise.
pub(crate) fn target_folder() -> Result<PathBuf, Stop> {
    let metadata = run_quiet(&mut cargo(&["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap_or_default();
    let folder = metadata["target_directory"].as_str();
    folder
        .map(PathBuf::from)
        .ok_or_else(|| Stop::CannotRun("`cargo metadata` names no target folder".to_owned()))
}

/// Whether `program` starts with `args`.
pub(crate) fn has(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}

/// A command as one would type it.
pub(crate) fn said(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_says_what_it_said() {
        let error = run_quiet(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err();
        assert!(
            matches!(error, Stop::Problems(said) if said.contains("exit status: 3") && said.ends_with("no"))
        );
    }

    #[test]
    fn a_program_that_is_missing_cannot_run() {
        assert!(matches!(run_shown(&mut Command::new("no-such-program")), Err(Stop::CannotRun(_))));
        assert!(!has("no-such-program", &[]));
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("Cargo.lock").is_file());
    }
}
