//! Columns for a value that a spreadsheet can read, beside its stored form in `karat_label`.
//!
//! In: a task. Out: the columns that a value of it has more, and their cells: for forms one for each question, for records one
//! for each field, for texts the best text. Labels and numbers need none.

use karat_core::{FieldSpec, FieldType, LabelSchema, Shape, Task, Value};
use karat_format::ColumnKind;
use serde_json::{Value as Json, json};

use super::label_column;

/// The columns beside `label`, by their names without prefix.
pub(super) fn columns(shape: Shape, task: &Task) -> Vec<(String, ColumnKind)> {
    match shape {
        Shape::Form => {
            task.schema.parts().iter().map(|part| (part.name.clone(), column(part.shape))).collect()
        }
        Shape::Fields => task.spec.fields.iter().map(|it| (it.name.clone(), field_column(it))).collect(),
        Shape::Text => vec![("text".to_owned(), ColumnKind::Text)],
        Shape::Choice | Shape::Choices | Shape::Spans | Shape::Relations | Shape::Number | Shape::Ranking => {
            Vec::new()
        }
    }
}

/// The cells of these columns.
pub(super) fn cells(shape: Shape, task: &Task, value: Option<&Value>) -> Vec<Json> {
    let cells: Vec<Json> = match value {
        Some(Value::Form(values)) => {
            let one = |(part, value): (&karat_core::Part, &Option<Value>)| {
                value.as_ref().map_or(Json::Null, |it| cell(it, &part.schema))
            };
            task.schema.parts().iter().zip(values).map(one).collect()
        }
        Some(Value::Fields(filled)) => {
            let one = |it: &FieldSpec| filled.fields.get(&it.name).cloned().unwrap_or_default();
            task.spec.fields.iter().map(one).collect()
        }
        Some(text @ Value::Text(_)) => vec![cell(text, &task.schema)],
        _ => Vec::new(),
    };
    let n_columns = columns(shape, task).len();
    if cells.len() == n_columns { cells } else { vec![Json::Null; n_columns] }
}

/// What the column of a question holds.
fn column(shape: Shape) -> ColumnKind {
    match shape {
        Shape::Text => ColumnKind::Text,
        other => label_column(other),
    }
}

/// A value in one cell: of texts the best, of records the fields alone, of all else the stored form.
fn cell(value: &Value, schema: &LabelSchema) -> Json {
    match value {
        Value::Text(written) => written.texts.first().map_or(Json::Null, |it| json!(it)),
        Value::Fields(filled) => Json::Object(filled.fields.clone()),
        other => other.to_json(schema),
    }
}

fn field_column(field: &FieldSpec) -> ColumnKind {
    match field.of {
        _ if field.list => ColumnKind::Json,
        FieldType::Text | FieldType::Date | FieldType::Choice => ColumnKind::Text,
        FieldType::Number => ColumnKind::Number,
        FieldType::Integer => ColumnKind::Integer,
        FieldType::Boolean => ColumnKind::Boolean,
        FieldType::Group => ColumnKind::Json,
    }
}

#[cfg(test)]
mod tests {
    use karat_core::{DataSpec, Filled, PolicySpec, TaskSpec, Written};

    use super::*;

    fn task(spec: Json) -> Task {
        let spec: TaskSpec = serde_json::from_value(spec).unwrap();
        let data = DataSpec { text: "text".into(), ..DataSpec::default() };
        Task::new(&spec, &data, &PolicySpec::default(), String::new()).unwrap()
    }

    fn record(json: Json) -> Value {
        let Json::Object(fields) = json else { panic!("not an object") };
        Value::Fields(Filled { fields, quotes: Vec::new() })
    }

    #[test]
    fn a_record_has_a_column_for_each_field_in_the_order_of_the_task() {
        let task = task(json!({"kind": "extract", "fields": [
            {"name": "who", "of": "text"}, {"name": "sum", "of": "number"}, {"name": "items", "of": "text", "list": true},
        ]}));
        let kinds = [ColumnKind::Text, ColumnKind::Number, ColumnKind::Json];
        assert_eq!(columns(Shape::Fields, &task).into_iter().map(|it| it.1).collect::<Vec<_>>(), kinds);
        let value = record(json!({"items": ["pen"], "who": "Bob Lee"}));
        assert_eq!(cells(Shape::Fields, &task, Some(&value)), [json!("Bob Lee"), Json::Null, json!(["pen"])]);
        assert_eq!(cells(Shape::Fields, &task, None), vec![Json::Null; 3]);
    }

    #[test]
    fn of_several_texts_the_best_stands_in_the_cell() {
        let task = task(json!({"kind": "write"}));
        let written = Written { texts: vec!["best".into(), "next".into()], quotes: Vec::new() };
        assert_eq!(cells(Shape::Text, &task, Some(&Value::Text(written))), [json!("best")]);
        assert_eq!(cells(Shape::Text, &task, Some(&Value::Text(Written::default()))), [Json::Null]);
    }
}
