//! Groups of annotators against each other, and each annotator against the rest.
//!
//! In: ratings, the group of each annotator, weights. Out: agreement within and across groups.
//!
//! Not here: single pairs (`pairs.rs`); one number for all annotators (`classes.rs`).

use super::classes::{Coefficient, agree_on_units};
use super::units::Units;
use super::weights::{Table, Weights};
use super::{Agreement, Parts, Ratings, Undefined, with_interval};
use crate::Class;
use crate::bootstrap::IntervalOptions;

/// How far two groups of annotators agree, or one group within itself.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupAgreement {
    /// The groups, the smaller number first; the same number twice for a group within itself.
    pub groups: (u32, u32),
    /// The number of items that both groups rated; within a group, those with two ratings or more.
    pub n_items: u64,
    /// The share of pairs that agree, one annotator of each group: a mean over pairs on an item, then over items.
    pub percent: Result<Agreement, Undefined>,
    /// The same beyond chance, where each group draws from its own shares of the classes.
    pub kappa: Result<Agreement, Undefined>,
}

/// How far one annotator agrees with the others.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnotatorAgreement {
    /// The annotator.
    pub annotator: u32,
    /// The number of its items that somebody else rated too.
    pub n_items: u64,
    /// The share of pairs that agree, of the annotator with each of the others.
    pub percent: Result<Agreement, Undefined>,
    /// The same beyond chance, where the annotator draws from its own shares and the others from theirs.
    pub kappa: Result<Agreement, Undefined>,
}

