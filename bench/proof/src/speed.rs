//! What aggregation costs: CPU time and memory on a million items, on fewer for what is slow elsewhere.
//!
//! In: nothing but a seed; the votes are drawn. Out: a table, one row a method. `peers/speed.py` draws votes of the same
//! kind, runs crowd-kit on them, starts this proof, and prints both with their ratio: two numbers of one session.
//!
//! The processor's time is that of this thread, from `/proc`, so that other programs on the machine count little.

use std::time::Instant;

use anyhow::{Context, Result};
use karat_stats::Class;
use karat_stats::aggregate::{FitOptions, METHODS, Vote, Voter, Votes};

use crate::Given;

const N_ITEMS: u32 = 1_000_000;
/// Enough for methods whose peers take minutes on more.
const FEW_ITEMS: u32 = 10_000;
const VOTES_PER_ITEM: u32 = 5;
const N_ANNOTATORS: u64 = 200;
const N_CLASSES: u64 = 4;
const N_ROUNDS: u32 = 20;

/// The methods that are timed. To add one: its name, the items, and the number of rounds or steps that is fair to compare.
const TIMED: &[(&str, u32, u32)] = &[
    ("majority", N_ITEMS, 1),
    ("wawa", N_ITEMS, 1),
    ("one_coin", N_ITEMS, N_ROUNDS),
    ("dawid_skene", N_ITEMS, N_ROUNDS),
    ("dawid_skene_ml", N_ITEMS, N_ROUNDS),
    ("dawid_skene_ordinal", N_ITEMS, N_ROUNDS),
    ("ibcc", N_ITEMS, N_ROUNDS),
    ("mace", N_ITEMS, N_ROUNDS),
    ("glad", FEW_ITEMS, 10),
    ("ebcc", FEW_ITEMS, N_ROUNDS),
];

/// Prints the table.
pub(crate) fn run(_: &Given) -> Result<()> {
    println!(
        "{VOTES_PER_ITEM} votes an item, {N_ANNOTATORS} annotators right in 55 to 95 of 100 cases, {N_CLASSES} classes, one thread.\n"
    );
    let (many, few) = (draw(N_ITEMS, 7)?, draw(FEW_ITEMS, 7)?);
    // Once: what an earlier fit gave back may still be held by the allocator, and would make a later one look small.
    let before = status("VmRSS:")?;
    println!("| method | voters | items | rounds | CPU s | wall s | peak memory MB | accuracy |");
    println!("|---|---|---|---|---|---|---|---|");
    for (name, n_items, n_rounds) in TIMED {
        let (votes, truth) = if *n_items == N_ITEMS { &many } else { &few };
        let Some(method) = METHODS.iter().find(|it| it.name == *name) else { continue };
        for voter in [Voter::Person, Voter::Model] {
            if voter == Voter::Model && *name != "dawid_skene" {
                continue;
            }
            let voters = vec![voter; votes.n_annotators()];
            let options = FitOptions {
                voters: &voters,
                gold: &[],
                n_rounds: *n_rounds,
                tolerance: 0.0,
                n_restarts: 1,
                seed: 7,
            };
            reset_peak()?;
            let (cpu, wall) = (cpu_seconds()?, Instant::now());
            let fit = (method.fit)(votes, &options)?;
            let (cpu, wall) = (cpu_seconds()? - cpu, wall.elapsed().as_secs_f64());
            let peak = status("VmHWM:")?.saturating_sub(before);
            let credit: f64 = truth.iter().enumerate().map(|(item, class)| fit.credit(item, *class)).sum();
            println!(
                "| {name} | {voter:?} | {n_items} | {} | {cpu:.3} | {wall:.3} | {:.0} | {:.4} |",
                fit.n_rounds,
                peak as f64 / 1e3,
                credit / truth.len() as f64
            );
        }
    }
    Ok(())
}

/// Votes of annotators whose accuracy is drawn evenly from .55 to .95 and whose errors are evenly spread.
fn draw(n_items: u32, seed: u64) -> Result<(Votes, Vec<Class>)> {
    let mut state = seed;
    // SplitMix64, as the crate has it for its own draws.
    let mut word = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    };
    let share = |word: u64| (word >> 11) as f64 / (1_u64 << 53) as f64;
    let accuracy: Vec<f64> = (0..N_ANNOTATORS).map(|_| 0.55 + 0.4 * share(word())).collect();
    let mut truth = Vec::with_capacity(n_items as usize);
    let mut votes = Vec::with_capacity((n_items * VOTES_PER_ITEM) as usize);
    for item in 0..n_items {
        let class = word() % N_CLASSES;
        truth.push(Class(class as u32));
        for _ in 0..VOTES_PER_ITEM {
            let annotator = word() % N_ANNOTATORS;
            let right = share(word()) < accuracy[annotator as usize];
            let said = if right { class } else { (class + 1 + word() % (N_CLASSES - 1)) % N_CLASSES };
            votes.push(Vote { item, annotator: annotator as u32, class: Class(said as u32) });
        }
    }
    Ok((Votes::new(n_items as usize, N_ANNOTATORS as usize, N_CLASSES as usize, &votes)?, truth))
}

/// The processor time of this thread so far.
pub(crate) fn cpu_seconds() -> Result<f64> {
    let text =
        std::fs::read_to_string("/proc/thread-self/schedstat").context("reading this thread's time")?;
    let nanoseconds: u64 = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds as f64 / 1e9)
}

/// The peak of the resident memory starts again from here.
fn reset_peak() -> Result<()> {
    std::fs::write("/proc/self/clear_refs", "5").context("resetting the peak of the memory")
}

/// A number of kB.
fn status(field: &str) -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)).context("reading the memory in use")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
