//! Texts as vectors, from an endpoint's `POST {base_url}/embeddings`.
//!
//! In: texts. Out: one vector for each, in their order ([`Embedded`]). Long lists are sent in several calls. The scripted
//! stand-in answers with [`trigrams`], so that all of it can be tried offline.
//!
//! Not here: what the vectors are for; keeping them (the caller's store).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{CallError, CallErrorClass, Nature, Provider, Usage, chance::draw, score::nothing_sent};
#[cfg(feature = "http")]
use crate::{
    dialect::Dialect,
    http::{Body, Method},
    score::refusal,
};

/// The path, below the endpoint's base URL.
pub const PATH: &str = "embeddings";

/// How texts are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmbedOptions {
    /// How many texts go into one call, 1 or more. OpenAI takes 2,048; servers on small machines take fewer.
    pub batch_size: usize,
    /// How long the vectors should be, where the model lets one choose; `None` leaves it to the model.
    pub dimensions: Option<u32>,
}

/// Vectors of texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// One vector for each text, in the order of the texts; all of the same length.
    pub vectors: Vec<Vec<f32>>,
    /// What all calls together counted; `None` where one of them did not say.
    pub usage: Option<Usage>,
    /// The model that answered, as the endpoint names it.
    pub served_model: Option<String>,
}

impl Provider {
    /// The vectors of `texts`. Each call waits for its turn; nothing is retried.
    ///
    /// # Errors
    /// A [`CallError`] as of a call: the first that failed ends it, and what came before is lost. [`BadRequest`](CallErrorClass::BadRequest)
    /// where a text is empty (no model has a vector for it), or the endpoint has no embeddings.
    pub async fn embed(&self, texts: &[&str], options: &EmbedOptions) -> Result<Embedded, CallError> {
        if let Some(n) = texts.iter().position(|text| text.trim().is_empty()) {
            let message =
                format!("text {} of {} is empty: it has no vector; leave it out", n + 1, texts.len());
            return Err(nothing_sent(CallErrorClass::BadRequest, message));
        }
        let mut all = Embedded { vectors: Vec::new(), usage: Some(Usage::default()), served_model: None };
        for batch in texts.chunks(options.batch_size.max(1)) {
            let some = self.embed_batch(batch, options.dimensions).await?;
            all.add(some)?;
        }
        Ok(all)
    }

    async fn embed_batch(&self, texts: &[&str], dimensions: Option<u32>) -> Result<Embedded, CallError> {
        match self.nature() {
            Nature::Live => self.embed_live(texts, dimensions).await,
            Nature::Scripted { .. } => Ok(Embedded {
                vectors: texts.iter().map(|text| trigrams(text, dimensions.unwrap_or(64))).collect(),
                usage: Some(Usage::default()),
                served_model: Some("scripted".to_owned()),
            }),
            Nature::Replayed { .. } => {
                let message = "recordings hold no vectors; ask a live model";
                Err(nothing_sent(CallErrorClass::NotRecorded, message.into()))
            }
        }
    }

    #[cfg(feature = "http")]
    async fn embed_live(&self, texts: &[&str], dimensions: Option<u32>) -> Result<Embedded, CallError> {
        let Some(http) = self.http() else {
            return Err(nothing_sent(CallErrorClass::BadRequest, format!("`{}` is no server", self.spec)));
        };
        if !matches!(http.endpoint().dialect, Dialect::OpenAiChat | Dialect::OpenAiResponses) {
            let message = format!(
                "vectors are asked for in OpenAI's form, which the row `{}` does not speak; use a row that does (`ollama` for Ollama)",
                self.endpoint
            );
            return Err(nothing_sent(CallErrorClass::BadRequest, message));
        }
        let body = Body::Json(encode(&self.model, texts, dimensions));
        let tokens = texts.iter().map(|text| text.len() as u64 / 4 + 1).sum();
        let received = self.in_turn(tokens, async { http.send(Method::Post, PATH, body).await?.ok() }).await;
        let next_step = "take a model that is made for vectors, and a server that serves it";
        let received = received.map_err(|error| refusal(error, "embedding", next_step))?;
        decode(texts.len(), &received.body)
    }

