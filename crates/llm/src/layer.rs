//! What wraps a provider: trying again, keeping to limits, keeping to a budget.
//!
//! In: a [`Complete`](crate::Complete). Out: another one. Their order matters, outermost first: [`Retry`] waits and tries
//! again, [`Limit`] asks for permission for each try, [`Meter`] reserves money for each try, then comes the provider.
//!
//! All waiting goes through tokio's clock, which tests pause.

pub mod limit;
pub mod meter;
pub mod retry;

mod bucket;
mod climb;

pub use limit::{Announce, Limit, LimitSnapshot, Limiter, Limiters};
pub use meter::{Ledger, Meter, Ticket};
pub use retry::{Retry, RetryPolicy, Tries};
