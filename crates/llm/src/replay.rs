//! Answers that were recorded earlier, played back.
//!
//! In: a JSONL file, one item a line with its `id` and its `responses` (`model`, `prompt_id`, `sample`, `raw`, `label` …), and
//! which model to play. Out: for a request whose `aside.key` is an item's id, the text that the model gave then.
//!
//! Where a recording holds no `raw` text, the text is made from the recorded label: a plain label as it is, a list of spans
//! as a JSON array of `{"label","quote","start","end"}`, no label as `?`. [`Recorded::has_raw`] tells the two apart.
//!
//! Not here: gold labels and item texts of the same file; they belong to whoever reads the data.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use futures::{FutureExt, future::BoxFuture, future::ready};
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    CallError, CallErrorClass, Complete, ModelAnswer, ModelRequest, Nature, Recorded, TokenLogprob, Usage,
    nearest::nearest,
};

/// One model of a recorded file with one of its prompts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RecordedModel {
    /// The model's name as recorded.
    pub model: String,
    /// The prompt's name as recorded; empty where none is.
    pub prompt_id: String,
    /// Who answered: `llm`, `human`, `api` or `system`.
    pub kind: String,
    /// How many answers there are.
    pub n_answers: u64,
    /// How many of them hold the words as they came.
    pub n_raw: u64,
    /// The most answers of one item.
    pub n_samples: u32,
}

/// Lists the models of a recorded file, by name, then prompt.
///
/// # Errors
/// A sentence that names the file, and the line where it is not what was wanted.
pub fn recorded_models(path: &Path) -> Result<Vec<RecordedModel>, String> {
    let mut models: BTreeMap<(String, String), RecordedModel> = BTreeMap::new();
    read_rows(path, |row| {
        let mut in_row: HashMap<(&str, &str), u32> = HashMap::new();
        for response in &row.responses {
            let name = (&*response.model, response.prompt_id());
            let n_samples = in_row.entry(name).or_default();
            *n_samples += 1;
            let known =
                models.entry((name.0.to_owned(), name.1.to_owned())).or_insert_with(|| RecordedModel {
                    model: name.0.to_owned(),
                    prompt_id: name.1.to_owned(),
                    kind: response.annotator_kind.as_deref().unwrap_or_default().to_owned(),
                    n_answers: 0,
                    n_raw: 0,
                    n_samples: 0,
                });
            known.n_answers += 1;
            known.n_raw += u64::from(response.raw.is_some());
            known.n_samples = known.n_samples.max(*n_samples);
        }
        Ok(())
    })?;
    Ok(models.into_values().collect())
}

/// One recorded model, ready to answer.
#[derive(Debug)]
pub struct Replay {
    from: String,
    model: String,
    answers: HashMap<Box<str>, Vec<ModelAnswer>>,
}

impl Replay {
    /// Reads the answers of `model`, of the prompt `prompt_id` where one is named.
    ///
    /// Several answers of one item are its samples, from 0: by their `sample` where it tells them apart, else in the order
    /// of the file.
    ///
    /// # Errors
    /// The file cannot be read; or it does not hold the model, and the sentence names the nearest and all; or it holds the
    /// model with several prompts and none was named.
    pub fn open(path: &Path, model: &str, prompt_id: Option<&str>) -> Result<Replay, String> {
        let prompt_id = choose(path, model, prompt_id)?;
        let mut answers: HashMap<Box<str>, Vec<(u32, ModelAnswer)>> = HashMap::new();
        read_rows(path, |row| {
            for response in row.responses {
                if response.model == model && response.prompt_id() == prompt_id {
                    let sample = response.sample.unwrap_or(0);
                    let of_item = answers.entry(row.id.as_ref().into()).or_default();
                    of_item.push((sample, response.answer()?));
                }
            }
            Ok(())
        })?;
        let sorted = |mut of_item: Vec<(u32, ModelAnswer)>| {
            of_item.sort_by_key(|(sample, _)| *sample);
            of_item.into_iter().map(|(_, answer)| answer).collect()
        };
        let answers = answers.into_iter().map(|(id, of_item)| (id, sorted(of_item))).collect();
        Ok(Replay { from: path.display().to_string(), model: model.to_owned(), answers })
    }

    /// How many items have an answer.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.answers.len()
    }

    fn find(&self, request: &ModelRequest) -> Result<ModelAnswer, CallError> {
        let (key, sample) = (&request.aside.key, request.sample);
        let of_item = self.answers.get(&**key);
        if let Some(answer) = of_item.and_then(|answers| answers.get(sample as usize)) {
            return Ok(answer.clone());
        }
        let message = match of_item {
            Some(answers) => {
                let n = answers.len();
                format!(
                    "`{}` recorded {n} answers for item `{key}`; sample {sample} (counted from 0) is not among them",
                    self.from
                )
            }
            None => format!("`{}` holds no answer of `{}` for item `{key}`", self.from, self.model),
        };
        Err(CallError { tries: 0, ..CallError::new(CallErrorClass::NotRecorded, message) })
    }
}

impl Complete for Replay {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, CallError>> {
        ready(self.find(request)).boxed()
    }

    fn nature(&self) -> Nature {
        Nature::Replayed { from: self.from.clone() }
    }
}

