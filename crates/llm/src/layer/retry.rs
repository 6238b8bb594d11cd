//! Tries again what may succeed a little later.
//!
//! In: the errors of the tries of one call. Out: how long to wait before the next, or that there is none. The class of an
//! error alone decides: a fatal one ends at once, a transient one is tried again after a wait.
//!
//! Waits grow exponentially and are jittered, so that calls that failed together do not come back together; what
//! `Retry-After` asks for is the least. Not here: making all calls wait (`limit.rs`), and the calls
//! themselves: their caller keeps books between the tries.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    CallError, CallErrorClass,
    chance::{mix, unit},
};

/// How patient to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// The most tries that may fail by a server, a connection or a body, 1 or more. Being told to slow down does not count: it
    /// is bounded by `patience` alone.
    pub max_tries: u32,
    /// The most tries that may end in a time-out, 1 or more. Each costs a whole time limit, so there are few.
    pub max_timeouts: u32,
    /// The first wait.
    pub first_wait: Duration,
    /// The longest wait that is our own idea.
    pub longest_wait: Duration,
    /// No wait is begun that would end later than this after the first try.
    pub patience: Duration,
    /// What the jitter starts from. It changes no answer.
    pub seed: u64,
}

impl Default for RetryPolicy {
    /// Six tries, two time-outs, waits from half a second to 30, patience of ten minutes.
    fn default() -> RetryPolicy {
        RetryPolicy {
            max_tries: 6,
            max_timeouts: 2,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            patience: Duration::from_secs(600),
            seed: 0,
        }
    }
}

impl RetryPolicy {
    /// How long to wait before trying again after `error`, the `n`th failure (from 1), or `None` to give up.
    ///
    /// `failed` and `timeouts` count the failures of the two bounded kinds, this one included; `passed` is the time since
    /// the first try; `chance` in [0, 1) is the jitter.
    fn wait(&self, error: &CallError, counts: Counts, passed: Duration, chance: f64) -> Option<Duration> {
        if !error.class.is_transient()
            || counts.failed >= self.max_tries
            || counts.timeouts >= self.max_timeouts
        {
            return None;
        }
        let doublings = (counts.all - 1).min(20);
        let longest = self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait);
        let own = longest.mul_f64(0.5 + 0.5 * chance);
        let wait = match error.retry_after {
            // A little late, each call by another little, but never by a noticeable part of a long wait.
            Some(asked) => asked + own.min(asked / 4 + Duration::from_millis(10)),
            None => own,
        };
        (passed + wait <= self.patience).then_some(wait)
    }
}

/// Counts the starts of jitter in this process, so that no two calls get the same waits.
static STARTS: AtomicU64 = AtomicU64::new(0);

/// The tries of one call: [`Retry`] goes by them, and so may a caller that keeps books between the tries.
///
/// ```
/// use karat_llm::{CallError, CallErrorClass, RetryPolicy, Tries};
/// let mut tries = Tries::new(RetryPolicy::default());
/// assert!(tries.wait_after(&CallError::new(CallErrorClass::Server, "500")).is_some());
/// assert!(tries.wait_after(&CallError::new(CallErrorClass::Auth, "401")).is_none());
/// ```
#[derive(Debug)]
pub struct Tries {
    policy: RetryPolicy,
    counts: Counts,
    /// When the first failure came. The clock is not read before: the first try's own time is not waiting.
    began: Option<Instant>,
    jitter: u64,
}

impl Tries {
    /// No tries yet.
    #[must_use]
    pub fn new(policy: RetryPolicy) -> Tries {
        Tries { policy, counts: Counts::default(), began: None, jitter: 0 }
    }

    /// How many tries failed so far.
    #[must_use]
    pub fn n_failed(&self) -> u32 {
        self.counts.all
    }

    /// How long to wait before the next try, after one that failed; `None` to give up.
    pub fn wait_after(&mut self, error: &CallError) -> Option<Duration> {
        if self.counts.all == 0 {
            self.jitter = mix(self.policy.seed ^ mix(STARTS.fetch_add(1, Ordering::Relaxed)));
        }
        self.counts.count(error.class);
        self.jitter = mix(self.jitter);
        let passed = self.began.get_or_insert_with(Instant::now).elapsed();
        self.policy.wait(error, self.counts, passed, unit(self.jitter))
    }
}