/// Agreement within and across groups of annotators: people with people, models with people, models with models.
///
/// `groups[a]` is the group of annotator `a`; any numbers. There is one entry for each two groups that have ratings, in
/// ascending order. Across groups the observed disagreement is that of pairs of one annotator of each, the expected one
/// that of two ratings drawn from the shares of the two groups; for two annotators this is Cohen's kappa. Within a group
/// both ratings are drawn from its common shares, as in Fleiss' kappa, and any number of ratings on an item is allowed.
/// Models that agree with each other more than with people share mistakes. S. Vanbelle, A. Albert, "Agreement between
/// Two Independent Groups of Raters", 2009.
///
/// # Errors
/// [`Undefined::WrongLength`] and [`Undefined::OutOfRange`] for groups and classes; errors of [`Weights`].
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level};
/// use karat_stats::agreement::{Rating, Ratings, Weights, by_group};
/// // Two people and two models: the models agree with each other, not with the people.
/// let answers = [[0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]];
/// let rating = |item, annotator, class| Rating { item, annotator, value: Class(class) };
/// let of_item = |(item, row): (u32, [u32; 4])| (0..).zip(row).map(move |(annotator, class)| rating(item, annotator, class));
/// let ratings = Ratings::new(4, 4, (0..).zip(answers).flat_map(of_item).collect()).unwrap();
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let by_group = by_group(&ratings, &[0, 0, 1, 1], (Weights::Identity, 2), &options).unwrap();
/// let kappa = by_group.iter().map(|it| (it.groups, it.kappa.unwrap().estimate.value));
/// assert_eq!(kappa.collect::<Vec<_>>(), [((0, 0), 1.0), ((0, 1), 0.0), ((1, 1), 1.0)]);
/// ```
pub fn by_group(
    ratings: &Ratings<Class>,
    groups: &[u32],
    (weights, n_classes): (Weights<'_>, u32),
    options: &IntervalOptions,
) -> Result<Vec<GroupAgreement>, Undefined> {
    if groups.len() != ratings.n_annotators() {
        return Err(Undefined::WrongLength {
            what: "groups",
            got: groups.len(),
            want: ratings.n_annotators(),
        });
    }
    ratings.check_classes(n_classes)?;
    let table = weights.table(n_classes)?;
    let group_of = |annotator: u32| groups[annotator as usize];
    let mut used: Vec<u32> = ratings.by_item().flatten().map(|(annotator, _)| group_of(*annotator)).collect();
    used.sort_unstable();
    used.dedup();
    let mut found = Vec::new();
    for (idx, &first) in used.iter().enumerate() {
        for &second in &used[idx..] {
            let side = |annotator: u32| match group_of(annotator) {
                group if group == first => Some(0),
                group if group == second => Some(1),
                _ => None,
            };
            let items = ratings.by_item().map(|of| sided(of, side));
            let (percent, kappa, n_items) = if first == second {
                within(ratings, items, &table, options)
            } else {
                across(ratings, items, &table, options)
            };
            found.push(GroupAgreement { groups: (first, second), n_items, percent, kappa });
        }
    }
    Ok(found)
}

/// The agreement of each annotator that rated with all others, in ascending order; as [`by_group`] has it for the
/// annotator as a group of its own.
///
/// An annotator far below the rest misunderstood the guideline, or is the only one who followed it.
///
/// # Errors
/// [`Undefined::OutOfRange`] for classes; errors of [`Weights`].
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level};
/// use karat_stats::agreement::{Rating, Ratings, Weights, by_annotator};
/// let answers = [[0, 0, 1], [1, 1, 0], [1, 1, 1], [0, 0, 0]];
/// let rating = |item, annotator, class| Rating { item, annotator, value: Class(class) };
/// let of_item = |(item, row): (u32, [u32; 3])| (0..).zip(row).map(move |(annotator, class)| rating(item, annotator, class));
/// let ratings = Ratings::new(4, 3, (0..).zip(answers).flat_map(of_item).collect()).unwrap();
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let by_annotator = by_annotator(&ratings, (Weights::Identity, 2), &options).unwrap();
/// let percent = by_annotator.iter().map(|it| it.percent.unwrap().estimate.value);
/// assert_eq!(percent.collect::<Vec<_>>(), [0.75, 0.75, 0.5]);
/// ```
pub fn by_annotator(
    ratings: &Ratings<Class>,
    (weights, n_classes): (Weights<'_>, u32),
    options: &IntervalOptions,
) -> Result<Vec<AnnotatorAgreement>, Undefined> {
    ratings.check_classes(n_classes)?;
    let table = weights.table(n_classes)?;
    let mut items_of = vec![Vec::new(); ratings.n_annotators()];
    for (item, of) in ratings.by_item().enumerate() {
        of.iter().for_each(|(annotator, _)| items_of[*annotator as usize].push(item));
    }
    let rated = (0_u32..).zip(items_of).filter(|(_, items)| !items.is_empty());
    let of_annotator = |(annotator, items): (u32, Vec<usize>)| {
        let side = |other: u32| Some(u32::from(other != annotator));
        let items = items.iter().map(|item| sided(ratings.of(*item), side));
        let (percent, kappa, n_items) = across(ratings, items, &table, options);
        AnnotatorAgreement { annotator, n_items, percent, kappa }
    };
    Ok(rated.map(of_annotator).collect())
}

/// The classes on an item with the side that gave them, as one code: twice the class, plus the side.
fn sided(of: &[(u32, Class)], side: impl Fn(u32) -> Option<u32>) -> impl Iterator<Item = u32> {
    of.iter().filter_map(move |(annotator, class)| Some(class.0 * 2 + side(*annotator)?))
}

type Found = (Result<Agreement, Undefined>, Result<Agreement, Undefined>, u64);

fn within<I: Iterator<Item = u32>>(
    ratings: &Ratings<Class>,
    items: impl Iterator<Item = I>,
    table: &Table,
    options: &IntervalOptions,
) -> Found {
    let items = items.map(|codes| codes.map(|code| code / 2));
    let units = Units::new(table.n_classes() as u32, 2, ratings.most(), items);
    let percent = agree_on_units(&units, Coefficient::Percent, table, options);
    // Scott's expectation is that of Fleiss, and takes any number of ratings.
    let kappa = agree_on_units(&units, Coefficient::ScottPi, table, options);
    (percent, kappa, units.n_compared())
}

fn across<I: Iterator<Item = u32>>(
    ratings: &Ratings<Class>,
    items: impl Iterator<Item = I>,
    table: &Table,
    options: &IntervalOptions,
) -> Found {
    let units = Units::new(table.n_classes() as u32 * 2, 2, ratings.most(), items);
    let sides: Vec<Option<[Side; 2]>> = units.iter().map(|(counts, _)| both_sides(counts)).collect();
    let disagreements: Vec<f64> =
        sides.iter().map(|sides| sides.as_ref().map_or(0.0, |sides| disagreement(sides, table))).collect();
    let n_items =
        sides.iter().zip(&units.sizes).filter(|(sides, _)| sides.is_some()).map(|(_, size)| size).sum();
    let parts = |drawn: &[u64], by_chance: bool| {
        let mut shares = [vec![0.0; table.n_classes()], vec![0.0; table.n_classes()]];
        let (mut sum, mut n) = (0.0, 0.0);
        for ((sides, disagreement), times) in sides.iter().zip(&disagreements).zip(drawn) {
            let Some(sides) = sides else { continue };
            let times = *times as f64;
            n += times;
            sum += times * disagreement;
            for (shares, side) in shares.iter_mut().zip(sides) {
                side.iter().for_each(|(class, share)| shares[*class as usize] += times * share);
            }
        }
        if n == 0.0 {
            return Err(Undefined::NoPairs);
        }
        let expected = if by_chance { table.disagreement(&shares[0], &shares[1]) / (n * n) } else { 1.0 };
        Ok(Parts { observed: sum / n, expected, most: table.most() })
    };
    let percent = with_interval(&units.sizes, n_items, options, |drawn| parts(drawn, false));
    let kappa = with_interval(&units.sizes, n_items, options, |drawn| parts(drawn, true));
    (percent, kappa, n_items)
}

/// The classes that one side gave on an item, with their shares of its ratings.
type Side = Vec<(u32, f64)>;

/// Both sides of an item; `None` where one of them did not rate it.
fn both_sides(counts: &[(u32, u32)]) -> Option<[Side; 2]> {
    let side = |which: u32| {
        let of = counts.iter().filter(|(code, _)| code % 2 == which);
        let n: u32 = of.clone().map(|(_, count)| count).sum();
        (n > 0).then(|| of.map(|(code, count)| (code / 2, f64::from(*count) / f64::from(n))).collect())
    };
    Some([side(0)?, side(1)?])
}

/// The mean disagreement of one rating of each side.
fn disagreement([first, second]: &[Side; 2], table: &Table) -> f64 {
    let row = |(a, p): &(u32, f64)| second.iter().map(|(b, q)| p * q * (1.0 - table.at(*a, *b))).sum::<f64>();
    first.iter().map(row).sum()
}
