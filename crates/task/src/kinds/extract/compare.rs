//! How far apart two records are, and what several say together.
//!
//! In: the fields of the task and records of them. Out: a distance in [0, 1], or a vote. Where two items of a list belong
//! together is settled by the assignment with the most equal values (`assign.rs`).

use std::collections::HashMap;

use karat_core::{FieldSpec, FieldType, Filled, Quote, Value};
use serde_json::{Map, Value as Json};

use super::assign::best_total;
use super::read::is_empty;
use crate::fold::folded_quote;
use crate::kind::Vote;

/// Longer lists are compared item by item in their order: the assignment takes time in the cube of their length.
const MAX_ASSIGNED: usize = 200;

/// One minus the F1 score of filled leaves with equal values; 0 where neither record has any.
pub(super) fn distance(fields: &[FieldSpec], a: &Map<String, Json>, b: &Map<String, Json>) -> f64 {
    let n_leaves = n_leaves(a) + n_leaves(b);
    if n_leaves == 0 { 0.0 } else { 1.0 - 2.0 * n_equal(fields, a, b) as f64 / n_leaves as f64 }
}

fn n_leaves(map: &Map<String, Json>) -> usize {
    fn leaves(value: &Json) -> usize {
        match value {
            Json::Null => 0,
            Json::Array(list) => list.iter().map(leaves).sum(),
            Json::Object(map) => n_leaves(map),
            Json::Bool(_) | Json::Number(_) | Json::String(_) => 1,
        }
    }
    map.values().map(leaves).sum()
}

/// The paths of all filled leaves, in order.
pub(super) fn paths(map: &Map<String, Json>) -> Vec<String> {
    fn walk(value: &Json, path: String, out: &mut Vec<String>) {
        match value {
            Json::Null => {}
            Json::Array(list) => {
                list.iter().enumerate().for_each(|(n, it)| walk(it, format!("{path}.{n}"), out))
            }
            Json::Object(map) => map.iter().for_each(|(key, it)| walk(it, format!("{path}.{key}"), out)),
            Json::Bool(_) | Json::Number(_) | Json::String(_) => out.push(path),
        }
    }
    let mut out = Vec::new();
    map.iter().for_each(|(key, value)| walk(value, key.clone(), &mut out));
    out
}

/// How many leaves of two records have equal values.
fn n_equal(fields: &[FieldSpec], a: &Map<String, Json>, b: &Map<String, Json>) -> usize {
    let of = |field: &FieldSpec| match (a.get(&field.name), b.get(&field.name)) {
        (Some(Json::Array(a)), Some(Json::Array(b))) if field.list => n_equal_items(field, a, b),
        (Some(a), Some(b)) => n_equal_of_one(field, a, b),
        _ => 0,
    };
    fields.iter().map(of).sum()
}

fn n_equal_of_one(field: &FieldSpec, a: &Json, b: &Json) -> usize {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => n_equal(&field.fields, a, b),
        _ => usize::from(!is_empty(a) && key(field, a) == key(field, b)),
    }
}

fn n_equal_items(field: &FieldSpec, a: &[Json], b: &[Json]) -> usize {
    if field.of != FieldType::Group {
        let mut counts: HashMap<String, usize> = HashMap::new();
        a.iter().for_each(|it| *counts.entry(key(field, it)).or_default() += 1);
        let mut taken = |it: &Json| match counts.get_mut(&key(field, it)) {
            Some(n) if *n > 0 => {
                *n -= 1;
                true
            }
            _ => false,
        };
        return b.iter().filter(|it| taken(it)).count();
    }
    if a.len().max(b.len()) > MAX_ASSIGNED {
        return a.iter().zip(b).map(|(a, b)| n_equal_of_one(field, a, b)).sum();
    }
    let gains: Vec<Vec<i64>> =
        a.iter().map(|a| b.iter().map(|b| n_equal_of_one(field, a, b) as i64).collect()).collect();
    best_total(&gains) as usize
}

/// One string for all values that count as equal.
fn key(field: &FieldSpec, value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(_) => value.to_string(),
        Json::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |it| it.to_string()),
        Json::String(text) if field.of == FieldType::Text => {
            let folded = folded_quote(text);
            let bare = folded.trim_matches(|c: char| !c.is_alphanumeric());
            format!("\"{}", if bare.is_empty() { &folded } else { bare })
        }
        Json::String(text) => format!("\"{text}"),
        Json::Array(list) => {
            let mut items: Vec<String> = list.iter().map(|it| key(field, it)).collect();
            items.sort_unstable();
            Json::from(items).to_string()
        }
        Json::Object(map) => {
            let part = |it: &FieldSpec| key(it, map.get(&it.name).unwrap_or(&Json::Null));
            Json::from(field.fields.iter().map(part).collect::<Vec<_>>()).to_string()
        }
    }
}

