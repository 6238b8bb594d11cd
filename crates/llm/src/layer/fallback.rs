//! Several endpoints in the place of one: where the first is down, the next answers.
//!
//! In: endpoints with the names of their models, in the order of preference. Out: one [`Complete`]: a call goes to the first
//! endpoint that is not taken as down, and its answer or error says which that was.
//!
//! An endpoint is taken as down after two failures in a row over all calls, or at once where its account is out of credit.
//! Only a failing server, a missing connection and a spent account count: one that says to slow down, or that a request is
//! wrong, is up. While it is down, every thirty-second call tries it again, and one good answer brings it back. All of it
//! goes by counts, not by clocks, so that a test can say what happens.
//!
//! Each [`Complete::complete`] is one try at one endpoint, so that a caller books each failed try by itself; an error after which
//! another endpoint stands in says so, and the caller asks again at once. Not here: limits (each member has its own).

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use futures::{FutureExt, future::BoxFuture};

use crate::{CallError, CallErrorClass, Complete, Downgrade, ModelAnswer, ModelRequest, Nature};

/// So many failures in a row, over all calls, and an endpoint is taken as down.
const FAILURES_TO_DOWN: u32 = 2;

/// Failures that no further ones lead to: the account is out of credit.
const SPENT: u32 = u32::MAX;

/// While an endpoint is down, one of so many calls tries it again.
const CALLS_TO_PROBE: u64 = 32;

/// One of several endpoints.
pub struct Member {
    /// What answers, within its own limits.
    pub complete: Arc<dyn Complete>,
    /// The model's name there.
    pub model: Arc<str>,
    /// The name as it was written: `openrouter/qwen/qwen3-8b`. Answers of all but the first are served under it.
    pub spec: String,
}

/// Several endpoints in the place of one.
pub struct Fallback {
    members: Vec<Member>,
    /// Failures in a row, member by member.
    failures: Mutex<Vec<u32>>,
    /// Calls while the first of the members that are down was passed by.
    n_passed_by: AtomicU64,
}

impl Fallback {
    /// The first member is asked, the others stand in for it in their order; `None` without a member.
    #[must_use]
    pub fn new(members: Vec<Member>) -> Option<Fallback> {
        let failures = Mutex::new(vec![0; members.len()]);
        (!members.is_empty()).then(|| Fallback { members, failures, n_passed_by: AtomicU64::new(0) })
    }

