//! An order of options out of JSON or a line of text.
//!
//! In: the options of an item, by their letters or names, and what was written. Out: groups of options, the best first, of
//! which each holds every option once; or why there is no such order. Not here: what is done with two orders (`order.rs`).

use karat_core::{Item, LabelId, Note, Task, Unusable, normalize_label};
use serde_json::{Map, Value as Json};

use super::options;
use crate::answer::clip;
use crate::answer::fields::{LABEL, QUOTE};

/// Groups of options, the best first.
pub(super) type Order = Vec<Vec<LabelId>>;

/// Knows the options of one item.
pub(super) struct Reader {
    /// By which word, in which order: letter or name, and the option.
    words: Vec<(String, LabelId)>,
    /// The options that must stand in an order, by what they are called in messages.
    present: Vec<(String, LabelId)>,
    ties: bool,
}

impl Reader {
    /// Options by their letters, as a model sees them.
    pub(super) fn letters(task: &Task, item: &Item) -> Self {
        Self::of(task, item, false)
    }

    /// Options by the names of their columns, and by their letters where no column is called so.
    pub(super) fn names(task: &Task, item: &Item) -> Self {
        Self::of(task, item, true)
    }

    fn of(task: &Task, item: &Item, by_name: bool) -> Self {
        let found = options::present(task, item);
        // An item without any of the columns is a stand-in: all options are there.
        let all =
            || task.spec.options.iter().enumerate().map(|(n, name)| (options::letter(n), name.as_str()));
        let shown: Vec<(String, &str)> = match found.is_empty() {
            true => all().collect(),
            false => found.into_iter().map(|(letter, column, _)| (letter, column)).collect(),
        };
        let label = |name: &str| options::label(task, name);
        let letters = shown.iter().filter_map(|(letter, name)| Some((letter.clone(), label(name)?)));
        let names =
            shown.iter().filter(|_| by_name).filter_map(|(_, name)| Some(((*name).to_owned(), label(name)?)));
        let present = shown.iter().filter_map(|(letter, name)| {
            let called = if by_name { (*name).to_owned() } else { letter.clone() };
            Some((called, label(name)?))
        });
        Self {
            words: names.chain(letters.clone()).collect(),
            present: present.collect(),
            ties: task.spec.ties,
        }
    }

    /// The option of a word: `B`, `Option B`, `**B**`.
    fn option(&self, written: &str) -> Result<LabelId, Unusable> {
        let exact = |word: &str| self.words.iter().find(|(known, _)| known == word).map(|(_, label)| *label);
        let written = written.trim();
        if let Some(label) = exact(written) {
            return Ok(label);
        }
        let normal = normalize_label(written);
        let bare = NOUNS.iter().find_map(|noun| normal.strip_prefix(noun)).unwrap_or(&normal).trim();
        let mut found =
            self.words.iter().filter(|(known, _)| normalize_label(known) == bare).map(|(_, label)| *label);
        let unknown = || Unusable::UnknownLabel { got: clip(written), nearest: None };
        let first = found.next().ok_or_else(unknown)?;
        if found.all(|other| other == first) { Ok(first) } else { Err(unknown()) }
    }

    /// An order out of a list, or out of ranks by letter, with a note where it was not a list as asked for. `None` where the
    /// value has no place for one.
    pub(super) fn json(&self, value: &Json) -> Option<(Result<Order, Unusable>, Option<Note>)> {
        match value {
            Json::Array(list) if list.is_empty() => None,
            Json::Array(list) => Some(self.list(list)),
            Json::Object(map) => {
                let order = self.ranks(map.iter().map(|(key, value)| (key.as_str(), value)))?;
                Some((order, Some(note("a rank for each letter"))))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
        }
    }

    fn list(&self, list: &[Json]) -> (Result<Order, Unusable>, Option<Note>) {
        if list.iter().all(Json::is_object) {
            let ranked = list.iter().filter_map(Json::as_object).map(pair).collect::<Option<Vec<_>>>();
            let order = ranked.and_then(|it| self.ranks(it.into_iter())).unwrap_or_else(|| Err(wrong(list)));
            return (order, Some(note("a rank for each letter")));
        }
        let mut groups = Vec::new();
        let mut signs = None;
        for step in list {
            let group = match step {
                Json::String(text) => self.step(text).inspect(|group| {
                    if group.len() > 1 {
                        signs = Some(note("signs for a list"));
                    }
                }),
                Json::Array(several) => several
                    .iter()
                    .map(|it| it.as_str().ok_or_else(|| wrong(list)).and_then(|it| self.option(it)))
                    .collect(),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => Err(wrong(list)),
            };
            match group {
                Ok(group) => groups.push(group),
                Err(why) => return (Err(why), None),
            }
        }
        (self.whole(groups), signs)
    }

    /// `{"A": 2, "B": 1}`: the smallest number is the best. `None` where it is something else.
    fn ranks<'a>(&self, pairs: impl Iterator<Item = (&'a str, &'a Json)>) -> Option<Result<Order, Unusable>> {
        let mut ranked: Vec<(u64, LabelId)> = Vec::new();
        for (key, value) in pairs {
            let rank = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
            match self.option(key) {
                Ok(label) => ranked.push((rank, label)),
                Err(_) if ranked.is_empty() => return None,
                Err(why) => return Some(Err(why)),
            }
        }
        ranked.sort_unstable();
        let first = ranked.first()?.0;
        let mut groups: Vec<(u64, Vec<LabelId>)> = Vec::new();
        for (rank, label) in ranked {
            match groups.last_mut() {
                Some((last, group)) if *last == rank => group.push(label),
                _ => groups.push((rank, vec![label])),
            }
        }
        // Ranks begin at 1: `{"A": 9, "B": 7}` are points, of which more may be better.
        let points = first != 1 || groups.iter().any(|(rank, _)| *rank as usize > self.present.len());
        if points {
            let got = "numbers that are no ranks from 1".to_owned();
            return Some(Err(Unusable::WrongShape { got }));
        }
        Some(self.whole(groups.into_iter().map(|(_, group)| group).collect()))
    }

