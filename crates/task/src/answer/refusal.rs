//! Answers that decline: refusals, and "I cannot tell". Told apart from labels: a label of that name goes first.

use karat_core::Abstention;

use super::clip;
use crate::fold::folded_quote;

/// How a text that names no label declines, if it does. A refusal stands near its beginning.
pub(crate) fn abstention(text: &str) -> Option<Abstention> {
    let folded = folded_quote(text);
    let head: String = folded.chars().take(200).collect();
    if is_unknown(text) || CANNOT_TELL.iter().any(|words| folded.contains(words)) {
        return Some(Abstention::Unknown { words: clip(text) });
    }
    REFUSES.iter().any(|words| head.contains(words)).then(|| Abstention::Refused { words: clip(text) })
}

/// Whether the first words of a text refuse. Later words may be a text of which something else is said.
pub(crate) fn refuses(text: &str) -> bool {
    let folded = folded_quote(text);
    let head: String = folded.chars().take(60).collect();
    REFUSES.iter().any(|words| head.contains(words))
}

/// Whether what stands in the place of a label says that the annotator cannot tell.
pub(crate) fn is_unknown(written: &str) -> bool {
    let folded = folded_quote(written);
    let bare = folded.trim_matches(|c: char| !c.is_alphanumeric());
    UNKNOWN.contains(&bare)
}

/// In an answer without a label: the annotator cannot tell.
const CANNOT_TELL: &[&str] = &[
    "unknown",
    "cannot tell",
    "can't tell",
    "cannot be determined",
    "can't be determined",
    "cannot determine",
    "can't determine",
    "cannot be classified",
    "cannot classify",
    "not possible to determine",
    "impossible to determine",
    "impossible to tell",
    "impossible to say",
    "difficult to determine",
    "hard to tell",
    "hard to determine",
    "unable to determine",
    "unable to classify",
    "undetermined",
    "indeterminate",
    "not enough information",
    "not enough context",
    "insufficient information",
    "insufficient context",
    "more context is needed",
    "need more context",
    "need more information",
    "not sure",
    "i don't know",
    "i do not know",
    "unclear",
    "не знаю",
    "неизвестно",
    "не ясно",
    "неясно",
    "невозможно определить",
    "нельзя определить",
    "сложно определить",
    "трудно определить",
    "трудно сказать",
    "невозможно точно определить",
    "не могу определить",
    "не могу точно определить",
    "не может быть определен",
    "недостаточно информации",
    "недостаточно контекста",
    "недостаточно данных",
    "без дополнительного контекста",
    "без дополнительной информации",
    "требует контекста",
    "требует дополнительного контекста",
    "не определен",
    "无法判断",
    "无法确定",
    "无法分类",
    "不确定",
    "不知道",
    "信息不足",
    "未知",
    "难以判断",
    "不清楚",
];

/// Alone in the place of a label: the annotator cannot tell.
const UNKNOWN: &[&str] = &[
    "unknown",
    "unsure",
    "uncertain",
    "cannot tell",
    "can't tell",
    "undetermined",
    "indeterminate",
    "unclear",
    "n/a",
    "na",
    "null",
    "none",
    "abstain",
    "not sure",
    "no answer",
    "not applicable",
    "неизвестно",
    "не знаю",
    "неясно",
    "не определено",
    "не применимо",
    "未知",
    "不确定",
    "无法判断",
    "无法确定",
    "不知道",
];

/// In an answer without a label: the annotator refuses.
const REFUSES: &[&str] = &[
    "i can't assist",
    "i cannot assist",
    "i can't help",
    "i cannot help",
    "i'm sorry, but i can",
    "i am sorry, but i can",
    "i apologize, but i can",
    "i'm unable to",
    "i am unable to",
    "i can't provide",
    "i cannot provide",
    "i can't fulfill",
    "i cannot fulfill",
    "i can't engage",
    "i cannot engage",
    "i can't comply",
    "i cannot comply",
    "i won't",
    "i will not",
    "i must decline",
    "i can't answer",
    "i cannot answer",
    "as an ai",
    "against my guidelines",
    "не могу помочь",
    "не могу ответить",
    "не могу обсуждать",
    "не могу выполнить",
    "не могу предоставить",
    "я не могу",
    "отказываюсь",
    "как языковая модель",
    "как искусственный интеллект",
    "无法协助",
    "不能协助",
    "无法提供",
    "不能提供",
    "无法回答",
    "不能回答",
    "抱歉，我",
    "对不起，我",
    "作为一个ai",
    "作为ai",
    "作为人工智能",
];
