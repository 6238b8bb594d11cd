//! The older completions dialect (`POST {base_url}/completions`), for one purpose: how likely a model finds a given text.
//!
//! In: a prompt; or a body that came with status 200. Out: a body that asks for the prompt back with the log-probability of
//! each of its tokens (`echo`, `logprobs`); or a [`ScoredPrompt`] in which each token has its place in the prompt. One
//! token is generated and thrown away, since vLLM takes no `max_tokens` of 0.
//!
//! Who can: vLLM and SGLang; Together and Fireworks say so of some models; OpenAI of none that are sold today. Who cannot:
//! `llama-server` refuses `echo` or, by version, answers with the generated token alone; Ollama and TGI ignore it. What was
//! left out is an error here, never a score of 0.
//!
//! Not here: sending it (`score.rs`), and what the scores are for.

use std::ops::Range;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Fault, fault};
use crate::{
    CallError, CallErrorClass, Usage,
    score::{PromptToken, ScoredPrompt},
};

/// The path, below the endpoint's base URL.
pub const PATH: &str = "completions";

/// What to do where an endpoint cannot say how likely a prompt is.
pub(crate) const NEXT_STEP: &str =
    "take a server that gives log-probabilities of prompts, such as vLLM or SGLang";

/// Writes the body that asks for `prompt` back, with `top` alternatives to each token (vLLM and OpenAI take 5, 1 at least).
#[must_use]
pub fn encode(model: &str, prompt: &str, top: u8) -> Vec<u8> {
    let body = json!({
        "model": model, "prompt": prompt, "echo": true, "logprobs": top.max(1), "max_tokens": 1, "temperature": 0,
    });
    body.to_string().into_bytes()
}

/// Reads the body of a success; `prompt` is what was sent.
///
/// # Errors
/// A [`Fault`]: the body is no completion, or it holds no log-probabilities of the prompt; the message says which, and what
/// to do instead.
pub fn decode(prompt: &str, body: &[u8]) -> Result<ScoredPrompt, Fault> {
    let reply: Reply = match serde_json::from_slice(body) {
        Ok(reply) => reply,
        Err(error) => return Err(bad_body(format!("the body is not the JSON of a completion: {error}"))),
    };
    if reply.error.is_some() {
        return Err(fault::read(200, None, body));
    }
    let of_choice = reply.choices.into_iter().flatten().next().and_then(|choice| choice.logprobs);
    // Together sets the prompt apart.
    let of_prompt = reply.prompt.and_then(|part| part.into_iter().next()).and_then(|part| part.logprobs);
    let Some(given) = of_prompt.or(of_choice) else {
        return Err(cannot("it gave no log-probabilities"));
    };
    let tokens: Vec<Given> = given.read();
    let places = place(prompt, &tokens)?;
    let tokens: Vec<PromptToken> = tokens
        .into_iter()
        .zip(places)
        .map(|(token, chars)| PromptToken { text: token.text, chars, logprob: token.logprob, top: token.top })
        .collect();
    // The first token has nothing before it and no probability; the others must have one.
    if tokens.len() > 1 && tokens.iter().all(|token| token.logprob.is_none()) {
        return Err(cannot("it gave the prompt back without log-probabilities"));
    }
    let usage = reply.usage.map(|usage| Usage {
        input: usage.prompt_tokens.unwrap_or(0),
        output: usage.completion_tokens.unwrap_or(0),
        ..Usage::default()
    });
    Ok(ScoredPrompt { tokens, usage, served_model: reply.model })
}

/// The error of an endpoint that cannot do this: no further call would do better.
pub(crate) fn cannot(why: &str) -> Fault {
    let message = format!("the endpoint does not say how likely a prompt is: {why}; {NEXT_STEP}");
    Fault::Failed(CallError::new(CallErrorClass::BadRequest, message).with_status(200))
}

fn bad_body(message: String) -> Fault {
    Fault::Failed(CallError::new(CallErrorClass::BadBody, message).with_status(200))
}

