//! Where a text names labels, and whether it says, denies or only lists them.
//!
//! In: a prose text and a schema. Out: mentions in text order. The longest name wins, so `not_biased` beats `biased`.
//! "not positive", "neither … nor", "не позитивная", "不是正面" deny; "positive or negative" and the echo of the
//! options list. Neither counts for a label.
//!
//! Not here: which of several said labels is the verdict (`verdict.rs`).

use std::ops::Range;

use karat_core::{LabelId, LabelSchema};

use super::prose::{Kind, Prose};
use super::words::{DENY, DENY_PAIRS, GOES_ON, IS, LIST, NEW_CLAUSE, NO_DENIAL, SAYS, SUPPOSE, is_in};
use crate::fold::{is_spaced_letter, is_unspaced, joins};

/// One naming of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) label: LabelId,
    /// The bytes in the folded text.
    pub(super) at: Range<usize>,
    /// Its first token.
    pub(super) first: usize,
    /// Its last token.
    pub(super) last: usize,
    /// Whether it was found by the beginning of its word, and the text ends with it: the word may be cut.
    pub(super) is_cut: bool,
    pub(super) how: How,
}

/// How a label is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As something that holds.
    Said,
    /// As something that does not hold, or is only supposed.
    Denied,
    /// As one of several.
    Listed,
}

/// A denial reaches so many words at most.
const MAX_REACH: usize = 16;

/// All mentions in `prose`, in text order.
pub(super) fn mentions(prose: &Prose, schema: &LabelSchema) -> Vec<Mention> {
    let mut found = places(prose, schema);
    let starts: Vec<usize> = found.iter().map(|it| it.first).collect();
    for mention in &mut found {
        if is_denied(prose, mention, &starts) {
            mention.how = How::Denied;
        }
    }
    mark_lists(prose, &mut found);
    mark_headed_lines(prose, &mut found);
    found
}

/// Every place where a name, alias or stem stands as a word of its own; the longest of those that overlap.
fn places(prose: &Prose, schema: &LabelSchema) -> Vec<Mention> {
    let text = &prose.folded.text;
    let mut found: Vec<Mention> = Vec::new();
    for (word, label, is_stem) in schema.words() {
        if word.is_empty() {
            continue;
        }
        for (start, _) in text.match_indices(word) {
            let Some(at) = as_word(text, start..start + word.len(), is_stem) else {
                continue;
            };
            let (first, last) = (prose.token_at(at.start), prose.token_at(at.end - 1));
            let is_cut = is_stem && at.end == text.len();
            let mention = Mention { label, at, first, last, is_cut, how: How::Said };
            if !is_short(word) || stands_alone(prose, &mention) {
                found.push(mention);
            }
        }
    }
    found.sort_by_key(|it| (std::cmp::Reverse(it.at.len()), it.at.start, it.label));
    let mut kept: Vec<Mention> = Vec::new();
    for mention in found {
        let overlaps = |other: &Mention| mention.at.start < other.at.end && other.at.start < mention.at.end;
        if !kept.iter().any(overlaps) {
            kept.push(mention);
        }
    }
    kept.sort_by_key(|it| it.at.start);
    kept
}

/// The place as a whole word; a stem reaches to the end of its word. `None` inside another word.
fn as_word(text: &str, at: Range<usize>, is_stem: bool) -> Option<Range<usize>> {
    let (before, found, after) = (&text[..at.start], &text[at.clone()], &text[at.end..]);
    if joins(before.chars().next_back(), found.chars().next()) {
        return None;
    }
    if is_stem {
        let rest = after.find(|c: char| !is_spaced_letter(c)).unwrap_or(after.len());
        return Some(at.start..at.end + rest);
    }
    (!joins(found.chars().next_back(), after.chars().next())).then_some(at)
}

/// Names so short that they are also common words: `no`, `yes`, `A`, `да`, `是`. `Q90` is none.
fn is_short(word: &str) -> bool {
    if word.chars().any(char::is_numeric) && word.chars().any(char::is_alphabetic) {
        return false;
    }
    let n_letters = word.chars().count();
    n_letters <= if word.chars().any(is_unspaced) { 1 } else { 3 }
}

