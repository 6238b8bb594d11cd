//! The one error type: who must act, what was being done, what to do next.
//!
//! A failed model call is not an error but an outcome ([`crate::Failure`]); an error ends what the user asked for.

use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The caller gave something wrong; the message names the field and the fix.
    Invalid,
    /// What was asked for is not there.
    NotFound,
    /// Someone else holds or changed it: wait, or look again and decide again.
    Conflict,
    /// The budget does not allow it.
    BudgetSpent,
    /// The other side broke its contract, or the disk or network failed.
    External,
    /// A mistake of ours.
    Bug,
}

/// What went wrong, in one sentence without a full stop, with the next step as a hint.
#[derive(Debug)]
pub struct Error {
    /// Who must act.
    pub kind: ErrorKind,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of a kind, with its message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, source: None }
    }

    /// The caller gave something wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// What was asked for is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// A disk, a network or another program failed.
    pub fn external(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::External, message)
    }

    /// A mistake of ours.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bug, message)
    }

    /// Adds the next step for the user.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Puts what was being done before the message: `doing: message`.
    #[must_use]
    pub fn while_doing(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }

    /// The next step, where there is one.
    pub fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_done_what_failed_and_why() {
        let error = Error::external("cannot open `a.csv`")
            .because(std::io::Error::other("no such file"))
            .while_doing("reading the data")
            .hint("check the path");
        assert_eq!(error.to_string(), "reading the data: cannot open `a.csv`: no such file");
        assert_eq!(error.next_step(), Some("check the path"));
    }
}
