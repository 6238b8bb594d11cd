//! What is asked about one item: its views made ready to send, with personal data hidden and worked examples chosen.

use std::sync::Arc;

use karat_core::{Hash, Item, Result, Value};
use karat_llm::Message;
use karat_store::CachedAnswer;
use karat_task::{Likelihood, Opinion, Shown, Step, View};
use tokio::sync::Mutex as AsyncMutex;

use super::Asker;
use crate::privacy::Unmask;
use crate::scoring::{self, Scorer};

/// One item to be asked, with its first messages rendered.
pub struct Question {
    /// The item.
    pub item: Arc<Item>,
    /// The hash of what is shown of it.
    pub input: Hash,
    /// What is asked first: mostly one view of the item.
    pub asked: Vec<Asked>,
    /// The identity of the first sample of the first view.
    pub request: Hash,
    pub(crate) cached: Option<CachedAnswer>,
    /// Whether another item with the same question was under way when this one was looked up.
    pub(crate) twin: bool,
    /// Whose turn it is among items with the same question.
    pub(crate) turn: Option<Arc<AsyncMutex<()>>>,
}

/// What another annotator said of an item, for a moderator to judge.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    /// Its label; `None` where it could not tell.
    pub(crate) value: Option<Value>,
    /// Why, where it said so.
    pub(crate) reason: Option<String>,
}

/// One view of an item, as it is sent.
pub struct Asked {
    /// What is shown, and what may be answered.
    pub view: View,
    /// What is sent.
    pub messages: Vec<Message>,
    /// The identity of the first sample.
    pub request: Hash,
    /// Puts back what was hidden.
    pub(crate) unmask: Option<Unmask>,
    /// The right verdict, where it is known: what a scripted inspector needs.
    pub(crate) truth: Option<Arc<str>>,
}

impl Question {
    /// What is sent first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.asked.iter().flat_map(|asked| &asked.messages)
    }
}

impl Asker {
    /// The question for an item, with what others said of it, to decide between.
    pub(crate) fn moderation(&self, item: Item, input: Hash, heard: &[Position]) -> Result<Question> {
        let mut question = self.question(item, input)?;
        let id = question.item.id.clone();
        for asked in &mut question.asked {
            let mut opinion = |it: &Position| {
                let answer = it.value.as_ref().map(|value| self.kind.answer_text(&asked.view.task, value));
                let mut hidden = |text: String| match &mut asked.unmask {
                    Some(unmask) => unmask.hide(&text),
                    None => text,
                };
                Opinion { answer: answer.map(&mut hidden), reason: it.reason.clone().map(&mut hidden) }
            };
            let opinions: Vec<Opinion> = heard.iter().map(&mut opinion).collect();
            let messages = std::mem::take(&mut asked.messages);
            asked.messages = self.prompter.with_opinions(messages, &opinions, 0, id.as_str());
            asked.request = self.request_hash(&asked.messages, 0, id.as_str());
        }
        question.request = question.asked.first().map_or(input, |asked| asked.request);
        Ok(question)
    }

    /// The question for an item.
    pub fn question(&self, item: Item, input: Hash) -> Result<Question> {
        let item = Arc::new(item);
        let mut question = Question {
            item: Arc::clone(&item),
            input,
            asked: Vec::new(),
            request: input,
            cached: None,
            twin: false,
            turn: None,
        };
        if let Scorer::Likely(likelihood) = &self.scorer {
            question.asked = self.scored(&question, *likelihood)?;
        } else if let Step::Ask(views) = self.inquiry.next(&item, &[]) {
            question.asked =
                views.into_iter().map(|view| self.asked(&question, view)).collect::<Result<_>>()?;
        }
        question.request = question.asked.first().map_or(input, |asked| asked.request);
        Ok(question)
    }

    /// A view made ready to send: personal data hidden, worked examples chosen.
    pub(crate) fn asked(&self, question: &Question, view: View) -> Result<Asked> {
        let near = self.shots.near(&self.task, &view.item)?;
        // At one level of a taxonomy, an example of another branch is none.
        let examples =
            near.into_iter().filter_map(|(item, value)| Some((item, self.inquiry.example(&view, value)?)));
        let (messages, unmask) = match self.hidden(&view) {
            Some((shown, unmask)) => {
                let shots = examples.map(|(item, value)| self.hidden_shot(&view, item, &value));
                (self.prompter.messages(&shown, &shots.collect::<Result<Vec<_>>>()?)?, Some(unmask))
            }
            None => {
                let shots = examples.map(|(item, value)| self.prompter.shown(&view.task, item, &value));
                (self.prompter.messages(&view, &shots.collect::<Result<Vec<_>>>()?)?, None)
            }
        };
        Ok(self.with_request(question, view, messages, unmask))
    }

    fn with_request(
        &self,
        question: &Question,
        view: View,
        messages: Vec<Message>,
        unmask: Option<Unmask>,
    ) -> Asked {
        let request = self.request_hash(&messages, 0, question.item.id.as_str());
        Asked { view, messages, request, unmask, truth: None }
    }

    /// The calls that score each label of an item.
    fn scored(&self, question: &Question, likelihood: Likelihood) -> Result<Vec<Asked>> {
        let view = View::of(&self.task, &question.item);
        let shown = self.hidden(&view).map_or_else(|| view.clone(), |(shown, _)| shown);
        let examples = self.shots.near(&self.task, &view.item)?;
        let hidden: Vec<(Item, Value)> = examples
            .iter()
            .map(|(item, value)| {
                let view = View::of(&self.task, &Arc::new(item.clone()));
                let item =
                    self.hidden(&view).map_or_else(|| item.clone(), |(shown, _)| (*shown.item).clone());
                (item, value.clone())
            })
            .collect();
        let shots: Vec<&(Item, Value)> = hidden.iter().collect();
        let calls = scoring::calls(likelihood, &self.task, &shown.item, &shots);
        Ok(calls
            .into_iter()
            .map(|messages| self.with_request(question, view.clone(), messages, None))
            .collect())
    }

    /// A view as a model may see it, and what puts back what was hidden; `None` where nothing is to be hidden.
    pub(crate) fn hidden(&self, view: &View) -> Option<(View, Unmask)> {
        let privacy = self.privacy.as_ref()?;
        let (hidden, unmask) = privacy.hide(&self.task, &view.item);
        Some((View { item: Arc::new(hidden), ..view.clone() }, unmask))
    }

    fn hidden_shot(&self, view: &View, item: &Item, value: &Value) -> Result<Shown> {
        let Some((shown, mut unmask)) = self.hidden(&View::of(&view.task, &Arc::new(item.clone()))) else {
            return self.prompter.shown(&view.task, item, value);
        };
        let shot = self.prompter.shown(&view.task, &shown.item, value)?;
        Ok(Shown { answer: unmask.hide(&shot.answer), ..shot })
    }
}
