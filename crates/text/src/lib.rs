//! What is done with texts before and beside models: search, the choice of worked examples, chunks, masks.
//!
//! Knows no item, no label and no model: texts and numbers in, numbers and places out. Places are code points.
//!
//! | To | Module |
//! |---|---|
//! | find the labels, examples or texts that are like a text | [`search`] |
//! | choose the worked examples that a model is shown | [`pick`] |
//! | read a long text in parts | [`chunk`] |
//! | find texts that are nearly the same | [`near`] |
//! | hide what must not leave the machine | [`mask`] |
//!
//! A schema with hundreds of labels does not fit in a prompt; the labels that are like the item do:
//! ```
//! use karat_text::search::{FeatureOptions, Index};
//!
//! let labels = ["card_arrival", "lost_or_stolen_card", "exchange_rate", "top_up_limits"];
//! let index = Index::build(labels, &FeatureOptions::for_search());
//! let shown: Vec<usize> = index.nearest("My card was stolen!", 2).iter().map(|hit| hit.doc).collect();
//! assert_eq!(shown, [1, 0]);
//! ```
//!
//! Not here: files, clocks, randomness (seeds are arguments), and what a text means.

pub mod chunk;
pub mod mask;
pub mod near;
pub mod pick;
mod random;
pub mod search;