/// Whether it stands between marks, at a border of the text, or after a word that says that a label follows.
fn stands_alone(prose: &Prose, mention: &Mention) -> bool {
    let right = prose.kind(mention.last + 1) != Some(Kind::Word);
    let left = mention.first.checked_sub(1);
    let left =
        left.is_none_or(|n| prose.kind(n) != Some(Kind::Word) || prose.any(n, IS) || prose.any(n, SAYS));
    left && right
}

fn is_denied(prose: &Prose, mention: &Mention, starts: &[usize]) -> bool {
    if is_whether(prose, mention.last + 1) {
        return true;
    }
    let mut n_words = 0;
    let mut n = mention.first;
    // The mark that opens a quoted label closes nothing.
    if n.checked_sub(1).is_some_and(|before| is_quote(prose, before)) {
        n -= 1;
    }
    while let Some(before) = n.checked_sub(1) {
        n = before;
        match prose.kind(n) {
            Some(Kind::Break) | None => return false,
            Some(Kind::Mark('\'')) => match quote_begin(prose, n) {
                Some(begin) => n = begin,
                None if is_half_quote(prose, n) => return false,
                None => {}
            },
            Some(Kind::Mark(',' | '，')) => {
                if !(prose.any(n + 1, GOES_ON) || goes_on_as_list(prose, n, starts)) {
                    return false;
                }
            }
            Some(Kind::Mark(mark)) => {
                if ends_sentence(mark) {
                    return false;
                }
            }
            Some(Kind::Word) => {
                if begins_clause(prose, n) {
                    return false;
                }
                if (denies(prose, n) && !starts.contains(&n)) || is_whether(prose, n) {
                    return true;
                }
                n_words += 1;
                if n_words > MAX_REACH {
                    return false;
                }
            }
        }
    }
    false
}

fn is_quote(prose: &Prose, n: usize) -> bool {
    prose.kind(n) == Some(Kind::Mark('\''))
}

/// Where the words quoted before the closing mark `n` begin: what is quoted is not the answer's own denial.
fn quote_begin(prose: &Prose, n: usize) -> Option<usize> {
    let open = match prose.quote(n, n).as_str() {
        "”" => &["“", "„"][..],
        "»" => &["«"],
        "」" => &["「"],
        "\"" => &["\""],
        _ => &["'", "‘"],
    };
    let opens = |n: usize| {
        let at = &prose.tokens[n].at;
        let before = prose.folded.text[..at.start].chars().next_back();
        let after = prose.folded.text[at.end..].chars().next();
        let is_open = !before.is_some_and(char::is_alphanumeric) && !after.is_none_or(char::is_whitespace);
        is_open && open.contains(&prose.quote(n, n).as_str())
    };
    let end = |n: &usize| is_quote(prose, *n) && opens(*n) || prose.kind(*n) == Some(Kind::Break);
    (0..n).rev().take(80).find(end).filter(|begin| is_quote(prose, *begin))
}

/// A closing mark without its opening one: the text was cut, and all before it is quoted.
fn is_half_quote(prose: &Prose, n: usize) -> bool {
    let before = prose.folded.text[..prose.tokens[n].at.start].chars().next_back();
    matches!(prose.quote(n, n).as_str(), "\"" | "”" | "»") && before.is_some_and(|c| !c.is_whitespace())
}

/// The Russian `ли`, and not the name `Ли`.
fn is_whether(prose: &Prose, n: usize) -> bool {
    prose.word(n) == "ли" && prose.quote(n, n) == "ли"
}

/// A comma between two labels: `no positive, negative or neutral words`.
fn goes_on_as_list(prose: &Prose, comma: usize, starts: &[usize]) -> bool {
    let after = starts.contains(&(comma + 1));
    let before = comma.checked_sub(1).is_some_and(|n| starts.contains(&n));
    after && (before || prose.kind(comma.wrapping_sub(2)) == Some(Kind::Word))
}

pub(super) fn ends_sentence(mark: char) -> bool {
    matches!(mark, '.' | '!' | '?' | ';' | ':' | '…' | '。' | '！' | '？' | '；' | '：')
}

