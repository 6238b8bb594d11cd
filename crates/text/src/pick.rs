//! Which worked examples a model is shown with a question.
//!
//! In: a [`Pool`] of examples, each with the number of its class where it has one; a question; a [`Pick`]. Out: the
//! numbers of the examples in the order in which they are shown. The same arguments give the same examples, and equal ones
//! are settled by number.
//!
//! **Never shown**: the question itself, where it is in the pool, and an example that is nearly the same as the question
//! (`near`). It would give the answer away, and every measurement with it would be too good. [`Picked::n_guarded`] counts
//! them.
//!
//! **The order.** A model leans on what it read last (Zhao et al., "Calibrate Before Use", 2021): the example that is
//! most like the question comes last, next to it. Examples that are the same for every question keep their order, and a
//! provider's prompt cache then serves them.
//!
//! | Pick | Shows | For |
//! |---|---|---|
//! | `Fixed` | the first `n` | examples that a person wrote and put in order |
//! | `Random` | a draw, the same for every question | a baseline; cheap, as the prompt begins the same each time |
//! | `PerClass` | a draw, equally many of each class | few classes, one of them rare |
//! | `Nearest` | the most like the question | many labeled items: usually the best choice |
//! | `Mmr` | like the question, unlike each other | pools with many examples that say the same |
//! | `Diverse` | the most like the question of each class | classes that are confused: the model sees the other side |
//!
//! Autolabel's selectors are `fixed`, `semantic_similarity` (`Nearest`), `max_marginal_relevance` (`Mmr`),
//! `label_diversity_random` (`PerClass`) and `label_diversity_similarity` (`Diverse`).
//!
//! Not here: what an example looks like in a prompt (`karat-task`), and which texts are labeled (`karat-engine`).

mod order;

use std::fmt;
use std::sync::Arc;

use crate::near::{Near, Pieces};
use crate::search::{DenseError, Likeness, Query};

/// How examples are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pick {
    /// The first of the pool, in its order.
    Fixed,
    /// A random draw, the same for every question.
    Random {
        /// The same seed draws the same examples.
        seed: u64,
    },
    /// A random draw with equally many of each class, as far as the classes reach; then those without a class. Classes
    /// take turns, in random order. The same for every question.
    PerClass {
        /// The same seed draws the same examples.
        seed: u64,
    },
    /// The examples that are most like the question; the most like it last.
    Nearest,
    /// Maximal marginal relevance: each time the example with the highest `lambda` times likeness to the question, less
    /// `1 - lambda` times the highest likeness to one that is chosen; of the 50 (or 5 times as many as are shown, if that
    /// is more) that are most like the question. Shown with the most like the question last.
    ///
    /// J. Carbonell, J. Goldstein, "The Use of MMR, Diversity-Based Reranking", 1998.
    Mmr {
        /// In [0, 1]: 1 is [`Pick::Nearest`], 0 only looks for what is different. 0.5 where nothing is known.
        lambda: f64,
    },
    /// Of each class the example that is most like the question, then of each the second, and so on; the classes in the
    /// order of their best. With fewer places than classes, only classes that are near are shown. Shown with the most like
    /// the question last.
    Diverse,
}

/// A question: what examples are chosen for.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Its text, and its embedding where examples are compared by embeddings.
    pub query: Query<'a>,
    /// Its number in the pool, where it is there.
    pub own: Option<usize>,
}

/// The examples of one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// The numbers of the examples, in the order in which they are shown; fewer than wanted where the pool is too small.
    pub shown: Vec<usize>,
    /// How many examples of the pool were held back: the question itself, and those that are nearly the same.
    pub n_guarded: usize,
}

/// Why examples cannot be chosen.
#[derive(Debug, Clone, PartialEq)]
pub enum PickError {
    /// The pool has another number of texts than of classes, or than the likeness has documents.
    Lengths {
        /// What has another number.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many texts there are.
        want: usize,
    },
    /// The pick compares texts, and the pool was made without a likeness.
    NoLikeness,
    /// A `lambda` outside [0, 1].
    Lambda(f64),
    /// The question cannot be compared by embeddings.
    Embedding(DenseError),
}

