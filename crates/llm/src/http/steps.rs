//! Leaving out what an endpoint refuses.
//!
//! In: the refused [`Part`] and what was sent. Out: a [`Wire`] without it, for all calls of the provider from now on, and a
//! [`Downgrade`] that says so.
//!
//! Not here: reading the refusal (`dialect/fault.rs`), and sending again (`http.rs`).

use std::sync::PoisonError;

use super::Http;
use crate::{
    AnswerFormat, Downgrade, ModelRequest, Settings,
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
        let mut now = self.wire.write().unwrap_or_else(PoisonError::into_inner);
        let changed_meanwhile = *now != *sent;
        let step = match part {
            Part::Format => match self.lower_format(sent, &mut now, request) {
                Some(step) => Some(step),
                None => return false,
            },
            // Only from the name in the table to the other one, or an endpoint that refuses both would be asked for ever.
            Part::MaxTokensName
                if self.endpoint.dialect == Dialect::OpenAiChat
                    && sent.max_tokens == self.endpoint.max_tokens =>
            {
                now.max_tokens = other_name(sent.max_tokens);
                Some((sent.max_tokens, now.max_tokens))
            }
            Part::MaxTokensName => None,
            Part::Logprobs
            | Part::Sampling
            | Part::TopP
            | Part::Seed
            | Part::Stop
            | Part::ReasoningEffort => {
                leave_out(part, sent, &mut now, &request.settings).map(|asked| (asked, "nothing"))
            }
        };
        drop(now);
        let Some((asked, instead)) = step else {
            return changed_meanwhile;
        };
        self.note(asked, instead, why.to_owned());
        true
    }

    /// Asks for the next weaker format from now on: what was asked for, and what will be.
    fn lower_format(
        &self,
        sent: &Wire,
        now: &mut Wire,
        request: &ModelRequest,
    ) -> Option<(&'static str, &'static str)> {
        let dialect = self.endpoint.dialect;
        let level = dialect.level(request, sent);
        if level == Level::Text || dialect.extra_sets_format(&request.settings.extra) {
            return None;
        }
        let lower = dialect.below(level);
        now.format = now.format.min(lower);
        Some((level_name(level), level_name(lower)))
    }
}

/// Leaves a setting out from now on and gives its name; `None` where it was not sent.
fn leave_out(part: Part, sent: &Wire, now: &mut Wire, settings: &Settings) -> Option<&'static str> {
    let has_sampling = settings.temperature.is_some() || settings.top_p.is_some();
    let has_both = settings.temperature.is_some() && settings.top_p.is_some();
    match part {
        Part::Logprobs if settings.logprobs && sent.logprobs => {
            now.logprobs = false;
            Some("logprobs")
        }
        Part::Sampling if sent.sampling && has_sampling => {
            now.sampling = false;
            Some("temperature and top_p")
        }
        Part::TopP if sent.sampling && sent.top_p && has_both => {
            now.top_p = false;
            Some("top_p")
        }
        Part::Seed if sent.seed.is_some() && settings.seed.is_some() => {
            now.seed = None;
            Some("seed")
        }
        Part::Stop if sent.stop && !settings.stop.is_empty() => {
            now.stop = false;
            Some("stop")
        }
        Part::ReasoningEffort if sent.reasoning_effort && settings.reasoning_effort.is_some() => {
            now.reasoning_effort = false;
            Some("reasoning_effort")
        }
        Part::Format
        | Part::MaxTokensName
        | Part::Logprobs
        | Part::Sampling
        | Part::TopP
        | Part::Seed
        | Part::Stop
        | Part::ReasoningEffort => None,
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
