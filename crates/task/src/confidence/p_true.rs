//! P(True): a model is asked whether a label is right, and how likely it finds `True` is the confidence.
//!
//! In: a task, an item, a label that somebody gave. Out: the messages that ask ([`Checker`]), and the number in what comes
//! back ([`read_p_true`]). S. Kadavath et al., "Language Models (Mostly) Know What They Know", 2022, section 3: there `(A)
//! True (B) False`, here the words themselves, since chat models write them first.
//!
//! Not here: sending it. It needs an endpoint that gives alternatives to tokens, and 2 tokens of an answer are enough.

use karat_core::{Hash, PromptLanguage, Result, Task};
use karat_llm::{Message, Role, TokenLogprob};

use super::branches::begins;
use crate::inquiry::View;
use crate::kind::{PromptStyle, TaskKind};
use crate::language::{of, templates};
use crate::prompt::Prompter;

/// Asks whether labels are right. The system message is the same for all items, so that a prompt cache can hold it.
pub struct Checker {
    prompter: Prompter,
    ask: (&'static str, &'static str),
}

impl Checker {
    /// Compiles the prompt of a language; an error as of [`Prompter::new`].
    pub fn new(task: &Task, kind: &'static dyn TaskKind, language: PromptLanguage) -> Result<Self> {
        let template = of(language, &templates!("p_true")).to_owned();
        let style = PromptStyle { language, template: Some(template), ..PromptStyle::default() };
        let ask = match language {
            PromptLanguage::En => ("Proposed answer:", "Is the proposed answer right? True or False:"),
            PromptLanguage::Ru => ("Предложенный ответ:", "Верен ли предложенный ответ? Верно или Неверно:"),
            PromptLanguage::Zh => ("建议的答案：", "建议的答案是否正确？正确或错误："),
        };
        Ok(Self { prompter: Prompter::new(task, kind, &style)?, ask })
    }

    /// The identity of all that is the same for every item.
    pub fn version(&self) -> Hash {
        self.prompter.version()
    }

    /// The messages that ask whether `answer`, as the kind writes it, is right for this item; an error where it has no text.
    pub fn messages(&self, view: &View, answer: &str) -> Result<Vec<Message>> {
        let mut messages = self.prompter.messages(view, &[])?;
        if let Some(last) = messages.last_mut().filter(|it| it.role == Role::User) {
            let (before, after) = self.ask;
            *last = Message::new(Role::User, format!("{}\n\n{before} {answer}\n{after}", last.content));
        }
        Ok(messages)
    }
}

/// What says that a label is right, in any of the languages: models answer in another one than they were asked in.
const RIGHT: [&str; 9] = ["true", "yes", "верно", "верен", "верна", "да", "правильно", "正确", "对"];
/// What says that it is wrong.
const WRONG: [&str; 10] =
    ["false", "no", "неверно", "неверен", "неверна", "нет", "неправильно", "错误", "不", "否"];

/// The probability of `True` among `True` and `False`, from the tokens of the answer to a [`Checker`]'s question.
///
/// The first token with a letter in it decides; its alternatives count by the word that they begin, whatever their case
/// and language, and one that may begin either counts for neither. A side that no alternative begins gets the most it may
/// have: what is left of 1, and no more than the least likely alternative. `None` without tokens, or where the
/// model said neither.
///
/// ```
/// use karat_llm::TokenLogprob;
/// let top = vec![("True".into(), 0.6_f64.ln()), (" true".into(), 0.1_f64.ln()), ("False".into(), 0.1_f64.ln())];
/// let token = TokenLogprob { token: "True".into(), logprob: 0.6_f64.ln(), top };
/// assert!((karat_task::read_p_true(&[token]).unwrap() - 0.7 / 0.8).abs() < 1e-12);
/// ```
pub fn read_p_true(tokens: &[TokenLogprob]) -> Option<f64> {
    let token = tokens.iter().find(|it| it.token.chars().any(char::is_alphabetic))?;
    let own = (token.token.clone(), token.logprob);
    let has_own = token.top.iter().any(|(text, _)| *text == own.0);
    let all: Vec<&(String, f64)> = token.top.iter().chain((!has_own).then_some(&own)).collect();
    let (mut right, mut wrong, mut shown) = (0.0, 0.0, 0.0);
    let mut least: f64 = 1.0;
    for (text, logprob) in all {
        let p = logprob.min(0.0).exp();
        shown += p;
        least = least.min(p);
        match side(text) {
            Some(true) => right += p,
            Some(false) => wrong += p,
            None => {}
        }
    }
    if right + wrong <= 0.0 {
        return None;
    }
    let bound = (1.0_f64 - shown).max(0.0).min(if token.top.is_empty() { 1.0 } else { least });
    let or_bound = |mass: f64| if mass > 0.0 { mass } else { bound };
    let (right, wrong) = (or_bound(right), or_bound(wrong));
    Some(right / (right + wrong))
}

