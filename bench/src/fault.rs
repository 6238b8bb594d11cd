//! Which call meets which fault: a pure plan.
//!
//! In: the share of each fault, a seed, the key of the item and how often it was called. Out: a [`Fault`] or none, and
//! the latency. Two runs with one seed see the same faults however the calls interleave, since nothing else is asked.
//!
//! Not here: carrying a fault out (`server.rs`) and the rate limit, which depends on time (`limit.rs`).

use std::time::Duration;

use crate::draw;

/// One way in which a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 429 with `Retry-After` and `retry-after-ms`.
    RateLimited,
    /// 429 that does not say when to come back.
    RateLimitedBare,
    /// 500.
    ServerError,
    /// 503.
    Unavailable,
    /// The connection is reset before an answer.
    Reset,
    /// The call is never answered.
    Hang,
    /// A good answer, but the connection closes in the middle of the body.
    Cut,
    /// A complete 200 whose body is no JSON.
    BadJson,
    /// A good completion whose content is prose, where JSON was asked for.
    Garbled,
    /// A good completion with a label that is not in the set.
    Outside,
    /// A good answer whose body drips.
    Slow,
    /// A good completion with empty content.
    Empty,
}

/// Every fault with the name it has in options, statistics and logs.
pub const FAULTS: &[(Fault, &str)] = &[
    (Fault::RateLimited, "rate_limited"),
    (Fault::RateLimitedBare, "rate_limited_bare"),
    (Fault::ServerError, "server_error"),
    (Fault::Unavailable, "unavailable"),
    (Fault::Reset, "reset"),
    (Fault::Hang, "hang"),
    (Fault::Cut, "cut"),
    (Fault::BadJson, "bad_json"),
    (Fault::Garbled, "garbled"),
    (Fault::Outside, "outside"),
    (Fault::Slow, "slow"),
    (Fault::Empty, "empty"),
];

impl Fault {
    /// The name in options, statistics and logs.
    pub fn name(self) -> &'static str {
        FAULTS.iter().find(|(fault, _)| *fault == self).map_or("unnamed", |(_, name)| name)
    }

    /// Whether a call that meets this fault is paid: the model answered and its tokens are billed.
    pub fn is_paid(self) -> bool {
        match self {
            Fault::RateLimited | Fault::RateLimitedBare | Fault::ServerError | Fault::Unavailable => false,
            Fault::Reset | Fault::Hang => false,
            Fault::Cut | Fault::BadJson | Fault::Garbled | Fault::Outside | Fault::Slow | Fault::Empty => {
                true
            }
        }
    }

    /// Whether the client can still read a good answer; only then is a second paid call for the item waste.
    pub fn is_clean(self) -> bool {
        self == Fault::Slow
    }
}

/// How the server misbehaves, and how fast it answers.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultPlan {
    /// Seeds every draw.
    pub seed: u64,
    /// Share of calls for each fault, each in [0, 1] and at most 1 together.
    pub shares: Vec<(Fault, f64)>,
    /// No key meets more faults than this.
    pub max_per_key: u32,
    /// The median latency of an answer.
    pub latency: Duration,
    /// Spread of the latency: the sigma of a log-normal law; 0 is a fixed latency.
    pub latency_sigma: f64,
}

impl FaultPlan {
    /// The fault for the `n`-th call (from 1) for `key`, of which `n_met` met a fault before.
    pub fn fault(&self, key: &str, n: u64, n_met: u32) -> Option<Fault> {
        if n_met >= self.max_per_key || self.shares.is_empty() {
            return None;
        }
        let mut left = draw::unit(self.seed, key, n);
        for (fault, share) in &self.shares {
            if left < *share {
                return Some(*fault);
            }
            left -= share;
        }
        None
    }

