//! `karat label`: look at the data, say what it will cost, run, write the labeled file.

use std::time::{Duration, Instant};

use karat_core::{Error, ErrorKind, MicroUsd, Result};
use karat_engine::{
    BatchOptions, Count, KeptBatch, Plan, RunEnd, RunOptions, Selection, Survey, Watch, batches, export,
    plan, plan_batch, run as run_annotators, run_batch, survey,
};
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, duration, n_of};
use crate::work::{Ready, Work};

/// Above this a run without a limit is not begun unasked.
const ASK_ABOVE: MicroUsd = MicroUsd(1_000_000);

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// Write the data with its labels here; the ending names the format, `-` is JSON lines on standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    #[command(flatten)]
    batching: Batching,
    #[command(flatten)]
    pub(crate) running: Running,
}

/// How a run is run; shared with `retry`.
#[derive(clap::Args, Clone)]
pub(crate) struct Running {
    /// The column with gold: what a `scripted` stand-in is right or wrong about.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) gold: Option<String>,
    /// Only the first so many items.
    #[arg(long, value_name = "N")]
    pub(crate) first: Option<u64>,
    /// The seed of what is random.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Begin a paid run without asking.
    #[arg(long, alias = "no-ask")]
    pub(crate) yes: bool,
    /// By batches instead of live calls; told by `label` alone.
    #[arg(skip)]
    batching: Option<Batching>,
}

/// Whether the data is labeled by batches, and how.
#[derive(clap::Args, Clone)]
struct Batching {
    /// Send the questions as batches: answered within a day, mostly at half the price. The same command goes on.
    #[arg(long, help_heading = "Batches")]
    batch: bool,
    /// Send and collect, and do not wait until the batches are over.
    #[arg(long, requires = "batch", help_heading = "Batches")]
    no_wait: bool,
    /// The most rows of one batch, where that is fewer than the vendor takes.
    #[arg(long, value_name = "N", requires = "batch", help_heading = "Batches")]
    batch_rows: Option<usize>,
    /// Look at the batches every so many seconds; by itself from 10 to 120.
    #[arg(long, value_name = "SECONDS", requires = "batch", help_heading = "Batches")]
    look_every: Option<u64>,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let ready = Ready::open(&args.work, args.running.gold.as_deref()).await?;
    args.work.say_what_is_guessed(&ready.setup, voice);
    let batching = args.batching.batch.then(|| args.batching.clone());
    let running = Running { batching, ..args.running.clone() };
    label(&ready, &running, Selection::New, args.output.as_deref(), voice).await
}

/// Runs the annotators over the data, and writes the file. Shared with `retry`.
pub(crate) async fn label(
    ready: &Ready,
    running: &Running,
    selection: Selection,
    output: Option<&str>,
    voice: &mut Voice,
) -> Result<Done> {
    ready.say_what_is_not_live(voice);
    let seen = survey(&ready.setup, running.first)?;
    voice.problems(&seen.problems, seen.n_problems);
    if seen.n_items == 0 {
        return Err(Error::invalid("no row of the data is an item").hint("see the problems above"));
    }
    if selection == Selection::New && !confirm_cost(ready, running, voice).await? {
        return Err(Error::new(ErrorKind::BudgetSpent, "nothing was sent"));
    }
    let end = run_watched(ready, running, selection, &seen, voice).await?;
    summary(&end, &seen, voice);
    if let Some(output) = output {
        let written = export(&ready.setup, &ready.store, &ready.askers, output, running.first).await?;
        voice.say(format!("wrote {} to {output}", n_of(written.n_rows, "row")));
        voice.event(
            "written",
            json!({"file": output, "n_rows": written.n_rows, "n_labeled": written.n_labeled}),
        );
    }
    let open = open_batches(ready).await?;
    if !open.is_empty() {
        say_open(&open, voice);
    } else {
        next_step(ready, &end, output.is_some(), voice);
    }
    if let Some((_, error)) = end.errors.into_iter().next() {
        return Err(error);
    }
    let all_well = open.is_empty() && !end.stopped && end.count.n_not_labeled() == 0 && seen.n_problems == 0;
    Ok(if all_well { Done::Well } else { Done::Look })
}

