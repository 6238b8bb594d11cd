//! The best of many scores.

use std::cmp::Ordering;

/// A document that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The number of the document, from 0 in the order in which it was given.
    pub doc: usize,
    /// How like it is: higher is more. The cosine of an index, or the sum of [`super::fuse`].
    pub score: f64,
}

impl Hit {
    /// The better one first; equal ones by number.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.doc.cmp(&other.doc))
    }
}

/// The best `k` of these, best first.
pub(crate) fn top(hits: impl Iterator<Item = Hit>, k: usize) -> Vec<Hit> {
    let mut hits: Vec<Hit> = hits.collect();
    if k == 0 {
        return Vec::new();
    }
    if hits.len() > k {
        hits.select_nth_unstable_by(k - 1, Hit::order);
        hits.truncate(k);
    }
    hits.sort_unstable_by(Hit::order);
    hits
}
