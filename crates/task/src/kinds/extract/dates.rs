//! A day as people write it, to `YYYY-MM-DD`: only where day, month and year are beyond doubt.
//!
//! In: a string. Out: the day, or why it is none. Points put the day first (`12.05.2024`): nobody writes them otherwise
//! but with the year in front. Slashes and dashes are read where only one order makes a day, so `12/05/2024` is refused.
//! Years have four digits.

use unicode_normalization::UnicodeNormalization;

use crate::answer::clip;

/// The beginnings of the names of months, in order; a longer word that begins so is the same month.
const MONTHS: [&[&str]; 12] = [
    &["jan", "янв"],
    &["feb", "февр", "фев"],
    &["mar", "март", "мар"],
    &["apr", "апр"],
    &["may", "май", "мая", "мае"],
    &["jun", "июн"],
    &["jul", "июл"],
    &["aug", "авг"],
    &["sep", "сент", "сен"],
    &["oct", "окт"],
    &["nov", "нояб", "ноя"],
    &["dec", "дек"],
];

/// Words around a date that say nothing of the day.
const AROUND: &[&str] =
    &["г", "года", "год", "of", "the", "on", "th", "st", "nd", "rd", "го", "е", "ое", "号"];

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece {
    Number { value: u32, n_digits: usize },
    Month(u32),
}

/// The day that `written` names, as `YYYY-MM-DD`; else why not.
pub(super) fn date(written: &str) -> Result<String, String> {
    let plain: String = written.nfkc().flat_map(char::to_lowercase).collect();
    let day = without_time(plain.trim());
    let not_one = || format!("`{}` is not a day: write it as YYYY-MM-DD", clip(written));
    let pieces = pieces(day).ok_or_else(not_one)?;
    let year = |it: &Piece| matches!(it, Piece::Number { n_digits: 4, .. });
    let (y, m, d) = match pieces[..] {
        [y, Piece::Number { value: m, n_digits: 1..=2 }, Piece::Number { value: d, n_digits: 1..=2 }]
            if year(&y) =>
        {
            (y, m, d)
        }
        [y, Piece::Month(m), Piece::Number { value: d, n_digits: 1..=2 }] if year(&y) => (y, m, d),
        [Piece::Number { value: d, n_digits: 1..=2 }, Piece::Month(m), y] if year(&y) => (y, m, d),
        [Piece::Month(m), Piece::Number { value: d, n_digits: 1..=2 }, y] if year(&y) => (y, m, d),
        [Piece::Number { value: a, n_digits: 1..=2 }, Piece::Number { value: b, n_digits: 1..=2 }, y]
            if year(&y) =>
        {
            let (m, d) = order(day, a, b)
                .ok_or_else(|| format!("`{}` may be two days: write it as YYYY-MM-DD", clip(written)))?;
            (y, m, d)
        }
        _ => return Err(not_one()),
    };
    let Piece::Number { value: y, .. } = y else { return Err(not_one()) };
    let exists = (1..=12).contains(&m) && (1..=days_in(y, m)).contains(&d) && y > 0;
    if !exists {
        return Err(format!("`{}` is a day that does not exist", clip(written)));
    }
    Ok(format!("{y:04}-{m:02}-{d:02}"))
}

/// Month and day of two numbers before a year; `None` where both orders make a day.
fn order(written: &str, a: u32, b: u32) -> Option<(u32, u32)> {
    let has_points = written.contains('.') && !written.contains(['/', '-']);
    match (a, b) {
        _ if has_points => Some((b, a)),
        _ if a == b => Some((a, b)),
        (13.., _) => Some((b, a)),
        (_, 13..) => Some((a, b)),
        _ => None,
    }
}

/// What stands before the time of `2024-05-12T10:00`.
fn without_time(text: &str) -> &str {
    let is_day = |it: &str| {
        it.len() == 10
            && it.bytes().enumerate().all(|(n, b)| match n {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            })
    };
    match text.split_once(['t', ' ']) {
        Some((day, time))
            if is_day(day) && time.starts_with(|c: char| c.is_ascii_digit()) && time.contains(':') =>
        {
            day
        }
        _ => text,
    }
}

/// The numbers and months, where nothing else stands there; at most three.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let len = match c {
            '0'..='9' => rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()),
            '年' | '月' | '日' | '号' => c.len_utf8(),
            _ if c.is_alphabetic() => rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len()),
            ' ' | ',' | '.' | '/' | '-' | '\u{2010}'..='\u{2013}' | '(' | ')' => c.len_utf8(),
            _ => return None,
        };
        let (word, after) = rest.split_at(len);
        rest = after;
        match c {
            '0'..='9' => found.push(Piece::Number { value: word.parse().ok()?, n_digits: word.len() }),
            _ if !c.is_alphabetic() || matches!(c, '年' | '月' | '日' | '号') => {}
            _ => match month(word) {
                Some(month) => found.push(Piece::Month(month)),
                None if AROUND.contains(&word) || is_weekday(word) => {}
                None => return None,
            },
        }
    }
    (found.len() == 3).then_some(found)
}

fn month(word: &str) -> Option<u32> {
    let n = MONTHS.iter().position(|names| names.iter().any(|name| word.starts_with(name)))?;
    // `marathon` is no month: a name goes on with letters of a month only.
    let full = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let is_english = word.is_ascii();
    let fits =
        if is_english { full[n].starts_with(word) || word == "sept" } else { word.chars().count() <= 9 };
    fits.then_some(n as u32 + 1)
}

fn is_weekday(word: &str) -> bool {
    const DAYS: &[&str] = &[
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "понедельник",
        "вторник",
        "среда",
        "четверг",
        "пятница",
        "суббота",
        "воскресенье",
        "пн",
        "вт",
        "ср",
        "чт",
        "пт",
        "сб",
        "вс",
        "星期一",
        "星期二",
        "星期三",
        "星期四",
        "星期五",
        "星期六",
        "星期日",
        "星期天",
        "周一",
        "周二",
        "周三",
        "周四",
        "周五",
        "周六",
        "周日",
    ];
    DAYS.contains(&word)
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_can_be_one_day_is_read() {
        for written in [
            "2024-05-12",
            "2024/5/12",
            "2024.05.12",
            "12.05.2024",
            "12.5.2024 г.",
            "12 мая 2024 года",
            "12 May 2024",
            "May 12th, 2024",
            "Sunday, 12 May 2024",
            "12-го мая 2024",
            "2024年5月12日",
            "2024-05-12T10:00:00Z",
            "2024-05-12 10:00",
            "２０２４年５月１２日 星期日",
        ] {
            assert_eq!(date(written).as_deref(), Ok("2024-05-12"), "{written}");
        }
        for (written, want) in
            [("13/05/2024", "2024-05-13"), ("05/13/2024", "2024-05-13"), ("05/05/2024", "2024-05-05")]
        {
            assert_eq!(date(written).as_deref(), Ok(want), "{written}");
        }
    }

    #[test]
    fn a_day_that_can_be_two_or_none_is_refused() {
        for (written, why) in [
            ("12/05/2024", "two days"),
            ("12-05-2024", "two days"),
            ("12.05.24", "not a day"),
            ("May 2024", "not a day"),
            ("tomorrow", "not a day"),
            ("2023-02-29", "does not exist"),
            ("2024-13-01", "does not exist"),
            ("marathon 12 2024", "not a day"),
            ("", "not a day"),
            ("99999999999999999999-01-01", "not a day"),
        ] {
            let got = date(written).unwrap_err();
            assert!(got.contains(why), "{written}: {got}");
        }
    }
}
