//! What an annotator produced for an item: a label, or one of three named things that are not labels.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Value;

/// What an annotator produced for an item. What has no outcome yet has no annotation.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A label that the schema accepts.
    Labeled(Value),
    /// The annotator read the item and declined. A vote of its own, not a missing one.
    Abstained(Abstention),
    /// An answer came, but it is not a label. It is kept, shown, and never counted as a vote.
    Unusable(Unusable),
    /// No answer came, and the tries are used up. `karat retry` asks again.
    Failed(Failure),
}

/// The kind of an outcome, as in counts, columns and the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// A label.
    Labeled,
    /// Declined.
    Abstained,
    /// An answer that is not a label.
    Unusable,
    /// No answer.
    Failed,
}

impl OutcomeKind {
    /// All kinds, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Labeled, Self::Abstained, Self::Unusable, Self::Failed];

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Labeled => "labeled",
            Self::Abstained => "abstained",
            Self::Unusable => "unusable",
            Self::Failed => "failed",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an annotator declined. Stored as JSON: `{"why":"unknown","words":"not sure"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Abstention {
    /// It said that it cannot tell.
    Unknown {
        /// Its words.
        words: String,
    },
    /// It refused to answer.
    Refused {
        /// Its words, or the provider's.
        words: String,
    },
}

/// Why an answer is not a label. Stored as JSON: `{"why":"unknown_label","got":"spam","nearest":null}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Unusable {
    /// Nothing was written.
    Empty,
    /// The answer stopped at the token limit before a label was complete.
    Truncated {
        /// The limit.
        max_tokens: u32,
    },
    /// The word in the place of the label is not in the schema.
    UnknownLabel {
        /// As written, clipped.
        got: String,
        /// The name of a label that resembles it.
        nearest: Option<String>,
    },
    /// The label is one of the task's, and was not among those offered with the item.
    NotOffered {
        /// As written, clipped.
        got: String,
    },
    /// No label occurs in the answer.
    NoLabel {
        /// The answer, clipped.
        got: String,
    },
    /// The answer names several labels and does not say which.
    SeveralLabels {
        /// Their names.
        got: Vec<String>,
    },
    /// The answer has another shape than asked for.
    WrongShape {
        /// What was expected and what came.
        got: String,
    },
    /// A field that must be filled is not.
    MissingField {
        /// Its path: `who`, `items.0.price`.
        field: String,
        /// What came instead.
        got: String,
    },
    /// None of the quoted mentions has a place in the text.
    NotPlaced {
        /// The first such quote.
        quote: String,
        /// How often it occurs in the text: 0, or several without a sign of which is meant.
        n_found: u32,
    },
    /// The samples of one annotator tie, and a tie is not settled in secret.
    Tied {
        /// The tied values, as stored.
        got: Vec<String>,
    },
    /// A number or a grade that the scale does not have.
    OutOfScale {
        /// As written, clipped.
        got: String,
        /// The scale, in words.
        scale: String,
    },
    /// Asked in both orders of its options, the annotator answered by their places.
    OrderDepends {
        /// The answer in each order, as stored.
        got: Vec<String>,
    },
    /// The options were shown in both orders, and only one of the two answers is a label.
    NotConfirmed {
        /// That label, as stored.
        got: String,
        /// What the other answer was.
        other: String,
    },
    /// Nobody was asked, since the item lacks what is asked about.
    NotAsked {
        /// What it lacks, in words.
        lacks: String,
    },
}

impl Unusable {
    /// The short name, as in counts and tables.
    pub fn tag(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Truncated { .. } => "truncated",
            Self::UnknownLabel { .. } => "unknown_label",
            Self::NotOffered { .. } => "not_offered",
            Self::NoLabel { .. } => "no_label",
            Self::SeveralLabels { .. } => "several_labels",
            Self::WrongShape { .. } => "wrong_shape",
            Self::MissingField { .. } => "missing_field",
            Self::NotPlaced { .. } => "not_placed",
            Self::Tied { .. } => "tied",
            Self::OutOfScale { .. } => "out_of_scale",
            Self::OrderDepends { .. } => "order_depends",
            Self::NotConfirmed { .. } => "not_confirmed",
            Self::NotAsked { .. } => "not_asked",
        }
    }
}

/// Why no answer came. Stored as JSON: `{"class":"timeout","message":"…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The class of the error, as the provider layer names it: `rate_limited`, `server`, `timeout` …
    pub class: String,
    /// The last message.
    pub message: String,
}

impl Outcome {
    /// The kind.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Labeled(_) => OutcomeKind::Labeled,
            Self::Abstained(_) => OutcomeKind::Abstained,
            Self::Unusable(_) => OutcomeKind::Unusable,
            Self::Failed(_) => OutcomeKind::Failed,
        }
    }

    /// The value, where there is a label.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Labeled(value) => Some(value),
            Self::Abstained(_) | Self::Unusable(_) | Self::Failed(_) => None,
        }
    }

    /// Why there is no label, for a person; `None` where there is one.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Labeled(_) => None,
            Self::Abstained(why) => Some(why.to_string()),
            Self::Unusable(why) => Some(why.to_string()),
            Self::Failed(why) => Some(why.to_string()),
        }
    }
}

impl fmt::Display for Abstention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { words } => write!(f, "the annotator cannot tell: `{words}`"),
            Self::Refused { words } => write!(f, "the annotator refused: `{words}`"),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the answer is empty"),
            Self::Truncated { max_tokens } => {
                write!(f, "the answer stopped at {max_tokens} tokens; raise `max_tokens`")
            }
            Self::UnknownLabel { got, nearest: Some(label) } => {
                write!(f, "`{got}` is not in the label schema; did it mean `{label}`?")
            }
            Self::UnknownLabel { got, nearest: None } => write!(f, "`{got}` is not in the label schema"),
            Self::NotOffered { got } => write!(f, "`{got}` is not among the labels offered with this item"),
            Self::NoLabel { got } => write!(f, "no label in the answer `{got}`"),
            Self::SeveralLabels { got } => write!(f, "several labels and no verdict: `{}`", got.join("`, `")),
            Self::WrongShape { got } => f.write_str(got),
            Self::MissingField { field, got } => write!(f, "the field `{field}` is required: {got}"),
            Self::NotPlaced { quote, n_found: 0 } => write!(f, "`{quote}` does not occur in the item"),
            Self::NotPlaced { quote, n_found } => {
                write!(
                    f,
                    "`{quote}` occurs {n_found} times in the item; the answer must quote more words around it"
                )
            }
            Self::Tied { got } => write!(f, "the samples tie: `{}`", got.join("`, `")),
            Self::OutOfScale { got, scale } => write!(f, "`{got}` is not on the scale {scale}"),
            Self::OrderDepends { got } => {
                write!(f, "the answer depends on the order of the options: `{}`", got.join("`, then `"))
            }
            Self::NotConfirmed { got, other } => {
                write!(f, "`{got}` in one order of the options is not confirmed in the other: {other}")
            }
            Self::NotAsked { lacks } => write!(f, "not asked: {lacks}"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_quotes_what_was_written_and_names_the_next_step() {
        let unknown = Unusable::UnknownLabel { got: "postive-ish".into(), nearest: Some("positive".into()) };
        assert_eq!(unknown.to_string(), "`postive-ish` is not in the label schema; did it mean `positive`?");
        assert_eq!(serde_json::to_value(&unknown).unwrap()["why"], unknown.tag());
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in OutcomeKind::ALL {
            assert_eq!(OutcomeKind::from_name(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
