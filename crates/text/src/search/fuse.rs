//! One ranking of several.

use std::collections::BTreeMap;

use super::top::{Hit, top};

/// What is added to each rank: the higher, the less the first places count. The authors' value, good over many collections.
pub const RANK_OFFSET: f64 = 60.0;

/// Reciprocal rank fusion: each ranking gives a document `1 / (RANK_OFFSET + rank)`, ranks from 1; the sums are ranked.
///
/// `rankings` hold document numbers, best first. A ranking gives a document one share, for its first place; where it does
/// not name it, none. Scores are not compared, so that rankings of different kinds can be fused: words with embeddings,
/// say. The result holds every document that was named, best first, equal ones by number.
///
/// G. V. Cormack, C. L. A. Clarke, S. Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
/// Learning Methods", 2009.
/// ```
/// let fused = karat_text::search::fuse(&[vec![7, 3, 1], vec![3, 9]]);
/// assert_eq!(fused.iter().map(|hit| hit.doc).collect::<Vec<_>>(), [3, 7, 9, 1]);
/// ```
pub fn fuse(rankings: &[Vec<usize>]) -> Vec<Hit> {
    let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
    for ranking in rankings {
        let mut seen = std::collections::BTreeSet::new();
        for doc in ranking {
            if seen.insert(*doc) {
                *scores.entry(*doc).or_default() += 1.0 / (RANK_OFFSET + seen.len() as f64);
            }
        }
    }
    let n = scores.len();
    top(scores.into_iter().map(|(doc, score)| Hit { doc, score }), n)
}
