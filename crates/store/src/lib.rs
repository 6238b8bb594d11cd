//! The append-only journal of a project, over SQLite: what was asked, what was answered, what it cost.
//!
//! In: the rows of `karat_core` (attempts, annotations, runs, annotators) and the bytes of prompts and answers. Out: a
//! promise that they are on disk, and the same rows again. Not here: what an outcome means (`karat_core`) and when to ask
//! (`karat-engine`). SQL is here and nowhere else.
//!
//! - [`Store`]: one for each project and process; [`Store::open`] to write, [`Store::open_existing`] to look.
//! - [`Journal::write`] returns when its [`Entry`] is on disk. Many callers share one transaction.
//! - [`Budget::reserve`] sets money aside before a call; the hold ends in the entry that has the call's attempt.
//! - [`Store::standing`] says what is done, [`Store::answers`] what was paid for: so a run goes on by itself.
//! - [`Store::decide`] keeps what was decided about labels, [`Store::decisions`] reads it; an [`Entry`] may bring decisions.
//! - [`Store::open_hold`] finds the money that an earlier process set aside for work that goes on without it.
//! - [`Store::verify`] checks all of it; [`Store::rebuild`] makes the sums anew.
//!
//! # The stored format, version 2
//!
//! One SQLite file, `.karat/karat.db`, in the project's folder; write-ahead log, `synchronous = FULL`. Beside it lies
//! `.karat/locks/`, whose files mean nothing unless a process holds a lock on them: `annotator-<hash>` (a [`Claim`]),
//! `run-<number>` (the run is alive), `open` (the tables are being made). The first line of a lock is the process number.
//!
//! A **hash** is the first 16 bytes of BLAKE3, as bytes. **Money** is in millionths of a US dollar. **Times** are
//! milliseconds since 1970, and are told, never trusted: the order of things is that of `seq` and `id`, which grow by one
//! in the order of writing, so a clock that jumps changes nothing. Texts are UTF-8. Annotators and runs are named by
//! short numbers, which mean nothing outside the file.
//!
//! ## The log
//! Rows are added and never changed: triggers refuse `UPDATE` and `DELETE`.
//!
//! | table | a row is | columns |
//! |---|---|---|
//! | `annotator` | who answers; the first name stays | `id`, `hash` (of the four parts that make it: `karat_core::Annotator::id`), `kind`, `name`, `model`, `prompt` (hash), `settings` (JSON) |
//! | `run` | one execution of a plan | `id`, `plan` (hash), `command`, `seed` (64 bits, as a signed number), `max_cost` or null, `at_ms` |
//! | `run_end` | how it ended; none: it is alive or crashed | `run`, `how` (`finished`, `interrupted`, `failed: …`), `at_ms` |
//! | `attempt` | one try of one call | `seq`, `run`, `annotator`, `item`, `request` (hash: the identity of the question), `sample` (from 0), `ask` (0, or 1 for the re-ask), `attempt` (the try, from 1), `status` (`ok` or the class of the error), `message`, `prompt` (blob), `answer` (blob or null), `tokens_*` (five numbers, or all null where the provider did not say), `cost`, `priced` (date of the price), `latency_ms`, `served_model`, `at_ms` |
//! | `annotation` | one outcome | `seq`, `run`, `annotator`, `item`, `input` (hash of what was shown of the item), `kind` (`labeled`, `abstained`, `unusable`, `failed`), `body` (JSON: the value, or why there is none), `confidence` or null, `source`, `notes` (JSON list or null), `at_ms` |
//! | `blob` | the bytes of a prompt or an answer | `hash` (of the original), `codec` (0 as it is, 1 one zstd frame), `size` (of the original), `bytes` |
//! | `hold` | money set aside for a call | `id`, `run`, `amount` |
//! | `hold_end` | the end of a hold | `hold`, `how` (`settled` by attempts, `released` without a call), `cost` |
//! | `decision` | what was decided about labels: a sample drawn, a calibration, a certificate, an audit, a step of a batch (since version 2) | `id`, `kind`, `body` (JSON, whose form belongs to the stage that wrote it), `at_ms` |
//! | `migration` | the file has this version | `version` |
//!
//! Of one annotator's outcomes on one item and input, that stands which is the newest and no failure, else the newest
//! (`karat_core::standing`). An attempt whose status is `ok` is also the cache: the same request is never paid for twice.
//! All rows of an entry, its blobs and the end of its hold are in one transaction.
//!
//! ## The sums
//! Computed from the log, kept in step in the same transaction, and free to be deleted and made anew.
//!
//! | table | holds |
//! |---|---|
//! | `tally` | for each annotator: numbers of annotations, attempts and calls (attempts that were the first of their call), tokens, cost, first and last time |
//! | `tally_count` | numbers by annotator, `what` and `name`: `outcome` by kind (those that stand), `abstained`, `unusable` and `failed` by reason, `attempt` by status |
//! | `open_hold` | the holds without an end |
//!
//! The money spent is the sum of `tally.cost`; a hold is granted where spent, open holds and its amount together stay
//! within the limit, which is decided under the lock of the transaction that writes it. The open holds of a run that is
//! not alive are calls in flight at a crash: they may have been paid, and count as spent.

mod batch;
mod blob;
mod budget;
mod connect;
mod decision;
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
pub use decision::Decision;
pub use journal::{Entry, Journal, JournalOptions};
pub use lock::Claim;
pub use migrate::FORMAT_VERSION;
pub use overview::{HeldByRun, RunOverview, RunState, Spending, Tally, UsageSample};
pub use read::{CachedAnswer, Effort};
pub use store::Store;
pub use verify::Verification;
