//! The coefficients of agreement on classes.
//!
//! In: ratings, a coefficient with weights, the number of classes. Out: [`Agreement`].
//!
//! Every one is 1 - observed / expected disagreement; they differ in what they expect by chance.
//!
//! Not here: numbers and sets (`alpha.rs`), all coefficients in one report (`report.rs`).

use super::units::Units;
use super::weights::{Table, Weights};
use super::{Agreement, Parts, Ratings, Undefined, with_interval};
use crate::Class;
use crate::bootstrap::IntervalOptions;

/// A coefficient of agreement: what counts as agreement by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coefficient {
    /// The share of pairs of ratings on the same item that agree, a mean over the items. It leaves chance out: two
    /// annotators who say "no" 95 times of 100 without looking agree on 90 % or more.
    Percent,
    /// Two annotators, each of whom draws by chance from its own shares of the classes. It falls when one class is rare
    /// (the prevalence paradox). J. Cohen, "A Coefficient of Agreement for Nominal Scales", 1960.
    CohenKappa,
    /// Two annotators who by chance draw from their common shares. W. Scott, "Reliability of Content Analysis", 1955.
    ScottPi,
    /// Any number of annotators, as many on each item, who by chance draw from their common shares. Refused where the
    /// items have different numbers of ratings; an item without any is left out. J. Fleiss, "Measuring Nominal Scale
    /// Agreement among Many Raters", 1971.
    FleissKappa,
    /// Any number of annotators and missing ratings; chance draws without replacement from all ratings on items that
    /// have two or more, so it is fair on few items too. K. Krippendorff, "Computing Krippendorff's
    /// Alpha-Reliability", 2011.
    KrippendorffAlpha,
    /// AC1, with weights AC2: chance is large where the classes are equally frequent and small where one prevails, so
    /// that it stays high when a class is rare. Missing ratings are allowed; the number of classes of the schema enters
    /// it, used or not. K. Gwet, "Computing Inter-Rater Reliability and Its Variance in the Presence of High
    /// Agreement", 2008.
    GwetAc,
}

impl Coefficient {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::Percent,
        Self::CohenKappa,
        Self::ScottPi,
        Self::FleissKappa,
        Self::KrippendorffAlpha,
        Self::GwetAc,
    ];

    /// The name in reports and in the store. Never changes once released.
    ///
    /// ```
    /// assert_eq!(karat_stats::agreement::Coefficient::KrippendorffAlpha.name(), "krippendorff-alpha");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::CohenKappa => "cohen-kappa",
            Self::ScottPi => "scott-pi",
            Self::FleissKappa => "fleiss-kappa",
            Self::KrippendorffAlpha => "krippendorff-alpha",
            Self::GwetAc => "gwet-ac",
        }
    }
}

/// What to measure. Each field changes the number, so none has a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure<'a> {
    /// What counts as chance.
    pub coefficient: Coefficient,
    /// How much different classes agree.
    pub weights: Weights<'a>,
    /// The number of classes of the schema.
    pub n_classes: u32,
}

