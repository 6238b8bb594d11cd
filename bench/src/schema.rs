//! Fills a JSON Schema with the least document that it accepts.
//!
//! In: the schema of a request's `response_format`, and the labels a choice may fall on. Out: a JSON value. A choice
//! among the values of an `enum` depends only on the seed and the key, so that a harness can say what must come out.
//!
//! Not here: checking a document against a schema; keywords that only narrow (`pattern`, `format`) are not obeyed.

use serde_json::{Map, Value};

use crate::draw;

/// What a choice among several values stands on.
pub struct Choice<'a> {
    /// Seeds the choice.
    pub seed: u64,
    /// The key of the item.
    pub key: &'a str,
    /// Where a schema offers some of these, only these are chosen; empty lets every value of the schema be chosen.
    pub labels: &'a [String],
}

impl Choice<'_> {
    /// The label for this item among all labels; `None` where there are none.
    pub fn label(&self) -> Option<&str> {
        self.labels.get(draw::index(self.seed, self.key, self.labels.len())).map(String::as_str)
    }

    fn among<'v>(&self, values: &'v [Value]) -> Option<&'v Value> {
        let wanted = |value: &&Value| self.labels.iter().any(|label| value.as_str() == Some(label));
        if let Some(label) = self.label()
            && let Some(value) = values.iter().find(|value| value.as_str() == Some(label))
        {
            return Some(value);
        }
        let known: Vec<&Value> = values.iter().filter(wanted).collect();
        match known.len() {
            0 => values.get(draw::index(self.seed, self.key, values.len())),
            n => known.get(draw::index(self.seed, self.key, n)).copied(),
        }
    }
}

/// The least document for `schema`: required properties only (all, where none is required), arrays as short as they may
/// be, the first branch of a union. An array of an `enum` holds one value. What says nothing becomes `null`.
pub fn fill(schema: &Value, choice: &Choice) -> Value {
    Filler { root: schema, choice }.fill(schema, 0)
}

struct Filler<'a> {
    root: &'a Value,
    choice: &'a Choice<'a>,
}

/// Schemas that refer to themselves end here.
const MAX_DEPTH: u32 = 24;

impl Filler<'_> {
    fn fill(&self, schema: &Value, depth: u32) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return self.choice.among(values).cloned().unwrap_or(Value::Null);
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|path| self.resolve(path)) {
            return self.fill(target, depth + 1);
        }
        for union in ["anyOf", "oneOf", "allOf"] {
            if let Some(branches) = schema.get(union).and_then(Value::as_array) {
                let says_more = |branch: &&Value| branch.get("type").and_then(Value::as_str) != Some("null");
                let branch = branches.iter().find(says_more).or(branches.first());
                return branch.map_or(Value::Null, |branch| self.fill(branch, depth + 1));
            }
        }
        match type_of(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "string" => Value::String("x".repeat(least(schema, "minLength").max(1) as usize)),
            "integer" => Value::from(least(schema, "minimum")),
            "number" => schema.get("minimum").cloned().unwrap_or_else(|| Value::from(0)),
            "boolean" => Value::Bool(true),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, depth: u32) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Value::Object(Map::new());
        };
        let required = schema.get("required").and_then(Value::as_array);
        let is_wanted = |name: &str| match required {
            Some(names) => names.iter().any(|wanted| wanted.as_str() == Some(name)),
            None => true,
        };
        let wanted = properties.iter().filter(|(name, _)| is_wanted(name));
        Value::Object(wanted.map(|(name, schema)| (name.clone(), self.fill(schema, depth + 1))).collect())
    }

    fn array(&self, schema: &Value, depth: u32) -> Value {
        let Some(items) = schema.get("items") else {
            return Value::Array(Vec::new());
        };
        let is_choice = items.get("enum").is_some();
        let n = least(schema, "minItems").max(i64::from(is_choice));
        Value::Array((0..n).map(|_| self.fill(items, depth + 1)).collect())
    }

    fn resolve(&self, path: &str) -> Option<&Value> {
        self.root.pointer(path.strip_prefix('#')?)
    }
}

fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "null",
    }
}

fn least(schema: &Value, bound: &str) -> i64 {
    schema.get(bound).and_then(Value::as_i64).unwrap_or(0).max(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(schema: Value, want: Value) {
        let labels = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let choice = Choice { seed: 1, key: "item-4", labels: &labels };
        assert_eq!(fill(&schema, &choice), want);
    }

    fn chosen(values: &[&str], key: &str) -> Value {
        let labels = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        fill(&json!({ "enum": values }), &Choice { seed: 1, key, labels: &labels })
    }

    #[test]
    fn a_choice_is_the_label_of_the_item() {
        for i in 0..50 {
            let key = format!("item-{i}");
            let labels = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
            let want = Choice { seed: 1, key: &key, labels: &labels }.label().unwrap().to_owned();
            // Neither a further value nor another order changes the choice.
            assert_eq!(chosen(&["a", "b", "c", "unknown"], &key), json!(want));
            assert_eq!(chosen(&["c", "b", "a"], &key), json!(want));
        }
    }

    #[test]
    fn foreign_values_are_chosen_among_when_no_label_is_offered() {
        let got: std::collections::BTreeSet<_> =
            (0..50).map(|i| chosen(&["x", "y"], &format!("item-{i}")).to_string()).collect();
        assert_eq!(got.len(), 2);
    }

    #[test]
    fn only_required_properties_are_filled() {
        check(
            json!({ "type": "object", "required": ["n"], "properties": {
                "n": { "type": "integer", "minimum": 3 }, "more": { "type": "string" } } }),
            json!({ "n": 3 }),
        );
    }

    #[test]
    fn an_object_in_strict_mode_is_filled_in_the_order_of_the_schema() {
        let schema = json!({ "type": "object", "additionalProperties": false, "required": ["reason", "label"],
            "properties": { "reason": { "type": "string" }, "label": { "enum": ["zz"] } } });
        let choice = Choice { seed: 1, key: "k", labels: &[] };
        assert_eq!(fill(&schema, &choice).to_string(), r#"{"reason":"x","label":"zz"}"#);
    }

    #[test]
    fn arrays_are_as_short_as_they_may_be() {
        check(json!({ "type": "array", "items": { "type": "string" } }), json!([]));
        check(json!({ "type": "array", "minItems": 2, "items": { "type": "boolean" } }), json!([true, true]));
        check(json!({ "type": "array", "items": { "enum": ["only"] } }), json!(["only"]));
    }

    #[test]
    fn unions_and_references_are_followed() {
        check(json!({ "anyOf": [{ "type": "null" }, { "type": "number" }] }), json!(0));
        check(json!({ "type": ["null", "string"], "minLength": 2 }), json!("xx"));
        check(json!({ "$ref": "#/$defs/it", "$defs": { "it": { "const": 5 } } }), json!(5));
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({ "$ref": "#" });
        check(schema, Value::Null);
    }
}
