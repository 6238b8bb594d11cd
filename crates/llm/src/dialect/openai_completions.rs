//! The older completions dialect (`POST {base_url}/completions`), for one purpose: how likely a model finds a given text.
//!
//! In: a prompt; or a body that came with status 200. Out: a body that asks for the prompt back with the log-probability of
//! each of its tokens (`echo`, `logprobs`); or a [`ScoredPrompt`] in which each token has its place in the prompt. One
//! token is generated and thrown away, since vLLM takes no `max_tokens` of 0.
//!
//! Who can, as of November 2026: vLLM and SGLang; Together, by its API description. Who cannot: `llama-server`, which refuses
//! `echo` or, by version, answers with the generated token alone, and whose own `/completion` gives no more. What was left
//! out is an error here, never a score of 0.
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
/// (`<s>`) have an empty place. Tokens that are parts of one character have its place together. How many characters such
/// tokens cover is tried from the fewest on, until the rest fits.
fn place(prompt: &str, tokens: &[Given]) -> Result<Vec<Range<usize>>, Fault> {
    let mut walk = Walk { prompt, at: 0, n_chars: 0, places: Vec::with_capacity(tokens.len()) };
    let mut forks: Vec<Fork> = Vec::new();
    let mut first_error = None;
    for _ in 0..MAX_STEPS * (tokens.len() + 1) {
        if walk.rest().is_empty() {
            return Ok(walk.places);
        }
        let mut steps = walk.steps(tokens).unwrap_or_else(|error| {
            first_error.get_or_insert(error);
            Vec::new()
        });
        if steps.is_empty() {
            let Some(Fork { at, n_chars, n_places, left }) = forks.pop() else { break };
            (walk.at, walk.n_chars) = (at, n_chars);
            walk.places.truncate(n_places);
            steps = left;
        }
        let (len, n_tokens) = steps.remove(0);
        if !steps.is_empty() {
            forks.push(Fork { at: walk.at, n_chars: walk.n_chars, n_places: walk.places.len(), left: steps });
        }
        walk.go(len, n_tokens);
    }
    Err(first_error.unwrap_or_else(|| cannot("its tokens fit the prompt in too many ways")))
}

/// How many steps a token may take on average before the search is given up.
const MAX_STEPS: usize = 32;

/// A place where more than one length fitted: how far the walk was, and the steps that were not tried.
struct Fork {
    at: usize,
    n_chars: usize,
    n_places: usize,
    left: Vec<(usize, usize)>,
}

/// How far the tokens are laid along the prompt.
struct Walk<'a> {
    prompt: &'a str,
    /// In bytes of the prompt.
    at: usize,
    n_chars: usize,
    /// One for each token so far.
    places: Vec<Range<usize>>,
}

impl Walk<'_> {
    fn rest(&self) -> &str {
        &self.prompt[self.at..]
    }

    /// Lays so many tokens over so many bytes.
    fn go(&mut self, len: usize, n_tokens: usize) {
        let end = self.n_chars + self.rest()[..len].chars().count();
        self.places.extend(std::iter::repeat_n(self.n_chars..end, n_tokens));
        (self.at, self.n_chars) = (self.at + len, end);
    }

    /// What the next token may cover: bytes and how many tokens share them, the fewest bytes first.
    fn steps(&self, tokens: &[Given]) -> Result<Vec<(usize, usize)>, Fault> {
        let (n, rest) = (self.places.len(), self.rest());
        let Some(token) = tokens.get(n) else {
            return Err(cannot("its tokens end before the prompt does"));
        };
        let text = spaced(&token.text, self.prompt);
        let bare = text.trim_start();
        if !text.is_empty() && rest.starts_with(&*text) {
            return Ok(vec![(text.len(), 1)]);
        }
        if self.at == 0 && is_mark(&text) && !text.starts_with("<0x") {
            return Ok(vec![(0, 1)]);
        }
        // Some tokenizers put a space in front of all.
        if self.at == 0 && !bare.is_empty() && rest.starts_with(bare) {
            return Ok(vec![(bare.len(), 1)]);
        }
        if is_part(&text) {
            let n_parts = n_of_parts(&tokens[n..]);
            let shape: String = tokens[n..n + n_parts].iter().map(|token| shape(&token.text)).collect();
            let lens = lens_of(&shape, rest);
            if !lens.is_empty() {
                return Ok(lens.into_iter().map(|len| (len, n_parts)).collect());
            }
        }
        Err(if self.at == 0 {
            cannot("it answered with tokens that are not the prompt's")
        } else {
            astray(&text, self.n_chars)
        })
    }
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

/// What stands for the part of a character.
const PART: char = '\u{fffd}';

/// A token with each part of a character as [`PART`], however the server writes it.
fn shape(text: &str) -> &str {
    if is_part(text) && !text.contains(PART) { "\u{fffd}" } else { text }
}

/// What is whole at the beginning of a token.
fn shape_start(text: &str) -> &str {
    shape(text).split(PART).next().unwrap_or_default()
}

/// How many tokens it takes until a character is whole again.
fn n_of_parts(tokens: &[Given]) -> usize {
    let closes = |n: usize| {
        !shape(&tokens[n].text).ends_with(PART)
            || tokens
                .get(n + 1)
                .is_none_or(|next| !is_part(&next.text) || !shape_start(&next.text).is_empty())
    };
    (0..tokens.len()).find(|n| closes(*n)).map_or(tokens.len(), |n| n + 1)
}

/// How many bytes of `rest` may have this shape, the fewest first. So many parts in a row are as many characters outside
/// ASCII at most, and a quarter of them at least.
fn lens_of(shape: &str, rest: &str) -> Vec<usize> {
    let whole = shape.find(PART).unwrap_or(shape.len());
    if whole > 0 {
        let Some(after) = rest.strip_prefix(&shape[..whole]) else { return Vec::new() };
        return lens_of(&shape[whole..], after).into_iter().map(|len| whole + len).collect();
    }
    let n_parts = shape.chars().take_while(|c| *c == PART).count();
    if n_parts == 0 {
        return vec![0];
    }
    let after_parts = &shape[n_parts * PART.len_utf8()..];
    let strange = rest.char_indices().take_while(|(_, c)| !c.is_ascii()).map(|(at, c)| at + c.len_utf8());
    let ends = strange.take(n_parts).skip(n_parts.div_ceil(4) - 1);
    ends.flat_map(|end| lens_of(after_parts, &rest[end..]).into_iter().map(move |len| end + len)).collect()
}

#[cfg(test)]
mod tests;
