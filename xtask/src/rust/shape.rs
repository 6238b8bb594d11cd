//! Finds the shape of a Rust file in its tokens: test code, functions, public names, paths.

use super::{Kind, Path, Source, Token};

/// A function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// Lines with code, from `fn` to the closing brace.
    pub(crate) n_lines: usize,
    /// Parameters, `self` left out.
    pub(crate) n_params: usize,
}

/// A public name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// For each token, whether it is test code: a file of tests, `#[test]`, `#[cfg(test)]`.
pub(super) fn mark_tests(path: &str, tokens: &[Token]) -> Vec<bool> {
    let is_test_file = path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/benches/");
    let mut marks = vec![is_test_file; tokens.len()];
    let mut at = 0;
    while at < tokens.len() {
        let inner = usize::from(tokens.get(at + 1).is_some_and(|token| token.is("!")));
        let open = at + 1 + inner;
        if !(tokens[at].is("#") && tokens.get(open).is_some_and(|token| token.is("["))) {
            at += 1;
            continue;
        }
        let after = after_group(tokens, open);
        if !is_test_attribute(&tokens[open..after]) {
            at = after;
            continue;
        }
        let end = if inner == 1 { tokens.len() } else { after_item(tokens, after) };
        marks[at..end].fill(true);
        at = end;
    }
    marks
}

/// `[test]`, `[tokio::test]`, `[cfg(test)]`, `[cfg(any(test, …))]`; `[cfg(not(test))]` is not.
fn is_test_attribute(group: &[Token]) -> bool {
    let names: Vec<&str> =
        group.iter().filter(|token| token.kind == Kind::Ident).map(|t| t.text.as_str()).collect();
    match names.as_slice() {
        ["test"] | [_, "test"] => true,
        ["cfg", rest @ ..] => rest.contains(&"test") && !rest.contains(&"not"),
        _ => false,
    }
}

/// The position after the item that starts at `at`: past its attributes, to its closing brace or semicolon.
fn after_item(tokens: &[Token], mut at: usize) -> usize {
    while at < tokens.len() {
        let token = &tokens[at];
        if token.is(";") {
            return at + 1;
        }
        if token.is("{") {
            return after_group(tokens, at);
        }
        at = if token.is("(") || token.is("[") { after_group(tokens, at) } else { at + 1 };
    }
    tokens.len()
}

/// The position after the bracket that closes the one at `open`.
pub(super) fn after_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.kind != Kind::Punct {
            continue;
        }
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

pub(super) fn functions(source: &Source) -> Vec<Function> {
    let tokens = &source.tokens;
    let lines = source.code_lines();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if !source.is(at, "fn")
            || source.in_test[at]
            || tokens.get(at + 1).is_none_or(|t| t.kind != Kind::Ident)
        {
            continue;
        }
        let open = after_generics(tokens, at + 2);
        let after_params = after_group(tokens, open);
        let end = after_item(tokens, after_params);
        if !tokens[end - 1].is("}") {
            continue;
        }
        let n_lines = lines.range(tokens[at].line..=tokens[end - 1].end_line).count();
        let n_params = count_params(&tokens[(open + 1).min(after_params - 1)..after_params - 1]);
        found.push(Function { name: tokens[at + 1].text.clone(), line: tokens[at].line, n_lines, n_params });
    }
    found
}

/// The position after `<…>`, or `at` itself where there are no generics.
fn after_generics(tokens: &[Token], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        if token.is("<") {
            depth += 1;
        } else if token.is(">") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            return at;
        }
        at = if token.is("(") || token.is("[") { after_group(tokens, at) } else { at + 1 };
    }
    at.min(tokens.len().saturating_sub(1))
}

/// The number of parameters between the parentheses, `self` left out.
fn count_params(params: &[Token]) -> usize {
    let mut n_params = 0;
    let mut in_param = false;
    let mut at = 0;
    while at < params.len() {
        if params[at].is(",") {
            in_param = false;
            at += 1;
            continue;
        }
        if !in_param && !starts_self(&params[at..]) {
            n_params += 1;
        }
        in_param = true;
        at = match params[at].text.as_str() {
            "(" | "[" | "{" => after_group(params, at),
            "<" => after_generics(params, at),
            _ => at + 1,
        };
    }
    n_params
}

