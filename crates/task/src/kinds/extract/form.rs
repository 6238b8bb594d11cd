//! The fields of a task: checked, as a JSON Schema, as an empty answer to look at, and as lines for a prompt.
//!
//! Not here: reading an answer (`read.rs`), and the words of the prompt (`prompts/*/extract.jinja`).

use karat_core::{Error, FieldSpec, FieldType, LabelSchema, PromptLanguage, Result};
use serde_json::{Map, Value as Json, json};

use crate::answer::fields::plain;
use crate::kinds::evidence::object;

/// Groups stand in groups this deep at most: strict modes allow ten levels of nesting, and a list of groups takes two.
const MAX_GROUPS: usize = 3;

/// Checks the fields of one level; the error names the first that does not work.
pub(super) fn check(fields: &[FieldSpec], inside: &str, depth: usize) -> Result<()> {
    for (n, field) in fields.iter().enumerate() {
        let path = if inside.is_empty() { field.name.clone() } else { format!("{inside}.{}", field.name) };
        let wrong = |message: String, hint: &str| Err(Error::invalid(message).hint(hint.to_owned()));
        if field.name.trim().is_empty() || field.name.contains('.') {
            let message = format!("a field of `task.fields` is named `{path}`");
            return wrong(
                message,
                "a name has at least one letter and no point: points part the steps of a path",
            );
        }
        if let Some(other) = fields[..n].iter().find(|it| plain(&it.name) == plain(&field.name)) {
            let message = format!(
                "`task.fields` has `{}` and `{}`, which are one name to a model",
                other.name, field.name
            );
            return wrong(message, "give each field a name of its own");
        }
        let is_group = field.of == FieldType::Group;
        if is_group == field.fields.is_empty() {
            let message = match is_group {
                true => format!("the field `{path}` is a group without fields"),
                false => format!("the field `{path}` has fields inside and is no group"),
            };
            return wrong(message, "`type = \"group\"` and `fields = [...]` go together");
        }
        if field.of != FieldType::Choice && !field.values.is_empty() {
            let message = format!("the field `{path}` has `values` and is no choice");
            return wrong(message, "`type = \"choice\"` and `values = [...]` go together");
        }
        if field.of == FieldType::Choice {
            let values: Vec<&str> = field.values.iter().map(String::as_str).collect();
            if values.len() < 2 {
                return wrong(
                    format!("the field `{path}` has {} values to choose from", values.len()),
                    "name at least two under `values`",
                );
            }
            LabelSchema::of(&values)
                .map_err(|error| error.while_doing(format!("the values of the field `{path}`")))?;
        }
        if is_group && depth >= MAX_GROUPS {
            return wrong(
                format!("the group `{path}` stands in {depth} groups, and {MAX_GROUPS} levels are the most"),
                "make it a field of the group around it",
            );
        }
        check(&field.fields, &path, depth + 1)?;
    }
    Ok(())
}

/// The schema of an object with these fields.
pub(super) fn schema(fields: &[FieldSpec]) -> Json {
    let property = |field: &FieldSpec| {
        let one = of_one(field);
        let own = if field.list { json!({"type": "array", "items": one}) } else { one };
        (field.name.clone(), own)
    };
    object(fields.iter().map(property).collect())
}

/// One value with its quote, or null where it may be missing; a group is an object of its own.
fn of_one(field: &FieldSpec) -> Json {
    if field.of == FieldType::Group {
        return schema(&field.fields);
    }
    let mut pair = Map::new();
    pair.insert("quote".into(), json!({"type": ["string", "null"]}));
    let value = match field.of {
        FieldType::Text | FieldType::Date | FieldType::Group => json!({"type": "string"}),
        FieldType::Number => json!({"type": "number"}),
        FieldType::Integer => json!({"type": "integer"}),
        FieldType::Boolean => json!({"type": "boolean"}),
        FieldType::Choice => json!({"type": "string", "enum": field.values}),
    };
    pair.insert("value".into(), value);
    let mut pair = object(pair);
    if !field.list && !field.required {
        pair["type"] = json!(["object", "null"]);
    }
    pair
}

