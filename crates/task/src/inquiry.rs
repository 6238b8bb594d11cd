//! In which calls an item is asked about, and what their answers say together.
//!
//! In: a task, an item, the answers so far. Out: the next [`View`]s to ask, or what was [`Heard`] in the end. Pure: what was
//! answered before a crash leads to the same next question after it.
//!
//! Most items take one call. More are needed where options are compared in both orders, where a text is too long for one
//! call (`pieces.rs`), and where labels are asked for level by level (`levels.rs`). Of many labels those nearest to the text
//! are offered (`shortlist.rs`).
//!
//! Not here: the words of a question (`prompt.rs`), and asking it.

pub(crate) mod levels;
mod pieces;
pub(crate) mod shortlist;

use std::sync::Arc;

use karat_core::{Confidence, Error, Item, LabelId, NoConfidence, Result, Task, TaskSpec, Value};

use crate::kind::{Reading, TaskKind};
use levels::Levels;
pub use pieces::{Counter, Long};
use shortlist::Shortlist;
pub use shortlist::{ShortlistRecall, shortlist_recall};

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
    /// Where labels are asked for level by level: what was chosen above; `None` at the top.
    pub within: Option<Within>,
}

/// What was chosen at the levels above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    /// From the top, as labels are written.
    pub path: String,
    /// The offered label that stands for that choice itself, with nothing narrower.
    pub itself: Option<LabelId>,
}

impl View {
    /// The whole item, asked as the task says.
    pub fn of(task: &Arc<Task>, item: &Arc<Item>) -> Self {
        Self { task: Arc::clone(task), item: Arc::clone(item), offered: None, start: 0, within: None }
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
    levels: Option<Levels>,
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
        for part in &task.parts {
            if !shortlist::lists_all(&part.task) {
                let message = format!("question `{}` has {} labels", part.name, part.task.schema.len());
                return Err(Error::invalid(message).hint("ask it in a task of its own, with a `shortlist`"));
            }
        }
        let levels = if by_level { Some(Levels::new(&task, kind)?) } else { None };
        let shortlist = if by_level { None } else { Shortlist::of(&task, kind)? };
        Ok(Self { kind, task, long, levels, shortlist, is_whole: false })
    }

    /// One view of the whole item and no other: for a recording, which holds one answer whatever is shown, and for a moderator.
    pub fn whole(task: Arc<Task>, kind: &'static dyn TaskKind) -> Self {
        let shortlist = Shortlist::for_whole(&task, kind);
        let spec = TaskSpec { levels: None, shortlist: None, ..task.spec.clone() };
        let task = Arc::new(Task { spec, ..(*task).clone() });
        Self { kind, task, long: None, levels: None, shortlist, is_whole: true }
    }

    /// What would be right to answer to a view, where this is the item's value; `None` where that is not known.
    pub fn right_for(&self, view: &View, value: &Value) -> Option<Value> {
        if let Some(levels) = &self.levels {
            return levels.truth(view, value);
        }
        let here = match self.long {
            Some(_) => pieces::within(&self.task, view, value)?,
            None => value.clone(),
        };
        match (&view.offered, here) {
            (Some(offered), Value::Choices(labels)) if !self.is_whole => {
                Some(Value::choices(labels.into_iter().filter(|it| offered.contains(it)).collect()))
            }
            (Some(offered), Value::Choice(label)) if !self.is_whole && !offered.contains(&label) => None,
            (_, here) => Some(here),
        }
    }

    /// A labeled item's value as the answer of a worked example beside this view; `None` where it is no example of it.
    pub fn example(&self, view: &View, value: &Value) -> Option<Value> {
        match &self.levels {
            Some(levels) => levels.truth(view, value),
            None => Some(value.clone()),
        }
    }

    /// The task.
    pub fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// What comes after these answers.
    pub fn next(&self, item: &Arc<Item>, heard: &[Heard]) -> Step {
        if let Some(levels) = &self.levels {
            return levels.next(item, heard);
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
            views.map(|view| View { start: *start, ..view }).collect()
        };
        let views: Vec<Vec<View>> = pieces.iter().map(views).collect();
        if heard.is_empty() {
            return Step::Ask(views.into_iter().flatten().map(|view| self.offer(view)).collect());
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
        match (self.next(item, &[]), &self.levels) {
            (Step::Ask(_), Some(levels)) => levels.depth(),
            (Step::Ask(views), None) => views.len() as u64,
            (Step::Done(_), _) => 0,
        }
    }

    /// Whether one item may take several calls, one after the other, of which a later one depends on an earlier one.
    pub fn is_stepwise(&self) -> bool {
        self.levels.is_some()
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
                // A recording may hold any label, and a moderator may take one that only an annotator was offered.
                if self.is_whole { View { offered: Some(offered), ..view } } else { view.offering(offered) }
            }
            None => view,
        }
    }
}
