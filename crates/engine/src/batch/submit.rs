//! From unanswered items to a batch that is under way.
//!
//! In: the data and the journal. Out: batches at the vendor, each of them in the journal before it is sent. A batch never
//! holds more than the vendor takes, than memory bears, and than the budget allows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use karat_core::{Error, ErrorKind, Failure, Hash, Hasher, Item, MicroUsd, Result};
use karat_llm::batch::Wanted;
use karat_llm::{BatchLimits, BatchRequest, CallError, CallErrorClass, Tries};
use karat_store::{BudgetError, Entry, Hold};

use super::collect::told;
use super::kept::{Event, KeptBatch, KeptRow, Planned, batches, blob_of, failures, rows_of};
use super::{Dispatch, LeftOut, MAX_TRIES};
use crate::asker::{Asked, Question};
use crate::prompt_blob;
use crate::run::{chunks, wanted};

/// The most bytes of one batch, whatever the vendor takes: it is held in memory while it is sent.
const MAX_BYTES: usize = 64 << 20;
/// What a request takes beside its body, in bytes.
const FRAME: usize = 160;
/// How far the vendor's clock may be behind ours, in seconds.
const SKEW: i64 = 600;

/// A question on its way into a batch.
struct Row {
    kept: KeptRow,
    body: Vec<u8>,
    prompt: Vec<(Hash, Arc<[u8]>)>,
}

/// Rows that go together.
#[derive(Default)]
struct Parcel {
    rows: Vec<Row>,
    bytes: usize,
}

impl Parcel {
    fn has_room(&self, row: &Row, limits: BatchLimits) -> bool {
        self.rows.len() < limits.rows && self.bytes + row.body.len() + FRAME <= limits.bytes
    }

    fn push(&mut self, row: Row) {
        self.bytes += row.body.len() + FRAME;
        self.rows.push(row);
    }

    fn most(&self) -> MicroUsd {
        self.rows.iter().map(|row| row.kept.most).sum()
    }

    /// Keeps the first rows that cost no more than this together.
    fn cut_to(&mut self, room: MicroUsd) {
        let mut sum = MicroUsd(0);
        let fits = self.rows.iter().take_while(|row| {
            sum += row.kept.most;
            sum <= room
        });
        let n = fits.count();
        self.rows.truncate(n);
    }
}

/// What is known of this annotator's questions before any is picked.
struct Known {
    waiting: HashSet<Hash>,
    failures: HashMap<Hash, (u32, Failure)>,
    taken: HashSet<Hash>,
}

/// Whether more may be sent.
#[derive(PartialEq, Eq)]
enum Sent {
    All,
    /// The budget allows no more now.
    Short,
}

