//! The recorded answers as tables: what is read, what is not, and where it differs. For the test and the example.

mod spans;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use karat_core::{DataSpec, Fields, Item, ItemId, LabelSpec, Outcome, PolicySpec, Task, TaskSpec, Value};
use karat_task::{RawAnswer, kind};
use serde_json::Value as Json;

/// One set of answers.
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) rows: Vec<Row>,
    /// Answers read as another label than the recording gives.
    pub(crate) differences: Vec<String>,
    /// Answers that hold the recorded label in some form and are not read.
    pub(crate) unread: Vec<String>,
}

/// One model of one set.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) model: String,
    pub(crate) n_answers: usize,
    /// Answers whose text holds a word for the recorded label.
    pub(crate) n_holding: usize,
    /// Of these, read as a label.
    pub(crate) n_read: usize,
    /// Of these, read as another label than recorded.
    pub(crate) n_different: usize,
    pub(crate) n_abstained: usize,
    pub(crate) unusable: BTreeMap<&'static str, usize>,
    /// What became of answers for which the recording has no label.
    pub(crate) unlabeled: BTreeMap<String, usize>,
}

impl Row {
    pub(crate) fn share_read(&self) -> f64 {
        self.n_read as f64 / self.n_holding.max(1) as f64
    }
}

/// How a set of single labels is read.
struct Spec {
    name: &'static str,
    files: &'static [&'static str],
    /// Name, and the words by which answers may call it.
    labels: &'static [(&'static str, &'static [&'static str])],
    by_prompt: bool,
}

const SPECS: &[Spec] = &[
    Spec {
        name: "rusentne-ru",
        files: &["rusentne_entity_sentiment/rusentne_ru.jsonl"],
        labels: &[
            ("positive", &["позитивн*", "положительн*"]),
            ("negative", &["негативн*", "отрицательн*"]),
            ("neutral", &["нейтральн*"]),
        ],
        by_prompt: false,
    },
    Spec {
        name: "rusentne-en",
        files: &["rusentne_entity_sentiment/rusentne_en.jsonl"],
        labels: &[("positive", &[]), ("negative", &[]), ("neutral", &[])],
        by_prompt: false,
    },
    Spec {
        name: "boolq",
        files: &[
            "boolq_llama3_confidence/boolq_with_text.jsonl",
            "boolq_llama3_confidence/boolq_calibration_only.jsonl",
        ],
        labels: &[("yes", &[]), ("no", &[])],
        by_prompt: true,
    },
    Spec {
        name: "imdb",
        files: &["imdb_cost_latency/imdb_3models.jsonl"],
        labels: &[("positive", &[]), ("negative", &[])],
        by_prompt: false,
    },
    Spec {
        name: "imdb-prompts",
        files: &["imdb_cost_latency/imdb_5prompts.jsonl"],
        labels: &[("positive", &["1"]), ("negative", &["0"])],
        by_prompt: true,
    },
    Spec {
        name: "pandalm",
        files: &["pandalm_pairwise/pandalm_testset.jsonl"],
        labels: &[("response_1", &["1"]), ("response_2", &["2"]), ("tie", &["0"])],
        by_prompt: false,
    },
];

/// The folder with the recorded answers.
pub(crate) fn folder() -> PathBuf {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    std::env::var_os("KARAT_SHARED").map_or(beside, PathBuf::from).join("data")
}

/// All sets; `None` where the folder is absent.
pub(crate) fn read_all() -> Option<Vec<Set>> {
    if !folder().is_dir() {
        return None;
    }
    let mut sets: Vec<Set> = SPECS.iter().filter_map(read_set).collect();
    sets.extend(spans::read_sets());
    Some(sets)
}

pub(crate) fn lines(file: &str) -> Option<Vec<Json>> {
    let text = std::fs::read_to_string(folder().join(file)).ok()?;
    text.lines().map(|line| serde_json::from_str(line).ok()).collect()
}

pub(crate) fn task(kind: &str, labels: &[(&str, &[&str])]) -> Task {
    let label = |(name, aliases): &(&str, &[&str])| LabelSpec {
        aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
        ..LabelSpec::named(*name)
    };
    let labels = labels.iter().map(label).collect();
    let spec = TaskSpec { kind: kind.to_owned(), labels, ..TaskSpec::default() };
    Task::new(
        &spec,
        &DataSpec { text: "text".to_owned(), ..DataSpec::default() },
        &PolicySpec::default(),
        String::new(),
    )
    .unwrap()
}

pub(crate) fn item(text: &str) -> Item {
    let fields: Fields = [("text".to_owned(), Json::from(text))].into_iter().collect();
    Item { id: ItemId::new("1"), row: 1, fields }
}

fn read_set(spec: &Spec) -> Option<Set> {
    let task = task("classify", spec.labels);
    let classify = kind("classify").unwrap();
    let item = item("");
    let mut set = Set { name: spec.name, rows: Vec::new(), differences: Vec::new(), unread: Vec::new() };
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for file in spec.files {
        for line in lines(file)? {
            for answer in line["responses"].as_array().into_iter().flatten() {
                let Some(raw) = answer["raw"].as_str() else {
                    continue;
                };
                let mut model = answer["model"].as_str().unwrap_or_default().to_owned();
                if spec.by_prompt {
                    model = format!("{model} {}", answer["prompt_id"].as_str().unwrap_or_default());
                }
                let row = rows.entry(model.clone()).or_insert_with(|| Row { model, ..Row::default() });
                let outcome = classify.read_answer(&task, &item, &RawAnswer::of(raw)).outcome;
                let recorded = answer["label"].as_str();
                count(row, &task, &outcome, recorded, holds(spec, recorded, raw));
                let case = || {
                    format!(
                        "{} [{}] recorded {recorded:?} read {outcome:?}\n  {raw:?}",
                        line["id"], row.model
                    )
                };
                match (recorded, &outcome) {
                    (Some(label), Outcome::Labeled(value)) if *value != choice(&task, label) => {
                        set.differences.push(case())
                    }
                    (Some(_), Outcome::Unusable(_) | Outcome::Abstained(_)) if holds(spec, recorded, raw) => {
                        set.unread.push(case())
                    }
                    _ => {}
                }
            }
        }
    }
    set.rows = rows.into_values().collect();
    Some(set)
}

