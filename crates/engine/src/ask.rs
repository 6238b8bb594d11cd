//! One item: ask, read, ask once more if there is a problem, decide, write.
//!
//! In: a [`Question`]. Out: an annotation in the journal, or a [`Halt`] that ends the run and leaves the item as it was.
//! Each answered call is on disk, in one transaction with what it paid for, before the next one is made.

mod call;
mod sample;
mod scored;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use karat_core::{
    Annotation, Confidence, ConfidenceSource, Error, Hash, NoConfidence, Note, Outcome, Result, Unusable,
    Value,
};
use karat_store::{Entry, Journal, Store};
use karat_task::Vote;
use tokio::sync::Mutex as AsyncMutex;

use crate::asker::{Asker, Question};
use crate::progress::Progress;
use crate::purse::Purse;
use crate::stop::Stop;
pub(crate) use sample::Sample;

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
    /// The number of the annotator.
    pub(crate) n: usize,
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
            let heard = sample.heard;
            (heard.reading.outcome, heard.confidence, heard.reading.notes, sample.entry)
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

    /// Joins the samples of one item. A sample without a label is a vote for none: it lowers the share.
    fn vote(&self, samples: Vec<Sample>) -> (Outcome, Confidence, Vec<Note>) {
        let n_samples = samples.len() as f64;
        let (mut values, mut notes, mut other) = (Vec::<Value>::new(), Vec::new(), None);
        for sample in samples {
            for note in sample.heard.reading.notes {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            match sample.heard.reading.outcome {
                Outcome::Labeled(value) => values.push(value),
                outcome => other = other.or(Some(outcome)),
            }
        }
        let n_labeled = values.len() as f64;
        let no_label = Confidence::Unknown(NoConfidence::NoLabel);
        match self.asker.kind.vote(&self.asker.task, &values) {
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
