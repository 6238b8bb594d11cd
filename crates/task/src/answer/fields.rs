//! Which key of an object means what, in the spellings that models use.
//!
//! In: an object. Out: the field for the label, the reason, the confidence, the words. The key that was asked for is
//! taken as it is; any other that means the same is taken with a note.

use karat_core::Note;
use serde_json::{Map, Value as Json};

/// What a field is for, with the key asked for first.
pub(crate) struct Field(pub(crate) &'static [&'static str]);

pub(crate) const LABEL: Field = Field(&[
    "label",
    "labels",
    "finallabel",
    "answer",
    "finalanswer",
    "category",
    "class",
    "classification",
    "classlabel",
    "sentiment",
    "prediction",
    "predictedlabel",
    "predictedclass",
    "verdict",
    "decision",
    "choice",
    "selected",
    "result",
    "output",
    "response",
    "tag",
    "rating",
    "type",
    "topic",
    "intent",
    "метка",
    "ответ",
    "категория",
    "класс",
    "классификация",
    "тональность",
    "оценка",
    "выбор",
    "результат",
    "标签",
    "答案",
    "类别",
    "分类",
    "结果",
    "情感",
]);

pub(crate) const LABELS: Field = Field(&[
    "labels",
    "label",
    "answers",
    "answer",
    "categories",
    "category",
    "classes",
    "class",
    "tags",
    "tag",
    "topics",
    "topic",
    "types",
    "result",
    "results",
    "output",
    "predictions",
    "selected",
    "метки",
    "метка",
    "категории",
    "классы",
    "темы",
    "теги",
    "ответ",
    "标签",
    "类别",
    "分类",
    "答案",
]);

pub(crate) const NUMBER: Field = Field(&[
    "number",
    "score",
    "rating",
    "value",
    "grade",
    "answer",
    "finalanswer",
    "finalscore",
    "label",
    "level",
    "result",
    "output",
    "estimate",
    "prediction",
    "число",
    "оценка",
    "балл",
    "значение",
    "ответ",
    "результат",
    "数值",
    "分数",
    "评分",
    "得分",
    "答案",
    "结果",
]);

pub(crate) const RANKING: Field = Field(&[
    "ranking",
    "rank",
    "ranks",
    "ranked",
    "order",
    "ordering",
    "orderedlist",
    "finalranking",
    "answer",
    "finalanswer",
    "result",
    "output",
    "labels",
    "label",
    "options",
    "рейтинг",
    "ранжирование",
    "порядок",
    "ответ",
    "результат",
    "排序",
    "排名",
    "顺序",
    "答案",
    "结果",
]);

pub(crate) const SPANS: Field = Field(&[
    "spans",
    "entities",
    "entity",
    "namedentities",
    "mentions",
    "mention",
    "annotations",
    "items",
    "results",
    "result",
    "answer",
    "output",
    "response",
    "ner",
    "labels",
    "extractions",
    "сущности",
    "упоминания",
    "фрагменты",
    "实体",
    "结果",
]);

pub(crate) const QUOTE: Field = Field(&[
    "quote",
    "text",
    "span",
    "entity",
    "mention",
    "words",
    "word",
    "value",
    "phrase",
    "string",
    "name",
    "surface",
    "extraction",
    "extractiontext",
    "цитата",
    "текст",
    "фрагмент",
    "сущность",
    "文本",
    "实体",
    "引文",
    "原文",
]);

pub(crate) const SPAN_LABEL: Field = Field(&[
    "label",
    "type",
    "entitytype",
    "category",
    "class",
    "tag",
    "entitylabel",
    "entityclass",
    "extractionclass",
    "labels",
    "ner",
    "метка",
    "тип",
    "категория",
    "класс",
    "标签",
    "类型",
    "类别",
]);

pub(crate) const FIELDS: Field = Field(&[
    "fields",
    "data",
    "extracted",
    "extraction",
    "result",
    "results",
    "record",
    "answer",
    "output",
    "поля",
    "данные",
    "结果",
    "字段",
]);

pub(crate) const VALUE: Field = Field(&[
    "value",
    "answer",
    "val",
    "content",
    "text",
    "normalized",
    "normalizedvalue",
    "значение",
    "ответ",
    "值",
]);

pub(crate) const EVIDENCE: Field = Field(&[
    "quote",
    "quotes",
    "evidence",
    "quotation",
    "source",
    "span",
    "sourcetext",
    "supportingtext",
    "excerpt",
    "цитата",
    "引文",
    "原文",
    "引用",
    "证据",
]);

pub(crate) const ANSWER: Field = Field(&[
    "answer",
    "finalanswer",
    "answertext",
    "shortanswer",
    "value",
    "text",
    "response",
    "result",
    "output",
    "ответ",
    "答案",
    "回答",
]);

