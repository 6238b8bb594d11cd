//! `fault-server`: an OpenAI-compatible endpoint on loopback that misbehaves as told and counts what is paid.

use std::process::ExitCode;

use clap::Parser;
use karat_bench::options::ServerOptions;
use karat_bench::{say, server};

/// Answers `/v1/chat/completions`, `/v1/completions` with `echo`, `/v1/embeddings` and `/v1/models` on 127.0.0.1, with faults. `GET /stats`, `GET /stats/keys` and
/// `POST /reset` tell and forget what was counted.
#[derive(Parser)]
#[command(version)]
struct Line {
    #[command(flatten)]
    options: ServerOptions,
}

fn main() -> ExitCode {
    match server::run(&Line::parse().options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::note(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}