    /// An order out of a line (`B > A = C`, `B, A, C`) or out of one line for each option. `None` where a text is neither.
    pub(super) fn text(&self, text: &str) -> Option<Result<Order, Unusable>> {
        let text = text.trim();
        let (head, rest) = text.rsplit_once([':', '：']).unwrap_or(("", text));
        let text =
            if head.chars().count() < 40 && !head.contains(['\n', '>', ',']) { rest.trim() } else { text };
        let by_sign = text.contains(['>', '≻']);
        let by_comma = text.contains([',', '，', '、', ';']);
        let by_line = text.contains('\n');
        let steps: Vec<&str> = match (by_sign, by_comma, by_line) {
            (true, false, false) => text.split(['>', '≻']).collect(),
            (false, true, false) => text.split([',', '，', '、', ';']).collect(),
            (false, false, true) => text.lines().filter(|line| !line.trim().is_empty()).collect(),
            _ => return None,
        };
        let steps: Vec<&str> = steps.into_iter().map(bare).filter(|it| !it.is_empty()).collect();
        let groups: Vec<Result<Vec<LabelId>, Unusable>> = steps.iter().map(|step| self.step(step)).collect();
        // Prose that happens to have commas in it is no list.
        if groups.iter().all(Result::is_err) || steps.iter().any(|it| it.split_whitespace().count() > 6) {
            return None;
        }
        Some(groups.into_iter().collect::<Result<Order, _>>().and_then(|groups| self.whole(groups)))
    }

    /// One place of an order: an option, or several with `=` between them.
    fn step(&self, text: &str) -> Result<Vec<LabelId>, Unusable> {
        match self.option(text) {
            Ok(label) => Ok(vec![label]),
            Err(why) if !text.contains(['=', '~', '≈']) => Err(why),
            Err(_) => text.split(['=', '~', '≈']).map(|it| self.option(it)).collect(),
        }
    }

    /// The order, where it holds every option once, and equals only where they are allowed.
    fn whole(&self, groups: Order) -> Result<Order, Unusable> {
        let called = |label: LabelId| {
            self.present
                .iter()
                .find(|(_, it)| *it == label)
                .map_or_else(String::new, |(word, _)| word.clone())
        };
        let wrong = |got: String| Err(Unusable::WrongShape { got });
        let mut seen = Vec::new();
        for label in groups.iter().flatten() {
            if seen.contains(label) {
                return wrong(format!("the ranking names `{}` twice", called(*label)));
            }
            seen.push(*label);
        }
        let missing: Vec<_> = self
            .present
            .iter()
            .filter(|(_, label)| !seen.contains(label))
            .map(|(word, _)| format!("`{word}`"))
            .collect();
        if !missing.is_empty() {
            return wrong(format!("the ranking leaves out {}", missing.join(", ")));
        }
        if !self.ties && groups.iter().any(|group| group.len() > 1) {
            return wrong("the ranking holds options for equal, and the task allows no ties".to_owned());
        }
        Ok(groups.into_iter().filter(|group| !group.is_empty()).collect())
    }
}

/// `{"option": "B", "rank": 1}`.
fn pair(map: &Map<String, Json>) -> Option<(&str, &Json)> {
    let rank = ["rank", "place", "position"].iter().find_map(|key| map.get(*key))?;
    let (_, name) = map
        .get_key_value("option")
        .or_else(|| map.get_key_value("letter"))
        .map(|(key, value)| (key.as_str(), value))
        .or_else(|| LABEL.of(map))
        .or_else(|| QUOTE.of(map))?;
    Some((name.as_str()?, rank))
}

/// A step without the number or dash that numbers it.
fn bare(step: &str) -> &str {
    let step = step.trim().trim_start_matches(['-', '•']).trim();
    let number = step.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    let rest = &step[number..];
    let numbered = number > 0 && rest.starts_with(['.', ')', '、']);
    if numbered { rest.trim_start_matches(['.', ')', '、']).trim() } else { step }
}

fn wrong(list: &[Json]) -> Unusable {
    Unusable::WrongShape { got: format!("`{}` is no list of letters", clip(&Json::from(list).to_string())) }
}

fn note(what: &str) -> Note {
    Note::Reshaped { what: what.to_owned() }
}

/// What an option may be called in front of its letter, normalised.
const NOUNS: &[&str] = &[
    "option ",
    "response ",
    "answer ",
    "assistant ",
    "candidate ",
    "text ",
    "вариант ",
    "ответ ",
    "选项",
    "回答",
    "答案",
];
