//! An annotator made ready: its prompt compiled, its provider opened, its identity fixed.
//!
//! In: an annotator of `karat.toml` and the task. Out: questions for items, requests for questions, and the hashes under
//! which both are kept. Nothing is sent here.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use karat_core::{
    Annotator, AnnotatorKind, AnnotatorSpec, Error, Hash, Hasher, Item, Result, Shape, Task, Value,
};
use karat_llm::{
    AnswerFormat, Aside, Batches, Complete, Message, ModelRequest, Nature, Price, Provider, ProviderOptions,
    RetryPolicy, Role, Settings,
};
use karat_store::CachedAnswer;
use karat_task::{PromptStyle, Prompter, TaskKind};

use tokio::sync::Mutex as AsyncMutex;

use crate::setup::Setup;

/// How many alternatives are asked for beside each token, where token probabilities are asked for.
const TOP_LOGPROBS: u8 = 5;

/// The temperature where several samples are wanted and none is given: samples must differ to be votes.
const SAMPLING_TEMPERATURE: f64 = 0.7;

/// An annotator made ready to ask.
pub struct Asker {
    /// Who it is.
    pub annotator: Annotator,
    /// Under which its annotations are kept.
    pub id: Hash,
    /// What the project says of it.
    pub spec: AnnotatorSpec,
    /// What a call costs; `None` where there is no price.
    pub price: Option<Price>,
    pub(crate) kind: &'static dyn TaskKind,
    pub(crate) task: Arc<Task>,
    pub(crate) prompter: Prompter,
    pub(crate) model: Arc<dyn Complete>,
    /// Where many questions go at a lower price, if the endpoint takes batches.
    pub(crate) batches: Option<Arc<dyn Batches>>,
    pub(crate) retry: RetryPolicy,
    pub(crate) model_name: Arc<str>,
    settings: Arc<Settings>,
    format: AnswerFormat,
    base: Hash,
    pub(crate) system: Hash,
    gold: Option<String>,
}

/// One item to be asked, with its messages rendered.
pub struct Question {
    /// The item.
    pub item: Item,
    /// The hash of what is shown of it.
    pub input: Hash,
    /// What is sent.
    pub messages: Vec<Message>,
    /// The identity of the question's first sample.
    pub request: Hash,
    pub(crate) cached: Option<CachedAnswer>,
    /// Whether another item with the same question was under way when this one was looked up.
    pub(crate) twin: bool,
    /// Whose turn it is among items with the same question.
    pub(crate) turn: Option<Arc<AsyncMutex<()>>>,
}

impl Asker {
    /// Opens the provider and compiles the prompt.
    pub fn new(setup: &Setup, spec: &AnnotatorSpec) -> Result<Self> {
        let name = spec.display_name();
        Self::open(setup, spec).map_err(|error| match error.to_string().contains(name) {
            true => error,
            false => error.while_doing(format_args!("annotator `{name}`")),
        })
    }

    fn open(setup: &Setup, spec: &AnnotatorSpec) -> Result<Self> {
        let provider = provider(setup, spec)?;
        let nature = provider.nature();
        let style = PromptStyle {
            reasoning: spec.reasoning,
            state_confidence: spec.state_confidence,
            template: spec.template.as_ref().map(|file| read_template(&setup.path(file))).transpose()?,
        };
        let prompter = Prompter::new(&setup.task, setup.kind, &style)?;
        let settings = settings(spec);
        let settings_json = serde_json::to_string(&settings)
            .map_err(|error| Error::bug("settings do not serialize").because(error))?;
        let identity = if nature.is_live() { String::new() } else { answers_identity(setup, spec)? };
        let address = provider.base_url.as_deref().unwrap_or(&provider.endpoint);
        let endpoint = format!("{address} {}{identity}", provider.model);
        let annotator = Annotator {
            kind: match nature {
                Nature::Live => AnnotatorKind::Model,
                Nature::Replayed { .. } => AnnotatorKind::Replay,
                Nature::Scripted { .. } => AnnotatorKind::Scripted,
            },
            name: spec.display_name().to_owned(),
            model: endpoint.clone(),
            prompt: prompter.version(),
            settings: format!("{{\"samples\":{},\"request\":{settings_json}}}", spec.samples),
        };
        let format = AnswerFormat::JsonSchema {
            name: "answer".into(),
            schema: Arc::new(prompter.answer_format().clone()),
        };
        let format_json = prompter.answer_format().to_string();
        let base = Hasher::default().part(&endpoint).part(&settings_json).part(&format_json).finish();
        Ok(Self {
            id: annotator.id(),
            price: price(setup, spec, &provider),
            system: Hash::of(prompter.system().as_bytes()),
            annotator,
            spec: spec.clone(),
            kind: setup.kind,
            task: Arc::clone(&setup.task),
            prompter,
            model: provider.limited(),
            batches: provider.batches(),
            model_name: provider.model,
            retry: RetryPolicy::default(),
            settings: Arc::new(settings),
            format,
            base,
            gold: setup.gold.clone(),
        })
    }

    /// Whether a model runs now for each answer.
    pub fn nature(&self) -> Nature {
        self.model.nature()
    }

    /// What was asked for and is no longer sent, since the endpoint does not take it.
    pub fn downgrades(&self) -> Vec<karat_llm::Downgrade> {
        self.model.downgrades()
    }

    /// The shape of the values.
    pub fn shape(&self) -> Shape {
        self.kind.shape()
    }

    /// The JSON Schema of an answer.
    pub fn answer_format(&self) -> &serde_json::Value {
        self.prompter.answer_format()
    }

