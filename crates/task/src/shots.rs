//! Worked examples: each must read as its own answer before a model is shown it.

use std::borrow::Cow;

use karat_core::{Error, Item, Outcome, Result, Shot, Task, Value};

use crate::kind::{PromptStyle, RawAnswer, ShotStyle, TaskKind};
use crate::kinds::item_of;
use crate::language::words;
use crate::prompt::show_item;

/// A worked example as a model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The item as a model sees it.
    pub item: String,
    /// The answer in the form that is asked for.
    pub answer: String,
}

/// A worked example as an item: its text, and its further columns by name.
pub(crate) fn item(task: &Task, shot: &Shot) -> Item {
    let mut item = item_of(&task.text, &shot.text);
    item.fields.extend(shot.context.iter().map(|(name, text)| (name.clone(), text.as_str().into())));
    item
}

/// The value of a worked example; an error where it is no value of the task or does not survive its own reading.
pub(crate) fn read<K: TaskKind + ?Sized>(kind: &K, task: &Task, shot: &Shot) -> Result<Value> {
    let item = item(task, shot);
    let value = kind.read_gold(task, &item, &shot.answer).map_err(Error::invalid)?;
    let answer = kind.shot_text(task, &shot.text, &value, &ShotStyle::default());
    let reading = kind.read_answer(task, &item, &RawAnswer::of(&answer));
    if reading.outcome == Outcome::Labeled(value.clone()) && reading.problem.is_none() {
        return Ok(value);
    }
    let why = reading
        .problem
        .or(reading.outcome.reason())
        .unwrap_or_else(|| "it reads as another answer".to_owned());
    Err(Error::invalid(why))
}

/// All worked examples of a task as a model sees them; the error names the first that does not fit.
pub(crate) fn render(task: &Task, kind: &dyn TaskKind, style: &PromptStyle) -> Result<Vec<Shown>> {
    let one = |(n, shot): (usize, &Shot)| {
        let value = kind.read_shot(task, shot).map_err(|error| {
            let text: String = shot.text.chars().take(40).collect();
            error
                .while_doing(format!("worked example {} (`{text}`)", n + 1))
                .hint("correct its answer under `task.examples`")
        })?;
        let with = ShotStyle {
            reason: style.reasoning.then(|| shot.reason.clone()).filter(|reason| !reason.is_empty()),
            // Not 1: models copy the number that they see.
            confidence: style.state_confidence.then_some(0.95),
            explanation: style.explain.then(|| shot.reason.clone()).filter(|reason| !reason.is_empty()),
        };
        let beside = kind.shown_with_shot(task, shot, &value, style.language);
        let context: Vec<(&str, Cow<'_, str>)> =
            beside.iter().map(|(name, text)| (name.as_str(), Cow::Borrowed(text.as_str()))).collect();
        let shown = kind.shown(task, &item(task, shot), style.language);
        let text = Some(shot.text.as_str()).filter(|text| !text.is_empty() || shown.is_empty());
        Ok(Shown {
            item: show_item(text, &context, words(style.language)),
            answer: kind.shot_text(task, &shot.text, &value, &with),
        })
    };
    task.shots.iter().enumerate().map(one).collect()
}
