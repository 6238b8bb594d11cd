//! Tasks with 77 to 10,000 labels: whether the right one is offered, how large the prompts are, what an item costs.
//!
//! In: Banking77, product titles of two shops (Amazon-Google), and labels that are drawn. Out: recall at k, tokens of the
//! system message and of an item's (o200k), the time of asking and reading one item without its call. Nothing is asked: the
//! answers are written here.
//!
//! The processor's time is that of this thread.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use karat_core::{DataSpec, Fields, Item, ItemId, LabelSpec, PolicySpec, Task, TaskSpec, Value};
use karat_llm::tokens::count;
use karat_task::{Heard, Inquiry, PromptStyle, Prompter, RawAnswer, Step, TaskKind, shortlist_recall};
use karat_text::search::{FeatureOptions, Index};
use serde::Deserialize;

use crate::Given;
use crate::search::{rows, sets, timed};

const CUTS: [usize; 6] = [1, 5, 10, 20, 50, 100];
const N_ROUNDS: usize = 10;
const HEAD: &str =
    "| task | labels | 1 | 5 | 10 | 20 | 50 | 100 | n |\n|---|---|---|---|---|---|---|---|---|";

/// Prints the tables.
pub(crate) fn run(given: &Given) -> Result<()> {
    println!("How often the right label is among the k nearest, in %.\n\n{HEAD}");
    banking(&given.data.join("gold_banking77"))?;
    shops(&given.data.join("gold_entity_matching/amazon_google.jsonl"))?;
    for n in [1_000, 10_000] {
        let (names, queries) = drawn(n, 1_000);
        let (task, _) = task(TaskSpec { labels: named(&names), shortlist: Some(50), ..classify() })?;
        let gold: Vec<(Item, String)> =
            queries.into_iter().map(|(text, doc)| (item(&text), names[doc].clone())).collect();
        recall("drawn names, half known", &task, &gold)?;
    }
    println!();
    sizes()
}

fn classify() -> TaskSpec {
    TaskSpec { kind: "classify".into(), ..TaskSpec::default() }
}

fn named(names: &[String]) -> Vec<LabelSpec> {
    names.iter().map(LabelSpec::named).collect()
}

fn task(spec: TaskSpec) -> Result<(Arc<Task>, &'static dyn TaskKind)> {
    let data = DataSpec { text: "text".into(), ..DataSpec::default() };
    let (task, kind) = karat_task::task(spec, &data, &PolicySpec::default(), String::new())?;
    Ok((Arc::new(task), kind))
}

fn item(text: &str) -> Item {
    let fields: Fields = [("text".to_owned(), text.into())].into_iter().collect();
    Item { id: ItemId::new("1"), row: 1, fields }
}

/// One row of the table.
fn recall(name: &str, task: &Task, gold: &[(Item, String)]) -> Result<()> {
    let value = |name: &String| task.schema.by_name(name).map(Value::Choice).context("a label of the task");
    let values: Vec<Value> = gold.iter().map(|(_, name)| value(name)).collect::<Result<_>>()?;
    let pairs = gold.iter().map(|(item, _)| item).zip(&values);
    let found = shortlist_recall(task, pairs, &CUTS)?;
    let cells: Vec<String> = found.iter().map(|it| format!("{:.1}", 100.0 * it.recall)).collect();
    println!("| {name} | {} | {} | {} |", task.schema.len(), cells.join(" | "), gold.len());
    Ok(())
}

