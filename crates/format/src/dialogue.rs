//! Dialogues: a list of turns in one cell, as one text, or as an item for each turn.
//!
//! In: an item whose column holds turns, as JSON or as JSON in a string: objects with a speaker (`speaker`, `role`, `from`,
//! `name`) and words (`text`, `content`, `value`, `utterance`), or bare strings. Out: the item with the whole dialogue in its
//! text column; or an item for each turn, `ID#1`, `ID#2` …, with `speaker` and the turns `before` it as further columns. What
//! else a turn holds becomes columns too: the gold label of a turn may stand in the turn.

use karat_core::{DialogueSpec, Fields, Item, ItemId, Turns, cell_text};
use serde_json::Value as Json;

/// The columns that are made for each turn, beside the text.
pub const TURN_COLUMNS: [&str; 2] = ["speaker", "before"];

const SPEAKERS: [&str; 4] = ["speaker", "role", "from", "name"];
const WORDS: [&str; 4] = ["text", "content", "value", "utterance"];

struct Turn {
    speaker: String,
    words: String,
    further: Fields,
}

impl Turn {
    fn line(&self) -> String {
        match self.speaker.is_empty() {
            true => self.words.clone(),
            false => format!("{}: {}", self.speaker, self.words),
        }
    }
}

/// The items that a row with a dialogue becomes; `text` is the column that the words go to.
pub(crate) fn unfold(item: Item, spec: &DialogueSpec, text: &str) -> Result<Vec<Item>, String> {
    let turns = turns(item.fields.get(&spec.column), &spec.column)?;
    if spec.label == Turns::Whole {
        let lines: Vec<String> = turns.iter().map(Turn::line).collect();
        let mut item = item;
        item.fields.insert(text.to_owned(), lines.join("\n").into());
        return Ok(vec![item]);
    }
    let wanted = |turn: &Turn| spec.speakers.is_empty() || spec.speakers.contains(&turn.speaker);
    let made = turns.iter().enumerate().filter(|(_, turn)| wanted(turn) && !turn.words.trim().is_empty());
    let of_turn = |(n, turn): (usize, &Turn)| {
        let first = spec.before.map_or(0, |before| n.saturating_sub(before as usize));
        let before: Vec<String> = turns[first..n].iter().map(Turn::line).collect();
        let mut fields = item.fields.clone();
        fields.shift_remove(&spec.column);
        fields.extend(turn.further.clone());
        fields.insert("speaker".into(), turn.speaker.clone().into());
        fields.insert("before".into(), before.join("\n").into());
        fields.insert(text.to_owned(), turn.words.clone().into());
        Item { id: ItemId::new(format!("{}#{}", item.id, n + 1)), row: item.row, fields }
    };
    Ok(made.map(of_turn).collect())
}

/// The columns that the turns of a cell make beyond [`TURN_COLUMNS`].
pub(crate) fn further_columns(cell: Option<&Json>, column: &str) -> Vec<String> {
    let turns = turns(cell, column).unwrap_or_default();
    turns.into_iter().flat_map(|turn| turn.further.into_iter().map(|(name, _)| name)).collect()
}

fn turns(cell: Option<&Json>, column: &str) -> Result<Vec<Turn>, String> {
    let parsed: Json;
    let list = match cell {
        Some(Json::Array(list)) => list,
        Some(Json::String(text)) => {
            parsed = serde_json::from_str(text).unwrap_or(Json::Null);
            parsed.as_array().ok_or_else(|| no_turns(column))?
        }
        _ => return Err(no_turns(column)),
    };
    if list.is_empty() {
        return Err(format!("the dialogue in `{column}` has no turns"));
    }
    list.iter()
        .enumerate()
        .map(|(n, json)| turn(json).ok_or_else(|| format!("turn {} in `{column}` has no words", n + 1)))
        .collect()
}

fn no_turns(column: &str) -> String {
    format!("`{column}` holds no list of turns such as [{{\"speaker\": \"Ann\", \"text\": \"Hello\"}}]")
}

