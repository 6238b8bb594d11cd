//! Payment cards and bank accounts.
//!
//! ISO/IEC 7812 (issuers, the check digit of H. P. Luhn, 1960), ISO 13616 (IBAN, with the lengths of the SWIFT registry).

use std::ops::Range;

use super::super::around::{digits, stands_alone};

/// A row of digits, in groups or not.
pub(super) const CARD: &str = r"[0-9]+(?:[ -][0-9]+)*";

const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// The card numbers among the groups of a row of digits.
pub(super) fn card(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let groups: Vec<Range<usize>> = groups(text, at);
    let mut first = 0;
    while first < groups.len() {
        first += card_from(text, &groups[first..], out).max(1);
    }
}

/// The groups of digits in a range.
fn groups(text: &str, at: Range<usize>) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut start = at.start;
    for part in text[at].split([' ', '-']) {
        groups.push(start..start + part.len());
        start += part.len() + 1;
    }
    groups
}

/// The longest card number that begins with the first group; how many groups it takes.
fn card_from(text: &str, groups: &[Range<usize>], out: &mut Vec<Range<usize>>) -> usize {
    let Some(first) = groups.first() else { return 0 };
    if first.len() < 4 {
        return 0;
    }
    let (mut n_digits, mut found) = (0, 0);
    let separator = text.as_bytes().get(first.end);
    for (n, group) in groups.iter().enumerate() {
        n_digits += group.len();
        let is_even = n == 0 || text.as_bytes().get(groups[n - 1].end) == separator;
        if group.len() < 3 || n_digits > *CARD_DIGITS.end() || !is_even {
            break;
        }
        let at = first.start..group.end;
        if CARD_DIGITS.contains(&n_digits) && is_card(&digits(&text[at])) {
            found = n + 1;
        }
    }
    if found == 0 {
        return 0;
    }
    let at = first.start..groups[found - 1].end;
    if stands_alone(text, &at) || groups.len() > found {
        out.push(at);
    }
    found
}

/// Whether an issuer gives out numbers that begin and end so.
fn is_card(digits: &[u32]) -> bool {
    let head = |n: usize| digits[..n].iter().fold(0, |sum, digit| sum * 10 + digit);
    let n = digits.len();
    let is_issued = match (head(1), head(2), head(3), head(4)) {
        (4, ..) => [13, 16, 19].contains(&n),
        (_, 51..=55, ..) | (_, _, _, 2221..=2720) => n == 16,
        (_, 34 | 37, ..) => n == 15,
        (_, 36 | 38 | 39, ..) | (_, _, 300..=305, _) => (14..=19).contains(&n),
        (_, _, _, 3528..=3589) | (_, _, _, 6011) | (_, 62 | 64 | 65, ..) | (_, _, _, 2200..=2204) => n >= 16,
        (_, _, _, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 | 9792) => n >= 13,
        (_, 60 | 81 | 82, ..) => n == 16,
        _ => false,
    };
    is_issued && has_luhn(digits) && digits.iter().any(|digit| *digit != digits[0])
}

/// Whether the last digit is the check digit of Luhn.
pub(super) fn has_luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(n, digit)| if n % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

/// Where an IBAN may begin.
pub(super) const IBAN: &str = r"(?-u:\b)[A-Za-z]{2}[0-9]{2}";

/// Countries of the registry with the length of their IBAN.
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// The account number that begins here, if its length and its check digits are right.
pub(super) fn iban(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let country = text[at.start..at.start + 2].to_ascii_uppercase();
    let Some((_, length)) = IBAN_LENGTHS.iter().find(|(code, _)| *code == country) else { return };
    let (mut read, mut end) = (Vec::new(), at.start);
    for (n, c) in text[at.start..].char_indices() {
        let last_was_blank =
            text.as_bytes().get(at.start + n.saturating_sub(1)).is_some_and(|b| b" -".contains(b));
        if c.is_ascii_alphanumeric() {
            read.push(c);
            end = at.start + n + 1;
        } else if !" -".contains(c) || last_was_blank {
            break;
        }
        if read.len() == *length {
            break;
        }
    }
    let goes_on = text[end..].starts_with(|c: char| c.is_ascii_alphanumeric());
    if read.len() == *length && !goes_on && has_mod_97(&read) {
        out.push(at.start..end);
    }
}

/// Whether the number, its first four characters moved to the end, is 1 modulo 97.
fn has_mod_97(read: &[char]) -> bool {
    let moved = read.iter().skip(4).chain(read.iter().take(4));
    let remainder = moved.filter_map(|c| c.to_digit(36)).fold(0, |sum, value| {
        let shift = if value > 9 { 100 } else { 10 };
        (sum * shift + value) % 97
    });
    remainder == 1
}
