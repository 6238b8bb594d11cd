//! The trait that every kind of task implements, the table of kinds, and what passes between them and the engine.
//!
//! Not here: how a kind does it (`kinds/`), and in how many calls an item is asked about (`inquiry.rs`).

use std::borrow::Cow;
use std::sync::Arc;

use karat_core::{
    Abstention, Confidence, Error, Item, LabelId, LabelSchema, LabelSpec, Note, Outcome, PromptLanguage,
    Result, Shape, Shot, Task, TaskSpec, Unusable, Value,
};
use serde_json::{Value as Json, json};

use crate::inquiry::{Heard, View};

use crate::kinds::{
    Answer, Classify, Extract, Form, Link, Match, MultiLabel, Number, Prefer, Rank, Rating, Relations, Spans,
    Write,
};

/// A kind of question. Kinds are open: one file and one row in [`KINDS`] add one.
pub trait TaskKind: Sync {
    /// The name in task files, in the API and in the store. Never changes once released.
    fn id(&self) -> &'static str;

    /// One line for help and docs.
    fn about(&self) -> &'static str;

    /// The shape of its values.
    fn shape(&self) -> Shape;

    /// Fills in what `karat.toml` may leave out for this kind, and refuses what it cannot work with, by the name of the
    /// key. Called once, before the task is made.
    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        needs_labels(self.id(), spec)
    }

    /// What a model must return, as a JSON Schema that strict modes take: no further keys, all required, evidence before
    /// the label.
    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json;

    /// The same in words, as a template over `first`, `open`, `close`, `after` (the frame of reason, confidence and
    /// explanation), `labels`, `overlap`, and [`TaskKind::particulars`].
    fn instructions(&self, language: PromptLanguage) -> &'static str;

    /// What the template of this kind uses beyond that, as a JSON object.
    fn particulars(&self, _task: &Task, _language: PromptLanguage) -> Json {
        json!({})
    }

    /// Whether the system message lists the labels with their descriptions.
    fn lists_labels(&self) -> bool {
        true
    }

    /// Whether labels may be offered with each item, those nearest to it, in place of a list of all.
    fn takes_shortlist(&self) -> bool {
        false
    }

    /// Whether labels are always offered so, however few there are.
    fn always_offers(&self) -> bool {
        false
    }

    /// The labels that are offered whatever the item is.
    fn always_offered(&self, _task: &Task) -> Vec<LabelId> {
        Vec::new()
    }

    /// What stands behind the name of an offered label; empty where the name says it all.
    fn about_label(&self, label: &LabelSpec) -> String {
        label.description.clone()
    }

    /// Whether two labels may have an alias in common, as two people have a name in common.
    fn shares_aliases(&self) -> bool {
        false
    }

    /// What a model is shown of an item beside its text and context, as (name, text): options, a question.
    fn shown(&self, _task: &Task, _item: &Item, _language: PromptLanguage) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The labels by the words that stand in answers. They are those of the schema, but where options are shown as letters.
    /// Their places are the same.
    fn written<'a>(&self, task: &'a Task) -> Cow<'a, LabelSchema> {
        Cow::Borrowed(&task.schema)
    }

    /// Why this item cannot be asked about at all; `None` where it can.
    fn refuses(&self, _task: &Task, _item: &Item) -> Option<Unusable> {
        None
    }

    /// The questions that an item takes, all asked at once: one, or one for each order of its options.
    fn views(&self, task: &Arc<Task>, item: &Arc<Item>) -> Vec<View> {
        vec![View::of(task, item)]
    }

    /// What the answers to [`TaskKind::views`] say together; there are as many.
    fn join(&self, _task: &Task, heard: Vec<Heard>) -> Heard {
        heard.into_iter().next().unwrap_or_else(Heard::nothing)
    }

    /// Reads one answer. Total: every string has an outcome, and nothing is guessed.
    fn read_answer(&self, task: &Task, item: &Item, answer: &RawAnswer) -> Reading;

    /// An answer that reads as this value: what scripted stand-ins write, and replays of labels without text.
    fn answer_text(&self, task: &Task, value: &Value) -> String;

    /// How the answer of a worked example is shown to a model. `text` is the example's text.
    fn shot_text(&self, task: &Task, text: &str, value: &Value, style: &ShotStyle) -> String;

    /// Where in `answer` the label words of `value` stand, as byte ranges in reading order: for token probabilities.
    fn label_words(&self, task: &Task, answer: &str, value: &Value) -> Vec<LabelAt>;

    /// How far apart two values are: 0 is the same, 1 is nothing in common. Values of another shape are 1 apart.
    fn distance(&self, task: &Task, a: &Value, b: &Value) -> f64;

    /// What several samples of one annotator say together.
    fn vote(&self, task: &Task, values: &[Value]) -> Vote;

    /// Reads a gold value from a cell of the data; the message says what is wrong with it.
    fn read_gold(&self, task: &Task, item: &Item, cell: &Json) -> Result<Value, String>;

    /// Worked examples: documentation and tests.
    fn examples(&self) -> Vec<Example>;

    /// What a worked example shows beside its text, as (name, text).
    fn shown_with_shot(
        &self,
        task: &Task,
        shot: &Shot,
        _value: &Value,
        language: PromptLanguage,
    ) -> Vec<(String, String)> {
        // What the kind shows itself is not shown by the name of its column, too.
        let is_shown =
            |name: &String| task.spec.options.contains(name) || task.further().any(|it| it == name);
        let by_name = shot.context.iter().filter(|(name, _)| !is_shown(name)).cloned();
        by_name.chain(self.shown(task, &crate::shots::item(task, shot), language)).collect()
    }

    /// The value of a worked example, which must read as its own answer; else an error that names the example.
    fn read_shot(&self, task: &Task, shot: &Shot) -> Result<Value> {
        crate::shots::read(self, task, shot)
    }
}

