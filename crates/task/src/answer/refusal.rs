//! Answers that decline: refusals, and "I cannot tell". Told apart from labels: a label of that name goes first.

use karat_core::Abstention;

use super::clip;
use super::words::{CANNOT_TELL, REFUSES, UNKNOWN};
use crate::fold::folded_quote;

/// How a text that names no label declines, if it does. A refusal stands near its beginning.
pub(crate) fn abstention(text: &str) -> Option<Abstention> {
    let folded = folded_quote(text);
    let head: String = folded.chars().take(200).collect();
    if is_unknown(text) || CANNOT_TELL.iter().any(|words| folded.contains(words)) {
        return Some(Abstention::Unknown { words: clip(text) });
    }
    REFUSES
        .iter()
        .any(|words| head.contains(words))
        .then(|| Abstention::Refused { words: clip(text) })
}

/// Whether what stands in the place of a label says that the annotator cannot tell.
pub(crate) fn is_unknown(written: &str) -> bool {
    let folded = folded_quote(written);
    let bare = folded.trim_matches(|c: char| !c.is_alphanumeric());
    UNKNOWN.contains(&bare)
}
