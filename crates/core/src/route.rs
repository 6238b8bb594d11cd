//! Decides which items a person must look at.
//!
//! In: an annotation's outcome, confidence and notes, and the task's [`ReviewPolicy`]. Out: a [`Route`] with its reason.
//! The same input gives the same route, for ever. Not here: estimating or calibrating the confidence.

use std::fmt;

use crate::{Confidence, LabelId, Note, Outcome};

/// When a person must look.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReviewPolicy {
    /// Labels with a confidence below this go to review; `None` accepts any confidence.
    pub min_confidence: Option<f64>,
    /// Labels that always go to review.
    pub always_review: Vec<LabelId>,
}

/// Where an annotated item goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Its label may be used as it is.
    Accept,
    /// A person must look.
    Review(ReviewReason),
}

/// Why a person must look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewReason {
    /// There is no label.
    NotLabeled,
    /// Something that the annotator said has no place in the value.
    SomethingLost,
    /// The label is one that is always looked at.
    SensitiveLabel,
    /// The policy asks for a confidence and there is none.
    NoConfidence,
    /// The confidence is below the policy's.
    LowConfidence,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accept => "accept",
            Self::Review(ReviewReason::NotLabeled) => "review: not labeled",
            Self::Review(ReviewReason::SomethingLost) => "review: something lost",
            Self::Review(ReviewReason::SensitiveLabel) => "review: sensitive label",
            Self::Review(ReviewReason::NoConfidence) => "review: no confidence",
            Self::Review(ReviewReason::LowConfidence) => "review: low confidence",
        })
    }
}

/// Where an annotated item goes, and why.
///
/// ```
/// use karat_core::*;
/// let yes = LabelSchema::of(&["yes"]).unwrap().by_name("yes").unwrap();
/// let policy = ReviewPolicy { min_confidence: Some(0.9), always_review: vec![] };
/// let sure = Confidence::Raw(0.9, ConfidenceSource::Stated);
/// assert_eq!(route(&Outcome::Labeled(Value::Choice(yes)), sure, &[], &policy), Route::Accept);
/// ```
pub fn route(outcome: &Outcome, confidence: Confidence, notes: &[Note], policy: &ReviewPolicy) -> Route {
    let Some(value) = outcome.value() else {
        return Route::Review(ReviewReason::NotLabeled);
    };
    if notes.iter().any(Note::loses_something) {
        return Route::Review(ReviewReason::SomethingLost);
    }
    if value.labels().iter().any(|label| policy.always_review.contains(label)) {
        return Route::Review(ReviewReason::SensitiveLabel);
    }
    match (policy.min_confidence, confidence.value()) {
        (Some(_), None) => Route::Review(ReviewReason::NoConfidence),
        (Some(min), Some(value)) if value < min => Route::Review(ReviewReason::LowConfidence),
        _ => Route::Accept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Abstention, ConfidenceSource, LabelSchema, NoConfidence, Value};

    #[track_caller]
    fn check(label: Option<&str>, confidence: Option<f64>, notes: &[Note], want: Route) {
        let schema = LabelSchema::of(&["plain", "sensitive"]).unwrap();
        let policy = ReviewPolicy {
            min_confidence: Some(0.9),
            always_review: vec![schema.by_name("sensitive").unwrap()],
        };
        let outcome = match label {
            Some(name) => Outcome::Labeled(Value::Choice(schema.by_name(name).unwrap())),
            None => Outcome::Abstained(Abstention::Unknown { words: String::new() }),
        };
        let confidence = confidence.map_or(Confidence::Unknown(NoConfidence::NoLogprobs), |value| {
            Confidence::Raw(value, ConfidenceSource::TokenProbability)
        });
        assert_eq!(route(&outcome, confidence, notes, &policy), want);
    }

    #[test]
    fn the_threshold_itself_is_accepted() {
        check(Some("plain"), Some(0.9), &[], Route::Accept);
        check(Some("plain"), Some(0.899), &[], Route::Review(ReviewReason::LowConfidence));
    }

    #[test]
    fn a_missing_confidence_is_not_a_low_one() {
        check(Some("plain"), None, &[], Route::Review(ReviewReason::NoConfidence));
    }

    #[test]
    fn sensitive_labels_and_lost_words_beat_a_high_confidence() {
        check(Some("sensitive"), Some(1.0), &[], Route::Review(ReviewReason::SensitiveLabel));
        check(Some("plain"), Some(1.0), &[Note::CutOff], Route::Review(ReviewReason::SomethingLost));
        check(None, None, &[], Route::Review(ReviewReason::NotLabeled));
    }
}
