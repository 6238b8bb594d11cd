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

/// The schema as Anthropic's structured outputs take it: no bounds, every object closed, one type in each place.
///
/// What may be null as well (`"type": ["string", "null"]`) becomes a choice of two, since an enum under several types is
/// refused: each of its values would have to be of all of them.
#[must_use]
pub fn without_bounds(schema: &Value) -> Value {
    map_schemas(schema, &|schema| {
        if split_types(schema) {
            return;
        }
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

/// The schema with one type in each place, for Gemini's newer form: it takes no null in an enum.
#[must_use]
pub fn one_type(schema: &Value) -> Value {
    map_schemas(schema, &|schema| {
        split_types(schema);
    })
}

/// Turns several types into a choice between schemas of one type each, which hold all else that was said. `true` where it
/// is a choice now: what it held stands in its branches.
fn split_types(schema: &mut Map<String, Value>) -> bool {
    let Some(Value::Array(types)) = schema.get("type").cloned() else {
        return false;
    };
    let branch = |name: &Value| {
        let name = name.as_str()?;
        let mut branch = if name == "null" { Map::new() } else { schema.clone() };
        branch.insert("type".to_owned(), name.into());
        if let Some(Value::Array(values)) = schema.get("enum") {
            let values: Vec<Value> = values.iter().filter(|value| is_of(value, name)).cloned().collect();
            if values.is_empty() {
                return None;
            }
            if name != "null" {
                branch.insert("enum".to_owned(), values.into());
            }
        }
        Some(branch)
    };
    let mut branches: Vec<Map<String, Value>> = types.iter().filter_map(branch).collect();
    if branches.len() < 2 {
        // Where nothing fits such a schema, it is left to the endpoint to say so.
        *schema = branches.pop().unwrap_or_else(|| schema.clone());
        return false;
    }
    // What others refer to keeps its place.
    let named = ["$defs", "definitions"].map(|name| Some((name.to_owned(), schema.get(name)?.clone())));
    for branch in &mut branches {
        branch.retain(|name, _| !matches!(name.as_str(), "$defs" | "definitions"));
    }
    let all = branches.into_iter().map(Value::Object).collect();
    let choice = ("anyOf".to_owned(), Value::Array(all));
    *schema = named.into_iter().flatten().chain([choice]).collect();
    true
}

fn is_of(value: &Value, type_name: &str) -> bool {
    match value {
        Value::Null => type_name == "null",
        Value::Bool(_) => type_name == "boolean",
        Value::Number(number) => type_name == "number" || (type_name == "integer" && !number.is_f64()),
        Value::String(_) => type_name == "string",
        Value::Array(_) => type_name == "array",
        Value::Object(_) => type_name == "object",
    }
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
        if let Some(Value::Array(values)) = schema.get_mut("enum")
            && values.iter().any(Value::is_null)
        {
            values.retain(|value| !value.is_null());
            schema.insert("nullable".to_owned(), true.into());
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

    #[track_caller]
    fn check_split(schema: Value, want: Value) {
        assert_eq!(one_type(&schema), want, "{schema}");
    }

    #[test]
    fn several_types_become_a_choice_and_each_keeps_its_own_values() {
        check_split(
            json!({"properties": {"label": {"type": ["string", "null"], "enum": ["a", "b", null], "title": "t"}}}),
            json!({"properties": {"label": {"anyOf": [{"type": "string", "enum": ["a", "b"], "title": "t"}, {"type": "null"}]}}}),
        );
        check_split(
            json!({"type": ["array", "null"], "items": {"type": ["integer", "null"]}}),
            json!({"anyOf": [{"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}, {"type": "null"}]}),
        );
        check_split(
            json!({"type": ["integer", "string"], "enum": [1, 2.5, "a"]}),
            json!({"anyOf": [{"type": "integer", "enum": [1]}, {"type": "string", "enum": ["a"]}]}),
        );
        check_split(
            json!({"type": ["string", "null"], "enum": ["a"]}),
            json!({"type": "string", "enum": ["a"]}),
        );
        check_split(
            json!({"type": ["array", "null"], "items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"type": ["string"]}}}),
            json!({"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/x"}}, {"type": "null"}], "$defs": {"x": {"type": "string"}}}),
        );
        check_split(json!({"type": ["string"]}), json!({"type": "string"}));
        check_split(json!({"type": ["string"], "enum": [1]}), json!({"type": ["string"], "enum": [1]}));
    }

    #[test]
    fn what_may_be_null_is_split_before_its_bounds_are_dropped() {
        let schema =
            json!({"type": ["array", "null"], "maxItems": 3, "items": {"type": "object", "properties": {}}});
        let item = json!({"type": "object", "properties": {}, "additionalProperties": false});
        let want = json!({"anyOf": [{"type": "array", "items": item}, {"type": "null"}]});
        assert_eq!(without_bounds(&schema), want);
    }

    #[test]
    fn geminis_older_form_knows_fewer_words() {
        let schema = json!({"$schema": "x", "type": "object", "additionalProperties": false, "properties": {
            "label": {"const": "spam"}, "stars": {"type": "integer", "enum": [1, 2]},
            "why": {"type": ["string", "null"]}, "any": {"type": ["string", "integer"]},
            "mood": {"type": ["string", "null"], "enum": ["good", null]}}});
        let want = json!({"type": "object", "properties": {
            "label": {"type": "string", "enum": ["spam"]}, "stars": {"type": "integer"},
            "why": {"type": "string", "nullable": true}, "any": {},
            "mood": {"type": "string", "enum": ["good"], "nullable": true}}});
        assert_eq!(open_api(&schema), want);
    }
}
