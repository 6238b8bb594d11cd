//! What live calls leave to batches.
//!
//! In: the questions of an item. Out: whether it is asked live, left out, or has failed for good.

use std::collections::{HashMap, HashSet};

use karat_core::{Failure, Hash, Result};
use karat_store::Store;

use super::kept::{batches, rows_of};

/// What is not to be asked by live calls.
#[derive(Default)]
pub(crate) struct LeftOut {
    /// Questions that wait in an open batch.
    pub(super) waiting: HashSet<Hash>,
    /// Questions that batches gave up.
    pub(super) failed: HashMap<Hash, Failure>,
    /// Whether what has no answer yet is left out too.
    pub(super) unanswered: bool,
}

/// What becomes of an item.
pub(crate) enum Fate {
    /// It is asked.
    Asked,
    /// It is left as it is.
    LeftOut,
    /// It has failed.
    Failed(Failure),
}

impl LeftOut {
    /// What waits in the open batches of a journal.
    pub(crate) async fn waiting(store: &Store) -> Result<Self> {
        let mut waiting = HashSet::new();
        for batch in batches(store).await?.iter().filter(|it| it.is_open()) {
            waiting.extend(rows_of(store, batch).await?.into_iter().map(|row| row.request));
        }
        Ok(Self { waiting, ..Self::default() })
    }

    /// Whether a question waits in an open batch.
    pub(crate) fn waits(&self, request: &Hash) -> bool {
        self.waiting.contains(request)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.failed.is_empty() && !self.unanswered
    }

    /// What becomes of items with these questions, in their order.
    pub(crate) async fn fates(&self, store: &Store, items: &[Vec<Hash>]) -> Result<Vec<Fate>> {
        let answered = match self.unanswered {
            true => store.answers(&items.concat()).await?,
            false => HashMap::new(),
        };
        let fate = |requests: &Vec<Hash>| {
            if requests.iter().any(|it| self.waiting.contains(it)) {
                return Fate::LeftOut;
            }
            if let Some(failure) = requests.iter().find_map(|it| self.failed.get(it)) {
                return Fate::Failed(failure.clone());
            }
            if self.unanswered && !requests.iter().all(|it| answered.contains_key(it)) {
                return Fate::LeftOut;
            }
            Fate::Asked
        };
        Ok(items.iter().map(fate).collect())
    }
}
