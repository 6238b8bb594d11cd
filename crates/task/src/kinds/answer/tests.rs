//! Gold values and settings of answers. What is read from answers stands in `tests/tasks/answer.md`.

use super::*;

#[track_caller]
fn check_gold(cell: Json, want: std::result::Result<&str, &str>) {
    let spec = TaskSpec { kind: "answer".into(), ..TaskSpec::default() };
    let task = example_task(&spec).unwrap();
    match (Answer.read_gold(&task, &item_of("text", "Ann was born in Rome."), &cell), want) {
        (Err(got), Err(want)) => assert!(got.contains(want), "`{got}` lacks `{want}`"),
        (got, want) => {
            assert_eq!(
                got.map(|it| it.to_json(&task.schema).to_string()),
                want.map(str::to_owned).map_err(str::to_owned)
            )
        }
    }
}

#[test]
fn gold_is_a_text_a_list_of_accepted_ones_or_a_word_for_none() {
    let rome = r#"{"texts":["Rome"],"quotes":[{"start":16,"end":20,"quote":"Rome"}]}"#;
    let none = r#"{"texts":[],"quotes":[]}"#;
    check_gold(json!("Rome"), Ok(rome));
    check_gold(json!(["Rome"]), Ok(rome));
    check_gold(
        json!(r#"["Rome", "in Rome", "Rome"]"#),
        Ok(r#"{"texts":["Rome","in Rome"],"quotes":[{"start":16,"end":20,"quote":"Rome"}]}"#),
    );
    check_gold(json!({"text": ["Rome"], "answer_start": [16]}), Ok(rome));
    check_gold(json!({"text": ["Rome"], "answer_start": [15]}), Err("reads ` Rom`"));
    check_gold(json!({"text": [], "answer_start": []}), Ok(none));
    check_gold(serde_json::from_str(rome).unwrap(), Ok(rome));
    check_gold(json!({"quote": "Rome", "answer": "Rome"}), Ok(rome));
    check_gold(json!("unanswerable"), Ok(none));
    check_gold(json!("null"), Ok(none));
    check_gold(json!([]), Ok(none));
    check_gold(json!(1990), Ok(r#"{"texts":["1990"],"quotes":[]}"#));
    check_gold(json!(""), Err("the cell is empty"));
    check_gold(Json::Null, Err("the cell is empty"));
    check_gold(json!({"x": 1}), Err("neither"));
}

#[test]
fn labels_are_refused() {
    let spec = TaskSpec {
        kind: "answer".into(),
        labels: vec![karat_core::LabelSpec::named("x")],
        ..TaskSpec::default()
    };
    assert!(Answer.prepare(spec).err().unwrap().to_string().contains("has no labels"));
}

#[test]
fn a_worked_example_shows_the_first_of_several_accepted_answers() {
    let task = example_task(&TaskSpec { kind: "answer".into(), ..TaskSpec::default() }).unwrap();
    let shot =
        |answer: Json| Shot { text: "Born in Rome".into(), context: vec![], answer, reason: String::new() };
    let read = |answer: Json| Answer.read_shot(&task, &shot(answer)).unwrap();
    assert_eq!(read(json!(["Rome", "in Rome"])), read(json!("Rome")));
    assert_eq!(read(Json::Null), Value::Text(Written::default()));
    assert_eq!(read(json!("yes")), Value::text("yes"));
    assert!(Answer.read_shot(&task, &shot(json!({"quote": "in Oslo", "answer": "Oslo"}))).is_err());
}
