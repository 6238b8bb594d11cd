//! The pipeline: from files and a `karat.toml` to labels of known quality.
//!
//! One file for each stage: [`Setup`] (what to work on), [`survey`] (what is in the data), [`plan`] (what it will cost),
//! [`run`] (ask and write), [`export`] (the labeled file), [`evaluate`] (how good the labels are), [`report`] (all of it on a page).
//!
//! Not here: printing, flags, and the page.

pub mod accept;
pub mod agree;
mod answer;
mod ask;
mod asker;
pub mod batch;
mod beside;
pub mod calibrate;
pub mod compare;
pub mod consensus;
pub mod correct;
mod corrected;
pub mod decide;
pub mod errors;
pub mod estimate;
pub mod evaluate;
mod export;
mod history;
mod html;
pub mod inspect;
pub mod judged;
mod labels_file;
mod ladder;
pub mod measure;
pub mod panel;
mod plain;
mod plan;
mod pool;
mod privacy;
mod progress;
mod prompt_blob;
mod purse;
pub mod report;
mod run;
pub mod sample;
mod scoring;
mod setup;
mod shots;
mod standby;
mod stop;
mod survey;
mod wrong;

pub use asker::{Asked, Asker, Question};
pub use batch::{BatchOptions, KeptBatch, batches, run_batch};
pub use export::{ADDED, Exported, export};
pub use history::{PastAnswer, answers_to};
pub use plan::{AnnotatorPlan, CostRange, Plan, plan, plan_batch};
pub use privacy::{Privacy, PrivacyReport, privacy_report};
pub use progress::{Count, Progress};
pub use run::{RunEnd, RunOptions, Selection, Watch, run};
pub use setup::{OneLine, PROJECT_FILE, Setup, limit};
pub use stop::Stop;
pub use survey::{Survey, item_of, survey};

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, for the journal. Order in the journal is by its sequence, never by this.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
