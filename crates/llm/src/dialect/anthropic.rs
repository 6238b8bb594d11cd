//! The Messages dialect of Anthropic: `POST /v1/messages`.
//!
//! In: a [`ModelRequest`] and the [`Wire`] of its endpoint; or a body that came with status 200. Out: the body to send; or
//! a [`ModelAnswer`]. The system's words stand apart from the messages. A schema is asked for by `output_config.format`; a
//! model that does not know it is asked to call one tool whose input has that schema, and its input is the answer.
//! There are no log-probabilities and no seed.
//!
//! What it rests on (November 2026): Anthropic's documentation and the types of its Python package for fields, stop reasons
//! and counts; reports of users for the texts of refusals.
//!
//! Not here: bodies that came with another status (`fault.rs`); thinking blocks: they are counted, not kept.

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    Fault, Level, Wire, fault,
    parts::{Count, apart, bad_body, finish, wanted},
    schema::without_bounds,
};
use crate::{AnswerFormat, CallError, ModelAnswer, ModelRequest, Role, Settings, Stop, Usage};

/// The version of the interface that this file speaks: sent as the header `anthropic-version`.
pub const VERSION: &str = "2023-06-01";

/// Fields of the body that `Settings::extra` may not replace: they would change what an answer is.
const RESERVED: [&str; 5] = ["model", "messages", "system", "stream", "tool_choice"];

/// From how many bytes on the system's words are marked for the vendor's cache. The shortest prompt that any model caches
/// is 512 tokens, some 2 000 bytes; a mark on a shorter one than its model caches does nothing and costs nothing. A run
/// asks thousands of questions with the same system's words, so the dearer first writing pays with the second question.
const WORTH_CACHING: usize = 2048;

/// Writes the body of a request.
///
/// # Errors
/// [`BadRequest`](crate::CallErrorClass::BadRequest) where `extra` names a field that it may not replace.
pub fn encode(request: &ModelRequest, wire: &Wire) -> Result<Vec<u8>, CallError> {
    let settings = &*request.settings;
    let (system, rest) = apart(&request.messages);
    let mut body = Map::new();
    body.insert("model".into(), (*request.model).into());
    body.insert("max_tokens".into(), settings.max_tokens.into());
    if let Some(system) = system {
        let block = if system.len() >= WORTH_CACHING {
            json!([{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}])
        } else {
            system.into()
        };
        body.insert("system".into(), block);
    }
    let message = |(role, content): (Role, String)| {
        let role = if role == Role::Assistant { "assistant" } else { "user" };
        json!({"role": role, "content": content})
    };
    body.insert("messages".into(), rest.into_iter().map(message).collect());
    sampling(&mut body, settings, wire);
    format(&mut body, request, wire);
    if let Some(effort) = settings.reasoning_effort.as_deref().filter(|_| wire.reasoning_effort) {
        think(&mut body, effort);
    }
    finish(body, &settings.extra, &RESERVED)
}

fn sampling(body: &mut Map<String, Value>, settings: &Settings, wire: &Wire) {
    if let Some(temperature) = settings.temperature.filter(|_| wire.sampling) {
        body.insert("temperature".into(), temperature.into());
    }
    if let Some(top_p) = settings.top_p.filter(|_| wire.sampling && wire.top_p) {
        body.insert("top_p".into(), top_p.into());
    }
    if wire.stop && !settings.stop.is_empty() {
        body.insert("stop_sequences".into(), settings.stop.clone().into());
    }
}

fn format(body: &mut Map<String, Value>, request: &ModelRequest, wire: &Wire) {
    let AnswerFormat::JsonSchema { name, schema } = &request.format else {
        return;
    };
    match level(request, wire) {
        Level::JsonSchema => {
            let format = json!({"type": "json_schema", "schema": without_bounds(schema)});
            body.insert("output_config".into(), json!({ "format": format }));
        }
        Level::OtherSchema => {
            let tool =
                json!({"name": &**name, "description": "Gives the answer.", "input_schema": &**schema});
            body.insert("tools".into(), json!([tool]));
            body.insert("tool_choice".into(), json!({"type": "tool", "name": &**name}));
        }
        Level::Json | Level::Text => {}
    }
}

