//! Several coefficients beside the shares of the classes, for all classes together and for each.
//!
//! In: ratings of classes. Out: [`ClassAgreement`].
//!
//! Not here: weights, pairs and groups.

use super::classes::{Coefficient, agree_on_units, units};
use super::units::Units;
use super::weights::Weights;
use super::{Agreement, Parts, Ratings, Undefined, with_interval};
use crate::Class;
use crate::bootstrap::IntervalOptions;

/// How far annotators agree on classes.
///
/// Where one class has nearly all ratings, `percent` and `gwet_ac1` are high and `alpha` is near 0 on the same data
/// (the prevalence paradox). None of them is wrong: the first two say that most items are easy, alpha says that the
/// labels hardly tell the rare class from the rest. See `classes` for that.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassAgreement {
    /// The number of items with a rating.
    pub n_items: u64,
    /// Of these, the items with two ratings or more: all that agreement is seen on.
    pub n_compared: u64,
    /// The number of ratings.
    pub n_ratings: u64,
    /// The share of each class of the schema among all ratings.
    pub shares: Vec<f64>,
    /// [`Coefficient::Percent`].
    pub percent: Result<Agreement, Undefined>,
    /// [`Coefficient::KrippendorffAlpha`].
    pub alpha: Result<Agreement, Undefined>,
    /// [`Coefficient::FleissKappa`]; undefined where the items have different numbers of ratings.
    pub fleiss_kappa: Result<Agreement, Undefined>,
    /// [`Coefficient::GwetAc`] without weights.
    pub gwet_ac1: Result<Agreement, Undefined>,
    /// Each class of the schema against the rest.
    pub classes: Vec<OneClass>,
}

/// How far annotators agree on whether an item is of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct OneClass {
    /// The class.
    pub class: Class,
    /// How often it was given.
    pub n_ratings: u64,
    /// Its share among all ratings: its prevalence.
    pub share: f64,
    /// Where one annotator says this class, how often another one on the same item does too, in [0, 1]. Undefined where
    /// nobody says it. Chance is not taken out. For a rare class this is the number to read. D. Cicchetti, A.
    /// Feinstein, "High Agreement but Low Kappa: II. Resolving the Paradoxes", 1990.
    pub specific: Result<Agreement, Undefined>,
    /// [`Coefficient::Percent`], this class against the rest.
    pub percent: Result<Agreement, Undefined>,
    /// [`Coefficient::KrippendorffAlpha`], this class against the rest.
    pub alpha: Result<Agreement, Undefined>,
    /// [`Coefficient::GwetAc`], this class against the rest.
    pub gwet_ac1: Result<Agreement, Undefined>,
}

/// How far annotators agree on classes: several coefficients, the shares of the classes, and each class against the
/// rest.
///
/// # Errors
/// [`Undefined::OutOfRange`] where a class is not below `n_classes`, [`Undefined::NoPairs`] without any rating.
///
/// The prevalence paradox, 100 items and two annotators who both say "no" on 94:
/// ```
/// use karat_stats::{Class, IntervalOptions, Level};
/// use karat_stats::agreement::{Rating, Ratings, class_agreement};
/// let answers = [(0, 0, 94), (0, 1, 3), (1, 0, 2), (1, 1, 1)];
/// let mut ratings = Vec::new();
/// for (item, (a, b)) in (0..).zip(answers.iter().flat_map(|&(a, b, n)| vec![(a, b); n])) {
///     ratings.push(Rating { item, annotator: 0, value: Class(a) });
///     ratings.push(Rating { item, annotator: 1, value: Class(b) });
/// }
/// let ratings = Ratings::new(100, 2, ratings).unwrap();
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let found = class_agreement(&ratings, 2, &options).unwrap();
/// let value = |it: Result<karat_stats::agreement::Agreement, _>| (it.unwrap().estimate.value * 100.0).round() / 100.0;
/// assert_eq!((value(found.percent), value(found.gwet_ac1), value(found.alpha)), (0.95, 0.95, 0.26));
/// assert_eq!((found.classes[1].share, value(found.classes[1].specific)), (0.035, 0.29));
/// ```
pub fn class_agreement(
    ratings: &Ratings<Class>,
    n_classes: u32,
    options: &IntervalOptions,
) -> Result<ClassAgreement, Undefined> {
    ratings.check_classes(n_classes)?;
    let units = units(ratings, n_classes);
    let totals = units.totals(&units.sizes, n_classes);
    let n_ratings: u64 = totals.iter().sum();
    if n_ratings == 0 {
        return Err(Undefined::NoPairs);
    }
    let all = Weights::Identity.table(n_classes)?;
    let two = Weights::Identity.table(2)?;
    let share = |total: &u64| *total as f64 / n_ratings as f64;
    let of_class = |(class, total): (u32, &u64)| {
        let units = units.one_against_rest(class);
        let of = |coefficient| agree_on_units(&units, coefficient, &two, options);
        OneClass {
            class: Class(class),
            n_ratings: *total,
            share: share(total),
            specific: specific(&units, options),
            percent: of(Coefficient::Percent),
            alpha: of(Coefficient::KrippendorffAlpha),
            gwet_ac1: of(Coefficient::GwetAc),
        }
    };
    let of = |coefficient| agree_on_units(&units, coefficient, &all, options);
    Ok(ClassAgreement {
        n_items: units.sizes.iter().sum(),
        n_compared: units.n_compared(),
        n_ratings,
        shares: totals.iter().map(share).collect(),
        percent: of(Coefficient::Percent),
        alpha: of(Coefficient::KrippendorffAlpha),
        fleiss_kappa: of(Coefficient::FleissKappa),
        gwet_ac1: of(Coefficient::GwetAc),
        classes: (0..).zip(&totals).map(of_class).collect(),
    })
}

/// Where one annotator says 1, how often another one does too. Its `n` is the number of items where somebody did.
fn specific(units: &Units, options: &IntervalOptions) -> Result<Agreement, Undefined> {
    let said =
        |counts: &[(u32, u32)]| counts.iter().find(|(code, _)| *code == 1).map_or(0, |(_, count)| *count);
    let compared = units.iter().zip(&units.sizes).filter(|((counts, n), _)| *n > 1 && said(counts) > 0);
    let n_items = compared.map(|(_, size)| size).sum();
    let parts = |drawn: &[u64]| {
        let (mut alone, mut all) = (0.0, 0.0);
        for ((counts, n), times) in units.iter().zip(drawn) {
            if n > 1 {
                let (said, n) = (f64::from(said(counts)), f64::from(n));
                all += *times as f64 * said;
                alone += *times as f64 * said * (n - said) / (n - 1.0);
            }
        }
        if all == 0.0 {
            return Err(Undefined::NoPairs);
        }
        Ok(Parts { observed: alone / all, expected: 1.0, most: 1.0 })
    };
    with_interval(&units.sizes, n_items, options, parts)
}
