//! Of many labels, those that are offered with an item: the nearest to its text.
//!
//! In: a task, items. Out: labels, and how often the right one is among them ([`shortlist_recall`]). A label is searched by
//! its name, description, aliases and examples; an item by its text, or, where words of it are linked, by these words and
//! then by the text. Nearness is that of [`karat_text::search`].
//!
//! Not here: how offered labels are written (`prompt.rs`).

use karat_core::{Error, Item, LabelId, LabelSpec, Result, Task, Value};
use karat_text::search::{FeatureOptions, Index, fuse};

use crate::kind::{TaskKind, kind};

/// So many labels, and no more, stand in the system message and in the JSON Schema of an answer without being asked for.
/// OpenAI bounds the length of one list of values where it has more than 250.
pub(crate) const MAX_LISTED: usize = 250;

/// So many labels are offered where nothing else is said: to a moderator of a task with more than [`MAX_LISTED`].
const USUAL: u32 = 50;

/// Whether the system message lists all labels, so that none are offered with an item.
pub(crate) fn lists_all(task: &Task) -> bool {
    let n = task.schema.len();
    match task.spec.shortlist {
        _ if task.spec.levels.is_some() => false,
        Some(most) => most as usize >= n,
        None => n <= MAX_LISTED,
    }
}

/// Whether the JSON Schema of an answer lists the labels: a schema must be the same for all items, and vendors bound it.
pub(crate) fn enumerates(task: &Task, moderates: bool) -> bool {
    task.schema.len() <= MAX_LISTED && (moderates || lists_all(task))
}

/// Finds the labels that are offered.
pub(super) struct Shortlist {
    n: usize,
    index: Index,
    /// The labels by the numbers of their documents.
    ids: Vec<LabelId>,
    /// Offered whatever the text is.
    always: Vec<LabelId>,
    mention: Option<String>,
}

impl Shortlist {
    /// The shortlist that a task needs; `None` where the system message lists all labels. An error where it needs one and
    /// does not say how long.
    pub(super) fn of(task: &Task, kind: &dyn TaskKind) -> Result<Option<Self>> {
        let n = task.schema.len();
        if n == 0 || !kind.takes_shortlist() || (lists_all(task) && !kind.always_offers()) {
            return Ok(None);
        }
        match task.spec.shortlist {
            Some(most) => Ok(Some(Self::new(task, kind, most))),
            None => Err(too_many(n)),
        }
    }

    /// The shortlist of one who decides once with all labels before them; `None` where the system message lists them.
    pub(super) fn for_whole(task: &Task, kind: &dyn TaskKind) -> Option<Self> {
        let is_needed = task.schema.len() > MAX_LISTED || kind.always_offers();
        (is_needed && kind.takes_shortlist() && !task.schema.is_empty())
            .then(|| Self::new(task, kind, task.spec.shortlist.unwrap_or(USUAL)))
    }

    fn new(task: &Task, kind: &dyn TaskKind, n: u32) -> Self {
        let index = Index::build(task.schema.specs().iter().map(document), &FeatureOptions::for_search());
        let always = kind.always_offered(task);
        let ids = task.schema.ids().collect();
        Self { n: n as usize, index, ids, always, mention: task.spec.mention.clone() }
    }

    /// The labels nearest to the item, in schema order. Where fewer have anything in common with it, the first of the others
    /// fill up: a list that is shorter for some items would tell something of them.
    pub(super) fn nearest(&self, task: &Task, item: &Item) -> Vec<LabelId> {
        let mut found = self.ranked(task, item, self.n);
        if found.len() < self.n {
            let known: std::collections::HashSet<LabelId> = found.iter().copied().collect();
            let missing = self.n - found.len();
            found.extend(task.schema.ids().filter(|id| !known.contains(id)).take(missing));
        }
        found.extend(self.always.iter().filter(|id| !found.contains(id)).copied().collect::<Vec<_>>());
        found.sort_unstable();
        found
    }

