//! Leaving out what an endpoint refuses.
//!
//! In: the refused [`Part`] and what was sent. Out: a [`Wire`] without it, for all calls of the provider from now on, and a
//! [`Downgrade`] that says so.
//!
//! Not here: reading the refusal (`dialect/fault.rs`), and sending again (`http.rs`).

use std::sync::PoisonError;

use super::Http;
use crate::{
    Downgrade, ModelRequest,
    dialect::{Level, Part, Wire, openai_chat},
};

impl Http {
    /// Leaves out the refused part from now on. `false` where it was not sent, so that leaving it out cannot help.
    pub(super) fn step_down(&self, part: Part, sent: &Wire, request: &ModelRequest, why: &str) -> bool {
        let settings = &request.settings;
        let mut now = self.wire.write().unwrap_or_else(PoisonError::into_inner);
        let changed_meanwhile = *now != *sent;
        let (asked, instead) = match part {
            Part::Format => {
                let level = openai_chat::level(request, sent);
                if level == Level::Text || settings.extra.contains_key("response_format") {
                    return false;
                }
                let lower = if level == Level::JsonSchema { Level::Json } else { Level::Text };
                now.format = now.format.min(lower);
                (level_name(level), level_name(lower))
            }
            Part::Logprobs if settings.logprobs && sent.logprobs => {
                now.logprobs = false;
                ("logprobs", "nothing")
            }
            Part::Sampling
                if sent.sampling && (settings.temperature.is_some() || settings.top_p.is_some()) =>
            {
                now.sampling = false;
                ("temperature and top_p", "nothing")
            }
            Part::Seed if sent.seed.is_some() && settings.seed.is_some() => {
                now.seed = None;
                ("seed", "nothing")
            }
            Part::Stop if sent.stop && !settings.stop.is_empty() => {
                now.stop = false;
                ("stop", "nothing")
            }
            Part::ReasoningEffort if sent.reasoning_effort && settings.reasoning_effort.is_some() => {
                now.reasoning_effort = false;
                ("reasoning_effort", "nothing")
            }
            // Only from the name in the table to the other one, or an endpoint that refuses both would be asked for ever.
            Part::MaxTokensName if sent.max_tokens == self.endpoint.max_tokens => {
                now.max_tokens = other_name(sent.max_tokens);
                (sent.max_tokens, now.max_tokens)
            }
            Part::Logprobs
            | Part::Sampling
            | Part::Seed
            | Part::Stop
            | Part::ReasoningEffort
            | Part::MaxTokensName => {
                return changed_meanwhile;
            }
        };
        drop(now);
        let mut known = self.downgrades.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|known| known.asked == asked) {
            known.push(Downgrade { asked, sent: instead, why: why.to_owned() });
        }
        true
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Text => "text",
        Level::Json => "json",
        Level::JsonSchema => "json_schema",
    }
}

fn other_name(max_tokens: &str) -> &'static str {
    if max_tokens == "max_tokens" { "max_completion_tokens" } else { "max_tokens" }
}
