//! Populations whose true error at every threshold is known.

use anyhow::Result;
use karat_stats::accept::{Scored, Starts, Verdict, choose};

use super::{Breaches, N_REPEATS, Random, naive, rule, threshold};

/// Scores with the distribution function x^shape on [0, 1]; a label with score c is right with probability at + slope c.
#[derive(Clone, Copy)]
pub(super) struct Population {
    pub(super) name: &'static str,
    shape: f64,
    at: f64,
    slope: f64,
}

/// Says what it does.
pub(super) const CALIBRATED: Population = Population { name: "calibrated", shape: 5.0, at: 0.0, slope: 1.0 };

/// Wrong in 5.4 % of cases where it is surest. Its line is ours, fitted to the naive coverages that the study gives (.529, .127).
pub(super) const OVERCONFIDENT: Population =
    Population { name: "overconfident", shape: 5.0, at: 0.1964, slope: 0.75 };

/// Nearly always sure, and right. The shape is ours.
pub(super) const VERY_GOOD: Population = Population { name: "very good", shape: 27.0, at: 0.0, slope: 1.0 };

impl Population {
    pub(super) fn score(&self, random: &mut Random) -> f64 {
        random.unit().powf(1.0 / self.shape)
    }

    pub(super) fn review(&self, score: f64, random: &mut Random) -> Scored {
        Scored::new(score, random.unit() >= self.at + self.slope * score)
    }

    pub(super) fn gold(&self, n: usize, random: &mut Random) -> Vec<Scored> {
        let one = |_| {
            let score = self.score(random);
            self.review(score, random)
        };
        (0..n).map(one).collect()
    }

    pub(super) fn coverage(&self, threshold: f64) -> f64 {
        1.0 - threshold.clamp(0.0, 1.0).powf(self.shape)
    }

    /// The true error above a threshold.
    pub(super) fn error(&self, threshold: f64) -> f64 {
        let t = threshold.clamp(0.0, 1.0 - 1e-9);
        let mean =
            self.shape / (self.shape + 1.0) * (1.0 - t.powf(self.shape + 1.0)) / (1.0 - t.powf(self.shape));
        1.0 - self.at - self.slope * mean
    }

    /// The largest coverage at which the true error is small enough.
    fn oracle(&self, max_error: f64) -> f64 {
        let steps = (0..=100_000).map(|it| f64::from(it) / 100_000.0);
        let fits = steps.filter(|t| self.error(*t) <= max_error).map(|t| self.coverage(t));
        fits.fold(0.0, f64::max)
    }
}

/// Population, gold, allowed error, and the coverages of the study: naive, one sequence, three starts.
const SETTINGS: [(Population, usize, f64, [f64; 3]); 5] = [
    (CALIBRATED, 300, 0.10, [0.751, 0.338, 0.350]),
    (CALIBRATED, 1000, 0.10, [0.757, 0.626, 0.601]),
    (OVERCONFIDENT, 1000, 0.10, [0.529, 0.082, 0.104]),
    (OVERCONFIDENT, 300, 0.05, [0.181, 0.009, 0.002]),
    (OVERCONFIDENT, 1000, 0.05, [0.127, 0.003, 0.001]),
];

/// The mean coverage of a way to choose, and how often the true error was above the allowed one.
fn measure(
    population: &Population,
    n: usize,
    max_error: f64,
    choose: impl Fn(&[Scored]) -> Result<Option<f64>>,
) -> Result<(f64, Breaches)> {
    let mut sum = 0.0;
    let mut breaches = Breaches { n: N_REPEATS, n_broken: 0 };
    for seed in 0..N_REPEATS {
        let gold = population.gold(n, &mut Random(seed * 7919 + n as u64));
        if let Some(threshold) = choose(&gold)? {
            sum += population.coverage(threshold);
            breaches.n_broken += u64::from(population.error(threshold) > max_error);
        }
    }
    Ok((sum / N_REPEATS as f64, breaches))
}

