//! What was labeled, by whom, under which guideline and prompt, and when.

use std::collections::BTreeMap;

use karat_core::Result;
use serde::Serialize;

use super::Source;
use crate::evaluate::{Counts, counts};
use crate::panel::{Member, Voter};

/// What was labeled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Labeled {
    /// Items of the data.
    pub n_items: u64,
    /// Of these, items with gold.
    pub n_gold: u64,
    /// Where the gold comes from.
    pub gold_from: Option<String>,
    /// The labels.
    pub labels: Vec<String>,
    /// The hash of schema and guideline, short.
    pub task: String,
    /// The hash of what was shown of all items, short.
    pub data: String,
    /// When the first and the last label was made, in milliseconds since 1970; `None` where times are not known.
    pub at_ms: Option<(i64, i64)>,
    /// Who was asked, in the order of the project.
    pub annotators: Vec<Asked>,
}

/// An annotator that was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// `person` or `model`.
    pub voter: &'static str,
    /// Its identity, short: another model, prompt or setting is another annotator.
    pub id: String,
    /// The model; `None` for people.
    pub model: Option<String>,
    /// The version of the prompt, short; `None` for people.
    pub prompt: Option<String>,
    /// Why its answers are not live, where they are not.
    pub not_live: Option<String>,
    /// What came of the items.
    pub counts: Counts,
    /// Why items have no label, where the journal tells.
    pub reasons: BTreeMap<String, u64>,
    /// When its first and last label was made, in milliseconds since 1970.
    pub at_ms: Option<(i64, i64)>,
}

/// Counts what was labeled.
pub(super) async fn labeled(source: Source<'_>) -> Result<Labeled> {
    let panel = source.panel;
    let tallies = match source.store {
        Some(store) => store.tallies().await?,
        None => Vec::new(),
    };
    let asked = |member: &Member| {
        let asker = source.askers.iter().find(|it| it.id == member.id);
        let tally = tallies.iter().find(|it| asker.is_some() && it.annotator.id() == member.id);
        let reasons = tally.into_iter().flat_map(|it| &it.reasons);
        Asked {
            name: member.name.clone(),
            voter: voter(member.voter),
            id: member.id.short(),
            model: asker.map(|it| it.spec.model.clone()),
            prompt: asker.map(|it| it.annotator.prompt.short()),
            not_live: member.not_live.clone(),
            counts: counts(&member.given),
            reasons: reasons.map(|((kind, why), n)| (format!("{}: {why}", kind.as_str()), *n)).collect(),
            at_ms: ends(member.at_ms.iter().copied()),
        }
    };
    Ok(Labeled {
        n_items: panel.n_items() as u64,
        n_gold: panel.n_gold() as u64,
        gold_from: panel.gold_from.clone(),
        labels: panel.labels.clone(),
        task: panel.task.short(),
        data: panel.data.short(),
        at_ms: ends(panel.members.iter().flat_map(|it| it.at_ms.iter().copied())),
        annotators: panel.members.iter().map(asked).collect(),
    })
}

pub(super) fn voter(voter: Voter) -> &'static str {
    match voter {
        Voter::Person => "person",
        Voter::Model => "model",
    }
}

/// The first and the last time that is known.
fn ends(times: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    times.filter(|at| *at > 0).fold(None, |ends, at| match ends {
        None => Some((at, at)),
        Some((first, last)) => Some((first.min(at), last.max(at))),
    })
}
