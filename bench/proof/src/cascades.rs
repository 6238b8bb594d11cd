//! Three judges, the cheapest first: cost against accuracy, and what a promise on the error leaves of it.
//!
//! In: 500 pairs of answers with a person's preference, and the probabilities of three judges. Out: tables. Thresholds are
//! chosen on one half and tested on the other, 200 times. Costs are ratios of list prices for the same tokens.
//!
//! Not here: juries without probabilities (`juries.rs`), one judge alone (`acceptance.rs`).

use std::path::Path;

use anyhow::{Context, Result};
use karat_stats::accept::{Answer, Rule, choose_cascade};
use karat_stats::cascade::{Agree, Course, SettleRule, Sure, TierVote, cascade_report, settle};
use karat_stats::{Class, Level, sample};
use serde_json::Value;

use crate::Given;
use crate::juries::Prices;

const N_SPLITS: u64 = 200;
const N_GOLD: usize = 250;
const DELTA: f64 = 0.1;

/// The judges, the cheapest first, with the name of their price.
const JUDGES: [(&str, &str); 3] = [
    ("mistral-7b-instruct", "mistral-7b-instruct"),
    ("gpt-3.5-turbo", "gpt-3.5-turbo"),
    ("gpt-4-turbo", "gpt-4-turbo"),
];

/// What the cascade may cost of the dearest judge alone.
const BUDGETS: [f64; 8] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.1];

/// What a judge said of a pair.
#[derive(Debug, Clone, Copy)]
struct Said {
    class: Class,
    confidence: f64,
}

struct Pair {
    gold: Class,
    said: [Said; 3],
}

/// Prints the tables.
pub(crate) fn run(given: &Given) -> Result<()> {
    let pairs = read(&given.data.join("judge_cascade_pairwise/calibration_500.jsonl"))?;
    let list = Prices::read()?;
    let mut prices = [0.0; 3];
    for (price, (_, name)) in prices.iter_mut().zip(JUDGES) {
        *price = list.of(name)?;
    }
    let prices = prices.map(|it| it / prices[2]);
    let singles: Vec<String> = JUDGES
        .iter()
        .enumerate()
        .map(|(tier, (name, _))| {
            let right = pairs.iter().filter(|it| it.said[tier].class == it.gold).count();
            format!("{name} {:.1} % at {:.3}", 100.0 * right as f64 / pairs.len() as f64, prices[tier])
        })
        .collect();
    println!(
        "{} pairs. Alone: {}; cost 1 is the dearest judge on every pair.\n",
        pairs.len(),
        singles.join(", ")
    );
    let splits: Vec<(Vec<&Pair>, Vec<&Pair>)> =
        (0..N_SPLITS).map(|seed| halves(&pairs, seed)).collect::<Result<_>>()?;
    print_budgets(&splits, &prices);
    print_rules(&pairs, &prices);
    print_promises(&splits, &prices)
}

fn read(path: &Path) -> Result<Vec<Pair>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let class = |label: &Value| Class(u32::from(label.as_str() == Some("output_2")));
    let mut pairs = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line)?;
        let mut said = [Said { class: Class(0), confidence: f64::NAN }; 3];
        for response in row["responses"].as_array().into_iter().flatten() {
            let judge = JUDGES.iter().position(|(name, _)| response["model"].as_str() == Some(name));
            if let (Some(judge), Some(confidence)) = (judge, response["confidence"].as_f64()) {
                said[judge] = Said { class: class(&response["label"]), confidence };
            }
        }
        pairs.push(Pair { gold: class(&row["gold"]), said });
    }
    Ok(pairs)
}

fn halves(pairs: &[Pair], seed: u64) -> Result<(Vec<&Pair>, Vec<&Pair>)> {
    let mut is_gold = vec![false; pairs.len()];
    sample::simple(pairs.len(), N_GOLD, seed)?.iter().for_each(|it| is_gold[it.item] = true);
    let part =
        |gold: bool| pairs.iter().zip(&is_gold).filter(|(_, is)| **is == gold).map(|(it, _)| it).collect();
    Ok((part(true), part(false)))
}

/// Accuracy and cost where a judge's word stands from its threshold on, and the last one's in any case.
fn by_thresholds(pairs: &[&Pair], thresholds: [f64; 2], prices: &[f64; 3]) -> (f64, f64, [f64; 3]) {
    let (mut right, mut cost, mut decided) = (0.0, 0.0, [0.0; 3]);
    let n = pairs.len() as f64;
    for pair in pairs {
        let tier = (0..2).find(|tier| pair.said[*tier].confidence >= thresholds[*tier]).unwrap_or(2);
        // A judge whose threshold nothing reaches is not asked at all.
        let asked = (0..=tier).filter(|it| *it == 2 || thresholds[*it] < f64::INFINITY);
        cost += asked.map(|it| prices[it]).sum::<f64>();
        right += f64::from(u8::from(pair.said[tier].class == pair.gold));
        decided[tier] += 1.0 / n;
    }
    (right / n, cost / n, decided)
}

