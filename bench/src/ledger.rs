//! Counts calls, payments and faults, in total and for each item.
//!
//! In: what happened to each call. Out: [`Stats`] and one [`KeyCount`] for each key. A call is paid once a 200 with usage
//! was produced, whatever becomes of its bytes afterwards: this is how a provider bills.
//!
//! Not here: deciding what happens (`fault.rs`), and the clock: times are given in seconds.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// What one item met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCount {
    /// Calls that reached the model, rate-limited ones by the limit left out.
    pub calls: u32,
    /// Calls that were paid.
    pub paid: u32,
    /// Paid calls whose answer could be read: more than one is waste.
    pub clean: u32,
    /// Calls that met a fault.
    pub faults: u32,
}

/// A paid call: what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The item.
    pub key: String,
    /// Which call for the item it was, from 1.
    pub n: u64,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// What goes wrong with the paid answer.
    pub fault: Option<Fault>,
}

/// Totals since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Calls that arrived, refused ones too.
    pub calls: u64,
    /// Calls that were paid.
    pub paid: u64,
    /// Calls by fault; `limit` are those that the rate limit refused.
    pub faults: BTreeMap<String, u64>,
    /// Calls being answered now.
    pub in_flight: u64,
    /// The most calls being answered at one time.
    pub max_in_flight: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Different items.
    pub keys: u64,
    /// Items paid more than once, for whatever reason.
    pub keys_paid_more_than_once: u64,
    /// Items with more than one paid answer that could be read.
    pub keys_answered_more_than_once: u64,
    /// Paid, readable answers beyond the first of each item.
    pub answers_repaid: u64,
    /// Items without a readable answer.
    pub keys_without_answer: u64,
    /// Prompt tokens of all paid calls.
    pub prompt_tokens: u64,
    /// Answer tokens of all paid calls.
    pub completion_tokens: u64,
    /// Seconds from the first call's arrival to the last answer.
    pub busy_s: f64,
}

/// The counts, in memory.
#[derive(Debug, Default)]
pub struct Ledger {
    totals: Stats,
    by_fault: BTreeMap<&'static str, u64>,
    keys: HashMap<String, KeyCount>,
    first_s: Option<f64>,
    last_s: f64,
}

impl Ledger {
    /// A connection was accepted.
    pub fn connected(&mut self) {
        self.totals.connections += 1;
    }

    /// A call arrived at `now` seconds.
    pub fn arrived(&mut self, now: f64) {
        self.first_s.get_or_insert(now);
        self.totals.calls += 1;
        self.totals.in_flight += 1;
        self.totals.max_in_flight = self.totals.max_in_flight.max(self.totals.in_flight);
    }

    /// A call left, answered or not, at `now` seconds.
    pub fn left(&mut self, now: f64) {
        // A reset of the counts may lie between arrival and end.
        self.totals.in_flight = self.totals.in_flight.saturating_sub(1);
        self.last_s = now;
    }

    /// The rate limit refused a call.
    pub fn refused(&mut self) {
        *self.by_fault.entry("limit").or_default() += 1;
    }

    /// Counts one more call for `key`: its number from 1, and the faults met before.
    pub fn next_call(&mut self, key: &str) -> (u64, u32) {
        let count = match self.keys.get_mut(key) {
            Some(count) => count,
            None => self.keys.entry(key.to_owned()).or_default(),
        };
        count.calls += 1;
        (u64::from(count.calls), count.faults)
    }

    /// A call for `key` meets `fault`.
    pub fn met(&mut self, key: &str, fault: Fault) {
        *self.by_fault.entry(fault.name()).or_default() += 1;
        if let Some(count) = self.keys.get_mut(key) {
            count.faults += 1;
        }
    }

    /// A call is paid.
    pub fn pay(&mut self, bill: &Bill) {
        self.totals.paid += 1;
        self.totals.prompt_tokens += bill.prompt_tokens;
        self.totals.completion_tokens += bill.completion_tokens;
        if let Some(count) = self.keys.get_mut(&bill.key) {
            count.paid += 1;
            count.clean += u32::from(bill.fault.is_none_or(Fault::is_clean));
        }
    }

    /// Forgets everything but the calls still in flight.
    pub fn reset(&mut self) {
        let in_flight = self.totals.in_flight;
        *self = Ledger { totals: Stats { in_flight, ..Stats::default() }, ..Ledger::default() };
    }

    /// The totals now.
    pub fn stats(&self) -> Stats {
        let count = |is: fn(&KeyCount) -> bool| self.keys.values().filter(|key| is(key)).count() as u64;
        Stats {
            faults: self.by_fault.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect(),
            keys: self.keys.len() as u64,
            keys_paid_more_than_once: count(|key| key.paid > 1),
            keys_answered_more_than_once: count(|key| key.clean > 1),
            answers_repaid: self.keys.values().map(|key| u64::from(key.clean.saturating_sub(1))).sum(),
            keys_without_answer: count(|key| key.clean == 0),
            busy_s: self.first_s.map_or(0.0, |first| (self.last_s - first).max(0.0)),
            ..self.totals.clone()
        }
    }

    /// The counts of each key.
    pub fn keys(&self) -> &HashMap<String, KeyCount> {
        &self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls for items, each with the fault that it met, then the totals.
    fn ledger(calls: &[(&str, Option<Fault>)]) -> Ledger {
        let mut ledger = Ledger::default();
        for (key, fault) in calls {
            ledger.arrived(1.0);
            let (n, _) = ledger.next_call(key);
            if let Some(fault) = fault {
                ledger.met(key, *fault);
            }
            if fault.is_none_or(Fault::is_paid) {
                let key = (*key).to_owned();
                ledger.pay(&Bill { key, n, prompt_tokens: 10, completion_tokens: 2, fault: *fault });
            }
            ledger.left(3.0);
        }
        ledger
    }

    #[test]
    fn a_re_ask_after_a_spoiled_answer_is_no_waste() {
        let stats = ledger(&[("a", Some(Fault::Garbled)), ("a", None), ("b", None)]).stats();
        assert_eq!((stats.paid, stats.keys_paid_more_than_once, stats.answers_repaid), (3, 1, 0));
    }

    #[test]
    fn a_second_readable_answer_is_waste() {
        let stats = ledger(&[("a", None), ("a", None), ("a", Some(Fault::Slow))]).stats();
        assert_eq!((stats.keys_answered_more_than_once, stats.answers_repaid), (1, 2));
    }

    #[test]
    fn refused_and_failed_calls_cost_nothing() {
        let stats = ledger(&[("a", Some(Fault::RateLimited)), ("a", Some(Fault::Hang))]).stats();
        assert_eq!((stats.calls, stats.paid, stats.prompt_tokens, stats.keys_without_answer), (2, 0, 0, 1));
        assert_eq!(stats.faults["hang"], 1);
    }

    #[test]
    fn a_key_knows_its_calls_and_faults() {
        let mut ledger = ledger(&[("a", Some(Fault::Reset)), ("a", None)]);
        assert_eq!(ledger.keys()["a"], KeyCount { calls: 2, paid: 1, clean: 1, faults: 1 });
        assert_eq!(ledger.next_call("a"), (3, 1));
        assert_eq!(ledger.stats().busy_s, 2.0);
    }

    #[test]
    fn a_reset_forgets_all_but_the_calls_in_flight() {
        let mut ledger = ledger(&[("a", None)]);
        ledger.arrived(5.0);
        ledger.reset();
        assert_eq!(ledger.stats(), Stats { in_flight: 1, ..Stats::default() });
    }
}
