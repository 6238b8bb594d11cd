//! `[few_shot]`, `[long]`, `[privacy]`, `[data.dialogue]`: what is put around an item before it is asked about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::is_usual;

/// Which worked examples are shown with each item. They come from gold that is not sealed, or from a file of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FewShotSpec {
    /// How many.
    #[serde(default = "default_n_shots")]
    pub n: u32,
    /// How they are chosen.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub pick: PickName,
    /// A data file with labeled items, its columns named as in `[data]`; without it, the gold of the data itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The share of the data's gold that is sealed and never shown, in [0, 1].
    #[serde(default = "default_sealed")]
    pub sealed: f64,
    /// The seed of what is random, and of which gold is sealed.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub seed: u64,
    /// Between likeness (1) and variety (0), for `mmr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda: Option<f64>,
}

fn default_n_shots() -> u32 {
    5
}

fn default_sealed() -> f64 {
    0.5
}

/// How worked examples are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PickName {
    /// The most like the item, the nearest last.
    #[default]
    Nearest,
    /// The first of the pool, for every item the same.
    Fixed,
    /// Drawn once, for every item the same.
    Random,
    /// Drawn once, as many of each label.
    PerLabel,
    /// Like the item, and unlike one another.
    Mmr,
    /// Of each label the most like the item.
    Diverse,
}

/// How texts too long for one call are asked about in pieces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongSpec {
    /// Texts of more tokens are cut, at the ends of sentences.
    pub max_tokens: u32,
    /// So many tokens stand in two neighboring pieces, so that nothing is lost at a border.
    #[serde(default = "default_overlap")]
    pub overlap_tokens: u32,
}

fn default_overlap() -> u32 {
    64
}

/// What is hidden from every model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivacySpec {
    /// What is looked for: `["all"]`, or some of `email`, `phone`, `card` … (`karat mask --list`).
    pub mask: Vec<String>,
    /// A file with names and words to hide, one a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<String>,
    /// Rows in which something is found are left out and reported, in place of being masked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exclude: bool,
}

/// Items that are dialogues.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DialogueSpec {
    /// The column with the turns: a JSON list of `{speaker, text}` (also `role`, `from`, `content`, `value`).
    pub column: String,
    /// What is labeled.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub label: Turns,
    /// For turns: how many earlier turns are shown with one; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u32>,
    /// For turns: only those of these speakers; all without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub speakers: Vec<String>,
}

/// What of a dialogue is labeled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Turns {
    /// The whole of it.
    #[default]
    Whole,
    /// Each turn: an item of its own, `ID#1`, `ID#2` …
    Each,
}
