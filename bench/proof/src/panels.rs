//! What gold adds to a jury of models: accuracy and calibration on 16 panels by the number of gold items, and recorded
//! juries beside their best single member.
//!
//! Gold is drawn at random, `--seeds` times; everything is scored on the other items, and of a tie each class counts its
//! share. One method, the same for every set: `anchored`. The targets for accuracy were measured with independent
//! programs in Python on the same panels, other draws.

use std::time::Instant;

use anyhow::Result;
use karat_stats::Class;
use karat_stats::aggregate::{Aggregate, FitOptions, Vote, Voter, Votes, anchored, method};

use crate::Given;
use crate::data::{Crowd, crowd};
use crate::recorded::juries;

/// The panels.
const PANELS: &[&str] = &[
    "conv_go_awry",
    "discourse",
    "emotion",
    "flute",
    "ibc",
    "implicit_hate",
    "media_ideology",
    "mrf",
    "persuasion",
    "raop",
    "reddit_humor",
    "semeval_stance",
    "talklife",
    "tempowic",
    "wiki_corpus",
    "wiki_politeness",
];

/// The models that a user of these panels would have kept.
const STRONGEST: &[&str] = &["chatgpt", "flan-t5-xl", "flan-t5-xxl", "flan-ul2", "text-davinci-003"];

/// Gold items, and the accuracy in percent that is to be met with them.
const SIZES: &[(usize, f64)] = &[(0, 56.9), (25, 58.3), (50, 58.8), (100, 59.8), (200, 61.2)];

/// Gold items of the tables of single sets.
const N_GOLD: usize = 100;

/// Prints the tables.
pub(crate) fn run(given: &Given) -> Result<()> {
    let read = |name: &&str| crowd(&given.data.join("crowd").join(format!("llm_{name}")));
    let panels: Vec<Crowd> = PANELS.iter().map(read).collect::<Result<_>>()?;
    println!("### Mean of {} panels of models\n", panels.len());
    println!(
        "Accuracy in percent on the items without gold; calibration error (ECE, 15 bins, top label) of the posterior of `dawid_skene`, of `anchored` before and after its last temperature. `promised − found`: accuracy on cross-fitted gold less accuracy on the other items, in points. `guarded`: draws in which the best annotator was followed.\n"
    );
    by_size(given, &panels, true)?;

    let strongest: Vec<Crowd> =
        panels.iter().map(|it| it.only(|name| STRONGEST.contains(&name))).collect::<Result<_>>()?;
    println!("\n### The same panels, their five strongest models only\n");
    by_size(given, &strongest, false)?;

    println!("\n### Each panel, {N_GOLD} gold items\n");
    by_set(given, &panels)?;
    println!("\n### Each panel, five strongest models, {N_GOLD} gold items\n");
    by_set(given, &strongest)?;
    println!("\n### Recorded juries, {N_GOLD} gold items\n");
    by_set(given, &juries(&given.data)?)?;

    println!("\n### Time\n");
    time(&panels)
}

/// What one draw of gold gave, or the mean of many.
#[derive(Debug, Clone, Copy, Default)]
struct Scores {
    /// The best single model, chosen on all items: nobody can know it.
    best: f64,
    /// The model that is right most often on the gold.
    chosen: f64,
    majority: f64,
    dawid_skene: f64,
    anchored: f64,
    /// Calibration errors.
    ece_dawid_skene: f64,
    ece_raw: f64,
    ece: f64,
    /// The share of draws in which the best annotator was followed.
    guarded: f64,
    /// What the cross-fitted rows promise beyond what holds on the other items.
    promised: f64,
}

impl Scores {
    fn each(&mut self) -> [&mut f64; 10] {
        let Self {
            best,
            chosen,
            majority,
            dawid_skene,
            anchored,
            ece_dawid_skene,
            ece_raw,
            ece,
            guarded,
            promised,
        } = self;
        [best, chosen, majority, dawid_skene, anchored, ece_dawid_skene, ece_raw, ece, guarded, promised]
    }

    fn mean(all: &[Self]) -> Self {
        let mut mean = Self::default();
        for one in all {
            let mut one = *one;
            mean.each().into_iter().zip(one.each()).for_each(|(to, it)| *to += *it / all.len() as f64);
        }
        mean
    }
}

