//! How far a run is: counters that the run writes and anybody reads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use karat_core::{Annotation, MicroUsd, Note, Outcome, OutcomeKind, Tokens};

/// The counters of a run. Everything is counted after it is on disk.
#[derive(Default)]
pub struct Progress {
    n_total: AtomicU64,
    n_standing: AtomicU64,
    n_settled: AtomicU64,
    n_kind: [AtomicU64; 4],
    n_reused: AtomicU64,
    n_fell_back: AtomicU64,
    n_calls: AtomicU64,
    n_tries_failed: AtomicU64,
    n_not_recorded: AtomicU64,
    micro_usd: AtomicU64,
    tokens_in: AtomicU64,
    tokens_out: AtomicU64,
    reasons: Mutex<BTreeMap<String, u64>>,
    waiting: Mutex<Option<String>>,
    n_ahead: AtomicU64,
    batches: Mutex<BTreeMap<String, (u64, u64)>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Count {
    /// Annotations wanted: items times annotators; 0 while it is not known.
    pub n_total: u64,
    /// Those that were there before the run.
    pub n_standing: u64,
    /// Those that were not asked, since the tiers before had settled the item.
    pub n_settled: u64,
    /// Labeled by this run.
    pub n_labeled: u64,
    /// Abstained.
    pub n_abstained: u64,
    /// Unusable.
    pub n_unusable: u64,
    /// Failed.
    pub n_failed: u64,
    /// Of these, those that needed no call: the same question had been answered before.
    pub n_reused: u64,
    /// Of these, those that another endpoint answered, since the first was down.
    pub n_fell_back: u64,
    /// Items for which the recording holds no answer; they stay without an outcome.
    pub n_not_recorded: u64,
    /// Calls that were answered.
    pub n_calls: u64,
    /// Tries that failed and were tried again.
    pub n_tries_failed: u64,
    /// What was spent.
    pub cost: MicroUsd,
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens received.
    pub tokens_out: u64,
    /// Failures and unusable answers by class.
    pub reasons: BTreeMap<String, u64>,
    /// Questions that wait in batches.
    pub n_in_batches: u64,
    /// Those of them that the vendors have worked on.
    pub n_done_in_batches: u64,
    /// What the run waits for, if it waits: a rate limit, for example.
    pub waiting: Option<String>,
}

impl Count {
    /// Annotations made by this run.
    pub fn n_done(&self) -> u64 {
        self.n_labeled + self.n_abstained + self.n_unusable + self.n_failed
    }

    /// Annotations made by this run that are not labels.
    pub fn n_not_labeled(&self) -> u64 {
        self.n_done() - self.n_labeled
    }
}

impl Progress {
    /// Adds to what is wanted.
    pub fn expect(&self, n: u64) {
        self.n_total.fetch_add(n, Relaxed);
    }

    pub(crate) fn settled(&self, n: u64) {
        self.n_settled.fetch_add(n, Relaxed);
    }

    pub(crate) fn standing(&self, n: u64) {
        self.n_standing.fetch_add(n, Relaxed);
    }

    /// So many annotations of this run will be met again as if they had been there before.
    pub(crate) fn met_again(&self, n: u64) {
        self.n_ahead.fetch_add(n, Relaxed);
    }

    /// How far a batch is: rows done and all rows; `None` once it is collected.
    pub(crate) fn batch(&self, key: &str, far: Option<(u64, u64)>) {
        if let Ok(mut batches) = self.batches.lock() {
            match far {
                Some(far) => batches.insert(key.to_owned(), far),
                None => batches.remove(key),
            };
        }
    }

    pub(crate) fn not_recorded(&self) {
        self.n_not_recorded.fetch_add(1, Relaxed);
    }

    pub(crate) fn call(&self, cost: MicroUsd, tokens: Option<Tokens>) {
        self.n_calls.fetch_add(1, Relaxed);
        self.micro_usd.fetch_add(cost.0, Relaxed);
        let tokens = tokens.unwrap_or_default();
        self.tokens_in.fetch_add(tokens.input, Relaxed);
        self.tokens_out.fetch_add(tokens.output, Relaxed);
    }

    pub(crate) fn failed_try(&self, class: &str, cost: MicroUsd) {
        self.n_tries_failed.fetch_add(1, Relaxed);
        self.micro_usd.fetch_add(cost.0, Relaxed);
        if let Ok(mut waiting) = self.waiting.lock() {
            *waiting = Some(class.to_owned());
        }
    }

    pub(crate) fn done(&self, annotation: &Annotation) {
        let kind = annotation.outcome.kind();
        let slot = OutcomeKind::ALL.iter().position(|it| *it == kind).unwrap_or(0);
        self.n_kind[slot].fetch_add(1, Relaxed);
        if annotation.notes.iter().any(|note| matches!(note, Note::Shared { .. } | Note::Cached)) {
            self.n_reused.fetch_add(1, Relaxed);
        }
        if annotation.notes.iter().any(|note| matches!(note, Note::FellBack { .. })) {
            self.n_fell_back.fetch_add(1, Relaxed);
        }
        let reason = match &annotation.outcome {
            Outcome::Labeled(_) => return,
            Outcome::Abstained(_) => "abstained".to_owned(),
            Outcome::Unusable(why) => format!("unusable: {}", why.tag()),
            Outcome::Failed(why) => format!("failed: {}", why.class),
        };
        if let Ok(mut reasons) = self.reasons.lock() {
            *reasons.entry(reason).or_default() += 1;
        }
    }

    /// The counters now.
    pub fn count(&self) -> Count {
        let [labeled, abstained, unusable, failed] = &self.n_kind;
        let batches: Vec<(u64, u64)> =
            self.batches.lock().map(|it| it.values().copied().collect()).unwrap_or_default();
        Count {
            n_total: self.n_total.load(Relaxed),
            n_standing: self.n_standing.load(Relaxed).saturating_sub(self.n_ahead.load(Relaxed)),
            n_settled: self.n_settled.load(Relaxed),
            n_labeled: labeled.load(Relaxed),
            n_abstained: abstained.load(Relaxed),
            n_unusable: unusable.load(Relaxed),
            n_failed: failed.load(Relaxed),
            n_reused: self.n_reused.load(Relaxed),
            n_fell_back: self.n_fell_back.load(Relaxed),
            n_not_recorded: self.n_not_recorded.load(Relaxed),
            n_calls: self.n_calls.load(Relaxed),
            n_tries_failed: self.n_tries_failed.load(Relaxed),
            cost: MicroUsd(self.micro_usd.load(Relaxed)),
            tokens_in: self.tokens_in.load(Relaxed),
            tokens_out: self.tokens_out.load(Relaxed),
            reasons: self.reasons.lock().map(|it| it.clone()).unwrap_or_default(),
            n_in_batches: batches.iter().map(|(_, all)| all).sum(),
            n_done_in_batches: batches.iter().map(|(done, _)| done).sum(),
            waiting: self.waiting.lock().ok().and_then(|mut it| it.take()),
        }
    }
}
