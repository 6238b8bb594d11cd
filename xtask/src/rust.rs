//! Reads Rust source as tokens, well enough for the checks of [`crate::tidy`].
//!
//! In: the text of one file. Out: tokens with their lines, which of them are test code, the functions with their sizes,
//! the public names, and every path a file mentions (with `use` groups spelled out).
//!
//! Not here: types, macros, name resolution. A path that a macro builds, or that an alias hides, is not seen; clippy's
//! `disallowed-methods` sees those, which is why the pure crates have both.

mod lex;
mod shape;

use std::collections::BTreeSet;

pub(crate) use lex::{Kind, Token};
pub(crate) use shape::{Function, Name};

/// One Rust file, as tokens.
pub(crate) struct Source {
    /// The code, comments left out.
    pub(crate) tokens: Vec<Token>,
    /// For each token, whether it belongs to test code.
    pub(crate) in_test: Vec<bool>,
    /// Whether the first thing in the file is a `//!` comment.
    pub(crate) opens_with_doc: bool,
}

/// A path as the file wrote it, `use` groups spelled out: `std::fs::read`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    pub(crate) in_test: bool,
}

impl Path {
    /// Whether `wanted` (`std::fs`, `TcpStream`) stands in this path, segment by segment.
    pub(crate) fn names(&self, wanted: &str) -> bool {
        let wanted: Vec<&str> = wanted.split("::").collect();
        self.segments
            .windows(wanted.len())
            .any(|window| window.iter().map(String::as_str).eq(wanted.iter().copied()))
    }
}

/// A macro call or a string literal, with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mention<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
    pub(crate) in_test: bool,
}

impl Source {
    /// Reads `text`; `path` tells whether the whole file is test code.
    pub(crate) fn read(path: &str, text: &str) -> Self {
        let tokens = lex::lex(text);
        let in_test = shape::mark_tests(path, &tokens);
        Self { tokens, in_test, opens_with_doc: text.trim_start().starts_with("//!") }
    }

    /// The lines that hold code outside tests: blank lines and comments are not counted.
    pub(crate) fn code_lines(&self) -> BTreeSet<usize> {
        self.lines_of(false)
    }

    /// The lines that hold test code.
    pub(crate) fn test_lines(&self) -> BTreeSet<usize> {
        self.lines_of(true)
    }

    fn lines_of(&self, tests: bool) -> BTreeSet<usize> {
        let kept = self.tokens.iter().zip(&self.in_test).filter(|(_, in_test)| **in_test == tests);
        kept.flat_map(|(token, _)| token.line..=token.end_line).collect()
    }

    /// The functions with a body, tests left out.
    pub(crate) fn functions(&self) -> Vec<Function> {
        shape::functions(self)
    }

    /// The names that are `pub` without a restriction: items, fields, and the variants of public enums.
    pub(crate) fn pub_names(&self) -> Vec<Name> {
        shape::pub_names(self)
    }

    /// The variants of the enum called `name`, if the file defines one.
    pub(crate) fn enum_variants(&self, name: &str) -> Option<Vec<Name>> {
        shape::enum_variants(self, name)
    }

    /// Every path that the file mentions, single names included.
    pub(crate) fn paths(&self) -> Vec<Path> {
        shape::paths(self)
    }

    /// The macros that are called, by name.
    pub(crate) fn macros(&self) -> impl Iterator<Item = Mention<'_>> {
        let calls =
            (1..self.tokens.len()).filter(|&at| self.is(at, "!") && self.tokens[at - 1].kind == Kind::Ident);
        calls.map(|at| self.mention(at - 1))
    }

    /// The names of the functions written inside calls of the macro called `name`.
    pub(crate) fn functions_in(&self, name: &str) -> Vec<&str> {
        let calls = (0..self.tokens.len()).filter(|&at| self.are(at, &[name, "!"]));
        let bodies = calls.flat_map(|at| at + 2..self.after_group(at + 2));
        bodies
            .filter(|&at| self.is(at, "fn"))
            .filter_map(|at| Some(self.tokens.get(at + 1)?.text.as_str()))
            .collect()
    }

    /// The string literals, quotes taken off.
    pub(crate) fn strings(&self) -> impl Iterator<Item = Mention<'_>> {
        (0..self.tokens.len()).filter(|&at| self.tokens[at].kind == Kind::Text).map(|at| self.mention(at))
    }

    /// The identifiers, in order.
    pub(crate) fn idents(&self) -> impl Iterator<Item = Mention<'_>> {
        (0..self.tokens.len()).filter(|&at| self.tokens[at].kind == Kind::Ident).map(|at| self.mention(at))
    }

    fn mention(&self, at: usize) -> Mention<'_> {
        let token = &self.tokens[at];
        Mention { text: token.inner(), line: token.line, in_test: self.in_test[at] }
    }

    /// Whether the token at `at` is spelled `text` and is no literal.
    pub(crate) fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(text))
    }

    /// Whether the tokens from `at` on are spelled like `texts`.
    pub(crate) fn are(&self, at: usize, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(n, text)| self.is(at + n, text))
    }

    /// The position after the bracket that closes the one at `open`; the end of the file where it stays open.
    pub(crate) fn after_group(&self, open: usize) -> usize {
        shape::after_group(&self.tokens, open)
    }
}

#[cfg(test)]
mod tests;
