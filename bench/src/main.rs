//! `karat-bench`: measures karat next to a bare client, against a server that fails as told, and prints ratios.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};
use karat_bench::scenario::{SCENARIOS, Scenario, ScenarioOptions, Workplace};
use karat_bench::{rows, say};

fn main() -> ExitCode {
    match run(&command_line().get_matches()) {
        Ok(true) => ExitCode::SUCCESS,
        // A bar is not met.
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            say::note(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn command_line() -> Command {
    let make_rows = Command::new("make-rows")
        .about("Writes the rows that the scenarios label, as CSV on stdout")
        .arg(Arg::new("n").required(true).value_parser(value_parser!(u64)).help("How many"));
    let all = Command::new("all").about("Every scenario, one after the other");
    let scenarios = SCENARIOS.iter().map(|scenario| Command::new(scenario.name).about(scenario.about));
    Command::new("karat-bench")
        .about("Measures karat next to a bare client, against a server that fails as told")
        .after_help("Tables go to stdout, and with JSON to the results folder. Exit code 1: a bar is not met")
        .subcommand_required(true)
        .subcommand(make_rows)
        .subcommands(scenarios.chain([all]).map(ScenarioOptions::augment_args))
}

fn run(matches: &ArgMatches) -> Result<bool> {
    let (name, matches) = matches.subcommand().context("a subcommand is needed")?;
    if name == "make-rows" {
        let n = matches.get_one::<u64>("n").context("a number of rows is needed")?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        rows::write(&mut out, *n)?;
        out.flush()?;
        return Ok(true);
    }
    let options = ScenarioOptions::from_arg_matches(matches)?;
    let wanted = SCENARIOS.iter().filter(|scenario| name == "all" || name == scenario.name);
    let mut all_hold = true;
    for scenario in wanted {
        all_hold &= measure(scenario, &options)?;
    }
    Ok(all_hold)
}

fn measure(scenario: &Scenario, options: &ScenarioOptions) -> Result<bool> {
    let workplace = Workplace::new(options.clone())?;
    let mut report = (scenario.run)(&workplace)?;
    report.command = options.command(scenario.name);
    say::line(&report.to_markdown());
    report.write(&options.results)?;
    Ok(report.holds())
}
