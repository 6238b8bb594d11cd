//! The order in which examples are taken, and that in which they are shown.
//!
//! In: a pool, a question, a pick. Out: the examples that are shown. What is random is drawn over the whole pool, before
//! anything is held back: an example that is held back leaves its place to the next, and the others stay.

use std::collections::{BTreeMap, HashMap};

use super::{Pick, PickError, Pool, Question};
use crate::random::{mix, shuffle};
use crate::search::{Hit, Likeness, SparseVec};

/// With fewer candidates maximal marginal relevance has little to choose from.
const MIN_CANDIDATES: usize = 50;
const CANDIDATES_PER_EXAMPLE: usize = 5;

/// What the examples are chosen from.
pub(super) enum Ranked {
    /// Taken and shown in this order.
    Listed(Vec<usize>),
    /// All examples with their likeness, in the order of the pool.
    Nearest(Vec<Hit>),
    /// The same, to be made different from each other.
    Mmr(Vec<Hit>, f64),
    /// The same, to be taken class by class.
    Diverse(Vec<Hit>),
}

impl Pool {
    pub(super) fn rank(&self, pick: Pick, question: &Question<'_>) -> Result<Ranked, PickError> {
        let all = || (0..self.texts.len()).collect::<Vec<_>>();
        let hits = || {
            let likeness = self.likeness.as_ref().ok_or(PickError::NoLikeness)?;
            let scores = likeness.scores(&question.query)?.into_iter().enumerate();
            Ok::<Vec<Hit>, PickError>(scores.map(|(doc, score)| Hit { doc, score }).collect())
        };
        Ok(match pick {
            Pick::Fixed => Ranked::Listed(all()),
            Pick::Random { seed } => {
                let mut list = all();
                shuffle(seed, &mut list);
                Ranked::Listed(list)
            }
            Pick::PerClass { seed } => Ranked::Listed(self.in_turns(seed)),
            Pick::Nearest => Ranked::Nearest(hits()?),
            Pick::Mmr { lambda } if !(0.0..=1.0).contains(&lambda) => return Err(PickError::Lambda(lambda)),
            Pick::Mmr { lambda } => Ranked::Mmr(hits()?, lambda),
            Pick::Diverse => Ranked::Diverse(hits()?),
        })
    }

    /// All examples: one of each class, then a second of each, and so on; last those without a class.
    fn in_turns(&self, seed: u64) -> Vec<usize> {
        let mut of_class: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut without = Vec::new();
        for (doc, class) in self.classes.iter().enumerate() {
            match class {
                Some(class) => of_class.entry(*class).or_default().push(doc),
                None => without.push(doc),
            }
        }
        let mut classes: Vec<(u32, Vec<usize>)> = of_class.into_iter().collect();
        for (class, docs) in &mut classes {
            shuffle(mix(seed ^ mix(u64::from(*class))), docs);
        }
        shuffle(seed, &mut classes);
        shuffle(seed, &mut without);
        let mut list = turns(classes.into_iter().map(|(_, docs)| docs).collect());
        list.extend(without);
        list
    }
}

/// The first of each list, then the second of each, and so on.
fn turns(lists: Vec<Vec<usize>>) -> Vec<usize> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|turn| lists.iter().filter_map(move |list| list.get(turn)).copied()).collect()
}

impl Ranked {
    /// The `n` examples that are shown, without those that are guarded (sorted).
    pub(super) fn choose(&self, pool: &Pool, n: usize, guarded: &[usize]) -> Vec<usize> {
        let free = |doc: usize| guarded.binary_search(&doc).is_err();
        let best =
            |hits: &[Hit], k: usize| crate::search::top(hits.iter().filter(|hit| free(hit.doc)).copied(), k);
        let mut chosen = match self {
            Self::Listed(list) => return list.iter().copied().filter(|doc| free(*doc)).take(n).collect(),
            Self::Nearest(hits) => best(hits, n),
            Self::Mmr(hits, lambda) => {
                let n_candidates = n.saturating_mul(CANDIDATES_PER_EXAMPLE).max(MIN_CANDIDATES);
                marginal(pool, &best(hits, n_candidates), *lambda, n)
            }
            Self::Diverse(hits) => by_class(pool, &best(hits, hits.len()), n),
        };
        // Two of the same likeness: the one with the lower number is nearer to the question, as in every ranking.
        chosen.sort_unstable_by(Hit::order);
        chosen.iter().rev().map(|hit| hit.doc).collect()
    }
}

/// Of hits that are sorted, the best of each class in the order of these, then the second, and so on.
fn by_class(pool: &Pool, hits: &[Hit], n: usize) -> Vec<Hit> {
    // Those without a class are one class: it is not known that they differ.
    let mut place: HashMap<Option<u32>, usize> = HashMap::new();
    let mut lists: Vec<Vec<usize>> = Vec::new();
    for (at, hit) in hits.iter().enumerate() {
        let list = *place.entry(pool.classes[hit.doc]).or_insert(lists.len());
        if list == lists.len() {
            lists.push(Vec::new());
        }
        lists[list].push(at);
    }
    turns(lists).into_iter().take(n).map(|at| hits[at]).collect()
}

/// Maximal marginal relevance among these candidates, which are sorted.
fn marginal(pool: &Pool, candidates: &[Hit], lambda: f64, n: usize) -> Vec<Hit> {
    let vectors: Vec<SparseVec> = match &pool.likeness {
        Some(Likeness::Words(index)) => {
            candidates.iter().map(|hit| index.features().vector(&pool.texts[hit.doc])).collect()
        }
        Some(Likeness::Dense(_)) | None => Vec::new(),
    };
    let between = |a: usize, b: usize| match &pool.likeness {
        Some(Likeness::Dense(dense)) => dense.between(candidates[a].doc, candidates[b].doc).unwrap_or(0.0),
        Some(Likeness::Words(_)) | None => vectors[a].dot(&vectors[b]),
    };
    // How like each is to the nearest one chosen; `None` while nothing is chosen.
    let mut nearest: Vec<Option<f64>> = vec![None; candidates.len()];
    let mut rest: Vec<usize> = (0..candidates.len()).collect();
    let mut chosen = Vec::new();
    while chosen.len() < n && !rest.is_empty() {
        let worth = |at: usize| lambda * candidates[at].score - (1.0 - lambda) * nearest[at].unwrap_or(0.0);
        let mut best = 0;
        for place in 1..rest.len() {
            if worth(rest[place]) > worth(rest[best]) {
                best = place;
            }
        }
        let next = rest.remove(best);
        chosen.push(candidates[next]);
        for at in &rest {
            let likeness = between(*at, next);
            nearest[*at] = Some(nearest[*at].map_or(likeness, |known| known.max(likeness)));
        }
    }
    chosen
}
