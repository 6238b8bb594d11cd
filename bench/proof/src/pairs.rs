//! Two models that compare answers, beside three people who compared the same.
//!
//! In: 999 pairs of answers, each judged by three people and two models: the first, the second, or a tie. Out: tables.
//!
//! Every pair was shown in one order only: nothing here tells how often a verdict turns with the order.

use std::path::Path;

use anyhow::{Context, Result};
use karat_stats::agreement::{
    AlternativeOptions, Coefficient, Measure, Rating, Ratings, Weights, agree, alternative_annotator_test,
    mean_match,
};
use karat_stats::{Class, Estimate, IntervalOptions, Level, Majority, majority};
use serde_json::Value;

use crate::Given;

const PEOPLE: [&str; 3] = ["annotator1", "annotator2", "annotator3"];
const MODELS: [&str; 2] = ["gpt-3.5-turbo", "pandalm-7b"];
const TIE: u32 = 2;
const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };

/// Who said what of each pair: people, then models.
type Table = Vec<[Option<Class>; 5]>;

/// Prints the tables.
pub(crate) fn run(given: &Given) -> Result<()> {
    let table = read(&given.data.join("pandalm_pairwise/pandalm_testset.jsonl"))?;
    println!(
        "{} pairs. A person is compared with the other two where they agree; a model with the majority of all three. What has no majority is left out, a missing verdict is wrong. Kappa is Cohen's, on pairs with both verdicts.\n",
        table.len()
    );
    println!(
        "| who | no verdict | ties | accuracy | accuracy without ties | kappa with person 1 | person 2 | person 3 |\n|---|---|---|---|---|---|---|---|"
    );
    for (who, name) in PEOPLE.iter().chain(&MODELS).enumerate() {
        print_row(&table, who, name)?;
    }
    println!(
        "\nPosition cannot be measured: each pair has one order. Asking in both orders takes two calls a pair; a verdict counts where both name the same answer, and is a tie otherwise. `karat-stats` has the share of firsts among equals (`ranking`) for such data.\n"
    );
    print_alternative(&table)
}

fn read(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let mut table = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line)?;
        let mut said = [None; 5];
        for response in row["responses"].as_array().into_iter().flatten() {
            let name = response["annotator_id"].as_str().or(response["model"].as_str()).unwrap_or_default();
            let class = ["response_1", "response_2", "tie"].iter().position(|it| response["label"] == **it);
            // The source wrote some ties as a word, and the converted label lost them.
            let is_tie = response["raw"].as_str().is_some_and(|it| it.starts_with("Tie"));
            let class = class.or(is_tie.then_some(TIE as usize));
            if let (Some(who), Some(class)) = (PEOPLE.iter().chain(&MODELS).position(|it| *it == name), class)
            {
                said[who] = Some(Class(class as u32));
            }
        }
        table.push(said);
    }
    Ok(table)
}

/// What the people say without `who`.
fn others(said: &[Option<Class>; 5], who: usize) -> Option<Class> {
    let votes: Vec<Class> = (0..3).filter(|it| *it != who).filter_map(|it| said[it]).collect();
    match majority(&votes) {
        Majority::Winner(class) => Some(class),
        Majority::Tie(_) | Majority::NoVotes => None,
    }
}

fn print_row(table: &Table, who: usize, name: &str) -> Result<()> {
    let against: Vec<(Option<Class>, Class)> =
        table.iter().filter_map(|said| Some((said[who], others(said, who)?))).collect();
    let accuracy = |of: &dyn Fn(Class) -> bool| {
        let of: Vec<_> = against.iter().filter(|(_, gold)| of(*gold)).collect();
        let right = of.iter().filter(|(given, gold)| *given == Some(*gold)).count();
        Estimate::share(right as u64, of.len() as u64, Level::P95)
            .map_or("-".to_owned(), |it| shown(&it, 100.0, 1))
    };
    let mut kappas = Vec::new();
    for person in 0..3 {
        kappas.push(if person == who { "-".to_owned() } else { kappa(table, who, person)? });
    }
    let count = |of: &dyn Fn(Option<Class>) -> bool| table.iter().filter(|said| of(said[who])).count();
    println!(
        "| {name} | {} | {} | {} | {} | {} |",
        count(&|it| it.is_none()),
        count(&|it| it == Some(Class(TIE))),
        accuracy(&|_| true),
        accuracy(&|gold| gold != Class(TIE)),
        kappas.join(" | ")
    );
    Ok(())
}

fn kappa(table: &Table, one: usize, other: usize) -> Result<String> {
    let both = table.iter().filter_map(|said| Some([said[one]?, said[other]?]));
    let ratings: Vec<Rating<Class>> = (0..)
        .zip(both)
        .flat_map(|(item, pair)| {
            (0..).zip(pair).map(move |(annotator, value)| Rating { item, annotator, value })
        })
        .collect();
    let measure = Measure { coefficient: Coefficient::CohenKappa, weights: Weights::Identity, n_classes: 3 };
    let found = agree(&Ratings::new(ratings.len() / 2, 2, ratings)?, &measure, &OPTIONS)?;
    Ok(shown(&found.estimate, 1.0, 2))
}

fn shown(it: &Estimate, times: f64, digits: usize) -> String {
    let [value, low, high] =
        [it.value, it.interval.low, it.interval.high].map(|it| format!("{:.digits$}", times * it));
    format!("{value} [{low}, {high}]")
}

fn print_alternative(table: &Table) -> Result<()> {
    println!(
        "The alternative annotator test: each person in turn against the model, both compared with the other two; false discovery rate 0.05.\n"
    );
    println!(
        "| model | epsilon | people it may replace | passes | how often it fits the others at least as well | adjusted p |\n|---|---|---|---|---|---|"
    );
    let ratings: Vec<Rating<Class>> = (0..)
        .zip(table)
        .flat_map(|(item, said)| {
            (0..3).filter_map(move |who| Some(Rating { item, annotator: who as u32, value: said[who]? }))
        })
        .collect();
    let people = Ratings::new(table.len(), 3, ratings)?;
    for (model, name) in MODELS.iter().enumerate() {
        let own: Vec<Option<Class>> = table.iter().map(|said| said[3 + model]).collect();
        for options in [AlternativeOptions::EXPERTS, AlternativeOptions::SKILLED, AlternativeOptions::CROWD] {
            let score = |class: &Class, others: &[&Class]| mean_match(class, others);
            let test = alternative_annotator_test(&people, &own, score, &options, &OPTIONS)?;
            let p_values: Vec<String> = test
                .annotators
                .iter()
                .map(|it| it.adjusted_p.map_or("-".to_owned(), |p| format!("{p:.4}")))
                .collect();
            println!(
                "| {name} | {} | {} of {} | {} | {} | {} |",
                options.epsilon,
                test.n_won,
                test.n_tested,
                if test.passes { "yes" } else { "no" },
                shown(&test.advantage, 1.0, 3),
                p_values.join(", ")
            );
        }
    }
    Ok(())
}
