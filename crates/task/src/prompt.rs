//! What a model is told: one system message for all items of an annotator, and the item by itself.
//!
//! In: a task, its kind, a style. Out: a [`Prompter`], compiled once. The system message is the same `Arc` for every
//! item, so that a provider's prompt cache can hold it; the item comes last, between marks that its text cannot close.
//! Values are inserted by the template engine, never read by it: braces in a guideline or an item are only braces.
//!
//! Not here: sending it.

use std::borrow::Cow;
use std::sync::Arc;

use karat_core::{Error, Hash, Hasher, Item, LabelSpec, Result, Task, Value};
use karat_llm::{Message, Role};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde_json::Value as Json;

use crate::inquiry::View;
use crate::inquiry::shortlist::{MAX_LISTED, lists_all};
use crate::inspect;
use crate::kind::{PromptStyle, ShotStyle, TaskKind};
use crate::language::{Words, words};
use crate::moderate::{Opinion, with_opinions};
use crate::shots::{self, Shown};

/// How an item is written, as a version: a change here is another prompt.
const ITEM_FORM: &str = "fields, then item, between numbered marks; 1";

/// Renders the prompts of one annotator.
pub struct Prompter {
    kind: &'static dyn TaskKind,
    words: &'static Words,
    style: PromptStyle,
    text: String,
    system: Arc<str>,
    format: Arc<Json>,
    version: Hash,
}

impl Prompter {
    /// Compiles the templates, checks the worked examples and renders the system message.
    ///
    /// An error where the template is broken, or a worked example does not read as its own answer.
    pub fn new(task: &Task, kind: &'static dyn TaskKind, style: &PromptStyle) -> Result<Self> {
        let words = words(style.language);
        let judges = style.moderates || style.inspects;
        let style = &PromptStyle { reasoning: style.reasoning || judges, ..style.clone() };
        let template = style.template.as_deref().unwrap_or(words.system);
        let (format, shots) = match style.inspects {
            true => (inspect::answer_format(style), Vec::new()),
            false => (kind.answer_format(task, style), shots::render(task, kind, style)?),
        };
        let instructions = instructions(task, kind, style)?;
        let guideline = guideline(task, kind, style)?;
        let listed = kind.lists_labels() && lists(task, kind, style);
        let labels = if listed { labels(task) } else { Vec::new() };
        // Level by level, each question has its own examples.
        let n_shown = if task.spec.levels.is_some() && !style.moderates { 0 } else { shots.len() };
        let shown: Vec<_> =
            shots[..n_shown].iter().map(|it| context! { item => &it.item, answer => &it.answer }).collect();
        let usual = match (style.moderates, style.inspects) {
            (true, _) => words.moderator,
            (_, true) => words.inspector,
            (false, false) => words.careful,
        };
        let careful = style.system.as_deref().unwrap_or(usual).trim();
        let values = context! {
            kind => kind.id(), guideline => guideline.trim(), labels, instructions => instructions.trim(),
            shots => shown, reasoning => style.reasoning, state_confidence => style.state_confidence,
            explain => style.explain, careful, listed => listed && !task.schema.is_empty(),
        };
        let system = render("system", template, values)?;
        let system = system.trim();
        let version = Hasher::default()
            .part(kind.id())
            .part(template)
            .part(template_of(kind, style))
            .part(ITEM_FORM)
            .part(system)
            .part(format.to_string())
            .finish();
        Ok(Self {
            kind,
            words,
            style: style.clone(),
            text: task.text.clone(),
            system: system.into(),
            format: Arc::new(format),
            version,
        })
    }

    /// The identity of all that is the same for every item: templates, guideline, labels, examples, style, format.
    pub fn version(&self) -> Hash {
        self.version
    }

    /// The JSON Schema of an answer.
    pub fn answer_format(&self) -> &Arc<Json> {
        &self.format
    }

    /// The system message.
    pub fn system(&self) -> &Arc<str> {
        &self.system
    }

