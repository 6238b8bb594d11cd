//! The flags that say what to work on, shared by most commands: the project of a folder, or one line without a project.

use std::path::{Path, PathBuf};

use clap::Args;
use karat_core::{AnnotatorSpec, Budget, Error, Result};
use karat_engine::{Asker, OneLine, Setup, limit};
use karat_store::Store;

use crate::voice::Voice;

/// What to work on.
#[derive(Args, Clone, Default)]
pub(crate) struct Work {
    /// Files or globs to label without a project; `-` is standard input. Without them, the project in `--project`.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// The folder with `karat.toml`; labels and the journal are kept in `.karat/` there.
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Project")]
    project: PathBuf,
    /// Only these annotators of the project.
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Project")]
    annotator: Vec<String>,
    /// The labels, in order.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', help_heading = "Task")]
    labels: Vec<String>,
    /// The kind of the task: `karat kinds` lists them.
    #[arg(long, default_value = "classify", help_heading = "Task")]
    kind: String,
    /// The column with the text; guessed without it.
    #[arg(long, value_name = "COLUMN", help_heading = "Task")]
    text: Option<String>,
    /// The column with the id; without it, ids are made from the content.
    #[arg(long, value_name = "COLUMN", help_heading = "Task")]
    id: Option<String>,
    /// Further columns that the model sees.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', help_heading = "Task")]
    context: Vec<String>,
    /// Columns with the labels of single people, one column a person.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', help_heading = "Task")]
    people: Vec<String>,
    /// The columns that are compared, for `prefer`, `rank` and `match`.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', help_heading = "Task")]
    options: Vec<String>,
    /// A file with the guideline.
    #[arg(long, value_name = "FILE", help_heading = "Task")]
    guideline: Option<String>,
    /// Spans may nest or overlap.
    #[arg(long, help_heading = "Task")]
    overlap: bool,
    /// Who answers: `provider/model`, for example `ollama/qwen3:8b`. Given more than once, all are asked side by side.
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    model: Vec<String>,
    /// Where the endpoint is, if not where its provider says.
    #[arg(long, value_name = "URL", help_heading = "Model")]
    base_url: Option<String>,
    /// The recorded answers for `replay/MODEL`.
    #[arg(long, value_name = "FILE", help_heading = "Model")]
    answers: Option<String>,
    /// The most calls at a time.
    #[arg(long, value_name = "N", help_heading = "Model")]
    concurrency: Option<u32>,
    /// How often each item is asked; the share of votes is then the confidence.
    #[arg(long, value_name = "N", help_heading = "Model")]
    samples: Option<u32>,
    /// The temperature; 0 for one sample, 0.7 for several.
    #[arg(long, help_heading = "Model")]
    temperature: Option<f64>,
    /// The longest answer, in tokens.
    #[arg(long, value_name = "N", help_heading = "Model")]
    max_tokens: Option<u32>,
    /// A call without an answer for so many seconds has failed.
    #[arg(long, value_name = "SECONDS", help_heading = "Model")]
    timeout: Option<u32>,
    /// The model writes its reasons before the label.
    #[arg(long, help_heading = "Model")]
    reasoning: bool,
    /// The model states how sure it is.
    #[arg(long, help_heading = "Model")]
    state_confidence: bool,
    /// A hard limit in US dollars over all runs in this folder.
    #[arg(long, value_name = "USD", help_heading = "Budget")]
    max_cost: Option<f64>,
    /// A TOML file with prices that go before the built-in ones.
    #[arg(long, value_name = "FILE", help_heading = "Budget")]
    prices: Option<String>,
}

impl Work {
    /// The setup that these flags name; `gold` is the column given to `--gold`.
    pub(crate) fn setup(&self, gold: Option<&str>) -> Result<Setup> {
        let mut setup = if self.files.is_empty() { self.in_project()? } else { self.one_line(gold)? };
        setup.keep_annotators(&self.annotator)?;
        Ok(setup)
    }

    /// Says which column was taken for the text, where nobody named one.
    pub(crate) fn say_what_is_guessed(&self, setup: &Setup, voice: &mut Voice) {
        if !self.files.is_empty() && self.text.is_none() {
            voice.say(format!(
                "note: the text is taken from column `{}`; `--text` names another",
                setup.task.text
            ));
        }
    }

