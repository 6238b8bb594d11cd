//! `cargo xtask bench [arguments]`: builds `karat` and the harness of `bench/` in release, and runs the harness.

use std::process::Command;

use super::{Stop, cargo, root, run_shown, target_folder};

/// Hands the arguments to the harness; without any, all scenarios run.
pub(crate) fn run(args: &[String]) -> Result<(), Stop> {
    run_shown(&mut cargo(&["build", "--release", "--package", "karat", "--package", "karat-bench"]))?;
    let mut harness = Command::new(target_folder()?.join("release/karat-bench"));
    harness.current_dir(root());
    if args.is_empty() {
        harness.arg("all");
    }
    run_shown(harness.args(args))
}
