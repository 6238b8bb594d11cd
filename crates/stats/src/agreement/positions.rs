//! How far annotators agree on spans, position by position.
//!
//! In: each annotator's spans of an item and the item's length. Out: [`PositionAgreement`].
//!
//! Not here: agreement span by span (`spans.rs`).

use std::collections::BTreeMap;

use super::{Agreement, Parts, Ratings, Undefined, with_interval};
use crate::Class;
use crate::bootstrap::IntervalOptions;
use crate::score::Span;

/// How far annotators agree on what each position of a text is.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionAgreement {
    /// The number of items with two annotators or more.
    pub n_items: u64,
    /// The number of positions in them.
    pub n_positions: u64,
    /// Of these, the positions that somebody marked.
    pub n_marked: u64,
    /// Krippendorff's alpha over all positions, where "unmarked" is a class of its own.
    pub all: Result<Agreement, Undefined>,
    /// The same over the positions that somebody marked. A second number, and a harsh one: the easy positions are
    /// gone, agreement that nothing is there counts no more, and so it can fall below 0 where `all` is high.
    pub marked: Result<Agreement, Undefined>,
}

/// How far annotators agree on spans, position by position.
///
/// `lengths[i]` is the number of positions of item `i`, in the unit of the offsets: code points, or tokens. A position
/// has the class of the span over it, the set of classes where several are, or "unmarked"; two of these agree or do not,
/// and Krippendorff's alpha for nominal data is taken over positions. This is his alpha for unitizing reduced to single
/// positions: it forgives a border that is off by little, and does not tell one long span from two that touch. Where
/// most of the text is unmarked, most of the agreement is about that: read `marked` and
/// [`span_agreement`](super::span_agreement) too. The items are drawn again as a whole. K. Krippendorff, "On the
/// Reliability of Unitizing Continuous Data", 1995.
///
/// # Errors
/// [`Undefined::WrongLength`] for lengths, [`Undefined::OutOfRange`] for spans that are empty or end after their item,
/// [`Undefined::NoPairs`] where no item has two annotators.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level, Span};
/// use karat_stats::agreement::{Rating, Ratings, position_agreement};
/// let rating = |annotator, end| Rating { item: 0, annotator, value: vec![Span { start: 0, end, class: Class(0) }] };
/// let ratings = Ratings::new(1, 2, vec![rating(0, 5), rating(1, 4)]).unwrap();
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let found = position_agreement(&ratings, &[20], &options).unwrap();
/// assert_eq!((found.n_positions, found.n_marked), (20, 5));
/// assert!((found.all.unwrap().estimate.value - 0.8602).abs() < 1e-4);
/// assert!((found.marked.unwrap().estimate.value - 0.0).abs() < 1e-12);
/// ```
pub fn position_agreement(
    ratings: &Ratings<Vec<Span>>,
    lengths: &[u32],
    options: &IntervalOptions,
) -> Result<PositionAgreement, Undefined> {
    super::spans::check(ratings)?;
    if lengths.len() != ratings.n_items() {
        return Err(Undefined::WrongLength { what: "lengths", got: lengths.len(), want: ratings.n_items() });
    }
    let mut names = BTreeMap::from([(Vec::new(), 0)]);
    let mut items = Vec::new();
    for (of, length) in ratings.by_item().zip(lengths) {
        let end = of.iter().flat_map(|(_, spans)| spans).map(|span| span.end).max().unwrap_or(0);
        if end > *length {
            let (got, end) = (u64::from(end), u64::from(*length) + 1);
            return Err(Undefined::OutOfRange { what: "end of a span", got, end });
        }
        if of.len() > 1 {
            items.push(stretches(of, *length, &mut names));
        }
    }
    if items.is_empty() {
        return Err(Undefined::NoPairs);
    }
    // Numbered anew in the order of the sets, and sorted: the order of the items changes nothing.
    let mut codes = vec![0; names.len()];
    names.values().zip(0..).for_each(|(old, new)| codes[*old as usize] = new);
    for stretch in items.iter_mut().flatten() {
        stretch.codes.iter_mut().for_each(|code| *code = codes[*code as usize]);
        stretch.codes.sort_unstable();
    }
    items.iter_mut().for_each(|item| item.sort_unstable());
    items.sort_unstable();
    let count = |keep: fn(&Stretch) -> bool| {
        items.iter().flatten().filter(|stretch| keep(stretch)).map(|stretch| u64::from(stretch.length)).sum()
    };
    Ok(PositionAgreement {
        n_items: items.len() as u64,
        n_positions: count(|_| true),
        n_marked: count(Stretch::is_marked),
        all: alpha(&items, names.len(), |_| true, options),
        marked: alpha(&items, names.len(), Stretch::is_marked, options),
    })
}

