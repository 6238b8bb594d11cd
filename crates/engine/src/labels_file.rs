//! `labels_file`: a schema of hundreds or thousands of labels from a data file.
//!
//! In: CSV, TSV, JSONL, JSON, Parquet or XLSX with a column `name` (also `label` or `id`), and where there are,
//! `description`, `aliases` and `examples` (lists, or words between `|`). Out: the labels, in the order of the file.

use std::path::Path;

use karat_core::{Error, Fields, Item, LabelSpec, Result, cell_text};
use karat_format::{ItemReader, ReadSpec, Row};
use serde_json::Value as Json;

/// Reads the labels; `written` is the file's name for messages.
pub(crate) fn read(path: &Path, written: &str) -> Result<Vec<LabelSpec>> {
    let spec = ReadSpec { files: vec![path.display().to_string()], ..ReadSpec::default() };
    let mut labels = Vec::new();
    for row in
        ItemReader::open(&spec).map_err(|error| error.while_doing(format!("labels file `{written}`")))?
    {
        match row {
            Row::Item(item) => labels.push(label(&item, written)?),
            Row::Problem(problem, ..) => return Err(Error::invalid(format!("labels file: {problem}"))),
        }
    }
    if labels.is_empty() {
        return Err(Error::invalid(format!("labels file `{written}` holds no label")));
    }
    Ok(labels)
}

fn label(item: &Item, written: &str) -> Result<LabelSpec> {
    let name = ["name", "label", "id"].iter().find_map(|column| item.text(column)).ok_or_else(|| {
        Error::invalid(format!("row {} of labels file `{written}` has no `name`", item.row))
            .hint("the columns are `name`, and if you like `description`, `aliases`, `examples`")
    })?;
    Ok(LabelSpec {
        name: name.trim().to_owned(),
        description: item.text("description").map(|it| it.trim().to_owned()).unwrap_or_default(),
        aliases: list(&item.fields, "aliases"),
        examples: list(&item.fields, "examples"),
        hotkey: None,
    })
}

/// A list, also as words between `|`.
fn list(fields: &Fields, column: &str) -> Vec<String> {
    let words: Vec<String> = match fields.get(column) {
        Some(Json::Array(cells)) => cells.iter().filter_map(cell_text).map(|it| it.into_owned()).collect(),
        Some(cell) => {
            cell_text(cell).map(|it| it.split('|').map(str::to_owned).collect()).unwrap_or_default()
        }
        None => Vec::new(),
    };
    words.iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
}