/// The spec as it is, where it has labels.
pub(crate) fn needs_labels(kind: &str, spec: TaskSpec) -> Result<TaskSpec> {
    if spec.labels.is_empty() {
        return Err(Error::invalid(format!("a task of kind `{kind}` needs labels and has none")).hint(
            "name them: `--labels positive,negative`, or `labels = [\"positive\", \"negative\"]`, or `labels_file`",
        ));
    }
    Ok(spec)
}

/// Every kind, in the order of the documentation. To add one: write its file, add its row.
pub const KINDS: &[&dyn TaskKind] = &[
    &Classify, //
    &MultiLabel,
    &Rating,
    &Number,
    &Prefer,
    &Rank,
    &Match,
    &Spans,
    &Extract,
    &Answer,
    &Write,
    &Form,
    &Link,
    &Relations,
];

/// The kind of this name; the error suggests the nearest.
///
/// ```
/// assert_eq!(karat_task::kind("spans").unwrap().id(), "spans");
/// assert!(karat_task::kind("span").err().unwrap().to_string().contains("did you mean `spans`"));
/// ```
pub fn kind(name: &str) -> Result<&'static dyn TaskKind> {
    if let Some(kind) = KINDS.iter().find(|kind| kind.id() == name) {
        return Ok(*kind);
    }
    let near = |kind: &&&dyn TaskKind| strsim::jaro_winkler(kind.id(), &name.to_lowercase());
    let nearest = KINDS.iter().max_by(|a, b| near(a).total_cmp(&near(b))).filter(|kind| near(kind) > 0.7);
    let names: Vec<_> = KINDS.iter().map(|kind| format!("`{}`", kind.id())).collect();
    let message = match nearest {
        Some(kind) => format!("there is no kind of task `{name}`; did you mean `{}`?", kind.id()),
        None => format!("there is no kind of task `{name}`"),
    };
    Err(Error::invalid(message).hint(format!("the kinds are {}", names.join(", "))))
}

/// How a model is asked, beside the task itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PromptStyle {
    /// Whether the model writes its reasons before the label.
    pub reasoning: bool,
    /// Whether the model states how sure it is, from 0 to 1.
    pub state_confidence: bool,
    /// Whether the model writes its reasons after the label.
    pub explain: bool,
    /// The language of the prompt.
    pub language: PromptLanguage,
    /// What the model is told it is, in place of our first sentence.
    pub system: Option<String>,
    /// The text of a system template in place of the built-in one.
    pub template: Option<String>,
    /// Whether the model decides between the answers of others. It always gives its reason first.
    pub moderates: bool,
    /// Whether the model says of another's answer whether it follows the guideline. It always gives its reason first.
    pub inspects: bool,
}

/// What the answer of a worked example shows beside the value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShotStyle {
    /// The reason; `None` where models are not asked for one.
    pub reason: Option<String>,
    /// The confidence; `None` where models are not asked for one.
    pub confidence: Option<f64>,
    /// The explanation behind the answer; `None` where models are not asked for one.
    pub explanation: Option<String>,
}

