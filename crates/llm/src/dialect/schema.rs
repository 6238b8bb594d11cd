//! JSON Schemas cut to what a vendor takes.
//!
//! In: a schema. Out: one that accepts at least the same answers, without the keywords that a vendor refuses. What is dropped
//! is no longer held to by the endpoint; the reader of the answer checks it in any case.
//!
//! Not here: whether an answer fits a schema.

use serde_json::{Map, Value};

/// Bounds that Anthropic's structured outputs refuse. `minItems` of 0 and 1 is taken, `pattern` is taken in part.
const BOUNDS: [&str; 13] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
];

/// Keywords of Gemini's older schema form, a part of OpenAPI 3.0. It refuses a request that holds another one.
const OPEN_API: [&str; 18] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "minItems",
    "maxItems",
    "properties",
    "required",
    "items",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "anyOf",
    "propertyOrdering",
];

/// The schema as Anthropic's structured outputs take it: no bounds, and every object closed.
#[must_use]
pub fn without_bounds(schema: &Value) -> Value {
    map_schemas(schema, &|schema| {
        schema.retain(|keyword, value| {
            !BOUNDS.contains(&keyword.as_str())
                && (keyword != "minItems" || matches!(value.as_u64(), Some(0 | 1)))
        });
        if let Some(one_of) = schema.remove("oneOf") {
            schema.insert("anyOf".to_owned(), one_of);
        }
        if schema.get("type").and_then(Value::as_str) == Some("object") || schema.contains_key("properties") {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    })
}

/// The schema in Gemini's older form. `const` becomes a choice of one, a type that may be null becomes `nullable`. Enums of
/// other things than strings are dropped: that form knows none.
#[must_use]
pub fn open_api(schema: &Value) -> Value {
    map_schemas(schema, &|schema| {
        if let Some(only) = schema.remove("const") {
            schema.insert("enum".to_owned(), Value::Array(vec![only]));
        }
        if let Some(one_of) = schema.remove("oneOf") {
            schema.insert("anyOf".to_owned(), one_of);
        }
        let strings = |value: &Value| value.as_array().is_some_and(|all| all.iter().all(Value::is_string));
        schema.retain(|keyword, value| {
            OPEN_API.contains(&keyword.as_str()) && (keyword != "enum" || strings(value))
        });
        if schema.contains_key("enum") {
            schema.insert("type".to_owned(), "string".into());
        }
        if let Some(Value::Array(types)) = schema.get("type").cloned() {
            let mut named = types.iter().filter(|name| *name != "null").cloned();
            if let (Some(name), None) = (named.next(), named.next()) {
                schema.insert("type".to_owned(), name);
            } else {
                schema.remove("type");
            }
            if types.iter().any(|name| name == "null") {
                schema.insert("nullable".to_owned(), true.into());
            }
        }
    })
}

/// A copy in which `change` was made to each schema, outermost first. What stands under `enum`, `const`, `default` and
/// `examples` is data, not a schema.
fn map_schemas(schema: &Value, change: &dyn Fn(&mut Map<String, Value>)) -> Value {
    let Value::Object(map) = schema else {
        return schema.clone();
    };
    let mut map = map.clone();
    change(&mut map);
    for (keyword, value) in &mut map {
        match (keyword.as_str(), value) {
            ("properties" | "$defs" | "definitions" | "patternProperties", Value::Object(named)) => {
                for inner in named.values_mut() {
                    *inner = map_schemas(inner, change);
                }
            }
            ("anyOf" | "allOf" | "oneOf" | "prefixItems", Value::Array(several)) => {
                for inner in several {
                    *inner = map_schemas(inner, change);
                }
            }
            ("items" | "contains" | "not" | "additionalProperties", inner) => {
                *inner = map_schemas(inner, change);
            }
            _ => {}
        }
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bounds_are_dropped_and_objects_closed_at_every_depth() {
        let schema = json!({"type": "object", "properties": {
            "minimum": {"type": "integer", "minimum": 1, "maximum": 5},
            "spans": {"type": "array", "maxItems": 9, "minItems": 1, "items": {"properties": {"q": {"minLength": 1}}}},
            "two": {"type": "array", "minItems": 2},
            "one": {"oneOf": [{"const": 1}, {"enum": [{"minimum": 1}]}]}}, "required": ["minimum"]});
        let want = json!({"type": "object", "additionalProperties": false, "properties": {
            "minimum": {"type": "integer"},
            "spans": {"type": "array", "minItems": 1, "items": {"properties": {"q": {}}, "additionalProperties": false}},
            "two": {"type": "array"},
            "one": {"anyOf": [{"const": 1}, {"enum": [{"minimum": 1}]}]}}, "required": ["minimum"]});
        assert_eq!(without_bounds(&schema), want);
    }

    #[test]
    fn geminis_older_form_knows_fewer_words() {
        let schema = json!({"$schema": "x", "type": "object", "additionalProperties": false, "properties": {
            "label": {"const": "spam"}, "stars": {"type": "integer", "enum": [1, 2]},
            "why": {"type": ["string", "null"]}, "any": {"type": ["string", "integer"]}}});
        let want = json!({"type": "object", "properties": {
            "label": {"type": "string", "enum": ["spam"]}, "stars": {"type": "integer"},
            "why": {"type": "string", "nullable": true}, "any": {}}});
        assert_eq!(open_api(&schema), want);
    }
}
