//! Puts gold and outcomes side by side, item by item, as numbers for the statistics.
//!
//! Memory: a few bytes for each item with gold and annotator; texts are kept for the shown disagreements alone.

use std::collections::{BTreeMap, HashMap};

use karat_core::{Annotation, Item, Outcome, Result, Shape, Value};
use karat_store::Store;

use super::estimate::N_SAMPLE;
use super::report::Disagreement;
use crate::asker::Asker;
use crate::measure::Measure;
use crate::plain::{Given, Plain, plain};
use crate::run::chunks;
use crate::setup::Setup;

/// How many disagreements a report shows.
const N_DISAGREEMENTS: usize = 12;
/// How much of a text a report shows, in characters.
const CLIP: usize = 400;
/// How many unreadable gold cells a report names.
const N_PROBLEMS: usize = 20;

/// Where the gold comes from.
pub enum GoldSource {
    /// A column of the data.
    Column(String),
    /// Another file: its name for reports, and the gold cell of each item.
    File(String, HashMap<String, serde_json::Value>),
}

impl GoldSource {
    /// For reports.
    pub fn describe(&self) -> String {
        match self {
            Self::Column(column) => format!("column `{column}`"),
            Self::File(file, _) => format!("`{file}`"),
        }
    }

    /// The cell of an item, where somebody has filled it. An empty cell of a set of labels is the empty set; of anything
    /// else it is not labeled yet.
    pub(crate) fn cell<'a>(&'a self, item: &'a Item, shape: Shape) -> Option<&'a serde_json::Value> {
        let blank = |cell: &serde_json::Value| cell.as_str().is_some_and(|it| it.trim().is_empty());
        match self {
            Self::Column(column) => item
                .fields
                .get(column)
                .filter(|cell| !cell.is_null() && (shape == Shape::Choices || !blank(cell))),
            Self::File(_, cells) => cells.get(item.id.as_str()),
        }
    }

    /// What is wrong with the ids of a gold file: those that the data does not have.
    pub(crate) fn strangers(&self, is_known: impl Fn(&str) -> bool) -> Option<String> {
        let Self::File(file, cells) = self else { return None };
        let mut strangers: Vec<&str> = cells.keys().map(String::as_str).filter(|id| !is_known(id)).collect();
        strangers.sort_unstable();
        let (first, rest) = strangers.split_first()?;
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        Some(format!("`{file}`: the data has no item `{first}`{more}; that gold is left out"))
    }
}

/// Everything the scores need.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) n_items: u64,
    pub(super) gold: Vec<Plain>,
    /// For each annotator, one for each of `gold`.
    pub(super) given: Vec<Vec<Given>>,
    pub(super) reasons: Vec<BTreeMap<String, u64>>,
    pub(super) disagreements: Vec<(f64, Disagreement)>,
    pub(super) problems: Vec<String>,
    /// Some of the items, to count tokens in.
    pub(super) sample: Vec<Item>,
}

/// Reads the data and the journal side by side.
pub(super) async fn gather(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    (gold, measure): (&GoldSource, &Measure),
) -> Result<Gathered> {
    let mut all = Gathered {
        given: vec![Vec::new(); askers.len()],
        reasons: vec![BTreeMap::new(); askers.len()],
        ..Gathered::default()
    };
    let mut chunks = chunks(setup.read.clone(), None);
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        all.n_items += chunk.len() as u64;
        let settled = all.read_gold(setup, (gold, measure), chunk);
        let keys: Vec<_> =
            settled.iter().map(|(item, _)| (item.id.shared(), setup.task.input_hash(item))).collect();
        let mut outcomes = Vec::with_capacity(askers.len());
        for asker in askers {
            let rows = store.standing(asker.id, &keys).await?;
            let read = |row: Option<_>| {
                row.and_then(|row| Annotation::from_row(&row, asker.shape(), &setup.task.schema).ok())
            };
            outcomes.push(rows.into_iter().map(read).collect::<Vec<_>>());
        }
        let missing = N_SAMPLE.saturating_sub(all.sample.len());
        all.sample.extend(settled.iter().take(missing).map(|(item, _)| item.clone()));
        for (n, (item, value)) in settled.iter().enumerate() {
            let of_item: Vec<Option<&Annotation>> = outcomes.iter().map(|rows| rows[n].as_ref()).collect();
            all.add(&Shown { setup, askers, measure }, item, value, &of_item);
        }
    }
    all.disagreements.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.item.cmp(&b.1.item)));
    all.disagreements.truncate(N_DISAGREEMENTS);
    Ok(all)
}

