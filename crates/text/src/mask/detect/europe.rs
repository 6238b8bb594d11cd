//! National numbers of persons in Europe, with the check digits that each country defines.
//!
//! Numbers whose check is weak are taken only after their name or in their usual groups: one of eleven numbers of an order
//! would pass by chance. Sources: the countries' tax and interior authorities; ISO 7064 MOD 11,10 for Germany.

use std::ops::Range;

use super::super::around::{before, digits, is_a_number_of_things, says, stands_alone};
use super::ids::is_day;

/// Where such a number may be: each pattern finds numbers of one or several countries.
pub(super) const PATTERNS: &[&str] = &[
    // Germany, the Netherlands, Poland, Portugal: rows of 9 or 11 digits.
    r"(?-u:\b)[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}(?-u:\b)",
    r"(?-u:\b)(?:[0-9]{11}|[0-9]{9})(?-u:\b)",
    r"(?-u:\b)[0-9]{3} [0-9]{3} [0-9]{3}(?-u:\b)",
    // France.
    r"(?-u:\b)[12] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[ABab]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}(?-u:\b)",
    // Spain.
    r"(?-u:\b)(?:[0-9]{8}|[XYZxyz]-?[0-9]{7})-?[A-Za-z](?-u:\b)",
    // Italy.
    r"(?-u:\b)[A-Za-z]{6}[0-9LMNPQRSTUVlmnpqrstuv]{2}[A-Za-z][0-9LMNPQRSTUVlmnpqrstuv]{2}[A-Za-z][0-9LMNPQRSTUVlmnpqrstuv]{3}[A-Za-z](?-u:\b)",
    // Belgium.
    r"(?-u:\b)[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}(?-u:\b)",
    // Britain.
    r"(?-u:\b)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?-u:\b)",
];

/// A number that is taken only after its name.
struct Named {
    words: &'static [&'static str],
    is_valid: fn(&[u32]) -> bool,
}

const NAMED: &[Named] = &[
    Named {
        words: &[
            "steuer*",
            "idnr",
            "steuerid",
            "steueridentifikationsnummer",
            "identifikationsnummer",
            "tax id",
            "tin",
            "tax number",
            "tax identification*",
        ],
        is_valid: is_german_tax_id,
    },
    Named { words: &["bsn", "burgerservicenummer", "sofinummer"], is_valid: is_bsn },
    Named { words: &["pesel"], is_valid: is_pesel },
    Named { words: &["nif", "contribuinte"], is_valid: is_portuguese_nif },
];

pub(super) fn number(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let quote: String = text[at.clone()].chars().filter(|c| !" -.".contains(*c)).collect();
    let quote = quote.to_ascii_uppercase();
    let has_letter = quote.contains(|c: char| c.is_ascii_alphabetic());
    if !stands_alone(text, &at) {
        return;
    }
    let is_one = match (quote.len(), has_letter) {
        (9, true) => is_spanish(&quote) || is_british(&quote, &text[at.clone()]),
        (16, true) => is_codice_fiscale(&quote),
        (15, _) => is_nir(&quote),
        (11, false) if text[at.clone()].contains('.') => is_belgian(&digits(&quote)),
        _ => is_named(text, &at, &digits(&quote)),
    };
    let needs_no_name = has_letter && quote.len() == 9 && is_a_number_of_things(text, &at);
    if is_one && !needs_no_name {
        out.push(at);
    }
}

fn is_named(text: &str, at: &Range<usize>, digits: &[u32]) -> bool {
    let window = before(text, at.start, 40);
    // The German number is written in groups of its own, with a rule on its digits that few numbers obey.
    let is_grouped = text[at.clone()].contains(' ') && digits.len() == 11;
    is_grouped && is_german_tax_id(digits) && !is_a_number_of_things(text, at)
        || NAMED.iter().any(|row| says(window, row.words) && (row.is_valid)(digits))
}

