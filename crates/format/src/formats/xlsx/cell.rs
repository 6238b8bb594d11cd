//! Cells of Excel as JSON.

use calamine::{DataRef, ExcelDateTime};
use serde_json::{Number, Value as Json};

/// Below this, each whole number has a double of its own.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// A cell; an empty one is null, an error such as `#N/A` the text that Excel shows.
pub(super) fn value(cell: &DataRef<'_>) -> Json {
    match cell {
        DataRef::Int(it) => (*it).into(),
        DataRef::Float(it) => number(*it),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Json::String(text.clone())
        }
        DataRef::SharedString(text) => Json::String((*text).to_owned()),
        DataRef::Bool(it) => (*it).into(),
        DataRef::DateTime(it) => Json::String(moment(it)),
        DataRef::Error(it) => Json::String(it.to_string()),
        DataRef::Empty => Json::Null,
    }
}

/// The name of a column as Excel shows it; counted from 0.
pub(super) fn letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// Excel has doubles only: one that is whole is meant as a whole number.
fn number(it: f64) -> Json {
    if it.fract() == 0.0 && it.abs() < MAX_WHOLE {
        return (it as i64).into();
    }
    Number::from_f64(it).map_or(Json::Null, Json::Number)
}

fn moment(it: &ExcelDateTime) -> String {
    if it.is_duration() {
        return duration(it.as_f64());
    }
    let (year, month, day, hour, minute, second, ms) = it.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let after = if ms == 0 { String::new() } else { format!(".{ms:03}") };
    let time = format!("{hour:02}:{minute:02}:{second:02}{after}");
    match it.as_f64() {
        // Before its first day Excel has times of day.
        days if (0.0..1.0).contains(&days) => time,
        days if days.fract() == 0.0 => date,
        _ => format!("{date}T{time}"),
    }
}

/// Days as hours, minutes and seconds; the hours may be more than 24.
fn duration(days: f64) -> String {
    let sign = if days < 0.0 { "-" } else { "" };
    let seconds = (days.abs() * 86_400.0).round() as u64;
    format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn a_whole_number_is_whole_and_a_text_stays_text() {
        assert_eq!(value(&DataRef::Float(7.0)), 7);
        assert_eq!(value(&DataRef::Float(7.5)), 7.5);
        assert_eq!(value(&DataRef::Float(1e300)), 1e300);
        assert_eq!(value(&DataRef::SharedString("007")), "007");
    }

    #[test]
    fn dates_are_iso_strings() {
        let check = |days, kind, want: &str| {
            assert_eq!(value(&DataRef::DateTime(ExcelDateTime::new(days, kind, false))), want);
        };
        check(45_943.0, DateTime, "2025-10-13");
        check(45_943.5, DateTime, "2025-10-13T12:00:00");
        check(0.25, DateTime, "06:00:00");
        check(1.5, TimeDelta, "36:00:00");
    }

    #[test]
    fn columns_have_the_letters_of_excel() {
        assert_eq!([0, 25, 26, 701, 702, 16_383].map(letters), ["A", "Z", "AA", "ZZ", "AAA", "XFD"]);
    }
}
