//! One call with its tries: money is set aside, the call is made, the books are kept.
//!
//! In: a request. Out: the answer and the [`Entry`] that keeps it, a failure that is an outcome, or a [`Halt`].

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use karat_core::{AttemptRow, Error, ErrorKind, Failure, Hash, MicroUsd, Result, Tokens};
use karat_llm::{CallError, CallErrorClass, ModelAnswer, ModelRequest, Price, Tries};
use karat_store::{Entry, Hold};

use super::{Desk, Halt};
use crate::answer::KeptAnswer;
use crate::asker::Asker;
use crate::prompt_blob;

/// After so many tries without a connection, a server that has never answered is not there.
const TRIES_TO_ABSENT: u32 = 3;

/// The outcome of one call with its tries.
pub(super) enum Called {
    Answered(Box<KeptAnswer>, Entry),
    Failed(Failure, Entry),
}

/// Which call of which question it is.
#[derive(Clone, Copy)]
pub(super) struct Attempt {
    pub(super) key: Hash,
    pub(super) sample: u32,
    pub(super) ask: u32,
}

impl Desk<'_> {
    /// One call, with its tries. Budget first, then the call, then the books.
    pub(super) async fn call(&self, request: &ModelRequest, of: Attempt) -> Result<Called, Halt> {
        let mut entry = Entry::default();
        let mut hold = None;
        let mut tries = Tries::new(self.asker.retry);
        let mut n_here = 0;
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
                    n_here += 1;
                    let pause = if error.is_relieved {
                        // Another endpoint answers from here on: its tries are its own.
                        (tries, n_here) = (Tries::new(self.asker.retry), 0);
                        Some(Duration::ZERO)
                    } else {
                        tries.wait_after(&error).filter(|_| !self.is_absent(&error, n_here))
                    };
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
        let (Some(purse), Some(most)) = (self.purse, self.asker.most_cost(request)) else {
            return Ok(None);
        };
        purse.take(MicroUsd(most.0)).await.map(Some).map_err(Halt::Fatal)
    }

    /// Writes an entry; a hold that ends with it may let another call begin.
    pub(crate) async fn write(&self, entry: Entry) -> Result<(), Halt> {
        let settles = entry.settle.is_some();
        let written = self.journal.write(entry).await;
        if let (true, Some(purse)) = (settles, self.purse) {
            purse.settled();
        }
        Ok(written?)
    }

    fn cost(&self, request: &ModelRequest, answer: &ModelAnswer) -> MicroUsd {
        let Some(price) = self.asker.price_of(answer.by) else {
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

    fn priced(&self, by: u32) -> Option<String> {
        self.asker.price_of(by).map(|price| price.date.to_string())
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
            priced: None,
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
        row.priced = self.priced(answer.by);
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
        row.priced = self.priced(error.by);
        if matches!(error.class, Timeout | BadBody | Connection)
            && let Some(hold) = hold.take()
        {
            // Set aside was the most that the dearest of the list costs.
            let most = |it: &Price| it.upper_bound(request.prompt_bytes(), request.settings.max_tokens);
            let own = self.asker.price_of(error.by).map_or(hold.amount(), |it| MicroUsd(most(it).0));
            row.cost = own.min(hold.amount());
            entry.settle = Some(hold);
        }
        self.progress.failed_try(error.class.as_str(), row.cost);
    }
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
