//! What a command works on: the project of a folder, or what the flags of one line say.
//!
//! In: a `karat.toml` with its guideline, or a [`OneLine`]. Out: a [`Setup`]: the task, how the data is read, who answers,
//! what may be spent. Nothing is sent and no store is opened here.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use karat_core::{
    AnnotatorSpec, Budget, DataSpec, Error, ErrorKind, Hash, Hasher, LabelSpec, LongSpec, MicroUsd,
    PrivacySpec, Project, Result, Role, SettleSpec, Task, TaskSpec, Turns,
};
use karat_format::{ReadSpec, TURN_COLUMNS};
use karat_llm::{Limiters, Prices};
use karat_task::{Long, TaskKind};

use crate::labels_file;
use crate::pool::Pool;
use crate::privacy::{Privacy, shown_columns};

/// The name of the file that makes a folder a project.
pub const PROJECT_FILE: &str = "karat.toml";

/// What a command works on.
#[derive(Clone)]
pub struct Setup {
    /// The folder with the store; paths of the project are relative to it.
    pub folder: PathBuf,
    /// A name for reports.
    pub name: String,
    /// What is to be done with each item.
    pub task: Arc<Task>,
    /// The kind of the task.
    pub kind: &'static dyn TaskKind,
    /// How the data is read.
    pub read: ReadSpec,
    /// The column with values settled by people.
    pub gold: Option<String>,
    /// Columns with the labels of single people.
    pub people: Vec<String>,
    /// Who answers; those who check labels stand last.
    pub annotators: Vec<AnnotatorSpec>,
    /// When an item is settled, so that the next tier is not asked about it.
    pub settle: SettleSpec,
    /// How long texts are cut.
    pub long: Option<Long>,
    /// What is hidden from every model.
    pub privacy: Option<Arc<Privacy>>,
    /// Labeled items that worked examples are chosen from.
    pub pool: Option<Arc<Pool>>,
    /// The hard limit over all runs.
    pub max_cost: Option<MicroUsd>,
    /// What of pieces, offered labels and hidden data changes what a model is shown; `None` where nothing does.
    pub(crate) around: Option<Hash>,
    /// What calls cost.
    pub prices: Arc<Prices>,
    /// What endpoints bear, found out and shared by all annotators of one address and key.
    pub limiters: Arc<Limiters>,
}

/// The one-line command without a project: what its flags say.
#[derive(Debug, Clone, Default)]
pub struct OneLine {
    /// The files.
    pub files: Vec<String>,
    /// The kind of the task.
    pub kind: String,
    /// The label names.
    pub labels: Vec<String>,
    /// The column with the text; guessed without one.
    pub text: Option<String>,
    /// The column with the id.
    pub id: Option<String>,
    /// Further columns that the annotator sees.
    pub context: Vec<String>,
    /// The column with values settled by people.
    pub gold: Option<String>,
    /// Columns with the labels of single people.
    pub people: Vec<String>,
    /// The columns that are compared, for `prefer`, `rank` and `match`.
    pub options: Vec<String>,
    /// A file with the guideline.
    pub guideline: Option<String>,
    /// Whether spans may overlap.
    pub overlap: bool,
    /// Who answers.
    pub annotators: Vec<AnnotatorSpec>,
    /// What may be spent.
    pub budget: Budget,
}

