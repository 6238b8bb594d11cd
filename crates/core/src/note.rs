//! What had to be forgiven to read an answer. Each leniency is recorded, so that it can be counted and trained on.

use serde::{Deserialize, Serialize};

/// How the quoted words of a span were found in the text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Alignment {
    /// The quoted words stand in the text as they are.
    Exact,
    /// After making width, quotes, spaces or case the same.
    Normalized,
    /// Nearly: `score` in (0, 1], 1 being the same.
    Fuzzy {
        /// The similarity of quote and text.
        score: f64,
    },
    /// The words occur several times and nothing tells which is meant. Never placed.
    Ambiguous {
        /// How often they occur.
        n_found: u32,
    },
    /// The words do not occur. Never placed.
    Absent,
}

/// One leniency in reading an answer. Stored as JSON: `{"note":"alias","written":"B"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "note")]
pub enum Note {
    /// The label was written by an alias.
    Alias {
        /// As written.
        written: String,
    },
    /// The label was read after normalising case, width and punctuation.
    Normalized {
        /// As written.
        written: String,
    },
    /// The label was one slip of the pen away.
    Nearest {
        /// As written.
        written: String,
    },
    /// The JSON stood in a code fence.
    Fenced,
    /// The JSON or the label stood in prose.
    InProse,
    /// The JSON was broken and mended (quotes, commas, brackets).
    Mended {
        /// What was mended.
        what: String,
    },
    /// The answer was cut off; what was complete is kept.
    CutOff,
    /// A field had another name or shape than asked for.
    Reshaped {
        /// What was taken for what.
        what: String,
    },
    /// Prose named several labels; the words around one say that it is the verdict.
    Verdict {
        /// The words.
        words: String,
    },
    /// The answer said the same thing more than once.
    Repeated,
    /// How one quoted mention was placed, or why it was not.
    Mention {
        /// The label as written.
        label: String,
        /// The words as quoted.
        quote: String,
        /// How it was found.
        alignment: Alignment,
    },
    /// A mention was left out because its label is not in the schema.
    UnknownMention {
        /// The label as written.
        label: String,
        /// The words as quoted.
        quote: String,
    },
    /// A mention was left out because it overlaps a longer one and the task allows no overlap.
    Overlap {
        /// The words as quoted.
        quote: String,
    },
    /// What was written for a field cannot be read as its type. The field is left empty.
    Unread {
        /// The path of the field: `who`, `items.0.price`.
        field: String,
        /// Why.
        why: String,
    },
    /// How sure each field is, by its path, from the probabilities of its tokens. No leniency: a measure beside the value.
    Fields {
        /// Probabilities in [0, 1], in the order of the answer.
        confidence: Vec<(String, f64)>,
    },
    /// The first answer had a problem, and the model was asked once more with it named.
    AskedAgain {
        /// The problem.
        problem: String,
    },
    /// The item shares its answer with another of the same content.
    Shared {
        /// The item that was asked.
        with: String,
    },
    /// The answer came from the journal, not from a call of this run.
    Cached,
    /// One question of a form has no usable answer.
    PartLost {
        /// The question.
        question: String,
        /// Why.
        why: String,
    },
    /// A relation was left out.
    RelationLost {
        /// The relation as written: `e1 works_at e9`.
        relation: String,
        /// Why.
        why: String,
    },
    /// The text was asked about in so many pieces.
    Pieces {
        /// How many.
        n: u32,
    },
    /// So many pieces of personal data were hidden from the model.
    Masked {
        /// How many.
        n: u32,
    },
    /// The first endpoint was down, and another answered.
    FellBack {
        /// Which, as `provider/model`.
        to: String,
    },
    /// The prompt's own leaning was taken out, and another label was left.
    Corrected {
        /// The label before, as stored.
        from: String,
    },
    /// The options were shown in both orders, and the two answers differ.
    OrderDiffers {
        /// The answer in each order, as stored.
        got: Vec<String>,
    },
}

impl Note {
    /// The short name, as in counts and tables.
    pub fn tag(&self) -> &'static str {
        match self {
            Self::Alias { .. } => "alias",
            Self::Normalized { .. } => "normalized",
            Self::Nearest { .. } => "nearest",
            Self::Fenced => "fenced",
            Self::InProse => "in_prose",
            Self::Mended { .. } => "mended",
            Self::CutOff => "cut_off",
            Self::Reshaped { .. } => "reshaped",
            Self::Verdict { .. } => "verdict",
            Self::Repeated => "repeated",
            Self::Mention { .. } => "mention",
            Self::UnknownMention { .. } => "unknown_mention",
            Self::Overlap { .. } => "overlap",
            Self::Unread { .. } => "unread",
            Self::Fields { .. } => "fields",
            Self::AskedAgain { .. } => "asked_again",
            Self::Shared { .. } => "shared",
            Self::Cached => "cached",
            Self::PartLost { .. } => "part_lost",
            Self::RelationLost { .. } => "relation_lost",
            Self::Pieces { .. } => "pieces",
            Self::Masked { .. } => "masked",
            Self::FellBack { .. } => "fell_back",
            Self::Corrected { .. } => "corrected",
            Self::OrderDiffers { .. } => "order_differs",
        }
    }

    /// Whether something that the annotator said is not in the value, so that a person should look.
    pub fn loses_something(&self) -> bool {
        match self {
            Self::Mention { alignment, .. } => {
                matches!(alignment, Alignment::Ambiguous { .. } | Alignment::Absent)
            }
            Self::UnknownMention { .. }
            | Self::Overlap { .. }
            | Self::Unread { .. }
            | Self::CutOff
            | Self::PartLost { .. }
            | Self::RelationLost { .. } => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_keeps_its_name_in_the_journal() {
        let note = Note::Mention {
            label: "PER".into(),
            quote: "Bob".into(),
            alignment: Alignment::Ambiguous { n_found: 2 },
        };
        let json = serde_json::to_value(&note).unwrap();
        assert_eq!(json["note"], note.tag());
        assert_eq!(serde_json::from_value::<Note>(json).unwrap(), note);
    }
}
