//! How good the labels are: predictions compared with gold, one file for each shape of a label.
//!
//! In: for each item its gold label (or none) and what the annotator gave (a label, or why there is none).
//! Out: scores, each with its `n` and interval, always next to the coverage and with the failures counted in.
//!
//! Shared conventions. Items without gold count in the coverage and nowhere else. An item with gold but
//! without a label is a miss of everything its gold holds; it is never left out of an *effective* number.
//! Which items are put in decides what a score means: leave out items that are not asked yet, unless the
//! unfinished run itself is to be judged.
//!
//! Not here: reading labels from text, costs, the names of classes.

mod classification;
mod confusion;
mod counted;
mod likeness;
mod multi_label;
mod numbers;
mod outcome;
mod prf;
mod span_match;
mod spans;

pub use classification::{ClassificationScore, score_classification};
pub use confusion::{Confusion, ConfusionCell};
pub use counted::{Counted, score_counts};
pub use likeness::{LikenessScore, mean_of_shares, score_likeness};
pub use multi_label::{MultiLabelScore, score_multi_label};
pub use numbers::{NumberScore, score_numbers};
pub use outcome::{Coverage, NoLabel, Outcome, Pair, ScoreError};
pub use prf::{LabelScore, Prf, PrfReport};
pub use span_match::{Span, SpanMatch, SpanPair, SpanRelation, match_spans};
pub use spans::{SpanErrors, SpanScore, TypeConfusion, score_spans};
