//! Searches for the number of calls at once that brings the most answers a second at a bearable wait.
//!
//! In: how long each answer took, and whether calls had to wait for a place. Out: how many calls may be in flight.
//!
//! It grows fast while young, then by small steps (additive increase), and shrinks by a factor when answers take twice as
//! long as normal (multiplicative decrease). A shrink is a trial: where it only costs answers a second, the server has
//! become slower by itself or works in batches, so the shrink is taken back and the longer wait is the new normal.

use std::time::Duration;

use tokio::time::Instant;

/// How many calls are let out at first, before anything is known.
const FIRST: f64 = 16.0;
/// Waits from this multiple of normal on stop the growth.
const SLOW: f64 = 1.5;
/// Waits from this multiple of normal on cause a shrink.
const TOO_SLOW: f64 = 2.0;

#[derive(Debug)]
pub(super) struct Climb {
    concurrency: f64,
    max: f64,
    /// Nothing has gone wrong yet.
    young: bool,
    window: Window,
    /// Answers still to let pass before a window begins: they were sent under another concurrency.
    settling: f64,
    /// The mean seconds of an answer that count as normal.
    normal: Option<f64>,
    /// The most answers a second so far.
    best: f64,
    /// The concurrency and the answers a second before the shrink that is on trial.
    trial: Option<(f64, f64)>,
    shrunk_at: Option<Instant>,
}

/// What was seen since the last decision.
#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    n: f64,
    seconds: f64,
    saturated: bool,
}

impl Climb {
    pub(super) fn new(max: f64) -> Climb {
        Climb {
            concurrency: FIRST.min(max),
            max,
            young: true,
            window: Window::default(),
            settling: 0.0,
            normal: None,
            best: 0.0,
            trial: None,
            shrunk_at: None,
        }
    }

    /// How many calls may be in flight: a whole number, 1 or more.
    pub(super) fn concurrency(&self) -> f64 {
        self.concurrency.floor()
    }

    /// A call had to wait for a place.
    pub(super) fn saturated(&mut self) {
        self.window.saturated = true;
    }

    /// An answer came after `took`.
    pub(super) fn answered(&mut self, took: Duration, now: Instant) {
        if self.settling > 0.0 {
            self.settling -= 1.0;
            self.window = Window { saturated: self.window.saturated, ..Window::default() };
            self.window.began = Some(now);
            return;
        }
        let began = *self.window.began.get_or_insert(now.checked_sub(took).unwrap_or(now));
        self.window.n += 1.0;
        self.window.seconds += took.as_secs_f64();
        let enough = if self.young { self.concurrency } else { self.concurrency * 2.0 };
        if self.window.n < enough.max(8.0) {
            return;
        }
        let mean = self.window.seconds / self.window.n;
        let rate = self.window.n / (now - began).as_secs_f64().max(1e-6);
        let saturated = self.window.saturated;
        self.window = Window { began: Some(now), ..Window::default() };
        // A window in which nobody waited tells nothing of the concurrency.
        if saturated {
            self.decide(mean, rate);
        }
    }

    fn decide(&mut self, mean: f64, rate: f64) {
        let normal = self.normal.map_or(mean, |normal| normal.min(mean));
        self.normal = Some(normal);
        let better = rate > self.best * 1.3;
        self.best = self.best.max(rate);
        if let Some((concurrency, before)) = self.trial.take()
            && rate < before * 0.8
        {
            self.normal = Some(mean);
            self.move_to(concurrency);
            return;
        }
        if mean > TOO_SLOW * normal && !(self.young && better) {
            self.young = false;
            self.trial = Some((self.concurrency, rate));
            self.move_to(self.concurrency * 0.7);
            return;
        }
        if self.young && (better || mean <= SLOW * normal) {
            self.concurrency = (self.concurrency * 4.0).min(self.max);
        } else if mean <= SLOW * normal {
            self.concurrency = (self.concurrency + (self.concurrency / 16.0).max(1.0)).min(self.max);
        }
    }

    /// Shrinks by a factor for trouble that answers do not tell of, once for all calls that were in flight together.
    pub(super) fn shrink(&mut self, by: f64, sent_at: Instant, now: Instant) {
        if self.shrunk_at.is_some_and(|at| sent_at <= at) {
            return;
        }
        self.shrunk_at = Some(now);
        self.young = false;
        self.trial = None;
        self.move_to(self.concurrency * by);
    }

    fn move_to(&mut self, concurrency: f64) {
        self.settling = self.concurrency;
        self.concurrency = concurrency.clamp(1.0, self.max);
    }
}
