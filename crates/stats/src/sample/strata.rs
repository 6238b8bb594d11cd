//! Strata, and samples of each.
//!
//! In: confidences and classes; strata, how the sample is divided among them. Out: the stratum of each item; the sample.
//!
//! Not here: estimates from the sample (`estimate.rs`).

use super::{Drawn, SampleError, without_replacement};
use crate::Class;
use crate::random::SplitMix64;

/// Items in strata.
#[derive(Debug, Clone, PartialEq)]
pub struct Strata {
    /// The stratum of each item.
    pub of_item: Vec<u32>,
    /// What each stratum is; all hold an item.
    pub cells: Vec<Cell>,
}

/// What the items of a stratum have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The class that was given.
    pub class: Class,
    /// The tenth of the confidences, or whichever part was asked for: 0 holds the least sure. `None` without confidence.
    pub bin: Option<u32>,
}

/// Puts items into strata by the class they were given and the part of the confidences they lie in (10 parts: tenths).
///
/// The parts are of equal size but for equal confidences, which are kept together, so there may be fewer parts than asked for. An
/// item whose confidence is not finite is in a stratum of its class without a bin. Strata are numbered by class, then
/// by bin.
///
/// # Errors
/// As many classes as confidences are needed, and at least one bin.
///
/// ```
/// use karat_stats::{Class, sample::strata};
/// let classes = [1, 0, 1, 1, 0].map(Class);
/// let strata = strata(&[0.9, 0.2, 0.8, f64::NAN, 0.1], &classes, 2).unwrap();
/// assert_eq!(strata.of_item, [2, 0, 2, 1, 0]);
/// assert_eq!(strata.cells[1].bin, None);
/// ```
pub fn strata(confidences: &[f64], classes: &[Class], n_bins: u32) -> Result<Strata, SampleError> {
    if confidences.len() != classes.len() {
        return Err(SampleError::WrongLength {
            what: "classes",
            got: classes.len(),
            want: confidences.len(),
        });
    }
    if n_bins == 0 {
        return Err(SampleError::BadNumber { what: "the number of bins", got: 0.0 });
    }
    let mut sorted: Vec<f64> = confidences.iter().copied().filter(|it| it.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let bin = |confidence: f64| {
        // The middle of the group of equal confidences decides, so that reversing the order reverses the bins.
        let below = sorted.partition_point(|it| *it < confidence);
        let up_to = sorted.partition_point(|it| *it <= confidence);
        ((below + up_to - 1) as u64 * u64::from(n_bins) / (2 * sorted.len() as u64)) as u32
    };
    let cell = |(confidence, class): (&f64, &Class)| Cell {
        class: *class,
        bin: confidence.is_finite().then(|| bin(*confidence)),
    };
    let of_items: Vec<Cell> = confidences.iter().zip(classes).map(cell).collect();
    let mut cells = of_items.clone();
    cells.sort_unstable();
    cells.dedup();
    let of_item = of_items.iter().map(|cell| cells.partition_point(|it| it < cell) as u32).collect();
    Ok(Strata { of_item, cells })
}

/// How a sample is divided among strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Allocation<'a> {
    /// By their sizes: each item equally likely, as nearly as whole numbers allow.
    Proportional,
    /// By size times spread (Neyman): more where labels vary. One number of 0 or more for each stratum: the expected
    /// standard deviation, for errors at a rate r `sqrt(r (1 - r))`. Best for one mean over all strata.
    Neyman(&'a [f64]),
}

/// Draws `n` items in all, without replacement within each stratum, and at least `least` of each where it has so many.
///
/// `strata[i]` is the stratum of item i. The probability of an item is the share drawn of its stratum. The minimum is met first
/// and the rest follows the allocation, rounded to the largest remainders; where the minima alone need more than
/// `n`, more than `n` are drawn. In ascending order of the items. A stratum with fewer than two drawn items has no
/// standard error: take `least` of 5. J. Neyman, "On the Two Different Aspects of the Representative Method", 1934.
///
/// # Errors
/// `n` exceeds the number of items, or there is not one usable spread for each stratum.
///
/// ```
/// use karat_stats::sample::{Allocation, stratified};
/// let strata = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
/// let drawn = stratified(&strata, Allocation::Neyman(&[0.0, 0.5]), 4, 2, 7).unwrap();
/// assert_eq!(drawn.iter().filter(|it| it.stratum == 1).count(), 2);
/// assert!(drawn.iter().all(|it| it.probability == if it.stratum == 1 { 1.0 } else { 0.25 }));
/// ```
pub fn stratified(
    strata: &[u32],
    allocation: Allocation<'_>,
    n: usize,
    least: usize,
    seed: u64,
) -> Result<Vec<Drawn>, SampleError> {
    if n > strata.len() {
        return Err(SampleError::TooMany { n, n_items: strata.len() });
    }
    let n_strata = strata.iter().max().map_or(0, |most| *most as usize + 1);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); n_strata];
    strata.iter().enumerate().for_each(|(item, stratum)| members[*stratum as usize].push(item));
    let sizes: Vec<usize> = members.iter().map(Vec::len).collect();
    let weights: Vec<f64> = match allocation {
        Allocation::Proportional => sizes.iter().map(|size| *size as f64).collect(),
        Allocation::Neyman(spread) if spread.len() != n_strata => {
            return Err(SampleError::WrongLength { what: "spreads", got: spread.len(), want: n_strata });
        }
        Allocation::Neyman(spread) => {
            if let Some(got) = spread.iter().find(|it| !(it.is_finite() && **it >= 0.0)) {
                return Err(SampleError::BadNumber { what: "a spread", got: *got });
            }
            sizes.iter().zip(spread).map(|(size, spread)| *size as f64 * spread).collect()
        }
    };
    let taken = divide(&sizes, &weights, n, least);
    let mut seeds = SplitMix64::new(seed);
    let mut drawn = Vec::with_capacity(n);
    for (stratum, (of_stratum, n)) in members.into_iter().zip(taken).enumerate() {
        let probability = n as f64 / of_stratum.len().max(1) as f64;
        let mut random = SplitMix64::new(seeds.next_word());
        let items = without_replacement(of_stratum, n, &mut random);
        drawn.extend(items.into_iter().map(|item| Drawn { item, probability, stratum: stratum as u32 }));
    }
    drawn.sort_unstable_by_key(|it| it.item);
    Ok(drawn)
}

