//! Keeps to what an endpoint can take: one [`Limiter`] for each endpoint and key, shared by all who call it.
//!
//! In: what answers announce in their headers, how long they take, and refusals. Out: permits, first come, first served.
//!
//! Four things bound what is in flight. *Announced limits* of requests and tokens (`bucket.rs`). A *pace* learnt from refusals
//! where nothing is announced. *Concurrency* (`climb.rs`). And a *pause* of all after a refusal that
//! concerns all. A single refusal among many answers concerns only its own call, which waits by itself (`retry.rs`).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{bucket::Bucket, climb::Climb};
use crate::{
    CallError, CallErrorClass, Complete, Downgrade, ModelAnswer, ModelRequest, Nature, announced::Announced,
    chance::draw,
};

/// Takes note of announced limits. The transport calls it for each answer that announces any.
pub trait Announce: Send + Sync {
    /// The answer to a call that was sent at `sent_at` and reserved `tokens` announced this.
    fn announced(&self, announced: &Announced, tokens: u64, sent_at: Instant);
}

/// The share of refusals among recent outcomes from which on they concern everybody.
const SHARED_REFUSALS: f64 = 0.1;

/// Lets calls out.
pub struct Limiter {
    state: Mutex<State>,
    /// Held by whoever is next: tokio's mutex is fair, so this is the queue.
    turn: tokio::sync::Mutex<()>,
    /// Something changed that may let the next call out.
    news: Notify,
}

/// What a limiter does at the moment: for people to look at.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct LimitSnapshot {
    /// How many calls are in flight.
    pub in_flight: u32,
    /// How many may be.
    pub concurrency: u32,
    /// Milliseconds for which everybody still waits.
    pub paused_ms: u64,
    /// The refill of the announced limit of requests a second, where it is known, or the learnt pace.
    pub requests_per_second: Option<f64>,
    /// The refill of the announced limit of tokens a second, where it is known.
    pub tokens_per_second: Option<f64>,
    /// How many calls were refused so far.
    pub n_refused: u64,
}

impl Limiter {
    /// A limiter that never lets more than `max_in_flight` calls out at once (at least 1).
    #[must_use]
    pub fn new(max_in_flight: u32) -> Arc<Limiter> {
        let max = f64::from(max_in_flight.max(1));
        Arc::new(Limiter {
            state: Mutex::new(State::new(max)),
            turn: tokio::sync::Mutex::default(),
            news: Notify::new(),
        })
    }

    /// What it does at the moment.
    #[must_use]
    pub fn snapshot(&self) -> LimitSnapshot {
        self.state().snapshot(Instant::now())
    }

    /// Waits for its turn. `tokens` is the most that the call may use.
    async fn permit(&self, tokens: f64) -> Permit<'_> {
        let _turn = self.turn.lock().await;
        loop {
            let verdict = self.state().ask(tokens, Instant::now());
            match verdict {
                Verdict::Go(sent_at) => {
                    return Permit { limiter: self, tokens, sent_at, landed: false };
                }
                Verdict::Full => self.news.notified().await,
                Verdict::At(at) => {
                    // Either way the state is asked anew.
                    let _ = timeout_at(at, self.news.notified()).await;
                }
            }
        }
    }

    /// Makes a call that is no [`Complete`] when its turn comes.
    #[cfg(feature = "http")]
    pub(crate) async fn in_turn<T>(
        &self,
        tokens: u64,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let permit = self.permit(tokens as f64).await;
        let outcome = call.await;
        permit.land(&outcome);
        outcome
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Announce for Limiter {
    fn announced(&self, announced: &Announced, tokens: u64, sent_at: Instant) {
        let now = Instant::now();
        let mut state = self.state();
        if let Some(window) = &announced.requests {
            state.requests.observe(window, 1.0, sent_at, now);
            state.spent = window.remaining < 1.0;
        }
        if let Some(window) = &announced.tokens {
            state.tokens.observe(window, tokens as f64, sent_at, now);
            state.spent |= window.remaining < 1.0;
        }
        drop(state);
        self.news.notify_one();
    }
}

/// A call that is out.
struct Permit<'a> {
    limiter: &'a Limiter,
    tokens: f64,
    sent_at: Instant,
    landed: bool,
}

impl Permit<'_> {
    fn land<T>(mut self, outcome: &Result<T, CallError>) {
        self.landed = true;
        let outcome = Some(outcome.as_ref().map(|_| ()));
        self.limiter.state().land(self.tokens, self.sent_at, outcome, Instant::now());
        self.limiter.news.notify_one();
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.landed {
            // The call was given up: its place is free, and it tells nothing.
            self.limiter.state().land(self.tokens, self.sent_at, None, Instant::now());
            self.limiter.news.notify_one();
        }
    }
}

enum Verdict {
    Go(Instant),
    Full,
    At(Instant),
}

