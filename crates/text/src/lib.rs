//! What is done with texts before and beside models: search, the choice of worked examples, chunks, masks.
//!
//! Knows no item, no label and no model: texts and numbers in, numbers and places out. Places are code points.
//!
//! Not here: files, clocks, randomness (seeds are arguments), and what a text means.

pub mod chunk;
pub mod mask;
pub mod near;
pub mod pick;
mod random;
pub mod search;