    /// The messages for one view of an item, with the worked examples chosen for it; an error where it has no text.
    pub fn messages(&self, view: &View, shots: &[Shown]) -> Result<Vec<Message>> {
        let (task, item) = (&view.task, &view.item);
        let item_text = self.item(task, item)?;
        let mut user = String::new();
        for shot in shots {
            user.push_str(&format!("{}\n{}\n\n", shot.item, shot.answer));
        }
        if task.spec.levels.is_some() {
            for shot in shots::render(task, self.kind, &self.style)? {
                user.push_str(&format!("{}\n{}\n\n", shot.item, shot.answer));
            }
        }
        user.push_str(&offer(self.words, self.kind, view));
        user.push_str(&item_text);
        Ok(vec![Message::new(Role::System, Arc::clone(&self.system)), Message::new(Role::User, user)])
    }

    /// A labeled item as a worked example.
    pub fn shown(&self, task: &Task, item: &Item, value: &Value) -> Result<Shown> {
        let style = ShotStyle {
            // Not 1: models copy the number that they see.
            confidence: self.style.state_confidence.then_some(0.95),
            ..ShotStyle::default()
        };
        let answer = self.kind.shot_text(task, &task.text_of(item), value, &style);
        Ok(Shown { item: self.item(task, item)?, answer })
    }

    /// An item between its marks.
    fn item(&self, task: &Task, item: &Item) -> Result<String> {
        let shown = self.kind.shown(task, item, self.style.language);
        let text = item.text(&self.text);
        if text.is_none() && shown.is_empty() {
            let message = format!("item `{}` has no text in column `{}`", item.id, self.text);
            return Err(Error::invalid(message));
        }
        let mut fields = task.context_of(item);
        // An option is shown as a letter, never by the name of its column.
        fields.retain(|(name, _)| !task.spec.options.iter().any(|it| it == name));
        fields.extend(shown.iter().map(|(name, text)| (name.as_str(), Cow::Borrowed(text.as_str()))));
        Ok(show_item(text.as_deref(), &fields, self.words))
    }

    /// The same with the answers of others below the item, for a moderator: without names, in an order that `seed` and the
    /// item decide.
    pub fn with_opinions(
        &self,
        messages: Vec<Message>,
        opinions: &[Opinion],
        seed: u64,
        item: &str,
    ) -> Vec<Message> {
        with_opinions(self.words, messages, opinions, (seed, item))
    }

    /// The same with the answer that is to stand below the item, for an inspector.
    pub fn with_given(&self, messages: Vec<Message>, given: &Opinion) -> Vec<Message> {
        inspect::with_given(self.words, messages, given)
    }

    /// The messages that ask once more, with the problem named.
    pub fn ask_again(&self, messages: &[Message], answer: &str, problem: &str) -> Vec<Message> {
        let said = if answer.trim().is_empty() { self.words.no_answer } else { answer };
        let (before, after) = self.words.again;
        let more = [
            Message::new(Role::Assistant, said),
            Message::new(Role::User, format!("{before}{problem}{after}")),
        ];
        messages.iter().cloned().chain(more).collect()
    }
}

