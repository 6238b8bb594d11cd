//! Fused boxes and the quality of those who drew them.
//!
//! In: items with their boxes. Out: [`FusedBoxes`].
//!
//! Not here: boxes with scores (`detectors.rs`).

use super::cluster::clusters;
use super::presence::{Candidate, presence};
use super::{BoxError, BoxVote, Rect, check_iou};
use crate::Class;
use crate::interval::{Estimate, Level, wilson_of_share};
use crate::values::weighted_median;

/// An item with its boxes.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxItem {
    /// Who looked at it, those who drew nothing included: not drawing is a vote.
    pub seen_by: Vec<u32>,
    /// What they drew.
    pub boxes: Vec<BoxVote>,
}

/// How to fuse. Every field changes the result, so none has a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FuseOptions {
    /// The least intersection over union of two boxes of the same thing, in (0, 1]; 0.5 is usual.
    pub min_iou: f64,
    /// A box is kept where the probability that something is there is at least this, in [0, 1]; 0.5 is usual, and less
    /// where a missed thing costs more than an invented one.
    pub keep_from: f64,
    /// How many boxes of average fit every annotator is believed to have drawn before; 10 is usual.
    pub n_prior: f64,
    /// The most rounds; 100 is enough.
    pub n_rounds: u32,
    /// The rounds end when no probability moves by more than this.
    pub tolerance: f64,
    /// The level of the intervals.
    pub level: Level,
}

/// A box made of those of several annotators.
#[derive(Debug, Clone, PartialEq)]
pub struct FusedBox {
    /// What is there.
    pub class: Class,
    /// Where: the weighted median of each side.
    pub rect: Rect,
    /// The probability that something is there, as the model has it: no confidence until it is calibrated.
    pub presence: f64,
    /// Whether the probability reaches [`FuseOptions::keep_from`].
    pub kept: bool,
    /// The places of the boxes it was made of.
    pub members: Vec<usize>,
}

/// How good an annotator's boxes are, measured by the fused ones, to which it has contributed itself: with few annotators
/// this flatters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxQuality {
    /// The mean intersection over union of its boxes with the kept boxes they are part of; `None` where there is none.
    pub mean_iou: Option<Estimate>,
    /// The share of the kept boxes of the items it looked at that it has drawn; `None` where there is none.
    pub recall: Option<Estimate>,
    /// The share of its boxes that are part of no kept box; `None` without boxes.
    pub spurious: Option<Estimate>,
    /// The probability that it draws what is there, as the model has it, things that nobody drew included.
    pub modeled_recall: f64,
    /// The boxes it draws on an item where nothing is, as the model has it.
    pub modeled_inventions: f64,
    /// How much its corners count; the average annotator's distance (1 - IoU) counts 1.
    pub weight: f64,
}

/// Fused boxes.
#[derive(Debug, Clone, PartialEq)]
pub struct FusedBoxes {
    /// For each item the groups of boxes, kept or not, by their first member.
    pub items: Vec<Vec<FusedBox>>,
    /// For each annotator; `None` for one that looked at nothing.
    pub annotators: Vec<Option<BoxQuality>>,
    /// The things on all items that nobody drew, as the model expects. Too few where some things are hard for everybody.
    pub n_missed: f64,
}

