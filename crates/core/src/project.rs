//! `karat.toml`: what a project says of its data, task, annotators, policy and budget.
//!
//! Strict: an unknown key is refused with its line and the key that was probably meant. Paths stay as written; they are
//! relative to the folder of the file. [`project_schema`] is the same as a JSON Schema.

mod annotator;
mod context;
mod label;
mod task;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use annotator::{AnnotatorSpec, PromptLanguage, Role, Scoring};
pub use context::{DialogueSpec, FewShotSpec, LongSpec, PickName, PrivacySpec, Turns};
pub use label::LabelSpec;
pub use task::{FieldSpec, FieldType, QuestionSpec, ScaleSpec, ShotSpec, TaskSpec};

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
    /// Which worked examples are shown with each item, chosen from labeled items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub few_shot: Option<FewShotSpec>,
    /// How texts too long for one call are asked about in pieces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<LongSpec>,
    /// What is hidden from every model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacySpec>,
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
    /// The column with the text. May be left out where the task's `options` name the columns that are read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
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
    /// The text is a dialogue: a list of turns, each with a speaker and words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialogue: Option<DialogueSpec>,
    /// Texts with more characters than this are reported and left out.
    #[serde(default = "default_max_chars", skip_serializing_if = "is_usual_chars")]
    pub max_chars: usize,
}

fn default_max_chars() -> usize {
    100_000
}

/// What is as usual is not written.
fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_usual_chars(value: &usize) -> bool {
    *value == default_max_chars()
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
    /// When the annotators of a tier settle an item, so that the next tier is not asked about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<SettleSpec>,
}

/// When an item is settled. With both rules, both must hold; with none, an item is settled where all annotators asked
/// so far gave the same label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleSpec {
    /// So many annotators gave the same label, and no other label has as many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes: Option<u32>,
    /// A vote counts only from this confidence on, in [0, 1]; one without a confidence does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
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
        if project.data.text.is_empty() && project.data.dialogue.is_none() && project.task.options.is_empty()
        {
            return refuse("`data.text` is missing: name the column with the text".into());
        }
        if let Some(bad) = project.annotators.iter().find(|it| it.tier == 0) {
            return refuse(format!("annotator `{}`: tiers are counted from 1", bad.display_name()));
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
