//! What a body that is not an answer means.
//!
//! In: status, what the `Retry-After` headers said, and the body, in any of a dozen vendors' shapes or no JSON at all.
//! Out: a [`Fault`]: the class of the failure, whether a part of the request is to blame, or that the question was blocked.
//! Words in the body come before the status, since vendors use one status for many things: 429 may mean "too fast", "out
//! of credit" and "this question will never fit".
//!
//! Not here: what is done about it (`http.rs`, `layer/retry.rs`).

use std::time::Duration;

use serde_json::{Value, value::RawValue};

use super::{Fault, Part};
use crate::{CallError, CallErrorClass};

/// The longest message that is kept of a body, in characters.
const MAX_MESSAGE: usize = 500;

/// Reads a failure. Total: every status and every body has a meaning.
#[must_use]
pub fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Fault {
    let words = Words::of(body);
    // Routers send a failure of the vendor behind them with status 200 and the real one inside.
    let inner = words.code.parse().ok().filter(|inner| (400..=599).contains(inner));
    let status = if status < 400 { inner.unwrap_or(status) } else { status };
    judge(status, retry_after, &words)
}

/// Reads the failure that a router put into a choice.
pub(super) fn read_choice(error: Option<&RawValue>) -> Fault {
    read(200, None, error.map_or(&[][..], |error| error.get().as_bytes()))
}

fn judge(status: u16, retry_after: Option<Duration>, words: &Words) -> Fault {
    if words.blocked() {
        return Fault::Blocked(words.message.clone());
    }
    let class = words.class(status).unwrap_or_else(|| class_of_status(status));
    let message = match hint(class) {
        Some(hint) => format!("{}; {hint}", words.said(status)),
        None => words.said(status),
    };
    // A wait in the body stands in for a header that is not there: Google sends none.
    let retry_after = retry_after.or(words.retry_delay);
    let error = CallError { retry_after, ..CallError::new(class, message).with_status(status) };
    match words.refused_part() {
        Some(part) if class == CallErrorClass::BadRequest => Fault::Refuses(part, error),
        Some(_) | None => Fault::Failed(error),
    }
}

fn class_of_status(status: u16) -> CallErrorClass {
    match status {
        401 | 403 => CallErrorClass::Auth,
        402 => CallErrorClass::QuotaSpent,
        408 | 504 | 524 => CallErrorClass::Timeout,
        413 => CallErrorClass::TooLong,
        429 => CallErrorClass::RateLimited,
        // An error body under a success: the vendor broke its own contract.
        200..=299 => CallErrorClass::BadBody,
        // 409, 425, 498 and 499 are used for a passing lack of capacity.
        409 | 425 | 498 | 499 | 500..=599 => CallErrorClass::Server,
        _ => CallErrorClass::BadRequest,
    }
}

fn hint(class: CallErrorClass) -> Option<&'static str> {
    match class {
        CallErrorClass::Auth => Some("check the key and what it may do"),
        CallErrorClass::QuotaSpent => Some("top up the account or choose another endpoint"),
        CallErrorClass::TooLong => Some("shorten the item or choose a model with a longer context"),
        CallErrorClass::BadRequest
        | CallErrorClass::RateLimited
        | CallErrorClass::Server
        | CallErrorClass::Timeout
        | CallErrorClass::Connection
        | CallErrorClass::BadBody
        | CallErrorClass::Budget
        | CallErrorClass::NotRecorded => None,
    }
}

/// The words of an error body, wherever its vendor puts them.
#[derive(Debug, Default)]
struct Words {
    message: String,
    code: String,
    kind: String,
    param: String,
    /// A wait that stands in the body.
    retry_delay: Option<Duration>,
    /// All of the words above in lower case: where substrings are looked for.
    all: String,
}

impl Words {
    fn of(body: &[u8]) -> Words {
        let mut words = Words::default();
        let read = match serde_json::from_slice::<Value>(body) {
            // Google sends some failures as a list of one.
            Ok(Value::Array(mut several)) if several.len() == 1 => Ok(several.remove(0)),
            other => other,
        };
        match read {
            Ok(outer @ Value::Object(_)) => {
                let inner = match &outer["error"] {
                    Value::Object(_) => &outer["error"],
                    _ => &outer,
                };
                words.code = text(&inner["code"]);
                words.kind = [text(&inner["type"]), text(&outer["error_type"])].concat();
                if let Some(details) = inner["details"].as_array() {
                    words.google(text(&inner["status"]), details);
                }
                words.param = text(&inner["param"]);
                let said = [&inner["message"], &outer["error"], &outer["detail"], &outer["message"]];
                let raw = text(&inner["metadata"]["raw"]);
                words.message = said.into_iter().map(text).find(|text| !text.is_empty()).unwrap_or_default();
                if !raw.is_empty() {
                    // A router's own message is `Provider returned error`; the vendor's stands behind it.
                    words.message = [words.message.as_str(), ": ", &raw].concat();
                }
                let inner_code = text(&inner["innererror"]["code"]);
                if !inner_code.is_empty() {
                    words.kind = [words.kind.as_str(), " ", &inner_code].concat();
                }
            }
            Ok(Value::String(said)) => words.message = said,
            Ok(_) | Err(_) => words.message = String::from_utf8_lossy(body).into_owned(),
        }
        words.message = one_line(&words.message);
        let all = [&words.message, &words.code, &words.kind, &words.param].map(String::as_str).join(" ");
        words.all = all.to_lowercase();
        words
    }