/// Shows what a paid run will cost, and asks above a limit that nobody has set.
async fn confirm_cost(ready: &Ready, running: &Running, voice: &mut Voice) -> Result<bool> {
    let is_paid = ready
        .askers
        .iter()
        .any(|asker| asker.nature().is_live() && asker.price.as_ref().is_some_and(|it| !it.is_free()));
    if !is_paid {
        return Ok(true);
    }
    let (Ready { setup, store, askers }, first) = (ready, running.first);
    let plan = match running.batching {
        Some(_) => plan_batch(setup, store, askers, first).await?,
        None => plan(setup, store, askers, first).await?,
    };
    voice.say(one_line(&plan));
    let likely: MicroUsd = plan.annotators.iter().filter_map(|it| it.cost.as_ref()).map(|it| it.likely).sum();
    if likely <= ASK_ABOVE || running.yes || ready.setup.max_cost.is_some() {
        return Ok(true);
    }
    if voice.can_ask() {
        return Ok(voice.confirm(&format!("spend about {likely}?")));
    }
    Err(Error::invalid(format!("this run would cost about {likely}, and no limit is set"))
        .hint("set one with `--max-cost USD`, or say `--yes`"))
}

fn one_line(plan: &Plan) -> String {
    let calls: u64 = plan.annotators.iter().map(|it| it.n_calls).sum();
    let cost = |pick: fn(&karat_engine::CostRange) -> MicroUsd| -> MicroUsd {
        plan.annotators.iter().filter_map(|it| it.cost.as_ref()).map(pick).sum()
    };
    let by = if plan.annotators.iter().any(|it| it.in_batches) { " in batches" } else { "" };
    format!(
        "{}, {}{by}, likely {} ({} to {} at most)",
        n_of(plan.n_items, "item"),
        n_of(calls, "call"),
        cost(|it| it.likely),
        cost(|it| it.low),
        cost(|it| it.high)
    )
}

/// Runs, draws the progress, and hears Ctrl-C: the first drains, the second leaves at once.
async fn run_watched(
    ready: &Ready,
    running: &Running,
    selection: Selection,
    seen: &Survey,
    voice: &mut Voice,
) -> Result<RunEnd> {
    let watch = Watch::default();
    watch.progress.expect(seen.n_items * ready.askers.len() as u64);
    let options = RunOptions { selection, first: running.first, seed: running.seed };
    let begun = Instant::now();
    let mut work = std::pin::pin!(work(ready, options, running.batching.as_ref(), &watch));
    let mut drawer = Drawer::new(voice, begun);
    loop {
        tokio::select! {
            end = &mut work => return end,
            () = tokio::time::sleep(drawer.every) => drawer.draw(&watch.progress.count()),
            _ = tokio::signal::ctrl_c() => {
                if watch.stop.asked() {
                    // What is on disk is whole; the calls in flight are paid and not kept.
                    std::process::exit(130);
                }
                watch.stop.ask();
                drawer.voice.say(match running.batching {
                    Some(_) => "stopping: the batches go on without us, and the same command collects them",
                    None => "stopping: the calls in flight are waited for and kept; once more leaves at once",
                });
            }
        }
    }
}

/// The run itself, by live calls or by batches.
async fn work(
    ready: &Ready,
    options: RunOptions,
    batching: Option<&Batching>,
    watch: &Watch,
) -> Result<RunEnd> {
    let Ready { setup, store, askers } = ready;
    let Some(batching) = batching else {
        return run_annotators(setup, store, askers, &options, watch).await;
    };
    let options = BatchOptions {
        run: options,
        wait: !batching.no_wait,
        rows: batching.batch_rows,
        pause: batching.look_every.map(Duration::from_secs),
    };
    run_batch(setup, store, askers, &options, watch).await
}

/// The open batches of these annotators.
async fn open_batches(ready: &Ready) -> Result<Vec<KeptBatch>> {
    let mine = |batch: &KeptBatch| batch.is_open() && ready.askers.iter().any(|it| it.id == batch.annotator);
    Ok(batches(&ready.store).await?.into_iter().filter(mine).collect())
}

fn say_open(open: &[KeptBatch], voice: &mut Voice) {
    for batch in open {
        let id = batch.id.as_deref().unwrap_or("not known yet");
        voice.say(format!("open: batch {id} · {} · {}", batch.name, n_of(batch.n_rows, "row")));
        voice.event("open_batch", json!(batch));
    }
    voice.hint("`karat label --batch` collects what is over; `karat batches` shows how far they are");
}

