//! The models of annotators: on real crowds against the accuracies of a study, and against other people's numbers.
//!
//! The sets lie in a folder beside the repository; without it these tests print one line and pass. The expected values in
//! `reference/aggregate_models.json` were written by `reference/aggregate_models.py`, which says how to run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helping functions too")]
#![expect(clippy::print_stdout, reason = "says that it was skipped, and the measurements")]

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::time::Instant;

use karat_stats::Class;
use karat_stats::aggregate::{Aggregate, FitOptions, METHODS, Vote, Voter, Votes, method};

struct Crowd {
    votes: Votes,
    gold: Vec<Option<Class>>,
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/crowd"))
}

/// The rows of a CSV file without quotes and with a header.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.trim_end().split(',').collect()).collect()
}

/// Names get numbers in their order; numbers in that of numbers.
fn numbers<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, u32> {
    let mut names: Vec<&str> = names.collect::<BTreeSet<_>>().into_iter().collect();
    names.sort_by_key(|name| name.parse::<i64>().unwrap_or(i64::MAX));
    names.into_iter().enumerate().map(|(n, name)| (name, n as u32)).collect()
}

fn crowd(name: &str) -> Option<Crowd> {
    let Ok(labels) = std::fs::read_to_string(folder().join(name).join("labels.csv")) else {
        println!("skipped: there is no `{name}` beside the repository");
        return None;
    };
    let gold = std::fs::read_to_string(folder().join(name).join("gold.csv")).unwrap();
    let (labels, gold) = (rows(&labels), rows(&gold));
    let items = numbers(labels.iter().map(|row| row[0]));
    let annotators = numbers(labels.iter().map(|row| row[1]));
    let classes = numbers(labels.iter().map(|row| row[2]).chain(gold.iter().map(|row| row[1])));
    let vote = |row: &Vec<&str>| Vote {
        item: items[row[0]],
        annotator: annotators[row[1]],
        class: Class(classes[row[2]]),
    };
    let votes: Vec<Vote> = labels.iter().map(vote).collect();
    let mut settled = vec![None; items.len()];
    for row in gold.iter().filter(|row| items.contains_key(row[0])) {
        settled[items[row[0]] as usize] = Some(Class(classes[row[1]]));
    }
    let votes = Votes::new(items.len(), annotators.len(), classes.len(), &votes).unwrap();
    Some(Crowd { votes, gold: settled })
}

/// Percent of the items with gold that are right; a tie counts by its share.
fn accuracy(found: &Aggregate, gold: &[Option<Class>]) -> f64 {
    let credits = gold.iter().enumerate().filter_map(|(item, gold)| Some(found.credit(item, (*gold)?)));
    100.0 * credits.sum::<f64>() / gold.iter().flatten().count() as f64
}

fn options(voters: &[Voter]) -> FitOptions<'_> {
    FitOptions { voters, gold: &[], n_rounds: 200, tolerance: 1e-4, n_restarts: 3, seed: 7 }
}

#[test]
#[ignore = "a table over all sets, to look at: run it in release"]
fn table() {
    let wanted = std::env::var("METHOD").unwrap_or_default();
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|it| {
            folder().join(it).join("gold.csv").exists()
                && it != "emotion"
                && !it.starts_with("wsa")
                && !it.starts_with("conll")
        })
        .collect();
    names.sort();
    for name in names {
        let Some(crowd) = crowd(&name) else { continue };
        print!("{name}");
        for method in METHODS.iter().filter(|it| wanted.is_empty() || wanted.contains(it.name)) {
            let voters = vec![Voter::Person; crowd.votes.n_annotators()];
            let start = Instant::now();
            match (method.fit)(&crowd.votes, &options(&voters)) {
                Ok(found) => print!(
                    " | {} {:.1} ({:.2} s, {}{})",
                    method.name,
                    accuracy(&found, &crowd.gold),
                    start.elapsed().as_secs_f64(),
                    found.n_rounds,
                    if found.converged { "" } else { "!" }
                ),
                Err(error) => print!(" | {} {}", method.name, &error.to_string()[..20]),
            }
        }
        println!();
    }
    assert!(method("glad").is_some());
}
