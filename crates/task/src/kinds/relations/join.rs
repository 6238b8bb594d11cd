//! The spans and relations of an answer put together: places found, ends of relations looked up.
//!
//! In: JSON elements. Out: a graph, notes on what was left out, and why.

use karat_core::{Alignment, Graph, LabeledSpan, Note, Outcome, Relation, Span, Task, Unusable, Value};
use serde_json::{Map, Value as Json, json};

use super::read::Found;
use super::{entities, given};
use crate::align::{Haystack, Placement, Quoted, place_all};
use crate::answer::clip;
use crate::answer::fields::{Field, QUOTE};
use crate::answer::label::read_word;
use crate::answer::quoted::from_value;
use crate::fold::folded_quote;
use crate::kind::Reading;

pub(super) const FROM: Field = Field(&[
    "from",
    "head",
    "subject",
    "source",
    "fromid",
    "headid",
    "subjectid",
    "sourceid",
    "arg1",
    "entity1",
    "start",
    "от",
    "откуда",
    "субъект",
    "主体",
    "头实体",
]);
pub(super) const TO: Field = Field(&[
    "to",
    "tail",
    "object",
    "target",
    "toid",
    "tailid",
    "objectid",
    "targetid",
    "arg2",
    "entity2",
    "end",
    "к",
    "куда",
    "объект",
    "客体",
    "尾实体",
]);
pub(super) const LABEL: Field = Field(&[
    "label",
    "relation",
    "type",
    "relationtype",
    "predicate",
    "relationship",
    "name",
    "метка",
    "тип",
    "отношение",
    "связь",
    "标签",
    "关系",
    "关系类型",
]);
const ID: Field = Field(&["id", "key", "ref", "identifier", "spanid", "entityid", "номер", "编号"]);

/// At most so many troubles are named in one re-ask.
const MAX_NAMED: usize = 5;

/// A span as relations may name it.
struct Named {
    id: Option<String>,
    quote: String,
    /// Its number among the placed; `None` where it has no place.
    at: Option<usize>,
}

/// What became of an answer, so far.
#[derive(Default)]
struct Gathered {
    named: Vec<Named>,
    spans: Vec<LabeledSpan>,
    relations: Vec<Relation>,
    notes: Vec<Note>,
    problems: Vec<String>,
    lost: Option<Unusable>,
}

/// Places the spans and joins them.
pub(super) fn graph(task: &Task, text: &str, known: Option<Vec<LabeledSpan>>, found: Found) -> Reading {
    let is_given = known.is_some();
    let mut out = Gathered { notes: found.notes, ..Gathered::default() };
    match known {
        Some(spans) => {
            let name = |(n, it): (usize, &LabeledSpan)| Named {
                id: Some(given::id(n)),
                quote: it.quote.clone(),
                at: Some(n),
            };
            out.named = spans.iter().enumerate().map(name).collect();
            out.spans = spans;
        }
        None => out.place(task, text, &found.spans),
    }
    for relation in found.relations.iter().flatten() {
        out.relate(task, relation);
    }
    let Gathered { spans, relations, notes, mut problems, lost, .. } = out;
    let n_more = problems.len().saturating_sub(MAX_NAMED);
    problems.truncate(MAX_NAMED);
    if n_more > 0 {
        problems.push(format!("and {n_more} more"));
    }
    let is_empty = relations.is_empty() && (is_given || spans.is_empty());
    let outcome = match lost.filter(|_| is_empty) {
        Some(why) => Outcome::Unusable(why),
        None => Outcome::Labeled(Value::Relations(Graph::new(spans, relations))),
    };
    let problem = (!problems.is_empty()).then(|| problems.join("; "));
    Reading { outcome, notes, problem, stated: None }
}

