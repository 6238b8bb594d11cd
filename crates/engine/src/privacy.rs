//! What is hidden from every model: personal data in the columns that are shown.
//!
//! In: an item. Out: the item with placeholders in place of what was found, and the [`Unmask`] that puts it back into an
//! answer, on this machine; or, where rows are to be left out, the reason. Not here: what is personal (`karat_text::mask`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use karat_core::{Error, Fields, Item, LabelSpec, PrivacySpec, Result, Task, cell_text};
use karat_format::{ItemReader, ReadSpec, Row, Screen};
use karat_text::mask::{Found, Key, Kind, MaskSpec, Masker, count_by_kind};
use serde::Serialize;
use serde_json::Value as Json;

use crate::setup::Setup;

/// The word for all kinds.
const ALL: &str = "all";

/// Hides personal data.
pub struct Privacy {
    masker: Masker,
    is_excluding: bool,
}

/// Puts back what was hidden of one item.
pub(crate) struct Unmask {
    privacy: Arc<Privacy>,
    key: Arc<Key>,
    n_found: u32,
}

/// What was found in a data set, before anything is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PrivacyReport {
    /// Items in the data.
    pub n_items: u64,
    /// Items in which something was found.
    pub n_with: u64,
    /// How much of each kind.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// How much in each column.
    pub by_column: BTreeMap<String, u64>,
    /// Rows that are no items, among them those that are left out for what they hold.
    pub n_problems: u64,
}

impl Privacy {
    /// Reads the list of names. Placeholders never look like a word of the task.
    pub(crate) fn open(folder: &Path, spec: &PrivacySpec, task: &Task) -> Result<Self> {
        let kinds = match spec.mask.iter().any(|it| it == ALL) || spec.mask.is_empty() {
            true => Kind::ALL.to_vec(),
            false => spec
                .mask
                .iter()
                .map(|name| Kind::read(name))
                .collect::<std::result::Result<_, _>>()
                .map_err(told)?,
        };
        let names = match &spec.names {
            Some(file) => crate::setup::read_text(folder, file)?,
            None => String::new(),
        };
        let names: Vec<String> =
            names.lines().map(|line| line.trim().to_owned()).filter(|it| !it.is_empty()).collect();
        let described = |label: &LabelSpec| format!("{} {}", label.name, label.description);
        let avoid = task.schema.specs().iter().map(described).chain([task.guideline.clone()]).collect();
        let masker = Masker::new(&MaskSpec { kinds, names, avoid }).map_err(told)?;
        Ok(Self { masker, is_excluding: spec.exclude })
    }

    /// What leaves rows out, where rows with finds are to be left out.
    pub(crate) fn screen(self: &Arc<Self>, columns: Vec<String>) -> Option<Screen> {
        let privacy = Arc::clone(self);
        self.is_excluding.then(|| {
            Screen::new(move |fields| {
                let found = privacy.found(fields, &columns).into_iter().flat_map(|(_, found)| found);
                let counts = count_by_kind(&found.collect::<Vec<_>>());
                let said: Vec<String> =
                    counts.iter().map(|(kind, n)| format!("{n} {}", kind.name())).collect();
                if said.is_empty() {
                    Ok(())
                } else {
                    Err(format!("it holds personal data ({})", said.join(", ")))
                }
            })
        })
    }

    /// What stands in these columns.
    fn found(&self, fields: &Fields, columns: &[String]) -> Vec<(String, Vec<Found>)> {
        let cells = columns.iter().filter_map(|name| Some((name, cell_text(fields.get(name)?)?)));
        let cells: Vec<_> = cells.collect();
        let texts: Vec<&str> = cells.iter().map(|(_, text)| &**text).collect();
        let masked = self.masker.mask_all(&texts);
        cells.iter().zip(masked).map(|((name, _), it)| ((*name).clone(), it.found)).collect()
    }

    /// The item as a model may see it.
    pub(crate) fn hide(self: &Arc<Self>, task: &Task, item: &Item) -> (Item, Unmask) {
        let columns = shown_columns(task);
        let cells =
            columns.iter().filter_map(|name| Some((name, cell_text(item.fields.get(name)?)?.into_owned())));
        let (names, originals): (Vec<&String>, Vec<String>) = cells.unzip();
        let texts: Vec<&str> = originals.iter().map(String::as_str).collect();
        let masked = self.masker.mask_all(&texts);
        let mut hidden = item.clone();
        for (name, it) in names.into_iter().zip(&masked).filter(|(_, it)| !it.found.is_empty()) {
            let was_text = matches!(item.fields.get(name), Some(Json::String(_)));
            let cell = match was_text {
                true => Json::from(it.text.as_str()),
                false => serde_json::from_str(&it.text).unwrap_or_else(|_| Json::from(it.text.as_str())),
            };
            hidden.fields.insert(name.clone(), cell);
        }
        let n_found = masked.iter().map(|it| it.found.len() as u32).sum();
        let key =
            masked.first().map_or_else(|| Arc::clone(self.masker.mask("").key()), |it| Arc::clone(it.key()));
        (hidden, Unmask { privacy: Arc::clone(self), key, n_found })
    }
}

impl Unmask {
    /// Another text about the item, as a model may see it. What was shown before keeps its placeholders.
    pub(crate) fn hide(&mut self, text: &str) -> String {
        let Some(more) = self.privacy.masker.mask_more(&self.key, &[text]).pop() else {
            return String::new();
        };
        self.key = Arc::clone(more.key());
        more.text
    }

    /// What a model wrote, with the words of the item in place of placeholders.
    pub(crate) fn restore(&self, answer: &str) -> String {
        self.key.restore(answer)
    }

    /// How many places of the item were hidden.
    pub(crate) fn n_found(&self) -> u32 {
        self.n_found
    }
}

/// Counts what would be hidden in the data of a project. Nothing is sent.
pub fn privacy_report(setup: &Setup) -> Result<PrivacyReport> {
    let privacy = setup.privacy.as_ref().ok_or_else(|| {
        Error::invalid("the project hides nothing")
            .hint("add `[privacy]` with `mask = [\"all\"]` to `karat.toml`")
    })?;
    let columns = shown_columns(&setup.task);
    let mut report = PrivacyReport::default();
    let mut count = |fields: &Fields| {
        let found = privacy.found(fields, &columns);
        report.n_with += u64::from(found.iter().any(|(_, found)| !found.is_empty()));
        for (column, found) in found {
            for (kind, n) in count_by_kind(&found) {
                *report.by_kind.entry(kind.name()).or_default() += n;
                *report.by_column.entry(column.clone()).or_default() += n;
            }
        }
    };
    let (mut n_items, mut n_problems) = (0, 0);
    for row in ItemReader::open(&ReadSpec { screen: None, ..setup.read.clone() })? {
        match row {
            Row::Item(item) => {
                n_items += 1;
                count(&item.fields);
            }
            Row::Problem(..) => n_problems += 1,
        }
    }
    Ok(PrivacyReport { n_items, n_problems, ..report })
}

/// The columns that a model is shown something of.
pub(crate) fn shown_columns(task: &Task) -> Vec<String> {
    let text = Some(task.text.clone()).filter(|it| !it.is_empty());
    text.into_iter().chain(task.context.iter().cloned()).chain(task.further().map(str::to_owned)).collect()
}

fn told(error: karat_text::mask::MaskError) -> Error {
    Error::invalid(format!("`privacy`: {error}")).hint("`karat mask --list` lists what can be looked for")
}
