//! What becomes of several answers that are no classes: texts, numbers, comparisons, boxes.
//!
//! The numbers to meet were measured with independent programs in Python on the same files. Simulations plant what they
//! then look for.

mod boxes;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result};
use karat_stats::ranking::{
    BradleyTerryOptions, NoisyOptions, PairVote, Preference, Prior, Ties, bradley_terry, noisy_bradley_terry,
};
use karat_stats::text::{
    MedoidOptions, Similarity, TextItem, gleu, medoid, rover, weighted_medoids, word_errors,
};
use karat_stats::values::{
    ItemValue, PrecisionOptions, ValueVote, mean_values, median_values, precision_weighted_values,
};
use karat_stats::{Estimate, IntervalOptions, Level};

use crate::Given;
use crate::data::rows;

/// Prints all tables.
pub(crate) fn run(given: &Given) -> Result<()> {
    texts(given)?;
    numbers(given)?;
    judges(given)?;
    planted_rankings(given)?;
    boxes::boxes(given)
}

// ---- texts

/// The answers to one item, as words by number.
#[derive(Default)]
struct Answers {
    annotators: Vec<u32>,
    words: Vec<Vec<u32>>,
    gold: Vec<u32>,
}

/// Words and the marks between them, in lower case.
fn words(text: &str, vocabulary: &mut HashMap<String, u32>) -> Vec<u32> {
    let mut cut = Vec::new();
    let mut word = String::new();
    for letter in text.to_lowercase().chars() {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            cut.push(std::mem::take(&mut word));
        }
        if !letter.is_whitespace() {
            cut.push(letter.to_string());
        }
    }
    if !word.is_empty() {
        cut.push(word);
    }
    let mut number = |word| {
        let next = vocabulary.len() as u32;
        *vocabulary.entry(word).or_insert(next)
    };
    cut.into_iter().map(&mut number).collect()
}

fn read_texts(folder: &Path) -> Result<(Vec<Answers>, u32)> {
    let mut vocabulary = HashMap::new();
    let mut annotators: BTreeMap<String, u32> = BTreeMap::new();
    let mut items: BTreeMap<String, Answers> = BTreeMap::new();
    for row in rows(&folder.join("labels.csv"))? {
        let next = annotators.len() as u32;
        let annotator = *annotators.entry(row[1].clone()).or_insert(next);
        let item = items.entry(row[0].clone()).or_default();
        item.annotators.push(annotator);
        item.words.push(words(&row[2], &mut vocabulary));
    }
    for row in rows(&folder.join("gold.csv"))? {
        if let Some(item) = items.get_mut(&row[0]) {
            item.gold = words(&row[1], &mut vocabulary);
        }
    }
    Ok((items.into_values().collect(), annotators.len() as u32))
}

/// What the study measured on a set: mean GLEU of a random answer, medoid, weighted medoid, ROVER and the best answer,
/// then word errors of medoid and ROVER.
const TEXTS: &[(&str, [f64; 7])] = &[
    ("wsa_j1", [0.238, 0.311, 0.277, 0.292, 0.534, 0.589, 0.556]),
    ("wsa_t1", [0.327, 0.404, 0.429, 0.401, 0.638, 0.476, 0.456]),
    ("wsa_t2", [0.300, 0.411, 0.395, 0.362, 0.615, 0.462, 0.469]),
];

fn texts(given: &Given) -> Result<()> {
    println!(
        "Texts: mean GLEU with the gold translation, and the mean word error rate (lower is better), each with the number \
         to meet; that of the weighted medoid was measured without shrinkage.\n"
    );
    println!(
        "| set | random answer | medoid | weighted medoid | ROVER | best answer | WER of medoid | WER of ROVER |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, wanted) in TEXTS {
        let (items, n_annotators) = read_texts(&given.data.join("crowd").join(name))?;
        let got = text_scores(&items, n_annotators)?;
        let cells = got.iter().zip(wanted).map(|(got, want)| format!(" {got:.3} ({want:.3}) |"));
        println!("| {name} |{}", cells.collect::<String>());
    }
    println!();
    Ok(())
}