/// Draws how far the run is: one line drawn over on a terminal, a line now and then elsewhere, events for machines.
struct Drawer<'a> {
    voice: &'a mut Voice,
    begun: Instant,
    every: Duration,
}

impl<'a> Drawer<'a> {
    fn new(voice: &'a mut Voice, begun: Instant) -> Self {
        let every = match (voice.is_live(), voice.json) {
            (true, _) => Duration::from_millis(200),
            (false, true) => Duration::from_secs(1),
            (false, false) => Duration::from_secs(10),
        };
        Self { voice, begun, every }
    }

    fn draw(&mut self, now: &Count) {
        let seconds = self.begun.elapsed().as_secs_f64();
        if self.voice.json {
            self.voice.event("progress", json!({"seconds": seconds, "count": now}));
        } else if self.voice.is_live() {
            self.voice.live(&progress_line(now, seconds));
        } else {
            self.voice.say(progress_line(now, seconds));
        }
    }
}

/// `1,234 of 10,000 · 12 failed (3 timeout) · 41/s · $0.12 · 3 min left`
fn progress_line(now: &Count, seconds: f64) -> String {
    let done = now.n_standing + now.n_settled + now.n_done() + now.n_not_recorded;
    let rate = now.n_done() as f64 / seconds.max(0.001);
    let mut parts = vec![format!("{} of {}", count(done), count(now.n_total))];
    if now.n_not_labeled() > 0 {
        let reasons: Vec<String> = now.reasons.iter().map(|(why, n)| format!("{n} {why}")).collect();
        parts.push(format!("{} without a label ({})", count(now.n_not_labeled()), reasons.join(", ")));
    }
    if now.n_in_batches > 0 {
        parts.push(format!(
            "{} wait in batches, {} of them done there",
            count(now.n_in_batches),
            count(now.n_done_in_batches)
        ));
    } else {
        parts.push(format!("{rate:.0}/s"));
    }
    if now.cost.0 > 0 {
        parts.push(now.cost.to_string());
    }
    if rate > 0.0 && now.n_total > done && now.n_in_batches == 0 {
        parts.push(format!("{} left", duration((now.n_total - done) as f64 / rate)));
    }
    if let Some(waiting) = &now.waiting {
        parts.push(format!("trying again after `{waiting}`"));
    }
    parts.join(" · ")
}

fn summary(end: &RunEnd, seen: &Survey, voice: &mut Voice) {
    let done = &end.count;
    let mut parts = vec![format!("{} labeled", count(done.n_labeled))];
    for (n, what) in
        [(done.n_abstained, "abstained"), (done.n_unusable, "unusable"), (done.n_failed, "failed")]
    {
        if n > 0 {
            parts.push(format!("{} {what}", count(n)));
        }
    }
    for (n, what) in [
        (done.n_standing, "were done before"),
        (done.n_settled, "were settled and not asked"),
        (done.n_reused, "needed no call of their own"),
        (done.n_fell_back, "were answered by a fallback"),
        (done.n_not_recorded, "not in the recording"),
        (done.n_tries_failed, "tries failed"),
    ] {
        if n > 0 {
            parts.push(format!("{} {what}", count(n)));
        }
    }
    if done.cost.0 > 0 {
        parts.push(format!("{} spent", done.cost));
    }
    voice.say(parts.join(" · "));
    for (why, n) in &done.reasons {
        voice.say(format!("  {} {why}", count(*n)));
    }
    for (name, downgrade) in &end.downgrades {
        voice.say(format!(
            "note: `{name}` does not take `{}`; sent {}: {}",
            downgrade.asked, downgrade.sent, downgrade.why
        ));
    }
    for (name, error) in end.errors.iter().skip(1) {
        voice.say(format!("`{name}` ended early: {error}"));
    }
    let ended = if end.stopped { "stopped" } else { "done" };
    voice.event(
        "end",
        json!({"how": ended, "count": done, "n_items": seen.n_items, "n_problems": seen.n_problems}),
    );
}

fn next_step(ready: &Ready, end: &RunEnd, written: bool, voice: &mut Voice) {
    if end.stopped {
        voice.hint("the same command goes on where this one stopped");
    } else if end.count.n_failed > 0 {
        voice.hint("`karat retry` asks again where no answer came");
    } else if ready.setup.gold.is_some() {
        voice.hint("`karat evaluate` says how good the labels are");
    } else if !written {
        voice.hint("`karat export -o labeled.csv` writes the data with its labels");
    }
}
