//! Labels the data: read, leave out what is done, ask the rest, write.
//!
//! In: a [`Setup`], a store, a [`Selection`]. Out: annotations in the journal and the [`Count`] of them. The same call goes
//! on where an earlier one ended: what stands is left alone, whatever ended the run before.
//!
//! Memory does not grow with the data: items flow in chunks, and only those under way are held.

mod begun;
mod wanted;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use futures::stream::{self, Stream};
use karat_core::{
    Annotation, Confidence, Error, Failure, Hash, Item, NoConfidence, Outcome, OutcomeKind, Result,
};
use karat_format::{ItemReader, ReadSpec, Row};
use karat_store::{Entry, Store};
use tokio::sync::mpsc;

use crate::ask::{Desk, Halt};
use crate::asker::{Asker, Question};
use crate::batch::{Fate, LeftOut};
use crate::corrected;
use crate::progress::{Count, Progress};
use crate::purse::Purse;
use crate::setup::Setup;
use crate::stop::Stop;
pub(crate) use begun::{Begun, Scene};
pub(crate) use wanted::wanted;

/// Items looked up in the journal with one query.
pub(crate) const CHUNK: usize = 256;

/// Which items are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Those that have no outcome of this annotator yet.
    New,
    /// Those whose standing outcome is of one of these kinds. The old outcome stands until there is a new answer.
    Again(Vec<OutcomeKind>),
}

impl Selection {
    /// Whether an item with this standing outcome is to be asked.
    pub(crate) fn wants(&self, standing: Option<OutcomeKind>) -> bool {
        match (self, standing) {
            (Self::New, None) => true,
            (Self::New, Some(_)) | (Self::Again(_), None) => false,
            (Self::Again(kinds), Some(kind)) => kinds.contains(&kind),
        }
    }
}

/// How to run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Which items.
    pub selection: Selection,
    /// Only the first so many items of the data; `None` for all.
    pub first: Option<u64>,
    /// The seed of what is random: the pauses between tries.
    pub seed: u64,
}

/// What others see of a run and tell it, while it runs.
#[derive(Default)]
pub struct Watch {
    /// How far it is.
    pub progress: Progress,
    /// The wish that it stop.
    pub stop: Stop,
}

/// How a run ended.
#[derive(Debug)]
pub struct RunEnd {
    /// What it did.
    pub count: Count,
    /// Whether the user stopped it.
    pub stopped: bool,
    /// Why each annotator that could not go on did not, with its name.
    pub errors: Vec<(String, Error)>,
    /// What the endpoints did not take, by annotator.
    pub downgrades: Vec<(String, karat_llm::Downgrade)>,
}

/// Runs all annotators of the setup over the data, side by side. What waits in an open batch is left to it.
pub async fn run(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    options: &RunOptions,
    watch: &Watch,
) -> Result<RunEnd> {
    let scene = Scene { setup, store, askers, options, watch };
    let command = if options.selection == Selection::New { "label" } else { "retry" };
    let begun = Begun::new(scene, command).await?;
    let left_out = LeftOut::waiting(store).await?;
    let mut errors = Vec::new();
    for stage in begun.ladder.stages() {
        errors.extend(begun.ask(scene, &stage, &left_out, usize::MAX).await?);
        // The next stage is asked about what this one left open: what it did not get to is not that.
        if watch.stop.asked() || !errors.is_empty() {
            break;
        }
    }
    begun.end(scene, errors).await
}

/// What all annotators of one run share.
struct Line<'a> {
    scene: Scene<'a>,
    begun: &'a Begun,
    purse: Option<&'a Purse>,
    left_out: &'a LeftOut,
    /// The most items of each annotator.
    at_most: usize,
}

