//! The `karat` binary: flags in, exit code out.
//!
//! 0: done. 1: done, and something needs a look (rows that are no items, items without a label). 2: not done.

mod commands;
mod panel;
mod voice;
mod work;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::voice::Voice;

/// Labels of known purity: models label data, people verify it, and every set of labels leaves with a measured quality.
#[derive(Parser)]
#[command(name = "karat", version, propagate_version = true, disable_help_subcommand = true)]
struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
    /// Write events and results as JSON on standard output.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Look at a file and write a `karat.toml` for it.
    Init(commands::init::Args),
    /// Say what a run would cost, in calls, tokens, money and minutes. Nothing is sent.
    Plan(commands::plan::Args),
    /// Show exactly what is sent for an item, and what came back so far.
    Prompt(commands::prompt::Args),
    /// Label the data. The same command goes on where it ended.
    Label(commands::label::Args),
    /// Ask again where no label came; the old outcome stands until there is a new answer.
    Retry(commands::retry::Args),
    /// List the batches that were sent, and say how far they are; cancel one.
    Batches(commands::batches::Args),
    /// Say how far the labeling is, also while another karat runs.
    Status(commands::status::Args),
    /// Write the data with its labels: CSV, TSV, JSONL, JSON, Parquet or XLSX.
    Export(commands::export::Args),
    /// Compare the labels with gold: coverage, accuracy, F1, confusion, each with n and interval.
    Evaluate(commands::evaluate::Args),
    /// Find one label for each item from several annotators, and say how good it is.
    Consensus(commands::consensus::Args),
    /// Say how each item's final label came about: by which tier, by the moderator, or left to a person.
    Decide(commands::decide::Args),
    /// Say what annotators did that they were not asked for: labels and quotes that do not exist, cut and mended answers.
    Inspect(commands::inspect::Args),
    /// Say how far annotators agree, beyond what chance would give.
    Agree(commands::agree::Args),
    /// Turn what an annotator says of its sureness into how often it is then right.
    Calibrate(commands::calibrate::Args),
    /// Choose what may go without review, with a promise on the error among it.
    Accept(commands::accept::Args),
    /// Watch a promise: draw accepted items, compare them with their gold, take it back where it is broken.
    Audit(commands::audit::Args),
    /// Draw items for people to label, with known probabilities.
    Sample(commands::sample::Args),
    /// Estimate what holds for the whole data set: models' labels, corrected by a small sample of human ones.
    Estimate(commands::estimate::Args),
    /// Find the labels that are probably wrong, and who and what causes them.
    Errors(commands::errors::Args),
    /// Say whether one annotator is better than another on the same items.
    Compare(commands::compare::Args),
    /// Write all that is known of the labels as one page: how good, under which promise, what to do next.
    Report(commands::report::Args),
    /// Say which endpoints are reachable, which keys are set, and the next step.
    Doctor(commands::doctor::Args),
    /// Count the personal data that is hidden from models. Nothing is sent.
    Mask(commands::mask::Args),
    /// List the kinds of task.
    Kinds(commands::kinds::Args),
    /// Show what endpoints and models can do: schemas, token probabilities, scored prompts, vectors.
    Models(commands::models::Args),
    /// Print the JSON Schema of `karat.toml`.
    Schema(commands::schema::Args),
    /// Rebuild the views of the journal and compare; check every blob.
    Verify(commands::verify::Args),
    /// Print the reference of all commands as Markdown.
    #[command(hide = true)]
    HelpMarkdown(commands::help_markdown::Args),
}

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// All is well.
    Well,
    /// Something needs a look.
    Look,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut voice = Voice::new(cli.json);
    let done = match cli.command {
        Command::Init(args) => commands::init::run(&args, &mut voice),
        Command::Plan(args) => wait(commands::plan::run(&args, &mut voice)),
        Command::Prompt(args) => wait(commands::prompt::run(&args, &mut voice)),
        Command::Label(args) => wait(commands::label::run(&args, &mut voice)),
        Command::Retry(args) => wait(commands::retry::run(&args, &mut voice)),
        Command::Batches(args) => wait(commands::batches::run(&args, &mut voice)),
        Command::Status(args) => wait(commands::status::run(&args, &mut voice)),
        Command::Export(args) => wait(commands::export::run(&args, &mut voice)),
        Command::Evaluate(args) => wait(commands::evaluate::run(&args, &mut voice)),
        Command::Consensus(args) => wait(commands::consensus::run(&args, &mut voice)),
        Command::Decide(args) => wait(commands::decide::run(&args, &mut voice)),
        Command::Mask(args) => commands::mask::run(&args, &mut voice),
        Command::Inspect(args) => wait(commands::inspect::run(&args, &mut voice)),
        Command::Kinds(args) => commands::kinds::run(&args, &mut voice),
        Command::Errors(args) => wait(commands::errors::run(&args, &mut voice)),
        Command::Calibrate(args) => wait(commands::calibrate::run(&args, &mut voice)),
        Command::Agree(args) => wait(commands::agree::run(&args, &mut voice)),
        Command::Accept(args) => wait(commands::accept::run(&args, &mut voice)),
        Command::Audit(args) => wait(commands::audit::run(&args, &mut voice)),
        Command::Sample(args) => wait(commands::sample::run(&args, &mut voice)),
        Command::Estimate(args) => wait(commands::estimate::run(&args, &mut voice)),
        Command::Compare(args) => wait(commands::compare::run(&args, &mut voice)),
        Command::Report(args) => wait(commands::report::run(&args, &mut voice)),
        Command::Doctor(args) => wait(commands::doctor::run(&args, &mut voice)),
        Command::Models(args) => wait(commands::models::run(&args, &mut voice)),
        Command::Schema(args) => commands::schema::run(&args, &mut voice),
        Command::Verify(args) => wait(commands::verify::run(&args, &mut voice)),
        Command::HelpMarkdown(args) => commands::help_markdown::run(&args, Cli::command(), &mut voice),
    };
    match done {
        Ok(Done::Well) => ExitCode::SUCCESS,
        Ok(Done::Look) => ExitCode::from(1),
        Err(error) => {
            voice.error(&error);
            ExitCode::from(2)
        }
    }
}

/// Runs a command that touches the store or the network.
fn wait(command: impl Future<Output = karat_core::Result<Done>>) -> karat_core::Result<Done> {
    // One thread waits for all calls: handing answers from thread to thread costs more than reading them. The store writes
    // and the files are read on threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| karat_core::Error::external("cannot start the runtime").because(error))?;
    let done = runtime.block_on(command);
    // A thread that still reads a file or waits at a socket must not hold the answer back.
    runtime.shutdown_background();
    done
}
