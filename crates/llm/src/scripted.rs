//! A seeded stand-in for a model: every command, example and test can run with it, offline.
//!
//! In: a list of parameters such as `accuracy=0.9,seed=7,rate_limit=0.05`, and requests whose [`Aside`](crate::Aside) tells
//! a right answer and wrong ones. Out: answers that are right as often as was asked for, and the faults that were asked
//! for, the same on every machine.
//!
//! What is drawn depends on the seed, the question's key, the sample and the number of messages, so that a question that
//! is asked again with more words gets a fresh answer; faults depend on the try as well, so that a retry can succeed.
//! All here is made up: nothing it answers, costs or weighs says anything of any model.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};

use crate::{
    CallError, CallErrorClass, Complete, ModelAnswer, ModelRequest, Nature, TokenLogprob, Usage,
    chance::{draw, unit},
    nearest::nearest,
};

/// How a stand-in behaves. Shares are of calls, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Script {
    /// What all draws start from.
    pub seed: u64,
    /// The share of answers that are right, where the right one is known.
    pub accuracy: f64,
    /// Milliseconds that each call takes.
    pub latency_ms: u32,
    /// The share of tries that are told to slow down.
    pub rate_limit: f64,
    /// The share of tries that meet a failing server.
    pub server_error: f64,
    /// The share of answers that are garbled: cut, empty, prose, or no known answer.
    pub malformed: f64,
    /// The share of tries that never answer and end in a time-out.
    pub hang: f64,
    /// The share of questions that are refused.
    pub refuse: f64,
}

impl Default for Script {
    fn default() -> Script {
        Script {
            seed: 0,
            accuracy: 1.0,
            latency_ms: 0,
            rate_limit: 0.0,
            server_error: 0.0,
            malformed: 0.0,
            hang: 0.0,
            refuse: 0.0,
        }
    }
}

impl Script {
    /// The names of the parameters, in the order of the documentation.
    pub const PARAMETERS: [&str; 8] =
        ["seed", "accuracy", "latency_ms", "rate_limit", "server_error", "malformed", "hang", "refuse"];

    /// Reads `name=value` pairs separated by commas; an empty text is a stand-in that is always right.
    ///
    /// # Errors
    /// A sentence that quotes the pair that is wrong and says what was wanted.
    pub fn parse(text: &str) -> Result<Script, String> {
        let mut script = Script::default();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                format!("`{pair}` is not `name=value`; known names: {}", Script::PARAMETERS.join(", "))
            })?;
            script.set(name.trim(), value.trim())?;
        }
        let faults = script.rate_limit + script.server_error + script.hang;
        if faults >= 1.0 {
            return Err(format!(
                "`rate_limit`, `server_error` and `hang` sum to {faults}; they must stay below 1"
            ));
        }
        if script.malformed + script.refuse > 1.0 {
            return Err("`malformed` and `refuse` sum to more than 1".to_owned());
        }
        Ok(script)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let share = || match value.parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
            Ok(_) | Err(_) => Err(format!("`{name}={value}` is not a share between 0 and 1")),
        };
        let whole = |_| format!("`{name}={value}` is not a whole number");
        match name {
            "seed" => self.seed = value.parse().map_err(whole)?,
            "latency_ms" => self.latency_ms = value.parse().map_err(whole)?,
            "accuracy" => self.accuracy = share()?,
            "rate_limit" => self.rate_limit = share()?,
            "server_error" => self.server_error = share()?,
            "malformed" => self.malformed = share()?,
            "hang" => self.hang = share()?,
            "refuse" => self.refuse = share()?,
            _ => {
                let hint = nearest(name, Script::PARAMETERS)
                    .map_or_else(String::new, |near| format!("; did it mean `{near}`?"));
                return Err(format!(
                    "`{name}` is not a parameter of scripted{hint} (known: {})",
                    Script::PARAMETERS.join(", ")
                ));
            }
        }
        Ok(())
    }
}

/// The stand-in itself.
#[derive(Debug)]
pub struct Scripted {
    script: Script,
    /// How long a hanging call hangs before it is a time-out.
    timeout: Duration,
    /// How often each question failed so far; only questions that failed are held.
    failed: Mutex<HashMap<u64, u32>>,
}

impl Scripted {
    /// A stand-in that behaves by `script`; a call that hangs is given up after `timeout`.
    #[must_use]
    pub fn new(script: Script, timeout: Duration) -> Scripted {
        Scripted { script, timeout, failed: Mutex::default() }
    }

    async fn answer(&self, request: &ModelRequest) -> Result<ModelAnswer, CallError> {
        let question = Question::of(self.script, request);
        if let Some(class) = self.fault(&question) {
            let wait = if class == CallErrorClass::Timeout { self.timeout } else { self.latency() };
            pause(wait).await;
            return Err(scripted_error(class));
        }
        pause(self.latency()).await;
        let (text, refusal) = question.text();
        let logprobs = request.settings.logprobs.then(|| question.logprobs(&text));
        let tokens = |bytes: usize| bytes.div_ceil(4) as u64;
        let input = request.messages.iter().map(|message| message.content.len()).sum();
        Ok(ModelAnswer {
            refusal,
            usage: Some(Usage {
                input: tokens(input),
                output: tokens(text.len()).max(1),
                ..Usage::default()
            }),
            served_model: Some("scripted".to_owned()),
            logprobs,
            latency_ms: self.script.latency_ms,
            ..ModelAnswer::of_text(text)
        })
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(u64::from(self.script.latency_ms))
    }

