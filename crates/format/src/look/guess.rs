//! Guesses from names and counts which column is the text, the id and the label.

use super::ColumnLook;
use crate::ColumnKind;

/// What the columns probably are; `None` where nothing speaks for it.
pub(super) struct Guess {
    pub(super) text: Option<String>,
    pub(super) id: Option<String>,
    pub(super) label: Option<String>,
}

/// Names that speak for a text, the best first.
const TEXT_NAMES: [&str; 27] = [
    "text",
    "review",
    "content",
    "comment",
    "message",
    "sentence",
    "body",
    "tweet",
    "post",
    "utterance",
    "document",
    "description",
    "question",
    "prompt",
    "abstract",
    "passage",
    "title",
    "headline",
    "текст",
    "отзыв",
    "сообщение",
    "комментарий",
    "предложение",
    "文本",
    "内容",
    "评论",
    "句子",
];
const LABEL_NAMES: [&str; 17] = [
    "label",
    "labels",
    "class",
    "category",
    "sentiment",
    "target",
    "gold",
    "tag",
    "intent",
    "topic",
    "polarity",
    "метка",
    "класс",
    "категория",
    "тональность",
    "标签",
    "类别",
];
const ID_NAMES: [&str; 9] = ["id", "uuid", "guid", "key", "index", "uid", "ид", "номер", "编号"];

/// A column with more different values than this holds no labels.
const MAX_LABELS: usize = 50;
/// Labels are short, and texts are not.
const MAX_LABEL_CHARS: f64 = 40.0;

/// The guess from what was seen in `n_rows` rows.
pub(super) fn guess(columns: &[ColumnLook], n_rows: usize) -> Guess {
    let id = columns.iter().find(|column| is_id(column, n_rows));
    let is_left = |column: &&ColumnLook| id.is_none_or(|id| id.name != column.name);
    let text = columns.iter().filter(is_left).filter(|column| may_be_text(column)).max_by(|a, b| {
        // Of equals the first.
        text_score(a).total_cmp(&text_score(b)).then(std::cmp::Ordering::Greater)
    });
    let is_left = |column: &&ColumnLook| is_left(column) && text.is_none_or(|text| text.name != column.name);
    let labels = columns.iter().filter(is_left).filter(|column| may_be_label(column, n_rows));
    let label = labels
        .min_by_key(|column| (rank(&LABEL_NAMES, &column.name).unwrap_or(usize::MAX), column.n_distinct));
    let named = |column: Option<&ColumnLook>| column.map(|column| column.name.clone());
    Guess { text: named(text), id: named(id), label: named(label) }
}

/// An id says so in its name, is there in each row, and each row has its own.
fn is_id(column: &ColumnLook, n_rows: usize) -> bool {
    let name = column.name.to_lowercase();
    let is_named = ID_NAMES.contains(&name.as_str())
        || name.ends_with("_id")
        || name.ends_with("-id")
        || column.name.ends_with("Id")
        || column.name.ends_with("ID");
    is_named && n_rows > 0 && column.n_filled == n_rows && column.n_distinct == n_rows
}

fn may_be_text(column: &ColumnLook) -> bool {
    column.kind == ColumnKind::Text && column.n_filled > 0
}

/// A good name is worth as much as a long text; the two together more.
fn text_score(column: &ColumnLook) -> f64 {
    let by_name = rank(&TEXT_NAMES, &column.name).map_or(0.0, |rank| 4.0 - rank as f64 / 20.0);
    let variety = column.n_distinct as f64 / column.n_filled.max(1) as f64;
    by_name + (1.0 + column.mean_chars).log10() * (0.5 + variety) + column.share_filled
}

fn may_be_label(column: &ColumnLook, n_rows: usize) -> bool {
    let is_short = column.mean_chars <= MAX_LABEL_CHARS && column.kind != ColumnKind::Number;
    let repeats =
        column.n_distinct >= 1 && column.n_distinct <= MAX_LABELS && column.n_distinct * 2 <= n_rows;
    let is_named = rank(&LABEL_NAMES, &column.name).is_some();
    is_short && column.n_filled > 0 && (is_named || (repeats && column.n_distinct > 1))
}

/// The place of a name, or of a word of it, in a list of names.
fn rank(names: &[&str], name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    names.iter().position(|known| name.split(|c: char| !c.is_alphanumeric()).any(|word| word == *known))
}
