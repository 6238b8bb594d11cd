//! The words around a prompt in each language: what a model is, how it frames its answer, how it is asked once more.
//!
//! Templates stand in `prompts/en`, `prompts/ru`, `prompts/zh`. Not here: the languages of data, which nobody asks about.

use karat_core::PromptLanguage;

/// The words of one language.
pub(crate) struct Words {
    /// The frame of the system message.
    pub(crate) system: &'static str,
    /// What the model is.
    pub(crate) careful: &'static str,
    /// That the reason comes first.
    pub(crate) first: &'static str,
    /// What `confidence` is.
    pub(crate) confidence: &'static str,
    /// What `explanation` is.
    pub(crate) explanation: &'static str,
    /// Around a problem, when a model is asked once more.
    pub(crate) again: (&'static str, &'static str),
    /// Instead of an answer that was empty.
    pub(crate) no_answer: &'static str,
    /// In front of the text, where other fields are shown too.
    pub(crate) text: &'static str,
    /// Above the labels that are offered with an item.
    pub(crate) labels: &'static str,
}

/// The words of a language.
pub(crate) fn words(language: PromptLanguage) -> &'static Words {
    match language {
        PromptLanguage::En => &EN,
        PromptLanguage::Ru => &RU,
        PromptLanguage::Zh => &ZH,
    }
}

/// Makes `[en, ru, zh]` of one template: `templates!("classify")`.
macro_rules! templates {
    ($name:literal) => {
        [
            include_str!(concat!("../../prompts/en/", $name, ".jinja")),
            include_str!(concat!("../../prompts/ru/", $name, ".jinja")),
            include_str!(concat!("../../prompts/zh/", $name, ".jinja")),
        ]
    };
}
pub(crate) use templates;

/// The template of a language.
pub(crate) fn of(language: PromptLanguage, templates: &[&'static str; 3]) -> &'static str {
    let [en, ru, zh] = templates;
    match language {
        PromptLanguage::En => en,
        PromptLanguage::Ru => ru,
        PromptLanguage::Zh => zh,
    }
}

static EN: Words = Words {
    system: include_str!("../prompts/en/system.jinja"),
    careful: "You are a careful annotator. You read one item and answer with JSON, and with nothing else.",
    first: "First give your reason in one or two sentences, then the answer.\n",
    confidence: "`confidence` is the probability, from 0 to 1, that your answer is right and complete.\n",
    explanation: "`explanation` says why, in one or two sentences.\n",
    again: (
        "Your answer could not be used as it is: ",
        ".\nAnswer once more for the same item, complete, as JSON in the form described, and with nothing else.",
    ),
    no_answer: "(no answer)",
    text: "text: ",
    labels: "The labels for this item:",
};

static RU: Words = Words {
    system: include_str!("../prompts/ru/system.jinja"),
    careful: "Вы — внимательный разметчик. Вы читаете один текст и отвечаете в виде JSON и ничего больше.",
    first: "Сначала назовите причину в одном-двух предложениях, затем ответ.\n",
    confidence: "`confidence` — вероятность от 0 до 1, что ваш ответ верен и полон.\n",
    explanation: "`explanation` объясняет ответ в одном-двух предложениях.\n",
    again: (
        "Ваш ответ нельзя использовать в таком виде: ",
        ".\nОтветьте ещё раз для того же текста, полностью, в виде JSON описанной формы и ничего больше.",
    ),
    no_answer: "(нет ответа)",
    text: "текст: ",
    labels: "Метки для этого текста:",
};

static ZH: Words = Words {
    system: include_str!("../prompts/zh/system.jinja"),
    careful: "你是一位细心的标注员。你阅读一段文本，只用 JSON 回答，不写其他内容。",
    first: "先用一两句话给出理由，再给出答案。\n",
    confidence: "`confidence` 是你的答案正确且完整的概率，取 0 到 1。\n",
    explanation: "`explanation` 用一两句话说明原因。\n",
    again: (
        "你的回答无法直接使用：",
        "。\n请针对同一文本重新完整作答，按所述格式只用 JSON 回答，不写其他内容。",
    ),
    no_answer: "（没有回答）",
    text: "文本：",
    labels: "本条可选的标签：",
};