fn by_size(given: &Given, panels: &[Crowd], with_targets: bool) -> Result<()> {
    println!(
        "| gold | majority | best by gold | dawid_skene | **anchored** | target | ECE dawid_skene | ECE before temperature | **ECE after** | target | promised − found | guarded |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (n_gold, target) in SIZES {
        let n_seeds = if *n_gold == 0 { 1 } else { given.n_seeds };
        let of = |panel: &Crowd| -> Result<Scores> { mean_of_draws(panel, *n_gold, n_seeds) };
        let all: Vec<Scores> = panels.iter().map(of).collect::<Result<_>>()?;
        let mean = Scores::mean(&all);
        println!(
            "| {n_gold} | {:.1} | {} | {:.1} | **{:.1}** | {} | {:.3} | {:.3} | {} | {} | {} | {:.0} % |",
            100.0 * mean.majority,
            if *n_gold == 0 { "-".to_owned() } else { format!("{:.1}", 100.0 * mean.chosen) },
            100.0 * mean.dawid_skene,
            100.0 * mean.anchored,
            if with_targets { target.to_string() } else { String::new() },
            mean.ece_dawid_skene,
            mean.ece_raw,
            if *n_gold < 30 { "-".to_owned() } else { format!("**{:.3}**", mean.ece) },
            if *n_gold < 100 || !with_targets { "" } else { "0.080" },
            if *n_gold == 0 { "-".to_owned() } else { format!("{:+.1}", 100.0 * mean.promised) },
            100.0 * mean.guarded
        );
    }
    Ok(())
}

fn by_set(given: &Given, sets: &[Crowd]) -> Result<()> {
    println!(
        "| set | items | annotators | classes | best single (hindsight) | best by gold | majority | dawid_skene | **anchored** | ECE | guarded |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let all: Vec<Scores> =
        sets.iter().map(|set| mean_of_draws(set, N_GOLD, given.n_seeds)).collect::<Result<_>>()?;
    for (set, it) in sets.iter().zip(&all) {
        println!(
            "| {} | {} | {} | {} | {} | {:.3} | {:.0} % |",
            set.name,
            set.votes.n_items(),
            set.annotators.len(),
            set.votes.n_classes(),
            percents(&columns(it)),
            it.ece,
            100.0 * it.guarded
        );
    }
    let n_columns = columns(&Scores::default()).len();
    let table: Vec<[f64; 5]> = all.iter().map(columns).collect();
    let over = |of: &dyn Fn(&[f64; 5], usize) -> f64, merge: &dyn Fn(Vec<f64>) -> f64| -> Vec<f64> {
        (0..n_columns).map(|column| merge(table.iter().map(|row| of(row, column)).collect())).collect()
    };
    let mean = |x: Vec<f64>| x.iter().sum::<f64>() / x.len() as f64;
    let least = |x: Vec<f64>| x.into_iter().fold(f64::INFINITY, f64::min);
    let ece = mean(all.iter().map(|it| it.ece).collect());
    println!("| **mean** | | | | {} | {ece:.3} | |", percents(&over(&|row, it| row[it], &mean)));
    let ranks: Vec<String> = over(&rank, &mean).iter().map(|it| format!("{it:.2}")).collect();
    println!("| mean rank | | | | {} | | |", ranks.join(" | "));
    println!(
        "| worst against best single | | | | {} | | |",
        percents(&over(&|row, it| row[it] - row[0], &least))
    );
    println!(
        "| worst against best by gold | | | | {} | | |",
        percents(&over(&|row, it| row[it] - row[1], &least))
    );
    Ok(())
}

fn columns(it: &Scores) -> [f64; 5] {
    [it.best, it.chosen, it.majority, it.dawid_skene, it.anchored]
}

fn percents(shares: &[f64]) -> String {
    shares.iter().map(|it| format!("{:.1}", 100.0 * it)).collect::<Vec<_>>().join(" | ")
}

/// 1 for the highest of a row; those that tie share the mean of their ranks.
fn rank(row: &[f64; 5], of: usize) -> f64 {
    let better = row.iter().filter(|it| **it > row[of] + 1e-9).count();
    let same = row.iter().filter(|it| (**it - row[of]).abs() <= 1e-9).count();
    better as f64 + (same as f64 + 1.0) / 2.0
}

fn mean_of_draws(set: &Crowd, n_gold: usize, n_seeds: u64) -> Result<Scores> {
    let draws: Vec<Scores> = (0..n_seeds).map(|seed| draw(set, n_gold, seed)).collect::<Result<_>>()?;
    Ok(Scores::mean(&draws))
}

/// One draw of gold.
fn draw(set: &Crowd, n_gold: usize, seed: u64) -> Result<Scores> {
    let votes = &set.votes;
    let mut gold = vec![None; votes.n_items()];
    let order = shuffled(votes.n_items(), seed);
    order.iter().take(n_gold).for_each(|item| gold[*item] = set.gold[*item]);
    let others: Vec<(usize, Class)> =
        order.iter().skip(n_gold).filter_map(|item| Some((*item, set.gold[*item]?))).collect();

    let voters = vec![Voter::Model; votes.n_annotators()];
    let options =
        FitOptions { voters: &voters, gold: &gold, n_rounds: 200, tolerance: 1e-6, n_restarts: 1, seed };
    let fit = |name: &str| -> Result<Aggregate> {
        let Some(method) = method(name) else { anyhow::bail!("no method is called `{name}`") };
        Ok((method.fit)(votes, &options)?)
    };
    let (majority, dawid_skene, found) = (fit("majority")?, fit("dawid_skene")?, anchored(votes, &options)?);
    let singles: Vec<f64> =
        (0..votes.n_annotators()).map(|annotator| accuracy_of_single(votes, annotator, &others)).collect();
    let chosen = found.best_annotator.as_ref().map_or(f64::NAN, |best| {
        best.annotators.iter().map(|it| singles[*it]).sum::<f64>() / best.annotators.len() as f64
    });
    let right = accuracy(&found.aggregate, &others);
    Ok(Scores {
        best: singles.iter().copied().fold(0.0, f64::max),
        chosen,
        majority: accuracy(&majority, &others),
        dawid_skene: accuracy(&dawid_skene, &others),
        anchored: right,
        ece_dawid_skene: ece(|item| dawid_skene.posterior(item), &others),
        ece_raw: ece(|item| found.raw_posterior(item), &others),
        ece: ece(|item| found.aggregate.posterior(item), &others),
        guarded: f64::from(u8::from(found.guarded)),
        promised: found.accuracy.map_or(f64::NAN, |it| it.value) - right,
    })
}

fn accuracy(fit: &Aggregate, items: &[(usize, Class)]) -> f64 {
    items.iter().map(|(item, gold)| fit.credit(*item, *gold)).sum::<f64>() / items.len() as f64
}

/// An item that the annotator did not label is not right.
fn accuracy_of_single(votes: &Votes, annotator: usize, items: &[(usize, Class)]) -> f64 {
    let right = |(item, gold): &&(usize, Class)| votes.of(*item).contains(&(annotator as u32, gold.0));
    items.iter().filter(right).count() as f64 / items.len() as f64
}

/// The calibration error of the top label: 15 bins of equal width. Items without votes are left out.
fn ece<'a>(posterior: impl Fn(usize) -> Option<&'a [f64]>, items: &[(usize, Class)]) -> f64 {
    const N_BINS: usize = 15;
    let mut bins = [(0.0, 0.0); N_BINS];
    let mut n = 0.0;
    for (item, gold) in items {
        let Some(row) = posterior(*item) else { continue };
        let most = row.iter().copied().fold(0.0, f64::max);
        let n_top = row.iter().filter(|p| **p >= most - 1e-9).count();
        let right = if row[gold.0 as usize] >= most - 1e-9 { 1.0 / n_top as f64 } else { 0.0 };
        let bin = &mut bins[((most * N_BINS as f64) as usize).min(N_BINS - 1)];
        bin.0 += most;
        bin.1 += right;
        n += 1.0;
    }
    bins.iter().map(|(confidence, right): &(f64, f64)| (confidence - right).abs()).sum::<f64>() / n
}