fn text_scores(items: &[Answers], n_annotators: u32) -> Result<[f64; 7]> {
    let tables: Vec<TextItem> = items
        .iter()
        .map(|item| TextItem {
            annotators: item.annotators.clone(),
            similarity: Similarity::by_gleu(&slices(&item.words)),
        })
        .collect();
    let options = MedoidOptions { n_prior: 10.0, n_rounds: 50, tolerance: 1e-9 };
    let weighted = weighted_medoids(&tables, n_annotators, &options)?;
    let mut sums = [0.0; 7];
    for ((item, table), weighted) in items.iter().zip(&tables).zip(&weighted.medoids) {
        let alike: Vec<f64> = item.words.iter().map(|words| gleu(words, &item.gold).unwrap_or(0.0)).collect();
        let rate = |words: &[u32]| word_errors(words, &item.gold) as f64 / item.gold.len() as f64;
        let mean = |places: &[usize], score: &dyn Fn(usize) -> f64| {
            places.iter().map(|it| score(*it)).sum::<f64>() / places.len() as f64
        };
        let plain = medoid(&table.similarity, &[])?.best;
        let weighted = weighted.as_ref().context("an item without answers")?;
        let voted = rover(&slices(&item.words), &[])?.words;
        let of_item = [
            alike.iter().sum::<f64>() / alike.len() as f64,
            mean(&plain, &|it| alike[it]),
            mean(&weighted.best, &|it| alike[it]),
            gleu(&voted, &item.gold).unwrap_or(0.0),
            alike.iter().copied().fold(0.0, f64::max),
            mean(&plain, &|it| rate(&item.words[it])),
            rate(&voted),
        ];
        sums.iter_mut().zip(of_item).for_each(|(sum, it)| *sum += it / items.len() as f64);
    }
    Ok(sums)
}

fn slices(words: &[Vec<u32>]) -> Vec<&[u32]> {
    words.iter().map(Vec::as_slice).collect()
}

// ---- numbers

fn numbers(given: &Given) -> Result<()> {
    let folder = given.data.join("crowd/emotion");
    let mut annotators = BTreeMap::new();
    let mut items: BTreeMap<String, u32> = BTreeMap::new();
    let mut votes = Vec::new();
    for row in rows(&folder.join("labels.csv"))? {
        let (next_item, next_annotator) = (items.len() as u32, annotators.len() as u32);
        let item = *items.entry(row[0].clone()).or_insert(next_item);
        let annotator = *annotators.entry(row[1].clone()).or_insert(next_annotator);
        votes.push(ValueVote { item, annotator, value: row[2].parse()? });
    }
    let mut gold = Vec::new();
    for row in rows(&folder.join("gold.csv"))? {
        if let Some(item) = items.get(&row[0]) {
            gold.push((*item as usize, row[1].parse::<f64>()?));
        }
    }
    let n_items = items.len() as u32;
    let options = PrecisionOptions { n_prior: 4.0, n_rounds: 200, tolerance: 1e-9 };
    let weighted = precision_weighted_values(n_items, annotators.len() as u32, &votes, &options)?;
    println!(
        "Numbers (`emotion`, {n_items} items): mean absolute error and correlation with gold, with the numbers to meet.\n"
    );
    println!("| | mean absolute error | r |\n|---|---|---|");
    for (name, found, wanted) in [
        ("mean", mean_values(n_items, &votes)?, (12.02, 0.725)),
        ("median", median_values(n_items, &votes)?, (13.53, 0.634)),
        ("weighed by precision, 4 prior votes", weighted.items, (12.14, 0.697)),
    ] {
        let (error, r) = error_and_r(&found, &gold);
        println!("| {name} | {error:.2} ({:.2}) | {r:.3} ({:.3}) |", wanted.0, wanted.1);
    }
    println!();
    Ok(())
}

fn error_and_r(found: &[Option<ItemValue>], gold: &[(usize, f64)]) -> (f64, f64) {
    let pairs: Vec<(f64, f64)> =
        gold.iter().filter_map(|(item, gold)| found[*item].map(|it| (it.value, *gold))).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
    let (a, b) = (mean(|it| it.0), mean(|it| it.1));
    let dot = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let r = dot(&|it| (it.0 - a) * (it.1 - b))
        / (dot(&|it| (it.0 - a).powi(2)) * dot(&|it| (it.1 - b).powi(2))).sqrt();
    (mean(|it| (it.0 - it.1).abs()), r)
}

// ---- comparisons

fn show(estimate: &Estimate) -> String {
    format!("{:.2} [{:.2}, {:.2}]", estimate.value, estimate.interval.low, estimate.interval.high)
}