    #[cfg(not(feature = "http"))]
    async fn embed_live(&self, _: &[&str], _: Option<u32>) -> Result<Embedded, CallError> {
        Err(nothing_sent(CallErrorClass::BadRequest, format!("this build cannot reach `{}`", self.spec)))
    }
}

impl Embedded {
    fn add(&mut self, more: Embedded) -> Result<(), CallError> {
        if let (Some(first), Some(other)) = (self.vectors.first(), more.vectors.first())
            && first.len() != other.len()
        {
            return Err(uneven(first.len(), other.len()));
        }
        self.vectors.extend(more.vectors);
        self.usage = self.usage.zip(more.usage).map(|(a, b)| Usage { input: a.input + b.input, ..a });
        self.served_model = more.served_model.or(self.served_model.take());
        Ok(())
    }
}

/// Writes the body of a call.
#[must_use]
pub fn encode(model: &str, texts: &[&str], dimensions: Option<u32>) -> Vec<u8> {
    let mut body = json!({"model": model, "input": texts});
    if let (Some(n), Some(fields)) = (dimensions, body.as_object_mut()) {
        fields.insert("dimensions".to_owned(), json!(n));
    }
    body.to_string().into_bytes()
}

/// Reads the body of a success for so many texts; vectors are put in order by their `index`.
///
/// # Errors
/// [`BadBody`](CallErrorClass::BadBody): it is no list of vectors, one is missing, twice there, empty, of another length than
/// the others, or holds what is no number.
pub fn decode(n_texts: usize, body: &[u8]) -> Result<Embedded, CallError> {
    #[derive(Deserialize)]
    struct Reply {
        data: Vec<Row>,
        model: Option<String>,
        usage: Option<WireUsage>,
    }
    #[derive(Deserialize)]
    struct Row {
        index: Option<usize>,
        embedding: Value,
    }
    #[derive(Deserialize)]
    struct WireUsage {
        prompt_tokens: Option<u64>,
    }
    let reply: Reply =
        serde_json::from_slice(body).map_err(|error| bad(format!("no list of vectors: {error}")))?;
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; n_texts];
    for (n, row) in reply.data.into_iter().enumerate() {
        let at = row.index.unwrap_or(n);
        let vector = serde_json::from_value::<Vec<f32>>(row.embedding)
            .ok()
            .filter(|vector| !vector.is_empty() && vector.iter().all(|x| x.is_finite()))
            .ok_or_else(|| bad(format!("the vector {at} is not a list of numbers")))?;
        match vectors.get_mut(at) {
            Some(place @ None) => *place = Some(vector),
            Some(Some(_)) => return Err(bad(format!("the vector {at} came twice"))),
            None => return Err(bad(format!("a vector {at} came for {n_texts} texts"))),
        }
    }
    let n_came = vectors.iter().flatten().count();
    let vectors: Option<Vec<Vec<f32>>> = vectors.into_iter().collect();
    let vectors = vectors.ok_or_else(|| bad(format!("{n_came} vectors came for {n_texts} texts")))?;
    let len = vectors.first().map_or(0, Vec::len);
    if let Some(other) = vectors.iter().find(|vector| vector.len() != len) {
        return Err(uneven(len, other.len()));
    }
    let input = reply.usage.and_then(|usage| usage.prompt_tokens);
    let usage = input.map(|input| Usage { input, ..Usage::default() });
    Ok(Embedded { vectors, usage, served_model: reply.model })
}

fn bad(message: String) -> CallError {
    CallError::new(CallErrorClass::BadBody, message).with_status(200)
}

fn uneven(a: usize, b: usize) -> CallError {
    bad(format!("vectors of {a} and of {b} numbers came from one model"))
}

