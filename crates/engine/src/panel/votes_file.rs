//! The panel of a file of votes: one row a vote, as crowdsourcing tools write them. No project is needed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use karat_core::{Error, Fields, Hash, Hasher, Result, Shape, cell_text};
use karat_format::{ItemReader, ReadSpec, Row};
use karat_stats::aggregate::Voter;
use karat_stats::{Class, NoLabel};

use super::{Keep, Member, Panel};
use crate::plain::Plain;

/// The names that columns may have, the first that is there.
const ITEM: &[&str] = &["item", "id", "task", "item_id", "task_id", "example_id"];
const ANNOTATOR: &[&str] =
    &["annotator", "worker", "annotator_id", "worker_id", "user", "performer", "model"];
const LABEL: &[&str] = &["label", "value", "answer", "annotation", "gold", "class"];
const CONFIDENCE: &[&str] = &["confidence", "score", "probability"];
const KIND: &[&str] = &["kind", "annotator_kind"];
const TEXT: &[&str] = &["text"];
const AT: &[&str] = &["at_ms", "time", "timestamp"];

/// A file of votes, and a file of gold.
#[derive(Debug, Clone)]
pub struct VotesFile {
    /// The folder that the files are relative to.
    pub folder: PathBuf,
    /// The votes: columns for item, annotator and label; if wanted confidence, kind (`person` or `model`), text, time.
    pub votes: String,
    /// The gold: columns for item and label; several files with commas between them.
    pub gold: Option<String>,
    /// Who votes, where the file has no column that says it.
    pub voters: Voter,
}

struct VoteRow {
    item: u32,
    annotator: u32,
    label: Option<String>,
    confidence: Option<f64>,
    at_ms: i64,
}

/// Everything of the file before the labels have numbers.
#[derive(Default)]
struct Read {
    ids: Vec<Arc<str>>,
    texts: Vec<Arc<str>>,
    item_of: HashMap<String, u32>,
    members: Vec<(String, Voter)>,
    annotator_of: HashMap<String, u32>,
    rows: Vec<VoteRow>,
    gold: Vec<(u32, String)>,
    problems: Vec<String>,
}

impl VotesFile {
    /// Reads both files. A row without item, annotator or label is a problem, and the others go on; an item whose label is
    /// empty was asked and has none.
    pub fn read(&self, keep: Keep) -> Result<Panel> {
        let mut read = Read::default();
        self.read_votes(&mut read, keep)?;
        for file in self.gold.iter().flat_map(|files| files.split(',')) {
            self.read_gold(&mut read, file.trim())?;
        }
        if read.rows.iter().all(|row| row.label.is_none()) {
            return Err(Error::invalid(format!("`{}` holds no votes", self.votes)).hint(
                "a file of votes has one row a vote, with its item, its annotator and a label that is not empty",
            ));
        }
        Ok(self.panel(read))
    }

    fn open(&self, file: &str) -> Result<ItemReader> {
        ItemReader::open(&ReadSpec {
            files: vec![file.to_owned()],
            base: self.folder.clone(),
            ..ReadSpec::default()
        })
    }