pub(crate) const TEXT: Field = Field(&[
    "text",
    "summary",
    "translation",
    "title",
    "headline",
    "paraphrase",
    "rewrite",
    "draft",
    "output",
    "result",
    "response",
    "answer",
    "content",
    "translatedtext",
    "текст",
    "перевод",
    "резюме",
    "заголовок",
    "краткоесодержание",
    "ответ",
    "文本",
    "摘要",
    "翻译",
    "译文",
    "标题",
    "结果",
    "回答",
]);

pub(crate) const TEXTS: Field = Field(&[
    "texts",
    "candidates",
    "summaries",
    "translations",
    "titles",
    "headlines",
    "paraphrases",
    "variants",
    "options",
    "versions",
    "drafts",
    "results",
    "outputs",
    "тексты",
    "варианты",
    "переводы",
    "заголовки",
    "候选",
    "文本",
]);

pub(crate) const CONFIDENCE: Field = Field(&[
    "confidence",
    "confidencescore",
    "probability",
    "certainty",
    "score",
    "prob",
    "уверенность",
    "вероятность",
    "置信度",
]);

pub(crate) const OCCURRENCE: Field =
    Field(&["occurrence", "occurence", "nth", "instance", "вхождение", "第几次"]);
pub(crate) const START: Field =
    Field(&["start", "startoffset", "startindex", "startpos", "begin", "from", "offset"]);
pub(crate) const BEFORE: Field = Field(&["before", "leftcontext", "prefix", "left"]);
pub(crate) const AFTER: Field = Field(&["after", "rightcontext", "suffix", "right"]);

impl Field {
    /// The value of this field and the key it stands under. The key asked for goes first, then the others in order.
    pub(crate) fn of<'a>(&self, map: &'a Map<String, Json>) -> Option<(&'a str, &'a Json)> {
        let first = self.0.first()?;
        if let Some((key, value)) = map.get_key_value(*first) {
            return Some((key, value));
        }
        let keys: Vec<(String, &String, &Json)> =
            map.iter().map(|(key, value)| (plain(key), key, value)).collect();
        self.0.iter().find_map(|name| {
            keys.iter().find(|(plain, ..)| plain == name).map(|(_, key, value)| (key.as_str(), *value))
        })
    }

    /// The note that `key` was taken for this field; `None` where it is the key asked for.
    pub(crate) fn note(&self, key: &str) -> Option<Note> {
        let asked = self.0.first().copied().unwrap_or_default();
        (key != asked).then(|| Note::Reshaped { what: format!("`{key}` for `{asked}`") })
    }
}

/// A key without case, spaces and joints.
pub(crate) fn plain(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A confidence in [0, 1]: a number there, a percentage with its sign, or a number above 10 that can only be one.
pub(crate) fn confidence(value: &Json) -> Option<f64> {
    let number = match value {
        Json::Number(number) => number.as_f64()?,
        Json::String(text) => {
            let text = text.trim();
            match text.strip_suffix(['%', '％']) {
                Some(percent) => {
                    return percent
                        .trim()
                        .parse::<f64>()
                        .ok()
                        .map(|n| n / 100.0)
                        .filter(|n| (0.0..=1.0).contains(n));
                }
                None => text.parse().ok()?,
            }
        }
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    match number {
        n if (0.0..=1.0).contains(&n) => Some(n),
        n if n > 10.0 && n <= 100.0 => Some(n / 100.0),
        _ => None,
    }
}

/// A position or a count.
pub(crate) fn count(value: &Json) -> Option<u32> {
    match value {
        Json::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Json::String(text) => text.trim().parse().ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_key_asked_for_goes_before_all_others() {
        let map = json!({"Final Answer": "a", "label": "b"});
        assert_eq!(LABEL.of(map.as_object().unwrap()).unwrap().1, "b");
        let map = json!({"reason": "x", "Final_Answer": "a"});
        let (key, value) = LABEL.of(map.as_object().unwrap()).unwrap();
        assert_eq!((key, value), ("Final_Answer", &json!("a")));
        assert!(LABEL.note(key).is_some() && LABEL.note("label").is_none());
    }

    #[test]
    fn only_what_can_mean_one_thing_is_a_confidence() {
        for (value, want) in [
            (json!(0.9), Some(0.9)),
            (json!("90%"), Some(0.9)),
            (json!(90), Some(0.9)),
            (json!(1), Some(1.0)),
            (json!(5), None),
            (json!("high"), None),
            (json!(-0.1), None),
            (json!(null), None),
        ] {
            assert_eq!(confidence(&value), want, "{value}");
        }
    }
}
