//! The rules of the house that neither rustc nor clippy knows.
//!
//! In: the repository. Out: findings, each with its place, what is wrong and what to do next. Each rule is one file and one
//! row of [`CHECKS`]; a rule whose subject is gone (a table, a folder, a glossary) is a finding, never a pass.
//!
//! Not here: formatting and lints (rustfmt, clippy), behavior (tests).

mod commands;
mod docs;
mod edges;
mod exceptions;
mod fresh;
mod licences;
mod links;
mod names;
mod owners;
mod purity;
mod secrets;
mod size;
mod tables;

use crate::repo::Repo;
use exceptions::{EXCEPTIONS, Exception};

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) file: String,
    /// Counted from 1; 0 where the whole file is meant.
    pub(crate) line: usize,
    /// What an exception would name: ``function `decode` ``, `length`.
    pub(crate) subject: String,
    pub(crate) what: String,
    pub(crate) next: String,
}

impl Finding {
    pub(crate) fn new(file: &str, line: usize, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, subject: String::new(), what: what.into(), next: next.into() }
    }

    /// Names the thing that is found, so that an exception can be about it alone.
    pub(crate) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.line == 0 { self.file.clone() } else { format!("{}:{}", self.file, self.line) };
        write!(f, "{place}: {}, {}", self.what, self.next)
    }
}

/// One rule.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Repo) -> Vec<Finding>,
}

const fn row(name: &'static str, run: fn(&Repo) -> Vec<Finding>) -> Check {
    Check { name, run }
}

/// Every rule, in the order in which it is reported. To add one: write its file, add its row.
pub(crate) const CHECKS: &[Check] = &[
    row("edges", edges::check),
    row("lints", edges::check_lints),
    row("dependencies", edges::check_reasons),
    row("purity", purity::check),
    row("owners", owners::check),
    row("docs", docs::check),
    row("tables", tables::check),
    row("commands", commands::check),
    row("size", size::check),
    row("file-names", names::check_files),
    row("unfinished", names::check_unfinished),
    row("glossary", names::check_glossary),
    row("secrets", secrets::check),
    row("links", links::check),
    row("licences", licences::check),
    row("fresh", fresh::check),
];

/// Runs the checks called `names`, or all where none is named. Gives each finding with the name of its check.
pub(crate) fn run(repo: &Repo, names: &[String]) -> Vec<(&'static str, Finding)> {
    let mut found = Vec::new();
    for check in CHECKS.iter().filter(|check| names.is_empty() || names.iter().any(|name| name == check.name))
    {
        let exceptions: Vec<&Exception> =
            EXCEPTIONS.iter().filter(|exception| exception.check == check.name).collect();
        let findings = exceptions::apply((check.run)(repo), &exceptions);
        found.extend(findings.into_iter().map(|finding| (check.name, finding)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_names_are_unique() {
        let mut names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
    }

    #[test]
    fn every_exception_names_a_check_and_a_reason() {
        for exception in EXCEPTIONS {
            assert!(CHECKS.iter().any(|check| check.name == exception.check), "{exception:?}");
            assert!(exception.reason.len() >= 20, "{exception:?} needs a reason");
        }
    }

    #[test]
    fn a_check_whose_subject_is_gone_fails() {
        // These look for what must not be there, or ask cargo.
        let without_subject = ["file-names", "unfinished", "secrets", "links", "licences", "fresh"];
        let empty = Repo::sample(&[]);
        for check in CHECKS.iter().filter(|check| !without_subject.contains(&check.name)) {
            assert!(!(check.run)(&empty).is_empty(), "`{}` passes over nothing", check.name);
        }
    }

    #[test]
    fn a_finding_says_where_what_and_what_next() {
        let finding = Finding::new("a.rs", 3, "`x` is wrong", "write `y`");
        assert_eq!(finding.to_string(), "a.rs:3: `x` is wrong, write `y`");
        assert_eq!(Finding::new("a.rs", 0, "no", "go").to_string(), "a.rs: no, go");
    }
}