fn choice(task: &Task, label: &str) -> Value {
    Value::Choice(task.schema.by_name(label).unwrap())
}

/// Whether the text says the label that the recording gives: a word for it is left when lists such as "positive or
/// negative" are taken away, which say no label. Cruder than the reader, and independent of it.
fn holds(spec: &Spec, recorded: Option<&str>, raw: &str) -> bool {
    let Some(recorded) = recorded else { return false };
    let raw = raw.to_lowercase().replace('_', " ");
    let mut named: Vec<(usize, usize, &str)> = Vec::new();
    for (name, aliases) in spec.labels {
        for word in std::iter::once(name).chain(*aliases) {
            named.extend(places(&raw, word).into_iter().map(|(from, to)| (from, to, *name)));
        }
    }
    named.sort_unstable();
    let is_listed = |n: usize| {
        let joined = |a: &(usize, usize, &str), b: &(usize, usize, &str)| {
            a.2 != b.2
                && raw
                    .get(a.1..b.0)
                    .is_some_and(|between| LIST.contains(&between.trim_matches(['\'', '"', '*'])))
        };
        let before = n.checked_sub(1).is_some_and(|m| joined(&named[m], &named[n]));
        before || named.get(n + 1).is_some_and(|next| joined(&named[n], next))
    };
    named.iter().enumerate().any(|(n, (.., name))| *name == recorded && !is_listed(n))
}

const LIST: &[&str] = &[
    " or ",
    " and ",
    ", ",
    ", or ",
    ", and ",
    " nor ",
    "/",
    " или ",
    " и ",
    ", ни ",
    " либо ",
    ", или ",
    " or a ",
    " или же ",
];

/// Every place of a word, to the end of that word.
fn places(raw: &str, word: &str) -> Vec<(usize, usize)> {
    let stem = word.trim_end_matches('*').replace('_', " ");
    let letter = |c: char| c.is_alphanumeric();
    let end = |from: usize| raw[from..].find(|c| !letter(c)).map_or(raw.len(), |n| from + n);
    let found = raw.match_indices(&stem).map(|(at, _)| (at, at + stem.len()));
    let whole = found.filter(|(at, _)| !raw[..*at].chars().next_back().is_some_and(letter));
    whole
        .map(|(at, to)| (at, end(to)))
        .filter(|(at, to)| word.ends_with('*') || to - at == stem.len())
        .collect()
}

fn count(row: &mut Row, task: &Task, outcome: &Outcome, recorded: Option<&str>, holds: bool) {
    row.n_answers += 1;
    let Some(label) = recorded else {
        let what = match outcome {
            Outcome::Labeled(Value::Choice(label)) => format!("read as `{}`", task.schema.name(*label)),
            Outcome::Unusable(why) => why.tag().to_owned(),
            other => other.kind().to_string(),
        };
        *row.unlabeled.entry(what).or_default() += 1;
        return;
    };
    row.n_holding += usize::from(holds);
    match outcome {
        Outcome::Labeled(value) => {
            row.n_read += usize::from(holds);
            row.n_different += usize::from(*value != choice(task, label));
        }
        Outcome::Abstained(_) => row.n_abstained += 1,
        Outcome::Unusable(why) => *row.unusable.entry(why.tag()).or_default() += 1,
        Outcome::Failed(_) => {}
    }
}

/// The tables of docs/reading.md.
pub(crate) fn markdown(sets: &[Set]) -> String {
    let mut out = String::new();
    for set in sets {
        writeln!(out, "### {}\n", set.name).unwrap();
        let head = match set.name.starts_with("ner") {
            true => {
                "model | answers | mentions | placed | % | elsewhere | abstained | unusable | mentions but those exact and unique"
            }
            false => {
                "model | answers | hold the label | read | % | differ | abstained | unusable | recorded without a label"
            }
        };
        writeln!(out, "| {head} |").unwrap();
        writeln!(out, "|---|--:|--:|--:|--:|--:|--:|---|---|").unwrap();
        for row in &set.rows {
            let list = |map: Vec<(String, usize)>| {
                map.iter().map(|(what, n)| format!("{what} {n}")).collect::<Vec<_>>().join(", ")
            };
            let unusable = list(row.unusable.iter().map(|(what, n)| ((*what).to_owned(), *n)).collect());
            let unlabeled = list(row.unlabeled.clone().into_iter().collect());
            let share =
                if row.n_holding == 0 { "-".to_owned() } else { format!("{:.2}", row.share_read() * 100.0) };
            writeln!(
                out,
                "| {} | {} | {} | {} | {share} | {} | {} | {unusable} | {unlabeled} |",
                row.model, row.n_answers, row.n_holding, row.n_read, row.n_different, row.n_abstained
            )
            .unwrap();
        }
        writeln!(out).unwrap();
    }
    out
}
