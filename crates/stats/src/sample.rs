//! Which items people should look at: samples with known probabilities.
//!
//! In: how many items there are, their strata or expected errors, a size, a seed. Out: the items drawn, each with the
//! probability with which it was to be drawn. Same seed, same sample.
//!
//! | to review | call |
//! |---|---|
//! | any items, each equally likely | [`simple`] |
//! | some of each stratum, more where labels vary | [`stratified`], on [`strata`] |
//! | mostly where errors are expected, and a little everywhere | [`active`] |
//!
//! With these probabilities any estimate can be made unbiased ([`estimate`](crate::estimate)); a sample somebody picked, or
//! the top of a queue, has none, and no method repairs that. A promise ([`accept`](crate::accept)) needs [`simple`].
//!
//! Not here: the order of the review queue, and which items teach a model most.

mod active;
mod strata;
#[cfg(test)]
mod tests;

pub use active::{Draw, active};
pub use strata::{Allocation, Cell, Strata, strata, stratified};

use crate::random::SplitMix64;

/// An item that was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// The item, by its position.
    pub item: usize,
    /// The probability with which it was to be drawn, in (0, 1].
    pub probability: f64,
    /// Its stratum; 0 where there are none.
    pub stratum: u32,
}

/// Why no sample can be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SampleError {
    /// More items were asked for than there are.
    TooMany {
        /// Asked for.
        n: usize,
        /// There.
        n_items: usize,
    },
    /// A list is not as long as it must be.
    WrongLength {
        /// Of what.
        what: &'static str,
        /// How long it is.
        got: usize,
        /// How long it should be.
        want: usize,
    },
    /// A number that is none, below 0, or out of its range.
    BadNumber {
        /// Of what.
        what: &'static str,
        /// The number.
        got: f64,
    },
}

impl std::fmt::Display for SampleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooMany { n, n_items } => write!(f, "{n} items were asked for, and there are {n_items}"),
            Self::WrongLength { what, got, want } => write!(f, "{got} {what} were given for {want}"),
            Self::BadNumber { what, got } => write!(f, "{what} is {got}, out of its range"),
        }
    }
}

impl std::error::Error for SampleError {}

/// Draws `n` of `n_items` items without replacement, each set of `n` equally likely.
///
/// In ascending order of the items, each with the probability `n / n_items`. This is the sample that promises and plain means
/// need.
///
/// # Errors
/// `n` exceeds `n_items`.
///
/// ```
/// let drawn = karat_stats::sample::simple(10, 3, 7).unwrap();
/// assert_eq!(drawn.len(), 3);
/// assert!(drawn.iter().all(|it| it.item < 10 && it.probability == 0.3));
/// assert!(karat_stats::sample::simple(2, 3, 7).is_err());
/// ```
pub fn simple(n_items: usize, n: usize, seed: u64) -> Result<Vec<Drawn>, SampleError> {
    if n > n_items {
        return Err(SampleError::TooMany { n, n_items });
    }
    let probability = n as f64 / n_items.max(1) as f64;
    let items = without_replacement((0..n_items).collect(), n, &mut SplitMix64::new(seed));
    Ok(items.into_iter().map(|item| Drawn { item, probability, stratum: 0 }).collect())
}

/// The same draw in the order of drawing: any first part of it is a simple sample too, so that one may stop early.
///
/// # Errors
/// `n` exceeds `n_items`.
///
/// ```
/// use karat_stats::sample::simple_in_order;
/// assert_eq!(simple_in_order(100, 5, 7).unwrap()[..3], simple_in_order(100, 3, 7).unwrap());
/// ```
pub fn simple_in_order(n_items: usize, n: usize, seed: u64) -> Result<Vec<usize>, SampleError> {
    if n > n_items {
        return Err(SampleError::TooMany { n, n_items });
    }
    let mut items: Vec<usize> = (0..n_items).collect();
    draw_first(&mut items, n, &mut SplitMix64::new(seed));
    items.truncate(n);
    Ok(items)
}

/// Brings `n` of the items to the front, in the order of drawing.
fn draw_first(items: &mut [usize], n: usize, random: &mut SplitMix64) {
    for at in 0..n {
        let other = at + random.below((items.len() - at) as u64) as usize;
        items.swap(at, other);
    }
}

/// `n` of these items, in ascending order.
fn without_replacement(mut items: Vec<usize>, n: usize, random: &mut SplitMix64) -> Vec<usize> {
    draw_first(&mut items, n, random);
    items.truncate(n);
    items.sort_unstable();
    items
}