/// Eleven digits; among the first ten one stands two or three times and the others at most once.
fn is_german_tax_id(digits: &[u32]) -> bool {
    if digits.len() != 11 || digits[0] == 0 {
        return false;
    }
    let mut counts = [0; 10];
    for digit in &digits[..10] {
        counts[*digit as usize] += 1;
    }
    let repeated: Vec<u32> = counts.into_iter().filter(|count| *count > 1).collect();
    if repeated.len() != 1 || repeated[0] > 3 {
        return false;
    }
    let product = digits[..10].iter().fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == digits[10]
}

/// The eleven test of the Netherlands.
fn is_bsn(digits: &[u32]) -> bool {
    if digits.len() != 9 || digits.iter().all(|digit| *digit == 0) {
        return false;
    }
    let sum: i64 =
        digits.iter().zip([9, 8, 7, 6, 5, 4, 3, 2, -1]).map(|(d, weight)| i64::from(*d) * weight).sum();
    sum % 11 == 0
}

fn is_pesel(digits: &[u32]) -> bool {
    if digits.len() != 11 {
        return false;
    }
    let sum: u32 =
        digits.iter().zip([1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).map(|(digit, weight)| digit * weight).sum();
    let month = (digits[2] * 10 + digits[3]) % 20;
    sum.is_multiple_of(10) && is_day(2000, month, digits[4] * 10 + digits[5])
}

fn is_portuguese_nif(digits: &[u32]) -> bool {
    if digits.len() != 9 {
        return false;
    }
    let sum: u32 = digits[..8].iter().zip((2..=9).rev()).map(|(digit, weight)| digit * weight).sum();
    let check = 11 - sum % 11;
    (if check >= 10 { 0 } else { check }) == digits[8]
}

/// Sex, year, month, department, commune, order, and a key of 97; Corsica has letters.
fn is_nir(quote: &str) -> bool {
    let plain = quote.replacen("2A", "19", 1).replacen("2B", "18", 1);
    let department = &quote[5..7];
    let is_corsican = department == "2A" || department == "2B";
    if is_corsican != quote.contains(|c: char| c.is_ascii_alphabetic()) {
        return false;
    }
    let digits = digits(if is_corsican { &plain } else { quote });
    let number = |part: &[u32]| part.iter().fold(0, |sum: u64, digit| sum * 10 + u64::from(*digit));
    let month = number(&digits[3..5]);
    let is_month = (1..=12).contains(&month) || (20..=42).contains(&month) || month >= 50;
    digits.len() == 15 && is_month && 97 - number(&digits[..13]) % 97 == number(&digits[13..])
}

fn is_spanish(quote: &str) -> bool {
    let first = match quote.as_bytes()[0] {
        b'X' => "0",
        b'Y' => "1",
        b'Z' => "2",
        b'0'..=b'9' => "",
        _ => return false,
    };
    let body = format!("{first}{}", &quote[usize::from(!first.is_empty())..8]);
    let letter = quote.as_bytes()[8];
    body.parse::<usize>().is_ok_and(|number| b"TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == letter)
}

fn is_british(quote: &str, written: &str) -> bool {
    let never = ["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"];
    let is_shape = written.starts_with(|c: char| c.is_ascii_uppercase())
        && quote.as_bytes()[1].is_ascii_alphabetic()
        && quote[2..8].bytes().all(|b| b.is_ascii_digit());
    is_shape && !never.contains(&&quote[..2])
}

/// Sixteen characters; those at odd places count by a table, the sum modulo 26 is the last letter.
fn is_codice_fiscale(quote: &str) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let sum: u32 = quote
        .bytes()
        .take(15)
        .enumerate()
        .map(|(n, b)| {
            let value = u32::from(if b.is_ascii_digit() { b - b'0' } else { b - b'A' });
            if n % 2 == 0 { ODD[value as usize] } else { value }
        })
        .sum();
    let is_month = b"ABCDEHLMPRST".contains(&quote.as_bytes()[8]);
    is_month && u32::from(quote.as_bytes()[15] - b'A') == sum % 26
}

fn is_belgian(digits: &[u32]) -> bool {
    let number = |part: &[u32]| part.iter().fold(0, |sum: u64, digit| sum * 10 + u64::from(*digit));
    let (body, check) = (number(&digits[..9]), number(&digits[9..]));
    97 - body % 97 == check || 97 - (2_000_000_000 + body) % 97 == check
}
