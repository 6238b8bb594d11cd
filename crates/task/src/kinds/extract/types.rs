//! What was written for a field, as its type: only what can mean one thing.
//!
//! In: a string of an answer or of a gold file. Out: the value in its one form, or why it is none.
//!
//! Numbers have a point before their fraction and no marks between thousands, so that `1,200` is refused: it is 1200 to
//! some and 1.2 to others. A sign of money beside a number is left out; any other unit is refused, because 5 kg is not 5.

use serde_json::{Value as Json, json};
use unicode_normalization::UnicodeNormalization;

use crate::answer::clip;

/// Beyond this a double cannot hold every whole number.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Signs and codes of money, as they stand beside numbers.
const MONEY: &[&str] = &[
    "€",
    "$",
    "£",
    "¥",
    "₽",
    "₴",
    "₸",
    "₹",
    "元",
    "人民币",
    "美元",
    "欧元",
    "руб.",
    "руб",
    "рублей",
    "р.",
    "usd",
    "eur",
    "gbp",
    "rub",
    "cny",
    "rmb",
    "jpy",
    "us$",
    "euro",
    "euros",
    "dollars",
    "евро",
    "долларов",
];

/// The number that `written` is beyond doubt; else why not.
pub(super) fn number(written: &str) -> Result<f64, String> {
    let plain: String = written.nfkc().flat_map(char::to_lowercase).collect();
    let bare = without_money(plain.trim());
    let (sign, digits) = match bare.strip_prefix(['-', '−', '–']) {
        Some(rest) => (-1.0, rest.trim_start()),
        None => (1.0, bare.strip_prefix('+').unwrap_or(bare)),
    };
    let own = || format!("`{}` is not a number by itself", clip(written));
    if digits
        .chars()
        .any(|c| !(c.is_ascii_digit() || is_joint(c) || matches!(c, ',' | '.' | 'e' | '-' | '+')))
    {
        return Err(own());
    }
    let joined = without_groups(digits).ok_or_else(own)?;
    let (n_commas, n_points) = (joined.matches(',').count(), joined.matches('.').count());
    let text = match (n_commas, n_points) {
        (0, 0) => joined,
        (0, 1) | (1, 0) => {
            let (head, tail) = joined.split_once(['.', ',']).ok_or_else(own)?;
            // A mark before three digits parts thousands for some and a fraction for others.
            let may_group = tail.len() == 3 && (1..=3).contains(&head.len()) && !head.starts_with('0');
            if may_group && joined == digits {
                let (all, part) = (format!("{head}{tail}"), format!("{head}.{tail}"));
                return Err(format!(
                    "`{}` may be {all} or {part}: write it with a point and no other mark",
                    clip(written)
                ));
            }
            format!("{head}.{tail}")
        }
        (_, 0) => ungroup(&joined, ',').ok_or_else(own)?,
        (0, _) => ungroup(&joined, '.').ok_or_else(own)?,
        (_, 1) if joined.rfind(',') < joined.rfind('.') => {
            let (head, tail) = joined.split_once('.').ok_or_else(own)?;
            format!("{}.{tail}", ungroup(head, ',').ok_or_else(own)?)
        }
        (1, _) if joined.rfind('.') < joined.rfind(',') => {
            let (head, tail) = joined.split_once(',').ok_or_else(own)?;
            format!("{}.{tail}", ungroup(head, '.').ok_or_else(own)?)
        }
        _ => return Err(own()),
    };
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(own());
    }
    text.parse::<f64>().ok().filter(|it| it.is_finite()).map(|it| sign * it).ok_or_else(own)
}

/// A number as it is stored: whole numbers without a point.
pub(super) fn number_json(number: f64) -> Json {
    let whole = number.fract() == 0.0 && number.abs() <= MAX_WHOLE;
    if whole { json!(number as i64) } else { json!(number) }
}

/// The whole number; else why not.
pub(super) fn whole(number: f64) -> Result<Json, String> {
    match number.fract() == 0.0 && number.abs() <= MAX_WHOLE {
        true => Ok(json!(number as i64)),
        false => Err(format!("`{number}` is not a whole number")),
    }
}