impl Line<'_> {
    /// One annotator over all items.
    async fn annotator(&self, n: usize) -> Result<(), Halt> {
        let Scene { store, askers, options, watch, .. } = self.scene;
        let asker = &askers[n];
        let desk = Desk {
            n,
            asker,
            store,
            journal: &self.begun.journal,
            purse: self.purse,
            progress: &watch.progress,
            stop: &watch.stop,
            run: self.begun.run,
            fresh: options.selection != Selection::New,
            is_new: !self.has_annotated(asker).await?,
            answered: AtomicBool::new(false),
            n_cut_off: AtomicU32::new(0),
            halted: AtomicBool::new(false),
            under_way: Mutex::new(HashMap::new()),
        };
        // What every prompt names is there before the first of them.
        self.begun.journal.write(Entry { blobs: vec![asker.system_blob()], ..Entry::default() }).await?;
        let concurrency = asker.spec.concurrency as usize;
        let questions = self.questions(&desk);
        let mut done = std::pin::pin!(
            questions
                .take(self.at_most)
                .map(|question| async {
                    match question {
                        Ok(question) => desk.annotate(question).await,
                        Err(error) => Err(Halt::Fatal(error)),
                    }
                })
                .buffer_unordered(concurrency)
        );
        let mut end = Ok(());
        while let Some(one) = done.next().await {
            match one {
                Ok(()) => {}
                Err(Halt::NotRecorded) => watch.progress.not_recorded(),
                Err(halt) => {
                    // The calls in flight are still waited for and kept: they are paid for.
                    if end.is_ok() {
                        end = Err(halt);
                    }
                    // After a fatal error nothing new is asked. Another annotator of the run goes on.
                    desk.halted.store(true, Relaxed);
                }
            }
        }
        if end.is_ok() && !watch.stop.asked() && self.at_most == usize::MAX {
            end = corrected::apply(self.scene.setup, &desk, options.first).await;
        }
        end
    }

    /// Whether the journal holds anything of this annotator: of one that is new, nothing stands.
    async fn has_annotated(&self, asker: &Asker) -> Result<bool> {
        let tallies = self.scene.store.tallies().await?;
        Ok(tallies.iter().any(|tally| tally.annotations > 0 && tally.annotator.id() == asker.id))
    }

    /// The questions that are to be asked, in the order of the data.
    fn questions<'b>(&'b self, desk: &'b Desk<'b>) -> impl Stream<Item = Result<Question>> + 'b {
        let chunks = chunks(self.scene.setup.read.clone(), self.scene.options.first);
        let prepared = stream::unfold((chunks, self, desk), |(mut chunks, line, desk)| async move {
            if line.scene.watch.stop.asked() || desk.halted() {
                return None;
            }
            let chunk = chunks.recv().await?;
            let questions = match chunk {
                Ok(items) => line.prepare(desk, items).await,
                Err(error) => Err(error),
            };
            let questions =
                questions.map_or_else(|error| vec![Err(error)], |all| all.into_iter().map(Ok).collect());
            Some((stream::iter(questions), (chunks, line, desk)))
        });
        let halted = || self.scene.watch.stop.asked() || desk.halted();
        prepared.flatten().take_while(move |_| std::future::ready(!halted()))
    }

    /// Looks a chunk of items up in the journal: what stands is left out, what was answered needs no call.
    async fn prepare(&self, desk: &Desk<'_>, items: Vec<Item>) -> Result<Vec<Question>> {
        let wanted = wanted(self.scene, &self.begun.ladder, (desk.n, desk.is_new), items).await?;
        if self.at_most == usize::MAX {
            self.scene.watch.progress.standing(wanted.n_standing);
            self.scene.watch.progress.settled(wanted.n_settled);
        }
        let mut questions = self.leave_out(desk.asker, wanted.questions).await?;
        // A retry wants a new answer, not the old one again.
        if self.scene.options.selection == Selection::New {
            self.find_answers(desk, &mut questions).await?;
        }
        Ok(questions)
    }

    /// Keeps the questions that are to be asked live. What batches gave up is written as failed.
    async fn leave_out(&self, asker: &Asker, questions: Vec<Question>) -> Result<Vec<Question>> {
        if self.left_out.is_empty() {
            return Ok(questions);
        }
        let requests: Vec<_> = questions.iter().map(|it| asker.requests(it)).collect();
        let fates = self.left_out.fates(self.scene.store, &requests).await?;
        let mut kept = Vec::with_capacity(questions.len());
        for (question, fate) in questions.into_iter().zip(fates) {
            match fate {
                Fate::Asked => kept.push(question),
                Fate::LeftOut => {}
                Fate::Failed(failure) => self.write_failed(asker, &question, failure).await?,
            }
        }
        Ok(kept)
    }

    async fn write_failed(&self, asker: &Asker, question: &Question, failure: Failure) -> Result<()> {
        let annotation = Annotation {
            item: question.item.id.clone(),
            input: question.input,
            annotator: asker.id,
            run: self.begun.run,
            outcome: Outcome::Failed(failure),
            confidence: Confidence::Unknown(NoConfidence::NoLabel),
            notes: Vec::new(),
            at_ms: crate::now_ms(),
        };
        let annotations = vec![annotation.to_row(&asker.task().schema)];
        self.begun.journal.write(Entry { annotations, ..Entry::default() }).await?;
        self.scene.watch.progress.done(&annotation);
        Ok(())
    }

    /// Attaches the answers that the journal knows, and marks the questions whose twin is under way.
    async fn find_answers(&self, desk: &Desk<'_>, questions: &mut [Question]) -> Result<()> {
        if desk.asker.shares_answers()
            && let Ok(mut under_way) = desk.under_way.lock()
        {
            // First under way, then the journal: an answer is written before it is taken off this list.
            for question in questions.iter_mut() {
                question.twin = under_way.contains_key(&question.request);
                question.turn = Some(Arc::clone(under_way.entry(question.request).or_default()));
            }
        }
        let wanted: Vec<Hash> = questions.iter().filter(|it| !it.twin).map(|it| it.request).collect();
        let known = self.scene.store.answers(&wanted).await?;
        for question in questions.iter_mut() {
            question.cached = known.get(&question.request).cloned();
        }
        Ok(())
    }
}