impl std::error::Error for PickError {}

impl From<DenseError> for PickError {
    fn from(error: DenseError) -> Self {
        Self::Embedding(error)
    }
}

impl fmt::Display for PickError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lengths { what, got, want } => {
                write!(f, "there are {got} {what} for {want} examples; give one for each")
            }
            Self::NoLikeness => f.write_str(
                "these examples are chosen by likeness, and the pool has no index; build one, or pick `fixed`, `random` \
                 or `per_class`",
            ),
            Self::Lambda(got) => write!(f, "lambda is {got}; it lies from 0 (different) to 1 (like the question)"),
            Self::Embedding(error) => error.fmt(f),
        }
    }
}

/// Examples to choose from.
///
/// ```
/// use karat_text::pick::{Pick, Pool, Question};
/// use karat_text::search::{FeatureOptions, Index, Likeness};
///
/// let texts = ["Where is my card?", "The card is late", "What is the rate?", "where is my card"];
/// let classes = vec![Some(0), Some(0), Some(1), Some(0)];
/// let index = Index::build(texts, &FeatureOptions::for_search());
/// let pool = Pool::new(texts.map(Into::into).to_vec(), classes).unwrap();
/// let pool = pool.with_likeness(Likeness::Words(index)).unwrap();
///
/// let question = Question { query: "Where is my card?!".into(), own: None };
/// let picked = pool.pick(Pick::Nearest, &question, 2).unwrap();
/// assert_eq!(picked.shown, [2, 1]); // the most like the question last
/// assert_eq!(picked.n_guarded, 2); // the two that are the question itself
/// ```
#[derive(Debug, Clone)]
pub struct Pool {
    texts: Vec<Arc<str>>,
    classes: Vec<Option<u32>>,
    near: Near,
    likeness: Option<Likeness>,
}

impl Pool {
    /// A pool of these texts, with the class of each, or `None` where it has none.
    ///
    /// # Errors
    /// Where there are not as many classes as texts.
    pub fn new(texts: Vec<Arc<str>>, classes: Vec<Option<u32>>) -> Result<Self, PickError> {
        if classes.len() != texts.len() {
            return Err(PickError::Lengths { what: "classes", got: classes.len(), want: texts.len() });
        }
        Ok(Self { near: Near::build(texts.clone()), texts, classes, likeness: None })
    }

    /// Gives the pool an index over the same texts, in the same order: what `Nearest`, `Mmr` and `Diverse` need.
    ///
    /// # Errors
    /// Where the index has not as many documents as the pool has texts.
    pub fn with_likeness(self, likeness: Likeness) -> Result<Self, PickError> {
        let (got, want) = (likeness.n_docs(), self.texts.len());
        if got != want {
            return Err(PickError::Lengths { what: "documents in the index", got, want });
        }
        Ok(Self { likeness: Some(likeness), ..self })
    }

    /// Chooses up to `n` examples for a question.
    ///
    /// # Errors
    /// Where the pick compares texts and cannot: no index, no embedding, a `lambda` outside [0, 1].
    pub fn pick(&self, pick: Pick, question: &Question<'_>, n: usize) -> Result<Picked, PickError> {
        let mut guarded = self.near.of(question.query.text);
        if let Some(own) = question.own.filter(|own| *own < self.texts.len()) {
            guarded.push(own);
        }
        let ranked = self.rank(pick, question)?;
        let asked = Pieces::of(question.query.text);
        loop {
            guarded.sort_unstable();
            guarded.dedup();
            let shown = ranked.choose(self, n, &guarded);
            // The pool misses a few near texts; here none is missed.
            let leaks = shown.iter().copied().filter(|doc| asked.is_near(&Pieces::of(&self.texts[*doc])));
            let n_before = guarded.len();
            guarded.extend(leaks);
            if guarded.len() == n_before {
                return Ok(Picked { shown, n_guarded: n_before });
            }
        }
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

#[cfg(test)]
mod tests;
