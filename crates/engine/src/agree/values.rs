//! Agreement on values that can be right in part, by how far apart they are.
//!
//! In: a panel and the distance of its kind. Out: mean likeness of two answers on an item, alpha by distance, and the same for
//! groups, annotators and pairs. Likeness is 1 minus the distance.

use std::collections::BTreeMap;

use karat_core::Shape;
use karat_stats::agreement::{Rating, Ratings, Scale, Undefined, alpha_by, alpha_of_numbers};
use karat_stats::sample::simple;
use karat_stats::{Estimate, IntervalOptions, mean_of_shares};

use super::{AgreeOptions, AgreementReport, Between, GROUPS, LabelScale, Row, group, row};
use crate::compare::number;
use crate::panel::{Panel, Plain, number_of};

const LIKENESS: &str = "of two answers on an item, how like they are; chance is not taken out";
const SAME: &str = "of two answers on an item, how often they are the same";
const ALPHA: &str = "agreement beyond chance, any number of annotators, by the distance of the kind";
const DRAWN: &str = "the same, over some items drawn at random: with more the distances take too long";
const NUMBERS: &str = "agreement beyond chance, any number of annotators, by squared differences";
/// The most answers between which all distances are taken.
const MOST: usize = 500;

/// Two answers on an item.
struct Pair {
    item: usize,
    first: usize,
    second: usize,
    likeness: f64,
    same: f64,
}

/// Mean likeness, and alpha by distance.
pub(super) fn of_values(panel: &Panel, options: &AgreeOptions) -> Result<AgreementReport, Undefined> {
    let intervals = options.intervals();
    let pairs = pairs(panel);
    if pairs.is_empty() {
        return Err(Undefined::NoPairs);
    }
    let likeness = by_item(&pairs, |it| Some(it.likeness), &intervals);
    let same = by_item(&pairs, |it| Some(it.same), &intervals);
    let n_compared = likeness.map_or(0, |it| it.n);
    let mut overall = vec![
        row("likeness", LIKENESS, likeness.ok_or(Undefined::NoPairs)),
        row("same", SAME, same.ok_or(Undefined::NoPairs)),
    ];
    overall.push(match panel.shape {
        Shape::Number => of_numbers(panel, options)?,
        _ => by_distance(panel, options)?,
    });
    Ok(AgreementReport {
        n_compared,
        n_labels: panel.members.iter().map(crate::panel::Member::n_labeled).sum(),
        overall,
        groups: groups(panel, &pairs, &intervals),
        members: members(panel, &pairs, &intervals),
        pairs: of_pairs(panel, &pairs, &intervals),
        ..AgreementReport::default()
    })
}

/// All pairs of answers, in the order of the items.
fn pairs(panel: &Panel) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for item in 0..panel.n_items() {
        let answers: Vec<(usize, &Plain)> = answers(panel, item).collect();
        for (n, (first, a)) in answers.iter().enumerate() {
            for (second, b) in &answers[n + 1..] {
                let same = f64::from(u8::from(panel.equal(a, b)));
                let likeness = panel.likeness(a, b);
                pairs.push(Pair { item, first: *first, second: *second, likeness, same });
            }
        }
    }
    pairs
}

fn answers(panel: &Panel, item: usize) -> impl Iterator<Item = (usize, &Plain)> {
    panel.members.iter().enumerate().filter_map(move |(n, it)| Some((n, it.given[item].as_ref().ok()?)))
}