/// SplitMix64, as the crate has it for its own draws.
fn words(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }
}

fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut word = words(seed ^ 0x60_1D);
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last, (word() % (last as u64 + 1)) as usize);
    }
    order
}

/// One fit of a panel with 200 gold items, and one of 100,000 items x 10 models x 7 classes with 1,000.
fn time(panels: &[Crowd]) -> Result<()> {
    println!("| items | annotators | classes | gold | seconds |");
    println!("|---|---|---|---|---|");
    let Some(panel) = panels.iter().max_by_key(|it| it.votes.n_votes() * it.votes.n_classes()) else {
        return Ok(());
    };
    let n_known = 200;
    let known: Vec<Option<Class>> = panel
        .gold
        .iter()
        .enumerate()
        .map(|(item, gold)| gold.filter(|_| item % 2 == 0 && item < 2 * n_known))
        .collect();
    timed(&panel.votes, &known)?;
    let (n_items, n_annotators, n_classes) = (100_000_u32, 10_u32, 7_u64);
    let mut word = words(7);
    let mut votes = Vec::with_capacity((n_items * n_annotators) as usize);
    let mut gold = Vec::with_capacity(n_items as usize);
    for item in 0..n_items {
        let truth = word() % n_classes;
        gold.push((item < 1_000).then_some(Class(truth as u32)));
        for annotator in 0..n_annotators {
            // Right in 30 to 75 of 100 cases, otherwise often the annotator's favorite.
            let said = match word() % 100 {
                it if it < 30 + 5 * u64::from(annotator) => truth,
                it if it % 2 == 0 => u64::from(annotator) % n_classes,
                _ => word() % n_classes,
            };
            votes.push(Vote { item, annotator, class: Class(said as u32) });
        }
    }
    timed(&Votes::new(n_items as usize, n_annotators as usize, n_classes as usize, &votes)?, &gold)
}

fn timed(votes: &Votes, gold: &[Option<Class>]) -> Result<()> {
    let voters = vec![Voter::Model; votes.n_annotators()];
    let options =
        FitOptions { voters: &voters, gold, n_rounds: 200, tolerance: 1e-6, n_restarts: 1, seed: 7 };
    let start = Instant::now();
    anchored(votes, &options)?;
    println!(
        "| {} | {} | {} | {} | {:.2} |",
        votes.n_items(),
        votes.n_annotators(),
        votes.n_classes(),
        gold.iter().flatten().count(),
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
