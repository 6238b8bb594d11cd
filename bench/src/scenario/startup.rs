//! How long it takes until karat does anything at all.

use std::process::Command;

use anyhow::{Result, bail};

use crate::measure;
use crate::report::{BARE, Check, KARAT, Report, Sample};
use crate::scenario::Workplace;

pub(super) fn run(place: &Workplace) -> Result<Report> {
    let rounds = place.options.rounds.unwrap_or(51);
    let about = "`--help` of each, in turns: from start to end as the parent sees it. The bare client shows what any such \
                 program takes here.";
    let mut report = Report::new("startup", about.to_owned());
    for round in 1..=rounds {
        for (subject, program) in [(BARE, &place.bare_client), (KARAT, &place.karat)] {
            if subject == KARAT && place.options.only_bare {
                continue;
            }
            let ran = measure::run(Command::new(program).arg("--help"))?;
            if ran.code != Some(0) || ran.stdout.is_empty() {
                bail!("`{subject} --help` ended with {:?}: {}", ran.code, ran.last_words());
            }
            let values = vec![("wall ms", ran.wall_s * 1000.0), ("CPU ms", ran.usage.cpu_s * 1000.0)];
            report.samples.push(Sample { subject, round, values });
        }
    }
    if let Some(ms) = report.median(KARAT, "wall ms") {
        report.checks.push(Check::at_most("`karat --help` in ms", ms, 20.0));
    }
    Ok(report)
}
