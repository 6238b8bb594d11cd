//! Finding wrong labels: how long a million of them take, and how many of the planted ones are found.

use std::time::Instant;

use anyhow::Result;
use karat_stats::Class;
use karat_stats::noise::{FILTERS, Judged};

use crate::Given;
use crate::speed::cpu_seconds;

const N_ITEMS: usize = 1_000_000;
const N_CLASSES: usize = 10;

/// Prints the seconds and the found labels of each filter.
pub(crate) fn run(_given: &Given) -> Result<()> {
    let mut state = 7_u64;
    let mut unit = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let (mut given, mut planted) = (Vec::with_capacity(N_ITEMS), 0_u64);
    let mut probabilities = Vec::with_capacity(N_ITEMS * N_CLASSES);
    for _ in 0..N_ITEMS {
        let truth = (unit() * N_CLASSES as f64) as usize;
        let is_wrong = unit() < 0.08;
        planted += u64::from(is_wrong);
        let shift = if is_wrong { 1 + (unit() * (N_CLASSES - 1) as f64) as usize } else { 0 };
        given.push(Class(((truth + shift) % N_CLASSES) as u32));
        let start = probabilities.len();
        probabilities.extend((0..N_CLASSES).map(|class| unit() + if class == truth { 5.0 } else { 0.0 }));
        let sum: f64 = probabilities[start..].iter().sum();
        probabilities[start..].iter_mut().for_each(|it| *it /= sum);
    }
    println!("| filter | CPU s | wall s | found, of {planted} planted |\n|---|---|---|---|");
    let judged = Judged::new(&given, &probabilities, N_CLASSES)?;
    for row in FILTERS {
        let (cpu, wall) = (cpu_seconds()?, Instant::now());
        let n = judged.suspects(row.filter).into_iter().filter(|it| *it).count();
        println!(
            "| `{}` | {:.3} | {:.3} | {n} |",
            row.name,
            cpu_seconds()? - cpu,
            wall.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
