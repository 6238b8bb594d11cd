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
    /// The same around what was chosen so far, where they are asked for level by level.
    pub(crate) within: (&'static str, &'static str),
    /// Behind the name that stands for what was chosen so far, with nothing narrower.
    pub(crate) itself: &'static str,
    /// Between a label and what belongs to it.
    pub(crate) colon: &'static str,
    /// Before, between and behind the examples of a label.
    pub(crate) for_example: (&'static str, &'static str, &'static str),
    /// What a moderator is, and what makes one answer better than another.
    pub(crate) moderator: &'static str,
    /// Above the answers that a moderator reads, and in front of each.
    pub(crate) answers: (&'static str, &'static str),
    /// What an inspector is, and what makes an answer contradict the guideline.
    pub(crate) inspector: &'static str,
    /// Above the answer that an inspector checks.
    pub(crate) given: &'static str,
    /// Above what the annotator was told to do, where that is more than guideline and labels.
    pub(crate) told: &'static str,
    /// In place of the answer of one who could not tell.
    pub(crate) cannot_tell: &'static str,
    /// In front of a reason.
    pub(crate) reason: &'static str,
    /// In place of the value of a field that has none.
    pub(crate) no_value: &'static str,
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
    within: ("It was found to belong to `", "`. The labels for this item, one level further:"),
    itself: "none of the narrower labels fits",
    colon: ": ",
    for_example: (" (for example: ", "; ", ")"),
    moderator: "You are a careful moderator. Several annotators answered about the same item, and they differ. You read the item and their answers, decide, and answer with JSON, and with nothing else.\n\nAn answer is better if it follows the guideline more closely, if the words of the item support it, and if it claims nothing that the item does not say. How many gave an answer, its place in the list and its length do not make it better. All of them may be wrong: then give the right answer.",
    answers: ("The answers, in no particular order:", "Answer"),
    inspector: "You are a careful inspector. An annotator has answered about one item. You read the guideline, the item and the answer, check whether the answer follows the guideline, and reply with JSON, and with nothing else.\n\nYou do not label the item anew. Contest an answer only for a rule of the guideline that it breaks or for words of the item that speak against it, and name them. That an answer comes with a reason does not make it right.",
    given: "The answer to check:",
    told: "What the annotator was told:",
    cannot_tell: "(cannot tell)",
    reason: "Reason",
    no_value: "(no value)",
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
    within: ("Уже установлено: `", "`. Метки следующего уровня для этого текста:"),
    itself: "ни одна из более узких меток не подходит",
    colon: ": ",
    for_example: (" (например: ", "; ", ")"),
    moderator: "Вы — внимательный арбитр. Несколько разметчиков ответили об одном тексте, и их ответы расходятся. Вы читаете текст и ответы, решаете и отвечаете в виде JSON и ничего больше.\n\nОтвет лучше, если он точнее следует инструкции, если его подтверждают слова текста и если он не утверждает того, чего в тексте нет. Число давших ответ, его место в списке и длина не делают его лучше. Неверными могут быть все ответы: тогда дайте верный.",
    answers: ("Ответы в случайном порядке:", "Ответ"),
    inspector: "Вы — внимательный проверяющий. Разметчик ответил об одном тексте. Вы читаете инструкцию, текст и ответ, проверяете, следует ли ответ инструкции, и пишете JSON и ничего больше.\n\nВы не размечаете текст заново. Оспаривайте ответ, только если он нарушает правило инструкции или если против него говорят слова текста, и назовите их. То, что ответ снабжён объяснением, не делает его верным.",
    given: "Ответ для проверки:",
    told: "Задание разметчика:",
    cannot_tell: "(определить нельзя)",
    reason: "Причина",
    no_value: "(нет значения)",
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
    within: ("已确定属于 `", "`。本条下一级可选的标签："),
    itself: "没有更细的标签适用",
    colon: "：",
    for_example: ("（例如：", "；", "）"),
    moderator: "你是一位细心的仲裁者。几位标注员对同一段文本给出了不同的回答。你阅读文本和这些回答，作出裁决，只用 JSON 回答，不写其他内容。\n\n更好的回答更严格地遵循标注规范，有文本中的文字支持，并且不断言文本中没有的内容。给出该回答的人数、它的排列位置和长短都不使它更好。所有回答都可能是错的：这时请给出正确的回答。",
    answers: ("各个回答（顺序随机）：", "回答"),
    inspector: "你是一位细心的审核员。一位标注员已对一段文本作出回答。你阅读标注规范、文本和该回答，检查回答是否遵循规范，只用 JSON 答复，不写其他内容。\n\n你不重新标注文本。只有当回答违反规范中的某条规则，或文本中的文字与之相悖时，才提出异议，并指出是哪条规则或哪些文字。回答附有理由并不说明它正确。",
    given: "待检查的回答：",
    told: "标注员得到的要求：",
    cannot_tell: "（无法判断）",
    reason: "理由",
    no_value: "（无）",
};
