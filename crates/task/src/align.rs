//! Where quoted words stand in a text.
//!
//! A model quotes, and the place is found here: exactly; then folded (width, case, quotes, dashes, spaces); then nearly,
//! with a score. Words that stand in several places are placed by a hint or not at all. No place ever cuts a word in a
//! script that parts words, or an accent, flag or joined emoji in any.
//!
//! Not here: reading the quotes out of an answer (`answer/quoted.rs`).

mod find;
mod fuzzy;
mod place;

pub(crate) use find::Haystack;
pub(crate) use place::{Placed, Placement, Quoted, place_all};