/// What several records say together, field by field; see `Extract::vote`.
pub(super) fn vote(fields: &[FieldSpec], values: &[Value]) -> Vote {
    let records: Vec<&Filled> = values
        .iter()
        .filter_map(|value| match value {
            Value::Fields(filled) => Some(filled),
            _ => None,
        })
        .collect();
    if records.is_empty() {
        return Vote::None;
    }
    let far = |a: &Filled| records.iter().map(|b| distance(fields, &a.fields, &b.fields)).sum();
    let far: Vec<f64> = records.iter().map(|it| far(it)).collect();
    let decide = |nth: usize| {
        let mut count =
            Count { records: &records, far: &far, nth, n_tied: 1, quotes: Vec::new(), shares: Vec::new() };
        let maps: Vec<Option<&Map<String, Json>>> = records.iter().map(|it| Some(&it.fields)).collect();
        let decided = count.group(fields, &maps, "");
        (decided, count.quotes, count.shares, count.n_tied)
    };
    let (decided, quotes, shares, n_tied) = decide(0);
    let value = Value::Fields(Filled { fields: decided, quotes });
    if n_tied == 1 {
        let share = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
        return Vote::Winner { value, share };
    }
    let mut tied = vec![value];
    for nth in 1..n_tied {
        let (fields, quotes, ..) = decide(nth);
        let other = Value::Fields(Filled { fields, quotes });
        if !tied.contains(&other) {
            tied.push(other);
        }
    }
    Vote::Tie(tied)
}

/// A count over records.
struct Count<'a> {
    records: &'a [&'a Filled],
    /// The sum of the distances of each record to all.
    far: &'a [f64],
    /// Which of tied values is taken.
    nth: usize,
    /// The most values that tie anywhere.
    n_tied: usize,
    quotes: Vec<(String, Quote)>,
    /// For each field, how much of the votes agrees.
    shares: Vec<f64>,
}

impl Count<'_> {
    fn group(
        &mut self,
        fields: &[FieldSpec],
        maps: &[Option<&Map<String, Json>>],
        inside: &str,
    ) -> Map<String, Json> {
        let mut out = Map::new();
        for field in fields {
            let path =
                if inside.is_empty() { field.name.clone() } else { format!("{inside}.{}", field.name) };
            let values: Vec<&Json> = maps
                .iter()
                .map(|map| map.and_then(|it| it.get(&field.name)).unwrap_or(&Json::Null))
                .collect();
            let decided = match (field.list, field.of) {
                (false, FieldType::Group) => {
                    let inner: Vec<_> = values.iter().map(|it| it.as_object()).collect();
                    Json::Object(self.group(&field.fields, &inner, &path))
                }
                (true, FieldType::Group) | (false, _) => self.whole(field, &values, &path),
                (true, _) => self.items(field, &values, &path),
            };
            out.insert(field.name.clone(), decided);
        }
        out
    }

    /// The most frequent value as a whole.
    fn whole(&mut self, field: &FieldSpec, values: &[&Json], path: &str) -> Json {
        let mut camps: Vec<(String, Vec<usize>)> = Vec::new();
        for (n, value) in values.iter().enumerate() {
            let key = key(field, value);
            match camps.iter_mut().find(|(other, _)| *other == key) {
                Some((_, members)) => members.push(n),
                None => camps.push((key, vec![n])),
            }
        }
        let top = camps.iter().map(|(_, members)| members.len()).max().unwrap_or(0);
        camps.retain(|(_, members)| members.len() == top);
        let nearest = |members: &[usize]| members.iter().map(|n| self.far[*n]).fold(f64::INFINITY, f64::min);
        let least = camps.iter().map(|(_, members)| nearest(members)).fold(f64::INFINITY, f64::min);
        camps.retain(|(_, members)| nearest(members) <= least + 1e-9);
        self.n_tied = self.n_tied.max(camps.len());
        self.shares.push(top as f64 / values.len() as f64);
        let Some((_, members)) = camps.get(self.nth % camps.len().max(1)) else { return Json::Null };
        let has_quote = |n: &&usize| self.records[**n].quotes.iter().any(|(at, _)| is_at(at, path));
        let Some(holder) = members.iter().find(has_quote).or(members.first()) else { return Json::Null };
        let own = self.records[*holder].quotes.iter().filter(|(at, _)| is_at(at, path)).cloned();
        self.quotes.extend(own);
        values[*holder].clone()
    }

    /// Each item of a list of values by itself; the second of two equal ones is an item of its own.
    fn items(&mut self, field: &FieldSpec, lists: &[&Json], path: &str) -> Json {
        struct Seen<'j> {
            key: (String, usize),
            value: &'j Json,
            n: usize,
            quote: Option<Quote>,
        }
        let mut seen: Vec<Seen> = Vec::new();
        for (record, list) in self.records.iter().zip(lists) {
            let mut own: HashMap<String, usize> = HashMap::new();
            for (nth, value) in list.as_array().into_iter().flatten().enumerate() {
                let copy = own.entry(key(field, value)).or_default();
                *copy += 1;
                let key = (key(field, value), *copy);
                let at = format!("{path}.{nth}");
                let quote = record.quotes.iter().find(|(own, _)| *own == at).map(|(_, it)| it.clone());
                match seen.iter_mut().find(|it| it.key == key) {
                    Some(it) => {
                        it.n += 1;
                        it.quote = it.quote.take().or(quote);
                    }
                    None => seen.push(Seen { key, value, n: 1, quote }),
                }
            }
        }
        let n = lists.len();
        let agree: usize = seen.iter().map(|it| it.n.max(n - it.n)).sum();
        self.shares.push(if seen.is_empty() { 1.0 } else { agree as f64 / (n * seen.len()) as f64 });
        let kept: Vec<Seen> = seen.into_iter().filter(|it| 2 * it.n > n).collect();
        let quotes = kept
            .iter()
            .enumerate()
            .filter_map(|(nth, it)| Some((format!("{path}.{nth}"), it.quote.clone()?)));
        self.quotes.extend(quotes);
        kept.into_iter().map(|it| it.value.clone()).collect()
    }
}

/// Whether a path is this one or inside it.
fn is_at(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
