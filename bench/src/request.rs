//! What the fault server reads from a chat request.
//!
//! In: the JSON body of `POST /v1/chat/completions`. Out: the item's key, the size of the prompt, the wanted answer format.
//! Not here: everything else that a request may hold; it is skipped.

use std::borrow::Cow;

use regex::Regex;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::draw;

/// A chat request, borrowed from its body.
#[derive(Debug, Deserialize)]
pub struct ChatRequest<'a> {
    /// The model asked for.
    #[serde(borrow, default)]
    pub model: Cow<'a, str>,
    /// The conversation.
    #[serde(borrow, default)]
    pub messages: Vec<Message<'a>>,
    /// The answer format, unread: one schema serves a whole run.
    #[serde(borrow, default)]
    pub response_format: Option<&'a RawValue>,
    /// Whether token probabilities are wanted.
    #[serde(default)]
    pub logprobs: Option<bool>,
    /// How many alternatives for each token are wanted.
    #[serde(default)]
    pub top_logprobs: Option<usize>,
    /// The most tokens of an answer, in the older spelling.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// The most tokens of an answer, in the newer spelling.
    #[serde(default)]
    pub max_completion_tokens: Option<u64>,
}

/// One message of a conversation.
#[derive(Debug, Deserialize)]
pub struct Message<'a> {
    /// Who speaks: `system`, `user` or `assistant`.
    #[serde(borrow, default)]
    pub role: Cow<'a, str>,
    /// What is said.
    #[serde(borrow, default)]
    pub content: Option<Content<'a>>,
}

/// The content of a message, plain or in parts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Content<'a> {
    /// Plain text.
    Text(#[serde(borrow)] Cow<'a, str>),
    /// Text in parts; parts without text count as empty.
    Parts(#[serde(borrow)] Vec<Part<'a>>),
}

/// One part of a message.
#[derive(Debug, Deserialize)]
pub struct Part<'a> {
    /// The text, if the part holds any.
    #[serde(borrow, default)]
    pub text: Cow<'a, str>,
}

impl Message<'_> {
    fn texts(&self) -> impl DoubleEndedIterator<Item = &str> {
        let (text, parts) = match &self.content {
            None => (None, [].as_slice()),
            Some(Content::Text(text)) => (Some(text.as_ref()), [].as_slice()),
            Some(Content::Parts(parts)) => (None, parts.as_slice()),
        };
        text.into_iter().chain(parts.iter().map(|part| part.text.as_ref()))
    }
}

impl ChatRequest<'_> {
    /// The item that is asked about: the last match of `pattern` in the latest user message that holds one. A re-ask,
    /// whose last message holds no text of the item, thus counts for the same item. Without any match, the key is a hash
    /// of the last message.
    pub fn key<'s>(&'s self, pattern: &Regex) -> Cow<'s, str> {
        let of_user = self.messages.iter().rev().filter(|message| message.role != "assistant");
        for text in of_user.flat_map(|message| message.texts().rev()) {
            if let Some(found) = pattern.find_iter(text).last() {
                return Cow::Borrowed(found.as_str());
            }
        }
        let last = self.messages.last().and_then(|message| message.texts().next_back()).unwrap_or_default();
        Cow::Owned(format!("text-{:016x}", draw::bits(0, last, 0)))
    }

    /// Tokens of the prompt by the rule of thumb of four characters each, and three for each message.
    pub fn prompt_tokens(&self) -> u64 {
        let of_message = |message: &Message| message.texts().map(tokens_of).sum::<u64>() + 3;
        self.messages.iter().map(of_message).sum()
    }

    /// The most tokens that the answer may have.
    pub fn answer_limit(&self) -> u64 {
        self.max_completion_tokens.or(self.max_tokens).unwrap_or(u64::MAX)
    }
}

/// Tokens of a text by the rule of thumb of four bytes each, rounded up.
pub fn tokens_of(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_key(messages: &str, want: &str) {
        let body = format!(r#"{{"model":"m","messages":{messages}}}"#);
        let request: ChatRequest = serde_json::from_str(&body).unwrap();
        assert_eq!(request.key(&Regex::new(r"item-\d+").unwrap()), want);
    }

    #[test]
    fn the_item_comes_last_after_the_examples() {
        check_key(r#"[{"role":"user","content":"item-1 is good.\nNow: item-22 broke"}]"#, "item-22");
    }

    #[test]
    fn a_re_ask_counts_for_the_item_it_repeats() {
        check_key(
            r#"[{"role":"user","content":"item-3"},{"role":"assistant","content":"item-9"},{"role":"user","content":"again"}]"#,
            "item-3",
        );
    }

    #[test]
    fn escaped_text_and_parts_are_read() {
        check_key(r#"[{"role":"user","content":"\"item-4\"\n"}]"#, "item-4");
        check_key(
            r#"[{"role":"user","content":[{"type":"text","text":"item-5"},{"type":"image_url"}]}]"#,
            "item-5",
        );
    }

    #[test]
    fn a_text_without_a_key_is_its_own_key() {
        check_key(
            r#"[{"role":"user","content":"hello"}]"#,
            &format!("text-{:016x}", draw::bits(0, "hello", 0)),
        );
    }

    #[test]
    fn tokens_grow_with_the_prompt() {
        let body = r#"{"messages":[{"role":"user","content":"12345678"},{"role":"user","content":null}],"max_tokens":5}"#;
        let request: ChatRequest = serde_json::from_str(body).unwrap();
        assert_eq!((request.prompt_tokens(), request.answer_limit()), (2 + 3 + 3, 5));
    }
}
