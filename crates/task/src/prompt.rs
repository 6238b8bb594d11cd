//! What a model is told: one system message for all items of an annotator, and the item by itself.
//!
//! In: a task, its kind, a style. Out: a [`Prompter`], compiled once. The system message is the same `Arc` for every
//! item, so that a provider's prompt cache can hold it; the item comes last, between marks that its text cannot close.
//! Values are inserted by the template engine, never read by it: braces in a guideline or an item are only braces.
//!
//! Not here: sending it.

use std::borrow::Cow;
use std::sync::Arc;

use karat_core::{Error, Hash, Hasher, Item, Result, Task};
use karat_llm::{Message, Role};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde_json::Value as Json;

use crate::kind::{PromptStyle, TaskKind};
use crate::shots;

const SYSTEM: &str = include_str!("../prompts/system.jinja");

/// How an item is written, as a version: a change here is another prompt.
const ITEM_FORM: &str = "fields, then item, between numbered marks; 1";

/// Renders the prompts of one annotator.
pub struct Prompter {
    task: Task,
    system: Arc<str>,
    format: Json,
    version: Hash,
}

impl Prompter {
    /// Compiles the templates, checks the worked examples and renders the system message.
    ///
    /// An error where the template is broken, or a worked example does not read as its own answer.
    pub fn new(task: &Task, kind: &dyn TaskKind, style: &PromptStyle) -> Result<Self> {
        let template = style.template.as_deref().unwrap_or(SYSTEM);
        let format = kind.answer_format(task, style);
        let shots = shots::render(task, kind, style)?;
        let instructions = render(
            "instructions",
            kind.instructions(),
            context! { reasoning => style.reasoning, state_confidence => style.state_confidence, overlap => task.overlap },
        )?;
        let labels: Vec<_> = task
            .schema
            .specs()
            .iter()
            .map(|it| context! { name => &it.name, description => &it.description, examples => &it.examples })
            .collect();
        let shown: Vec<_> =
            shots.iter().map(|it| context! { item => &it.item, answer => &it.answer }).collect();
        let values = context! {
            kind => kind.id(), guideline => task.guideline.trim(), labels, instructions => instructions.trim(),
            shots => shown, reasoning => style.reasoning, state_confidence => style.state_confidence,
        };
        let system = render("system", template, values)?;
        let system = system.trim();
        let version = Hasher::default()
            .part(kind.id())
            .part(template)
            .part(kind.instructions())
            .part(ITEM_FORM)
            .part(system)
            .part(format.to_string())
            .finish();
        Ok(Self { task: task.clone(), system: system.into(), format, version })
    }

    /// The identity of all that is the same for every item: templates, guideline, labels, examples, style, format.
    pub fn version(&self) -> Hash {
        self.version
    }

    /// The JSON Schema of an answer.
    pub fn answer_format(&self) -> &Json {
        &self.format
    }

    /// The system message.
    pub fn system(&self) -> &Arc<str> {
        &self.system
    }

    /// The messages for an item; an error where it has no text.
    pub fn messages(&self, item: &Item) -> Result<Vec<Message>> {
        let Some(text) = item.text(&self.task.text) else {
            let message = format!("item `{}` has no text in column `{}`", item.id, self.task.text);
            return Err(Error::invalid(message));
        };
        let shown = show_item(&text, &self.task.context_of(item));
        Ok(vec![Message::new(Role::System, Arc::clone(&self.system)), Message::new(Role::User, shown)])
    }

    /// The messages that ask once more, with the problem named.
    pub fn ask_again(&self, messages: &[Message], answer: &str, problem: &str) -> Vec<Message> {
        let said = if answer.trim().is_empty() { "(no answer)" } else { answer };
        let again = format!(
            "Your answer could not be used as it is: {problem}.\nAnswer once more for the same item, complete, as JSON in the form described, and with nothing else."
        );
        let more = [Message::new(Role::Assistant, said), Message::new(Role::User, again)];
        messages.iter().cloned().chain(more).collect()
    }
}

/// An item as a model sees it: the further fields by name, then the text, between marks that no text closes.
pub(crate) fn show_item(text: &str, fields: &[(&str, Cow<'_, str>)]) -> String {
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
    for (name, value) in fields {
        out.push_str(name);
        out.push_str(": ");
        out.push_str(value);
        out.push('\n');
    }
    if !fields.is_empty() {
        out.push_str("text: ");
    }
    out.push_str(text);
    out.push_str("\n</");
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
            .hint("a template may use `guideline`, `labels`, `instructions`, `shots`, `kind`, `reasoning` and `state_confidence`")
    };
    env.add_template(name, template).map_err(broken)?;
    env.get_template(name).and_then(|it| it.render(values)).map_err(broken)
}

#[cfg(test)]
mod tests;
