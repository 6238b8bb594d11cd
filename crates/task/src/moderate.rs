//! What a moderator is asked: to decide between answers that differ, with a reason.
//!
//! In: the task, an item, the answers of others with their reasons. Out: messages in which the answers have no names and
//! stand in an order shuffled by a seed; the answer has the form of the task's own, its reason first. What makes one answer
//! better is written into the prompt. Not here: when a moderator is asked.

use karat_core::{Hasher, Note, Outcome, Unusable};
use karat_llm::{Message, Role};

use crate::answer::clean::clean;
use crate::answer::json::{Parsed, find_all};
use crate::kind::Reading;
use crate::language::Words;

/// What one annotator said, for a moderator to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// The answer as the task's kind writes it; `None` where the annotator could not tell.
    pub answer: Option<String>,
    /// Why, in the annotator's words, where it said so.
    pub reason: Option<String>,
}

/// Puts the answers of others below the item, in an order that `seed` and the item decide.
pub(crate) fn with_opinions(
    words: &Words,
    mut messages: Vec<Message>,
    opinions: &[Opinion],
    (seed, item): (u64, &str),
) -> Vec<Message> {
    let mut order: Vec<usize> = (0..opinions.len()).collect();
    order.sort_by_key(|n| {
        Hasher::default().part(seed.to_le_bytes()).part(item).part((*n as u64).to_le_bytes()).finish().0
    });
    let (heading, one) = words.answers;
    let mut text = format!("\n\n{heading}");
    for (place, n) in order.into_iter().enumerate() {
        let Opinion { answer, reason } = &opinions[n];
        let said = answer.as_deref().unwrap_or(words.cannot_tell);
        text.push_str(&format!("\n{one} {}: {said}", place + 1));
        if let Some(reason) = reason {
            text.push_str(&format!("\n{}: {reason}", words.reason));
        }
    }
    if let Some(last) = messages.last_mut().filter(|it| it.role == Role::User) {
        *last = Message::new(Role::User, format!("{}{text}", last.content));
    }
    messages
}

/// A reading of a moderator's answer: a label without a reason is not taken.
pub fn with_reason(reading: Reading, answer: &str) -> Reading {
    if !matches!(reading.outcome, Outcome::Labeled(_)) || reason_of(answer).is_some() {
        return reading;
    }
    let notes: Vec<Note> = reading.notes;
    Reading::unusable(Unusable::WrongShape { got: "the moderator gave no reason".into() }, notes)
}

/// The reason that an answer gives, before or after its label; `None` where there is none.
///
/// ```
/// assert_eq!(karat_task::reason_of(r#"{"reason": "It thanks them.", "label": "positive"}"#).as_deref(), Some("It thanks them."));
/// assert_eq!(karat_task::reason_of("positive"), None);
/// ```
pub fn reason_of(answer: &str) -> Option<String> {
    let cleaned = clean(answer);
    let found = find_all(cleaned.text);
    let reason = |parsed: &Parsed| {
        ["reason", "explanation", "reasoning"].iter().find_map(|key| {
            let words = parsed.value.get(key)?.as_str()?.trim();
            (!words.is_empty()).then(|| words.to_owned())
        })
    };
    found.iter().find_map(reason)
}

#[cfg(test)]
mod tests {
    use karat_core::PromptLanguage;

    use super::*;
    use crate::language::words;

    fn asked(item: &str, seed: u64) -> String {
        let opinion = |answer: Option<&str>, reason: Option<&str>| Opinion {
            answer: answer.map(str::to_owned),
            reason: reason.map(str::to_owned),
        };
        let opinions = [opinion(Some("A"), Some("because")), opinion(Some("B"), None), opinion(None, None)];
        let messages = vec![Message::new(Role::System, "s"), Message::new(Role::User, "the item")];
        let got = with_opinions(words(PromptLanguage::En), messages, &opinions, (seed, item));
        got[1].content.to_string()
    }

    #[test]
    fn every_opinion_is_shown_without_a_name_in_an_order_of_its_item() {
        let orders: std::collections::HashSet<String> = (0..40).map(|n| asked(&n.to_string(), 0)).collect();
        assert_eq!(orders.len(), 6, "all orders of three occur");
        assert_eq!(asked("7", 3), asked("7", 3));
        let text = asked("7", 0);
        for part in
            ["the item\n\nThe answers, in no particular order:", "A\nReason: because", "(cannot tell)"]
        {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_verdict_without_a_reason_is_not_taken() {
        let schema = karat_core::LabelSchema::of(&["x"]).unwrap();
        let value = karat_core::Value::Choice(schema.by_name("x").unwrap());
        let reading = |answer: &str| with_reason(Reading::labeled(value.clone(), Vec::new()), answer).outcome;
        assert!(matches!(reading(r#"{"reason": "It says so.", "label": "x"}"#), Outcome::Labeled(_)));
        for bare in [r#"{"label": "x"}"#, r#"{"reason": " ", "label": "x"}"#, "x"] {
            assert!(matches!(reading(bare), Outcome::Unusable(_)), "{bare}");
        }
    }
}
