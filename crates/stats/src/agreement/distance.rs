//! How far apart two sets of classes are.
//!
//! In: two sets. Out: 0 for the same set, 1 for nothing in common.
//!
//! Not here: distances of texts and shapes; any function can be given to [`alpha_by`](super::alpha_by).

use crate::Class;

/// 1 - common / all classes of two sets, in [0, 1]; two empty sets are the same. A class that is repeated counts once.
/// P. Jaccard, "The Distribution of the Flora in the Alpine Zone", 1912.
///
/// ```
/// use karat_stats::{Class, agreement::jaccard_distance};
/// assert_eq!(jaccard_distance(&[Class(0), Class(1)], &[Class(1), Class(2), Class(3)]), 0.75);
/// assert_eq!(jaccard_distance(&[], &[]), 0.0);
/// ```
pub fn jaccard_distance(first: &[Class], second: &[Class]) -> f64 {
    Overlap::of(first, second).jaccard_distance()
}

/// 1 - J · M, in [0, 1]: J is the Jaccard index, and M is 1 where the sets are the same, 2/3 where one holds the other,
/// 1/3 where they overlap, 0 where they have nothing in common. Two empty sets are the same.
///
/// A set that is held by the other is forgiven more than one that differs both ways. R. Passonneau, "Measuring
/// Agreement on Set-Valued Items (MASI) for Semantic and Pragmatic Annotation", 2006.
///
/// ```
/// use karat_stats::{Class, agreement::masi_distance};
/// let distance = masi_distance(&[Class(1), Class(2)], &[Class(1), Class(2), Class(3), Class(4)]);
/// assert!((distance - 2.0 / 3.0).abs() < 1e-12);
/// ```
pub fn masi_distance(first: &[Class], second: &[Class]) -> f64 {
    let overlap = Overlap::of(first, second);
    let fewer = overlap.first.min(overlap.second);
    let part = if overlap.common == overlap.all() {
        return 0.0;
    } else if overlap.common == fewer {
        2.0 / 3.0
    } else {
        1.0 / 3.0
    };
    1.0 - part * (1.0 - overlap.jaccard_distance())
}

/// The sizes of two sets and of what they have in common.
struct Overlap {
    first: usize,
    second: usize,
    common: usize,
}

impl Overlap {
    fn of(first: &[Class], second: &[Class]) -> Self {
        let is_new = |list: &[Class], idx: usize| !list[..idx].contains(&list[idx]);
        let size = |list: &[Class]| (0..list.len()).filter(|idx| is_new(list, *idx)).count();
        let common = (0..first.len()).filter(|idx| is_new(first, *idx) && second.contains(&first[*idx]));
        Self { first: size(first), second: size(second), common: common.count() }
    }

    fn all(&self) -> usize {
        self.first + self.second - self.common
    }

    fn jaccard_distance(&self) -> f64 {
        if self.all() == 0 { 0.0 } else { 1.0 - self.common as f64 / self.all() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::{jaccard_distance, masi_distance};
    use crate::Class;

    #[track_caller]
    fn check(first: &[u32], second: &[u32], jaccard: f64, masi: f64) {
        let set = |list: &[u32]| list.iter().copied().map(Class).collect::<Vec<_>>();
        let (first, second) = (set(first), set(second));
        for (a, b) in [(&first, &second), (&second, &first)] {
            assert!((jaccard_distance(a, b) - jaccard).abs() < 1e-12, "{}", jaccard_distance(a, b));
            assert!((masi_distance(a, b) - masi).abs() < 1e-12, "{}", masi_distance(a, b));
        }
    }

    #[test]
    fn the_same_sets_have_no_distance() {
        check(&[3, 1], &[1, 3], 0.0, 0.0);
        check(&[], &[], 0.0, 0.0);
        check(&[1, 1], &[1], 0.0, 0.0);
    }

    #[test]
    fn a_set_that_holds_the_other_is_forgiven_more_than_one_that_overlaps() {
        check(&[1], &[1, 2], 0.5, 1.0 - 0.5 * 2.0 / 3.0);
        check(&[1, 2], &[2, 3], 2.0 / 3.0, 1.0 - 1.0 / 9.0);
    }

    #[test]
    fn sets_without_a_common_class_are_as_far_apart_as_can_be() {
        check(&[1], &[2, 3], 1.0, 1.0);
        check(&[], &[2], 1.0, 1.0);
    }
}
