//! What an inspector is asked: whether one answer follows the guideline, with a reason.
//!
//! In: the task of the others, an item, the answer that is to stand with its reason. Out: messages that show it below the item;
//! and the task of the verdict, whose labels are `follows` and `contradicts` and no others. Not here: which answer is to stand.

use karat_core::{LabelSchema, Note, PromptLanguage, Result, Task};
use karat_llm::{Message, Role};
use serde_json::{Value as Json, json};

use crate::kind::{PromptStyle, Reading, TaskKind};
use crate::kinds::{Classify, frame};
use crate::language::{Words, of};
use crate::moderate::Opinion;

/// The key of a verdict in an answer.
const VERDICT: &str = "verdict";

/// The labels of a verdict: the answer follows the guideline, or contradicts it.
pub const VERDICTS: [&str; 2] = ["follows", "contradicts"];

/// The task of a verdict over items of `task`, and its kind: the same items, other labels, no worked examples.
///
/// ```
/// use karat_core::{LabelSpec, Task};
/// let task = Task::of("spans", vec![LabelSpec::named("PER")], "text").unwrap();
/// let (verdict, kind) = karat_task::verdict_task(&task).unwrap();
/// assert_eq!(verdict.schema.names().collect::<Vec<_>>(), ["follows", "contradicts"]);
/// assert_eq!(kind.id(), "classify");
/// ```
pub fn verdict_task(task: &Task) -> Result<(Task, &'static dyn TaskKind)> {
    let schema = LabelSchema::of(&VERDICTS)?;
    let kind: &'static dyn TaskKind = &Classify;
    let own =
        Task { kind: kind.id().to_owned(), schema, shots: Vec::new(), parts: Vec::new(), ..task.clone() };
    Ok((own, kind))
}

/// A reading of a verdict: that it stands under the key that was asked for is no leniency.
pub fn as_verdict(mut reading: Reading) -> Reading {
    let is_own = |note: &Note| matches!(note, Note::Reshaped { what } if what.starts_with("`verdict` for"));
    reading.notes.retain(|note| !is_own(note));
    reading
}

pub(crate) fn answer_format(style: &PromptStyle) -> Json {
    let [follows, contradicts] = VERDICTS;
    frame(style, VERDICT, json!({"type": ["string", "null"], "enum": [follows, contradicts, null]}))
}

pub(crate) fn instructions(language: PromptLanguage) -> &'static str {
    of(
        language,
        &[
            include_str!("../prompts/en/inspect.jinja"),
            include_str!("../prompts/ru/inspect.jinja"),
            include_str!("../prompts/zh/inspect.jinja"),
        ],
    )
}

/// Puts the answer that is to stand below the item.
pub(crate) fn with_given(words: &Words, mut messages: Vec<Message>, given: &Opinion) -> Vec<Message> {
    let said = given.answer.as_deref().unwrap_or(words.cannot_tell);
    let mut text = format!("\n\n{}\n{said}", words.given);
    if let Some(reason) = &given.reason {
        text.push_str(&format!("\n{}: {reason}", words.reason));
    }
    if let Some(last) = messages.last_mut().filter(|it| it.role == Role::User) {
        *last = Message::new(Role::User, format!("{}{text}", last.content));
    }
    messages
}

#[cfg(test)]
mod tests {
    use karat_core::{LabelSpec, Outcome};

    use super::*;
    use crate::kind::RawAnswer;
    use crate::kinds::item_of;
    use crate::prompt::Prompter;

    fn task() -> Task {
        let labels = ["PER", "LOC"].map(LabelSpec::named).to_vec();
        Task { guideline: "Mark people.".to_owned(), ..Task::of("spans", labels, "text").unwrap() }
    }

    #[track_caller]
    fn check(answer: &str, want: &str) {
        let (own, kind) = verdict_task(&task()).unwrap();
        let reading = as_verdict(kind.read_answer(&own, &item_of("text", "Bob"), &RawAnswer::of(answer)));
        let got = match &reading.outcome {
            Outcome::Labeled(value) => value.to_json(&own.schema).as_str().unwrap().to_owned(),
            other => other.kind().to_string(),
        };
        assert_eq!(got, want, "{answer}");
        assert!(reading.notes.is_empty() || want == "unusable", "{answer}: {:?}", reading.notes);
    }

    #[test]
    fn a_verdict_is_one_of_two_words_or_none() {
        check(r#"{"reason": "Bob is a person.", "verdict": "follows"}"#, "follows");
        check(r#"{"reason": "Rule 2.", "verdict": "contradicts"}"#, "contradicts");
        check(r#"{"reason": "Unclear.", "verdict": null}"#, "abstained");
        check(r#"{"reason": "Bob.", "verdict": "PER"}"#, "unusable");
        check("", "unusable");
    }

    #[test]
    fn the_prompt_has_the_guideline_and_the_labels_and_asks_for_a_verdict_in_each_language() {
        for (language, words) in [
            (PromptLanguage::En, "careful inspector"),
            (PromptLanguage::Ru, "внимательный проверяющий"),
            (PromptLanguage::Zh, "细心的审核员"),
        ] {
            let style = PromptStyle { inspects: true, language, ..PromptStyle::default() };
            let prompter = Prompter::new(&task(), crate::kind("spans").unwrap(), &style).unwrap();
            for part in [words, "Mark people.", "- LOC", "\"reason\"", "\"verdict\"", "contradicts"] {
                assert!(prompter.system().contains(part), "{part}: {}", prompter.system());
            }
            assert!(!prompter.system().contains("quote"), "{}", prompter.system());
            assert_eq!(prompter.answer_format()["required"], json!(["reason", "verdict"]));
        }
    }

    #[test]
    fn the_answer_to_check_stands_below_the_item_with_its_reason() {
        let given = Opinion { answer: Some("{\"label\": \"x\"}".into()), reason: Some("because".into()) };
        let messages = vec![Message::new(Role::System, "s"), Message::new(Role::User, "the item")];
        let got = with_given(crate::language::words(PromptLanguage::En), messages, &given);
        assert_eq!(&*got[1].content, "the item\n\nThe answer to check:\n{\"label\": \"x\"}\nReason: because");
    }
}
