//! A raw answer as the journal keeps it: enough to read it again, and again, without a call.
//!
//! Stored as JSON: `{"text":"…","stop":"end"}`, with `refusal` and `logprobs` (`[token, logprob, [[token, logprob], …]]`)
//! and `by` (which of an annotator's endpoints answered) where there are any.

use karat_core::{Error, Result};
use karat_llm::{ModelAnswer, Stop, TokenLogprob};
use serde::{Deserialize, Serialize, Serializer};

/// A raw answer, from a call or from the journal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptAnswer {
    pub(crate) text: String,
    pub(crate) truncated: bool,
    pub(crate) refusal: Option<String>,
    pub(crate) logprobs: Option<Vec<TokenLogprob>>,
    pub(crate) from_journal: bool,
    /// Which of the annotator's endpoints answered; 0 is the first.
    pub(crate) by: u32,
}

/// The stored form, borrowed to write and owned to read.
#[derive(Serialize)]
struct Written<'a> {
    text: &'a str,
    stop: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<WrittenTokens<'a>>,
    #[serde(skip_serializing_if = "is_first")]
    by: u32,
}

fn is_first(by: &u32) -> bool {
    *by == 0
}

struct WrittenTokens<'a>(&'a [TokenLogprob]);

impl Serialize for WrittenTokens<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|it| (&it.token, it.logprob, &it.top)))
    }
}

/// A token, its logarithm, and the likeliest alternatives.
type ReadToken = (String, f64, Vec<(String, f64)>);

#[derive(Deserialize)]
struct Read {
    text: String,
    stop: String,
    refusal: Option<String>,
    logprobs: Option<Vec<ReadToken>>,
    #[serde(default)]
    by: u32,
}

impl KeptAnswer {
    /// The bytes for the journal.
    pub(crate) fn bytes(answer: &ModelAnswer) -> Vec<u8> {
        let stop = answer.stop.to_string();
        let logprobs = answer.logprobs.as_deref().map(WrittenTokens);
        let written = Written {
            text: &answer.text,
            stop: &stop,
            refusal: answer.refusal.as_deref(),
            logprobs,
            by: answer.by,
        };
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// Reads the journal's bytes.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let read: Read = serde_json::from_slice(bytes).map_err(|error| {
            Error::external("a raw answer in the journal is not readable")
                .because(error)
                .hint("run `karat verify`")
        })?;
        let token = |(token, logprob, top): ReadToken| TokenLogprob { token, logprob, top };
        Ok(Self {
            text: read.text,
            truncated: read.stop == Stop::TokenLimit.to_string(),
            refusal: read.refusal,
            logprobs: read.logprobs.map(|all| all.into_iter().map(token).collect()),
            from_journal: true,
            by: read.by,
        })
    }
}

impl From<ModelAnswer> for KeptAnswer {
    fn from(answer: ModelAnswer) -> Self {
        Self {
            truncated: answer.stop == Stop::TokenLimit,
            text: answer.text,
            refusal: answer.refusal,
            logprobs: answer.logprobs,
            from_journal: false,
            by: answer.by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reads_back_as_it_was_given() {
        let mut answer = ModelAnswer::of_text("{\"label\": \"позитив\"}");
        answer.stop = Stop::TokenLimit;
        answer.refusal = Some("no".into());
        answer.logprobs =
            Some(vec![TokenLogprob { token: "a".into(), logprob: -0.5, top: vec![("b".into(), -1.0)] }]);
        answer.by = 2;
        let kept = KeptAnswer::read(&KeptAnswer::bytes(&answer)).unwrap();
        assert_eq!(kept, KeptAnswer { from_journal: true, ..KeptAnswer::from(answer) });
    }
}
