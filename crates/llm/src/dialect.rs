//! How requests and answers look on the wire: pure functions over bytes, one module for each family of vendors.
//!
//! In: a [`ModelRequest`](crate::ModelRequest) and what the endpoint takes, or a body that came back. Out: a body to send,
//! or an answer, or a [`Fault`]. No socket, no clock: every quirk of a vendor is a test with a string in it.
//!
//! Not here: which endpoint speaks which dialect (`endpoints.rs`), and sending (`http.rs`).

pub mod anthropic;
pub mod fault;
pub mod gemini;
pub mod ollama;
pub mod openai_chat;
pub mod openai_completions;
pub mod openai_responses;
mod parts;
pub mod schema;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{CallError, ModelAnswer, ModelRequest};

/// A family of wire formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `POST {base_url}/chat/completions` as OpenAI defined it and many vendors took it over.
    OpenAiChat,
    /// `POST {base_url}/responses` of OpenAI.
    OpenAiResponses,
    /// `POST {base_url}/messages` of Anthropic.
    Anthropic,
    /// `POST {base_url}/models/MODEL:generateContent` of Google.
    Gemini,
    /// `POST {base_url}/api/chat` of Ollama.
    Ollama,
}

impl Dialect {
    /// The path of a call, below the endpoint's base URL.
    #[must_use]
    pub fn path(self, model: &str) -> Cow<'static, str> {
        match self {
            Dialect::OpenAiChat => "chat/completions".into(),
            Dialect::OpenAiResponses => "responses".into(),
            Dialect::Anthropic => "messages".into(),
            Dialect::Gemini => gemini::path(model).into(),
            Dialect::Ollama => "api/chat".into(),
        }
    }

    /// Writes the body of a request. `schema` is the finished format of the request's schema where the dialect makes it
    /// beforehand ([`Dialect::schema_format`]).
    ///
    /// # Errors
    /// [`BadRequest`](crate::CallErrorClass::BadRequest) where `extra` names a field that it may not replace.
    pub fn encode(
        self,
        request: &ModelRequest,
        wire: &Wire,
        schema: Option<&RawValue>,
    ) -> Result<Vec<u8>, CallError> {
        match self {
            Dialect::OpenAiChat => openai_chat::encode(request, wire, schema),
            Dialect::OpenAiResponses => openai_responses::encode(request, wire),
            Dialect::Anthropic => anthropic::encode(request, wire),
            Dialect::Gemini => gemini::encode(request, wire),
            Dialect::Ollama => ollama::encode(request, wire),
        }
    }

    /// The part of a request that holds an answer to a schema, finished once for a run; `None` where the dialect writes it
    /// with each request.
    #[must_use]
    pub fn schema_format(
        self,
        name: &str,
        schema: &Value,
    ) -> Option<Result<Box<RawValue>, serde_json::Error>> {
        (self == Dialect::OpenAiChat).then(|| openai_chat::schema_format(name, schema))
    }

    /// Reads the body of a success.
    ///
    /// # Errors
    /// A [`Fault`]: the body is cut, is not JSON, holds no answer, or holds an error in spite of its status.
    pub fn decode(self, body: &[u8]) -> Result<ModelAnswer, Fault> {
        match self {
            Dialect::OpenAiChat => openai_chat::decode(body),
            Dialect::OpenAiResponses => openai_responses::decode(body),
            Dialect::Anthropic => anthropic::decode(body),
            Dialect::Gemini => gemini::decode(body),
            Dialect::Ollama => ollama::decode(body),
        }
    }

    /// The format that will be asked for: what the request wants, bounded by what the endpoint takes.
    #[must_use]
    pub fn level(self, request: &ModelRequest, wire: &Wire) -> Level {
        match self {
            Dialect::OpenAiChat => openai_chat::level(request, wire),
            Dialect::OpenAiResponses => openai_responses::level(request, wire),
            Dialect::Anthropic => anthropic::level(request, wire),
            Dialect::Gemini => gemini::level(request, wire),
            Dialect::Ollama => ollama::level(request, wire),
        }
    }

    /// The next weaker format to ask for after a refusal.
    #[must_use]
    pub fn below(self, level: Level) -> Level {
        match (self, level) {
            (Dialect::Anthropic | Dialect::Gemini, Level::JsonSchema) => Level::OtherSchema,
            (Dialect::Anthropic, Level::OtherSchema | Level::Json) | (_, Level::Json) | (_, Level::Text) => {
                Level::Text
            }
            (_, Level::JsonSchema | Level::OtherSchema) => Level::Json,
        }
    }

    /// Whether `extra` says itself which format is asked for: then ours is not sent, and not weakened.
    #[must_use]
    pub fn extra_sets_format(self, extra: &Map<String, Value>) -> bool {
        let paths: &[&[&str]] = match self {
            Dialect::OpenAiChat => &[&["response_format"]],
            Dialect::OpenAiResponses => &[&["text", "format"]],
            Dialect::Anthropic => &[&["output_config", "format"], &["tools"]],
            Dialect::Gemini => &[
                &["generationConfig", "responseMimeType"],
                &["generationConfig", "responseJsonSchema"],
                &["generationConfig", "responseSchema"],
            ],
            Dialect::Ollama => &[&["format"]],
        };
        paths.iter().any(|path| parts::names(extra, path))
    }

    /// The path of the list of models, below the endpoint's base URL.
    #[must_use]
    pub fn models_path(self) -> &'static str {
        match self {
            Dialect::OpenAiChat | Dialect::OpenAiResponses => "models",
            Dialect::Anthropic => "models?limit=1000",
            Dialect::Gemini => "models?pageSize=1000",
            Dialect::Ollama => "api/tags",
        }
    }

    /// Reads the list of models: their names as a call takes them.
    ///
    /// # Errors
    /// A sentence, where the body is no such list.
    pub fn model_names(self, body: &[u8]) -> Result<Vec<String>, String> {
        #[derive(Deserialize)]
        struct Data {
            data: Vec<Id>,
        }
        #[derive(Deserialize)]
        struct Id {
            id: String,
        }
        #[derive(Deserialize)]
        struct Models {
            models: Vec<Name>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Name {
            name: String,
            supported_generation_methods: Option<Vec<String>>,
        }
        let wrong = |error: serde_json::Error| format!("no list of models: {error}");
        match self {
            Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::Anthropic => {
                let list: Data = serde_json::from_slice(body).map_err(wrong)?;
                Ok(list.data.into_iter().map(|model| model.id).collect())
            }
            Dialect::Gemini | Dialect::Ollama => {
                let list: Models = serde_json::from_slice(body).map_err(wrong)?;
                // Google lists embedders and painters as well; what cannot be asked is no help here.
                let answers = |model: &Name| {
                    let methods = model.supported_generation_methods.as_ref();
                    methods.is_none_or(|methods| methods.iter().any(|method| method == "generateContent"))
                };
                let name = |model: Name| {
                    model.name.strip_prefix("models/").map_or(model.name.clone(), str::to_owned)
                };
                Ok(list.models.into_iter().filter(answers).map(name).collect())
            }
        }
    }
}

