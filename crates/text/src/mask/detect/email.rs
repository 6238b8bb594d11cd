//! E-mail addresses, in any script: what stands left and right of an `@`, as far as one script goes.
//!
//! In Chinese nothing parts an address from the sentence around it, so a change between Latin and Chinese characters ends
//! it. Not here: whether the address exists.

use std::ops::Range;

use super::super::around::is_without_blanks;

const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 253;

/// The address around an `@` or `(at)`.
pub(super) fn address(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let is_spelled = &text[at.clone()] != "@";
    let (left, right) = (&text[..at.start], &text[at.end..]);
    let (left, right) =
        if is_spelled { (left.trim_end_matches(' '), right.trim_start_matches(' ')) } else { (left, right) };
    let (Some(start), Some(length)) = (local_start(left), domain_length(right)) else { return };
    if is_user_of_a_url(&text[..start]) {
        return;
    }
    let end = text.len() - right.len() + length;
    // A long row of blanks around `(at)` is no address.
    if at.start - left.len() <= 2 && text.len() - right.len() - at.end <= 2 {
        out.push(start..end);
    }
}

/// Scripts that do not mix inside a name: Latin, those without blanks, all others.
fn script(c: char) -> u8 {
    match c {
        '\0'..='\u{24F}' => 0,
        c if is_without_blanks(c) => 1,
        _ => 2,
    }
}

fn local_start(left: &str) -> Option<usize> {
    let mut letters = left.chars().rev().take(MAX_LOCAL).filter(|c| c.is_alphanumeric());
    let nearest = match letters.next() {
        // `我的邮箱是888@…`: digits beside Chinese are Latin; beside other letters they are part of a word.
        Some(c) if c.is_ascii_digit() => letters.find(|c| c.is_alphabetic()).map_or(0, script) & 2,
        c => c.map_or(0, script),
    };
    let mut start = None;
    for (n, (at, c)) in left.char_indices().rev().enumerate() {
        let is_name = c.is_alphanumeric() && (c.is_ascii_digit() || script(c) == nearest);
        let is_joint = "._%+-'&".contains(c);
        if n >= MAX_LOCAL || !(is_name || is_joint && n > 0) {
            break;
        }
        // An address begins with a letter or a digit.
        if is_name {
            start = Some(at);
        }
    }
    start
}

/// The bytes of a domain of at least two labels, the last of two letters or more.
fn domain_length(right: &str) -> Option<usize> {
    let (mut end, mut label_start, mut n_labels) = (None, 0, 0);
    let mut label_script = None;
    let limit = right.char_indices().nth(MAX_DOMAIN).map_or(right.len(), |(at, _)| at);
    for (at, c) in right[..limit].char_indices().chain([(limit, '\0')]) {
        let fits = label_script.is_none_or(|known| known == script(c) || c.is_ascii_digit());
        if (c.is_alphanumeric() && fits) || (c == '-' && at > label_start) {
            if c.is_alphabetic() {
                label_script = Some(script(c));
            }
            continue;
        }
        let label = right[label_start..at].trim_end_matches('-');
        if label.is_empty() {
            break;
        }
        n_labels += 1;
        let is_top = label.chars().count() >= 2 && label.chars().any(char::is_alphabetic);
        if n_labels >= 2 && is_top && !label.starts_with(|c: char| c.is_ascii_digit()) {
            end = Some(label_start + label.len());
        }
        if c != '.' || label_start + label.len() != at {
            break;
        }
        (label_start, label_script) = (at + 1, None);
    }
    end
}

/// Whether this is `user:password@host`, which is a secret and not an address.
fn is_user_of_a_url(left: &str) -> bool {
    if !left.ends_with([':', '/']) {
        return false;
    }
    let word = left.char_indices().rev().take(80).take_while(|(_, c)| !c.is_whitespace()).last();
    word.is_some_and(|(start, _)| left[start..].contains("://")) && left.ends_with(':')
}