/// How many of each stratum: the minimum first, then towards the weights, never more than there are.
fn divide(sizes: &[usize], weights: &[f64], n: usize, least: usize) -> Vec<usize> {
    let mut taken: Vec<usize> = sizes.iter().map(|size| (*size).min(least)).collect();
    // Targets by weight, where strata that are full or above their target already leave the division.
    let mut open: Vec<usize> = (0..sizes.len()).filter(|idx| taken[*idx] < sizes[*idx]).collect();
    let mut targets = vec![0.0; sizes.len()];
    loop {
        let fixed: usize = (0..sizes.len()).filter(|idx| !open.contains(idx)).map(|idx| taken[idx]).sum();
        let Some(rest) = n.checked_sub(fixed).filter(|_| !open.is_empty()) else { break };
        let weight: f64 = open.iter().map(|idx| weights[*idx]).sum();
        let n_open: usize = open.iter().map(|idx| sizes[*idx]).sum();
        for idx in &open {
            // Without any spread left, sizes decide.
            let share =
                if weight > 0.0 { weights[*idx] / weight } else { sizes[*idx] as f64 / n_open as f64 };
            targets[*idx] = share * rest as f64;
        }
        let before = open.len();
        open.retain(|idx| {
            if targets[*idx] >= sizes[*idx] as f64 {
                taken[*idx] = sizes[*idx];
                return false;
            }
            targets[*idx] > taken[*idx] as f64
        });
        if open.len() == before {
            break;
        }
    }
    for idx in &open {
        taken[*idx] = targets[*idx] as usize;
    }
    // Largest remainders first; equal ones by number.
    open.sort_by(|a, b| targets[*b].fract().total_cmp(&targets[*a].fract()).then(a.cmp(b)));
    let mut missing = n.saturating_sub(taken.iter().sum());
    let others = (0..sizes.len()).filter(|idx| !open.contains(idx)).collect::<Vec<_>>();
    for idx in open.iter().chain(&others).cycle().take(sizes.len() * (n + 1)) {
        if missing == 0 {
            break;
        }
        if taken[*idx] < sizes[*idx] {
            taken[*idx] += 1;
            missing -= 1;
        }
    }
    taken
}
