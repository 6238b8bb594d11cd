//! What is asked of a model.
//!
//! In: rendered messages, the wanted shape of the answer, the settings. Out: one [`ModelRequest`] that every provider,
//! live or not, takes. Its parts sit behind `Arc`s: thousands of requests of one run share one system message, one
//! schema and one set of settings.
//!
//! Not here: how a request looks on the wire (`dialect`), and what comes back (`answer.rs`).

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

/// One question to one model.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// The model's name as the endpoint knows it, without the endpoint's name.
    pub model: Arc<str>,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// The shape that the answer should have. An endpoint that cannot keep to it gets the next weaker one.
    pub format: AnswerFormat,
    /// Sampling settings, shared by a whole run.
    pub settings: Arc<Settings>,
    /// Which of several answers to the same question this is, from 0. It is not sent: it tells two samples apart.
    pub sample: u32,
    /// What only offline stand-ins read.
    pub aside: Aside,
}

impl ModelRequest {
    /// The number of UTF-8 bytes of all messages and of the schema: what [`Price::upper_bound`](crate::Price::upper_bound)
    /// takes. No tokenizer in use makes more tokens than bytes.
    #[must_use]
    pub fn prompt_bytes(&self) -> u64 {
        let text: usize = self.messages.iter().map(|message| message.content.len()).sum();
        let schema = match &self.format {
            AnswerFormat::JsonSchema { name, schema } => name.len() + json_len(schema),
            AnswerFormat::Json | AnswerFormat::Text => 0,
        };
        (text + schema) as u64
    }
}

/// One turn of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Arc<str>,
}

impl Message {
    /// A message of the given role.
    pub fn new(role: Role, content: impl Into<Arc<str>>) -> Message {
        Message { role, content: content.into() }
    }
}

/// Who speaks in a [`Message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The standing instruction.
    System,
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

/// The shape that an answer should have, from free to bound.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswerFormat {
    /// Any text.
    Text,
    /// Any JSON object. Several vendors refuse this mode unless a message says `json` somewhere.
    Json,
    /// JSON that fits a schema.
    JsonSchema {
        /// A name for the schema: letters, digits, `_` and `-`, at most 64 (vendors check it).
        name: Arc<str>,
        /// The JSON Schema itself. Share one `Arc` over a run: it is written out once for each `Arc`, not for each call.
        schema: Arc<Value>,
    },
}

/// Sampling settings. What is `None` is not sent, and the vendor's own default holds.
///
/// `Serialize` writes the same bytes for the same settings, keys of `extra` sorted: it may be hashed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Randomness, 0 to 2 by most vendors; reasoning models refuse it, and then it is left out from there on.
    pub temperature: Option<f64>,
    /// Nucleus sampling, above 0 to 1.
    pub top_p: Option<f64>,
    /// The most tokens that the answer may have, reasoning included. It bounds the bill, so it has no default.
    pub max_tokens: u32,
    /// A seed for vendors that take one; none promises equal answers.
    pub seed: Option<u64>,
    /// Texts that end the answer; most vendors take four at most.
    pub stop: Vec<String>,
    /// Whether to ask for the log-probabilities of the answer's tokens.
    pub logprobs: bool,
    /// How many alternatives to each token to ask for, 0 to 20; read only where `logprobs` is set.
    pub top_logprobs: u8,
    /// How long a reasoning model should think: `minimal`, `low`, `medium`, `high`, as the vendor spells it. For Anthropic and
    /// Gemini also `none` and a number of tokens; for Ollama's own API `on` and `none`.
    pub reasoning_effort: Option<String>,
    /// Further fields of the request's body, sent as they are. A field named here replaces our own.
    #[serde(serialize_with = "sorted_map")]
    pub extra: Map<String, Value>,
}

impl Settings {
    /// Settings that bound the answer's length and leave all else to the vendor.
    #[must_use]
    pub fn new(max_tokens: u32) -> Settings {
        Settings {
            temperature: None,
            top_p: None,
            max_tokens,
            seed: None,
            stop: Vec::new(),
            logprobs: false,
            top_logprobs: 0,
            reasoning_effort: None,
            extra: Map::new(),
        }
    }
}

/// What only offline stand-ins read; a live provider never sends it.
///
/// `replay` looks an answer up by `key`; `scripted` answers with `truth` or with one of `wrong`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// What the question is about: the key under which a recorded answer is found.
    pub key: Arc<str>,
    /// An answer text that would be right, where it is known.
    pub truth: Option<Arc<str>>,
    /// Answer texts that would be well formed and wrong.
    pub wrong: Vec<Arc<str>>,
}

fn sorted_map<S: Serializer>(map: &Map<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    let mut out = serializer.serialize_map(Some(entries.len()))?;
    for (key, value) in entries {
        out.serialize_entry(key, &Sorted(value))?;
    }
    out.end()
}

/// A JSON value whose objects are written with sorted keys, at any depth.
struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => sorted_map(map, serializer),
            Value::Array(values) => serializer.collect_seq(values.iter().map(Sorted)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.0.serialize(serializer)
            }
        }
    }
}

/// The length of `value` written as compact JSON, counted without writing it anywhere.
fn json_len(value: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        // Writing a `Value` into a counter does not fail; a bound that is too low would.
        Err(_) => usize::MAX / 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_settings_are_written_alike_whatever_the_order_of_extra() {
        let write = |extra: &str| {
            let settings = Settings { extra: serde_json::from_str(extra).unwrap(), ..Settings::new(8) };
            serde_json::to_string(&settings).unwrap()
        };
        let one = write(r#"{"b": [{"y": 1, "x": 2}], "a": 1}"#);
        assert_eq!(one, write(r#"{"a": 1, "b": [{"x": 2, "y": 1}]}"#));
        assert!(one.ends_with(r#""extra":{"a":1,"b":[{"x":2,"y":1}]}}"#), "{one}");
        assert_ne!(one, write(r#"{"a": 2, "b": [{"x": 2, "y": 1}]}"#));
    }

    #[test]
    fn prompt_bytes_count_messages_and_schema() {
        let mut request = ModelRequest {
            model: "m".into(),
            messages: vec![Message::new(Role::System, "ab"), Message::new(Role::User, "привет")],
            format: AnswerFormat::Text,
            settings: Arc::new(Settings::new(1)),
            sample: 0,
            aside: Aside::default(),
        };
        assert_eq!(request.prompt_bytes(), 14);
        request.format =
            AnswerFormat::JsonSchema { name: "s".into(), schema: Arc::new(serde_json::json!({"a": 1})) };
        assert_eq!(request.prompt_bytes(), 14 + 1 + 7);
    }
}
