//! What the fault server answers beside chats: prompts with the log-probabilities of their tokens, and vectors of texts.
//!
//! In: the body of `POST /v1/completions` with `echo`, or of `POST /v1/embeddings`. Out: [`Further`], a body as an
//! OpenAI-compatible server writes it, with what it costs. The numbers are drawn from the texts: the same text gets the same.
//!
//! Not here: faults and limits (`model.rs`).

use std::borrow::Cow;

use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::pieces;
use crate::draw;
use crate::request::tokens_of;

/// An answer, and what is counted for it.
#[derive(Debug)]
pub struct Further {
    /// The item that was asked about.
    pub key: String,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// The body.
    pub body: String,
}

/// How long the vectors are.
const N_NUMBERS: u64 = 8;

#[derive(Deserialize)]
struct EchoRequest<'a> {
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    prompt: Cow<'a, str>,
    #[serde(default)]
    echo: bool,
}

#[derive(Deserialize)]
struct EmbedRequest<'a> {
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    input: Vec<Cow<'a, str>>,
    dimensions: Option<u64>,
}

/// Gives a prompt back, token by token: words and what stands between them, each but the first with a probability between
/// 0.05 and 1, and one generated token behind.
///
/// # Errors
/// Where the body is no such request, or does not ask for `echo`.
pub fn echo(body: &[u8], pattern: &Regex) -> Result<Further, String> {
    let request: EchoRequest = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if !request.echo {
        return Err("this server completes prompts only with `echo`".to_owned());
    }
    let mut tokens: Vec<&str> = pieces(&request.prompt);
    let prompt_tokens = tokens.len() as u64;
    tokens.push("!");
    let logprob = |n: usize| {
        let p = 0.05 + 0.95 * draw::unit(n as u64, tokens[n], tokens[n - 1].len() as u64);
        json!(p.ln())
    };
    let logprobs: Vec<Value> =
        (0..tokens.len()).map(|n| if n == 0 { Value::Null } else { logprob(n) }).collect();
    let body = json!({
        "id": "cmpl-1", "object": "text_completion", "created": 1_700_000_000, "model": request.model,
        "choices": [{"index": 0, "text": format!("{}!", request.prompt), "finish_reason": "length",
            "logprobs": {"tokens": tokens, "token_logprobs": logprobs, "top_logprobs": null}}],
        "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": 1, "total_tokens": prompt_tokens + 1},
    });
    let key = key(&request.prompt, pattern);
    Ok(Further { key, prompt_tokens, completion_tokens: 1, body: body.to_string() })
}

/// Gives a vector for each text, the last first: who reads them must keep to `index`.
///
/// # Errors
/// Where the body is no such request.
pub fn embed(body: &[u8], pattern: &Regex) -> Result<Further, String> {
    let request: EmbedRequest = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let n_numbers = request.dimensions.unwrap_or(N_NUMBERS);
    let vector =
        |text: &str| (0..n_numbers).map(|n| 2.0 * draw::unit(n, text, 0) - 1.0).collect::<Vec<f64>>();
    let data: Vec<Value> = request
        .input
        .iter()
        .enumerate()
        .rev()
        .map(|(n, text)| json!({"object": "embedding", "index": n, "embedding": vector(text)}))
        .collect();
    let prompt_tokens = request.input.iter().map(|text| tokens_of(text)).sum();
    let key = key(request.input.first().map_or("", |text| text), pattern);
    let body = json!({
        "object": "list", "data": data, "model": request.model,
        "usage": {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens},
    });
    Ok(Further { key, prompt_tokens, completion_tokens: 0, body: body.to_string() })
}

fn key(text: &str, pattern: &Regex) -> String {
    match pattern.find_iter(text).last() {
        Some(found) => found.as_str().to_owned(),
        None => format!("text-{:016x}", draw::bits(0, text, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern() -> Regex {
        Regex::new(r"item-\d+").unwrap()
    }

    #[test]
    fn a_prompt_comes_back_token_by_token() {
        let got = echo(br#"{"model":"m","prompt":"what is item-1?","echo":true}"#, &pattern()).unwrap();
        let body: Value = serde_json::from_str(&got.body).unwrap();
        let logprobs = &body["choices"][0]["logprobs"];
        let tokens: String =
            logprobs["tokens"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        assert_eq!(tokens, "what is item-1?!");
        assert!(logprobs["token_logprobs"][0].is_null());
        assert!(logprobs["token_logprobs"][1].as_f64().unwrap() < 0.0);
        assert_eq!((got.key.as_str(), got.completion_tokens), ("item-1", 1));
        assert!(echo(br#"{"prompt":"x"}"#, &pattern()).unwrap_err().contains("`echo`"));
    }

    #[test]
    fn vectors_carry_their_place_and_depend_on_their_text() {
        let got = embed(br#"{"model":"m","input":["a","b","a"],"dimensions":4}"#, &pattern()).unwrap();
        let body: Value = serde_json::from_str(&got.body).unwrap();
        let data = body["data"].as_array().unwrap();
        assert_eq!((data[0]["index"].as_u64(), data[0]["embedding"].as_array().unwrap().len()), (Some(2), 4));
        assert_eq!(data[0]["embedding"], data[2]["embedding"]);
        assert_ne!(data[0]["embedding"], data[1]["embedding"]);
    }
}
