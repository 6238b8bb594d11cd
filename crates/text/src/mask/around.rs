//! What stands before and after a place in a text: the words that tell a telephone number from an order number.
//!
//! In: a text and byte positions on its character borders. Windows are a few dozen characters long, so that looking
//! around costs the same in every text.

use std::ops::Range;

/// At most `n_chars` characters before `at`, back to the beginning of the line.
pub(super) fn before(text: &str, at: usize, n_chars: usize) -> &str {
    let head = &text[..at];
    let start = head.char_indices().rev().take(n_chars).take_while(|(_, c)| *c != '\n').last();
    start.map_or("", |(start, _)| &head[start..])
}

/// At most `n_chars` characters from `at` on, to the end of the line.
pub(super) fn after(text: &str, at: usize, n_chars: usize) -> &str {
    let tail = &text[at..];
    let end = tail.char_indices().take(n_chars).take_while(|(_, c)| *c != '\n').last();
    end.map_or("", |(end, c)| &tail[..end + c.len_utf8()])
}

/// Whether one of the words stands in the window, in any case.
///
/// Words are given in small letters. A word in letters begins on a word border and ends on one, unless it is written with
/// a final `*`; a word in Chinese stands anywhere.
pub(super) fn says(window: &str, words: &[&str]) -> bool {
    let window = window.to_lowercase();
    words.iter().any(|word| {
        let (stem, is_open) = word.strip_suffix('*').map_or((*word, false), |stem| (stem, true));
        window.match_indices(stem).any(|(at, _)| {
            if stem.contains(is_without_blanks) {
                return true;
            }
            let begins = !window[..at].ends_with(|c: char| c.is_alphanumeric() && !is_without_blanks(c));
            let rest = &window[at + stem.len()..];
            let ends = is_open || !rest.starts_with(|c: char| c.is_alphabetic() && !is_without_blanks(c));
            begins && ends
        })
    })
}

/// Whether the character belongs to a script that puts no blanks between words.
pub(super) fn is_without_blanks(c: char) -> bool {
    matches!(c as u32,
        0x0E00..=0x0EFF | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF
        | 0x20000..=0x3FFFF)
}

/// Whether the range is no part of a longer number or word: no digit, Latin letter or sign that carries on beside it.
pub(super) fn stands_alone(text: &str, at: &Range<usize>) -> bool {
    let mut left = text[..at.start].chars().rev();
    let mut right = text[at.end..].chars();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let carries_on = |c: Option<char>, next: Option<char>| {
        c.is_some_and(|c| ".,-/:".contains(c)) && next.is_some_and(|c| c.is_ascii_digit())
    };
    let (before, before_that) = (left.next(), left.next());
    let (after, after_that) = (right.next(), right.next());
    !before.is_some_and(is_part)
        && !after.is_some_and(is_part)
        && !carries_on(before, before_that)
        && !carries_on(after, after_that)
}

/// The digits of a piece of text, as numbers.
pub(super) fn digits(piece: &str) -> Vec<u32> {
    piece.chars().filter_map(|c| c.to_digit(10)).collect()
}

/// Whether what stands before says that the number counts, names or prices a thing.
pub(super) fn is_a_number_of_things(text: &str, at: &Range<usize>) -> bool {
    const THINGS: &[&str] = &[
        "order*",
        "invoice*",
        "isbn",
        "issn",
        "sku",
        "article*",
        "tracking",
        "ticket*",
        "parcel",
        "part",
        "serial",
        "batch",
        "version",
        "model",
        "item",
        "ean",
        "gtin",
        "barcode",
        "заказ*",
        "накладн*",
        "артикул*",
        "трек*",
        "штрихкод*",
        "счёт*",
        "счет*",
        "договор*",
        "партия",
        "парти*",
        "билет*",
        "订单*",
        "单号",
        "编号",
        "货号",
        "批号",
        "序列号",
        "条码",
        "合同",
        "型号",
    ];
    const SIGNS: &[char] = &['#', '№', '$', '€', '£', '¥', '₽', '=', '~'];
    let left = before(text, at.start, 18);
    let is_priced = left.trim_end().ends_with(SIGNS);
    let right = after(text, at.end, 12);
    let money = ["руб*", "usd", "eur", "dollars", "euros", "元", "万", "块钱", "rub", "тыс*", "млн*", "%"];
    is_priced || says(left, THINGS) || {
        let right = right.trim_start();
        right.starts_with(SIGNS) || starts_with_word(right, &money)
    }
}

fn starts_with_word(window: &str, words: &[&str]) -> bool {
    let window = window.to_lowercase();
    words.iter().any(|word| {
        let stem = word.trim_end_matches('*');
        window.strip_prefix(stem).is_some_and(|rest| {
            word.ends_with('*') || stem.contains(is_without_blanks) || !rest.starts_with(char::is_alphabetic)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_with_their_line() {
        assert_eq!(before("ab\ncd", 5, 10), "cd");
        assert_eq!(after("ab\ncd", 1, 10), "b");
        assert_eq!(before("", 0, 3), "");
    }

    #[test]
    fn a_word_inside_another_is_not_said() {
        assert!(says("my Order: ", &["order"]));
        assert!(!says("at the border ", &["order"]));
        assert!(!says("television ", &["tel"]));
        assert!(says("телефоны ", &["телефон*"]));
        assert!(says("他的电话号码", &["电话"]));
    }
}
