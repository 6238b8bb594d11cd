//! Telephone numbers: with a country code, in the shapes of a country, or after a word that says what they are.
//!
//! ITU-T E.164: at most 15 digits. Not here: which numbers are given out; a table of all carriers would be a hundred times
//! this file and change each month.

use std::ops::Range;

use super::super::around::{before, digits, is_a_number_of_things, says, stands_alone};

pub(super) const INTERNATIONAL: &str =
    r"(?:\+ ?|(?-u:\b)00)[1-9][0-9]{0,14}(?:[ .\-/]{0,2}\(?[0-9]{1,12}\)?){0,7}";

/// Shapes that say by themselves that they are a telephone number.
pub(super) const NATIONAL: &[&str] = &[
    // Russia: a trunk 8, or the country code without its plus.
    r"(?-u:\b)[78](?:[ -]?\([3489][0-9]{2,4}\)|[ -]?[3489][0-9]{2})(?:[ -]{0,3}[0-9]){5,7}(?-u:\b)",
    r"\([3489][0-9]{2,4}\) ?[0-9]{1,3}[ -][0-9]{2}[ -]?[0-9]{2}(?-u:\b)",
    r"(?-u:\b)9[0-9]{2}[ -][0-9]{3}[ -][0-9]{2}[ -][0-9]{2}(?-u:\b)",
    // China: mobiles, area codes.
    r"(?-u:\b)(?:86[ -]?)?1[3-9][0-9](?:[0-9]{8}|[ -][0-9]{4}[ -][0-9]{4})(?-u:\b)",
    r"(?:(?-u:\b)0(?:10|2[0-9]|[3-9][0-9]{2})[ -]|\(0(?:10|2[0-9]|[3-9][0-9]{2})\) ?)[2-9][0-9]{3}[ -]?[0-9]{3,4}(?-u:\b)",
    // North America.
    r"(?:(?-u:\b)1[ .-]?)?\([2-9][0-9]{2}\)[ .-]?[2-9][0-9]{2}[ .-][0-9]{4}(?-u:\b)",
    r"(?-u:\b)(?:1[.-])?[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}(?-u:\b)",
    r"(?-u:\b)(?:1\.)?[2-9][0-9]{2}\.[2-9][0-9]{2}\.[0-9]{4}(?-u:\b)",
    // Europe: a trunk 0.
    r"(?-u:\b)0[1-9](?:[ .-][0-9]{2}){4}(?-u:\b)",
    r"(?-u:\b)0[67][0-9]{8}(?-u:\b)",
    r"(?-u:\b)0[1-9][0-9]{1,4}[ /-]{1,3}[0-9]{3,8}(?:[ -][0-9]{2,5}){0,3}(?-u:\b)",
    r"\(0[1-9][0-9]{1,4}\)[ /-]{0,3}[0-9]{2,8}(?:[ -][0-9]{2,5}){0,3}(?-u:\b)",
];

/// The group is the number, at most 16 characters after the word.
pub(super) const NAMED: &str = concat!(
    r"(?i)(?:(?:^|[^A-Za-zА-Яа-яЁё])",
    r"(?:(?:tele)?phones?|tel|mobile|cell|fax|whats ?app|sms|call(?: me| us| him| her)?|text me|mobil|handy|telefono?|móvil|",
    r"тел|телефон[а-я]{0,3}|моб[а-я]{0,8}|сотов[а-я]{0,3}|звон[а-я]{1,4}|позвон[а-я]{1,4}|набер[а-я]{1,4}|факс|в[оа]тсап[а-я]{0,2})",
    r"[^0-9+\nA-Za-zА-Яа-яЁё]|",
    r"电话|手机|座机|联系方式|拨打|致电|传真|微信)",
    r"[^0-9+\n]{0,16}?(\(?[0-9](?:[ .\-/()]{0,2}[0-9]){5,14})(?-u:\b)"
);

/// Country codes whose numbers have one length, with all digits.
const FIXED: &[(&str, usize)] = &[
    ("1", 11),
    ("7", 11),
    ("30", 12),
    ("31", 11),
    ("32", 11),
    ("33", 11),
    ("34", 11),
    ("41", 11),
    ("45", 10),
    ("47", 10),
    ("48", 11),
    ("51", 11),
    ("52", 12),
    ("90", 12),
    ("91", 12),
    ("351", 12),
    ("353", 12),
    ("372", 11),
    ("374", 11),
    ("375", 12),
    ("380", 12),
    ("420", 12),
    ("421", 12),
    ("852", 11),
    ("971", 12),
    ("992", 12),
    ("994", 12),
    ("995", 12),
    ("996", 12),
    ("998", 12),
];