fn turn(json: &Json) -> Option<Turn> {
    if let Json::String(words) = json {
        return Some(Turn { speaker: String::new(), words: words.clone(), further: Fields::new() });
    }
    let map = json.as_object()?;
    let words_key = WORDS.into_iter().find(|key| map.contains_key(*key))?;
    let speaker_key = SPEAKERS.into_iter().find(|key| map.contains_key(*key));
    let words = match map.get(words_key)? {
        // A message in parts: its texts, one after the other.
        Json::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            texts.join("\n")
        }
        other => cell_text(other).unwrap_or_default().into_owned(),
    };
    let speaker = speaker_key.and_then(|key| cell_text(map.get(key)?)).unwrap_or_default().into_owned();
    let known = |name: &String| *name == words_key || Some(name.as_str()) == speaker_key;
    let further =
        map.iter().filter(|(name, _)| !known(name)).map(|(name, it)| (name.clone(), it.clone())).collect();
    Some(Turn { speaker, words, further })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(turns: Json) -> Item {
        let fields = [("id".to_owned(), json!("c1")), ("turns".to_owned(), turns)].into_iter().collect();
        Item { id: ItemId::new("c1"), row: 1, fields }
    }

    fn each(before: Option<u32>, speakers: &[&str]) -> DialogueSpec {
        let speakers = speakers.iter().map(|it| (*it).to_owned()).collect();
        DialogueSpec { column: "turns".into(), label: Turns::Each, before, speakers }
    }

    fn whole() -> DialogueSpec {
        DialogueSpec { label: Turns::Whole, ..each(None, &[]) }
    }

    fn three() -> Json {
        json!([
            {"speaker": "Анна", "text": "Где мой заказ?", "gold": "question"},
            {"role": "bot", "content": [{"type": "text", "text": "他在路上。"}]},
            {"from": "Анна", "value": "Спасибо!", "gold": "thanks"},
        ])
    }

    #[test]
    fn a_whole_dialogue_is_one_text() {
        let got = unfold(item(three()), &whole(), "text").unwrap();
        assert_eq!(got[0].text("text").unwrap(), "Анна: Где мой заказ?\nbot: 他在路上。\nАнна: Спасибо!");
        assert_eq!((got.len(), got[0].id.as_str()), (1, "c1"));
    }

    #[test]
    fn each_turn_is_an_item_with_what_came_before_it() {
        let got = unfold(item(three()), &each(Some(1), &[]), "text").unwrap();
        let ids: Vec<&str> = got.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["c1#1", "c1#2", "c1#3"]);
        assert_eq!(got[2].text("before").unwrap(), "bot: 他在路上。");
        assert_eq!(got[2].text("gold").unwrap(), "thanks");
        assert_eq!(got[0].text("before").unwrap(), "");
        assert!(got.iter().all(|it| it.fields.get("turns").is_none()));
    }

    #[test]
    fn only_the_turns_of_named_speakers_are_items_and_keep_their_numbers() {
        let got = unfold(item(three()), &each(None, &["bot"]), "text").unwrap();
        assert_eq!(got.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["c1#2"]);
        assert_eq!(got[0].text("before").unwrap(), "Анна: Где мой заказ?");
    }

    #[test]
    fn json_in_a_string_and_bare_strings_are_read() {
        let got = unfold(item(json!("[\"Hello\", \"Hi\"]")), &whole(), "text").unwrap();
        assert_eq!(got[0].text("text").unwrap(), "Hello\nHi");
    }

    #[test]
    fn what_is_no_dialogue_is_told() {
        for (cell, why) in [
            (json!("A: hello"), "holds no list of turns"),
            (json!([]), "has no turns"),
            (json!([{"speaker": "x"}]), "turn 1 in `turns` has no words"),
            (Json::Null, "holds no list of turns"),
        ] {
            let got = unfold(item(cell), &whole(), "text").unwrap_err();
            assert!(got.contains(why), "{got}");
        }
    }
}
