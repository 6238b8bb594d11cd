//! The stored form of a value.
//!
//! In: a value and its schema, or JSON. Out: JSON, or the value with every label proven to be in the schema.

use serde_json::{Map, Value as Json, json};

use super::{Filled, Graph, LabeledSpan, Number, Quote, Relation, Shape, Value, Written};
use crate::{LabelId, LabelSchema, Span};

impl Value {
    /// The stored form.
    pub fn to_json(&self, schema: &LabelSchema) -> Json {
        match self {
            Self::Choice(label) => json!(schema.name(*label)),
            Self::Choices(labels) => names(schema, labels),
            Self::Spans(spans) => spans_json(schema, spans),
            Self::Relations(graph) => json!({
                "spans": spans_json(schema.entities().unwrap_or(schema), &graph.spans),
                "relations": graph
                    .relations
                    .iter()
                    .map(|it| json!({"from": it.from, "to": it.to, "label": schema.name(it.label)}))
                    .collect::<Json>(),
            }),
            Self::Number(number) => number_json(*number),
            Self::Ranking(groups) => groups.iter().map(|group| names(schema, group)).collect(),
            Self::Text(written) => json!({
                "texts": written.texts,
                "quotes": written.quotes.iter().map(quote_json).collect::<Json>(),
            }),
            Self::Fields(filled) => {
                let quotes: Map<String, Json> =
                    filled.quotes.iter().map(|(path, quote)| (path.clone(), quote_json(quote))).collect();
                json!({"fields": filled.fields, "quotes": quotes})
            }
            Self::Form(values) => {
                let parts = schema.parts().iter().zip(values);
                let one = |value: &Option<Self>, part: &LabelSchema| {
                    value.as_ref().map_or(Json::Null, |it| it.to_json(part))
                };
                Json::Object(
                    parts.map(|(part, value)| (part.name.clone(), one(value, &part.schema))).collect(),
                )
            }
        }
    }

    /// Reads the stored form: every label must be in `schema`; the message says what is wrong.
    pub fn from_json(json: &Json, shape: Shape, schema: &LabelSchema) -> Result<Self, String> {
        Ok(match shape {
            Shape::Choice => Self::Choice(label(schema, json)?),
            Shape::Choices => Self::choices(labels(schema, json)?),
            Shape::Spans => Self::spans(spans(schema, json)?),
            Shape::Relations => {
                let read = |it: &Json| {
                    let at = |key: &str| number(&it[key]).ok_or_else(|| format!("`{it}` has no `{key}`"));
                    Ok::<_, String>(Relation {
                        from: at("from")?,
                        to: at("to")?,
                        label: label(schema, &it["label"])?,
                    })
                };
                let found = spans(schema.entities().unwrap_or(schema), &json["spans"])?;
                let pairs: Vec<Relation> =
                    list(&json["relations"])?.iter().map(read).collect::<Result<_, _>>()?;
                if let Some(bad) = pairs.iter().find(|it| it.from.max(it.to) as usize >= found.len()) {
                    return Err(format!(
                        "a relation joins spans {} and {} of {}",
                        bad.from,
                        bad.to,
                        found.len()
                    ));
                }
                Self::Relations(Graph::new(found, pairs))
            }
            Shape::Number => {
                let number = json.as_f64().and_then(Number::new);
                Self::Number(number.ok_or_else(|| format!("`{json}` is not a number"))?)
            }
            Shape::Ranking => {
                Self::ranking(list(json)?.iter().map(|it| labels(schema, it)).collect::<Result<_, _>>()?)
            }
            Shape::Text => text(json)?,
            Shape::Fields => fields(json)?,
            Shape::Form => {
                let read = |part: &crate::Part| match json.get(&part.name) {
                    None | Some(Json::Null) => Ok(None),
                    Some(json) => Self::from_json(json, part.shape, &part.schema)
                        .map(Some)
                        .map_err(|why| format!("`{}`: {why}", part.name)),
                };
                Self::Form(schema.parts().iter().map(read).collect::<Result<_, _>>()?)
            }
        })
    }
}

fn names(schema: &LabelSchema, labels: &[LabelId]) -> Json {
    labels.iter().map(|label| json!(schema.name(*label))).collect()
}

fn spans_json(schema: &LabelSchema, spans: &[LabeledSpan]) -> Json {
    spans
        .iter()
        .map(|it| {
            json!({"start": it.span.start(), "end": it.span.end(), "label": schema.name(it.label), "quote": it.quote})
        })
        .collect()
}

fn quote_json(quote: &Quote) -> Json {
    json!({"start": quote.span.start(), "end": quote.span.end(), "quote": quote.quote})
}

/// A whole number without a point: `3`, not `3.0`.
fn number_json(number: Number) -> Json {
    let number = number.get();
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

fn list(json: &Json) -> Result<&Vec<Json>, String> {
    json.as_array().ok_or_else(|| format!("`{json}` is not a list"))
}

fn label(schema: &LabelSchema, name: &Json) -> Result<LabelId, String> {
    let name = name.as_str().ok_or_else(|| format!("`{name}` is not a label name"))?;
    schema.by_name(name).ok_or_else(|| format!("`{name}` is not in the label schema"))
}

fn labels(schema: &LabelSchema, json: &Json) -> Result<Vec<LabelId>, String> {
    list(json)?.iter().map(|name| label(schema, name)).collect()
}

fn number(json: &Json) -> Option<u32> {
    json.as_u64().and_then(|n| u32::try_from(n).ok())
}

fn span(it: &Json) -> Result<Span, String> {
    let span = number(&it["start"]).zip(number(&it["end"])).and_then(|(start, end)| Span::new(start, end));
    span.ok_or_else(|| format!("`{it}` has no `start` below its `end`"))
}

fn words(it: &Json) -> String {
    it["quote"].as_str().or(it["text"].as_str()).unwrap_or_default().to_owned()
}

fn spans(schema: &LabelSchema, json: &Json) -> Result<Vec<LabeledSpan>, String> {
    let read = |it: &Json| {
        Ok(LabeledSpan { span: span(it)?, label: label(schema, &it["label"])?, quote: words(it) })
    };
    list(json)?.iter().map(read).collect()
}

fn quote(it: &Json) -> Result<Quote, String> {
    Ok(Quote { span: span(it)?, quote: words(it) })
}

/// Also a bare text, or null for what the item does not say.
fn text(json: &Json) -> Result<Value, String> {
    let texts = match json {
        Json::Null => Vec::new(),
        Json::String(text) => vec![text.clone()],
        other => {
            let own =
                |it: &Json| it.as_str().map(str::to_owned).ok_or_else(|| format!("`{it}` is not a text"));
            list(&other["texts"])?.iter().map(own).collect::<Result<_, _>>()?
        }
    };
    let quotes = match json.get("quotes") {
        Some(quotes) => list(quotes)?.iter().map(quote).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    Ok(Value::Text(Written { texts, quotes }))
}

/// Also the bare fields.
fn fields(json: &Json) -> Result<Value, String> {
    let object = json.as_object().ok_or_else(|| format!("`{json}` has no fields"))?;
    let Some(Json::Object(fields)) = object.get("fields").filter(|_| object.len() <= 2) else {
        return Ok(Value::Fields(Filled { fields: object.clone(), quotes: Vec::new() }));
    };
    let quotes = match object.get("quotes") {
        Some(Json::Object(quotes)) => {
            quotes.iter().map(|(path, it)| Ok((path.clone(), quote(it)?))).collect::<Result<_, String>>()?
        }
        _ => Vec::new(),
    };
    Ok(Value::Fields(Filled { fields: fields.clone(), quotes }))
}
