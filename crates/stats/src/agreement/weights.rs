//! How much two different classes agree: nothing, or a part where the classes have an order.
//!
//! In: a rule and the number of classes. Out: a table of weights in [0, 1].
//!
//! Not here: distances of numbers and sets (`alpha.rs`, `distance.rs`).

use super::Undefined;

/// How much two classes count as agreeing: 1 for the same class, less the farther apart.
///
/// All but `Identity` and `Custom` need classes in their order: bad, fair, good. Weights make any coefficient larger
/// where the differences are small, so a coefficient without its weights says nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weights<'a> {
    /// Different classes agree in nothing.
    Identity,
    /// 1 - |i - j| / (K - 1): each step counts the same.
    Linear,
    /// 1 - (i - j)² / (K - 1)²: small differences hardly count. J. Cohen, "Weighted Kappa", 1968.
    Quadratic,
    /// 1 - d (d + 1) / (K (K - 1)) with d = |i - j|: by how many pairs of classes lie between. K. Gwet, "Handbook of
    /// Inter-Rater Reliability", 2014.
    Ordinal,
    /// A table of one's own, row by row: symmetric, in [0, 1], with 1 on the diagonal.
    Custom(&'a [f64]),
}

/// The weights of all pairs of classes.
#[derive(Debug, Clone)]
pub(super) struct Table {
    n_classes: usize,
    /// Row-major; `None` for the identity.
    weights: Option<Vec<f64>>,
}

impl Weights<'_> {
    pub(super) fn table(self, n_classes: u32) -> Result<Table, Undefined> {
        let n = n_classes as usize;
        let last = f64::from(n_classes) - 1.0;
        let weight = |d: f64| match self {
            Self::Identity | Self::Custom(_) => f64::from(u8::from(d == 0.0)),
            Self::Linear => 1.0 - d / last,
            Self::Quadratic => 1.0 - (d / last).powi(2),
            Self::Ordinal => 1.0 - d * (d + 1.0) / (last * (last + 1.0)),
        };
        let weights = match self {
            Self::Custom(table) => {
                check(table, n)?;
                Some(table.to_vec())
            }
            Self::Identity => None,
            Self::Linear | Self::Quadratic | Self::Ordinal if n < 2 => None,
            Self::Linear | Self::Quadratic | Self::Ordinal => {
                Some((0..n * n).map(|at| weight((at / n).abs_diff(at % n) as f64)).collect())
            }
        };
        Ok(Table { n_classes: n, weights })
    }
}

fn check(table: &[f64], n: usize) -> Result<(), Undefined> {
    if table.len() != n * n {
        return Err(Undefined::WrongLength { what: "weights", got: table.len(), want: n * n });
    }
    for (at, &got) in table.iter().enumerate() {
        let (row, column) = (at / n, at % n);
        if !(0.0..=1.0).contains(&got) {
            return Err(Undefined::BadNumber { what: "a weight in [0, 1]", got });
        }
        if row == column && got != 1.0 {
            return Err(Undefined::BadNumber { what: "the weight 1 of a class with itself", got });
        }
        if table[column * n + row] != got {
            return Err(Undefined::BadNumber { what: "a weight that is the same both ways", got });
        }
    }
    Ok(())
}

impl Table {
    pub(super) fn n_classes(&self) -> usize {
        self.n_classes
    }

    pub(super) fn at(&self, a: u32, b: u32) -> f64 {
        match &self.weights {
            Some(weights) => weights[a as usize * self.n_classes + b as usize],
            None => f64::from(u8::from(a == b)),
        }
    }

    /// The sum of all weights.
    pub(super) fn sum(&self) -> f64 {
        self.weights.as_ref().map_or(self.n_classes as f64, |weights| weights.iter().sum())
    }

    /// The most that two classes disagree.
    pub(super) fn most(&self) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| 1.0 - weights.iter().copied().fold(1.0, f64::min))
    }

    /// The mean weight of the ordered pairs of ratings on one item.
    pub(super) fn agreement(&self, counts: &[(u32, u32)], n_ratings: u32) -> f64 {
        let n = f64::from(n_ratings);
        let sum: f64 = match &self.weights {
            None => counts.iter().map(|&(_, count)| f64::from(count) * (f64::from(count) - 1.0)).sum(),
            Some(_) => {
                let row = |&(a, n_a): &(u32, u32)| {
                    let with: f64 = counts.iter().map(|&(b, n_b)| f64::from(n_b) * self.at(a, b)).sum();
                    f64::from(n_a) * (with - 1.0)
                };
                counts.iter().map(row).sum()
            }
        };
        sum / (n * (n - 1.0))
    }

    /// The disagreement of two classes drawn from two distributions (or counts) of the classes.
    pub(super) fn disagreement(&self, first: &[f64], second: &[f64]) -> f64 {
        match &self.weights {
            None => {
                let rest = |sum: f64, it: f64| sum - it;
                let all: f64 = second.iter().sum();
                first.iter().zip(second).map(|(a, b)| a * rest(all, *b)).sum()
            }
            Some(weights) => {
                let rows = first.iter().zip(weights.chunks(self.n_classes));
                rows.map(|(a, row)| a * row.iter().zip(second).map(|(w, b)| b * (1.0 - w)).sum::<f64>()).sum()
            }
        }
    }
}