/// Fuses the boxes of several annotators.
///
/// Boxes of one class are paired between every two annotators by the least sum of 1 - IoU and joined to groups with one
/// box of an annotator at most. Whether something is there follows from who drew it and who looked and did not: each
/// annotator has a recall and a rate of invented boxes, which others join by chance only. Each side of the fused box is the weighted median of the
/// members' sides, annotators weighed by the inverse of their mean 1 - IoU to the unweighted fusion, with shrinkage.
///
/// Boxes of different classes are different things, so an annotator with the wrong class both misses and invents. Things
/// that touch and are drawn as one by some annotators come out as whatever most did.
///
/// ```
/// use karat_stats::{Class, Level};
/// use karat_stats::boxes::{BoxItem, BoxVote, FuseOptions, Rect, fuse_boxes};
/// let draw = |annotator, left| BoxVote {
///     annotator, class: Class(0), rect: Rect::new(left, 0.0, left + 10.0, 10.0).unwrap(),
/// };
/// let item = BoxItem { seen_by: vec![0, 1, 2], boxes: vec![draw(0, 0.0), draw(1, 1.0), draw(2, 3.0), draw(2, 80.0)] };
/// let options = FuseOptions {
///     min_iou: 0.5, keep_from: 0.5, n_prior: 10.0, n_rounds: 100, tolerance: 1e-9, level: Level::P95,
/// };
/// let fused = fuse_boxes(&[item], 3, &options).unwrap();
/// let [thing, ghost] = &fused.items[0][..] else { panic!("two groups") };
/// assert!(thing.kept && !ghost.kept);
/// assert_eq!(thing.rect.corners()[0], 1.0);
/// assert_eq!(fused.annotators[2].unwrap().spurious.unwrap().value, 0.5);
/// ```
pub fn fuse_boxes(
    items: &[BoxItem],
    n_annotators: u32,
    options: &FuseOptions,
) -> Result<FusedBoxes, BoxError> {
    check(items, n_annotators, options)?;
    let groups: Vec<Vec<Vec<usize>>> =
        items.iter().map(|item| clusters(&item.boxes, options.min_iou)).collect();
    let mut candidates = Vec::new();
    for (at, (item, groups)) in items.iter().zip(&groups).enumerate() {
        for group in groups {
            let drew = |who: &u32| group.iter().any(|idx| item.boxes[*idx].annotator == *who);
            candidates.push(Candidate { item: at, drew: item.seen_by.iter().map(drew).collect() });
        }
    }
    let seen_by: Vec<&[u32]> = items.iter().map(|item| &item.seen_by[..]).collect();
    let found = presence(&seen_by, &candidates, n_annotators, options.n_rounds, options.tolerance);
    let equal = vec![1.0; n_annotators as usize];
    let weights = weights(items, &groups, &fuse(items, &groups, &equal), options.n_prior, n_annotators);
    let rects = fuse(items, &groups, &weights);
    let mut posterior = found.posterior.iter();
    let mut fused = Vec::with_capacity(items.len());
    for ((item, groups), rects) in items.iter().zip(groups).zip(rects) {
        let boxes =
            groups.into_iter().zip(rects).zip(posterior.by_ref()).map(|((members, rect), presence)| {
                let class = item.boxes[members[0]].class;
                FusedBox { class, rect, presence: *presence, kept: *presence >= options.keep_from, members }
            });
        fused.push(boxes.collect::<Vec<_>>());
    }
    let mut annotators = Vec::with_capacity(n_annotators as usize);
    for annotator in 0..n_annotators {
        let idx = annotator as usize;
        annotators.push(tally(items, &fused, annotator).map(|tally| BoxQuality {
            modeled_recall: found.recall[idx],
            modeled_inventions: found.invented[idx],
            weight: weights[idx],
            ..tally.quality(options.level)
        }));
    }
    Ok(FusedBoxes { items: fused, annotators, n_missed: found.n_missed })
}

fn check(items: &[BoxItem], n_annotators: u32, options: &FuseOptions) -> Result<(), BoxError> {
    check_iou(options.min_iou)?;
    let bad = |what, got| Err(BoxError::BadNumber { what, got });
    if !(0.0..=1.0).contains(&options.keep_from) {
        return bad("the probability to keep from, in [0, 1]", options.keep_from);
    }
    if !(options.n_prior >= 0.0 && options.n_prior.is_finite()) {
        return bad("the number of prior boxes, of 0 or more", options.n_prior);
    }
    if !(options.tolerance >= 0.0 && options.tolerance.is_finite()) {
        return bad("the tolerance, of 0 or more", options.tolerance);
    }
    for (at, item) in items.iter().enumerate() {
        if let Some(annotator) = item.seen_by.iter().find(|it| **it >= n_annotators) {
            return Err(BoxError::OutOfRange { annotator: *annotator, end: n_annotators });
        }
        let drawn = item.boxes.iter().map(|vote| vote.annotator);
        for annotator in drawn.chain(item.seen_by.iter().copied()) {
            if item.seen_by.iter().filter(|it| **it == annotator).count() != 1 {
                return Err(BoxError::NotSeen { item: at, annotator });
            }
        }
    }
    if items.iter().all(|item| item.seen_by.is_empty()) { Err(BoxError::NoItems) } else { Ok(()) }
}