const JUDGES: [&str; 5] = ["annotator1", "annotator2", "annotator3", "gpt-3.5-turbo", "pandalm-7b"];

/// The names of the models that were compared, and the votes.
fn read_judges(given: &Given) -> Result<(Vec<String>, Vec<PairVote>)> {
    let path = given.data.join("pandalm_pairwise/pandalm_testset.jsonl");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let rows: Vec<serde_json::Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let models = |row: &serde_json::Value| -> Option<(String, String)> {
        let (first, second) = row["meta"]["cmp"].as_str()?.split_once('_')?;
        Some((first.to_owned(), second.to_owned()))
    };
    let names: BTreeSet<String> = rows.iter().filter_map(models).flat_map(|(a, b)| [a, b]).collect();
    let names: Vec<String> = names.into_iter().collect();
    let number = |name: &str| names.iter().position(|it| it == name).unwrap_or_default() as u32;
    let mut votes = Vec::new();
    for row in &rows {
        let Some((first, second)) = models(row) else { continue };
        for response in row["responses"].as_array().into_iter().flatten() {
            let who = response["annotator_id"].as_str().or(response["model"].as_str());
            let Some(annotator) = JUDGES.iter().position(|it| Some(*it) == who) else { continue };
            let outcome = match response["label"].as_str() {
                Some("response_1") => Preference::First,
                Some("response_2") => Preference::Second,
                Some("tie") => Preference::Tie,
                _ => continue,
            };
            let annotator = annotator as u32;
            votes.push(PairVote { first: number(&first), second: number(&second), annotator, outcome });
        }
    }
    Ok((names, votes))
}

/// Three people and two models compare the answers of five models.
fn judges(given: &Given) -> Result<()> {
    let (names, votes) = read_judges(given)?;
    println!(
        "Judges (PandaLM, {} comparisons of {} models by three people and two models): strengths by Bradley-Terry with \
         ties and position, prior of standard deviation 2.\n",
        votes.len(),
        names.len()
    );
    let header: String = names.iter().map(|it| format!(" {it} |")).collect();
    println!("| judge |{header} share of ties of equals | position, log odds |");
    println!("|---|{}---|---|", "---|".repeat(names.len()));
    let mut remarks = BTreeSet::new();
    for (annotator, judge) in JUDGES.iter().enumerate() {
        let own: Vec<PairVote> =
            votes.iter().copied().filter(|it| it.annotator == annotator as u32).collect();
        let fit = bradley_terry(names.len() as u32, &own, &pair_options(Prior::Gaussian { sd: 2.0 }))?;
        let cells: String = fit
            .ranking
            .strengths
            .iter()
            .map(|it| format!(" {:+.2} ± {:.2} |", it.value, it.standard_error))
            .collect();
        let ties = fit.ties.map_or("none".to_owned(), |it| format!("{:.2}", it.value / (2.0 + it.value)));
        println!("| {judge} |{cells} {ties} | {} |", fit.position.as_ref().map(show).unwrap_or_default());
        remarks.extend(fit.ranking.remarks.iter().map(ToString::to_string));
    }
    println!("\nRemarks: {}.\n", remarks.into_iter().collect::<Vec<_>>().join("; "));
    let fit = noisy_bradley_terry(names.len() as u32, JUDGES.len() as u32, &votes, &noisy_options())?;
    println!("All five judges in one noisy Bradley-Terry:\n");
    println!("| judge | reliability | share of firsts among equals |\n|---|---|---|");
    for (judge, found) in JUDGES.iter().zip(&fit.annotators) {
        let found = found.context("a judge without votes")?;
        println!("| {judge} | {} | {} |", show(&found.reliability), show(&found.first_share));
    }
    println!();
    Ok(())
}

fn pair_options(prior: Prior) -> BradleyTerryOptions {
    let intervals = IntervalOptions { level: Level::P95, n_resamples: 0, seed: 1 };
    BradleyTerryOptions { ties: Ties::Davidson, position: true, prior, intervals }
}

fn noisy_options() -> NoisyOptions {
    NoisyOptions {
        strength_sd: 1.0,
        reliability: 0.8,
        reliability_sd: 1.5,
        position_sd: 1.5,
        level: Level::P95,
    }
}

/// SplitMix64, as in `karat-stats`.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((word ^ (word >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.unit() * f64::from(end)) as u32
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

