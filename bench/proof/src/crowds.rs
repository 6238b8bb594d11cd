//! How often each aggregation method is right: people on 21 sets, panels of models on 16.
//!
//! Accuracy on the items with gold, which no method is shown; of a tie each class counts its share. The numbers to meet
//! were measured with independent programs in Python on the same files.

use anyhow::Result;
use karat_stats::aggregate::{AggregateError, FitOptions, METHODS, Method, Voter};

use crate::Given;
use crate::data::{Crowd, crowd};

/// The sets of people, each with the accuracy in percent that the default method is to meet.
const PEOPLE: &[(&str, f64)] = &[
    ("adult", 74.8),
    ("bluebird", 88.9),
    ("cf", 88.7),
    ("cf_amt", 86.3),
    ("dog", 84.0),
    ("face", 64.9),
    ("facteval", 87.7),
    ("ms", 79.1),
    ("product", 93.7),
    ("relevance", 62.3),
    ("rte", 92.9),
    ("sentiment1k", 95.9),
    ("sp", 91.6),
    ("sp_amt", 94.4),
    ("temp", 94.2),
    ("trec", 70.5),
    ("web", 81.6),
    ("wsd", 99.4),
    ("zc_all", 79.6),
    ("zc_in", 76.8),
    ("zc_us", 82.5),
];

/// The panels of models, likewise.
const MODELS: &[(&str, f64)] = &[
    ("llm_conv_go_awry", 53.6),
    ("llm_discourse", 51.9),
    ("llm_emotion", 71.9),
    ("llm_flute", 63.0),
    ("llm_ibc", 56.2),
    ("llm_implicit_hate", 38.0),
    ("llm_media_ideology", 50.2),
    ("llm_mrf", 77.2),
    ("llm_persuasion", 54.6),
    ("llm_raop", 59.9),
    ("llm_reddit_humor", 62.4),
    ("llm_semeval_stance", 56.3),
    ("llm_talklife", 39.2),
    ("llm_tempowic", 54.4),
    ("llm_wiki_corpus", 61.0),
    ("llm_wiki_politeness", 61.8),
];

/// Methods that take minutes on a large set are run up to this many votes.
const MAX_VOTES: &[(&str, usize)] = &[("ebcc", 30_000)];

/// Prints both tables.
pub(crate) fn run(given: &Given) -> Result<()> {
    println!("People; in percent, `target` is that of `dawid_skene`.\n");
    table(given, PEOPLE, Voter::Person)?;
    println!("\nPanels of models.\n");
    table(given, MODELS, Voter::Model)
}

fn table(given: &Given, sets: &[(&str, f64)], voter: Voter) -> Result<()> {
    let names: Vec<&str> = METHODS.iter().map(|it| it.name).collect();
    println!("| set | items | annotators | votes | classes | {} | target |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len() + 5));
    let mut columns: Vec<Vec<Option<f64>>> = Vec::new();
    for (name, target) in sets {
        let crowd = crowd(&given.data.join("crowd").join(name))?;
        let scores: Vec<Option<f64>> =
            METHODS.iter().map(|method| accuracy(method, &crowd, voter)).collect::<Result<_>>()?;
        let votes = &crowd.votes;
        println!(
            "| {} | {} | {} | {} | {} | {} | {target} |",
            crowd.name,
            votes.n_items(),
            crowd.annotators.len(),
            votes.n_votes(),
            votes.n_classes(),
            scores.iter().map(|it| percent(*it)).collect::<Vec<_>>().join(" | ")
        );
        columns.push(scores);
    }
    let n_sets = sets.len() as f64;
    let means: Vec<String> = (0..METHODS.len())
        .map(|it| percent(columns.iter().map(|row| row[it]).sum::<Option<f64>>().map(|sum| sum / n_sets)))
        .collect();
    let target = sets.iter().map(|(_, target)| target).sum::<f64>() / n_sets;
    println!("| **mean** | | | | | {} | {target:.2} |", means.join(" | "));
    let ranks: Vec<String> = (0..METHODS.len())
        .map(|it| columns.iter().map(|row| rank(row, it)).sum::<Option<f64>>())
        .map(|sum| sum.map_or_else(|| "-".to_owned(), |sum| format!("{:.2}", sum / n_sets)))
        .collect();
    println!("| mean rank | | | | | {} | |", ranks.join(" | "));
    Ok(())
}

/// The accuracy of a method on the items with gold; `None` where the set is too large or too sparse for it.
fn accuracy(method: &Method, crowd: &Crowd, voter: Voter) -> Result<Option<f64>> {
    let limit = MAX_VOTES.iter().find(|(name, _)| *name == method.name).map_or(usize::MAX, |it| it.1);
    if crowd.votes.n_votes() > limit {
        return Ok(None);
    }
    let voters = vec![voter; crowd.annotators.len()];
    let options =
        FitOptions { voters: &voters, gold: &[], n_rounds: 500, tolerance: 1e-6, n_restarts: 10, seed: 7 };
    let fit = match (method.fit)(&crowd.votes, &options) {
        Err(AggregateError::Unfit(_)) => return Ok(None),
        fit => fit?,
    };
    let credits: Vec<f64> = crowd
        .gold
        .iter()
        .enumerate()
        .filter_map(|(item, gold)| gold.map(|gold| fit.credit(item, gold)))
        .collect();
    Ok(Some(credits.iter().sum::<f64>() / credits.len() as f64))
}

/// The rank of a method in a row, 1 for the best; those that tie share the mean of their ranks.
fn rank(row: &[Option<f64>], of: usize) -> Option<f64> {
    let own = row[of]?;
    let near = |other: f64| (other - own).abs() < 1e-9;
    let others = || row.iter().flatten();
    let better = others().filter(|it| **it > own && !near(**it)).count();
    let same = others().filter(|it| near(**it)).count();
    Some(better as f64 + (same as f64 + 1.0) / 2.0)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.2}", share * 100.0))
}
