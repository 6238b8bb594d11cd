//! `karat verify`: the views rebuilt from the journal and compared, every blob read and hashed.

use std::path::PathBuf;

use karat_core::{Error, Result};
use karat_store::Store;
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, count};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder with `.karat/`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// Write the views anew from the journal.
    #[arg(long)]
    rebuild: bool,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let store = Store::open_existing(&args.project).await?.ok_or_else(|| {
        Error::not_found(format!("there is no journal in `{}`", args.project.display()))
            .hint("`karat label` makes one")
    })?;
    if args.rebuild {
        store.rebuild().await?;
        voice.say("the views are rebuilt from the journal");
    }
    let report = store.verify().await?;
    voice.out(format!(
        "{} runs, {} attempts, {} annotations, {} blobs read",
        count(report.runs),
        count(report.attempts),
        count(report.annotations),
        count(report.blobs)
    ));
    for difference in &report.differences {
        voice.out(format!("differs: {difference}"));
    }
    voice.event("verified", json!({"differences": report.differences}));
    if report.is_whole() {
        voice.out("the views are what the journal says");
        return Ok(Done::Well);
    }
    voice.hint("`karat verify --rebuild` writes the views anew; a damaged blob needs a copy of the file");
    Ok(Done::Look)
}
