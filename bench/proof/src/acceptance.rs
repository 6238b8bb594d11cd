//! Whether "what may go without review" keeps its promise, and how much it lets go: simulated populations with a known truth, three
//! judges, and panels of models.
//!
//! In: the data sets `judge_pairs` and `llm_*`. Out: tables; the targets are those of the study that came before the code.
//!
//! Not here: the error of the whole data set and shares of classes (`shares.rs`).

mod audits;
mod judges;
mod population;

use std::path::PathBuf;

use anyhow::Result;
use karat_stats::accept::{Loss, Promise, Rule, Scored, Starts, Verdict, choose};

use crate::Given;

const DELTA: f64 = 0.1;

/// How often each simulation is repeated.
const N_REPEATS: u64 = 600;

pub(crate) fn run(given: &Given) -> Result<()> {
    population::print_choices()?;
    population::print_more_gold()?;
    audits::print_audits()?;
    audits::print_watching()?;
    audits::print_cascade()?;
    judges::print_judges(given)?;
    judges::print_panels(given)
}

/// The folders of the panels of models, by name.
pub(crate) fn panels(given: &Given) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(given.data.join("crowd"))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("llm_") {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

/// The share of repetitions in which something broke, with twice its standard error beside what is allowed.
struct Breaches {
    n: u64,
    n_broken: u64,
}

impl Breaches {
    fn share(&self) -> f64 {
        self.n_broken as f64 / self.n as f64
    }

    /// What is allowed: delta and two standard errors of so many repetitions.
    fn allowed(&self) -> f64 {
        DELTA + 2.0 * (DELTA * (1.0 - DELTA) / self.n as f64).sqrt()
    }

    fn said(&self) -> String {
        let mark = if self.share() <= self.allowed() { "" } else { " **too often**" };
        format!("{:.1} %{mark}", 100.0 * self.share())
    }
}

fn rule(max_error: f64, starts: Starts) -> Rule {
    Rule { max_error, delta: DELTA, loss: Loss::ZeroOne, promise: Promise::Source, starts }
}

/// The most lenient threshold whose error on gold is small enough: what everybody does first.
fn naive(gold: &[Scored], max_error: f64) -> Option<f64> {
    let mut sorted: Vec<Scored> = gold.iter().filter(|it| it.score.is_finite()).copied().collect();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut wrong, mut found) = (0.0, None);
    for (n, it) in (1_u32..).zip(&sorted) {
        wrong += it.loss;
        let ends_group = sorted.get(n as usize).is_none_or(|next| next.score < it.score);
        if ends_group && wrong <= max_error * f64::from(n) {
            found = Some(it.score);
        }
    }
    found
}

/// The threshold that was chosen.
fn threshold(gold: &[Scored], pool: &[f64], rule: &Rule) -> Result<Option<f64>> {
    Ok(choose(gold, pool, rule)?.accepted().map(|it| it.threshold))
}

fn threshold_of(verdict: &Verdict) -> Option<f64> {
    verdict.accepted().map(|it| it.threshold)
}

/// SplitMix64, as the crate has it for its own draws.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number in [0, 1).
    fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
