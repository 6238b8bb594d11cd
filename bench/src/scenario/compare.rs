//! karat next to the bare client: the same calls, in turns.

use anyhow::{Result, bail};

use crate::karat;
use crate::report::{BARE, Check, KARAT, Report, Sample};
use crate::say;
use crate::scenario::{Values, Workplace, values};

struct Contest {
    n_rows: u64,
    rounds: u32,
    concurrency: usize,
    latency_ms: f64,
}

/// Zero latency: what the program itself costs.
pub(super) fn throughput(place: &Workplace) -> Result<Report> {
    let contest = Contest::from(place, 256, 0.0);
    let mut report = contest.run(place, "throughput")?;
    if let (Some(rate), Some(cpu), Some(rss)) = (
        report.ratio(KARAT, BARE, "rows/s, whole run"),
        report.ratio(KARAT, BARE, "CPU s per 1k rows"),
        report.median(KARAT, "peak RSS MB"),
    ) {
        report.checks.push(Check::at_least("rows/s, as a share of the bare client's,", rate, 0.5));
        report.checks.push(Check::at_most("CPU, as a multiple of the bare client's,", cpu, 3.0));
        report.checks.push(Check::at_most("peak RSS in MB", rss, 80.0));
    }
    Ok(report)
}

/// A usual latency: whether the program stands in the way.
pub(super) fn latency(place: &Workplace) -> Result<Report> {
    let contest = Contest::from(place, 256, 100.0);
    let mut report = contest.run(place, "latency")?;
    if let Some(rate) = report.ratio(KARAT, BARE, "rows/s, whole run") {
        report.checks.push(Check::at_least("rows/s, as a share of the bare client's,", rate, 0.9));
    }
    Ok(report)
}

impl Contest {
    fn from(place: &Workplace, concurrency: usize, latency_ms: f64) -> Contest {
        let options = &place.options;
        Contest {
            n_rows: options.rows.unwrap_or(10_000),
            rounds: options.rounds.unwrap_or(5),
            concurrency: options.concurrency.unwrap_or(concurrency),
            latency_ms: options.latency_ms.unwrap_or(latency_ms),
        }
    }

    fn run(&self, place: &Workplace, name: &'static str) -> Result<Report> {
        let Contest { n_rows, rounds, concurrency, latency_ms } = self;
        let about = format!(
            "{n_rows} texts of 40 to 120 characters, {latency_ms} ms latency, {concurrency} calls in flight, {rounds} rounds in turns. \
             Both send the same bodies. karat checks every answer and writes it to its store and the output; the bare client writes nothing."
        );
        let mut report = Report::new(name, about);
        let body = if place.options.only_bare { None } else { Some(place.karat_body()?.0) };
        for round in 1..=*rounds {
            // The first place changes hands, so that neither always meets the warmer machine.
            let mut subjects = if round % 2 == 1 { vec![BARE, KARAT] } else { vec![KARAT, BARE] };
            subjects.retain(|subject| *subject == BARE || !place.options.only_bare);
            for subject in subjects {
                let server = place.server(&format!("--latency-ms={latency_ms}"))?;
                let file = place.rows_file(*n_rows)?;
                let values = match subject {
                    BARE => place.run_bare(&server, &file, body.as_deref(), *concurrency)?,
                    _ => self.karat(place, &server, round)?,
                };
                say::note(&format!("{name} {round}/{rounds} {subject}: {:.0} rows/s", values[0].1));
                report.samples.push(Sample { subject, round, values });
            }
        }
        Ok(report)
    }

    fn karat(&self, place: &Workplace, server: &crate::server::ServerProcess, round: u32) -> Result<Values> {
        let folder = place.folder(&format!("round-{round}"))?;
        let ran = place.run_karat(server, &place.rows_file(self.n_rows)?, &folder, self.concurrency, None)?;
        let values = values(self.n_rows, &ran, server)?;
        let audit = karat::audit(&folder.join("out.csv"), self.n_rows, place.options.seed, None)?;
        if audit.labeled != self.n_rows {
            bail!("the rate counts for nothing: not every row has its label: {audit:?}");
        }
        std::fs::remove_dir_all(&folder)?;
        Ok(values)
    }
}
