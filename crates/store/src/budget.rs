//! A limit on money that holds over restarts and processes: an amount is set aside on disk before a call is made.
//!
//! In: the most that a call can cost. Out: a [`Hold`], or how much is left. The sum of what was spent and what is set
//! aside never exceeds the limit, since it is checked inside the transaction that writes the hold. A hold whose process
//! died counts as spent: its call may have been paid.

use std::fmt;

use karat_core::{Error, ErrorKind, MicroUsd, Result};
use serde_json::Value as Json;

use crate::decision::NewDecision;
use crate::writer::{Command, Sender, ask};

/// The right to spend up to a limit, for one run. Clones share it.
#[derive(Debug, Clone)]
pub struct Budget {
    pub(crate) sender: Sender,
    pub(crate) run: i64,
    pub(crate) max: MicroUsd,
}

/// An amount set aside for one call. It ends in the entry that holds the call's attempt
/// ([`Entry::settle`](crate::Entry)), or by [`Budget::release`] where the call was not made. A hold that is merely
/// dropped stays set aside for ever, as one of a crash does.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "an amount that is set aside and never settled counts as spent"]
pub struct Hold {
    pub(crate) id: i64,
    pub(crate) amount: MicroUsd,
}

impl Hold {
    /// Its number, under which [`Store::open_hold`](crate::Store::open_hold) finds it in a later process; 0 where nothing
    /// had to be set aside.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// How much is set aside.
    pub fn amount(&self) -> MicroUsd {
        self.amount
    }

    /// A call that costs nothing needs no row.
    fn nothing() -> Self {
        Self { id: 0, amount: MicroUsd(0) }
    }
}

/// Why an amount was not set aside.
#[derive(Debug)]
pub enum BudgetError {
    /// The limit does not allow it. Where `held` is above zero, calls in flight may yet turn out cheaper.
    Spent {
        /// By all attempts of the project.
        spent: MicroUsd,
        /// Set aside for calls that are not settled, with those of crashed processes.
        held: MicroUsd,
        /// What was asked for.
        wanted: MicroUsd,
        /// The limit.
        max: MicroUsd,
    },
    /// The journal failed.
    Store(Error),
}

impl Budget {
    /// The limit.
    pub fn max(&self) -> MicroUsd {
        self.max
    }

    /// Sets an amount aside; returns when that is on disk. Many callers share one write. An amount of zero is granted
    /// without one.
    pub async fn reserve(&self, amount: MicroUsd) -> Result<Hold, BudgetError> {
        if amount == MicroUsd(0) {
            return Ok(Hold::nothing());
        }
        self.wish(Wish { run: self.run, amount, max: self.max, decision: None }).await
    }

    /// As [`Budget::reserve`], together with a decision that says what for, in one transaction: no process can end
    /// between the two. The body, an object, gets the number of the hold as `hold`; 0 for an amount of zero.
    pub async fn reserve_for(
        &self,
        amount: MicroUsd,
        (kind, mut body, at_ms): (&str, Json, i64),
    ) -> Result<Hold, BudgetError> {
        if amount == MicroUsd(0) {
            body["hold"] = 0.into();
            let decision = NewDecision::new(kind, &body, at_ms);
            let kept = ask(&self.sender, |reply| Command::Decide(decision, reply)).await;
            return kept.map(|_| Hold::nothing()).map_err(BudgetError::Store);
        }
        let decision = Some((kind.to_owned(), body, at_ms));
        self.wish(Wish { run: self.run, amount, max: self.max, decision }).await
    }

    async fn wish(&self, wish: Wish) -> Result<Hold, BudgetError> {
        let granted = ask(&self.sender, |reply| Command::Reserve(wish, reply)).await;
        granted.map_err(BudgetError::Store)?
    }

    /// Gives a hold back whose call was not made.
    pub async fn release(&self, hold: Hold) -> Result<()> {
        ask(&self.sender, |reply| Command::Release(hold, reply)).await
    }
}

/// A request for a hold.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) run: i64,
    pub(crate) amount: MicroUsd,
    pub(crate) max: MicroUsd,
    /// What it is for, if that is a decision: kind, body and time.
    pub(crate) decision: Option<(String, Json, i64)>,
}

impl Wish {
    /// The decision, once the number of the hold is known.
    pub(crate) fn decision(&self, hold: i64) -> Option<NewDecision> {
        let (kind, body, at_ms) = self.decision.as_ref()?;
        let mut body = body.clone();
        body["hold"] = hold.into();
        Some(NewDecision::new(kind, &body, *at_ms))
    }

    /// Whether the limit allows it.
    pub(crate) fn check(&self, spent: MicroUsd, held: MicroUsd) -> Result<(), BudgetError> {
        if spent + held + self.amount <= self.max {
            return Ok(());
        }
        Err(BudgetError::Spent { spent, held, wanted: self.amount, max: self.max })
    }
}

impl fmt::Display for BudgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spent { spent, held, wanted, max } => write!(
                f,
                "the budget of {max} does not allow {wanted} more: {spent} is spent and {held} is held for calls in flight"
            ),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BudgetError {}

impl From<BudgetError> for Error {
    fn from(error: BudgetError) -> Self {
        match error {
            BudgetError::Spent { .. } => Error::new(ErrorKind::BudgetSpent, error.to_string())
                .hint("raise the limit and run the same command again: it goes on where it stopped"),
            BudgetError::Store(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spent: u64, held: u64, amount: u64, granted: bool) {
        let wish = Wish { run: 1, amount: MicroUsd(amount), max: MicroUsd(100), decision: None };
        assert_eq!(wish.check(MicroUsd(spent), MicroUsd(held)).is_ok(), granted);
    }

    #[test]
    fn the_limit_itself_may_be_reached() {
        check(50, 40, 10, true);
        check(50, 40, 11, false);
    }

    #[test]
    fn huge_amounts_do_not_wrap_around() {
        check(0, 0, u64::MAX, false);
        check(u64::MAX, u64::MAX, 1, false);
    }

    #[test]
    fn a_spent_budget_says_what_was_wanted_and_what_to_do() {
        let wish = Wish { run: 1, amount: MicroUsd(2_000_000), max: MicroUsd(5_000_000), decision: None };
        let error = wish.check(MicroUsd(3_500_000), MicroUsd(500_000)).unwrap_err();
        let error = Error::from(error);
        assert_eq!(error.kind, ErrorKind::BudgetSpent);
        assert_eq!(
            error.to_string(),
            "the budget of $5.00 does not allow $2.00 more: $3.50 is spent and $0.50 is held for calls in flight"
        );
        assert!(error.next_step().is_some());
    }
}
