//! The parts of a value, one row each: the questions of a form, the fields of a record.
//!
//! In: gold and answers side by side. Out: [`PartRow`]s. A question is judged as a task of its kind. Which values of a field are
//! equal is what the kind's distance says of records that have this field alone: in a list each value counts as often as it
//! stands there, whatever the order.

use karat_core::{FieldSpec, FieldType, Filled, Result, Value};
use karat_stats::{Class, Counted, Estimate, IntervalOptions, NoLabel, score_counts};
use serde_json::{Map, Value as Json};

use super::super::report::PartRow;
use super::whole::n_right;
use super::{Asked, metric, number, scored};
use crate::measure::Measure;
use crate::plain::{Given, Plain, plain, whole};

/// One row for each question that has gold.
pub(super) fn of_form(measure: &Measure, asked: &[Asked<'_>], by: &IntervalOptions) -> Result<Vec<PartRow>> {
    let mut rows = Vec::new();
    for (n, name) in measure.questions().into_iter().enumerate() {
        let own = measure.part(n)?;
        let settled: Vec<(Plain, Given)> = asked
            .iter()
            .filter_map(|(gold, given)| Some((answer(gold, n)?, of_question(given, n))))
            .collect();
        let asked: Vec<Asked<'_>> = settled.iter().map(|(gold, given)| (gold, given)).collect();
        let n_gold = asked.len() as u64;
        rows.push(PartRow {
            part: name.to_owned(),
            kind: own.kind().id().to_owned(),
            n_gold,
            n_given: asked.iter().filter(|(_, given)| given.is_ok()).count() as u64,
            exact: number(Estimate::share(n_right(&own, &asked), n_gold, by.level)),
            headline: scored(&own, &asked, by)?.headline,
        });
    }
    Ok(rows)
}

/// The answer to a question of a form.
fn answer(form: &Plain, n: usize) -> Option<Plain> {
    match form {
        Plain::Whole(whole) => match whole.value() {
            Value::Form(parts) => parts.get(n)?.as_ref().map(plain),
            _ => None,
        },
        _ => None,
    }
}

fn of_question(given: &Given, n: usize) -> Given {
    given.as_ref().map_err(|why| *why).and_then(|form| answer(form, n).ok_or(NoLabel::Abstained))
}

/// One row for each field; of groups one for each field inside.
pub(super) fn of_fields(measure: &Measure, asked: &[Asked<'_>], by: &IntervalOptions) -> Vec<PartRow> {
    let mut paths = Vec::new();
    walk(&measure.task().spec.fields, &mut Vec::new(), &mut paths);
    let n_fields = paths.len() as u32;
    let mut counts: Vec<Vec<Counted>> = vec![Vec::with_capacity(paths.len()); asked.len()];
    let mut n_exact = vec![0_u64; paths.len()];
    for (class, (path, _)) in paths.iter().enumerate() {
        for ((gold, given), counts) in asked.iter().zip(&mut counts) {
            let gold = only(record(gold), path);
            let own = given.as_ref().ok().map(|it| only(record(it), path));
            let (n_gold, n_given) = (n_leaves(&gold), own.as_ref().map_or(0, n_leaves));
            let apart = own.map_or(1.0, |own| measure.distance(&record_of(gold), &record_of(own)));
            // The distance is 1 - 2 · equal / (gold + given), and 0 where there is neither.
            let right = ((1.0 - apart) * f64::from(n_gold + n_given) / 2.0).round() as u32;
            n_exact[class] += u64::from(given.is_ok() && apart == 0.0);
            counts.push(Counted { class: Class(class as u32), right, gold: n_gold, given: n_given });
        }
    }
    let report = score_counts(&counts, n_fields, by);
    let row =
        |(((path, of), score), n_exact): (((Vec<&str>, &str), &karat_stats::LabelScore), u64)| PartRow {
            part: path.join("."),
            kind: of.to_owned(),
            n_gold: score.support,
            n_given: score.n_predicted,
            headline: metric(
                "F1",
                "over the values of the field; failures miss all of theirs",
                score.scores.f1,
            ),
            exact: number(Estimate::share(n_exact, asked.len() as u64, by.level)),
        };
    paths.into_iter().zip(&report.labels).zip(n_exact).map(row).collect()
}

/// The paths of all fields that are no groups, with their types.
fn walk<'a>(
    fields: &'a [FieldSpec],
    above: &mut Vec<&'a str>,
    paths: &mut Vec<(Vec<&'a str>, &'static str)>,
) {
    for field in fields {
        above.push(&field.name);
        match field.of {
            FieldType::Group => walk(&field.fields, above, paths),
            FieldType::Text => paths.push((above.clone(), "text")),
            FieldType::Number => paths.push((above.clone(), "number")),
            FieldType::Integer => paths.push((above.clone(), "integer")),
            FieldType::Boolean => paths.push((above.clone(), "boolean")),
            FieldType::Date => paths.push((above.clone(), "date")),
            FieldType::Choice => paths.push((above.clone(), "choice")),
        }
        above.pop();
    }
}

fn record(plain: &Plain) -> Option<&Map<String, Json>> {
    match plain {
        Plain::Whole(whole) => match whole.value() {
            Value::Fields(filled) => Some(&filled.fields),
            _ => None,
        },
        _ => None,
    }
}

fn record_of(fields: Map<String, Json>) -> Plain {
    whole(Value::Fields(Filled { fields, quotes: Vec::new() }))
}

/// The record with the field of this path alone.
fn only(record: Option<&Map<String, Json>>, path: &[&str]) -> Map<String, Json> {
    let mut own = Map::new();
    if let (Some((first, rest)), Some(record)) = (path.split_first(), record)
        && let Some(value) = record.get(*first)
    {
        own.insert((*first).to_owned(), below(value, rest));
    }
    own
}

fn below(value: &Json, path: &[&str]) -> Json {
    match value {
        Json::Object(map) if !path.is_empty() => Json::Object(only(Some(map), path)),
        Json::Array(list) => list.iter().map(|it| below(it, path)).collect(),
        other => other.clone(),
    }
}

/// How many values there are.
fn n_leaves(map: &Map<String, Json>) -> u32 {
    fn leaves(value: &Json) -> u32 {
        match value {
            Json::Null => 0,
            Json::Array(list) => list.iter().map(leaves).sum(),
            Json::Object(map) => n_leaves(map),
            Json::Bool(_) | Json::Number(_) | Json::String(_) => 1,
        }
    }
    map.values().map(leaves).sum()
}
