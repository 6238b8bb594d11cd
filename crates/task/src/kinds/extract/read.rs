//! The fields of an answer: found by name, read by type, and held to the text by their quotes.
//!
//! In: a JSON object. Out: the fields in the order of the task, each null where it is not said, with their quotes.
//!
//! What becomes of a value without evidence: words (`text`) that neither stand in the text themselves nor have a quote
//! that does are an invention and are left out; what is read from words (numbers, dates, yes or no, choices) stays,
//! without a quote. A quote that does not stand in the text is noted as a loss in both cases, and named in a re-ask.
//!
//! Not here: finding the object in an answer (`extract.rs`).

use karat_core::{FieldSpec, FieldType, Filled, LabelSchema, Note, Quote};
use serde_json::{Map, Value as Json};

use super::{dates, types};
use crate::answer::clip;
use crate::answer::fields::{EVIDENCE, START, VALUE, count, plain};
use crate::answer::label::read_word;
use crate::answer::refusal::is_unknown;
use crate::kinds::evidence::{Claim, Evidence};

/// Reads the fields of one answer.
pub(super) struct Reader<'a> {
    pub(super) evidence: Evidence<'a>,
    quotes: Vec<(String, Quote)>,
    /// Why a field is empty, by its path, where something was written for it.
    why: Vec<(String, String)>,
    /// Whether a person wrote it: words of their own are no invention, and other keys are a slip.
    is_gold: bool,
}

/// Where a value stands: its path, and the path without numbers.
#[derive(Debug, Clone, Default)]
struct At {
    path: String,
    name: String,
}

impl At {
    fn key(&self, key: &str) -> Self {
        let join = |own: &str| if own.is_empty() { key.to_owned() } else { format!("{own}.{key}") };
        Self { path: join(&self.path), name: join(&self.name) }
    }

    fn nth(&self, n: usize) -> Self {
        Self { path: format!("{}.{n}", self.path), name: self.name.clone() }
    }
}

