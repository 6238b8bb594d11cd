//! One sample of an item: every call that it takes, each with one chance to mend its answer.
//!
//! In: a [`Question`]. Out: what was read in the end, how sure, and the [`Entry`] of the last call, which is written together
//! with the annotation. Every call before it is on disk before the next is made.

use karat_core::{AnnotatorKind, Confidence, ConfidenceSource, Failure, NoConfidence, Note, Outcome, Task};
use karat_llm::Message;
use karat_store::{CachedAnswer, Entry};
use karat_task::{Heard, RawAnswer, Reading, Step, View};

use super::call::{Attempt, Called};
use super::{Desk, Halt};
use crate::answer::KeptAnswer;
use crate::asker::{Asked, Question};
use crate::privacy::Unmask;
use crate::scoring::Scorer;

/// One sample: what was read, how sure, and what is still to be written.
pub(crate) struct Sample {
    pub(crate) heard: Heard,
    pub(crate) entry: Entry,
}

/// What one question came to.
enum Said {
    Heard(Heard),
    Failed(Failure),
}

impl Desk<'_> {
    /// Asks view after view until the inquiry has heard enough.
    pub(crate) async fn sample(&self, question: &Question, n: u32) -> Result<Sample, Halt> {
        if let Scorer::Likely(likelihood) = &self.asker.scorer {
            return self.scored(question, *likelihood).await;
        }
        let mut sample = self.inquire(question, n).await?;
        self.check(question, &mut sample, n).await?;
        self.write_early(&mut sample.entry).await?;
        Ok(sample)
    }

    async fn inquire(&self, question: &Question, n: u32) -> Result<Sample, Halt> {
        let mut entry = Entry::default();
        let mut heard = Vec::new();
        let mut step = None;
        loop {
            let asked = match &step {
                None => &question.asked,
                Some(asked) => asked,
            };
            for one in asked {
                match self.view(question, one, n, heard.is_empty(), &mut entry).await? {
                    Said::Heard(one) => heard.push(one),
                    Said::Failed(failure) => return Ok(failed(failure, entry)),
                }
            }
            match self.asker.inquiry.next(&question.item, &heard) {
                Step::Ask(views) => step = Some(self.render(question, views)?),
                Step::Done(heard) => return Ok(Sample { heard: *heard, entry }),
            }
        }
    }

    fn render(&self, question: &Question, views: Vec<View>) -> Result<Vec<Asked>, Halt> {
        views.into_iter().map(|view| Ok(self.asker.asked(question, view)?)).collect()
    }

    /// A vote is not left to wait for the others: what it has set aside may be what they wait for.
    async fn write_early(&self, entry: &mut Entry) -> Result<(), Halt> {
        if self.asker.spec.samples > 1 && !entry.attempts.is_empty() {
            self.write(std::mem::take(entry)).await?;
        }
        Ok(())
    }

    /// What was paid for is kept before more is spent.
    pub(super) async fn write_before_more(&self, entry: &mut Entry) -> Result<(), Halt> {
        if !entry.attempts.is_empty() {
            self.write(std::mem::take(entry)).await?;
        }
        Ok(())
    }

    /// One view: the question, and once more with the problem named.
    async fn view(
        &self,
        question: &Question,
        asked: &Asked,
        n: u32,
        is_first: bool,
        entry: &mut Entry,
    ) -> Result<Said, Halt> {
        let id = question.item.id.as_str();
        let key = match n {
            0 => asked.request,
            _ => self.asker.request_hash(&asked.messages, n, id),
        };
        let known = match question.cached.clone().filter(|_| n == 0 && is_first) {
            Some(known) => Some(known),
            None if question.twin || n > 0 || !is_first => self.lookup(key).await?,
            None => None,
        };
        self.write_before_more(entry).await?;
        let of = Attempt { key, sample: n, ask: 0 };
        let (answer, reused) = match self.answer(question, asked, &asked.messages, of, known).await? {
            (Called::Answered(answer, more), reused) => {
                *entry = more;
                (answer, reused)
            }
            (Called::Failed(failure, more), _) => {
                *entry = more;
                return Ok(Said::Failed(failure));
            }
        };
        let mut heard = self.hear(asked, &answer);
        heard.reading.notes.extend(reused);
        let n_hidden = asked.unmask.as_ref().map_or(0, Unmask::n_found);
        heard.reading.notes.extend((n_hidden > 0).then_some(Note::Masked { n: n_hidden }));
        // A recording has one answer: asking it again would only play that once more.
        let asks_again = self.asker.annotator.kind != AnnotatorKind::Replay;
        if let Some(problem) = heard.reading.problem.take().filter(|_| asks_again) {
            self.write_before_more(entry).await?;
            let messages = self.asker.prompter.ask_again(&asked.messages, &answer.text, &problem);
            let key = self.asker.request_hash(&messages, n, id);
            let known = if answer.from_journal { self.lookup(key).await? } else { None };
            let of = Attempt { key, sample: n, ask: 1 };
            match self.answer(question, asked, &messages, of, known).await? {
                (Called::Answered(second, more), _) => {
                    let second = self.hear(asked, &second);
                    if better(&second.reading, &heard.reading) {
                        heard = second;
                    }
                    *entry = more;
                }
                (Called::Failed(_, more), _) => *entry = more,
            }
            heard.reading.notes.push(Note::AskedAgain { problem });
        }
        Ok(Said::Heard(heard))
    }

    pub(super) async fn lookup(&self, key: karat_core::Hash) -> Result<Option<CachedAnswer>, Halt> {
        if self.fresh {
            return Ok(None);
        }
        Ok(self.store.answers(&[key]).await?.remove(&key))
    }

    /// The answer to one question: from the journal where it is known, else by a call.
    pub(super) async fn answer(
        &self,
        question: &Question,
        asked: &Asked,
        messages: &[Message],
        of: Attempt,
        known: Option<CachedAnswer>,
    ) -> Result<(Called, Option<Note>), Halt> {
        if let Some(known) = known {
            let is_own = *known.item == *question.item.id.as_str();
            // What a batch of this very run brought is its own answer, and no earlier one.
            let note = match is_own {
                true if known.run == self.run => None,
                true => Some(Note::Cached),
                false => Some(Note::Shared { with: known.item.to_string() }),
            };
            let answer = KeptAnswer::read(&known.answer)?;
            return Ok((Called::Answered(Box::new(answer), Entry::default()), note));
        }
        let request = self.asker.request(
            &question.item,
            (&asked.view, asked.truth.as_ref()),
            messages.to_vec(),
            of.sample,
        );
        let called = self.call(&request, of).await?;
        Ok((called, None))
    }

    fn hear(&self, asked: &Asked, answer: &KeptAnswer) -> Heard {
        let mut reading = self.asker.read(asked, answer);
        let standby = answer.by.checked_sub(1).and_then(|n| self.asker.standbys.get(n as usize));
        reading.notes.extend(standby.map(|it| Note::FellBack { to: it.spec.clone() }));
        let confidence = self.confidence(asked, answer, &reading);
        Heard { reading, confidence }
    }

    fn confidence(&self, asked: &Asked, answer: &KeptAnswer, reading: &Reading) -> Confidence {
        let Some(value) = reading.outcome.value() else {
            return Confidence::Unknown(NoConfidence::NoLabel);
        };
        let by_tokens = answer.logprobs.as_ref().map(|tokens| {
            karat_task::token_confidence(
                self.asker.kind,
                self.asker.answers(asked),
                &answer.text,
                tokens,
                value,
            )
        });
        match (by_tokens, reading.stated) {
            (Some(known @ Confidence::Raw(..)), _) => known,
            (_, Some(stated)) => Confidence::Raw(stated, ConfidenceSource::Stated),
            (Some(unknown), None) => unknown,
            (None, None) if self.asker.spec.state_confidence => Confidence::Unknown(NoConfidence::NotStated),
            (None, None) => Confidence::Unknown(NoConfidence::NoLogprobs),
        }
    }
}

