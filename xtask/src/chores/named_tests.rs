//! Chores that run a part of the tests.
//!
//! `fuzz`: the tests over made-up input, with many cases; they are found as what stands inside `proptest!`. `test-peers`:
//! ignored tests with `peer` in their names, which compare us with programs that other people wrote. Finding no test is a
//! failure.

use super::{Stop, cargo, root, run_quiet, run_shown};
use crate::repo::Repo;

const FUZZ_CASES: u32 = 20_000;

/// Runs the tests over made-up input; the first argument is the number of cases of each.
pub(crate) fn fuzz(args: &[String]) -> Result<(), Stop> {
    let n_cases = match args.first().map(|arg| arg.parse::<u32>()) {
        None => FUZZ_CASES,
        Some(Ok(n_cases)) => n_cases,
        Some(Err(_)) => return Err(Stop::CannotRun(format!("`{}` is no number of cases", args[0]))),
    };
    let repo = Repo::read(&root()).map_err(Stop::CannotRun)?;
    let names = property_names(&repo);
    println!("fuzz: {} tests, {n_cases} cases each where the test does not say otherwise", names.len());
    run(&names, &[], &[("PROPTEST_CASES", &n_cases.to_string())])
}

/// Runs the tests against other people's programs.
pub(crate) fn peers(_: &[String]) -> Result<(), Stop> {
    run(&["peer"], &["--ignored"], &[])
}

/// The names of the tests inside `proptest!`, in the crates.
fn property_names(repo: &Repo) -> Vec<&str> {
    let crates = repo.rust().filter(|(file, _)| file.path.starts_with("crates/"));
    crates.flat_map(|(_, source)| source.functions_in("proptest")).collect()
}

/// Runs the tests whose names hold one of `words`.
fn run(words: &[&str], flags: &[&str], env: &[(&str, &str)]) -> Result<(), Stop> {
    let test = |extra: &[&str]| {
        let mut command = cargo(&["test", "--workspace", "--quiet", "--"]);
        command.args(words).args(flags).args(extra).envs(env.iter().copied());
        command
    };
    if words.is_empty() || !names_a_test(&run_quiet(&mut test(&["--list"]))?) {
        return Err(Stop::Problems("there is no such test".to_owned()));
    }
    run_shown(&mut test(&[]))
}

fn names_a_test(listing: &str) -> bool {
    listing.lines().any(|line| line.ends_with(": test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_without_tests_is_told_apart() {
        assert!(names_a_test("a::any_text_is_read: test\n\n1 test, 0 benchmarks"));
        assert!(!names_a_test("\n0 tests, 0 benchmarks"));
    }

    #[test]
    fn a_wrong_number_of_cases_is_refused() {
        assert!(matches!(fuzz(&["many".to_owned()]), Err(Stop::CannotRun(_))));
    }

    #[test]
    fn properties_are_found_in_the_crates_alone() {
        let code = "#[cfg(test)] mod tests { proptest! { #[test] fn any_text(t in \".*\") {} } #[test] fn one() {} }";
        let repo = Repo::sample(&[("crates/core/src/a.rs", code), ("xtask/src/a.rs", code)]);
        assert_eq!(property_names(&repo), ["any_text"]);
    }

    #[test]
    fn no_test_at_all_is_a_failure() {
        assert!(matches!(run(&[], &[], &[]), Err(Stop::Problems(_))));
    }
}
