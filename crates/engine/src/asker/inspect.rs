//! An annotator that checks final labels: its own task, its questions, and under which hash its verdicts are kept.
//!
//! In: an item and the label that is to stand. Out: a [`Question`] that shows the label below the item. Not here: which label
//! that is (`ladder.rs`), and the words of the question (`karat_task`).

use std::sync::Arc;

use karat_core::{Hash, Hasher, Item, Result, Role as Duty, Value};
use karat_llm::Aside;
use karat_task::{Opinion, VERDICTS};

use super::{Asker, Position, Question};
use crate::setup::Setup;

/// The annotators that label, without those that only check labels; these stand last in every setup.
pub(crate) fn labelers(askers: &[Asker]) -> &[Asker] {
    let n = askers.iter().position(Asker::inspects).unwrap_or(askers.len());
    &askers[..n]
}

impl Asker {
    /// Whether it checks the labels of others.
    pub fn inspects(&self) -> bool {
        self.spec.role == Duty::Inspector
    }

    /// Under which hash its verdict on a label of an item is kept: another label is another question.
    pub(crate) fn inspected(&self, setup: &Setup, item: &Item, label: &Value) -> Hash {
        let shown = setup.task.input_hash(item);
        let label = label.to_json(&setup.task.schema).to_string();
        Hasher::default().part("inspected").part(shown.0).part(label).finish()
    }

    /// The question whether a label follows the guideline. `given` is the label with its reason, where it has one.
    pub(crate) fn inspection(&self, setup: &Setup, item: Item, given: &Position) -> Result<Question> {
        let Some(label) = &given.value else {
            return self.question(item.clone(), setup.task.input_hash(&item));
        };
        let input = self.inspected(setup, &item, label);
        let is_right = self.gold.as_ref().and_then(|column| item.fields.get(column));
        let is_right = is_right.and_then(|cell| setup.kind.read_gold(&setup.task, &item, cell).ok());
        let truth = is_right.map(|gold| self.verdict_text(usize::from(gold != *label)));
        let mut question = self.question(item, input)?;
        for asked in &mut question.asked {
            let mut hidden = |text: String| match &mut asked.unmask {
                Some(unmask) => unmask.hide(&text),
                None => text,
            };
            let answer = hidden(setup.kind.answer_text(&asked.view.task, label));
            let opinion = Opinion { answer: Some(answer), reason: given.reason.clone().map(&mut hidden) };
            let messages = std::mem::take(&mut asked.messages);
            asked.messages = self.prompter.with_given(messages, &opinion);
            asked.request = self.request_hash(&asked.messages, 0, question.item.id.as_str());
            asked.truth.clone_from(&truth);
        }
        question.request = question.asked.first().map_or(input, |asked| asked.request);
        Ok(question)
    }

    /// What a scripted inspector needs to be right or wrong on purpose.
    pub(super) fn aside_of_verdict(&self, truth: Option<&Arc<str>>) -> Aside {
        let wrong =
            (0..VERDICTS.len()).map(|n| self.verdict_text(n)).filter(|it| Some(it) != truth).collect();
        Aside { truth: truth.cloned(), wrong, ..Aside::default() }
    }

    fn verdict_text(&self, n: usize) -> Arc<str> {
        let value = self.task.schema.ids().nth(n).map(Value::Choice);
        value.map_or_else(String::new, |value| self.kind.answer_text(&self.task, &value)).into()
    }
}
