//! Whether scores of models are probabilities, before and after calibration, and how much gold that takes.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result};
use karat_stats::calibrate::{
    Binning, CALIBRATORS, CalibrateOptions, Method, Model, Quality, Rule, Scored, calibrate, combine,
    coverage_at_accuracy, expected_ece, log_loss, quality, quality_intervals,
};
use karat_stats::{Estimate, IntervalOptions, Level};

use crate::Given;
use crate::data::rows;

const N_BINS: usize = 15;

/// Scores of one kind, of one annotator and prompt, with further evidence of each item.
struct Source {
    name: String,
    items: Vec<Scored>,
    features: Vec<Option<f64>>,
    n_features: usize,
    feature_names: &'static str,
}

pub(crate) fn run(given: &Given) -> Result<()> {
    let judges = judges(&given.data.join("crowd/judge_pairs"))?;
    let boolq = boolq(&given.data.join("boolq_llama3_confidence"))?;
    against_targets(&judges)?;
    let sources: Vec<Source> = judges.into_iter().chain(boolq).collect();
    as_they_came(&sources)?;
    after_each(&sources, given.n_seeds)?;
    by_gold(&sources, given.n_seeds)?;
    with_evidence(&sources, given.n_seeds)
}

/// Three judges of 500 pairs of answers; the label is the one with more probability.
fn judges(folder: &Path) -> Result<Vec<Source>> {
    let gold: HashMap<String, String> =
        rows(&folder.join("gold.csv"))?.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let mut by_model: BTreeMap<String, Vec<(String, f64, f64)>> = BTreeMap::new();
    for row in rows(&folder.join("probs.csv"))? {
        by_model.entry(row[1].clone()).or_default().push((row[0].clone(), row[2].parse()?, row[3].parse()?));
    }
    // The probability of the first answer, by judge and pair.
    let firsts: HashMap<(&str, &str), f64> = by_model
        .iter()
        .flat_map(|(model, list)| {
            list.iter().map(move |(task, p1, p2)| ((model.as_str(), task.as_str()), p1 / (p1 + p2)))
        })
        .collect();
    let mut sources = Vec::new();
    for model in by_model.keys() {
        let (mut items, mut features) = (Vec::new(), Vec::new());
        for (task, p1, p2) in &by_model[model] {
            let first = p1 >= p2;
            let label = if first { "1" } else { "2" };
            items.push(Scored::new(p1.max(*p2), gold.get(task).is_some_and(|gold| gold == label)));
            // What each other judge gives to this judge's label.
            for other in by_model.keys().filter(|other| *other != model) {
                let p = firsts.get(&(other.as_str(), task.as_str()));
                features.push(p.map(|p| log_odds(if first { *p } else { 1.0 - p })));
            }
        }
        let (name, n_features) = (format!("{model}, tokens"), by_model.len() - 1);
        sources.push(Source { name, items, features, n_features, feature_names: "the other two judges" });
    }
    Ok(sources)
}

/// Six runs of one model over BoolQ, each with what it stated and what its tokens say.
fn boolq(folder: &Path) -> Result<Vec<Source>> {
    let mut runs: BTreeMap<String, Vec<(bool, f64, f64)>> = BTreeMap::new();
    for file in ["boolq_calibration_only.jsonl", "boolq_with_text.jsonl"] {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            for answer in row["responses"].as_array().into_iter().flatten() {
                let number = |at: &serde_json::Value| at.as_f64().unwrap_or(0.0);
                let (yes, no) = (number(&answer["token_probs"]["Yes"]), number(&answer["token_probs"]["No"]));
                let of_label = if answer["label"] == "yes" { yes } else { no };
                let run = answer["prompt_id"].as_str().unwrap_or("").to_owned();
                let right = answer["label"] == row["gold"];
                runs.entry(run).or_default().push((
                    right,
                    number(&answer["confidence"]),
                    of_label / (yes + no),
                ));
            }
        }
    }
    let mut sources = Vec::new();
    for (run, list) in &runs {
        for (kind, score, other) in [("stated", 1, 2), ("tokens", 2, 1)] as [(&str, usize, usize); 2] {
            let of = |item: &(bool, f64, f64), which: usize| if which == 1 { item.1 } else { item.2 };
            sources.push(Source {
                name: format!("Llama-3-8B BoolQ {run}, {kind}"),
                items: list.iter().map(|it| Scored::new(of(it, score).clamp(0.0, 1.0), it.0)).collect(),
                features: list.iter().map(|it| Some(log_odds(of(it, other)))).collect(),
                n_features: 1,
                feature_names: if kind == "stated" { "tokens" } else { "stated" },
            });
        }
    }
    Ok(sources)
}

fn log_odds(p: f64) -> f64 {
    let p = p.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}

