//! Recorded comparisons as `prefer` and `match` read them. Without the recordings it says so and passes.
//!
//! In: 999 pairs of PandaLM (Apache-2.0) with the raw answers of two judging models, which were asked for 1, 2 or 0 (a tie)
//! and a reason; 4,767 pairs of records with gold (Magellan). Not here: cases by hand (`tests/tasks/`).

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test reads files and says where it has none"
)]

use std::path::PathBuf;
use std::sync::Arc;

use karat_core::{DataSpec, Item, ItemId, Outcome, PolicySpec, Task, TaskSpec, Value};
use karat_task::{PromptStyle, Prompter, RawAnswer, TaskKind};
use serde_json::Value as Json;

fn rows(path: &str) -> Option<Vec<Json>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let Ok(text) = std::fs::read_to_string(folder.join(path)) else {
        println!("no `{path}` beside the repository: nothing was tested");
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn task(kind: &str, options: [&str; 2], text: &str, ties: bool) -> (Arc<Task>, &'static dyn TaskKind) {
    let options = options.map(str::to_owned).into();
    let spec = TaskSpec { kind: kind.to_owned(), options, ties, ..TaskSpec::default() };
    let data = DataSpec { text: text.to_owned(), ..DataSpec::default() };
    let (task, kind) = karat_task::task(spec, &data, &PolicySpec::default(), String::new()).unwrap();
    (Arc::new(task), kind)
}

fn item(row: &Json) -> Item {
    let fields = row["input"].as_object().unwrap().clone();
    Item { id: ItemId::new(row["id"].as_str().unwrap()), row: 1, fields }
}

#[test]
fn recorded_verdicts_are_read_and_not_as_the_other_option() {
    let Some(rows) = rows("pandalm_pairwise/pandalm_testset.jsonl") else { return };
    let (task, kind) = task("prefer", ["response_1", "response_2"], "instruction", true);
    // These models were asked for `0` in place of `tie`, a word that nobody offers here: it is no answer.
    let (mut n_sides, mut n_read, mut different, mut unread) = (0, 0, Vec::new(), Vec::new());
    for row in &rows {
        let item = item(row);
        for response in row["responses"].as_array().unwrap() {
            let (Some(raw), Some(label)) = (response["raw"].as_str(), response["label"].as_str()) else {
                continue;
            };
            n_sides += usize::from(label != "tie");
            let reading = kind.read_answer(&task, &item, &RawAnswer::of(raw));
            let Outcome::Labeled(value) = &reading.outcome else {
                unread.extend((label != "tie").then_some(raw));
                continue;
            };
            n_read += usize::from(label != "tie");
            let name = task.schema.name(value.labels()[0]);
            if name != label {
                different.push(format!("{name}, not {label}: {raw}"));
            }
        }
    }
    println!("{n_read} of {n_sides} preferences are read, {} answers as another label", different.len());
    println!("not read:\n{}", unread.join("\n\n"));
    assert!(different.is_empty(), "{}", different.join("\n"));
    // Two say `1` on their first line, and then that response 2 is better.
    assert!(unread.len() <= 2 && n_read > 1800, "only {n_read} of {n_sides} are read");
}

#[test]
fn recorded_pairs_of_records_have_their_gold_and_a_prompt() {
    for file in ["amazon_google", "beer", "fodors_zagats", "itunes_amazon", "itunes_amazon_dirty"] {
        let Some(rows) = rows(&format!("gold_entity_matching/{file}.jsonl")) else { return };
        let (task, kind) = task("match", ["left", "right"], "", false);
        let prompter = Prompter::new(&task, kind, &PromptStyle::default()).unwrap();
        for row in &rows {
            let item = Arc::new(item(row));
            let gold = kind.read_gold(&task, &item, &row["gold"]);
            let Ok(Value::Choice(label)) = gold else { panic!("{}: {gold:?}", item.id) };
            assert_eq!(task.schema.name(label), row["gold"]);
            let views = kind.views(&task, &item);
            let messages = prompter.messages(&views[0], &[]).unwrap();
            assert!(
                messages[1].content.contains("\n  A: ") && messages[1].content.contains("\n  B: "),
                "{}",
                item.id
            );
        }
    }
}
