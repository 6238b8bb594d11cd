//! Ollama's own dialect: `POST /api/chat`.
//!
//! In: a [`ModelRequest`] and the [`Wire`] of its endpoint; or a body that came with status 200. Out: the body to send; or
//! a [`ModelAnswer`]. Sampling settings stand under `options`; `extra` may add to them, so that
//! `extra = { options = { num_ctx = 16384 } }` gives the model a longer context, which its OpenAI surface cannot.
//!
//! What it rests on (November 2026): Ollama's own OpenAPI description. Log-probabilities came with version 0.12.11; an
//! older one takes the field and gives none.
//!
//! Not here: bodies that came with another status (`fault.rs`); the thoughts: Ollama keeps them apart and counts them with
//! the answer.

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    Fault, Level, Wire, fault,
    parts::{Count, WireToken, bad_body, finish, wanted},
};
use crate::{AnswerFormat, CallError, Message, ModelAnswer, ModelRequest, Stop, Usage};

/// Fields of the body that `Settings::extra` may not replace: they would change what an answer is.
const RESERVED: [&str; 3] = ["model", "messages", "stream"];

/// Writes the body of a request.
///
/// # Errors
/// [`BadRequest`](crate::CallErrorClass::BadRequest) where `extra` names a field that it may not replace.
pub fn encode(request: &ModelRequest, wire: &Wire) -> Result<Vec<u8>, CallError> {
    let settings = &*request.settings;
    let mut options = Map::new();
    options.insert("num_predict".into(), settings.max_tokens.into());
    if let Some(temperature) = settings.temperature.filter(|_| wire.sampling) {
        options.insert("temperature".into(), temperature.into());
    }
    if let Some(top_p) = settings.top_p.filter(|_| wire.sampling && wire.top_p) {
        options.insert("top_p".into(), top_p.into());
    }
    if let (Some(seed), Some(name)) = (settings.seed, wire.seed) {
        options.insert(name.into(), (seed & 0x7fff_ffff).into());
    }
    if wire.stop && !settings.stop.is_empty() {
        options.insert("stop".into(), settings.stop.clone().into());
    }
    let message = |message: &Message| json!({"role": message.role, "content": &*message.content});
    let mut body = Map::new();
    body.insert("model".into(), (*request.model).into());
    body.insert("messages".into(), request.messages.iter().map(message).collect());
    body.insert("stream".into(), false.into());
    body.insert("options".into(), options.into());
    if settings.logprobs && wire.logprobs {
        body.insert("logprobs".into(), true.into());
        if settings.top_logprobs > 0 {
            body.insert("top_logprobs".into(), settings.top_logprobs.into());
        }
    }
    if let Some(effort) = settings.reasoning_effort.as_deref().filter(|_| wire.reasoning_effort) {
        // Most models know on and off alone; some know words.
        let think = match effort {
            "none" | "off" => Value::Bool(false),
            "on" => Value::Bool(true),
            word => word.into(),
        };
        body.insert("think".into(), think);
    }
    match (level(request, wire), &request.format) {
        (Level::JsonSchema | Level::OtherSchema, AnswerFormat::JsonSchema { schema, .. }) => {
            body.insert("format".into(), (**schema).clone());
        }
        (Level::Json, _) => {
            body.insert("format".into(), "json".into());
        }
        (_, _) => {}
    }
    finish(body, &settings.extra, &RESERVED)
}

/// The format that will be asked for.
#[must_use]
pub fn level(request: &ModelRequest, wire: &Wire) -> Level {
    wanted(request).min(wire.format)
}

/// Reads the body of a success.
///
/// # Errors
/// A [`Fault`]: the body is cut, is not JSON, holds no message, or holds an error in spite of its status.
pub fn decode(body: &[u8]) -> Result<ModelAnswer, Fault> {
    let reply: Reply = match serde_json::from_slice(body) {
        Ok(reply) => reply,
        Err(error) => return Err(bad_body(&format!("the body is not the JSON of a chat: {error}"))),
    };
    if reply.error.is_some() {
        return Err(fault::read(200, None, body));
    }
    let Some(message) = reply.message else {
        return Err(bad_body("the body holds no message"));
    };
    let tokens = reply.logprobs.and_then(|raw| serde_json::from_str::<Vec<WireToken>>(raw.get()).ok());
    let logprobs: Vec<_> = tokens.into_iter().flatten().map(WireToken::read).collect();
    Ok(ModelAnswer {
        stop: match reply.done_reason.as_deref() {
            Some("stop") => Stop::End,
            Some("length") => Stop::TokenLimit,
            Some(other) => Stop::Other(other.to_owned()),
            None => Stop::Other("missing".to_owned()),
        },
        usage: read_usage(reply.prompt_eval_count, reply.eval_count),
        served_model: reply.model,
        logprobs: (!logprobs.is_empty()).then_some(logprobs),
        ..ModelAnswer::of_text(message.content.unwrap_or_default())
    })
}

/// An older Ollama leaves the prompt's count out where the whole prompt was still in its memory: then nothing is known.
fn read_usage(input: Option<Count>, output: Option<Count>) -> Option<Usage> {
    Some(Usage { input: input?.0, output: output?.0, ..Usage::default() })
}

#[derive(Deserialize)]
struct Reply {
    model: Option<String>,
    message: Option<WireMessage>,
    done_reason: Option<String>,
    prompt_eval_count: Option<Count>,
    eval_count: Option<Count>,
    logprobs: Option<Box<RawValue>>,
    error: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct WireMessage {
    content: Option<String>,
}

#[cfg(test)]
mod tests;
