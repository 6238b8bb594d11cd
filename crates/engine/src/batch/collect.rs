//! From a batch that is over to answers in the journal.
//!
//! In: open batches. Out: for each that is over, all its attempts, the end of its money and the note that it is collected,
//! in one transaction: a process that is killed here collects it again, and nothing twice.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;

use karat_core::{AttemptRow, Error, ErrorKind, Failure, Hash, MicroUsd, Result, Tokens};
use karat_llm::{BatchLine, BatchState, CallError, CallErrorClass, ModelAnswer};
use karat_store::Entry;

use super::Dispatch;
use super::kept::{Event, FailedRow, KeptBatch, KeptEnd, KeptRow, blob_of};
use crate::answer::KeptAnswer;
use crate::asker::Asker;

/// After so many looks in a row that failed, nobody is there.
const MAX_MISSED: u32 = 20;

/// What a look at the open batches brought.
#[derive(Default)]
pub(super) struct Look {
    pub(super) n_collected: u64,
    pub(super) n_answered: u64,
    /// Why a batch was refused as a whole.
    pub(super) refused: Option<Error>,
}

/// The lines of a batch, by the question.
#[derive(Default)]
struct Lines {
    outcomes: HashMap<Hash, std::result::Result<ModelAnswer, CallError>>,
    n_unknown: u64,
    n_twice: u64,
    n_unreadable: u64,
}

impl Lines {
    fn take(&mut self, line: std::result::Result<BatchLine, String>, is_ours: impl Fn(&Hash) -> bool) {
        let Ok(line) = line else {
            self.n_unreadable += 1;
            return;
        };
        let Some(request) = Hash::from_hex(&line.id).filter(is_ours) else {
            self.n_unknown += 1;
            return;
        };
        let known = self.outcomes.get(&request);
        self.n_twice += u64::from(known.is_some());
        // The first answer stands, and a failure never over an answer.
        if !known.is_some_and(|it| it.is_ok() || line.outcome.is_err()) {
            self.outcomes.insert(request, line.outcome);
        }
    }
}

impl Dispatch<'_> {
    /// Looks at each open batch once, and collects what is over.
    pub(super) async fn look(&self) -> Result<Look> {
        let mut look = Look::default();
        for batch in self.open().await? {
            let Some(id) = batch.id.clone() else {
                continue;
            };
            if self.stops() {
                break;
            }
            let state = match self.batches.state(&id).await {
                Ok(state) => state,
                Err(error) => {
                    self.missed(&error, &id)?;
                    continue;
                }
            };
            self.n_missed.store(0, Relaxed);
            if let BatchState::Running { done, .. } = state {
                self.scene.watch.progress.batch(&batch.key, Some((done, batch.n_rows)));
                continue;
            }
            if let BatchState::Failed(why) = &state {
                look.refused = Some(refused(self.asker, &id, why));
            }
            match self.collect(&batch, &id, state).await? {
                Some(end) => {
                    look.n_collected += 1;
                    look.n_answered += end.n_answered;
                    look.refused = look.refused.or(end.why.map(|why| refused(self.asker, &id, &why)));
                }
                None => continue,
            }
        }
        Ok(look)
    }

    /// A look that failed: passing failures are borne for a while.
    fn missed(&self, error: &CallError, id: &str) -> Result<()> {
        let n = self.n_missed.fetch_add(1, Relaxed) + 1;
        if error.class.is_transient() && n < MAX_MISSED {
            return Ok(());
        }
        Err(told(error, self.asker, id))
    }

    /// Reads the results and writes them; `None` where they cannot be read now.
    async fn collect(&self, batch: &KeptBatch, id: &str, state: BatchState) -> Result<Option<KeptEnd>> {
        let rows = self.rows(batch).await?;
        let known: HashMap<Hash, ()> = rows.iter().map(|row| (row.request, ())).collect();
        let mut lines = Lines::default();
        if !matches!(state, BatchState::Failed(_)) {
            let mut sink = |line| lines.take(line, |request| known.contains_key(request));
            if let Err(error) = self.batches.results(id, &mut sink).await {
                self.missed(&error, id)?;
                return Ok(None);
            }
        }
        if lines.outcomes.is_empty() && lines.n_unknown > 0 && !self.batches.keeps_keys() {
            // Found by its size and time alone, and somebody else's after all.
            self.close_lost(batch.clone()).await?;
            return Ok(None);
        }
        let end = self.write(batch, rows, lines, state).await?;
        self.scene.watch.progress.batch(&batch.key, None);
        Ok(Some(end))
    }

    async fn write(
        &self,
        batch: &KeptBatch,
        rows: Vec<KeptRow>,
        lines: Lines,
        state: BatchState,
    ) -> Result<KeptEnd> {
        let Lines { mut outcomes, n_unknown, n_twice, n_unreadable } = lines;
        let mut end = KeptEnd {
            state: state.as_str().to_owned(),
            n_unknown,
            n_twice,
            n_unreadable,
            ..KeptEnd::default()
        };
        let mut entry = Entry::default();
        let mut failed = Vec::new();
        for row in &rows {
            match outcomes.remove(&row.request) {
                Some(Ok(answer)) => {
                    let attempt = self.answered(row, &answer, &mut entry);
                    end.n_answered += 1;
                    entry.attempts.push(attempt);
                }
                // What was not reached because somebody canceled did not fail.
                Some(Err(error)) if error.tries == 0 && state == BatchState::Canceled => {}
                None if matches!(state, BatchState::Canceled | BatchState::Failed(_)) => {}
                other => {
                    let no_line = || no_line(n_unreadable > 0);
                    let error = other.and_then(std::result::Result::err).unwrap_or_else(no_line);
                    entry.attempts.push(self.unanswered(row, &error));
                    failed.push((row.request, error));
                }
            }
        }
        end.n_failed = failed.len() as u64;
        end.why = why(&state, &end, &failed);
        // Where the whole batch was refused, no question of it has failed by itself.
        if end.why.is_some() {
            entry.attempts.clear();
            failed.clear();
        }
        let failed = (!failed.is_empty()).then(|| {
            let list: Vec<FailedRow> = failed.into_iter().map(failed_row).collect();
            let (hash, bytes) = blob_of(&list);
            entry.blobs.push((hash, bytes));
            hash
        });
        end.cost = entry.attempts.iter().map(|attempt| attempt.cost).sum();
        entry.settle = self.scene.store.open_hold(batch.hold).await?;
        let event = Event::Collected { key: batch.key.clone(), end: end.clone(), failed };
        entry.decisions.push(event.decision());
        for attempt in &entry.attempts {
            match attempt.status.as_str() {
                "ok" => self.scene.watch.progress.call(attempt.cost, attempt.tokens),
                class => self.scene.watch.progress.failed_try(class, attempt.cost),
            }
        }
        self.begun.journal.write(entry).await?;
        Ok(end)
    }

    fn answered(&self, row: &KeptRow, answer: &ModelAnswer, entry: &mut Entry) -> AttemptRow {
        let bytes = KeptAnswer::bytes(answer);
        let hash = Hash::of(&bytes);
        entry.blobs.push((hash, bytes.into()));
        let cost = match (&self.price, &answer.usage) {
            (None, _) => MicroUsd(0),
            (Some(price), Some(usage)) => MicroUsd(price.cost(usage).0),
            (Some(_), None) => row.most,
        };
        AttemptRow {
            answer: Some(hash),
            tokens: answer.usage.map(|it| Tokens {
                input: it.input,
                cached_read: it.cached_read,
                cached_write: it.cached_write,
                output: it.output,
                reasoning: it.reasoning,
            }),
            cost,
            served_model: answer.served_model.clone(),
            ..self.attempt(row, "ok")
        }
    }

    fn unanswered(&self, row: &KeptRow, error: &CallError) -> AttemptRow {
        // An answer that came and cannot be read was paid for.
        let cost = if error.class == CallErrorClass::BadBody { row.most } else { MicroUsd(0) };
        AttemptRow { message: Some(error.message.clone()), cost, ..self.attempt(row, error.class.as_str()) }
    }

    fn attempt(&self, row: &KeptRow, status: &str) -> AttemptRow {
        AttemptRow {
            run: self.begun.run,
            annotator: self.asker.id,
            item: row.item.clone(),
            request: row.request,
            sample: row.sample,
            ask: 0,
            attempt: row.attempt,
            status: status.to_owned(),
            message: None,
            prompt: row.prompt,
            answer: None,
            tokens: None,
            cost: MicroUsd(0),
            priced: self.price.as_ref().map(|price| price.date.clone()),
            latency_ms: 0,
            served_model: None,
            at_ms: crate::now_ms(),
        }
    }
}

