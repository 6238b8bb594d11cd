//! The Responses dialect of OpenAI: `POST /v1/responses`.
//!
//! In: a [`ModelRequest`] and the [`Wire`] of its endpoint; or a body that came with status 200. Out: the body to send; or
//! a [`ModelAnswer`]. Some models answer here alone (those with `-pro` in their names and deep research), and here alone a
//! reasoning model takes all of its settings. Nothing is stored on the vendor's side: `store` is always `false`.
//! It takes neither a seed nor stop texts.
//!
//! Not here: bodies that came with another status (`fault.rs`); reasoning items: they are counted, not kept.

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    Fault, Level, Wire, fault,
    parts::{Count, WireToken, bad_body, finish, says_json, wanted},
};
use crate::{AnswerFormat, CallError, ModelAnswer, ModelRequest, Stop, Usage};

/// Fields of the body that `Settings::extra` may not replace: they would change what an answer is.
const RESERVED: [&str; 6] = ["model", "input", "instructions", "stream", "background", "store"];

/// Writes the body of a request.
///
/// # Errors
/// [`BadRequest`](crate::CallErrorClass::BadRequest) where `extra` names a field that it may not replace.
pub fn encode(request: &ModelRequest, wire: &Wire) -> Result<Vec<u8>, CallError> {
    let settings = &*request.settings;
    let mut body = Map::new();
    body.insert("model".into(), (*request.model).into());
    let message = |message: &crate::Message| json!({"role": message.role, "content": &*message.content});
    body.insert("input".into(), request.messages.iter().map(message).collect());
    body.insert("store".into(), false.into());
    body.insert(wire.max_tokens.into(), settings.max_tokens.into());
    if let Some(temperature) = settings.temperature.filter(|_| wire.sampling) {
        body.insert("temperature".into(), temperature.into());
    }
    if let Some(top_p) = settings.top_p.filter(|_| wire.sampling && wire.top_p) {
        body.insert("top_p".into(), top_p.into());
    }
    if settings.logprobs && wire.logprobs {
        body.insert("include".into(), json!(["message.output_text.logprobs"]));
        if settings.top_logprobs > 0 {
            body.insert("top_logprobs".into(), settings.top_logprobs.into());
        }
    }
    if let Some(effort) = settings.reasoning_effort.as_deref().filter(|_| wire.reasoning_effort) {
        body.insert("reasoning".into(), json!({ "effort": effort }));
    }
    if let Some(format) = format(request, wire) {
        body.insert("text".into(), json!({ "format": format }));
    }
    finish(body, &settings.extra, &RESERVED)
}

fn format(request: &ModelRequest, wire: &Wire) -> Option<Value> {
    match (level(request, wire), &request.format) {
        (Level::JsonSchema | Level::OtherSchema, AnswerFormat::JsonSchema { name, schema }) => {
            Some(json!({"type": "json_schema", "name": &**name, "strict": true, "schema": &**schema}))
        }
        (Level::Json, _) => Some(json!({"type": "json_object"})),
        (_, _) => None,
    }
}

/// The format that will be asked for. JSON mode is refused where no message says `json`, so then it is not asked for.
#[must_use]
pub fn level(request: &ModelRequest, wire: &Wire) -> Level {
    let level = wanted(request).min(wire.format);
    if level == Level::Json && !says_json(request) { Level::Text } else { level }
}

/// Reads the body of a success.
///
/// # Errors
/// A [`Fault`]: the body is cut, is not JSON, holds no output, or tells of a failure in spite of its status.
pub fn decode(body: &[u8]) -> Result<ModelAnswer, Fault> {
    let reply: Reply = match serde_json::from_slice(body) {
        Ok(reply) => reply,
        Err(error) => return Err(bad_body(&format!("the body is not the JSON of a response: {error}"))),
    };
    if reply.error.is_some() {
        // The code is a word such as `server_error`, and the status says nothing: the words decide.
        return Err(fault::read(200, None, body));
    }
    let Some(output) = reply.output else {
        return Err(bad_body("the body holds no output"));
    };
    let messages = output.into_iter().filter(|item| item.kind == "message");
    let parts: Vec<Part> = messages.flat_map(|item| item.content.unwrap_or_default()).collect();
    let (mut text, mut refusal, mut logprobs) = (String::new(), None, Vec::new());
    for part in parts {
        text.push_str(part.text.as_deref().unwrap_or_default());
        refusal = refusal.or(part.refusal.filter(|said| !said.is_empty()));
        // A list in another form is left out: log-probabilities are never worth an answer.
        let tokens = part.logprobs.and_then(|raw| serde_json::from_str::<Vec<WireToken>>(raw.get()).ok());
        logprobs.extend(tokens.into_iter().flatten().map(WireToken::read));
    }
    let reason = reply.incomplete_details.and_then(|details| details.reason);
    let stop = read_stop(reply.status.as_deref(), reason.as_deref());
    Ok(ModelAnswer {
        refusal: refusal.or_else(|| {
            (stop == Stop::ContentFilter).then(|| "the answer was blocked (content_filter)".to_owned())
        }),
        stop,
        usage: reply.usage.and_then(WireUsage::read),
        served_model: reply.model,
        logprobs: (!logprobs.is_empty()).then_some(logprobs),
        ..ModelAnswer::of_text(text)
    })
}

fn read_stop(status: Option<&str>, reason: Option<&str>) -> Stop {
    match (status, reason) {
        (_, Some("max_output_tokens" | "max_tokens")) => Stop::TokenLimit,
        (_, Some("content_filter")) => Stop::ContentFilter,
        (_, Some(other)) => Stop::Other(other.to_owned()),
        (Some("completed"), None) => Stop::End,
        (Some(other), None) => Stop::Other(other.to_owned()),
        (None, None) => Stop::Other("missing".to_owned()),
    }
}

#[derive(Deserialize)]
struct Reply {
    output: Option<Vec<Item>>,
    status: Option<String>,
    model: Option<String>,
    incomplete_details: Option<Incomplete>,
    usage: Option<WireUsage>,
    error: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type", default)]
    kind: String,
    content: Option<Vec<Part>>,
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
    refusal: Option<String>,
    logprobs: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct WireUsage {
    input_tokens: Option<Count>,
    output_tokens: Option<Count>,
    input_tokens_details: Option<InputDetails>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    cached_tokens: Option<Count>,
    cache_write_tokens: Option<Count>,
}

#[derive(Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<Count>,
}

impl WireUsage {
    fn read(self) -> Option<Usage> {
        let count = |count: Option<Count>| count.map_or(0, |count| count.0);
        if self.input_tokens.is_none() && self.output_tokens.is_none() {
            return None;
        }
        let (input, output) = (count(self.input_tokens), count(self.output_tokens));
        let (cached, written) = self
            .input_tokens_details
            .map_or((0, 0), |details| (count(details.cached_tokens), count(details.cache_write_tokens)));
        let cached_read = cached.min(input);
        let reasoning = self.output_tokens_details.and_then(|details| details.reasoning_tokens);
        Some(Usage {
            input,
            cached_read,
            cached_write: written.min(input - cached_read),
            output,
            reasoning: count(reasoning).min(output),
        })
    }
}

#[cfg(test)]
mod tests;
