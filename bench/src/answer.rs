//! Writes the body of a chat completion.
//!
//! In: the content, the model's name, the usage, and whether token probabilities are wanted. Out: JSON as an
//! OpenAI-compatible server writes it. Not here: what the content is (`schema.rs`) and HTTP (`http1.rs`).

use serde_json::{Value, json};

use crate::draw;

/// A completion to be written.
pub struct Completion<'a> {
    /// Numbers the completion.
    pub n: u64,
    /// The served model.
    pub model: &'a str,
    /// What the model says.
    pub content: &'a str,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// How many alternatives of each token are given; `None` gives no token probabilities.
    pub top_logprobs: Option<usize>,
    /// The labels, which stand as alternatives where one of them was chosen.
    pub labels: &'a [String],
}

impl Completion<'_> {
    /// The completion as JSON.
    pub fn to_json(&self) -> String {
        let Completion { n, model, prompt_tokens, completion_tokens, .. } = self;
        let content = Value::from(self.content);
        let model = Value::from(*model);
        let logprobs = match self.top_logprobs {
            None => "null".to_owned(),
            Some(top) => self.logprobs(top).to_string(),
        };
        let total = prompt_tokens + completion_tokens;
        format!(
            r#"{{"id":"chatcmpl-{n}","object":"chat.completion","created":1700000000,"model":{model},"choices":[{{"index":0,"message":{{"role":"assistant","content":{content}}},"logprobs":{logprobs},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{prompt_tokens},"completion_tokens":{completion_tokens},"total_tokens":{total}}}}}"#
        )
    }

    fn logprobs(&self, top: usize) -> Value {
        let tokens = pieces(self.content);
        json!({ "content": tokens.iter().map(|token| self.logprob(token, top)).collect::<Vec<_>>() })
    }

    /// A label is chosen with a probability between 0.5 and 1, and the others share the rest; other tokens are certain.
    fn logprob(&self, token: &str, top: usize) -> Value {
        let is_label = self.labels.iter().any(|label| label == token);
        let chosen = if is_label { 0.5 + draw::unit(0, self.content, self.n) / 2.0 } else { 0.9999 };
        let mut alternatives = vec![entry(token, chosen)];
        if is_label {
            let others = self.labels.iter().filter(|label| *label != token);
            let share = (1.0 - chosen) / self.labels.len().saturating_sub(1).max(1) as f64;
            alternatives.extend(others.map(|label| entry(label, share)));
        }
        alternatives.truncate(top);
        let mut whole = entry(token, chosen);
        whole["top_logprobs"] = Value::Array(alternatives);
        whole
    }
}

fn entry(token: &str, probability: f64) -> Value {
    json!({ "token": token, "logprob": probability.max(1e-9).ln(), "bytes": token.as_bytes() })
}

/// Cuts a text into words and what stands between them; together they are the text.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut was_word = None;
    for (at, c) in text.char_indices() {
        let is_word = c.is_alphanumeric();
        if was_word.is_some_and(|was| was != is_word) {
            pieces.push(&text[start..at]);
            start = at;
        }
        was_word = Some(is_word);
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion<'a>(content: &'a str, top: Option<usize>, labels: &'a [String]) -> Value {
        let completion = Completion {
            n: 7,
            model: "bench",
            content,
            prompt_tokens: 12,
            completion_tokens: 5,
            top_logprobs: top,
            labels,
        };
        serde_json::from_str(&completion.to_json()).unwrap()
    }

    #[test]
    fn content_and_usage_come_back() {
        let content = "{\"label\": \"a\\\"b\"}\n";
        let body = completion(content, None, &[]);
        assert_eq!(body["choices"][0]["message"]["content"], content);
        assert_eq!(body["usage"]["total_tokens"], 17);
        assert_eq!(body["model"], "bench");
        assert!(body["choices"][0]["logprobs"].is_null());
    }

    #[test]
    fn the_tokens_spell_the_content_and_the_labels_sum_to_one() {
        let labels = ["yes".to_owned(), "no".to_owned(), "unsure".to_owned()];
        let body = completion(r#"{"label":"no"}"#, Some(5), &labels);
        let tokens = body["choices"][0]["logprobs"]["content"].as_array().unwrap();
        let spelled: String = tokens.iter().map(|token| token["token"].as_str().unwrap()).collect();
        assert_eq!(spelled, r#"{"label":"no"}"#);
        let label = tokens.iter().find(|token| token["token"] == "no").unwrap();
        let sum: f64 = label["top_logprobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["logprob"].as_f64().unwrap().exp())
            .sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!(label["logprob"].as_f64().unwrap() >= 0.5f64.ln());
    }

    #[test]
    fn a_text_is_cut_between_words_and_signs() {
        assert_eq!(pieces(r#"{"a": "да"}"#), [r#"{""#, "a", r#"": ""#, "да", r#""}"#]);
        assert!(pieces("").is_empty());
    }
}