#[derive(Deserialize)]
struct Reply {
    choices: Option<Vec<Part>>,
    prompt: Option<Vec<Part>>,
    model: Option<String>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Part {
    logprobs: Option<WireLogprobs>,
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct WireLogprobs {
    #[serde(default)]
    tokens: Vec<Option<String>>,
    #[serde(default)]
    token_logprobs: Vec<Option<f64>>,
    top_logprobs: Option<Vec<Option<Map<String, Value>>>>,
}

/// A token as it came.
struct Given {
    text: String,
    logprob: Option<f64>,
    top: Vec<(String, f64)>,
}

impl WireLogprobs {
    fn read(self) -> Vec<Given> {
        let mut tops = self.top_logprobs.unwrap_or_default().into_iter();
        let mut logprobs = self.token_logprobs.into_iter();
        let read = |text: Option<String>| {
            let mut top: Vec<(String, f64)> = tops
                .next()
                .flatten()
                .unwrap_or_default()
                .into_iter()
                .filter_map(|(text, logprob)| Some((text, logprob.as_f64()?)))
                .collect();
            top.sort_by(|a, b| b.1.total_cmp(&a.1));
            let logprob = logprobs.next().flatten().filter(|logprob| logprob.is_finite());
            Given { text: text.unwrap_or_default(), logprob, top }
        };
        self.tokens.into_iter().map(read).collect()
    }
}

/// Where each token of the prompt stands in it, in code points; tokens behind the prompt have no place and end the list.
///
/// The offsets that come with the tokens are not used: servers count them in texts of their own. Tokens of the beginning
/// (`<s>`) have an empty place. Tokens that are parts of one character have its place together.
fn place(prompt: &str, tokens: &[Given]) -> Result<Vec<Range<usize>>, Fault> {
    let mut places = Vec::with_capacity(tokens.len());
    let (mut rest, mut at, mut n) = (prompt, 0, 0);
    while n < tokens.len() && !rest.is_empty() {
        let text = spaced(&tokens[n].text, prompt);
        let (len, n_tokens) = if !text.is_empty() && rest.starts_with(&*text) {
            (text.len(), 1)
        } else if at == 0 && is_mark(&text) && !text.starts_with("<0x") {
            (0, 1)
        } else if at == 0 && !text.trim_start().is_empty() && rest.starts_with(text.trim_start()) {
            // Some tokenizers put a space in front of all.
            (text.trim_start().len(), 1)
        } else if is_part(&text) {
            let n_parts = tokens[n..].iter().take_while(|token| is_part(&token.text)).count();
            let next: String = tokens[n + n_parts..]
                .iter()
                .take(3)
                .map(|token| token.text.as_str())
                .take_while(|text| !is_part(text))
                .collect();
            match len_of_parts(rest, n_parts, &next) {
                Some(len) => (len, n_parts),
                None => return Err(astray(&text, at)),
            }
        } else if n == 0 || at == 0 {
            return Err(cannot("it answered with tokens that are not the prompt's"));
        } else {
            return Err(astray(&text, at));
        };
        let n_chars = rest[..len].chars().count();
        places.extend(std::iter::repeat_n(at..at + n_chars, n_tokens));
        rest = &rest[len..];
        at += n_chars;
        n += n_tokens;
    }
    if rest.is_empty() { Ok(places) } else { Err(cannot("its tokens end before the prompt does")) }
}

fn astray(token: &str, at: usize) -> Fault {
    bad_body(format!("the token `{token}` does not stand at character {at} of the prompt that was sent"))
}

/// The token with plain spaces, where the tokenizer's own sign for them was left in.
fn spaced(text: &str, prompt: &str) -> String {
    if text.contains('▁') && !prompt.contains('▁') { text.replace('▁', " ") } else { text.to_owned() }
}

/// Whether a token is a mark of the tokenizer's, such as `<s>`, `<|begin_of_text|>` or `[CLS]`.
fn is_mark(text: &str) -> bool {
    text.is_empty()
        || (text.starts_with('<') && text.ends_with('>'))
        || (text.starts_with('[') && text.ends_with(']'))
}

/// Whether a token holds part of a character: its bytes are no text by themselves.
fn is_part(text: &str) -> bool {
    text.is_empty()
        || text.contains('\u{fffd}')
        || text.starts_with("bytes:")
        || (text.starts_with("<0x") && text.ends_with('>'))
}

/// How many bytes `n_parts` tokens that hold parts of characters cover: up to where the next whole tokens stand.
fn len_of_parts(rest: &str, n_parts: usize, next: &str) -> Option<usize> {
    let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take(4 * n_parts);
    let fits = |end: &usize| {
        let after = &rest[*end..];
        // Parts of characters are never plain letters; what is whole comes next, be it the prompt's or what was generated.
        !rest[..*end].ends_with(|c: char| c.is_ascii())
            && if next.is_empty() {
                after.is_empty()
            } else {
                after.starts_with(next) || next.starts_with(after)
            }
    };
    ends.into_iter().find(fits)
}

#[cfg(test)]
mod tests;
