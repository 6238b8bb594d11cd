//! Krippendorff's alpha of numbers, of sets, and of anything that has a distance.
//!
//! In: ratings, and a scale or a distance. Out: [`Agreement`].
//!
//! Not here: alpha of classes ([`agree`](super::agree) with [`Coefficient::KrippendorffAlpha`](super::Coefficient)).

use super::classes::{Coefficient, agree_on_units};
use super::units::Units;
use super::weights::Weights;
use super::{Agreement, Parts, Ratings, Undefined, with_interval};
use crate::bootstrap::IntervalOptions;

/// What the numbers on a scale mean, and so how far apart two of them are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// Equal or not.
    Nominal,
    /// Only the order counts: how many ratings lie between two values.
    Ordinal,
    /// Differences count: (a - b)².
    Interval,
    /// Differences count by their size: ((a - b) / (a + b))². Numbers of 0 or more.
    Ratio,
}

/// Distances of more values than this are computed anew each time they are needed.
const MOST_KEPT: usize = 2_048;

/// Krippendorff's alpha of numbers.
///
/// The observed disagreement is the mean squared distance of two ratings on the same item (items with one rating are
/// left out, each rating counts the same), the expected one that of any two ratings. At most 1. Undefined where no item
/// has two ratings and where all ratings are the same number. A large alpha is not a small error: it is large on any
/// data whose items differ much. K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.
///
/// Time for each resample grows with the number of distinct items and, for `Ratio`, with the square of the number of
/// distinct values.
///
/// # Errors
/// [`Undefined::BadNumber`] where a number is not finite, or below 0 on a ratio scale.
///
/// The four observers and twelve units of Krippendorff's paper:
/// ```
/// use karat_stats::{IntervalOptions, Level};
/// use karat_stats::agreement::{Rating, Ratings, Scale, alpha_of_numbers};
/// let observers = ["123321412...", "1233224125.3", ".3332342251.", "1233244125 1."];
/// let mut ratings = Vec::new();
/// for (annotator, observer) in (0..).zip(observers.map(|it| it.replace(' ', ""))) {
///     for (item, digit) in (0..).zip(observer.chars()) {
///         let value = digit.to_digit(10).map(f64::from);
///         ratings.extend(value.map(|value| Rating { item, annotator, value }));
///     }
/// }
/// let ratings = Ratings::new(12, 4, ratings).unwrap();
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let published = [(Scale::Nominal, 0.743), (Scale::Ordinal, 0.815), (Scale::Interval, 0.849), (Scale::Ratio, 0.797)];
/// for (scale, want) in published {
///     let alpha = alpha_of_numbers(&ratings, scale, &options).unwrap().estimate;
///     assert!((alpha.value - want).abs() < 5e-4 && alpha.n == 11);
///     assert!(alpha.interval.low < 0.7); // Eleven units promise little.
/// }
/// ```
pub fn alpha_of_numbers(
    ratings: &Ratings<f64>,
    scale: Scale,
    options: &IntervalOptions,
) -> Result<Agreement, Undefined> {
    for (_, got) in ratings.by_item().flatten() {
        if !got.is_finite() || (scale == Scale::Ratio && *got < 0.0) {
            let what = if scale == Scale::Ratio { "a finite number of 0 or more" } else { "a finite number" };
            return Err(Undefined::BadNumber { what, got: *got });
        }
    }
    // Adding 0 makes -0 the same number as 0.
    let (values, coded) = ratings.coded(|a, b| (a + 0.0).total_cmp(&(b + 0.0)));
    let values: Vec<f64> = values.into_iter().copied().collect();
    let units = units(&coded, values.len());
    match scale {
        Scale::Nominal => {
            let table = Weights::Identity.table(values.len() as u32)?;
            agree_on_units(&units, Coefficient::KrippendorffAlpha, &table, options)
        }
        Scale::Ratio => alpha_on(&units, values.len(), |a, b| ratio(values[a], values[b]), options),
        Scale::Interval => {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let places: Vec<f64> = values.iter().map(|value| value - mean).collect();
            squared(&units, |_| places.clone(), options)
        }
        Scale::Ordinal => squared(&units, ranks, options),
    }
}

/// Krippendorff's alpha with a distance of one's own: of sets, of texts, of anything.
///
/// `distance` is 0 or more, the same both ways, and 0 for a value with itself; it need not be squared. The values need
/// an order only so that the order of the items changes nothing. Undefined where no item has two ratings and where no
/// two values differ. Time grows with the square of the number of distinct values, for each resample anew: above
/// 2,000, make few resamples.
///
/// # Errors
/// [`Undefined::BadNumber`] where a distance is negative or not finite.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level};
/// use karat_stats::agreement::{Rating, Ratings, alpha_by, masi_distance};
/// let sets = [[vec![0], vec![0, 1]], [vec![1], vec![1]], [vec![2], vec![1, 2]]];
/// let mut ratings = Vec::new();
/// for (item, answers) in (0..).zip(sets) {
///     for (annotator, set) in (0..).zip(answers) {
///         ratings.push(Rating { item, annotator, value: set.into_iter().map(Class).collect::<Vec<_>>() });
///     }
/// }
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let ratings = Ratings::new(3, 2, ratings).unwrap();
/// let alpha = alpha_by(&ratings, |a, b| masi_distance(a, b), &options).unwrap();
/// assert!((alpha.estimate.value - 0.4392523).abs() < 1e-6);
/// ```
pub fn alpha_by<T: Ord>(
    ratings: &Ratings<T>,
    distance: impl Fn(&T, &T) -> f64,
    options: &IntervalOptions,
) -> Result<Agreement, Undefined> {
    let (values, coded) = ratings.coded(T::cmp);
    for a in 0..values.len() {
        for b in 0..a {
            let got = distance(values[a], values[b]);
            if !(got.is_finite() && got >= 0.0) {
                return Err(Undefined::BadNumber { what: "a distance of 0 or more", got });
            }
        }
    }
    alpha_on(&units(&coded, values.len()), values.len(), |a, b| distance(values[a], values[b]), options)
}

