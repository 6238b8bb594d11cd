//! What must hold for answers that are nearly good: each worked example of each kind with parts of its JSON left out,
//! replaced, doubled or moved, and with its text cut or disturbed.
//!
//! In: `examples()` of every kind. Out: nothing; a failure shows the changed answer. Random strings are in `properties.rs`.

#![expect(clippy::panic, reason = "a test may panic")]

use karat_core::{Outcome, Value};
use karat_task::{Example, KINDS, RawAnswer, TaskKind};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

fn examples() -> Vec<(&'static dyn TaskKind, Example)> {
    KINDS.iter().flat_map(|kind| kind.examples().into_iter().map(|it| (*kind, it))).collect()
}

/// A change at one place of a JSON value, counted over all places.
#[derive(Debug, Clone)]
enum Change {
    Drop,
    Null,
    Put(Json),
    AsText,
    InList,
    Twice,
    Rename(&'static str),
}

fn change() -> impl Strategy<Value = Change> {
    let other = prop::sample::select(vec![
        json!("Bob"),
        json!("Bob Lee"),
        json!(""),
        json!("n/a"),
        json!("12,50 €"),
        json!("1,200"),
        json!(12.5),
        json!(-1),
        json!(1e300),
        json!(true),
        json!([]),
        json!({}),
        json!([[]]),
        json!({"value": "case"}),
        // Words that stand there twice, and which of them.
        json!({"quote": "a", "value": "a", "start": 38}),
        json!({"quote": "in", "answer": "in", "start": 25}),
        json!({"quote": "case", "start": 17}),
        json!("12/05/2024"),
        json!("не знаю"),
        json!("е\u{301}"),
        json!("🇩🇪"),
        json!("I'm sorry, but I can't help"),
        json!(["case", "lamp", "case"]),
    ]);
    prop_oneof![
        Just(Change::Drop),
        Just(Change::Null),
        other.prop_map(Change::Put),
        Just(Change::AsText),
        Just(Change::InList),
        Just(Change::Twice),
        prop::sample::select(vec!["Value", "evidence", "label", "text", "fields", "answers", "Buyer", "x.y"])
            .prop_map(Change::Rename),
    ]
}

/// Changes the `nth` place below `json`, depth first; the rest of the count where there are fewer.
fn apply(json: &mut Json, nth: &mut usize, change: &Change) {
    match json {
        Json::Object(map) => {
            let mut out = Map::new();
            for (key, mut value) in std::mem::take(map) {
                if *nth == 0 {
                    *nth = usize::MAX;
                    match change {
                        Change::Drop => {}
                        Change::Rename(name) => {
                            out.insert((*name).to_owned(), value);
                        }
                        other => {
                            out.insert(key, changed(value, other));
                        }
                    }
                    continue;
                }
                *nth -= 1;
                apply(&mut value, nth, change);
                out.insert(key, value);
            }
            *map = out;
        }
        Json::Array(list) => {
            for value in list.iter_mut() {
                if *nth == 0 {
                    *nth = usize::MAX;
                    *value = changed(value.take(), change);
                    continue;
                }
                *nth -= 1;
                apply(value, nth, change);
            }
        }
        _ => {}
    }
}

fn changed(value: Json, change: &Change) -> Json {
    match change {
        Change::Put(other) => other.clone(),
        Change::AsText => Json::String(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        Change::InList => json!([value]),
        Change::Twice => json!([value, value]),
        Change::Drop | Change::Null | Change::Rename(_) => Json::Null,
    }
}

/// What holds for every reading of an answer to this example.
fn check(kind: &dyn TaskKind, example: &Example, answer: &str, truncated_at: Option<u32>) {
    let reading = kind.read_answer(
        &example.task,
        &example.item,
        &RawAnswer { text: answer, truncated_at, refusal: None },
    );
    let value = match &reading.outcome {
        Outcome::Labeled(value) => value,
        Outcome::Unusable(_) => return assert!(reading.problem.is_some(), "{answer}"),
        Outcome::Abstained(_) => return assert_eq!(reading.problem, None, "{answer}"),
        Outcome::Failed(_) => panic!("a reading does not fail"),
    };
    assert_eq!(value.shape(), kind.shape(), "{answer}");
    let mut checked = value.clone();
    assert_eq!(checked.check_quotes(&example.task.text_of(&example.item)), Ok(()), "{answer}");
    let stored = value.to_json(&example.task.schema);
    let restored = Value::from_json(&stored, value.shape(), &example.task.schema);
    assert_eq!(restored.as_ref(), Ok(value), "{answer}");
    let written = kind.answer_text(&example.task, value);
    let again = kind.read_answer(&example.task, &example.item, &RawAnswer::of(&written));
    assert_eq!(&again.outcome, &reading.outcome, "{answer}\nwas written as\n{written}");
    assert_eq!(kind.distance(&example.task, value, value), 0.0, "{answer}");
}

#[test]
fn words_that_stand_twice_keep_their_place() {
    for (kind, answer) in [
        (
            "extract",
            r#"{"fields": {"buyer": {"quote": "a", "value": "a", "start": 38}, "day": null, "items": []}}"#,
        ),
        ("answer", r#"{"quote": "in", "answer": "in", "start": 25}"#),
    ] {
        let example = &karat_task::kind(kind).unwrap().examples()[0];
        check(karat_task::kind(kind).unwrap(), example, answer, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn every_changed_answer_has_an_outcome_that_survives_its_own_writing(
        nth_kind in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        changes in prop::collection::vec((0usize..24, change()), 1..4),
    ) {
        let kind = KINDS[nth_kind.index(KINDS.len())];
        let all = kind.examples();
        let example = &all[at.index(all.len())];
        let Ok(mut json) = serde_json::from_str::<Json>(example.answer) else { return Ok(()) };
        for (nth, change) in &changes {
            let mut nth = *nth;
            apply(&mut json, &mut nth, change);
        }
        check(kind, example, &json.to_string(), None);
    }

    #[test]
    fn every_disturbed_text_has_an_outcome(
        at in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), put in "[\\PC\n]{0,3}", limit in prop::option::of(1u32..9),
        ends in any::<bool>(),
    ) {
        let all = examples();
        let (kind, example) = &all[at.index(all.len())];
        let chars: Vec<char> = example.answer.chars().collect();
        let cut = cut.index(chars.len() + 1);
        let rest: String = if ends { String::new() } else { chars[cut..].iter().collect() };
        let answer = format!("{}{put}{rest}", chars[..cut].iter().collect::<String>());
        check(*kind, example, &answer, limit);
    }

    #[test]
    fn distances_are_symmetric_and_between_nought_and_one(
        a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(),
        changes in prop::collection::vec((0usize..24, change()), 1..4),
    ) {
        let all: Vec<_> = examples().into_iter().filter(|(_, it)| matches!(it.outcome, Outcome::Labeled(_))).collect();
        let (kind, first) = &all[a.index(all.len())];
        let same: Vec<&Example> = all.iter().filter(|(other, _)| other.id() == kind.id()).map(|(_, it)| it).collect();
        let second = same[b.index(same.len())];
        let mut json: Json = serde_json::from_str(&kind.answer_text(&second.task, second.outcome.value().unwrap())).unwrap();
        for (nth, change) in &changes {
            let mut nth = *nth;
            apply(&mut json, &mut nth, change);
        }
        let reading = kind.read_answer(&second.task, &second.item, &RawAnswer::of(&json.to_string()));
        let Outcome::Labeled(other) = reading.outcome else { return Ok(()) };
        let value = first.outcome.value().unwrap();
        let (there, back) = (kind.distance(&first.task, value, &other), kind.distance(&first.task, &other, value));
        prop_assert!((there - back).abs() < 1e-12 && (0.0..=1.0).contains(&there), "{} {} {}", there, back, json);
        prop_assert!(!matches!(kind.vote(&first.task, &[value.clone(), other]), karat_task::Vote::None));
    }
}