fn against_targets(judges: &[Source]) -> Result<()> {
    let targets = [
        ("gpt-4-turbo", [0.784, 0.130, 0.764, 0.099]),
        ("gpt-3.5-turbo", [0.756, 0.051, 0.743, 0.115]),
        ("mistral-7b-instruct", [0.750, 0.097, 0.732, 0.172]),
    ];
    println!("Three judges, 500 pairs; in brackets what was measured elsewhere on the same file.\n");
    println!("| judge | accuracy | ECE, 15 bins | AUROC | AURC |\n|---|---|---|---|---|");
    for (model, want) in targets {
        let Some(judge) = judges.iter().find(|it| it.name.starts_with(model)) else { continue };
        let got = quality(&judge.items, N_BINS)?;
        let numbers = [got.accuracy, got.ece, got.auroc.unwrap_or(f64::NAN), got.aurc];
        let cells: Vec<String> =
            numbers.iter().zip(want).map(|(got, want)| format!("{got:.3} ({want:.3})")).collect();
        println!("| {model} | {} |", cells.join(" | "));
    }
    println!();
    Ok(())
}

fn as_they_came(sources: &[Source]) -> Result<()> {
    println!(
        "Scores as they came, with 95 % bootstrap intervals. \"by noise\": the ECE of perfect scores of this number.\n"
    );
    println!(
        "| source | n | accuracy | mean score | ECE | by noise | Brier | AUROC | coverage at 90 % accuracy |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 1 };
    for source in sources {
        let got = quality(&source.items, N_BINS)?;
        let intervals = quality_intervals(&source.items, N_BINS, &options)?;
        let scores: Vec<f64> = source.items.iter().map(|it| it.score).collect();
        let noise = expected_ece(&scores, Binning::EqualWidth(N_BINS), 200, 1)?;
        println!(
            "| {} | {} | {:.3} | {:.3} | {} | {noise:.3} | {} | {} | {} |",
            source.name,
            got.n,
            got.accuracy,
            got.mean_score,
            with_interval(intervals.ece),
            with_interval(intervals.brier),
            with_interval(intervals.auroc),
            percent(coverage(&source.items)?),
        );
    }
    println!();
    Ok(())
}

fn after_each(sources: &[Source], n_seeds: u64) -> Result<()> {
    println!(
        "Cross-fitted in 10 folds, mean of {n_seeds} seeds: ECE / Brier / log loss / AUROC / coverage at 90 % accuracy.\n"
    );
    println!("| source | as it came | {} | chosen by size |", titles().join(" | "));
    println!("|---|{}---|---|", "---|".repeat(CALIBRATORS.len()));
    for source in sources {
        let before = quality(&source.items, N_BINS)?;
        let mut cells = vec![cell(&[sums(&before, coverage(&source.items)?)])];
        for rule in CALIBRATORS.iter().map(Rule::Only).chain([Rule::BySize]) {
            let mut measured = Vec::new();
            for seed in 0..n_seeds {
                let options = CalibrateOptions { rule, n_folds: 10, n_bins: N_BINS, seed };
                let fitted = calibrate(&source.items, &options)?;
                let after = rescored(&source.items, &fitted.cross_fitted);
                measured.push(sums(&fitted.after, coverage(&after)?));
            }
            cells.push(cell(&measured));
        }
        println!("| {} | {} |", source.name, cells.join(" | "));
    }
    println!();
    Ok(())
}

/// The amounts of gold that are tried.
const AMOUNTS: [usize; 7] = [30, 50, 100, 200, 300, 500, 1_000];

/// Fitted on so much gold, judged on all other items.
fn by_gold(sources: &[Source], n_seeds: u64) -> Result<()> {
    let columns = [&["as it came"], titles().as_slice(), &["chosen by size", "chosen from all"]].concat();
    println!(
        "Log loss on the other items by the amount of gold, mean of {n_seeds} draws; the best is bold.\n"
    );
    println!("| source | gold | {} |\n|---|---|{}", columns.join(" | "), "---|".repeat(columns.len()));
    let mut above_best: BTreeMap<usize, Vec<Vec<f64>>> = BTreeMap::new();
    for source in sources {
        for n_gold in AMOUNTS.into_iter().filter(|n_gold| n_gold + 150 <= source.items.len()) {
            let mut losses = vec![0.0; columns.len()];
            for seed in 0..n_seeds {
                let (gold, rest) = split(&source.items, n_gold, seed);
                for (sum, loss) in losses.iter_mut().zip(losses_of(&gold, &rest)?) {
                    *sum += loss / n_seeds as f64;
                }
            }
            let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
            println!("| {} | {n_gold} | {} |", source.name, bold(&losses, 3));
            let rows = above_best.entry(n_gold).or_default();
            rows.push(losses.iter().map(|loss| loss - least).collect());
        }
    }
    println!("\nThe same, above the best of the row, mean over the sources with so many items.\n");
    println!("| gold | sources | {} |\n|---|---|{}", columns.join(" | "), "---|".repeat(columns.len()));
    for (n_gold, rows) in above_best {
        let mean = |column: usize| rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64;
        let means: Vec<f64> = (0..columns.len()).map(mean).collect();
        println!("| {n_gold} | {} | {} |", rows.len(), bold(&means, 4));
    }
    println!();
    Ok(())
}

/// On the rest: the scores as they came, each calibrator fitted to the gold, and two ways to choose one by the gold.
fn losses_of(gold: &[Scored], rest: &[Scored]) -> Result<Vec<f64>> {
    let loss = |method: &Method| -> Result<f64> {
        let fitted = (method.fit)(gold)?;
        let scores: Vec<f64> = rest.iter().map(|it| fitted.apply(it.score)).collect();
        Ok(log_loss(&rescored(rest, &scores))?)
    };
    let options = CalibrateOptions { rule: Rule::BySize, n_folds: 10, n_bins: N_BINS, seed: 1 };
    let by_size = calibrate(gold, &options)?.calibrator;
    let mut best = (f64::INFINITY, &CALIBRATORS[0]);
    for method in CALIBRATORS {
        let held_out =
            calibrate(gold, &CalibrateOptions { rule: Rule::Only(method), ..options })?.after.log_loss;
        if held_out < best.0 {
            best = (held_out, method);
        }
    }
    let by_size = CALIBRATORS.iter().find(|it| it.name == by_size.name()).unwrap_or(best.1);
    let mut losses = vec![log_loss(rest)?];
    for method in CALIBRATORS.iter().chain([by_size, best.1]) {
        losses.push(loss(method)?);
    }
    Ok(losses)
}

/// The numbers as cells, the least one bold.
fn bold(numbers: &[f64], digits: usize) -> String {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let cell = |number: &f64| {
        if *number <= least { format!("**{number:.digits$}**") } else { format!("{number:.digits$}") }
    };
    numbers.iter().map(cell).collect::<Vec<_>>().join(" | ")
}

fn with_evidence(sources: &[Source], n_seeds: u64) -> Result<()> {
    println!("Further evidence beside the score, cross-fitted in 5 folds, mean of {n_seeds} seeds.\n");
    println!(
        "| source | evidence | log loss, score alone | with evidence | taken | AUROC | coverage at 90 % accuracy |"
    );
    println!("|---|---|---|---|---|---|---|");
    for source in sources {
        let (mut alone, mut with, mut taken) = (0.0, 0.0, 0);
        let (mut auroc, mut covered) = ((0.0, 0.0), (0.0, 0.0));
        for seed in 0..n_seeds {
            let options = CalibrateOptions { rule: Rule::BySize, n_folds: 5, n_bins: N_BINS, seed };
            let combined = combine(&source.items, &source.features, source.n_features, &options)?;
            let part = 1.0 / n_seeds as f64;
            alone += part * combined.log_loss_score;
            with += part * combined.log_loss_features;
            taken += u64::from(matches!(combined.model, Model::Features(_)));
            auroc.0 += part * combined.before.auroc.unwrap_or(f64::NAN);
            auroc.1 += part * combined.after.auroc.unwrap_or(f64::NAN);
            covered.0 += part * coverage(&source.items)?;
            covered.1 += part * coverage(&rescored(&source.items, &combined.cross_fitted))?;
        }
        println!(
            "| {} | {} | {alone:.3} | {with:.3} | {taken} of {n_seeds} | {:.3} → {:.3} | {} → {} |",
            source.name,
            source.feature_names,
            auroc.0,
            auroc.1,
            percent(covered.0),
            percent(covered.1)
        );
    }
    Ok(())
}

fn titles() -> Vec<&'static str> {
    CALIBRATORS.iter().map(|it| it.title).collect()
}

