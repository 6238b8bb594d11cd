//! `[task]`: what is to be done with each item, and the worked examples.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{LabelSpec, is_usual};

/// What is to be done with each item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// The kind: `karat kinds` lists them.
    pub kind: String,
    /// The labels: names, or tables with a name, a description, aliases, examples and a hotkey.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelSpec>,
    /// A file with the labels: CSV, JSONL or JSON with `name` and, where there are, `description`, `aliases`, `examples`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels_file: Option<String>,
    /// What stands between the levels in the names of labels: with ` > `, `Food > Fruit` is asked level by level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<String>,
    /// How many labels are offered with each item, those nearest to its text; all of them without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortlist: Option<u32>,
    /// A Markdown file with the guideline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guideline: Option<String>,
    /// Whether spans may nest or overlap.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overlap: bool,
    /// For `prefer`, `rank` and `match`: the columns that are compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// For `prefer` and `rank`: whether options may be equally good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ties: bool,
    /// For `number`: from where to where, and what places on the way mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScaleSpec>,
    /// For `extract`: what is looked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldSpec>,
    /// For `relations`: the labels of the spans that are related.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<LabelSpec>,
    /// For `relations`: a column with spans that are known already, as `spans` writes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// For `answer`: the column with the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// For `link`: the column with the words that are linked; the whole text without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mention: Option<String>,
    /// For `write`: how many texts are written, the best first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<u32>,
    /// For `form`: the questions that are asked together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<QuestionSpec>,
    /// Worked examples that the model is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<ShotSpec>,
}

/// The ends of a number, and what places between them mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleSpec {
    /// The least number.
    pub min: f64,
    /// The greatest number.
    pub max: f64,
    /// Numbers are multiples of it, counted from `min`: 1 for whole numbers; any number without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
    /// What places on the scale mean, as `{ "0" = "no harm at all", "100" = "…" }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub anchors: BTreeMap<String, String>,
}

/// One thing that `extract` looks for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Its name in the answer and in exports.
    pub name: String,
    /// Of what type.
    #[serde(default, rename = "type", skip_serializing_if = "is_usual")]
    pub of: FieldType,
    /// What belongs there, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether there may be several.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub list: bool,
    /// Whether an answer without it is unusable. Where a text does not say it, it is null otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// For `choice`: the legal values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// For `group`: the fields inside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldSpec>,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Words, as the text has them.
    #[default]
    Text,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// One of `values`.
    Choice,
    /// Several fields that belong together.
    Group,
}

/// One question of a `form`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionSpec {
    /// Its name in the answer and in exports.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// What is asked, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ask: String,
    /// As of a task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelSpec>,
    /// As of a task.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overlap: bool,
    /// As of a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScaleSpec>,
    /// As of a task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldSpec>,
    /// As of a task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<LabelSpec>,
    /// As of a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<u32>,
}

impl QuestionSpec {
    /// Whether it is a form itself, which a form cannot hold.
    pub fn questions_of_its_own(&self) -> bool {
        self.kind == "form"
    }
}

impl From<QuestionSpec> for TaskSpec {
    fn from(it: QuestionSpec) -> Self {
        Self {
            kind: it.kind,
            labels: it.labels,
            overlap: it.overlap,
            scale: it.scale,
            fields: it.fields,
            entities: it.entities,
            candidates: it.candidates,
            ..Self::default()
        }
    }
}

/// A worked example.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShotSpec {
    /// The text.
    pub text: String,
    /// Further columns that the annotator sees.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
    /// The answer: a label name, a list of names, or a list of `{label, quote}`.
    pub answer: Json,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}
