//! What annotators did that they were not asked for, and what they were asked for and did not do.
//!
//! In: the outcomes that stand in the journal, with their notes. Out: [`Inspection`]: for each annotator what was found, how
//! often, in which words and on which items; and a list of all of it. It reads no text and asks no model: what is counted is
//! what reading the answers left behind. Not here: whether labels are right (`evaluate.rs`, `errors.rs`).

use std::collections::{BTreeMap, BTreeSet};

use karat_core::{Abstention, Alignment, Annotation, Error, Note, Outcome, Result, Unusable};
use karat_format::{Column, ColumnKind, TableWriter};
use karat_store::Store;
use serde::Serialize;
use serde_json::{Map, json};

use crate::asker::{Asker, labelers};
use crate::run::chunks;
use crate::setup::Setup;

/// How many items and words are named of each finding.
const N_NAMED: usize = 5;

/// What was found, annotator by annotator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Items in the data.
    pub n_items: u64,
    /// One for each annotator that labels.
    pub annotators: Vec<OfAnnotator>,
}

/// What was found of one annotator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfAnnotator {
    /// Its name.
    pub name: String,
    /// Items that it has an outcome for.
    pub n_asked: u64,
    /// What was found, the kinds in the order of [`Kind::ALL`].
    pub findings: Vec<Finding>,
    /// Labels of the task that it never gave; empty where it labeled nothing.
    pub never_given: Vec<String>,
}

/// One kind of finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Items on which it was found.
    pub n_items: u64,
    /// The words in which it came, the most frequent first, with how often; the first of them.
    pub words: Vec<(String, u64)>,
    /// The ids of the first items.
    pub items: Vec<String>,
}

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A label that the task does not have: a candidate for an alias, or for a label.
    UnknownLabel,
    /// Quoted words that the item does not hold.
    InventedQuote,
    /// Quoted words that the item holds several times, and nothing says which are meant.
    AmbiguousQuote,
    /// A mention that overlaps another one, against the rule of the task.
    Overlap,
    /// A field that was filled with what it cannot hold, or that must be filled and is not.
    WrongField,
    /// A number or a grade beside the scale.
    OutOfScale,
    /// The answer stopped in the middle.
    Cut,
    /// A part of the answer is lost: a question of a form.
    PartLost,
    /// The answer is no label for another reason.
    NoLabel,
    /// The annotator said that it cannot tell, or refused.
    Abstained,
    /// No answer came.
    Failed,
    /// The answer was broken and was mended.
    Mended,
    /// A label one slip of the pen away was taken for the nearest.
    NearlyWritten,
    /// The first answer could not be used, and the annotator was asked again.
    AskedAgain,
    /// Another endpoint answered.
    FellBack,
}

impl Kind {
    /// Every kind, the gravest first.
    pub const ALL: [Self; 15] = [
        Self::UnknownLabel,
        Self::InventedQuote,
        Self::AmbiguousQuote,
        Self::Overlap,
        Self::WrongField,
        Self::OutOfScale,
        Self::Cut,
        Self::PartLost,
        Self::NoLabel,
        Self::Abstained,
        Self::Failed,
        Self::Mended,
        Self::NearlyWritten,
        Self::AskedAgain,
        Self::FellBack,
    ];

    /// What it is, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::UnknownLabel => "labels that the task does not have",
            Self::InventedQuote => "quotes that the item does not hold",
            Self::AmbiguousQuote => "quotes that occur several times",
            Self::Overlap => "mentions that overlap, against the rule",
            Self::WrongField => "fields that cannot be read, or are missing",
            Self::OutOfScale => "numbers beside the scale",
            Self::Cut => "answers that were cut",
            Self::PartLost => "questions without a usable answer",
            Self::NoLabel => "answers that are no label",
            Self::Abstained => "declined",
            Self::Failed => "no answer",
            Self::Mended => "broken answers, mended",
            Self::NearlyWritten => "labels with a slip of the pen",
            Self::AskedAgain => "asked again",
            Self::FellBack => "answered by a fallback",
        }
    }
}