/// What a model must return, in words, with the frame of reason, confidence and explanation.
pub(crate) fn instructions(task: &Task, kind: &dyn TaskKind, style: &PromptStyle) -> Result<String> {
    let words = words(style.language);
    let when = |on: bool, text: &str| if on { text.to_owned() } else { String::new() };
    let values = context! {
        first => when(style.reasoning, words.first),
        open => format!("{{{}", when(style.reasoning, r#""reason": "...", "#)),
        close => format!(
            "{}{}}}",
            when(style.state_confidence, r#", "confidence": 0.0"#),
            when(style.explain, r#", "explanation": "...""#),
        ),
        after => when(style.state_confidence, words.confidence) + &when(style.explain, words.explanation),
        reasoning => style.reasoning, state_confidence => style.state_confidence, explain => style.explain,
        overlap => task.spec.overlap, offered => !lists(task, kind, style),
        labels => if lists(task, kind, style) { labels(task) } else { Vec::new() },
        ..minijinja::Value::from(minijinja::value::Serde(kind.particulars(task, style.language)))
    };
    render("instructions", template_of(kind, style), values)
}

fn template_of(kind: &dyn TaskKind, style: &PromptStyle) -> &'static str {
    match style.inspects {
        true => inspect::instructions(style.language),
        false => kind.instructions(style.language),
    }
}

/// The guideline; for an inspector with what the annotators were told, where the list of labels does not say it.
fn guideline(task: &Task, kind: &dyn TaskKind, style: &PromptStyle) -> Result<String> {
    let own = task.guideline.trim();
    if !style.inspects || kind.lists_labels() {
        return Ok(own.to_owned());
    }
    let plain = PromptStyle { language: style.language, ..PromptStyle::default() };
    let told = instructions(task, kind, &plain)?;
    Ok(format!("{own}\n\n{}\n{}", words(style.language).told, told.trim()))
}

/// The labels as templates see them.
fn labels(task: &Task) -> Vec<minijinja::Value> {
    let one = |it: &LabelSpec| context! { name => &it.name, description => &it.description, examples => &it.examples };
    task.schema.specs().iter().map(one).collect()
}

/// Whether the system message holds all labels: else they are offered with each item.
fn lists(task: &Task, kind: &dyn TaskKind, style: &PromptStyle) -> bool {
    let has_room = task.schema.len() <= MAX_LISTED;
    !kind.takes_shortlist() || (!kind.always_offers() && (lists_all(task) || (style.moderates && has_room)))
}

/// The labels offered with an item, one a line; empty where none are.
fn offer(words: &Words, kind: &dyn TaskKind, view: &View) -> String {
    let Some(offered) = &view.offered else { return String::new() };
    let mut out = match &view.within {
        None => format!("{}\n", words.labels),
        Some(within) => format!("{}{}{}\n", words.within.0, within.path, words.within.1),
    };
    for label in offered {
        let Some(spec) = view.task.schema.specs().get(label.index()) else { continue };
        out.push_str(&format!("- {}", spec.name));
        let about = match view.within.as_ref().and_then(|it| it.itself) == Some(*label) {
            true => words.itself.to_owned(),
            false => kind.about_label(spec),
        };
        if !about.is_empty() {
            out.push_str(&format!("{}{about}", words.colon));
        }
        if !spec.examples.is_empty() {
            let (open, between, close) = words.for_example;
            out.push_str(&format!("{open}{}{close}", spec.examples.join(between)));
        }
        out.push('\n');
    }
    out.push('\n');
    out
}

/// An item as a model sees it: the further fields by name, then the text, then fields without a name, which bring marks of
/// their own; all between marks that no text closes.
pub(crate) fn show_item(text: Option<&str>, fields: &[(&str, Cow<'_, str>)], words: &Words) -> String {
    let has_text = text.is_some();
    let text = text.unwrap_or_default();
    let taken = |n: usize| {
        let mark = if n == 0 { "</item>".to_owned() } else { format!("</item-{n}>") };
        text.contains(&mark) || fields.iter().any(|(_, value)| value.contains(&mark))
    };
    let n = (0..).find(|n| !taken(*n)).unwrap_or(0);
    let tag = if n == 0 { "item".to_owned() } else { format!("item-{n}") };
    let mut out = String::with_capacity(text.len() + 64);
    out.push('<');
    out.push_str(&tag);
    out.push_str(">\n");
    for (name, value) in fields.iter().filter(|(name, _)| !name.is_empty()) {
        out.push_str(name);
        out.push_str(": ");
        out.push_str(value);
        out.push('\n');
    }
    if has_text {
        if !fields.is_empty() {
            out.push_str(words.text);
        }
        out.push_str(text);
        out.push('\n');
    }
    for (_, block) in fields.iter().filter(|(name, _)| name.is_empty()) {
        out.push_str(block);
        out.push('\n');
    }
    out.push_str("</");
    out.push_str(&tag);
    out.push('>');
    out
}

fn render(name: &str, template: &str, values: minijinja::Value) -> Result<String> {
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let broken = |error: minijinja::Error| {
        let place = error.line().map_or(String::new(), |line| format!(" (line {line})"));
        Error::invalid(format!("the prompt template `{name}` does not work{place}: {error}"))
            .hint("a template may use `guideline`, `labels`, `instructions`, `shots`, `kind`, `reasoning`, `state_confidence` and `explain`")
    };
    env.add_template(name, template).map_err(broken)?;
    env.get_template(name).and_then(|it| it.render(values)).map_err(broken)
}

#[cfg(test)]
mod tests;