/// Neighboring positions on which no annotator changes what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    /// What each annotator says; 0 is "unmarked".
    codes: Vec<u32>,
    length: u32,
}

impl Stretch {
    fn is_marked(&self) -> bool {
        self.codes.iter().any(|code| *code != 0)
    }

    /// The share of ordered pairs of annotators that differ, times the number of annotators.
    fn disagreement(&self) -> f64 {
        let n = self.codes.len() as f64;
        let same: f64 = self.codes.chunk_by(|a, b| a == b).map(|same| (same.len() * same.len()) as f64).sum();
        (n * n - same) / (n - 1.0)
    }
}

fn stretches(of: &[(u32, Vec<Span>)], length: u32, names: &mut BTreeMap<Vec<Class>, u32>) -> Vec<Stretch> {
    let spans = of.iter().flat_map(|(_, spans)| spans);
    let mut borders: Vec<u32> = spans.flat_map(|span| [span.start, span.end]).chain([0, length]).collect();
    borders.sort_unstable();
    borders.dedup();
    let mut stretches: Vec<Stretch> = borders
        .windows(2)
        .map(|ends| Stretch { codes: Vec::with_capacity(of.len()), length: ends[1] - ends[0] })
        .collect();
    for (_, spans) in of {
        let mut sets = vec![Vec::new(); stretches.len()];
        for span in spans {
            let place = |position: u32| borders.partition_point(|border| *border < position);
            sets[place(span.start)..place(span.end)].iter_mut().for_each(|set| set.push(span.class));
        }
        for (stretch, mut set) in stretches.iter_mut().zip(sets) {
            set.sort_unstable();
            set.dedup();
            let next = names.len() as u32;
            stretch.codes.push(*names.entry(set).or_insert(next));
        }
    }
    stretches
}

/// What one item adds to alpha.
struct Added {
    disagreement: f64,
    /// How often each code was said.
    totals: Vec<(usize, f64)>,
}

fn alpha(
    items: &[Vec<Stretch>],
    n_codes: usize,
    keep: fn(&Stretch) -> bool,
    options: &IntervalOptions,
) -> Result<Agreement, Undefined> {
    let added = |item: &Vec<Stretch>| {
        let mut totals: BTreeMap<usize, f64> = BTreeMap::new();
        let mut disagreement = 0.0;
        for stretch in item.iter().filter(|stretch| keep(stretch)) {
            disagreement += f64::from(stretch.length) * stretch.disagreement();
            for code in &stretch.codes {
                *totals.entry(*code as usize).or_default() += f64::from(stretch.length);
            }
        }
        Added { disagreement, totals: totals.into_iter().collect() }
    };
    let added: Vec<Added> = items.iter().map(added).collect();
    let parts = |drawn: &[u64]| {
        let mut totals = vec![0.0; n_codes];
        let mut observed = 0.0;
        for (item, times) in added.iter().zip(drawn).filter(|(_, times)| **times > 0) {
            observed += item.disagreement * *times as f64;
            item.totals.iter().for_each(|(code, total)| totals[*code] += total * *times as f64);
        }
        let n: f64 = totals.iter().sum();
        if n == 0.0 {
            return Err(Undefined::NoPairs);
        }
        let expected: f64 = totals.iter().map(|total| total * (n - total)).sum();
        Ok(Parts { observed: observed / n, expected: expected / (n * (n - 1.0)), most: 1.0 })
    };
    let n_items = added.iter().filter(|item| !item.totals.is_empty()).count() as u64;
    with_interval(&vec![1; items.len()], n_items, options, parts)
}
