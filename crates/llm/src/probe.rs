//! What a model at an endpoint can do, found by asking: one tiny request for each ability.
//!
//! In: the name of a model, and where to look. Out: a [`ModelReport`], with a reason for each ability that is not there.
//! Without asking, [`said`] tells what the table of endpoints says. What asking costs at most is known before: [`cost`].
//!
//! Not here: which endpoints are reachable (`doctor.rs`), and printing.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use crate::{
    AnswerFormat, Aside, CallError, Complete, EmbedOptions, Endpoint, Message, MicroUsd, ModelAnswer,
    ModelRequest, Nature, Price, Provider, ProviderError, ProviderOptions, Role, Settings, Stop, Usage,
    provider,
};

/// Something that a model at an endpoint can do or not.
pub struct Ability {
    /// Its name in tables and in JSON. Never changes once released.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// What the table of endpoints says of it; `None` where it says nothing.
    said: fn(&Endpoint) -> Option<bool>,
    /// Asks for it; `None` where a tiny request cannot tell.
    ask: Option<for<'a> fn(&'a Target<'a>) -> BoxFuture<'a, Answer>>,
}

/// Every ability, in the order of the documentation. To add one: write its function, add its row.
pub const ABILITIES: &[Ability] = &[
    Ability {
        name: "seed",
        about: "takes a seed; no vendor promises equal answers",
        said: |row| Some(row.can.seed),
        ask: Some(|target| seed(target).boxed()),
    },
    Ability {
        name: "json_schema",
        about: "holds an answer to a JSON Schema",
        said: |row| Some(row.can.json_schema),
        ask: Some(|target| json_schema(target).boxed()),
    },
    Ability {
        name: "logprobs",
        about: "gives the log-probabilities of an answer's tokens: confidence from tokens",
        said: |row| Some(row.can.logprobs),
        ask: Some(|target| logprobs(target).boxed()),
    },
    Ability {
        name: "top_logprobs",
        about: "gives alternatives to each token: label distributions, corrections of a prompt's bias, P(True)",
        said: |row| Some(row.can.logprobs),
        ask: Some(|target| top_logprobs(target).boxed()),
    },
    Ability {
        name: "echo",
        about: "gives the log-probabilities of a prompt's tokens: noisy channel and likelihood of labels",
        said: |_| None,
        ask: Some(|target| echo(target).boxed()),
    },
    Ability {
        name: "embeddings",
        about: "gives vectors of texts: nearest examples",
        said: |_| None,
        ask: Some(|target| embeddings(target).boxed()),
    },
    Ability {
        name: "batch",
        about: "takes files of requests at a lower price",
        said: |row| Some(row.can.batch),
        ask: None,
    },
];

/// What is known of one ability.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Found {
    /// It was asked for, and came.
    Yes {
        /// More about it, such as how many alternatives came.
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// It was asked for, and did not come; or the table says no, and then it is never sent.
    No {
        /// Why.
        why: String,
    },
    /// The table of endpoints says so; nothing was sent.
    Said {
        /// What it says.
        yes: bool,
    },
    /// It is not known.
    Untried {
        /// Why.
        why: String,
    },
}

/// What is known of one model.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ModelReport {
    /// The model as it is written, `ENDPOINT/MODEL`.
    pub model: String,
    /// The address, where there is one.
    pub base_url: Option<String>,
    /// The abilities of [`ABILITIES`], in its order: name and what is known.
    pub abilities: Vec<(&'static str, Found)>,
    /// What asking used up, as far as it was counted.
    pub usage: Usage,
    /// How many requests were sent, at least; parts that were refused and left out make more.
    pub n_calls: u32,
}

/// What the table of endpoints says of an ability, where nothing is asked.
#[must_use]
pub fn said(row: &Endpoint, ability: &Ability) -> Found {
    match (ability.said)(row) {
        Some(yes) => Found::Said { yes },
        None => Found::Untried { why: "nothing was sent".to_owned() },
    }
}

/// The most that probing one model can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProbeCost {
    /// How many requests.
    pub n_calls: u32,
    /// Tokens of all prompts together, at most.
    pub input: u64,
    /// Tokens of all answers together, at most.
    pub output: u64,
    /// The price of that; `None` where the model has none.
    pub most: Option<MicroUsd>,
}

