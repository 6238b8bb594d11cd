//! What must hold for every string: a reading never panics, and every span quotes its text.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use karat_core::{DataSpec, Item, LabelSpec, Note, Outcome, PolicySpec, Task, TaskSpec, Value};
use karat_task::{KINDS, RawAnswer};
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

/// Reads with every kind; every span must quote its text, and what is not a label must say why.
fn check(text: &str, answer: &str, truncated_at: Option<u32>) {
    for kind in KINDS {
        let answer = RawAnswer { text: answer, truncated_at, refusal: None };
        let reading = kind.read_answer(&task(kind.id()), &item(text), &answer);
        match &reading.outcome {
            Outcome::Labeled(Value::Spans(spans)) => {
                for it in spans {
                    assert_eq!(it.span.quote(text), Some(it.quote.as_str()));
                }
            }
            Outcome::Labeled(value) => {
                assert_eq!(value.shape(), kind.shape());
                assert_eq!(value.clone().check_quotes(text), Ok(()));
            }
            Outcome::Unusable(_) => assert!(reading.problem.is_some()),
            Outcome::Abstained(_) => assert_eq!(reading.problem, None),
            Outcome::Failed(_) => panic!("a reading does not fail"),
        }
        assert!(reading.stated.is_none_or(|it| (0.0..=1.0).contains(&it)));
    }
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
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn json_value() -> impl Strategy<Value = Json> {
    let key = || {
        prop::sample::select(vec![
            "label",
            "labels",
            "spans",
            "quote",
            "text",
            "start",
            "occurrence",
            "x",
            "positive",
        ])
    };
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop::sample::select(vec!["positive", "no", "a b", "正面", "", "e\u{301}", "unknown"])
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
