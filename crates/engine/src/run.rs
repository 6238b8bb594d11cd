//! Labels the data: read, leave out what is done, ask the rest, write.
//!
//! In: a [`Setup`], a store, a [`Selection`]. Out: annotations in the journal and the [`Count`] of them. The same call goes
//! on where an earlier one ended: what stands is left alone, whatever ended the run before.
//!
//! Memory does not grow with the data: items flow in chunks, and only those under way are held.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use futures::stream::{self, Stream};
use karat_core::{Error, Hash, Hasher, Item, OutcomeKind, Result, RunRow};
use karat_format::{ItemReader, ReadSpec, Row};
use karat_store::{Entry, Journal, JournalOptions, Store};
use tokio::sync::mpsc;

use crate::ask::{Desk, Halt};
use crate::asker::{Asker, Question};
use crate::ladder::{Ladder, Said, positions, said};
use crate::progress::{Count, Progress};
use crate::purse::Purse;
use crate::setup::Setup;
use crate::stop::Stop;

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

/// Runs all annotators of the setup over the data, side by side.
pub async fn run(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    options: &RunOptions,
    watch: &Watch,
) -> Result<RunEnd> {
    let Watch { progress, stop } = watch;
    require_prices(setup, askers)?;
    let plan = askers.iter().fold(Hasher::default(), |hash, asker| hash.part(asker.id.0)).finish();
    let command = if options.selection == Selection::New { "label" } else { "retry" };
    let row = RunRow {
        plan,
        command: command.to_owned(),
        seed: options.seed,
        max_cost: setup.max_cost,
        at_ms: crate::now_ms(),
    };
    let claims = askers.iter().map(|asker| store.claim(asker.id)).collect::<Result<Vec<_>>>()?;
    for asker in askers {
        store.register(&asker.annotator).await?;
    }
    let run = store.begin_run(&row).await?;
    let journal = store.journal(JournalOptions::default())?;
    let purse = setup.max_cost.map(|max| store.budget(run, max)).transpose()?.map(Purse::new);
    let ladder = Ladder::new(askers, setup.settle)?;
    let purse = purse.as_ref();
    let line = Line { setup, store, askers, ladder, journal: &journal, purse, options, progress, stop, run };
    let mut errors = Vec::new();
    for stage in line.ladder.stages() {
        let ends = futures::future::join_all(stage.iter().map(|n| line.annotator(*n))).await;
        for (n, end) in stage.iter().zip(ends) {
            if let Err(Halt::Fatal(error)) = end {
                errors.push((askers[*n].annotator.name.clone(), error));
            }
        }
        // The next stage is asked about what this one left open: what it did not get to is not that.
        if stop.asked() || !errors.is_empty() {
            break;
        }
    }
    journal.finish().await?;
    let how = match (errors.first(), stop.asked()) {
        (Some((name, error)), _) => format!("failed: {name}: {error}"),
        (None, true) => "interrupted".to_owned(),
        (None, false) => "finished".to_owned(),
    };
    store.end_run(run, &how, crate::now_ms()).await?;
    drop(claims);
    let downgrades = askers
        .iter()
        .flat_map(|it| it.downgrades().into_iter().map(|one| (it.annotator.name.clone(), one)))
        .collect();
    Ok(RunEnd { count: progress.count(), stopped: stop.asked(), errors, downgrades })
}

/// A limit cannot be kept where nobody knows what a call costs.
fn require_prices(setup: &Setup, askers: &[Asker]) -> Result<()> {
    match (setup.max_cost, askers.iter().find_map(Asker::without_price)) {
        (Some(max), Some(name)) => Err(Error::invalid(format!(
            "`{name}` has no price, so that the limit of {max} cannot be kept"
        ))
        .hint("give its price with `--prices FILE` or `prices` under `[budget]`, or leave the limit out")),
        (None, _) | (_, None) => Ok(()),
    }
}

/// What all annotators of one run share.
struct Line<'a> {
    setup: &'a Setup,
    store: &'a Store,
    askers: &'a [Asker],
    ladder: Ladder,
    journal: &'a Journal,
    purse: Option<&'a Purse>,
    options: &'a RunOptions,
    progress: &'a Progress,
    stop: &'a Stop,
    run: i64,
}

