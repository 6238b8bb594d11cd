//! National numbers of persons in Russia, China and the United States, with their check digits and rules.
//!
//! SNILS and INN: orders of the Pension Fund and the Tax Service of Russia. Resident identity: GB 11643-1999, ISO 7064
//! MOD 11-2. SSN: rules of the Social Security Administration on numbers that are never given out.

use std::ops::Range;

use super::super::around::{before, digits, is_a_number_of_things, says, stands_alone};

pub(super) const SNILS: &str = r"(?-u:\b)[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{2}(?-u:\b)";

pub(super) fn snils(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote = &text[at.clone()];
    let is_grouped = quote.len() == 14 && quote.as_bytes()[3] == b'-' && quote.as_bytes()[7] == b'-';
    let is_named = says(before(text, at.start, 40), &["снилс*", "страховой номер", "snils", "страхов*"]);
    if (is_grouped || is_named) && stands_alone(text, &at) && is_snils(&digits(quote)) {
        out.push(at);
    }
}

fn is_snils(digits: &[u32]) -> bool {
    if digits.len() != 11 {
        return false;
    }
    let sum: u32 = digits[..9].iter().zip((1..=9).rev()).map(|(digit, weight)| digit * weight).sum();
    sum > 0 && sum % 101 % 100 == digits[9] * 10 + digits[10]
}

pub(super) const INN: &str = r"(?-u:\b)(?:[0-9]{12}|[0-9]{10})(?-u:\b)";

pub(super) fn inn(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let is_named = says(before(text, at.start, 24), &["инн", "inn", "налогоплательщик*"]);
    if is_named && is_inn(&digits(&text[at.clone()])) {
        out.push(at);
    }
}

fn is_inn(digits: &[u32]) -> bool {
    const WEIGHTS: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    let check = |n: usize| {
        let sum: u32 = digits[..n].iter().zip(&WEIGHTS[11 - n..]).map(|(digit, weight)| digit * weight).sum();
        sum % 11 % 10 == digits[n]
    };
    match digits.len() {
        10 => check(9),
        12 => check(10) && check(11),
        _ => false,
    }
}

pub(super) const CN_RESIDENT: &str = r"(?-u:\b)[1-9][0-9]{16}[0-9Xx](?-u:\b)";

pub(super) fn cn_resident(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    const REGIONS: &[u32] = &[
        11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53,
        54, 61, 62, 63, 64, 65, 71, 81, 82, 83, 91,
    ];
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let quote = &text[at.clone()];
    let read = digits(&quote[..17]);
    if read.len() != 17 {
        return;
    }
    let number = |part: &[u32]| part.iter().fold(0, |sum, digit| sum * 10 + digit);
    let (region, year) = (number(&read[..2]), number(&read[6..10]));
    let is_date = is_day(year, number(&read[10..12]), number(&read[12..14])) && (1880..2100).contains(&year);
    let sum: u32 = read.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    if REGIONS.contains(&region) && is_date && quote.as_bytes()[17].to_ascii_uppercase() == check {
        out.push(at);
    }
}

/// Whether the month has this day.
pub(super) fn is_day(year: u32, month: u32, day: u32) -> bool {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=length).contains(&day)
}

pub(super) const SSN: &[&str] = &[
    r"(?-u:\b)[0-9]{3}-[0-9]{2}-[0-9]{4}(?-u:\b)",
    r"(?-u:\b)[0-9]{3} [0-9]{2} [0-9]{4}(?-u:\b)",
    r"(?-u:\b)[0-9]{9}(?-u:\b)",
];

/// Words before a number of the social security.
const SSN_WORDS: &[&str] = &["ssn", "social security", "social", "itin", "tin", "taxpayer"];

pub(super) fn ssn(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    if !stands_alone(text, &at) {
        return;
    }
    let read = digits(&text[at.clone()]);
    let number = |part: &[u32]| part.iter().fold(0, |sum, digit| sum * 10 + digit);
    let (area, group, serial) = (number(&read[..3]), number(&read[3..5]), number(&read[5..]));
    let is_itin = area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    let is_given = area != 0 && area != 666 && (area < 900 || is_itin) && group != 0 && serial != 0;
    let is_named = says(before(text, at.start, 40), SSN_WORDS);
    if is_given && (is_named || text[at.clone()].contains('-') && !is_a_number_of_things(text, &at)) {
        out.push(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_the_calendar() {
        assert!(is_day(2000, 2, 29) && !is_day(1900, 2, 29) && !is_day(2023, 2, 29));
        assert!(!is_day(2024, 4, 31) && !is_day(2024, 13, 1) && !is_day(2024, 1, 0));
    }
}
