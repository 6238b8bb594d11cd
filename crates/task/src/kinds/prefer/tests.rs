//! Views, joins, gold and tokens of preferences. Answers stand in `tests/tasks/prefer.md`.

use karat_core::{Confidence, ConfidenceSource, NoConfidence};
use karat_llm::TokenLogprob;

use super::*;

fn task(ties: bool) -> Arc<Task> {
    Arc::new(example_task(ties).unwrap())
}

fn item() -> Arc<Item> {
    let mut item = item_of("text", "t");
    item.fields.insert("first".into(), "one".into());
    item.fields.insert("second".into(), "two".into());
    Arc::new(item)
}

fn value(name: &str) -> Value {
    Value::Choice(example_task(true).unwrap().schema.by_name(name).unwrap())
}

/// What the two views make of two answers.
fn joined(ties: bool, one: &str, other: &str) -> Heard {
    let task = task(ties);
    let views = Prefer.views(&task, &item());
    let heard = |view: &View, answer: &str, p: f64| {
        let reading = Prefer.read_answer(&view.task, &view.item, &RawAnswer::of(answer));
        Heard { reading, confidence: Confidence::Raw(p, ConfidenceSource::TokenProbability) }
    };
    Prefer.join(&task, vec![heard(&views[0], one, 0.9), heard(&views[1], other, 0.7)])
}

#[track_caller]
fn check(ties: bool, one: &str, other: &str, want: Result<&str, &str>, differs: bool) {
    let got = joined(ties, one, other);
    let name = example_task(ties).unwrap();
    match (&got.reading.outcome, want) {
        (Outcome::Labeled(Value::Choice(label)), Ok(want)) => assert_eq!(name.schema.name(*label), want),
        (Outcome::Unusable(why), Err(want)) => assert_eq!(why.tag(), want, "{why}"),
        (Outcome::Abstained(_), Err(want)) => assert_eq!("abstained", want),
        (got, want) => panic!("{got:?} is not {want:?}"),
    }
    let noted = got.reading.notes.iter().any(|it| it.tag() == "order_differs");
    assert_eq!(noted, differs);
}

#[test]
fn the_second_view_has_the_options_the_other_way_round() {
    let views = Prefer.views(&task(false), &item());
    let shown = |n: usize| {
        let view: &View = &views[n];
        Prefer
            .shown(&view.task, &view.item, PromptLanguage::En)
            .into_iter()
            .map(|it| it.1)
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(0), ["<A>\none\n</A>", "<B>\ntwo\n</B>"]);
    assert_eq!(shown(1), ["<A>\ntwo\n</A>", "<B>\none\n</B>"]);
    let read = |n: usize| Prefer.read_answer(&views[n].task, &views[n].item, &RawAnswer::of("A")).outcome;
    assert_eq!((read(0), read(1)), (Outcome::Labeled(value("first")), Outcome::Labeled(value("second"))));
}

