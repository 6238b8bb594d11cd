//! Each command of the binary has its own file, its place in the reference, and a test that runs it.
//!
//! In: the variants of `enum Command` in `crates/cli`. Not here: whether the reference is fresh (`fresh.rs`).

use super::Finding;
use crate::repo::{File, Repo};
use crate::rust::Name;

const FOLDER: &str = "crates/cli";
const TABLE: &str = "Command";
const PAGE: &str = "docs/reference/cli.md";

/// Finds commands without file, reference or test.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let of_cli = || repo.rust().filter(|(file, _)| file.crate_folder() == Some(FOLDER));
    let Some((file, commands)) =
        of_cli().find_map(|(file, source)| Some((file, source.enum_variants(TABLE)?)))
    else {
        let what = format!("there is no `enum {TABLE}`");
        return vec![Finding::new(FOLDER, 0, what, "correct `TABLE` in xtask/src/tidy/commands.rs")];
    };
    let in_tests: Vec<&str> = of_cli()
        .flat_map(|(_, source)| {
            source.strings().filter(|mention| mention.in_test).map(|mention| mention.text)
        })
        .collect();
    commands.iter().flat_map(|command| check_command(repo, file, command, &in_tests)).collect()
}

fn check_command(repo: &Repo, file: &File, command: &Name, in_tests: &[&str]) -> Vec<Finding> {
    let snake = snake(&command.name);
    let name = snake.replace('_', "-");
    let mut found = Vec::new();
    let mut finding = |what: &str, next: String| {
        found.push(
            Finding::new(&file.path, command.line, format!("the command `{name}` {what}"), next).about(&name),
        );
    };
    let own = format!("{FOLDER}/src/commands/{snake}.rs");
    if repo.file(&own).is_none() {
        finding("has no file of its own", format!("write {own}"));
    }
    // A test runs `["label", …]` or a whole line, `karat label …`.
    let is_run = |text: &&str| text.split_whitespace().any(|word| word == name);
    if !in_tests.iter().any(is_run) {
        finding("is run by no test", format!("run it in {FOLDER}/tests"));
    }
    let before = file.text.lines().nth(command.line.saturating_sub(2));
    let is_hidden = before.is_some_and(|line| line.contains("hide = true"));
    if !is_hidden && repo.file(PAGE).is_none_or(|page| !page.text.contains(&format!("karat {name}"))) {
        finding("is not in the reference", "run `cargo xtask codegen`".to_owned());
    }
    found
}

/// `HelpMarkdown` as `help_markdown`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_files(files: &[(&str, &str)], want: &[&str]) {
        let mut all =
            vec![("crates/cli/src/main.rs", "enum Command { Label(Label), #[x] DryRun { a: u8 } }")];
        all.extend(files);
        let found = check(&Repo::sample(&all));
        let got: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(got, want);
    }

    const ALL: [(&str, &str); 4] = [
        ("crates/cli/src/commands/label.rs", ""),
        ("crates/cli/src/commands/dry_run.rs", ""),
        ("crates/cli/tests/run.rs", "fn f() { karat([\"label\", \"a.csv\"]); karat(\"dry-run a.csv\"); }"),
        ("docs/reference/cli.md", "## karat label\n## karat dry-run\n"),
    ];

    #[test]
    fn a_command_with_file_test_and_reference_passes() {
        check_files(&ALL, &[]);
    }

    #[test]
    fn a_command_without_a_file_is_found() {
        check_files(&ALL[1..], &["the command `label` has no file of its own"]);
    }

    #[test]
    fn a_command_that_no_test_runs_is_found() {
        let test = ("crates/cli/tests/run.rs", "fn f() { karat([\"label\"]); }");
        check_files(&[ALL[0], ALL[1], test, ALL[3]], &["the command `dry-run` is run by no test"]);
    }

    #[test]
    fn a_command_outside_the_reference_is_found() {
        let page = ("docs/reference/cli.md", "## karat label\n");
        check_files(&[ALL[0], ALL[1], ALL[2], page], &["the command `dry-run` is not in the reference"]);
    }

    #[test]
    fn a_hidden_command_needs_no_reference() {
        let files = [
            ("crates/cli/src/lib.rs", "enum Command {\n    #[command(hide = true)]\n    Label,\n}"),
            ("crates/cli/src/commands/label.rs", ""),
            ("crates/cli/tests/run.rs", "fn f() { karat([\"label\"]); }"),
        ];
        assert_eq!(check(&Repo::sample(&files)), []);
    }

    #[test]
    fn a_binary_without_commands_is_found() {
        assert_eq!(check(&Repo::sample(&[("crates/cli/src/main.rs", "fn main() {}")])).len(), 1);
    }
}
