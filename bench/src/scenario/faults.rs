//! Calls that fail in every way: what is lost, and what is paid twice.

use anyhow::{Result, bail};

use crate::karat;
use crate::report::{Check, Report, Sample};
use crate::say;
use crate::scenario::{Values, Workplace};

/// A mix of faults and the rows that meet it.
struct Mix {
    name: &'static str,
    server: &'static str,
    n_rows: u64,
}

/// Every mix. The column of the report has its name.
const MIXES: &[Mix] = &[
    Mix {
        // 5 % 429, 2 % 500, 2 % malformed.
        name: "answers",
        server: "--fault rate_limited=0.025 --fault rate_limited_bare=0.025 --fault server_error=0.02 --fault bad_json=0.005 \
                 --fault garbled=0.005 --fault outside=0.005 --fault empty=0.005",
        n_rows: 10_000,
    },
    Mix {
        name: "transport",
        server: "--fault reset=0.02 --fault cut=0.02 --fault bad_json=0.02 --fault unavailable=0.02 --fault slow=0.005 \
                 --drip-ms 500",
        n_rows: 10_000,
    },
    Mix { name: "rate limit", server: "--rate 200 --burst 20 --latency-ms 20", n_rows: 4_000 },
    // One call in a hundred is never answered: each may cost one time-out, not the run.
    Mix { name: "hangs", server: "--fault hang=0.01 --max-faults-per-key 1 --latency-ms 5", n_rows: 2_000 },
];

pub(super) fn run(place: &Workplace) -> Result<Report> {
    let wanted =
        |mix: &&Mix| place.options.mix.is_empty() || place.options.mix.iter().any(|name| name == mix.name);
    let mixes: Vec<_> = MIXES.iter().filter(wanted).collect();
    if mixes.is_empty() {
        let names: Vec<_> = MIXES.iter().map(|mix| format!("`{}`", mix.name)).collect();
        bail!("no such mix of faults; there are {}", names.join(", "));
    }
    let mut about = "karat under faults. A row is lost when a readable answer was paid for it and the output has no label; \
                     an answer is repaid when a readable one was paid before. A spoiled answer may be asked for again.\n"
        .to_owned();
    for mix in &mixes {
        about.push_str(&format!(
            "\n- {}: `{}`",
            mix.name,
            mix.server.split_whitespace().collect::<Vec<_>>().join(" ")
        ));
    }
    let mut report = Report::new("faults", about);
    for mix in mixes {
        let values = meet(place, mix)?;
        for (name, value) in &values {
            if MUST_BE_NONE.contains(name) {
                report.checks.push(Check::at_most(&format!("{}: {name}", mix.name), *value, 0.0));
            }
        }
        // A mix that met none of its faults has shown nothing.
        if mix.server.contains("--fault") {
            let met = values.iter().find(|(name, _)| *name == FAULTS_MET).map_or(0.0, |(_, value)| *value);
            report.checks.push(Check::at_least(&format!("{}: {FAULTS_MET}", mix.name), met, 1.0));
        }
        report.samples.push(Sample { subject: mix.name, round: 1, values });
    }
    Ok(report)
}

/// Figures that a good run has none of.
const MUST_BE_NONE: &[&str] =
    &["rows lost", "rows missing", "without outcome", "wrong labels", "answers repaid"];

const FAULTS_MET: &str = "faults met";

fn meet(place: &Workplace, mix: &Mix) -> Result<Values> {
    let n_rows = place.options.rows.unwrap_or(mix.n_rows);
    let server = place.server(mix.server)?;
    let folder = place.folder(mix.name)?;
    let concurrency = place.options.concurrency.unwrap_or(64);
    let ran = place.run_karat(&server, &place.rows_file(n_rows)?, &folder, concurrency, None)?;
    let (stats, keys) = (server.stats()?, server.keys()?);
    let audit = karat::audit(&folder.join("out.csv"), n_rows, place.options.seed, Some(&keys))?;
    say::note(&format!("faults, {}: {audit:?} in {:.1} s", mix.name, ran.wall_s));
    Ok(vec![
        ("rows", n_rows as f64),
        ("rows labeled", audit.labeled as f64),
        ("rows lost", audit.lost as f64),
        ("rows missing", (audit.missing + audit.doubled) as f64),
        ("without outcome", audit.without_outcome as f64),
        ("wrong labels", audit.wrong as f64),
        ("items without a readable answer", stats.keys_without_answer as f64),
        ("answers repaid", stats.answers_repaid as f64),
        ("items paid again after a spoiled answer", stats.keys_paid_more_than_once as f64),
        ("calls", stats.calls as f64),
        (FAULTS_MET, stats.faults.values().sum::<u64>() as f64),
        ("wall s", ran.wall_s),
        ("CPU s per 1k rows", ran.usage.cpu_s * 1000.0 / n_rows as f64),
        ("exit code", f64::from(ran.code.unwrap_or(-1))),
    ])
}
