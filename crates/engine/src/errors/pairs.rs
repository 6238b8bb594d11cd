//! Labels that are taken for each other, and twins that are labeled differently.

use std::collections::{BTreeMap, BTreeSet};

use karat_stats::Class;

use super::{ConfusedPair, truth};
use crate::consensus::Consensus;
use crate::panel::{Panel, Plain};

/// A pair is told from so many labels on.
const LEAST: u64 = 3;

/// Which label is given where another is right, over all annotators.
pub(super) fn confusions(panel: &Panel, found: &Consensus) -> Vec<ConfusedPair> {
    let mut pairs: BTreeMap<(Class, Class), (u64, BTreeSet<usize>)> = BTreeMap::new();
    let mut met: BTreeMap<Class, (u64, BTreeSet<usize>)> = BTreeMap::new();
    for item in 0..panel.n_items() {
        let Some(Plain::Choice(right)) = truth(panel, found, item) else { continue };
        for (member, of) in panel.members.iter().enumerate() {
            let Ok(Plain::Choice(given)) = &of.given[item] else { continue };
            let all = met.entry(*right).or_default();
            all.0 += 1;
            all.1.insert(member);
            if given != right {
                let pair = pairs.entry((*right, *given)).or_default();
                pair.0 += 1;
                pair.1.insert(member);
            }
        }
    }
    let row = |((right, given), (n, members)): ((Class, Class), (u64, BTreeSet<usize>))| {
        let (n_all, met) = &met[&right];
        ConfusedPair {
            right: panel.labels[right.0 as usize].clone(),
            given: panel.labels[given.0 as usize].clone(),
            n,
            share: n as f64 / *n_all as f64,
            n_members: members.len() as u64,
            common: met.len() > 1 && 2 * members.len() >= met.len(),
        }
    };
    let mut rows: Vec<ConfusedPair> = pairs.into_iter().filter(|(_, (n, _))| *n >= LEAST).map(row).collect();
    rows.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| (&a.right, &a.given).cmp(&(&b.right, &b.given))));
    rows
}

/// The groups of nearly equal texts whose labels differ: item and label.
pub(super) fn duplicates(
    panel: &Panel,
    questioned: &[Option<&Plain>],
    groups: &[Vec<usize>],
) -> Vec<Vec<(String, String)>> {
    let labeled = |group: &Vec<usize>| -> Vec<(usize, &Plain)> {
        group.iter().filter_map(|item| Some((*item, questioned[*item]?))).collect()
    };
    let differs = |group: &Vec<(usize, &Plain)>| group.iter().any(|(_, label)| *label != group[0].1);
    let show = |group: Vec<(usize, &Plain)>| {
        group
            .into_iter()
            .map(|(item, label)| (panel.ids[item].to_string(), panel.show(item, label)))
            .collect()
    };
    groups.iter().map(labeled).filter(differs).map(show).collect()
}
