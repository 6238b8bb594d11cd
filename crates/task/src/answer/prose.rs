//! A prose text in words, marks and line breaks.
//!
//! In: a text. Out: tokens over its folded form. Letters of scripts with spaces form words; each letter of Chinese,
//! Japanese or Thai stands alone.

use std::ops::Range;

use crate::fold::{Fold, Folded, is_unspaced};

/// A folded text and its tokens.
pub(super) struct Prose<'a> {
    pub(super) source: &'a str,
    pub(super) folded: Folded,
    pub(super) tokens: Vec<Token>,
}

/// A word, a punctuation mark or a line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// The bytes in the folded text.
    pub(super) at: Range<usize>,
    pub(super) kind: Kind,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Mark(char),
    Break,
}

impl<'a> Prose<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        let folded = Folded::new(source, Fold::Labels);
        let tokens = tokens(&folded.text);
        Self { source, folded, tokens }
    }

    /// The text of a token; empty past the ends.
    pub(super) fn word(&self, n: usize) -> &str {
        self.tokens.get(n).map_or("", |token| &self.folded.text[token.at.clone()])
    }

    pub(super) fn kind(&self, n: usize) -> Option<Kind> {
        self.tokens.get(n).map(|token| token.kind)
    }

    /// The number of the first token that ends after this byte of the folded text.
    pub(super) fn token_at(&self, byte: usize) -> usize {
        self.tokens.partition_point(|token| token.at.end <= byte)
    }

    /// Whether the folded text has, from token `n` on, exactly these words: for pairs, and for Chinese words of several
    /// letters.
    pub(super) fn starts_with(&self, n: usize, words: &str) -> bool {
        let Some(token) = self.tokens.get(n) else {
            return false;
        };
        let rest = &self.folded.text[token.at.start..];
        rest.starts_with(words)
            && !crate::fold::joins(words.chars().next_back(), rest[words.len()..].chars().next())
    }

    /// Whether one of the table's words begins at token `n`.
    pub(super) fn any(&self, n: usize, table: &[&str]) -> bool {
        let word = self.word(n);
        let single = word.chars().next().is_some_and(is_unspaced);
        super::words::is_in(word, table)
            || table.iter().any(|entry| (single || entry.contains(' ')) && self.starts_with(n, entry))
    }

    /// The words of the source from one token to another, for notes.
    pub(super) fn quote(&self, from: usize, to: usize) -> String {
        let range = self.tokens.get(from).zip(self.tokens.get(to)).map(|(a, b)| a.at.start..b.at.end);
        let source =
            range.and_then(|range| self.folded.source(range)).map_or("", |range| &self.source[range]);
        super::clip(source)
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(text.len() / 5 + 1);
    let mut chars = text.char_indices().peekable();
    let mut open = false;
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        let next = chars.peek().map(|(_, next)| *next);
        let kind = match c {
            ' ' => {
                open = false;
                continue;
            }
            '\n' => Kind::Break,
            c if is_word(c) => Kind::Word,
            // `don't`, `80.5`: a mark inside a word.
            '\'' if open && next.is_some_and(char::is_alphabetic) => Kind::Word,
            '.' if open && next.is_some_and(|next| next.is_ascii_digit()) && ends_in_digit(&text[..at]) => {
                Kind::Word
            }
            c => Kind::Mark(c),
        };
        let joins = open && kind == Kind::Word && !is_unspaced(c);
        match tokens.last_mut().filter(|_| joins) {
            Some(token) => token.at.end = end,
            None => tokens.push(Token { at: at..end, kind }),
        }
        open = kind == Kind::Word && !is_unspaced(c);
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_marks_and_breaks_are_told_apart() {
        let prose = Prose::new("It doesn't, 80.5%:\n**非常好** \"no\"");
        let words: Vec<_> = (0..prose.tokens.len()).map(|n| prose.word(n)).collect();
        assert_eq!(words, ["it", "doesn't", ",", "80.5", "%", ":", "\n", "非", "常", "好", "'", "no", "'"]);
    }
}
