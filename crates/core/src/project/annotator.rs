//! `[[annotators]]`: who answers, and how it is asked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::is_usual;

/// Who answers, and how it is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnotatorSpec {
    /// `provider/model`, for example `ollama/qwen3:8b`.
    pub model: String,
    /// A name for tables and files; `model` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the endpoint is, if not where its provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// For `replay/MODEL`, or `replay/MODEL@PROMPT` where several prompts are recorded: the file with the answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// Which price holds, where the model's own name has none: `openai/gpt-4o`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// A template file in place of the kind's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What it does: it answers by itself, judges the answers of the others where they differ, or checks the final label.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub role: Role,
    /// Annotators of tier 2 are asked only about what tier 1 left unsettled, and so on.
    #[serde(default = "default_tier", skip_serializing_if = "is_first_tier")]
    pub tier: u32,
    /// Who is asked in its place where its endpoint is down, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// The language of the prompt; English without it.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub language: PromptLanguage,
    /// What the model is told it is, in place of our first sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// How many worked examples it is shown, in place of what `few_shot` says; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shots: Option<u32>,
    /// How a label and its confidence come about.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub scoring: Scoring,
    /// Takes the prompt's own leaning out of the label probabilities: `contextual`, `domain` or `batch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correct: Option<String>,
    /// Whether the model writes its reasons after the label.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub explain: bool,
    /// Whether the model writes its reasons before the label.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub reasoning: bool,
    /// Whether the model states how sure it is.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub state_confidence: bool,
    /// How often each item is asked; with more than 1, the share of votes is the confidence.
    #[serde(default = "default_samples", skip_serializing_if = "is_usual_samples")]
    pub samples: u32,
    /// Whether token probabilities are asked for, where the endpoint has them.
    #[serde(default = "default_true", skip_serializing_if = "Clone::clone")]
    pub logprobs: bool,
    /// 0 where it is left out and `samples` is 1, else 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The longest answer, in tokens.
    #[serde(default = "default_max_tokens", skip_serializing_if = "is_usual_max_tokens")]
    pub max_tokens: u32,
    /// How much a reasoning model thinks: `low`, `medium`, `high`, or what the endpoint calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// Texts that end an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Further headers of each call: `{ "OpenAI-Organization" = "…" }`. Not for keys: those come from the environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A file with certificates (PEM) to trust beside the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// The proxy, in place of what the environment names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// A call without an answer for so many seconds has failed.
    #[serde(default = "default_timeout_s", skip_serializing_if = "is_usual_timeout_s")]
    pub timeout_s: u32,
    /// The most calls at a time; what the endpoint bears is found out below it.
    #[serde(default = "default_concurrency", skip_serializing_if = "is_usual_concurrency")]
    pub concurrency: u32,
    /// Further parameters of the request body, sent as they are.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub extra: serde_json::Map<String, Json>,
}

/// What an annotator does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers by itself.
    #[default]
    Annotator,
    /// Sees the item and the differing answers of the others, without their names, and decides, with a reason.
    Moderator,
    /// Sees the item, the guideline and the final label with its reason, and says whether it follows the guideline.
    Inspector,
}

/// The language of a prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptLanguage {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
    /// Chinese.
    Zh,
}

/// How a label and its confidence come about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scoring {
    /// The model writes an answer; its tokens' probabilities, or what it states, are the confidence.
    #[default]
    Answer,
    /// The model writes an answer, and is then asked whether it is right: the probability of "true" is the confidence.
    PTrue,
    /// No answer is written: each label is scored by its probability after the text. Needs prompt log-probabilities.
    Likelihood,
    /// No answer is written: each label is scored by the probability of the text after it. Needs prompt log-probabilities.
    NoisyChannel,
}

fn default_tier() -> u32 {
    1
}

fn is_first_tier(value: &u32) -> bool {
    *value == default_tier()
}

fn is_usual_samples(value: &u32) -> bool {
    *value == default_samples()
}

fn is_usual_max_tokens(value: &u32) -> bool {
    *value == default_max_tokens()
}

fn is_usual_timeout_s(value: &u32) -> bool {
    *value == default_timeout_s()
}

fn is_usual_concurrency(value: &u32) -> bool {
    *value == default_concurrency()
}

fn default_samples() -> u32 {
    1
}

fn default_true() -> bool {
    true
}

fn default_max_tokens() -> u32 {
    1024
}

fn default_timeout_s() -> u32 {
    120
}

fn default_concurrency() -> u32 {
    32
}

impl AnnotatorSpec {
    /// A model asked in the usual way.
    pub fn of(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            name: None,
            base_url: None,
            answers: None,
            price: None,
            template: None,
            role: Role::default(),
            tier: default_tier(),
            fallback: Vec::new(),
            language: PromptLanguage::default(),
            system: None,
            shots: None,
            scoring: Scoring::default(),
            correct: None,
            explain: false,
            stop: Vec::new(),
            headers: BTreeMap::new(),
            ca_file: None,
            proxy: None,
            reasoning: false,
            state_confidence: false,
            samples: default_samples(),
            logprobs: true,
            temperature: None,
            max_tokens: default_max_tokens(),
            reasoning_effort: None,
            timeout_s: default_timeout_s(),
            concurrency: default_concurrency(),
            extra: serde_json::Map::new(),
        }
    }

    /// The name that people see.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.model)
    }
}
