//! What several dialects read and write alike.
//!
//! In: pieces of requests and of bodies. Out: the same pieces in one form: counts, token log-probabilities, messages with the
//! system's words apart, a body with the user's own fields laid over it.
//!
//! Not here: anything that one vendor alone does.

use std::fmt;

use serde::{Deserialize, Deserializer, de::Visitor};
use serde_json::{Map, Value};

use super::{Fault, Level};
use crate::{AnswerFormat, CallError, CallErrorClass, Message, ModelRequest, Role, TokenLogprob};

/// What stands for a log-probability that is not a number: as good as impossible.
pub(super) const NEVER: f64 = -9999.0;

/// The format that a request wants, whatever the endpoint takes.
pub(super) fn wanted(request: &ModelRequest) -> Level {
    match request.format {
        AnswerFormat::Text => Level::Text,
        AnswerFormat::Json => Level::Json,
        AnswerFormat::JsonSchema { .. } => Level::JsonSchema,
    }
}

/// Whether a message says `json` somewhere.
pub(super) fn says_json(request: &ModelRequest) -> bool {
    let says = |text: &str| text.as_bytes().windows(4).any(|four| four.eq_ignore_ascii_case(b"json"));
    request.messages.iter().any(|message| says(&message.content))
}

/// A body of a success that is not what it should be.
pub(super) fn bad_body(message: &str) -> Fault {
    Fault::Failed(CallError::new(CallErrorClass::BadBody, message).with_status(200))
}

/// A request that cannot be sent.
pub(super) fn unsent(message: String) -> CallError {
    CallError { tries: 0, ..CallError::new(CallErrorClass::BadRequest, message) }
}

/// Refuses fields of `extra` that would change what an answer is.
pub(super) fn check_extra(extra: &Map<String, Value>, reserved: &[&str]) -> Result<(), CallError> {
    match reserved.iter().find(|name| extra.contains_key(**name)) {
        Some(name) => {
            Err(unsent(format!("`extra` may not set `{name}`; remove it from the model's options")))
        }
        None => Ok(()),
    }
}

/// The body with `extra` laid over it: a field of `extra` replaces ours, but two objects are joined, field by field.
///
/// # Errors
/// [`CallErrorClass::BadRequest`] where `extra` names a reserved field.
pub(super) fn finish(
    mut body: Map<String, Value>,
    extra: &Map<String, Value>,
    reserved: &[&str],
) -> Result<Vec<u8>, CallError> {
    check_extra(extra, reserved)?;
    lay_over(&mut body, extra);
    serde_json::to_vec(&body)
        .map_err(|error| unsent(format!("the request cannot be written as JSON: {error}")))
}

fn lay_over(ours: &mut Map<String, Value>, theirs: &Map<String, Value>) {
    for (name, value) in theirs {
        match (ours.get_mut(name), value) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => lay_over(ours, theirs),
            (Some(_) | None, _) => {
                ours.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Whether `extra` has something at this path of names.
pub(super) fn names(extra: &Map<String, Value>, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    let Some(mut at) = extra.get(*first) else {
        return false;
    };
    for name in rest {
        match at.get(name) {
            Some(deeper) => at = deeper,
            None => return false,
        }
    }
    true
}

/// The system's words, joined by empty lines, and the other messages. Where there are no others, the system's words are
/// the question: vendors that keep them apart refuse a conversation without one.
pub(super) fn apart(messages: &[Message]) -> (Option<String>, Vec<(Role, String)>) {
    let mut system = String::new();
    let mut rest = Vec::with_capacity(messages.len());
    for message in messages {
        match message.role {
            Role::System if system.is_empty() => system.push_str(&message.content),
            Role::System => {
                system.push_str("\n\n");
                system.push_str(&message.content);
            }
            Role::User | Role::Assistant => rest.push((message.role, message.content.to_string())),
        }
    }
    if rest.is_empty() {
        return (None, vec![(Role::User, system)]);
    }
    ((!system.is_empty()).then_some(system), rest)
}

/// A count that vendors send as an integer, a float or null.
#[derive(Clone, Copy)]
pub(super) struct Count(pub(super) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count")
            }
            fn visit_u64<E>(self, count: u64) -> Result<Count, E> {
                Ok(Count(count))
            }
            fn visit_i64<E>(self, count: i64) -> Result<Count, E> {
                Ok(Count(u64::try_from(count).unwrap_or(0)))
            }
            fn visit_f64<E>(self, count: f64) -> Result<Count, E> {
                // Saturates: a negative count is 0.
                Ok(Count(count as u64))
            }
            fn visit_str<E>(self, count: &str) -> Result<Count, E> {
                Ok(Count(count.parse().unwrap_or(0)))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// One token in the form of OpenAI, which others took over.
#[derive(Deserialize)]
pub(super) struct WireToken {
    token: String,
    logprob: Option<f64>,
    #[serde(default)]
    top_logprobs: Option<Vec<WireTop>>,
}

#[derive(Deserialize)]
struct WireTop {
    token: String,
    logprob: Option<f64>,
}

impl WireToken {
    pub(super) fn read(self) -> TokenLogprob {
        let tops = self.top_logprobs.into_iter().flatten();
        TokenLogprob {
            token: self.token,
            logprob: self.logprob.unwrap_or(NEVER),
            top: tops.map(|top| (top.token, top.logprob.unwrap_or(NEVER))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_users_fields_replace_ours_and_objects_are_joined() {
        let ours = map(json!({"a": 1, "options": {"x": 1, "y": {"z": 1}}}));
        let theirs = map(json!({"a": [2], "options": {"y": {"w": 2}, "k": 3}, "b": null}));
        let body: Value = serde_json::from_slice(&finish(ours, &theirs, &["model"]).unwrap()).unwrap();
        assert_eq!(body, json!({"a": [2], "options": {"x": 1, "y": {"z": 1, "w": 2}, "k": 3}, "b": null}));
        let error = finish(Map::new(), &map(json!({"model": "m"})), &["model"]).unwrap_err();
        assert!(error.message.contains("`extra` may not set `model`"), "{}", error.message);
    }

    #[test]
    fn a_path_of_names_is_found_or_not() {
        let extra = map(json!({"a": {"b": {"c": 1}}, "d": 2}));
        for (path, want) in [("a", true), ("a b", true), ("a b c", true), ("a c", false), ("d b", false)] {
            assert_eq!(names(&extra, &path.split(' ').collect::<Vec<_>>()), want, "{path}");
        }
    }

    #[test]
    fn the_systems_words_come_apart_unless_nothing_else_is_said() {
        let say = |role, text: &str| Message::new(role, text);
        let (system, rest) = apart(&[say(Role::System, "a"), say(Role::User, "q"), say(Role::System, "b")]);
        assert_eq!((system.as_deref(), rest), (Some("a\n\nb"), vec![(Role::User, "q".to_owned())]));
        let (system, rest) = apart(&[say(Role::System, "a")]);
        assert_eq!((system, rest), (None, vec![(Role::User, "a".to_owned())]));
    }
}
