//! Money as an integer, so that a budget never drifts by rounding.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// Millionths of a US dollar.
///
/// ```
/// use karat_core::MicroUsd;
/// assert_eq!(MicroUsd::from_usd(0.5), Some(MicroUsd(500_000)));
/// assert_eq!(MicroUsd(1_234_567).to_string(), "$1.23");
/// assert_eq!(MicroUsd(1_234).to_string(), "$0.0012");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// From dollars, rounded up to the next millionth; `None` for a negative or not finite amount, or one over 10^12.
    pub fn from_usd(usd: f64) -> Option<Self> {
        let micro = (usd * 1e6).ceil();
        (usd >= 0.0 && micro.is_finite() && micro <= 1e18).then_some(Self(micro as u64))
    }

    /// In dollars.
    pub fn usd(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The difference, or nothing below zero.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for MicroUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MicroUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Add::add)
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 && self.0 < 10_000 {
            return write!(f, "${:.4}", self.usd());
        }
        write!(f, "${:.2}", self.usd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_amount_is_refused() {
        for usd in [-1.0, f64::NAN, f64::INFINITY, 1e13] {
            assert_eq!(MicroUsd::from_usd(usd), None, "{usd}");
        }
    }

    #[test]
    fn a_fraction_of_a_millionth_counts_as_one() {
        assert_eq!(MicroUsd::from_usd(0.000_000_1), Some(MicroUsd(1)));
    }
}
