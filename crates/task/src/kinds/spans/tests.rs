//! Votes, distances and gold values of spans. What is read from answers stands in `tests/tasks/spans.md`.

use super::*;

fn spans(rows: &[(u32, &str, &str)]) -> Value {
    let task = task();
    let span = |(start, quote, label): &(u32, &str, &str)| LabeledSpan {
        span: Span::new(*start, start + quote.chars().count() as u32).unwrap(),
        label: task.schema.by_name(label).unwrap(),
        quote: (*quote).to_owned(),
    };
    Value::spans(rows.iter().map(span).collect())
}

fn task() -> Task {
    example_task("spans", &[("PERSON", &[]), ("PLACE", &[])]).unwrap()
}

#[test]
fn each_span_is_voted_for_by_itself() {
    let (bob, ann) = ((0, "Bob", "PERSON"), (8, "Ann", "PERSON"));
    let got = Spans.vote(&task(), &[spans(&[bob, ann]), spans(&[bob]), spans(&[bob])]);
    assert_eq!(got, Vote::Winner { value: spans(&[bob]), share: 5.0 / 6.0 });
    assert_eq!(
        Spans.vote(&task(), &[spans(&[]), spans(&[])]),
        Vote::Winner { value: spans(&[]), share: 1.0 }
    );
    assert!((Spans.distance(&task(), &spans(&[bob, ann]), &spans(&[bob])) - 1.0 / 3.0).abs() < 1e-12);
}

#[track_caller]
fn check_gold(text: &str, cell: Json, want: Result<Value, &str>) {
    let got = Spans.read_gold(&task(), &item_of("text", text), &cell);
    match (got, want) {
        (Err(got), Err(want)) => assert!(got.contains(want), "`{got}` lacks `{want}`"),
        (got, want) => assert_eq!(got, want.map_err(str::to_owned)),
    }
}

#[test]
fn gold_comes_as_positions_or_as_quotes_by_label() {
    let want = spans(&[(0, "Bob", "PERSON"), (8, "Rome", "PLACE")]);
    let list = json!([{"start": 0, "end": 3, "label": "PERSON"}, {"start": 8, "end": 12, "label": "PLACE", "text": "Rome"}]);
    check_gold("Bob saw Rome", list.clone(), Ok(want.clone()));
    check_gold("Bob saw Rome", Json::String(list.to_string()), Ok(want.clone()));
    check_gold("Bob saw Rome", json!({"PERSON": ["Bob"], "PLACE": ["Rome"]}), Ok(want));
    check_gold("Bob saw Rome", json!([]), Ok(spans(&[])));
}

#[test]
fn gold_that_does_not_fit_its_text_is_an_error() {
    let moved = json!([{"start": 1, "end": 4, "label": "PERSON", "quote": "Bob"}]);
    check_gold("Bob saw Rome", moved, Err("reads `ob `"));
    check_gold("Bob saw Rome", json!({"PERSON": ["Eve"]}), Err("`Eve` does not stand in the text"));
    check_gold("Bob saw Bob", json!({"PERSON": ["Bob"]}), Err("stands 2 times"));
    check_gold("Bob saw Rome", json!({"ANIMAL": ["Bob"]}), Err("neither"));
}
