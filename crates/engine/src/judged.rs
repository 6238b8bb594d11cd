//! Whose labels are used, and how sure each is: one annotator's, or the consensus of all.
//!
//! In: a panel, a name, the part of the gold that may be learned from. Out: a label and a score for each item. The scores of
//! items whose gold was not learned from are as honest as those of any other item: tests and samples may stand on them.

use karat_core::{DevGold, Hash, Hasher, ItemId, Result, TestGold};

use crate::consensus::{Consensus, ConsensusOptions, consensus};
use crate::panel::{Panel, Plain};

/// The name of the consensus in place of an annotator's.
pub const CONSENSUS: &str = "consensus";

/// A label and a score for each item.
pub struct Judged {
    /// Whose labels they are.
    pub by: String,
    /// The label of each item; `None` where there is none.
    pub labels: Vec<Option<Plain>>,
    /// How sure each is, from 0 to 1; `None` where nothing says it.
    pub scores: Vec<Option<f64>>,
    /// What it rests on: for the consensus the whole of it.
    pub consensus: Option<Consensus>,
}

/// The gold of a panel in two parts.
pub struct Split {
    /// What may be learned from, by item; `None` elsewhere.
    pub dev: Vec<Option<Plain>>,
    /// Whether an item is in the sealed part.
    pub test: Vec<bool>,
}

/// Splits the gold: `test_share` of it is sealed, by the hash of seed and id.
pub fn split(panel: &Panel, test_share: f64, seed: u64) -> Split {
    let gold = panel.gold.iter().enumerate();
    // The number of the item in place of its value: both parts are looked up in the panel again.
    let gold = gold
        .filter(|(_, gold)| gold.is_some())
        .map(|(n, _)| (ItemId::new(panel.ids[n].clone()), n))
        .collect();
    let (dev, test): (DevGold<usize>, TestGold<usize>) = DevGold::split(gold, test_share, seed);
    let mut split = Split { dev: vec![None; panel.n_items()], test: vec![false; panel.n_items()] };
    dev.0.iter().for_each(|(_, n)| split.dev[*n] = panel.gold[*n].clone());
    test.open_for_evaluation().iter().for_each(|(_, n)| split.test[*n] = true);
    split
}

/// Splits the gold: these items are sealed, all others may be learned from.
pub fn split_off(panel: &Panel, sealed: &[usize]) -> Split {
    let mut split = Split { dev: panel.gold.clone(), test: vec![false; panel.n_items()] };
    for item in sealed {
        split.dev[*item] = None;
        split.test[*item] = true;
    }
    split
}

/// Whose labels are used where nobody says: the only annotator's, else the consensus.
pub fn usual(panel: &Panel) -> String {
    match panel.members.as_slice() {
        [only] => only.name.clone(),
        _ => CONSENSUS.to_owned(),
    }
}

/// The labels of an annotator with its confidences, or those of the consensus; `gold` is what the consensus may learn from.
pub fn judged(panel: &Panel, by: &str, gold: &[Option<Plain>], seed: u64) -> Result<Judged> {
    if by != CONSENSUS {
        let member = &panel.members[panel.member(by)?];
        return Ok(Judged {
            by: by.to_owned(),
            labels: member.given.iter().map(|given| given.as_ref().ok().cloned()).collect(),
            scores: member.confidence.clone(),
            consensus: None,
        });
    }
    let found = consensus(panel, gold, &ConsensusOptions { method: None, seed })?;
    Ok(Judged {
        by: by.to_owned(),
        labels: found.items.iter().map(|it| it.value.clone()).collect(),
        scores: found.items.iter().map(|it| it.value.as_ref().map(|_| it.score)).collect(),
        consensus: Some(found),
    })
}

/// The hash of the gold of all items.
pub fn gold_hash(panel: &Panel) -> Hash {
    gold_hash_without(panel, &[])
}

/// The hash of the gold of all but these items, which are in ascending order.
pub fn gold_hash_without(panel: &Panel, left_out: &[usize]) -> Hash {
    let mut hasher = Hasher::default();
    for (item, (id, gold)) in panel.ids.iter().zip(&panel.gold).enumerate() {
        if let Some(gold) = gold.as_ref().filter(|_| left_out.binary_search(&item).is_err()) {
            hasher = hasher.part(id.as_bytes()).part(panel.to_json(gold).to_string());
        }
    }
    hasher.finish()
}

/// Hides all gold but `n` items drawn by the seed; returns what was hidden. A rehearsal: what would have come out with so
/// much gold can then be compared with what is known.
pub fn rehearse(panel: &mut Panel, n: usize, seed: u64) -> Result<Vec<Option<Plain>>> {
    let known: Vec<usize> = (0..panel.n_items()).filter(|item| panel.gold[*item].is_some()).collect();
    let drawn = karat_stats::sample::simple(known.len(), n, seed)
        .map_err(|error| karat_core::Error::invalid(format!("a rehearsal with {n} items: {error}")))
        .map_err(|error| {
            error.hint("`--rehearse` takes fewer items than have gold; the rest tells how the promise held")
        })?;
    let mut hidden = panel.gold.clone();
    for it in drawn {
        hidden[known[it.item]] = None;
    }
    for (gold, hidden) in panel.gold.iter_mut().zip(&hidden) {
        if hidden.is_some() {
            *gold = None;
        }
    }
    Ok(hidden)
}
