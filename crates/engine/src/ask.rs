//! One item: ask, read, ask once more if there is a problem, decide, write.
//!
//! In: a [`Question`]. Out: an annotation in the journal, or a [`Halt`] that ends the run and leaves the item as it was.
//! Each answered call is on disk, in one transaction with what it paid for, before the next one is made.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use karat_core::{
    Annotation, AnnotatorKind, AttemptRow, Confidence, ConfidenceSource, Error, ErrorKind, Failure, Hash,
    MicroUsd, NoConfidence, Note, Outcome, Result, Tokens, Unusable, Value,
};
use karat_llm::{CallError, CallErrorClass, Message, ModelAnswer, ModelRequest, Tries};
use karat_store::{Entry, Hold, Journal, Store};
use karat_task::{RawAnswer, Reading, Vote};
use tokio::sync::Mutex as AsyncMutex;

use crate::answer::KeptAnswer;
use crate::asker::{Asker, Question};
use crate::progress::Progress;
use crate::prompt_blob;
use crate::purse::Purse;
use crate::stop::Stop;

/// After so many tries without a connection, a server that has never answered is not there.
const TRIES_TO_ABSENT: u32 = 3;

/// Why a run ends before its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The user asked for it.
    Stopped,
    /// It makes no sense to go on.
    Fatal(Error),
    /// The recording holds no answer for this item: the item is left as it is, the run goes on.
    NotRecorded,
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

/// What asking needs beside the question: where to write, what may be spent, whether to go on.
pub(crate) struct Desk<'a> {
    pub(crate) asker: &'a Asker,
    pub(crate) store: &'a Store,
    pub(crate) journal: &'a Journal,
    pub(crate) purse: Option<&'a Purse>,
    pub(crate) progress: &'a Progress,
    pub(crate) stop: &'a Stop,
    pub(crate) run: i64,
    /// Whether answers that the journal knows are not to be used: a retry wants new ones.
    pub(crate) fresh: bool,
    /// Whether this annotator has answered in this run.
    pub(crate) answered: AtomicBool,
    /// Calls in a row that were given up without a connection.
    pub(crate) n_cut_off: AtomicU32,
    /// Whether nothing of this annotator is in the journal yet.
    pub(crate) is_new: bool,
    /// Set after a fatal error: nothing new is asked.
    pub(crate) halted: AtomicBool,
    /// Questions under way, so that two items of the same content cost one call.
    pub(crate) under_way: Mutex<HashMap<Hash, Arc<AsyncMutex<()>>>>,
}

/// One sample: what was read, and the token probabilities' verdict on it.
struct Sample {
    reading: Reading,
    confidence: Confidence,
    entry: Entry,
}

/// The outcome of one call with its tries.
enum Called {
    Answered(Box<KeptAnswer>, Entry),
    Failed(Failure, Entry),
}

