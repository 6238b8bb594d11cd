//! Curves without a formula: isotonic regression and bins.
//!
//! In: scores with right and wrong. Out: knots, each a score and a probability, neither of which falls.
//!
//! Not here: how sure the curve itself is (`venn_abers.rs`).

use super::scored::{Group, Scored, both_outcomes, equal_mass_bins, groups};
use super::{CalibrateError, Calibrator, Knot, Method};

/// The most bins.
const N_BINS: usize = 10;

pub(super) const ISOTONIC: Method = Method {
    name: "isotonic",
    title: "isotonic regression",
    about: "any curve that does not fall; takes what it needs from some hundred gold items, and too much from fewer",
    paper: "Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass Probability Estimates, 2002",
    min_gold: super::MIN_GOLD_FREE,
    fit: fit_isotonic,
};

pub(super) const HISTOGRAM: Method = Method {
    name: "histogram",
    title: "histogram binning",
    about: "ten bins of equally many items, in each the share of right ones; easy to explain, coarse",
    paper: "Zadrozny and Elkan, Obtaining Calibrated Probability Estimates from Decision Trees, 2001",
    min_gold: super::MIN_GOLD_FREE,
    fit: fit_histogram,
};

/// Neighboring scores with one probability.
#[derive(Debug, Clone, Copy)]
struct Block {
    low: f64,
    high: f64,
    weight: f64,
    right: f64,
}

impl Block {
    fn of(group: &Group) -> Self {
        Self { low: group.score, high: group.score, weight: group.weight, right: group.right }
    }

    fn join(&mut self, next: &Self) {
        self.high = next.high;
        self.weight += next.weight;
        self.right += next.right;
    }

    fn share(&self) -> f64 {
        self.right / self.weight
    }

    /// The share with one more right and one more wrong item: never 0 or 1.
    fn smoothed(&self) -> f64 {
        (self.right + 1.0) / (self.weight + 2.0)
    }
}

/// Pools adjacent violators: blocks whose value rises, each next one strictly above the one before.
fn pool(blocks: impl Iterator<Item = Block>, value: fn(&Block) -> f64) -> Vec<Block> {
    let mut pooled: Vec<Block> = Vec::new();
    for block in blocks {
        pooled.push(block);
        while let [.., before, last] = pooled.as_mut_slice() {
            if value(before) < value(last) {
                break;
            }
            let last = *last;
            before.join(&last);
            pooled.pop();
        }
    }
    pooled
}

/// Isotonic regression by pooling adjacent violators, straight lines between the blocks.
///
/// A first block that is all wrong and a last one that is all right are smoothed to (n right + 1) / (n + 2): three
/// right items at the top of the scores are no certainty. Where that falls behind the neighbor the two are one block.
fn fit_isotonic(gold: &[Scored]) -> Result<Calibrator, CalibrateError> {
    let sorted = both_outcomes(gold)?;
    let mut blocks = pool(groups(&sorted).iter().map(Block::of), Block::share);
    // With both outcomes present, one block is neither all right nor all wrong.
    if let [.., before, last] = blocks.as_mut_slice()
        && last.right >= last.weight
        && last.smoothed() <= before.share()
    {
        let last = *last;
        before.join(&last);
        blocks.pop();
    }
    if let [first, next, ..] = blocks.as_mut_slice()
        && first.right <= 0.0
        && first.smoothed() >= value_at_end(next)
    {
        let next = *next;
        first.join(&next);
        blocks.remove(1);
    }
    let knots = blocks.iter().flat_map(|block| {
        let probability = value_at_end(block);
        let high = (block.high > block.low).then_some(Knot { score: block.high, probability });
        std::iter::once(Knot { score: block.low, probability }).chain(high)
    });
    Ok(Calibrator::Isotonic { knots: knots.collect() })
}

/// The share of right items, smoothed where it is 0 or 1: only the first and the last block can be.
fn value_at_end(block: &Block) -> f64 {
    if block.right <= 0.0 || block.right >= block.weight { block.smoothed() } else { block.share() }
}

/// Bins of equal mass, in each (n right + 1) / (n + 2); neighbors that would fall are one bin, and items of one score
/// are never parted.
fn fit_histogram(gold: &[Scored]) -> Result<Calibrator, CalibrateError> {
    let sorted = both_outcomes(gold)?;
    let groups = groups(&sorted);
    // At least ten items a bin.
    let n_bins = (sorted.len() / 10).clamp(1, N_BINS);
    let bin_of = equal_mass_bins(groups.iter().map(|it| it.weight), n_bins);
    let mut bins: Vec<Block> = Vec::new();
    for (idx, group) in groups.iter().enumerate() {
        match bins.last_mut() {
            Some(last) if bin_of[idx] == bin_of[idx - 1] => last.join(&Block::of(group)),
            _ => bins.push(Block::of(group)),
        }
    }
    let bins = pool(bins.into_iter(), Block::smoothed);
    let mut knots = Vec::with_capacity(bins.len());
    let mut below = None;
    for bin in &bins {
        // The border is in the middle between the neighboring scores.
        let score = below.map_or(0.0, |below: f64| 0.5 * (below + bin.low));
        knots.push(Knot { score, probability: bin.smoothed() });
        below = Some(bin.high);
    }
    Ok(Calibrator::Histogram { knots })
}
