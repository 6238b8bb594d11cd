//! Reads recorded juries: JSON Lines with `gold`, `labels` and `responses`, one item a line.
//!
//! In: the folder with the data sets. Out: one [`Crowd`] a file. An annotator is a model with a prompt; answers of people,
//! further samples and answers without a label are left out.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use karat_stats::Class;
use karat_stats::aggregate::{Vote, Votes};
use serde_json::Value;

use crate::data::Crowd;

/// The files, without their ending.
const FILES: &[&str] = &[
    "babe_media_bias/babe_random",
    "rusentne_entity_sentiment/rusentne_en",
    "rusentne_entity_sentiment/rusentne_ru",
    "llms_for_css/discourse",
    "llms_for_css/emotion",
    "llms_for_css/flute",
    "llms_for_css/ibc",
    "llms_for_css/semeval_stance",
    "llms_for_css/wiki_politeness",
    "llmjudge_relevance/llmjudge_test",
    "judge_cascade_pairwise/calibration_500",
    "pandalm_pairwise/pandalm_testset",
];

/// Every jury.
pub(crate) fn juries(data: &Path) -> Result<Vec<Crowd>> {
    FILES.iter().map(|name| jury(data, name)).collect()
}

/// The jury of one file, named without its ending.
pub(crate) fn jury(data: &Path, name: &str) -> Result<Crowd> {
    let path = data.join(format!("{name}.jsonl"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let rows: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let rows: Vec<&Value> = rows.iter().filter(|row| !row["gold"].is_null()).collect();
    let labels: Vec<String> = rows
        .first()
        .and_then(|row| row["labels"].as_array())
        .map(|labels| labels.iter().map(plain).collect())
        .unwrap_or_default();
    let class_of =
        |value: &Value| labels.iter().position(|it| *it == plain(value)).map(|it| Class(it as u32));
    let mut answers: BTreeMap<String, Vec<(u32, Class)>> = BTreeMap::new();
    for (item, row) in rows.iter().enumerate() {
        for response in row["responses"].as_array().into_iter().flatten() {
            let first = response["sample"].as_u64().unwrap_or(0) == 0;
            if let (true, Some("llm"), Some(class)) =
                (first, response["annotator_kind"].as_str(), class_of(&response["label"]))
            {
                let annotator = format!("{} {}", plain(&response["model"]), plain(&response["prompt_id"]));
                answers.entry(annotator).or_default().push((item as u32, class));
            }
        }
    }
    let annotators: Vec<String> = answers.keys().cloned().collect();
    let votes: Vec<Vote> = answers
        .into_values()
        .enumerate()
        .flat_map(|(annotator, given)| {
            given.into_iter().map(move |(item, class)| Vote { item, annotator: annotator as u32, class })
        })
        .collect();
    Ok(Crowd {
        name: name.rsplit('/').next().unwrap_or(name).to_owned(),
        votes: Votes::new(rows.len(), annotators.len(), labels.len(), &votes)?,
        gold: rows.iter().map(|row| class_of(&row["gold"])).collect(),
        annotators,
    })
}

/// A label as text, also where it is written as a number.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
