//! Splits Rust source into tokens: names, punctuation, literals. Comments are left out.
//!
//! Total: any text gives tokens; an unclosed string or comment runs to the end of the file.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ident,
    Punct,
    /// A string literal of any sort: plain, raw, byte, C.
    Text,
    /// A character, a number, or a lifetime: never asked about.
    Other,
}

/// One token, with the lines on which it starts and ends, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) line: usize,
    pub(crate) end_line: usize,
}

impl Token {
    /// Whether the token is spelled `text` and is no literal.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Ident | Kind::Punct) && self.text == text
    }

    /// The text of a string literal without its quotes, anything else as it is.
    pub(crate) fn inner(&self) -> &str {
        if self.kind != Kind::Text {
            return &self.text;
        }
        let text = self.text.trim_start_matches(['r', 'b', 'c']).trim_matches('#');
        let text = text.strip_prefix('"').unwrap_or(text);
        text.strip_suffix('"').unwrap_or(text)
    }
}

/// Splits `text` into tokens.
pub(crate) fn lex(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (kind, len) = next(rest, first);
        let (token, after) = rest.split_at(len);
        let end_line = line + token.matches('\n').count();
        if let Some(kind) = kind {
            tokens.push(Token { kind, text: token.to_owned(), line, end_line });
        }
        line = end_line;
        rest = after;
    }
    tokens
}

/// The kind and the length in bytes of the token that `rest` starts with; no kind for blanks and comments.
fn next(rest: &str, first: char) -> (Option<Kind>, usize) {
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if rest.starts_with("//") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (None, block_comment(rest));
    }
    if let Some(len) = string(rest) {
        return (Some(Kind::Text), len);
    }
    if first == '\'' || rest.starts_with("b'") {
        return (Some(Kind::Other), quote(rest));
    }
    if first.is_alphabetic() || first == '_' {
        let raw = if rest.starts_with("r#") { 2 } else { 0 };
        return (Some(Kind::Ident), raw + word(&rest[raw..]));
    }
    if first.is_ascii_digit() {
        return (Some(Kind::Other), word(rest));
    }
    let pair = ["::", "->", "=>", "!="].iter().any(|pair| rest.starts_with(pair));
    (Some(Kind::Punct), if pair { 2 } else { first.len_utf8() })
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
}

/// The length of a block comment; block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of the string literal that `rest` starts with, if it does.
fn string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).unwrap_or("");
        after.starts_with('"') || (prefix.ends_with('r') && after.trim_start_matches('#').starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    if !prefix.ends_with('r') {
        return Some(prefix.len() + quoted(after, b'"'));
    }
    let hashes = after.len() - after.trim_start_matches('#').len();
    let close = format!("\"{}", "#".repeat(hashes));
    let body = prefix.len() + hashes + 1;
    Some(rest[body..].find(&close).map_or(rest.len(), |at| body + at + close.len()))
}

/// The length of a literal between two `mark`s, the first of which `rest` starts with; a backslash hides the next byte.
fn quoted(rest: &str, mark: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == mark => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a character (`'a'`, `b'\n'`) or of a lifetime (`'a`).
fn quote(rest: &str) -> usize {
    let prefix = usize::from(rest.starts_with('b'));
    let mut chars = rest[prefix + 1..].chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => prefix + quoted(&rest[prefix..], b'\''),
        (Some(one), Some('\'')) => prefix + 1 + one.len_utf8() + 1,
        _ => prefix + 1 + word(&rest[prefix + 1..]),
    }
}
