//! What the harness can measure, and what all of it shares: programs, folders, rows, one run of each subject.
//!
//! In: a [`Workplace`]. Out: a [`Report`]. To add a scenario: write its file, add its row to [`SCENARIOS`].

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use tempfile::TempDir;

use crate::client::{Body, ClientReport, PLACE};
use crate::karat::{self, Budget, Labeling};
use crate::ledger::Stats;
use crate::measure::{self, Measured};
use crate::report::Report;
use crate::rows;
use crate::server::ServerProcess;

mod budget;
mod compare;
mod faults;
mod kill;
mod memory;
mod startup;

/// One thing that can be measured.
pub struct Scenario {
    /// The subcommand and the name of the result files.
    pub name: &'static str,
    /// The help.
    pub about: &'static str,
    /// Does it.
    pub run: fn(&Workplace) -> Result<Report>,
}

/// Every scenario, in the order in which `all` runs them.
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "startup", about: "How long `karat --help` takes", run: startup::run },
    Scenario {
        name: "throughput",
        about: "Rows per second, CPU and memory against a server without latency, next to the bare client",
        run: compare::throughput,
    },
    Scenario {
        name: "latency",
        about: "Rows per second at 100 ms with 256 calls in flight, next to the bare client",
        run: compare::latency,
    },
    Scenario {
        name: "memory",
        about: "Peak memory for the rows given, and for a million with `--million`",
        run: memory::run,
    },
    Scenario {
        name: "faults",
        about: "Rows lost and items paid twice while calls fail in every way",
        run: faults::run,
    },
    Scenario {
        name: "kill",
        about: "Rows lost and calls repaid after kill -9 at random moments and going on",
        run: kill::run,
    },
    Scenario {
        name: "budget",
        about: "What the server was owed under a budget, over kills and restarts",
        run: budget::run,
    },
];

/// What every scenario can be told; what is left out has a default of the scenario's own.
#[derive(Debug, Clone, Args)]
pub struct ScenarioOptions {
    /// Rows to label.
    #[arg(long)]
    pub rows: Option<u64>,
    /// How often each run is repeated, or how many kills there are.
    #[arg(long)]
    pub rounds: Option<u32>,
    /// Calls in flight.
    #[arg(long)]
    pub concurrency: Option<usize>,
    /// Median latency of the server.
    #[arg(long)]
    pub latency_ms: Option<f64>,
    /// Seeds the server and the moments of the kills.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The `karat` binary; the one next to this program by default.
    #[arg(long)]
    pub karat: Option<PathBuf>,
    /// Measures the bare client alone.
    #[arg(long)]
    pub only_bare: bool,
    /// Also labels a million rows where memory is measured.
    #[arg(long)]
    pub million: bool,
    /// Only these mixes of faults.
    #[arg(long, value_delimiter = ',')]
    pub mix: Vec<String>,
    /// Where the working folders are made; they are removed at the end.
    #[arg(long)]
    pub scratch: Option<PathBuf>,
    /// Where the results go.
    #[arg(long, default_value = "bench/results")]
    pub results: PathBuf,
}

impl ScenarioOptions {
    /// The command that measures the same again, without the paths of this machine.
    pub fn command(&self, name: &str) -> String {
        let mut words = vec![format!("karat-bench {name} --seed {}", self.seed)];
        words.extend(self.rows.map(|n| format!("--rows {n}")));
        words.extend(self.rounds.map(|n| format!("--rounds {n}")));
        words.extend(self.concurrency.map(|n| format!("--concurrency {n}")));
        words.extend(self.latency_ms.map(|ms| format!("--latency-ms {ms}")));
        words.extend(self.only_bare.then(|| "--only-bare".to_owned()));
        words.extend(self.million.then(|| "--million".to_owned()));
        words.extend((!self.mix.is_empty()).then(|| format!("--mix {}", self.mix.join(","))));
        words.join(" ")
    }
}

/// Where a scenario works, and with what.
pub struct Workplace {
    /// What the person asked for.
    pub options: ScenarioOptions,
    /// The `karat` binary.
    pub karat: PathBuf,
    bare_client: PathBuf,
    fault_server: PathBuf,
    scratch: TempDir,
}

