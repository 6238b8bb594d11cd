//! `cargo xtask tidy [check …]`: prints the findings.

use super::{Stop, root};
use crate::repo::Repo;
use crate::tidy::{CHECKS, run as find};

/// Runs the checks named in `args`, or all of them.
pub(crate) fn run(args: &[String]) -> Result<(), Stop> {
    if let Some(unknown) = args.iter().find(|arg| !CHECKS.iter().any(|check| check.name == **arg)) {
        let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        return Err(Stop::CannotRun(format!("`{unknown}` is no check; there are {}", names.join(", "))));
    }
    let repo = Repo::read(&root()).map_err(Stop::CannotRun)?;
    let found = find(&repo, args);
    for (check, finding) in &found {
        println!("{finding} [{check}]");
    }
    if found.is_empty() {
        println!("tidy: {} files, nothing found", repo.files.len());
        return Ok(());
    }
    Err(Stop::Problems(format!("tidy: {} found", found.len())))
}
