//! Times, coefficients and small phrases as they stand on this page.

use crate::evaluate::Number;
use crate::html::text::{dash, finite};

/// `2026-11-21 07:47` in UTC, from milliseconds since 1970.
pub(super) fn moment(at_ms: i64) -> String {
    let minutes = at_ms.div_euclid(60_000);
    let (hour, minute) = (minutes.div_euclid(60).rem_euclid(24), minutes.rem_euclid(60));
    format!("{} {hour:02}:{minute:02}", day(at_ms))
}

/// `2026-11-21` in UTC.
fn day(at_ms: i64) -> String {
    // Days from 1 March of the year 0, in eras of 400 years (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let days = at_ms.div_euclid(86_400_000) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-11-21 07:47 to 08:10`, or both with their day, in UTC.
pub(super) fn period((first, last): (i64, i64)) -> String {
    let (from, to) = (moment(first), moment(last));
    match () {
        () if from == to => format!("{from} UTC"),
        () if day(first) == day(last) => format!("{from} to {} UTC", &to[11..]),
        () => format!("{from} to {to} UTC"),
    }
}

/// A coefficient that is no share: `0.71`.
pub(super) fn decimal(value: f64) -> String {
    let words = format!("{:.2}", value.abs());
    if value < 0.0 && words != "0.00" { format!("−{words}") } else { words }
}

/// `0.71 (0.65–0.77)`, or a dash that says `why`.
pub(super) fn coefficient(number: Option<Number>, why: &str) -> String {
    let Some(it) = finite(number) else {
        return dash(why);
    };
    let (value, low, high) = (decimal(it.value), decimal(it.low), decimal(it.high));
    format!("<span class=\"v\">{value}</span> <span class=\"ci\">({low}–{high})</span>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(moment(0), "1970-01-01 00:00");
        assert_eq!(moment(951_827_696_000), "2000-02-29 12:34");
        assert_eq!(moment(1_795_247_250_000), "2026-11-21 07:47");
        assert_eq!(moment(-1), "1969-12-31 23:59");
    }

    #[test]
    fn a_period_names_its_day_once() {
        assert_eq!(period((0, 3_600_000)), "1970-01-01 00:00 to 01:00 UTC");
        assert_eq!(period((0, 59_000)), "1970-01-01 00:00 UTC");
        assert_eq!(period((0, 86_400_000)), "1970-01-01 00:00 to 1970-01-02 00:00 UTC");
    }

    #[test]
    fn a_coefficient_that_rounds_to_nothing_has_no_sign() {
        assert_eq!([0.714, -0.05, -0.001].map(decimal), ["0.71", "−0.05", "0.00"]);
    }
}