impl Desk<'_> {
    /// Asks, and writes the annotation.
    pub(crate) async fn annotate(&self, question: Question) -> Result<(), Halt> {
        let Some(turn) = question.turn.clone() else {
            return self.annotate_alone(question).await;
        };
        let request = question.request;
        let mine = turn.lock().await;
        let done = self.annotate_alone(question).await;
        drop(mine);
        // Off the list once nobody else waits for this answer: it is in the journal now.
        if let Ok(mut under_way) = self.under_way.lock()
            && Arc::strong_count(&turn) == 2
        {
            under_way.remove(&request);
        }
        done
    }

    async fn annotate_alone(&self, question: Question) -> Result<(), Halt> {
        let n_samples = self.asker.spec.samples;
        let (outcome, confidence, notes, mut entry) = if n_samples == 1 {
            let sample = self.sample(&question, 0).await?;
            (sample.reading.outcome, sample.confidence, sample.reading.notes, sample.entry)
        } else {
            let samples = join_all((0..n_samples).map(|n| self.sample(&question, n))).await;
            // Each sample is written by itself.
            let (outcome, confidence, notes) = self.vote(samples.into_iter().collect::<Result<_, _>>()?);
            (outcome, confidence, notes, Entry::default())
        };
        let annotation = Annotation {
            item: question.item.id.clone(),
            input: question.input,
            annotator: self.asker.id,
            run: self.run,
            outcome,
            confidence,
            notes,
            at_ms: crate::now_ms(),
        };
        entry.annotations.push(annotation.to_row(&self.asker.task.schema));
        self.write(entry).await?;
        // Counted only now that it is on disk.
        self.progress.done(&annotation);
        Ok(())
    }

    /// One sample of one item: the question, and once more with the problem named.
    async fn sample(&self, question: &Question, n: u32) -> Result<Sample, Halt> {
        let asker = self.asker;
        let (key, known) = match n {
            0 => (question.request, question.cached.clone()),
            _ => (asker.request_hash(&question.messages, n, question.item.id.as_str()), None),
        };
        let known = match known {
            Some(known) => Some(known),
            None if question.twin || n > 0 => self.lookup(key).await?,
            None => None,
        };
        let (answer, mut entry, reused) =
            match self.answer(question, &question.messages, Attempt { key, sample: n, ask: 0 }, known).await?
            {
                (Called::Answered(answer, entry), reused) => (answer, entry, reused),
                (Called::Failed(failure, mut entry), _) => {
                    if asker.spec.samples > 1 {
                        self.write(std::mem::take(&mut entry)).await?;
                    }
                    return Ok(failed(failure, entry));
                }
            };
        let mut reading = self.read(question, &answer);
        let mut confidence = self.confidence(&answer, &reading);
        reading.notes.extend(reused);
        // A recording has one answer: asking it again would only play that once more.
        let asks_again = self.asker.annotator.kind != AnnotatorKind::Replay;
        if let Some(problem) = reading.problem.take().filter(|_| asks_again) {
            // What was paid for is kept before more is spent.
            if !entry.attempts.is_empty() {
                self.write(std::mem::take(&mut entry)).await?;
            }
            let messages = asker.prompter.ask_again(&question.messages, &answer.text, &problem);
            let key = asker.request_hash(&messages, n, question.item.id.as_str());
            let known = if answer.from_journal { self.lookup(key).await? } else { None };
            match self.answer(question, &messages, Attempt { key, sample: n, ask: 1 }, known).await? {
                (Called::Answered(second, more), _) => {
                    let second_reading = self.read(question, &second);
                    if better(&second_reading, &reading) {
                        confidence = self.confidence(&second, &second_reading);
                        reading = second_reading;
                    }
                    entry = more;
                }
                (Called::Failed(_, more), _) => entry = more,
            }
            reading.notes.push(Note::AskedAgain { problem });
        }
        // A vote is not left to wait for the others: what it has set aside may be what they wait for.
        if asker.spec.samples > 1 && !entry.attempts.is_empty() {
            self.write(std::mem::take(&mut entry)).await?;
        }
        Ok(Sample { reading, confidence, entry })
    }

    async fn lookup(&self, key: Hash) -> Result<Option<karat_store::CachedAnswer>, Halt> {
        if self.fresh {
            return Ok(None);
        }
        Ok(self.store.answers(&[key]).await?.remove(&key))
    }

    /// The answer to one question: from the journal where it is known, else by a call.
    async fn answer(
        &self,
        question: &Question,
        messages: &[Message],
        of: Attempt,
        known: Option<karat_store::CachedAnswer>,
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
        let request = self.asker.request(&question.item, messages.to_vec(), of.sample);
        let called = self.call(&request, of).await?;
        Ok((called, None))
    }

    /// One call, with its tries. Budget first, then the call, then the books.
    async fn call(&self, request: &ModelRequest, of: Attempt) -> Result<Called, Halt> {
        let mut entry = Entry::default();
        let mut hold = None;
        let mut tries = Tries::new(self.asker.retry);
        for n_try in 1.. {
            if self.stop.asked() {
                self.give_back(hold, entry).await?;
                return Err(Halt::Stopped);
            }
            if hold.is_none() {
                hold = self.reserve(request).await?;
            }
            let answer = self.asker.model.complete(request).await;
            let mut row = self.row(request, &of, n_try);
            match answer {
                Ok(answer) => {
                    let cost = self.cost(request, &answer);
                    self.book(&mut row, &mut entry, request, &answer, cost);
                    entry.settle = hold.take();
                    self.progress.call(row.cost, row.tokens);
                    self.answered.store(true, Relaxed);
                    self.n_cut_off.store(0, Relaxed);
                    entry.attempts.push(row);
                    return Ok(Called::Answered(Box::new(KeptAnswer::from(answer)), entry));
                }
                Err(error) if error.class == CallErrorClass::NotRecorded => {
                    self.give_back(hold, entry).await?;
                    return Err(Halt::NotRecorded);
                }
                Err(error) => {
                    self.book_error(&mut row, &mut entry, &mut hold, request, &error);
                    entry.attempts.push(row);
                    if entry.settle.is_some() {
                        self.write(std::mem::take(&mut entry)).await?;
                    }
                    let pause = tries.wait_after(&error).filter(|_| !self.is_absent(&error, n_try));
                    let Some(pause) = pause else {
                        return self.give_up(error, hold, entry).await;
                    };
                    if self.stop.sleep(pause).await {
                        self.give_back(hold, entry).await?;
                        return Err(Halt::Stopped);
                    }
                }
            }
        }
        Err(Halt::Stopped)
    }

    /// The tries are used up, or more of them make no sense.
    async fn give_up(&self, error: CallError, hold: Option<Hold>, mut entry: Entry) -> Result<Called, Halt> {
        entry.settle = hold;
        // A bad request before anything was answered is a wrong model or parameter; later it is this item's own.
        let of_this_item = error.class == CallErrorClass::BadRequest && self.has_ever_answered().await?;
        if (error.class.is_fatal() && !of_this_item)
            || self.is_absent(&error, TRIES_TO_ABSENT)
            || self.is_gone(&error)
        {
            self.write(entry).await?;
            return Err(Halt::Fatal(fatal(&error, self.asker)));
        }
        let failure = Failure { class: error.class.as_str().to_owned(), message: error.message };
        Ok(Called::Failed(failure, entry))
    }

    /// In this run, or in one before: an item that the endpoint cannot take must not end each further run.
    async fn has_ever_answered(&self) -> Result<bool> {
        Ok(self.answered.load(Relaxed) || !self.store.usage_samples(self.asker.id, 1).await?.is_empty())
    }

    /// Whether there is no server at all: it has never answered in this run, and cannot be reached again and again.
    fn is_absent(&self, error: &CallError, n_tries: u32) -> bool {
        error.class == CallErrorClass::Connection
            && n_tries >= TRIES_TO_ABSENT
            && !self.answered.load(Relaxed)
    }

    /// Whether the server went away in the middle of the run: as many calls as may be under way were given up, one after
    /// the other, and none was answered between.
    fn is_gone(&self, error: &CallError) -> bool {
        error.class == CallErrorClass::Connection
            && self.n_cut_off.fetch_add(1, Relaxed) >= self.asker.spec.concurrency
    }

    async fn give_back(&self, hold: Option<Hold>, mut entry: Entry) -> Result<(), Halt> {
        entry.settle = hold;
        if entry.settle.is_some() || !entry.attempts.is_empty() {
            self.write(entry).await?;
        }
        Ok(())
    }

    /// Sets the most that the call can cost aside, on disk, before it is made.
    async fn reserve(&self, request: &ModelRequest) -> Result<Option<Hold>, Halt> {
        let (Some(purse), Some(price)) = (self.purse, &self.asker.price) else {
            return Ok(None);
        };
        let most = price.upper_bound(request.prompt_bytes(), request.settings.max_tokens);
        purse.take(MicroUsd(most.0)).await.map(Some).map_err(Halt::Fatal)
    }

    /// Writes an entry; a hold that ends with it may let another call begin.
    async fn write(&self, entry: Entry) -> Result<(), Halt> {
        let settles = entry.settle.is_some();
        let written = self.journal.write(entry).await;
        if let (true, Some(purse)) = (settles, self.purse) {
            purse.settled();
        }
        Ok(written?)
    }

    fn cost(&self, request: &ModelRequest, answer: &ModelAnswer) -> MicroUsd {
        let Some(price) = &self.asker.price else {
            return MicroUsd(0);
        };
        let cost = match &answer.usage {
            Some(usage) => price.cost(usage),
            None if self.asker.nature().is_live() => {
                price.upper_bound(request.prompt_bytes(), request.settings.max_tokens)
            }
            None => return MicroUsd(0),
        };
        MicroUsd(cost.0)
    }

    fn row(&self, request: &ModelRequest, of: &Attempt, attempt: u32) -> AttemptRow {
        AttemptRow {
            run: self.run,
            annotator: self.asker.id,
            item: Arc::clone(&request.aside.key),
            request: of.key,
            sample: of.sample,
            ask: of.ask,
            attempt,
            status: "ok".to_owned(),
            message: None,
            prompt: Hash([0; 16]),
            answer: None,
            tokens: None,
            cost: MicroUsd(0),
            priced: self.asker.price.as_ref().map(|price| price.date.to_string()),
            latency_ms: 0,
            served_model: None,
            at_ms: crate::now_ms(),
        }
    }

    fn book(
        &self,
        row: &mut AttemptRow,
        entry: &mut Entry,
        request: &ModelRequest,
        answer: &ModelAnswer,
        cost: MicroUsd,
    ) {
        row.prompt = prompt_blob::keep(&request.messages, self.asker.system, &mut entry.blobs);
        let bytes = KeptAnswer::bytes(answer);
        let hash = Hash::of(&bytes);
        entry.blobs.push((hash, bytes.into()));
        row.answer = Some(hash);
        row.tokens = answer.usage.map(|it| Tokens {
            input: it.input,
            cached_read: it.cached_read,
            cached_write: it.cached_write,
            output: it.output,
            reasoning: it.reasoning,
        });
        row.cost = cost;
        row.latency_ms = answer.latency_ms;
        row.served_model = answer.served_model.clone();
    }

    /// A try that may have been paid for costs its upper bound; one that was refused costs nothing and keeps its hold.
    fn book_error(
        &self,
        row: &mut AttemptRow,
        entry: &mut Entry,
        hold: &mut Option<Hold>,
        request: &ModelRequest,
        error: &CallError,
    ) {
        use CallErrorClass::{BadBody, Connection, Timeout};
        row.prompt = prompt_blob::keep(&request.messages, self.asker.system, &mut entry.blobs);
        row.status = error.class.as_str().to_owned();
        row.message = Some(error.message.clone());
        if matches!(error.class, Timeout | BadBody | Connection)
            && let Some(hold) = hold.take()
        {
            row.cost = hold.amount();
            entry.settle = Some(hold);
        }
        self.progress.failed_try(error.class.as_str(), row.cost);
    }

    fn read(&self, question: &Question, answer: &KeptAnswer) -> Reading {
        let max_tokens = self.asker.spec.max_tokens;
        let raw = RawAnswer {
            text: &answer.text,
            truncated_at: answer.truncated.then_some(max_tokens),
            refusal: answer.refusal.as_deref(),
        };
        self.asker.kind.read_answer(&self.asker.task, &question.item, &raw)
    }

    fn confidence(&self, answer: &KeptAnswer, reading: &Reading) -> Confidence {
        let Some(value) = reading.outcome.value() else {
            return Confidence::Unknown(NoConfidence::NoLabel);
        };
        let by_tokens = answer.logprobs.as_ref().map(|tokens| {
            karat_task::token_confidence(self.asker.kind, &self.asker.task, &answer.text, tokens, value)
        });
        match (by_tokens, reading.stated) {
            (Some(known @ Confidence::Raw(..)), _) => known,
            (_, Some(stated)) => Confidence::Raw(stated, ConfidenceSource::Stated),
            (Some(unknown), None) => unknown,
            (None, None) if self.asker.spec.state_confidence => Confidence::Unknown(NoConfidence::NotStated),
            (None, None) => Confidence::Unknown(NoConfidence::NoLogprobs),
        }
    }

    /// Joins the samples of one item. A sample without a label is a vote for none: it lowers the share.
    fn vote(&self, samples: Vec<Sample>) -> (Outcome, Confidence, Vec<Note>) {
        let n_samples = samples.len() as f64;
        let (mut values, mut notes, mut other) = (Vec::<Value>::new(), Vec::new(), None);
        for sample in samples {
            for note in sample.reading.notes {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            match sample.reading.outcome {
                Outcome::Labeled(value) => values.push(value),
                outcome => other = other.or(Some(outcome)),
            }
        }
        let n_labeled = values.len() as f64;
        let no_label = Confidence::Unknown(NoConfidence::NoLabel);
        match self.asker.kind.vote(&values) {
            Vote::Winner { value, share } => {
                let confidence = Confidence::Raw(share * n_labeled / n_samples, ConfidenceSource::VoteShare);
                (Outcome::Labeled(value), confidence, notes)
            }
            Vote::Tie(tied) => {
                let got = tied.iter().map(|it| it.to_json(&self.asker.task.schema).to_string()).collect();
                (Outcome::Unusable(Unusable::Tied { got }), no_label, notes)
            }
            Vote::None => (other.unwrap_or(Outcome::Unusable(Unusable::Empty)), no_label, notes),
        }
    }
}

