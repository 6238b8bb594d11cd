//! Chores that run a part of the tests by a word in their names.
//!
//! `fuzz`: tests over `arbitrary` input, with many cases. `test-peers`: ignored tests that compare us with a `peer`, a
//! program that other people wrote. No test by that name is a failure.

use super::{Stop, cargo, run_quiet, run_shown};

const FUZZ_CASES: u32 = 20_000;

/// Runs the tests over arbitrary input; the first argument is the number of cases of each.
pub(crate) fn fuzz(args: &[String]) -> Result<(), Stop> {
    let n_cases = match args.first().map(|arg| arg.parse::<u32>()) {
        None => FUZZ_CASES,
        Some(Ok(n_cases)) => n_cases,
        Some(Err(_)) => return Err(Stop::CannotRun(format!("`{}` is no number of cases", args[0]))),
    };
    println!("fuzz: {n_cases} cases for each test");
    run("arbitrary", &[], &[("PROPTEST_CASES", &n_cases.to_string())])
}

/// Runs the tests against other people's programs.
pub(crate) fn peers(_: &[String]) -> Result<(), Stop> {
    run("peer", &["--ignored"], &[])
}

fn run(word: &str, flags: &[&str], env: &[(&str, &str)]) -> Result<(), Stop> {
    let test = |extra: &[&str]| {
        let mut command = cargo(&["test", "--workspace", "--quiet", "--", word]);
        command.args(flags).args(extra).envs(env.iter().copied());
        command
    };
    let listing = run_quiet(&mut test(&["--list"]))?;
    if !names_a_test(&listing) {
        return Err(Stop::Problems(format!("no test has `{word}` in its name")));
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
        assert!(names_a_test(
            "a::arbitrary_text_is_read: test\n\n1 test, 0 benchmarks"
        ));
        assert!(!names_a_test("\n0 tests, 0 benchmarks"));
    }

    #[test]
    fn a_wrong_number_of_cases_is_refused() {
        assert!(matches!(fuzz(&["many".to_owned()]), Err(Stop::CannotRun(_))));
    }
}