/// A value as it was written, and what was quoted for it.
struct Pair<'j> {
    value: &'j Json,
    quote: Option<&'j str>,
    start: Option<u32>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, is_gold: bool) -> Self {
        Self { evidence: Evidence::new(text), quotes: Vec::new(), why: Vec::new(), is_gold }
    }

    /// All fields of the task, and the required one that is missing, with what came instead.
    pub(super) fn read(
        &mut self,
        fields: &[FieldSpec],
        map: &Map<String, Json>,
    ) -> (Filled, Option<(String, String)>) {
        let fields_read = self.object(fields, map, &At::default());
        let missing = missing(fields, &fields_read, "").map(|path| {
            let own = self.why.iter().find(|(at, _)| *at == path || at.starts_with(&format!("{path}.")));
            let why = own.map_or_else(|| "nothing was given for it".to_owned(), |(_, why)| why.clone());
            (path, why)
        });
        (Filled { fields: fields_read, quotes: std::mem::take(&mut self.quotes) }, missing)
    }

    fn object(&mut self, fields: &[FieldSpec], map: &Map<String, Json>, at: &At) -> Map<String, Json> {
        let mut taken: Vec<&str> = Vec::new();
        let mut out = Map::new();
        for field in fields {
            let own = at.key(&field.name);
            let value = match find(fields, field, map) {
                Some((key, value)) => {
                    if key != field.name {
                        self.evidence.reshaped(format!("`{key}` for `{}`", field.name));
                    }
                    taken.push(key);
                    value
                }
                None => {
                    if !self.is_gold {
                        self.evidence.reshaped(format!("`{}` is left out, for null", own.path));
                    }
                    &Json::Null
                }
            };
            let read = if field.list { self.list(field, value, &own) } else { self.one(field, value, &own) };
            out.insert(field.name.clone(), read);
        }
        for key in map.keys().filter(|key| !taken.contains(&key.as_str())) {
            let what = format!("`{}` is no field", at.key(key).path);
            if self.is_gold {
                self.evidence.problem(what.clone());
            }
            self.evidence.reshaped(what);
        }
        out
    }

    fn list(&mut self, field: &FieldSpec, value: &Json, at: &At) -> Json {
        let one = std::slice::from_ref(value);
        let written: &[Json] = match value {
            Json::Null => &[],
            Json::Array(list) => list,
            _ => {
                self.evidence.reshaped(format!("`{}` is one value, for a list", at.path));
                one
            }
        };
        let mut out = Vec::new();
        for it in written {
            let n_quotes = self.quotes.len();
            let own = at.nth(out.len());
            let read = self.one(field, it, &own);
            if is_empty(&read) {
                self.quotes.truncate(n_quotes);
            } else {
                out.push(read);
            }
        }
        Json::Array(out)
    }

    fn one(&mut self, field: &FieldSpec, value: &Json, at: &At) -> Json {
        if field.of != FieldType::Group {
            return self.leaf(field, value, at);
        }
        match value {
            Json::Object(map) => Json::Object(self.object(&field.fields, map, at)),
            Json::Null => empty_group(field),
            Json::Array(list) if list.len() == 1 && list[0].is_object() => {
                self.evidence.reshaped(format!("`{}` is a list of one", at.path));
                self.one(field, &list[0], at)
            }
            other => {
                self.unread(at, format!("`{}` has none of its fields", clip(&other.to_string())));
                empty_group(field)
            }
        }
    }

    fn leaf(&mut self, field: &FieldSpec, json: &Json, at: &At) -> Json {
        let Some(pair) = self.pair(json, at) else { return Json::Null };
        let read = match pair.value {
            Json::Null => return Json::Null,
            Json::String(text) if text.trim().is_empty() => {
                self.evidence.reshaped(format!("`{}` is empty, for null", at.path));
                return Json::Null;
            }
            value => self.typed(field, value),
        };
        let written = match pair.value {
            Json::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        let is_words = field.of == FieldType::Text;
        let quoted = pair.quote.is_some_and(|quote| self.evidence.holds(quote));
        if !self.is_gold && is_unknown(&written) && (read.is_err() || (is_words && !quoted)) {
            self.evidence.note(Note::Normalized { written });
            return Json::Null;
        }
        match read {
            Ok(value) => self.held(field, value, &written, &pair, at),
            Err(why) => {
                self.unread(at, why);
                Json::Null
            }
        }
    }

    /// The value and its quote; `None` where it is no value, which is noted.
    fn pair<'j>(&mut self, json: &'j Json, at: &At) -> Option<Pair<'j>> {
        let bare = |value| Pair { value, quote: None, start: None };
        let map = match json {
            Json::Object(map) => map,
            Json::Array(list) => {
                return match &list[..] {
                    [] => Some(bare(&Json::Null)),
                    [only] => {
                        self.evidence.reshaped(format!("`{}` is a list of one", at.path));
                        if only.is_array() { None } else { self.pair(only, at) }
                    }
                    _ => {
                        self.unread(at, format!("{} values stand where one is asked for", list.len()));
                        None
                    }
                };
            }
            Json::Null => return Some(bare(json)),
            _ => {
                if !self.is_gold {
                    self.evidence.reshaped("values without quotes");
                }
                return Some(bare(json));
            }
        };
        let (value, quote) = (VALUE.of(map), EVIDENCE.of(map));
        let notes = value.and_then(|(key, _)| VALUE.note(key)).into_iter();
        for note in notes.chain(quote.and_then(|(key, _)| EVIDENCE.note(key))) {
            self.evidence.note(note);
        }
        let start = START.of(map).and_then(|(_, start)| count(start));
        let words = match quote.map(|(_, it)| it) {
            Some(Json::String(words)) => Some(words.as_str()),
            Some(Json::Array(list)) => list.iter().find_map(Json::as_str),
            _ => None,
        };
        let words = words.filter(|it| !it.trim().is_empty());
        match (value, quote) {
            (Some((_, value)), _) => Some(Pair { value, quote: words, start }),
            (None, Some((_, value))) => {
                self.evidence.reshaped("`quote` for `value`");
                Some(Pair { value, quote: words, start })
            }
            (None, None) => {
                self.unread(at, format!("`{}` has no `value`", clip(&json.to_string())));
                None
            }
        }
    }

    /// The value in the one form of its type; else why not.
    fn typed(&mut self, field: &FieldSpec, value: &Json) -> Result<Json, String> {
        let other = || Err(format!("`{}` is no single value", clip(&value.to_string())));
        let written = match value {
            Json::String(text) => text.trim().to_owned(),
            Json::Number(_) | Json::Bool(_) => value.to_string(),
            Json::Null | Json::Array(_) | Json::Object(_) => return other(),
        };
        let is_own = match field.of {
            FieldType::Number | FieldType::Integer => value.is_number(),
            FieldType::Boolean => value.is_boolean(),
            FieldType::Text | FieldType::Date | FieldType::Choice | FieldType::Group => value.is_string(),
        };
        let as_number = |value: &Json| value.as_f64().map_or_else(|| types::number(&written), Ok);
        let read = match field.of {
            FieldType::Text if value.is_boolean() => return Err(format!("`{written}` is no words")),
            FieldType::Text => Json::String(written.clone()),
            FieldType::Number => types::number_json(as_number(value)?),
            FieldType::Integer => types::whole(as_number(value)?)?,
            FieldType::Boolean => Json::Bool(value.as_bool().map_or_else(|| types::boolean(&written), Ok)?),
            FieldType::Date => Json::String(dates::date(&written)?),
            FieldType::Choice => return self.choice(field, &written),
            FieldType::Group => return other(),
        };
        if !is_own || (field.of == FieldType::Date && read != *value) {
            self.evidence.note(Note::Normalized { written });
        }
        Ok(read)
    }

    fn choice(&mut self, field: &FieldSpec, written: &str) -> Result<Json, String> {
        let values: Vec<&str> = field.values.iter().map(String::as_str).collect();
        let none = || format!("`{}` is none of `{}`", clip(written), values.join("`, `"));
        let schema = LabelSchema::of(&values).map_err(|_| none())?;
        let found = read_word(&schema, written).map_err(|_| none())?;
        found.note.into_iter().for_each(|note| self.evidence.note(note));
        Ok(Json::String(schema.name(found.label).to_owned()))
    }

    /// The value, with its quote where it has one; null for words that nobody wrote.
    fn held(&mut self, field: &FieldSpec, value: Json, written: &str, pair: &Pair, at: &At) -> Json {
        let claim = |quote, start| Claim { path: &at.path, name: &at.name, quote, start };
        let quoted = pair.quote.and_then(|quote| self.evidence.place(claim(quote, pair.start)));
        let is_own = quoted.is_none();
        let found = if is_own { self.own_words(field, &value, written, at) } else { quoted };
        if let Some(found) = found {
            if is_own && pair.quote.is_some() {
                self.evidence.reshaped(format!("the words of `{}` for a quote that is not there", at.path));
            }
            self.quotes.push((at.path.clone(), found));
            return value;
        }
        let is_words = field.of == FieldType::Text;
        match pair.quote {
            Some(quote) => self.evidence.absent(&at.path, quote),
            None if self.is_gold => {}
            None if is_words => self.evidence.absent(&at.path, written),
            None => self.evidence.reshaped(format!("`{}` has no quote", at.path)),
        }
        if is_words && !self.is_gold {
            self.why.push((at.path.clone(), format!("`{}` does not stand in the text", clip(written))));
            return Json::Null;
        }
        value
    }

    /// The place of the value's own words: what evidence there is where a quote is missing or wrong.
    fn own_words(&mut self, field: &FieldSpec, value: &Json, written: &str, at: &At) -> Option<Quote> {
        let claim = |quote| Claim { path: &at.path, name: &at.name, quote, start: None };
        match field.of {
            FieldType::Text => self.evidence.place(claim(written)),
            FieldType::Number | FieldType::Integer | FieldType::Date => {
                let stored = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let words = [written, &stored].into_iter().find(|it| self.evidence.holds(it))?.to_owned();
                self.evidence.place(claim(&words))
            }
            // `true` in a text is no evidence that something is.
            FieldType::Boolean | FieldType::Choice | FieldType::Group => None,
        }
    }

    fn unread(&mut self, at: &At, why: String) {
        self.evidence.problem(format!("`{}`: {why}", at.path));
        self.evidence.note(Note::Unread { field: at.path.clone(), why: why.clone() });
        self.why.push((at.path.clone(), why));
    }
}

