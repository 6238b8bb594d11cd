//! Passports: a series and number of a usual shape, after a word that says what it is.

use std::ops::Range;

use super::super::around::stands_alone;

/// Each has one group: the number itself.
pub(super) const PATTERNS: &[&str] = &[
    // Russia: four digits of the series, six of the number.
    r"(?i:паспорт\p{Cyrillic}{0,6}|passport|удостоверени\p{Cyrillic}{1,2} личности|документ\p{Cyrillic}{0,3})[^0-9\n]{0,40}([0-9]{2} ?[0-9]{2}[ ,]{0,2}(?i:№|n|no|номер)?[. ]{0,2}[0-9]{6})(?-u:\b)",
    r"(?i:сери[яюией]{1,2})[ :]{0,3}([0-9]{2} ?[0-9]{2}[ ,]{0,2}(?i:№|n|номер)?[. ]{0,2}[0-9]{6})(?-u:\b)",
    r"(?-u:\b)([0-9]{2} [0-9]{2} ?№ ?[0-9]{6})(?-u:\b)",
    // Russia abroad.
    r"(?i:загран\p{Cyrillic}{0,12}(?: паспорт\p{Cyrillic}{0,3})?)[^0-9\n]{0,30}([0-9]{2} ?(?:№ ?)?[0-9]{7})(?-u:\b)",
    // China.
    r"护照[^0-9A-Za-z\n]{0,12}([A-Za-z]{1,2}[0-9]{7,8})(?-u:\b)",
    r"(?:港澳通行证|通行证|台胞证|回乡证)[^0-9A-Za-z\n]{0,12}([A-Za-z][0-9]{8,10})(?-u:\b)",
    // Others: letters and digits, at least six of them digits.
    r"(?i:passport|reisepass|passeport|pasaporte|passaporto|passaporte|paspoort|personalausweis|护照)(?i:[ \-]?(?:no|number|num|nummer|numéro|número|numero|nr|n°|card|id)){0,2}[ .:#=°º号码为是]{0,6}(?:(?i:is|ist|est|es|è)[ :]{1,2})?([A-Za-z]{0,2}[0-9]{6,9}[A-Za-z]?)(?-u:\b)",
    r"(?i:passport|reisepass|passeport|pasaporte|passaporto|personalausweis)[^0-9\n]{0,24}(?-u:\b)([CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7}[0-9]|[0-9]{2}[A-Z]{2}[0-9]{5}|[A-Z]{1,3}[0-9]{6,7}|[0-9]{9})(?-u:\b)",
];

pub(super) fn number(text: &str, at: Range<usize>, out: &mut Vec<Range<usize>>) {
    let n_digits = text[at.clone()].bytes().filter(u8::is_ascii_digit).count();
    if n_digits >= 4 && stands_alone(text, &at) {
        out.push(at);
    }
}
