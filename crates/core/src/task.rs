//! What is to be done with each item: the kind of question, the legal labels, the guideline, the worked examples.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::{
    DataSpec, Error, Hash, Hasher, Item, LabelSchema, LabelSpec, PolicySpec, Result, ReviewPolicy, TaskSpec,
};

/// What is to be done with each item.
#[derive(Debug, Clone)]
pub struct Task {
    /// The name of the kind: `classify`, `multi_label`, `spans`.
    pub kind: String,
    /// The legal labels.
    pub schema: LabelSchema,
    /// The text that people and models both read; may be empty.
    pub guideline: String,
    /// Worked examples, in the order in which a model sees them.
    pub shots: Vec<Shot>,
    /// The column with the text that is labeled.
    pub text: String,
    /// Further columns that the annotator sees.
    pub context: Vec<String>,
    /// What `karat.toml` says of the task: what single kinds need beyond labels, guideline and examples. Its `labels` are
    /// empty: they are in the schema, and there may be thousands.
    pub spec: TaskSpec,
    /// The questions of a form, each a task of its own over the same item; in the order of the schema's parts.
    pub parts: Vec<TaskPart>,
    /// When a person must look.
    pub policy: ReviewPolicy,
}

/// One question of a form.
#[derive(Debug, Clone)]
pub struct TaskPart {
    /// Its name in values and exports.
    pub name: String,
    /// What is asked, in a sentence; may be empty.
    pub ask: String,
    /// The question as a task.
    pub task: Task,
}

/// A worked example.
#[derive(Debug, Clone, PartialEq)]
pub struct Shot {
    /// The text.
    pub text: String,
    /// Further fields that the annotator sees, as (column, text).
    pub context: Vec<(String, String)>,
    /// The answer, as the kind writes it: a label name, a list of names, or a list of `{label, quote}`.
    pub answer: Json,
    /// Why, in a sentence; may be empty.
    pub reason: String,
}

/// What an annotator is shown of an item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Input<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) context: Vec<(&'a str, Cow<'a, str>)>,
}

impl Task {
    /// The columns that the annotator sees beside text and context: what is compared, asked or linked.
    pub fn further(&self) -> impl Iterator<Item = &str> {
        let spec = &self.spec;
        let columns = spec.options.iter().chain(&spec.question).chain(&spec.mention).chain(&spec.given);
        columns.map(String::as_str).filter(|name| !self.context.iter().any(|it| it == name))
    }

    /// A task of bare labels: what the one-line command makes.
    pub fn of(kind: &str, labels: Vec<LabelSpec>, text: &str) -> Result<Self> {
        let spec = TaskSpec { kind: kind.to_owned(), labels, ..TaskSpec::default() };
        let data = DataSpec { text: text.to_owned(), ..DataSpec::default() };
        Self::new(&spec, &data, &PolicySpec::default(), String::new())
    }

    /// A task from what `karat.toml` says, with the text of its guideline. What a kind adds of its own is added by
    /// `karat_task::task`, which calls this.
    pub fn new(spec: &TaskSpec, data: &DataSpec, policy: &PolicySpec, guideline: String) -> Result<Self> {
        let schema = match spec.labels.is_empty() {
            true => LabelSchema::none(),
            false => LabelSchema::new(spec.labels.clone())?,
        };
        let schema = match spec.entities.is_empty() {
            true => schema,
            false => schema.with_entities(LabelSchema::new(spec.entities.clone())?),
        };
        let label = |name: &String| {
            schema.by_name(name).ok_or_else(|| {
                Error::invalid(format!("`policy.always_review` names `{name}`, which is no label"))
            })
        };
        let always_review = policy.always_review.iter().map(label).collect::<Result<_>>()?;
        let min_confidence = policy.min_confidence;
        if let Some(bad) = min_confidence.filter(|it| !(0.0..=1.0).contains(it)) {
            return Err(Error::invalid(format!(
                "`policy.min_confidence` is {bad}, and must lie between 0 and 1"
            )));
        }
        let shot = |spec: &crate::ShotSpec| Shot {
            text: spec.text.clone(),
            context: spec.context.iter().map(|(name, text)| (name.clone(), text.clone())).collect(),
            answer: spec.answer.clone(),
            reason: spec.reason.clone(),
        };
        Ok(Self {
            kind: spec.kind.clone(),
            schema,
            guideline,
            shots: spec.examples.iter().map(shot).collect(),
            text: data.text.clone(),
            context: data.context.clone(),
            spec: TaskSpec { labels: Vec::new(), ..spec.clone() },
            parts: Vec::new(),
            policy: ReviewPolicy { min_confidence, always_review },
        })
    }

    fn input<'a>(&'a self, item: &'a Item) -> Input<'a> {
        let context = self.context.iter().filter_map(|name| Some((name.as_str(), item.text(name)?)));
        Input { text: item.text(&self.text).unwrap_or_default(), context: context.collect() }
    }

    /// The text that is labeled; empty where the item has none.
    pub fn text_of<'a>(&'a self, item: &'a Item) -> Cow<'a, str> {
        self.input(item).text
    }

    /// The further fields that the annotator sees, as (column, text).
    pub fn context_of<'a>(&'a self, item: &'a Item) -> Vec<(&'a str, Cow<'a, str>)> {
        self.input(item).context
    }

    /// The hash of what the annotator is shown of the item. Columns that nobody is shown may change freely.
    pub fn input_hash(&self, item: &Item) -> Hash {
        let Input { text, context } = self.input(item);
        let start = Hasher::default().part(text.as_bytes());
        let further = self.further().filter_map(|name| Some((name, item.text(name)?)));
        let all = context.into_iter().chain(further);
        all.fold(start, |hash, (name, text)| hash.part(name).part(text.as_bytes())).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ItemId;

    #[test]
    fn only_what_is_shown_counts_for_the_input() {
        let mut task = Task::of("classify", vec![LabelSpec::named("a")], "text").unwrap();
        task.context = vec!["who".into()];
        let hash = |fields: Json| {
            let Json::Object(fields) = fields else { panic!("not an object") };
            task.input_hash(&Item { id: ItemId::new("1"), row: 1, fields })
        };
        let base = hash(json!({"text": "t", "who": "w", "note": "n"}));
        assert_eq!(base, hash(json!({"text": "t", "who": "w", "note": "other"})));
        assert_ne!(base, hash(json!({"text": "t", "who": "x", "note": "n"})));
        assert_ne!(base, hash(json!({"text": "u", "who": "w", "note": "n"})));
    }

    #[test]
    fn a_policy_names_labels_of_the_task() {
        let spec =
            TaskSpec { kind: "classify".into(), labels: vec![LabelSpec::named("a")], ..TaskSpec::default() };
        let data = DataSpec { text: "t".into(), ..DataSpec::default() };
        let make = |review: &str, min_confidence| {
            let policy = PolicySpec { min_confidence, always_review: vec![review.to_owned()], settle: None };
            Task::new(&spec, &data, &policy, String::new())
        };
        assert!(make("a", Some(0.5)).is_ok());
        assert!(make("b", None).unwrap_err().to_string().contains("`b`"));
        assert!(make("a", Some(1.5)).unwrap_err().to_string().contains("between 0 and 1"));
    }
}
