//! kill -9 at random moments, then the same command again.

use std::time::Duration;

use anyhow::Result;

use crate::draw;
use crate::karat::{self, Labeling};
use crate::measure;
use crate::report::{Check, KARAT, Report, Sample};
use crate::say;
use crate::scenario::{Values, Workplace};

struct Trial<'a> {
    place: &'a Workplace,
    n_rows: u64,
    concurrency: usize,
    server: String,
}

pub(super) fn run(place: &Workplace) -> Result<Report> {
    let options = &place.options;
    let latency_ms = options.latency_ms.unwrap_or(5.0);
    let trial = Trial {
        place,
        n_rows: options.rows.unwrap_or(10_000),
        concurrency: options.concurrency.unwrap_or(64),
        server: format!("--latency-ms={latency_ms} --latency-sigma=0.5"),
    };
    let rounds = options.rounds.unwrap_or(20);
    let Trial { n_rows, concurrency, .. } = trial;
    let about = format!(
        "karat labels {n_rows} rows with {concurrency} calls in flight and {latency_ms} ms latency, is killed with SIGKILL at a \
         random moment of the run and started again with the same command; {rounds} times, each in a new folder. The server \
         counts what is paid, calls whose client is gone included."
    );
    let mut report = Report::new("kill", about);
    let whole_s = trial.whole_run()?;
    for round in 1..=rounds {
        let moment = draw::unit(options.seed, "kill", u64::from(round));
        let values = trial.kill_and_resume(round, Duration::from_secs_f64(whole_s * moment))?;
        report.samples.push(Sample { subject: KARAT, round, values });
    }
    let most = |name| report.values(KARAT, name).into_iter().fold(0.0, f64::max);
    let checks = vec![
        Check::at_most("rows lost in any round", most("rows lost"), 0.0),
        Check::at_most("rows missing or doubled in any round", most("rows missing"), 0.0),
        Check::at_most("wrong labels in any round", most("wrong labels"), 0.0),
        Check::at_most("answers repaid in any round", most("answers repaid"), concurrency as f64),
    ];
    report.checks = checks;
    Ok(report)
}

impl Trial<'_> {
    /// How long a run takes when nobody kills it, seconds.
    fn whole_run(&self) -> Result<f64> {
        let server = self.place.server(&self.server)?;
        let folder = self.place.folder("whole")?;
        let file = self.place.rows_file(self.n_rows)?;
        Ok(self.place.run_karat(&server, &file, &folder, self.concurrency, None)?.wall_s)
    }

    fn kill_and_resume(&self, round: u32, life: Duration) -> Result<Values> {
        let server = self.place.server(&self.server)?;
        let folder = self.place.folder(&format!("round-{round}"))?;
        let file = self.place.rows_file(self.n_rows)?;
        let base_url = server.base_url();
        let labeling = Labeling {
            program: &self.place.karat,
            file: &file,
            folder: &folder,
            base_url: &base_url,
            concurrency: self.concurrency,
            budget: None,
        };
        let killed = measure::run_and_kill(&mut labeling.command(), life)?;
        let at_kill = server.stats()?;
        // The server still bills what was in flight; only then it is known what the first run cost.
        while server.stats()?.in_flight > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let paid_first = server.stats()?.paid;
        let resumed = self.place.run_karat(&server, &file, &folder, self.concurrency, None)?;
        let (stats, keys) = (server.stats()?, server.keys()?);
        let audit = karat::audit(&labeling.out(), self.n_rows, self.place.options.seed, Some(&keys))?;
        let repaid = stats.answers_repaid;
        let ending = if killed.code.is_some() { "had ended" } else { "killed" };
        say::note(&format!(
            "kill {round}: {ending} after {:.2} s with {paid_first} paid; repaid {repaid}, lost {}",
            killed.wall_s, audit.lost
        ));
        std::fs::remove_dir_all(&folder)?;
        Ok(vec![
            ("killed after s", killed.wall_s),
            ("calls paid before", paid_first as f64),
            ("in flight at the server", at_kill.in_flight as f64),
            ("answers repaid", repaid as f64),
            ("rows lost", audit.lost as f64),
            ("rows missing", (audit.missing + audit.doubled) as f64),
            ("wrong labels", audit.wrong as f64),
            ("rows labeled", audit.labeled as f64),
            ("going on took s", resumed.wall_s),
        ])
    }
}
