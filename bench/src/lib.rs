//! Benchmark harness: a fault server, a bare client, ratios.
//!
//! Three programs stand on this crate: `fault-server` answers as an OpenAI-compatible endpoint and misbehaves as told,
//! `bare-client` makes the same calls as cheaply as a reqwest client can, and `karat-bench` runs both next to the real
//! `karat` binary and prints ratios. Nothing else depends on it: other tests start its programs as processes.

pub mod answer;
pub mod client;
pub mod draw;
pub mod fault;
pub mod further;
pub mod http1;
pub mod karat;
pub mod ledger;
pub mod limit;
pub mod measure;
pub mod model;
pub mod options;
pub mod report;
pub mod request;
pub mod rows;
pub mod say;
pub mod scenario;
pub mod schema;
pub mod server;
pub mod serving;