impl Desk<'_> {
    fn halted(&self) -> bool {
        self.halted.load(Relaxed)
    }
}

/// Reads the items on a thread of its own, in chunks; problems are left to [`crate::survey`], which saw them first.
pub(crate) fn chunks(read: ReadSpec, first: Option<u64>) -> mpsc::Receiver<Result<Vec<Item>>> {
    let item = |row| match row {
        Row::Item(item) => Some(item),
        Row::Problem(..) => None,
    };
    in_chunks(read, first, CHUNK, item)
}

/// Reads all rows on a thread of its own, in chunks of so many rows.
pub(crate) fn row_chunks(
    read: ReadSpec,
    first: Option<u64>,
    size: usize,
) -> mpsc::Receiver<Result<Vec<Row>>> {
    in_chunks(read, first, size, Some)
}

fn in_chunks<T: Send + 'static>(
    read: ReadSpec,
    first: Option<u64>,
    size: usize,
    keep: impl Fn(Row) -> Option<T> + Send + 'static,
) -> mpsc::Receiver<Result<Vec<T>>> {
    let (send, receive) = mpsc::channel(2);
    std::thread::spawn(move || {
        let reader = match ItemReader::open(&read) {
            Ok(reader) => reader,
            Err(error) => {
                let _ = send.blocking_send(Err(error));
                return;
            }
        };
        let mut rows = first_items(reader, first).filter_map(keep);
        loop {
            let chunk: Vec<T> = rows.by_ref().take(size).collect();
            // The receiver is gone when the run has ended.
            if chunk.is_empty() || send.blocking_send(Ok(chunk)).is_err() {
                return;
            }
        }
    });
    receive
}

/// The rows up to the `first`-th item.
pub(crate) fn first_items(rows: impl Iterator<Item = Row>, first: Option<u64>) -> impl Iterator<Item = Row> {
    let mut left = first.unwrap_or(u64::MAX);
    rows.take_while(move |row| {
        let is_item = matches!(row, Row::Item(_));
        let fits = left > 0;
        left -= u64::from(fits && is_item);
        fits
    })
}
