//! What must hold for every string: a reading never panics, and every span quotes its text.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::sync::Arc;

use karat_core::{
    Confidence, ConfidenceSource, DataSpec, Item, LabelSpec, Note, Outcome, PolicySpec, Shape, Task,
    TaskSpec, Value,
};
use karat_task::{Heard, KINDS, RawAnswer, TaskKind, Vote};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn task(kind: &str) -> Task {
    // Kinds without labels have their own settings: those of their first example.
    let example = karat_task::kind(kind).unwrap().examples().into_iter().next();
    if let Some(example) = example.filter(|it| it.task.schema.is_empty() && it.task.schema.parts().is_empty())
    {
        return example.task;
    }
    let mut labels: Vec<_> = ["positive", "not_positive", "no", "正面", "A"].map(LabelSpec::named).into();
    labels[0].aliases = vec!["позитивн*".into(), "+".into()];
    let spec = TaskSpec { kind: kind.into(), labels, ..TaskSpec::default() };
    Task::new(
        &spec,
        &DataSpec { text: "text".to_owned(), ..DataSpec::default() },
        &PolicySpec::default(),
        String::new(),
    )
    .unwrap()
}

fn item(text: &str) -> Item {
    let fields = [("text".to_owned(), Json::from(text))].into_iter().collect();
    Item { id: karat_core::ItemId::new("1"), row: 1, fields }
}

/// The tasks that a kind is tried with: one of odd labels, which other kinds may have no use for, and that of its examples.
fn tasks(kind: &dyn TaskKind) -> Vec<Task> {
    let own = kind.examples().into_iter().take(1).map(|it| it.task);
    std::iter::once(task(kind.id())).chain(own).collect()
}

/// Reads with every kind, as each of its calls; every span must quote its text, and what is not a label must say why.
fn check(text: &str, answer: &str, truncated_at: Option<u32>) {
    for (kind, task) in KINDS.iter().flat_map(|kind| tasks(*kind).into_iter().map(move |task| (kind, task))) {
        let answer = RawAnswer { text: answer, truncated_at, refusal: None };
        let reading = kind.read_answer(&task, &item(text), &answer);
        if let Outcome::Labeled(value) = &reading.outcome {
            assert_eq!(kind.distance(&task, value, value), 0.0);
            assert!(
                kind.label_words(&task, answer.text, value)
                    .iter()
                    .all(|it| answer.text.get(it.bytes.clone()).is_some())
            );
        }
        match &reading.outcome {
            Outcome::Labeled(value) => check_value(*kind, text, value),
            Outcome::Unusable(_) => assert!(reading.problem.is_some()),
            Outcome::Abstained(_) => assert_eq!(reading.problem, None),
            Outcome::Failed(_) => panic!("a reading does not fail"),
        }
        assert!(reading.stated.is_none_or(|it| (0.0..=1.0).contains(&it)));
    }
}

/// The values of a kind's examples, each once.
fn values(kind: &dyn TaskKind) -> Vec<Value> {
    let mut values = Vec::new();
    for example in kind.examples() {
        if let Outcome::Labeled(value) = example.outcome
            && !values.contains(&value)
        {
            values.push(value);
        }
    }
    values
}

#[test]
fn every_value_reads_as_what_was_written_in_every_call_of_an_item() {
    for kind in KINDS {
        let Some(example) = kind.examples().into_iter().next() else { continue };
        let (task, item) = (Arc::new(example.task), Arc::new(example.item));
        for value in values(*kind) {
            let views = kind.views(&task, &item);
            let heard = views.iter().map(|view| {
                let text = kind.answer_text(&view.task, &value);
                let reading = kind.read_answer(&view.task, &view.item, &RawAnswer::of(&text));
                assert_eq!(reading.outcome, Outcome::Labeled(value.clone()), "{}: {text}", kind.id());
                Heard { reading, confidence: Confidence::Raw(0.5, ConfidenceSource::Stated) }
            });
            let heard = kind.join(&task, heard.collect());
            assert_eq!(heard.reading.outcome, Outcome::Labeled(value), "{}", kind.id());
            assert_eq!(heard.confidence.value(), Some(0.5), "{}", kind.id());
        }
    }
}

#[test]
fn distances_are_symmetric_in_0_to_1_and_0_between_equals() {
    for kind in KINDS {
        let Some(example) = kind.examples().into_iter().next() else { continue };
        let values = values(*kind);
        for a in &values {
            for b in &values {
                let d = kind.distance(&example.task, a, b);
                assert_eq!(d, kind.distance(&example.task, b, a), "{}", kind.id());
                assert!((0.0..=1.0).contains(&d), "{}: {d}", kind.id());
                // Texts are compared without case, marks and places: they may be 0 apart and not the same.
                let is_off =
                    if kind.shape() == Shape::Text { a == b && d > 0.0 } else { (d == 0.0) != (a == b) };
                assert!(!is_off, "{}: {d}", kind.id());
            }
        }
    }
}

/// A value has the kind's shape, quotes its text, is at no distance from itself, and reads as itself when it is written.
fn check_value(kind: &dyn TaskKind, text: &str, value: &Value) {
    let task = task(kind.id());
    // An item that lacks what is compared is never asked about.
    if kind.refuses(&task, &item(text)).is_some() {
        return;
    }
    assert_eq!(value.shape(), kind.shape());
    assert_eq!(value.clone().check_quotes(text), Ok(()));
    assert_eq!(kind.distance(&task, value, value), 0.0);
    let written = kind.answer_text(&task, value);
    let again = kind.read_answer(&task, &item(text), &RawAnswer::of(&written));
    assert_eq!(again.outcome, Outcome::Labeled(value.clone()), "{}: {written}", kind.id());
}

