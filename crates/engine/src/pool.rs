//! Labeled items that worked examples are chosen from.
//!
//! In: a data file of their own, or the gold of the data itself, of which a part is sealed and never shown. Out: a
//! [`Pool`]. Not here: which examples an item is shown (`shots.rs`).

use std::path::Path;

use karat_core::{Error, FewShotSpec, Hash, Hasher, Item, Result, Task, Value};
use karat_format::{ItemReader, ReadSpec, Row};
use karat_task::TaskKind;

use crate::shots::Chooser;

/// Labeled items to choose from.
pub struct Pool {
    /// What `karat.toml` says.
    pub spec: FewShotSpec,
    /// The items with their values, in the order of the file.
    pub examples: Vec<(Item, Value)>,
    /// The identity of all of it.
    pub hash: Hash,
    pub(crate) chooser: Chooser,
}

impl Pool {
    /// Reads the pool; an error where it holds nothing.
    pub(crate) fn open(
        folder: &Path,
        spec: FewShotSpec,
        read: &ReadSpec,
        gold: Option<&str>,
        (task, kind): (&Task, &'static dyn TaskKind),
    ) -> Result<Self> {
        let column = gold.ok_or_else(|| {
            Error::invalid("`few_shot` needs labeled items, and `data.gold` names no column")
                .hint("name the column with settled values: `gold = \"label\"` under `[data]`")
        })?;
        let own =
            |file: &String| ReadSpec { files: vec![folder.join(file).display().to_string()], ..read.clone() };
        let source = spec.from.as_ref().map_or_else(|| read.clone(), own);
        let mut found = Vec::new();
        for row in ItemReader::open(&source)? {
            let Row::Item(item) = row else { continue };
            let Some(cell) = item.fields.get(column).filter(|it| !is_blank(it)) else { continue };
            if let Ok(value) = kind.read_gold(task, &item, cell) {
                found.push((item, value));
            }
        }
        if spec.from.is_none() {
            found = unsealed(found, &spec);
        }
        if found.is_empty() {
            let from = spec.from.as_deref().unwrap_or("the data");
            return Err(Error::invalid(format!("`few_shot` found no labeled item in {from}")).hint(format!(
                "column `{column}` must hold values of the task, of which not all are sealed"
            )));
        }
        let start = Hasher::default().part(serde_json::to_string(&spec).unwrap_or_default());
        let hash = found.iter().fold(start, |hash, (item, value)| {
            hash.part(task.input_hash(item).0).part(value.to_json(&task.schema).to_string())
        });
        let chooser = Chooser::new(task, &found, &spec)?;
        Ok(Self { spec, hash: hash.finish(), chooser, examples: found })
    }
}

fn is_blank(cell: &serde_json::Value) -> bool {
    cell.is_null() || cell.as_str().is_some_and(str::is_empty)
}

/// The part of the gold that may be shown. The split is that of `karat accept`: by the hash of seed and id.
fn unsealed(found: Vec<(Item, Value)>, spec: &FewShotSpec) -> Vec<(Item, Value)> {
    let ids = found.iter().map(|(item, _)| (item.id.clone(), ())).collect();
    let (dev, _) = karat_core::DevGold::split(ids, spec.sealed, spec.seed);
    let dev: std::collections::HashSet<_> = dev.0.into_iter().map(|(id, ())| id).collect();
    found.into_iter().filter(|(item, _)| dev.contains(&item.id)).collect()
}
