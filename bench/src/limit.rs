//! A rate limit in requests per second, announced as OpenAI does.
//!
//! In: the rate and the time of each request, as seconds since any fixed moment. Out: whether it is let through, and the
//! `x-ratelimit-*` headers. Not here: a clock.

use std::fmt::Write;

/// A bucket that holds at most `burst` requests and fills at `per_second`.
#[derive(Debug, Clone)]
pub struct RateLimit {
    per_second: f64,
    burst: f64,
    held: f64,
    filled_at: f64,
}

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Whether it is let through.
    pub is_allowed: bool,
    /// How many more would be let through at once.
    pub remaining: u64,
    /// Milliseconds until one more is let through.
    pub next_ms: u64,
    /// Milliseconds until the bucket is full.
    pub full_ms: u64,
    /// The limit in requests per minute.
    pub per_minute: u64,
}

impl RateLimit {
    /// A full bucket; `per_second` must be above 0 and `burst` at least 1.
    pub fn new(per_second: f64, burst: f64) -> RateLimit {
        RateLimit { per_second, burst: burst.max(1.0), held: burst.max(1.0), filled_at: 0.0 }
    }

    /// Takes one request out at `now` seconds, if there is one.
    pub fn take(&mut self, now: f64) -> Turn {
        let passed = (now - self.filled_at).max(0.0);
        self.held = (self.held + passed * self.per_second).min(self.burst);
        self.filled_at = now;
        let is_allowed = self.held > 1.0 - 1e-9;
        if is_allowed {
            self.held = (self.held - 1.0).max(0.0);
        }
        let ms = |missing: f64| (missing.max(0.0) / self.per_second * 1000.0).ceil() as u64;
        Turn {
            is_allowed,
            remaining: self.held as u64,
            next_ms: ms(1.0 - self.held),
            full_ms: ms(self.burst - self.held),
            per_minute: (self.per_second * 60.0) as u64,
        }
    }
}

impl Turn {
    /// Appends the `x-ratelimit-*` headers, each with its line end.
    pub fn write_headers(&self, head: &mut String) {
        let Turn { remaining, full_ms, per_minute, .. } = self;
        // Writing into a `String` cannot fail.
        let _ = write!(
            head,
            "x-ratelimit-limit-requests: {per_minute}\r\nx-ratelimit-remaining-requests: {remaining}\r\n\
             x-ratelimit-reset-requests: {full_ms}ms\r\n"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_rate_passes() {
        let mut limit = RateLimit::new(50.0, 5.0);
        // Ten seconds of a client that asks a thousand times a second.
        let passed = (0..10_000).filter(|ms| limit.take(f64::from(*ms) / 1000.0).is_allowed).count();
        assert!((500..=505).contains(&passed), "{passed}");
    }

    #[test]
    fn a_refused_request_learns_when_to_come_back() {
        let mut limit = RateLimit::new(50.0, 1.0);
        assert!(limit.take(0.0).is_allowed);
        let turn = limit.take(0.0);
        assert_eq!((turn.is_allowed, turn.remaining, turn.next_ms), (false, 0, 20));
        assert!(limit.take(0.02).is_allowed);
    }

    #[test]
    fn the_headers_name_the_limit_per_minute() {
        let mut head = String::new();
        RateLimit::new(50.0, 5.0).take(0.0).write_headers(&mut head);
        assert_eq!(
            head,
            "x-ratelimit-limit-requests: 3000\r\nx-ratelimit-remaining-requests: 4\r\nx-ratelimit-reset-requests: 20ms\r\n"
        );
    }
}
