//! One of the two indexes, as the caller chooses.

use super::dense::{Dense, DenseError};
use super::index::Index;
use super::top::{Hit, top};

/// What documents are compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Query<'a> {
    /// The text.
    pub text: &'a str,
    /// Its embedding, by the model of the documents; only [`Likeness::Dense`] needs it.
    pub embedding: Option<&'a [f32]>,
}

impl<'a> From<&'a str> for Query<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, embedding: None }
    }
}

/// How documents are compared: by words, or by embeddings.
#[derive(Debug, Clone)]
pub enum Likeness {
    /// Words and pieces of words: no model, no cost, and blind to what is said in other words.
    Words(Index),
    /// Embeddings that a model made: sees meaning, costs a call for each text.
    Dense(Dense),
}

impl Likeness {
    /// The `k` documents that are most like the query, best first, equal ones by number; by words there may be fewer.
    ///
    /// # Errors
    /// Only with embeddings: the query has none, or one that cannot be compared.
    pub fn nearest(&self, query: &Query<'_>, k: usize) -> Result<Vec<Hit>, DenseError> {
        match self {
            Self::Words(index) => Ok(index.nearest(query.text, k)),
            Self::Dense(_) => {
                let scores = self.scores(query)?.into_iter().enumerate();
                Ok(top(scores.map(|(doc, score)| Hit { doc, score }), k))
            }
        }
    }

    /// The cosine of the query with each document.
    ///
    /// # Errors
    /// As [`Likeness::nearest`].
    pub fn scores(&self, query: &Query<'_>) -> Result<Vec<f64>, DenseError> {
        match self {
            Self::Words(index) => Ok(index.scores(query.text)),
            Self::Dense(dense) => dense.scores(query.embedding.ok_or(DenseError::NoEmbedding)?),
        }
    }

    /// How many documents there are.
    pub fn n_docs(&self) -> usize {
        match self {
            Self::Words(index) => index.n_docs(),
            Self::Dense(dense) => dense.n_docs(),
        }
    }
}
