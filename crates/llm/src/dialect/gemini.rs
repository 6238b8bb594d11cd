//! The Gemini dialect of Google: `POST /v1beta/models/MODEL:generateContent`.
//!
//! In: a [`ModelRequest`] and the [`Wire`] of its endpoint; or a body that came with status 200. Out: the body to send; or
//! a [`ModelAnswer`]. A question that was blocked comes with status 200 and without a candidate: it is a [`Fault::Blocked`].
//! A schema is asked for as `responseJsonSchema`; a model that does not know that field gets the older `responseSchema`.
//!
//! What it rests on (November 2026): Google's reference for fields and reasons; reports of users for the texts of refusals.
//! Few models give log-probabilities here; the others refuse them, and then they are left out.
//!
//! Not here: bodies that came with another status (`fault.rs`); parts that are thoughts: they are counted, not kept.

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::{
    Fault, Level, Wire, fault,
    parts::{Count, NEVER, apart, bad_body, finish, wanted},
    schema::{one_type, open_api},
};
use crate::{AnswerFormat, CallError, ModelAnswer, ModelRequest, Role, Settings, Stop, TokenLogprob, Usage};

/// Fields of the body that `Settings::extra` may not replace: they would change what an answer is.
const RESERVED: [&str; 3] = ["model", "contents", "systemInstruction"];

