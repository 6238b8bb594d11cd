//! Estimates how many tokens a text has.
//!
//! In: texts, and what vendors counted for texts sent before. Out: an estimate. [`Learned`] needs nothing but those counts
//! and gets better with each answer; `count` (feature `tokens`) uses a real vocabulary, which is right for
//! the models of one vendor and near for others.
//!
//! Not here: what tokens cost (`prices.rs`). A budget never rests on an estimate: it reserves an upper bound.

use crate::Usage;

/// The classes of characters that vocabularies treat alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// Latin letters, and digits and spaces among them.
    Latin,
    /// Cyrillic, Greek and their like: alphabets that vocabularies know less well.
    Alphabet,
    /// Chinese, Japanese, Korean: a character is about a token.
    Ideograph,
    /// All other scripts, punctuation, symbols and emoji.
    Other,
}

const N_SCRIPTS: usize = 4;

/// Tokens for each character before anything is learnt: about what vocabularies of 100 000 to 200 000 tokens give.
const PRIOR: [f64; N_SCRIPTS] = [0.23, 0.33, 0.75, 0.7];

/// How many characters the prior counts for.
const PRIOR_CHARS: f64 = 2000.0;

/// Tokens that chats add to the texts of each message.
const PER_MESSAGE: f64 = 4.0;

fn script(c: char) -> Script {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '\u{c0}'..='\u{24f}' => Script::Latin,
        '\u{370}'..='\u{58f}' => Script::Alphabet,
        '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' => Script::Ideograph,
        '\u{20000}'..='\u{3134f}' => Script::Ideograph,
        _ => Script::Other,
    }
}

fn char_counts(text: &str) -> [f64; N_SCRIPTS] {
    let mut counts = [0.0; N_SCRIPTS];
    for c in text.chars() {
        counts[script(c) as usize] += 1.0;
    }
    counts
}

/// Tokens for each character, learnt from what vendors counted: one for each model.
///
/// Each count is shared out between the classes of characters in proportion to what they were expected to have, so that
/// the classes settle where they explain the counts best.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Learned {
    chars: [f64; N_SCRIPTS],
    tokens: [f64; N_SCRIPTS],
    /// How many prompts were learnt from.
    pub n_prompts: u64,
}

impl Default for Learned {
    fn default() -> Learned {
        Learned {
            chars: [PRIOR_CHARS; N_SCRIPTS],
            tokens: PRIOR.map(|ratio| ratio * PRIOR_CHARS),
            n_prompts: 0,
        }
    }
}

impl Learned {
    /// Learns from one answered prompt of these texts, one for each message.
    pub fn learn<'a>(&mut self, messages: impl IntoIterator<Item = &'a str>, usage: &Usage) {
        let (counts, fixed) = Learned::sum(messages);
        let expected: [f64; N_SCRIPTS] = std::array::from_fn(|n| counts[n] * self.ratio(n));
        let total: f64 = expected.iter().sum();
        let counted = usage.input as f64 - fixed;
        if total <= 0.0 || counted <= 0.0 {
            return;
        }
        for n in 0..N_SCRIPTS {
            self.chars[n] += counts[n];
            self.tokens[n] += counted * expected[n] / total;
        }
        self.n_prompts += 1;
    }

    /// The estimated tokens of a prompt of these texts, one for each message, rounded up.
    #[must_use]
    pub fn estimate<'a>(&self, messages: impl IntoIterator<Item = &'a str>) -> u64 {
        let (counts, fixed) = Learned::sum(messages);
        let tokens: f64 = (0..N_SCRIPTS).map(|n| counts[n] * self.ratio(n)).sum();
        (tokens + fixed).ceil() as u64
    }

    fn sum<'a>(messages: impl IntoIterator<Item = &'a str>) -> ([f64; N_SCRIPTS], f64) {
        let (mut counts, mut fixed) = ([0.0; N_SCRIPTS], 0.0);
        for message in messages {
            for (sum, count) in counts.iter_mut().zip(char_counts(message)) {
                *sum += count;
            }
            fixed += PER_MESSAGE;
        }
        (counts, fixed)
    }

    fn ratio(&self, n: usize) -> f64 {
        self.tokens[n] / self.chars[n]
    }
}

/// Counts the tokens of a text by the vocabulary `o200k` of OpenAI's models since GPT-4o. The vocabulary is loaded by the
/// first call, which takes some tenths of a second and some tens of megabytes.
#[cfg(feature = "tokens")]
#[must_use]
pub fn count(text: &str) -> u64 {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_about(got: u64, want: u64, share: f64) {
        let off = (got as f64 - want as f64).abs() / want as f64;
        assert!(off <= share, "{got} is not about {want}");
    }

    #[test]
    fn an_estimate_before_learning_is_in_the_right_region() {
        let learned = Learned::default();
        check_about(
            learned.estimate(["The quick brown fox jumps over the lazy dog and runs away."]),
            17,
            0.3,
        );
        check_about(learned.estimate(["Быстрая лиса прыгает через ленивую собаку и убегает."]), 22, 0.4);
        check_about(learned.estimate(["敏捷的棕色狐狸跳过懒狗然后跑开了"]), 18, 0.4);
        assert_eq!(learned.estimate([]), 0);
    }

    #[test]
    fn learning_finds_the_ratios_of_a_vocabulary() {
        let (latin, cyrillic) = ("word ".repeat(100), "слово".repeat(100));
        let mut learned = Learned::default();
        for n in 0..200 {
            // A vocabulary of 0.5 tokens for a Latin character and 1 for a Cyrillic one.
            let (text, tokens) = if n % 2 == 0 { (&latin, 250) } else { (&cyrillic, 500) };
            learned.learn([text.as_str()], &Usage { input: tokens + 4, ..Usage::default() });
        }
        check_about(learned.estimate([latin.as_str()]), 254, 0.05);
        check_about(learned.estimate([cyrillic.as_str()]), 504, 0.05);
        check_about(learned.estimate([latin.as_str(), cyrillic.as_str()]), 758, 0.05);
        assert_eq!(learned.n_prompts, 200);
    }

    #[test]
    fn a_count_of_nothing_teaches_nothing() {
        let mut learned = Learned::default();
        learned.learn(["abc"], &Usage::default());
        learned.learn([], &Usage { input: 10, ..Usage::default() });
        assert_eq!(learned, Learned::default());
    }

    #[cfg(feature = "tokens")]
    #[test]
    fn a_real_vocabulary_counts_known_texts() {
        assert_eq!(count("hello world"), 2);
        assert_eq!(count(""), 0);
        assert!(count("Быстрая лиса прыгает через ленивую собаку") < 20);
    }
}