/// What came back from a model.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RawAnswer<'a> {
    /// The text, as it came.
    pub text: &'a str,
    /// The token limit, where the text stopped at it.
    pub truncated_at: Option<u32>,
    /// The refusal, where the provider reports it apart from the text.
    pub refusal: Option<&'a str>,
}

impl<'a> RawAnswer<'a> {
    /// A text that ended by itself.
    pub fn of(text: &'a str) -> Self {
        Self { text, truncated_at: None, refusal: None }
    }
}

/// What was read from an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The outcome.
    pub outcome: Outcome,
    /// Each leniency.
    pub notes: Vec<Note>,
    /// What to name in a re-ask; `None` where all is fine, or asking again is pointless.
    pub problem: Option<String>,
    /// The confidence that the model stated, in [0, 1].
    pub stated: Option<f64>,
}

impl Heard {
    /// No answer at all: what never happens where every view is asked.
    pub(crate) fn nothing() -> Self {
        let reading = Reading::unusable(Unusable::Empty, Vec::new());
        Self { reading, confidence: Confidence::Unknown(karat_core::NoConfidence::NoLabel) }
    }
}

impl Reading {
    /// A value, read with these leniencies.
    pub(crate) fn labeled(value: Value, notes: Vec<Note>) -> Self {
        Self { outcome: Outcome::Labeled(value), notes, problem: None, stated: None }
    }

    /// Declined: asking again would not change it.
    pub(crate) fn abstained(why: Abstention, notes: Vec<Note>) -> Self {
        Self { outcome: Outcome::Abstained(why), notes, problem: None, stated: None }
    }

    /// Not a label; the reason is what a re-ask names.
    pub(crate) fn unusable(why: Unusable, notes: Vec<Note>) -> Self {
        let problem = Some(why.to_string());
        Self { outcome: Outcome::Unusable(why), notes, problem, stated: None }
    }
}

/// What several samples of one annotator say together.
#[derive(Debug, Clone, PartialEq)]
pub enum Vote {
    /// One value has more votes than any other.
    Winner {
        /// The value.
        value: Value,
        /// How much of the votes agrees with it, in (0, 1].
        share: f64,
    },
    /// At least two values share the top count. The caller decides.
    Tie(Vec<Value>),
    /// There were no values.
    None,
}

/// Where a label word stands in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelAt {
    /// Which label.
    pub label: LabelId,
    /// The bytes of the answer.
    pub bytes: std::ops::Range<usize>,
}

/// A task, an item, an answer, and what is read: documentation that a test runs.
#[derive(Debug, Clone)]
pub struct Example {
    /// What it shows, in a sentence without a full stop.
    pub about: &'static str,
    /// The task.
    pub task: Task,
    /// The item.
    pub item: Item,
    /// The answer.
    pub answer: &'static str,
    /// The outcome.
    pub outcome: Outcome,
    /// The tags of the notes, in order.
    pub notes: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_its_own_examples() {
        for kind in KINDS {
            for example in kind.examples() {
                let got = kind.read_answer(&example.task, &example.item, &RawAnswer::of(example.answer));
                let notes: Vec<_> = got.notes.iter().map(Note::tag).collect();
                assert_eq!(got.outcome, example.outcome, "{}: {}", kind.id(), example.about);
                assert_eq!(notes, example.notes, "{}: {}", kind.id(), example.about);
            }
        }
    }

    #[test]
    fn every_kind_reads_what_it_writes() {
        for kind in KINDS {
            for example in kind.examples() {
                let Outcome::Labeled(value) = &example.outcome else {
                    continue;
                };
                let text = kind.answer_text(&example.task, value);
                let got = kind.read_answer(&example.task, &example.item, &RawAnswer::of(&text));
                assert_eq!(got.outcome, example.outcome, "{}: {text}", kind.id());
                assert_eq!(got.problem, None, "{}: {text}", kind.id());
            }
        }
    }

    #[test]
    fn a_kind_is_told_by_name_and_a_typo_gets_a_suggestion() {
        assert_eq!(kind("classify").unwrap().id(), "classify");
        let error = kind("clasify").err().unwrap();
        assert!(error.to_string().contains("did you mean `classify`"), "{error}");
        assert!(kind("regression").err().unwrap().next_step().unwrap().contains("`multi_label`"));
    }
}