/// The key and value of a field: the very name first, else the one key that differs from it by case and joints alone.
pub(super) fn find<'j>(
    fields: &[FieldSpec],
    field: &FieldSpec,
    map: &'j Map<String, Json>,
) -> Option<(&'j str, &'j Json)> {
    if let Some((key, value)) = map.get_key_value(&field.name) {
        return Some((key, value));
    }
    let is_other = |key: &str| fields.iter().any(|it| it.name == key);
    let mut near = map.iter().filter(|(key, _)| plain(key) == plain(&field.name) && !is_other(key));
    let (key, value) = near.next()?;
    near.next().is_none().then_some((key, value))
}

/// Null, an empty list, or a group of such.
pub(super) fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.values().all(is_empty),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

fn empty_group(field: &FieldSpec) -> Json {
    let empty = |it: &FieldSpec| match it.of {
        _ if it.list => Json::Array(Vec::new()),
        FieldType::Group => empty_group(it),
        _ => Json::Null,
    };
    Json::Object(field.fields.iter().map(|it| (it.name.clone(), empty(it))).collect())
}

/// The path of the first required field that is empty. What a missing group requires is not required.
fn missing(fields: &[FieldSpec], map: &Map<String, Json>, inside: &str) -> Option<String> {
    fields.iter().find_map(|field| {
        let path = if inside.is_empty() { field.name.clone() } else { format!("{inside}.{}", field.name) };
        let value = map.get(&field.name).unwrap_or(&Json::Null);
        if is_empty(value) {
            return field.required.then_some(path);
        }
        match value {
            Json::Object(map) => missing(&field.fields, map, &path),
            Json::Array(list) => list
                .iter()
                .enumerate()
                .find_map(|(n, it)| missing(&field.fields, it.as_object()?, &format!("{path}.{n}"))),
            _ => None,
        }
    })
}
