//! Whether a promise still holds, watched item by item.
//!
//! In: the losses of audited items, one after another. Out: evidence that may be looked at after each.
//!
//! Not here: the choice of a threshold (`choose.rs`).

use super::AcceptError;
use super::bounds::{N_BETS, is_share, log_mean, stakes};

/// What the evidence speaks against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// "The error is at most this": evidence grows with errors. Withdraw the promise when it is large.
    AtMost,
    /// "The error is above this": evidence grows with right labels. Make the promise when it is large.
    Above,
}

/// Evidence against a claim about an error rate, which may be looked at after every audited item.
///
/// Its e-value is the capital of gamblers who start with 1 and bet on each audited item, before it is seen, that the claim
/// is false; the odds are fair where the claim holds. Then the capital ever reaches `1 / delta` with probability `delta` at
/// most, however often one looks and whenever one stops. Ordinary bounds lose that: tested again after each item they
/// break any promise in the end. Twenty gamblers stake fixed fractions, from timid to bold, and the e-value is their mean: a
/// breach that is large or small, early or late, makes one of them rich.
///
/// Items must be audited at random from what is accepted, in the order in which they are drawn. A claim that was true and
/// no longer is costs the evidence of its good time first: start anew with each period or model. The fields are
/// plain, to be stored and taken up again. G. Shafer, "Testing by Betting", 2021; I. Waudby-Smith, A. Ramdas, "Estimating Means
/// of Bounded Random Variables by Betting", 2024.
///
/// ```
/// use karat_stats::accept::{Claim, EProcess};
/// let mut watch = EProcess::new(Claim::AtMost, 0.05).unwrap();
/// for _ in 0..10 {
///     watch.observe(0.0).unwrap();
/// }
/// assert!(!watch.rejects(0.05));
/// for _ in 0..5 {
///     watch.observe(1.0).unwrap();
/// }
/// assert!(watch.rejects(0.05));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EProcess {
    /// What the evidence speaks against.
    pub claim: Claim,
    /// The error rate of the claim.
    pub max_error: f64,
    /// The audited items so far.
    pub n: u64,
    /// The sum of their losses.
    pub loss_sum: f64,
    /// The log of each gambler's capital.
    pub log_capitals: [f64; N_BETS],
    /// The log of the largest e-value so far.
    pub log_peak: f64,
}

impl EProcess {
    /// Nothing observed: an e-value of 1.
    ///
    /// # Errors
    /// `max_error` is not strictly between 0 and 1.
    pub fn new(claim: Claim, max_error: f64) -> Result<Self, AcceptError> {
        if !is_share(max_error) {
            return Err(AcceptError::NotAShare { what: "max_error", got: max_error });
        }
        Ok(Self { claim, max_error, n: 0, loss_sum: 0.0, log_capitals: [0.0; N_BETS], log_peak: 0.0 })
    }

    /// Takes one audited item and returns the e-value after it. After an error nothing has changed.
    ///
    /// # Errors
    /// A loss outside [0, 1].
    pub fn observe(&mut self, loss: f64) -> Result<f64, AcceptError> {
        if !(0.0..=1.0).contains(&loss) {
            return Err(AcceptError::BadLoss { got: loss, kind: super::Loss::Graded });
        }
        // What the largest stake allowed would win: it never takes more than all a gambler has.
        let gain = match self.claim {
            Claim::AtMost => (loss - self.max_error) / self.max_error,
            Claim::Above => (self.max_error - loss) / (1.0 - self.max_error),
        };
        for (capital, stake) in self.log_capitals.iter_mut().zip(stakes()) {
            *capital += (stake * gain).ln_1p();
        }
        self.n += 1;
        self.loss_sum += loss;
        let log_e = log_mean(&self.log_capitals);
        self.log_peak = self.log_peak.max(log_e);
        Ok(log_e.exp())
    }

    /// The e-value now: the evidence against the claim, 1 at the start; infinity where it is beyond all numbers.
    pub fn e_value(&self) -> f64 {
        log_mean(&self.log_capitals).exp()
    }

    /// Whether the e-value has ever reached `1 / delta`. Under a true claim this comes with probability `delta` at most.
    pub fn rejects(&self, delta: f64) -> bool {
        is_share(delta) && self.log_peak >= -delta.ln()
    }
}