/// The weighted median of each side of each group.
fn fuse(items: &[BoxItem], groups: &[Vec<Vec<usize>>], weights: &[f64]) -> Vec<Vec<Rect>> {
    let side = |item: &BoxItem, group: &[usize], side: usize| {
        let values: Vec<(f64, f64)> = group
            .iter()
            .map(|idx| &item.boxes[*idx])
            .map(|vote| (vote.rect.corners()[side], weights[vote.annotator as usize]))
            .collect();
        weighted_median(&values)
    };
    let fused = |item: &BoxItem, group: &Vec<usize>| {
        let sides = [0, 1, 2, 3].map(|it| side(item, group, it));
        let rect = match sides {
            [Some(left), Some(top), Some(right), Some(bottom)] => Rect::new(left, top, right, bottom),
            _ => None,
        };
        // Medians of left sides lie left of those of right sides, so this is never needed.
        rect.unwrap_or(item.boxes[group[0]].rect)
    };
    items
        .iter()
        .zip(groups)
        .map(|(item, groups)| groups.iter().map(|group| fused(item, group)).collect())
        .collect()
}

/// The inverse of each annotator's mean 1 - IoU to the fused boxes it shares with others, drawn towards the mean of all.
fn weights(
    items: &[BoxItem],
    groups: &[Vec<Vec<usize>>],
    fused: &[Vec<Rect>],
    n_prior: f64,
    n_annotators: u32,
) -> Vec<f64> {
    let mut distances = vec![(0.0, 0.0); n_annotators as usize];
    for ((item, groups), rects) in items.iter().zip(groups).zip(fused) {
        for (group, rect) in groups.iter().zip(rects).filter(|(group, _)| group.len() > 1) {
            for vote in group.iter().map(|idx| &item.boxes[*idx]) {
                let (distance, n) = &mut distances[vote.annotator as usize];
                (*distance, *n) = (*distance + 1.0 - vote.rect.iou(rect), *n + 1.0);
            }
        }
    }
    let (sum, n) = distances.iter().fold((0.0, 0.0), |all, it| (all.0 + it.0, all.1 + it.1));
    let mean: f64 = if n > 0.0 { sum / n } else { 0.0 };
    let least = 1e-3;
    let weight = |(distance, n): &(f64, f64)| {
        let shrunk = (distance + n_prior * mean) / (n + n_prior).max(f64::MIN_POSITIVE);
        if *n > 0.0 { mean.max(least) / shrunk.max(least) } else { 1.0 }
    };
    distances.iter().map(weight).collect()
}

/// What an annotator's boxes are part of.
#[derive(Default)]
struct Tally {
    n_boxes: u64,
    n_in_kept: u64,
    n_kept: u64,
    iou: f64,
}

impl Tally {
    fn quality(&self, level: Level) -> BoxQuality {
        let mean = self.iou / self.n_in_kept as f64;
        BoxQuality {
            mean_iou: (self.n_in_kept > 0).then(|| Estimate {
                value: mean,
                interval: wilson_of_share(mean, self.n_in_kept, level),
                n: self.n_in_kept,
            }),
            recall: Estimate::share(self.n_in_kept, self.n_kept, level),
            spurious: Estimate::share(self.n_boxes - self.n_in_kept, self.n_boxes, level),
            modeled_recall: 0.0,
            modeled_inventions: 0.0,
            weight: 0.0,
        }
    }
}

fn tally(items: &[BoxItem], fused: &[Vec<FusedBox>], annotator: u32) -> Option<Tally> {
    let mut tally = Tally::default();
    let mut has_looked = false;
    for (item, fused) in items.iter().zip(fused).filter(|(item, _)| item.seen_by.contains(&annotator)) {
        has_looked = true;
        for one in fused {
            tally.n_kept += u64::from(one.kept);
            for vote in one.members.iter().map(|idx| &item.boxes[*idx]).filter(|it| it.annotator == annotator)
            {
                tally.n_boxes += 1;
                if one.kept {
                    tally.n_in_kept += 1;
                    tally.iou += vote.rect.iou(&one.rect);
                }
            }
        }
    }
    has_looked.then_some(tally)
}
