//! Distances and votes of graphs. What is read from answers stands in `tests/tasks/relations.md`.

use proptest::prelude::*;

use super::*;

fn task() -> Task {
    let task = example_task("relations", &[("works_at", &[]), ("founded", &[])]).unwrap();
    Task { schema: task.schema.with_entities(LabelSchema::of(&["X"]).unwrap()), ..task }
}

/// A graph over spans of one letter, with relations (from, to, label).
fn graph(spans: &[u32], relations: &[(u32, u32, &str)]) -> Value {
    let task = task();
    let label = entities(&task).by_name("X").unwrap();
    let span = |at: &u32| LabeledSpan { span: Span::new(*at, at + 1).unwrap(), label, quote: "x".into() };
    let relation = |(from, to, name): &(u32, u32, &str)| Relation {
        from: *from,
        to: *to,
        label: task.schema.by_name(name).unwrap(),
    };
    Value::Relations(Graph::new(spans.iter().map(span).collect(), relations.iter().map(relation).collect()))
}

#[track_caller]
fn apart(a: &Value, b: &Value, want: f64) {
    let got = Relations.distance(&task(), a, b);
    assert!((got - want).abs() < 1e-12, "{got} and not {want}");
}

#[test]
fn relations_weigh_nine_times_as_much_as_spans() {
    let both = graph(&[0, 2], &[(0, 1, "works_at")]);
    apart(&both, &both, 0.0);
    apart(&both, &graph(&[0, 2], &[(1, 0, "works_at")]), 0.9);
    apart(&both, &graph(&[0, 2], &[(0, 1, "founded")]), 0.9);
    apart(&both, &graph(&[0, 2, 4], &[(0, 1, "works_at")]), 0.1 * (1.0 - 4.0 / 5.0));
    apart(&both, &graph(&[0, 3], &[(0, 1, "works_at")]), 0.9 + 0.1 * 0.5);
    apart(&graph(&[0], &[]), &graph(&[1], &[]), 0.1);
    apart(&graph(&[], &[]), &graph(&[], &[]), 0.0);
    apart(&both, &Value::spans(Vec::new()), 1.0);
}

#[test]
fn a_relation_with_more_than_half_of_the_votes_stays_with_what_it_joins() {
    let votes = [
        graph(&[0, 2], &[(0, 1, "works_at")]),
        graph(&[0, 2, 4], &[(0, 1, "works_at"), (1, 2, "founded")]),
        graph(&[0], &[]),
    ];
    let value = graph(&[0, 2], &[(0, 1, "works_at")]);
    assert_eq!(Relations.vote(&task(), &votes), Vote::Winner { value, share: (2.0 / 3.0 + 2.0 / 3.0) / 2.0 });
    assert_eq!(Relations.vote(&task(), &[]), Vote::None);
    let half = Relations.vote(&task(), &votes[1..]);
    assert_eq!(half, Vote::Winner { value: graph(&[0], &[]), share: 0.5 });
    let none = [graph(&[], &[])];
    assert_eq!(Relations.vote(&task(), &none), Vote::Winner { value: none[0].clone(), share: 1.0 });
}

#[test]
fn entities_are_asked_for_by_name() {
    let spec = TaskSpec { labels: vec![karat_core::LabelSpec::named("works_at")], ..TaskSpec::default() };
    assert!(Relations.prepare(spec).err().unwrap().to_string().contains("`entities`"));
}

#[test]
fn token_probabilities_are_those_of_the_relations_labels() {
    let task = task();
    let value = graph(&[0, 2], &[(0, 1, "works_at")]);
    let answer = r#"{"spans": [{"id": "e1", "quote": "x", "label": "X"}], "relations": [{"from": "e1", "to": "e2", "label": "works_at"}]}"#;
    let words: Vec<&str> =
        Relations.label_words(&task, answer, &value).iter().map(|it| &answer[it.bytes.clone()]).collect();
    assert_eq!(words, ["works_at"]);
}

fn any_graph() -> impl Strategy<Value = Value> {
    let relation = (0u32..4, 0u32..4, 0usize..2);
    (prop::collection::vec(0u32..6, 0..5), prop::collection::vec(relation, 0..6)).prop_map(
        |(spans, relations)| {
            let named: Vec<(u32, u32, &str)> =
                relations.iter().map(|(from, to, n)| (*from, *to, ["works_at", "founded"][*n])).collect();
            graph(&spans, &named)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn distances_are_symmetric_within_bounds_and_nothing_between_equals(a in any_graph(), b in any_graph()) {
        let apart = |a: &Value, b: &Value| Relations.distance(&task(), a, b);
        prop_assert!((0.0..=1.0).contains(&apart(&a, &b)));
        prop_assert_eq!(apart(&a, &b), apart(&b, &a));
        prop_assert_eq!(apart(&a, &b) == 0.0, a == b);
        prop_assert_eq!(apart(&a, &a), 0.0);
    }

    #[test]
    fn what_all_say_is_what_is_said(a in any_graph(), n in 1usize..4) {
        let votes = vec![a.clone(); n];
        let won = Relations.vote(&task(), &votes);
        prop_assert_eq!(won, Vote::Winner { value: a, share: 1.0 });
    }
}
