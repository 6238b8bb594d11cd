//! The boxes of several annotators that show the same thing.
//!
//! In: the boxes on one item. Out: groups, with at most one box of each annotator.
//!
//! Not here: what a group becomes (`fuse.rs`).

use std::collections::BTreeMap;

use super::{BoxVote, assign::pairs};

/// Groups the boxes: every two annotators' boxes are paired, and pairs that share a box are joined, the nearest first,
/// as long as no annotator is in a group twice. Places in `boxes`, in ascending order.
pub(super) fn clusters(boxes: &[BoxVote], min_iou: f64) -> Vec<Vec<usize>> {
    let mut by_annotator: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (idx, vote) in boxes.iter().enumerate() {
        by_annotator.entry(vote.annotator).or_default().push(idx);
    }
    let groups: Vec<Vec<usize>> = by_annotator.into_values().collect();
    let mut links = Vec::new();
    for (n, one) in groups.iter().enumerate() {
        for other in &groups[n + 1..] {
            let of = |places: &[usize]| places.iter().map(|idx| &boxes[*idx]).collect::<Vec<_>>();
            let found = pairs(&of(one), &of(other), min_iou);
            links.extend(found.into_iter().map(|(a, b, iou)| (iou, one[a], other[b])));
        }
    }
    // Equal links in the order of their corners, not of the annotators' numbers.
    let corners = |a: usize, b: usize| {
        let (a, b) = (boxes[a].rect.corners(), boxes[b].rect.corners());
        if a < b { [a, b] } else { [b, a] }
    };
    links.sort_by(|x, y| {
        let (of_x, of_y) = (corners(x.1, x.2), corners(y.1, y.2));
        let by_corners = of_x.partial_cmp(&of_y).unwrap_or(std::cmp::Ordering::Equal);
        y.0.total_cmp(&x.0).then(by_corners)
    });
    let mut cluster_of: Vec<usize> = (0..boxes.len()).collect();
    let mut members: Vec<Vec<usize>> = (0..boxes.len()).map(|idx| vec![idx]).collect();
    for (_, a, b) in links {
        let (a, b) = (cluster_of[a], cluster_of[b]);
        let met =
            |idx: &usize| members[b].iter().any(|other| boxes[*other].annotator == boxes[*idx].annotator);
        if a == b || members[a].iter().any(met) {
            continue;
        }
        let moved = std::mem::take(&mut members[b]);
        for idx in &moved {
            cluster_of[*idx] = a;
        }
        members[a].extend(moved);
    }
    members.retain(|group| !group.is_empty());
    members.iter_mut().for_each(|group| group.sort_unstable());
    members.sort_unstable();
    members
}