/// Goes through all outcomes that stand, and writes the list where a file is named.
pub async fn inspect(setup: &Setup, store: &Store, askers: &[Asker], to: Option<&str>) -> Result<Inspection> {
    let askers = labelers(askers);
    let mut writer = to.map(|to| create(setup, to)).transpose()?;
    let mut sums: Vec<Sum> = askers.iter().map(|_| Sum::default()).collect();
    let mut n_items = 0;
    let mut chunks = chunks(setup.read.clone(), None);
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        n_items += chunk.len() as u64;
        let keys: Vec<_> = chunk.iter().map(|it| (it.id.shared(), setup.task.input_hash(it))).collect();
        for (asker, sum) in askers.iter().zip(&mut sums) {
            for row in store.standing(asker.id, &keys).await?.into_iter().flatten() {
                let Ok(annotation) = Annotation::from_row(&row, asker.shape(), &setup.task.schema) else {
                    continue;
                };
                let found = findings(&annotation);
                if let Some(writer) = &mut writer {
                    write(writer, &asker.annotator.name, &annotation, &found)?;
                }
                sum.add(&annotation, found);
            }
        }
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    if n_items == 0 {
        return Err(Error::invalid("no row of the data is an item"));
    }
    let annotators =
        askers.iter().zip(sums).map(|(asker, sum)| sum.finish(setup, &asker.annotator.name)).collect();
    Ok(Inspection { n_items, annotators })
}

/// What one outcome and its notes say was found, with the words.
fn findings(annotation: &Annotation) -> Vec<(Kind, String)> {
    let mut found: Vec<(Kind, String)> = annotation.notes.iter().filter_map(of_note).collect();
    match &annotation.outcome {
        Outcome::Labeled(_) => {}
        Outcome::Abstained(Abstention::Unknown { words } | Abstention::Refused { words }) => {
            found.push((Kind::Abstained, words.clone()));
        }
        Outcome::Unusable(why) => found.push(of_unusable(why)),
        Outcome::Failed(why) => found.push((Kind::Failed, why.class.clone())),
    }
    found
}

fn of_unusable(why: &Unusable) -> (Kind, String) {
    match why {
        Unusable::UnknownLabel { got, .. } => (Kind::UnknownLabel, got.clone()),
        Unusable::NotPlaced { quote, n_found: 0 } => (Kind::InventedQuote, quote.clone()),
        Unusable::NotPlaced { quote, .. } => (Kind::AmbiguousQuote, quote.clone()),
        Unusable::Truncated { max_tokens } => (Kind::Cut, format!("at {max_tokens} tokens")),
        Unusable::MissingField { field, .. } => (Kind::WrongField, field.clone()),
        Unusable::OutOfScale { got, .. } => (Kind::OutOfScale, got.clone()),
        Unusable::NoLabel { got } | Unusable::WrongShape { got } => (Kind::NoLabel, got.clone()),
        other => (Kind::NoLabel, other.tag().to_owned()),
    }
}

fn of_note(note: &Note) -> Option<(Kind, String)> {
    Some(match note {
        Note::UnknownMention { label, .. } => (Kind::UnknownLabel, label.clone()),
        Note::Mention { quote, alignment: Alignment::Absent, .. } => (Kind::InventedQuote, quote.clone()),
        Note::Mention { quote, alignment: Alignment::Ambiguous { .. }, .. } => {
            (Kind::AmbiguousQuote, quote.clone())
        }
        Note::Overlap { quote } => (Kind::Overlap, quote.clone()),
        Note::Unread { field, .. } => (Kind::WrongField, field.clone()),
        Note::CutOff => (Kind::Cut, "what was complete is kept".to_owned()),
        Note::PartLost { question, .. } => (Kind::PartLost, question.clone()),
        Note::Mended { what } => (Kind::Mended, what.clone()),
        Note::Nearest { written } => (Kind::NearlyWritten, written.clone()),
        Note::AskedAgain { problem } => (Kind::AskedAgain, problem.clone()),
        Note::FellBack { to } => (Kind::FellBack, to.clone()),
        _ => return None,
    })
}