/// How often the tries of one call failed.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    all: u32,
    failed: u32,
    timeouts: u32,
}

impl Counts {
    fn count(&mut self, class: CallErrorClass) {
        self.all += 1;
        match class {
            CallErrorClass::RateLimited => {}
            CallErrorClass::Timeout => self.timeouts += 1,
            _ => self.failed += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Complete;
    use crate::testing::{Played, Retry, ask, error};

    /// Plays `outcomes` behind a retry and gives the outcome, the number of tries that were made and the seconds waited.
    async fn play(
        policy: RetryPolicy,
        outcomes: Vec<Result<&str, CallError>>,
    ) -> (Result<u32, (CallErrorClass, u32)>, usize, f64) {
        let played = Arc::new(Played::new(outcomes));
        let began = Instant::now();
        let retry = Retry::new(played.clone(), policy);
        let outcome = retry
            .complete(&ask("a"))
            .await
            .map(|answer| answer.tries)
            .map_err(|error| (error.class, error.tries));
        (outcome, played.n_calls(), began.elapsed().as_secs_f64())
    }

    fn limited(ms: u64) -> CallError {
        CallError { retry_after: Some(Duration::from_millis(ms)), ..error(CallErrorClass::RateLimited) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_passing_failure_is_tried_again_and_the_tries_are_counted() {
        let outcomes = vec![Err(error(CallErrorClass::Server)), Err(error(CallErrorClass::BadBody)), Ok("x")];
        let (outcome, calls, waited) = play(RetryPolicy::default(), outcomes).await;
        assert_eq!((outcome, calls), (Ok(3), 3));
        assert!((0.75..=1.5).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_pass_ends_at_once() {
        for class in CallErrorClass::ALL.into_iter().filter(|class| !class.is_transient()) {
            let (outcome, calls, waited) =
                play(RetryPolicy::default(), vec![Err(error(class)), Ok("x")]).await;
            assert_eq!((outcome, calls, waited), (Err((class, 1)), 1, 0.0));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tries_run_out() {
        let policy = RetryPolicy { max_tries: 3, ..RetryPolicy::default() };
        let (outcome, calls, _) = play(policy, vec![Err(error(CallErrorClass::Connection)); 9]).await;
        assert_eq!((outcome, calls), (Err((CallErrorClass::Connection, 3)), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_never_answers_costs_two_time_outs_and_not_more() {
        let (outcome, calls, _) =
            play(RetryPolicy::default(), vec![Err(error(CallErrorClass::Timeout)); 9]).await;
        assert_eq!((outcome, calls), (Err((CallErrorClass::Timeout, 2)), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn being_told_to_slow_down_is_bounded_by_patience_alone() {
        let mut outcomes = vec![Err(limited(1000)); 40];
        outcomes.push(Ok("x"));
        let (outcome, calls, waited) = play(RetryPolicy::default(), outcomes).await;
        assert_eq!((outcome, calls), (Ok(41), 41));
        assert!((40.0..=51.0).contains(&waited), "{waited}");
        let (outcome, _, waited) = play(RetryPolicy::default(), vec![Err(limited(100_000)); 9]).await;
        assert_eq!(outcome.unwrap_err().0, CallErrorClass::RateLimited);
        assert!(waited <= 600.0, "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_never_shorter_than_asked_for_and_hardly_longer() {
        let (_, _, waited) = play(RetryPolicy::default(), vec![Err(limited(8000)), Ok("x")]).await;
        assert!((8.0..=8.6).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_fail_together_come_back_apart() {
        let wait = |_| Tries::new(RetryPolicy::default()).wait_after(&error(CallErrorClass::Server));
        let mut waits: Vec<u128> = (0..100).map(wait).map(|wait| wait.unwrap().as_millis()).collect();
        waits.sort_unstable();
        assert!(waits[0] >= 250 && waits[99] <= 500, "{waits:?}");
        waits.dedup();
        assert!(waits.len() > 60, "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_that_ends_between_tries_leaves_the_count_of_what_was_sent() {
        let budget = CallError { tries: 0, ..error(CallErrorClass::Budget) };
        let (outcome, ..) =
            play(RetryPolicy::default(), vec![Err(error(CallErrorClass::Server)), Err(budget)]).await;
        assert_eq!(outcome, Err((CallErrorClass::Budget, 1)));
    }
}
