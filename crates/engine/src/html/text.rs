//! Texts and numbers as they stand on the page.
//!
//! In: what the report holds. Out: pieces of HTML. [`Esc`] is the only way for a foreign text onto the page.

use std::fmt;

use crate::evaluate::Number;

/// A foreign text, with all that means something in HTML escaped; safe between tags and inside quoted attributes.
pub(crate) struct Esc<'a>(pub(crate) &'a str);

impl fmt::Display for Esc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => write!(f, "{c}")?,
                c if c.is_control() => write!(f, "\u{fffd}")?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

/// A foreign text in which literals stand between backticks, as messages write them.
pub(crate) fn ticked(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return Esc(text).to_string();
    }
    let part = |(n, part): (usize, &&str)| match n % 2 {
        0 => Esc(part).to_string(),
        _ => format!("<code>{}</code>", Esc(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// A name that may be written in any direction, kept from turning its neighbours around.
pub(crate) fn name(name: &str) -> String {
    format!("<bdi>{}</bdi>", Esc(name))
}

/// `81.3 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `78.6–83.7`, in percent.
pub(crate) fn range(low: f64, high: f64) -> String {
    format!("{:.1}–{:.1}", low * 100.0, high * 100.0)
}

/// `95 %` for a level of 0.95.
pub(crate) fn level(level: f64) -> String {
    let percent = format!("{:.2}", level * 100.0);
    format!("{} %", percent.trim_end_matches('0').trim_end_matches('.'))
}

/// `12,345`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count in a table; a zero steps back.
pub(crate) fn number(n: u64) -> String {
    if n == 0 { "<span class=\"zero\">0</span>".to_owned() } else { count(n) }
}

/// `1 item`, `12 items`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A number that can be drawn: not `None`, and not NaN or infinite.
pub(crate) fn finite(number: Option<Number>) -> Option<Number> {
    number.filter(|it| it.value.is_finite() && it.low.is_finite() && it.high.is_finite())
}

/// `81.3 % (78.6–83.7)` in one line of words, for titles.
pub(crate) fn plain(number: Option<Number>) -> String {
    finite(number)
        .map_or("undefined".to_owned(), |it| format!("{} ({})", percent(it.value), range(it.low, it.high)))
}

/// `81.3 % (78.6–83.7)`, or a dash that says `why`.
pub(crate) fn measured(number: Option<Number>, why: &str) -> String {
    let Some(it) = finite(number) else {
        return dash(why);
    };
    let (value, range) = (percent(it.value), range(it.low, it.high));
    format!("<span class=\"v\">{value}</span> <span class=\"ci\">({range})</span>")
}

/// `4.213 (3.9 to 4.6)` for a number that is no share, or a dash that says `why`.
pub(crate) fn bare(number: Option<Number>, why: &str) -> String {
    let Some(it) = finite(number) else {
        return dash(why);
    };
    let [value, low, high] = [it.value, it.low, it.high].map(|it| format!("{it:.3}"));
    format!("<span class=\"v\">{value}</span> <span class=\"ci\">({low} to {high})</span>")
}

/// What stands where there is no number: a dash that says `why`.
pub(crate) fn dash(why: &str) -> String {
    let why = Esc(why);
    format!(
        "<span class=\"none\" title=\"{why}\"><span aria-hidden=\"true\">–</span><span class=\"sr\">none: {why}</span></span>"
    )
}

/// Dollars: cents from a dollar on, two digits that count below it.
pub(crate) fn usd(usd: f64) -> String {
    if usd <= 0.0 || usd >= 1.0 {
        return format!("${usd:.2}");
    }
    format!("${usd:.*}", digits_after_point(usd))
}

/// Seconds: two digits that count, or whole ones from ten on.
pub(crate) fn seconds(seconds: f64) -> String {
    if seconds >= 10.0 {
        return format!("{seconds:.0} s");
    }
    if seconds >= 1.0 || seconds <= 0.0 {
        return format!("{seconds:.1} s");
    }
    format!("{seconds:.*} s", digits_after_point(seconds))
}

/// How many digits after the point show two that count, for an amount between 0 and 1; at least 2, at most 8.
fn digits_after_point(amount: f64) -> usize {
    ((1.0 - amount.log10().floor()).max(2.0) as usize).min(8)
}