/// The most that probing a model of this price can take. Requests that are refused are free by all vendors.
#[must_use]
pub fn cost(price: Option<&Price>) -> ProbeCost {
    let n_calls = N_CALLS as u32;
    let input = N_CALLS * (QUESTION.len() as u64 + SCHEMA_BYTES);
    let output = N_CALLS * u64::from(MAX_TOKENS);
    ProbeCost { n_calls, input, output, most: price.map(|price| price.of_tokens(input, output)) }
}

const QUESTION: &str = "Is water wet? Answer with JSON: {\"word\": \"yes\"} or {\"word\": \"no\"}.";
/// More than the schema and a chat template have.
const SCHEMA_BYTES: u64 = 200;
/// Room for a model that thinks a little.
const MAX_TOKENS: u32 = 64;
/// How many alternatives are asked for, one after the other: vendors allow 20 or 5.
const ALTERNATIVES: [u8; 2] = [20, 5];
/// One for each ability that is asked for, and one more for fewer alternatives.
const N_CALLS: u64 = 7;

/// What is asked.
struct Target<'a> {
    spec: &'a str,
    options: &'a ProviderOptions,
}

/// What came of asking for one ability.
struct Answer {
    found: Found,
    usage: Usage,
    n_calls: u32,
    /// The call failed for a reason that has nothing to do with the ability: the others would fail as well.
    hopeless: bool,
}

/// Asks a model for each ability. Where the first request fails altogether, the others are not sent.
///
/// # Errors
/// As [`provider`]: the name is none, or a key is missing.
pub async fn probe(spec: &str, options: &ProviderOptions) -> Result<ModelReport, ProviderError> {
    let made = provider(spec, options)?;
    let row = row_of(&made);
    let mut report = ModelReport {
        model: made.spec.clone(),
        base_url: made.base_url.clone(),
        abilities: Vec::new(),
        usage: Usage::default(),
        n_calls: 0,
    };
    let target = Target { spec, options };
    let mut hopeless = match made.nature() {
        Nature::Replayed { .. } => Some("recordings are not asked".to_owned()),
        Nature::Live | Nature::Scripted { .. } => None,
    };
    for ability in ABILITIES {
        let by_table = row.as_ref().and_then(|row| (ability.said)(row));
        let found = match (&hopeless, ability.ask, by_table) {
            (Some(why), _, _) => Found::Untried { why: why.clone() },
            (None, None, Some(yes)) => Found::Said { yes },
            (None, None, None) => Found::Untried { why: "a tiny request cannot tell".to_owned() },
            (None, Some(_), Some(false)) => {
                Found::No { why: "the table of endpoints says no, so it is never sent".to_owned() }
            }
            (None, Some(ask), _) => {
                let answer = ask(&target).await;
                report.n_calls += answer.n_calls;
                report.usage.input += answer.usage.input;
                report.usage.output += answer.usage.output;
                if let (true, Found::Untried { why }) = (answer.hopeless, &answer.found) {
                    hopeless = Some(why.clone());
                }
                answer.found
            }
        };
        report.abilities.push((ability.name, found));
    }
    Ok(report)
}

/// The row of a live model's endpoint.
fn row_of(made: &Provider) -> Option<Endpoint> {
    #[cfg(feature = "http")]
    return made.http().map(|http| http.endpoint().clone());
    #[cfg(not(feature = "http"))]
    return crate::endpoints::endpoint(&made.endpoint).cloned();
}

/// One call of a provider of its own, so that what one ability lost is not missing for the next; and why what was `asked`
/// for was left out, where it was.
async fn call(
    target: &Target<'_>,
    format: AnswerFormat,
    settings: Settings,
    asked: &str,
) -> Result<(ModelAnswer, Option<String>), CallError> {
    let made = provider(target.spec, target.options)
        .map_err(|error| CallError::new(crate::CallErrorClass::BadRequest, error.to_string()))?;
    let request = ModelRequest {
        model: made.model.clone(),
        messages: vec![Message::new(Role::User, QUESTION)],
        format,
        settings: Arc::new(settings),
        sample: 0,
        aside: Aside { truth: Some("{\"word\": \"yes\"}".into()), ..Aside::default() },
    };
    let complete: Arc<dyn Complete> = made.limited();
    let answer = complete.complete(&request).await?;
    let refused = complete.downgrades().into_iter().find(|it| it.asked == asked).map(|it| it.why);
    Ok((answer, refused))
}

