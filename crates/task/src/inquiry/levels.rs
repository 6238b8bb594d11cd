//! Labels asked for level by level: `Food > Fruit > Apple` takes three small questions in place of a large one.

use std::sync::Arc;

use karat_core::{Item, Task};

use super::{Heard, Step, View};
use crate::kind::TaskKind;

/// The next level, or the end.
pub(super) fn next(_kind: &dyn TaskKind, task: &Arc<Task>, item: &Arc<Item>, heard: &[Heard]) -> Step {
    match heard.last() {
        None => Step::Ask(vec![View::of(task, item)]),
        Some(last) => Step::Done(Box::new(last.clone())),
    }
}

/// The number of levels of the deepest label.
pub(super) fn depth(task: &Task) -> u64 {
    let between = task.spec.levels.as_deref().unwrap_or_default();
    task.schema.names().map(|name| name.split(between).count() as u64).max().unwrap_or(1)
}
