//! The nearest texts by words and pieces of words, from inverted lists.

use super::features::{FeatureOptions, Features, SparseVec};
use super::top::{Hit, top};

/// An index over texts: cosine of their TF-IDF vectors, exact.
///
/// Memory: 8 bytes for each feature of each text (about 10 features a word), twice that while it is built. Time of a
/// query: the sum of the lengths of its features' lists.
/// ```
/// use karat_text::search::{FeatureOptions, Index};
///
/// let labels = ["card_arrival", "lost_or_stolen_card", "exchange_rate"];
/// let index = Index::build(labels, &FeatureOptions::for_search());
/// let hits = index.nearest("someone has stolen my cards", 2);
/// assert_eq!(hits[0].doc, 1);
/// assert!(index.nearest("привет", 2).is_empty()); // nothing in common with any
/// ```
#[derive(Debug, Clone)]
pub struct Index {
    features: Features,
    n_docs: usize,
    /// Where the list of each feature starts; one more than there are features.
    starts: Vec<usize>,
    /// For each feature the documents that have it, ascending.
    docs: Vec<u32>,
    weights: Vec<f32>,
}

impl Index {
    /// Reads the documents; they are numbered from 0 in this order.
    pub fn build<T: AsRef<str>>(texts: impl IntoIterator<Item = T>, options: &FeatureOptions) -> Self {
        let (features, counted) = Features::learn_counted(texts, options);
        let mut starts = vec![0_usize; features.len() + 1];
        for (feature, _) in &counted.counts {
            starts[*feature as usize + 1] += 1;
        }
        for feature in 0..features.len() {
            starts[feature + 1] += starts[feature];
        }
        let mut next = starts.clone();
        let mut docs = vec![0; counted.counts.len()];
        let mut weights = vec![0.0; counted.counts.len()];
        let mut doc = 0_u32;
        counted.vectors(&features, |vector| {
            for (feature, weight) in vector {
                let at = &mut next[*feature as usize];
                (docs[*at], weights[*at]) = (doc, *weight);
                *at += 1;
            }
            doc += 1;
        });
        Self { features, n_docs: doc as usize, starts, docs, weights }
    }

    /// The `k` documents that are most like the query, best first, equal ones by number. Only documents that have a
    /// feature in common with it are found: there may be fewer than `k`.
    pub fn nearest(&self, query: &str, k: usize) -> Vec<Hit> {
        let scores = self.scores(query).into_iter().enumerate();
        top(scores.filter(|(_, score)| *score > 0.0).map(|(doc, score)| Hit { doc, score }), k)
    }

    /// The cosine of the query with each document, in [0, 1]: 0 has nothing in common.
    pub fn scores(&self, query: &str) -> Vec<f64> {
        self.scores_of(&self.features.vector(query))
    }

    /// The same for a vector of [`Index::features`].
    pub fn scores_of(&self, vector: &SparseVec) -> Vec<f64> {
        let mut scores = vec![0.0; self.n_docs];
        for (feature, weight) in vector.entries() {
            let list = self.starts[*feature as usize]..self.starts[*feature as usize + 1];
            let weight = f64::from(*weight);
            for (doc, own) in self.docs[list.clone()].iter().zip(&self.weights[list]) {
                scores[*doc as usize] += weight * f64::from(*own);
            }
        }
        for score in &mut scores {
            // Rounding can lift a text above its likeness with itself.
            *score = score.min(1.0);
        }
        scores
    }

    /// What was learned from the documents.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// How many documents there are.
    pub fn n_docs(&self) -> usize {
        self.n_docs
    }
}