/// Whether a parameter is `self`, `&self`, `&'a mut self`, `mut self`, `self: …`.
fn starts_self(params: &[Token]) -> bool {
    let mut names =
        params.iter().filter(|token| !(token.is("&") || token.is("mut") || token.kind == Kind::Other));
    names.next().is_some_and(|token| token.is("self"))
}

pub(super) fn pub_names(source: &Source) -> Vec<Name> {
    let tokens = &source.tokens;
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if !source.is(at, "pub") || source.in_test[at] || source.is(at + 1, "(") {
            continue;
        }
        let mut name = at + 1;
        let mut is_enum = false;
        while tokens.get(name).is_some_and(is_item_word) {
            is_enum |= tokens[name].is("enum");
            name += 1;
        }
        let Some(token) = tokens.get(name).filter(|token| token.kind == Kind::Ident && !token.is("use"))
        else {
            continue;
        };
        found.push(Name { name: token.text.clone(), line: token.line });
        if is_enum {
            let open = after_generics(tokens, name + 1);
            found.extend(variants(&tokens[(open + 1).min(tokens.len())..after_group(tokens, open)]));
        }
    }
    found
}

fn is_item_word(token: &Token) -> bool {
    const WORDS: [&str; 13] = [
        "fn", "struct", "enum", "trait", "type", "mod", "static", "const", "union", "async", "unsafe",
        "extern", "mut",
    ];
    token.kind == Kind::Text || WORDS.iter().any(|word| token.is(word))
}

/// The variants of the enum called `name`, if the file defines one.
pub(super) fn enum_variants(source: &Source, name: &str) -> Option<Vec<Name>> {
    let at = (0..source.tokens.len()).find(|&at| source.are(at, &["enum", name]))?;
    let open = after_generics(&source.tokens, at + 2);
    Some(variants(&source.tokens[(open + 1).min(source.tokens.len())..after_group(&source.tokens, open)]))
}

/// The names of the variants between the braces of an enum.
fn variants(body: &[Token]) -> Vec<Name> {
    let mut found = Vec::new();
    let mut wants_name = true;
    let mut at = 0;
    while at < body.len() {
        let token = &body[at];
        if token.is(",") {
            wants_name = true;
        } else if wants_name && token.kind == Kind::Ident {
            found.push(Name { name: token.text.clone(), line: token.line });
            wants_name = false;
        }
        let opens = token.is("(") || token.is("[") || token.is("{");
        at = if opens { after_group(body, at) } else { at + 1 };
    }
    found
}

pub(super) fn paths(source: &Source) -> Vec<Path> {
    let tokens = &source.tokens;
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if source.is(at, "use") {
            at = use_tree(source, at + 1, &mut Vec::new(), &mut found);
        } else if tokens[at].kind == Kind::Ident {
            let start = at;
            let mut segments = vec![tokens[at].text.clone()];
            while source.is(at + 1, "::") && tokens.get(at + 2).is_some_and(|token| token.kind == Kind::Ident)
            {
                at += 2;
                segments.push(tokens[at].text.clone());
            }
            found.push(Path { segments, line: tokens[start].line, in_test: source.in_test[start] });
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one branch of a `use` tree from `at`; `prefix` is what stands before it. Returns the position after the branch.
fn use_tree(source: &Source, mut at: usize, prefix: &mut Vec<String>, found: &mut Vec<Path>) -> usize {
    let depth = prefix.len();
    let start = at;
    while let Some(token) = source.tokens.get(at) {
        if token.is("{") {
            let end = source.after_group(at);
            at += 1;
            while at + 1 < end {
                at = use_tree(source, at, prefix, found);
                at += usize::from(source.is(at, ","));
            }
            prefix.truncate(depth);
            return end;
        }
        if token.is(",") || token.is("}") || token.is(";") || token.is("as") {
            break;
        }
        if token.kind == Kind::Ident || token.is("*") {
            prefix.push(token.text.clone());
        }
        at += 1;
    }
    if prefix.len() > depth {
        let (line, in_test) = (source.tokens[start].line, source.in_test[start]);
        found.push(Path { segments: prefix.clone(), line, in_test });
    }
    prefix.truncate(depth);
    while source.tokens.get(at).is_some_and(|token| token.is("as") || token.kind == Kind::Ident) {
        at += 1;
    }
    // A branch always moves on, so that a malformed tree cannot loop for ever.
    if at == start { at + 1 } else { at }
}
