//! Pilot and audit, watching a promise, and a cascade: simulated.

use anyhow::Result;
use karat_stats::accept::{
    Answer, AuditRegion, Claim, EProcess, Scored, Starts, certify_audit, choose_cascade, plan_audit,
};
use karat_stats::sample;

use super::population::{CALIBRATED, OVERCONFIDENT, Population, VERY_GOOD};
use super::{Breaches, DELTA, N_REPEATS, Random, rule, threshold, threshold_of};

const N_POOL: usize = 20_000;

/// Draws `n` of the pool that pass `takes`, reviews them, and leaves the rest.
fn draw(
    pool: &mut Vec<f64>,
    n: usize,
    takes: impl Fn(f64) -> bool,
    population: &Population,
    random: &mut Random,
) -> Result<Vec<Scored>> {
    let inside: Vec<usize> = (0..pool.len()).filter(|idx| takes(pool[*idx])).collect();
    let drawn = sample::simple(inside.len(), n.min(inside.len()), random.word())?;
    let items: Vec<usize> = drawn.iter().map(|it| inside[it.item]).collect();
    let gold = items.iter().map(|item| population.review(pool[*item], random)).collect();
    let mut is_drawn = vec![false; pool.len()];
    items.iter().for_each(|item| is_drawn[*item] = true);
    let mut idx = 0;
    pool.retain(|_| {
        idx += 1;
        !is_drawn[idx - 1]
    });
    Ok(gold)
}

/// Population, allowed error, labels in all, coverage of the study: uniform, audit.
const SETTINGS: [(Population, f64, usize, [f64; 2]); 5] = [
    (OVERCONFIDENT, 0.10, 600, [0.030, 0.178]),
    (OVERCONFIDENT, 0.10, 1000, [0.074, 0.212]),
    (CALIBRATED, 0.05, 600, [0.133, 0.201]),
    (CALIBRATED, 0.05, 1000, [0.179, 0.263]),
    (VERY_GOOD, 0.05, 300, [0.769, 0.658]),
];

pub(super) fn print_audits() -> Result<()> {
    println!(
        "Pilot (a third) and audit inside (two thirds) against the same number of uniform reviews; pool 20,000.\n"
    );
    println!(
        "| population, error, labels | uniform | pilot and audit | stayed uniform | study: uniform, audit |"
    );
    println!("|---|---|---|---|---|");
    for (population, max_error, n, study) in SETTINGS {
        let n_repeats = N_REPEATS / 3;
        let rule = rule(max_error, Starts::ByRule);
        let (mut uniform, mut audited, mut n_everywhere) = (0.0, 0.0, 0_u32);
        let none = || Breaches { n: n_repeats, n_broken: 0 };
        let (mut of_uniform, mut of_audit) = (none(), none());
        for seed in 0..n_repeats {
            let mut random = Random(seed * 31_337);
            let mut pool: Vec<f64> = (0..N_POOL).map(|_| population.score(&mut random)).collect();
            let mut other = pool.clone();
            let gold = draw(&mut other, n, |_| true, &population, &mut random)?;
            if let Some(threshold) = threshold(&gold, &other, &rule)? {
                uniform += population.coverage(threshold);
                of_uniform.n_broken += u64::from(population.error(threshold) > max_error);
            }
            let pilot = draw(&mut pool, n / 3, |_| true, &population, &mut random)?;
            let plan = plan_audit(&pilot, &pool, (n - n / 3) as u64, &rule)?;
            n_everywhere += u32::from(plan.region == AuditRegion::Everywhere);
            let takes = |score: f64| plan.takes(score);
            let gold = draw(&mut pool, plan.n_to_draw as usize, takes, &population, &mut random)?;
            if let Some(threshold) = threshold_of(&certify_audit(&plan, &gold, &pool, &rule)?) {
                audited += population.coverage(threshold);
                of_audit.n_broken += u64::from(population.error(threshold) > max_error);
            }
        }
        let repeats = n_repeats as f64;
        println!(
            "| {}, {max_error}, {n} | {:.3} ({}) | {:.3} ({}) | {:.2} | {:.3}, {:.3} |",
            population.name,
            uniform / repeats,
            of_uniform.said(),
            audited / repeats,
            of_audit.said(),
            f64::from(n_everywhere) / repeats,
            study[0],
            study[1],
        );
    }
    println!();
    Ok(())
}

