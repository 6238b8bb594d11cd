//! Reads sets of votes with gold: `labels.csv` (task, worker, label) and `gold.csv` (task, label) in a folder.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result};
use karat_stats::Class;
use karat_stats::aggregate::{Vote, Votes};

/// A set of votes with gold for some of its items.
pub(crate) struct Crowd {
    /// The folder's name.
    pub(crate) name: String,
    /// The votes; items in the order of their first vote, annotators and classes in that of their names.
    pub(crate) votes: Votes,
    /// The gold of each item.
    pub(crate) gold: Vec<Option<Class>>,
    /// The annotators' names.
    pub(crate) annotators: Vec<String>,
}

impl Crowd {
    /// The set with the votes of these annotators only.
    pub(crate) fn only(&self, keep: impl Fn(&str) -> bool) -> Result<Self> {
        let kept: Vec<usize> = (0..self.annotators.len()).filter(|it| keep(&self.annotators[*it])).collect();
        let place = |annotator: u32| kept.iter().position(|it| *it == annotator as usize);
        let votes: Vec<Vote> = (0..self.votes.n_items())
            .flat_map(|item| self.votes.of(item).iter().map(move |vote| (item, *vote)))
            .filter_map(|(item, (annotator, class))| {
                let annotator = place(annotator)? as u32;
                Some(Vote { item: item as u32, annotator, class: Class(class) })
            })
            .collect();
        Ok(Self {
            name: self.name.clone(),
            votes: Votes::new(self.votes.n_items(), kept.len(), self.votes.n_classes(), &votes)?,
            gold: self.gold.clone(),
            annotators: kept.iter().map(|it| self.annotators[*it].clone()).collect(),
        })
    }
}

/// The rows of a CSV file with a header.
pub(crate) fn rows(path: &Path) -> Result<Vec<Vec<String>>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| format!("reading {}", path.display()))?;
    let rows = reader.records().map(|row| Ok(row?.iter().map(str::to_owned).collect()));
    rows.collect()
}

/// Reads the set in this folder.
pub(crate) fn crowd(folder: &Path) -> Result<Crowd> {
    let labels = rows(&folder.join("labels.csv"))?;
    let gold_rows = rows(&folder.join("gold.csv"))?;
    // Numbers in the order of numbers, so that class 10 comes after class 9.
    let sorted = |names: BTreeSet<&str>| {
        let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        names.sort_by_key(|name| (name.parse::<i64>().unwrap_or(i64::MAX), name.clone()));
        names
    };
    let annotators = sorted(labels.iter().map(|row| row[1].as_str()).collect());
    let classes = sorted(
        labels.iter().map(|row| row[2].as_str()).chain(gold_rows.iter().map(|row| row[1].as_str())).collect(),
    );
    let numbers = |names: &[String]| -> HashMap<String, u32> {
        names.iter().enumerate().map(|(n, name)| (name.clone(), n as u32)).collect()
    };
    let (annotator_of, class_of) = (numbers(&annotators), numbers(&classes));
    let mut item_of: HashMap<&str, u32> = HashMap::new();
    let mut votes = Vec::with_capacity(labels.len());
    for row in &labels {
        let next = item_of.len() as u32;
        let item = *item_of.entry(&row[0]).or_insert(next);
        votes.push(Vote { item, annotator: annotator_of[&row[1]], class: Class(class_of[&row[2]]) });
    }
    let mut gold = vec![None; item_of.len()];
    for row in &gold_rows {
        if let Some(item) = item_of.get(row[0].as_str()) {
            gold[*item as usize] = Some(Class(class_of[&row[1]]));
        }
    }
    Ok(Crowd {
        name: folder.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default(),
        votes: Votes::new(item_of.len(), annotators.len(), classes.len(), &votes)?,
        gold,
        annotators,
    })
}
