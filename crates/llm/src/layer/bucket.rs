//! What is left of one announced limit, between two announcements.
//!
//! In: what answers announce, and what is sent. Out: how long to wait before the next call may be sent. An announcement is
//! true for the moment in which the server wrote it; calls in flight are not in it yet.
//!
//! How fast a limit refills is nowhere announced, and `reset` has two readings: the time until all of the limit is there
//! again (OpenAI, Anthropic), or the time until the next call may be sent. The reading whose rate varies less over the
//! announcements so far is taken.

use std::time::Duration;

use tokio::time::Instant;

use crate::announced::Window;

/// The share of a limit that is never used.
const RESERVE: f64 = 0.02;

/// The spread from which on a reading contradicts itself.
const MANY_RATES: f64 = 1.5;

/// One limit, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    known: Option<Known>,
    /// The cost of all calls that are in flight.
    in_flight: f64,
}

#[derive(Debug)]
struct Known {
    limit: Option<f64>,
    /// The most that was ever left: a server may announce a limit for the minute and bear only a small part of it at once.
    most_left: f64,
    left: f64,
    /// When `left` was right.
    at: Instant,
    /// The latest announced end of the wait, where there was one.
    reset_at: Option<Instant>,
    /// When the call was sent that the newest announcement answered.
    newest: Instant,
    until_full: Spread,
    until_next: Spread,
}

impl Bucket {
    /// How long to wait before a call of `cost` may be sent; zero to send it now.
    pub(super) fn wait(&mut self, cost: f64, now: Instant) -> Duration {
        let Some(known) = &mut self.known else {
            return Duration::ZERO;
        };
        known.refill(now);
        // A call that is larger than the whole limit waits for a full bucket, not forever.
        // A little is held back: calls do not arrive as evenly as they are sent.
        let needed = known
            .limit
            .map_or(cost, |limit| (cost + limit.min(known.most_left) * RESERVE).min(limit.max(1.0)));
        if known.left >= needed {
            return Duration::ZERO;
        }
        if self.in_flight <= 0.0 && known.reset_at.is_none_or(|at| at <= now) && known.rate().is_none() {
            // Nothing is known of a refill and nothing is under way that could tell: one call asks.
            return Duration::ZERO;
        }
        let by_rate = known
            .rate()
            .map(|rate| Duration::from_secs_f64(((needed - known.left) / rate).clamp(1e-4, 3600.0)));
        let by_reset =
            known.reset_at.and_then(|at| at.checked_duration_since(now)).filter(|wait| !wait.is_zero());
        match (by_rate, by_reset) {
            (Some(wait), _) => wait,
            (None, Some(wait)) => wait,
            (None, None) => Duration::from_millis(100),
        }
    }

    /// A call was sent.
    pub(super) fn take(&mut self, cost: f64) {
        self.in_flight += cost;
        if let Some(known) = &mut self.known {
            known.left -= cost;
        }
    }

    /// A call came back or was given up.
    pub(super) fn land(&mut self, cost: f64) {
        self.in_flight = (self.in_flight - cost).max(0.0);
    }

    /// An answer to a call of `cost`, sent at `sent_at` and still counted as in flight, announced this.
    pub(super) fn observe(&mut self, window: &Window, cost: f64, sent_at: Instant, now: Instant) {
        let uncounted = (self.in_flight - cost).max(0.0);
        let known = self.known.get_or_insert_with(|| Known {
            limit: window.limit,
            most_left: window.remaining,
            left: window.remaining - uncounted,
            at: now,
            reset_at: None,
            newest: sent_at,
            until_full: Spread::default(),
            until_next: Spread::default(),
        });
        known.refill(now);
        if window.limit.is_some() && window.limit != known.limit {
            known.limit = window.limit;
            (known.until_full, known.until_next) = (Spread::default(), Spread::default());
        }
        known.most_left = known.most_left.max(window.remaining);
        known.left = known.left.min(window.remaining);
        if sent_at >= known.newest {
            // Only the newest answer may raise what is left: an older one tells of a time before the calls since.
            known.newest = sent_at;
            known.left = known.left.max(window.remaining - uncounted);
        }
        known.learn(window, now);
    }

    /// Nothing is left for sure: the endpoint refused a call.
    pub(super) fn drain(&mut self, now: Instant) {
        if let Some(known) = &mut self.known {
            known.refill(now);
            known.left = known.left.min(0.0);
        }
    }

    /// The refill as far as it is known, a second.
    pub(super) fn rate(&self) -> Option<f64> {
        self.known.as_ref().and_then(Known::rate)
    }
}