    fn in_project(&self) -> Result<Setup> {
        if !self.labels.is_empty() {
            return Err(Error::invalid("`--labels` goes with a file, and no file is named")
                .hint("`karat label FILE --labels a,b --model …`, or put the labels into `karat.toml`"));
        }
        let mut setup = Setup::open(&self.project)?;
        if !self.model.is_empty() {
            setup.annotators = self.annotators();
        }
        if let Some(n) = self.concurrency {
            setup.annotators.iter_mut().for_each(|it| it.concurrency = n.max(1));
        }
        if self.max_cost.is_some() {
            setup.max_cost = limit(self.max_cost)?;
        }
        Ok(setup)
    }

    fn one_line(&self, gold: Option<&str>) -> Result<Setup> {
        let files = self.files.iter().map(|file| self.seen_from_folder(file)).collect::<Result<Vec<_>>>()?;
        let line = OneLine {
            files,
            kind: self.kind.clone(),
            labels: self.labels.clone(),
            text: self.text.clone(),
            id: self.id.clone(),
            context: self.context.clone(),
            gold: gold.map(str::to_owned),
            people: self.people.clone(),
            options: self.options.clone(),
            guideline: self.guideline.as_deref().map(|file| self.seen_from_folder(file)).transpose()?,
            overlap: self.overlap,
            annotators: self.annotators(),
            budget: Budget { max_cost_usd: self.max_cost, prices: self.prices.clone() },
        };
        Setup::one_line(&self.project, line)
    }

    /// Whether there is neither a file nor a project to work on.
    pub(crate) fn is_nothing(&self) -> bool {
        self.files.is_empty() && self.labels.is_empty() && !self.project.join("karat.toml").exists()
    }

    /// The folder with `karat.toml`.
    pub(crate) fn folder(&self) -> &Path {
        &self.project
    }

    /// A path that was given on the command line, as the project's folder sees it.
    pub(crate) fn seen_from_folder(&self, path: &str) -> Result<String> {
        if self.project == Path::new(".") || path == "-" {
            return Ok(path.to_owned());
        }
        std::path::absolute(path)
            .map(|path| path.to_string_lossy().into_owned())
            .map_err(|error| Error::invalid(format!("`{path}` is no path")).because(error))
    }

    fn annotators(&self) -> Vec<AnnotatorSpec> {
        let spec = |model: &String| {
            let plain = AnnotatorSpec::of(model);
            AnnotatorSpec {
                base_url: self.base_url.clone(),
                answers: self.answers.clone(),
                concurrency: self.concurrency.unwrap_or(plain.concurrency).max(1),
                samples: self.samples.unwrap_or(plain.samples).max(1),
                temperature: self.temperature,
                max_tokens: self.max_tokens.unwrap_or(plain.max_tokens).max(1),
                timeout_s: self.timeout.unwrap_or(plain.timeout_s).max(1),
                reasoning: self.reasoning,
                state_confidence: self.state_confidence,
                ..plain
            }
        };
        self.model.iter().map(spec).collect()
    }
}

/// A setup with its store and its annotators made ready.
pub(crate) struct Ready {
    pub(crate) setup: Setup,
    pub(crate) store: Store,
    pub(crate) askers: Vec<Asker>,
}

impl Ready {
    /// Opens everything; the store is made where there is none.
    pub(crate) async fn open(work: &Work, gold: Option<&str>) -> Result<Self> {
        let setup = work.setup(gold)?;
        setup.require_annotators()?;
        Self::of(setup).await
    }

    /// As [`Ready::open`], and people's columns will do in place of annotators.
    pub(crate) async fn open_panel(work: &Work, gold: Option<&str>) -> Result<Self> {
        let setup = work.setup(gold)?;
        if setup.people.is_empty() {
            setup.require_annotators()?;
        }
        Self::of(setup).await
    }

    async fn of(setup: Setup) -> Result<Self> {
        let store = Store::open(&setup.folder).await?;
        let askers =
            setup.annotators.iter().map(|spec| Asker::new(&setup, spec)).collect::<Result<Vec<_>>>()?;
        Ok(Self { setup, store, askers })
    }

    /// Says which answers are not live: every output does.
    pub(crate) fn say_what_is_not_live(&self, voice: &mut Voice) {
        let not_live: Vec<&Asker> = self.askers.iter().filter(|asker| !asker.nature().is_live()).collect();
        if not_live.is_empty() {
            return;
        }
        let mut natures: Vec<String> = not_live.iter().map(|asker| asker.nature().to_string()).collect();
        natures.dedup();
        for nature in natures {
            voice.say(format!("note: {nature}"));
        }
    }
}