/// An answer in which nothing was left out, judged; or why there is none.
async fn judged(
    target: &Target<'_>,
    format: AnswerFormat,
    settings: Settings,
    asked: &str,
    judge: impl Fn(&ModelAnswer) -> Found,
) -> Answer {
    match call(target, format, settings, asked).await {
        Ok((answer, refused)) => {
            let found = match refused {
                Some(why) => Found::No { why },
                None => judge(&answer),
            };
            Answer { found, usage: answer.usage.unwrap_or_default(), n_calls: 1, hopeless: false }
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &CallError) -> Answer {
    let n_calls = u32::from(error.tries > 0);
    Answer {
        found: Found::Untried { why: error.to_string() },
        usage: Usage::default(),
        n_calls,
        hopeless: true,
    }
}

fn yes() -> Found {
    Found::Yes { detail: None }
}

fn no(why: &str) -> Found {
    Found::No { why: why.to_owned() }
}

async fn seed(target: &Target<'_>) -> Answer {
    let settings = Settings { seed: Some(7), ..Settings::new(MAX_TOKENS) };
    judged(target, AnswerFormat::Text, settings, "seed", |_| yes()).await
}

async fn json_schema(target: &Target<'_>) -> Answer {
    let word = json!({"type": "string", "enum": ["yes", "no"]});
    let schema = json!({
        "type": "object", "properties": {"word": word}, "required": ["word"], "additionalProperties": false,
    });
    let format = AnswerFormat::JsonSchema { name: "probe".into(), schema: Arc::new(schema) };
    judged(target, format, Settings::new(MAX_TOKENS), "json_schema", |answer| {
        let read = serde_json::from_str::<serde_json::Value>(answer.text.trim()).ok();
        match read.as_ref().and_then(|it| it.get("word")?.as_str()) {
            Some("yes" | "no") => yes(),
            Some(_) | None if answer.stop == Stop::TokenLimit => Found::Untried {
                why: format!("the answer was cut at {MAX_TOKENS} tokens: a model that thinks first"),
            },
            Some(_) | None => no("it took the schema and did not keep to it"),
        }
    })
    .await
}

fn has_probabilities(answer: &ModelAnswer) -> bool {
    answer.logprobs.as_ref().is_some_and(|tokens| !tokens.is_empty())
}

async fn logprobs(target: &Target<'_>) -> Answer {
    let settings = Settings { logprobs: true, ..Settings::new(MAX_TOKENS) };
    judged(target, AnswerFormat::Text, settings, "logprobs", |answer| {
        if has_probabilities(answer) { yes() } else { no("it took the request and gave none") }
    })
    .await
}

async fn top_logprobs(target: &Target<'_>) -> Answer {
    let mut sum = Usage::default();
    let mut n_calls = 0;
    let mut last = no("");
    for top in ALTERNATIVES {
        let settings = Settings { logprobs: true, top_logprobs: top, ..Settings::new(MAX_TOKENS) };
        let answer = judged(target, AnswerFormat::Text, settings, "logprobs", |answer| {
            let most = answer.logprobs.iter().flatten().map(|token| token.top.len()).max().unwrap_or(0);
            match most {
                0 | 1 => no("it took the request and gave no alternatives"),
                n => Found::Yes { detail: Some(n.to_string()) },
            }
        })
        .await;
        n_calls += answer.n_calls;
        sum =
            Usage { input: sum.input + answer.usage.input, output: sum.output + answer.usage.output, ..sum };
        let done = !matches!(answer.found, Found::No { .. });
        last = answer.found;
        if done {
            break;
        }
    }
    // What refuses alternatives may still do all the rest.
    Answer { found: last, usage: sum, n_calls, hopeless: false }
}

async fn echo(target: &Target<'_>) -> Answer {
    let scored = match provider(target.spec, target.options) {
        Ok(made) => made.score("Water is wet.").await,
        Err(error) => Err(CallError::new(crate::CallErrorClass::BadRequest, error.to_string())),
    };
    match scored {
        Ok(scored) => {
            Answer { found: yes(), usage: scored.usage.unwrap_or_default(), n_calls: 1, hopeless: false }
        }
        Err(error) => not_there(&error),
    }
}

async fn embeddings(target: &Target<'_>) -> Answer {
    let options = EmbedOptions { batch_size: 1, dimensions: None };
    let embedded = match provider(target.spec, target.options) {
        Ok(made) => made.embed(&["Water is wet."], &options).await,
        Err(error) => Err(CallError::new(crate::CallErrorClass::BadRequest, error.to_string())),
    };
    match embedded {
        Ok(embedded) => {
            let n = embedded.vectors.first().map_or(0, Vec::len);
            let found = Found::Yes { detail: Some(format!("{n} numbers")) };
            Answer { found, usage: embedded.usage.unwrap_or_default(), n_calls: 1, hopeless: false }
        }
        Err(error) => not_there(&error),
    }
}

/// What a path of its own failed with: the endpoint said no, or it is not known.
fn not_there(error: &CallError) -> Answer {
    use crate::CallErrorClass as Class;
    let why = error.to_string();
    let found = match error.class {
        Class::BadRequest | Class::BadBody | Class::NotRecorded | Class::TooLong => Found::No { why },
        Class::Auth
        | Class::RateLimited
        | Class::Server
        | Class::Timeout
        | Class::Connection
        | Class::QuotaSpent
        | Class::Budget => Found::Untried { why },
    };
    Answer { found, usage: Usage::default(), n_calls: u32::from(error.tries > 0), hopeless: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::endpoint;

    #[test]
    fn every_ability_has_a_name_and_a_use_of_its_own() {
        for (n, ability) in ABILITIES.iter().enumerate() {
            assert!(ABILITIES[n + 1..].iter().all(|other| other.name != ability.name), "{}", ability.name);
            assert!(!ability.about.is_empty());
            assert!(ability.ask.is_some() || (ability.said)(endpoint("openai").unwrap()).is_some());
        }
    }

    #[test]
    fn the_table_is_told_as_what_it_says() {
        let of = |name: &str, ability: &str| {
            said(endpoint(name).unwrap(), ABILITIES.iter().find(|it| it.name == ability).unwrap())
        };
        assert_eq!(of("anthropic", "logprobs"), Found::Said { yes: false });
        assert_eq!(of("openai", "batch"), Found::Said { yes: true });
        assert!(matches!(of("vllm", "echo"), Found::Untried { .. }));
    }

    #[test]
    fn the_cost_bounds_the_questions() {
        let priced = cost(Some(&Price::free()));
        assert_eq!(priced.most, Some(MicroUsd(0)));
        assert_eq!((priced.n_calls, cost(None).most), (7, None));
        assert!(priced.input >= 7 * QUESTION.len() as u64);
    }

    #[tokio::test]
    async fn a_stand_in_can_do_what_it_is_asked_for() {
        let report = probe("scripted/seed=1", &ProviderOptions::default()).await.unwrap();
        let found: Vec<(&str, bool)> = report
            .abilities
            .iter()
            .map(|(name, found)| (*name, matches!(found, Found::Yes { .. })))
            .collect();
        assert_eq!(found[..3], [("seed", true), ("json_schema", true), ("logprobs", true)]);
        assert_eq!(found[4..6], [("echo", true), ("embeddings", true)]);
        assert!(report.n_calls >= 6);
    }

    #[tokio::test]
    async fn where_nothing_answers_one_request_is_enough() {
        let options =
            ProviderOptions { base_url: Some("http://127.0.0.1:1/v1".into()), ..ProviderOptions::default() };
        let report = probe("some-model", &options).await.unwrap();
        assert_eq!(report.n_calls, 1);
        for (name, found) in report.abilities {
            let Found::Untried { why } = found else { panic!("{name}: {found:?}") };
            assert!(why.contains("no connection"), "{name}: {why}");
        }
    }
}
