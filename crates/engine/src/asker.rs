//! An annotator made ready: its prompt compiled, its provider opened, its identity fixed.
//!
//! In: an annotator of `karat.toml` and the task. Out: questions for items, requests for questions, and the hashes under
//! which both are kept. Nothing is sent here.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use karat_core::{
    Annotator, AnnotatorKind, AnnotatorSpec, Error, Hash, Hasher, Item, Result, Role as Duty, Shape, Task,
    Value,
};
use karat_llm::{
    AnswerFormat, Aside, Complete, Message, ModelRequest, Nature, Price, Provider, ProviderOptions,
    RetryPolicy, Role, Settings,
};
use karat_store::CachedAnswer;
use karat_task::{Inquiry, Opinion, PromptStyle, Prompter, Shown, Step, TaskKind, View};

use tokio::sync::Mutex as AsyncMutex;

use crate::privacy::{Privacy, Unmask};
use crate::setup::Setup;
use crate::shots::Shots;

/// How many alternatives are asked for beside each token, where token probabilities are asked for.
const TOP_LOGPROBS: u8 = 5;

/// How many wrong answers a scripted stand-in may draw from.
const N_WRONG: usize = 100;

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
    pub(crate) inquiry: Inquiry,
    shots: Shots,
    privacy: Option<Arc<Privacy>>,
    pub(crate) model: Arc<dyn Complete>,
    pub(crate) retry: RetryPolicy,
    model_name: Arc<str>,
    settings: Arc<Settings>,
    format: AnswerFormat,
    base: Hash,
    pub(crate) system: Hash,
    gold: Option<String>,
}

/// One item to be asked, with its first messages rendered.
pub struct Question {
    /// The item.
    pub item: Arc<Item>,
    /// The hash of what is shown of it.
    pub input: Hash,
    /// What is asked first: mostly one view of the item.
    pub asked: Vec<Asked>,
    /// The identity of the first sample of the first view.
    pub request: Hash,
    pub(crate) cached: Option<CachedAnswer>,
    /// Whether another item with the same question was under way when this one was looked up.
    pub(crate) twin: bool,
    /// Whose turn it is among items with the same question.
    pub(crate) turn: Option<Arc<AsyncMutex<()>>>,
}

/// What another annotator said of an item, for a moderator to judge.
#[derive(Debug, Clone)]
pub(crate) struct Position {
    /// Its label; `None` where it could not tell.
    pub(crate) value: Option<Value>,
    /// Why, where it said so.
    pub(crate) reason: Option<String>,
}

/// One view of an item, as it is sent.
pub struct Asked {
    /// What is shown, and what may be answered.
    pub view: View,
    /// What is sent.
    pub messages: Vec<Message>,
    /// The identity of the first sample.
    pub request: Hash,
    /// Puts back what was hidden.
    pub(crate) unmask: Option<Unmask>,
}

