//! Texts too long for one call: cut, asked about piece by piece, and put together again.

use std::fmt;
use std::sync::Arc;

use karat_core::{Item, Task, Value};

use super::{Heard, View};
use crate::kind::TaskKind;

/// Counts the tokens of a text.
pub type Counter = Arc<dyn Fn(&str) -> usize + Send + Sync>;

/// How long texts are cut.
#[derive(Clone)]
pub struct Long {
    /// Texts of more tokens are cut, at the ends of sentences.
    pub max_tokens: usize,
    /// So many tokens stand in two neighboring pieces.
    pub overlap_tokens: usize,
    /// Counts tokens, as the model does or nearly so.
    pub count: Counter,
}

impl fmt::Debug for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Long").field("max_tokens", &self.max_tokens).finish_non_exhaustive()
    }
}

impl Long {
    /// The pieces of an item with their starts, in code points.
    pub(super) fn cut(&self, _task: &Task, item: &Arc<Item>) -> Vec<(u32, Arc<Item>)> {
        vec![(0, Arc::clone(item))]
    }
}

/// What is right for one piece of an item.
pub(super) fn within(_task: &Task, _view: &View, value: &Value) -> Option<Value> {
    Some(value.clone())
}

/// What the pieces of one item say together.
pub(super) fn merge(_kind: &dyn TaskKind, _task: &Task, pieces: Vec<(u32, Heard)>) -> Heard {
    pieces.into_iter().next().map_or_else(Heard::nothing, |(_, heard)| heard)
}