impl Dispatch<'_> {
    /// Sends every question that has no answer, waits in no batch and has not failed too often.
    pub(super) async fn submit_new(&self) -> Result<()> {
        let mut known = Known {
            waiting: LeftOut::waiting(self.scene.store).await?.waiting,
            failures: self.failures().await?,
            taken: HashSet::new(),
        };
        let limits = self.limits();
        let mut parcel = Parcel::default();
        let mut chunks = chunks(self.scene.setup.read.clone(), self.options.run.first);
        while let Some(items) = chunks.recv().await {
            for row in self.pick_probed(items?, &mut known).await? {
                if !parcel.has_room(&row, limits)
                    && self.submit(std::mem::take(&mut parcel)).await? == Sent::Short
                {
                    return Ok(());
                }
                if self.stops() {
                    return Ok(());
                }
                parcel.push(row);
            }
        }
        self.submit(parcel).await.map(|_| ())
    }

    fn limits(&self) -> BatchLimits {
        let vendor = self.batches.limits();
        let rows = self.options.rows.map_or(vendor.rows, |rows| rows.clamp(1, vendor.rows));
        BatchLimits { rows, bytes: vendor.bytes.min(MAX_BYTES) }
    }

    async fn failures(&self) -> Result<HashMap<Hash, (u32, Failure)>> {
        let all = batches(self.scene.store).await?;
        failures(self.scene.store, &all, self.asker.id).await
    }

    /// The questions that batches have given up.
    pub(super) async fn given_up(&self) -> Result<impl Iterator<Item = (Hash, Failure)>> {
        let failures = self.failures().await?.into_iter();
        Ok(failures
            .filter(|(_, (n, failure))| is_final(*n, failure))
            .map(|(request, (_, why))| (request, why)))
    }

    /// The rows of a chunk of items.
    async fn pick(&self, items: Vec<Item>, known: &mut Known) -> Result<Vec<Row>> {
        let asker = self.asker;
        let wanted = wanted(self.scene, &self.begun.ladder, (self.n, false), items).await?;
        let mut questions = wanted.questions;
        let is_lost = |it: &Hash| known.failures.get(it).is_some_and(|(n, failure)| is_final(*n, failure));
        questions.retain(|question| !asker.requests(question).iter().any(is_lost));
        let requests: Vec<Hash> = questions.iter().flat_map(|question| asker.requests(question)).collect();
        let answered = self.scene.store.answers(&requests).await?;
        let mut rows = Vec::new();
        for question in &questions {
            for (request, asked, sample) in asker.first_calls(question) {
                let is_free = !answered.contains_key(&request) && !known.waiting.contains(&request);
                if is_free && known.taken.insert(request) {
                    let n_failed = known.failures.get(&request).map_or(0, |(n, _)| *n);
                    let kept = KeptRow {
                        request,
                        item: question.item.id.shared(),
                        sample,
                        attempt: n_failed + 1,
                        prompt: Hash([0; 16]),
                        most: MicroUsd(0),
                    };
                    rows.push(self.row(question, asked, kept)?);
                }
            }
        }
        Ok(rows)
    }

    fn row(&self, question: &Question, asked: &Asked, kept: KeptRow) -> Result<Row> {
        let asker = self.asker;
        let sent = asker.request(
            &question.item,
            (&asked.view, asked.truth.as_ref()),
            asked.messages.clone(),
            kept.sample,
        );
        let body = self.batches.body(&sent).map_err(|error| told(&error, asker, "a batch"))?;
        let mut blobs = Vec::new();
        let prompt = prompt_blob::keep(&asked.messages, asker.system, &mut blobs);
        let most = self.price.as_ref().map_or(MicroUsd(0), |price| {
            MicroUsd(price.upper_bound(sent.prompt_bytes(), sent.settings.max_tokens).0)
        });
        Ok(Row { kept: KeptRow { prompt, most, ..kept }, body, prompt: blobs })
    }

    /// Sends a parcel as one batch.
    async fn submit(&self, mut parcel: Parcel) -> Result<Sent> {
        if parcel.rows.is_empty() || self.stops() {
            return Ok(Sent::All);
        }
        let n_wanted = parcel.rows.len();
        let Some((plan, hold)) = self.set_aside(&mut parcel).await? else {
            return Ok(Sent::Short);
        };
        let n_rows = parcel.rows.len();
        let request = |row: Row| BatchRequest { id: row.kept.request.to_string(), body: row.body };
        let requests: Vec<BatchRequest> = parcel.rows.into_iter().map(request).collect();
        self.scene.watch.progress.batch(&plan.key, Some((0, n_rows as u64)));
        let id = match self.send(&plan.key, &requests).await {
            Ok(id) => id,
            Err(NotSent::Refused(error)) => {
                self.scene.watch.progress.batch(&plan.key, None);
                self.close_unsent(plan.key, Some(hold)).await?;
                return Err(error);
            }
            Err(NotSent::Unknown(error)) => return Err(error),
        };
        self.decide(&Event::Submitted { key: plan.key, id }).await?;
        Ok(if n_rows < n_wanted { Sent::Short } else { Sent::All })
    }

    /// The rows of a chunk of items. Before the first rows of a run, one item is asked live: what is wrong with all of them
    /// shows at once, and what the endpoint does not take is left out of the batches.
    async fn pick_probed(&self, items: Vec<Item>, known: &mut Known) -> Result<Vec<Row>> {
        if self.probed.load(Relaxed) {
            return self.pick(items, known).await;
        }
        let rows = self.pick(items.clone(), known).await?;
        if rows.is_empty() {
            return Ok(rows);
        }
        self.probed.store(true, Relaxed);
        self.probe().await?;
        for row in rows {
            known.taken.remove(&row.kept.request);
        }
        self.pick(items, known).await
    }

    async fn probe(&self) -> Result<()> {
        let progress = &self.scene.watch.progress;
        let mut left_out = LeftOut::waiting(self.scene.store).await?;
        left_out.failed.extend(self.given_up().await?);
        let before = progress.count().n_done();
        let errors = self.begun.ask(self.scene, &[self.n], &left_out, 1).await?;
        if let Some((_, error)) = errors.into_iter().next() {
            return Err(error);
        }
        progress.met_again(progress.count().n_done() - before);
        Ok(())
    }

    /// Plans the batch and sets money aside for the whole parcel, in one transaction, or for as much of it as the budget
    /// allows; `None` where that is nothing. From here on the batch is in the journal: whatever happens, it is looked for.
    async fn set_aside(&self, parcel: &mut Parcel) -> Result<Option<(Planned, Hold)>> {
        // Without a limit the amount is set aside all the same: a later run may have one.
        let max = self.scene.setup.max_cost.unwrap_or(MicroUsd(u64::MAX));
        let budget = self.scene.store.budget(self.begun.run, max)?;
        loop {
            let plan = self.plan(parcel).await?;
            let (spent, held) =
                match budget.reserve_for(plan.amount, Event::Planned(plan.clone()).decision()).await {
                    Ok(hold) => return Ok(Some((plan, hold))),
                    Err(BudgetError::Store(error)) => return Err(error),
                    Err(BudgetError::Spent { spent, held, .. }) => (spent, held),
                };
            let first = parcel.rows.first().map_or(MicroUsd(0), |row| row.kept.most);
            parcel.cut_to(MicroUsd(max.0.saturating_sub(spent.0).saturating_sub(held.0)));
            if !parcel.rows.is_empty() {
                continue;
            }
            if !self.open().await?.is_empty() {
                // Those under way may turn out cheaper and leave room.
                return Ok(None);
            }
            let message = format!(
                "the budget of {max} allows no further batch: {spent} spent, {held} set aside, up to {first} needed for one row"
            );
            return Err(Error::new(ErrorKind::BudgetSpent, message).hint(
                "all that was paid for is kept; raise `max_cost_usd` or `--max-cost` and the same command goes on",
            ));
        }
    }

    /// The plan of a batch, whose rows and prompts are in the journal.
    async fn plan(&self, parcel: &Parcel) -> Result<Planned> {
        let kept: Vec<KeptRow> = parcel.rows.iter().map(|row| row.kept.clone()).collect();
        let (rows, bytes) = blob_of(&kept);
        let mut blobs = vec![self.asker.system_blob(), (rows, bytes)];
        blobs.extend(parcel.rows.iter().flat_map(|row| row.prompt.iter().cloned()));
        self.begun.journal.write(Entry { blobs, ..Entry::default() }).await?;
        Ok(Planned {
            key: self.key(&kept),
            annotator: self.asker.id,
            name: self.asker.annotator.name.clone(),
            endpoint: self.asker.annotator.model.clone(),
            n_rows: kept.len() as u64,
            rows,
            run: self.begun.run,
            hold: 0,
            amount: parcel.most(),
        })
    }

    /// A name that no other batch has.
    fn key(&self, rows: &[KeptRow]) -> String {
        let mut hasher = Hasher::default().part(self.asker.id.0).part(self.begun.run.to_le_bytes());
        hasher = hasher.part(crate::now_ms().to_le_bytes());
        for row in rows {
            hasher = hasher.part(row.request.0);
        }
        format!("karat-{}", hasher.finish())
    }

    /// Submits, and again where it is certain that nothing arrived.
    async fn send(&self, key: &str, requests: &[BatchRequest]) -> Result<String, NotSent> {
        let since = crate::now_ms() / 1000 - SKEW;
        let mut tries = Tries::new(self.asker.retry);
        loop {
            let error = match self.batches.submit(key, &self.asker.model_name, requests).await {
                Ok(id) => return Ok(id),
                Err(error) => error,
            };
            if may_have_arrived(&error) {
                let found = self.find(key, requests.len() as u64, since).await.map_err(NotSent::Unknown)?;
                if let Some(id) = found {
                    return Ok(id);
                }
            }
            let Some(pause) = tries.wait_after(&error) else {
                return Err(NotSent::Refused(told(&error, self.asker, "the batch")));
            };
            if self.scene.watch.stop.sleep(pause).await {
                let why = Error::external("stopped before the batch was sent");
                return Err(NotSent::Refused(why.hint("the same command goes on")));
            }
        }
    }

    async fn find(&self, key: &str, n: u64, since: i64) -> Result<Option<String>> {
        let known: Vec<String> =
            batches(self.scene.store).await?.into_iter().filter_map(|it| it.id).collect();
        let wanted = Wanted { key, n, since, known: &known };
        self.batches.find(wanted).await.map_err(|error| told(&error, self.asker, "a batch"))
    }

    /// Looks at the vendor's for the batches whose id was not written: the process ended in between.
    pub(super) async fn find_lost(&self) -> Result<()> {
        for batch in self.open().await?.into_iter().filter(|it| it.id.is_none()) {
            match self.find(&batch.key, batch.n_rows, batch.at_ms / 1000 - SKEW).await? {
                Some(id) => self.decide(&Event::Submitted { key: batch.key, id }).await?,
                None => self.close_lost(batch).await?,
            }
        }
        Ok(())
    }

    /// The vendor has no such batch.
    pub(super) async fn close_lost(&self, batch: KeptBatch) -> Result<()> {
        let hold = self.scene.store.open_hold(batch.hold).await?;
        self.close_unsent(batch.key, hold).await
    }

    async fn close_unsent(&self, key: String, settle: Option<Hold>) -> Result<()> {
        let decisions = vec![Event::NeverSent { key }.decision()];
        self.begun.journal.write(Entry { decisions, settle, ..Entry::default() }).await
    }

    async fn decide(&self, event: &Event) -> Result<()> {
        let (kind, body, at_ms) = event.decision();
        self.scene.store.decide(kind, &body, at_ms).await.map(|_| ())
    }

    /// The rows of an open batch.
    pub(super) async fn rows(&self, batch: &KeptBatch) -> Result<Vec<KeptRow>> {
        rows_of(self.scene.store, batch).await
    }
}

/// Why a batch was not sent.
enum NotSent {
    /// It is certain that the vendor does not have it.
    Refused(Error),
    /// The vendor may have it: it is looked for by the next run.
    Unknown(Error),
}

/// Whether a question is not sent again.
fn is_final(n_failed: u32, failure: &Failure) -> bool {
    let passes = failure.class.parse().is_ok_and(CallErrorClass::is_transient);
    !passes || n_failed >= MAX_TRIES
}

fn may_have_arrived(error: &CallError) -> bool {
    use CallErrorClass::{BadBody, Connection, Server, Timeout};
    matches!(error.class, BadBody | Connection | Server | Timeout)
}