/// How much to think: `none` turns thinking off, a number is a budget in tokens (older models), any other word is an effort.
fn think(body: &mut Map<String, Value>, effort: &str) {
    let thinking = match effort.parse::<u32>() {
        Ok(budget) => json!({"type": "enabled", "budget_tokens": budget}),
        Err(_) if effort == "none" => json!({"type": "disabled"}),
        Err(_) => {
            let config = body.entry("output_config").or_insert_with(|| json!({}));
            config["effort"] = effort.into();
            json!({"type": "adaptive"})
        }
    };
    body.insert("thinking".into(), thinking);
}

/// The format that will be asked for. There is no mode for JSON of any form.
#[must_use]
pub fn level(request: &ModelRequest, wire: &Wire) -> Level {
    match wanted(request).min(wire.format) {
        Level::Json => Level::Text,
        level => level,
    }
}

/// Reads the body of a success.
///
/// # Errors
/// A [`Fault`]: the body is cut, is not JSON, holds no content, or holds an error in spite of its status.
pub fn decode(body: &[u8]) -> Result<ModelAnswer, Fault> {
    let reply: Reply = match serde_json::from_slice(body) {
        Ok(reply) => reply,
        Err(error) => return Err(bad_body(&format!("the body is not the JSON of a message: {error}"))),
    };
    if reply.error.is_some() {
        return Err(fault::read(200, None, body));
    }
    let Some(content) = reply.content else {
        return Err(bad_body("the body holds no content"));
    };
    let (stop, refusal) = read_stop(reply.stop_reason.as_deref(), reply.stop_details);
    Ok(ModelAnswer {
        stop,
        refusal,
        usage: reply.usage.and_then(WireUsage::read),
        served_model: reply.model,
        ..ModelAnswer::of_text(read_text(&content))
    })
}

/// The input of a called tool, or else all text blocks joined.
fn read_text(content: &[Block]) -> String {
    let called = content.iter().find(|block| block.kind == "tool_use");
    if let Some(input) = called.and_then(|block| block.input.as_ref()) {
        return input.get().to_owned();
    }
    let texts = content.iter().filter(|block| block.kind == "text");
    texts.filter_map(|block| block.text.as_deref()).collect()
}

fn read_stop(reason: Option<&str>, details: Option<StopDetails>) -> (Stop, Option<String>) {
    let stop = match reason {
        Some("end_turn" | "stop_sequence" | "tool_use") => Stop::End,
        Some("max_tokens" | "model_context_window_exceeded") => Stop::TokenLimit,
        Some("refusal") => {
            let details = details.and_then(|details| details.explanation.or(details.category));
            let said = details.unwrap_or_else(|| "the model declined and gave no reason".to_owned());
            return (Stop::ContentFilter, Some(said));
        }
        Some(other) => Stop::Other(other.to_owned()),
        None => Stop::Other("missing".to_owned()),
    };
    (stop, None)
}

#[derive(Deserialize)]
struct Reply {
    content: Option<Vec<Block>>,
    model: Option<String>,
    stop_reason: Option<String>,
    stop_details: Option<StopDetails>,
    usage: Option<WireUsage>,
    error: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type", default)]
    kind: String,
    text: Option<String>,
    input: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct StopDetails {
    explanation: Option<String>,
    category: Option<String>,
}

#[derive(Deserialize)]
struct WireUsage {
    input_tokens: Option<Count>,
    output_tokens: Option<Count>,
    cache_read_input_tokens: Option<Count>,
    cache_creation_input_tokens: Option<Count>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<Count>,
}

impl WireUsage {
    /// Anthropic counts what was cached beside the input; here it is a part of it.
    fn read(self) -> Option<Usage> {
        let (input, output) = (self.input_tokens, self.output_tokens);
        if input.is_none() && output.is_none() {
            return None;
        }
        let count = |count: Option<Count>| count.map_or(0, |count| count.0);
        let cached_read = count(self.cache_read_input_tokens);
        let cached_write = count(self.cache_creation_input_tokens);
        let output = count(output);
        let reasoning = self.output_tokens_details.and_then(|details| details.thinking_tokens);
        Some(Usage {
            input: count(input).saturating_add(cached_read).saturating_add(cached_write),
            cached_read,
            cached_write,
            output,
            reasoning: count(reasoning).min(output),
        })
    }
}

#[cfg(test)]
mod tests;
