//! The words of answers about two options, as what they mean. To teach the reader a language, add its words here.
//!
//! In: a text. Out: [`Mean`]s in order, without quotes and marks of emphasis. Not here: what they say together (`said.rs`).

use unicode_normalization::UnicodeNormalization;

use super::said::Side;
use crate::fold::is_unspaced;

/// What a word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mean {
    /// A letter of an option; `true` where it is a Latin capital, which can stand alone in a sentence.
    Letter(Side, bool),
    /// 1 or 2.
    Digit(Side),
    /// `first`, `второй`, `前者`.
    Ordinal(Side),
    /// What an option may be called: `response`, `вариант`.
    Noun,
    /// What a choice may be called: `verdict`, `выбор`.
    Named,
    Is,
    /// Better, and needs a verb.
    Better,
    /// Better, verb included: `wins`, `лучше`, `更好`.
    Wins,
    Prefer,
    Than,
    Not,
    If,
    Adverb,
    Article,
    Separator,
    Break,
    Other,
}

/// The words of a text.
pub(super) fn means(text: &str) -> Vec<Mean> {
    let mut text: String = text.nfkc().collect();
    for (chinese, english) in CHINESE {
        if text.contains(chinese) {
            text = text.replace(chinese, &format!(" {english} "));
        }
    }
    let mut found = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        let c = if c == '’' { '\'' } else { c };
        if c.is_alphanumeric() && !is_unspaced(c) || c == '\'' && !word.is_empty() {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            found.extend(mean(word.trim_end_matches('\'')));
            word.clear();
        }
        match c {
            ':' | '=' | '-' | '—' | '–' => found.push(Mean::Separator),
            '.' | '!' | '?' | ';' | '\n' | '。' => found.push(Mean::Break),
            ',' | '、' | '/' | '&' | '+' | '<' | '>' => found.push(Mean::Other),
            c if is_unspaced(c) => found.push(Mean::Other),
            _ => {}
        }
    }
    // The break that was put at the end.
    found.pop();
    found
}

fn mean(word: &str) -> Option<Mean> {
    let letter = match word {
        "A" => Some((Side::First, true)),
        "B" => Some((Side::Second, true)),
        "a" | "А" | "а" => Some((Side::First, false)),
        "b" | "В" | "в" | "Б" | "б" => Some((Side::Second, false)),
        _ => None,
    };
    if let Some((side, alone)) = letter {
        return Some(Mean::Letter(side, alone));
    }
    let small = word.to_lowercase();
    let small = small.as_str();
    if small.ends_with("n't") {
        return Some(Mean::Not);
    }
    let exact = TABLE.iter().find(|(words, _)| words.contains(&small)).map(|(_, mean)| *mean);
    let stem = || STEMS.iter().find(|(stem, _)| small.starts_with(stem)).map(|(_, mean)| *mean);
    Some(exact.or_else(stem).unwrap_or(Mean::Other))
}

/// Whether the whole text is a word for a tie.
pub(super) fn is_tie(text: &str) -> bool {
    let normal = karat_core::normalize_label(text);
    let normal = normal.strip_prefix("a ").unwrap_or(&normal);
    TIES.contains(&normal)
}

/// Whether prose says that neither is better.
pub(super) fn says_tie(text: &str) -> bool {
    let small = text.to_lowercase();
    SAYS_TIE.iter().any(|words| small.contains(words))
}

