//! `karat kinds`: every kind of task, and the shape of its values.

use karat_core::{Result, Shape};
use karat_task::KINDS;
use serde_json::json;

use crate::Done;
use crate::voice::{Voice, table_of_words};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, voice: &mut Voice) -> Result<Done> {
    if voice.json {
        let rows: Vec<_> = KINDS
            .iter()
            .map(|it| json!({"kind": it.id(), "about": it.about(), "value": shape(it.shape())}))
            .collect();
        voice.event("kinds", json!(rows));
        return Ok(Done::Well);
    }
    let rows =
        KINDS.iter().map(|it| vec![it.id().to_owned(), it.about().to_owned(), shape(it.shape()).to_owned()]);
    let table = table_of_words(&["kind", "what is asked", "a value is"], rows.collect(), &[0, 1, 2]);
    voice.out(format!("{table}\n"));
    voice.hint("docs/reference/kinds.md has a `karat.toml` for each");
    Ok(Done::Well)
}

/// What a value is, in a few words.
fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Choice => "one label",
        Shape::Choices => "labels",
        Shape::Spans => "labeled words of the text",
        Shape::Relations => "labeled words and how they are related",
        Shape::Number => "a number",
        Shape::Ranking => "options, the best first",
        Shape::Text => "words",
        Shape::Fields => "named fields",
        Shape::Form => "a value for each question",
    }
}
