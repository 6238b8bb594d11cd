//! `karat.toml`: what a project says of its data, task, annotators, policy and budget.
//!
//! Strict: an unknown key is refused with its line and the key that was probably meant. Paths stay as written; they are
//! relative to the folder of the file. [`project_schema`] is the same as a JSON Schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::{Error, Result};

/// A project: the whole of `karat.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// A name for reports.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where the items come from.
    pub data: DataSpec,
    /// What is to be done with each.
    pub task: TaskSpec,
    /// Who answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotators: Vec<AnnotatorSpec>,
    /// When a person must look.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub policy: PolicySpec,
    /// What may be spent.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub budget: Budget,
}

/// Where the items come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// Files or globs, relative to `karat.toml`: CSV, TSV, JSONL, JSON, Parquet, XLSX, also as `.gz` or `.zst`.
    pub files: Vec<String>,
    /// The column with the text.
    pub text: String,
    /// The column with the id; without one, ids are made from the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Further columns that the annotator sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// The column with values settled by people. Never shown to an annotator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold: Option<String>,
    /// Columns with the labels of single people, one column a person. Never shown to an annotator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// Texts with more characters than this are reported and left out.
    #[serde(default = "default_max_chars", skip_serializing_if = "is_usual_chars")]
    pub max_chars: usize,
}

fn default_max_chars() -> usize {
    100_000
}

/// What is to be done with each item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// The kind: `classify`, `multi_label` or `spans`.
    pub kind: String,
    /// The labels: names, or tables with a name, a description, aliases, examples and a hotkey.
    pub labels: Vec<LabelSpec>,
    /// A Markdown file with the guideline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guideline: Option<String>,
    /// Whether spans may nest or overlap.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overlap: bool,
    /// Worked examples that the model is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<ShotSpec>,
}

/// A label: its name, and what helps to choose it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = name_alone_will_do)]
pub struct LabelSpec {
    /// The name, as in exports.
    pub name: String,
    /// What belongs to it and what does not, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Other words for it in answers. `posit*` stands for every word that begins so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Short examples of what belongs to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// The key that chooses it in the review page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hotkey: Option<char>,
}

/// In the JSON Schema, a label is its name or a table.
fn name_alone_will_do(schema: &mut schemars::Schema) {
    let table = std::mem::take(schema);
    *schema = schemars::json_schema!({"anyOf": [{"type": "string"}, table]});
}

impl LabelSpec {
    /// A label of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl<'de> Deserialize<'de> for LabelSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            name: String,
            #[serde(default)]
            description: String,
            #[serde(default)]
            aliases: Vec<String>,
            #[serde(default)]
            examples: Vec<String>,
            hotkey: Option<char>,
        }
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = LabelSpec;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a label name, or a table with `name`")
            }
            fn visit_str<E>(self, name: &str) -> Result<LabelSpec, E> {
                Ok(LabelSpec::named(name))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LabelSpec, A::Error> {
                let Table { name, description, aliases, examples, hotkey } =
                    Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(LabelSpec { name, description, aliases, examples, hotkey })
            }
        }
        deserializer.deserialize_any(NameOrTable)
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

/// What is as usual is not written.
fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_usual_chars(value: &usize) -> bool {
    *value == default_max_chars()
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

/// When a person must look.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Labels with a confidence below this go to review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f64>,
    /// Labels that always go to review.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub always_review: Vec<String>,
}

/// What may be spent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// A hard limit over all runs of the project, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost_usd: Option<f64>,
    /// A TOML file with prices that go before the built-in ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<String>,
}

impl Project {
    /// Reads the text of a `karat.toml`; `file` is its name for messages.
    pub fn parse(toml: &str, file: &str) -> Result<Self> {
        let project: Self = toml::from_str(toml).map_err(|error| explain(&error, toml, file))?;
        let refuse = |what: String| Err(Error::invalid(format!("{file}: {what}")));
        if project.data.files.is_empty() {
            return refuse("`data.files` is empty: name at least one file".into());
        }
        if let Some(bad) =
            project.annotators.iter().find(|it| it.samples == 0 || it.concurrency == 0 || it.max_tokens == 0)
        {
            return refuse(format!(
                "annotator `{}`: `samples`, `concurrency` and `max_tokens` are at least 1",
                bad.display_name()
            ));
        }
        for (n, one) in project.annotators.iter().enumerate() {
            if project.annotators[..n].iter().any(|other| other.display_name() == one.display_name()) {
                return refuse(format!(
                    "two annotators are called `{}`: give one a `name`",
                    one.display_name()
                ));
            }
        }
        Ok(project)
    }
}

