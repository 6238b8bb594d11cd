//! The labeled file: every row of the data with its columns untouched, and beside them what each annotator made of it.
//!
//! A row without a label is a row too, with the outcome and the reason in the label's place; a row of the data that is not
//! an item has the outcome `problem`. With one annotator the added columns are `karat_label`, `karat_confidence` and so on; with several, `karat_NAME_label`. A name that the data
//! already has gets a number: `karat_label_2`.

mod readable;

use std::collections::HashMap;

use futures::StreamExt;
use futures::stream;
use karat_core::{
    Annotation, AnnotationRow, AnnotatorKind, Confidence, Fields, Hash, Note, Outcome, Problem, Result,
    Shape, route,
};
use karat_format::{Column, ColumnKind, Row, TableWriter, scan_columns};
use karat_stats::calibrate::Calibrator;
use karat_store::Store;
use serde_json::{Value as Json, json};

use crate::asker::{Asker, labelers};
use crate::calibrate::kept;
use crate::run::{CHUNK, row_chunks};
use crate::setup::Setup;

/// The columns that each annotator adds, and what they hold.
pub const ADDED: [(&str, ColumnKind); 8] = [
    ("label", ColumnKind::Text),
    ("confidence", ColumnKind::Number),
    ("confidence_source", ColumnKind::Text),
    ("outcome", ColumnKind::Text),
    ("reason", ColumnKind::Text),
    ("route", ColumnKind::Text),
    ("notes", ColumnKind::Json),
    ("annotator", ColumnKind::Text),
];

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows in the file.
    pub n_rows: u64,
    /// Of these, rows in which every annotator has a label.
    pub n_labeled: u64,
}

/// Writes the labeled file; `to` is a path whose ending names the format, or `-` for JSON lines on standard output.
pub async fn export(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    to: &str,
    first: Option<u64>,
) -> Result<Exported> {
    // A verdict on a label is no label of the item.
    let askers = labelers(askers);
    let curves = kept(store).await?;
    let mut columns = scan_columns(&setup.read)?;
    let n_own = columns.len();
    for asker in askers {
        let prefix =
            if askers.len() == 1 { "karat".to_owned() } else { format!("karat_{}", asker.annotator.name) };
        for (what, kind) in ADDED {
            let kind = if what == "label" { label_column(asker.shape()) } else { kind };
            let name = free_name(&format!("{prefix}_{what}"), &columns);
            columns.push(Column::new(name, kind));
        }
        for (what, kind) in readable::columns(asker.shape(), &setup.task) {
            let name = free_name(&format!("{prefix}_{what}"), &columns);
            columns.push(Column::new(name, kind));
        }
    }
    let path = if to == "-" { to.to_owned() } else { setup.path(to).to_string_lossy().into_owned() };
    let mut writer = TableWriter::create(&path, &columns)?;
    let added: Vec<String> = columns.split_off(n_own).into_iter().map(|column| column.name).collect();
    let mut done = Exported::default();
    let chunks = row_chunks(setup.read.clone(), first, CHUNK);
    let chunks = stream::unfold(chunks, |mut chunks| async move { Some((chunks.recv().await?, chunks)) });
    // The journal is read for one chunk while the one before is written.
    let mut found = std::pin::pin!(chunks.map(|chunk| look_up(setup, store, askers, chunk)).buffered(2));
    while let Some(found) = found.next().await {
        for (fields, all_labeled) in joined(setup, askers, &curves, &added, found?) {
            writer.write(&fields)?;
            done.n_rows += 1;
            done.n_labeled += u64::from(all_labeled);
        }
    }
    writer.finish()?;
    Ok(done)
}

/// A chunk of rows, and for each annotator what stands for its items.
struct Found {
    chunk: Vec<Row>,
    standing: Vec<Vec<Option<AnnotationRow>>>,
}

async fn look_up(setup: &Setup, store: &Store, askers: &[Asker], chunk: Result<Vec<Row>>) -> Result<Found> {
    let chunk = chunk?;
    let items = chunk.iter().filter_map(|row| match row {
        Row::Item(item) => Some((item.id.shared(), setup.task.input_hash(item))),
        Row::Problem(..) => None,
    });
    let keys: Vec<_> = items.collect();
    let mut standing = Vec::with_capacity(askers.len());
    for asker in askers {
        standing.push(store.standing(asker.id, &keys).await?);
    }
    Ok(Found { chunk, standing })
}

