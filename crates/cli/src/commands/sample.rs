//! `karat sample`: which items people should label, so that the numbers made from them stay honest.

use clap::ValueEnum;
use karat_core::Result;
use karat_engine::panel::Keep;
use karat_engine::sample::{Design, SampleOptions, gold_column, keep, sample};
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, count, n_of};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many items to draw from those without gold.
    n: usize,
    #[command(flatten)]
    panel: PanelArgs,
    /// How they are drawn.
    #[arg(long, value_enum, default_value = "simple")]
    design: Kind,
    /// Whose labels say where errors are expected; the usual one without it.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// For `acceptance`: the error that is to be promised.
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    error: f64,
    /// For `acceptance`: how sure the promise is to be.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    confidence: f64,
    /// Where to write the rows, with an empty column for people.
    #[arg(long, short, value_name = "FILE")]
    output: String,
    /// The seed of the draw.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// How items are drawn.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Each set of items equally likely: promises and all estimates may stand on it.
    Simple,
    /// By label and sureness, more where labels are expected to be wrong: for estimates.
    Stratified,
    /// Each item by how probably its label is wrong: for estimates.
    Active,
    /// Inside of what may be accepted: the cheapest way to a promise.
    Acceptance,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let read = args.panel.read(Keep::Texts, voice).await?;
    let design = match args.design {
        Kind::Simple => Design::Simple,
        Kind::Stratified => Design::Stratified,
        Kind::Active => Design::Active,
        Kind::Acceptance => Design::Acceptance { error: args.error, confidence: args.confidence },
    };
    let options = SampleOptions { n: args.n, design, by: args.by.clone(), seed: args.seed };
    let drawn = sample(&read.panel, &options)?;
    let store = read.store().await?;
    let id = keep(&store, &read.panel, read.setup(), &drawn, &read.path(&args.output)).await?;
    voice.event("sample", json!({"sample": id, "drawn": drawn, "file": args.output}));
    voice.say(format!(
        "sample {id} ({}): {} of {} without gold: {}",
        drawn.design,
        n_of(drawn.n, "item"),
        count(drawn.n_pool),
        args.output
    ));
    if let Some(remark) = &drawn.remark {
        voice.say(format!("note: {remark}"));
    }
    let next = match design {
        Design::Acceptance { .. } => "karat accept",
        // Of a whole form there is nothing to estimate, only of its questions.
        _ if read.panel.one_question("estimate").is_err() => "karat evaluate",
        Design::Simple | Design::Stratified | Design::Active => "karat estimate",
    };
    // The gold of before teaches, that of the sample tests.
    let before = match (&args.panel.gold, design) {
        (Some(gold), Design::Acceptance { .. }) => format!("{gold},"),
        _ => String::new(),
    };
    voice.hint(format!(
        "label them by hand in the column `{}`, then `{next}{} --gold {before}{}`",
        gold_column(read.setup())?,
        args.panel.again(),
        args.output
    ));
    Ok(Done::Well)
}
