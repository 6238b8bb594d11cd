//! Three judges with probabilities, and panels of models with vote shares.

use std::collections::HashMap;

use anyhow::Result;
use karat_stats::accept::{Promise, Rule, Scored, Starts};
use karat_stats::aggregate::{FitOptions, Top, Voter, method};
use karat_stats::sample;

use super::{Breaches, naive, rule, threshold};
use crate::{Given, data};

const N_SPLITS: u64 = 300;

/// Judge, allowed error, the study's coverages: naive, one start (20 prefixes), three starts; and one, two, three starts.
const STUDY: [(&str, f64, [f64; 3], &str); 4] = [
    ("gpt-4-turbo", 0.20, [0.957, 0.557, 0.762], ".466 / .761 / .752"),
    ("gpt-4-turbo", 0.15, [0.789, 0.202, 0.451], ""),
    ("gpt-3.5-turbo", 0.20, [0.834, 0.488, 0.571], ".412 / .589 / .592"),
    ("mistral-7b-instruct", 0.20, [0.873, 0.000, 0.519], ".000 / .484 / .502"),
];

/// What one half of a set accepts of the other: coverage, and whether the error there was above the allowed one.
fn on_splits(
    items: &[Scored],
    n_gold: usize,
    max_error: f64,
    choose: impl Fn(&[Scored], &[f64]) -> Result<Option<f64>>,
) -> Result<(f64, Breaches)> {
    let mut coverage = 0.0;
    let mut breaches = Breaches { n: N_SPLITS, n_broken: 0 };
    for seed in 0..N_SPLITS {
        let mut is_gold = vec![false; items.len()];
        sample::simple(items.len(), n_gold, seed)?.iter().for_each(|it| is_gold[it.item] = true);
        let part = |gold: bool| -> Vec<Scored> {
            items.iter().zip(&is_gold).filter(|(_, is)| **is == gold).map(|(it, _)| *it).collect()
        };
        let (gold, test) = (part(true), part(false));
        let scores: Vec<f64> = test.iter().map(|it| it.score).collect();
        if let Some(threshold) = choose(&gold, &scores)? {
            let accepted: Vec<&Scored> = test.iter().filter(|it| it.score >= threshold).collect();
            let wrong: f64 = accepted.iter().map(|it| it.loss).sum();
            coverage += accepted.len() as f64 / test.len() as f64;
            breaches.n_broken += u64::from(wrong > max_error * accepted.len() as f64);
        }
    }
    Ok((coverage / N_SPLITS as f64, breaches))
}

fn judges(given: &Given) -> Result<HashMap<String, Vec<Scored>>> {
    let folder = given.data.join("crowd/judge_pairs");
    let gold: HashMap<String, String> = data::rows(&folder.join("gold.csv"))?
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let mut judges: HashMap<String, Vec<Scored>> = HashMap::new();
    for row in data::rows(&folder.join("probs.csv"))? {
        let (first, second): (f64, f64) = (row[2].parse()?, row[3].parse()?);
        let says = if first > second { "1" } else { "2" };
        let Some(gold) = gold.get(&row[0]) else { continue };
        judges.entry(row[1].clone()).or_default().push(Scored::new(first.max(second), says != gold));
    }
    Ok(judges)
}

pub(super) fn print_judges(given: &Given) -> Result<()> {
    let judges = judges(given)?;
    println!(
        "Real judges, 250 gold and 250 test, {N_SPLITS} splits: share accepted (share of splits whose test error is above the allowed one; the noise of 250 test items is in it).\n"
    );
    println!(
        "| judge, error | naive | one start | by rule | three starts | about these very items | study: naive, one, three | study: 1 / 2 / 3 starts |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (judge, max_error, study, exact) in STUDY {
        let items = &judges[judge];
        let mut line = format!("| {judge}, {max_error} |");
        let (coverage, breaches) = on_splits(items, 250, max_error, |gold, _| Ok(naive(gold, max_error)))?;
        line += &format!(" {coverage:.3} ({:.0} %) |", 100.0 * breaches.share());
        let very = Rule { promise: Promise::Pool, ..rule(max_error, Starts::ByRule) };
        let rules = [Starts::Fixed(1), Starts::ByRule, Starts::Fixed(3)].map(|it| rule(max_error, it));
        for rule in rules.into_iter().chain([very]) {
            let (coverage, breaches) =
                on_splits(items, 250, max_error, |gold, pool| threshold(gold, pool, &rule))?;
            line += &format!(" {coverage:.3} ({}) |", breaches.said());
        }
        println!("{line} {:.3}, {:.3}, {:.3} | {exact} |", study[0], study[1], study[2]);
    }
    println!();
    Ok(())
}

/// The share of the votes as score, the majority as label; ties have neither.
fn panel(folder: &std::path::Path) -> Result<Option<Vec<Scored>>> {
    let crowd = data::crowd(folder)?;
    let Some(majority) = method("majority") else { return Ok(None) };
    let options = FitOptions {
        voters: &vec![Voter::Model; crowd.votes.n_annotators()],
        gold: &[],
        n_rounds: 1,
        tolerance: 0.0,
        n_restarts: 0,
        seed: 0,
    };
    let fit = (majority.fit)(&crowd.votes, &options)?;
    let scored = |(item, gold): (usize, &Option<karat_stats::Class>)| {
        let gold = (*gold)?;
        Some(match fit.top(item) {
            Top::Winner(class, share) => Scored::new(share, class != gold),
            Top::Tie(..) | Top::NoVotes => Scored::new(f64::NAN, true),
        })
    };
    Ok(Some(crowd.gold.iter().enumerate().filter_map(scored).collect()))
}

pub(super) fn print_panels(given: &Given) -> Result<()> {
    println!(
        "Panels of models, half gold and half test, {N_SPLITS} splits; score: share of the votes, in whole groups of equal shares.\n"
    );
    println!("| panel, error | accuracy | naive | by rule | about these very items |");
    println!("|---|---|---|---|---|");
    for folder in super::panels(given)? {
        let Some(items) = panel(&folder)? else { continue };
        let name = folder.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let accuracy = 1.0 - items.iter().map(|it| it.loss).sum::<f64>() / items.len() as f64;
        for max_error in [0.1, 0.2, 0.3] {
            let mut line = format!("| {name}, {max_error} | {accuracy:.2} |");
            let n_gold = items.len() / 2;
            let (coverage, breaches) =
                on_splits(&items, n_gold, max_error, |gold, _| Ok(naive(gold, max_error)))?;
            line += &format!(" {coverage:.3} ({:.0} %) |", 100.0 * breaches.share());
            let by_rule = rule(max_error, Starts::ByRule);
            for rule in [by_rule, Rule { promise: Promise::Pool, ..by_rule }] {
                let (coverage, breaches) =
                    on_splits(&items, n_gold, max_error, |gold, pool| threshold(gold, pool, &rule))?;
                line += &format!(" {coverage:.3} ({}) |", breaches.said());
            }
            println!("{line}");
        }
    }
    println!();
    Ok(())
}
