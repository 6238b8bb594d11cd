//! What agreement costs, and what it says of crowds whose gold is known.
//!
//! In: a seed for the drawn ratings; the crowds. Out: two tables. `peers/agreement.py` draws ratings of the same kind, runs
//! the krippendorff package on them, starts this proof, and prints both with their ratio: two numbers of one session.

use std::time::Instant;

use anyhow::Result;
use karat_stats::agreement::{
    Agreement, Coefficient, Measure, Rating, Ratings, Scale, Undefined, Weights, agree, alpha_of_numbers,
    class_agreement,
};
use karat_stats::{Class, IntervalOptions, Level};

use crate::speed::cpu_seconds;
use crate::{Given, data};

const N_ITEMS: u32 = 1_000_000;
const N_ANNOTATORS: u32 = 5;
const N_CLASSES: u64 = 5;

/// Crowds of people and panels of models with few votes of one annotator on one item.
const CROWDS: &[&str] =
    &["bluebird", "rte", "product", "web", "face", "llm_raop", "llm_implicit_hate", "llm_wiki_corpus"];

/// Prints the tables.
pub(crate) fn run(given: &Given) -> Result<()> {
    speed()?;
    println!("\nCrowds whose gold is known; alpha with its interval at 95 %, 1,000 resamples.\n");
    println!("| set | items | ratings an item | largest share | percent | alpha | AC1 |");
    println!("|---|---|---|---|---|---|---|");
    let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
    for name in CROWDS {
        let folder = given.data.join("crowd").join(name);
        if !folder.exists() {
            continue;
        }
        let crowd = data::crowd(&folder)?;
        let Ok(ratings) = Ratings::from_votes(&crowd.votes) else {
            println!("| {name} | an annotator voted twice on an item |");
            continue;
        };
        let found = class_agreement(&ratings, crowd.votes.n_classes() as u32, &options)?;
        let value = |it: Result<Agreement, Undefined>| match it {
            Ok(it) => format!("{:.3}", it.estimate.value),
            Err(why) => why.to_string(),
        };
        let interval = found.alpha.map_or_else(
            |_| String::new(),
            |it| format!(" [{:.3}, {:.3}]", it.estimate.interval.low, it.estimate.interval.high),
        );
        println!(
            "| {name} | {} | {:.1} | {:.2} | {} | {}{interval} | {} |",
            found.n_items,
            found.n_ratings as f64 / found.n_items as f64,
            found.shares.iter().copied().fold(0.0, f64::max),
            value(found.percent),
            value(found.alpha),
            value(found.gwet_ac1),
        );
    }
    Ok(())
}

fn speed() -> Result<()> {
    println!(
        "{N_ITEMS} items x {N_ANNOTATORS} ratings, {N_CLASSES} values, right in 7 of 10 cases, no rating in 1 of 10, one thread.\n"
    );
    println!("| alpha | resamples | CPU s | wall s | alpha |");
    println!("|---|---|---|---|---|");
    let classes = draw(7, |value| Class(value as u32))?;
    let numbers = draw(7, |value| value as f64 + 1.0)?;
    let measure = Measure {
        coefficient: Coefficient::KrippendorffAlpha,
        weights: Weights::Identity,
        n_classes: N_CLASSES as u32,
    };
    for n_resamples in [0, 1_000] {
        let options = IntervalOptions { level: Level::P95, n_resamples, seed: 7 };
        time("nominal", n_resamples, || agree(&classes, &measure, &options))?;
        for (name, scale) in
            [("ordinal", Scale::Ordinal), ("interval", Scale::Interval), ("ratio", Scale::Ratio)]
        {
            time(name, n_resamples, || alpha_of_numbers(&numbers, scale, &options))?;
        }
    }
    Ok(())
}

fn time(name: &str, n_resamples: u32, measure: impl Fn() -> Result<Agreement, Undefined>) -> Result<()> {
    // The best of three: the first one also pays for memory that later ones find ready.
    let (mut least, mut value) = ((f64::MAX, f64::MAX), 0.0);
    for _ in 0..3 {
        let (cpu, wall) = (cpu_seconds()?, Instant::now());
        value = measure()?.estimate.value;
        least = (least.0.min(cpu_seconds()? - cpu), least.1.min(wall.elapsed().as_secs_f64()));
    }
    println!("| {name} | {n_resamples} | {:.3} | {:.3} | {value:.4} |", least.0, least.1);
    Ok(())
}

fn draw<T>(seed: u64, value_of: impl Fn(u64) -> T) -> Result<Ratings<T>> {
    let mut state = seed;
    // SplitMix64, as the crate has it for its own draws.
    let mut word = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    };
    let mut ratings = Vec::with_capacity((N_ITEMS * N_ANNOTATORS) as usize);
    for item in 0..N_ITEMS {
        let truth = word() % N_CLASSES;
        for annotator in 0..N_ANNOTATORS {
            let said = if word() % 10 < 7 { truth } else { word() % N_CLASSES };
            if word() % 10 > 0 {
                ratings.push(Rating { item, annotator, value: value_of(said) });
            }
        }
    }
    Ok(Ratings::new(N_ITEMS as usize, N_ANNOTATORS as usize, ratings)?)
}
