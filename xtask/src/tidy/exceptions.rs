//! The one list of allowed breaches, and its upkeep.
//!
//! An exception names its check, its file and its subject, and says why. One that no longer excuses anything is a finding:
//! the list can only shrink by itself, never rot.

use super::Finding;

/// One allowed breach.
#[derive(Debug)]
pub(crate) struct Exception {
    /// The name of the check, as in `CHECKS`.
    pub(crate) check: &'static str,
    pub(crate) file: &'static str,
    /// What the finding is about, as the check names it.
    pub(crate) subject: &'static str,
    pub(crate) reason: &'static str,
}

/// Every allowed breach. Prefer mending to adding.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        check: "owners",
        file: "crates/format/src/target.rs",
        subject: "io::stdout",
        reason: "the labeled file itself goes to standard output where the user asks for it",
    },
    Exception {
        check: "glossary",
        file: "crates/llm/src/request.rs",
        subject: "name `truth`",
        reason: "what a stand-in answers when it is right; this crate may not know what gold is",
    },
];

/// Takes the excused findings out, and adds one for each exception that excused nothing.
pub(crate) fn apply(findings: Vec<Finding>, exceptions: &[&Exception]) -> Vec<Finding> {
    let excuses = |exception: &Exception, finding: &Finding| {
        exception.file == finding.file && exception.subject == finding.subject
    };
    let (excused, mut left): (Vec<Finding>, Vec<Finding>) = findings
        .into_iter()
        .partition(|finding| exceptions.iter().any(|exception| excuses(exception, finding)));
    for exception in exceptions {
        if !excused.iter().any(|finding| excuses(exception, finding)) {
            let what = format!(
                "the exception for {} (\"{}\") is no longer needed",
                exception.subject, exception.reason
            );
            left.push(Finding::new(
                exception.file,
                0,
                what,
                "take its row out of `xtask/src/tidy/exceptions.rs`",
            ));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Exception =
        Exception { check: "size", file: "a.rs", subject: "length", reason: "one long table" };

    fn finding(subject: &str) -> Finding {
        Finding::new("a.rs", 1, "too long", "split it").about(subject)
    }

    #[test]
    fn an_exception_excuses_its_own_subject_only() {
        let left = apply(vec![finding("length"), finding("function `f`")], &[&LONG]);
        assert_eq!(left, [finding("function `f`")]);
    }

    #[test]
    fn an_exception_that_excuses_nothing_is_a_finding() {
        let left = apply(vec![], &[&LONG]);
        assert_eq!(left.len(), 1);
        assert!(left[0].what.contains("no longer needed"), "{}", left[0]);
    }
}
