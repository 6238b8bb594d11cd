//! Peak memory: it must not grow with the file.

use anyhow::Result;

use crate::karat;
use crate::report::{Check, Report, Sample};
use crate::say;
use crate::scenario::{Workplace, values};

/// Megabytes allowed: for the usual file, and for a million rows.
const BARS_MB: (f64, f64) = (80.0, 200.0);

pub(super) fn run(place: &Workplace) -> Result<Report> {
    let usual = place.options.rows.unwrap_or(10_000);
    let concurrency = place.options.concurrency.unwrap_or(64);
    let latency_ms = place.options.latency_ms.unwrap_or(0.0);
    let about =
        format!("Peak resident memory of karat, {latency_ms} ms latency, {concurrency} calls in flight.");
    let mut report = Report::new("memory", about);
    let mut sizes = vec![("usual file", usual, BARS_MB.0)];
    if place.options.million {
        sizes.push(("million rows", 1_000_000, BARS_MB.1));
    }
    for (subject, n_rows, bar) in sizes {
        let server = place.server(&format!("--latency-ms={latency_ms}"))?;
        let folder = place.folder(&format!("rows-{n_rows}"))?;
        let ran = place.run_karat(&server, &place.rows_file(n_rows)?, &folder, concurrency, None)?;
        let mut values = values(n_rows, &ran, &server)?;
        let audit = karat::audit(&folder.join("out.csv"), n_rows, place.options.seed, None)?;
        values.insert(0, ("rows", n_rows as f64));
        values.push(("rows labeled", audit.labeled as f64));
        let peak = ran.usage.peak_rss_mb;
        say::note(&format!("memory: {peak:.1} MB for {n_rows} rows in {:.1} s", ran.wall_s));
        report.samples.push(Sample { subject, round: 1, values });
        report.checks.push(Check::at_most(&format!("peak RSS in MB for {n_rows} rows"), peak, bar));
        report.checks.push(Check::at_least("rows labeled", audit.labeled as f64, n_rows as f64));
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(report)
}