impl Known {
    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        match self.rate() {
            Some(rate) => self.left += rate * passed,
            // Without a rate, the announced end is the only news.
            None if self.reset_at.is_some_and(|at| at <= now) => {
                self.reset_at = None;
                self.left = self.left.max(1.0);
            }
            None => {}
        }
        if let Some(limit) = self.limit {
            self.left = self.left.min(limit);
        }
    }

    fn learn(&mut self, window: &Window, now: Instant) {
        let Some(reset) = window.reset else { return };
        // While something is left, the next call may be sent at once, and `reset` does not say when more comes.
        self.reset_at = (window.remaining < 1.0).then(|| now + reset);
        let (Some(limit), seconds) = (self.limit, reset.as_secs_f64()) else {
            return;
        };
        let used = limit - window.remaining;
        // Near a full bucket the rate does not matter and rounding of `reset` would dominate it.
        if seconds <= 0.0 || used < (limit / 10.0).max(1.0) {
            return;
        }
        self.until_full.add(used / seconds);
        if window.remaining < 1.0 {
            self.until_next.add(1.0 / seconds);
        }
    }

    fn rate(&self) -> Option<f64> {
        let full = self.until_full.ratio()?;
        // No limit is whole again in less than half a second.
        let absurd = self.limit.is_some_and(|limit| limit < self.until_full.low * 0.5);
        let next = self.until_next.ratio().filter(|_| self.until_next.n >= 3);
        match next {
            // Equal spreads tell nothing apart: OpenAI's reading.
            Some(next) if absurd || next * 1.01 < full => self.until_next.lowest(),
            None if absurd || full > MANY_RATES => None,
            Some(_) | None => self.until_full.lowest(),
        }
    }
}

/// The lowest and highest of all values so far.
#[derive(Debug, Default)]
struct Spread {
    low: f64,
    high: f64,
    n: u32,
}

impl Spread {
    fn add(&mut self, value: f64) {
        self.low = if self.n == 0 { value } else { self.low.min(value) };
        self.high = self.high.max(value);
        self.n = self.n.saturating_add(1);
    }

    fn lowest(&self) -> Option<f64> {
        (self.n > 0).then_some(self.low)
    }

    fn ratio(&self) -> Option<f64> {
        (self.n > 0).then(|| self.high / self.low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: f64, remaining: f64, ms: u64) -> Window {
        Window { limit: Some(limit), remaining, reset: Some(Duration::from_millis(ms)) }
    }

    #[tokio::test(start_paused = true)]
    async fn both_readings_of_reset_find_the_rate() {
        let now = Instant::now();
        let (mut full, mut next) = (Bucket::default(), Bucket::default());
        for remaining in (0..40).rev() {
            let remaining = f64::from(remaining);
            full.observe(&window(50.0, remaining, ((50.0 - remaining) * 20.0) as u64), 1.0, now, now);
            next.observe(&window(50.0, remaining, if remaining < 1.0 { 20 } else { 1 }), 1.0, now, now);
        }
        for ms in [20, 7, 13] {
            next.observe(&window(50.0, 0.0, ms), 1.0, now, now);
        }
        assert_eq!(full.rate().map(f64::round), Some(50.0));
        assert_eq!(next.rate().map(f64::round), Some(50.0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_answer_does_not_raise_what_is_left() {
        let early = Instant::now();
        tokio::time::advance(Duration::from_millis(10)).await;
        let late = Instant::now();
        let mut bucket = Bucket::default();
        bucket.observe(&window(50.0, 2.0, 960), 1.0, late, late);
        bucket.observe(&window(50.0, 30.0, 400), 1.0, early, late);
        bucket.take(2.0);
        assert!(!bucket.wait(1.0, late).is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_larger_than_the_limit_waits_for_a_full_bucket_and_not_forever() {
        let now = Instant::now();
        let mut bucket = Bucket::default();
        bucket.observe(&window(100.0, 50.0, 5000), 0.0, now, now);
        assert_eq!(bucket.wait(1000.0, now), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_one_call_asks_once_all_others_are_back() {
        let now = Instant::now();
        let mut bucket = Bucket::default();
        bucket.take(1.0);
        bucket.observe(&Window { limit: None, remaining: 0.0, reset: None }, 1.0, now, now);
        assert!(!bucket.wait(1.0, now).is_zero());
        bucket.land(1.0);
        assert!(bucket.wait(1.0, now).is_zero());
    }
}