pub(super) fn print_choices() -> Result<()> {
    println!(
        "Simulated, {N_REPEATS} repetitions, delta 0.1: share accepted (share of runs with the promise broken).\n"
    );
    println!(
        "| population, gold, error | oracle | naive | one start | by rule | two starts | three starts | study: naive, one, three starts |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (population, n, max_error, study) in SETTINGS {
        let mut line =
            format!("| {}, {n}, {max_error} | {:.3} |", population.name, population.oracle(max_error));
        let (coverage, breaches) = measure(&population, n, max_error, |gold| Ok(naive(gold, max_error)))?;
        line += &format!(" {coverage:.3} ({:.0} %) |", 100.0 * breaches.share());
        for starts in [Starts::Fixed(1), Starts::ByRule, Starts::Fixed(2), Starts::Fixed(3)] {
            let rule = rule(max_error, starts);
            let (coverage, breaches) =
                measure(&population, n, max_error, |gold| threshold(gold, &[], &rule))?;
            line += &format!(" {coverage:.3} ({}) |", breaches.said());
        }
        println!("{line} {:.3}, {:.3}, {:.3} |", study[0], study[1], study[2]);
    }
    println!(
        "\nOne, two and three starts at other sizes, calibrated; the study has one, two and three starts too.\n"
    );
    println!("| gold, error | one | two | three | study |");
    println!("|---|---|---|---|---|");
    let study = [
        (300, 0.10, ".340 / .310 / .330"),
        (1000, 0.10, ".625 / .613 / .598"),
        (300, 0.05, ".106 / .073 / .034"),
        (1000, 0.05, ".182 / .153 / .105"),
    ];
    for (n, max_error, study) in study {
        let mut line = format!("| {n}, {max_error} |");
        for starts in 1..=3 {
            let rule = rule(max_error, Starts::Fixed(starts));
            let (coverage, breaches) =
                measure(&CALIBRATED, n, max_error, |gold| threshold(gold, &[], &rule))?;
            line += &format!(" {coverage:.3} ({}) |", breaches.said());
        }
        println!("{line} {study} |");
    }
    println!();
    Ok(())
}

/// How often a number of further reviews is checked.
const N_NAMED: u64 = 200;

/// Whether "so many more reviews would be enough" is true: fresh samples of that size.
pub(super) fn print_more_gold() -> Result<()> {
    println!(
        "\"So many more reviews\": of fresh samples of the size that was named, how many let something pass (0.8 is aimed at).\n"
    );
    println!(
        "| population, gold, error | verdicts that nothing passes | of these: no number would do | median named | fresh samples that pass |"
    );
    println!("|---|---|---|---|---|");
    let settings = [
        (CALIBRATED, 50, 0.1),
        (CALIBRATED, 100, 0.05),
        (CALIBRATED, 20, 0.1),
        (OVERCONFIDENT, 200, 0.1),
        (OVERCONFIDENT, 300, 0.05),
    ];
    for (population, n, max_error) in settings {
        let rule = rule(max_error, Starts::ByRule);
        let (mut n_nothing, mut n_never, mut n_pass, mut named) = (0_u32, 0_u32, 0_u32, Vec::new());
        for seed in 0..N_NAMED {
            let mut random = Random(seed * 104_729 + n as u64);
            let Verdict::Nothing(nothing) = choose(&population.gold(n, &mut random), &[], &rule)? else {
                continue;
            };
            n_nothing += 1;
            let Some(more) = nothing.more_gold else {
                n_never += 1;
                continue;
            };
            named.push(more);
            // Samples of more than 20,000 are taken as such.
            let size = n + (more as usize).min(20_000);
            n_pass += u32::from(threshold(&population.gold(size, &mut random), &[], &rule)?.is_some());
        }
        named.sort_unstable();
        println!(
            "| {}, {n}, {max_error} | {:.2} | {:.2} | {} | {:.2} |",
            population.name,
            f64::from(n_nothing) / N_NAMED as f64,
            f64::from(n_never) / f64::from(n_nothing.max(1)),
            named.get(named.len() / 2).copied().unwrap_or(0),
            f64::from(n_pass) / (named.len().max(1)) as f64,
        );
    }
    println!();
    Ok(())
}