fn ratio(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { ((a - b) / (a + b)).powi(2) }
}

/// The items with two ratings or more.
fn units(coded: &Ratings<u32>, n_values: usize) -> Units {
    let items = coded.by_item().map(|of| of.iter().map(|(_, code)| *code));
    Units::new(n_values as u32, 2, coded.most(), items)
}

/// The place of each value among the ratings: half of those with the same value lie below. The distance of two places
/// is the number of ratings between the values, each end counted half, as the ordinal distance has it.
fn ranks(totals: &[u64]) -> Vec<f64> {
    let mut below = 0;
    let place = |total: &u64| {
        let place = below as f64 + *total as f64 / 2.0;
        below += total;
        place
    };
    totals.iter().map(place).collect()
}

/// Alpha for squared differences of places, in time linear in the number of values.
fn squared(
    units: &Units,
    places_of: impl Fn(&[u64]) -> Vec<f64>,
    options: &IntervalOptions,
) -> Result<Agreement, Undefined> {
    let n_values = units.iter().flat_map(|(counts, _)| counts).map(|(code, _)| code + 1).max().unwrap_or(0);
    let parts = |drawn: &[u64]| {
        let totals = units.totals(drawn, n_values);
        let n: u64 = totals.iter().sum();
        if n == 0 {
            return Err(Undefined::NoPairs);
        }
        let places = places_of(&totals);
        let all = totals.iter().zip(&places).map(|(total, place)| (*total as f64, *place));
        let mut observed = 0.0;
        for ((counts, n_ratings), times) in units.iter().zip(drawn) {
            if *times > 0 {
                let of = counts.iter().map(|(code, count)| (f64::from(*count), places[*code as usize]));
                observed += *times as f64 * pairs(of) / (f64::from(n_ratings) - 1.0);
            }
        }
        let n = n as f64;
        let used = totals.iter().zip(&places).filter(|(total, _)| **total > 0).map(|(_, place)| *place);
        let (low, high) = used.fold((f64::MAX, f64::MIN), |(low, high), it| (low.min(it), high.max(it)));
        Ok(Parts {
            observed: observed / n,
            expected: pairs(all) / (n * (n - 1.0)),
            most: (high - low).powi(2),
        })
    };
    with_interval(&units.sizes, units.n_compared(), options, parts)
}

/// The sum of the squared differences of all ordered pairs: 2 (n Σx² - (Σx)²), from the mean so that nothing cancels.
fn pairs(of: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let (n, sum) = of.clone().fold((0.0, 0.0), |(n, sum), (count, place)| (n + count, sum + count * place));
    let mean = sum / n;
    2.0 * n * of.map(|(count, place)| count * (place - mean).powi(2)).sum::<f64>()
}

/// Alpha for any distance of values by their codes.
fn alpha_on(
    units: &Units,
    n_values: usize,
    distance: impl Fn(usize, usize) -> f64,
    options: &IntervalOptions,
) -> Result<Agreement, Undefined> {
    let kept: Option<Vec<f64>> = (n_values <= MOST_KEPT).then(|| {
        (0..n_values).flat_map(|a| (0..a).map(move |b| (a, b))).map(|(a, b)| distance(a, b)).collect()
    });
    // The smaller code second.
    let distance = |a: usize, b: usize| match &kept {
        Some(kept) => kept[a * (a - 1) / 2 + b],
        None => distance(a, b),
    };
    let mut most = 0.0_f64;
    for a in 0..n_values {
        most = (0..a).fold(most, |most, b| most.max(distance(a, b)));
    }
    let within = |counts: &[(u32, u32)]| {
        let mut sum = 0.0;
        for (idx, &(a, n_a)) in counts.iter().enumerate() {
            let below = counts[..idx].iter();
            sum +=
                below.map(|&(b, n_b)| f64::from(n_a * n_b) * distance(a as usize, b as usize)).sum::<f64>();
        }
        2.0 * sum
    };
    let observed: Vec<f64> = units.iter().map(|(counts, n)| within(counts) / (f64::from(n) - 1.0)).collect();
    let parts = |drawn: &[u64]| {
        let totals = units.totals(drawn, n_values as u32);
        let n = totals.iter().sum::<u64>() as f64;
        if n == 0.0 {
            return Err(Undefined::NoPairs);
        }
        let mut expected = 0.0;
        for (a, n_a) in totals.iter().enumerate().filter(|(_, total)| **total > 0) {
            let below = totals[..a].iter().enumerate().filter(|(_, total)| **total > 0);
            expected += *n_a as f64 * below.map(|(b, n_b)| *n_b as f64 * distance(a, b)).sum::<f64>();
        }
        let observed = observed.iter().zip(drawn).map(|(it, times)| it * *times as f64).sum::<f64>() / n;
        Ok(Parts { observed, expected: 2.0 * expected / (n * (n - 1.0)), most })
    };
    with_interval(&units.sizes, units.n_compared(), options, parts)
}
