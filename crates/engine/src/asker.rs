//! An annotator made ready: its prompt compiled, its provider opened, its identity fixed.
//!
//! In: an annotator of `karat.toml` and the task. Out: questions for items, requests for questions, and the hashes under
//! which both are kept. Nothing is sent here.

mod inspect;
mod question;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use karat_core::{
    Annotator, AnnotatorKind, AnnotatorSpec, Error, Hash, Hasher, Item, Result, Role as Duty, Scoring, Shape,
    Task, Value,
};
use karat_llm::{
    AnswerFormat, Aside, Batches, Complete, Message, ModelRequest, Nature, Price, Provider, ProviderOptions,
    RetryPolicy, Role, Settings,
};
use karat_task::{Inquiry, PromptStyle, Prompter, TaskKind, View};
use serde_json::json;

pub(crate) use inspect::labelers;

use crate::corrected;
use crate::privacy::Privacy;
use crate::scoring::Scorer;
use crate::setup::Setup;
use crate::shots::Shots;
use crate::standby::{self, Standby};
use crate::wrong::wrong;

/// How many alternatives are asked for beside each token, where token probabilities are asked for.
const TOP_LOGPROBS: u8 = 5;

/// The temperature where several samples are wanted and none is given: samples must differ to be votes.
const SAMPLING_TEMPERATURE: f64 = 0.7;