/// The thresholds at the deciles of a judge's confidences; all, and none.
fn candidates(pairs: &[&Pair], tier: usize) -> Vec<f64> {
    let mut scores: Vec<f64> = pairs.iter().map(|it| it.said[tier].confidence).collect();
    scores.sort_by(f64::total_cmp);
    let deciles = (1..20).map(|it| scores[it * scores.len() / 20]);
    std::iter::once(0.0).chain(deciles).chain([f64::INFINITY]).collect()
}

fn print_budgets(splits: &[(Vec<&Pair>, Vec<&Pair>)], prices: &[f64; 3]) {
    println!(
        "### Cost against accuracy\n\nOn {N_GOLD} gold pairs the two thresholds with the highest accuracy within the budget (at equal accuracy, the cheaper); accuracy and cost on the other {N_GOLD}; means of {N_SPLITS} splits. Beside it: mistral-7b and gpt-4-turbo mixed at random at the same cost.\n"
    );
    println!(
        "| budget | cost | accuracy | at random | mistral-7b | gpt-3.5 | gpt-4 |\n|---|---|---|---|---|---|---|"
    );
    for budget in BUDGETS {
        let (mut accuracy, mut cost, mut decided, mut random) = (0.0, 0.0, [0.0; 3], 0.0);
        for (gold, test) in splits {
            let mut best = ([0.0, 0.0], (-1.0, 0.0));
            for first in candidates(gold, 0) {
                for second in candidates(gold, 1) {
                    let (accuracy, cost, _) = by_thresholds(gold, [first, second], prices);
                    if cost <= budget && (accuracy, -cost) > best.1 {
                        best = ([first, second], (accuracy, -cost));
                    }
                }
            }
            let found = by_thresholds(test, best.0, prices);
            let alone = |tier: usize| {
                test.iter().filter(|it| it.said[tier].class == it.gold).count() as f64 / test.len() as f64
            };
            let strong = ((found.1 - prices[0]) / (1.0 - prices[0])).clamp(0.0, 1.0);
            random += (1.0 - strong) * alone(0) + strong * alone(2);
            accuracy += found.0;
            cost += found.1;
            decided.iter_mut().zip(found.2).for_each(|(to, it)| *to += it);
        }
        let n = splits.len() as f64;
        println!(
            "| {budget} | {:.2} | {:.1} | {:.1} | {} |",
            cost / n,
            100.0 * accuracy / n,
            100.0 * random / n,
            decided.map(|it| format!("{:.0} %", 100.0 * it / n)).join(" | ")
        );
    }
}

/// Fixed rules, as a project states them, on all pairs: nothing is chosen.
fn print_rules(pairs: &[Pair], prices: &[f64; 3]) {
    println!(
        "\n### Fixed rules\n\nA pair goes on until `settle` finds a label; what three judges do not settle goes to a person. All {} pairs, uncalibrated probabilities, nothing chosen. *Each*: a vote counts only from this confidence on; *mean*: the mean confidence of the votes for the label ahead is at least this, and equally many votes settle nothing. Accuracy of what is settled, with its 95 % interval; *whole*: with people taken to be right.\n",
        pairs.len()
    );
    println!(
        "| rule | mistral-7b | gpt-3.5 | gpt-4 | people | cost | accuracy | whole |\n|---|---|---|---|---|---|---|---|"
    );
    let each = [0.6, 0.7, 0.8, 0.9, 0.95, 0.99].map(|it| (None, Some(Sure::Each(it))));
    let mean = [0.6, 0.7, 0.8, 0.9, 0.95, 0.99].map(|it| (None, Some(Sure::Mean(it))));
    let two =
        [None, Some(Sure::Each(0.7)), Some(Sure::Each(0.9)), Some(Sure::Mean(0.7)), Some(Sure::Mean(0.9))];
    for (votes, confidence) in each.into_iter().chain(mean).chain(two.map(|it| (Some(2.0), it))) {
        let rule = SettleRule { min_agree: votes.map(Agree::Votes), min_confidence: confidence };
        let courses: Vec<Course> = pairs.iter().map(|pair| course(pair, &rule, prices)).collect();
        let report = cascade_report(3, &courses, Level::P95);
        let share = |it: Option<f64>| it.map_or("-".to_owned(), |it| format!("{:.0} %", 100.0 * it));
        let tiers: Vec<String> = report.tiers.iter().map(|it| share(it.share)).collect();
        let votes = votes.map(|it| format!("votes {it}"));
        let confidence = confidence.map(|it| match it {
            Sure::Each(least) => format!("each {least}"),
            Sure::Mean(least) => format!("mean {least}"),
        });
        let said: Vec<String> = [votes, confidence].into_iter().flatten().collect();
        let accuracy = report.settled.accuracy.map_or("-".to_owned(), |it| {
            format!(
                "{:.1} [{:.1}, {:.1}]",
                100.0 * it.value,
                100.0 * it.interval.low,
                100.0 * it.interval.high
            )
        });
        let whole = report.left.share.unwrap_or(0.0)
            + report.settled.share.unwrap_or(0.0) * report.settled.accuracy.map_or(0.0, |it| it.value);
        println!(
            "| {} | {} | {} | {:.2} | {accuracy} | {:.1} |",
            said.join(", "),
            tiers.join(" | "),
            share(report.left.share),
            report.cost / report.n_items as f64,
            100.0 * whole
        );
    }
}

