//! The worked examples of an annotator: those of the task, and those chosen for each item from labeled ones.
//!
//! In: `few_shot` of `karat.toml`, and gold that is not sealed. Out: examples that are the same for all items, as part of the
//! task; and those that are chosen for one item. Not here: how they are chosen (`karat-text`).

use std::sync::Arc;

use karat_core::{AnnotatorSpec, Hash, Item, Result, Task};
use karat_task::{PromptStyle, Shown};

use crate::setup::Setup;

/// The worked examples of one annotator.
pub(crate) struct Shots {}

impl Shots {
    pub(crate) fn new(_setup: &Setup, _spec: &AnnotatorSpec, _style: &PromptStyle) -> Result<Self> {
        Ok(Self {})
    }

    /// The task with the examples that every item is shown with.
    pub(crate) fn task(&self, task: &Arc<Task>) -> Arc<Task> {
        Arc::clone(task)
    }

    /// The version of a prompt with the pool and the way of choosing from it.
    pub(crate) fn version(&self, prompt: Hash) -> Hash {
        prompt
    }

    /// The examples for one item.
    pub(crate) fn near(&self, _task: &Task, _item: &Item) -> Vec<Shown> {
        Vec::new()
    }
}