fn denies(prose: &Prose, n: usize) -> bool {
    let negates = prose.any(n, DENY) || prose.word(n).ends_with("n't") || prose.any(n, DENY_PAIRS);
    if !negates {
        return prose.any(n, SUPPOSE);
    }
    !prose.any(n, NO_DENIAL) && !n.checked_sub(1).is_some_and(|n| prose.any(n, NO_DENIAL))
}

/// `but`, `поэтому`, `因此`; and the `and` of `and is`.
fn begins_clause(prose: &Prose, n: usize) -> bool {
    if is_in(prose.word(n), &["and", "и"]) {
        return is_in(
            prose.word(n + 1),
            &["is", "are", "remains", "appears", "seems", "therefore", "является", "остается"],
        );
    }
    if prose.starts_with(n, "а также") || prose.starts_with(n, "instead of") || prose.starts_with(n, "а не")
    {
        return false;
    }
    if prose.word(n) == "не" && n > 0 && prose.starts_with(n - 1, "тем не менее") {
        return true;
    }
    prose.any(n, NEW_CLAUSE) || prose.any(n, &["тем не менее"])
}

/// Marks mentions of different labels that are joined by commas, slashes, "or" or "and", or that stand line by line.
fn mark_lists(prose: &Prose, found: &mut [Mention]) {
    let mut begin = 0;
    for n in 1..=found.len() {
        if n < found.len() && is_joined(prose, &found[n - 1], &found[n]) {
            continue;
        }
        let group = &mut found[begin..n];
        if group.iter().any(|it| it.label != group[0].label) {
            for mention in group.iter_mut().filter(|it| it.how == How::Said) {
                mention.how = How::Listed;
            }
        }
        begin = n;
    }
}

/// Marks labels that each head a line of their own: `Positive: …`, `Negative: …` go through the options.
fn mark_headed_lines(prose: &Prose, found: &mut [Mention]) {
    let heads = |it: &Mention| {
        let mut n = it.first;
        while let Some(before) = n.checked_sub(1).filter(|n| is_bullet(prose, *n)) {
            n = before;
        }
        let begins = n == 0 || prose.kind(n - 1) == Some(Kind::Break);
        begins && matches!(prose.kind(it.last + 1), Some(Kind::Mark(':' | '：' | '-')))
    };
    let headed: Vec<usize> = (0..found.len()).filter(|n| heads(&found[*n])).collect();
    if headed.iter().any(|n| found[*n].label != found[headed[0]].label) {
        for n in headed {
            found[n].how = How::Listed;
        }
    }
}

fn is_bullet(prose: &Prose, n: usize) -> bool {
    match prose.kind(n) {
        Some(Kind::Mark(_)) => true,
        Some(Kind::Word) => prose.word(n).chars().all(|c| c.is_ascii_digit()),
        Some(Kind::Break) | None => false,
    }
}

fn is_joined(prose: &Prose, a: &Mention, b: &Mention) -> bool {
    let between = a.last + 1..b.first;
    let (mut n_joints, mut n_others) = (0, 0);
    let mut by_line = false;
    for n in between.clone() {
        match prose.kind(n) {
            Some(Kind::Mark(',' | '，' | '/' | '、' | '|' | '&' | '+')) => n_joints += 1,
            Some(Kind::Mark('\'' | '(' | ')' | '"' | '[' | ']')) => {}
            Some(Kind::Break) => by_line = true,
            Some(Kind::Mark('.' | '-' | '•')) if by_line => {}
            Some(Kind::Word) if by_line && prose.word(n).chars().all(|c| c.is_ascii_digit()) => {}
            Some(Kind::Word) if prose.any(n, LIST) => n_joints += 1,
            Some(Kind::Word) if denies(prose, n) || begins_clause(prose, n) || prose.any(n, SAYS) => {
                return false;
            }
            Some(Kind::Word) => n_others += 1,
            Some(Kind::Mark(_)) | None => return false,
        }
    }
    if by_line {
        let line_ends = matches!(prose.kind(b.last + 1), None | Some(Kind::Break));
        return n_others == 0
            && n_joints == 0
            && line_ends
            && !between.is_empty()
            && prose.kind(a.last + 1) == Some(Kind::Break);
    }
    n_joints > 0 && n_others <= 1
}
