//! Weighted boxes fusion, for detectors that score their boxes.
//!
//! In: scored boxes of several detectors on one image. Out: fused boxes with scores.
//!
//! Not here: people, who give no scores (`fuse.rs`).

use super::{BoxError, Rect, check_iou};
use crate::Class;

/// A box with a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredBox {
    /// What is there.
    pub class: Class,
    /// Where.
    pub rect: Rect,
    /// How sure the detector is, in (0, 1].
    pub score: f64,
}

/// Weighted boxes fusion: boxes of one class that overlap become their mean, weighed by score.
///
/// `boxes` are those of all detectors on one image. From the highest score down, each box joins the fused box of its
/// class with which its IoU is largest and above `min_iou`, or starts a new one; the fused box moves along. The score
/// is the mean of the members', times min(members, `n_models`) / `n_models`: what few detectors saw is less sure. The
/// result is sorted by score, downwards. Boxes of equal score are taken by class and corners, so the order of `boxes`
/// changes nothing. Mind that two boxes of one detector may join. R. Solovyev, W. Wang, T. Gabruseva, "Weighted Boxes
/// Fusion", 2021.
///
/// ```
/// use karat_stats::Class;
/// use karat_stats::boxes::{Rect, ScoredBox, weighted_boxes_fusion};
/// let scored = |left, score| ScoredBox {
///     class: Class(0), rect: Rect::new(left, 0.0, left + 10.0, 10.0).unwrap(), score,
/// };
/// let fused = weighted_boxes_fusion(&[scored(0.0, 0.9), scored(1.0, 0.3), scored(40.0, 0.8)], 2, 0.55).unwrap();
/// assert_eq!(fused.len(), 2);
/// assert!((fused[0].score - 0.6).abs() < 1e-12 && (fused[0].rect.corners()[0] - 0.25).abs() < 1e-12);
/// assert!((fused[1].score - 0.4).abs() < 1e-12);
/// ```
pub fn weighted_boxes_fusion(
    boxes: &[ScoredBox],
    n_models: u32,
    min_iou: f64,
) -> Result<Vec<ScoredBox>, BoxError> {
    check_iou(min_iou)?;
    if n_models == 0 {
        return Err(BoxError::BadNumber { what: "the number of detectors, above 0", got: 0.0 });
    }
    if let Some(bad) = boxes.iter().find(|it| !(it.score > 0.0 && it.score <= 1.0)) {
        return Err(BoxError::BadNumber { what: "a score, above 0 and at most 1", got: bad.score });
    }
    let mut sorted = boxes.to_vec();
    sort(&mut sorted);
    let mut groups: Vec<Group> = Vec::new();
    for next in sorted {
        let near = groups
            .iter_mut()
            .filter(|group| group.fused.class == next.class)
            .map(|group| (group.fused.rect.iou(&next.rect), group))
            .filter(|(iou, _)| *iou > min_iou)
            .reduce(|best, other| if other.0 > best.0 { other } else { best });
        match near {
            Some((_, group)) => group.add(&next),
            None => groups.push(Group::new(next)),
        }
    }
    let mut fused: Vec<ScoredBox> = groups
        .iter()
        .map(|group| {
            let seen = f64::from(group.n.min(n_models)) / f64::from(n_models);
            ScoredBox { score: group.scores / f64::from(group.n) * seen, ..group.fused }
        })
        .collect();
    sort(&mut fused);
    Ok(fused)
}

fn sort(boxes: &mut [ScoredBox]) {
    boxes.sort_by(|a, b| {
        let corners = a.rect.corners().partial_cmp(&b.rect.corners()).unwrap_or(std::cmp::Ordering::Equal);
        b.score.total_cmp(&a.score).then(a.class.cmp(&b.class)).then(corners)
    });
}

/// Boxes that became one.
struct Group {
    fused: ScoredBox,
    /// The sum of the corners, weighed by score.
    corners: [f64; 4],
    scores: f64,
    n: u32,
}

impl Group {
    fn new(first: ScoredBox) -> Self {
        let corners = first.rect.corners().map(|it| it * first.score);
        Self { fused: first, corners, scores: first.score, n: 1 }
    }

    fn add(&mut self, next: &ScoredBox) {
        for (sum, corner) in self.corners.iter_mut().zip(next.rect.corners()) {
            *sum += next.score * corner;
        }
        self.scores += next.score;
        self.n += 1;
        let [left, top, right, bottom] = self.corners.map(|it| it / self.scores);
        // A mean of proper rectangles is one, but for rounding in the last bit.
        self.fused.rect = Rect::new(left, top, right, bottom).unwrap_or(self.fused.rect);
    }
}