/// The rows of a chunk with the added cells, and whether each has a label of every annotator.
fn joined(
    setup: &Setup,
    askers: &[Asker],
    curves: &HashMap<Hash, Calibrator>,
    added: &[String],
    found: Found,
) -> Vec<(Fields, bool)> {
    let Found { chunk, standing } = found;
    let mut standing: Vec<_> = standing.into_iter().map(Vec::into_iter).collect();
    // All annotators answer the same task: each has as many columns.
    let n_each = added.len() / askers.len().max(1);
    let mut rows = Vec::with_capacity(chunk.len());
    for row in chunk {
        match row {
            Row::Item(item) => {
                let mut fields = item.fields;
                let mut all_labeled = true;
                let columns = added.chunks(n_each.max(1));
                for ((asker, rows), names) in askers.iter().zip(&mut standing).zip(columns) {
                    let found = rows.next().flatten();
                    let read = |row| Annotation::from_row(&row, asker.shape(), &setup.task.schema).ok();
                    let mut annotation: Option<Annotation> = found.and_then(read);
                    if let (Some(annotation), Some(curve)) = (&mut annotation, curves.get(&asker.id)) {
                        annotation.confidence = annotation.confidence.through(|it| curve.apply(it));
                    }
                    all_labeled &= annotation.as_ref().is_some_and(|it| it.outcome.value().is_some());
                    fields.extend(names.iter().cloned().zip(cells(setup, asker, annotation.as_ref())));
                }
                rows.push((fields, all_labeled));
            }
            Row::Problem(problem, fields) => {
                let mut fields = fields.unwrap_or_default();
                for (asker, names) in askers.iter().zip(added.chunks(n_each.max(1))) {
                    fields.extend(names.iter().cloned().zip(problem_cells(setup, asker, &problem)));
                }
                rows.push((fields, false));
            }
        }
    }
    rows
}

/// The cells of one annotator in the order of [`ADDED`], and those that can be read.
fn cells(setup: &Setup, asker: &Asker, annotation: Option<&Annotation>) -> Vec<Json> {
    let name = json!(annotator_name(asker));
    let value = annotation.and_then(|it| it.outcome.value());
    let further = readable::cells(asker.shape(), &setup.task, value);
    let Some(annotation) = annotation else {
        let mut cells = vec![Json::Null; ADDED.len()];
        (cells[3], cells[7]) = (json!("not_yet"), name);
        cells.extend(further);
        return cells;
    };
    let label = match &annotation.outcome {
        Outcome::Labeled(value) => value.to_json(&setup.task.schema),
        Outcome::Abstained(_) | Outcome::Unusable(_) | Outcome::Failed(_) => Json::Null,
    };
    let route = route(&annotation.outcome, annotation.confidence, &annotation.notes, &setup.task.policy);
    let notes = |notes: &[Note]| {
        if notes.is_empty() { Json::Null } else { json!(notes) }
    };
    let mut cells = vec![
        label,
        json!(annotation.confidence.value()),
        json!(source(annotation.confidence)),
        json!(annotation.outcome.kind().as_str()),
        json!(annotation.outcome.reason()),
        json!(route.to_string()),
        notes(&annotation.notes),
        name,
    ];
    cells.extend(further);
    cells
}

/// Where a confidence comes from, and whether gold has calibrated it.
fn source(confidence: Confidence) -> String {
    match confidence {
        Confidence::Raw(..) => format!("{} (uncalibrated)", confidence.source()),
        Confidence::Calibrated(..) => format!("{} (calibrated)", confidence.source()),
        Confidence::Unknown(_) => confidence.source().to_owned(),
    }
}

fn problem_cells(setup: &Setup, asker: &Asker, problem: &Problem) -> Vec<Json> {
    let name = json!(annotator_name(asker));
    let why = json!(problem.reason);
    let mut cells =
        vec![Json::Null, Json::Null, Json::Null, json!("problem"), why, Json::Null, Json::Null, name];
    cells.extend(readable::cells(asker.shape(), &setup.task, None));
    cells
}

/// Every output says which answers are not live.
fn annotator_name(asker: &Asker) -> String {
    let name = &asker.annotator.name;
    match asker.annotator.kind {
        AnnotatorKind::Model | AnnotatorKind::Person => name.clone(),
        AnnotatorKind::Replay => format!("{name} [replay]"),
        AnnotatorKind::Scripted => format!("{name} [scripted]"),
    }
}

/// What a column with values of a shape holds: labels as words, numbers as numbers, all else in its stored form.
pub(crate) fn label_column(shape: Shape) -> ColumnKind {
    match shape {
        Shape::Choice => ColumnKind::Text,
        Shape::Number => ColumnKind::Number,
        Shape::Choices
        | Shape::Spans
        | Shape::Relations
        | Shape::Ranking
        | Shape::Text
        | Shape::Fields
        | Shape::Form => ColumnKind::Json,
    }
}

/// A name that no column has.
pub(crate) fn free_name(wanted: &str, columns: &[Column]) -> String {
    let taken = |name: &str| columns.iter().any(|column| column.name == name);
    if !taken(wanted) {
        return wanted.to_owned();
    }
    (2..).map(|n| format!("{wanted}_{n}")).find(|name| !taken(name)).unwrap_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_the_data_has_gets_a_number() {
        let columns = ["karat_label", "karat_label_2"].map(|name| Column::new(name, ColumnKind::Text));
        assert_eq!(free_name("karat_label", &columns), "karat_label_3");
        assert_eq!(free_name("karat_notes", &columns), "karat_notes");
    }
}
