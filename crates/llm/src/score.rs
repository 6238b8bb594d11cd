//! How likely a model finds a given text: the log-probability of each token of a prompt.
//!
//! In: a prompt. Out: a [`ScoredPrompt`]. [`Provider::score`] asks the endpoint (`dialect/openai_completions.rs`); the
//! scripted stand-in answers with [`repeats`], so that all of it can be tried offline.
//!
//! Not here: which part of the prompt is of interest, and what follows from it (`karat-task`).

use std::ops::Range;

use crate::{CallError, CallErrorClass, Nature, Provider, Usage};
#[cfg(feature = "http")]
use crate::{
    dialect::{Dialect, Fault, openai_completions},
    http::{Body, Method},
};

/// One token of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptToken {
    /// The token's text, as it came.
    pub text: String,
    /// Where it stands in the prompt, in code points; empty for marks of the tokenizer, shared by tokens that are parts of
    /// one character.
    pub chars: Range<usize>,
    /// The natural logarithm of its probability after all that stands before it; `None` for the first token.
    pub logprob: Option<f64>,
    /// The likeliest tokens at this place with their log-probabilities, the likeliest first.
    pub top: Vec<(String, f64)>,
}

/// A prompt, token by token.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredPrompt {
    /// The tokens in order; together they are the prompt.
    pub tokens: Vec<PromptToken>,
    /// What was counted; `None` where the endpoint did not say.
    pub usage: Option<Usage>,
    /// The model that answered, as the endpoint names it.
    pub served_model: Option<String>,
}

impl Provider {
    /// The log-probability of each token of `prompt`, which is sent as it is, without a chat template. Waits for its turn as
    /// every call does; nothing is retried.
    ///
    /// It costs the tokens of the prompt and one of an answer.
    ///
    /// # Errors
    /// A [`CallError`] as of a call. [`BadRequest`](CallErrorClass::BadRequest), with what to take instead, where the
    /// endpoint cannot do it; [`NotRecorded`](CallErrorClass::NotRecorded) for recordings.
    pub async fn score(&self, prompt: &str) -> Result<ScoredPrompt, CallError> {
        if prompt.is_empty() {
            return Err(nothing_sent(
                CallErrorClass::BadRequest,
                "an empty prompt has no tokens to score".into(),
            ));
        }
        match self.nature() {
            Nature::Live => {}
            Nature::Scripted { .. } => return Ok(repeats(prompt)),
            Nature::Replayed { .. } => {
                let message = "recordings hold no log-probabilities of prompts; ask a live model";
                return Err(nothing_sent(CallErrorClass::NotRecorded, message.into()));
            }
        }
        self.scored(prompt).await
    }

    #[cfg(feature = "http")]
    async fn scored(&self, prompt: &str) -> Result<ScoredPrompt, CallError> {
        let Some(http) = self.http() else {
            return Err(nothing_sent(CallErrorClass::BadRequest, format!("`{}` is no server", self.spec)));
        };
        if http.endpoint().dialect != Dialect::OpenAiChat {
            let message = format!(
                "`{}` has no `/completions` that gives a prompt back; {}",
                self.endpoint,
                openai_completions::NEXT_STEP
            );
            return Err(nothing_sent(CallErrorClass::BadRequest, message));
        }
        let body = Body::Json(openai_completions::encode(&self.model, prompt, 1));
        let tokens = (prompt.len() / 4) as u64 + 1;
        let call = async { http.send(Method::Post, openai_completions::PATH, body).await?.ok() };
        let received = self.in_turn(tokens, call).await;
        let received = received.map_err(|error| refusal(error, "echo", openai_completions::NEXT_STEP))?;
        openai_completions::decode(prompt, &received.body).map_err(|fault| match fault {
            Fault::Failed(error) | Fault::Refuses(_, error) => error,
            Fault::Blocked(message) => CallError::new(CallErrorClass::BadRequest, message),
        })
    }