impl Line<'_> {
    /// One annotator over all items.
    async fn annotator(&self, n: usize) -> Result<(), Halt> {
        let asker = &self.askers[n];
        let desk = Desk {
            n,
            asker,
            store: self.store,
            journal: self.journal,
            purse: self.purse,
            progress: self.progress,
            stop: self.stop,
            run: self.run,
            fresh: self.options.selection != Selection::New,
            is_new: !self.has_annotated(asker).await?,
            answered: AtomicBool::new(false),
            n_cut_off: AtomicU32::new(0),
            halted: AtomicBool::new(false),
            under_way: Mutex::new(HashMap::new()),
        };
        // What every prompt names is there before the first of them.
        self.journal.write(Entry { blobs: vec![asker.system_blob()], ..Entry::default() }).await?;
        let concurrency = asker.spec.concurrency as usize;
        let questions = self.questions(&desk);
        let mut done = std::pin::pin!(
            questions
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
                Err(Halt::NotRecorded) => self.progress.not_recorded(),
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
        end
    }

    /// Whether the journal holds anything of this annotator: of one that is new, nothing stands.
    async fn has_annotated(&self, asker: &Asker) -> Result<bool> {
        let tallies = self.store.tallies().await?;
        Ok(tallies.iter().any(|tally| tally.annotations > 0 && tally.annotator.id() == asker.id))
    }

    /// The questions that are to be asked, in the order of the data.
    fn questions<'b>(&'b self, desk: &'b Desk<'b>) -> impl Stream<Item = Result<Question>> + 'b {
        let chunks = chunks(self.setup.read.clone(), self.options.first);
        let prepared = stream::unfold((chunks, self, desk), |(mut chunks, line, desk)| async move {
            if line.stop.asked() || desk.halted() {
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
        let halted = || self.stop.asked() || desk.halted();
        prepared.flatten().take_while(move |_| std::future::ready(!halted()))
    }

    /// Looks a chunk of items up in the journal: what stands is left out, what was answered needs no call.
    async fn prepare(&self, desk: &Desk<'_>, items: Vec<Item>) -> Result<Vec<Question>> {
        let asker = desk.asker;
        let inputs: Vec<Hash> = items.iter().map(|item| asker.task().input_hash(item)).collect();
        let keys: Vec<_> =
            items.iter().zip(&inputs).map(|(item, input)| (item.id.shared(), *input)).collect();
        let standing = match desk.is_new {
            true => vec![None; keys.len()],
            false => self.store.standing(asker.id, &keys).await?,
        };
        let mut questions = Vec::with_capacity(items.len());
        let (mut n_standing, mut n_settled) = (0, 0);
        let before = self.said_before(desk, &keys).await?;
        for (at, ((item, input), standing)) in items.into_iter().zip(inputs).zip(standing).enumerate() {
            if !self.options.selection.wants(standing.map(|row| row.kind)) {
                n_standing += 1;
                continue;
            }
            let Some(before) = &before else {
                questions.push(asker.question(item, input)?);
                continue;
            };
            let said: Vec<Said> = before.iter().map(|rows| rows.get(at).cloned().flatten()).collect();
            if !self.ladder.wants(desk.n, &said) {
                n_settled += 1;
            } else if asker.moderates() {
                let heard = positions(self.store, &item, &said).await?;
                questions.push(asker.moderation(item, input, &heard)?);
            } else {
                questions.push(asker.question(item, input)?);
            }
        }
        self.progress.standing(n_standing);
        self.progress.settled(n_settled);
        // A retry wants a new answer, not the old one again.
        if self.options.selection == Selection::New {
            self.find_answers(desk, &mut questions).await?;
        }
        Ok(questions)
    }

    /// What every annotator said of these items, where this one is asked only after others; else `None`.
    async fn said_before(
        &self,
        desk: &Desk<'_>,
        keys: &[(Arc<str>, Hash)],
    ) -> Result<Option<Vec<Vec<Said>>>> {
        if self.ladder.is_first(desk.n) {
            return Ok(None);
        }
        said(self.store, self.askers, keys).await.map(Some)
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
        let known = self.store.answers(&wanted).await?;
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