impl Gathered {
    /// Finds the places of the quotes.
    fn place(&mut self, task: &Task, text: &str, elements: &[Json]) {
        let mut mentions: Vec<Quoted> = Vec::new();
        let mut owners = Vec::new();
        for element in elements {
            let id = element.as_object().and_then(|map| ID.of(map)).and_then(|(_, id)| scalar(id));
            let read = from_value(entities(task), &json!({"spans": [element]})).unwrap_or_default();
            self.notes
                .extend(read.notes.into_iter().filter(|note| !self.notes.contains(note)).collect::<Vec<_>>());
            for (label, quote) in read.unknown {
                self.problems.push(format!("`{label}` (for `{quote}`) is not one of the labels of places"));
                self.lost.get_or_insert(Unusable::UnknownLabel { got: label.clone(), nearest: None });
                self.notes.push(Note::UnknownMention { label, quote });
            }
            let quote = read.mentions.first().map(|it| it.quote.clone()).unwrap_or_default();
            // One element is one span: what names several is taken for none by the identifier.
            for mention in read.mentions {
                owners.push(self.named.len());
                mentions.push(mention);
            }
            self.named.push(Named { id, quote, at: None });
        }
        let placements = place_all(&Haystack::new(text), &mentions, true);
        for (n, placement) in placements.into_iter().enumerate() {
            let at = self.placed(text, &mentions, n, placement);
            let named = &mut self.named[owners[n]];
            named.at = named.at.or(at);
        }
    }

    /// The number of the span of mention `n`.
    fn placed(&mut self, text: &str, mentions: &[Quoted], n: usize, placement: Placement) -> Option<usize> {
        let mention = &mentions[n];
        let note = |alignment| Note::Mention {
            label: mention.written.clone(),
            quote: mention.quote.clone(),
            alignment,
        };
        let how = match placement {
            Placement::At(placed) => {
                if !(placed.is_only && placed.how == Alignment::Exact) {
                    self.notes.push(note(placed.how));
                }
                let span = Span::from_bytes(text, placed.at.clone())?;
                let quote = text.get(placed.at)?.to_owned();
                let span = LabeledSpan { span, label: mention.label, quote };
                let at = self.spans.iter().position(|it| *it == span);
                return Some(at.unwrap_or_else(|| {
                    self.spans.push(span);
                    self.spans.len() - 1
                }));
            }
            Placement::Repeated => {
                self.notes.push(Note::Repeated);
                let words = folded_quote(&mention.quote);
                return self
                    .spans
                    .iter()
                    .position(|it| it.label == mention.label && folded_quote(&it.quote) == words);
            }
            Placement::Open(how) => how,
        };
        self.notes.push(note(how));
        let quote = clip(&mention.quote);
        let (n_found, problem) = match how {
            Alignment::Ambiguous { n_found } => {
                (n_found, format!("`{quote}` stands {n_found} times in the text: say which by `occurrence`"))
            }
            _ => (0, format!("`{quote}` does not stand in the text: copy the words exactly")),
        };
        self.problems.push(problem);
        self.lost.get_or_insert(Unusable::NotPlaced { quote, n_found });
        None
    }

    /// Adds one relation, or says why not.
    fn relate(&mut self, task: &Task, element: &Json) {
        let Some((from, label, to)) = parts(task, element) else {
            let got = format!("`{}` is no relation", clip(&element.to_string()));
            return self.lose(clip(&element.to_string()), got.clone(), Unusable::WrongShape { got });
        };
        let relation = format!("{} {} {}", plain(&from), plain(&label), plain(&to));
        let written = plain(&label);
        let label = match read_word(&task.schema, &written) {
            Ok(found) => found,
            Err(why) => return self.lose(relation, why.to_string(), why),
        };
        let ends = [self.find(&from), self.find(&to)];
        let [from, to] = match ends {
            [Ok(from), Ok(to)] => [from, to],
            [Err(got), _] | [_, Err(got)] => {
                return self.lose(relation, got.clone(), Unusable::WrongShape { got });
            }
        };
        if from == to {
            let got = "it joins a place with itself".to_owned();
            return self.lose(
                relation,
                got,
                Unusable::WrongShape { got: "a relation joins a place with itself".to_owned() },
            );
        }
        if let Some(note) = label.note.filter(|note| !self.notes.contains(note)) {
            self.notes.push(note);
        }
        let relation = Relation { from: from as u32, to: to as u32, label: label.label };
        match self.relations.contains(&relation) {
            true => self.notes.push(Note::Repeated),
            false => self.relations.push(relation),
        }
    }