impl Question {
    /// What is sent first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.asked.iter().flat_map(|asked| &asked.messages)
    }
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
            explain: spec.explain,
            language: spec.language,
            system: spec.system.clone(),
            moderates: spec.role == Duty::Moderator,
            template: spec.template.as_ref().map(|file| read_template(&setup.path(file))).transpose()?,
        };
        let shots = Shots::new(setup, spec);
        let task = Arc::clone(&setup.task);
        let prompter = Prompter::new(&task, setup.kind, &style)?;
        // A recording has one answer for each item, whatever is shown of it; a moderator sees the whole item and decides once.
        let is_whole = matches!(nature, Nature::Replayed { .. }) || spec.role == Duty::Moderator;
        let inquiry = match is_whole {
            true => Inquiry::whole(Arc::clone(&task), setup.kind),
            false => Inquiry::new(Arc::clone(&task), setup.kind, setup.long.clone())?,
        };
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
            prompt: shots.version(prompter.version()),
            settings: format!("{{\"samples\":{},\"request\":{settings_json}}}", spec.samples),
        };
        let format =
            AnswerFormat::JsonSchema { name: "answer".into(), schema: Arc::clone(prompter.answer_format()) };
        let format_json = prompter.answer_format().to_string();
        let base = Hasher::default().part(&endpoint).part(&settings_json).part(&format_json).finish();
        Ok(Self {
            id: annotator.id(),
            price: price(setup, spec, &provider),
            system: Hash::of(prompter.system().as_bytes()),
            annotator,
            spec: spec.clone(),
            kind: setup.kind,
            task,
            inquiry,
            shots,
            privacy: setup.privacy.clone(),
            prompter,
            model: provider.limited(),
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

    /// Whether it decides between the answers of others.
    pub fn moderates(&self) -> bool {
        self.spec.role == Duty::Moderator
    }

    /// The question for an item, with what others said of it, to decide between.
    pub(crate) fn moderation(&self, item: Item, input: Hash, heard: &[Position]) -> Result<Question> {
        let mut question = self.question(item, input)?;
        let id = question.item.id.clone();
        for asked in &mut question.asked {
            let opinion = |it: &Position| {
                let answer = it.value.as_ref().map(|value| self.kind.answer_text(&asked.view.task, value));
                let hidden = |text: String| match &asked.unmask {
                    Some(unmask) => unmask.hide(&text),
                    None => text,
                };
                Opinion { answer: answer.map(hidden), reason: it.reason.clone().map(hidden) }
            };
            let opinions: Vec<Opinion> = heard.iter().map(opinion).collect();
            let messages = std::mem::take(&mut asked.messages);
            asked.messages = self.prompter.with_opinions(messages, &opinions, 0, id.as_str());
            asked.request = self.request_hash(&asked.messages, 0, id.as_str());
        }
        question.request = question.asked.first().map_or(input, |asked| asked.request);
        Ok(question)
    }

    /// The question for an item.
    pub fn question(&self, item: Item, input: Hash) -> Result<Question> {
        let item = Arc::new(item);
        let mut question = Question {
            item: Arc::clone(&item),
            input,
            asked: Vec::new(),
            request: input,
            cached: None,
            twin: false,
            turn: None,
        };
        if let Step::Ask(views) = self.inquiry.next(&item, &[]) {
            question.asked =
                views.into_iter().map(|view| self.asked(&question, view)).collect::<Result<_>>()?;
        }
        question.request = question.asked.first().map_or(input, |asked| asked.request);
        Ok(question)
    }

    /// A view made ready to send: personal data hidden, worked examples chosen.
    pub(crate) fn asked(&self, question: &Question, view: View) -> Result<Asked> {
        let near = self.shots.near(&self.task, &view.item)?;
        // At one level of a taxonomy, an example of another branch is none.
        let examples =
            near.into_iter().filter_map(|(item, value)| Some((item, self.inquiry.example(&view, value)?)));
        let (messages, unmask) = match &self.privacy {
            Some(privacy) => {
                let shots = examples.map(|(item, value)| {
                    let (hidden, unmask) = privacy.hide(&view.task, item);
                    let shown = self.prompter.shown(&view.task, &hidden, &value)?;
                    Ok(Shown { answer: unmask.hide(&shown.answer), ..shown })
                });
                let shots = shots.collect::<Result<Vec<_>>>()?;
                let (hidden, unmask) = privacy.hide(&self.task, &view.item);
                let shown = View { item: Arc::new(hidden), ..view.clone() };
                (self.prompter.messages(&shown, &shots)?, Some(unmask))
            }
            None => {
                let shots = examples.map(|(item, value)| self.prompter.shown(&view.task, item, &value));
                (self.prompter.messages(&view, &shots.collect::<Result<Vec<_>>>()?)?, None)
            }
        };
        let request = self.request_hash(&messages, 0, question.item.id.as_str());
        Ok(Asked { view, messages, request, unmask })
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

    pub(crate) fn request(
        &self,
        item: &Item,
        view: &View,
        messages: Vec<Message>,
        sample: u32,
    ) -> ModelRequest {
        let is_scripted = self.annotator.kind == AnnotatorKind::Scripted;
        let aside = if is_scripted { self.aside(item, view) } else { Aside::default() };
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
    fn aside(&self, item: &Item, view: &View) -> Aside {
        let text = |value: &Value| -> Option<Arc<str>> {
            let here = self.inquiry.truth(view, value)?;
            Some(self.kind.answer_text(&view.task, &here).into())
        };
        let cell = self.gold.as_ref().and_then(|column| item.fields.get(column));
        let gold = cell.and_then(|cell| self.kind.read_gold(&self.task, item, cell).ok());
        let one = |label| match self.shape() {
            Shape::Choice => Some(Value::Choice(label)),
            Shape::Choices => Some(Value::choices(vec![label])),
            _ => None,
        };
        // A few wrong answers are enough to draw from.
        let others = self.task.schema.ids().filter_map(one).filter(|value| Some(value) != gold.as_ref());
        let truth = gold.as_ref().and_then(text);
        // Two labels of a taxonomy have one answer at the level that they have in common.
        let wrong = others.filter_map(|value| text(&value)).filter(|it| Some(it) != truth.as_ref());
        Aside { key: item.id.shared(), wrong: wrong.take(N_WRONG).collect(), truth }
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
        headers: spec.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        ca_file: spec.ca_file.as_ref().map(|file| setup.path(file)),
        proxy: spec.proxy.clone(),
        ..ProviderOptions::default()
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
        stop: spec.stop.clone(),
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