pub(crate) use question::Position;
pub use question::{Asked, Question};

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
    /// Who answers in its place where its endpoint is down, in this order.
    pub standbys: Vec<Standby>,
    pub(crate) kind: &'static dyn TaskKind,
    pub(crate) task: Arc<Task>,
    pub(crate) prompter: Prompter,
    pub(crate) inquiry: Inquiry,
    shots: Shots,
    privacy: Option<Arc<Privacy>>,
    pub(crate) model: Arc<dyn Complete>,
    pub(crate) scorer: Scorer,
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
        let shots = Shots::new(setup, spec);
        let prompter = Prompter::new(&setup.task, setup.kind, &style(setup, spec)?)?;
        // A recording has one answer for each item, whatever is shown of it; who judges sees the whole item and decides once.
        let is_whole = matches!(nature, Nature::Replayed { .. }) || spec.role != Duty::Annotator;
        let inquiry = match is_whole {
            true => Inquiry::whole(Arc::clone(&setup.task), setup.kind),
            false => Inquiry::new(Arc::clone(&setup.task), setup.kind, setup.long.clone())?,
        };
        let (task, kind) = answered(setup, spec)?;
        let scorer = Scorer::new(spec, &task, kind, &nature)?;
        corrected::check(spec, kind.shape())?;
        let settings = settings(spec);
        let settings_json = serde_json::to_string(&settings)
            .map_err(|error| Error::bug("settings do not serialize").because(error))?;
        let identity = if nature.is_live() { String::new() } else { answers_identity(setup, spec)? };
        let endpoint = format!("{}{identity}", standby::endpoint(&provider));
        let standbys = standby::open(setup, spec, &provider)?;
        // Who may have answered is a part of who it is, and of which answers may be used again.
        let list: Vec<_> = standbys.iter().map(Standby::endpoint).collect();
        let fallback = if list.is_empty() { String::new() } else { format!(",\"fallback\":{}", json!(list)) };
        let annotator = Annotator {
            kind: annotator_kind(&nature),
            name: spec.display_name().to_owned(),
            model: endpoint.clone(),
            prompt: shots.version(setup.version(prompter.version())),
            settings: how_asked(spec, &settings_json, &list),
        };
        let format =
            AnswerFormat::JsonSchema { name: "answer".into(), schema: Arc::clone(prompter.answer_format()) };
        let format_json = prompter.answer_format().to_string();
        let base = format!("{endpoint}{fallback}");
        let base = Hasher::default().part(base).part(&settings_json).part(&format_json).finish();
        Ok(Self {
            id: annotator.id(),
            price: price(setup, spec, &provider),
            system: Hash::of(prompter.system().as_bytes()),
            annotator,
            spec: spec.clone(),
            kind,
            task,
            inquiry,
            shots,
            privacy: setup.privacy.clone(),
            prompter,
            model: match &scorer {
                Scorer::Likely(_) => scorer.model(&provider),
                Scorer::Answer | Scorer::Check(_) => standby::behind(&provider, &spec.model, &standbys),
            },
            scorer,
            standbys,
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

    /// What a call costs, by who answers it: 0 is the first endpoint, `n` the `n`th that stands in for it.
    pub(crate) fn price_of(&self, by: u32) -> Option<&Price> {
        match by.checked_sub(1) {
            None => self.price.as_ref(),
            Some(n) => self.standbys.get(n as usize).and_then(|it| it.price.as_ref()),
        }
    }

    /// The most that a call can cost, whoever answers it; `None` where nobody has a price.
    pub(crate) fn most_cost(&self, request: &ModelRequest) -> Option<karat_llm::MicroUsd> {
        let prices = (0..=self.standbys.len()).filter_map(|by| self.price_of(by as u32));
        prices.map(|price| price.upper_bound(request.prompt_bytes(), request.settings.max_tokens)).max()
    }

    /// Who of those it may ask has no price, where a model runs now.
    pub(crate) fn without_price(&self) -> Option<&str> {
        let first = self.price.is_none().then_some(self.annotator.name.as_str());
        let other = self.standbys.iter().find(|it| it.price.is_none()).map(|it| it.spec.as_str());
        first.or(other).filter(|_| self.nature().is_live())
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

    /// How many calls an item takes, as far as can be told before the first; for one sample.
    pub(crate) fn n_calls(&self, question: &Question) -> u64 {
        match self.scorer {
            Scorer::Answer => self.inquiry.n_calls(&question.item),
            Scorer::Check(_) => self.inquiry.n_calls(&question.item) + 1,
            Scorer::Likely(_) => question.asked.len() as u64,
        }
    }

    /// The identities of all that is asked first: each view, as often as it is sampled.
    pub(crate) fn requests(&self, question: &Question) -> Vec<Hash> {
        self.first_calls(question).map(|(request, ..)| request).collect()
    }

    /// All that is asked first, with its identity, its view and the number of the sample.
    pub(crate) fn first_calls<'q>(
        &self,
        question: &'q Question,
    ) -> impl Iterator<Item = (Hash, &'q Asked, u32)> {
        let id = question.item.id.as_str();
        question.asked.iter().flat_map(move |asked| {
            (0..self.spec.samples).map(move |n| match n {
                0 => (asked.request, asked, 0),
                _ => (self.request_hash(&asked.messages, n, id), asked, n),
            })
        })
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
        (view, truth): (&View, Option<&Arc<str>>),
        messages: Vec<Message>,
        sample: u32,
    ) -> ModelRequest {
        let is_scripted = self.annotator.kind == AnnotatorKind::Scripted;
        let aside = match (is_scripted, self.inspects()) {
            (false, _) => Aside::default(),
            (true, false) => self.aside(item, view),
            (true, true) => self.aside_of_verdict(truth),
        };
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
        let text = |value: &Value| -> Arc<str> { self.kind.answer_text(&view.task, value).into() };
        let cell = self.gold.as_ref().and_then(|column| item.fields.get(column));
        let gold = cell.and_then(|cell| self.kind.read_gold(&self.task, item, cell).ok());
        let here = gold.as_ref().and_then(|value| self.inquiry.right_for(view, value));
        let others = wrong(&view.task, self.shape(), here.as_ref());
        Aside {
            key: item.id.shared(),
            truth: here.as_ref().map(text),
            wrong: others.iter().map(text).collect(),
        }
    }
}

/// How the model is asked, as a part of who answers: samples, what is sent, and what else was chosen.
fn how_asked(spec: &AnnotatorSpec, request: &str, fallback: &[String]) -> String {
    let usual = AnnotatorSpec::of("");
    let mut more = serde_json::Map::new();
    if spec.scoring != usual.scoring {
        more.insert("scoring".into(), serde_json::json!(spec.scoring));
    }
    if let Some(method) = &spec.correct {
        more.insert("correct".into(), serde_json::json!(method));
    }
    // Who may have answered is a part of who it is.
    if !fallback.is_empty() {
        more.insert("fallback".into(), serde_json::json!(fallback));
    }
    let mut how = format!("{{\"samples\":{},\"request\":{request}", spec.samples);
    for (name, value) in more {
        how.push_str(&format!(",\"{name}\":{value}"));
    }
    how.push('}');
    how
}

/// The task that is answered: an inspector reads that of the others and answers another.
fn answered(setup: &Setup, spec: &AnnotatorSpec) -> Result<(Arc<Task>, &'static dyn TaskKind)> {
    if spec.role != Duty::Inspector {
        return Ok((Arc::clone(&setup.task), setup.kind));
    }
    if spec.scoring != Scoring::Answer || spec.correct.is_some() {
        return Err(Error::invalid("`scoring` and `correct` are for labels, and an inspector gives none")
            .hint("leave them out"));
    }
    let (task, kind) = karat_task::verdict_task(&setup.task)?;
    Ok((Arc::new(task), kind))
}

fn annotator_kind(nature: &Nature) -> AnnotatorKind {
    match nature {
        Nature::Live => AnnotatorKind::Model,
        Nature::Replayed { .. } => AnnotatorKind::Replay,
        Nature::Scripted { .. } => AnnotatorKind::Scripted,
    }
}

fn style(setup: &Setup, spec: &AnnotatorSpec) -> Result<PromptStyle> {
    Ok(PromptStyle {
        reasoning: spec.reasoning,
        state_confidence: spec.state_confidence,
        explain: spec.explain,
        language: spec.language,
        system: spec.system.clone(),
        moderates: spec.role == Duty::Moderator,
        inspects: spec.role == Duty::Inspector,
        template: spec.template.as_ref().map(|file| read_template(&setup.path(file))).transpose()?,
    })
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
