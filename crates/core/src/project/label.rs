//! `[task] labels`: a name alone, or a table with what helps to choose it.

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A label: its name, and what helps to choose it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = name_alone_will_do)]
pub struct LabelSpec {
    /// The name, as in exports.
    pub name: String,
    /// What belongs to it and what does not, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Other words for it in answers. `posit*` stands for every word that begins so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Short examples of what belongs to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// The key that chooses it in the review page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hotkey: Option<char>,
}

/// In the JSON Schema, a label is its name or a table.
fn name_alone_will_do(schema: &mut schemars::Schema) {
    let table = std::mem::take(schema);
    *schema = schemars::json_schema!({"anyOf": [{"type": "string"}, table]});
}

impl LabelSpec {
    /// A label of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl<'de> Deserialize<'de> for LabelSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            name: String,
            #[serde(default)]
            description: String,
            #[serde(default)]
            aliases: Vec<String>,
            #[serde(default)]
            examples: Vec<String>,
            hotkey: Option<char>,
        }
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = LabelSpec;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a label name, or a table with `name`")
            }
            fn visit_str<E>(self, name: &str) -> Result<LabelSpec, E> {
                Ok(LabelSpec::named(name))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LabelSpec, A::Error> {
                let Table { name, description, aliases, examples, hotkey } =
                    Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(LabelSpec { name, description, aliases, examples, hotkey })
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}
