//! The flags of the commands that judge labels: a project with its journal, or a file of votes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use karat_core::{Error, Result};
use karat_engine::Setup;
use karat_engine::evaluate::find_gold;
use karat_engine::panel::{Keep, Measure, Panel, PanelOptions, Voter, VotesFile, of_project};

use karat_store::Store;

use crate::voice::Voice;
use crate::work::{Ready, Work};

/// Whose labels are judged.
#[derive(Args, Clone)]
pub(crate) struct PanelArgs {
    #[command(flatten)]
    pub(crate) work: Work,
    /// The gold: a column of the data, or files with the same ids (`a.csv,b.csv`); without it, the project's gold column.
    #[arg(long, value_name = "COLUMN|FILES")]
    pub(crate) gold: Option<String>,
    /// One question of a form: it is judged as a task of its kind.
    #[arg(long, value_name = "NAME")]
    pub(crate) question: Option<String>,
    /// Up to which distance from the gold a value is right that can be right in part, from 0 to 1; of numbers a share of their
    /// scale.
    #[arg(long, value_name = "SHARE")]
    tolerance: Option<f64>,
    /// A file of votes in place of a project: one row a vote, with columns `item`, `annotator`, `label`.
    #[arg(long, value_name = "FILE", help_heading = "Votes")]
    votes: Option<String>,
    /// Who votes in that file, where it has no column `kind`.
    #[arg(long, value_enum, default_value = "people", help_heading = "Votes")]
    voters: Voters,
}

/// Who votes in a file of votes.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Voters {
    /// People.
    People,
    /// Models.
    Models,
}

/// A panel, and what it was read from.
pub(crate) struct ReadyPanel {
    pub(crate) panel: Panel,
    /// The project, where there is one.
    pub(crate) ready: Option<Ready>,
    folder: PathBuf,
}

impl PanelArgs {
    /// Reads the panel, and says what is not live and what could not be read.
    pub(crate) async fn read(&self, keep: Keep, voice: &mut Voice) -> Result<ReadyPanel> {
        let read = match &self.votes {
            Some(votes) => self.of_votes(votes, keep)?,
            None => self.of_project(keep, voice).await?,
        };
        for problem in &read.panel.problems {
            voice.say(format!("problem: {problem}"));
        }
        let n_more = read.panel.n_problems - read.panel.problems.len() as u64;
        if n_more > 0 {
            voice.say(format!("… and {n_more} problems more"));
        }
        Ok(read)
    }

    /// As [`PanelArgs::read`], and an error where there is no gold.
    pub(crate) async fn read_with_gold(&self, keep: Keep, voice: &mut Voice) -> Result<ReadyPanel> {
        let read = self.read(keep, voice).await?;
        if read.panel.n_gold() == 0 {
            let from = read.panel.gold_from.as_deref().map(|from| format!(" in {from}")).unwrap_or_default();
            return Err(Error::invalid(format!("no item has gold{from}")).hint(
                "draw items with `karat sample`, label them by hand, and name them: `--gold COLUMN` or `--gold FILE`",
            ));
        }
        Ok(read)
    }

    fn of_votes(&self, votes: &str, keep: Keep) -> Result<ReadyPanel> {
        if self.question.is_some() || self.tolerance.is_some() {
            return Err(Error::invalid(
                "`--question` and `--tolerance` are for a project, and this is a file of votes",
            )
            .hint("leave them out: its labels are the same or not"));
        }
        let file = VotesFile {
            folder: self.work.folder().to_owned(),
            votes: self.work.seen_from_folder(votes)?,
            gold: self.gold.as_deref().map(|files| self.gold_files(files)).transpose()?,
            voters: match self.voters {
                Voters::People => Voter::Person,
                Voters::Models => Voter::Model,
            },
        };
        Ok(ReadyPanel { panel: file.read(keep)?, ready: None, folder: file.folder })
    }

    /// What a further command needs to read the same: ` --votes FILE`, ` --question NAME`, or nothing.
    pub(crate) fn again(&self) -> String {
        let votes = self.votes.as_ref().map(|votes| format!(" --votes {votes}"));
        let question = self.question.as_ref().map(|name| format!(" --question {name}"));
        let tolerance = self.tolerance.map(|it| format!(" --tolerance {it}"));
        [votes, question, tolerance].into_iter().flatten().collect()
    }

    /// Each of the files as the folder sees it.
    fn gold_files(&self, written: &str) -> Result<String> {
        let files = written.split(',').map(|file| self.work.seen_from_folder(file.trim()));
        Ok(files.collect::<Result<Vec<String>>>()?.join(","))
    }

    async fn of_project(&self, keep: Keep, voice: &mut Voice) -> Result<ReadyPanel> {
        if self.work.is_nothing() {
            return Err(Error::not_found(format!(
                "there is no `karat.toml` in `{}`",
                self.work.folder().display()
            ))
            .hint("name a file of votes: `--votes FILE`; or a project: `--project DIR`"));
        }
        let ready = Ready::open_panel(&self.work, self.gold.as_deref()).await?;
        let has_gold = self.gold.is_some() || ready.setup.gold.is_some();
        let gold = has_gold.then(|| find_gold(&ready.setup, self.gold.as_deref())).transpose()?;
        let measure = Measure::of(&ready.setup, self.question.as_deref())?.tolerating(self.tolerance)?;
        let options = PanelOptions { gold: gold.as_ref(), measure: &measure, keep };
        let panel = of_project(&ready.setup, &ready.store, &ready.askers, options).await?;
        ready.say_what_is_not_live(voice);
        let folder = ready.setup.folder.clone();
        Ok(ReadyPanel { panel, ready: Some(ready), folder })
    }
}

impl ReadyPanel {
    /// The store for decisions: that of the project, or the one in the folder of the votes.
    pub(crate) async fn store(&self) -> Result<Store> {
        match &self.ready {
            Some(ready) => Ok(ready.store.clone()),
            None => Store::open(&self.folder).await,
        }
    }

    /// The same where it is there already: looking makes no folder.
    pub(crate) async fn existing_store(&self) -> Result<Option<Store>> {
        match &self.ready {
            Some(ready) => Ok(Some(ready.store.clone())),
            None => Store::open_existing(&self.folder).await,
        }
    }

    /// The project, where there is one.
    pub(crate) fn setup(&self) -> Option<&Setup> {
        self.ready.as_ref().map(|ready| &ready.setup)
    }

    /// A path that was given on the command line, as files are opened.
    pub(crate) fn path(&self, written: &str) -> String {
        if written == "-" {
            return written.to_owned();
        }
        self.folder.join(written).to_string_lossy().into_owned()
    }
}
