//! Labels that are taken for each other, and twins that are labeled differently.

use std::collections::BTreeMap;

use karat_stats::Class;

use super::{ConfusedPair, truth};
use crate::consensus::Consensus;
use crate::panel::{Panel, Plain};

/// A pair is told from so many labels on.
const LEAST: u64 = 3;
/// An annotator has the habit from this share of the items on.
const HABIT: f64 = 0.1;

/// Which label is given where another is right, over all annotators.
pub(super) fn confusions(panel: &Panel, found: &Consensus) -> Vec<ConfusedPair> {
    let mut pairs: BTreeMap<(Class, Class), BTreeMap<usize, u64>> = BTreeMap::new();
    let mut met: BTreeMap<Class, BTreeMap<usize, u64>> = BTreeMap::new();
    for item in 0..panel.n_items() {
        let Some(Plain::Choice(right)) = truth(panel, found, item) else { continue };
        for (member, of) in panel.members.iter().enumerate() {
            let Ok(Plain::Choice(given)) = &of.given[item] else { continue };
            *met.entry(*right).or_default().entry(member).or_default() += 1;
            if given != right {
                *pairs.entry((*right, *given)).or_default().entry(member).or_default() += 1;
            }
        }
    }
    let row = |((right, given), members): ((Class, Class), BTreeMap<usize, u64>)| {
        let met = &met[&right];
        let (n, n_all) = (members.values().sum::<u64>(), met.values().sum::<u64>());
        let has_habit = |(member, n): &(&usize, &u64)| **n as f64 >= HABIT * met[*member] as f64;
        let n_habits = members.iter().filter(has_habit).count();
        ConfusedPair {
            right: panel.labels[right.0 as usize].clone(),
            given: panel.labels[given.0 as usize].clone(),
            n,
            share: n as f64 / n_all as f64,
            n_members: members.len() as u64,
            common: met.len() > 1 && 2 * n_habits >= met.len(),
        }
    };
    let mut rows: Vec<ConfusedPair> = pairs.into_iter().map(row).filter(|it| it.n >= LEAST).collect();
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
    let differs =
        |group: &Vec<(usize, &Plain)>| group.iter().any(|(_, label)| !panel.equal(label, group[0].1));
    let show = |group: Vec<(usize, &Plain)>| {
        group
            .into_iter()
            .map(|(item, label)| (panel.ids[item].to_string(), panel.show(item, label)))
            .collect()
    };
    groups.iter().map(labeled).filter(differs).map(show).collect()
}