/// Named figures of one run.
pub type Values = Vec<(&'static str, f64)>;

impl Workplace {
    /// Finds the programs and makes a folder.
    ///
    /// # Errors
    /// When a program is missing or no folder can be made.
    pub fn new(options: ScenarioOptions) -> Result<Workplace> {
        let own = std::env::current_exe().context("this program does not know where it is")?;
        let beside = |name: &str| own.with_file_name(name);
        let scratch = match &options.scratch {
            Some(folder) => tempfile::tempdir_in(folder),
            None => tempfile::tempdir(),
        };
        let karat = options.karat.clone().unwrap_or_else(|| beside("karat"));
        let workplace = Workplace {
            // Each run has a folder of its own, where a relative path would lead elsewhere.
            karat: if options.only_bare { karat } else { absolute(&karat)? },
            bare_client: absolute(&beside("bare-client"))?,
            fault_server: absolute(&beside("fault-server"))?,
            scratch: scratch.context("no working folder can be made; name another with `--scratch`")?,
            options,
        };
        Ok(workplace)
    }

    /// A new, empty folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.scratch.path().join(name);
        std::fs::create_dir(&path).with_context(|| format!("cannot make `{}`", path.display()))?;
        Ok(path)
    }

    /// A CSV with this many rows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn rows_file(&self, n_rows: u64) -> Result<PathBuf> {
        let path = self.scratch.path().join(format!("rows-{n_rows}.csv"));
        if !path.exists() {
            let file = File::create(&path).with_context(|| format!("cannot write `{}`", path.display()))?;
            let mut out = BufWriter::new(file);
            rows::write(&mut out, n_rows)?;
            out.flush()?;
        }
        Ok(path)
    }

    /// Starts a server with `args` beyond the labels and the seed.
    ///
    /// # Errors
    /// When it does not start.
    pub fn server(&self, args: &str) -> Result<ServerProcess> {
        let mut all =
            vec![format!("--seed={}", self.options.seed), format!("--labels={}", karat::LABELS.join(","))];
        all.extend(args.split_whitespace().map(str::to_owned));
        ServerProcess::start(&self.fault_server, &all)
    }

    /// The body that karat sends, with the place of the text marked, in a file; and what a call with it costs. The bare
    /// client sends the same.
    ///
    /// # Errors
    /// When karat sends nothing, or no body with the text in it.
    pub fn karat_body(&self) -> Result<(PathBuf, Stats)> {
        let folder = self.folder("body")?;
        let captured = folder.join("captured.json");
        let server = self.server(&format!("--capture={}", captured.display()))?;
        self.run_karat(&server, &self.rows_file(1)?, &folder, 1, None)?;
        let sent = std::fs::read_to_string(&captured).unwrap_or_default();
        let template = sent.replace(&rows::text(0), PLACE);
        Body::new(&template)
            .with_context(|| format!("karat's request does not hold the text of the row: `{sent}`"))?;
        let path = folder.join("body.json");
        std::fs::write(&path, template)?;
        Ok((path, server.stats()?))
    }

    /// Sends the rows with the bare client.
    ///
    /// # Errors
    /// When it fails, or leaves a row unanswered.
    pub fn run_bare(
        &self,
        server: &ServerProcess,
        file: &Path,
        body: Option<&Path>,
        concurrency: usize,
    ) -> Result<Values> {
        let mut command = Command::new(&self.bare_client);
        command.arg(file).args(["--base-url", &server.base_url(), "--concurrency", &concurrency.to_string()]);
        if let Some(body) = body {
            command.arg("--body-file").arg(body);
        }
        let ran = measure::run(&mut command)?;
        let said: ClientReport = serde_json::from_str(&ran.stdout)
            .with_context(|| format!("the bare client did not report but said `{}`", ran.last_words()))?;
        if said.failed > 0 {
            bail!("the bare client got no answer for {} of {} rows", said.failed, said.rows);
        }
        values(said.rows, &ran, server)
    }

    /// Labels `file` in `folder`; the same again goes on.
    ///
    /// # Errors
    /// When karat cannot start or fails. Rows without a label are no failure.
    pub fn run_karat(
        &self,
        server: &ServerProcess,
        file: &Path,
        folder: &Path,
        concurrency: usize,
        budget: Option<&Budget>,
    ) -> Result<Measured> {
        let base_url = server.base_url();
        let labeling =
            Labeling { program: &self.karat, file, folder, base_url: &base_url, concurrency, budget };
        let ran = measure::run(&mut labeling.command())?;
        match ran.code {
            Some(0 | 1) => Ok(ran),
            code => bail!("karat ended with {code:?}: {}", ran.last_words()),
        }
    }
}

/// The figures of a run over `n_rows`.
///
/// # Errors
/// When the server does not answer.
pub fn values(n_rows: u64, ran: &Measured, server: &ServerProcess) -> Result<Values> {
    let stats = server.stats()?;
    let n = n_rows as f64;
    let server_cpu_s = measure::cpu_s(&server.pid().to_string()).unwrap_or(f64::NAN);
    Ok(vec![
        ("rows/s, whole run", n / ran.wall_s),
        ("rows/s, first call to last", n / stats.busy_s),
        ("CPU s per 1k rows", ran.usage.cpu_s * 1000.0 / n),
        ("peak RSS MB", ran.usage.peak_rss_mb),
        ("server CPU s per 1k rows", server_cpu_s * 1000.0 / n),
        ("connections", stats.connections as f64),
    ])
}

fn absolute(program: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(program).with_context(|| {
        format!("`{}` is not there; build it with `--release` or name it", program.display())
    })
}
