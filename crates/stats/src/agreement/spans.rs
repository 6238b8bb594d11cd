//! How far annotators agree on spans, by F1 between each two of them.
//!
//! In: each annotator's spans of an item. Out: [`SpanAgreement`]. Shared with boxes: shares of sums with an interval
//! over items.
//!
//! Not here: agreement by position of the text (`positions.rs`), and which span answers which (`score`).

use std::collections::BTreeMap;

use super::{Parts, Ratings, Undefined, with_interval};
use crate::Class;
use crate::bootstrap::IntervalOptions;
use crate::interval::Estimate;
use crate::score::{Span, SpanRelation, match_spans};

/// How far annotators agree on spans.
///
/// F1 does not change when the two annotators change places, so nobody is the gold. It takes no chance out, and needs
/// none: two annotators hardly ever mark the same borders by chance.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanAgreement {
    /// The number of items with two annotators or more.
    pub n_items: u64,
    /// F1 on borders and class over all pairs of annotators, each pair weighted by its spans. Undefined where nobody
    /// marked anything. Its `n` is the number of items with a span.
    pub exact: Result<Estimate, Undefined>,
    /// The same, where a span of the same class that overlaps is enough.
    pub overlap: Result<Estimate, Undefined>,
    /// The plain mean of `exact` over `pairs`: a pair that shares one item weighs as much as one that shares all.
    pub exact_mean: Option<f64>,
    /// The plain mean of `overlap` over `pairs`.
    pub overlap_mean: Option<f64>,
    /// The same for each class that anybody marked, in ascending order.
    pub classes: Vec<SpanClassAgreement>,
    /// Each two annotators that share an item.
    pub pairs: Vec<PairF1>,
}

/// How far annotators agree on the spans of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanClassAgreement {
    /// The class.
    pub class: Class,
    /// F1 on borders.
    pub exact: Result<Estimate, Undefined>,
    /// F1 where overlapping is enough.
    pub overlap: Result<Estimate, Undefined>,
}

/// How far two annotators agree on spans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairF1 {
    /// The annotator with the smaller number.
    pub first: u32,
    /// The other.
    pub second: u32,
    /// The number of items that both saw.
    pub n_items: u64,
    /// The spans of both on these items.
    pub n_spans: u64,
    /// F1 on borders and class; `None` without spans.
    pub exact: Option<f64>,
    /// F1 where overlapping is enough.
    pub overlap: Option<f64>,
}

/// How far annotators agree on spans: exact and overlapping F1, each annotator in turn against each other one.
///
/// An annotator who saw an item and marked nothing gave an empty list; without a rating it is left out. Spans may nest;
/// a span repeated in one list counts once. Two spans go together as in [`match_spans`](crate::match_spans). The items
/// are drawn again as a whole. G. Hripcsak, A. Rothschild, "Agreement, the F-Measure, and Reliability in Information
/// Retrieval", 2005.
///
/// # Errors
/// [`Undefined::OutOfRange`] where a span does not end after it starts; [`Undefined::NoPairs`] where no item has two
/// annotators.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level, Span};
/// use karat_stats::agreement::{Rating, Ratings, span_agreement};
/// let span = |start, end| Span { start, end, class: Class(0) };
/// let rating = |annotator, value| Rating { item: 0, annotator, value };
/// let ratings = vec![rating(0, vec![span(0, 5), span(10, 15)]), rating(1, vec![span(0, 5), span(10, 14)])];
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let found = span_agreement(&Ratings::new(1, 2, ratings).unwrap(), &options).unwrap();
/// assert_eq!((found.exact.unwrap().value, found.overlap.unwrap().value), (0.5, 1.0));
/// ```
pub fn span_agreement(
    ratings: &Ratings<Vec<Span>>,
    options: &IntervalOptions,
) -> Result<SpanAgreement, Undefined> {
    check(ratings)?;
    let mut pairs: BTreeMap<(u32, u32), (u64, Sums)> = BTreeMap::new();
    let mut items = Vec::new();
    for of in ratings.by_item().filter(|of| of.len() > 1) {
        let mut item: BTreeMap<Class, Sums> = BTreeMap::new();
        for (idx, (second, theirs)) in of.iter().enumerate() {
            for (first, ours) in &of[..idx] {
                let found = compare(ours, theirs);
                let (n_items, pair) = pairs.entry((*first, *second)).or_default();
                *n_items += 1;
                found.values().for_each(|sums| pair.add(*sums));
                found.iter().for_each(|(class, sums)| item.entry(*class).or_default().add(*sums));
            }
        }
        items.push(item);
    }
    if items.is_empty() {
        return Err(Undefined::NoPairs);
    }
    let f1 = |of: &dyn Fn(&BTreeMap<Class, Sums>) -> Sums, right: fn(&Sums) -> u64| {
        let shares = items.iter().map(of);
        ratio(shares.map(|sums| (2.0 * right(&sums) as f64, sums.all as f64)).collect(), options)
    };
    let everything = |item: &BTreeMap<Class, Sums>| {
        let mut all = Sums::default();
        item.values().for_each(|sums| all.add(*sums));
        all
    };
    let mut classes: Vec<Class> = items.iter().flat_map(|item| item.keys().copied()).collect();
    classes.sort_unstable();
    classes.dedup();
    let of_class = |class: Class| {
        let one = |item: &BTreeMap<Class, Sums>| item.get(&class).copied().unwrap_or_default();
        SpanClassAgreement {
            class,
            exact: f1(&one, |sums| sums.exact),
            overlap: f1(&one, |sums| sums.overlap),
        }
    };
    let pairs: Vec<PairF1> = pairs.into_iter().map(pair_f1).collect();
    Ok(SpanAgreement {
        n_items: items.len() as u64,
        exact: f1(&everything, |sums| sums.exact),
        overlap: f1(&everything, |sums| sums.overlap),
        exact_mean: mean(pairs.iter().filter_map(|pair| pair.exact)),
        overlap_mean: mean(pairs.iter().filter_map(|pair| pair.overlap)),
        classes: classes.into_iter().map(of_class).collect(),
        pairs,
    })
}