    /// The task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// The question for an item.
    pub fn question(&self, item: Item, input: Hash) -> Result<Question> {
        let messages = self.prompter.messages(&item)?;
        let request = self.request_hash(&messages, 0, item.id.as_str());
        Ok(Question { item, input, messages, request, cached: None, twin: false, turn: None })
    }

    /// The identities of a question's samples, the first one included.
    pub(crate) fn requests(&self, question: &Question) -> Vec<Hash> {
        let item = question.item.id.as_str();
        let more = (1..self.spec.samples).map(|n| self.request_hash(&question.messages, n, item));
        std::iter::once(question.request).chain(more).collect()
    }

    /// The system message, equal for all items, as the journal keeps it.
    pub(crate) fn system_blob(&self) -> (Hash, Arc<[u8]>) {
        (self.system, self.prompter.system().as_bytes().into())
    }

    /// The hash of a message; that of the system message is known.
    fn message_hash(&self, message: &Message) -> Hash {
        match message.role {
            Role::System if Arc::ptr_eq(&message.content, self.prompter.system()) => self.system,
            Role::System | Role::User | Role::Assistant => Hash::of(message.content.as_bytes()),
        }
    }

    /// The identity of a request: equal requests have equal answers to choose from, and only those are shared.
    ///
    /// A stand-in answers by the item's id, so that there the id is a part of it.
    pub(crate) fn request_hash(&self, messages: &[Message], sample: u32, item: &str) -> Hash {
        let mut hasher = Hasher::default().part(self.base.0).part(sample.to_le_bytes());
        for message in messages {
            hasher = hasher.part(role_name(message.role)).part(self.message_hash(message).0);
        }
        if !self.shares_answers() {
            hasher = hasher.part(item);
        }
        hasher.finish()
    }

    /// Whether two items of the same content may share one answer.
    pub(crate) fn shares_answers(&self) -> bool {
        self.annotator.kind == AnnotatorKind::Model
    }

    pub(crate) fn request(&self, item: &Item, messages: Vec<Message>, sample: u32) -> ModelRequest {
        let aside =
            if self.annotator.kind == AnnotatorKind::Scripted { self.aside(item) } else { Aside::default() };
        ModelRequest {
            model: Arc::clone(&self.model_name),
            messages,
            format: self.format.clone(),
            settings: Arc::clone(&self.settings),
            sample,
            aside: Aside { key: item.id.shared(), ..aside },
        }
    }

    /// What a scripted stand-in needs to be right or wrong on purpose.
    fn aside(&self, item: &Item) -> Aside {
        let text = |value: &Value| -> Arc<str> { self.kind.answer_text(&self.task, value).into() };
        let cell = self.gold.as_ref().and_then(|column| item.fields.get(column));
        let gold = cell.and_then(|cell| self.kind.read_gold(&self.task, item, cell).ok());
        let ids = self.task.schema.ids();
        let one = |label| match self.shape() {
            Shape::Choice => Some(Value::Choice(label)),
            Shape::Choices => Some(Value::choices(vec![label])),
            Shape::Spans => None,
        };
        let others = ids.filter_map(one).filter(|value| Some(value) != gold.as_ref());
        Aside {
            key: item.id.shared(),
            truth: gold.as_ref().map(text),
            wrong: others.map(|value| text(&value)).collect(),
        }
    }
}

/// The name of a role in prompts and hashes.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn provider(setup: &Setup, spec: &AnnotatorSpec) -> Result<Provider> {
    let options = ProviderOptions {
        base_url: spec.base_url.clone(),
        answers: spec.answers.as_ref().map(|file| setup.path(file)),
        key_env: None,
        folder: Some(setup.folder.clone()),
        timeout: Duration::from_secs(u64::from(spec.timeout_s)),
        limiters: Arc::clone(&setup.limiters),
    };
    karat_llm::provider(&spec.model, &options).map_err(|error| Error::invalid(error.to_string()))
}

/// What a call costs: by the price that is named, or by that of the model; recorded answers cost what is named alone.
fn price(setup: &Setup, spec: &AnnotatorSpec, provider: &Provider) -> Option<Price> {
    match spec.price.as_deref().and_then(|name| name.split_once('/')) {
        Some((endpoint, model)) => setup.prices.find(endpoint, model),
        None if provider.nature().is_live() => setup.prices.find(&provider.endpoint, &provider.model),
        None => None,
    }
}

fn settings(spec: &AnnotatorSpec) -> Settings {
    let default_temperature = if spec.samples > 1 { SAMPLING_TEMPERATURE } else { 0.0 };
    Settings {
        temperature: Some(spec.temperature.unwrap_or(default_temperature)),
        logprobs: spec.logprobs && spec.samples == 1,
        top_logprobs: if spec.logprobs && spec.samples == 1 { TOP_LOGPROBS } else { 0 },
        reasoning_effort: spec.reasoning_effort.clone(),
        extra: spec.extra.clone(),
        ..Settings::new(spec.max_tokens)
    }
}

/// A recording that changed is another annotator: the hash of its file.
fn answers_identity(setup: &Setup, spec: &AnnotatorSpec) -> Result<String> {
    let Some(file) = &spec.answers else {
        return Ok(String::new());
    };
    let path = setup.path(file);
    let bytes = std::fs::read(&path).map_err(|error| {
        Error::not_found(format!("cannot read the answers `{}`", path.display())).because(error)
    })?;
    Ok(format!(" {}", Hash::of(&bytes)))
}

fn read_template(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        Error::not_found(format!("cannot read the template `{}`", path.display())).because(error)
    })
}
