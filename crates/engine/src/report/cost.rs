//! What the labels cost: calls, tokens and money of each annotator, and of each right label.

use karat_core::{MicroUsd, Result};
use serde::Serialize;

use super::{Part, Source};
use crate::evaluate::{Cost, spent};
use crate::panel::Panel;

/// What an annotator cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spent {
    /// The annotator.
    pub name: String,
    /// Money, calls and tokens.
    #[serde(flatten)]
    pub cost: Cost,
    /// Right labels on gold; `None` without gold.
    pub n_right: Option<u64>,
}

/// The cost of each annotator that was called.
pub(super) async fn costs(source: Source<'_>) -> Result<Part<Vec<Spent>>> {
    let (Some(setup), Some(store)) = (source.setup, source.store) else {
        return Ok(Part::Missing("a file of votes does not say what the votes cost".to_owned()));
    };
    if source.askers.is_empty() {
        return Ok(Part::Missing("all labels are people's: what they cost is not in the journal".to_owned()));
    }
    let costs = spent(setup, store, source.askers).await?;
    let row = |(asker, (cost, mean_ms)): (&crate::asker::Asker, (Cost, f64))| {
        let member = source.panel.members.iter().position(|it| it.id == asker.id);
        let on_gold = member.map(|it| rights(source.panel, it)).filter(|(_, n)| *n > 0);
        let mut spent = Spent { name: asker.annotator.name.clone(), cost, n_right: on_gold.map(|it| it.0) };
        spent.spread(on_gold, mean_ms);
        spent
    };
    Ok(Part::Known(source.askers.iter().zip(costs).map(row).collect()))
}

/// Right labels on gold, and how many were asked.
fn rights(panel: &Panel, member: usize) -> (u64, u64) {
    let rights = (0..panel.n_items()).filter_map(|item| panel.right(member, item));
    rights.fold((0, 0), |(right, n), is_right| (right + u64::from(is_right), n + 1))
}

impl Spent {
    /// Spreads what all calls cost over the right labels, at the share that is right on gold.
    fn spread(&mut self, on_gold: Option<(u64, u64)>, mean_ms: f64) {
        let Some((n_right, n)) = on_gold.filter(|(n_right, _)| *n_right > 0 && self.cost.n_calls > 0) else {
            return;
        };
        let per_right = n as f64 / n_right as f64;
        let per_call = |MicroUsd(micro): MicroUsd| micro as f64 / 1e6 / self.cost.n_calls as f64;
        self.cost.usd_per_correct = self.cost.micro_usd.map(|it| per_call(it) * per_right);
        self.cost.seconds_per_correct = (mean_ms > 0.0).then(|| mean_ms / 1e3 * per_right);
    }
}