/// One annotator while it is added up.
#[derive(Default)]
struct Sum {
    n_asked: u64,
    n_labeled: u64,
    given: BTreeSet<usize>,
    found: BTreeMap<Kind, Tally>,
}

#[derive(Default)]
struct Tally {
    n_items: u64,
    words: BTreeMap<String, u64>,
    items: Vec<String>,
}

impl Sum {
    fn add(&mut self, annotation: &Annotation, found: Vec<(Kind, String)>) {
        self.n_asked += 1;
        if let Some(value) = annotation.outcome.value() {
            self.n_labeled += 1;
            self.given.extend(value.labels().into_iter().map(|label| label.index()));
        }
        let kinds: BTreeSet<Kind> = found.iter().map(|(kind, _)| *kind).collect();
        for kind in kinds {
            let tally = self.found.entry(kind).or_default();
            tally.n_items += 1;
            if tally.items.len() < N_NAMED {
                tally.items.push(annotation.item.to_string());
            }
        }
        for (kind, words) in found {
            *self.found.entry(kind).or_default().words.entry(words).or_default() += 1;
        }
    }

    fn finish(self, setup: &Setup, name: &str) -> OfAnnotator {
        let finding = |(kind, tally): (Kind, Tally)| {
            let mut words: Vec<(String, u64)> = tally.words.into_iter().collect();
            words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            words.truncate(N_NAMED);
            Finding { kind, n_items: tally.n_items, words, items: tally.items }
        };
        let names = setup.task.schema.names().enumerate();
        let never = names.filter(|(n, _)| self.n_labeled > 0 && !self.given.contains(n));
        OfAnnotator {
            name: name.to_owned(),
            n_asked: self.n_asked,
            never_given: never.map(|(_, name)| name.to_owned()).collect(),
            findings: self.found.into_iter().map(finding).collect(),
        }
    }
}

fn create(setup: &Setup, to: &str) -> Result<TableWriter> {
    let columns = ["item", "annotator", "outcome", "found", "words"];
    let columns: Vec<Column> = columns.map(|name| Column::new(name, ColumnKind::Text)).to_vec();
    let path = if to == "-" { to.to_owned() } else { setup.path(to).to_string_lossy().into_owned() };
    TableWriter::create(&path, &columns)
}

fn write(
    writer: &mut TableWriter,
    name: &str,
    annotation: &Annotation,
    found: &[(Kind, String)],
) -> Result<()> {
    for (kind, words) in found {
        let mut fields = Map::new();
        fields.insert("item".into(), json!(annotation.item.as_str()));
        fields.insert("annotator".into(), json!(name));
        fields.insert("outcome".into(), json!(annotation.outcome.kind()));
        fields.insert("found".into(), json!(kind));
        fields.insert("words".into(), json!(words));
        writer.write(&fields)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(note: Note, want: Option<(Kind, &str)>) {
        assert_eq!(of_note(&note), want.map(|(kind, words)| (kind, words.to_owned())), "{note:?}");
    }

    #[test]
    fn notes_that_lose_or_mend_something_are_findings_and_measures_are_not() {
        let mention = |alignment| Note::Mention { label: "PER".into(), quote: "Bob".into(), alignment };
        check(mention(Alignment::Absent), Some((Kind::InventedQuote, "Bob")));
        check(mention(Alignment::Exact), None);
        check(Note::Cached, None);
        check(Note::Pieces { n: 3 }, None);
        check(Note::Nearest { written: "postive".into() }, Some((Kind::NearlyWritten, "postive")));
    }

    #[test]
    fn every_unusable_answer_has_a_kind() {
        let unknown = Unusable::UnknownLabel { got: "purple".into(), nearest: None };
        assert_eq!(of_unusable(&unknown), (Kind::UnknownLabel, "purple".to_owned()));
        assert_eq!(of_unusable(&Unusable::Empty).0, Kind::NoLabel);
    }

    #[test]
    fn the_kinds_stand_in_their_order() {
        assert!(Kind::ALL.is_sorted());
    }
}