/// The path of a call. A name without a folder stands in `models/`; one with it (`tunedModels/x`) is taken as it is.
#[must_use]
pub fn path(model: &str) -> String {
    let folder = if model.contains('/') { "" } else { "models/" };
    let safe = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    let mut path = folder.to_owned();
    for c in model.chars() {
        if safe(c) {
            path.push(c);
        } else {
            let mut bytes = [0; 4];
            path.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
    path + ":generateContent"
}

/// Writes the body of a request.
///
/// # Errors
/// [`BadRequest`](crate::CallErrorClass::BadRequest) where `extra` names a field that it may not replace.
pub fn encode(request: &ModelRequest, wire: &Wire) -> Result<Vec<u8>, CallError> {
    let settings = &*request.settings;
    let (system, rest) = apart(&request.messages);
    let content = |(role, text): (Role, String)| {
        let role = if role == Role::Assistant { "model" } else { "user" };
        json!({"role": role, "parts": [{"text": text}]})
    };
    let mut body = Map::new();
    body.insert("contents".into(), rest.into_iter().map(content).collect());
    if let Some(system) = system {
        body.insert("systemInstruction".into(), json!({"parts": [{"text": system}]}));
    }
    let mut config = Map::new();
    configure(&mut config, settings, wire);
    format(&mut config, request, wire);
    if let Some(effort) = settings.reasoning_effort.as_deref().filter(|_| wire.reasoning_effort) {
        config.insert("thinkingConfig".into(), think(&request.model, effort));
    }
    body.insert("generationConfig".into(), config.into());
    finish(body, &settings.extra, &RESERVED)
}

fn configure(config: &mut Map<String, Value>, settings: &Settings, wire: &Wire) {
    config.insert("maxOutputTokens".into(), settings.max_tokens.into());
    if let Some(temperature) = settings.temperature.filter(|_| wire.sampling) {
        config.insert("temperature".into(), temperature.into());
    }
    if let Some(top_p) = settings.top_p.filter(|_| wire.sampling && wire.top_p) {
        config.insert("topP".into(), top_p.into());
    }
    if let (Some(seed), Some(name)) = (settings.seed, wire.seed) {
        // The field is a signed integer of 32 bits; a larger seed is folded into it.
        config.insert(name.into(), (seed & 0x7fff_ffff).into());
    }
    if wire.stop && !settings.stop.is_empty() {
        config.insert("stopSequences".into(), settings.stop.clone().into());
    }
    if settings.logprobs && wire.logprobs {
        config.insert("responseLogprobs".into(), true.into());
        if settings.top_logprobs > 0 {
            config.insert("logprobs".into(), settings.top_logprobs.into());
        }
    }
}

fn format(config: &mut Map<String, Value>, request: &ModelRequest, wire: &Wire) {
    let level = level(request, wire);
    if level > Level::Text {
        config.insert("responseMimeType".into(), "application/json".into());
    }
    let AnswerFormat::JsonSchema { schema, .. } = &request.format else {
        return;
    };
    match level {
        Level::JsonSchema => {
            config.insert("responseJsonSchema".into(), one_type(schema));
        }
        Level::OtherSchema => {
            config.insert("responseSchema".into(), open_api(schema));
        }
        Level::Json | Level::Text => {}
    }
}

/// How much to think: a number is a budget in tokens and `none` a budget of 0; any other word is a level. Models of the
/// series 2.5 know budgets alone, and the words mean what Google's own OpenAI surface takes them for.
fn think(model: &str, effort: &str) -> Value {
    let budget = match effort {
        "none" => Some(0),
        "minimal" | "low" if model.starts_with("gemini-2.5") => Some(1024),
        "medium" if model.starts_with("gemini-2.5") => Some(8192),
        "high" if model.starts_with("gemini-2.5") => Some(24_576),
        number => number.parse::<u32>().ok(),
    };
    match budget {
        Some(budget) => json!({ "thinkingBudget": budget }),
        None => json!({ "thinkingLevel": effort }),
    }
}

/// The format that will be asked for.
#[must_use]
pub fn level(request: &ModelRequest, wire: &Wire) -> Level {
    wanted(request).min(wire.format)
}

/// Reads the body of a success.
///
/// # Errors
/// A [`Fault`]: the question was blocked, or the body is cut, is not JSON, or holds neither a candidate nor a reason.
pub fn decode(body: &[u8]) -> Result<ModelAnswer, Fault> {
    let reply: Reply = match serde_json::from_slice(body) {
        Ok(reply) => reply,
        Err(error) => {
            return Err(bad_body(&format!("the body is not the JSON of generated content: {error}")));
        }
    };
    if reply.error.is_some() {
        return Err(fault::read(200, None, body));
    }
    let Some(candidate) = reply.candidates.into_iter().flatten().next() else {
        return Err(match reply.prompt_feedback {
            Some(Feedback { block_reason: Some(reason), block_reason_message }) => {
                let said = block_reason_message.map_or(String::new(), |said| format!(": {said}"));
                Fault::Blocked(format!("the question was blocked ({reason}){said}"))
            }
            Some(Feedback { block_reason: None, .. }) | None => bad_body("the body holds no candidate"),
        });
    };
    let stop = read_stop(candidate.finish_reason.as_deref());
    let refusal = (stop == Stop::ContentFilter).then(|| {
        let reason = candidate.finish_reason.as_deref().unwrap_or_default();
        let said = candidate.finish_message.map_or(String::new(), |said| format!(": {said}"));
        format!("the answer was blocked ({reason}){said}")
    });
    let parts = candidate.content.and_then(|content| content.parts).unwrap_or_default();
    let texts = parts.into_iter().filter(|part| !part.thought.unwrap_or(false));
    Ok(ModelAnswer {
        stop,
        refusal,
        usage: reply.usage_metadata.and_then(WireUsage::read),
        served_model: reply.model_version,
        logprobs: candidate.logprobs_result.and_then(|raw| read_logprobs(&raw)),
        ..ModelAnswer::of_text(texts.filter_map(|part| part.text).collect::<String>())
    })
}

fn read_stop(reason: Option<&str>) -> Stop {
    match reason {
        Some("STOP") => Stop::End,
        Some("MAX_TOKENS") => Stop::TokenLimit,
        Some("SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR") => {
            Stop::ContentFilter
        }
        Some(other) => Stop::Other(other.to_owned()),
        None => Stop::Other("missing".to_owned()),
    }
}

/// `None` where the form is another one: log-probabilities are never worth an answer.
fn read_logprobs(raw: &RawValue) -> Option<Vec<TokenLogprob>> {
    let result: LogprobsResult = serde_json::from_str(raw.get()).ok()?;
    let mut tops = result.top_candidates.into_iter().flatten();
    let read = |chosen: Candidate| {
        let top = tops.next().and_then(|top| top.candidates).unwrap_or_default();
        let pair = |one: Candidate| (one.token, one.log_probability.unwrap_or(NEVER));
        TokenLogprob {
            token: chosen.token,
            logprob: chosen.log_probability.unwrap_or(NEVER),
            top: top.into_iter().map(pair).collect(),
        }
    };
    Some(result.chosen_candidates?.into_iter().map(read).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    candidates: Option<Vec<WireCandidate>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<WireUsage>,
    model_version: Option<String>,
    error: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
    block_reason_message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCandidate {
    content: Option<Content>,
    finish_reason: Option<String>,
    finish_message: Option<String>,
    logprobs_result: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
    thought: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogprobsResult {
    chosen_candidates: Option<Vec<Candidate>>,
    top_candidates: Option<Vec<TopCandidates>>,
}

#[derive(Deserialize)]
struct TopCandidates {
    candidates: Option<Vec<Candidate>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    token: String,
    log_probability: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUsage {
    prompt_token_count: Option<Count>,
    tool_use_prompt_token_count: Option<Count>,
    cached_content_token_count: Option<Count>,
    candidates_token_count: Option<Count>,
    thoughts_token_count: Option<Count>,
}

impl WireUsage {
    /// Google counts thoughts beside the candidates, and what was cached as a part of the prompt.
    fn read(self) -> Option<Usage> {
        self.prompt_token_count?;
        let count = |count: Option<Count>| count.map_or(0, |count| count.0);
        let input = count(self.prompt_token_count).saturating_add(count(self.tool_use_prompt_token_count));
        let reasoning = count(self.thoughts_token_count);
        Some(Usage {
            input,
            cached_read: count(self.cached_content_token_count).min(input),
            cached_write: 0,
            output: count(self.candidates_token_count).saturating_add(reasoning),
            reasoning,
        })
    }
}

#[cfg(test)]
mod tests;
