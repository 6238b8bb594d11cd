//! `karat plan`: what a run would do and cost. Nothing is sent.

use karat_core::Result;
use karat_engine::{AnnotatorPlan, plan, plan_batch};
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, duration, n_of, table};
use crate::work::{Ready, Work};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// Only the first so many items.
    #[arg(long, value_name = "N")]
    first: Option<u64>,
    /// At the price of batches, as `karat label --batch` would.
    #[arg(long)]
    batch: bool,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let ready = Ready::open(&args.work, None).await?;
    args.work.say_what_is_guessed(&ready.setup, voice);
    ready.say_what_is_not_live(voice);
    let Ready { setup, store, askers } = &ready;
    let plan = match args.batch {
        true => plan_batch(setup, store, askers, args.first).await?,
        false => plan(setup, store, askers, args.first).await?,
    };
    voice.problems(&plan.problems, plan.n_problems);
    if voice.json {
        voice.event("plan", json!(plan));
        return Ok(if plan.n_problems == 0 { Done::Well } else { Done::Look });
    }
    voice.out(format!("{}, nothing sent\n", n_of(plan.n_items, "item")));
    let header =
        ["annotator", "calls", "done", "shared", "tokens in", "tokens out", "likely", "low", "high", "time"];
    voice.out(table(&header, plan.annotators.iter().map(row).collect()));
    voice.out("");
    for (n, one) in plan.annotators.iter().enumerate() {
        let alike = |other: &&AnnotatorPlan| other.basis == one.basis;
        if !plan.annotators[..n].iter().any(|other| alike(&other)) {
            let names: Vec<&str> =
                plan.annotators[n..].iter().filter(alike).map(|it| it.name.as_str()).collect();
            voice.out(format!("{}: {}", names.join(", "), one.basis));
        }
    }
    for one in plan.annotators.iter().filter(|it| it.in_batches) {
        voice.out(format!(
            "{}: at the price of batches; the first item and what cannot be read are asked live",
            one.name
        ));
    }
    for one in plan.annotators.iter().filter(|it| it.n_in_batches > 0) {
        voice.out(format!("{}: {} more wait in open batches", one.name, n_of(one.n_in_batches, "item")));
    }
    if let Some((name, messages)) = plan.sample {
        voice.out(format!("\nwhat `{name}` is sent for the first item:"));
        for (role, text) in messages {
            voice.out(format!("\n--- {role}\n{text}"));
        }
    }
    Ok(if plan.n_problems == 0 { Done::Well } else { Done::Look })
}

fn row(plan: &AnnotatorPlan) -> Vec<String> {
    let dash = || "–".to_owned();
    let cost = |pick: fn(&karat_engine::CostRange) -> karat_core::MicroUsd| {
        plan.cost.as_ref().map_or_else(dash, |it| pick(it).to_string())
    };
    vec![
        plan.name.clone(),
        count(plan.n_calls),
        count(plan.n_standing),
        count(plan.n_shared),
        count(plan.tokens_in),
        count(plan.tokens_out),
        cost(|it| it.likely),
        cost(|it| it.low),
        cost(|it| it.high),
        plan.minutes.map_or_else(dash, |minutes| duration(minutes * 60.0)),
    ]
}