/// Yes or no, in English, Russian and Chinese; else why not.
pub(super) fn boolean(written: &str) -> Result<bool, String> {
    match &*karat_core::normalize_label(written) {
        "true" | "yes" | "y" | "1" | "да" | "верно" | "истина" | "правда" | "是" | "是的" | "真" | "对" => {
            Ok(true)
        }
        "false" | "no" | "n" | "0" | "нет" | "неверно" | "ложь" | "неправда" | "否" | "不是" | "假"
        | "不" => Ok(false),
        _ => Err(format!("`{}` is neither yes nor no", clip(written))),
    }
}

fn without_money(text: &str) -> &str {
    let mut bare = text;
    // The longest first: `рублей` is not `руб` and more.
    let mut signs: Vec<&str> = MONEY.to_vec();
    signs.sort_by_key(|it| std::cmp::Reverse(it.len()));
    if let Some(rest) = signs.iter().find_map(|sign| bare.strip_prefix(sign)) {
        bare = rest.trim_start();
    }
    match signs.iter().find_map(|sign| bare.strip_suffix(sign)) {
        Some(rest) => rest.trim_end(),
        None => bare,
    }
}

/// What stands between thousands and never before a fraction.
fn is_joint(c: char) -> bool {
    c == ' ' || c == '\'' || c == '’' || c == '_'
}

/// The digits without spaces and apostrophes, which must stand before groups of three.
fn without_groups(digits: &str) -> Option<String> {
    if !digits.contains(is_joint) {
        return Some(digits.to_owned());
    }
    let end = digits.find([',', '.']).unwrap_or(digits.len());
    let (whole, fraction) = digits.split_at(end);
    let mut groups = whole.split(is_joint);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let is_number = |it: &&str| it.bytes().all(|b| b.is_ascii_digit());
    let sound = (1..=3).contains(&first.len())
        && is_number(&first)
        && rest.iter().all(|it| it.len() == 3 && is_number(it));
    // A fraction of three digits behind a grouped whole cannot be a group with another mark.
    (sound && !fraction.contains(is_joint)).then(|| format!("{first}{}{fraction}", rest.concat()))
}

/// `1.200.000` without its points, where they stand before groups of three.
fn ungroup(text: &str, mark: char) -> Option<String> {
    let mut groups = text.split(mark);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
    let sound = first.len() <= 3 && is_number(first) && rest.iter().all(|it| it.len() == 3 && is_number(it));
    sound.then(|| format!("{first}{}", rest.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, want: Option<f64>) {
        assert_eq!(number(written).ok(), want, "{written}: {:?}", number(written));
    }

    #[test]
    fn a_number_that_can_mean_one_thing_is_read() {
        for (written, want) in [
            ("12", 12.0),
            ("-12.5", -12.5),
            ("−3", -3.0),
            ("0.125", 0.125),
            ("1 200,50 €", 1200.5),
            ("1\u{a0}200,50", 1200.5),
            ("1,200.50", 1200.5),
            ("1.200,50", 1200.5),
            ("1,200,000", 1_200_000.0),
            ("1.200.000 руб.", 1_200_000.0),
            ("12 000", 12_000.0),
            ("1'000.5", 1000.5),
            ("$1200", 1200.0),
            ("12,5", 12.5),
            ("1e3", 1000.0),
            ("１２", 12.0),
            ("300元", 300.0),
            ("1 234.567", 1234.567),
        ] {
            check(written, Some(want));
        }
    }

    #[test]
    fn a_number_that_can_mean_two_things_is_refused() {
        for written in [
            "1,200", "1.200", "12k", "5 kg", "12%", "twelve", "3万", "", "1,20,0", "1 20", "-", "1-2", "NaN",
            "inf", ".",
        ] {
            check(written, None);
        }
        assert!(number("1,200").unwrap_err().contains("1200 or 1.200"));
    }

    #[test]
    fn yes_and_no_are_read_in_three_languages() {
        for (written, want) in [
            ("Yes.", Some(true)),
            ("ДА", Some(true)),
            ("否", Some(false)),
            ("нет", Some(false)),
            ("maybe", None),
            ("", None),
        ] {
            assert_eq!(boolean(written).ok(), want, "{written}");
        }
    }
}