    #[cfg(not(feature = "http"))]
    async fn scored(&self, _: &str) -> Result<ScoredPrompt, CallError> {
        Err(nothing_sent(CallErrorClass::BadRequest, format!("this build cannot reach `{}`", self.spec)))
    }
}

/// An endpoint that refuses `what`, or has no such path, will refuse it always, whatever status it chose to say so.
#[cfg(feature = "http")]
pub(crate) fn refusal(error: CallError, what: &str, next_step: &str) -> CallError {
    if matches!(error.status, Some(404 | 405 | 501)) || error.message.to_lowercase().contains(what) {
        let message = format!("{}; {next_step}", error.message);
        return CallError { class: CallErrorClass::BadRequest, message, ..error };
    }
    error
}

/// A failure before anything was sent.
pub(crate) fn nothing_sent(class: CallErrorClass, message: String) -> CallError {
    CallError { tries: 0, ..CallError::new(class, message) }
}

/// A stand-in for a language model: it expects the words that it has read.
///
/// A token is a word with the white space before it. After n words, of which m are w (without regard to case and
/// punctuation), the next is w with probability (m + 1/1000) / (n + 1): the cache of R. Kuhn and R. De Mori, "A Cache-Based
/// Natural Language Model for Speech Recognition", 1990, over a thousand words that are equally likely. The same prompt has
/// the same scores for ever.
///
/// ```
/// let scored = karat_llm::score::repeats("great phone: great");
/// assert_eq!(scored.tokens[2].text, " great");
/// assert!((scored.tokens[2].logprob.unwrap() - (1.001_f64 / 3.0).ln()).abs() < 1e-12);
/// ```
#[must_use]
pub fn repeats(prompt: &str) -> ScoredPrompt {
    const N_WORDS: f64 = 1000.0;
    let mut tokens: Vec<PromptToken> = Vec::new();
    let mut read: Vec<String> = Vec::new();
    let (mut at, mut rest) = (0, prompt);
    while !rest.is_empty() {
        let begin = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let end = rest[begin..].find(char::is_whitespace).map_or(rest.len(), |n| begin + n);
        let (text, after) = rest.split_at(end);
        let word: String =
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let seen = read.iter().filter(|it| **it == word).count() as f64;
        let p = (seen + 1.0 / N_WORDS) / (read.len() as f64 + 1.0);
        let n_chars = text.chars().count();
        let logprob = (!tokens.is_empty()).then(|| p.ln());
        tokens.push(PromptToken { text: text.to_owned(), chars: at..at + n_chars, logprob, top: Vec::new() });
        read.push(word);
        (at, rest) = (at + n_chars, after);
    }
    let usage = Usage { input: tokens.len() as u64, output: 1, ..Usage::default() };
    ScoredPrompt { tokens, usage: Some(usage), served_model: Some("scripted".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ProviderOptions, provider};

    #[test]
    fn a_word_that_was_read_is_likelier_than_one_that_was_not() {
        let of_last = |prompt: &str| repeats(prompt).tokens.last().unwrap().logprob.unwrap();
        assert!(of_last("a good film. Good") > of_last("a bad film. Good"));
    }

    #[test]
    fn the_tokens_are_the_prompt() {
        for prompt in [" two  spaces ", "手机 很好", "x"] {
            let scored = repeats(prompt);
            let text: String = scored.tokens.iter().map(|token| token.text.as_str()).collect();
            assert_eq!(text, prompt);
            assert_eq!(scored.tokens.last().unwrap().chars.end, prompt.chars().count());
            assert_eq!(scored.tokens[0].logprob, None);
        }
    }

    #[tokio::test]
    async fn stand_ins_score_and_recordings_do_not() {
        let options = ProviderOptions::default();
        let scripted = provider("scripted/seed=1", &options).unwrap();
        assert_eq!(scripted.score("a b").await.unwrap(), repeats("a b"));
        assert_eq!(scripted.score("").await.unwrap_err().tries, 0);
    }
}