struct State {
    in_flight: f64,
    climb: Climb,
    requests: Bucket,
    tokens: Bucket,
    pace: Pace,
    recent: Recent,
    /// Whether the newest announcement said that nothing is left.
    spent: bool,
    paused_until: Option<Instant>,
    /// Refusals of calls sent before this are echoes of one that was dealt with.
    dealt_with: Option<Instant>,
    /// How many times in a row a pause ended in a refusal.
    n_in_a_row: u32,
    n_refused: u64,
}

impl State {
    fn new(max: f64) -> State {
        State {
            in_flight: 0.0,
            climb: Climb::new(max),
            requests: Bucket::default(),
            tokens: Bucket::default(),
            pace: Pace::default(),
            recent: Recent::default(),
            spent: false,
            paused_until: None,
            dealt_with: None,
            n_in_a_row: 0,
            n_refused: 0,
        }
    }

    fn ask(&mut self, tokens: f64, now: Instant) -> Verdict {
        if self.in_flight >= self.climb.concurrency() {
            self.climb.saturated();
            return Verdict::Full;
        }
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Verdict::At(until);
        }
        let wait = self.requests.wait(1.0, now).max(self.tokens.wait(tokens, now)).max(self.pace.wait(now));
        if !wait.is_zero() {
            return Verdict::At(now + wait);
        }
        self.in_flight += 1.0;
        self.requests.take(1.0);
        self.tokens.take(tokens);
        self.pace.take();
        Verdict::Go(now)
    }

    fn land(&mut self, tokens: f64, sent_at: Instant, outcome: Option<Result<(), &CallError>>, now: Instant) {
        self.in_flight -= 1.0;
        self.requests.land(1.0);
        self.tokens.land(tokens);
        match outcome {
            None => {}
            Some(Ok(())) => {
                self.recent.add(true, now);
                if self.dealt_with.is_none_or(|at| sent_at > at) {
                    self.n_in_a_row = 0;
                }
                self.climb.answered(now - sent_at, now);
            }
            Some(Err(error)) => match error.class {
                CallErrorClass::RateLimited => self.refused(error.retry_after, sent_at, now),
                CallErrorClass::Timeout => self.climb.shrink(0.7, sent_at, now),
                CallErrorClass::Server if matches!(error.status, Some(503 | 529)) => {
                    self.climb.shrink(0.8, sent_at, now)
                }
                _ => {}
            },
        }
    }

    fn refused(&mut self, retry_after: Option<Duration>, sent_at: Instant, now: Instant) {
        self.n_refused += 1;
        self.recent.add(false, now);
        // Refusals come back faster than answers: what is still out counts as answered.
        if !self.spent && self.recent.refused_share(self.in_flight) < SHARED_REFUSALS {
            return;
        }
        let echo = self.dealt_with.is_some_and(|at| sent_at <= at);
        if !echo {
            self.n_in_a_row += 1;
            self.dealt_with = Some(now);
            self.requests.drain(now);
            // An announced limit is trusted until it proves wrong again and again.
            if self.requests.rate().is_none() || self.n_in_a_row >= 3 {
                self.pace.learn(self.recent.answers_per_second(now), self.recent.n_answered(), now);
            }
            self.climb.shrink(0.8, sent_at, now);
        }
        let own = Duration::from_millis(250) * (1 << self.n_in_a_row.min(7));
        let until = now + retry_after.unwrap_or(own);
        self.paused_until = Some(self.paused_until.map_or(until, |known| known.max(until)));
    }

    fn snapshot(&self, now: Instant) -> LimitSnapshot {
        let paused = self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        LimitSnapshot {
            in_flight: self.in_flight as u32,
            concurrency: self.climb.concurrency() as u32,
            paused_ms: u64::try_from(paused.as_millis()).unwrap_or(u64::MAX),
            requests_per_second: self.requests.rate().or(self.pace.rate),
            tokens_per_second: self.tokens.rate(),
            n_refused: self.n_refused,
        }
    }
}

/// Outcomes of the last one to two seconds.
#[derive(Default)]
struct Recent {
    began: Option<Instant>,
    old: (f64, f64),
    new: (f64, f64),
}

impl Recent {
    const SPAN: Duration = Duration::from_secs(1);

    fn add(&mut self, answered: bool, now: Instant) {
        let began = *self.began.get_or_insert(now);
        let passed = now - began;
        if passed >= Recent::SPAN {
            self.old = if passed < Recent::SPAN * 2 { self.new } else { (0.0, 0.0) };
            self.new = (0.0, 0.0);
            self.began = Some(now);
        }
        let count = if answered { &mut self.new.0 } else { &mut self.new.1 };
        *count += 1.0;
    }

    fn refused_share(&self, in_flight: f64) -> f64 {
        let (answered, refused) = (self.old.0 + self.new.0, self.old.1 + self.new.1);
        refused / (answered + refused + in_flight).max(1.0)
    }

