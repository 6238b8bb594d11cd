//! The chores of this repository: `cargo xtask <chore>`.
//!
//! In: the name of a chore and its arguments. Out: what the chore prints, and exit code 0 (done), 1 (problems found) or
//! 2 (usage, or a tool that is missing).
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool that speaks on the terminal"
)]

mod chores;
mod repo;
mod rust;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = args.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
    let Some(chore) = chores::CHORES.iter().find(|chore| chore.name == name) else {
        eprintln!("usage: cargo xtask <chore>\n");
        for chore in chores::CHORES {
            eprintln!("  {:<12} {}", chore.name, chore.does);
        }
        return ExitCode::from(2);
    };
    match (chore.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(chores::Stop::Problems(said)) => {
            eprintln!("{said}");
            ExitCode::FAILURE
        }
        Err(chores::Stop::CannotRun(said)) => {
            eprintln!("error: {said}");
            ExitCode::from(2)
        }
    }
}