/// How firmly an endpoint can be held to a shape, from free to bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    Text,
    /// To some JSON object.
    Json,
    /// To a schema by the dialect's second way: a forced tool call, or an older form of the schema.
    OtherSchema,
    /// To a JSON Schema.
    JsonSchema,
}

/// What one endpoint takes, as far as is known now. It starts from the endpoint's table row and shrinks when parts of a
/// request are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The firmest answer format to ask for.
    pub format: Level,
    /// Whether `logprobs` may be asked for.
    pub logprobs: bool,
    /// Whether `temperature` and `top_p` may be sent.
    pub sampling: bool,
    /// Whether `top_p` may be sent beside `temperature`.
    pub top_p: bool,
    /// Whether `reasoning_effort` may be sent.
    pub reasoning_effort: bool,
    /// Whether `stop` may be sent.
    pub stop: bool,
    /// The name of the seed, or `None` where there is none.
    pub seed: Option<&'static str>,
    /// The name of the bound on the answer's length.
    pub max_tokens: &'static str,
}

/// A part of a request that an endpoint may refuse while it would answer the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The answer format.
    Format,
    /// Log-probabilities.
    Logprobs,
    /// The name under which the answer's bound is sent.
    MaxTokensName,
    /// `temperature` and `top_p`.
    Sampling,
    /// `top_p`, where `temperature` is sent as well.
    TopP,
    /// `seed`.
    Seed,
    /// `stop`.
    Stop,
    /// `reasoning_effort`.
    ReasoningEffort,
}