    fn read_votes(&self, read: &mut Read, keep: Keep) -> Result<()> {
        let reader = self.open(&self.votes)?;
        let columns = reader.columns().to_vec();
        let need =
            |what, names| find(&columns, names).ok_or_else(|| no_column(&self.votes, what, names, &columns));
        let item = need("item", ITEM)?;
        let annotator = need("annotator", ANNOTATOR)?;
        let label = need("label", LABEL)?;
        let optional = |names| find(&columns, names);
        let (confidence, kind, text, at) =
            (optional(CONFIDENCE), optional(KIND), optional(TEXT), optional(AT));
        for row in reader {
            let fields = match row {
                Row::Item(item) => item.fields,
                Row::Problem(problem, _) => {
                    read.problems.push(problem.to_string());
                    continue;
                }
            };
            let cell = |name: &str| word(&fields, name);
            let (Some(id), Some(name)) = (cell(item), cell(annotator)) else {
                read.problems.push(format!("`{}`: a row without `{item}` or `{annotator}`", self.votes));
                continue;
            };
            let voter = match kind.and_then(cell) {
                None => self.voters,
                Some(kind) => voter(&kind).unwrap_or_else(|| {
                    read.problems.push(format!(
                        "item `{id}`: `{kind}` is neither `person` nor `model`: `--voters` decides"
                    ));
                    self.voters
                }),
            };
            let at_ms = at.and_then(cell).and_then(|at| at.parse().ok()).unwrap_or(0);
            let confidence = confidence.and_then(cell).and_then(|it| {
                let share = it.parse().ok().filter(|share| (0.0..=1.0).contains(share));
                if share.is_none() {
                    read.problems.push(format!(
                        "item `{id}`: `{it}` of `{name}` is no confidence from 0 to 1; the label counts without it"
                    ));
                }
                share
            });
            let text = text.filter(|_| keep == Keep::Texts).and_then(cell);
            let item = read.item(id, text);
            let annotator = read.annotator(name, voter);
            read.rows.push(VoteRow { item, annotator, label: cell(label), confidence, at_ms });
        }
        Ok(())
    }

    fn read_gold(&self, read: &mut Read, file: &str) -> Result<()> {
        let reader = self.open(file)?;
        let columns = reader.columns().to_vec();
        let others = LABEL.iter().filter(|name| **name != "gold");
        let names = std::iter::once(&"gold").chain(others).copied().collect::<Vec<_>>();
        let item = find(&columns, ITEM).ok_or_else(|| no_column(file, "item", ITEM, &columns))?;
        let label = find(&columns, &names).ok_or_else(|| no_column(file, "gold", &names, &columns))?;
        let given: HashSet<String> = read.rows.iter().filter_map(|row| row.label.clone()).collect();
        let mut own: HashMap<u32, String> = HashMap::new();
        let mut unknown = Vec::new();
        for row in reader {
            let row = match row {
                Row::Item(row) => row,
                Row::Problem(problem, _) => {
                    read.problems.push(problem.to_string());
                    continue;
                }
            };
            let (Some(id), Some(label)) = (word(&row.fields, item), word(&row.fields, label)) else {
                continue;
            };
            let Some(item) = read.item_of.get(&id) else {
                unknown.push(id);
                continue;
            };
            if !given.contains(&label) {
                read.problems
                    .push(format!("`{file}`: nobody gave the label `{label}`, the gold of item `{id}`"));
            }
            if own.insert(*item, label.clone()).is_some_and(|before| before != label) {
                read.problems
                    .push(format!("`{file}`: item `{id}` has two golds: the last one, `{label}`, counts"));
            }
            read.gold.push((*item, label));
        }
        if let Some(first) = unknown.first() {
            let more = match unknown.len() - 1 {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            read.problems
                .push(format!("`{file}`: nobody voted on item `{first}`{more}; that gold is left out"));
        }
        Ok(())
    }

    /// Numbers the labels, and lays the votes out by annotator and item.
    fn panel(&self, read: Read) -> Panel {
        let given = read.rows.iter().filter_map(|row| row.label.as_deref());
        let labels: BTreeSet<&str> = given.chain(read.gold.iter().map(|(_, label)| label.as_str())).collect();
        let mut labels: Vec<String> = labels.into_iter().map(str::to_owned).collect();
        // Numbers in the order of numbers: 10 comes after 9.
        labels.sort_by_key(|label| (label.parse::<i64>().unwrap_or(i64::MAX), label.clone()));
        let class_of: HashMap<&str, Class> =
            labels.iter().enumerate().map(|(n, label)| (label.as_str(), Class(n as u32))).collect();
        let n_items = read.ids.len();
        let mut problems = read.problems.clone();
        let members = read.members(&class_of, &mut problems);
        let mut gold = vec![None; n_items];
        for (item, label) in &read.gold {
            gold[*item as usize] = Some(Plain::Choice(class_of[label.as_str()]));
        }
        let task = labels.iter().fold(Hasher::default(), |hasher, label| hasher.part(label)).finish();
        let data = read.ids.iter().fold(Hasher::default(), |hasher, id| hasher.part(id.as_bytes())).finish();
        Panel {
            name: self.votes.clone(),
            kind: "classify".to_owned(),
            measure: None,
            shape: Shape::Choice,
            overlap: false,
            labels,
            texts: if read.texts.iter().any(|text| !text.is_empty()) { read.texts } else { Vec::new() },
            contexts: Vec::new(),
            ids: read.ids,
            members,
            gold,
            gold_from: self.gold.as_ref().map(|file| format!("`{file}`")),
            n_problems: problems.len() as u64,
            problems: problems.into_iter().take(super::N_PROBLEMS).collect(),
            task,
            data,
        }
    }
}

impl Read {
    /// What each annotator gave for each item.
    fn members(&self, class_of: &HashMap<&str, Class>, problems: &mut Vec<String>) -> Vec<Member> {
        let n_items = self.ids.len();
        let mut hashers: Vec<Hasher> =
            self.members.iter().map(|(name, _)| Hasher::default().part(name)).collect();
        let mut members: Vec<Member> = self
            .members
            .iter()
            .map(|(name, voter)| {
                let mut member = Member::new(name.clone(), *voter, Hash::of(name.as_bytes()));
                member.given = vec![Err(NoLabel::Pending); n_items];
                member.confidence = vec![None; n_items];
                member.at_ms = vec![0; n_items];
                member
            })
            .collect();
        for row in &self.rows {
            let (member, item) = (&mut members[row.annotator as usize], row.item as usize);
            let label = row.label.as_deref();
            let given = label.map_or(Err(NoLabel::Abstained), |label| Ok(Plain::Choice(class_of[label])));
            if member.given[item] != Err(NoLabel::Pending) && member.given[item] != given {
                problems.push(format!(
                    "`{}` labeled item `{}` twice: the last label counts",
                    member.name, self.ids[item]
                ));
            }
            member.given[item] = given;
            member.confidence[item] = row.confidence;
            member.at_ms[item] = row.at_ms;
            if row.confidence.is_some() {
                member.source = Some("stated");
            }
            let hasher = std::mem::take(&mut hashers[row.annotator as usize]);
            hashers[row.annotator as usize] =
                hasher.part(self.ids[item].as_bytes()).part(label.unwrap_or(""));
        }
        for (member, hasher) in members.iter_mut().zip(hashers) {
            member.id = hasher.finish();
        }
        members
    }