    fn lose(&mut self, relation: String, why: String, lost: Unusable) {
        self.problems.push(format!("`{relation}`: {why}"));
        self.notes.push(Note::RelationLost { relation: clip(&relation), why });
        self.lost.get_or_insert(lost);
    }

    /// The number of the span that an end of a relation names: by its identifier, else by words that one span alone has.
    fn find(&mut self, end: &Json) -> Result<usize, String> {
        let inner = |field: &Field| end.as_object().and_then(|map| field.of(map)).map(|(_, it)| it.clone());
        let written = match end {
            Json::Object(_) => inner(&ID).or_else(|| inner(&QUOTE)).as_ref().and_then(scalar),
            end => scalar(end),
        };
        let written = written.ok_or_else(|| format!("`{}` names no span", clip(&end.to_string())))?;
        let unplaced = || format!("`{}` has no place in the text", clip(&written));
        let is_id = |it: &&Named| it.id.as_ref().is_some_and(|id| same_id(id, &written));
        let by_id: Vec<Option<usize>> = self.named.iter().filter(is_id).map(|it| it.at).collect();
        match by_id[..] {
            [at] => return at.ok_or_else(unplaced),
            [] => {}
            [..] => return Err(format!("several spans are called `{}`", clip(&written))),
        }
        let words = folded_quote(&written);
        let has_words = |it: &&Named| folded_quote(&it.quote) == words;
        let mut by_words: Vec<Option<usize>> = self.named.iter().filter(has_words).map(|it| it.at).collect();
        by_words.dedup();
        match by_words[..] {
            [at] => {
                let note = Note::Reshaped { what: "a quote for an identifier".to_owned() };
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
                at.ok_or_else(unplaced)
            }
            [] => Err(format!("`{}` is no span", clip(&written))),
            [..] => Err(format!("`{}` is more than one span: use its identifier", clip(&written))),
        }
    }
}

/// From, label and to of one relation: an object, or three strings of which one is a label.
fn parts(task: &Task, element: &Json) -> Option<(Json, Json, Json)> {
    match element {
        Json::Object(map) => {
            let get = |field: &Field, map: &Map<String, Json>| field.of(map).map(|(_, it)| it.clone());
            Some((get(&FROM, map)?, get(&LABEL, map)?, get(&TO, map)?))
        }
        Json::Array(row) => {
            let [a, b, c] = &row[..] else { return None };
            let is_label = |it: &Json| it.as_str().is_some_and(|it| task.schema.read(it).is_ok());
            match [a, b, c].map(is_label) {
                [false, true, false] => Some((a.clone(), b.clone(), c.clone())),
                [false, false, true] => Some((a.clone(), c.clone(), b.clone())),
                [true, false, false] => Some((b.clone(), a.clone(), c.clone())),
                _ => None,
            }
        }
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.trim().to_owned()).filter(|it| !it.is_empty()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

fn plain(value: &Json) -> String {
    scalar(value).unwrap_or_else(|| clip(&value.to_string()))
}

/// Whether two ways to write an identifier are one: `E1` is `e1`, and `1` is `e1`.
fn same_id(id: &str, written: &str) -> bool {
    let bare = |it: &str| it.trim().trim_matches(['[', ']', '<', '>', '#']).to_lowercase();
    let (id, written) = (bare(id), bare(written));
    let is_number = |it: &str| !it.is_empty() && it.chars().all(|c| c.is_ascii_digit());
    id == written || id.strip_prefix('e').is_some_and(|n| is_number(n) && n == written)
}