/// Words that the reader looks for, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        ":",
        ",",
        "\\",
        "\n",
        "```",
        "json",
        "label",
        "labels",
        "spans",
        "quote",
        "positive",
        "not_positive",
        "no",
        "正面",
        "не",
        "не позитивная",
        "ли",
        "is",
        "Answer: ",
        "<think>",
        "</think>",
        "“",
        "”",
        "//",
        "null",
        "None",
        "0.5",
        "🇩🇪",
        "e\u{301}",
        " ",
        "(",
        ")",
        " or ",
        "。",
        "因此",
        "<a>",
        ">",
        "A",
        "B",
        "[[",
        "]]",
        "better",
        "лучше",
        "更好",
        "tie",
        "=",
        "4/5",
        "-3",
        "1,234",
        " %",
        "score: ",
        "number",
        "ranking",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn json_value() -> impl Strategy<Value = Json> {
    let key = || {
        prop::sample::select(vec![
            "label",
            "labels",
            "spans",
            "relations",
            "from",
            "to",
            "id",
            "quote",
            "text",
            "start",
            "occurrence",
            "x",
            "positive",
            "number",
            "ranking",
            "A",
        ])
    };
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop::sample::select(vec![
            "positive", "no", "a b", "正面", "", "e\u{301}", "unknown", "A", "B", "4/5"
        ])
        .prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec((key(), inner), 0..5).prop_map(|pairs| Json::Object(
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_string_has_an_outcome(text in "\\PC{0,40}", answer in "(?s).{0,120}", limit in prop::option::of(1u32..9)) {
        check(&text, &answer, limit);
    }

    #[test]
    fn every_mixture_of_known_pieces_has_an_outcome(text in pieces(), answer in pieces(), limit in prop::option::of(1u32..9)) {
        check(&text, &answer, limit);
    }

    #[test]
    fn every_json_has_an_outcome(text in pieces(), answer in json_value()) {
        check(&text, &answer.to_string(), None);
    }

    #[test]
    fn every_cut_of_an_answer_has_an_outcome(text in pieces(), answer in json_value(), cut in 0usize..200) {
        let answer: String = answer.to_string().chars().take(cut).collect();
        check(&text, &answer, Some(9));
    }

    #[test]
    fn votes_do_not_change_with_the_order_of_the_samples(picks in prop::collection::vec(0usize..4, 0..7)) {
        for kind in KINDS {
            let Some(example) = kind.examples().into_iter().next() else { continue };
            let all = values(*kind);
            let mut samples: Vec<Value> = picks.iter().map(|n| all[n % all.len()].clone()).collect();
            let vote = kind.vote(&example.task, &samples);
            samples.reverse();
            let other = kind.vote(&example.task, &samples);
            match (vote, other) {
                (Vote::Winner { value: a, share: p }, Vote::Winner { value: b, share: q }) => {
                    prop_assert_eq!(a, b, "{}", kind.id());
                    prop_assert!((p - q).abs() < 1e-12 && p > 0.0 && p <= 1.0 + 1e-12, "{}: {} {}", kind.id(), p, q);
                }
                (Vote::Tie(a), Vote::Tie(b)) => prop_assert_eq!(a.len(), b.len()),
                (Vote::None, Vote::None) => prop_assert!(samples.is_empty()),
                (a, b) => prop_assert!(false, "{}: {:?} and {:?}", kind.id(), a, b),
            }
        }
    }

    #[test]
    fn words_quoted_as_they_stand_are_placed_as_they_stand(
        words in prop::collection::vec("[a-zа-я]{2,7}|[一-龥]{1,3}|🇩🇪|e\u{301}t", 1..12), nth in 0usize..12,
    ) {
        let text = words.join(" ");
        let quote = &words[nth % words.len()];
        let answer = json!({"spans": [{"quote": quote, "label": "A"}]}).to_string();
        let kind = karat_task::kind("spans").unwrap();
        let reading = kind.read_answer(&task("spans"), &item(&text), &RawAnswer::of(&answer));
        match &reading.outcome {
            Outcome::Labeled(Value::Spans(spans)) => prop_assert_eq!(&spans[0].quote, quote),
            _ => {
                let ambiguous = matches!(&reading.notes[..], [Note::Mention { .. }]);
                prop_assert!(ambiguous && text.matches(quote.as_str()).count() > 1, "{} in {}", quote, text);
            }
        }
    }

    #[test]
    fn every_value_reads_as_what_was_written(
        words in prop::collection::vec("[a-z]{1,4}", 1..12), from in 0usize..12, n in 1usize..4,
    ) {
        let text = words.join(" ");
        let from = from % words.len();
        let start = words[..from].iter().map(|word| word.len() + 1).sum::<usize>() as u32;
        let quote = words[from..(from + n).min(words.len())].join(" ");
        let task = task("spans");
        let span = json!([{"start": start, "end": start + quote.len() as u32, "label": "no", "quote": quote}]);
        let value = Value::from_json(&span, karat_core::Shape::Spans, &task.schema).unwrap();
        let kind = karat_task::kind("spans").unwrap();
        let answer = kind.answer_text(&task, &value);
        prop_assert_eq!(kind.read_answer(&task, &item(&text), &RawAnswer::of(&answer)).outcome, Outcome::Labeled(value));
    }
}