fn course(pair: &Pair, rule: &SettleRule, prices: &[f64; 3]) -> Course {
    let (mut votes, mut cost) = (Vec::new(), 0.0);
    for (tier, said) in (0..).zip(&pair.said) {
        votes.push(TierVote { class: said.class, confidence: Some(said.confidence), weight: 1.0 });
        cost += prices[tier as usize];
        if let Some(class) = settle(&votes, rule).class() {
            return Course { settled: Some((tier, class)), gold: Some(pair.gold), cost };
        }
    }
    Course { settled: None, gold: Some(pair.gold), cost }
}

fn print_promises(splits: &[(Vec<&Pair>, Vec<&Pair>)], prices: &[f64; 3]) -> Result<()> {
    println!(
        "\n### With a promise\n\n`choose_cascade` on {N_GOLD} gold pairs, tested on the other {N_GOLD}, delta {DELTA}, {N_SPLITS} splits. Error of what is settled without people; *broken*: splits in which it is above the allowed one on the test half, whose noise is in it; cost of all pairs, also of those that go to people.\n"
    );
    println!(
        "| judges | allowed error | settled | error | broken | nothing settled | mistral-7b | gpt-3.5 | gpt-4 | cost |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    for (name, tiers) in [
        ("all three", vec![0, 1, 2]),
        ("gpt-3.5, gpt-4", vec![1, 2]),
        ("mistral-7b, gpt-4", vec![0, 2]),
        ("gpt-4", vec![2]),
    ] {
        for max_error in [0.10, 0.15, 0.20] {
            print_promise(name, &tiers, max_error, (splits, prices))?;
        }
    }
    Ok(())
}

type Tested<'a> = (&'a [(Vec<&'a Pair>, Vec<&'a Pair>)], &'a [f64; 3]);

fn print_promise(name: &str, tiers: &[usize], max_error: f64, (splits, prices): Tested<'_>) -> Result<()> {
    let rule = Rule::new(max_error, DELTA)?;
    let (mut coverage, mut wrong, mut n_broken, mut n_nothing, mut cost) = (0.0, 0.0, 0, 0, 0.0);
    let mut decided = [0.0; 3];
    for (gold, test) in splits {
        let answer = |pair: &Pair, tier: &usize| Answer {
            score: pair.said[*tier].confidence,
            loss: f64::from(u8::from(pair.said[*tier].class != pair.gold)),
        };
        let gold: Vec<Vec<Answer>> =
            gold.iter().map(|pair| tiers.iter().map(|tier| answer(pair, tier)).collect()).collect();
        let pool: Vec<Vec<f64>> =
            test.iter().map(|pair| tiers.iter().map(|tier| pair.said[*tier].confidence).collect()).collect();
        let cascade = choose_cascade(&gold, &pool, &rule)?;
        // A judge that may settle nothing need not be asked.
        let is_used: Vec<bool> = cascade.tiers.iter().map(|it| it.accepted().is_some()).collect();
        let n = test.len() as f64;
        let (mut n_settled, mut n_wrong) = (0.0, 0.0);
        for (pair, place) in test.iter().zip(&cascade.tier_of) {
            let last = place.map_or(tiers.len(), |it| it as usize + 1);
            cost += (0..last).filter(|it| is_used[*it]).map(|it| prices[tiers[it]]).sum::<f64>() / n;
            if let Some(place) = place {
                let tier = tiers[*place as usize];
                decided[tier] += 1.0 / n;
                n_settled += 1.0;
                n_wrong += answer(pair, &tier).loss;
            }
        }
        coverage += n_settled / n;
        wrong += n_wrong / n;
        n_broken += u32::from(n_wrong > max_error * n_settled);
        n_nothing += u32::from(n_settled == 0.0);
    }
    let n = splits.len() as f64;
    println!(
        "| {name} | {max_error} | {:.3} | {:.3} | {:.1} % | {:.0} % | {} | {:.2} |",
        coverage / n,
        wrong / coverage,
        100.0 * f64::from(n_broken) / n,
        100.0 * f64::from(n_nothing) / n,
        decided.map(|it| format!("{:.0} %", 100.0 * it / n)).join(" | "),
        cost / n
    );
    Ok(())
}
