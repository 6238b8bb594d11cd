//! What surrounds an answer and is none of it: reasoning blocks, template marks, code fences, made-up next questions.

use karat_core::Note;

use super::words::NEXT_TURN;

/// An answer without what is no part of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cleaned<'a> {
    pub(crate) text: &'a str,
    pub(crate) notes: Vec<Note>,
}

const THINKING: &[(&str, &str)] = &[
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("[THINK]", "[/THINK]"),
];

/// Marks of chat templates that some servers leave in the text.
const END_MARKS: &[&str] = &[
    "<|im_end|>",
    "<|eot_id|>",
    "<|end|>",
    "<|endoftext|>",
    "<|return|>",
    "<end_of_turn>",
    "</s>",
    "<eos>",
    "[/INST]",
];

/// Leaves out reasoning blocks and template marks. What follows the last block is the answer; an unfinished block has
/// no answer after it.
pub(crate) fn clean(text: &str) -> Cleaned<'_> {
    let mut notes = Vec::new();
    let mut text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if !text.contains(['<', '[']) {
        return Cleaned { text, notes };
    }
    let mut left_out = |what: &str| notes.push(Note::Reshaped { what: format!("{what} was left out") });
    let full = text;
    if let Some(at) = text.rfind("<|message|>") {
        text = &text[at + "<|message|>".len()..];
    }
    for (open, close) in THINKING {
        if let Some(at) = text.rfind(close) {
            text = &text[at + close.len()..];
        }
        if let Some(at) = text.find(open) {
            text = &text[..at];
        }
    }
    if text.len() != full.len() {
        left_out("a reasoning block");
    }
    let mut bare = text.trim();
    let whole = bare;
    while let Some(rest) = END_MARKS.iter().find_map(|mark| bare.strip_suffix(mark)) {
        bare = rest.trim_end();
    }
    if bare.len() != whole.len() {
        left_out("a mark of the chat template");
    }
    Cleaned { text: bare, notes }
}

/// The text inside a code fence that is the whole answer.
pub(crate) fn unfence(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("```")?;
    let inner = inner.strip_suffix("```").unwrap_or(inner);
    let (first, rest) = inner.split_once('\n').unwrap_or(("", inner));
    let is_language = first.trim().chars().all(|c| c.is_ascii_alphanumeric());
    Some(if is_language { rest.trim() } else { inner.trim() })
}

/// What stands before a made-up next question; `None` where there is none.
pub(crate) fn first_turn(text: &str) -> Option<&str> {
    let mut at = text.find('\n')?;
    let first = &text[..at];
    if first.trim().is_empty() {
        return None;
    }
    loop {
        let line = &text[at + 1..];
        let head: String = line.trim_start().chars().take(16).flat_map(char::to_lowercase).collect();
        if NEXT_TURN.iter().any(|mark| head.starts_with(mark)) {
            return Some(text[..at].trim_end());
        }
        at += 1 + line.find('\n')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_and_template_marks_are_left_out() {
        let got = clean("<think>positive? no.</think>\nnegative<|im_end|>\n");
        assert_eq!((got.text, got.notes.len()), ("negative", 2));
        assert_eq!(clean("so it is positive</think> negative").text, "negative");
        assert_eq!(clean("<think>it is positive").text, "");
        assert_eq!(
            clean("<|channel|>analysis<|message|>hm<|channel|>final<|message|>negative").text,
            "negative"
        );
    }

    #[test]
    fn a_made_up_next_question_is_cut() {
        assert_eq!(first_turn("No, 80%\nExplanation: x\n\nPassage: y"), Some("No, 80%\nExplanation: x"));
        assert_eq!(first_turn("No\nbecause"), None);
        assert_eq!(first_turn("Question: x"), None);
    }

    #[test]
    fn a_fence_around_all_is_taken_off() {
        assert_eq!(unfence("```json\n{}\n```"), Some("{}"));
        assert_eq!(unfence("```\npositive\n```"), Some("positive"));
        assert_eq!(unfence("```positive```"), Some("positive"));
        assert_eq!(unfence("positive"), None);
    }
}
