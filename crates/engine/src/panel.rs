//! Who said what of every item: the one table from which consensus, agreement, calibration, acceptance and the search for
//! errors are computed.
//!
//! In: a project with its journal ([`of_project`]), or a file of votes ([`VotesFile`]). Out: a [`Panel`]: items, annotators,
//! what each gave for each, how sure, and gold where there is some. Nothing is asked and nothing is changed.
//!
//! Memory: about 40 bytes for each item and annotator; texts are kept where [`Keep`] says so.

mod project;
mod votes_file;

use std::collections::HashMap;
use std::sync::Arc;

use karat_core::{Error, Hash, Result, Shape, Value};
use karat_stats::aggregate::{Vote, Votes};
use karat_stats::{Class, NoLabel};

pub use crate::measure::Measure;
pub use crate::plain::{Given, Plain, Whole};
pub use karat_stats::aggregate::Voter;
pub use project::{PanelOptions, of_project};
pub use votes_file::VotesFile;

/// How many problems a panel names.
const N_PROBLEMS: usize = 20;

/// What else a panel keeps of each item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: enough for what is computed from labels alone.
    Labels,
    /// The texts too.
    Texts,
}

/// Who said what of every item.
#[derive(Debug, Clone)]
pub struct Panel {
    /// A name for reports; may be empty.
    pub name: String,
    /// The kind of what is measured: `classify`, `multi_label`, `spans`.
    pub kind: String,
    /// What is measured of the task, and how far apart two values are; `None` for a file of votes, whose labels are the same
    /// or not.
    pub measure: Option<Measure>,
    /// The shape of all values.
    pub shape: Shape,
    /// Whether spans may nest or overlap.
    pub overlap: bool,
    /// The labels by their class number.
    pub labels: Vec<String>,
    /// The items' ids.
    pub ids: Vec<Arc<str>>,
    /// The items' texts; empty where they are not kept.
    pub texts: Vec<Arc<str>>,
    /// What else was shown of each item, in one line; empty where texts are not kept.
    pub contexts: Vec<Arc<str>>,
    /// Who was asked.
    pub members: Vec<Member>,
    /// The settled value of each item, where it is known.
    pub gold: Vec<Option<Plain>>,
    /// Where the gold comes from.
    pub gold_from: Option<String>,
    /// What could not be read, and why; the first of it.
    pub problems: Vec<String>,
    /// How much could not be read.
    pub n_problems: u64,
    /// Of what all was asked: schema and guideline.
    pub task: Hash,
    /// Of what was shown of all items.
    pub data: Hash,
}

/// One annotator of a panel.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// A person or a model.
    pub voter: Voter,
    /// Its identity: model, prompt and settings. Another hash is another annotator.
    pub id: Hash,
    /// Why its answers are not live, where they are not.
    pub not_live: Option<String>,
    /// What it gave for each item.
    pub given: Vec<Given>,
    /// How sure it was, for each item.
    pub confidence: Vec<Option<f64>>,
    /// Where its confidences come from; `None` where it has none.
    pub source: Option<&'static str>,
    /// When it labeled each item, in milliseconds since 1970; 0 where that is not known.
    pub at_ms: Vec<i64>,
}

impl Member {
    fn new(name: String, voter: Voter, id: Hash) -> Self {
        let (given, confidence, at_ms) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, voter, id, not_live: None, given, confidence, source: None, at_ms }
    }

    fn push(&mut self, given: Given, confidence: Option<f64>, at_ms: i64) {
        self.given.push(given);
        self.confidence.push(confidence);
        self.at_ms.push(at_ms);
    }

    /// How many items it labeled.
    pub fn n_labeled(&self) -> u64 {
        self.given.iter().filter(|given| given.is_ok()).count() as u64
    }
}

impl Panel {
    /// The number of items.
    pub fn n_items(&self) -> usize {
        self.ids.len()
    }

    /// The number of items with gold.
    pub fn n_gold(&self) -> usize {
        self.gold.iter().flatten().count()
    }

    /// Who votes, member by member.
    pub fn voters(&self) -> Vec<Voter> {
        self.members.iter().map(|it| it.voter).collect()
    }

    /// Which item has this id.
    pub fn by_id(&self) -> HashMap<&str, usize> {
        self.ids.iter().enumerate().map(|(n, id)| (&**id, n)).collect()
    }

    /// The votes on single labels; of a set of labels, the votes on whether `label` is in it.
    ///
    /// An item without a label of an annotator has no vote of it: failures, abstentions and unusable answers are not votes.
    pub fn votes(&self, label: Option<Class>) -> Result<Votes> {
        let n_classes = if label.is_some() { 2 } else { self.labels.len() };
        let mut votes = Vec::new();
        for (annotator, member) in self.members.iter().enumerate() {
            for (item, given) in member.given.iter().enumerate() {
                if let Some(class) = given.as_ref().ok().and_then(|plain| class_of(plain, label)) {
                    votes.push(Vote { item: item as u32, annotator: annotator as u32, class });
                }
            }
        }
        Votes::new(self.n_items(), self.members.len(), n_classes, &votes).map_err(|error| {
            Error::invalid(error.to_string())
                .hint("label first: `karat label`; `karat status` says how far it is")
        })
    }

    /// The gold as classes, in the sense of [`Panel::votes`].
    pub fn gold_classes(&self, label: Option<Class>) -> Vec<Option<Class>> {
        self.gold.iter().map(|gold| gold.as_ref().and_then(|plain| class_of(plain, label))).collect()
    }

