//! `bare-client`: sends each row of a CSV once and prints what that took, as JSON.

use std::process::ExitCode;

use clap::Parser;
use karat_bench::client::{self, ClientOptions};
use karat_bench::say;

/// Sends each text of a CSV to an OpenAI-compatible endpoint once and prints what that took, as JSON.
#[derive(Parser)]
#[command(version)]
struct Line {
    #[command(flatten)]
    options: ClientOptions,
}

fn main() -> ExitCode {
    match client::run(&Line::parse().options) {
        Ok(report) => {
            say::line(&serde_json::json!(report).to_string());
            ExitCode::SUCCESS
        }
        Err(error) => {
            say::note(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}
