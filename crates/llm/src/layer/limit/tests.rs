//! A simulated server with limits, on paused time: seconds of simulated traffic in milliseconds.

use super::*;
use crate::{
    announced::Window,
    testing::{ask, error},
};

/// How the server announces its limit of requests.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    /// Nothing at all.
    Nothing,
    /// `reset` is the time until the bucket is full.
    UntilFull,
    /// `reset` is the time until the next call may be sent.
    UntilNext,
}

/// A token bucket of `rate` requests a second that answers after `latency` and can work on `slots` calls at once.
struct Server {
    rate: f64,
    burst: f64,
    latency: Duration,
    slots: Option<Arc<tokio::sync::Semaphore>>,
    says: Says,
    /// Each such call is refused for no reason, 0 for none.
    refuses_each: u64,
    /// So many of the first calls are refused for no reason.
    refuses_first: u64,
    limiter: Arc<Limiter>,
    state: Mutex<ServerState>,
}

struct ServerState {
    left: f64,
    at: Instant,
    n_calls: u64,
    n_refused: u64,
    most_at_once: usize,
    at_once: usize,
}

impl Server {
    fn new(limiter: Arc<Limiter>, rate: f64, says: Says) -> Server {
        let state = ServerState {
            left: rate,
            at: Instant::now(),
            n_calls: 0,
            n_refused: 0,
            most_at_once: 0,
            at_once: 0,
        };
        Server {
            rate,
            burst: rate,
            latency: Duration::from_millis(100),
            slots: None,
            says,
            refuses_each: 0,
            refuses_first: 0,
            limiter,
            state: Mutex::new(state),
        }
    }

    /// Counts a call: whether it may pass, what is left, and the time until the next may.
    fn count(&self) -> (bool, f64, f64) {
        let mut state = self.state.lock().unwrap();
        let now = Instant::now();
        state.left = (state.left + self.rate * (now - state.at).as_secs_f64()).min(self.burst);
        state.at = now;
        state.n_calls += 1;
        let unlucky = state.n_calls <= self.refuses_first
            || self.refuses_each > 0 && state.n_calls.is_multiple_of(self.refuses_each);
        let pass = state.left >= 1.0 && !unlucky;
        if pass {
            state.left -= 1.0;
        } else {
            state.n_refused += 1;
        }
        let next = if state.left >= 1.0 { 0.0 } else { (1.0 - state.left) / self.rate };
        (pass, state.left, next)
    }

    async fn serve(&self, request: &ModelRequest) -> Result<ModelAnswer, CallError> {
        let sent_at = Instant::now();
        let (pass, left, next) = self.count();
        {
            let mut state = self.state.lock().unwrap();
            state.at_once += 1;
            state.most_at_once = state.most_at_once.max(state.at_once);
        }
        let slot = match &self.slots {
            Some(slots) => Some(slots.acquire().await.unwrap()),
            None => None,
        };
        tokio::time::sleep(if pass { self.latency } else { self.latency / 10 }).await;
        drop(slot);
        self.state.lock().unwrap().at_once -= 1;
        let reset = match self.says {
            Says::Nothing => None,
            Says::UntilFull => Some((self.burst - left) / self.rate),
            Says::UntilNext => Some(next.max(0.001)),
        };
        if let Some(reset) = reset {
            let reset = Some(Duration::from_millis((reset * 1000.0).ceil() as u64));
            let requests = Some(Window { limit: Some(self.burst), remaining: left.floor(), reset });
            let announced = Announced { requests, tokens: None };
            self.limiter.announced(&announced, reserved_tokens(request), sent_at);
        }
        if pass {
            return Ok(ModelAnswer::of_text("x"));
        }
        let retry_after = Some(Duration::from_secs_f64(next.max(0.02)));
        Err(CallError { retry_after, ..error(CallErrorClass::RateLimited).with_status(429) })
    }
}

impl Complete for Server {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>> {
        self.serve(request).boxed()
    }

    fn nature(&self) -> Nature {
        Nature::Live
    }
}

/// What a crowd of callers met.
#[derive(Debug)]
struct Met {
    seconds: f64,
    refused: u64,
    calls: u64,
    answered: usize,
    most_at_once: usize,
    concurrency: u32,
}

/// Sends `n` requests, all waiting at once, through retry and limit.
async fn crowd(server: Server, n: usize) -> Met {
    let server = Arc::new(server);
    let limiter = server.limiter.clone();
    let limit = Arc::new(Limit::new(server.clone(), limiter.clone()));
    let retry = Arc::new(crate::testing::Retry::new(limit, crate::RetryPolicy::default()));
    let began = Instant::now();
    let calls = (0..n).map(|n| {
        let retry = retry.clone();
        tokio::spawn(async move { retry.complete(&ask(&n.to_string())).await })
    });
    let outcomes = futures::future::join_all(calls).await;
    let state = server.state.lock().unwrap();
    Met {
        seconds: began.elapsed().as_secs_f64(),
        refused: state.n_refused,
        calls: state.n_calls,
        answered: outcomes.iter().filter(|outcome| outcome.as_ref().unwrap().is_ok()).count(),
        most_at_once: state.most_at_once,
        concurrency: limiter.snapshot().concurrency,
    }
}