/// Banking77 by names alone, and with examples in the labels.
fn banking(folder: &Path) -> Result<()> {
    let names: Vec<String> = serde_json::from_str(&std::fs::read_to_string(folder.join("labels.json"))?)?;
    let (train, test) = (rows(&folder.join("train.jsonl"))?, rows(&folder.join("test.jsonl"))?);
    let gold: Vec<(Item, String)> = test.into_iter().map(|row| (item(&row.text), row.gold)).collect();
    for n_examples in [0, 1, 5, 20] {
        let mut labels = named(&names);
        for label in &mut labels {
            let own = train.iter().filter(|row| row.gold == label.name).take(n_examples);
            label.examples = own.map(|row| row.text.clone()).collect();
        }
        let (task, _) = task(TaskSpec { labels, ..classify() })?;
        recall(&format!("Banking77, {n_examples} examples a label"), &task, &gold)?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Pair {
    input: Sides,
    gold: String,
}

#[derive(Deserialize)]
struct Sides {
    left: Product,
    right: Product,
}

#[derive(Deserialize)]
struct Product {
    title: String,
}

/// The titles of one shop linked to those of the other: those pairs that are the same product.
fn shops(path: &Path) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    let pairs: Vec<Pair> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    for pair in &pairs {
        let next = format!("P{}", ids.len());
        ids.entry(&pair.input.right.title).or_insert(next);
    }
    let entity = |(title, id): (&&str, &String)| LabelSpec {
        aliases: vec![(*title).to_owned()],
        ..LabelSpec::named(id)
    };
    let labels = ids.iter().map(entity).collect();
    let (task, _) = task(TaskSpec { kind: "link".into(), labels, ..TaskSpec::default() })?;
    let same = pairs.iter().filter(|pair| pair.gold == "match");
    let gold: Vec<(Item, String)> = same
        .map(|pair| (item(&pair.input.left.title), ids[pair.input.right.title.as_str()].clone()))
        .collect();
    recall("Amazon-Google titles, `link`", &task, &gold)
}

/// The sizes of prompts and the time of an item.
fn sizes() -> Result<()> {
    println!(
        "Drawn labels of three words; texts of ten words. Tokens are those of o200k; times are of one thread, without the call.\n"
    );
    println!(
        "| task | labels | asked by | system tokens | item tokens | calls | ready ms | µs an item | of them search |\n|---|---|---|---|---|---|---|---|---|"
    );
    for n in [1_000, 10_000] {
        let (names, queries) = drawn(n, 500);
        let paths: Vec<String> = names.iter().enumerate().map(|(at, name)| path(n, at, name)).collect();
        let base = |names: &[String]| TaskSpec { labels: named(names), ..classify() };
        let all = TaskSpec { shortlist: Some(n as u32), ..base(&names) };
        let few = TaskSpec { shortlist: Some(50), ..base(&names) };
        let levels = TaskSpec { levels: Some(" > ".into()), ..base(&paths) };
        let several = TaskSpec { kind: "multi_label".into(), ..few.clone() };
        for (how, spec) in [
            ("all listed", all),
            ("`shortlist = 50`", few),
            ("`shortlist = 50`", several),
            ("`levels`", levels),
        ] {
            let texts: Vec<&str> = queries.iter().map(|(text, _)| text.as_str()).collect();
            size(how, spec, &texts)?;
        }
    }
    Ok(())
}

/// Names of labels, and queries with the number of the label that each is about. A name that was drawn before gets its
/// number behind it.
fn drawn(n: usize, n_queries: usize) -> (Vec<String>, Vec<(String, usize)>) {
    let (names, queries) = sets::labels(n, n_queries, 7);
    let mut seen = std::collections::BTreeSet::new();
    let apart = |(at, name): (usize, String)| match seen.insert(name.clone()) {
        true => name,
        false => format!("{name}_{at}"),
    };
    (names.into_iter().enumerate().map(apart).collect(), queries)
}

/// A path of three levels, about as many names at each.
fn path(n: usize, at: usize, name: &str) -> String {
    let width = (n as f64).cbrt().round() as usize;
    format!("branch {} > twig {} > {name} {at}", at / (width * width), at / width)
}

fn size(how: &str, spec: TaskSpec, texts: &[&str]) -> Result<()> {
    let (task, kind) = task(spec)?;
    let (made, ready) = timed(|| {
        let prompter = Prompter::new(&task, kind, &PromptStyle::default())?;
        Ok::<_, anyhow::Error>((prompter, Inquiry::new(Arc::clone(&task), kind, None)?))
    })?;
    let (prompter, inquiry) = made?;
    let items: Vec<Arc<Item>> = texts.iter().map(|text| Arc::new(item(text))).collect();
    let one_round =
        || items.iter().map(|item| ask(kind, &prompter, &inquiry, item)).collect::<Result<Vec<_>>>();
    let sent = one_round()?;
    // The clock of a thread moves every few milliseconds.
    let (_, seconds) = timed(|| (0..N_ROUNDS).map(|_| one_round()).all(|it| it.is_ok()))?;
    let index = Index::build(task.schema.names(), &FeatureOptions::for_search());
    let search = || texts.iter().map(|text| index.nearest(text, 50).len()).sum::<usize>();
    let (_, search) = timed(|| (0..N_ROUNDS).map(|_| search()).sum::<usize>())?;
    let search = if task.spec.shortlist.is_some_and(|n| n < 1_000) { search } else { 0.0 };
    let each = |seconds: f64| 1e6 * seconds / (N_ROUNDS * sent.len()).max(1) as f64;
    let n_calls = sent.iter().map(Vec::len).sum::<usize>();
    let tokens: u64 = sent.iter().flatten().map(|text| count(text)).sum();
    println!(
        "| `{}` | {} | {how} | {} | {} | {} | {:.1} | {:.0} | {:.0} |",
        task.kind,
        task.schema.len(),
        count(prompter.system()),
        tokens / n_calls.max(1) as u64,
        n_calls / sent.len().max(1),
        1e3 * ready,
        each(seconds),
        each(search)
    );
    Ok(())
}

/// Asks about one item and reads an answer: the first label that is offered. The user messages.
fn ask(
    kind: &dyn TaskKind,
    prompter: &Prompter,
    inquiry: &Inquiry,
    item: &Arc<Item>,
) -> Result<Vec<Arc<str>>> {
    let (mut sent, mut heard) = (Vec::new(), Vec::new());
    while let Step::Ask(views) = inquiry.next(item, &heard) {
        for view in views {
            let messages = prompter.messages(&view, &[])?;
            sent.extend(messages.last().map(|it| Arc::clone(&it.content)));
            let first = view.task.schema.offered().next().context("a label is offered")?;
            let value =
                if kind.id() == "classify" { Value::Choice(first) } else { Value::choices(vec![first]) };
            let answer = kind.answer_text(&view.task, &value);
            let reading = black_box(kind.read_answer(&view.task, &view.item, &RawAnswer::of(&answer)));
            let confidence = karat_core::Confidence::Unknown(karat_core::NoConfidence::NoLogprobs);
            heard.push(Heard { reading, confidence });
        }
    }
    Ok(sent)
}
