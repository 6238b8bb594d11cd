//! Who agrees with whom, annotator by annotator.
//!
//! In: ratings and what to measure. Out: one [`PairAgreement`] for each two annotators that share an item.
//!
//! Not here: groups of annotators (`groups.rs`).

use super::classes::{Cells, Coefficient, Measure, agree_on_cells, agree_on_units};
use super::{Agreement, Ratings, Undefined};
use crate::Class;
use crate::bootstrap::IntervalOptions;

/// How far two annotators agree.
#[derive(Debug, Clone, PartialEq)]
pub struct PairAgreement {
    /// The annotator with the smaller number.
    pub first: u32,
    /// The other.
    pub second: u32,
    /// The number of items that both rated, at least 1.
    pub n_items: u64,
    /// The coefficient on these items.
    pub agreement: Result<Agreement, Undefined>,
}

/// The agreement of each two annotators that share an item, in ascending order; the matrix of agreement, its empty
/// cells left out.
///
/// A pair that shares few items has a wide interval, and the best and the worst of many pairs look better and worse than
/// they are.
///
/// # Errors
/// [`Undefined::OutOfRange`] for a class, [`Undefined::BadNumber`] and [`Undefined::WrongLength`] for weights.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level};
/// use karat_stats::agreement::{Coefficient, Measure, Rating, Ratings, Weights, by_pair};
/// let answers = [[0, 0, 1], [1, 1, 0], [1, 1, 1], [0, 0, 0]];
/// let rating = |item, annotator, class| Rating { item, annotator, value: Class(class) };
/// let of_item = |(item, row): (u32, [u32; 3])| (0..).zip(row).map(move |(annotator, class)| rating(item, annotator, class));
/// let ratings = Ratings::new(4, 3, (0..).zip(answers).flat_map(of_item).collect()).unwrap();
/// let measure = Measure { coefficient: Coefficient::Percent, weights: Weights::Identity, n_classes: 2 };
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let pairs = by_pair(&ratings, &measure, &options).unwrap();
/// let percent = pairs.iter().map(|pair| (pair.first, pair.second, pair.agreement.unwrap().estimate.value));
/// assert_eq!(percent.collect::<Vec<_>>(), [(0, 1, 1.0), (0, 2, 0.5), (1, 2, 0.5)]);
/// ```
pub fn by_pair(
    ratings: &Ratings<Class>,
    measure: &Measure<'_>,
    options: &IntervalOptions,
) -> Result<Vec<PairAgreement>, Undefined> {
    ratings.check_classes(measure.n_classes)?;
    let table = measure.weights.table(measure.n_classes)?;
    let mut pairs: Vec<Shared> = Vec::new();
    for of in ratings.by_item() {
        for (idx, (second, b)) in of.iter().enumerate() {
            pairs.extend(of[..idx].iter().map(|(first, a)| ((*first, *second), (a.0, b.0))));
        }
    }
    pairs.sort_unstable();
    let of_pair = |same: &[Shared]| {
        let (first, second) = same[0].0;
        let classes: Vec<(u32, u32)> = same.iter().map(|(_, classes)| *classes).collect();
        let cells = Cells::of_sorted(&classes);
        let agreement = match measure.coefficient {
            Coefficient::CohenKappa | Coefficient::ScottPi => {
                agree_on_cells(&cells, measure.coefficient, &table, options)
            }
            Coefficient::Percent
            | Coefficient::FleissKappa
            | Coefficient::KrippendorffAlpha
            | Coefficient::GwetAc => agree_on_units(&cells.units(), measure.coefficient, &table, options),
        };
        PairAgreement { first, second, n_items: same.len() as u64, agreement }
    };
    Ok(pairs.chunk_by(|a, b| a.0 == b.0).map(of_pair).collect())
}

/// Two annotators and their classes of one item.
type Shared = ((u32, u32), (u32, u32));