    fn with_failures<T>(&self, then: impl FnOnce(&mut Vec<u32>) -> T) -> T {
        then(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who is to be asked now: the first that is up, and now and then one before it. Where all are down, each in turn that
    /// has credit left.
    fn choose(&self) -> usize {
        let (up, unspent) = self.with_failures(|all| {
            let unspent: Vec<usize> = (0..all.len()).filter(|at| all[*at] < SPENT).collect();
            (all.iter().position(|n| *n < FAILURES_TO_DOWN), unspent)
        });
        if up == Some(0) {
            return 0;
        }
        let n = self.n_passed_by.fetch_add(1, Ordering::Relaxed) + 1;
        match up {
            // The members before it take turns at being tried again.
            Some(up) if n.is_multiple_of(CALLS_TO_PROBE) => (n / CALLS_TO_PROBE - 1) as usize % up,
            Some(up) => up,
            None => unspent.get((n - 1) as usize % unspent.len().max(1)).copied().unwrap_or(0),
        }
    }

    /// Counts a failure; whether somebody else is to be asked from here on.
    fn failed(&self, at: usize, class: CallErrorClass) -> bool {
        let is_spent = class == CallErrorClass::QuotaSpent;
        match class {
            CallErrorClass::QuotaSpent | CallErrorClass::Server | CallErrorClass::Connection => {}
            CallErrorClass::Timeout | CallErrorClass::BadBody => return false,
            CallErrorClass::Auth
            | CallErrorClass::BadRequest
            | CallErrorClass::TooLong
            | CallErrorClass::RateLimited
            | CallErrorClass::Budget
            | CallErrorClass::NotRecorded => {
                self.answered(at);
                return false;
            }
        }
        self.with_failures(|all| {
            let Some(n) = all.get_mut(at) else { return false };
            *n = if is_spent { SPENT } else { (*n + 1).min(SPENT - 1) };
            let is_down = *n >= FAILURES_TO_DOWN;
            // Nothing comes of asking a spent account again: even one that fails now and then is better.
            let enough = if is_spent { SPENT } else { FAILURES_TO_DOWN };
            is_down && all.iter().any(|n| *n < enough)
        })
    }

    fn answered(&self, at: usize) {
        self.with_failures(|all| all.iter_mut().skip(at).take(1).for_each(|n| *n = 0));
    }

    async fn ask(&self, request: &ModelRequest) -> Result<ModelAnswer, CallError> {
        let at = self.choose();
        let by = at as u32;
        let Some(member) = self.members.get(at) else {
            return Err(CallError::new(CallErrorClass::NotRecorded, "nobody is there to be asked"));
        };
        let own = ModelRequest { model: member.model.clone(), ..request.clone() };
        match member.complete.complete(&own).await {
            Ok(answer) => {
                self.answered(at);
                let served_model = match at {
                    0 => answer.served_model,
                    _ => Some(member.spec.clone()),
                };
                Ok(ModelAnswer { by, served_model, ..answer })
            }
            Err(error) => {
                let is_relieved = self.failed(at, error.class);
                Err(CallError { by, is_relieved, ..error })
            }
        }
    }
}

impl Complete for Fallback {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>> {
        self.ask(request).boxed()
    }

    /// That of the first: the others are of the same nature, which whoever makes the list looks after.
    fn nature(&self) -> Nature {
        self.members.first().map_or(Nature::Live, |it| it.complete.nature())
    }

    fn downgrades(&self) -> Vec<Downgrade> {
        self.members.iter().flat_map(|it| it.complete.downgrades()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Played, ask, error};

    const OK: Result<&str, CallErrorClass> = Ok("yes");

    /// Plays what each member does, and says of each of `n` calls who answered (`A`), failed (`a`), or failed and was relieved
    /// (`a>`).
    #[track_caller]
    fn check(members: &[(&str, usize)], n: usize, want: &str) {
        let play = |(script, filler): &(&str, usize)| {
            let one = |c: char| match c {
                '.' => OK,
                's' => Err(CallErrorClass::Server),
                'c' => Err(CallErrorClass::Connection),
                'q' => Err(CallErrorClass::QuotaSpent),
                'r' => Err(CallErrorClass::RateLimited),
                't' => Err(CallErrorClass::Timeout),
                _ => Err(CallErrorClass::BadRequest),
            };
            let all = script.chars().chain(std::iter::repeat_n('.', *filler)).map(one);
            let played = Played::new(all.map(|it| it.map_err(error)).collect());
            Member { complete: Arc::new(played), model: "m".into(), spec: "there/m".into() }
        };
        let list = Fallback::new(members.iter().map(play).collect()).unwrap();
        let mut told = String::new();
        for _ in 0..n {
            let name = |by: u32| char::from(b'A' + by as u8);
            match list.ask(&ask("a")).now_or_never().unwrap() {
                Ok(answer) => {
                    assert_eq!(answer.served_model.as_deref(), (answer.by > 0).then_some("there/m"));
                    told.push(name(answer.by));
                }
                Err(error) => {
                    told.push(name(error.by).to_ascii_lowercase());
                    told.push_str(if error.is_relieved { ">" } else { "" });
                }
            }
        }
        assert_eq!(told, want, "{members:?}");
    }

    #[test]
    fn two_failures_in_a_row_and_the_next_answers() {
        check(&[("..sc", 0), ("...", 0)], 7, "AAaa>BBB");
        check(&[("s.s.", 0), ("", 0)], 4, "aAaA");
    }

    #[test]
    fn a_spent_account_is_down_at_once() {
        check(&[("q", 0), ("..", 0)], 3, "a>BB");
    }

    #[test]
    fn who_says_to_slow_down_or_that_a_request_is_wrong_is_up() {
        check(&[("rrrbbbttt", 0), ("", 0)], 9, "aaaaaaaaa");
        check(&[("srs.", 0), ("", 0)], 4, "aaaA");
    }

    #[test]
    fn the_first_is_tried_again_now_and_then_and_comes_back() {
        let down = "B".repeat(31);
        check(&[("sss..", 0), ("", 99)], 2 + 31 + 1 + 31 + 2, &format!("aa>{down}a>{down}AA"));
    }

    #[test]
    fn where_all_are_down_each_is_asked_in_turn_and_nobody_stands_in() {
        check(&[("cccc", 0), ("ccc..", 0)], 9, "aa>bbabaBB");
        check(&[("qq", 0)], 2, "aa");
        check(&[("q", 0), ("sss.", 0)], 5, "a>bbbB");
    }

    #[test]
    fn the_third_answers_where_two_are_down_and_both_are_tried_again() {
        let down = "C".repeat(30);
        check(&[("q..", 0), ("q..", 0), ("", 99)], 2 + 30 + 2, &format!("a>b>{down}AA"));
    }
}