    fn item(&mut self, id: String, text: Option<String>) -> u32 {
        let next = self.ids.len() as u32;
        let item = *self.item_of.entry(id).or_insert_with_key(|id| {
            self.ids.push(id.as_str().into());
            self.texts.push("".into());
            next
        });
        if let Some(text) = text {
            self.texts[item as usize] = text.into();
        }
        item
    }

    fn annotator(&mut self, name: String, voter: Voter) -> u32 {
        let next = self.members.len() as u32;
        *self.annotator_of.entry(name).or_insert_with_key(|name| {
            self.members.push((name.clone(), voter));
            next
        })
    }
}

/// Who is meant by a cell of the column `kind`.
fn voter(kind: &str) -> Option<Voter> {
    match kind.to_lowercase().as_str() {
        "person" | "people" | "human" => Some(Voter::Person),
        "model" | "models" | "llm" => Some(Voter::Model),
        _ => None,
    }
}

fn find<'a>(columns: &'a [String], names: &[&str]) -> Option<&'a str> {
    let is = |name: &&str| columns.iter().find(|column| column.eq_ignore_ascii_case(name));
    names.iter().find_map(is).map(String::as_str)
}

fn no_column(file: &str, what: &str, names: &[&str], columns: &[String]) -> Error {
    Error::invalid(format!("`{file}` has no column for the {what}; it has `{}`", columns.join("`, `")))
        .hint(format!("name it one of `{}`", names.join("`, `")))
}

/// A cell as a word; nothing where it is empty.
fn word(fields: &Fields, name: &str) -> Option<String> {
    let text = fields.get(name).and_then(cell_text)?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
