//! `karat export`: the data with its labels, from the journal alone.

use karat_core::Result;
use karat_engine::export;
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, n_of};
use crate::work::{Ready, Work};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// Where to; the ending names the format, `-` is JSON lines on standard output.
    #[arg(short, long, value_name = "FILE")]
    output: String,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let ready = Ready::open(&args.work, None).await?;
    ready.say_what_is_not_live(voice);
    let written = export(&ready.setup, &ready.store, &ready.askers, &args.output, None).await?;
    voice.say(format!(
        "wrote {} to {}; {} with a label of every annotator",
        n_of(written.n_rows, "row"),
        args.output,
        n_of(written.n_labeled, "row")
    ));
    voice.event(
        "written",
        json!({"file": args.output, "n_rows": written.n_rows, "n_labeled": written.n_labeled}),
    );
    Ok(if written.n_labeled == written.n_rows { Done::Well } else { Done::Look })
}
