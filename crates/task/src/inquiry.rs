//! In which calls an item is asked about, and what their answers say together.
//!
//! In: a task, an item, the answers so far. Out: the next [`View`]s to ask, or what was [`Heard`] in the end. Pure: what was
//! answered before a crash leads to the same next question after it.
//!
//! Most items take one call. More are needed where options are compared in both orders, where a text is too long for one
//! call (`pieces.rs`), and where labels are asked for level by level (`levels.rs`).
//!
//! Not here: the words of a question (`prompt.rs`), and asking it.

mod levels;
mod pieces;
mod shortlist;

use std::sync::Arc;

use karat_core::{Confidence, Error, Item, LabelId, NoConfidence, Result, Task, TaskSpec, Value};

use crate::kind::{Reading, TaskKind};
pub use pieces::{Counter, Long};
use shortlist::Shortlist;

/// One question about an item: what is shown of it, and what may be answered.
#[derive(Debug, Clone)]
pub struct View {
    /// The task as it is asked here: its options in this order, its labels by these words.
    pub task: Arc<Task>,
    /// What is shown: the item, or a piece of it.
    pub item: Arc<Item>,
    /// The labels that are offered with the item; `None` where the system message lists all of them.
    pub offered: Option<Vec<LabelId>>,
    /// Where the shown text begins in the item's, in code points.
    pub start: u32,
}

impl View {
    /// The whole item, asked as the task says.
    pub fn of(task: &Arc<Task>, item: &Arc<Item>) -> Self {
        Self { task: Arc::clone(task), item: Arc::clone(item), offered: None, start: 0 }
    }

    /// The same with these labels offered, and no other read.
    #[must_use]
    pub fn offering(self, offered: Vec<LabelId>) -> Self {
        let task = Task { schema: self.task.schema.only(&offered), ..(*self.task).clone() };
        Self { task: Arc::new(task), offered: Some(offered), ..self }
    }
}

/// What was read from one answer, or from several together, and how sure it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// What was read.
    pub reading: Reading,
    /// How sure.
    pub confidence: Confidence,
}

/// What comes next.
#[derive(Debug, Clone)]
pub enum Step {
    /// These questions. Their answers are appended to those before, in this order.
    Ask(Vec<View>),
    /// Nothing: this is what was said.
    Done(Box<Heard>),
}

/// Asks one annotator's questions.
pub struct Inquiry {
    kind: &'static dyn TaskKind,
    task: Arc<Task>,
    long: Option<Long>,
    shortlist: Option<Shortlist>,
    is_whole: bool,
}

impl Inquiry {
    /// Makes ready what finds labels and cuts texts. An error where the task's settings do not go together.
    pub fn new(task: Arc<Task>, kind: &'static dyn TaskKind, long: Option<Long>) -> Result<Self> {
        let by_level = task.spec.levels.is_some();
        if by_level && (long.is_some() || task.spec.shortlist.is_some()) {
            return Err(Error::invalid("labels are asked for by `levels`, or for pieces of a text (`long`) or with a `shortlist`, not both")
                .hint("leave one of them out"));
        }
        if let Some(long) = &long {
            long.check()?;
        }
        if long.is_some() && !pieces::can_merge(kind.shape(), kind.id()) {
            return Err(Error::invalid(format!(
                "`long` cuts texts into pieces, and a `{}` cannot be put together from them",
                kind.id()
            ))
            .hint("leave `[long]` out, or give a model with a longer context"));
        }
        let shortlist = task.spec.shortlist.map(|n| Shortlist::new(&task, n)).transpose()?;
        Ok(Self { kind, task, long, shortlist, is_whole: false })
    }

    /// One view of the whole item and no other: for a recording, which holds one answer whatever is shown, and for a moderator.
    pub fn whole(task: Arc<Task>, kind: &'static dyn TaskKind) -> Self {
        let spec = TaskSpec { levels: None, shortlist: None, ..task.spec.clone() };
        let task = Arc::new(Task { spec, ..(*task).clone() });
        Self { kind, task, long: None, shortlist: None, is_whole: true }
    }

    /// What would be right to answer to a view, where this is the item's value; `None` where that is not known.
    pub fn truth(&self, view: &View, value: &Value) -> Option<Value> {
        match self.long {
            Some(_) => pieces::within(&self.task, view, value),
            None => Some(value.clone()),
        }
    }

    /// The task.
    pub fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// What comes after these answers.
    pub fn next(&self, item: &Arc<Item>, heard: &[Heard]) -> Step {
        if self.task.spec.levels.is_some() {
            return levels::next(self.kind, &self.task, item, heard);
        }
        if let Some(why) = self.kind.refuses(&self.task, item) {
            let reading = Reading { problem: None, ..Reading::unusable(why, Vec::new()) };
            let confidence = Confidence::Unknown(NoConfidence::NoLabel);
            return Step::Done(Box::new(Heard { reading, confidence }));
        }
        let pieces = self.pieces(item);
        let views = |(start, piece): &(u32, Arc<Item>)| -> Vec<View> {
            let n_views = if self.is_whole { 1 } else { usize::MAX };
            let views = self.kind.views(&self.task, piece).into_iter().take(n_views);
            views.map(|view| self.offer(View { start: *start, ..view })).collect()
        };
        let views: Vec<Vec<View>> = pieces.iter().map(views).collect();
        if heard.is_empty() {
            return Step::Ask(views.concat());
        }
        let mut rest = heard.iter().cloned();
        let of_pieces: Vec<(u32, Heard)> = views
            .iter()
            .zip(&pieces)
            .map(|(views, (start, _))| (*start, self.join(rest.by_ref().take(views.len()).collect())))
            .collect();
        Step::Done(Box::new(pieces::merge(self.kind, &self.task, of_pieces)))
    }

    /// How many calls an item takes, as far as can be told before the first.
    pub fn n_calls(&self, item: &Arc<Item>) -> u64 {
        match self.next(item, &[]) {
            Step::Ask(views) if self.task.spec.levels.is_some() => {
                levels::depth(&self.task).max(views.len() as u64)
            }
            Step::Ask(views) => views.len() as u64,
            Step::Done(_) => 0,
        }
    }

    /// Whether one item may take several calls, one after the other, of which a later one depends on an earlier one.
    pub fn is_stepwise(&self) -> bool {
        self.task.spec.levels.is_some()
    }

    fn join(&self, heard: Vec<Heard>) -> Heard {
        match self.is_whole {
            true => heard.into_iter().next().unwrap_or_else(Heard::nothing),
            false => self.kind.join(&self.task, heard),
        }
    }

    fn pieces(&self, item: &Arc<Item>) -> Vec<(u32, Arc<Item>)> {
        match &self.long {
            Some(long) => long.cut(&self.task, item),
            None => vec![(0, Arc::clone(item))],
        }
    }

    fn offer(&self, view: View) -> View {
        match &self.shortlist {
            Some(shortlist) => {
                let offered = shortlist.nearest(&self.task, &view.item);
                view.offering(offered)
            }
            None => view,
        }
    }
}
