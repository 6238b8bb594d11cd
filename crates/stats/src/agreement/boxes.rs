//! How far annotators agree on boxes in pictures.
//!
//! In: each annotator's boxes of an item and how much two must share. Out: [`BoxAgreement`].
//!
//! Not here: one box from the boxes of several annotators (`boxes` of the crate).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::spans::{mean, ratio};
use super::{Ratings, Undefined};
use crate::Class;
use crate::bootstrap::IntervalOptions;
use crate::interval::Estimate;

/// A rectangle in a picture with its class; `x0 < x1` and `y0 < y1`, in any unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabeledBox {
    /// The left border.
    pub x0: f64,
    /// The upper border.
    pub y0: f64,
    /// The right border.
    pub x1: f64,
    /// The lower border.
    pub y1: f64,
    /// What is in it.
    pub class: Class,
}

/// How far annotators agree on boxes.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxAgreement {
    /// The number of items with two annotators or more.
    pub n_items: u64,
    /// Matched pairs of boxes, over all pairs of annotators.
    pub n_matched: u64,
    /// 2 · matched / boxes of both, over all pairs of annotators, each pair weighted by its boxes. Undefined where
    /// nobody drew any. Its `n` is the number of items with a box.
    pub f1: Result<Estimate, Undefined>,
    /// The mean overlap of matched boxes; never below the overlap that a match needs. Undefined without a match.
    pub mean_iou: Result<Estimate, Undefined>,
    /// The plain mean of F1 over pairs of annotators that drew a box on a common item.
    pub f1_mean: Option<f64>,
}

/// The area that two boxes share over the area that they cover, in [0, 1]; classes are not looked at.
///
/// ```
/// use karat_stats::{Class, agreement::{LabeledBox, iou}};
/// let square = |x0, x1| LabeledBox { x0, y0: 0.0, x1, y1: 1.0, class: Class(0) };
/// assert_eq!(iou(&square(0.0, 2.0), &square(1.0, 3.0)), 1.0 / 3.0);
/// ```
pub fn iou(first: &LabeledBox, second: &LabeledBox) -> f64 {
    let area = |it: &LabeledBox| (it.x1 - it.x0) * (it.y1 - it.y0);
    let width = first.x1.min(second.x1) - first.x0.max(second.x0);
    let height = first.y1.min(second.y1) - first.y0.max(second.y0);
    let common = width.max(0.0) * height.max(0.0);
    common / (area(first) + area(second) - common)
}