/// What answers are shown by.
struct Shown<'a> {
    setup: &'a Setup,
    askers: &'a [Asker],
    measure: &'a Measure,
}

impl Gathered {
    fn read_gold(
        &mut self,
        setup: &Setup,
        (gold, measure): (&GoldSource, &Measure),
        chunk: Vec<Item>,
    ) -> Vec<(Item, Value)> {
        let mut settled = Vec::new();
        for item in chunk {
            let Some(cell) = gold.cell(&item, setup.kind.shape()) else { continue };
            match measure.read(&item, cell) {
                Ok(Some(value)) => settled.push((item, value)),
                Ok(None) => {}
                Err(why) if self.problems.len() < N_PROBLEMS => {
                    self.problems.push(format!("item `{}`: the gold is not readable: {why}", item.id));
                }
                Err(_) => {}
            }
        }
        settled
    }

    fn add(&mut self, of: &Shown<'_>, item: &Item, gold: &Value, outcomes: &[Option<&Annotation>]) {
        let Shown { setup, measure, .. } = of;
        self.gold.push(plain(gold));
        for (n, annotation) in outcomes.iter().enumerate() {
            self.given[n].push(measure.given(*annotation));
            if let Some(why) = annotation.and_then(|it| tag(&it.outcome)) {
                *self.reasons[n].entry(why).or_default() += 1;
            }
        }
        let answers = answers(of, outcomes);
        if answers.len() > 1 && (self.disagreements.len() < 4 * N_DISAGREEMENTS || answers.len() > 2) {
            let division = division(&answers);
            let text = clipped(&setup.task.text_of(item));
            let context = setup
                .task
                .context_of(item)
                .into_iter()
                .map(|(name, text)| (name.to_owned(), text.into_owned()));
            self.disagreements.push((
                division,
                Disagreement {
                    item: item.id.to_string(),
                    text,
                    context: context.collect(),
                    gold: measure.show(gold),
                    answers,
                },
            ));
            if self.disagreements.len() > 8 * N_DISAGREEMENTS {
                self.disagreements.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.item.cmp(&b.1.item)));
                self.disagreements.truncate(N_DISAGREEMENTS);
            }
        }
    }
}

/// The answers to one item and who gave each, the most frequent first.
fn answers(of: &Shown<'_>, outcomes: &[Option<&Annotation>]) -> Vec<(String, Vec<String>)> {
    let mut by_answer: Vec<(String, Vec<String>)> = Vec::new();
    for (asker, annotation) in of.askers.iter().zip(outcomes) {
        let Some(annotation) = annotation else { continue };
        let answer = match (&annotation.outcome, of.measure.picked(annotation)) {
            (Outcome::Labeled(_), Some(value)) => of.measure.show(&value),
            (Outcome::Labeled(_), None) => "(not answered)".to_owned(),
            (other, _) => format!("({})", other.kind()),
        };
        match by_answer.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, names)) => names.push(asker.annotator.name.clone()),
            None => by_answer.push((answer, vec![asker.annotator.name.clone()])),
        }
    }
    by_answer.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    by_answer
}

/// The beginning of a text, with a sign where it is not the whole.
fn clipped(text: &str) -> String {
    match text.char_indices().nth(CLIP) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// How divided the annotators are: the entropy of their answers, in nats.
fn division(answers: &[(String, Vec<String>)]) -> f64 {
    let n: usize = answers.iter().map(|(_, names)| names.len()).sum();
    let share = |names: &Vec<String>| names.len() as f64 / n as f64;
    answers.iter().map(|(_, names)| -share(names) * share(names).ln()).sum()
}

fn tag(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Labeled(_) => None,
        Outcome::Abstained(_) => Some("abstained".to_owned()),
        Outcome::Unusable(why) => Some(format!("unusable: {}", why.tag())),
        Outcome::Failed(why) => Some(format!("failed: {}", why.class)),
    }
}
