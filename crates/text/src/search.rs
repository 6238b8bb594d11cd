//! Which texts are like a text: pieces of words, an index over them, an index over embeddings.
//!
//! In: texts, or embeddings that the caller has. Out: the nearest by cosine, best first, equal ones by number. Both
//! indexes are exact: every document that could be a hit is weighed.
//!
//! | To | Take |
//! |---|---|
//! | find labels, examples or texts that share words or their parts | [`Index`] |
//! | find what means the same in other words, with embeddings from elsewhere | [`Dense`] |
//! | let a caller choose one of the two | [`Likeness`] |
//! | make one ranking of several | [`fuse`] |
//! | have the pieces alone, as input of a model | [`Features`] |
//!
//! Not here: making embeddings (`karat-llm` asks models), and texts that are nearly equal (`near`).

mod dense;
mod features;
mod fuse;
mod index;
mod likeness;
mod pieces;
mod top;

pub use dense::{Dense, DenseError};
pub use features::{FeatureOptions, Features, SparseVec};
pub use fuse::{RANK_OFFSET, fuse};
pub use index::Index;
pub use likeness::{Likeness, Query};
pub use top::Hit;
pub(crate) use top::top;

#[cfg(test)]
mod tests;