    /// At most `n` labels, the nearest first.
    fn ranked(&self, task: &Task, item: &Item, n: usize) -> Vec<LabelId> {
        let docs = |query: &str, n: usize| -> Vec<usize> {
            self.index.nearest(query, n).iter().map(|hit| hit.doc).collect()
        };
        let text = task.text_of(item);
        let mention = self.mention.as_ref().and_then(|column| item.text(column));
        let docs: Vec<usize> = match mention {
            // The words that are linked count twice, the text around them once.
            Some(words) => {
                let by_words = docs(&words, DEEP * n);
                let by_text = docs(&text, DEEP * n);
                fuse(&[by_words.clone(), by_words, by_text]).iter().map(|hit| hit.doc).take(n).collect()
            }
            None => docs(&text, n),
        };
        docs.into_iter().filter_map(|doc| self.ids.get(doc).copied()).collect()
    }
}

/// Rankings that are fused are so much longer than what is wanted.
const DEEP: usize = 4;

/// What a label is searched by.
fn document(label: &LabelSpec) -> String {
    let aliases = label.aliases.iter().map(|it| it.trim_end_matches('*'));
    let parts = [label.name.as_str(), &label.description].into_iter().chain(aliases);
    parts.chain(label.examples.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
}

fn too_many(n: usize) -> Error {
    Error::invalid(format!("{n} labels are too many to list in every prompt")).hint(format!(
        "`shortlist = 50` offers the 50 nearest to each text (`karat plan` says how often the right one is among them); \
         `levels = \" > \"` asks level by level; `shortlist = {n}` lists all of them all the same"
    ))
}

/// How often the right label is among those that are nearest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShortlistRecall {
    /// How many labels are offered.
    pub k: usize,
    /// The mean over the items of the share of an item's labels that are among the `k` nearest: for one label, how often it
    /// is. In [0, 1].
    pub recall: f64,
    /// How many items had a label to be found.
    pub n: usize,
}

/// How often the right label is among the nearest `k`, for each of `ks`: an upper bound on what a model that is offered
/// `k` labels can get right. Items without a label of the task say nothing. Empty where no item says anything.
///
/// ```
/// use karat_core::{Item, ItemId, LabelSpec, Task, Value};
/// let task = Task::of("classify", ["card_lost", "exchange_rate"].map(LabelSpec::named).into(), "text").unwrap();
/// let fields = [("text".to_owned(), "I lost my card".into())].into_iter().collect();
/// let item = Item { id: ItemId::new("1"), row: 1, fields };
/// let right = Value::Choice(task.schema.by_name("card_lost").unwrap());
/// let recall = karat_task::shortlist_recall(&task, [(&item, &right)], &[1]).unwrap();
/// assert_eq!((recall[0].recall, recall[0].n), (1.0, 1));
/// ```
pub fn shortlist_recall<'a>(
    task: &Task,
    gold: impl IntoIterator<Item = (&'a Item, &'a Value)>,
    ks: &[usize],
) -> Result<Vec<ShortlistRecall>> {
    let most = ks.iter().copied().max().unwrap_or(0);
    let shortlist = Shortlist::new(task, kind(&task.kind)?, most as u32);
    let mut sums = vec![0.0; ks.len()];
    let mut n = 0_usize;
    for (item, value) in gold {
        let right: Vec<LabelId> =
            value.labels().into_iter().filter(|id| !shortlist.always.contains(id)).collect();
        if right.is_empty() {
            continue;
        }
        n += 1;
        let nearest = shortlist.ranked(task, item, most);
        for (sum, k) in sums.iter_mut().zip(ks) {
            let found = right.iter().filter(|id| nearest.iter().take(*k).any(|it| it == *id)).count();
            *sum += found as f64 / right.len() as f64;
        }
    }
    let row = |(k, sum): (&usize, f64)| ShortlistRecall { k: *k, recall: sum / n.max(1) as f64, n };
    Ok(if n == 0 { Vec::new() } else { ks.iter().zip(sums).map(row).collect() })
}

#[cfg(test)]
mod tests;