/// Why the batch as a whole brought nothing: it was refused, or each of its rows was, in the same way.
fn why(state: &BatchState, end: &KeptEnd, failed: &[(Hash, CallError)]) -> Option<String> {
    if let BatchState::Failed(why) = state {
        return Some(why.clone());
    }
    let (_, first) = failed.first()?;
    let is_refusal = |error: &CallError| match error.class {
        CallErrorClass::Auth | CallErrorClass::QuotaSpent => true,
        CallErrorClass::BadRequest => failed.len() > 1,
        _ => false,
    };
    let all_refused = end.n_answered == 0 && failed.iter().all(|(_, error)| is_refusal(error));
    all_refused.then(|| first.message.clone())
}

/// What a question without a line means: where lines could not be read, its own may have been among them.
fn no_line(some_unreadable: bool) -> CallError {
    let class = if some_unreadable { CallErrorClass::BadBody } else { CallErrorClass::Server };
    CallError::new(class, "the batch brought no line for this question")
}

fn failed_row((request, error): (Hash, CallError)) -> FailedRow {
    // What concerns the account is not the question's failure: it passes.
    let class = match error.class {
        CallErrorClass::Auth | CallErrorClass::QuotaSpent => CallErrorClass::Server,
        class => class,
    };
    FailedRow { request, failure: Failure { class: class.as_str().to_owned(), message: error.message } }
}

fn refused(asker: &Asker, id: &str, why: &str) -> Error {
    Error::external(format!("`{}`: the batch `{id}` brought no answer: {why}", asker.annotator.name)).hint(
        "nothing of it is lost: the same command sends its rows again; `--batch-rows N` makes smaller batches, and without \
         `--batch` they are asked live",
    )
}

/// An error of the vendor, for people.
pub(super) fn told(error: &CallError, asker: &Asker, what: &str) -> Error {
    let message = format!("`{}`, {what}: {}", asker.annotator.name, error.message);
    let kind = match error.class {
        CallErrorClass::QuotaSpent => ErrorKind::BudgetSpent,
        _ => ErrorKind::External,
    };
    let hint = match error.class {
        CallErrorClass::Auth => "check the key: `karat doctor` shows which are set",
        CallErrorClass::BadRequest if error.status != Some(404) => {
            "the message says what the vendor does not take; without `--batch` the same items are asked live"
        }
        CallErrorClass::BadRequest => {
            "if the vendor no longer knows the batch, `karat batches --forget ID` gives it up and its rows are sent again"
        }
        _ => "what was sent is in the journal: the same command goes on",
    };
    Error::new(kind, message).hint(hint)
}