/// What a body that is not an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The call failed.
    Failed(CallError),
    /// The endpoint refuses one part of the request; without it, it may answer.
    Refuses(Part, CallError),
    /// The vendor's filter blocked this one question: an outcome of the question, not a failure of the call.
    Blocked(String),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// JSON with the words that bodies and schemas are made of, in any places.
    fn any_json() -> impl Strategy<Value = Value> {
        const WORDS: [&str; 24] = [
            "type",
            "enum",
            "properties",
            "anyOf",
            "items",
            "content",
            "text",
            "usage",
            "error",
            "message",
            "candidates",
            "parts",
            "choices",
            "output",
            "status",
            "details",
            "code",
            "logprobs",
            "string",
            "null",
            "object",
            "input_tokens",
            "stop_reason",
            "models",
        ];
        let word = || prop::sample::select(&WORDS[..]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            word().prop_map(Value::from),
            ".{0,5}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((word(), inner), 0..5).prop_map(|entries| {
                    Value::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_body_and_no_schema_is_too_odd_to_be_read(value in any_json(), status in 200_u16..600) {
            let body = value.to_string();
            for dialect in ALL {
                let _ = dialect.decode(body.as_bytes());
                let _ = dialect.model_names(body.as_bytes());
            }
            let _ = fault::read(status, None, body.as_bytes());
            let one = schema::one_type(&value);
            prop_assert_eq!(schema::one_type(&one), one);
            let cut = schema::without_bounds(&value);
            prop_assert_eq!(schema::without_bounds(&cut), cut);
            let _ = schema::open_api(&value);
        }
    }

    const ALL: [Dialect; 5] =
        [Dialect::OpenAiChat, Dialect::OpenAiResponses, Dialect::Anthropic, Dialect::Gemini, Dialect::Ollama];

    #[track_caller]
    fn check_names(dialect: Dialect, body: &str, want: &[&str]) {
        assert_eq!(dialect.model_names(body.as_bytes()).unwrap(), want, "{body}");
    }

    #[test]
    fn every_dialect_lists_its_models_in_its_own_form() {
        check_names(Dialect::OpenAiChat, r#"{"object":"list","data":[{"id":"a"},{"id":"b"}]}"#, &["a", "b"]);
        check_names(
            Dialect::Anthropic,
            r#"{"data":[{"type":"model","id":"claude-haiku-4-5-20251001","display_name":"Claude Haiku 4.5"}],"has_more":false}"#,
            &["claude-haiku-4-5-20251001"],
        );
        check_names(
            Dialect::Gemini,
            r#"{"models":[{"name":"models/gemini-2.5-flash","supportedGenerationMethods":["generateContent","countTokens"]},
            {"name":"models/gemini-embedding-001","supportedGenerationMethods":["embedContent"]}]}"#,
            &["gemini-2.5-flash"],
        );
        check_names(Dialect::Ollama, r#"{"models":[{"name":"qwen3:8b","model":"qwen3:8b"}]}"#, &["qwen3:8b"]);
        for dialect in ALL {
            let error = dialect.model_names(b"{}").unwrap_err();
            assert!(error.starts_with("no list of models"), "{error}");
        }
    }

    #[test]
    fn every_dialect_steps_down_to_text_in_the_end() {
        for dialect in ALL {
            let mut level = Level::JsonSchema;
            let mut steps = 0;
            while level != Level::Text {
                let lower = dialect.below(level);
                assert!(lower < level, "{dialect:?}: {level:?} to {lower:?}");
                (level, steps) = (lower, steps + 1);
            }
            assert!((2..=3).contains(&steps), "{dialect:?}: {steps}");
        }
    }

    #[test]
    fn a_format_in_extra_is_seen_in_every_dialect() {
        let says = |dialect: Dialect, extra: Value| {
            dialect.extra_sets_format(&serde_json::from_value(extra).unwrap())
        };
        assert!(says(Dialect::OpenAiChat, json!({"response_format": {}})));
        assert!(says(Dialect::OpenAiResponses, json!({"text": {"format": {}}})));
        assert!(!says(Dialect::OpenAiResponses, json!({"text": {"verbosity": "low"}})));
        assert!(says(Dialect::Anthropic, json!({"output_config": {"format": {}}})));
        assert!(!says(Dialect::Anthropic, json!({"output_config": {"effort": "low"}})));
        assert!(says(Dialect::Gemini, json!({"generationConfig": {"responseSchema": {}}})));
        assert!(says(Dialect::Ollama, json!({"format": "json"})));
    }
}
