//! `karat retry`: asks again where no label came. The old outcome stands until there is a new answer.

use karat_core::{OutcomeKind, Result};
use karat_engine::Selection;

use super::label::{Running, label};
use crate::Done;
use crate::voice::Voice;
use crate::work::{Ready, Work};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// Also where an answer came that is no label.
    #[arg(long)]
    unusable: bool,
    /// Also where the annotator declined.
    #[arg(long)]
    abstained: bool,
    /// Write the data with its labels here.
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    #[command(flatten)]
    running: Running,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let ready = Ready::open(&args.work, args.running.gold.as_deref()).await?;
    let mut kinds = vec![OutcomeKind::Failed];
    kinds.extend(args.unusable.then_some(OutcomeKind::Unusable));
    kinds.extend(args.abstained.then_some(OutcomeKind::Abstained));
    label(&ready, &args.running, Selection::Again(kinds), args.output.as_deref(), voice).await
}