#[tokio::test(start_paused = true)]
async fn an_announced_limit_is_used_to_the_full_and_hardly_ever_run_into() {
    for says in [Says::UntilFull, Says::UntilNext] {
        let met = crowd(Server::new(Limiter::new(64), 50.0, says), 1000).await;
        assert_eq!(met.answered, 1000, "{met:?}");
        assert!(met.refused * 100 < met.calls, "{met:?}");
        // 50 at once and 950 at 50 a second take 19 seconds.
        assert!(met.seconds < 21.0, "{met:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_nobody_announces_is_learnt_from_refusals() {
    let met = crowd(Server::new(Limiter::new(64), 50.0, Says::Nothing), 1000).await;
    assert_eq!(met.answered, 1000, "{met:?}");
    assert!(met.refused * 20 < met.calls, "{met:?}");
    assert!(met.seconds < 26.0, "{met:?}");
}

#[tokio::test(start_paused = true)]
async fn refusals_before_the_first_answer_do_not_make_the_run_crawl() {
    for refuses_first in [1, 5, 16] {
        let met =
            crowd(Server { refuses_first, ..Server::new(Limiter::new(16), 1e9, Says::Nothing) }, 400).await;
        assert_eq!(met.answered, 400);
        // 16 at once for 100 ms each are 160 a second: 2.5 seconds, and a few to find out.
        assert!(met.seconds < 10.0, "{refuses_first}: {met:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_limits_concurrency_grows_fast_to_the_bound() {
    let met = crowd(Server::new(Limiter::new(256), 1e9, Says::Nothing), 10_000).await;
    assert_eq!((met.answered, met.most_at_once), (10_000, 256), "{met:?}");
    // 256 at once for 100 ms each are 2560 a second.
    let ideal = 10_000.0 / 2560.0;
    assert!(met.seconds < ideal * 1.08, "{met:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_queues_is_not_flooded() {
    let limiter = Limiter::new(256);
    let slots = Some(Arc::new(tokio::sync::Semaphore::new(4)));
    let met = crowd(Server { slots, ..Server::new(limiter, 1e9, Says::Nothing) }, 2000).await;
    assert_eq!(met.answered, 2000);
    assert!(met.concurrency <= 24, "{met:?}");
    // Four at once for 100 ms each are 40 a second.
    assert!(met.seconds < 2000.0 / 40.0 * 1.05, "{met:?}");
}

#[tokio::test(start_paused = true)]
async fn scattered_refusals_do_not_slow_everybody_down() {
    let limiter = Limiter::new(64);
    let met = crowd(Server { refuses_each: 20, ..Server::new(limiter, 1e9, Says::Nothing) }, 2000).await;
    assert_eq!(met.answered, 2000);
    // 64 at once for 100 ms each are 640 a second.
    assert!(met.seconds < 2000.0 / 640.0 * 1.5, "{met:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_that_concerns_all_everybody_waits() {
    let limiter = Limiter::new(8);
    let permit = limiter.permit(1.0).await;
    let refusal =
        CallError { retry_after: Some(Duration::from_secs(7)), ..error(CallErrorClass::RateLimited) };
    permit.land(&Err::<(), _>(refusal));
    let began = Instant::now();
    drop(limiter.permit(1.0).await);
    assert!(began.elapsed() >= Duration::from_secs(7), "{:?}", began.elapsed());
    assert_eq!(limiter.snapshot().n_refused, 1);
}

#[tokio::test(start_paused = true)]
async fn permits_are_given_in_the_order_of_asking() {
    let limiter = Limiter::new(1);
    let first = limiter.permit(1.0).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for n in 0..5 {
        let (limiter, order) = (limiter.clone(), order.clone());
        waiting.push(tokio::spawn(async move {
            let permit = limiter.permit(1.0).await;
            order.lock().unwrap().push(n);
            drop(permit);
        }));
        tokio::task::yield_now().await;
    }
    drop(first);
    futures::future::join_all(waiting).await;
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_tokens_holds_large_calls_back() {
    let limiter = Limiter::new(8);
    let permit = limiter.permit(1000.0).await;
    let reset = Some(Duration::from_secs(10));
    let tokens = Some(Window { limit: Some(1000.0), remaining: 0.0, reset });
    limiter.announced(&Announced { requests: None, tokens }, 1000, Instant::now());
    permit.land(&Ok(ModelAnswer::of_text("x")));
    let began = Instant::now();
    drop(limiter.permit(500.0).await);
    let waited = began.elapsed().as_secs_f64();
    assert!((4.9..=5.2).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_frees_its_place() {
    let limiter = Limiter::new(1);
    drop(limiter.permit(1.0).await);
    let second = tokio::time::timeout(Duration::from_secs(1), limiter.permit(1.0)).await;
    assert!(second.is_ok());
    assert_eq!(limiter.snapshot().in_flight, 1);
}

#[test]
fn limiters_are_shared_by_address_and_key() {
    let limiters = Limiters::new(4);
    let one = limiters.of("http://a/v1", "k");
    assert!(Arc::ptr_eq(&one, &limiters.of("http://a/v1", "k")));
    assert!(!Arc::ptr_eq(&one, &limiters.of("http://a/v1", "k2")));
    assert!(!Arc::ptr_eq(&one, &limiters.of("http://b/v1", "k")));
}
