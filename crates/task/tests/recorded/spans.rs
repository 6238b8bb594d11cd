//! Recorded answers with spans: each legal mention of the recording, and where we place it.

use std::collections::BTreeMap;

use karat_core::{Alignment, Note, Outcome, Value};
use karat_task::{RawAnswer, kind};
use serde_json::Value as Json;

use super::{Row, Set, item, lines, task};

/// Per mention: `n_holding` counts recorded mentions with a label of the set whose words stand in the text as they are.
pub(crate) fn read_sets() -> Vec<Set> {
    ["tokens", "strings"].into_iter().filter_map(read_set).collect()
}

fn read_set(form: &'static str) -> Option<Set> {
    let name = if form == "tokens" { "ner-biodiv tokens" } else { "ner-biodiv strings" };
    let mut set = Set { name, rows: Vec::new(), differences: Vec::new(), unread: Vec::new() };
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for line in lines("ner_biodiv/biodivner.jsonl")? {
        for answer in line["responses"].as_array().into_iter().flatten() {
            let prompt = answer["prompt_id"].as_str().unwrap_or_default();
            if !prompt.starts_with(form) {
                continue;
            }
            let model = answer["model"].as_str().unwrap_or_default().to_owned();
            let row = rows.entry(model.clone()).or_insert_with(|| Row { model, ..Row::default() });
            read_one(&line, answer, row, &mut set);
        }
    }
    set.rows = rows.into_values().collect();
    Some(set)
}

fn read_one(line: &Json, answer: &Json, row: &mut Row, set: &mut Set) {
    let labels: Vec<&str> = line["labels"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    let pairs: Vec<(&str, &[&str])> = labels.iter().map(|name| (*name, &[][..])).collect();
    let mut task = task("spans", &pairs);
    // The recorded systems were not told to avoid overlaps.
    task.spec.overlap = true;
    let text = line["text"].as_str().unwrap();
    let raw = answer["raw"].as_str().unwrap_or_default();
    let reading = kind("spans").unwrap().read_answer(&task, &item(text), &RawAnswer::of(raw));
    row.n_answers += 1;
    let mut ours: Vec<(String, String, u32)> = match &reading.outcome {
        Outcome::Labeled(Value::Spans(spans)) => spans
            .iter()
            .map(|it| (it.quote.to_lowercase(), task.schema.name(it.label).to_owned(), it.span.start()))
            .collect(),
        Outcome::Unusable(why) => {
            *row.unusable.entry(why.tag()).or_default() += 1;
            Vec::new()
        }
        _ => {
            row.n_abstained += 1;
            Vec::new()
        }
    };
    for note in &reading.notes {
        if let Note::Mention { alignment, .. } = note {
            let how = match alignment {
                Alignment::Exact => "exact, by hint or count",
                Alignment::Normalized => "normalized",
                Alignment::Fuzzy { .. } => "fuzzy",
                Alignment::Ambiguous { .. } => "ambiguous",
                Alignment::Absent => "absent",
            };
            *row.unlabeled.entry(how.to_owned()).or_default() += 1;
        }
    }
    for recorded in answer["label"].as_array().into_iter().flatten() {
        let (words, label) =
            (recorded["text"].as_str().unwrap_or_default(), recorded["label"].as_str().unwrap_or_default());
        let start = recorded["start"].as_u64().map(|n| n as u32);
        let places = places(text, words);
        // A recorded position must hold its words; words without a position must stand in one place, or nothing tells.
        let holds = match start {
            Some(start) => places.contains(&start),
            None => places.len() == 1,
        };
        if !labels.contains(&label) || !holds {
            continue;
        }
        row.n_holding += 1;
        let at = ours.iter().position(|(quote, ours, at)| {
            *quote == words.to_lowercase() && ours == label && start.is_none_or(|start| start == *at)
        });
        let any = at.or_else(|| {
            ours.iter().position(|(quote, ours, _)| *quote == words.to_lowercase() && ours == label)
        });
        let case = || {
            format!(
                "{} [{}] `{words}` {label} {start:?}\n  text {text}\n  raw {raw:?}\n  {:?}",
                line["id"], row.model, reading.notes
            )
        };
        match any {
            Some(found) => {
                row.n_read += 1;
                if at.is_none() {
                    row.n_different += 1;
                    set.differences.push(case());
                }
                // Without a position, the same words with the same label are the same mention.
                if start.is_some() {
                    ours.remove(found);
                }
            }
            None => set.unread.push(case()),
        }
    }
}

/// Where the words stand as whole words, in code points.
fn places(text: &str, words: &str) -> Vec<u32> {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let whole = |at: usize| {
        !letter(text[..at].chars().next_back()) && !letter(text[at + words.len()..].chars().next())
    };
    let found = text.match_indices(words).filter(|_| !words.is_empty());
    found.filter(|(at, _)| whole(*at)).map(|(at, _)| text[..at].chars().count() as u32).collect()
}
