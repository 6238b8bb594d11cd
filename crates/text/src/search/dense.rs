//! The nearest texts by embeddings that the caller has.

use std::fmt;

use super::top::{Hit, top};

/// An index over embeddings: cosine, exact.
///
/// Memory: 4 bytes a number. Time of a query: one product for each number of each document; for 10,000 documents of 768
/// numbers a few milliseconds.
/// ```
/// use karat_text::search::Dense;
///
/// let dense = Dense::build(&[[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]).unwrap();
/// let hits = dense.nearest(&[0.0, 0.1], 2).unwrap();
/// assert_eq!((hits[0].doc, hits[1].doc), (1, 2));
/// ```
#[derive(Debug, Clone)]
pub struct Dense {
    /// How many numbers a vector has; 0 where there are no vectors.
    width: usize,
    /// All vectors, each of length 1, one after another.
    vectors: Vec<f32>,
}

/// Why a vector cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DenseError {
    /// The vectors are not equally long.
    Width {
        /// The number of the document; `None` for a query.
        doc: Option<usize>,
        /// How many numbers it has.
        got: usize,
        /// How many the others have.
        want: usize,
    },
    /// All numbers are 0, or one is not finite: it has no direction.
    NoDirection {
        /// The number of the document; `None` for a query.
        doc: Option<usize>,
    },
    /// The query has a text and no embedding.
    NoEmbedding,
}

impl std::error::Error for DenseError {}

impl fmt::Display for DenseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = |doc: &Option<usize>| match doc {
            Some(doc) => format!("the embedding of document {doc}"),
            None => "the embedding of the query".to_owned(),
        };
        match self {
            Self::Width { doc, got, want } => write!(
                f,
                "{} has {got} numbers, those before it have {want}; make all with one model",
                whose(doc)
            ),
            Self::NoDirection { doc } => write!(
                f,
                "{} has no direction: all its numbers are 0, or one is not finite; leave its text out or embed it anew",
                whose(doc)
            ),
            Self::NoEmbedding => {
                f.write_str("the query has no embedding; embed it with the model of the documents")
            }
        }
    }
}

impl Dense {
    /// Takes one vector for each document, of any length but 0; they are numbered from 0 in this order.
    ///
    /// # Errors
    /// Where vectors have different numbers of numbers, or one has no direction.
    pub fn build<V: AsRef<[f32]>>(embeddings: &[V]) -> Result<Self, DenseError> {
        let width = embeddings.first().map_or(0, |vector| vector.as_ref().len());
        let mut vectors = Vec::with_capacity(width * embeddings.len());
        for (doc, vector) in embeddings.iter().enumerate() {
            vectors.extend(unit(vector.as_ref(), width, Some(doc))?);
        }
        Ok(Self { width, vectors })
    }

    /// The `k` documents whose vectors point most in the direction of the query's, best first, equal ones by number.
    ///
    /// # Errors
    /// Where the query has another number of numbers than the documents, or no direction.
    pub fn nearest(&self, query: &[f32], k: usize) -> Result<Vec<Hit>, DenseError> {
        let scores = self.scores(query)?.into_iter().enumerate();
        Ok(top(scores.map(|(doc, score)| Hit { doc, score }), k))
    }

    /// The cosine of the query with each document, in [-1, 1].
    ///
    /// # Errors
    /// As [`Dense::nearest`].
    pub fn scores(&self, query: &[f32]) -> Result<Vec<f64>, DenseError> {
        if self.vectors.is_empty() {
            return Ok(Vec::new());
        }
        let query = unit(query, self.width, None)?;
        Ok(self.vectors.chunks_exact(self.width).map(|vector| dot(vector, &query)).collect())
    }

    /// The cosine of two documents; `None` where there is no such document.
    pub fn between(&self, a: usize, b: usize) -> Option<f64> {
        Some(dot(self.vector(a)?, self.vector(b)?))
    }

    /// How many documents there are.
    pub fn n_docs(&self) -> usize {
        self.vectors.len().checked_div(self.width).unwrap_or(0)
    }

    fn vector(&self, doc: usize) -> Option<&[f32]> {
        self.vectors.get(doc * self.width..(doc + 1) * self.width)
    }
}

/// The vector at length 1.
fn unit(vector: &[f32], width: usize, doc: Option<usize>) -> Result<Vec<f32>, DenseError> {
    if vector.len() != width {
        return Err(DenseError::Width { doc, got: vector.len(), want: width });
    }
    let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        return Err(DenseError::NoDirection { doc });
    }
    Ok(vector.iter().map(|number| (f64::from(*number) / length) as f32).collect())
}

/// The sum of products, in eight sums side by side: fast, and the same on every machine.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0_f32; 8];
    let (mut left, mut right) = (a.chunks_exact(8), b.chunks_exact(8));
    for (x, y) in (&mut left).zip(&mut right) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    (sums.iter().map(|sum| f64::from(*sum)).sum::<f64>() + f64::from(rest)).clamp(-1.0, 1.0)
}