    /// How long the answer to the `n`-th call for `key` takes, at most 20 times the median.
    pub fn latency(&self, key: &str, n: u64) -> Duration {
        if self.latency_sigma <= 0.0 || self.latency.is_zero() {
            return self.latency;
        }
        // Box-Muller, with draws that no fault uses.
        let first = draw::unit(self.seed ^ 0x6c61_7465, key, n).max(1e-12);
        let second = draw::unit(self.seed ^ 0x6e63_7931, key, n);
        let normal = (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos();
        self.latency.mul_f64((self.latency_sigma * normal).exp().min(20.0))
    }
}

/// Reads `name=share`, as `server_error=0.02`.
///
/// # Errors
/// Says which part is wrong: an unknown fault, or a share outside [0, 1].
pub fn read_share(written: &str) -> Result<(Fault, f64), String> {
    let (name, share) = written.split_once('=').ok_or_else(|| format!("`{written}` is not `fault=share`"))?;
    let known = FAULTS.iter().find(|(_, known)| *known == name).map(|(fault, _)| *fault);
    let fault = known.ok_or_else(|| {
        let names: Vec<_> = FAULTS.iter().map(|(_, name)| *name).collect();
        format!("`{name}` is no fault; choose from {}", names.join(", "))
    })?;
    match share.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok((fault, share)),
        Ok(_) | Err(_) => Err(format!("`{share}` is not a share between 0 and 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(shares: &[(Fault, f64)], max_per_key: u32) -> FaultPlan {
        FaultPlan {
            seed: 3,
            shares: shares.to_vec(),
            max_per_key,
            latency: Duration::from_millis(100),
            latency_sigma: 0.5,
        }
    }

    #[test]
    fn shares_come_out_as_asked_for() {
        let plan = plan(&[(Fault::RateLimited, 0.05), (Fault::ServerError, 0.02), (Fault::Garbled, 0.02)], 9);
        let n = 20_000;
        let count = |want| (0..n).filter(|i| plan.fault(&format!("item-{i}"), 1, 0) == Some(want)).count();
        for (fault, share) in &plan.shares {
            let want = share * f64::from(n);
            let got = count(*fault) as f64;
            assert!((got - want).abs() < 5.0 * want.sqrt(), "{}: {got} of {want}", fault.name());
        }
        assert_eq!(count(Fault::Hang), 0);
    }

    #[test]
    fn the_same_call_meets_the_same_fault() {
        let plan = plan(&[(Fault::Reset, 0.5)], 9);
        let faults = |_| (1..50).map(|n| plan.fault("item-7", n, 0)).collect::<Vec<_>>();
        assert_eq!(faults(0), faults(1));
        assert!(faults(0).contains(&None) && faults(0).contains(&Some(Fault::Reset)));
    }

    #[test]
    fn no_key_meets_more_faults_than_the_most() {
        let plan = plan(&[(Fault::Hang, 1.0)], 2);
        assert_eq!(plan.fault("item-1", 1, 0), Some(Fault::Hang));
        assert_eq!(plan.fault("item-1", 2, 1), Some(Fault::Hang));
        assert_eq!(plan.fault("item-1", 3, 2), None);
    }

    #[test]
    fn latency_is_spread_around_its_median() {
        let plan = plan(&[], 0);
        let n = 2000;
        let mut ms: Vec<_> = (0..n).map(|i| plan.latency(&format!("item-{i}"), 1).as_millis()).collect();
        ms.sort_unstable();
        assert!((90..110).contains(&ms[n / 2]), "median {}", ms[n / 2]);
        assert!(ms[0] < 50 && ms[n - 1] > 200);
    }

    #[test]
    fn every_fault_reads_its_own_name() {
        for (fault, name) in FAULTS {
            assert_eq!(read_share(&format!("{name}=0.25")), Ok((*fault, 0.25)));
            assert_eq!(fault.name(), *name);
        }
    }

    #[test]
    fn a_wrong_share_names_what_is_wrong() {
        assert!(read_share("sleepy=0.1").unwrap_err().contains("`sleepy` is no fault"));
        assert!(read_share("hang=7").unwrap_err().contains("`7`"));
        assert!(read_share("hang").unwrap_err().contains("`hang`"));
    }
}
