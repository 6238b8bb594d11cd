//! Venn-Abers: a calibrated probability with a range that says how little the gold can tell.
//!
//! In: scores with right and wrong. Out: for each score two probabilities, one from isotonic regression with the item
//! itself counted as wrong, one with it counted as right. One of the two is calibrated, whatever the scores are.
//!
//! V. Vovk, I. Petej, V. Fedorova, "Large-Scale Probabilistic Predictors with and without Guarantees of Validity",
//! 2015: their algorithms 1 to 4, linear after sorting.
//!
//! Not here: the isotonic curve itself (`isotonic.rs`).

use super::scored::{Group, Scored, both_outcomes, groups};
use super::{Bracket, CalibrateError, Calibrator, Method};

pub(super) const METHOD: Method = Method {
    name: "venn_abers",
    title: "Venn-Abers",
    about: "isotonic regression that does not become too sure, with a range for each score",
    paper: "Vovk, Petej, Fedorova, Large-Scale Probabilistic Predictors with and without Guarantees of Validity, 2015",
    min_gold: super::MIN_GOLD_FREE,
    fit,
};

fn fit(gold: &[Scored]) -> Result<Calibrator, CalibrateError> {
    let groups = groups(&both_outcomes(gold)?);
    let p1 = counted_as_right(&groups);
    // Counting an item as wrong is counting it as right in the mirror.
    let mirrored: Vec<Group> = groups
        .iter()
        .rev()
        .map(|it| Group { score: 1.0 - it.score, right: it.weight - it.right, ..*it })
        .collect();
    let mut p0: Vec<f64> = counted_as_right(&mirrored).into_iter().map(|it| 1.0 - it).collect();
    p0.reverse();
    let brackets = groups.iter().zip(p0.into_iter().zip(p1));
    Ok(Calibrator::VennAbers {
        brackets: brackets.map(|(group, (p0, p1))| Bracket { score: group.score, p0, p1 }).collect(),
    })
}

/// A corner of a cumulative sum diagram: weight so far, weight of the right items so far.
type Corner = (f64, f64);

/// For each distinct score, what isotonic regression gives there with one more right item of that score.
///
/// The value is the slope, at that score, of the greatest convex minorant of the cumulative sums. The further item is a
/// step (1, 1) in the diagram. It starts before the first score and is moved behind one score after the other; each
/// move changes one point, and only what lies to the right of it matters from then on.
fn counted_as_right(groups: &[Group]) -> Vec<f64> {
    let mut before = (-1.0, -1.0);
    let mut corners = minorant(before, groups);
    // The leftmost corner on top.
    corners.reverse();
    let mut values = Vec::with_capacity(groups.len());
    for group in groups {
        let [.., next, top] = corners.as_slice() else { break };
        let (top, next) = (*top, *next);
        // A share that does not fall, by its meaning; rounding could break both.
        let least = values.last().copied().unwrap_or(0.0);
        values.push(((next.1 - top.1) / (next.0 - top.0)).max(least).min(1.0));
        before = (before.0 + group.weight, before.1 + group.right);
        if turn(top, next, before) >= 0.0 {
            continue;
        }
        corners.pop();
        while let [.., after, near] = corners.as_slice()
            && turn(before, *near, *after) <= 0.0
        {
            corners.pop();
        }
        corners.push(before);
    }
    values
}

/// The corners of the greatest convex minorant of the cumulative sums, from a first corner through (0, 0).
fn minorant(first: Corner, groups: &[Group]) -> Vec<Corner> {
    let mut corners = vec![first];
    let mut at = (0.0, 0.0);
    let points = groups.iter().map(|group| {
        at = (at.0 + group.weight, at.1 + group.right);
        at
    });
    for point in std::iter::once((0.0, 0.0)).chain(points) {
        while let [.., before, last] = corners.as_slice()
            && turn(*before, *last, point) <= 0.0
        {
            corners.pop();
        }
        corners.push(point);
    }
    corners
}

/// Above 0 where the way from `a` over `b` to `c` turns left: `c` lies above the line through `a` and `b`.
fn turn(a: Corner, b: Corner, c: Corner) -> f64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}