    fn n_answered(&self) -> f64 {
        self.old.0 + self.new.0
    }

    fn answers_per_second(&self, now: Instant) -> f64 {
        let passed = self.began.map_or(0.0, |began| (now - began).as_secs_f64());
        let old = if self.old.0 > 0.0 { Recent::SPAN.as_secs_f64() } else { 0.0 };
        (self.old.0 + self.new.0) / (passed + old).max(0.5)
    }
}

/// A rate learnt from refusals, for endpoints that announce nothing: a little below what went through when a call was
/// refused. It rises fast towards the rate that was refused, and slowly from there on.
#[derive(Default)]
struct Pace {
    rate: Option<f64>,
    /// The rate at which a call was refused last.
    refused_at: f64,
    /// The rate is no more than a word: calls were refused before any could be answered.
    blind: bool,
    left: f64,
    at: Option<Instant>,
}

impl Pace {
    /// By how much it rises each second, far from and near to the rate that was refused.
    const RISE: (f64, f64) = (1.06, 1.005);
    /// By how much it rises each second as long as nothing is known.
    const BLIND_RISE: f64 = 16.0;
    /// Fewer answers than this say nothing of a rate.
    const FEW: f64 = 5.0;

    fn learn(&mut self, answers_per_second: f64, n_answered: f64, now: Instant) {
        self.blind = self.rate.is_none_or(|_| self.blind) && n_answered < Pace::FEW;
        let least = if self.blind { 2.0 } else { 0.2 };
        // What went through is too little where few wanted to, and too much where a reserve was used up.
        let guess = answers_per_second * 0.95;
        let rate = self.rate.map_or(guess, |rate| guess.clamp(rate * 0.5, rate * 0.9)).max(least);
        // The first guess rests on too few answers to rise slowly from it.
        self.refused_at = self.rate.unwrap_or(f64::INFINITY);
        self.rate = Some(rate);
        self.left = 0.0;
        self.at = Some(now);
    }

    fn wait(&mut self, now: Instant) -> Duration {
        let (Some(rate), Some(at)) = (self.rate, self.at) else {
            return Duration::ZERO;
        };
        let passed = now.saturating_duration_since(at).as_secs_f64();
        self.left = (self.left + rate * passed).min((rate / 10.0).max(1.0));
        let rise = match rate < self.refused_at * 0.95 {
            true if self.blind => Pace::BLIND_RISE,
            true => Pace::RISE.0,
            false => Pace::RISE.1,
        };
        self.rate = Some(rate * rise.powf(passed));
        self.at = Some(now);
        if self.left >= 1.0 - 1e-9 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64((1.0 - self.left) / rate)
        }
    }

    fn take(&mut self) {
        self.left -= 1.0;
    }
}

/// The layer: each call through it waits for a permit of its limiter.
pub struct Limit {
    inner: Arc<dyn Complete>,
    limiter: Arc<Limiter>,
}

impl Limit {
    /// Wraps `inner`. The transport below must announce to the same limiter.
    #[must_use]
    pub fn new(inner: Arc<dyn Complete>, limiter: Arc<Limiter>) -> Limit {
        Limit { inner, limiter }
    }

    async fn limited(&self, request: &ModelRequest) -> Result<ModelAnswer, CallError> {
        let permit = self.limiter.permit(reserved_tokens(request) as f64).await;
        let outcome = self.inner.complete(request).await;
        permit.land(&outcome);
        outcome
    }
}

/// What a call takes from a limit of tokens, as vendors reckon it before they count: a token for each four bytes of the
/// prompt, and the whole bound of the answer.
pub(crate) fn reserved_tokens(request: &ModelRequest) -> u64 {
    let bytes: usize = request.messages.iter().map(|message| message.content.len()).sum();
    (bytes / 4) as u64 + u64::from(request.settings.max_tokens)
}

impl Complete for Limit {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>> {
        self.limited(request).boxed()
    }

    fn nature(&self) -> Nature {
        self.inner.nature()
    }

    fn downgrades(&self) -> Vec<Downgrade> {
        self.inner.downgrades()
    }
}

/// The limiters of a process: one for each address and key, since that is what vendors count by.
pub struct Limiters {
    max_in_flight: u32,
    known: Mutex<HashMap<u64, Arc<Limiter>>>,
}

impl Limiters {
    /// Limiters that each let at most `max_in_flight` calls out at once.
    #[must_use]
    pub fn new(max_in_flight: u32) -> Limiters {
        Limiters { max_in_flight, known: Mutex::default() }
    }

    /// The limiter of this address and key; the key itself is not kept.
    #[must_use]
    pub fn of(&self, base_url: &str, key: &str) -> Arc<Limiter> {
        let id = draw(0, &[base_url.as_bytes(), key.as_bytes()]);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(id).or_insert_with(|| Limiter::new(self.max_in_flight)).clone()
    }
}

#[cfg(test)]
mod tests;
