//! Which worked examples an annotator is shown with an item.
//!
//! In: the pool of labeled items, and how many an annotator wants. Out: the numbers of the examples for one item. An example
//! that is the item itself, or nearly the same, is never shown. Not here: how they are chosen (`karat_text::pick`), and
//! what they look like (`karat-task`).

use std::collections::HashMap;
use std::sync::Arc;

use karat_core::{AnnotatorSpec, Error, Hash, Hasher, Item, ItemId, PickName, Result, Role, Task, Value};
use karat_text::pick::{Pick, Pool as Texts, Question};
use karat_text::search::{FeatureOptions, Index, Likeness};

use crate::pool::Pool;
use crate::setup::Setup;

/// The worked examples of one annotator.
pub(crate) struct Shots {
    pool: Option<Arc<Pool>>,
    n: usize,
}

/// A pool made ready to choose from.
pub(crate) struct Chooser {
    texts: Texts,
    pick: Pick,
    numbers: HashMap<ItemId, usize>,
}

impl Shots {
    pub(crate) fn new(setup: &Setup, spec: &AnnotatorSpec) -> Self {
        // Labeled items are no examples of verdicts.
        let n = |pool: &Arc<Pool>| match spec.role {
            Role::Annotator | Role::Moderator => spec.shots.unwrap_or(pool.spec.n) as usize,
            Role::Inspector => 0,
        };
        let pool = setup.pool.clone().filter(|pool| n(pool) > 0);
        let n = pool.as_ref().map_or(0, n);
        Self { pool, n }
    }

    /// The version of a prompt with the pool, the way of choosing from it, and the number chosen.
    pub(crate) fn version(&self, prompt: Hash) -> Hash {
        match &self.pool {
            None => prompt,
            Some(pool) => {
                let n = (self.n as u64).to_le_bytes();
                Hasher::default().part(prompt.0).part(pool.hash.0).part(n).finish()
            }
        }
    }

    /// The examples for one item, in the order in which they are shown.
    pub(crate) fn near(&self, task: &Task, item: &Item) -> Result<Vec<&(Item, Value)>> {
        let Some(pool) = &self.pool else { return Ok(Vec::new()) };
        let text = read_text(task, item);
        let own = pool.chooser.numbers.get(&item.id).copied();
        let question = Question { query: text.as_str().into(), own };
        let picked = pool.chooser.texts.pick(pool.chooser.pick, &question, self.n);
        let picked = picked.map_err(|error| Error::invalid(format!("`few_shot`: {error}")))?;
        Ok(picked.shown.iter().map(|n| &pool.examples[*n]).collect())
    }
}

impl Chooser {
    pub(crate) fn new(
        task: &Task,
        examples: &[(Item, Value)],
        spec: &karat_core::FewShotSpec,
    ) -> Result<Self> {
        let texts: Vec<Arc<str>> = examples.iter().map(|(item, _)| read_text(task, item).into()).collect();
        let class = |(_, value): &(Item, Value)| value.labels().first().map(|label| label.index() as u32);
        let pick = match spec.pick {
            PickName::Fixed => Pick::Fixed,
            PickName::Random => Pick::Random { seed: spec.seed },
            PickName::PerLabel => Pick::PerClass { seed: spec.seed },
            PickName::Nearest => Pick::Nearest,
            PickName::Mmr => Pick::Mmr { lambda: spec.lambda.unwrap_or(0.5) },
            PickName::Diverse => Pick::Diverse,
        };
        let wrong = |error: karat_text::pick::PickError| Error::invalid(format!("`few_shot`: {error}"));
        let index = Index::build(texts.iter().map(|text| &**text), &FeatureOptions::for_search());
        let pool = Texts::new(texts, examples.iter().map(class).collect()).map_err(wrong)?;
        let texts = pool.with_likeness(Likeness::Words(index)).map_err(wrong)?;
        let numbers = examples.iter().enumerate().map(|(n, (item, _))| (item.id.clone(), n)).collect();
        Ok(Self { texts, pick, numbers })
    }
}

/// What is read of an item: its text, or what is compared in it.
fn read_text(task: &Task, item: &Item) -> String {
    let further = task.further().filter_map(|column| item.text(column));
    let parts: Vec<_> = item.text(&task.text).into_iter().chain(further).collect();
    parts.join("\n")
}