/// False and right withdrawals of a promise that is watched item by item.
pub(super) fn print_watching() -> Result<()> {
    println!(
        "Watching \"the error is at most 5 %\" over 2,000 audited items, looking after each; withdrawn at delta 0.1.\n"
    );
    println!("| true error | withdrawn | median item | the same by a fresh bound after each item |");
    println!("|---|---|---|---|");
    for error in [0.03, 0.05, 0.07, 0.10, 0.20] {
        let (mut withdrawn, mut by_bound) = (Vec::new(), 0_u64);
        for seed in 0..N_REPEATS {
            let mut random = Random(seed * 65_537);
            let mut watch = EProcess::new(Claim::AtMost, 0.05)?;
            let mut at = None;
            let mut bound_broke = false;
            for n in 1..=2_000_u64 {
                let loss = f64::from(u8::from(random.unit() < error));
                watch.observe(loss)?;
                if at.is_none() && watch.rejects(DELTA) {
                    at = Some(n);
                }
                let low = || karat_stats::accept::clopper_pearson_lower(watch.loss_sum as u64, n, DELTA);
                bound_broke = bound_broke || (loss > 0.0 && low().is_some_and(|low| low > 0.05));
            }
            withdrawn.extend(at);
            by_bound += u64::from(bound_broke);
        }
        withdrawn.sort_unstable();
        println!(
            "| {error:.2} | {:.1} % | {} | {:.1} % |",
            100.0 * withdrawn.len() as f64 / N_REPEATS as f64,
            withdrawn.get(withdrawn.len() / 2).map_or("–".to_owned(), u64::to_string),
            100.0 * by_bound as f64 / N_REPEATS as f64,
        );
    }
    println!();
    Ok(())
}

/// A cascade of two calibrated annotators that share a part of their errors.
pub(super) fn print_cascade() -> Result<()> {
    println!(
        "A cascade of two annotators, 1,000 gold, error 0.1: how often a tier, or all accepted, is above it.\n"
    );
    println!("| errors in common | a tier broken | all accepted broken | accepted |");
    println!("|---|---|---|---|");
    for common in [0.0, 0.5, 1.0] {
        let none = || Breaches { n: N_REPEATS / 3, n_broken: 0 };
        let (mut of_tiers, mut of_all, mut coverage) = (none(), none(), 0.0);
        for seed in 0..of_all.n {
            let mut random = Random(seed * 2_147_483_647);
            let mut item = || {
                let luck = random.unit();
                [CALIBRATED, CALIBRATED].map(|population| {
                    let score = population.score(&mut random);
                    let own = if random.unit() < common { luck } else { random.unit() };
                    Answer { score, loss: f64::from(u8::from(own >= score)) }
                })
            };
            let gold: Vec<Vec<Answer>> = (0..1_000).map(|_| item().to_vec()).collect();
            let others: Vec<[Answer; 2]> = (0..20_000).map(|_| item()).collect();
            let pool: Vec<Vec<f64>> =
                others.iter().map(|it| it.iter().map(|it| it.score).collect()).collect();
            let cascade = choose_cascade(&gold, &pool, &rule(0.1, Starts::ByRule))?;
            let (mut n, mut wrong) = ([0.0, 0.0], [0.0, 0.0]);
            for (answers, tier) in others.iter().zip(&cascade.tier_of) {
                if let Some(tier) = tier {
                    n[*tier as usize] += 1.0;
                    wrong[*tier as usize] += answers[*tier as usize].loss;
                }
            }
            of_tiers.n_broken += u64::from((0..2).any(|tier| wrong[tier] > 0.1 * n[tier]));
            of_all.n_broken += u64::from(wrong[0] + wrong[1] > 0.1 * (n[0] + n[1]));
            coverage += cascade.coverage.unwrap_or(0.0) / of_all.n as f64;
        }
        println!("| {common} | {} | {} | {coverage:.3} |", of_tiers.said(), of_all.said());
    }
    println!();
    Ok(())
}
