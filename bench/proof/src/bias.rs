//! Whether taking out what a prompt favors brings back what was there: on made-up models whose leaning is known, and on
//! recorded token probabilities.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use karat_stats::Class;
use karat_stats::calibrate::{
    CalibrateOptions, Rule, Scored, batch_calibration, calibrate, choose_gamma, contextual_calibration,
    coverage_at_accuracy, domain_context_calibration, prompt_prior, quality, without_prior,
};

use crate::Given;

const N_BINS: usize = 15;

pub(crate) fn run(given: &Given) -> Result<()> {
    made_up(given.n_seeds)?;
    uneven(given.n_seeds)?;
    let runs = boolq(&given.data.join("boolq_llama3_confidence"))?;
    on_boolq(&runs, given.n_seeds)?;
    after_correction(&runs, given.n_seeds)
}

/// A generator of numbers: Knuth's MMIX, its high bits.
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A normal number, by Box and Muller.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    fn class(&mut self, shares: &[f64]) -> Class {
        let at = self.unit();
        let mut sum = 0.0;
        let idx = shares.iter().position(|share| {
            sum += share;
            at < sum
        });
        Class(idx.unwrap_or(shares.len() - 1) as u32)
    }
}

/// A model whose evidence is right and whose prompt leans: `ln p(y | x) = evidence + ln leaning + a constant`.
struct MadeUp {
    rows: Vec<f64>,
    unbiased: Vec<f64>,
    gold: Vec<Class>,
    content_free: Vec<f64>,
    random_words: Vec<f64>,
}

/// What the made-up prompts lean to.
struct Leaning {
    classes: Vec<f64>,
    /// What the domain's words lean to beside it: content-free inputs such as `N/A` do not show it, random words do.
    domain: Vec<f64>,
}

impl Leaning {
    fn whole(&self) -> Vec<f64> {
        let products: Vec<f64> = self.classes.iter().zip(&self.domain).map(|(a, b)| a * b).collect();
        let sum: f64 = products.iter().sum();
        products.into_iter().map(|it| it / sum).collect()
    }
}

impl MadeUp {
    /// `n` items of classes with these shares. Evidence is normal, with the mean that makes it a true log-likelihood ratio
    /// (half its variance), so that the best possible accuracy is that of the unbiased rows.
    fn new(n: usize, shares: &[f64], leaning: &Leaning, seed: u64) -> Self {
        let k = shares.len();
        let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xB1A5);
        let whole = leaning.whole();
        let (mut rows, mut unbiased, mut gold) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..n {
            let class = draw.class(shares);
            let evidence: Vec<f64> = (0..k)
                .map(|it| SPREAD * draw.normal() + if it == class.0 as usize { SPREAD * SPREAD } else { 0.0 })
                .collect();
            rows.extend(normalized(evidence.iter().zip(&whole).map(|(e, p)| e + p.ln())));
            unbiased.extend(normalized(evidence.into_iter()));
            gold.push(class);
        }
        // What says nothing has little evidence, and a few draws of it.
        let mut empty = |n: usize, of: &[f64]| -> Vec<f64> {
            (0..n)
                .flat_map(|_| {
                    let noise: Vec<f64> = of.iter().map(|p| p.ln() + 0.2 * draw.normal()).collect();
                    normalized(noise.into_iter())
                })
                .collect()
        };
        let content_free = empty(3, &leaning.classes);
        let random_words = empty(20, &whole);
        Self { rows, unbiased, gold, content_free, random_words }
    }
}

/// The spread of the evidence of one class.
const SPREAD: f64 = 1.5;

fn normalized(logs: impl Iterator<Item = f64>) -> Vec<f64> {
    let logs: Vec<f64> = logs.collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let norm = most + logs.iter().map(|it| (it - most).exp()).sum::<f64>().ln();
    logs.into_iter().map(|it| it - norm).collect()
}

/// The share of rows whose top class is the gold.
fn accuracy(rows: &[f64], gold: &[Class]) -> f64 {
    let k = rows.len() / gold.len();
    let right = rows.chunks_exact(k).zip(gold).filter(|(row, gold)| top(row) == gold.0 as usize).count();
    right as f64 / gold.len() as f64
}

fn top(row: &[f64]) -> usize {
    (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0)
}

/// The largest distance of two distributions in one class.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn even(k: usize) -> Vec<f64> {
    vec![1.0 / k as f64; k]
}