fn odds(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// How often something was inside its interval.
#[derive(Default)]
struct Covered {
    n: u64,
    inside: u64,
}

impl Covered {
    fn count(&mut self, interval: karat_stats::Interval, value: f64) {
        self.n += 1;
        self.inside += u64::from(interval.contains(value));
    }

    fn print(&self, what: &str) {
        let share = Estimate::share(self.inside, self.n, Level::P95);
        println!("| {what} | {} |", share.as_ref().map(|it| format!("{:.3}", it.value)).unwrap_or_default());
    }
}

/// Two of ten items.
fn pair(random: &mut Random) -> (u32, u32) {
    let first = random.below(10);
    (first, (first + 1 + random.below(9)) % 10)
}

/// A thousand comparisons by Davidson's model with position.
fn planted_votes(random: &mut Random, strengths: &[f64], nu: f64, delta: f64) -> Vec<PairVote> {
    let vote = |_| {
        let (first, second) = pair(random);
        let (a, b) = (strengths[first as usize], strengths[second as usize]);
        let (one, other) = ((a + delta / 2.0).exp(), (b - delta / 2.0).exp());
        let at = random.unit() * (one + other + nu * ((a + b) / 2.0).exp());
        let outcome = match at {
            at if at < one => Preference::First,
            at if at < one + other => Preference::Second,
            _ => Preference::Tie,
        };
        PairVote { first, second, annotator: 0, outcome }
    };
    (0..1_000).map(vote).collect()
}

/// Comparisons with planted strengths, ties and position bias: how often the 95 % intervals hold what was planted.
fn planted_rankings(given: &Given) -> Result<()> {
    let n_worlds = 20 * given.n_seeds;
    let [mut strength, mut position, mut ties] = [(); 3].map(|()| Covered::default());
    let [mut noisy, mut reliability, mut first_share] = [(); 3].map(|()| Covered::default());
    for seed in 0..n_worlds {
        let mut random = Random(seed);
        let strengths: Vec<f64> = (0..10).map(|_| random.normal()).collect();
        let mean = strengths.iter().sum::<f64>() / 10.0;
        let (nu, delta) = (0.6, 0.4);
        let votes = planted_votes(&mut random, &strengths, nu, delta);
        let fit = bradley_terry(10, &votes, &pair_options(Prior::None))?;
        for (found, planted) in fit.ranking.strengths.iter().zip(&strengths) {
            strength.count(found.interval, planted - mean);
        }
        position.count(fit.position.context("no position")?.interval, delta);
        ties.count(fit.ties.context("no ties")?.interval, nu);
        // Judges as the prior expects them: an interval covers on average over these, not at each point.
        let judges = [(); 4].map(|()| (odds(4_f64.ln() + 1.5 * random.normal()), 1.5 * random.normal()));
        let mut votes = Vec::new();
        for n in 0..4_000_u32 {
            let (first, second) = pair(&mut random);
            let (r, q): (f64, f64) = judges[n as usize % 4];
            let looks = odds(strengths[first as usize] - strengths[second as usize]);
            let p = r * looks + (1.0 - r) * odds(q);
            let outcome = if random.unit() < p { Preference::First } else { Preference::Second };
            votes.push(PairVote { first, second, annotator: n % 4, outcome });
        }
        let fit = noisy_bradley_terry(10, 4, &votes, &noisy_options())?;
        for (found, planted) in fit.ranking.strengths.iter().zip(&strengths) {
            noisy.count(found.interval, planted - mean);
        }
        for (found, (r, q)) in fit.annotators.iter().zip(judges) {
            let found = found.context("a judge without votes")?;
            reliability.count(found.reliability.interval, r);
            first_share.count(found.first_share.interval, 0.5 * r + (1.0 - r) * odds(q));
        }
    }
    println!(
        "Planted rankings: the share of 95 % intervals that hold what was planted, in {n_worlds} worlds of 10 items.\n"
    );
    println!("| | covered |\n|---|---|");
    strength.print("strengths, 1,000 comparisons with ties");
    position.print("position bias δ = 0.4");
    ties.print("tie parameter ν = 0.6");
    noisy.print("strengths, 4,000 comparisons by 4 judges");
    reliability.print("reliability of the judges");
    first_share.print("share of firsts among equals");
    println!();
    Ok(())
}
