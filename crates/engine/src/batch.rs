//! Labels the data by batches: many questions in one go, answered within a day, at the batch price.
//!
//! In: what [`run`](crate::run) takes, and how to wait. Out: the same annotations. A batch only pays for answers: what it
//! brings goes into the journal as attempts, and then the run reads them from there, as it reads every answer that was
//! paid for. So votes, notes, exports and costs are what they are for live calls.
//!
//! - One question is asked live before the first batch: a wrong key or model shows at once, not after a day.
//! - Money for a whole batch is set aside, and the batch is in the journal, before anything is sent. A later process finds
//!   open batches there, or by their key among the vendor's, and never sends them twice.
//! - What failed, expired or has no line is sent again in a further batch, [`MAX_TRIES`] times in all; then the item has
//!   failed. Only answers that cannot be read are asked again live, at the full price.
//!
//! Not here: the wire (`karat_llm::batch`), and which answer is a label (`ask.rs`).

mod collect;
mod kept;
mod left_out;
mod submit;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::Duration;

use futures::future::join_all;
use karat_core::{Error, Result};
use karat_llm::{Batches, Price};
use karat_store::Store;

use crate::asker::Asker;
use crate::run::{Begun, RunEnd, RunOptions, Scene, Watch};
use crate::setup::Setup;
pub use kept::{KeptBatch, KeptEnd, batches};
pub(crate) use left_out::{Fate, LeftOut};

/// How often a question is sent in a batch before its item has failed.
pub const MAX_TRIES: u32 = 3;
/// The first pause between two looks at open batches, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(120));

/// How to run by batches.
#[derive(Debug, Clone)]
pub struct BatchOptions {
    /// As for live calls. Only new items go into batches.
    pub run: RunOptions,
    /// Whether to wait until all batches are over.
    pub wait: bool,
    /// The most questions in one batch, where that is fewer than the vendor takes.
    pub rows: Option<usize>,
    /// The pause between two looks; `None` for one that grows from ten seconds to two minutes.
    pub pause: Option<Duration>,
}

/// Runs all annotators by batches: collects what is over, sends what is new, waits if told so, and reads what came.
pub async fn run_batch(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    options: &BatchOptions,
    watch: &Watch,
) -> Result<RunEnd> {
    for asker in askers {
        taker(asker)?;
    }
    let scene = Scene { setup, store, askers, options: &options.run, watch };
    let begun = Begun::new(scene, "label --batch").await?;
    let mut errors = Vec::new();
    for stage in begun.ladder.stages() {
        let dispatches =
            stage.iter().map(|n| Dispatch::new(scene, &begun, *n, options)).collect::<Result<Vec<_>>>()?;
        let ends = join_all(dispatches.iter().map(Dispatch::work)).await;
        let failed = dispatches.iter().zip(ends).filter_map(|(it, end)| Some((it.name(), end.err()?)));
        errors.extend(failed);
        let mut left_out = LeftOut { unanswered: true, ..LeftOut::waiting(store).await? };
        for dispatch in &dispatches {
            left_out.failed.extend(dispatch.given_up().await?);
        }
        errors.extend(begun.ask(scene, &stage, &left_out, usize::MAX).await?);
        let mut n_open = 0;
        for dispatch in &dispatches {
            n_open += dispatch.open().await?.len();
        }
        // The next stage is asked about what this one left open: what still waits is not that.
        if n_open > 0 || watch.stop.asked() || !errors.is_empty() {
            break;
        }
    }
    begun.end(scene, errors).await
}

/// Where the batches of an annotator go, or why it cannot have any.
pub(crate) fn taker(asker: &Asker) -> Result<Arc<dyn Batches>> {
    let name = &asker.annotator.name;
    let hint = "leave `--batch` out, or name with `--annotator` those that can";
    if asker.inquiry.is_stepwise() {
        let message = format!(
            "`{name}` cannot be asked by batches: a later question about an item depends on an earlier answer"
        );
        return Err(Error::invalid(message).hint(hint));
    }
    asker.batches.clone().ok_or_else(|| {
        let message = format!("`{name}` cannot be asked by batches: `{}` takes none", asker.spec.model);
        Error::invalid(message)
            .hint(format!("{hint}; docs/reference/endpoints.md says which endpoints take them"))
    })
}