/// The share of items above the lowest threshold that is 90 % accurate on these same items.
fn coverage(items: &[Scored]) -> Result<f64> {
    Ok(coverage_at_accuracy(items, 0.9)?.map_or(0.0, |cut| cut.coverage))
}

fn rescored(items: &[Scored], scores: &[f64]) -> Vec<Scored> {
    items.iter().zip(scores).map(|(item, score)| Scored { score: *score, ..*item }).collect()
}

/// Gold drawn at random, with two right and two wrong items at least, and the rest.
fn split(items: &[Scored], n_gold: usize, seed: u64) -> (Vec<Scored>, Vec<Scored>) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ n_gold as u64;
    loop {
        let mut order = items.to_vec();
        for last in (1..order.len()).rev() {
            // A published generator (Knuth's MMIX), its high bits.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            order.swap(last, ((state >> 33) as usize) % (last + 1));
        }
        let rest = order.split_off(n_gold);
        let n_right = order.iter().filter(|it| it.right).count();
        if n_right.min(n_gold - n_right) >= 2 {
            return (order, rest);
        }
    }
}

fn sums(quality: &Quality, coverage: f64) -> [f64; 5] {
    [quality.ece, quality.brier, quality.log_loss, quality.auroc.unwrap_or(f64::NAN), coverage]
}

fn cell(measured: &[[f64; 5]]) -> String {
    let mean = |idx: usize| measured.iter().map(|it| it[idx]).sum::<f64>() / measured.len() as f64;
    let numbers: Vec<String> = (0..4).map(|idx| format!("{:.3}", mean(idx))).collect();
    format!("{} / {}", numbers.join(" / "), percent(mean(4)))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn with_interval(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(
        || "undefined".to_owned(),
        |it| format!("{:.3} [{:.3}, {:.3}]", it.value, it.interval.low, it.interval.high),
    )
}
