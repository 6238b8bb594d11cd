//! What stands around a provider: keeping to limits, and when to try again.
//!
//! [`Limit`] wraps a [`Complete`](crate::Complete) and asks for permission for each try; [`Tries`] says after each failed one
//! whether and when there is another. The caller stands between the two, and keeps its books there. [`Fallback`] stands for
//! several of them: who is down is passed by.
//!
//! All waiting goes through tokio's clock, which tests pause.

pub mod fallback;
pub mod limit;
pub mod retry;

mod bucket;
mod climb;

pub use fallback::{Fallback, Member};
pub use limit::{Announce, Limit, LimitSnapshot, Limiter, Limiters};
pub use retry::{RetryPolicy, Tries};
