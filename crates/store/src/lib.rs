//! The append-only journal, over SQLite.

mod batch;
mod blob;
mod budget;
mod connect;
mod error;
mod journal;
mod known;
mod lock;
mod migrate;
mod overview;
mod read;
mod rows;
mod sql;
mod store;
mod tally;
mod verify;
mod writer;

pub use budget::{Budget, BudgetError, Hold};
pub use connect::StoreOptions;
pub use journal::{Entry, Journal, JournalOptions};
pub use lock::Claim;
pub use migrate::FORMAT_VERSION;
pub use overview::{HeldByRun, RunOverview, RunState, Spending, Tally, UsageSample};
pub use read::CachedAnswer;
pub use store::Store;
pub use verify::Verification;