fn made_up(n_seeds: u64) -> Result<()> {
    println!(
        "Made-up models, 2,000 items, classes in equal shares, mean of {n_seeds} seeds. Accuracy of the top class; in brackets how far \
         the recovered leaning is from the true one, in the worst class.\n"
    );
    println!(
        "| leaning | as it came | contextual | domain | batch | without any leaning |\n|---|---|---|---|---|---|"
    );
    let cases: [(&str, Leaning); 4] = [
        ("none, 2 classes", Leaning { classes: even(2), domain: even(2) }),
        ("0.8 / 0.2", Leaning { classes: vec![0.8, 0.2], domain: even(2) }),
        ("0.6 / 0.25 / 0.1 / 0.05", Leaning { classes: vec![0.6, 0.25, 0.1, 0.05], domain: even(4) }),
        (
            "0.6 / 0.4 by the prompt, 0.75 / 0.25 by the domain's words",
            Leaning { classes: vec![0.6, 0.4], domain: vec![0.75, 0.25] },
        ),
    ];
    for (name, leaning) in cases {
        let k = leaning.classes.len();
        let mut sums = [0.0; 5];
        let mut off = [0.0; 3];
        for seed in 0..n_seeds {
            let made = MadeUp::new(2_000, &even(k), &leaning, seed);
            let corrected = [
                contextual_calibration(&made.rows, &made.content_free, k)?,
                domain_context_calibration(&made.rows, &made.random_words, k)?,
                batch_calibration(&made.rows, k, None)?,
            ];
            sums[0] += accuracy(&made.rows, &made.gold);
            sums[4] += accuracy(&made.unbiased, &made.gold);
            for (n, rows) in corrected.iter().enumerate() {
                sums[n + 1] += accuracy(rows, &made.gold);
            }
            for (n, from) in [&made.content_free, &made.random_words, &made.rows].into_iter().enumerate() {
                off[n] += apart(&prompt_prior(from, k)?, &leaning.whole());
            }
        }
        let [came, contextual, domain, batch, unbiased] = sums.map(|it| it / n_seeds as f64);
        let off = off.map(|it| it / n_seeds as f64);
        println!(
            "| {name} | {came:.3} | {contextual:.3} ({:.3}) | {domain:.3} ({:.3}) | {batch:.3} ({:.3}) | {unbiased:.3} |",
            off[0], off[1], off[2]
        );
        ensure!(off[1] < 0.03, "domain does not find the leaning of `{name}`: {:.3} off", off[1]);
        ensure!(unbiased - domain < 0.01, "domain does not bring back the accuracy of `{name}`");
    }
    println!(
        "\nA batch's mean is not the leaning itself (evidence flattens it), so its distance is larger; what counts is the accuracy.\n"
    );
    Ok(())
}

/// Where the classes are uneven, a batch's mean holds the truth beside the leaning.
fn uneven(n_seeds: u64) -> Result<()> {
    println!(
        "The same with a leaning of 0.7 / 0.3 and uneven classes: the danger of `batch`. Accuracy, mean of {n_seeds} seeds.\n"
    );
    println!(
        "| true shares | as it came | contextual | batch | batch, shares known | batch, strength by 100 gold |\n|---|---|---|---|---|---|"
    );
    let leaning = Leaning { classes: vec![0.7, 0.3], domain: even(2) };
    for shares in [[0.5, 0.5], [0.7, 0.3], [0.3, 0.7], [0.88, 0.12], [0.12, 0.88]] {
        let mut sums = [0.0; 5];
        for seed in 0..n_seeds {
            let made = MadeUp::new(2_000, &shares, &leaning, seed);
            let prior = prompt_prior(&made.rows, 2)?;
            let gamma = choose_gamma(&made.rows[..200], &prior, &made.gold[..100])?.gamma;
            let rows = [
                made.rows.clone(),
                contextual_calibration(&made.rows, &made.content_free, 2)?,
                batch_calibration(&made.rows, 2, None)?,
                batch_calibration(&made.rows, 2, Some(&shares))?,
                without_prior(&made.rows, &prior, gamma)?,
            ];
            // The first hundred chose the strength; the others judge.
            for (sum, rows) in sums.iter_mut().zip(&rows) {
                *sum += accuracy(&rows[200..], &made.gold[100..]) / n_seeds as f64;
            }
        }
        let cells: Vec<String> = sums.iter().map(|it| format!("{it:.3}")).collect();
        println!("| {:.2} / {:.2} | {} |", shares[0], shares[1], cells.join(" | "));
    }
    println!();
    Ok(())
}

/// The answers of one run: log-probabilities of Yes and No, gold, and whether what the model wrote was yes.
#[derive(Default)]
struct Run {
    rows: Vec<f64>,
    gold: Vec<Class>,
    wrote: Vec<Class>,
    on_labels: Vec<f64>,
}

fn boolq(folder: &Path) -> Result<BTreeMap<String, Run>> {
    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    for file in ["boolq_calibration_only.jsonl", "boolq_with_text.jsonl"] {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            for answer in row["responses"].as_array().into_iter().flatten() {
                let p = |word: &str| answer["token_probs"][word].as_f64().unwrap_or(0.0);
                let (yes, no) = (p("Yes"), p("No"));
                if yes + no <= 0.0 {
                    continue;
                }
                let run = runs.entry(answer["prompt_id"].as_str().unwrap_or("").to_owned()).or_default();
                let class = |said: &serde_json::Value| Class(u32::from(said != "yes"));
                run.rows.extend([(yes / (yes + no)).ln(), (no / (yes + no)).ln()]);
                run.gold.push(class(&row["gold"]));
                run.wrote.push(class(&answer["label"]));
                run.on_labels.push(yes + no);
            }
        }
    }
    Ok(runs)
}

fn yes_share(classes: &[Class]) -> f64 {
    classes.iter().filter(|it| it.0 == 0).count() as f64 / classes.len() as f64
}

