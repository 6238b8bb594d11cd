//! The chat-completions dialect of OpenAI, as two dozen vendors and local servers speak it.
//!
//! In: a [`ModelRequest`] and the [`Wire`] of its endpoint; or a body that came with status 200. Out: the body to send; or
//! a [`ModelAnswer`]. Both directions borrow: a request is written straight from its parts, and an answer costs one
//! allocation for its text.
//!
//! Not here: bodies that came with another status (`fault.rs`).

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;

use super::{
    Fault, Level, Wire, fault,
    parts::{Count, NEVER, WireToken, bad_body, check_extra, says_json, unsent, wanted},
};
use crate::{CallError, ModelAnswer, ModelRequest, Settings, Stop, TokenLogprob, Usage};

/// Fields of the body that `Settings::extra` may not replace: they would change what an answer is.
const RESERVED: [&str; 4] = ["model", "messages", "stream", "n"];

/// Writes the body of a request.
///
/// `schema` is the finished `response_format` of the request's schema, from [`schema_format`], made once for a run; it is
/// read only where `wire` allows schemas.
///
/// # Errors
/// [`BadRequest`](crate::CallErrorClass::BadRequest) where `extra` names a field that it may not replace.
pub fn encode(request: &ModelRequest, wire: &Wire, schema: Option<&RawValue>) -> Result<Vec<u8>, CallError> {
    check_extra(&request.settings.extra, &RESERVED)?;
    let text: usize = request.messages.iter().map(|message| message.content.len() + 40).sum();
    let mut body = Vec::with_capacity(text + text / 8 + 256 + schema.map_or(0, |schema| schema.get().len()));
    match serde_json::to_writer(&mut body, &Body { request, wire, schema }) {
        Ok(()) => Ok(body),
        Err(error) => Err(unsent(format!("the request cannot be written as JSON: {error}"))),
    }
}

/// The `response_format` that holds an answer to a JSON Schema.
///
/// # Errors
/// Where the schema cannot be written as JSON.
pub fn schema_format(name: &str, schema: &serde_json::Value) -> Result<Box<RawValue>, serde_json::Error> {
    #[derive(Serialize)]
    struct Format<'a> {
        r#type: &'static str,
        json_schema: Named<'a>,
    }
    #[derive(Serialize)]
    struct Named<'a> {
        name: &'a str,
        strict: bool,
        schema: &'a serde_json::Value,
    }
    let json_schema = Named { name, strict: true, schema };
    serde_json::value::to_raw_value(&Format { r#type: "json_schema", json_schema })
}

/// The format that will be asked for: what the request wants, bounded by what the endpoint takes.
///
/// Vendors refuse JSON mode where no message says `json`, so then it is not asked for.
#[must_use]
pub fn level(request: &ModelRequest, wire: &Wire) -> Level {
    let level = wanted(request).min(wire.format);
    if level == Level::Json && !says_json(request) { Level::Text } else { level }
}

/// Reads the body of a success.
///
/// # Errors
/// A [`Fault`]: the body is cut, is not JSON, holds no choice, or holds an error in spite of its status.
pub fn decode(body: &[u8]) -> Result<ModelAnswer, Fault> {
    let reply: Reply<'_> = match serde_json::from_slice(body) {
        Ok(reply) => reply,
        Err(error) => {
            return Err(bad_body(&format!("the body is not the JSON of a chat completion: {error}")));
        }
    };
    if reply.error.is_some() {
        return Err(fault::read(200, None, body));
    }
    let Some(choice) = reply.choices.into_iter().flatten().next() else {
        return Err(bad_body("the body holds no choice"));
    };
    if choice.error.is_some() {
        return Err(fault::read_choice(choice.error));
    }
    let Some(message) = choice.message else {
        return Err(bad_body("the body's first choice holds no message"));
    };
    let content = message.content.unwrap_or_default();
    let refusal = message.refusal.and_then(|said| said.text).or(content.refusal);
    Ok(ModelAnswer {
        text: content.text.unwrap_or_default().into_owned(),
        stop: read_stop(choice.finish_reason.as_ref().and_then(|said| said.text.as_deref())),
        refusal: refusal.filter(|said| !said.is_empty()).map(Cow::into_owned),
        usage: reply.usage.and_then(WireUsage::read),
        served_model: reply.model.and_then(|said| said.text).map(Cow::into_owned),
        logprobs: choice.logprobs.and_then(read_logprobs),
        latency_ms: 0,
        tries: 1,
        stated: None,
        by: 0,
    })
}

