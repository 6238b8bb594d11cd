//! Reserves money before each try and settles it after.
//!
//! In: a [`Ledger`] that knows the budget. Out: calls that are never sent without a reservation. The ledger is asked around
//! every try, not around every call: a try that failed may have cost money too.
//!
//! Not here: prices (`prices.rs`) and where the ledger is kept.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};

use crate::{CallError, Complete, Downgrade, ModelAnswer, ModelRequest, Nature, prices::MicroUsd};

/// Keeps to a budget.
pub trait Ledger: Send + Sync {
    /// Reserves the most that this try can cost.
    ///
    /// # Errors
    /// [`CallErrorClass::Budget`](crate::CallErrorClass::Budget) where the budget does not allow it.
    fn reserve<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<Ticket, CallError>>;

    /// Replaces a reservation by what the try cost.
    ///
    /// It cannot fail towards the caller: an answer that came is never lost for the sake of its account. A ledger that could
    /// not write keeps the reservation and refuses the next. A call that is given up is never settled: whether it was
    /// charged is unknown, so its reservation counts as spent.
    fn settle<'a>(&'a self, ticket: Ticket, outcome: &'a Result<ModelAnswer, CallError>)
    -> BoxFuture<'a, ()>;
}

/// One reservation.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    /// What the ledger knows it by.
    pub id: u64,
    /// How much is held back.
    pub reserved: MicroUsd,
}

/// The layer.
pub struct Meter {
    inner: Arc<dyn Complete>,
    ledger: Arc<dyn Ledger>,
}

impl Meter {
    /// Wraps `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Complete>, ledger: Arc<dyn Ledger>) -> Meter {
        Meter { inner, ledger }
    }

    async fn metered(&self, request: &ModelRequest) -> Result<ModelAnswer, CallError> {
        let ticket = self.ledger.reserve(request).await?;
        let outcome = self.inner.complete(request).await;
        self.ledger.settle(ticket, &outcome).await;
        outcome
    }
}

impl Complete for Meter {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>> {
        self.metered(request).boxed()
    }

    fn nature(&self) -> Nature {
        self.inner.nature()
    }

    fn downgrades(&self) -> Vec<Downgrade> {
        self.inner.downgrades()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{
        CallErrorClass,
        layer::{Retry, RetryPolicy},
        testing::{Played, ask, error},
    };

    /// A budget of a few tries, which writes down what happened.
    struct Few {
        left: Mutex<u64>,
        seen: Mutex<Vec<String>>,
    }

    impl Ledger for Few {
        fn reserve<'a>(&'a self, _: &'a ModelRequest) -> BoxFuture<'a, Result<Ticket, CallError>> {
            let mut left = self.left.lock().unwrap();
            let ticket = if *left == 0 {
                Err(CallError { tries: 0, ..CallError::new(CallErrorClass::Budget, "spent") })
            } else {
                *left -= 1;
                self.seen.lock().unwrap().push(format!("reserve {left}"));
                Ok(Ticket { id: *left, reserved: MicroUsd(1) })
            };
            futures::future::ready(ticket).boxed()
        }

        fn settle<'a>(
            &'a self,
            ticket: Ticket,
            outcome: &'a Result<ModelAnswer, CallError>,
        ) -> BoxFuture<'a, ()> {
            let how = if outcome.is_ok() { "paid" } else { "failed" };
            self.seen.lock().unwrap().push(format!("settle {} {how}", ticket.id));
            futures::future::ready(()).boxed()
        }
    }

    fn few(left: u64) -> Arc<Few> {
        Arc::new(Few { left: Mutex::new(left), seen: Mutex::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn every_try_is_reserved_and_settled() {
        let ledger = few(9);
        let played = Arc::new(Played::new(vec![Err(error(CallErrorClass::Server)), Ok("x")]));
        let retry = Retry::new(Arc::new(Meter::new(played, ledger.clone())), RetryPolicy::default());
        assert_eq!(retry.complete(&ask("a")).await.unwrap().tries, 2);
        let seen = ledger.seen.lock().unwrap();
        assert_eq!(*seen, ["reserve 8", "settle 8 failed", "reserve 7", "settle 7 paid"]);
    }

    #[tokio::test]
    async fn nothing_is_sent_without_money() {
        let played = Arc::new(Played::new(vec![Ok("x"), Ok("y")]));
        let meter = Meter::new(played.clone(), few(1));
        assert!(meter.complete(&ask("a")).await.is_ok());
        assert_eq!(meter.complete(&ask("b")).await.unwrap_err().class, CallErrorClass::Budget);
        assert_eq!(played.n_calls(), 1);
    }
}
