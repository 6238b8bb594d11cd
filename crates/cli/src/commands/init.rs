//! `karat init`: looks at a file, proposes columns and kind, asks what it cannot know, writes `karat.toml`.

use std::path::{Path, PathBuf};

use karat_core::{AnnotatorSpec, Budget, DataSpec, Error, ErrorKind, LabelSpec, Project, Result, TaskSpec};
use karat_engine::{PROJECT_FILE, Setup};
use karat_format::{ItemReader, Look, ReadSpec, Row, look};
use serde_json::json;

use crate::Done;
use crate::voice::Voice;

/// From so many different values on, a column is not taken for the labels.
const MAX_LABELS: usize = 100;
/// How many rows are looked at.
const N_ROWS: usize = 500;

/// What can be given. What is not given is proposed, or asked where there is a terminal.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The data.
    file: String,
    /// Where to write `karat.toml`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// The labels.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    labels: Vec<String>,
    /// The kind of the task: `classify`, `multi_label` or `spans`.
    #[arg(long)]
    kind: Option<String>,
    /// The column with the text.
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// The column with the id.
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// The column with values settled by people.
    #[arg(long, value_name = "COLUMN")]
    gold: Option<String>,
    /// Who answers: `provider/model`.
    #[arg(long, value_name = "MODEL")]
    model: Vec<String>,
    /// A hard limit in US dollars.
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// Ask nothing.
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let path = args.project.join(PROJECT_FILE);
    if path.exists() {
        return Err(Error::new(ErrorKind::Conflict, format!("there is a `{}` already", path.display()))
            .hint("edit it, or move it away first"));
    }
    let seen = look(&args.file, N_ROWS)?;
    let columns: Vec<String> = seen
        .columns
        .iter()
        .map(|it| format!("{} ({})", it.name, it.samples.first().map_or("", String::as_str)))
        .collect();
    voice.say(format!("{}: {} with the columns {}", args.file, seen.format, columns.join(", ")));
    let project = propose(args, &seen, voice)?;
    let toml = toml::to_string(&project)
        .map_err(|error| Error::bug("the project does not serialize").because(error))?;
    let text = format!("# What is labeled, how, by whom. `karat schema` prints what may stand here.\n{toml}");
    std::fs::create_dir_all(&args.project)
        .and_then(|()| std::fs::write(&path, &text))
        .map_err(|error| Error::external(format!("cannot write `{}`", path.display())).because(error))?;
    // What was written must be what can be read.
    Setup::open(&args.project)?;
    voice.say(format!("wrote {}", path.display()));
    voice.event("written", json!({"file": path, "project": project}));
    voice.hint(if project.annotators.is_empty() {
        "add a model under `[[annotators]]`, then `karat plan` says what it will cost"
    } else {
        "`karat plan` says what it will cost, `karat label` labels"
    });
    Ok(Done::Well)
}

fn propose(args: &Args, seen: &Look, voice: &mut Voice) -> Result<Project> {
    let asks = !args.yes && voice.can_ask();
    let choose =
        |what: &str, given: &Option<String>, guess: &Option<String>, voice: &mut Voice| match (given, asks) {
            (Some(given), _) => Some(given.clone()),
            (None, false) => guess.clone(),
            (None, true) => {
                let answer = voice.ask(&format!("{what} [{}]: ", guess.as_deref().unwrap_or("none")));
                if answer.is_empty() { guess.clone() } else { Some(answer) }
            }
        };
    let text = choose("the column with the text", &args.text, &seen.text, voice);
    let text = text.ok_or_else(|| {
        Error::invalid("cannot tell which column is the text").hint("name it: `--text COLUMN`")
    })?;
    let id = choose("the column with the id", &args.id, &seen.id, voice);
    let gold = choose("the column with gold labels", &args.gold, &seen.label, voice);
    let kind =
        choose("the kind of task", &args.kind, &Some("classify".to_owned()), voice).unwrap_or_default();
    karat_task::kind(&kind)?;
    let labels = labels(args, gold.as_deref(), asks, voice)?;
    let model = if args.model.is_empty() && asks {
        vec![voice.ask("the model, as provider/model [none]: ")]
    } else {
        args.model.clone()
    };
    let file = relative(&args.file, &args.project)?;
    Ok(Project {
        name: String::new(),
        data: DataSpec { files: vec![file], text, id, gold, max_chars: 100_000, ..DataSpec::default() },
        task: TaskSpec {
            kind,
            labels: labels.into_iter().map(LabelSpec::named).collect(),
            ..TaskSpec::default()
        },
        annotators: model.iter().filter(|it| !it.is_empty()).map(AnnotatorSpec::of).collect(),
        few_shot: None,
        long: None,
        privacy: None,
        policy: Default::default(),
        budget: Budget { max_cost_usd: args.max_cost, prices: None },
    })
}

/// The labels: as given, as found in the gold column, or as answered.
fn labels(args: &Args, gold: Option<&str>, asks: bool, voice: &mut Voice) -> Result<Vec<String>> {
    if !args.labels.is_empty() {
        return Ok(args.labels.clone());
    }
    let found = gold.map(|gold| values(&args.file, gold)).transpose()?.unwrap_or_default();
    if asks {
        let answer = voice.ask(&format!("the labels, with commas between them [{}]: ", found.join(",")));
        if !answer.is_empty() {
            return Ok(answer.split([',', '，', '、']).map(|it| it.trim().to_owned()).collect());
        }
    }
    if found.is_empty() {
        return Err(
            Error::invalid("no labels were named").hint("name them: `--labels positive,negative,neutral`")
        );
    }
    Ok(found)
}

/// The values of a column, in the order in which they occur; a column of many values is no column of labels.
fn values(file: &str, column: &str) -> Result<Vec<String>> {
    let spec = ReadSpec { files: vec![file.to_owned()], ..ReadSpec::default() };
    let mut found: Vec<String> = Vec::new();
    for row in ItemReader::open(&spec)? {
        let Row::Item(item) = row else { continue };
        let Some(value) = item.text(column).filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        if !found.iter().any(|known| *known == value.trim()) {
            found.push(value.trim().to_owned());
        }
        if found.len() > MAX_LABELS {
            return Ok(Vec::new());
        }
    }
    Ok(found)
}

/// The data's path as `karat.toml` sees it.
fn relative(file: &str, project: &Path) -> Result<String> {
    if project == Path::new(".") {
        return Ok(file.to_owned());
    }
    let absolute = std::path::absolute(file)
        .map_err(|error| Error::invalid(format!("`{file}` is no path")).because(error))?;
    let folder = std::path::absolute(project)
        .map_err(|error| Error::invalid("the project is no path").because(error))?;
    Ok(absolute.strip_prefix(&folder).unwrap_or(&absolute).to_string_lossy().into_owned())
}