/// A stand-in for an embedding: counts of three letters in a row, hashed into `n` places, with length 1. Texts that share
/// words are near each other; meaning it does not see. The same text has the same vector for ever.
///
/// ```
/// use karat_llm::embed::trigrams;
/// let near = |a: &str, b: &str| trigrams(a, 64).iter().zip(trigrams(b, 64)).map(|(x, y)| x * y).sum::<f32>();
/// assert!(near("a great phone", "great phones") > near("a great phone", "rain in spring"));
/// ```
#[must_use]
pub fn trigrams(text: &str, n: u32) -> Vec<f32> {
    let n = n.max(1);
    let mut vector = vec![0.0_f32; n as usize];
    let letters: Vec<char> = format!(" {} ", text.trim().to_lowercase()).chars().collect();
    for three in letters.windows(3.min(letters.len())) {
        let three: String = three.iter().collect();
        vector[(draw(0, &[b"trigram", three.as_bytes()]) % u64::from(n)) as usize] += 1.0;
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|x| *x /= length);
    vector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ProviderOptions, provider};

    #[track_caller]
    fn check_error(body: &str, words: &str) {
        let error = decode(2, body.as_bytes()).unwrap_err();
        assert_eq!(error.class, CallErrorClass::BadBody);
        assert!(error.message.contains(words), "{error}");
    }

    #[test]
    fn a_call_holds_all_texts_and_the_length_only_where_it_is_chosen() {
        let sent =
            |dimensions| serde_json::from_slice::<Value>(&encode("m", &["a", "b"], dimensions)).unwrap();
        assert_eq!(sent(None), json!({"model": "m", "input": ["a", "b"]}));
        assert_eq!(sent(Some(256))["dimensions"], 256);
    }

    #[test]
    fn vectors_are_put_in_the_order_of_the_texts() {
        let body = r#"{"object":"list","data":[{"object":"embedding","index":1,"embedding":[3,4]},
            {"object":"embedding","index":0,"embedding":[1,2.5]}],"model":"e-1","usage":{"prompt_tokens":7,"total_tokens":7}}"#;
        let got = decode(2, body.as_bytes()).unwrap();
        assert_eq!(got.vectors, [[1.0, 2.5], [3.0, 4.0]]);
        assert_eq!((got.usage.unwrap().input, got.served_model.as_deref()), (7, Some("e-1")));
    }

    #[test]
    fn a_list_that_does_not_fit_the_texts_is_refused() {
        check_error(r#"{"data":[{"index":0,"embedding":[1]}]}"#, "1 vectors came for 2 texts");
        check_error(r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#, "came twice");
        check_error(r#"{"data":[{"index":2,"embedding":[1]}]}"#, "a vector 2 came for 2 texts");
        check_error(
            r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]}"#,
            "of 1 and of 2",
        );
        check_error(r#"{"data":[{"index":0,"embedding":"AAAA"}]}"#, "not a list of numbers");
        check_error(r#"{"data":[{"index":0,"embedding":[]}]}"#, "not a list of numbers");
        check_error("[]", "no list of vectors");
    }

    #[tokio::test]
    async fn many_texts_are_sent_in_batches_and_keep_their_order() {
        let scripted = provider("scripted/seed=1", &ProviderOptions::default()).unwrap();
        let options = EmbedOptions { batch_size: 2, dimensions: Some(16) };
        let got = scripted.embed(&["a b c", "d e f", "a b c"], &options).await.unwrap();
        assert_eq!((got.vectors.len(), got.vectors[0].len()), (3, 16));
        assert!(got.vectors[0] == got.vectors[2] && got.vectors[0] != got.vectors[1]);
        assert_eq!(scripted.embed(&[], &options).await.unwrap().vectors.len(), 0);
        let error = scripted.embed(&["a", " "], &options).await.unwrap_err();
        assert!(error.message.contains("text 2 of 2 is empty"), "{error}");
    }
}
