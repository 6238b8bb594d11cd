//! Which items of a chunk an annotator is to be asked about, and what.
//!
//! In: items, what stands of them, and the ladder. Out: questions, in the order of the data. The same for live calls and for
//! batches.

use std::sync::Arc;

use karat_core::{Hash, Item, Result};

use super::Scene;
use crate::asker::{Question, labelers};
use crate::ladder::{Ladder, Said, given, positions, said};

/// The questions of a chunk.
pub(crate) struct Wanted {
    pub(crate) questions: Vec<Question>,
    /// Items that have an outcome already.
    pub(crate) n_standing: u64,
    /// Items that the tiers before settled; for an inspector, those that have no label to check.
    pub(crate) n_settled: u64,
}

/// The questions of a chunk for the annotator of this number; nothing is looked up for one that is new.
pub(crate) async fn wanted(
    scene: Scene<'_>,
    ladder: &Ladder,
    (n, is_new): (usize, bool),
    items: Vec<Item>,
) -> Result<Wanted> {
    let Scene { store, askers, options, .. } = scene;
    let asker = &askers[n];
    if asker.inspects() {
        return inspections(scene, ladder, n, items).await;
    }
    let inputs: Vec<Hash> = items.iter().map(|item| asker.task().input_hash(item)).collect();
    let keys: Vec<_> = items.iter().zip(&inputs).map(|(item, input)| (item.id.shared(), *input)).collect();
    let standing = match is_new {
        true => vec![None; keys.len()],
        false => store.standing(asker.id, &keys).await?,
    };
    let mut wanted = Wanted { questions: Vec::with_capacity(items.len()), n_standing: 0, n_settled: 0 };
    let before = said_before(scene, ladder, n, &keys).await?;
    for (at, ((item, input), standing)) in items.into_iter().zip(inputs).zip(standing).enumerate() {
        if !options.selection.wants(standing.map(|row| row.kind)) {
            wanted.n_standing += 1;
            continue;
        }
        let Some(before) = &before else {
            wanted.questions.push(asker.question(item, input)?);
            continue;
        };
        let said: Vec<Said> = before.iter().map(|rows| rows.get(at).cloned().flatten()).collect();
        if !ladder.wants(n, &said) {
            wanted.n_settled += 1;
        } else if asker.moderates() {
            let heard = positions(store, &item, &said).await?;
            wanted.questions.push(asker.moderation(item, input, &heard)?);
        } else {
            wanted.questions.push(asker.question(item, input)?);
        }
    }
    Ok(wanted)
}

/// The final labels of a chunk that an inspector is to be asked about.
async fn inspections(scene: Scene<'_>, ladder: &Ladder, n: usize, items: Vec<Item>) -> Result<Wanted> {
    let Scene { setup, store, askers, options, .. } = scene;
    let (asker, labelers) = (&askers[n], labelers(askers));
    let key = |item: &Item| (item.id.shared(), setup.task.input_hash(item));
    let all = said(store, labelers, &items.iter().map(key).collect::<Vec<_>>()).await?;
    let mut wanted = Wanted { questions: Vec::new(), n_standing: 0, n_settled: 0 };
    for (at, item) in items.into_iter().enumerate() {
        let said: Vec<Said> = all.iter().map(|rows| rows.get(at).cloned().flatten()).collect();
        let Some(label) = ladder.verdict(&said).1 else {
            wanted.n_settled += 1;
            continue;
        };
        let keys = [(item.id.shared(), asker.inspected(setup, &item, &label))];
        let standing = store.standing(asker.id, &keys).await?.into_iter().next().flatten();
        if !options.selection.wants(standing.map(|row| row.kind)) {
            wanted.n_standing += 1;
            continue;
        }
        let given = given(store, &item, &said, label).await?;
        wanted.questions.push(asker.inspection(setup, item, &given)?);
    }
    Ok(wanted)
}

/// What every annotator said of these items, where this one is asked only after others; else `None`.
async fn said_before(
    scene: Scene<'_>,
    ladder: &Ladder,
    n: usize,
    keys: &[(Arc<str>, Hash)],
) -> Result<Option<Vec<Vec<Said>>>> {
    if ladder.is_first(n) {
        return Ok(None);
    }
    said(scene.store, scene.askers, keys).await.map(Some)
}