/// Which side a token begins, if just one.
fn side(token: &str) -> Option<bool> {
    let token = token.to_lowercase();
    let token = token.trim_start_matches(|c: char| !c.is_alphabetic()).trim_end();
    let on = |words: &[&str]| words.iter().any(|word| begins(token, word));
    match (on(&RIGHT), on(&WRONG)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use karat_core::{Item, LabelSpec, Task};

    use super::*;

    fn token(text: &str, p: f64, top: &[(&str, f64)]) -> TokenLogprob {
        let top = top.iter().map(|(text, p)| ((*text).to_owned(), p.ln())).collect();
        TokenLogprob { token: text.to_owned(), logprob: p.ln(), top }
    }

    #[track_caller]
    fn check(tokens: &[TokenLogprob], want: Option<f64>) {
        match (read_p_true(tokens), want) {
            (Some(got), Some(want)) => assert!((got - want).abs() < 1e-12, "{got} is not {want}"),
            (got, want) => assert_eq!(got, want),
        }
    }

    #[test]
    fn words_that_are_neither_are_left_out() {
        check(&[token("False", 0.5, &[("False", 0.5), ("True", 0.3), ("The", 0.2)])], Some(0.375));
    }

    #[test]
    fn case_spaces_and_languages_are_one() {
        check(
            &[token(" TRUE", 0.5, &[(" TRUE", 0.5), ("Верно", 0.1), ("否", 0.1), ("错误", 0.1)])],
            Some(0.75),
        );
        // First tokens of Russian and Chinese words are parts of them.
        check(&[token("Вер", 0.6, &[("Вер", 0.6), ("Не", 0.4)])], Some(0.6));
        check(&[token("正", 0.9, &[("正", 0.9), ("错", 0.1)])], Some(0.9));
    }

    #[test]
    fn an_unseen_side_gets_the_most_it_may_have() {
        check(&[token("True", 0.9, &[("True", 0.9), ("It", 0.04)])], Some(0.9 / 0.94));
        check(&[token("True", 0.9, &[])], Some(0.9));
        check(&[token("False", 0.9, &[("False", 0.9)])], Some(0.1));
    }

    #[test]
    fn the_first_token_with_a_letter_decides() {
        check(&[token("\n", 1.0, &[]), token("**", 1.0, &[]), token("False", 0.75, &[])], Some(0.25));
        check(&[token("Well", 0.9, &[("Well", 0.9)])], None);
        check(&[token("42", 0.9, &[])], None);
        check(&[], None);
    }

    #[test]
    fn the_question_holds_guideline_labels_item_and_answer_in_each_language() {
        let labels = vec![LabelSpec::named("spam"), LabelSpec::named("ham")];
        let mut task = Task::of("classify", labels, "text").unwrap();
        task.guideline = "Ads are spam.".into();
        let fields = serde_json::from_value(serde_json::json!({"text": "You won!"})).unwrap();
        let item = Item { id: karat_core::ItemId::new("1"), row: 1, fields };
        let view = View::of(&Arc::new(task.clone()), &Arc::new(item));
        for (language, words) in [
            (PromptLanguage::En, "True or False"),
            (PromptLanguage::Ru, "Верно или Неверно"),
            (PromptLanguage::Zh, "正确或错误"),
        ] {
            let checker = Checker::new(&task, crate::kind("classify").unwrap(), language).unwrap();
            let [system, user] = &checker.messages(&view, r#"{"label": "spam"}"#).unwrap()[..] else {
                panic!("two messages");
            };
            assert!(
                system.content.contains("Ads are spam.") && system.content.contains("- ham"),
                "{}",
                system.content
            );
            assert!(!system.content.contains("JSON"), "{}", system.content);
            let user = &user.content;
            assert!(user.contains("You won!") && user.contains(r#"{"label": "spam"}"#), "{user}");
            assert!(user.contains(words), "{user}");
        }
    }
}