impl Setup {
    /// The project whose `karat.toml` lies in `folder`.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(PROJECT_FILE);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::not_found(format!("there is no `{PROJECT_FILE}` in `{}`", folder.display()))
                    .hint("make one with `karat init FILE`, or label a file at once with `karat label FILE --labels a,b --model …`")
            }
            _ => Error::external(format!("cannot read `{}`", path.display())).because(error),
        })?;
        let project = Project::parse(&text, PROJECT_FILE)?;
        Self::new(folder, project)
    }

    /// What the flags of one line say; the store lies in `folder`.
    pub fn one_line(folder: &Path, line: OneLine) -> Result<Self> {
        let files = line.files.clone();
        let text = match line.text {
            Some(text) => text,
            None => guess_text(folder, &files)?,
        };
        let labels = line.labels.iter().map(LabelSpec::named).collect();
        let task = TaskSpec {
            kind: line.kind,
            labels,
            guideline: line.guideline,
            overlap: line.overlap,
            options: line.options,
            ..TaskSpec::default()
        };
        let data = DataSpec {
            files,
            text,
            id: line.id,
            context: line.context,
            gold: line.gold,
            people: line.people,
            max_chars: 100_000,
            dialogue: None,
        };
        let project = Project {
            name: String::new(),
            data,
            task,
            few_shot: None,
            long: None,
            privacy: None,
            annotators: line.annotators,
            policy: Default::default(),
            budget: line.budget,
        };
        Self::new(folder, project)
    }

    fn new(folder: &Path, project: Project) -> Result<Self> {
        let Project {
            name,
            mut data,
            task: mut spec,
            few_shot,
            long,
            privacy,
            mut annotators,
            policy,
            budget,
        } = project;
        // Who only checks labels stands behind all who give them.
        annotators.sort_by_key(|it| it.role == Role::Inspector);
        let guideline =
            spec.guideline.as_ref().map(|file| read_text(folder, file)).transpose()?.unwrap_or_default();
        if let Some(file) = &spec.labels_file {
            spec.labels.extend(labels_file::read(&folder.join(file), file)?);
        }
        let context = data.context.clone();
        add_turns(&mut data);
        let (task, kind) = karat_task::task(spec, &data, &policy, guideline)?;
        let prices = prices(folder, &budget)?;
        let concurrency = annotators.iter().map(|it| it.concurrency).max().unwrap_or(1);
        let text = Some(data.text).filter(|it| !it.is_empty());
        let mut read = ReadSpec {
            files: data.files,
            base: folder.to_owned(),
            text,
            id: data.id,
            dialogue: data.dialogue,
            context: context.into_iter().chain(task.further().map(str::to_owned)).collect(),
            max_chars: data.max_chars,
            ..ReadSpec::default()
        };
        let around = around(&task, long.as_ref(), privacy.as_ref());
        let privacy = privacy.map(|spec| Privacy::open(folder, &spec, &task)).transpose()?.map(Arc::new);
        read.screen = privacy.as_ref().and_then(|it| it.screen(shown_columns(&task)));
        let pool = few_shot
            .map(|spec| Pool::open(folder, spec, &read, data.gold.as_deref(), (&task, kind)))
            .transpose()?;
        Ok(Self {
            folder: folder.to_owned(),
            name,
            task: Arc::new(task),
            kind,
            read,
            gold: data.gold,
            people: data.people,
            annotators,
            settle: policy.settle.unwrap_or_default(),
            long: long.map(cut),
            privacy,
            pool: pool.map(Arc::new),
            max_cost: limit(budget.max_cost_usd)?,
            around,
            prices: Arc::new(prices),
            limiters: Arc::new(Limiters::new(concurrency)),
        })
    }

    /// Keeps only the annotators of these names; an empty list keeps all.
    pub fn keep_annotators(&mut self, names: &[String]) -> Result<()> {
        for name in names {
            if !self.annotators.iter().any(|it| it.display_name() == name) {
                let known: Vec<&str> = self.annotators.iter().map(AnnotatorSpec::display_name).collect();
                return Err(Error::invalid(format!("no annotator is called `{name}`"))
                    .hint(format!("there are `{}`", known.join("`, `"))));
            }
        }
        if !names.is_empty() {
            self.annotators.retain(|it| names.iter().any(|name| name == it.display_name()));
        }
        Ok(())
    }

    /// A path of the project.
    pub fn path(&self, written: &str) -> PathBuf {
        self.folder.join(written)
    }

    /// The version of a prompt with all that changes what is shown beside it.
    pub(crate) fn version(&self, prompt: Hash) -> Hash {
        match self.around {
            None => prompt,
            Some(around) => Hasher::default().part(prompt.0).part(around.0).finish(),
        }
    }

    /// An error where nobody answers.
    pub fn require_annotators(&self) -> Result<()> {
        if self.annotators.is_empty() {
            return Err(Error::invalid("the project names no annotator").hint(
                "add `[[annotators]]` with `model = \"ollama/qwen3:8b\"` to `karat.toml`, or give `--model`",
            ));
        }
        Ok(())
    }
}

/// The columns that items have once a dialogue is unfolded.
fn add_turns(data: &mut DataSpec) {
    let Some(dialogue) = &data.dialogue else { return };
    if data.text.is_empty() {
        data.text = "text".to_owned();
    }
    if dialogue.label == Turns::Each {
        data.context.extend(TURN_COLUMNS.map(str::to_owned));
    }
}

/// What calls cost: the user's list before ours.
fn prices(folder: &Path, budget: &Budget) -> Result<Prices> {
    match &budget.prices {
        Some(file) => Prices::with_override(&read_text(folder, file)?)
            .map_err(|why| Error::invalid(format!("`{file}`: {why}"))),
        None => Prices::built_in().map_err(Error::bug),
    }
}

/// The identity of what changes prompts beside the task itself.
fn around(task: &Task, long: Option<&LongSpec>, privacy: Option<&PrivacySpec>) -> Option<Hash> {
    let spec = &task.spec;
    if (long, privacy, spec.shortlist, &spec.levels) == (None, None, None, &None) {
        return None;
    }
    let said = serde_json::to_string(&(long, privacy, spec.shortlist, &spec.levels)).unwrap_or_default();
    Some(Hash::of(said.as_bytes()))
}

/// How long texts are cut, counted by a tokenizer that is nearly every model's.
fn cut(spec: LongSpec) -> Long {
    Long {
        max_tokens: spec.max_tokens as usize,
        overlap_tokens: spec.overlap_tokens as usize,
        count: Arc::new(|text: &str| karat_llm::tokens::count(text) as usize),
    }
}

/// A limit in dollars, checked.
pub fn limit(usd: Option<f64>) -> Result<Option<MicroUsd>> {
    usd.map(|usd| {
        MicroUsd::from_usd(usd)
            .ok_or_else(|| Error::invalid(format!("`{usd}` is not an amount of dollars of 0 or more")))
    })
    .transpose()
}

pub(crate) fn read_text(folder: &Path, file: &str) -> Result<String> {
    let path = folder.join(file);
    fs::read_to_string(&path).map_err(|error| {
        let kind = if error.kind() == std::io::ErrorKind::NotFound {
            ErrorKind::NotFound
        } else {
            ErrorKind::External
        };
        Error::new(kind, format!("cannot read `{}`", path.display())).because(error)
    })
}

fn guess_text(folder: &Path, files: &[String]) -> Result<String> {
    let first = files.first().ok_or_else(|| Error::invalid("no file was named"))?;
    let look = karat_format::look(folder.join(first), 200)?;
    look.text.ok_or_else(|| {
        let columns: Vec<String> = look.columns.into_iter().map(|column| column.name).collect();
        Error::invalid(format!("cannot tell which column of `{first}` is the text"))
            .hint(format!("name it: `--text COLUMN`, one of `{}`", columns.join("`, `")))
    })
}