/// A request on its way out: written field by field, with nothing built in between.
struct Body<'a> {
    request: &'a ModelRequest,
    wire: &'a Wire,
    schema: Option<&'a RawValue>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &*self.request.model)?;
        map.serialize_entry("messages", &self.request.messages)?;
        self.settings(&mut map, &self.request.settings)?;
        if !self.request.settings.extra.contains_key("response_format") {
            self.format(&mut map)?;
        }
        for (name, value) in &self.request.settings.extra {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Body<'_> {
    fn settings<M: SerializeMap>(&self, map: &mut M, settings: &Settings) -> Result<(), M::Error> {
        let wire = self.wire;
        // A field that `extra` names is written once, from there.
        let free = |name: &str| settings.extra.is_empty() || !settings.extra.contains_key(name);
        if free("max_tokens") && free("max_completion_tokens") {
            map.serialize_entry(wire.max_tokens, &settings.max_tokens)?;
        }
        if let Some(temperature) = settings.temperature.filter(|_| wire.sampling && free("temperature")) {
            map.serialize_entry("temperature", &temperature)?;
        }
        if let Some(top_p) = settings.top_p.filter(|_| wire.sampling && wire.top_p && free("top_p")) {
            map.serialize_entry("top_p", &top_p)?;
        }
        if let (Some(seed), Some(name)) = (settings.seed, wire.seed)
            && free(name)
        {
            map.serialize_entry(name, &seed)?;
        }
        if wire.stop && !settings.stop.is_empty() && free("stop") {
            map.serialize_entry("stop", &settings.stop)?;
        }
        if settings.logprobs && wire.logprobs && free("logprobs") {
            map.serialize_entry("logprobs", &true)?;
            if settings.top_logprobs > 0 && free("top_logprobs") {
                map.serialize_entry("top_logprobs", &settings.top_logprobs)?;
            }
        }
        if let Some(effort) = settings.reasoning_effort.as_deref().filter(|_| wire.reasoning_effort) {
            map.serialize_entry("reasoning_effort", effort)?;
        }
        Ok(())
    }

    fn format<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        #[derive(Serialize)]
        struct JsonMode {
            r#type: &'static str,
        }
        match (level(self.request, self.wire), self.schema) {
            (Level::JsonSchema | Level::OtherSchema, Some(schema)) => {
                map.serialize_entry("response_format", schema)
            }
            (Level::Json, _) => map.serialize_entry("response_format", &JsonMode { r#type: "json_object" }),
            (Level::JsonSchema | Level::OtherSchema, None) | (Level::Text, _) => Ok(()),
        }
    }
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    model: Option<Said<'a>>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    message: Option<WireMessage<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Said<'a>>,
    #[serde(borrow, default)]
    logprobs: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireMessage<'a> {
    #[serde(borrow, default)]
    content: Option<Said<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Said<'a>>,
}

/// A text that vendors send as a string, as a list of parts, or as something else that is then no text.
#[derive(Default)]
struct Said<'a> {
    text: Option<Cow<'a, str>>,
    refusal: Option<Cow<'a, str>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Said<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Said<'a>, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Said<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of parts")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Said<'de>, E> {
                Ok(Said { text: Some(Cow::Borrowed(text)), refusal: None })
            }
            fn visit_str<E>(self, text: &str) -> Result<Said<'de>, E> {
                Ok(Said { text: Some(Cow::Owned(text.to_owned())), refusal: None })
            }
            fn visit_string<E>(self, text: String) -> Result<Said<'de>, E> {
                Ok(Said { text: Some(Cow::Owned(text)), refusal: None })
            }
            fn visit_unit<E>(self) -> Result<Said<'de>, E> {
                Ok(Said::default())
            }
            fn visit_i64<E>(self, number: i64) -> Result<Said<'de>, E> {
                Ok(Said { text: Some(Cow::Owned(number.to_string())), refusal: None })
            }
            fn visit_u64<E>(self, number: u64) -> Result<Said<'de>, E> {
                Ok(Said { text: Some(Cow::Owned(number.to_string())), refusal: None })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Said<'de>, A::Error> {
                let (mut text, mut refusal) = (String::new(), None);
                while let Some(part) = parts.next_element::<SaidPart<'de>>()? {
                    text.push_str(part.text.and_then(|said| said.text).as_deref().unwrap_or_default());
                    refusal = refusal.or(part.refusal.and_then(|said| said.text));
                }
                Ok(Said { text: Some(Cow::Owned(text)), refusal })
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// One part of a content list. Parts of thoughts have other fields (`thinking`) and add no text.
#[derive(Deserialize)]
struct SaidPart<'a> {
    #[serde(borrow, default)]
    text: Option<Said<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Said<'a>>,
}

