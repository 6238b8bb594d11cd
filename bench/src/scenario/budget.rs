//! A budget under fire: many calls in flight, kills, restarts. What counts is what the server is owed.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::draw;
use crate::karat::{Budget, Labeling};
use crate::measure;
use crate::report::{Check, KARAT, Report, Sample};
use crate::say;
use crate::scenario::{Values, Workplace};

/// US dollars for a million tokens.
const PRICES: (f64, f64) = (2.0, 8.0);
/// The budget pays for this share of the rows.
const SHARE: f64 = 0.3;
/// Kills before karat may run to its end.
const N_KILLS: u32 = 4;

pub(super) fn run(place: &Workplace) -> Result<Report> {
    let options = &place.options;
    let n_rows = options.rows.unwrap_or(5_000);
    let concurrency = options.concurrency.unwrap_or(64);
    let latency_ms = options.latency_ms.unwrap_or(20.0);
    let rounds = options.rounds.unwrap_or(5);
    let about = format!(
        "A budget for {:.0} % of {n_rows} rows, {concurrency} calls in flight, {latency_ms} ms latency. In each round karat is killed \
         {N_KILLS} times at random moments, then runs to its end, and then once more. Shares are of the budget, as the server counts.",
        SHARE * 100.0
    );
    let mut report = Report::new("budget", about);
    let one_call = place.karat_body()?.1;
    if one_call.paid != 1 {
        bail!("one row took {} paid calls; the cost of a call is not known", one_call.paid);
    }
    for round in 1..=rounds {
        let prices = place.folder(&format!("prices-{round}"))?.join("prices.toml");
        let mut budget = Budget { max_cost_usd: 0.0, input: PRICES.0, output: PRICES.1, prices };
        let call_usd = budget.cost(one_call.prompt_tokens, one_call.completion_tokens);
        // Whole millionths of a dollar: the command line must not round the budget up.
        budget.max_cost_usd = (call_usd * n_rows as f64 * SHARE * 1e6).floor() / 1e6;
        budget.write_prices()?;
        let values = spend(place, round, &budget, (n_rows, concurrency, latency_ms))?;
        report.samples.push(Sample { subject: KARAT, round, values });
    }
    report.checks = bars(&report);
    Ok(report)
}

fn bars(report: &Report) -> Vec<Check> {
    let most = |name| report.values(KARAT, name).into_iter().fold(f64::NEG_INFINITY, f64::max);
    let least = |name| report.values(KARAT, name).into_iter().fold(f64::INFINITY, f64::min);
    vec![
        Check::at_most("share spent in any round", most("share spent at the end"), 1.0),
        // Each of four kills leaves up to 64 calls set aside at the most that they can have cost, several times the likely
        // cost: they count as spent for ever, and this is what is left to spend beside them.
        Check::at_least("share spent in any round", least("share spent at the end"), 0.25),
        Check::at_least("kills that came in time in any round", least("kills that came in time"), 1.0),
    ]
}

fn spend(place: &Workplace, round: u32, budget: &Budget, size: (u64, usize, f64)) -> Result<Values> {
    let (n_rows, concurrency, latency_ms) = size;
    let server = place.server(&format!("--latency-ms={latency_ms} --latency-sigma=0.5"))?;
    let folder = place.folder(&format!("round-{round}"))?;
    let file = place.rows_file(n_rows)?;
    let base_url = server.base_url();
    let labeling = Labeling {
        program: &place.karat,
        file: &file,
        folder: &folder,
        base_url: &base_url,
        concurrency,
        budget: Some(budget),
    };
    let share = || -> Result<f64> {
        let stats = server.stats()?;
        Ok(budget.cost(stats.prompt_tokens, stats.completion_tokens) / budget.max_cost_usd)
    };
    // About as long as the budget lasts without a kill, shared among the kills.
    let spend_s = n_rows as f64 * SHARE * latency_ms / 1000.0 / concurrency as f64;
    let mut n_in_time = 0;
    for kill in 1..=N_KILLS {
        let moment = draw::unit(place.options.seed, &format!("budget-{round}"), u64::from(kill));
        let life = Duration::from_secs_f64(0.05 + moment * spend_s / 2.0);
        n_in_time += u32::from(measure::run_and_kill(&mut labeling.command(), life)?.code.is_none());
    }
    let after_kills = share()?;
    let first = measure::run(&mut labeling.command())?;
    let after_first = share()?;
    let second = measure::run(&mut labeling.command())?;
    // Nothing may be in flight when the bill is read.
    let at_end =
        if server.stats()?.in_flight == 0 { share()? } else { bail!("calls were left in flight at the end") };
    let code = second.code.context("karat was ended by a signal")?;
    say::note(&format!(
        "budget {round}: {n_in_time} kills; share spent {after_kills:.3}, {after_first:.3}, {at_end:.3}; {}",
        first.last_words()
    ));
    Ok(vec![
        ("kills that came in time", f64::from(n_in_time)),
        ("share spent after the kills", after_kills),
        ("share spent at the first end", after_first),
        ("share spent at the end", at_end),
        ("calls paid", server.stats()?.paid as f64),
        ("exit code at the end", f64::from(code)),
    ])
}