    /// What Google says of a failure beside its message: reasons, quotas and a wait, as a list of typed objects.
    fn google(&mut self, status: String, details: &[Value]) {
        self.kind = status;
        for detail in details {
            for said in [&detail["reason"], &detail["violations"][0]["quotaId"]] {
                let said = text(said);
                if !said.is_empty() {
                    self.kind = [self.kind.as_str(), " ", &said].concat();
                }
            }
            let seconds = detail["retryDelay"].as_str().and_then(|delay| delay.strip_suffix('s'));
            let seconds = seconds.and_then(|seconds| seconds.parse().ok());
            let delay = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            self.retry_delay = self.retry_delay.or(delay);
        }
    }

    fn has(&self, any: &[&str]) -> bool {
        any.iter().any(|word| self.all.contains(word))
    }

    fn code_is(&self, any: &[&str]) -> bool {
        any.iter().any(|word| self.code == *word || self.kind == *word)
    }

    fn said(&self, status: u16) -> String {
        if self.message.is_empty() {
            return format!("the endpoint answered with status {status} and no message");
        }
        self.message.clone()
    }

    /// The vendor's filter stopped this one question.
    fn blocked(&self) -> bool {
        self.has(&["content_filter", "content_policy_violation", "responsibleaipolicyviolation"])
            || self.has(&[
                "data_inspection_failed",
                "datainspectionfailed",
                "content_moderation",
                "was flagged",
                "blocked by content filtering",
            ])
            || self.code_is(&["1301"])
    }

    fn class(&self, status: u16) -> Option<CallErrorClass> {
        if self.has(&["insufficient_quota", "exceeded_current_quota", "billing_hard_limit", "arrearage"])
            || self.has(&["insufficient balance", "insufficient_balance", "insufficient credits"])
            || self.has(&["credit balance is too low", "billing_error"])
            // A quota of Google's that comes back tomorrow: trying again today is of no use.
            || self.has(&["perday"])
            || self.code_is(&["1113"])
        {
            return Some(CallErrorClass::QuotaSpent);
        }
        if self.too_long(status) {
            return Some(CallErrorClass::TooLong);
        }
        if self.code_is(&["json_validate_failed"]) {
            // The model broke the format once; the next draw may keep it.
            return Some(CallErrorClass::BadBody);
        }
        if self.code_is(&["1302", "1303", "1305", "rate_limit_exceeded", "limit_requests"]) {
            return Some(CallErrorClass::RateLimited);
        }
        if self.has(&["api_key_invalid", "api key not valid"])
            || self.code_is(&[
                "invalid_api_key",
                "authentication_error",
                "1000",
                "1001",
                "1002",
                "1003",
                "1004",
            ])
        {
            return Some(CallErrorClass::Auth);
        }
        None
    }

    fn too_long(&self, status: u16) -> bool {
        if self.code_is(&[
            "context_length_exceeded",
            "exceed_context_size_error",
            "string_above_max_length",
            "1261",
        ]) {
            return true;
        }
        if self.message.starts_with("Request too large") {
            // The question alone is above the allowance of a minute: waiting does not help.
            return true;
        }
        (400..=422).contains(&status)
            && self.has(&[
                "maximum context length",
                "context_length",
                "context window",
                "context size",
                "prompt is too long",
                "exceed context limit",
                "input token count",
                "range of input length",
                "`inputs` tokens + `max_new_tokens`",
                "`inputs` must have less than",
                "too large for model",
            ])
    }

    /// The part of the request that the endpoint names as the one it cannot take.
    fn refused_part(&self) -> Option<Part> {
        if self.has(&FORMAT_WORDS) {
            return Some(Part::Format);
        }
        if self.has(&["logprobs"]) {
            return Some(Part::Logprobs);
        }
        if self.has(&["`temperature` and `top_p` cannot both be specified"]) {
            return Some(Part::TopP);
        }
        let unsupported = self.has(&UNSUPPORTED_WORDS);
        if !unsupported {
            return None;
        }
        let named = [
            ("max_completion_tokens", Part::MaxTokensName),
            ("max_tokens", Part::MaxTokensName),
            ("temperature", Part::Sampling),
            ("top_p", Part::Sampling),
            ("reasoning_effort", Part::ReasoningEffort),
            ("reasoning effort", Part::ReasoningEffort),
            ("think", Part::ReasoningEffort),
            ("effort", Part::ReasoningEffort),
            ("seed", Part::Seed),
            ("stop", Part::Stop),
        ];
        named.into_iter().find(|(name, _)| self.has(&[name])).map(|(_, part)| part)
    }
}

/// The names of answer formats: where an endpoint complains of a request, these are what it cannot take.
const FORMAT_WORDS: [&str; 19] = [
    "response_format",
    "json_schema",
    "json_object",
    "json mode",
    "structured output",
    "guided",
    "text.format",
    "output_format",
    "output format",
    "output_config.format",
    "tool_choice",
    "input_schema",
    "responsejsonschema",
    "response_json_schema",
    "response_schema",
    "responsemimetype",
    // A schema that is known to the endpoint and too much for it.
    "schema is too complex",
    "compiled grammar is too large",
    "too many states for serving",
];

/// How endpoints say that they do not take a parameter, whatever its value.
const UNSUPPORTED_WORDS: [&str; 13] = [
    "unsupported",
    "not support",
    "unrecognized",
    "unknown",
    "not permitted",
    "not allowed",
    "extra_forbidden",
    "extra inputs",
    "only the default",
    "unexpected",
    "deprecated",
    "may only be set to 1",
    "only works in thinking mode",
];

/// A JSON value as words: strings as they are, numbers and whole objects as JSON, nothing for null.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// One line of bounded length, without control characters.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(MAX_MESSAGE) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests;