/// The JSON Schema of `karat.toml`.
pub fn project_schema() -> Json {
    schemars::schema_for!(Project).to_value()
}

/// Turns a parser's message into one with the line and, for an unknown key, the key that was probably meant.
fn explain(error: &toml::de::Error, toml: &str, file: &str) -> Error {
    let line = error.span().map(|span| toml[..span.start.min(toml.len())].matches('\n').count() + 1);
    let place = line.map_or_else(|| file.to_owned(), |line| format!("{file} line {line}"));
    let message = error.message();
    let mut words = message.split('`').skip(1).step_by(2);
    if !message.starts_with("unknown field") {
        return Error::invalid(format!("{place}: {message}"));
    }
    let unknown = words.next().unwrap_or_default();
    let known: Vec<&str> = words.collect();
    let meant = known
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)));
    let error = Error::invalid(format!("{place}: unknown key `{unknown}`"));
    match meant {
        Some(meant) if strsim::jaro_winkler(meant, unknown) > 0.75 => {
            error.hint(format!("did you mean `{meant}`?"))
        }
        _ => error.hint(format!("known here: `{}`", known.join("`, `"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[data]
files = ["reviews.csv"]
text = "review"

[task]
kind = "classify"
labels = ["positive", { name = "negative", aliases = ["neg"], hotkey = "n" }]

[[annotators]]
model = "ollama/qwen3:8b"
samples = 3
"#;

    #[track_caller]
    fn check_refused(toml: &str, message: &str, hint: Option<&str>) {
        let error = Project::parse(toml, "karat.toml").unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.next_step(), hint);
    }

    #[test]
    fn labels_are_names_or_tables() {
        let project = Project::parse(GOOD, "karat.toml").unwrap();
        assert_eq!(project.task.labels[0], LabelSpec::named("positive"));
        assert_eq!(project.task.labels[1].aliases, ["neg"]);
        assert_eq!(project.task.labels[1].hotkey, Some('n'));
        assert_eq!(project.annotators[0].max_tokens, 1024);
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let project = Project::parse(GOOD, "karat.toml").unwrap();
        let written = toml::to_string(&project).unwrap();
        assert_eq!(Project::parse(&written, "karat.toml").unwrap(), project);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_key_meant() {
        let typo = GOOD.replace("labels =", "lables =");
        check_refused(&typo, "karat.toml line 8: unknown key `lables`", Some("did you mean `labels`?"));
        let typo = GOOD.replace("aliases", "alias");
        check_refused(&typo, "karat.toml line 8: unknown key `alias`", Some("did you mean `aliases`?"));
        let foreign = GOOD.replace("samples", "zzz");
        let error = Project::parse(&foreign, "karat.toml").unwrap_err();
        assert!(error.next_step().unwrap().starts_with("known here: `model`"), "{error:?}");
    }

    #[test]
    fn a_wrong_type_is_refused_with_its_line() {
        let error =
            Project::parse(&GOOD.replace("samples = 3", "samples = \"3\""), "karat.toml").unwrap_err();
        assert!(error.to_string().starts_with("karat.toml line 12: invalid type"), "{error}");
    }

    #[test]
    fn two_annotators_of_one_name_are_refused() {
        let twice = format!("{GOOD}\n[[annotators]]\nmodel = \"ollama/qwen3:8b\"\n");
        check_refused(
            &twice,
            "karat.toml: two annotators are called `ollama/qwen3:8b`: give one a `name`",
            None,
        );
    }

    #[test]
    fn the_schema_names_every_table() {
        let schema = project_schema().to_string();
        for word in ["max_cost_usd", "always_review", "base_url", "overlap", "hotkey"] {
            assert!(schema.contains(word), "{word}");
        }
    }
}