/// The mean over the items of the mean over an item's pairs.
fn by_item(pairs: &[Pair], value: impl Fn(&Pair) -> Option<f64>, by: &IntervalOptions) -> Option<Estimate> {
    let of_item = |of: &[Pair]| {
        let values: Vec<f64> = of.iter().filter_map(&value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let means: Vec<f64> = pairs.chunk_by(|a, b| a.item == b.item).filter_map(of_item).collect();
    mean_of_shares(&means, by)
}

fn of_numbers(panel: &Panel, options: &AgreeOptions) -> Result<Row, Undefined> {
    let (scale, name) = match options.scale {
        Some(LabelScale::Nominal) => (Scale::Nominal, "alpha (nominal)"),
        Some(LabelScale::Ordinal) => (Scale::Ordinal, "alpha (ordinal)"),
        Some(LabelScale::Ratio) => (Scale::Ratio, "alpha (ratio)"),
        Some(LabelScale::Interval) | None => (Scale::Interval, "alpha (interval)"),
    };
    let mut ratings = Vec::new();
    for item in 0..panel.n_items() {
        let numbers = answers(panel, item).filter_map(|(n, plain)| Some((n as u32, number_of(plain)?)));
        ratings.extend(numbers.map(|(annotator, value)| Rating { item: item as u32, annotator, value }));
    }
    let ratings = Ratings::new(panel.n_items(), panel.members.len(), ratings)?;
    let alpha = alpha_of_numbers(&ratings, scale, &options.intervals());
    Ok(row(name, NUMBERS, alpha.map(|it| it.estimate)))
}

/// Alpha by the distance of the kind; over drawn items where there are too many answers.
fn by_distance(panel: &Panel, options: &AgreeOptions) -> Result<Row, Undefined> {
    let mut items: Vec<usize> =
        (0..panel.n_items()).filter(|item| answers(panel, *item).count() > 1).collect();
    let n_answers: usize = items.iter().map(|item| answers(panel, *item).count()).sum();
    let is_drawn = n_answers > MOST;
    if is_drawn {
        let n = (items.len() * MOST / n_answers).max(1);
        let drawn = simple(items.len(), n, options.seed).map_err(|_| Undefined::NoPairs)?;
        items = drawn.into_iter().map(|it| items[it.item]).collect();
    }
    // Numbered by what is written, so that the order of the items changes nothing.
    let mut numbers: BTreeMap<String, (u32, &Plain)> = BTreeMap::new();
    for (_, plain) in items.iter().flat_map(|item| answers(panel, *item)) {
        numbers.insert(panel.to_json(plain).to_string(), (0, plain));
    }
    numbers.values_mut().zip(0..).for_each(|(it, n)| it.0 = n);
    let values: Vec<&Plain> = numbers.values().map(|it| it.1).collect();
    let mut ratings = Vec::new();
    for item in &items {
        let coded = answers(panel, *item)
            .filter_map(|(n, plain)| Some((n as u32, numbers.get(&panel.to_json(plain).to_string())?.0)));
        ratings.extend(coded.map(|(annotator, value)| Rating { item: *item as u32, annotator, value }));
    }
    let ratings = Ratings::new(panel.n_items(), panel.members.len(), ratings)?;
    let distance = |a: &u32, b: &u32| panel.distance(values[*a as usize], values[*b as usize]);
    let alpha = alpha_by(&ratings, distance, &options.intervals());
    Ok(row("alpha (distance)", if is_drawn { DRAWN } else { ALPHA }, alpha.map(|it| it.estimate)))
}

fn between(
    first: String,
    second: String,
    pairs: &[Pair],
    is_one: impl Fn(&Pair) -> bool,
    by: &IntervalOptions,
) -> Option<Between> {
    let found = by_item(pairs, |it| is_one(it).then_some(it.likeness), by)?;
    Some(Between { first, second, n_items: found.n, same: Some(number(found)), kappa: None })
}

fn groups(panel: &Panel, pairs: &[Pair], by: &IntervalOptions) -> Vec<Between> {
    let kinds: Vec<u32> = panel.members.iter().map(|it| group(it.voter)).collect();
    if kinds.iter().all(|it| *it == kinds[0]) {
        return Vec::new();
    }
    let of = |(a, b): (usize, usize)| {
        let is_one = |it: &Pair| {
            let (first, second) = (kinds[it.first] as usize, kinds[it.second] as usize);
            (first.min(second), first.max(second)) == (a, b)
        };
        between(GROUPS[a].to_owned(), GROUPS[b].to_owned(), pairs, is_one, by)
    };
    [(0, 0), (0, 1), (1, 1)].into_iter().filter_map(of).collect()
}

fn members(panel: &Panel, pairs: &[Pair], by: &IntervalOptions) -> Vec<Between> {
    let of = |member: usize| {
        let is_one = |it: &Pair| it.first == member || it.second == member;
        between(panel.members[member].name.clone(), "the others".to_owned(), pairs, is_one, by)
    };
    (0..panel.members.len()).filter_map(of).collect()
}

fn of_pairs(panel: &Panel, pairs: &[Pair], by: &IntervalOptions) -> Vec<Between> {
    let name = |member: usize| panel.members[member].name.clone();
    let n = panel.members.len();
    let of =
        |(a, b): (usize, usize)| between(name(a), name(b), pairs, |it| (it.first, it.second) == (a, b), by);
    (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).filter_map(of).collect()
}