/// A number with its country code, cut where the country's length ends.
pub(super) fn international(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote = &text[at.clone()];
    let read = quote.strip_prefix("00").unwrap_or(quote);
    let skipped = quote.len() - read.len();
    let number: String = read.chars().filter(char::is_ascii_digit).collect();
    let fixed = FIXED.iter().find(|(code, _)| number.starts_with(code)).map(|(_, length)| *length);
    let is_chinese_mobile = number.starts_with("861") && number.len() >= 13;
    let has_trunk = read.contains("(0)");
    let wanted = match fixed {
        Some(length) => length + usize::from(has_trunk),
        None if is_chinese_mobile => 13,
        None => number.len().min(15),
    };
    let Some(length) = length_of_digits(read, wanted) else { return };
    let at = at.start..at.start + skipped + length;
    let n_digits = digits(&text[at.clone()]).len() - skipped;
    let is_plus = skipped == 0;
    let is_shaped = is_plus || text[at.clone()].contains([' ', '-']);
    let is_sum = text[..at.start].ends_with(|c: char| c.is_ascii_alphanumeric() || c == ')');
    let is_possible = match number.as_bytes() {
        [b'7', b'1' | b'2' | b'5', ..] | [b'1', b'0' | b'1', ..] | [b'0', ..] => false,
        _ => (9..=15).contains(&n_digits),
    };
    let goes_on = text[at.end..].starts_with(|c: char| c.is_ascii_alphanumeric());
    if is_possible && is_shaped && !is_sum && !goes_on && !is_price(text, &at) {
        out.push(at);
    }
}

/// How many bytes hold so many digits, with the bracket that closes them; `None` where a group would be cut.
fn length_of_digits(quote: &str, n_digits: usize) -> Option<usize> {
    let (at, _) = quote.char_indices().filter(|(_, c)| c.is_ascii_digit()).nth(n_digits.checked_sub(1)?)?;
    let rest = &quote[at + 1..];
    let is_cut = rest.starts_with(|c: char| c.is_ascii_digit());
    (!is_cut).then_some(at + 1)
}

/// A number in the shape of a country.
pub(super) fn national(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote = &text[at.clone()];
    let read = digits(quote);
    let is_russian = matches!(read.first(), Some(7 | 8)) && read.len() == 11;
    let is_plain = quote.bytes().all(|b| b.is_ascii_digit());
    let is_mobile =
        is_plain && (is_russian && read[1] == 9 || read.len() == 11 && read[0] == 1 || read.len() == 13);
    let is_possible = match read.len() {
        9..=12 => !is_plain || is_mobile || read.len() == 10,
        13 => quote.starts_with("86"),
        _ => false,
    };
    // A trunk digit with brackets or blanks after it holds eleven digits, or it is none.
    let is_short = matches!(quote.as_bytes()[0], b'7' | b'8')
        && read.len() != 11
        && !quote.contains('.')
        && read.len() != 10;
    let is_zero_short = quote.starts_with('0') && read.len() < 9;
    if is_possible
        && !is_short
        && !is_zero_short
        && !is_date(quote)
        && is_free(text, &at)
        && !is_a_number_of_things(text, &at)
    {
        out.push(at);
    }
}

/// A number after a word that says that it is one.
pub(super) fn named(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote = &text[at.clone()];
    let read = digits(quote);
    let is_plain = quote.bytes().all(|b| b.is_ascii_digit());
    let is_round = is_plain && read.ends_with(&[0, 0, 0]);
    let is_short = read.len() < 7 && !(read.len() == 6 && quote.contains('-'));
    let is_of_things = is_a_number_of_things(text, &at);
    if !is_short && !is_round && !is_date(quote) && !is_range(quote) && is_free(text, &at) && !is_of_things {
        out.push(at);
    }
}

fn is_free(text: &str, at: &Range<usize>) -> bool {
    let left = before(text, at.start, 2);
    stands_alone(text, at) && !left.ends_with(['+', '/', '&', '%', '<']) && !left.ends_with("Nº")
}

fn is_price(text: &str, at: &Range<usize>) -> bool {
    is_a_number_of_things(text, at)
        && !says(before(text, at.start, 18), &["билет*", "ticket*", "order*", "заказ*", "订单*"])
}

/// Whether the first groups are a date: `01-02-2024`, `2024-01-02`, `05/11 2023`.
fn is_date(quote: &str) -> bool {
    let groups: Vec<&str> =
        quote.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let number = |n: usize| groups.get(n).and_then(|group| group.parse::<u32>().ok()).unwrap_or(0);
    let is_year =
        |n: usize| groups.get(n).is_some_and(|group| group.len() == 4) && (1900..2100).contains(&number(n));
    let is_small =
        |n: usize| groups.get(n).is_some_and(|group| group.len() <= 2) && (1..=31).contains(&number(n));
    is_small(0) && is_small(1) && is_year(2) || is_year(0) && is_small(1) && is_small(2)
}

/// Whether these are two numbers of equal length with a dash between: `2019-2024`, `100000-150000`.
fn is_range(quote: &str) -> bool {
    quote.split_once('-').is_some_and(|(left, right)| {
        left.len() == right.len()
            && left.len() >= 4
            && (left.len() == 4 && left.starts_with(['1', '2']) || left.ends_with('0'))
    })
}