fn on_boolq(runs: &BTreeMap<String, Run>, n_seeds: u64) -> Result<()> {
    println!(
        "Batch calibration of Yes and No, Llama-3-8B on BoolQ. \"by gold\": the strength chosen on 100 gold items, judged on the others, mean of \
         {n_seeds} draws.\n"
    );
    println!(
        "| run | n | true yes | written yes | mean p(yes) | on Yes and No | accuracy, written | tokens | batch | batch, shares known | by gold (strength) |\n|---|---|---|---|---|---|---|---|---|---|---|"
    );
    for (name, run) in runs {
        let n = run.gold.len();
        let prior = prompt_prior(&run.rows, 2)?;
        let share = yes_share(&run.gold);
        let written = run.wrote.iter().zip(&run.gold).filter(|(a, b)| a == b).count() as f64 / n as f64;
        let batch = accuracy(&batch_calibration(&run.rows, 2, None)?, &run.gold);
        let known = accuracy(&batch_calibration(&run.rows, 2, Some(&[share, 1.0 - share]))?, &run.gold);
        let (by_gold, gamma) = by_gold(run, n_seeds)?;
        let on_labels = run.on_labels.iter().sum::<f64>() / n as f64;
        println!(
            "| {name} | {n} | {share:.3} | {:.3} | {:.3} | {on_labels:.3} | {written:.3} | {:.3} | {batch:.3} | {known:.3} | {by_gold:.3} ({gamma:.1}) |",
            yes_share(&run.wrote),
            prior[0],
            accuracy(&run.rows, &run.gold),
        );
    }
    println!();
    Ok(())
}

/// The accuracy on the others where 100 gold items drawn at random choose the strength, and the mean strength.
fn by_gold(run: &Run, n_seeds: u64) -> Result<(f64, f64)> {
    let prior = prompt_prior(&run.rows, 2)?;
    let (mut right, mut gammas) = (0.0, 0.0);
    for seed in 0..n_seeds {
        let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x601D);
        let mut order: Vec<usize> = (0..run.gold.len()).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, (draw.unit() * (last + 1) as f64) as usize);
        }
        let part = |at: &[usize]| -> (Vec<f64>, Vec<Class>) {
            (
                at.iter().flat_map(|it| run.rows[2 * it..2 * it + 2].to_vec()).collect(),
                at.iter().map(|it| run.gold[*it]).collect(),
            )
        };
        let (gold, rest) = order.split_at(100);
        let (rows, classes) = part(gold);
        let gamma = choose_gamma(&rows, &prior, &classes)?.gamma;
        let (rows, classes) = part(rest);
        right += accuracy(&without_prior(&rows, &prior, gamma)?, &classes) / n_seeds as f64;
        gammas += gamma / n_seeds as f64;
    }
    Ok((right, gammas))
}

fn after_correction(runs: &BTreeMap<String, Run>, n_seeds: u64) -> Result<()> {
    println!(
        "The probability of the top token label as a confidence, before and after `batch`, each as it came and calibrated (chosen by size, \
         cross-fitted in 10 folds, mean of {n_seeds} seeds): accuracy / ECE / Brier / AUROC / coverage at 90 % accuracy. For what the \
         model stated beside it, see `confidence`.\n"
    );
    println!("| run | tokens | tokens, calibrated | batch | batch, calibrated |\n|---|---|---|---|---|");
    for (name, run) in runs {
        let corrected = batch_calibration(&run.rows, 2, None)?;
        let mut cells = Vec::new();
        for rows in [&run.rows, &corrected] {
            let items: Vec<Scored> = rows
                .chunks_exact(2)
                .zip(&run.gold)
                .map(|(row, gold)| Scored::new(row[top(row)].exp().min(1.0), top(row) == gold.0 as usize))
                .collect();
            cells.push(numbers(&items)?);
            let mut sums = [0.0; 5];
            for seed in 0..n_seeds {
                let options = CalibrateOptions { rule: Rule::BySize, n_folds: 10, n_bins: N_BINS, seed };
                let fitted = calibrate(&items, &options)?;
                let after: Vec<Scored> = items
                    .iter()
                    .zip(&fitted.cross_fitted)
                    .map(|(it, score)| Scored { score: *score, ..*it })
                    .collect();
                sums.iter_mut().zip(numbers(&after)?).for_each(|(sum, it)| *sum += it / n_seeds as f64);
            }
            cells.push(sums);
        }
        println!("| {name} | {} |", cells.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    Ok(())
}

fn numbers(items: &[Scored]) -> Result<[f64; 5]> {
    let got = quality(items, N_BINS)?;
    let covered = coverage_at_accuracy(items, 0.9)?.map_or(0.0, |cut| cut.coverage);
    Ok([got.accuracy, got.ece, got.brier, got.auroc.unwrap_or(f64::NAN), covered])
}

fn cell([accuracy, ece, brier, auroc, covered]: &[f64; 5]) -> String {
    format!("{accuracy:.3} / {ece:.3} / {brier:.3} / {auroc:.3} / {:.0} %", 100.0 * covered)
}
