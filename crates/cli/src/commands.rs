//! The commands, one file each: `Args` says what can be given, `run` does it.

pub(crate) mod accept;
pub(crate) mod agree;
pub(crate) mod audit;
pub(crate) mod batches;
pub(crate) mod calibrate;
pub(crate) mod compare;
pub(crate) mod consensus;
pub(crate) mod decide;
pub(crate) mod doctor;
pub(crate) mod errors;
pub(crate) mod estimate;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod help_markdown;
pub(crate) mod init;
pub(crate) mod kinds;
pub(crate) mod label;
pub(crate) mod mask;
pub(crate) mod plan;
pub(crate) mod prompt;
pub(crate) mod report;
pub(crate) mod retry;
pub(crate) mod sample;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod verify;