/// One annotator's batches, while a run lasts.
struct Dispatch<'a> {
    scene: Scene<'a>,
    begun: &'a Begun,
    /// The number of the annotator.
    n: usize,
    asker: &'a Asker,
    batches: Arc<dyn Batches>,
    /// The price of a batch.
    price: Option<Price>,
    options: &'a BatchOptions,
    /// Whether one question was asked live in this run.
    probed: AtomicBool,
    /// Looks in a row that failed.
    n_missed: AtomicU32,
}

impl<'a> Dispatch<'a> {
    fn new(scene: Scene<'a>, begun: &'a Begun, n: usize, options: &'a BatchOptions) -> Result<Self> {
        let asker = &scene.askers[n];
        Ok(Self {
            scene,
            begun,
            n,
            asker,
            batches: taker(asker)?,
            price: asker.price.as_ref().map(Price::in_batch),
            options,
            probed: AtomicBool::new(false),
            n_missed: AtomicU32::new(0),
        })
    }
}

impl Dispatch<'_> {
    fn name(&self) -> String {
        self.asker.annotator.name.clone()
    }

    /// From open batches to none, or to the wish to stop.
    async fn work(&self) -> Result<()> {
        self.find_lost().await?;
        let (mut pause, longest) = self.options.pause.map_or(PAUSES, |pause| (pause, pause));
        let mut has_news = true;
        // A batch that the vendor refused as a whole may find room once others are through.
        let mut refused = None;
        loop {
            let look = self.look().await?;
            refused = look.refused.or(refused).filter(|_| look.n_answered == 0);
            has_news |= look.n_collected > 0;
            if has_news && refused.is_none() && !self.stops() {
                self.submit_new().await?;
                has_news = false;
            }
            if self.open().await?.is_empty() {
                return refused.map_or(Ok(()), Err);
            }
            if !self.options.wait || self.scene.watch.stop.sleep(pause).await {
                return Ok(());
            }
            pause = (pause + pause / 2).min(longest);
        }
    }

    fn stops(&self) -> bool {
        self.scene.watch.stop.asked()
    }

    /// This annotator's open batches.
    async fn open(&self) -> Result<Vec<KeptBatch>> {
        let all = batches(self.scene.store).await?;
        Ok(all.into_iter().filter(|it| it.is_open() && it.annotator == self.asker.id).collect())
    }
}

/// What the vendor says of an open batch now, in words for a table.
///
/// Errors: the endpoint cannot be asked.
pub async fn far(asker: &Asker, batch: &KeptBatch) -> Result<(String, u64)> {
    let Some(id) = &batch.id else {
        return Ok(("sent?".to_owned(), 0));
    };
    let state = taker(asker)?.state(id).await.map_err(|error| collect::told(&error, asker, id))?;
    let done = match &state {
        karat_llm::BatchState::Running { done, .. } => *done,
        _ => batch.n_rows,
    };
    Ok((state.as_str().to_owned(), done))
}

/// Asks the vendor to stop a batch; `karat label --batch` collects what it has done.
///
/// Errors: the endpoint cannot be asked, or the batch has no id yet.
pub async fn cancel(asker: &Asker, batch: &KeptBatch) -> Result<()> {
    let id = batch.id.as_ref().ok_or_else(|| {
        Error::invalid(format!("the vendor's id of `{}` is not known", batch.key))
            .hint("`karat label --batch` looks for it")
    })?;
    taker(asker)?.cancel(id).await.map_err(|error| collect::told(&error, asker, id))
}

/// Waits for a batch no longer: its money counts as spent, and its questions are sent again.
///
/// Errors: the journal cannot be written.
pub async fn give_up(store: &Store, batch: &KeptBatch) -> Result<()> {
    let (kind, body, at_ms) = kept::Event::GivenUp { key: batch.key.clone() }.decision();
    store.decide(kind, &body, at_ms).await.map(|_| ())
}