fn read_stop(reason: Option<&str>) -> Stop {
    match reason {
        Some("stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" | "STOP") => Stop::End,
        Some("length" | "max_tokens" | "model_length" | "MAX_TOKENS") => Stop::TokenLimit,
        // The last two are words of Zhipu and GigaChat.
        Some("content_filter" | "SAFETY" | "sensitive" | "blacklist") => Stop::ContentFilter,
        Some(other) => Stop::Other(other.to_owned()),
        None => Stop::Other("missing".to_owned()),
    }
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<Count>,
    completion_tokens: Option<Count>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek's name.
    prompt_cache_hit_tokens: Option<Count>,
    /// Moonshot's name.
    cached_tokens: Option<Count>,
    /// GigaChat's name.
    precached_prompt_tokens: Option<Count>,
    /// Passed through by routers that stand before Anthropic's models.
    cache_read_input_tokens: Option<Count>,
    cache_creation_input_tokens: Option<Count>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<Count>,
    cache_write_tokens: Option<Count>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<Count>,
}

impl WireUsage {
    fn read(self) -> Option<Usage> {
        let (prompt, completion) = (self.prompt_tokens, self.completion_tokens);
        if prompt.is_none() && completion.is_none() {
            return None;
        }
        let details = self.prompt_tokens_details;
        let input = prompt.map_or(0, |count| count.0);
        let cached_read = [
            details.as_ref().and_then(|details| details.cached_tokens),
            self.prompt_cache_hit_tokens,
            self.cached_tokens,
            self.precached_prompt_tokens,
            self.cache_read_input_tokens,
        ];
        let cached_read =
            cached_read.into_iter().flatten().map(|count| count.0).max().unwrap_or(0).min(input);
        let written =
            details.and_then(|details| details.cache_write_tokens).or(self.cache_creation_input_tokens);
        let cached_write = written.map_or(0, |count| count.0).min(input - cached_read);
        let reasoning = self.completion_tokens_details.and_then(|details| details.reasoning_tokens);
        let reasoning = reasoning.map_or(0, |count| count.0);
        let mut output = completion.map_or(0, |count| count.0);
        if reasoning > output {
            // Only a vendor that counts reasoning beside the output can report more of it than output.
            output += reasoning;
        }
        Some(Usage { input, cached_read, cached_write, output, reasoning })
    }
}

#[derive(Deserialize)]
struct WireLogprobs {
    content: Option<Vec<WireToken>>,
    // The older form, which some servers give to chats as well.
    tokens: Option<Vec<String>>,
    token_logprobs: Option<Vec<Option<f64>>>,
    top_logprobs: Option<Vec<Option<serde_json::Map<String, serde_json::Value>>>>,
}

/// Reads log-probabilities in either form; `None` where a server sends a third one, for they are never worth an answer.
fn read_logprobs(raw: &RawValue) -> Option<Vec<TokenLogprob>> {
    let wire: WireLogprobs = serde_json::from_str(raw.get()).ok()?;
    if let Some(content) = wire.content {
        return Some(content.into_iter().map(WireToken::read).collect());
    }
    let (tokens, logprobs) = (wire.tokens?, wire.token_logprobs?);
    let mut tops = wire.top_logprobs.unwrap_or_default().into_iter();
    let read = |(token, logprob): (String, Option<f64>)| {
        let top = tops.next().flatten().unwrap_or_default();
        let top = top.into_iter().filter_map(|(token, logprob)| Some((token, logprob.as_f64()?))).collect();
        TokenLogprob { token, logprob: logprob.unwrap_or(NEVER), top }
    };
    Some(tokens.into_iter().zip(logprobs).map(read).collect())
}

#[cfg(test)]
mod tests;