/// An answer with dots for words, on one line, as models are shown it.
pub(super) fn skeleton(fields: &[FieldSpec]) -> String {
    let one = |field: &FieldSpec| {
        let value = match field.of {
            FieldType::Group => skeleton(&field.fields),
            FieldType::Number => r#"{"quote": "...", "value": 0.0}"#.to_owned(),
            FieldType::Integer => r#"{"quote": "...", "value": 0}"#.to_owned(),
            FieldType::Boolean => r#"{"quote": "...", "value": true}"#.to_owned(),
            FieldType::Date => r#"{"quote": "...", "value": "YYYY-MM-DD"}"#.to_owned(),
            FieldType::Text | FieldType::Choice => r#"{"quote": "...", "value": "..."}"#.to_owned(),
        };
        let value = if field.list { format!("[{value}]") } else { value };
        format!("{}: {value}", json!(field.name))
    };
    format!("{{{}}}", fields.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// The fields one a line, those of a group indented below it, for the template.
pub(super) fn lines(fields: &[FieldSpec], language: PromptLanguage, depth: usize) -> Vec<Json> {
    let words = words(language);
    let mut out = Vec::new();
    for field in fields {
        let mut about = vec![type_name(field, words)];
        if field.list {
            about.push(words.several.to_owned());
        }
        if field.required {
            about.push(words.required.to_owned());
        }
        out.push(json!({
            "indent": "  ".repeat(depth), "name": field.name, "about": about.join(words.comma),
            "description": field.description,
        }));
        out.extend(lines(&field.fields, language, depth + 1));
    }
    out
}

/// Whether any field, also inside groups, is as asked.
pub(super) fn any(fields: &[FieldSpec], is: &dyn Fn(&FieldSpec) -> bool) -> bool {
    fields.iter().any(|it| is(it) || any(&it.fields, is))
}

/// How a language names types.
struct Words {
    text: &'static str,
    number: &'static str,
    integer: &'static str,
    boolean: &'static str,
    date: &'static str,
    choice: &'static str,
    group: &'static str,
    several: &'static str,
    required: &'static str,
    comma: &'static str,
}

fn words(language: PromptLanguage) -> &'static Words {
    match language {
        PromptLanguage::En => &Words {
            text: "words",
            number: "number",
            integer: "whole number",
            boolean: "true or false",
            date: "date, YYYY-MM-DD",
            choice: "one of: ",
            group: "group of fields",
            several: "a list",
            required: "required",
            comma: "; ",
        },
        PromptLanguage::Ru => &Words {
            text: "слова",
            number: "число",
            integer: "целое число",
            boolean: "true или false",
            date: "дата, YYYY-MM-DD",
            choice: "одно из: ",
            group: "группа полей",
            several: "список",
            required: "обязательно",
            comma: "; ",
        },
        PromptLanguage::Zh => &Words {
            text: "文字",
            number: "数字",
            integer: "整数",
            boolean: "true 或 false",
            date: "日期，YYYY-MM-DD",
            choice: "取值之一：",
            group: "字段组",
            several: "列表",
            required: "必填",
            comma: "；",
        },
    }
}

fn type_name(field: &FieldSpec, words: &Words) -> String {
    match field.of {
        FieldType::Text => words.text.to_owned(),
        FieldType::Number => words.number.to_owned(),
        FieldType::Integer => words.integer.to_owned(),
        FieldType::Boolean => words.boolean.to_owned(),
        FieldType::Date => words.date.to_owned(),
        FieldType::Choice => {
            let values: Vec<String> = field.values.iter().map(|it| json!(it).to_string()).collect();
            format!("{}{}", words.choice, values.join(", "))
        }
        FieldType::Group => words.group.to_owned(),
    }
}
