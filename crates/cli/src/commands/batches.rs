//! `karat batches`: which batches were sent, how far they are, what they cost; and the end of one that is not wanted.
//!
//! What is over is told from the journal. An open batch is looked at where its annotator is at hand: in a project, or with
//! the flags that labeled the file.

use std::path::Path;

use karat_core::{Error, Result};
use karat_engine::batch::{cancel, far, give_up};
use karat_engine::{Asker, KeptBatch, batches};
use karat_store::Store;
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count, duration, n_of, table};
use crate::work::{Ready, Work};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// Ask the vendor to stop this batch. What is answered until then is paid for, and `karat label --batch` collects it.
    #[arg(long, value_name = "ID", conflicts_with = "forget")]
    cancel: Option<String>,
    /// Wait for this batch no longer, where its vendor does not know it any more: its money counts as spent, its rows are
    /// sent again.
    #[arg(long, value_name = "ID")]
    forget: Option<String>,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let (store, askers) = match args.work.is_nothing() {
        true => (kept(args.work.folder()).await?, Vec::new()),
        false => {
            let ready = Ready::open(&args.work, None).await?;
            (ready.store, ready.askers)
        }
    };
    let all = batches(&store).await?;
    if let Some(id) = &args.cancel {
        let batch = find(&all, id)?;
        let asker = asker_of(&askers, batch).ok_or_else(|| unknown(batch))?;
        cancel(asker, batch).await?;
        voice.say(format!("the vendor was asked to stop `{id}`"));
        voice.hint("`karat label --batch` collects what was answered before");
        return Ok(Done::Well);
    }
    if let Some(id) = &args.forget {
        let batch = find(&all, id)?;
        give_up(&store, batch).await?;
        let (rows, amount) = (n_of(batch.n_rows, "row"), batch.amount);
        voice.say(format!("`{id}` is given up: {rows} are sent again, up to {amount} counts as spent"));
        return Ok(Done::Well);
    }
    list(&all, &askers, voice).await
}

/// The journal of a folder, which is not made for a look.
async fn kept(folder: &Path) -> Result<Store> {
    if Store::open_existing(folder).await?.is_none() {
        return Err(Error::not_found(format!("nothing has been labeled in `{}` yet", folder.display()))
            .hint("`karat label --batch` sends the data as batches"));
    }
    Store::open(folder).await
}

async fn list(all: &[KeptBatch], askers: &[Asker], voice: &mut Voice) -> Result<Done> {
    if all.is_empty() {
        voice.say("no batch was sent from here yet");
        voice.hint("`karat label --batch` sends the data as batches");
    }
    let mut rows = Vec::new();
    for batch in all {
        let (state, done, cost) = match (&batch.end, asker_of(askers, batch)) {
            (Some(end), _) => (end.state.clone(), end.n_answered, end.cost.to_string()),
            (None, Some(asker)) => match far(asker, batch).await {
                Ok((state, done)) => (state, done, format!("≤ {}", batch.amount)),
                Err(error) => {
                    voice.say(format!("note: {error}"));
                    ("not reached".to_owned(), 0, format!("≤ {}", batch.amount))
                }
            },
            (None, None) => ("open".to_owned(), 0, format!("≤ {}", batch.amount)),
        };
        voice.event("batch", json!({"batch": batch, "state": state, "n_done": done}));
        rows.push(vec![
            id_of(batch).to_owned(),
            batch.name.clone(),
            state,
            format!("{} of {}", count(done), count(batch.n_rows)),
            duration(age(batch)),
            cost,
        ]);
    }
    if !rows.is_empty() && !voice.json {
        voice.out(table(&["batch", "annotator", "state", "done", "age", "cost"], rows));
    }
    for batch in all {
        say_oddities(batch, voice);
    }
    Ok(Done::Well)
}

/// What a batch brought beside answers.
fn say_oddities(batch: &KeptBatch, voice: &mut Voice) {
    let Some(end) = &batch.end else {
        return;
    };
    let counts = [
        (end.n_failed, "rows without an answer, sent again"),
        (end.n_unknown, "lines under an unknown id"),
        (end.n_twice, "lines that came twice"),
        (end.n_unreadable, "lines that could not be read"),
    ];
    let odd: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(*n))).collect();
    if !odd.is_empty() {
        voice.say(format!("`{}`: {}", id_of(batch), odd.join(", ")));
    }
    if let Some(why) = &end.why {
        voice.say(format!("`{}` brought nothing: {why}", id_of(batch)));
    }
}

/// The vendor's id, or our key where there is none.
fn id_of(batch: &KeptBatch) -> &str {
    batch.id.as_deref().unwrap_or(&batch.key)
}

fn age(batch: &KeptBatch) -> f64 {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |it| it.as_secs_f64());
    (now - batch.at_ms as f64 / 1000.0).max(0.0)
}

fn asker_of<'a>(askers: &'a [Asker], batch: &KeptBatch) -> Option<&'a Asker> {
    askers.iter().find(|asker| asker.id == batch.annotator)
}

fn find<'a>(all: &'a [KeptBatch], id: &str) -> Result<&'a KeptBatch> {
    let open: Vec<&str> = all.iter().filter(|it| it.is_open()).map(id_of).collect();
    all.iter().find(|it| it.is_open() && id_of(it) == id).ok_or_else(|| {
        let hint = match open.is_empty() {
            true => "no batch is open".to_owned(),
            false => format!("open are `{}`", open.join("`, `")),
        };
        Error::not_found(format!("there is no open batch `{id}`")).hint(hint)
    })
}

fn unknown(batch: &KeptBatch) -> Error {
    Error::invalid(format!("the annotator of `{}` is not at hand: `{}`", id_of(batch), batch.name))
        .hint("name it as for `karat label`: in the project's folder, or with the same file and flags")
}