/// Which call of which question it is.
struct Attempt {
    key: Hash,
    sample: u32,
    ask: u32,
}

fn failed(failure: Failure, entry: Entry) -> Sample {
    let reading =
        Reading { outcome: Outcome::Failed(failure), notes: Vec::new(), problem: None, stated: None };
    Sample { reading, confidence: Confidence::Unknown(NoConfidence::NoLabel), entry }
}

/// Whether the second answer is to be taken: always, unless only the first is a label.
fn better(second: &Reading, first: &Reading) -> bool {
    second.outcome.value().is_some() || first.outcome.value().is_none()
}

fn fatal(error: &CallError, asker: &Asker) -> Error {
    let verb = if error.class == CallErrorClass::Connection { "cannot be reached" } else { "refuses" };
    let message = format!("`{}` {verb}: {}", asker.annotator.name, error.message);
    let hint = match error.class {
        CallErrorClass::Auth => "check the key: `karat doctor` shows which are set",
        CallErrorClass::Connection => {
            "start the server, or name another with `--base-url`: `karat doctor` shows what is reachable"
        }
        CallErrorClass::QuotaSpent => {
            "the account has no credit left; what is labeled is kept, the same command goes on later"
        }
        _ => "check the model's name and settings: `karat doctor` lists what the endpoint offers",
    };
    let kind =
        if error.class == CallErrorClass::QuotaSpent { ErrorKind::BudgetSpent } else { ErrorKind::External };
    Error::new(kind, message).hint(hint)
}