/// How far annotators agree on boxes: F1 between each two, and how well matched boxes overlap.
///
/// Two boxes match if they have the same class and overlap by at least `min_iou`, usually .5; the pairs that overlap
/// most go first, each box in one pair. With `min_iou` of .5 or more no box of boxes that do not overlap each other has
/// a choice. An annotator who saw an item and drew nothing gave an empty list. The order of the boxes and of the
/// annotators changes nothing. Chance is not taken out. The items are drawn again as a whole.
///
/// # Errors
/// [`Undefined::BadNumber`] for a box without area or with a border that is not finite, and for `min_iou` outside
/// (0, 1]; [`Undefined::NoPairs`] where no item has two annotators.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level};
/// use karat_stats::agreement::{LabeledBox, Rating, Ratings, box_agreement};
/// let square = |x0, x1| LabeledBox { x0, y0: 0.0, x1, y1: 1.0, class: Class(0) };
/// let rating = |annotator, value| Rating { item: 0, annotator, value };
/// let ratings = vec![rating(0, vec![square(0.0, 4.0), square(8.0, 9.0)]), rating(1, vec![square(0.0, 3.0)])];
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let found = box_agreement(&Ratings::new(1, 2, ratings).unwrap(), 0.5, &options).unwrap();
/// assert!((found.f1.unwrap().value - 2.0 / 3.0).abs() < 1e-12);
/// assert_eq!(found.mean_iou.unwrap().value, 0.75);
/// ```
pub fn box_agreement(
    ratings: &Ratings<Vec<LabeledBox>>,
    min_iou: f64,
    options: &IntervalOptions,
) -> Result<BoxAgreement, Undefined> {
    if !(min_iou > 0.0 && min_iou <= 1.0) {
        return Err(Undefined::BadNumber { what: "an overlap in (0, 1]", got: min_iou });
    }
    ratings.by_item().flatten().flat_map(|(_, boxes)| boxes).try_for_each(check)?;
    let mut pairs: BTreeMap<(u32, u32), Sums> = BTreeMap::new();
    let mut items = Vec::new();
    for of in ratings.by_item().filter(|of| of.len() > 1) {
        let mut item = Sums::default();
        for (idx, (second, theirs)) in of.iter().enumerate() {
            for (first, ours) in &of[..idx] {
                let overlaps = matches(ours, theirs, min_iou);
                let pair = pairs.entry((*first, *second)).or_default();
                for sums in [&mut item, pair] {
                    sums.n_boxes += (ours.len() + theirs.len()) as u64;
                    sums.n_matched += overlaps.len() as u64;
                    sums.overlap += overlaps.iter().sum::<f64>();
                }
            }
        }
        items.push(item);
    }
    if items.is_empty() {
        return Err(Undefined::NoPairs);
    }
    let f1 = |sums: &Sums| (2.0 * sums.n_matched as f64, sums.n_boxes as f64);
    let overlap = |sums: &Sums| (sums.overlap, sums.n_matched as f64);
    let of_pairs = pairs.values().map(f1).filter(|(_, all)| *all > 0.0).map(|(right, all)| right / all);
    Ok(BoxAgreement {
        n_items: items.len() as u64,
        n_matched: items.iter().map(|item| item.n_matched).sum(),
        f1: ratio(items.iter().map(f1).collect(), options),
        mean_iou: ratio(items.iter().map(overlap).collect(), options),
        f1_mean: mean(of_pairs),
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n_boxes: u64,
    n_matched: u64,
    overlap: f64,
}

fn check(it: &LabeledBox) -> Result<(), Undefined> {
    if let Some(got) = [it.x0, it.y0, it.x1, it.y1].into_iter().find(|border| !border.is_finite()) {
        return Err(Undefined::BadNumber { what: "a finite border of a box", got });
    }
    match [it.x1 - it.x0, it.y1 - it.y0].into_iter().find(|side| *side <= 0.0) {
        Some(got) => Err(Undefined::BadNumber { what: "a side of a box above 0", got }),
        None => Ok(()),
    }
}

/// The overlaps of the boxes that match, the largest first.
fn matches(ours: &[LabeledBox], theirs: &[LabeledBox], min_iou: f64) -> Vec<f64> {
    let mut candidates = Vec::new();
    for (our_idx, our) in ours.iter().enumerate() {
        for (their_idx, their) in theirs.iter().enumerate().filter(|(_, their)| their.class == our.class) {
            let overlap = iou(our, their);
            if overlap >= min_iou {
                candidates.push((overlap, our_idx, their_idx));
            }
        }
    }
    // Equal overlaps in an order that does not tell who drew which box.
    let key = |&(_, our, their): &(f64, usize, usize)| {
        let (our, their) = (&ours[our], &theirs[their]);
        if by_place(our, their).is_le() { (our, their) } else { (their, our) }
    };
    candidates.sort_by(|a, b| {
        let (first, second) = (key(a), key(b));
        b.0.total_cmp(&a.0).then(by_place(first.0, second.0)).then(by_place(first.1, second.1))
    });
    let (mut our_used, mut their_used) = (vec![false; ours.len()], vec![false; theirs.len()]);
    let mut overlaps = Vec::new();
    for (overlap, our, their) in candidates {
        if !our_used[our] && !their_used[their] {
            (our_used[our], their_used[their]) = (true, true);
            overlaps.push(overlap);
        }
    }
    overlaps
}

fn by_place(a: &LabeledBox, b: &LabeledBox) -> Ordering {
    let x = a.x0.total_cmp(&b.x0).then(a.x1.total_cmp(&b.x1));
    x.then(a.y0.total_cmp(&b.y0)).then(a.y1.total_cmp(&b.y1))
}