/// One coefficient of agreement on classes, with its interval over the items.
///
/// At most 1; [`Agreement`] holds the observed and the expected disagreement too. Undefined ([`Undefined`]) where no
/// item has two ratings, where all ratings are the same class (Gwet's coefficient is 1 there if the schema has two
/// classes), and where the coefficient does not take these ratings. It does not tell who is right, and one coefficient
/// alone does not tell whether a class is rare: [`class_agreement`](super::class_agreement) shows several beside the
/// shares of the classes.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level};
/// use karat_stats::agreement::{Coefficient, Measure, Rating, Ratings, Weights, agree};
/// // Two annotators: 20 items both "0", 15 both "1", 5 and 10 differently.
/// let answers = [(0, 0, 20), (0, 1, 5), (1, 0, 10), (1, 1, 15)];
/// let mut ratings = Vec::new();
/// for (item, (a, b)) in (0..).zip(answers.iter().flat_map(|&(a, b, n)| vec![(a, b); n])) {
///     ratings.push(Rating { item, annotator: 0, value: Class(a) });
///     ratings.push(Rating { item, annotator: 1, value: Class(b) });
/// }
/// let ratings = Ratings::new(50, 2, ratings).unwrap();
/// let measure = Measure { coefficient: Coefficient::CohenKappa, weights: Weights::Identity, n_classes: 2 };
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let kappa = agree(&ratings, &measure, &options).unwrap();
/// assert!((kappa.estimate.value - 0.4).abs() < 1e-12 && kappa.estimate.interval.low < 0.25);
/// ```
pub fn agree(
    ratings: &Ratings<Class>,
    measure: &Measure<'_>,
    options: &IntervalOptions,
) -> Result<Agreement, Undefined> {
    ratings.check_classes(measure.n_classes)?;
    let table = measure.weights.table(measure.n_classes)?;
    match measure.coefficient {
        Coefficient::CohenKappa | Coefficient::ScottPi => {
            agree_on_cells(&Cells::of(ratings)?, measure.coefficient, &table, options)
        }
        Coefficient::Percent
        | Coefficient::FleissKappa
        | Coefficient::KrippendorffAlpha
        | Coefficient::GwetAc => {
            agree_on_units(&units(ratings, measure.n_classes), measure.coefficient, &table, options)
        }
    }
}

/// The rated items, grouped by their classes.
pub(super) fn units(ratings: &Ratings<Class>, n_classes: u32) -> Units {
    let items = ratings.by_item().map(|of| of.iter().map(|(_, class)| class.0));
    Units::new(n_classes, 1, ratings.most(), items)
}

/// A coefficient that needs to know how often each class was given on an item, not by whom.
pub(super) fn agree_on_units(
    units: &Units,
    coefficient: Coefficient,
    table: &Table,
    options: &IntervalOptions,
) -> Result<Agreement, Undefined> {
    let (fewest, most) = units.range();
    if coefficient == Coefficient::FleissKappa && fewest != most {
        return Err(Undefined::UnequalRaters { fewest, most });
    }
    let agreements: Vec<f64> = units.iter().map(|(counts, n)| table.agreement(counts, n)).collect();
    let parts = |drawn: &[u64]| {
        let (observed, expected) = match coefficient {
            Coefficient::KrippendorffAlpha => alpha(units, table, &agreements, drawn)?,
            Coefficient::Percent => (by_item(units, &agreements, drawn)?, 1.0),
            Coefficient::GwetAc => {
                let shares = shares(units, table.n_classes(), drawn, 1);
                (by_item(units, &agreements, drawn)?, 1.0 - gwet_chance(table, &shares)?)
            }
            Coefficient::FleissKappa | Coefficient::CohenKappa | Coefficient::ScottPi => {
                let shares = shares(units, table.n_classes(), drawn, 2);
                (by_item(units, &agreements, drawn)?, table.disagreement(&shares, &shares))
            }
        };
        Ok(Parts { observed, expected, most: table.most() })
    };
    with_interval(&units.sizes, units.n_compared(), options, parts)
}

/// The mean disagreement of the pairs on an item, each item the same.
fn by_item(units: &Units, agreements: &[f64], drawn: &[u64]) -> Result<f64, Undefined> {
    let (mut sum, mut n_items) = (0.0, 0);
    for (((_, n), agreement), times) in units.iter().zip(agreements).zip(drawn) {
        if n > 1 {
            sum += *times as f64 * (1.0 - agreement);
            n_items += times;
        }
    }
    if n_items == 0 { Err(Undefined::NoPairs) } else { Ok(sum / n_items as f64) }
}

/// The mean share of each class on the items with at least `least` ratings.
fn shares(units: &Units, n_classes: usize, drawn: &[u64], least: u32) -> Vec<f64> {
    let mut shares = vec![0.0; n_classes];
    let mut n_items = 0;
    for ((counts, n), times) in units.iter().zip(drawn) {
        if n < least {
            continue;
        }
        n_items += times;
        let weight = *times as f64 / f64::from(n);
        counts.iter().for_each(|(class, count)| shares[*class as usize] += weight * f64::from(*count));
    }
    shares.iter_mut().for_each(|share| *share /= n_items as f64);
    shares
}