    /// Whether a value is right where `gold` is: the same, or near enough where values can be right in part.
    pub fn fits(&self, given: &Plain, gold: &Plain) -> bool {
        self.measure.as_ref().map_or(given == gold, |it| it.fits(given, gold))
    }

    /// Whether two values are the same.
    pub fn equal(&self, a: &Plain, b: &Plain) -> bool {
        self.measure.as_ref().map_or(a == b, |it| it.equal(a, b))
    }

    /// Whether this value is right for an item; not where either is missing.
    pub fn is_right(&self, value: Option<&Plain>, item: usize) -> bool {
        value.zip(self.gold[item].as_ref()).is_some_and(|(value, gold)| self.fits(value, gold))
    }

    /// How far apart two values are, from 0 to 1.
    pub fn distance(&self, a: &Plain, b: &Plain) -> f64 {
        match &self.measure {
            Some(measure) => measure.distance(a, b),
            None => f64::from(u8::from(a != b)),
        }
    }

    /// How like two values are, from 0 to 1.
    pub fn likeness(&self, a: &Plain, b: &Plain) -> f64 {
        1.0 - self.distance(a, b)
    }

    /// Whether values are compared as a whole, by distance.
    pub fn is_whole(&self) -> bool {
        self.measure.as_ref().is_some_and(Measure::is_whole)
    }

    /// An error where this is a form and no question of it is named: what `command` does is done question by question.
    pub fn one_question(&self, command: &str) -> Result<()> {
        let names = self.measure.as_ref().map(Measure::questions).unwrap_or_default();
        match names.is_empty() {
            true => Ok(()),
            false => {
                Err(Error::invalid(format!("`karat {command}` takes one question of a form at a time")).hint(
                    format!("name it: `--question {}`; the questions are `{}`", names[0], names.join("`, `")),
                ))
            }
        }
    }

    /// Whether a member's label is the gold, or near enough; `None` where the item has no gold or was not asked.
    pub fn right(&self, member: usize, item: usize) -> Option<bool> {
        let gold = self.gold[item].as_ref()?;
        match &self.members[member].given[item] {
            Ok(plain) => Some(self.fits(plain, gold)),
            Err(NoLabel::Pending) => None,
            Err(_) => Some(false),
        }
    }

    /// The same panel without one of its members.
    pub fn without(&self, member: usize) -> Self {
        let mut rest = self.clone();
        rest.members.remove(member);
        rest
    }

    /// The number of the member of this name.
    pub fn member(&self, name: &str) -> Result<usize> {
        self.members.iter().position(|it| it.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.members.iter().map(|it| it.name.as_str()).collect();
            Error::invalid(format!("no annotator is called `{name}`"))
                .hint(format!("there are `{}`", known.join("`, `")))
        })
    }

    /// A value in one line for a person.
    pub fn show(&self, item: usize, plain: &Plain) -> String {
        let name = |class: &Class| self.labels.get(class.0 as usize).map_or("?", String::as_str);
        match plain {
            Plain::Choice(class) => name(class).to_owned(),
            Plain::Choices(classes) if classes.is_empty() => "(none)".to_owned(),
            Plain::Choices(classes) => classes.iter().map(name).collect::<Vec<_>>().join(", "),
            Plain::Whole(whole) => {
                self.measure.as_ref().map_or_else(String::new, |it| it.show(whole.value()))
            }
            Plain::Spans(spans) if spans.is_empty() => "(none)".to_owned(),
            Plain::Spans(spans) => {
                let one = |it: &karat_stats::Span| match self.texts.get(item) {
                    Some(text) => format!("{} [{}]", quote(text, it.start, it.end), name(&it.class)),
                    None => format!("{}–{} [{}]", it.start, it.end, name(&it.class)),
                };
                spans.iter().map(one).collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// A value as it stands in exports: a label name, a list of names, a list of spans, or the stored form of any other shape.
    pub fn to_json(&self, plain: &Plain) -> serde_json::Value {
        let name = |class: &Class| self.labels.get(class.0 as usize).map_or("", String::as_str);
        match plain {
            Plain::Choice(class) => name(class).into(),
            Plain::Choices(classes) => classes.iter().map(name).collect(),
            Plain::Whole(whole) => self
                .measure
                .as_ref()
                .map_or(serde_json::Value::Null, |it| whole.value().to_json(&it.task().schema)),
            Plain::Spans(spans) => spans
                .iter()
                .map(|it| serde_json::json!({"start": it.start, "end": it.end, "label": name(&it.class)}))
                .collect(),
        }
    }

    fn problem(&mut self, problem: String) {
        self.n_problems += 1;
        if self.problems.len() < N_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// The characters of a text from `start` to `end`, in code points.
fn quote(text: &str, start: u32, end: u32) -> String {
    text.chars().skip(start as usize).take((end - start) as usize).collect()
}

/// The number of a value that is one.
pub(crate) fn number_of(plain: &Plain) -> Option<f64> {
    match plain {
        Plain::Whole(whole) => match whole.value() {
            Value::Number(number) => Some(number.get()),
            _ => None,
        },
        _ => None,
    }
}

/// One label as a class; of a set, whether `label` is in it; spans have none.
pub(crate) fn class_of(plain: &Plain, label: Option<Class>) -> Option<Class> {
    match (plain, label) {
        (Plain::Choice(class), None) => Some(*class),
        (Plain::Choices(classes), Some(label)) => Some(Class(u32::from(classes.contains(&label)))),
        _ => None,
    }
}