/// An error where a span is empty.
pub(super) fn check(ratings: &Ratings<Vec<Span>>) -> Result<(), Undefined> {
    let mut spans = ratings.by_item().flatten().flat_map(|(_, spans)| spans);
    match spans.find(|span| span.start >= span.end) {
        Some(span) => {
            let (got, end) = (u64::from(span.start), u64::from(span.end));
            Err(Undefined::OutOfRange { what: "start of a span", got, end })
        }
        None => Ok(()),
    }
}

/// Spans of two annotators: pairs that agree, and all of both.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    exact: u64,
    overlap: u64,
    all: u64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.exact += other.exact;
        self.overlap += other.overlap;
        self.all += other.all;
    }
}

fn compare(ours: &[Span], theirs: &[Span]) -> BTreeMap<Class, Sums> {
    let matched = match_spans(ours, theirs);
    let mut sums: BTreeMap<Class, Sums> = BTreeMap::new();
    for pair in &matched.pairs {
        let (our, their) = (ours[pair.gold_idx].class, theirs[pair.predicted_idx].class);
        sums.entry(our).or_default().all += 1;
        sums.entry(their).or_default().all += 1;
        if our == their {
            let sums = sums.entry(our).or_default();
            sums.exact += u64::from(pair.relation == SpanRelation::Right);
            sums.overlap += 1;
        }
    }
    matched.missed.iter().for_each(|idx| sums.entry(ours[*idx].class).or_default().all += 1);
    matched.invented.iter().for_each(|idx| sums.entry(theirs[*idx].class).or_default().all += 1);
    sums
}

fn pair_f1(((first, second), (n_items, sums)): ((u32, u32), (u64, Sums))) -> PairF1 {
    let f1 = |right: u64| (sums.all > 0).then(|| 2.0 * right as f64 / sums.all as f64);
    PairF1 { first, second, n_items, n_spans: sums.all, exact: f1(sums.exact), overlap: f1(sums.overlap) }
}

/// The plain mean; `None` of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = values.fold((0_u64, 0.0), |(n, sum), value| (n + 1, sum + value));
    (n > 0).then(|| sum / n as f64)
}

/// The sum of the first numbers over that of the second, in [0, 1], for items drawn again; undefined where the second
/// sum is 0.
pub(super) fn ratio(mut items: Vec<(f64, f64)>, options: &IntervalOptions) -> Result<Estimate, Undefined> {
    items.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let n = items.iter().filter(|(_, all)| *all > 0.0).count() as u64;
    let (mut groups, mut sizes) = (Vec::new(), Vec::new());
    for same in items.chunk_by(|a, b| a == b) {
        groups.push(same[0]);
        sizes.push(same.len() as u64);
    }
    let parts = |drawn: &[u64]| {
        let (mut right, mut all) = (0.0, 0.0);
        for ((one, of), times) in groups.iter().zip(drawn) {
            right += one * *times as f64;
            all += of * *times as f64;
        }
        if all == 0.0 {
            Err(Undefined::NoPairs)
        } else {
            Ok(Parts { observed: 1.0 - right / all, expected: 1.0, most: 1.0 })
        }
    };
    with_interval(&sizes, n, options, parts).map(|found| found.estimate)
}
