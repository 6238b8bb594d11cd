//! Sizes that a reader can hold: files, functions, parameters, test modules.
//!
//! Counted are lines with code; blank lines and comments are free. Tests are free but for one rule: a test module of more
//! than [`MAX_TEST_LINES`] moves out of the file it tests.

use super::Finding;
use crate::repo::{File, Repo};
use crate::rust::Source;

const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 60;
const MAX_PARAMS: usize = 5;
const MAX_TEST_LINES: usize = 150;

/// Finds what is too large.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found: Vec<Finding> = repo.rust().flat_map(|(file, source)| check_file(file, source)).collect();
    if repo.rust().next().is_none() {
        found.push(Finding::new(
            "Cargo.toml",
            0,
            "there is no Rust file to measure",
            "run tidy in the repository",
        ));
    }
    found
}

fn check_file(file: &File, source: &Source) -> Vec<Finding> {
    let path = &file.path;
    let mut found = Vec::new();
    let n_lines = source.code_lines().len();
    if n_lines > MAX_FILE_LINES {
        let what = format!("{n_lines} lines of code, {MAX_FILE_LINES} allowed");
        found.push(Finding::new(path, 0, what, "split it by reason to change").about("length"));
    }
    let n_test_lines = source.test_lines().len();
    if n_lines > 0 && n_test_lines > MAX_TEST_LINES {
        let what = format!("{n_test_lines} lines of tests beside the code, {MAX_TEST_LINES} allowed");
        let next = format!("move them to `{}/tests.rs`", path.trim_end_matches(".rs"));
        found.push(Finding::new(path, 0, what, next).about("tests"));
    }
    for function in source.functions() {
        let subject = format!("function `{}`", function.name);
        if function.n_lines > MAX_FUNCTION_LINES {
            let what = format!("{subject} has {} lines, {MAX_FUNCTION_LINES} allowed", function.n_lines);
            found.push(Finding::new(path, function.line, what, "give its parts names").about(&subject));
        }
        if function.n_params > MAX_PARAMS {
            let what = format!("{subject} takes {} parameters, {MAX_PARAMS} allowed", function.n_params);
            found.push(Finding::new(path, function.line, what, "pass a struct").about(&subject));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(text: &str, want: &[&str]) {
        let found = check(&Repo::sample(&[("crates/core/src/a.rs", text)]));
        let got: Vec<&str> = found.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!(got, want, "{found:?}");
    }

    #[test]
    fn a_file_of_500_lines_is_fine_and_one_more_is_not() {
        check_text(&"const A: u8 = 0;\n".repeat(500), &[]);
        check_text(&"const A: u8 = 0;\n".repeat(501), &["length"]);
    }

    #[test]
    fn comments_blank_lines_and_moved_tests_are_free() {
        check_text(&"const A: u8 = 0;\n// why\n\n".repeat(400), &[]);
        let moved = Repo::sample(&[("crates/core/src/a/tests.rs", &"const A: u8 = 0;\n".repeat(900))]);
        assert_eq!(check(&moved), []);
    }

    #[test]
    fn a_function_of_60_lines_is_fine_and_one_more_is_not() {
        check_text(&format!("fn f() {{\n{}}}", "g();\n".repeat(58)), &[]);
        check_text(&format!("fn f() {{\n{}}}", "g();\n".repeat(59)), &["function `f`"]);
    }

    #[test]
    fn six_parameters_are_too_many() {
        check_text("fn f(&self, a: A, b: A, c: A, d: A, e: A) {}", &[]);
        check_text("fn f(a: A, b: A, c: A, d: A, e: A, f: A) {}", &["function `f`"]);
    }

    #[test]
    fn a_long_test_module_moves_out() {
        let tests = |n: usize| format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}", "g!();\n".repeat(n));
        check_text(&tests(100), &[]);
        check_text(&tests(150), &["tests"]);
    }
}