fn gwet_chance(table: &Table, shares: &[f64]) -> Result<f64, Undefined> {
    let n = shares.len() as f64;
    if shares.len() < 2 {
        return Err(Undefined::OneCategory);
    }
    let spread: f64 = shares.iter().map(|share| share * (1.0 - share)).sum();
    Ok(table.sum() * spread / (n * (n - 1.0)))
}

/// Observed and expected disagreement of alpha: ratings count the same, items by their number of ratings.
fn alpha(units: &Units, table: &Table, agreements: &[f64], drawn: &[u64]) -> Result<(f64, f64), Undefined> {
    let mut totals = vec![0.0; table.n_classes()];
    let (mut sum, mut n_ratings) = (0.0, 0.0);
    for (((counts, n), agreement), times) in units.iter().zip(agreements).zip(drawn) {
        if n < 2 || *times == 0 {
            continue;
        }
        let times = *times as f64;
        sum += times * f64::from(n) * (1.0 - agreement);
        n_ratings += times * f64::from(n);
        counts.iter().for_each(|(class, count)| totals[*class as usize] += times * f64::from(*count));
    }
    if n_ratings == 0.0 {
        return Err(Undefined::NoPairs);
    }
    Ok((sum / n_ratings, table.disagreement(&totals, &totals) / (n_ratings * (n_ratings - 1.0))))
}

/// The items that both of two annotators rated, grouped by their two classes.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    /// The class of the first annotator and of the second, in ascending order.
    pub(super) classes: Vec<(u32, u32)>,
    /// The number of items of each pair of classes.
    pub(super) sizes: Vec<u64>,
}

impl Cells {
    /// The cells of the two annotators that rated.
    fn of(ratings: &Ratings<Class>) -> Result<Self, Undefined> {
        let mut rated = vec![false; ratings.n_annotators()];
        ratings.by_item().flatten().for_each(|(annotator, _)| rated[*annotator as usize] = true);
        let n_annotators = rated.iter().filter(|it| **it).count() as u32;
        if n_annotators != 2 {
            return Err(Undefined::NotTwoAnnotators { n_annotators });
        }
        let both = ratings.by_item().filter_map(|of| match of {
            [(_, first), (_, second)] => Some((first.0, second.0)),
            _ => None,
        });
        let mut both: Vec<(u32, u32)> = both.collect();
        both.sort_unstable();
        Ok(Self::of_sorted(&both))
    }

    pub(super) fn of_sorted(pairs: &[(u32, u32)]) -> Self {
        let mut cells = Self::default();
        for same in pairs.chunk_by(|a, b| a == b) {
            cells.classes.push(same[0]);
            cells.sizes.push(same.len() as u64);
        }
        cells
    }

    /// The same without telling who said which.
    pub(super) fn units(&self) -> Units {
        let groups = self.classes.iter().zip(&self.sizes);
        Units::of_groups(groups.map(|(&(a, b), &size)| (vec![a.min(b), a.max(b)], size)))
    }
}

/// Cohen's kappa or Scott's pi.
pub(super) fn agree_on_cells(
    cells: &Cells,
    coefficient: Coefficient,
    table: &Table,
    options: &IntervalOptions,
) -> Result<Agreement, Undefined> {
    let parts = |drawn: &[u64]| {
        let mut first = vec![0.0; table.n_classes()];
        let mut second = first.clone();
        let (mut sum, mut n) = (0.0, 0.0);
        for (&(a, b), times) in cells.classes.iter().zip(drawn) {
            let times = *times as f64;
            sum += times * (1.0 - table.at(a, b));
            n += times;
            first[a as usize] += times;
            second[b as usize] += times;
        }
        if n == 0.0 {
            return Err(Undefined::NoPairs);
        }
        if coefficient == Coefficient::ScottPi {
            first.iter_mut().zip(&mut second).for_each(|(a, b)| {
                *a = (*a + *b) / 2.0;
                *b = *a;
            });
        }
        let expected = table.disagreement(&first, &second) / (n * n);
        Ok(Parts { observed: sum / n, expected, most: table.most() })
    };
    with_interval(&cells.sizes, cells.sizes.iter().sum(), options, parts)
}
