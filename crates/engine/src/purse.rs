//! The budget as the calls of one run see it: an amount is set aside, or waited for, or refused.
//!
//! A call reserves far more than it is likely to cost. So a refusal is final only when no other call of this run is under
//! way: those that are may turn out cheaper and leave room.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use karat_core::{Error, ErrorKind, MicroUsd, Result};
use karat_store::{Budget, BudgetError, Hold};
use tokio::sync::Notify;

/// The budget of one run.
pub(crate) struct Purse {
    budget: Budget,
    n_open: AtomicU64,
    news: Notify,
}

impl Purse {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { budget, n_open: AtomicU64::new(0), news: Notify::new() }
    }

    /// Sets an amount aside, on disk.
    pub(crate) async fn take(&self, amount: MicroUsd) -> Result<Hold> {
        loop {
            let news = self.news.notified();
            self.n_open.fetch_add(1, SeqCst);
            let refused = match self.budget.reserve(amount).await {
                Ok(hold) => return Ok(hold),
                Err(refused) => refused,
            };
            let others = self.n_open.fetch_sub(1, SeqCst) - 1;
            let (spent, held) = match refused {
                BudgetError::Store(error) => return Err(error),
                BudgetError::Spent { spent, held, .. } => (spent, held),
            };
            if others == 0 {
                self.news.notify_waiters();
                return Err(spent_error(spent, held, amount, self.budget.max()));
            }
            news.await;
        }
    }

    /// A hold has ended.
    pub(crate) fn settled(&self) {
        self.n_open.fetch_sub(1, SeqCst);
        self.news.notify_waiters();
    }
}

fn spent_error(spent: MicroUsd, held: MicroUsd, wanted: MicroUsd, max: MicroUsd) -> Error {
    let held = if held.0 > 0 {
        format!(", {held} set aside for open batches and for calls that were cut off")
    } else {
        String::new()
    };
    let message = format!(
        "the budget of {max} does not allow another call: {spent} spent{held}, up to {wanted} needed"
    );
    Error::new(ErrorKind::BudgetSpent, message).hint(
        "all that was paid for is kept; raise `max_cost_usd` or `--max-cost` and the same command goes on",
    )
}