pub(super) fn failed(failure: Failure, entry: Entry) -> Sample {
    let reading =
        Reading { outcome: Outcome::Failed(failure), notes: Vec::new(), problem: None, stated: None };
    Sample { heard: Heard { reading, confidence: Confidence::Unknown(NoConfidence::NoLabel) }, entry }
}

/// Whether the second answer is to be taken: always, unless only the first is a label.
fn better(second: &Reading, first: &Reading) -> bool {
    second.outcome.value().is_some() || first.outcome.value().is_none()
}

impl crate::asker::Asker {
    /// The task whose values are answered: that of the view, or the inspector's own.
    fn answers<'t>(&'t self, asked: &'t Asked) -> &'t Task {
        if self.inspects() { &self.task } else { &asked.view.task }
    }

    /// Reads an answer to a view: with what was hidden put back, against the item as it is.
    pub(crate) fn read(&self, asked: &Asked, answer: &KeptAnswer) -> Reading {
        let restored = asked.unmask.as_ref().map(|unmask| unmask.restore(&answer.text));
        let raw = RawAnswer {
            text: restored.as_deref().unwrap_or(&answer.text),
            truncated_at: answer.truncated.then_some(self.spec.max_tokens),
            refusal: answer.refusal.as_deref(),
        };
        let mut reading = self.kind.read_answer(self.answers(asked), &asked.view.item, &raw);
        if self.inspects() {
            reading = karat_task::as_verdict(reading);
        }
        // A recording, or a stand-in, gives what it has.
        match (self.moderates() || self.inspects()) && self.nature().is_live() {
            true => karat_task::with_reason(reading, raw.text),
            false => reading,
        }
    }
}
