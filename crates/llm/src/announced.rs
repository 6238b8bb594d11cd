//! What an endpoint says of its limits in the headers of its answers.
//!
//! In: headers by name, and the time of day where a header needs it. Out: [`Announced`] and the wait that `Retry-After` asks
//! for. The spellings of OpenAI (also Groq, Azure, Fireworks), Anthropic, Together and OpenRouter are known.
//!
//! Not here: what is done about it (`layer/limit.rs`).

use std::time::Duration;

use jiff::Timestamp;

/// The limits that one answer announced.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Announced {
    /// Of requests.
    pub requests: Option<Window>,
    /// Of tokens.
    pub tokens: Option<Window>,
}

/// One limit as announced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// How much there is when nothing is used; `None` where it is not said.
    pub limit: Option<f64>,
    /// How much is left, the answered call already taken off.
    pub remaining: f64,
    /// The time until it resets. By OpenAI that is until all of `limit` is there again; others mean the next window or the
    /// next free place.
    pub reset: Option<Duration>,
}

impl Announced {
    /// Reads the headers; `now` is asked only where one holds a time of day.
    pub fn read<'a>(get: impl Fn(&str) -> Option<&'a str>, now: impl Fn() -> Timestamp) -> Announced {
        let window = |names: &[[&str; 3]]| {
            let found = |[limit, remaining, reset]: &[&str; 3]| {
                let remaining = get(remaining)?.trim().parse().ok()?;
                let limit = get(limit).and_then(|limit| limit.trim().parse().ok());
                let reset = get(reset).and_then(|reset| read_wait(reset, &now));
                Some(Window { limit, remaining, reset })
            };
            names.iter().find_map(found)
        };
        Announced { requests: window(&REQUESTS), tokens: window(&TOKENS) }
    }

    /// Whether nothing is announced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

const REQUESTS: [[&str; 3]; 4] = [
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
    [
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ],
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"],
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
];

const TOKENS: [[&str; 3]; 4] = [
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
    [
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ],
    // The line above is the tightest of several limits; a gateway may pass this one on alone.
    [
        "anthropic-ratelimit-input-tokens-limit",
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ],
    ["x-tokenlimit-limit", "x-tokenlimit-remaining", "x-tokenlimit-reset"],
];

/// The wait that `retry-after-ms` or `retry-after` asks for: milliseconds, seconds or a date.
pub fn retry_after<'a>(
    get: impl Fn(&str) -> Option<&'a str>,
    now: impl Fn() -> Timestamp,
) -> Option<Duration> {
    let ms = get("retry-after-ms").and_then(|ms| ms.trim().parse::<f64>().ok());
    match ms {
        Some(ms) => seconds(ms / 1000.0),
        None => get("retry-after").and_then(|wait| read_wait(wait, &now)),
    }
}

/// Reads a wait: `1.5` (seconds), `20ms`, `6m0s`, an RFC 3339 or HTTP date, or seconds or milliseconds since 1970.
fn read_wait(text: &str, now: &impl Fn() -> Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        // A number of seconds that long is a time of day: no vendor lets one wait thirty years.
        return match number {
            _ if number >= 1e12 => until(Timestamp::from_millisecond(number as i64).ok()?, now),
            _ if number >= 1e9 => until(Timestamp::from_second(number as i64).ok()?, now),
            _ => seconds(number),
        };
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains('-') {
        return units(text);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return until(at, now);
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
    until(at, now)
}

fn until(at: Timestamp, now: &impl Fn() -> Timestamp) -> Option<Duration> {
    seconds(at.duration_since(now()).as_secs_f64().max(0.0))
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok()
}

/// Reads `1h2m3.5s`, `20ms` and the like.
fn units(mut text: &str) -> Option<Duration> {
    let mut sum = 0.0;
    while !text.is_empty() {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(digits);
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(letters);
        let unit = match unit {
            "d" => 86_400.0,
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * unit;
        text = rest;
    }
    seconds(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn headers<'a>(list: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<&'a str> {
        move |name| list.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    #[track_caller]
    fn check_wait(text: &str, want_ms: Option<u64>) {
        assert_eq!(read_wait(text, &noon).map(|wait| wait.as_millis() as u64), want_ms, "{text}");
    }

    #[test]
    fn every_spelling_of_a_wait_is_read() {
        check_wait("1s", Some(1000));
        check_wait("6m0s", Some(360_000));
        check_wait("20ms", Some(20));
        check_wait("7.66s", Some(7660));
        check_wait("2m59.56s", Some(179_560));
        check_wait("1h0m0s", Some(3_600_000));
        check_wait("1.5", Some(1500));
        check_wait("0", Some(0));
        check_wait("2026-11-21T12:00:30Z", Some(30_000));
        check_wait("2026-11-21T11:00:00Z", Some(0));
        check_wait("Sat, 21 Nov 2026 12:01:00 GMT", Some(60_000));
        check_wait("1795262410", Some(10_000));
        check_wait("1795262410000", Some(10_000));
        check_wait("soon", None);
        check_wait("-1", None);
        check_wait("1x", None);
        check_wait("", None);
    }

    #[test]
    fn milliseconds_come_before_seconds() {
        let both = [("retry-after", "1"), ("retry-after-ms", "20")];
        assert_eq!(retry_after(headers(&both), noon), Some(Duration::from_millis(20)));
        assert_eq!(retry_after(headers(&both[..1]), noon), Some(Duration::from_secs(1)));
        assert_eq!(retry_after(headers(&[]), noon), None);
    }

    #[track_caller]
    fn check_read(list: &[(&str, &str)], requests: Option<(f64, f64, u64)>, tokens: Option<(f64, f64, u64)>) {
        let window = |(limit, remaining, ms)| Window {
            limit: Some(limit),
            remaining,
            reset: Some(Duration::from_millis(ms)),
        };
        let want = Announced { requests: requests.map(window), tokens: tokens.map(window) };
        assert_eq!(Announced::read(headers(list), noon), want);
    }

    #[test]
    fn openais_spelling_is_read() {
        let list = [
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        check_read(&list, Some((60.0, 59.0, 1000)), Some((150_000.0, 149_984.0, 360_000)));
    }

    #[test]
    fn anthropics_spelling_is_read() {
        let list = [
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2026-11-21T12:00:01Z"),
        ];
        check_read(&list, Some((50.0, 49.0, 1000)), None);
        let list = [
            ("anthropic-ratelimit-input-tokens-limit", "50000"),
            ("anthropic-ratelimit-input-tokens-remaining", "49000"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-11-21T12:00:02Z"),
        ];
        check_read(&list, None, Some((50_000.0, 49_000.0, 2000)));
    }

    #[test]
    fn togethers_and_openrouters_spellings_are_read() {
        let list = [
            ("x-ratelimit-limit", "10"),
            ("x-ratelimit-remaining", "9"),
            ("x-ratelimit-reset", "1"),
            ("x-tokenlimit-limit", "100"),
            ("x-tokenlimit-remaining", "90"),
            ("x-tokenlimit-reset", "1795262401000"),
        ];
        check_read(&list, Some((10.0, 9.0, 1000)), Some((100.0, 90.0, 1000)));
    }

    #[test]
    fn azure_says_only_what_is_left() {
        let list = [("x-ratelimit-remaining-requests", "7"), ("x-ratelimit-remaining-tokens", "700")];
        let read = Announced::read(headers(&list), noon);
        assert_eq!(read.requests, Some(Window { limit: None, remaining: 7.0, reset: None }));
        assert!(Announced::read(headers(&[]), noon).is_empty());
    }
}
