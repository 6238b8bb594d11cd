//! Orders: distances, what two confirm, means, votes, joins. Answers stand in `tests/tasks/rank.md`.

use karat_core::{Confidence, ConfidenceSource, NoConfidence};
use proptest::prelude::*;

use super::*;

fn task(ties: bool) -> Task {
    let options = ["w", "x", "y", "z"].map(str::to_owned).into();
    crate::kinds::task_of(TaskSpec { kind: "rank".into(), options, ties, ..TaskSpec::default() }).unwrap()
}

/// `x > w = y`, by the names of columns.
fn order(text: &str) -> Order {
    let task = task(true);
    let group = |names: &str| names.split('=').map(|it| task.schema.by_name(it.trim()).unwrap()).collect();
    text.split('>').map(group).collect()
}

fn value(text: &str) -> Value {
    Value::ranking(order(text))
}

#[track_caller]
fn check_distance(a: &str, b: &str, want: f64) {
    let got = Rank.distance(&task(true), &value(a), &value(b));
    assert!((got - want).abs() < 1e-12, "{a} and {b} are {got} apart");
}

#[test]
fn distance_is_the_share_of_pairs_that_differ_with_ties_half() {
    check_distance("w > x > y", "w > x > y", 0.0);
    check_distance("w > x > y", "y > x > w", 1.0);
    check_distance("w > x > y", "x > w > y", 1.0 / 3.0);
    check_distance("w > x > y", "w = x = y", 0.5);
    check_distance("w = x > y", "w > x > y", 0.5 / 3.0);
    check_distance("w > x", "w > y", 1.0);
}

#[test]
fn only_what_both_orders_say_stays() {
    let confirmed = |a: &str, b: &str| Value::ranking(order::confirmed(&order(a), &order(b)).unwrap());
    assert_eq!(confirmed("w > x > y > z", "w > x > y > z"), value("w > x > y > z"));
    assert_eq!(confirmed("w > x > y > z", "x > w > y > z"), value("w = x > y > z"));
    assert_eq!(confirmed("w > x > y > z", "z > y > x > w"), value("w = x = y = z"));
    // `y` moved over both: which of `w` and `x` is better than which of the others is not known.
    assert_eq!(confirmed("w > x > y > z", "y > w > x > z"), value("w = x = y > z"));
    assert_eq!(confirmed("w = x > y > z", "w > x > y > z"), value("w = x > y > z"));
    assert_eq!(order::confirmed(&order("w > x"), &order("w > y")), None);
}

#[test]
fn samples_are_ranked_by_their_mean_ranks() {
    let vote = |ties: bool, texts: &[&str]| {
        Rank.vote(&task(ties), &texts.iter().map(|it| value(it)).collect::<Vec<_>>())
    };
    assert_eq!(vote(true, &[]), Vote::None);
    assert_eq!(vote(true, &["w > x", "w > x"]), Vote::Winner { value: value("w > x"), share: 1.0 });
    assert_eq!(vote(true, &["w > x", "x > w"]), Vote::Winner { value: value("w = x"), share: 0.5 });
    assert_eq!(vote(false, &["w > x", "x > w"]), Vote::Tie(vec![value("w > x"), value("x > w")]));
    let Vote::Winner { value: won, share } = vote(false, &["w > x > y", "w > x > y", "w > y > x"]) else {
        panic!("no winner")
    };
    assert_eq!(won, value("w > x > y"));
    assert!((share - (1.0 - 1.0 / 9.0)).abs() < 1e-12, "{share}");
}

fn heard(text: &str, p: f64) -> Heard {
    let reading = Reading::labeled(value(text), Vec::new());
    Heard { reading, confidence: Confidence::Raw(p, ConfidenceSource::Stated) }
}

#[test]
fn two_orders_alike_are_that_order_with_the_mean_confidence() {
    let got = Rank.join(&task(false), vec![heard("w > x", 0.8), heard("w > x", 0.6)]);
    assert_eq!(got.reading.outcome, Outcome::Labeled(value("w > x")));
    assert_eq!(got.confidence, Confidence::Raw(0.7, ConfidenceSource::Stated));
    assert!(got.reading.notes.is_empty());
}

#[test]
fn two_orders_that_differ_keep_what_both_say_or_are_unusable() {
    let got = Rank.join(&task(true), vec![heard("w > x > y", 0.8), heard("x > w > y", 0.6)]);
    assert_eq!(got.reading.outcome, Outcome::Labeled(value("w = x > y")));
    assert_eq!(got.confidence, Confidence::Unknown(NoConfidence::OrdersDiffer));
    assert_eq!(got.reading.notes.iter().map(Note::tag).collect::<Vec<_>>(), ["order_differs"]);
    let got = Rank.join(&task(false), vec![heard("w > x > y", 0.8), heard("x > w > y", 0.6)]);
    assert!(matches!(got.reading.outcome, Outcome::Unusable(Unusable::OrderDepends { .. })), "{got:?}");
    assert_eq!(got.reading.notes.iter().map(Note::tag).collect::<Vec<_>>(), ["order_differs"]);
}

