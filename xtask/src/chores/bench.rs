//! `cargo xtask bench [arguments]`: the harness of `bench/`, in release.

use super::{Stop, cargo, run_shown};

/// Hands the arguments to the harness.
pub(crate) fn run(args: &[String]) -> Result<(), Stop> {
    run_shown(cargo(&["run", "--release", "--package", "karat-bench", "--"]).args(args))
}