const TABLE: &[(&[&str], Mean)] = &[
    (&["1"], Mean::Digit(Side::First)),
    (&["2"], Mean::Digit(Side::Second)),
    (&["first", "former", "1st"], Mean::Ordinal(Side::First)),
    (&["second", "latter", "2nd"], Mean::Ordinal(Side::Second)),
    (
        &[
            "option",
            "response",
            "assistant",
            "model",
            "output",
            "text",
            "version",
            "candidate",
            "one",
            "completion",
            "reply",
        ],
        Mean::Noun,
    ),
    (
        &[
            "verdict",
            "choice",
            "winner",
            "decision",
            "result",
            "label",
            "preference",
            "conclusion",
            "вердикт",
            "выбор",
            "победитель",
            "решение",
            "итог",
            "вывод",
            "результат",
            "метка",
        ],
        Mean::Named,
    ),
    (&["answer"], Mean::Noun),
    (&["is", "was", "are", "seems", "appears", "looks", "be", "это", "является"], Mean::Is),
    (
        &[
            "better",
            "best",
            "superior",
            "preferable",
            "preferred",
            "stronger",
            "лучший",
            "лучшая",
            "лучшее",
            "лучшим",
        ],
        Mean::Better,
    ),
    (
        &[
            "wins",
            "лучше",
            "предпочтительнее",
            "предпочтительней",
            "качественнее",
            "выигрывает",
            "побеждает",
            "сильнее",
        ],
        Mean::Wins,
    ),
    (
        &[
            "prefer",
            "choose",
            "pick",
            "select",
            "chose",
            "selected",
            "picked",
            "предпочитаю",
            "выбираю",
            "выберу",
            "предпочту",
            "выбрал",
            "выбрала",
        ],
        Mean::Prefer,
    ),
    (&["than", "чем"], Mean::Than),
    (&["not", "never", "neither", "nor", "cannot", "hardly", "не", "ни", "нельзя"], Mean::Not),
    (&["whether", "if", "unless", "если", "ли"], Mean::If),
    (
        &[
            "slightly",
            "much",
            "clearly",
            "significantly",
            "bit",
            "little",
            "far",
            "definitely",
            "overall",
            "somewhat",
            "generally",
            "also",
            "still",
            "marginally",
            "considerably",
            "therefore",
            "thus",
            "явно",
            "немного",
            "намного",
            "значительно",
            "чуть",
            "гораздо",
            "целом",
            "заметно",
            "всё",
            "все",
            "же",
            "несколько",
            "однозначно",
        ],
        Mean::Adverb,
    ),
    (&["the", "an", "my", "this"], Mean::Article),
];

const STEMS: &[(&str, Mean)] = &[
    ("перв", Mean::Ordinal(Side::First)),
    ("втор", Mean::Ordinal(Side::Second)),
    ("вариант", Mean::Noun),
    ("ответ", Mean::Noun),
    ("текст", Mean::Noun),
    ("модел", Mean::Noun),
];

/// Chinese words, the longest first, as English ones.
const CHINESE: &[(&str, &str)] = &[
    ("更胜一筹", "wins"),
    ("第一个", "first"),
    ("第二个", "second"),
    ("是否", "whether"),
    ("如果", "if"),
    ("选项", "option"),
    ("回答", "response"),
    ("答案", "answer"),
    ("答复", "response"),
    ("回复", "response"),
    ("文本", "text"),
    ("模型", "model"),
    ("前者", "former"),
    ("后者", "latter"),
    ("结论", "verdict"),
    ("结果", "result"),
    ("胜者", "winner"),
    ("更好", "wins"),
    ("更佳", "wins"),
    ("更优", "wins"),
    ("较好", "wins"),
    ("胜出", "wins"),
    ("选择", "prefer"),
    ("明显", "clearly"),
    ("稍微", "slightly"),
    ("相对", "somewhat"),
    ("没有", "not"),
    ("选", "prefer"),
    ("比", "than"),
    ("不", "not"),
    ("是", "is"),
    ("为", "is"),
    ("要", "clearly"),
    ("略", "slightly"),
];

const TIES: &[&str] = &[
    "tie",
    "tied",
    "draw",
    "equal",
    "both",
    "neither",
    "same",
    "the same",
    "equally good",
    "no preference",
    "no difference",
    "ничья",
    "равны",
    "поровну",
    "оба",
    "обе",
    "одинаково",
    "одинаковы",
    "без разницы",
    "平局",
    "平手",
    "一样",
    "一样好",
    "相同",
    "不分上下",
    "不相上下",
    "两者相同",
    "同样好",
    "均可",
    "都好",
];

const SAYS_TIE: &[&str] = &[
    "it is a tie",
    "it's a tie",
    "equally good",
    "equally bad",
    "equally well",
    "equally helpful",
    "neither is better",
    "no clear winner",
    "одинаково хорош",
    "одинаково плох",
    "равноценны",
    "ничья",
    "不相上下",
    "不分上下",
    "一样好",
    "同样好",
    "平局",
];