#[test]
fn both_orders_alike_are_the_label_and_a_pull_of_the_place_is_none() {
    let (a, b, tie) = (r#"{"label": "A"}"#, r#"{"label": "B"}"#, r#"{"label": "tie"}"#);
    check(true, a, b, Ok("first"), false);
    check(true, b, a, Ok("second"), false);
    check(true, tie, tie, Ok("tie"), false);
    check(true, a, a, Ok("tie"), true);
    check(false, a, a, Err("order_depends"), true);
    check(true, tie, a, Ok("tie"), true);
    check(false, a, "what?", Err("not_confirmed"), false);
    check(false, r#"{"label": null}"#, a, Err("not_confirmed"), false);
    check(false, r#"{"label": null}"#, r#"{"label": null}"#, Err("abstained"), false);
    check(false, r#"{"label": null}"#, "what?", Err("no_label"), false);
}

#[test]
fn the_reason_names_columns_and_never_letters() {
    let got = joined(false, "A", "A").reading.outcome.reason().unwrap();
    assert_eq!(got, "the answer depends on the order of the options: `first`, then `second`");
    let got = joined(false, "A", "").reading.outcome.reason().unwrap();
    assert_eq!(got, "`first` in one order of the options is not confirmed in the other: the answer is empty");
}

#[test]
fn a_confidence_is_the_mean_of_both_and_none_where_they_differ() {
    let got = joined(true, "A", "B").confidence;
    assert!(matches!(got, Confidence::Raw(p, ConfidenceSource::TokenProbability) if (p - 0.8).abs() < 1e-12));
    assert_eq!(joined(true, "A", "A").confidence, Confidence::Unknown(NoConfidence::OrdersDiffer));
}

#[test]
fn columns_that_are_called_like_letters_stay_apart_from_them() {
    let spec =
        TaskSpec { kind: "prefer".into(), options: vec!["B".into(), "A".into()], ..TaskSpec::default() };
    let task = Arc::new(crate::kinds::task_of(spec).unwrap());
    let name = |view: &View, answer: &str| {
        let reading = Prefer.read_answer(&view.task, &view.item, &RawAnswer::of(answer));
        task.schema.name(reading.outcome.value().unwrap().labels()[0]).to_owned()
    };
    let views = Prefer.views(&task, &item());
    assert_eq!(name(&views[0], r#"{"label": "A"}"#), "B");
    assert_eq!(name(&views[1], r#"{"label": "A"}"#), "A");
}

#[test]
fn every_value_reads_as_what_was_written_in_either_view() {
    for view in Prefer.views(&task(true), &item()) {
        for name in ["first", "second", "tie"] {
            let text = Prefer.answer_text(&view.task, &value(name));
            let got = Prefer.read_answer(&view.task, &view.item, &RawAnswer::of(&text));
            assert_eq!(got.outcome, Outcome::Labeled(value(name)), "{text}");
        }
    }
}

#[test]
fn gold_is_a_column_a_letter_a_number_or_a_word_for_a_tie() {
    let gold = |cell: Json| Prefer.read_gold(&task(true), &item(), &cell);
    for (cell, want) in [
        (json!("second"), "second"),
        (json!("A"), "first"),
        (json!(2), "second"),
        (json!("2"), "second"),
        (json!("tie"), "tie"),
        (json!(0), "tie"),
        (json!("both"), "tie"),
        (json!("draw"), "tie"),
        (json!("平局"), "tie"),
    ] {
        assert_eq!(gold(cell.clone()), Ok(value(want)), "{cell}");
    }
    for cell in [json!(null), json!("C"), json!(3), json!("good")] {
        assert!(gold(cell.clone()).is_err(), "{cell}");
    }
    let without = Prefer.read_gold(&task(false), &item(), &json!("tie")).unwrap_err();
    assert!(without.contains("ties = true"), "{without}");
}

#[test]
fn an_item_without_an_option_is_not_asked_about() {
    let mut item = (*item()).clone();
    item.fields.insert("second".into(), "  ".into());
    assert_eq!(
        Prefer.refuses(&task(true), &item),
        Some(Unusable::NotAsked { lacks: "`second` of the item is empty".into() })
    );
    let inquiry = crate::Inquiry::new(task(true), &Prefer, None).unwrap();
    let item = Arc::new(item);
    assert_eq!(inquiry.n_calls(&item), 0);
    let crate::Step::Done(heard) = inquiry.next(&item, &[]) else { panic!("it is asked about") };
    assert!(matches!(heard.reading.outcome, Outcome::Unusable(Unusable::NotAsked { .. })));
}

#[test]
fn a_tie_lies_between_the_options() {
    let distance = |a: &str, b: &str| Prefer.distance(&task(true), &value(a), &value(b));
    assert_eq!(
        [distance("first", "first"), distance("first", "tie"), distance("first", "second")],
        [0.0, 0.5, 1.0]
    );
}

#[test]
fn token_probabilities_are_those_of_the_letters() {
    let token = |text: &str, p: f64, top: &[(&str, f64)]| TokenLogprob {
        token: text.to_owned(),
        logprob: p.ln(),
        top: top.iter().map(|(text, p)| ((*text).to_owned(), p.ln())).collect(),
    };
    let answer = r#"{"label": "A"}"#;
    let tokens = [
        token("{\"label\": \"", 1.0, &[]),
        token("A", 0.6, &[("A", 0.6), ("B", 0.3), ("first", 0.1)]),
        token("\"}", 1.0, &[]),
    ];
    for view in Prefer.views(&task(false), &item()) {
        let value = Prefer
            .read_answer(&view.task, &view.item, &RawAnswer::of(answer))
            .outcome
            .value()
            .cloned()
            .unwrap();
        let got = crate::token_confidence(&Prefer, &view.task, answer, &tokens, &value).value().unwrap();
        assert!((got - 0.6 / 0.9).abs() < 1e-9, "{got}");
    }
    let views = Prefer.views(&task(false), &item());
    for (answer, want) in
        [("Response A", 9..10), (r#"{"reason": "A is", "choice": "A"}"#, 30..31), ("**A**", 2..3)]
    {
        let places = Prefer.label_words(&views[0].task, answer, &value("first"));
        assert_eq!(places.iter().map(|it| it.bytes.clone()).collect::<Vec<_>>(), [want], "{answer}");
    }
}

#[test]
fn a_prompt_never_names_a_column_not_even_in_worked_examples() {
    let mut task = (*task(false)).clone();
    task.context = vec!["first".into()];
    let shot = karat_core::Shot {
        text: String::new(),
        context: vec![("first".into(), "good".into()), ("second".into(), "bad".into())],
        answer: json!("first"),
        reason: String::new(),
    };
    task.shots = vec![shot];
    let prompter = crate::Prompter::new(&task, &Prefer, &PromptStyle::default()).unwrap();
    let view = &Prefer.views(&Arc::new(task), &item())[1];
    let messages = prompter.messages(view, &[]).unwrap();
    assert!(messages.iter().all(|it| !it.content.contains("second")), "{messages:?}");
    let shot = "<item>\n<A>\ngood\n</A>\n<B>\nbad\n</B>\n</item>\n{\"label\":\"A\"}";
    assert!(messages[0].content.contains(shot), "{}", messages[0].content);
    assert!(messages[1].content.contains("<A>\ntwo\n</A>\n<B>\none\n</B>"), "{}", messages[1].content);
}
