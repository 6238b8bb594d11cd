//! What a call of a recorded model costs beside a call of another.
//!
//! In: the name of a recorded model, the price list of `karat-llm`. Out: dollars for a million calls of 400 tokens in and
//! 20 out. Only ratios are used: the recordings hold no tokens, and every model of a set read the same text.
//!
//! Where the list has no row for a model, the row of another of the same family and size stands in; where it has none
//! either, the price goes by size: 0.025 dollars for a million tokens and a billion parameters, as the list's 8B model.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// Tokens of a call: a guideline with a short text, and a label.
const TOKENS: [f64; 2] = [400.0, 20.0];

/// Dollars for a million tokens of a model with a billion parameters.
const A_BILLION: f64 = 0.025;

#[derive(Clone, Copy)]
enum Source {
    /// The row of the model itself.
    Row(&'static str, &'static str),
    /// The row of another model of its family and size.
    Like(&'static str, &'static str),
    /// So many billions of parameters.
    Size(f64),
}

use Source::{Like, Row, Size};

/// Every model whose price is used. `text-davinci` has the size of GPT-3.
const MODELS: &[(&str, Source)] = &[
    ("falcon-7b-instruct", Size(7.0)),
    ("flan-t5-small", Size(0.08)),
    ("flan-t5-base", Size(0.25)),
    ("flan-t5-large", Size(0.8)),
    ("flan-t5-xl", Size(3.0)),
    ("google_flan-t5-xl", Size(3.0)),
    ("flan-t5-xxl", Size(11.0)),
    ("flan-ul2", Size(20.0)),
    ("chatgpt", Like("openai", "gpt-3.5-turbo*")),
    ("gpt-3.5-turbo", Row("openai", "gpt-3.5-turbo*")),
    ("gpt-3.5-turbo-1106", Row("openai", "gpt-3.5-turbo*")),
    ("gpt-4-turbo", Row("openai", "gpt-4-turbo*")),
    ("gpt-4-turbo-2024-04-09", Row("openai", "gpt-4-turbo*")),
    ("gpt-4o", Row("openai", "gpt-4o")),
    ("Olz-gpt4o", Row("openai", "gpt-4o")),
    ("RMITIR-GPT4o", Row("openai", "gpt-4o")),
    ("RMITIR-llama38b", Like("fireworks", "accounts/fireworks/models/llama-v3p1-8b-instruct")),
    ("RMITIR-llama70B", Like("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo")),
    ("meta_meta-llama-3-8b-instruct", Like("fireworks", "accounts/fireworks/models/llama-v3p1-8b-instruct")),
    ("meta_meta-llama-3-70b-instruct", Like("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo")),
    ("llama-2-7b-chat", Size(7.0)),
    ("llama-2-13b-chat", Size(13.0)),
    ("mistral-7b-instruct", Like("mistral", "open-mistral-7b")),
    ("open-mistral-7b", Row("mistral", "open-mistral-7b")),
    ("mixtral-8x7b-instruct", Like("mistral", "open-mixtral-8x7b")),
    ("open-mixtral-8x7b", Row("mistral", "open-mixtral-8x7b")),
    ("open-mixtral-8x22b", Row("mistral", "open-mixtral-8x22b")),
    ("mistral-large-latest", Row("mistral", "mistral-large-latest")),
    ("openchat-3.5", Size(7.0)),
    ("zephyr-7b-beta", Size(7.0)),
    ("microsoft_Phi-3-small-8k-instruct", Size(7.0)),
    ("Qwen_Qwen2-0.5B-Instruct", Size(0.5)),
    ("Qwen_Qwen2-1.5B-Instruct", Size(1.5)),
    ("Qwen_Qwen2-7B-Instruct", Size(7.0)),
    ("Qwen_Qwen1.5-7B-Chat", Size(7.0)),
    ("text-ada-001", Size(0.35)),
    ("text-babbage-001", Size(1.3)),
    ("text-curie-001", Size(6.7)),
    ("text-davinci-001", Size(175.0)),
    ("text-davinci-002", Size(175.0)),
    ("text-davinci-003", Size(175.0)),
];

/// The price list.
pub(crate) struct Prices {
    rows: Vec<toml::Table>,
}

impl Prices {
    /// Reads the list of this repository.
    pub(crate) fn read() -> Result<Self> {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/llm/src/prices.toml"));
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let list: toml::Table = text.parse()?;
        let rows = list.get("price").and_then(toml::Value::as_array).into_iter().flatten();
        Ok(Self { rows: rows.filter_map(|row| row.as_table().cloned()).collect() })
    }

    /// Whether there is a price for this model, without its prompt.
    pub(crate) fn knows(model: &str) -> bool {
        MODELS.iter().any(|(name, _)| *name == model)
    }

    /// Dollars for a million calls.
    pub(crate) fn of(&self, model: &str) -> Result<f64> {
        let Some((_, source)) = MODELS.iter().find(|(name, _)| *name == model) else {
            bail!("no price and no size is known of `{model}`")
        };
        let prices = match source {
            Size(billions) => [billions * A_BILLION; 2],
            Row(endpoint, name) | Like(endpoint, name) => self.row(endpoint, name)?,
        };
        Ok(prices.iter().zip(TOKENS).map(|(price, tokens)| price * tokens).sum())
    }

    fn row(&self, endpoint: &str, model: &str) -> Result<[f64; 2]> {
        let text =
            |row: &toml::Table, key: &str| row.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let number = |row: &toml::Table, key: &str| row.get(key).and_then(toml::Value::as_float);
        let row = self.rows.iter().find(|row| {
            text(row, "endpoint").as_deref() == Some(endpoint) && text(row, "model").as_deref() == Some(model)
        });
        match row.and_then(|row| Some([number(row, "input")?, number(row, "output")?])) {
            Some(prices) => Ok(prices),
            None => bail!("the price list has no row for `{endpoint}/{model}`"),
        }
    }
}