#[test]
fn gold_is_read_by_names_or_letters() {
    let mut item = item_of("text", "t");
    for name in ["w", "x", "y"] {
        item.fields.insert(name.into(), "text".into());
    }
    let gold = |cell: Json| Rank.read_gold(&task(true), &item, &cell);
    for cell in [
        json!("x > w = y"),
        json!("B > A = C"),
        json!([["x"], ["w", "y"]]),
        json!("[[\"x\"],[\"w\",\"y\"]]"),
        json!({"x": 1, "w": 2, "y": 2}),
    ] {
        assert_eq!(gold(cell.clone()), Ok(value("x > w = y")), "{cell}");
    }
    for cell in [json!(null), json!(""), json!("x > w"), json!("x"), json!({"x": 7, "w": 9, "y": 1})] {
        assert!(gold(cell.clone()).is_err(), "{cell}");
    }
}

#[test]
fn a_blank_option_is_left_out_and_keeps_no_letter() {
    let mut item = item_of("text", "t");
    for (name, text) in [("w", "one"), ("x", " "), ("y", "three")] {
        item.fields.insert(name.into(), text.into());
    }
    let shown = Rank.shown(&task(true), &item, PromptLanguage::En);
    assert_eq!(shown, [("".into(), "<A>\none\n</A>".into()), ("".into(), "<C>\nthree\n</C>".into())]);
    let read = |answer: &str| Rank.read_answer(&task(true), &item, &RawAnswer::of(answer)).outcome;
    assert_eq!(read(r#"{"ranking": ["C", "A"]}"#), Outcome::Labeled(value("y > w")));
    assert!(matches!(
        read(r#"{"ranking": ["C", "A", "B"]}"#),
        Outcome::Unusable(Unusable::UnknownLabel { .. })
    ));
}

#[test]
fn the_letters_of_a_ranking_have_their_places_for_token_probabilities() {
    let task = task(true);
    let places = |task: &Task, answer: &str| -> Vec<(String, usize)> {
        let item = item_of("text", "t");
        let value = Rank.read_answer(task, &item, &RawAnswer::of(answer)).outcome.value().cloned().unwrap();
        let places = Rank.label_words(task, answer, &value);
        places.into_iter().map(|it| (answer[it.bytes].to_owned(), it.label.index())).collect()
    };
    let answer = r#"{"reason": "\"A\" is good", "ranking": ["B", ["A", "C"], "D"]}"#;
    let want = |order: [usize; 4]| {
        ["B", "A", "C", "D"].map(str::to_owned).into_iter().zip(order).collect::<Vec<_>>()
    };
    assert_eq!(places(&task, answer), want([1, 0, 2, 3]));
    assert_eq!(places(&options::reversed(&task), answer), want([2, 3, 1, 0]));
    assert!(places(&task, "B > A > C > D").is_empty());
}

/// Any order with equals of the four options.
fn any_order() -> impl Strategy<Value = Order> {
    prop::collection::vec(0usize..4, 4).prop_map(|places| {
        let ids: Vec<LabelId> = task(true).schema.ids().collect();
        let group =
            |n: usize| ids.iter().zip(&places).filter(|(_, at)| **at == n).map(|(id, _)| *id).collect();
        (0..4).map(group).filter(|group: &Vec<LabelId>| !group.is_empty()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn distance_is_a_metric(a in any_order(), b in any_order(), c in any_order()) {
        let d = order::distance;
        prop_assert!((d(&a, &b) - d(&b, &a)).abs() < 1e-12);
        prop_assert!((0.0..=1.0).contains(&d(&a, &b)));
        prop_assert!(d(&a, &b) <= d(&a, &c) + d(&c, &b) + 1e-12);
        prop_assert_eq!(d(&a, &b) == 0.0, Value::ranking(a) == Value::ranking(b));
    }

    #[test]
    fn what_is_confirmed_holds_in_both_orders(a in any_order(), b in any_order()) {
        let both = order::confirmed(&a, &b).unwrap();
        let at = |order: &Order, label: LabelId| order.iter().position(|group| group.contains(&label)).unwrap();
        let ids: Vec<LabelId> = task(true).schema.ids().collect();
        for x in &ids {
            for y in &ids {
                if at(&both, *x) < at(&both, *y) {
                    prop_assert!(at(&a, *x) < at(&a, *y) && at(&b, *x) < at(&b, *y));
                }
            }
        }
    }

    #[test]
    fn an_order_reads_as_what_was_written_in_either_view(groups in any_order()) {
        let item = item_of("text", "t");
        for task in [task(true), options::reversed(&task(true))] {
            let value = Value::ranking(groups.clone());
            let text = Rank.answer_text(&task, &value);
            prop_assert_eq!(Rank.read_answer(&task, &item, &RawAnswer::of(&text)).outcome, Outcome::Labeled(value));
        }
    }
}
