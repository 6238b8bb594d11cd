//! Leaving out what an endpoint refuses.
//!
//! In: the refused [`Part`] and what was sent. Out: a [`Wire`] without it, for all calls of the provider from now on, and a
//! [`Downgrade`] that says so.
//!
//! Not here: reading the refusal (`dialect/fault.rs`), and sending again (`http.rs`).

use std::sync::PoisonError;

use super::Http;
use crate::{
    AnswerFormat, Downgrade, ModelRequest,
    dialect::{Dialect, Level, Part, Wire},
};

impl Http {
    /// Notes what the endpoint's row leaves out of this request from the start: nobody was asked, so nobody refused.
    pub(super) fn note_row(&self, request: &ModelRequest) {
        let (row, settings) = (&self.endpoint, &request.settings);
        let name = row.name;
        if settings.logprobs && !row.can.logprobs {
            self.note("logprobs", "nothing", format!("`{name}` gives no token probabilities"));
        }
        if settings.seed.is_some() && !row.can.seed {
            self.note("seed", "nothing", format!("`{name}` takes no seed"));
        }
        let (wanted, can) = match request.format {
            AnswerFormat::Text => return,
            AnswerFormat::Json => (Level::Json, row.can.json_mode),
            AnswerFormat::JsonSchema { .. } => (Level::JsonSchema, row.can.json_schema),
        };
        let level = row.dialect.level(request, &row.wire());
        if !can && level < wanted {
            let why = format!("`{name}` holds no answer to this format");
            self.note(level_name(wanted), level_name(level), why);
        }
    }

    /// Lists a downgrade, once for each thing that was asked for.
    fn note(&self, asked: &'static str, sent: &'static str, why: String) {
        let mut known = self.downgrades.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|known| known.asked == asked) {
            known.push(Downgrade { asked, sent, why });
        }
    }

    /// Leaves out the refused part from now on. `false` where it was not sent, so that leaving it out cannot help.
    pub(super) fn step_down(&self, part: Part, sent: &Wire, request: &ModelRequest, why: &str) -> bool {
        let settings = &request.settings;
        let mut now = self.wire.write().unwrap_or_else(PoisonError::into_inner);
        let changed_meanwhile = *now != *sent;
        let (asked, instead) = match part {
            Part::Format => {
                let dialect = self.endpoint.dialect;
                let level = dialect.level(request, sent);
                if level == Level::Text || dialect.extra_sets_format(&settings.extra) {
                    return false;
                }
                let lower = dialect.below(level);
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
            Part::TopP
                if sent.sampling
                    && sent.top_p
                    && settings.temperature.is_some()
                    && settings.top_p.is_some() =>
            {
                now.top_p = false;
                ("top_p", "nothing")
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
            Part::MaxTokensName
                if self.endpoint.dialect == Dialect::OpenAiChat
                    && sent.max_tokens == self.endpoint.max_tokens =>
            {
                now.max_tokens = other_name(sent.max_tokens);
                (sent.max_tokens, now.max_tokens)
            }
            Part::Logprobs
            | Part::Sampling
            | Part::TopP
            | Part::Seed
            | Part::Stop
            | Part::ReasoningEffort
            | Part::MaxTokensName => {
                return changed_meanwhile;
            }
        };
        drop(now);
        self.note(asked, instead, why.to_owned());
        true
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Text => "text",
        Level::Json => "json",
        Level::OtherSchema => "json_schema in another way",
        Level::JsonSchema => "json_schema",
    }
}

fn other_name(max_tokens: &str) -> &'static str {
    if max_tokens == "max_tokens" { "max_completion_tokens" } else { "max_tokens" }
}
