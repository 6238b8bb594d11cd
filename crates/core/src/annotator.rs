//! Who answers: a person, a model with a prompt version and settings, a rule, a student.

use serde::{Deserialize, Serialize};

use crate::{Hash, Hasher};

/// What kind of annotator it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnotatorKind {
    /// A person.
    Person,
    /// A model behind a provider, called for the answer.
    Model,
    /// Answers recorded elsewhere and played back: not live.
    Replay,
    /// A seeded stand-in: not a model at all.
    Scripted,
}

impl AnnotatorKind {
    /// The name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Model => "model",
            Self::Replay => "replay",
            Self::Scripted => "scripted",
        }
    }
}

/// Who answers. Two annotators with the same [`Annotator::id`] are one: same model, same prompt version, same settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Annotator {
    /// What kind.
    pub kind: AnnotatorKind,
    /// The name that people see: `ollama/qwen3:8b`, or `name` from `karat.toml`.
    pub name: String,
    /// The model as the provider calls it, with the endpoint: `http://127.0.0.1:11434/v1 qwen3:8b`.
    pub model: String,
    /// What the model is told: template, guideline, labels, worked examples, answer format.
    pub prompt: Hash,
    /// How it is asked: temperature, limits, samples, as JSON.
    pub settings: String,
}

impl Annotator {
    /// The identity under which annotations are kept. The name that people see is no part of it.
    pub fn id(&self) -> Hash {
        let kind = self.kind.as_str();
        Hasher::default().part(kind).part(&self.model).part(self.prompt.0).part(&self.settings).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_prompt_is_another_annotator_and_another_name_is_not() {
        let one = Annotator {
            kind: AnnotatorKind::Model,
            name: "a".into(),
            model: "m".into(),
            prompt: Hash::of(b"1"),
            settings: "{}".into(),
        };
        assert_eq!(one.id(), Annotator { name: "b".into(), ..one.clone() }.id());
        assert_ne!(one.id(), Annotator { prompt: Hash::of(b"2"), ..one.clone() }.id());
    }
}