/// The prompt to play: the named one, or the only one.
fn choose(path: &Path, model: &str, prompt_id: Option<&str>) -> Result<String, String> {
    let models = recorded_models(path)?;
    let prompts: Vec<&str> =
        models.iter().filter(|known| known.model == model).map(|known| known.prompt_id.as_str()).collect();
    let file = path.display();
    match (prompts.as_slice(), prompt_id) {
        ([], _) => {
            let mut names: Vec<&str> = models.iter().map(|known| known.model.as_str()).collect();
            names.dedup();
            let hint = nearest(model, names.iter().copied())
                .map_or_else(String::new, |near| format!("; did it mean `{near}`?"));
            Err(format!("`{file}` holds no answers of `{model}`{hint} (recorded: {})", names.join(", ")))
        }
        ([only], None) => Ok((*only).to_owned()),
        (prompts, Some(wanted)) if prompts.contains(&wanted) => Ok(wanted.to_owned()),
        (prompts, Some(wanted)) => Err(format!(
            "`{file}` holds no answers of `{model}` with prompt `{wanted}` (recorded: {})",
            prompts.join(", ")
        )),
        (prompts, None) => Err(format!(
            "`{file}` holds answers of `{model}` with {} prompts; choose one as in `replay/{model}@{}` (recorded: {})",
            prompts.len(),
            prompts[0],
            prompts.join(", ")
        )),
    }
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    responses: Vec<Response<'a>>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    prompt_id: Option<String>,
    sample: Option<u32>,
    raw: Option<String>,
    #[serde(borrow, default)]
    label: Option<&'a RawValue>,
    annotator_kind: Option<String>,
    confidence: Option<f64>,
    token_probs: Option<Map<String, Value>>,
    probs: Option<Vec<f64>>,
    time_sec: Option<f64>,
    tokens: Option<Tokens>,
}

#[derive(Deserialize)]
struct Tokens {
    prompt: Option<f64>,
    completion: Option<f64>,
}

impl Response<'_> {
    fn prompt_id(&self) -> &str {
        self.prompt_id.as_deref().unwrap_or_default()
    }

    fn answer(self) -> Result<ModelAnswer, String> {
        let label: Option<Value> = match self.label {
            Some(label) => serde_json::from_str(label.get()).map_err(|error| error.to_string())?,
            None => None,
        };
        let token_probs: Vec<(String, f64)> = self
            .token_probs
            .into_iter()
            .flatten()
            .filter_map(|(token, prob)| Some((token, prob.as_f64()?)))
            .collect();
        let has_raw = self.raw.is_some();
        let text = self.raw.unwrap_or_else(|| text_of_label(label.as_ref()));
        // Saturates: a negative count or time is 0.
        let count = |number: Option<f64>| number.unwrap_or(0.0) as u64;
        let usage = self.tokens.map(|tokens| Usage {
            input: count(tokens.prompt),
            output: count(tokens.completion),
            ..Usage::default()
        });
        Ok(ModelAnswer {
            usage,
            served_model: Some(self.model.into_owned()),
            logprobs: first_token(&text, &token_probs),
            latency_ms: (self.time_sec.unwrap_or(0.0) * 1000.0) as u32,
            stated: Some(Recorded {
                label,
                has_raw,
                prompt_id: self.prompt_id.unwrap_or_default(),
                confidence: self.confidence,
                token_probs,
                probs: self.probs.unwrap_or_default(),
            }),
            ..ModelAnswer::of_text(text)
        })
    }
}

/// The text that stands for an answer of which only the label was kept.
fn text_of_label(label: Option<&Value>) -> String {
    match label {
        None | Some(Value::Null) => "?".to_owned(),
        Some(Value::String(label)) => label.clone(),
        Some(Value::Array(spans)) => Value::Array(spans.iter().map(span).collect()).to_string(),
        Some(other) => other.to_string(),
    }
}

/// A recorded span with its words under `quote`; anything else as it is.
fn span(recorded: &Value) -> Value {
    let (Some(label), Some(quote)) = (recorded.get("label"), recorded.get("text")) else {
        return recorded.clone();
    };
    let mut span = json!({"label": label, "quote": quote});
    for edge in ["start", "end"] {
        if let (Some(at), Value::Object(span)) = (recorded.get(edge), &mut span) {
            span.insert(edge.to_owned(), at.clone());
        }
    }
    span
}

/// Recorded probabilities as those of the first token, where the text begins with one of them.
fn first_token(text: &str, token_probs: &[(String, f64)]) -> Option<Vec<TokenLogprob>> {
    let said = text.trim_start();
    let starts =
        |(token, prob): &&(String, f64)| *prob > 0.0 && !token.is_empty() && said.starts_with(token.as_str());
    let (token, prob) = token_probs.iter().filter(starts).max_by_key(|(token, _)| token.len())?;
    let mut top: Vec<(String, f64)> = token_probs
        .iter()
        .filter(|(_, prob)| *prob > 0.0)
        .map(|(token, prob)| (token.clone(), prob.ln()))
        .collect();
    top.sort_by(|a, b| b.1.total_cmp(&a.1));
    Some(vec![TokenLogprob { token: token.clone(), logprob: prob.ln(), top }])
}

/// Hands each row of the file to `take`. Empty lines are skipped.
fn read_rows(path: &Path, mut take: impl FnMut(Row<'_>) -> Result<(), String>) -> Result<(), String> {
    let file = path.display();
    let open = File::open(path).map_err(|error| format!("`{file}` cannot be opened: {error}"))?;
    let mut lines = BufReader::with_capacity(1 << 16, open);
    let mut line = Vec::new();
    for n in 1u64.. {
        line.clear();
        let read =
            lines.read_until(b'\n', &mut line).map_err(|error| format!("`{file}` line {n}: {error}"))?;
        if read == 0 {
            break;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let row = serde_json::from_slice(&line).map_err(|error| {
            format!("`{file}` line {n} is not an object with `id` and `responses`: {error}")
        })?;
        take(row).map_err(|error| format!("`{file}` line {n}: {error}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