    /// The fault of this try, if it meets one, counted.
    fn fault(&self, question: &Question<'_>) -> Option<CallErrorClass> {
        let script = &self.script;
        if script.rate_limit + script.server_error + script.hang == 0.0 {
            return None;
        }
        let id = question.draw(b"id");
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = failed.get(&id).copied().unwrap_or(0);
        let at = unit(draw(id, &[b"fault", &tries.to_le_bytes()]));
        let class = if at < script.rate_limit {
            CallErrorClass::RateLimited
        } else if at < script.rate_limit + script.server_error {
            CallErrorClass::Server
        } else if at < script.rate_limit + script.server_error + script.hang {
            CallErrorClass::Timeout
        } else {
            return None;
        };
        failed.insert(id, tries + 1);
        Some(class)
    }
}

impl Complete for Scripted {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>> {
        self.answer(request).boxed()
    }

    fn nature(&self) -> Nature {
        Nature::Scripted { seed: self.script.seed, accuracy: self.script.accuracy }
    }
}

async fn pause(wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}

fn scripted_error(class: CallErrorClass) -> CallError {
    let error = CallError::new(class, format!("scripted fault: {class}"));
    match class {
        CallErrorClass::RateLimited => {
            CallError { retry_after: Some(Duration::from_millis(20)), ..error.with_status(429) }
        }
        CallErrorClass::Server => error.with_status(500),
        _ => error,
    }
}

/// One request, as its draws see it.
struct Question<'a> {
    script: Script,
    request: &'a ModelRequest,
}

impl Question<'_> {
    fn of(script: Script, request: &ModelRequest) -> Question<'_> {
        Question { script, request }
    }

    fn draw(&self, what: &[u8]) -> u64 {
        let turns = (self.request.messages.len() as u64).to_le_bytes();
        let sample = self.request.sample.to_le_bytes();
        draw(self.script.seed, &[self.request.aside.key.as_bytes(), &sample, &turns, what])
    }

    /// The answer's text, and the refusal if it is one.
    fn text(&self) -> (String, Option<String>) {
        let at = unit(self.draw(b"spoiled"));
        if at < self.script.refuse {
            return (String::new(), Some("I can't help with that.".to_owned()));
        }
        let text = self.well_formed();
        if at < self.script.refuse + self.script.malformed {
            return (self.garbled(&text), None);
        }
        (text, None)
    }

    fn well_formed(&self) -> String {
        let aside = &self.request.aside;
        let right = unit(self.draw(b"right")) < self.script.accuracy;
        match (&aside.truth, aside.wrong.is_empty()) {
            (Some(truth), _) if right => truth.to_string(),
            (Some(truth), true) => truth.to_string(),
            (_, false) => aside.wrong[self.draw(b"wrong") as usize % aside.wrong.len()].to_string(),
            (None, true) => "?".to_owned(),
        }
    }

    fn garbled(&self, text: &str) -> String {
        let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        match self.draw(b"how") % 4 {
            0 => text[..half].to_owned(),
            1 => "zxqv-17".to_owned(),
            2 => "As a language model, it is hard to say anything definite about this text.".to_owned(),
            _ => "{\"answer\": ".to_owned(),
        }
    }

    /// Made-up log-probabilities of the words of `text`: where another of the known answers goes on differently, the
    /// chance is split between them, more evenly where the answer is wrong; elsewhere a word is next to certain.
    fn logprobs(&self, text: &str) -> Vec<TokenLogprob> {
        let aside = &self.request.aside;
        let own = words(text);
        let mut others: Vec<Vec<&str>> =
            aside.truth.iter().chain(&aside.wrong).map(|other| words(other)).collect();
        others.retain(|other| *other != own);
        others.dedup();
        let right = aside.truth.as_deref() == Some(text);
        let sure = unit(self.draw(b"sure"));
        let chosen = if right { 0.7 + 0.29 * sure } else { 0.4 + 0.5 * sure };
        let token = |(at, word): (usize, &&str)| {
            let forks: Vec<&str> = others.iter().filter_map(|other| fork(&own, other, at)).collect();
            let chance = if forks.is_empty() { 0.999 } else { chosen };
            let share = (1.0 - chance) / (forks.len() as f64 + 1.0);
            let mut top = vec![((*word).to_owned(), chance.ln())];
            for fork in forks {
                match top.iter_mut().find(|(known, _)| known == fork) {
                    Some(known) => known.1 = (known.1.exp() + share).ln(),
                    None => top.push((fork.to_owned(), share.ln())),
                }
            }
            TokenLogprob { token: (*word).to_owned(), logprob: chance.ln(), top }
        };
        own.iter().enumerate().map(token).collect()
    }
}

/// The word with which `other` leaves `own` at place `at`.
fn fork<'a>(own: &[&str], other: &[&'a str], at: usize) -> Option<&'a str> {
    let word = other.get(at)?;
    (other[..at] == own[..at] && *word != own[at]).then_some(*word)
}

/// Cuts a text into runs of letters and digits and single other characters; joined, they are the text.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        let end = chars.peek().map_or(text.len(), |(at, _)| *at);
        let goes_on = c.is_alphanumeric() && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if !goes_on {
            words.push(&text[start..end]);
            start = end;
        }
    }
    words
}

#[cfg(test)]
mod tests;
