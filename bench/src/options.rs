//! The options of the fault server, on its command line and for the harness that starts it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::fault::{Fault, FaultPlan, read_share};

/// How the fault server answers and misbehaves.
#[derive(Debug, Clone, Args)]
pub struct ServerOptions {
    /// The port on 127.0.0.1; 0 chooses a free one, which the first line on stdout names.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Threads that serve.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Seeds faults, latencies and answers.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The labels to answer with.
    #[arg(long, value_delimiter = ',')]
    pub labels: Vec<String>,
    /// The name of the served model; without it, the name asked for.
    #[arg(long)]
    pub model: Option<String>,
    /// Finds the item's key in a prompt, a regular expression.
    #[arg(long, default_value = r"item-\d+")]
    pub key_pattern: String,
    /// Median latency of an answer.
    #[arg(long, default_value_t = 0.0)]
    pub latency_ms: f64,
    /// Spread of the latency (sigma of a log-normal law); 0 is a fixed latency.
    #[arg(long, default_value_t = 0.0)]
    pub latency_sigma: f64,
    /// A share of calls that meets a fault, as `server_error=0.02`; once for each fault.
    #[arg(long = "fault", value_parser = read_share, value_name = "FAULT=SHARE")]
    pub faults: Vec<(Fault, f64)>,
    /// No item meets more faults than this.
    #[arg(long, default_value_t = 2)]
    pub max_faults_per_key: u32,
    /// What the 429 fault announces as the time to wait.
    #[arg(long, default_value_t = 100)]
    pub retry_after_ms: u64,
    /// How long a slow body takes.
    #[arg(long, default_value_t = 2000)]
    pub drip_ms: u64,
    /// A rate limit in requests per second, announced in headers and enforced with 429.
    #[arg(long)]
    pub rate: Option<f64>,
    /// How many requests the rate limit lets through at once; a tenth of the rate by default.
    #[arg(long)]
    pub burst: Option<f64>,
    /// Appends one line of JSON for each paid call, before its answer leaves.
    #[arg(long)]
    pub paid_log: Option<PathBuf>,
    /// Writes the body of the first chat request to this file.
    #[arg(long)]
    pub capture: Option<PathBuf>,
    /// Ends when stdin closes, so that no server outlives the harness that started it.
    #[arg(long)]
    pub until_stdin_closes: bool,
}

impl ServerOptions {
    /// The part of the options that plans faults and latencies.
    ///
    /// # Errors
    /// Says so when the shares exceed 1 together.
    pub fn plan(&self) -> Result<FaultPlan, String> {
        let sum: f64 = self.faults.iter().map(|(_, share)| share).sum();
        if sum > 1.0 + 1e-9 {
            return Err(format!("the shares of the faults are {sum} together; they must not exceed 1"));
        }
        let latency = Duration::try_from_secs_f64(self.latency_ms / 1000.0)
            .map_err(|error| format!("`{}` is no latency in milliseconds: {error}", self.latency_ms))?;
        Ok(FaultPlan {
            seed: self.seed,
            shares: self.faults.clone(),
            max_per_key: self.max_faults_per_key,
            latency,
            latency_sigma: self.latency_sigma,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: ServerOptions,
    }

    #[test]
    fn a_command_line_becomes_a_plan() {
        let line = "x --labels a,b --fault hang=0.1 --fault cut=0.2 --latency-ms 2.5 --seed 9";
        let options = Line::parse_from(line.split(' ')).options;
        let plan = options.plan().unwrap();
        assert_eq!(plan.shares, [(Fault::Hang, 0.1), (Fault::Cut, 0.2)]);
        assert_eq!((plan.latency, plan.seed), (Duration::from_micros(2500), 9));
        assert_eq!(options.labels, ["a", "b"]);
    }

    #[test]
    fn shares_above_one_are_refused() {
        let options = Line::parse_from("x --fault hang=0.6 --fault cut=0.6".split(' ')).options;
        assert!(options.plan().unwrap_err().contains("1.2"));
    }
}
